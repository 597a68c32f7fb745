// SPDX-License-Identifier: GPL-2.0-only
/* op_ioctl.c - the ioctls on file attributes (lsattr, chattr): IOCTL */
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "creds.h"
#include "stackfs.h"

/* A request brings the arguments of these with it; larger than struct fsxattr is none of them. */
static bool passes(unsigned int cmd, bool *changes)
{
	switch (cmd) {
	case FS_IOC_GETFLAGS:
	case FS_IOC_FSGETXATTR:
	case FS_IOC_GETVERSION:
		*changes = false;
		return true;
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSSETXATTR:
		*changes = true;
		return true;
	}
	return false;
}

void op_ioctl(fuse_req_t req, fuse_ino_t nodeid, unsigned int cmd, void *arg,
	      struct fuse_file_info *fi, unsigned int flags, const void *in_buf, size_t in_size,
	      size_t out_size)
{
	int fd = flags & FUSE_IOCTL_DIR ? dir_fd(fi) : (int)fi->fh;
	CREDS_AUTO creds = {};
	char data[64] = {};
	bool changes;
	int err = 0;

	(void)nodeid;
	(void)arg;
	if (!passes(cmd, &changes) || flags & FUSE_IOCTL_UNRESTRICTED) {
		fuse_reply_err(req, ENOTTY);
		return;
	}
	if (in_size > sizeof(data) || out_size > sizeof(data)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if (in_size)
		memcpy(data, in_buf, in_size);
	if (changes)
		err = creds_assume(req, false, &creds);
	if (!err && ioctl(fd, cmd, data) < 0)
		err = -errno;
	creds_restore(&creds);
	if (err)
		put_error(req, err);
	else
		fuse_reply_ioctl(req, 0, data, out_size);
}
