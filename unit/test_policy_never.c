// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_never.c - nothing is ever answered, and nothing kept */
#include "fakes/fake.h"

static void nothing_is_answered_or_stored(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(43, 1);
	struct fake_req walk = req_readdirplus(1);

	for (int i = 0; i < 2; i++) {
		assert_false(fake_lookup_file(1, "file", 42));
		assert_false(fake_getattr_file(42));
		assert_false(fake_lookup_none(1, "none"));
	}
	assert_int_equal(fake_send(&walk), -ENOSYS);
	fake_answer(&walk);
	fake_direntplus(&walk, "entry", &entry);
	assert_int_equal(fake_fill_entry(ext_seq, 1, "entry", &entry), -EAGAIN);
	assert_false(answers_lookup(1, "entry"));
	assert_int_equal(fake_rows(), 0);
	assert_quiet();
}

static void every_request_is_counted_as_a_miss(void **state)
{
	(void)state;
	fake_lookup_file(1, "file", 42);
	fake_lookup_file(1, "file", 42);
	fake_change(req_write(42));
	assert_int_equal(fake_stats(FUSE_LOOKUP).requests, 2);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_ABSENT], 2);
	assert_int_equal(fake_stats(FUSE_LOOKUP).stores, 0);
	assert_int_equal(fake_stats(FUSE_WRITE).requests, 1);
}

static void changes_begin_and_end(void **state)
{
	(void)state;
	fake_change(req_write(42));
	fake_change(req_create(1, "name"));
	fake_change(req_rename(1, "a", 2, "b", 42, 43));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(nothing_is_answered_or_stored),
		fake_test(every_request_is_counted_as_a_miss),
		fake_test(changes_begin_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
