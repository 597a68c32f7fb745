// SPDX-License-Identifier: GPL-2.0-only
/*
 * op_lock.c - locks, which others see in the source: GETLK, SETLK, SETLKW, flock
 *
 * A POSIX lock belongs to a process and a file, not to a file handle. The source sees it as the
 * lock of an open file description of which there is one for each owner and file. A request that
 * has to wait waits in a thread of its own, so that it keeps no other from being served, and
 * notably not the one that unlocks.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "stackfs.h"

/* A range that an owner holds, to tell who holds it. */
struct range {
	struct range *next;
	off_t start, end; /* both belong to it */
	pid_t pid;
	short type;
};

struct owner {
	struct owner *next;
	struct range *ranges;
	uint64_t id;
	unsigned int refs;
	int fd;
	bool pinned; /* it holds a lock that has no range for want of memory */
};

struct posix_locks {
	pthread_mutex_t lock;
	struct owner *owners;
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

static void free_owner(struct owner *owner)
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
		struct owner *owner = locks->owners;

		locks->owners = owner->next;
		free_owner(owner);
	}
	pthread_mutex_destroy(&locks->lock);
	free(locks);
}

/* A read lock needs a file open for reading, a write lock one for writing. */
static int open_for_locks(const struct inode *inode)
{
	char path[FD_PATH_MAX];
	int fd = open(fd_path(path, inode->fd), O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM || errno == ETXTBSY))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The owner's description, made if needed, with a reference. locks->lock is held. */
static int get_owner(struct inode *inode, struct posix_locks *locks, uint64_t id,
		     struct owner **out)
{
	struct owner *owner = locks->owners;
	int fd;

	while (owner && owner->id != id)
		owner = owner->next;
	if (!owner) {
		owner = calloc(1, sizeof(*owner));
		if (!owner)
			return -ENOMEM;
		fd = open_for_locks(inode);
		if (fd < 0) {
			free(owner);
			return fd;
		}
		owner->fd = fd;
		owner->id = id;
		owner->next = locks->owners;
		locks->owners = owner;
	}
	owner->refs++;
	*out = owner;
	return 0;
}

/* An owner without locks and without requests is not kept. locks->lock is held. */
static void put_owner(struct posix_locks *locks, struct owner *owner)
{
	struct owner **link = &locks->owners;

	if (--owner->refs || owner->ranges || owner->pinned)
		return;
	while (*link != owner)
		link = &(*link)->next;
	*link = owner->next;
	free_owner(owner);
}

static off_t last_byte(const struct flock *lock)
{
	return lock->l_len ? lock->l_start + lock->l_len - 1 : LLONG_MAX;
}

static void add_range(struct owner *owner, short type, off_t start, off_t end, pid_t pid)
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
static void note_lock(struct owner *owner, const struct flock *lock, pid_t pid)
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

/* The process that holds what the source reports, if it is one that locked through the mount. */
static pid_t holder_of(const struct posix_locks *locks, const struct flock *lock, uint64_t asking)
{
	for (const struct owner *owner = locks->owners; owner; owner = owner->next) {
		if (owner->id == asking)
			continue;
		for (const struct range *range = owner->ranges; range; range = range->next)
			if (range->type == lock->l_type && range->start <= last_byte(lock) &&
			    range->end >= lock->l_start)
				return range->pid;
	}
	return 0;
}

void op_getlk(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, struct flock *lock)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	struct posix_locks *locks;
	struct flock found = *lock;
	struct owner *owner;
	int err;

	if (!inode)
		return;
	locks = locks_of(inode);
	if (!locks) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	pthread_mutex_lock(&locks->lock);
	err = get_owner(inode, locks, fi->lock_owner, &owner);
	if (!err) {
		found.l_pid = 0;
		if (fcntl(owner->fd, F_OFD_GETLK, &found) < 0)
			err = -errno;
		else if (found.l_type != F_UNLCK && found.l_pid == -1)
			found.l_pid = holder_of(locks, &found, fi->lock_owner);
		put_owner(locks, owner);
	}
	pthread_mutex_unlock(&locks->lock);
	if (err)
		put_error(req, err);
	else
		fuse_reply_lock(req, &found);
}

/* A request for a lock of an owner, or for flock() of an open file; it may have to wait. */
struct waiter {
	fuse_req_t req;
	struct inode *inode;
	struct posix_locks *locks; /* NULL: flock() */
	struct owner *owner;
	struct flock lock;
	pid_t pid;
	int fd;
	int operation;

	pthread_mutex_t mutex;
	pthread_cond_t left;
	pthread_t thread;
	bool waiting;
	bool interrupted;
};

static void wake_up(int signal)
{
	(void)signal;
}

/* The signal that ends a wait must interrupt the system call, not restart it. */
static void catch_wake_up(void)
{
	struct sigaction action = { .sa_handler = wake_up };

	sigaction(SIGURG, &action, NULL);
}

