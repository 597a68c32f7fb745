// SPDX-License-Identifier: GPL-2.0-only
/* test_stackfs_inodes.c - nodeids, lookup counts, generations */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "inodes.h"

static unsigned int freed;

static void count_free(struct inode *inode)
{
	(void)inode;
	freed++;
}

static int any_fd(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct inode_table *new_table(bool same_generation)
{
	struct inode_table *table = malloc(sizeof(*table));

	assert_non_null(table);
	freed = 0;
	assert_int_equal(inode_table_init(table, any_fd(), same_generation, count_free), 0);
	return table;
}

static void free_table(struct inode_table *table)
{
	inode_table_destroy(table);
	free(table);
}

static struct stat file(ino_t ino)
{
	return (struct stat){ .st_dev = 77, .st_ino = ino, .st_mode = S_IFREG | 0644 };
}

/* One lookup, as LOOKUP does it. */
static struct inode *look_up(struct inode_table *table, ino_t ino)
{
	struct stat st = file(ino);
	struct inode *inode = inode_find(table, &st);

	if (!inode)
		inode = inode_add(table, any_fd(), &st);
	assert_non_null(inode);
	return inode;
}

static uint64_t look_up_and_put(struct inode_table *table, ino_t ino)
{
	struct inode *inode = look_up(table, ino);
	uint64_t nodeid = inode->nodeid;

	inode_put(inode);
	return nodeid;
}

static void test_root_is_never_freed(void **state)
{
	struct inode_table *table = new_table(false);
	struct inode *root = inode_get(table, 1);

	(void)state;
	assert_non_null(root);
	assert_int_equal(root->nodeid, 1);
	inode_put(root);
	inode_forget(table, 1, 1);
	root = inode_get(table, 1);
	assert_non_null(root);
	inode_put(root);
	assert_int_equal(freed, 0);
	free_table(table);
}

static void test_lookups_are_counted(void **state)
{
	struct inode_table *table = new_table(false);
	uint64_t nodeid = look_up_and_put(table, 10);

	(void)state;
	assert_int_equal(look_up_and_put(table, 10), nodeid);
	assert_int_equal(inode_lookups(table, nodeid), 2);
	inode_forget(table, nodeid, 1);
	assert_int_equal(inode_lookups(table, nodeid), 1);
	inode_forget(table, nodeid, 1);
	assert_int_equal(inode_lookups(table, nodeid), -ENOENT);
	assert_int_equal(freed, 1);
	assert_null(inode_get(table, nodeid));
	free_table(table);
}

static void test_names_of_a_file_share_a_nodeid(void **state)
{
	struct inode_table *table = new_table(false);
	struct inode *inode = look_up(table, 10);

	(void)state;
	inode_count_lookup(inode);
	assert_int_equal(inode_lookups(table, inode->nodeid), 2);
	inode_put(inode);
	free_table(table);
}

static void test_devices_are_told_apart(void **state)
{
	struct inode_table *table = new_table(false);
	struct stat other = file(10);
	struct inode *a = look_up(table, 10);
	struct inode *b;

	(void)state;
	/* Enough of them to share a bucket with the first. */
	for (other.st_dev = 1000; other.st_dev < 6000; other.st_dev++)
		assert_null(inode_find(table, &other));
	b = inode_add(table, any_fd(), &other);
	assert_ptr_not_equal(a, b);
	assert_int_not_equal(a->nodeid, b->nodeid);
	inode_put(a);
	inode_put(b);
	free_table(table);
}

static void test_a_file_is_found_without_a_lookup(void **state)
{
	struct inode_table *table = new_table(false);
	struct stat st = file(10);
	uint64_t nodeid;

	(void)state;
	assert_null(inode_get_by_stat(table, &st));
	nodeid = look_up_and_put(table, 10);

	struct inode *inode = inode_get_by_stat(table, &st);

	assert_non_null(inode);
	assert_int_equal(inode->nodeid, nodeid);
	assert_int_equal(inode_lookups(table, nodeid), 1);
	/* The reference keeps it all the same. */
	inode_forget(table, nodeid, 1);
	assert_int_equal(inode_lookups(table, nodeid), 0);
	inode_put(inode);
	assert_int_equal(inode_lookups(table, nodeid), -ENOENT);
	free_table(table);
}

static void test_a_request_keeps_a_forgotten_file(void **state)
{
	struct inode_table *table = new_table(false);
	struct inode *inode = look_up(table, 10);

	(void)state;
	inode_forget(table, inode->nodeid, 1);
	assert_int_equal(freed, 0);
	assert_true(fcntl(inode->fd, F_GETFD) >= 0);
	inode_put(inode);
	assert_int_equal(freed, 1);
	free_table(table);
}

static void test_a_forgotten_file_comes_back_while_it_is_used(void **state)
{
	struct inode_table *table = new_table(false);
	struct inode *inode = look_up(table, 10);
	uint64_t generation = inode->generation;

	(void)state;
	inode_forget(table, inode->nodeid, 1);
	assert_ptr_equal(look_up(table, 10), inode);
	assert_int_equal(inode->generation, generation);
	inode_put(inode);
	inode_put(inode);
	assert_int_equal(inode_lookups(table, inode->nodeid), 1);
	free_table(table);
}

static void test_a_nodeid_is_reused_with_a_new_generation(void **state)
{
	struct inode_table *table = new_table(false);
	struct inode *inode = look_up(table, 10);
	uint64_t nodeid = inode->nodeid;
	uint64_t generation = inode->generation;

	(void)state;
	assert_true(generation > 0);
	inode_put(inode);
	inode_forget(table, nodeid, 1);
	inode = look_up(table, 11);
	assert_int_equal(inode->nodeid, nodeid);
	assert_int_equal(inode->generation, generation + 1);
	inode_put(inode);
	free_table(table);
}

static void test_reuse_without_generation(void **state)
{
	struct inode_table *table = new_table(true);
	struct inode *inode = look_up(table, 10);
	uint64_t nodeid = inode->nodeid;

	(void)state;
	assert_int_equal(inode->generation, 0);
	inode_put(inode);
	look_up_and_put(table, 12);
	inode_forget(table, nodeid, 1);
	inode = look_up(table, 11);
	assert_int_equal(inode->nodeid, nodeid);
	assert_int_equal(inode->generation, 0);
	inode_put(inode);
	free_table(table);
}

static void test_wrong_forgets_are_ignored(void **state)
{
	struct inode_table *table = new_table(false);
	uint64_t nodeid = look_up_and_put(table, 10);

	(void)state;
	inode_forget(table, nodeid, 2);
	assert_int_equal(inode_lookups(table, nodeid), 1);
	inode_forget(table, nodeid + 1, 1);
	inode_forget(table, 0, 1);
	inode_forget(table, UINT64_MAX, 1);
	assert_null(inode_get(table, 0));
	assert_null(inode_get(table, nodeid + 1));
	assert_null(inode_get(table, UINT64_MAX));
	free_table(table);
}

static void test_nodeid_of_a_file(void **state)
{
	struct inode_table *table = new_table(false);
	uint64_t nodeid = look_up_and_put(table, 10);
	struct stat known = file(10), unknown = file(11);

	(void)state;
	assert_int_equal(inode_nodeid(table, &known), nodeid);
	assert_int_equal(inode_nodeid(table, &unknown), 0);
	assert_int_equal(inode_lookups(table, nodeid), 1);
	free_table(table);
}

static void test_many_files(void **state)
{
	enum { N = 5000 };
	struct inode_table *table = new_table(false);
	static uint64_t nodeids[N];

	(void)state;
	for (int i = 0; i < N; i++)
		nodeids[i] = look_up_and_put(table, 100 + (ino_t)i);
	for (int i = 0; i < N; i++)
		assert_int_equal(look_up_and_put(table, 100 + (ino_t)i), nodeids[i]);
	for (int i = 0; i < N; i++)
		inode_forget(table, nodeids[i], 2);
	assert_int_equal(freed, N);
	assert_int_equal(table->n_live, 1);
	free_table(table);
}

static void *look_up_and_forget(void *data)
{
	struct inode_table *table = data;

	for (ino_t i = 0; i < 20000; i++) {
		uint64_t nodeid = look_up_and_put(table, 10 + i % 3);
		struct inode *inode = inode_get(table, nodeid);

		/* This thread's lookup holds it. */
		assert_non_null(inode);
		assert_int_equal(inode->nodeid, nodeid);
		inode_put(inode);
		inode_forget(table, nodeid, 1);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct inode_table *table = new_table(false);
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_and_forget, table), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(table->n_live, 1);
	free_table(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_is_never_freed),
		cmocka_unit_test(test_lookups_are_counted),
		cmocka_unit_test(test_names_of_a_file_share_a_nodeid),
		cmocka_unit_test(test_devices_are_told_apart),
		cmocka_unit_test(test_a_file_is_found_without_a_lookup),
		cmocka_unit_test(test_a_request_keeps_a_forgotten_file),
		cmocka_unit_test(test_a_forgotten_file_comes_back_while_it_is_used),
		cmocka_unit_test(test_a_nodeid_is_reused_with_a_new_generation),
		cmocka_unit_test(test_reuse_without_generation),
		cmocka_unit_test(test_wrong_forgets_are_ignored),
		cmocka_unit_test(test_nodeid_of_a_file),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
