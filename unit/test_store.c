// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_store.c - rows when the maps are full or fail, and the daemon's fills */
#include "fakes/fake.h"

#include <stdio.h>

#define DIR 7

static void look_up(__u64 i)
{
	char name[48];

	snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
	fake_lookup_file(DIR, name, 1000 + i);
}

static bool answered(__u64 i)
{
	char name[48];

	snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
	return answers_lookup(DIR, name);
}

static void full_map_refuses_and_is_counted(void **state)
{
	(void)state;
	fake_limit(4);
	for (int i = 0; i < 6; i++)
		look_up(i);
	for (int i = 0; i < 4; i++)
		assert_true(answered(i));
	assert_false(answered(4));
	assert_false(answered(5));
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 2);
	assert_int_equal(fake_stats(FUSE_LOOKUP).errors, 0);
}

static void full_map_never_loses_an_invalidation(void **state)
{
	(void)state;
	fake_limit(4);
	for (int i = 0; i < 6; i++)
		look_up(i);
	fake_change(req_write(1002));
	assert_false(answered(2));
	fake_change(req_unlink(DIR, "f3", 1003));
	assert_false(answered(3));
}

static void dead_rows_make_room(void **state)
{
	(void)state;
	fake_limit(4);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 4; i++) {
			look_up(4 * round + i);
			assert_true(answered(4 * round + i));
		}
		for (int i = 0; i < 4; i++)
			fake_forget(1000 + 4 * round + i);
	}
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 0);
}

static void dead_long_names_make_room(void **state)
{
	(void)state;
	char name[64];

	fake_limit(4);
	for (__u64 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "a name that has a long row, number %llu",
			 (unsigned long long)i);
		fake_lookup_file(DIR, name, 1000 + i);
		assert_true(answers_lookup(DIR, name));
		fake_change(req_unlink(DIR, name, 1000 + i));
	}
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_FULL], 0);
}

static void a_refused_row_leaves_no_older_one(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(DIR, "f9");
	struct fuse_entry_out entry = fake_entry(1009, 1);

	fake_limit(1);
	look_up(0);
	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_answer_entry(&slow, &entry);
	assert_false(answered(9));
	assert_true(answered(0));
}

static void rows_are_overwritten_in_a_full_map(void **state)
{
	(void)state;
	struct fuse_entry_out new = fake_entry(1001, 99);
	struct fake_req again = req_lookup(DIR, "f1");

	fake_limit(4);
	for (int i = 0; i < 4; i++)
		look_up(i);
	fake_change(req_write(1001));
	fake_lookup(DIR, "f1", &new);
	assert_int_equal(fake_send(&again), 0);
	assert_int_equal(again.out_buf[0].entry.attr.size, 99);
	assert_int_equal(fake_stats(FUSE_LOOKUP).inserts, 8);
}

static void inserts_less_reclaims_are_the_rows_that_are_there(void **state)
{
	(void)state;
	__u64 inserts = 0, reclaims = 0;

	fake_limit(8);
	for (int i = 0; i < 100; i++) {
		look_up(i);
		if (i % 3)
			fake_forget(1000 + i);
		if (i % 5 == 0)
			fake_change(req_unlink(DIR, "f1", 1000 + i));
	}
	for (int opcode = 0; opcode <= EXT_OPCODES; opcode++) {
		inserts += fake_stats(opcode).inserts;
		reclaims += fake_stats(opcode).reclaims;
	}
	assert_int_equal(inserts - reclaims, fake_rows());
}

static void a_failing_map_costs_answers_alone(void **state)
{
	(void)state;
	fake_fail_updates(-ENOMEM);
	look_up(0);
	assert_false(answered(0));
	assert_int_equal(fake_stats(FUSE_LOOKUP).errors, 2);
	fake_fail_updates(0);
	look_up(0);
	assert_true(answered(0));
	assert_quiet();
}

static void a_name_whose_row_is_another_one_with_its_hash_is_torn(void **state)
{
	(void)state;
	look_up(0);
	fake_tear_rows();
	assert_false(answered(0));
	look_up(0);
	assert_true(answered(0));
}

static void the_sequence_grows_with_changes_only(void **state)
{
	(void)state;
	__u64 before;

	look_up(0);
	before = ext_seq;
	assert_true(answered(0));
	assert_int_equal(ext_seq, before);
	fake_change(req_write(1000));
	assert_true(ext_seq > before);
}

/* ---- Fills by the daemon ---- */

static struct fuse_entry_out filled;

static void fill_mode(void)
{
	ext_fill = 1;
	filled = fake_entry(42, 7);
}

static void fills_are_answered(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(DIR, "file");

	fill_mode();
	assert_int_equal(fake_fill_entry(ext_seq, DIR, "file", &filled), 0);
	assert_int_equal(fake_send(&req), 0);
	assert_memory_equal(&req.out_buf[0].entry, &filled, sizeof(filled));
	assert_true(answers_getattr(42));
	assert_quiet();
}

static void negative_fills_are_answered(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(DIR, "none");

	fill_mode();
	assert_int_equal(fake_fill_negative(ext_seq, DIR, "none"), 0);
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(req.out_buf[0].entry.nodeid, 0);
	fake_change(req_create(DIR, "none"));
	assert_false(answers_lookup(DIR, "none"));
}

