// SPDX-License-Identifier: GPL-2.0-only
/* op_lookup.c - names to nodeids, and forgetting them: LOOKUP, FORGET */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "debug_delay.h"
#include "fill.h"
#include "stackfs.h"

struct inode *inode_of(fuse_req_t req, fuse_ino_t nodeid)
{
	struct inode *inode = inode_get(&stackfs_of(req)->inodes, nodeid);

	if (!inode)
		fuse_reply_err(req, ESTALE);
	return inode;
}

int stat_fd(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

void entry_of(const struct stackfs *fs, const struct inode *inode, const struct stat *st,
	      struct fuse_entry_param *entry)
{
	*entry = (struct fuse_entry_param){
		.ino = inode->nodeid,
		.generation = inode->generation,
		.attr = *st,
		.attr_timeout = fs->opts.attr_timeout,
		.entry_timeout = fs->opts.entry_timeout,
	};
}

void reply_entry(fuse_req_t req, const struct fuse_entry_param *entry)
{
	if (fuse_reply_entry(req, entry) < 0)
		inode_forget(&stackfs_of(req)->inodes, entry->ino, 1);
}

/* Our own mount covers this name, and walking into it would be a request to ourselves. */
static bool is_covered(const struct stackfs *fs, const struct inode *dir, const char *name)
{
	return fs->covered.fd >= 0 && fs->covered.parent_ino == dir->ino &&
	       fs->covered.parent_dev == dir->dev && !strcmp(fs->covered.name, name);
}

static int open_child(const struct stackfs *fs, const struct inode *dir, const char *name)
{
	return is_covered(fs, dir, name) ? fcntl(fs->covered.fd, F_DUPFD_CLOEXEC, 0)
					 : openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int stat_child(const struct stackfs *fs, const struct inode *dir, const char *name, struct stat *st)
{
	if (is_covered(fs, dir, name))
		return stat_fd(fs->covered.fd, st);
	return fstatat(dir->fd, name, st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 ? -errno : 0;
}

/* "." and ".." come from NFS exports; the parent of the root is outside and not ours to show. */
static int lookup_self(const struct inode *dir, const char *name, struct stat *st)
{
	bool self = !strcmp(name, ".") || (dir->nodeid == FUSE_ROOT_ID && !strcmp(name, ".."));

	return self ? stat_fd(dir->fd, st) : -ENOENT;
}

int lookup_child(struct stackfs *fs, struct inode *dir, const char *name,
		 struct fuse_entry_param *entry, struct inode **out)
{
	struct inode *inode;
	struct stat st;
	int err = lookup_self(dir, name, &st);

	if (err)
		err = stat_child(fs, dir, name, &st);
	if (err)
		return err;

	/* A known file is pinned, so its inode number is still its own. */
	inode = inode_find(&fs->inodes, &st);
	if (!inode) {
		int fd = open_child(fs, dir, name);

		if (fd < 0)
			return -errno;
		err = stat_fd(fd, &st);
		if (err) {
			close(fd);
			return err;
		}
		inode = inode_add(&fs->inodes, fd, &st);
		if (!inode)
			return -ENOMEM;
	}
	entry_of(fs, inode, &st, entry);
	*out = inode;
	return 0;
}

static void reply_negative(fuse_req_t req, const struct stackfs *fs)
{
	struct fuse_entry_param entry = { .entry_timeout = fs->opts.negative_timeout };

	if (fs->opts.negative_timeout > 0)
		fuse_reply_entry(req, &entry);
	else
		fuse_reply_err(req, ENOENT);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct stackfs *fs = stackfs_of(req);
	INODE_AUTO dir = inode_of(req, parent);
	INODE_AUTO inode = NULL;
	struct fuse_entry_param entry;
	uint64_t token;
	int err;

	if (!dir)
		return;
	token = fill_begin(fs);
	err = lookup_child(fs, dir, name, &entry, &inode);
	debug_delay_lookup(&fs->opts, name);
	debug_delay_reply(&fs->opts);
	if (!err) {
		fill_entry(fs, token, parent, name, &entry);
		reply_entry(req, &entry);
	} else if (err == -ENOENT) {
		fill_negative(fs, token, parent, name);
		reply_negative(req, fs);
	} else {
		put_error(req, err);
	}
}

void op_forget(fuse_req_t req, fuse_ino_t nodeid, uint64_t nlookup)
{
	inode_forget(&stackfs_of(req)->inodes, nodeid, nlookup);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct stackfs *fs = stackfs_of(req);

	for (size_t i = 0; i < count; i++)
		inode_forget(&fs->inodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}
