// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_symlink.c - which rows SYMLINK ends */
#include "names_test.h"

static void symlink_drops_its_name_and_no_other(void **state)
{
	(void)state;
	assert_changes_name(req_symlink(DIR, "name", "target"), "name");
}

static void failed_symlink_drops_its_name(void **state)
{
	(void)state;
	assert_changes_name_though_it_fails(req_symlink(DIR, "name", "target"), "name");
}

static void without_handler_symlink_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_symlink(DIR, "name", "target"), "SYMLINK", "name");
}

static void parent_of_symlink_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_symlink(DIR, "name", "target"), DIR);
}

static void unreadable_name_of_symlink_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	struct fake_req req = req_symlink(DIR, "name", "target");

	fake_lookup_none(DIR, "name");
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_lookup(DIR, "name"));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(fake_stats(FUSE_SYMLINK).errors, 1);
	assert_quiet();
}

static void inode_that_symlink_returns_loses_its_attributes(void **state)
{
	(void)state;
	assert_kills_inode_of_reply(req_symlink(DIR, "name", "target"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(symlink_drops_its_name_and_no_other),
		fake_test(failed_symlink_drops_its_name),
		fake_test(without_handler_symlink_drops_all_names_of_its_directory),
		fake_test(parent_of_symlink_loses_its_attributes),
		fake_test(unreadable_name_of_symlink_drops_all_names_of_its_directory),
		fake_test(inode_that_symlink_returns_loses_its_attributes),
	};

	return fake_run_tests(tests);
}