static void attribute_fills_are_answered(void **state)
{
	(void)state;
	fill_mode();
	assert_int_equal(fake_fill_attr(ext_seq, 42, &filled), 0);
	assert_true(answers_getattr(42));
}

static void replies_do_not_fill_if_the_daemon_does(void **state)
{
	(void)state;
	fill_mode();
	look_up(0);
	fake_getattr_file(42);
	assert_int_equal(fake_rows(), 0);
	assert_false(answered(0));
}

static void a_reply_that_agrees_with_its_fill_keeps_it(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(DIR, "file");
	__u64 token;

	fill_mode();
	assert_int_equal(fake_send(&req), -ENOSYS);
	token = ext_seq;
	assert_int_equal(fake_fill_entry(token, DIR, "file", &filled), 0);
	fake_answer_entry(&req, &filled);
	assert_true(answers_lookup(DIR, "file"));
}

static void a_reply_that_says_otherwise_ends_the_fill(void **state)
{
	(void)state;
	struct fuse_entry_out other = fake_entry(42, 8);

	fill_mode();
	assert_int_equal(fake_fill_entry(ext_seq, DIR, "file", &filled), 0);
	ext_epoch = 0;
	fake_lookup(DIR, "file", &other);
	ext_epoch = 1;
	assert_false(answers_lookup(DIR, "file"));
	assert_false(answers_getattr(42));
}

static void a_fill_that_a_change_overtook_is_not_answered(void **state)
{
	(void)state;
	__u64 token;

	fill_mode();
	token = ext_seq;
	fake_change(req_write(42));
	fake_fill_entry(token, DIR, "file", &filled);
	assert_false(answers_lookup(DIR, "file"));
	assert_false(answers_getattr(42));
}

static void a_fill_that_a_forget_overtook_is_not_answered(void **state)
{
	(void)state;
	__u64 token;

	fill_mode();
	token = ext_seq;
	fake_forget(42);
	fake_fill_entry(token, DIR, "file", &filled);
	assert_false(answers_lookup(DIR, "file"));
	assert_false(answers_getattr(42));
}

static void a_fill_that_a_newer_reply_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fuse_entry_out newer = fake_entry(42, 8);
	__u64 token;

	fill_mode();
	token = ext_seq;
	fake_lookup(DIR, "file", &newer);
	fake_fill_entry(token, DIR, "file", &filled);
	assert_false(answers_lookup(DIR, "file"));
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void the_daemons_own_invalidations_end_rows(void **state)
{
	(void)state;
	fill_mode();
	fake_fill_entry(ext_seq, DIR, "file", &filled);
	assert_int_equal(fake_inval_inode(42), 0);
	assert_false(answers_getattr(42));
	fake_fill_entry(ext_seq, DIR, "file", &filled);
	assert_true(answers_lookup(DIR, "file"));
	assert_int_equal(fake_inval_entry(DIR, "file"), 0);
	assert_false(answers_lookup(DIR, "file"));
	assert_true(answers_getattr(42));
}

static void a_fill_without_a_token_is_not_stored(void **state)
{
	(void)state;
	fill_mode();
	assert_int_not_equal(fake_fill_entry(0, DIR, "file", &filled), 0);
	assert_int_equal(fake_rows(), 0);
}

static void a_bad_fill_is_refused(void **state)
{
	(void)state;
	fill_mode();
	filled.nodeid = 0;
	assert_int_equal(fake_fill_entry(ext_seq, DIR, "file", &filled), -EINVAL);
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_fill_attr(ext_seq, 42, &filled), -EINVAL);
	fake_fail_reads(IN_PARAM_2_VALUE);
	assert_true(fake_fill_negative(ext_seq, DIR, "file") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(full_map_refuses_and_is_counted),
		fake_test(full_map_never_loses_an_invalidation),
		fake_test(dead_rows_make_room),
		fake_test(dead_long_names_make_room),
		fake_test(a_refused_row_leaves_no_older_one),
		fake_test(rows_are_overwritten_in_a_full_map),
		fake_test(inserts_less_reclaims_are_the_rows_that_are_there),
		fake_test_on_host(a_failing_map_costs_answers_alone, "makes updates of maps fail"),
		fake_test(a_name_whose_row_is_another_one_with_its_hash_is_torn),
		fake_test(the_sequence_grows_with_changes_only),
		fake_test(fills_are_answered),
		fake_test(negative_fills_are_answered),
		fake_test(attribute_fills_are_answered),
		fake_test(replies_do_not_fill_if_the_daemon_does),
		fake_test(a_reply_that_agrees_with_its_fill_keeps_it),
		fake_test(a_reply_that_says_otherwise_ends_the_fill),
		fake_test(a_fill_that_a_change_overtook_is_not_answered),
		fake_test(a_fill_that_a_forget_overtook_is_not_answered),
		fake_test(a_fill_that_a_newer_reply_overtook_is_not_answered),
		fake_test(the_daemons_own_invalidations_end_rows),
		fake_test(a_fill_without_a_token_is_not_stored),
		fake_test(a_bad_fill_is_refused),
	};

	return fake_run_tests(tests);
}
