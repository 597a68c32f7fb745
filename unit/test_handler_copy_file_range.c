// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_copy_file_range.c - COPY_FILE_RANGE changes two inodes */
#include "names_test.h"

static void both_inodes_lose_their_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_copy_file_range(60, 61), 60);
	assert_changes_inode(req_copy_file_range(60, 61), 61);
}

static void nothing_else_is_disturbed(void **state)
{
	(void)state;
	struct fake_req req = req_copy_file_range(60, 61);

	fake_lookup_file(DIR, BYSTANDER, BYSTANDER_NODEID);
	fake_lookup_file(60, "name", 98);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_true(answers_lookup(DIR, BYSTANDER));
	assert_true(answers_lookup(60, "name"));
	fake_answer(&req);
	assert_true(answers_lookup(DIR, BYSTANDER));
	assert_true(answers_lookup(60, "name"));
	assert_quiet();
}

static void without_handler_nothing_is_answered_while_it_runs(void **state)
{
	(void)state;
	fake_remove("COPY_FILE_RANGE");
	assert_changes_inode(req_copy_file_range(60, 61), 61);
	assert_changes_inode(req_copy_file_range(60, 61), BYSTANDER_NODEID);
}

static void unreadable_request_counts_as_a_change_of_everything(void **state)
{
	(void)state;
	struct fake_req req = req_copy_file_range(60, 61);

	fake_getattr_file(61);
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_getattr(61));
	fake_answer(&req);
	assert_false(answers_getattr(61));
	assert_int_equal(fake_stats(FUSE_COPY_FILE_RANGE).errors, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(both_inodes_lose_their_attributes),
		fake_test(nothing_else_is_disturbed),
		fake_test(without_handler_nothing_is_answered_while_it_runs),
		fake_test(unreadable_request_counts_as_a_change_of_everything),
	};

	return fake_run_tests(tests);
}
