// SPDX-License-Identifier: GPL-2.0-only
/* lock_owners.c - who holds which record locks of a file */
#include "lock_owners.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A range that an owner holds. The source knows that it is held, but not by whom. */
struct range {
	struct range *next;
	off_t start, end; /* both belong to it */
	pid_t pid;
	short type;
};

struct lock_owner {
	struct lock_owner *next;
	struct range *ranges;
	uint64_t id;
	unsigned int refs;
	int fd;
	bool pinned; /* it holds a lock that has no range for want of memory */
};

struct posix_locks {
	pthread_mutex_t lock;
	struct lock_owner *owners;
};

static struct posix_locks *locks_of(struct inode *inode)
{
	struct posix_locks *locks = atomic_load(&inode->locks);
	struct posix_locks *none = NULL;

	if (locks)
		return locks;
	locks = calloc(1, sizeof(*locks));
	if (!locks)
		return NULL;
	pthread_mutex_init(&locks->lock, NULL);
	if (atomic_compare_exchange_strong(&inode->locks, &none, locks))
		return locks;
	pthread_mutex_destroy(&locks->lock);
	free(locks);
	return none;
}

static void free_owner(struct lock_owner *owner)
{
	while (owner->ranges) {
		struct range *range = owner->ranges;

		owner->ranges = range->next;
		free(range);
	}
	close(owner->fd);
	free(owner);
}

void locks_free(struct inode *inode)
{
	struct posix_locks *locks = atomic_exchange(&inode->locks, NULL);

	if (!locks)
		return;
	while (locks->owners) {
		struct lock_owner *owner = locks->owners;

		locks->owners = owner->next;
		free_owner(owner);
	}
	pthread_mutex_destroy(&locks->lock);
	free(locks);
}

/* A read lock needs a file open for reading, a write lock one for writing. */
static int open_for_locks(const struct inode *inode)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", inode->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM || errno == ETXTBSY))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static struct lock_owner *find_owner(const struct posix_locks *locks, uint64_t id)
{
	struct lock_owner *owner = locks->owners;

	while (owner && owner->id != id)
		owner = owner->next;
	return owner;
}

static int new_owner(struct inode *inode, struct posix_locks *locks, uint64_t id,
		     struct lock_owner **out)
{
	struct lock_owner *owner = calloc(1, sizeof(*owner));

	if (!owner)
		return -ENOMEM;
	owner->fd = open_for_locks(inode);
	if (owner->fd < 0) {
		int err = owner->fd;

		free(owner);
		return err;
	}
	owner->id = id;
	owner->next = locks->owners;
	locks->owners = owner;
	*out = owner;
	return 0;
}

int lock_owner_get(struct inode *inode, uint64_t id, struct lock_owner **out)
{
	struct posix_locks *locks = locks_of(inode);
	struct lock_owner *owner;
	int err = 0;

	if (!locks)
		return -ENOMEM;
	pthread_mutex_lock(&locks->lock);
	owner = find_owner(locks, id);
	if (!owner)
		err = new_owner(inode, locks, id, &owner);
	if (!err) {
		owner->refs++;
		*out = owner;
	}
	pthread_mutex_unlock(&locks->lock);
	return err;
}

int lock_owner_fd(const struct lock_owner *owner)
{
	return owner->fd;
}

/* locks->lock is held. */
static void put_owner(struct posix_locks *locks, struct lock_owner *owner)
{
	struct lock_owner **link = &locks->owners;

	if (--owner->refs || owner->ranges || owner->pinned)
		return;
	while (*link != owner)
		link = &(*link)->next;
	*link = owner->next;
	free_owner(owner);
}

void lock_owner_put(struct inode *inode, struct lock_owner *owner)
{
	struct posix_locks *locks = locks_of(inode);

	pthread_mutex_lock(&locks->lock);
	put_owner(locks, owner);
	pthread_mutex_unlock(&locks->lock);
}

