// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_mkdir.c - which rows MKDIR ends */
#include "names_test.h"

static void mkdir_drops_its_name_and_no_other(void **state)
{
	(void)state;
	assert_changes_name(req_mkdir(DIR, "name"), "name");
}

static void failed_mkdir_drops_its_name(void **state)
{
	(void)state;
	assert_changes_name_though_it_fails(req_mkdir(DIR, "name"), "name");
}

static void without_handler_mkdir_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_mkdir(DIR, "name"), "MKDIR", "name");
}

static void parent_of_mkdir_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_mkdir(DIR, "name"), DIR);
}

static void unreadable_name_of_mkdir_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	struct fake_req req = req_mkdir(DIR, "name");

	fake_lookup_none(DIR, "name");
	fake_fail_reads(IN_PARAM_1_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_lookup(DIR, "name"));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(fake_stats(FUSE_MKDIR).errors, 1);
	assert_quiet();
}

static void inode_that_mkdir_returns_loses_its_attributes(void **state)
{
	(void)state;
	assert_kills_inode_of_reply(req_mkdir(DIR, "name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(mkdir_drops_its_name_and_no_other),
		fake_test(failed_mkdir_drops_its_name),
		fake_test(without_handler_mkdir_drops_all_names_of_its_directory),
		fake_test(parent_of_mkdir_loses_its_attributes),
		fake_test(unreadable_name_of_mkdir_drops_all_names_of_its_directory),
		fake_test(inode_that_mkdir_returns_loses_its_attributes),
	};

	return fake_run_tests(tests);
}
