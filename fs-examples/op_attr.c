// SPDX-License-Identifier: GPL-2.0-only
/* op_attr.c - attributes of files: GETATTR, SETATTR, READLINK, ACCESS, STATFS */
#include <fcntl.h>
#include <limits.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "creds.h"
#include "debug_delay.h"
#include "fill.h"
#include "set_id.h"
#include "stackfs.h"

void op_getattr(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO inode = inode_of(req, nodeid);
	struct stat st;
	uint64_t token;
	int err;

	(void)fi;
	if (!inode)
		return;
	token = fill_begin(fs);
	err = stat_fd(inode->fd, &st);
	if (err) {
		put_error(req, err);
		return;
	}
	debug_delay_reply(&fs->opts);
	fill_attr(fs, token, nodeid, &st);
	fuse_reply_attr(req, &st, fs->opts.attr_timeout);
}

static int set_owner(const struct inode *inode, const struct stat *attr, int to_set)
{
	uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
	gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

	return fchownat(inode->fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
}

static int set_size(const struct inode *inode, off_t size, const struct fuse_file_info *fi)
{
	char path[FD_PATH_MAX];

	return fi ? ftruncate((int)fi->fh, size) : truncate(fd_path(path, inode->fd), size);
}

static int set_times(const struct inode *inode, const struct stat *attr, int to_set)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };

	if (to_set & FUSE_SET_ATTR_ATIME_NOW)
		times[0].tv_nsec = UTIME_NOW;
	else if (to_set & FUSE_SET_ATTR_ATIME)
		times[0] = attr->st_atim;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		times[1].tv_nsec = UTIME_NOW;
	else if (to_set & FUSE_SET_ATTR_MTIME)
		times[1] = attr->st_mtim;
	return utimensat(inode->fd, "", times, AT_EMPTY_PATH);
}

enum {
	SET_OWNER = FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID,
	SET_TIMES = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
		    FUSE_SET_ATTR_MTIME_NOW,
	SET_KNOWN = SET_OWNER | SET_TIMES | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_SIZE,
};

/*
 * A change of owner or size comes with a mode if set-ID bits have to go, as the kernel sees it.
 * What the source has cleared by then stays cleared; if that is all, there is nothing left to do
 * that the caller, who need not own the file, could be refused.
 */
static int set_mode(const struct inode *inode, mode_t mode, bool cleared)
{
	char path[FD_PATH_MAX];
	struct stat st;
	int err;

	if (cleared) {
		err = stat_fd(inode->fd, &st);
		if (err)
			return err;
		mode &= st.st_mode | 01777;
		if ((mode & 07777) == (st.st_mode & 07777))
			return 0;
	}
	return chmod(fd_path(path, inode->fd), mode & 07777) < 0 ? -errno : 0;
}

static int set_attributes(const struct inode *inode, const struct stat *attr, int to_set,
			  const struct fuse_file_info *fi)
{
	int err;

	/* chown(-1, -1) changes nothing but the ctime and arrives as nothing to set. */
	if ((to_set & SET_OWNER || !(to_set & SET_KNOWN)) && set_owner(inode, attr, to_set) < 0)
		return -errno;
	if (to_set & FUSE_SET_ATTR_SIZE && set_size(inode, attr->st_size, fi) < 0)
		return -errno;
	if (to_set & FUSE_SET_ATTR_MODE) {
		err = set_mode(inode, attr->st_mode, to_set & (FUSE_SET_ATTR_SIZE | SET_OWNER));
		if (err)
			return err;
	}
	return 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t nodeid, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	CREDS_AUTO creds = {};
	struct stat st;
	int err = 0;

	if (!inode)
		return;
	if (to_set & (FUSE_SET_ATTR_SIZE | SET_OWNER))
		err = set_id_begin(req, inode->fd, &creds);
	if (!err)
		err = set_attributes(inode, attr, to_set, fi);
	creds_restore(&creds);
	/* With write-back a truncate brings its times, which its caller need not be allowed to set. */
	if (!err && to_set & SET_TIMES && set_times(inode, attr, to_set) < 0)
		err = -errno;
	if (!err)
		err = stat_fd(inode->fd, &st);
	debug_delay_reply(&stackfs_of(req)->opts);
	if (err)
		put_error(req, err);
	else
		fuse_reply_attr(req, &st, stackfs_of(req)->opts.attr_timeout);
}

void op_readlink(fuse_req_t req, fuse_ino_t nodeid)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	char target[PATH_MAX + 1];
	ssize_t len;

	if (!inode)
		return;
	len = readlinkat(inode->fd, "", target, sizeof(target));
	if (len < 0) {
		fuse_reply_err(req, errno);
	} else if ((size_t)len == sizeof(target)) {
		fuse_reply_err(req, ENAMETOOLONG);
	} else {
		target[len] = '\0';
		fuse_reply_readlink(req, target);
	}
}

void op_access(fuse_req_t req, fuse_ino_t nodeid, int mask)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	CREDS_AUTO creds = {};
	char path[FD_PATH_MAX];
	int err;

	if (!inode)
		return;
	err = creds_assume(req, false, &creds);
	/* With AT_EACCESS the kernel decides by the ids that creds_assume() sets. */
	if (!err && faccessat(AT_FDCWD, fd_path(path, inode->fd), mask, AT_EACCESS) < 0)
		err = -errno;
	creds_restore(&creds);
	put_error(req, err);
}

void op_statfs(fuse_req_t req, fuse_ino_t nodeid)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	struct statvfs st;

	if (!inode)
		return;
	if (fstatvfs(inode->fd, &st) < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_statfs(req, &st);
}