static off_t last_byte(const struct flock *lock)
{
	return lock->l_len ? lock->l_start + lock->l_len - 1 : LLONG_MAX;
}

static void add_range(struct lock_owner *owner, short type, off_t start, off_t end, pid_t pid)
{
	struct range *range = malloc(sizeof(*range));

	if (!range) {
		owner->pinned = true;
		return;
	}
	*range = (struct range){
		.next = owner->ranges,
		.start = start,
		.end = end,
		.pid = pid,
		.type = type,
	};
	owner->ranges = range;
}

/* Notes a lock that was set or removed: what it covers is replaced. */
static void note_lock(struct lock_owner *owner, const struct flock *lock, pid_t pid)
{
	off_t start = lock->l_start, end = last_byte(lock);
	struct range **link = &owner->ranges;
	struct range *kept = NULL;

	while (*link) {
		struct range *range = *link;
		bool joins = lock->l_type == range->type && range->pid == pid &&
			     range->end >= start - 1 &&
			     (end == LLONG_MAX || range->start <= end + 1);

		if (!joins && (range->end < start || range->start > end)) {
			link = &range->next;
			continue;
		}
		*link = range->next;
		range->next = kept;
		kept = range;
		if (joins) {
			start = range->start < start ? range->start : start;
			end = range->end > end ? range->end : end;
		}
	}
	while (kept) {
		struct range *range = kept;

		kept = range->next;
		if (range->start < start)
			add_range(owner, range->type, range->start, start - 1, range->pid);
		if (range->end > end)
			add_range(owner, range->type, end + 1, range->end, range->pid);
		free(range);
	}
	if (lock->l_type != F_UNLCK)
		add_range(owner, lock->l_type, start, end, pid);
}

void lock_owner_note(struct inode *inode, struct lock_owner *owner, const struct flock *lock,
		     pid_t pid)
{
	struct posix_locks *locks = locks_of(inode);

	pthread_mutex_lock(&locks->lock);
	note_lock(owner, lock, pid);
	pthread_mutex_unlock(&locks->lock);
}

static bool holds(const struct lock_owner *owner, const struct flock *lock, pid_t *pid)
{
	for (const struct range *range = owner->ranges; range; range = range->next) {
		if (range->type != lock->l_type || range->start > last_byte(lock) ||
		    range->end < lock->l_start)
			continue;
		*pid = range->pid;
		return true;
	}
	return false;
}

pid_t lock_holder(struct inode *inode, const struct flock *lock, uint64_t asking)
{
	struct posix_locks *locks = locks_of(inode);
	pid_t pid = 0;

	if (!locks)
		return 0;
	pthread_mutex_lock(&locks->lock);
	for (const struct lock_owner *owner = locks->owners; owner; owner = owner->next)
		if (owner->id != asking && holds(owner, lock, &pid))
			break;
	pthread_mutex_unlock(&locks->lock);
	return pid;
}

static void drop_locks(struct posix_locks *locks, struct lock_owner *owner)
{
	struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fcntl(owner->fd, F_OFD_SETLK, &all);
	note_lock(owner, &all, 0);
	owner->pinned = false;
	owner->refs++;
	put_owner(locks, owner);
}

void locks_release_owner(struct inode *inode, uint64_t id)
{
	struct posix_locks *locks = atomic_load(&inode->locks);
	struct lock_owner *owner;

	if (!locks)
		return;
	pthread_mutex_lock(&locks->lock);
	owner = find_owner(locks, id);
	if (owner)
		drop_locks(locks, owner);
	pthread_mutex_unlock(&locks->lock);
}

void locks_release_all(struct inode *inode)
{
	struct posix_locks *locks = atomic_load(&inode->locks);

	if (!locks)
		return;
	pthread_mutex_lock(&locks->lock);
	for (struct lock_owner *next, *owner = locks->owners; owner; owner = next) {
		next = owner->next;
		drop_locks(locks, owner);
	}
	pthread_mutex_unlock(&locks->lock);
}
