// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_create.c - which rows CREATE ends */
#include "names_test.h"

static void create_drops_its_name_and_no_other(void **state)
{
	(void)state;
	assert_changes_name(req_create(DIR, "name"), "name");
}

static void failed_create_drops_its_name(void **state)
{
	(void)state;
	assert_changes_name_though_it_fails(req_create(DIR, "name"), "name");
}

static void without_handler_create_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_create(DIR, "name"), "CREATE", "name");
}

static void parent_of_create_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_create(DIR, "name"), DIR);
}

static void unreadable_name_of_create_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	struct fake_req req = req_create(DIR, "name");

	fake_lookup_none(DIR, "name");
	fake_fail_reads(IN_PARAM_1_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_lookup(DIR, "name"));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(fake_stats(FUSE_CREATE).errors, 1);
	assert_quiet();
}

static void inode_that_create_returns_loses_its_attributes(void **state)
{
	(void)state;
	assert_kills_inode_of_reply(req_create(DIR, "name"));
}

static void lookup_that_create_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(DIR, "name");

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_change(req_create(DIR, "name"));
	fake_fail(&slow, -ENOENT);
	assert_false(answers_lookup(DIR, "name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(create_drops_its_name_and_no_other),
		fake_test(failed_create_drops_its_name),
		fake_test(without_handler_create_drops_all_names_of_its_directory),
		fake_test(parent_of_create_loses_its_attributes),
		fake_test(unreadable_name_of_create_drops_all_names_of_its_directory),
		fake_test(inode_that_create_returns_loses_its_attributes),
		fake_test(lookup_that_create_overtook_is_not_answered),
	};

	return fake_run_tests(tests);
}
