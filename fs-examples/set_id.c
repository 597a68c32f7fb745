// SPDX-License-Identifier: GPL-2.0-only
/* set_id.c - changes of a file that may clear its set-ID bits */
#include "set_id.h"

int set_id_begin(fuse_req_t req, int fd, struct creds *creds)
{
	struct stat st;
	int err;

	if (!fuse_req_ctx(req)->uid)
		return 0;
	err = stat_fd(fd, &st);
	if (err || !(st.st_mode & (S_ISUID | S_ISGID)) || S_ISDIR(st.st_mode))
		return err;
	return creds_assume(req, false, creds);
}

void set_id_end(fuse_req_t req, fuse_ino_t nodeid, struct creds *creds)
{
	bool may_have_changed = creds->changed;

	creds_restore(creds);
	if (may_have_changed)
		fuse_lowlevel_notify_inval_inode(stackfs_of(req)->session, nodeid, -1, 0);
}
