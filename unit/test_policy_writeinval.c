// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_writeinval.c - rows answer until a change or a notification */
#include "fakes/fake.h"

static void rows_have_no_age(void **state)
{
	(void)state;
	fake_lookup_file(1, "file", 42);
	fake_lookup_none(1, "none");
	fake_advance(~0ULL / 4);
	assert_true(answers_lookup(1, "file"));
	assert_true(answers_lookup(1, "none"));
}

static void a_change_ends_a_row_and_frees_it(void **state)
{
	(void)state;
	fake_getattr_file(42);
	assert_int_equal(fake_rows(), 1);
	fake_change(req_write(42));
	assert_false(answers_getattr(42));
	assert_int_equal(fake_rows(), 0);
}

/* It will be asked for again, and nothing but its time of the last access is another one. */
static void a_row_that_reading_ended_stays_to_be_overwritten(void **state)
{
	(void)state;
	struct fake_req reads[] = { req_read(42, 0, 100), req_readlink(42), req_readdir(42, 0, 100),
				    req_flush(42, EXTFUSE_F_READER),
				    req_release(42, EXTFUSE_F_READER) };

	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		fake_getattr_file(42);
		assert_true(answers_getattr(42));
		fake_change(reads[i]);
		assert_int_equal(fake_rows(), 1);
		assert_false(answers_getattr(42));
	}
	/* The next word on it finds its row, and a change frees it. */
	fake_getattr_file(42);
	assert_int_equal(fake_stats(FUSE_GETATTR).inserts, 1);
	fake_change(req_flush(42, 0));
	assert_int_equal(fake_rows(), 0);
}

static void a_row_that_came_back_is_freed_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		fake_getattr_file(42);
		assert_int_equal(fake_rows(), 1);
		fake_change(req_write(42));
		assert_int_equal(fake_rows(), 0);
		fake_change(req_write(42));
	}
}

static void a_row_that_the_daemon_filled_is_freed(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 0);

	ext_fill = 1;
	fake_change(req_write(42));
	assert_int_equal(fake_fill_attr(ext_seq, 42, &entry), 0);
	assert_true(answers_getattr(42));
	fake_change(req_write(42));
	assert_int_equal(fake_rows(), 0);
}

static void a_dead_row_whose_stripe_another_inode_shares_makes_room(void **state)
{
	(void)state;
	__u64 other = 43;

	while (ext_inode_index(other) != ext_inode_index(42))
		other++;
	fake_limit(1);
	fake_getattr_file(42);
	fake_change(req_write(other));
	fake_change(req_write(42));
	assert_false(answers_getattr(42));
	fake_getattr_file(50);
	assert_true(answers_getattr(50));
}

static void a_removal_frees_the_victims_row(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_getattr_file(43);
	fake_change(req_rename(1, "a", 1, "b", 42, 43));
	assert_int_equal(fake_rows(), 0);
}

static void a_notification_ends_a_row_and_frees_it(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	assert_false(answers_getattr(42));
	assert_int_equal(fake_rows(), 0);
}

static void a_row_that_was_freed_and_stored_again_is_listed_once(void **state)
{
	(void)state;
	fake_limit(4);
	for (int i = 0; i < 1000; i++) {
		fake_getattr_file(42);
		fake_change(req_write(42));
	}
	for (__u64 nodeid = 50; nodeid < 54; nodeid++) {
		fake_getattr_file(nodeid);
		assert_true(answers_getattr(nodeid));
	}
}

static void a_second_walk_reaches_no_daemon_if_atime_is_relaxed(void **state)
{
	(void)state;
	struct fuse_entry_out file = fake_entry(42, 7), dir = fake_entry(7, 0);

	ext_param_atime = 1;
	dir.attr.mode = 0040755;
	for (int round = 0; round < 2; round++) {
		struct fake_req walk = req_readdirplus(7);

		assert_int_equal(fake_lookup(1, "dir", &dir), round);
		assert_int_equal(fake_send(&walk), -ENOSYS);
		fake_answer(&walk);
		fake_inval_attr(7, 0x20);
		fake_direntplus(&walk, "file", &file);
		assert_true(fake_lookup(7, "file", &file));
		assert_true(answers_getattr(42));
		assert_int_equal(answers_getattr(7), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(rows_have_no_age),
		fake_test(a_change_ends_a_row_and_frees_it),
		fake_test(a_row_that_reading_ended_stays_to_be_overwritten),
		fake_test(a_row_that_came_back_is_freed_again),
		fake_test(a_row_that_the_daemon_filled_is_freed),
		fake_test(a_dead_row_whose_stripe_another_inode_shares_makes_room),
		fake_test(a_removal_frees_the_victims_row),
		fake_test(a_notification_ends_a_row_and_frees_it),
		fake_test(a_row_that_was_freed_and_stored_again_is_listed_once),
		fake_test(a_second_walk_reaches_no_daemon_if_atime_is_relaxed),
	};

	return fake_run_tests(tests);
}
