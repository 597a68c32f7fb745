/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reg.h - registers: what the oracle knows of one property of one object
 *
 * A property takes the values of its versions 1, 2, 3, ... Whoever changes it
 * holds its lock, so versions come one after the other; what a reader gets must
 * be the value of a version that was not over before the read began: not older
 * than what had completed, nor than what anybody had seen, nor newer than what
 * has begun when the read ends.
 *
 * Where the VFS keeps a property for a time of its own, plain FUSE too takes back
 * what was seen: a reply that meets another on its way is told to its caller, but
 * not kept, and what is kept may be older. There a version binds no earlier than
 * when all that was under way as it was seen has ended, and the time after that.
 */
#ifndef STRESS_REG_H
#define STRESS_REG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is checked; each has a floor of checks. */
enum check {
	CHECK_SIZE,
	CHECK_MODE,
	CHECK_OWNER,
	CHECK_MTIME,
	CHECK_ATIME,
	CHECK_CTIME,
	CHECK_NLINK,
	CHECK_NAME,
	CHECK_INODE,
	CHECK_XATTR,
	CHECK_XATTR_LIST,
	CHECK_CONTENT,
	CHECK_LISTING,
	CHECK_DIRECTORY,
	CHECK_BEHIND,
	CHECKS,
};

struct reg {
	pthread_mutex_t lock;
	_Atomic uint64_t begun; /* newest version whose change was begun */
	_Atomic uint64_t done; /* newest whose change has returned; stays 0 if nobody promises it */
	_Atomic uint64_t seen; /* newest that somebody has read, and that binds */
	bool kept;	       /* by the VFS */
	_Atomic uint64_t waiting; /* one that was read and does not bind yet, with the time */
};

/* Shared by all processes. */
struct totals {
	_Atomic uint64_t checks[CHECKS];
	_Atomic uint64_t changes;
	_Atomic uint64_t violations;
	_Atomic bool stop;
	_Atomic uint64_t horizon; /* in ms; what was read before it binds, see above */
};

extern struct totals *totals;
/* End at the first violation. */
extern bool stop_at_first;

const char *check_name(enum check check);

void reg_init(struct reg *reg);
/* Of a property that the VFS keeps for a time of its own. */
void reg_init_kept(struct reg *reg);

/* For totals->horizon, in ms. */
uint64_t clock_ms(void);

/* Begin the next version of a register nobody else is changing; 0: somebody is. */
uint64_t reg_change(struct reg *reg);
/* The change has returned: readers that start now must see it. */
void reg_changed(struct reg *reg);
/* As reg_changed(), but nobody promises when it is seen. */
void reg_changed_behind(struct reg *reg);

/* The oldest version that a read that begins now may return. */
uint64_t reg_before(struct reg *reg);

/* The same, were it not for what others have seen before its change returned. */
uint64_t reg_completed(struct reg *reg);

/* Has version of object i the value that was read? */
typedef bool (*reg_matches)(int i, uint64_t version, const void *value);

/*
 * A read that began at version since got value: counts the check, and reports a
 * violation unless some version that it may return has that value.
 */
bool reg_check(enum check check, struct reg *reg, uint64_t since, reg_matches matches, int i,
	       const void *value, const char *path);

/* A number that never gets smaller, such as ctime in nanoseconds. */
uint64_t floor_before(_Atomic uint64_t *floor);
void floor_check(enum check check, _Atomic uint64_t *floor, uint64_t since, uint64_t value,
		 const char *path);
/* A change has returned that made it value at least: readers that start now must see that. */
void floor_raise(_Atomic uint64_t *floor, uint64_t value);

/* Something that cannot be right whatever the versions are. */
void violation(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
