// SPDX-License-Identifier: GPL-2.0-only
/* test_stackfs_lock_owners.c - which process holds a record lock */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock_owners.h"

static struct inode_table table;
static struct inode *inode;

static int setup(void **state)
{
	char path[] = "/tmp/test_stackfs_lock_owners.XXXXXX";
	int fd = mkstemp(path);
	struct stat st;
	int path_fd;

	(void)state;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	path_fd = open(path, O_PATH | O_CLOEXEC);
	unlink(path);
	close(fd);
	if (path_fd < 0 || inode_table_init(&table, open("/", O_PATH), false, locks_free))
		return -1;
	inode = inode_add(&table, path_fd, &st);
	return inode ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	inode_put(inode);
	inode_table_destroy(&table);
	return 0;
}

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){ .l_type = type, .l_start = start, .l_len = len };
}

/* As SETLK: in the source, and noted. */
static int set(uint64_t id, pid_t pid, short type, off_t start, off_t len)
{
	struct flock lock = range(type, start, len);
	struct lock_owner *owner;
	int res;

	assert_int_equal(lock_owner_get(inode, id, &owner), 0);
	res = fcntl(lock_owner_fd(owner), F_OFD_SETLK, &lock);
	if (!res)
		lock_owner_note(inode, owner, &lock, pid);
	lock_owner_put(inode, owner);
	return res;
}

static pid_t holder(short type, off_t start, off_t len, uint64_t asking)
{
	struct flock lock = range(type, start, len);

	return lock_holder(inode, &lock, asking);
}

static void test_owners_exclude_each_other(void **state)
{
	(void)state;
	assert_int_equal(set(1, 100, F_WRLCK, 10, 10), 0);
	assert_int_equal(set(2, 200, F_WRLCK, 15, 1), -1);
	assert_int_equal(set(2, 200, F_WRLCK, 20, 1), 0);
	assert_int_equal(set(1, 100, F_WRLCK, 12, 2), 0);
	assert_int_equal(holder(F_WRLCK, 15, 1, 2), 100);
	assert_int_equal(holder(F_WRLCK, 20, 1, 1), 200);
	assert_int_equal(holder(F_WRLCK, 15, 1, 1), 0);
	assert_int_equal(holder(F_RDLCK, 15, 1, 2), 0);
}

static void test_unlocking_a_part_splits(void **state)
{
	(void)state;
	assert_int_equal(set(1, 100, F_WRLCK, 0, 100), 0);
	assert_int_equal(set(1, 100, F_UNLCK, 40, 20), 0);
	assert_int_equal(holder(F_WRLCK, 39, 1, 2), 100);
	assert_int_equal(holder(F_WRLCK, 40, 20, 2), 0);
	assert_int_equal(holder(F_WRLCK, 60, 1, 2), 100);
	assert_int_equal(set(2, 200, F_WRLCK, 40, 20), 0);
}

static void test_another_type_replaces(void **state)
{
	(void)state;
	assert_int_equal(set(1, 100, F_WRLCK, 0, 100), 0);
	assert_int_equal(set(1, 100, F_RDLCK, 10, 10), 0);
	assert_int_equal(holder(F_WRLCK, 10, 10, 2), 0);
	assert_int_equal(holder(F_RDLCK, 10, 10, 2), 100);
	assert_int_equal(holder(F_WRLCK, 9, 1, 2), 100);
	assert_int_equal(holder(F_WRLCK, 20, 1, 2), 100);
}

static void test_to_the_end_of_the_file(void **state)
{
	(void)state;
	assert_int_equal(set(1, 100, F_WRLCK, 10, 0), 0);
	assert_int_equal(holder(F_WRLCK, 1LL << 40, 1, 2), 100);
	assert_int_equal(holder(F_WRLCK, 0, 10, 2), 0);
	assert_int_equal(set(1, 100, F_UNLCK, 20, 0), 0);
	assert_int_equal(holder(F_WRLCK, 20, 0, 2), 0);
	assert_int_equal(holder(F_WRLCK, 19, 1, 2), 100);
}

static void test_an_owner_without_locks_is_not_kept(void **state)
{
	struct lock_owner *owner;
	int fd;

	(void)state;
	assert_int_equal(lock_owner_get(inode, 1, &owner), 0);
	fd = lock_owner_fd(owner);
	lock_owner_put(inode, owner);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(set(1, 100, F_WRLCK, 0, 1), 0);
	assert_int_equal(set(1, 100, F_UNLCK, 0, 0), 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_releasing_one_owner(void **state)
{
	(void)state;
	assert_int_equal(set(1, 100, F_WRLCK, 0, 1), 0);
	assert_int_equal(set(2, 200, F_WRLCK, 5, 1), 0);
	locks_release_owner(inode, 1);
	assert_int_equal(holder(F_WRLCK, 0, 1, 3), 0);
	assert_int_equal(holder(F_WRLCK, 5, 1, 3), 200);
	assert_int_equal(set(2, 200, F_WRLCK, 0, 1), 0);
}

static void test_an_owner_that_waits_outlives_its_release(void **state)
{
	struct lock_owner *owner;

	(void)state;
	assert_int_equal(lock_owner_get(inode, 1, &owner), 0);
	assert_int_equal(set(1, 100, F_WRLCK, 0, 1), 0);
	locks_release_owner(inode, 1);
	assert_true(fcntl(lock_owner_fd(owner), F_GETFD) >= 0);
	assert_int_equal(set(2, 200, F_WRLCK, 0, 1), 0);
	lock_owner_put(inode, owner);
}

static int release_all(void **state)
{
	(void)state;
	locks_release_all(inode);
	return 0;
}

#define LOCK_TEST(test) cmocka_unit_test_teardown(test, release_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOCK_TEST(test_owners_exclude_each_other),
		LOCK_TEST(test_unlocking_a_part_splits),
		LOCK_TEST(test_another_type_replaces),
		LOCK_TEST(test_to_the_end_of_the_file),
		LOCK_TEST(test_an_owner_without_locks_is_not_kept),
		LOCK_TEST(test_releasing_one_owner),
		LOCK_TEST(test_an_owner_that_waits_outlives_its_release),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
