// SPDX-License-Identifier: GPL-2.0-only
/*
 * passthrough.c - replies to OPEN and CREATE, which may hand the file over to the kernel
 *
 * libfuse 3.14 knows nothing of passthrough, so these replies are written by hand. The kernel wants all
 * open files of an inode to name the same backing file, or none: the first one that is opened decides,
 * until the last one is released.
 */
#include "passthrough.h"

#include <linux/fuse.h>
#include <string.h>
#include <sys/ioctl.h>

/* Guards backing_id and backing_users of all inodes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* An id, or 0: the kernel does not take it. */
static int open_backing(struct stackfs *fs, int fd)
{
	struct fuse_backing_map map = { .fd = fd };
	int id;

	if (!atomic_load(&fs->passthrough))
		return 0;
	id = ioctl(fuse_session_fd(fs->session), FUSE_DEV_IOC_BACKING_OPEN, &map);
	/* Not offered, or not permitted: it will not be for other files either. */
	if (id <= 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == ENOTTY))
		atomic_store(&fs->passthrough, false);
	return id > 0 ? id : 0;
}

/* The backing id of one more open file, or 0: as usual. */
static int take_backing(struct stackfs *fs, struct inode *inode, int fd)
{
	int id;

	if (!fs->opts.passthrough)
		return 0;
	pthread_mutex_lock(&lock);
	if (!inode->backing_users++)
		inode->backing_id = open_backing(fs, fd);
	id = inode->backing_id;
	pthread_mutex_unlock(&lock);
	return id;
}

void passthrough_release(struct stackfs *fs, struct inode *inode)
{
	uint32_t id = 0;

	if (!fs->opts.passthrough)
		return;
	pthread_mutex_lock(&lock);
	if (!--inode->backing_users) {
		id = (uint32_t)inode->backing_id;
		inode->backing_id = 0;
	}
	pthread_mutex_unlock(&lock);
	if (id)
		ioctl(fuse_session_fd(fs->session), FUSE_DEV_IOC_BACKING_CLOSE, &id);
}

static struct fuse_open_out open_out(const struct fuse_file_info *fi, int backing_id)
{
	return (struct fuse_open_out){
		.fh = fi->fh,
		.open_flags = FOPEN_PASSTHROUGH | (fi->direct_io ? FOPEN_DIRECT_IO : 0),
		.backing_id = backing_id,
	};
}

static void split_seconds(double timeout, uint64_t *seconds, uint32_t *nanoseconds)
{
	*seconds = (uint64_t)timeout;
	*nanoseconds = (uint32_t)((timeout - (double)*seconds) * 1e9);
}

static struct fuse_entry_out entry_out(const struct fuse_entry_param *entry)
{
	const struct stat *st = &entry->attr;
	struct fuse_entry_out out = {
		.nodeid = entry->ino,
		.generation = entry->generation,
		.attr = {
			.ino = st->st_ino,
			.size = (uint64_t)st->st_size,
			.blocks = (uint64_t)st->st_blocks,
			.atime = (uint64_t)st->st_atim.tv_sec,
			.mtime = (uint64_t)st->st_mtim.tv_sec,
			.ctime = (uint64_t)st->st_ctim.tv_sec,
			.atimensec = (uint32_t)st->st_atim.tv_nsec,
			.mtimensec = (uint32_t)st->st_mtim.tv_nsec,
			.ctimensec = (uint32_t)st->st_ctim.tv_nsec,
			.mode = st->st_mode,
			.nlink = (uint32_t)st->st_nlink,
			.uid = st->st_uid,
			.gid = st->st_gid,
			.rdev = (uint32_t)st->st_rdev,
			.blksize = (uint32_t)st->st_blksize,
		},
	};

	split_seconds(entry->entry_timeout, &out.entry_valid, &out.entry_valid_nsec);
	split_seconds(entry->attr_timeout, &out.attr_valid, &out.attr_valid_nsec);
	return out;
}

int reply_open(fuse_req_t req, struct inode *inode, struct fuse_file_info *fi)
{
	int id = take_backing(stackfs_of(req), inode, (int)fi->fh);
	struct fuse_open_out out;

	if (!id)
		return fuse_reply_open(req, fi);
	out = open_out(fi, id);
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

int reply_create(fuse_req_t req, struct inode *inode, const struct fuse_entry_param *entry,
		 struct fuse_file_info *fi)
{
	int id = take_backing(stackfs_of(req), inode, (int)fi->fh);
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;

	if (!id)
		return fuse_reply_create(req, entry, fi);
	out.entry = entry_out(entry);
	out.open = open_out(fi, id);
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}
