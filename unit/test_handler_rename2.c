// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_rename2.c - which rows RENAME2 ends */
#include "names_test.h"

static void rename2_drops_entry_in_old_parent(void **state)
{
	(void)state;
	assert_changes_name(req_rename2(DIR, "name", 8, "new", 60, 61, 0), "name");
}

static void rename2_drops_entry_in_new_parent(void **state)
{
	(void)state;
	struct fake_req req = req_rename2(8, "old", DIR, "name", 60, 61, 0);

	fake_lookup_file(8, "name", 77);
	assert_changes_name(req, "name");
	/* The same name in the old parent is another one. */
	assert_true(answers_lookup(8, "name"));
}

static void rename2_within_a_directory_drops_both_names(void **state)
{
	(void)state;
	assert_changes_name(req_rename2(DIR, "name", DIR, "other", 60, 0, 0), "name");
	assert_changes_name(req_rename2(DIR, "other", DIR, "name", 60, 0, 0), "name");
}

static void failed_rename2_drops_both_names(void **state)
{
	(void)state;
	assert_changes_name_though_it_fails(req_rename2(DIR, "name", 8, "new", 60, 61, 0), "name");
	assert_changes_name_though_it_fails(req_rename2(8, "old", DIR, "name", 60, 61, 0), "name");
}

static void rename2_ends_attributes_of_both_parents_and_both_inodes(void **state)
{
	(void)state;
	assert_changes_inode(req_rename2(7, "old", 8, "new", 60, 61, 0), 7);
	assert_changes_inode(req_rename2(7, "old", 8, "new", 60, 61, 0), 8);
	assert_changes_inode(req_rename2(7, "old", 8, "new", 60, 61, 0), 60);
	assert_changes_inode(req_rename2(7, "old", 8, "new", 60, 61, 0), 61);
}

static void without_handler_rename2_drops_all_names_of_both_directories(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_rename2(DIR, "name", 70, "new", 60, 61, 0), "RENAME2",
				      "name");
}

static void without_handler_rename2_drops_all_names_of_the_new_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_rename2(70, "old", DIR, "name", 60, 61, 0), "RENAME2",
				      "name");
}

static void names_of_255_bytes_are_dropped_in_both_parents(void **state)
{
	(void)state;
	char old[256], new[256];

	memset(old, 'o', 255);
	memset(new, 'n', 255);
	old[255] = new[255] = 0;
	fake_lookup_file(7, old, 60);
	fake_lookup_none(8, new);
	fake_lookup_file(7, "bystander", 99);
	fake_change(req_rename2(7, old, 8, new, 60, 0, 0));
	assert_false(answers_lookup(7, old));
	assert_false(answers_lookup(8, new));
	assert_true(answers_lookup(7, "bystander"));
	assert_quiet();
}

static void unreadable_rename2_drops_everything(void **state)
{
	(void)state;
	struct fake_req req = req_rename2(7, "old", 8, "new", 60, 61, 0);

	fake_lookup_file(9, "elsewhere", 99);
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_lookup(9, "elsewhere"));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(9, "elsewhere"));
	assert_quiet();
}

static void exchange_drops_both_names_and_both_inodes(void **state)
{
	(void)state;
	fake_lookup_file(7, "a", 60);
	fake_lookup_file(8, "b", 61);
	fake_change(req_rename2(7, "a", 8, "b", 60, 61, 2));
	assert_false(answers_lookup(7, "a"));
	assert_false(answers_lookup(8, "b"));
	assert_false(answers_getattr(60));
	assert_false(answers_getattr(61));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(rename2_drops_entry_in_old_parent),
		fake_test(rename2_drops_entry_in_new_parent),
		fake_test(rename2_within_a_directory_drops_both_names),
		fake_test(failed_rename2_drops_both_names),
		fake_test(rename2_ends_attributes_of_both_parents_and_both_inodes),
		fake_test(without_handler_rename2_drops_all_names_of_both_directories),
		fake_test(without_handler_rename2_drops_all_names_of_the_new_directory),
		fake_test(names_of_255_bytes_are_dropped_in_both_parents),
		fake_test(unreadable_rename2_drops_everything),
		fake_test(exchange_drops_both_names_and_both_inodes),
	};

	return fake_run_tests(tests);
}
