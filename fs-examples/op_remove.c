// SPDX-License-Identifier: GPL-2.0-only
/* op_remove.c - names that go or move: UNLINK, RMDIR, RENAME, RENAME2 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <unistd.h>

#include "creds.h"
#include "debug_delay.h"
#include "stackfs.h"

/* What @name is, if the kernel knows it: the name is about to go. */
static struct inode *begin_removal(struct stackfs *fs, const struct inode *dir, const char *name)
{
	struct inode *inode;
	struct stat st;

	if (stat_child(fs, dir, name, &st))
		return NULL;
	inode = inode_get_by_stat(&fs->inodes, &st);
	if (inode)
		atomic_store(&inode->removed, true);
	return inode;
}

static void end_removal(struct inode *inode)
{
	struct stat st;

	if (inode)
		atomic_store(&inode->removed, !stat_fd(inode->fd, &st) && !st.st_nlink);
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	INODE_AUTO dir = inode_of(req, parent);
	INODE_AUTO victim = NULL;
	int err;

	if (!dir)
		return;
	victim = begin_removal(stackfs_of(req), dir, name);
	err = unlinkat(dir->fd, name, flags) < 0 ? -errno : 0;
	end_removal(victim);
	debug_delay_reply(&stackfs_of(req)->opts);
	put_error(req, err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, 0);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, AT_REMOVEDIR);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	       const char *newname, unsigned int flags)
{
	INODE_AUTO dir = inode_of(req, parent);
	INODE_AUTO newdir = NULL;
	INODE_AUTO victim = NULL;
	CREDS_AUTO creds = {};
	int err = 0;

	if (!dir)
		return;
	newdir = inode_of(req, newparent);
	if (!newdir)
		return;
	victim = begin_removal(stackfs_of(req), newdir, newname);
	/* A whiteout is a new file, which belongs to the caller. */
	if (flags & RENAME_WHITEOUT)
		err = creds_assume(req, false, &creds);
	if (!err && renameat2(dir->fd, name, newdir->fd, newname, flags) < 0)
		err = -errno;
	end_removal(victim);
	creds_restore(&creds);
	debug_delay_reply(&stackfs_of(req)->opts);
	put_error(req, err);
}
