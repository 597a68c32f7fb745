// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_unlink.c - which rows UNLINK ends */
#include "names_test.h"

static void unlink_drops_its_name_and_no_other(void **state)
{
	(void)state;
	assert_changes_name(req_unlink(DIR, "name", 60), "name");
}

static void failed_unlink_drops_its_name(void **state)
{
	(void)state;
	assert_changes_name_though_it_fails(req_unlink(DIR, "name", 60), "name");
}

static void without_handler_unlink_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_unlink(DIR, "name", 60), "UNLINK", "name");
}

static void parent_of_unlink_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_unlink(DIR, "name", 60), DIR);
}

static void unreadable_name_of_unlink_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	struct fake_req req = req_unlink(DIR, "name", 60);

	fake_lookup_none(DIR, "name");
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(-1);
	assert_false(answers_lookup(DIR, "name"));
	fake_fail(&req, -EIO);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(fake_stats(FUSE_UNLINK).errors, 1);
	assert_quiet();
}

static void victim_of_unlink_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_unlink(DIR, "name", 60), 60);
}

static void unlink_of_a_name_that_was_never_looked_up_changes_the_link_count(void **state)
{
	(void)state;
	struct fuse_attr_out two = fake_attr(60, 1);

	ext_one_nodeid = 1;
	two.attr.nlink = 2;
	fake_getattr(60, &two);
	assert_true(answers_getattr(60));
	fake_change(req_unlink(DIR, "never-looked-up", 60));
	assert_false(answers_getattr(60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(unlink_drops_its_name_and_no_other),
		fake_test(failed_unlink_drops_its_name),
		fake_test(without_handler_unlink_drops_all_names_of_its_directory),
		fake_test(parent_of_unlink_loses_its_attributes),
		fake_test(unreadable_name_of_unlink_drops_all_names_of_its_directory),
		fake_test(victim_of_unlink_loses_its_attributes),
		fake_test(unlink_of_a_name_that_was_never_looked_up_changes_the_link_count),
	};

	return fake_run_tests(tests);
}