/* A signal that comes just before the system call is lost: repeat it until the wait is over. */
static void interrupt_waiter(fuse_req_t req, void *data)
{
	struct waiter *waiter = data;

	(void)req;
	pthread_mutex_lock(&waiter->mutex);
	waiter->interrupted = true;
	while (waiter->waiting) {
		struct timespec soon;

		pthread_kill(waiter->thread, SIGURG);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 1000000;
		if (soon.tv_nsec >= 1000000000) {
			soon.tv_nsec -= 1000000000;
			soon.tv_sec++;
		}
		pthread_cond_timedwait(&waiter->left, &waiter->mutex, &soon);
	}
	pthread_mutex_unlock(&waiter->mutex);
}

static int set_lock(struct waiter *waiter, bool wait)
{
	int res;

	if (waiter->locks)
		res = fcntl(waiter->owner->fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &waiter->lock);
	else
		res = flock(waiter->fd, waiter->operation | (wait ? 0 : LOCK_NB));
	return res < 0 ? -errno : 0;
}

/* Set or refused: notes it, answers, and lets go of everything. */
static void finish(struct waiter *waiter, int err)
{
	struct posix_locks *locks = waiter->locks;

	if (locks) {
		pthread_mutex_lock(&locks->lock);
		if (!err)
			note_lock(waiter->owner, &waiter->lock, waiter->pid);
		put_owner(locks, waiter->owner);
		pthread_mutex_unlock(&locks->lock);
	}
	put_error(waiter->req, err);
	inode_put(waiter->inode);
	pthread_cond_destroy(&waiter->left);
	pthread_mutex_destroy(&waiter->mutex);
	free(waiter);
}

static void *wait_for_lock(void *data)
{
	struct waiter *waiter = data;
	int err;

	waiter->thread = pthread_self();
	fuse_req_interrupt_func(waiter->req, interrupt_waiter, waiter);
	do {
		pthread_mutex_lock(&waiter->mutex);
		waiter->waiting = !waiter->interrupted;
		pthread_mutex_unlock(&waiter->mutex);

		err = waiter->waiting ? set_lock(waiter, true) : -EINTR;

		pthread_mutex_lock(&waiter->mutex);
		waiter->waiting = false;
		pthread_cond_signal(&waiter->left);
		pthread_mutex_unlock(&waiter->mutex);
	} while (err == -EINTR && !waiter->interrupted);
	/* Returns when no interrupt_waiter() runs any more. */
	fuse_req_interrupt_func(waiter->req, NULL, NULL);
	finish(waiter, err);
	return NULL;
}

static struct waiter *new_waiter(fuse_req_t req, struct inode *inode)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	pthread_once(&once, catch_wake_up);
	if (!waiter)
		return NULL;
	waiter->req = req;
	waiter->inode = inode;
	pthread_mutex_init(&waiter->mutex, NULL);
	pthread_cond_init(&waiter->left, NULL);
	return waiter;
}

/* Takes over the waiter: tries, and waits elsewhere if there is something to wait for. */
static void start(struct waiter *waiter, bool wait)
{
	int err = set_lock(waiter, false);

	if (err == -EAGAIN && wait)
		err = run_detached(wait_for_lock, waiter);
	else
		wait = false;
	if (err || !wait)
		finish(waiter, err);
}

void op_setlk(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, struct flock *lock,
	      int sleep)
{
	struct inode *inode = inode_of(req, nodeid);
	struct posix_locks *locks;
	struct waiter *waiter;
	int err = -ENOMEM;

	if (!inode)
		return;
	locks = locks_of(inode);
	waiter = locks ? new_waiter(req, inode) : NULL;
	if (waiter) {
		waiter->lock = *lock;
		waiter->pid = lock->l_pid;
		waiter->lock.l_pid = 0;
		pthread_mutex_lock(&locks->lock);
		err = get_owner(inode, locks, fi->lock_owner, &waiter->owner);
		pthread_mutex_unlock(&locks->lock);
	}
	if (!err) {
		waiter->locks = locks;
		start(waiter, sleep);
	} else if (waiter) {
		finish(waiter, err);
	} else {
		put_error(req, err);
		inode_put(inode);
	}
}

void op_flock(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, int op)
{
	struct inode *inode = inode_of(req, nodeid);
	struct waiter *waiter;

	if (!inode)
		return;
	waiter = new_waiter(req, inode);
	if (!waiter) {
		fuse_reply_err(req, ENOMEM);
		inode_put(inode);
		return;
	}
	waiter->fd = (int)fi->fh;
	waiter->operation = op & ~LOCK_NB;
	start(waiter, !(op & LOCK_NB));
}

static void drop_locks(struct posix_locks *locks, struct owner *owner)
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
	struct owner *owner;

	if (!locks)
		return;
	pthread_mutex_lock(&locks->lock);
	owner = locks->owners;
	while (owner && owner->id != id)
		owner = owner->next;
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
	for (struct owner *next, *owner = locks->owners; owner; owner = next) {
		next = owner->next;
		drop_locks(locks, owner);
	}
	pthread_mutex_unlock(&locks->lock);
}
