// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_ttl.c - rows answer while they are younger than ttl */
#include "fakes/fake.h"

#include <stdio.h>

#define MS 1000000ULL
#define S (1000 * MS)

extern EXT_KNOB __u64 ext_param_ttl, ext_param_negative_ttl;

static void ttl(__u64 ns)
{
	ext_param_ttl = ns;
	ext_param_negative_ttl = ~0ULL;
}

static void rows_answer_until_they_are_as_old_as_ttl(void **state)
{
	(void)state;
	ttl(2 * S);
	fake_lookup_file(1, "file", 42);
	fake_advance(2 * S - 1);
	assert_true(answers_lookup(1, "file"));
	assert_true(answers_getattr(42));
	fake_advance(1);
	assert_false(answers_lookup(1, "file"));
	assert_false(answers_getattr(42));
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_EXPIRED], 1);
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_EXPIRED], 1);
}

static void a_hit_does_not_prolong_a_row(void **state)
{
	(void)state;
	ttl(2 * S);
	fake_lookup_file(1, "file", 42);
	for (int i = 0; i < 3; i++) {
		fake_advance(600 * MS);
		assert_true(answers_lookup(1, "file"));
	}
	fake_advance(200 * MS);
	assert_false(answers_lookup(1, "file"));
}

static void the_daemons_word_prolongs_a_row(void **state)
{
	(void)state;
	ttl(2 * S);
	fake_lookup_file(1, "file", 42);
	fake_advance(3 * S);
	assert_false(fake_lookup_file(1, "file", 42));
	assert_true(answers_lookup(1, "file"));
}

static void an_answer_is_valid_no_longer_than_its_rows(void **state)
{
	(void)state;
	struct fuse_attr_out attr = fake_attr(42, 1);
	struct fake_req lookup = req_lookup(1, "file"), getattr = req_getattr(42);

	ttl(2 * S);
	fake_lookup_file(1, "file", 42);
	fake_advance(500 * MS);
	ext_epoch = 0;
	fake_getattr(42, &attr);
	ext_epoch = 1;
	fake_getattr(42, &attr);
	fake_advance(750 * MS);
	assert_int_equal(fake_send(&lookup), 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid, 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid_nsec, 750 * MS);
	assert_int_equal(lookup.out_buf[0].entry.attr_valid, 1);
	assert_int_equal(lookup.out_buf[0].entry.attr_valid_nsec, 250 * MS);
	assert_int_equal(fake_send(&getattr), 0);
	assert_int_equal(getattr.out_buf[0].attr.attr_valid, 1);
	assert_int_equal(getattr.out_buf[0].attr.attr_valid_nsec, 250 * MS);
}

static void the_daemons_validity_stays_an_upper_bound(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 1);
	struct fake_req lookup = req_lookup(1, "file");

	ttl(20 * S);
	entry.entry_valid = 0;
	entry.attr_valid = 3;
	fake_lookup(1, "file", &entry);
	assert_int_equal(fake_send(&lookup), 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid, 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid_nsec, 0);
	assert_int_equal(lookup.out_buf[0].entry.attr_valid, 3);
}

static void a_validity_beyond_all_times_does_not_overflow(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 1);
	struct fake_req lookup = req_lookup(1, "file");

	ttl(2 * S);
	entry.entry_valid = ~0ULL;
	entry.attr_valid = 18446744073ULL;
	entry.attr_valid_nsec = 999999999;
	fake_lookup(1, "file", &entry);
	assert_int_equal(fake_send(&lookup), 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid, 2);
	assert_int_equal(lookup.out_buf[0].entry.attr_valid, 2);
}

static void negative_ttl_is_ttl_by_default(void **state)
{
	(void)state;
	ttl(2 * S);
	fake_lookup_none(1, "none");
	fake_advance(2 * S - 1);
	assert_true(answers_lookup(1, "none"));
	fake_advance(1);
	assert_false(answers_lookup(1, "none"));
}

static void negative_ttl_is_for_names_that_do_not_exist_alone(void **state)
{
	(void)state;
	ttl(2 * S);
	ext_param_negative_ttl = 1 * S;
	fake_lookup_none(1, "none");
	fake_lookup_file(1, "file", 42);
	fake_advance(1 * S);
	assert_false(answers_lookup(1, "none"));
	assert_true(answers_lookup(1, "file"));
}

static void a_ttl_of_zero_answers_nothing(void **state)
{
	(void)state;
	ttl(0);
	fake_lookup_file(1, "file", 42);
	assert_false(answers_lookup(1, "file"));
}

static void a_change_ends_a_row_before_its_time(void **state)
{
	(void)state;
	ttl(1000 * S);
	fake_lookup_file(1, "file", 42);
	fake_change(req_write(42));
	assert_false(answers_lookup(1, "file"));
	fake_lookup_none(1, "none");
	fake_change(req_create(1, "none"));
	assert_false(answers_lookup(1, "none"));
}

static void expired_rows_make_room_in_a_full_map(void **state)
{
	(void)state;
	char name[16];

	ttl(1 * S);
	fake_limit(8);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 8; i++) {
			snprintf(name, sizeof(name), "f%d.%d", round, i);
			fake_lookup_file(1, name, 100 * (round + 1) + i);
			assert_true(answers_lookup(1, name));
		}
		fake_advance(1 * S);
	}
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(rows_answer_until_they_are_as_old_as_ttl),
		fake_test(a_hit_does_not_prolong_a_row),
		fake_test(the_daemons_word_prolongs_a_row),
		fake_test(an_answer_is_valid_no_longer_than_its_rows),
		fake_test(the_daemons_validity_stays_an_upper_bound),
		fake_test(a_validity_beyond_all_times_does_not_overflow),
		fake_test(negative_ttl_is_ttl_by_default),
		fake_test(negative_ttl_is_for_names_that_do_not_exist_alone),
		fake_test(a_ttl_of_zero_answers_nothing),
		fake_test(a_change_ends_a_row_before_its_time),
		fake_test(expired_rows_make_room_in_a_full_map),
	};

	return fake_run_tests(tests);
}
