// SPDX-License-Identifier: GPL-2.0-only
/* op_create.c - new names: MKNOD, MKDIR, SYMLINK, LINK, CREATE */
#include <fcntl.h>
#include <unistd.h>

#include "creds.h"
#include "debug_delay.h"
#include "fill.h"
#include "passthrough.h"
#include "stackfs.h"

/* Answers with what is now at @name. */
static void reply_new(fuse_req_t req, struct inode *dir, const char *name, uint64_t token)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO inode = NULL;
	struct fuse_entry_param entry;
	int err = lookup_child(fs, dir, name, &entry, &inode);

	if (err) {
		put_error(req, err);
		return;
	}
	debug_delay_reply(&fs->opts);
	fill_entry(fs, token, dir->nodeid, name, &entry);
	reply_entry(req, &entry);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	INODE_AUTO dir = inode_of(req, parent);
	CREDS_AUTO creds = {};
	uint64_t token;
	int err;

	if (!dir)
		return;
	token = fill_begin(stackfs_of(req));
	err = creds_assume(req, true, &creds);
	if (!err && mknodat(dir->fd, name, mode, rdev) < 0)
		err = -errno;
	creds_restore(&creds);
	if (err)
		put_error(req, err);
	else
		reply_new(req, dir, name, token);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	INODE_AUTO dir = inode_of(req, parent);
	CREDS_AUTO creds = {};
	uint64_t token;
	int err;

	if (!dir)
		return;
	token = fill_begin(stackfs_of(req));
	err = creds_assume(req, true, &creds);
	if (!err && mkdirat(dir->fd, name, mode) < 0)
		err = -errno;
	creds_restore(&creds);
	if (err)
		put_error(req, err);
	else
		reply_new(req, dir, name, token);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	INODE_AUTO dir = inode_of(req, parent);
	CREDS_AUTO creds = {};
	uint64_t token;
	int err;

	if (!dir)
		return;
	token = fill_begin(stackfs_of(req));
	err = creds_assume(req, false, &creds);
	if (!err && symlinkat(target, dir->fd, name) < 0)
		err = -errno;
	creds_restore(&creds);
	if (err)
		put_error(req, err);
	else
		reply_new(req, dir, name, token);
}

void op_link(fuse_req_t req, fuse_ino_t nodeid, fuse_ino_t newparent, const char *newname)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO inode = inode_of(req, nodeid);
	INODE_AUTO dir = NULL;
	struct fuse_entry_param entry;
	char path[FD_PATH_MAX];
	struct stat st;
	uint64_t token;
	int err;

	if (!inode)
		return;
	dir = inode_of(req, newparent);
	if (!dir)
		return;
	token = fill_begin(fs);
	if (linkat(AT_FDCWD, fd_path(path, inode->fd), dir->fd, newname, AT_SYMLINK_FOLLOW) < 0)
		err = -errno;
	else
		err = stat_fd(inode->fd, &st);
	if (err) {
		put_error(req, err);
		return;
	}
	inode_count_lookup(inode);
	entry_of(fs, inode, &st, &entry);
	debug_delay_reply(&fs->opts);
	fill_entry(fs, token, newparent, newname, &entry);
	reply_entry(req, &entry);
}

/* The entry of an opened file, whatever its name is by now. */
static int lookup_opened(struct stackfs *fs, int fd, struct fuse_entry_param *entry,
			 struct inode **out)
{
	char path[FD_PATH_MAX];
	struct stat st;
	int path_fd;

	if (fstat(fd, &st) < 0)
		return -errno;
	*out = inode_find(&fs->inodes, &st);
	if (!*out) {
		path_fd = open(fd_path(path, fd), O_PATH | O_CLOEXEC);
		if (path_fd < 0)
			return -errno;
		*out = inode_add(&fs->inodes, path_fd, &st);
		if (!*out)
			return -ENOMEM;
	}
	entry_of(fs, *out, &st, entry);
	return 0;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO dir = inode_of(req, parent);
	INODE_AUTO inode = NULL;
	CREDS_AUTO creds = {};
	struct fuse_entry_param entry;
	uint64_t token;
	int err, fd;

	if (!dir)
		return;
	token = fill_begin(fs);
	err = creds_assume(req, true, &creds);
	if (err) {
		put_error(req, err);
		return;
	}
	fd = openat(dir->fd, name, source_flags(fs, fi->flags) | O_CREAT | O_NOFOLLOW, mode);
	err = fd < 0 ? -errno : 0;
	creds_restore(&creds);
	/* The kernel believed that there is nothing: make it look again and follow the link. */
	if (err == -ELOOP)
		err = -ESTALE;
	if (!err)
		err = lookup_opened(fs, fd, &entry, &inode);
	if (err) {
		if (fd >= 0)
			close(fd);
		put_error(req, err);
		return;
	}
	fi->fh = (uint64_t)fd;
	open_caching(fs, fi);
	atomic_fetch_add(&inode->opens, 1);
	debug_delay_reply(&fs->opts);
	fill_entry(fs, token, parent, name, &entry);
	if (reply_create(req, inode, &entry, fi) < 0) {
		passthrough_release(fs, inode);
		atomic_fetch_sub(&inode->opens, 1);
		close(fd);
		inode_forget(&fs->inodes, entry.ino, 1);
	}
}
