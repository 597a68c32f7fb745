/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * creds.h - act on the source as the process that made the request
 *
 * A daemon of root's could do everything itself, but the source must see the caller where it
 * decides by the caller: the owner of a new file, set-group-ID bits, ACLs. Identity is a
 * property of a thread in Linux, so only the thread that serves the request changes.
 */
#ifndef STACKFS_CREDS_H
#define STACKFS_CREDS_H

#include <stdbool.h>

#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse_lowlevel.h>

/* Called once, before there are threads. */
void creds_init(void);

struct creds {
	bool changed;
	bool groups;
};

/*
 * Makes this thread act with the user, the groups, the file system capabilities and, if
 * @with_umask, the umask of the request's process, until creds_restore(). Returns 0 or -errno.
 * Does nothing if the daemon is not root's or the caller is root.
 */
int creds_assume(fuse_req_t req, bool with_umask, struct creds *creds);
void creds_restore(struct creds *creds);

#define CREDS_AUTO __attribute__((cleanup(creds_restore))) struct creds

#endif
