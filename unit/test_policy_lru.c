// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_lru.c - a full cache evicts what was not used for longest */
#include "fakes/fake.h"

#include <stdio.h>

static void use_lru(void)
{
	assert_int_equal(ext_policy_shape(), EXT_SHAPE_LRU);
	fake_limit(4);
}

static void look_up(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "f%d", i);
	fake_lookup_file(1, name, 100 + i);
}

static bool answered(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "f%d", i);
	return answers_lookup(1, name);
}

static void least_recently_used_row_is_evicted(void **state)
{
	(void)state;
	use_lru();
	for (int i = 0; i < 4; i++)
		look_up(i);
	assert_true(answered(0));
	look_up(4);
	assert_true(answered(0));
	assert_false(answered(1));
	assert_true(answered(4));
}

static void new_rows_are_never_refused(void **state)
{
	(void)state;
	use_lru();
	for (int i = 0; i < 100; i++) {
		look_up(i);
		assert_true(answered(i));
	}
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 0);
	assert_int_equal(fake_stats(FUSE_LOOKUP).inserts, 200);
	assert_int_equal(fake_rows(), 8);
}

static void rows_have_no_age(void **state)
{
	(void)state;
	use_lru();
	look_up(0);
	fake_advance(~0ULL / 4);
	assert_true(answered(0));
}

static void a_change_ends_a_row(void **state)
{
	(void)state;
	use_lru();
	look_up(0);
	fake_change(req_write(100));
	assert_false(answered(0));
}

static void an_evicted_row_is_not_invented(void **state)
{
	(void)state;
	use_lru();
	for (int i = 0; i < 5; i++)
		look_up(i);
	assert_false(answered(0));
	assert_false(answers_getattr(100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(least_recently_used_row_is_evicted),
		fake_test(new_rows_are_never_refused),
		fake_test(rows_have_no_age),
		fake_test(a_change_ends_a_row),
		fake_test(an_evicted_row_is_not_invented),
	};

	return fake_run_tests(tests);
}
