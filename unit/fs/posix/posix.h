/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * posix.h - what the tests of system calls share
 *
 * A test runs in an empty directory of its own and prints lines "TEST.STEP: RESULT"; lines are
 * compared between file systems. Where POSIX or Linux fixes a result, check() is told and adds
 * "(expected ...)" to a line that differs. Paths, modes, sizes and link counts may be printed; what
 * differs from run to run (inode numbers, times, descriptors, blocks) only as a relation.
 */
#ifndef POSIX_H
#define POSIX_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* Of check(): nothing fixes the result but the file system below. */
#define ANY LONG_MIN

struct test {
	const char *name;
	void (*run)(void);
};

/* The entries of a table of tests, which ends with an empty one. */
#define TEST(function) \
	{ \
#function, function \
	}
#define END_OF_TESTS \
	{ \
		NULL, NULL \
	}

extern const struct test path_tests[], pair_tests[], open_tests[], data_tests[], attr_tests[];
extern const struct test time_tests[], xattr_tests[], dir_tests[], lock_tests[], user_tests[];
extern const struct test mount_tests[];

/* Other users than root: one with a group of its own and a supplementary one, one without. */
enum { USER = 1000, USER_GROUP = 1000, EXTRA_GROUP = 2000, STRANGER = 3000 };

void say(const char *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The result of a system call: a value, or -1 with errno. expected: a value, -errno, or ANY.
 * Returns result.
 */
long check(const char *step, long result, long expected);
/* As check(); the step's name is put together. */
long checkf(long result, long expected, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* 0 for an open descriptor, which it closes; else -1 and errno as they are. */
long closed(int fd);

/* Says what lstat() tells about a path: type, mode, links, size, owner, target. */
void show(const char *path);
/* The same as text; valid until the next call. */
const char *facts(const char *path);

/* Setting up: a failure is said in a line of its own. */
void file(const char *path, const char *data);
void dir(const char *path);
void fifo(const char *path);
void slink(const char *target, const char *path);
void mode(const char *path, mode_t mode);
void owner(const char *path, uid_t uid, gid_t gid);
int opened(const char *path, int flags);

/* What is in a file; valid until the next call. */
const char *content(const char *path);

/* Act as another user until become_root(); USER has EXTRA_GROUP too. */
void become(uid_t uid);
void become_root(void);

/* A pointer to no memory. */
extern char *nowhere;

/* Wait until the clock of time stamps has moved. */
void tick(void);

#endif
