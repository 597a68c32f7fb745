// SPDX-License-Identifier: GPL-2.0-only
/* op_open.c - open files: OPEN, FLUSH, RELEASE, FSYNC */
#include <fcntl.h>
#include <unistd.h>

#include "lock_owners.h"
#include "passthrough.h"
#include "set_id.h"
#include "stackfs.h"

/*
 * O_APPEND is up to each write: pages that the kernel writes back go to their own offset, through
 * whatever file is open. O_DIRECT would ask for alignment that requests do not have. With
 * write-back caching the kernel reads what it only writes a part of.
 */
int source_flags(const struct stackfs *fs, int flags)
{
	flags &= ~(O_APPEND | O_DIRECT | O_NOFOLLOW);
	if (fs->writeback && (flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	return flags | O_CLOEXEC;
}

static int open_as_daemon(const struct stackfs *fs, const struct inode *inode, int flags)
{
	char path[FD_PATH_MAX];
	int fd;

	fd_path(path, inode->fd);
	flags &= ~(O_CREAT | O_EXCL | O_NOCTTY);
	/* A source without direct I/O says so when the file is opened. */
	if (flags & O_DIRECT) {
		fd = open(path, (flags & ~(O_TRUNC | O_APPEND)) | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	fd = open(path, source_flags(fs, flags));
	/* A file that may only be appended to. */
	if (fd < 0 && errno == EPERM && flags & O_APPEND)
		fd = open(path, source_flags(fs, flags) | O_APPEND);
	if (fd < 0 && errno == EACCES && source_flags(fs, flags) & O_RDWR)
		fd = open(path, (flags & ~(O_APPEND | O_DIRECT)) | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_inode(fuse_req_t req, struct inode *inode, int flags)
{
	CREDS_AUTO creds = {};
	struct stat st;
	int err = stat_fd(inode->fd, &st);

	if (err)
		return err;
	/*
	 * Replaced behind the mount: the kernel has an old name, and looks again if we say so, but
	 * only once. Of what was removed through the mount it has none: who opens it came before,
	 * or has a descriptor of it.
	 */
	if (!st.st_nlink && !atomic_load(&inode->opens) && !atomic_load(&inode->removed))
		return -ESTALE;
	if (flags & O_TRUNC)
		err = set_id_begin(req, inode->fd, &creds);
	return err ? err : open_as_daemon(stackfs_of(req), inode, flags);
}

void open_caching(const struct stackfs *fs, struct fuse_file_info *fi)
{
	fi->direct_io = fs->opts.cache == CACHE_NONE;
	fi->keep_cache = fs->opts.cache == CACHE_ALWAYS;
}

void op_open(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO inode = inode_of(req, nodeid);
	int fd;

	if (!inode)
		return;
	fd = open_inode(req, inode, fi->flags);
	if (fd < 0) {
		put_error(req, fd);
		return;
	}
	fi->fh = (uint64_t)fd;
	open_caching(fs, fi);
	atomic_fetch_add(&inode->opens, 1);
	if (reply_open(req, inode, fi) < 0) {
		passthrough_release(fs, inode);
		atomic_fetch_sub(&inode->opens, 1);
		close(fd);
	}
}

void op_release(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	INODE_AUTO inode = inode_get(&stackfs_of(req)->inodes, nodeid);

	if (inode) {
		passthrough_release(stackfs_of(req), inode);
		/* Locks of an open file description leave with it, and no request says so. */
		if (atomic_fetch_sub(&inode->opens, 1) == 1)
			locks_release_all(inode);
	}
	close((int)fi->fh);
	fuse_reply_err(req, 0);
}

/* close() of a duplicate reports what the source has to say at each close. */
void op_flush(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	int fd;

	if (!inode)
		return;
	fd = dup((int)fi->fh);
	locks_release_owner(inode, fi->lock_owner);
	fuse_reply_err(req, fd < 0 || close(fd) < 0 ? errno : 0);
}

void op_fsync(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *fi)
{
	int fd = (int)fi->fh;

	(void)nodeid;
	fuse_reply_err(req, (datasync ? fdatasync(fd) : fsync(fd)) < 0 ? errno : 0);
}
