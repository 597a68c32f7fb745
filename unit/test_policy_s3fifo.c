// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_s3fifo.c - a full cache evicts what was used once before what is used again */
#include "fakes/fake.h"

#include <stdio.h>

#define ROWS 100

extern __u64 s3_small[EXT_TABLES];

/* Names in directory 1 that look alike to people and not to hashes. */
static const char *name_of(int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "f%d", i);
	return name;
}

static int setup(void **state)
{
	memset(s3_small, 0, sizeof(s3_small));
	ext_param_max_entries = ROWS;
	if (fake_setup(state))
		return -1;
	fake_limit(ROWS);
	return 0;
}

#define s3_test(function) fake_test_with(function, setup)

static bool look_up(int i)
{
	return fake_lookup_file(1, name_of(i), 100000 + i);
}

static bool answered(int i)
{
	return answers_lookup(1, name_of(i));
}

/* How many of these are answered. Some rows share a count, or a place in memory of what left. */
static int answered_of(int from, int to)
{
	int n = 0;

	for (int i = from; i < to; i++)
		n += answered(i);
	return n;
}

static void scan(int from, int to)
{
	for (int i = from; i < to; i++)
		assert_false(look_up(i));
}

/* Rows 0 to n-1 are used often enough to stay. */
static void warm(int n)
{
	for (int use = 0; use < 4; use++)
		for (int i = 0; i < n; i++)
			look_up(i);
}

static void a_scan_leaves_what_is_used_again(void **state)
{
	(void)state;
	warm(ROWS / 2);
	scan(1000, 1000 + 50 * ROWS);
	assert_in_range(answered_of(0, ROWS / 2), ROWS / 2 - 2, ROWS / 2);
}

static void what_was_used_once_goes_first_in_first_out(void **state)
{
	(void)state;
	scan(0, ROWS + 5);
	/* A row of each kind for each file. */
	assert_int_equal(fake_stats(FUSE_LOOKUP).evictions, 10);
	for (int i = 0; i < 5; i++)
		assert_false(answered(i));
	for (int i = 5; i < ROWS + 5; i++)
		assert_true(answered(i));
}

static void new_rows_are_refused_only_while_all_that_are_looked_at_stay(void **state)
{
	(void)state;
	warm(ROWS);
	scan(1000, 1000 + 10 * ROWS);
	/* 16 rows are looked at for each, and one was refused at most for each 16 of both tables. */
	assert_in_range(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 1, 2 * (ROWS / 16 + 1));
	assert_int_equal(fake_rows(), 2 * ROWS);
	assert_int_equal(answered_of(1000 + 10 * ROWS - 5, 1000 + 10 * ROWS), 5);
}

static void what_comes_back_soon_stays(void **state)
{
	(void)state;
	scan(0, ROWS + 20);
	assert_int_equal(answered_of(0, 20), 0);
	/* These left a moment ago: now they are used again, if only once. */
	scan(0, 20);
	scan(1000, 1000 + 4 * ROWS);
	assert_in_range(answered_of(0, 20), 12, 20);
	assert_int_equal(answered_of(20, ROWS), 0);
}

static void what_is_no_longer_used_goes_at_last(void **state)
{
	(void)state;
	warm(ROWS);
	/* Most go to the main queue, and are used there. */
	scan(2000, 2000 + ROWS / 2);
	warm(ROWS / 2);
	/* Others come, and come again, until they have taken its place. */
	for (int round = 0; round < 60; round++)
		for (int i = 1000; i < 1000 + ROWS; i++)
			look_up(i);
	assert_in_range(answered_of(0, ROWS), 0, 5);
}

static void a_dead_row_that_is_asked_for_is_a_use(void **state)
{
	(void)state;
	scan(0, ROWS);
	for (int use = 0; use < 3; use++) {
		for (int i = 0; i < 5; i++) {
			fake_change(req_write(100000 + i));
			fake_change(req_unlink(1, name_of(i), 0));
			look_up(i);
		}
	}
	scan(1000, 1000 + 4 * ROWS);
	assert_int_equal(answered_of(0, 5), 5);
}

static void forgotten_rows_do_not_fill_the_queues(void **state)
{
	(void)state;
	/* Attribute rows that go by themselves leave their keys behind. */
	for (int i = 0; i < 20 * ROWS; i++) {
		fake_getattr_file(100000 + i);
		assert_true(answers_getattr(100000 + i));
		fake_forget(100000 + i);
	}
	for (int i = 0; i < ROWS; i++) {
		fake_getattr_file(5000 + i);
		assert_true(answers_getattr(5000 + i));
	}
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_FULL], 0);
}

static void names_of_all_lengths_and_extended_attributes_make_room(void **state)
{
	(void)state;
	char name[64];

	for (int i = 0; i < 5 * ROWS; i++) {
		snprintf(name, sizeof(name), "a name that is longer than thirty-two bytes %d", i);
		fake_lookup_none(1, name);
		assert_true(answers_lookup(1, name));
		snprintf(name, sizeof(name), "user.%d", i);
		fake_getxattr(42, name, "value");
		assert_true(answers_getxattr(42, name));
	}
	assert_int_equal(fake_rows(), 2 * ROWS);
}

static void an_evicted_row_is_not_invented(void **state)
{
	(void)state;
	scan(0, 3 * ROWS);
	assert_false(answered(0));
	assert_false(answers_getattr(100000));
}

static void a_change_ends_a_row_however_often_it_is_used(void **state)
{
	(void)state;
	warm(5);
	fake_change(req_write(100003));
	assert_false(answered(3));
	assert_true(answered(2));
}

static void rows_have_no_age(void **state)
{
	(void)state;
	look_up(0);
	fake_advance(~0ULL / 4);
	assert_true(answered(0));
}

static bool look_up_long(int i)
{
	char name[64];

	snprintf(name, sizeof(name), "a name that is too long for a short row, number %d", i);
	return fake_lookup_file(1, name, 100000 + i);
}

static bool look_at_xattr(int i)
{
	return fake_getxattr(100000 + i, "user.a", "value");
}

/* Long names and extended attributes have queues of their own. */
static void each_table_keeps_what_is_used_again(void **state)
{
	(void)state;
	int long_names = 0, values = 0;

	for (int use = 0; use < 4; use++)
		for (int i = 0; i < ROWS / 4; i++) {
			look_up_long(i);
			look_at_xattr(i);
		}
	for (int i = 1000; i < 1000 + 4 * ROWS; i++) {
		assert_false(look_up_long(i));
		assert_false(look_at_xattr(i));
	}
	for (int i = 0; i < ROWS / 4; i++) {
		long_names += look_up_long(i);
		values += look_at_xattr(i);
	}
	assert_in_range(long_names, ROWS / 4 - 2, ROWS / 4);
	assert_in_range(values, ROWS / 4 - 2, ROWS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		s3_test(each_table_keeps_what_is_used_again),
		s3_test(a_scan_leaves_what_is_used_again),
		s3_test(what_was_used_once_goes_first_in_first_out),
		s3_test(new_rows_are_refused_only_while_all_that_are_looked_at_stay),
		s3_test(what_comes_back_soon_stays),
		s3_test(what_is_no_longer_used_goes_at_last),
		s3_test(a_dead_row_that_is_asked_for_is_a_use),
		s3_test(forgotten_rows_do_not_fill_the_queues),
		s3_test(names_of_all_lengths_and_extended_attributes_make_room),
		s3_test(an_evicted_row_is_not_invented),
		s3_test(a_change_ends_a_row_however_often_it_is_used),
		s3_test(rows_have_no_age),
	};

	return fake_run_tests(tests);
}
