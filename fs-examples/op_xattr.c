// SPDX-License-Identifier: GPL-2.0-only
/* op_xattr.c - extended attributes: SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR */
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "creds.h"
#include "debug_delay.h"
#include "stackfs.h"

static bool is_acl(const char *name)
{
	return !strcmp(name, "system.posix_acl_access") ||
	       !strcmp(name, "system.posix_acl_default");
}

/* The inode of a request, unless the mount has no extended attributes: then the answer is sent. */
static struct inode *xattr_inode_of(fuse_req_t req, fuse_ino_t nodeid)
{
	if (!stackfs_of(req)->opts.no_xattr)
		return inode_of(req, nodeid);
	/* The kernel takes it for all inodes, and asks no more. */
	fuse_reply_err(req, ENOSYS);
	return NULL;
}

/*
 * An ACL is a mode too. A kernel that does not know of our ACLs keeps its attributes after it has
 * set one.
 */
static void reply_changed(fuse_req_t req, fuse_ino_t nodeid, const char *name, int err)
{
	struct stackfs *fs = stackfs_of(req);

	if (!err && !fs->posix_acl && is_acl(name))
		fuse_lowlevel_notify_inval_inode(fs->session, nodeid, -1, 0);
	debug_delay_reply(&fs->opts);
	put_error(req, err);
}

void op_setxattr(fuse_req_t req, fuse_ino_t nodeid, const char *name, const char *value,
		 size_t size, int flags)
{
	INODE_AUTO inode = xattr_inode_of(req, nodeid);
	CREDS_AUTO creds = {};
	char path[FD_PATH_MAX];
	int err = 0;

	if (!inode)
		return;
	/* Whether an ACL clears the set-group-ID bit depends on the caller's groups. */
	if (is_acl(name))
		err = creds_assume(req, false, &creds);
	if (!err && setxattr(fd_path(path, inode->fd), name, value, size, flags) < 0)
		err = -errno;
	creds_restore(&creds);
	reply_changed(req, nodeid, name, err);
}

void op_removexattr(fuse_req_t req, fuse_ino_t nodeid, const char *name)
{
	INODE_AUTO inode = xattr_inode_of(req, nodeid);
	char path[FD_PATH_MAX];
	int err;

	if (!inode)
		return;
	err = removexattr(fd_path(path, inode->fd), name) < 0 ? -errno : 0;
	reply_changed(req, nodeid, name, err);
}

/* Answers with the size of a value if none was asked for, or with the value. */
static void reply_value(fuse_req_t req, const char *value, ssize_t len, size_t size)
{
	int err = len < 0 ? errno : 0;

	debug_delay_reply(&stackfs_of(req)->opts);
	if (err)
		fuse_reply_err(req, err);
	else if (!size)
		fuse_reply_xattr(req, (size_t)len);
	else
		fuse_reply_buf(req, value, (size_t)len);
}

void op_getxattr(fuse_req_t req, fuse_ino_t nodeid, const char *name, size_t size)
{
	INODE_AUTO inode = xattr_inode_of(req, nodeid);
	char path[FD_PATH_MAX];
	char *value = NULL;

	if (!inode)
		return;
	if (size)
		value = malloc(size);
	if (size && !value)
		fuse_reply_err(req, ENOMEM);
	else
		reply_value(req, value, getxattr(fd_path(path, inode->fd), name, value, size),
			    size);
	free(value);
}

void op_listxattr(fuse_req_t req, fuse_ino_t nodeid, size_t size)
{
	INODE_AUTO inode = xattr_inode_of(req, nodeid);
	char path[FD_PATH_MAX];
	char *value = NULL;

	if (!inode)
		return;
	if (size)
		value = malloc(size);
	if (size && !value)
		fuse_reply_err(req, ENOMEM);
	else
		reply_value(req, value, listxattr(fd_path(path, inode->fd), value, size), size);
	free(value);
}
