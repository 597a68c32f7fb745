/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lock_owners.h - who holds which record locks of a file
 *
 * A POSIX lock belongs to a process and a file, not to a file handle. The source sees it as the
 * lock of an open file description, of which there is one for each owner and file.
 */
#ifndef STACKFS_LOCK_OWNERS_H
#define STACKFS_LOCK_OWNERS_H

#include <fcntl.h>

#include "inodes.h"

struct lock_owner;

/* The owner @id of locks of @inode, made if needed, with a reference. Returns 0 or -errno. */
int lock_owner_get(struct inode *inode, uint64_t id, struct lock_owner **out);
/* An owner without locks and without references is not kept. */
void lock_owner_put(struct inode *inode, struct lock_owner *owner);

/* The descriptor whose F_OFD_* locks are those of the owner. */
int lock_owner_fd(const struct lock_owner *owner);

/* Notes that @owner set or removed @lock in the source on behalf of the process @pid. */
void lock_owner_note(struct inode *inode, struct lock_owner *owner, const struct flock *lock,
		     pid_t pid);

/*
 * The process that holds @lock, which the source reported as in the way of owner @asking; 0 if it
 * did not lock through the mount.
 */
pid_t lock_holder(struct inode *inode, const struct flock *lock, uint64_t asking);

/* Removes the locks of one owner, or of all. */
void locks_release_owner(struct inode *inode, uint64_t id);
void locks_release_all(struct inode *inode);

/* Before an inode goes. */
void locks_free(struct inode *inode);

#endif
