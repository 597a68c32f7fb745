// SPDX-License-Identifier: GPL-2.0-only
/*
 * op_lock.c - locks, which others see in the source: GETLK, SETLK, SETLKW, flock
 *
 * A request that has to wait waits in a thread of its own, so that it keeps no other from being
 * served, and notably not the one that unlocks.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "lock_owners.h"
#include "stackfs.h"

void op_getlk(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *fi, struct flock *lock)
{
	INODE_AUTO inode = inode_of(req, nodeid);
	struct flock found = *lock;
	struct lock_owner *owner;
	int err;

	if (!inode)
		return;
	err = lock_owner_get(inode, fi->lock_owner, &owner);
	if (err) {
		put_error(req, err);
		return;
	}
	found.l_pid = 0;
	if (fcntl(lock_owner_fd(owner), F_OFD_GETLK, &found) < 0)
		err = -errno;
	else if (found.l_type != F_UNLCK && found.l_pid == -1)
		found.l_pid = lock_holder(inode, &found, fi->lock_owner);
	lock_owner_put(inode, owner);
	if (err)
		put_error(req, err);
	else
		fuse_reply_lock(req, &found);
}

/* A request for a lock of an owner, or for flock() of an open file; it may have to wait. */
struct waiter {
	fuse_req_t req;
	struct inode *inode;
	struct lock_owner *owner; /* NULL: flock() */
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

	if (waiter->owner)
		res = fcntl(lock_owner_fd(waiter->owner), wait ? F_OFD_SETLKW : F_OFD_SETLK,
			    &waiter->lock);
	else
		res = flock(waiter->fd, waiter->operation | (wait ? 0 : LOCK_NB));
	return res < 0 ? -errno : 0;
}

/* Set or refused: notes it, answers, and lets go of everything. */
static void finish(struct waiter *waiter, int err)
{
	if (waiter->owner) {
		if (!err)
			lock_owner_note(waiter->inode, waiter->owner, &waiter->lock, waiter->pid);
		lock_owner_put(waiter->inode, waiter->owner);
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
	struct waiter *waiter;
	int err;

	if (!inode)
		return;
	waiter = new_waiter(req, inode);
	if (!waiter) {
		fuse_reply_err(req, ENOMEM);
		inode_put(inode);
		return;
	}
	waiter->lock = *lock;
	waiter->pid = lock->l_pid;
	waiter->lock.l_pid = 0;
	err = lock_owner_get(inode, fi->lock_owner, &waiter->owner);
	if (err)
		finish(waiter, err);
	else
		start(waiter, sleep);
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
