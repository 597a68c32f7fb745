// SPDX-License-Identifier: GPL-2.0-only
/* op_dir.c - directories: OPENDIR, READDIR, READDIRPLUS, RELEASEDIR, FSYNCDIR */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fill.h"
#include "debug_delay.h"
#include "stackfs.h"

enum { ENTRIES_MIN = 1024, ENTRIES_MAX = 32768 };

/* The system call's own entries: their offsets are cookies that survive in the kernel's replies. */
struct entry64 {
	uint64_t ino;
	int64_t next; /* the offset that continues behind this entry */
	uint16_t len;
	uint8_t type;
	char name[];
};

struct dir {
	pthread_mutex_t lock;
	int fd;
	off_t off;	  /* of the entry at pos */
	size_t pos, size; /* of what was read for this request */
	_Alignas(struct entry64) char entries[ENTRIES_MAX];
};

static struct dir *dir_of(const struct fuse_file_info *fi)
{
	return (struct dir *)(uintptr_t)fi->fh;
}

int dir_fd(const struct fuse_file_info *fi)
{
	return dir_of(fi)->fd;
}

void op_opendir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO inode = inode_of(req, nodeid);
	char path[FD_PATH_MAX];
	struct dir *dir;

	if (!inode)
		return;
	dir = malloc(sizeof(*dir));
	if (!dir) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	dir->off = 0;
	dir->pos = dir->size = 0;
	dir->fd = open(fd_path(path, inode->fd),
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | (fi->flags & O_NOATIME));
	if (dir->fd < 0) {
		fuse_reply_err(req, errno);
		free(dir);
		return;
	}
	pthread_mutex_init(&dir->lock, NULL);
	fi->fh = (uintptr_t)dir;
	fi->keep_cache = fi->cache_readdir = fs->opts.cache == CACHE_ALWAYS;
	if (fuse_reply_open(req, fi) < 0) {
		close(dir->fd);
		pthread_mutex_destroy(&dir->lock);
		free(dir);
	}
}

void op_releasedir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi)
{
	struct dir *dir = dir_of(fi);

	(void)nodeid;
	close(dir->fd);
	pthread_mutex_destroy(&dir->lock);
	free(dir);
	fuse_reply_err(req, 0);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t nodeid, int datasync, struct fuse_file_info *fi)
{
	int fd = dir_fd(fi);

	(void)nodeid;
	fuse_reply_err(req, (datasync ? fdatasync(fd) : fsync(fd)) < 0 ? errno : 0);
}

/*
 * What the last request read and did not use is read again: an entry that was removed in between
 * must not show up.
 */
static int seek_to(struct dir *dir, off_t off)
{
	bool leftover = dir->pos != dir->size;

	dir->pos = dir->size = 0;
	if (off == dir->off && !leftover && off)
		return 0;
	dir->off = off;
	return lseek(dir->fd, off, SEEK_SET) < 0 ? -errno : 0;
}

/* The entry at the current place. NULL: the end, or *@err is set. */
static struct entry64 *peek(struct dir *dir, size_t size, int *err)
{
	if (dir->pos == dir->size) {
		long n;

		if (size < ENTRIES_MIN)
			size = ENTRIES_MIN;
		if (size > ENTRIES_MAX)
			size = ENTRIES_MAX;
		n = syscall(SYS_getdents64, dir->fd, dir->entries, size);
		if (n < 0)
			*err = -errno;
		if (n <= 0)
			return NULL;
		dir->pos = 0;
		dir->size = (size_t)n;
	}
	return (struct entry64 *)&dir->entries[dir->pos];
}

static void step(struct dir *dir, const struct entry64 *entry)
{
	dir->pos += entry->len;
	dir->off = entry->next;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What a reply is built from. */
struct listing {
	fuse_req_t req;
	struct inode *inode;
	bool plus;
	char *buf;
	size_t size, used;
};

static size_t add_plain(struct listing *list, const struct entry64 *entry)
{
	struct stat st = { .st_ino = entry->ino, .st_mode = (mode_t)entry->type << 12 };

	/* What is above the root of a mount is the mount itself. */
	if (list->inode->nodeid == FUSE_ROOT_ID && !strcmp(entry->name, ".."))
		st.st_ino = list->inode->ino;
	return fuse_add_direntry(list->req, list->buf + list->used, list->size - list->used,
				 entry->name, &st, entry->next);
}

static size_t add_plus(struct listing *list, const struct entry64 *entry)
{
	struct stackfs *fs = stackfs_of(list->req);
	uint64_t token = fill_begin(fs);
	INODE_AUTO child = NULL;
	/* Without a nodeid the kernel takes the name and asks for the rest when it needs it. */
	struct fuse_entry_param param = {
		.attr = { .st_ino = entry->ino, .st_mode = (mode_t)entry->type << 12 },
	};
	size_t len;

	if (is_dot(entry->name)) {
		if (list->inode->nodeid == FUSE_ROOT_ID)
			param.attr.st_ino = list->inode->ino;
	} else {
		struct fuse_entry_param found;

		if (!lookup_child(fs, list->inode, entry->name, &found, &child))
			param = found;
	}
	len = fuse_add_direntry_plus(list->req, list->buf + list->used, list->size - list->used,
				     entry->name, &param, entry->next);
	if (child && len > list->size - list->used)
		inode_forget(&fs->inodes, child->nodeid, 1);
	else if (child)
		fill_entry(fs, token, list->inode->nodeid, entry->name, &param);
	return len;
}

/* Entries as far as they fit. An error behind the first entry is told at the next call. */
static int fill_listing(struct listing *list, struct dir *dir, off_t off)
{
	int err = seek_to(dir, off);

	while (!err) {
		size_t room = list->size - list->used;
		/* With attributes an entry is some five times as large. */
		struct entry64 *entry = peek(dir, list->plus ? room / 5 : room, &err);
		size_t len;

		if (!entry)
			break;
		len = list->plus ? add_plus(list, entry) : add_plain(list, entry);
		if (len > room)
			break;
		list->used += len;
		step(dir, entry);
	}
	return list->used ? 0 : err;
}

static void list_directory(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off,
			   struct fuse_file_info *fi, bool plus)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	struct dir *dir = dir_of(fi);
	struct listing list = { .req = req, .inode = inode, .plus = plus, .size = size };
	int err;

	if (!inode)
		return;
	list.buf = malloc(size);
	if (!list.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	pthread_mutex_lock(&dir->lock);
	err = fill_listing(&list, dir, off);
	pthread_mutex_unlock(&dir->lock);
	debug_delay_reply(&stackfs_of(req)->opts);
	if (err)
		put_error(req, err);
	else
		fuse_reply_buf(req, list.buf, list.used);
	free(list.buf);
}

void op_readdir(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off,
		struct fuse_file_info *fi)
{
	list_directory(req, nodeid, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	list_directory(req, nodeid, size, off, fi, true);
}
