// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_event_inval_entry.c - which rows the notification INVAL_ENTRY ends */
#include "fakes/fake.h"

static void inval_entry_drops_its_name_and_no_other(void **state)
{
	(void)state;
	fake_lookup_file(7, "name", 60);
	fake_lookup_file(7, "other", 61);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	assert_false(answers_lookup(7, "name"));
	assert_true(answers_lookup(7, "other"));
	assert_quiet();
}

static void inval_entry_drops_names_that_do_not_exist(void **state)
{
	(void)state;
	fake_lookup_none(7, "name");
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	assert_false(answers_lookup(7, "name"));
}

static void inval_entry_ends_the_directorys_attributes(void **state)
{
	(void)state;
	fake_getattr_file(7);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	assert_false(answers_getattr(7));
}

static void lookup_from_before_inval_entry_is_not_answered_after_it(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(7, "name");

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	fake_fail(&slow, -ENOENT);
	assert_false(answers_lookup(7, "name"));
}

static void without_handler_inval_entry_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	fake_remove("event/INVAL_ENTRY");
	fake_lookup_file(7, "name", 60);
	fake_lookup_file(7, "other", 61);
	fake_lookup_file(8, "elsewhere", 62);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	assert_false(answers_lookup(7, "name"));
	assert_false(answers_lookup(7, "other"));
	assert_true(answers_lookup(8, "elsewhere"));
	assert_quiet();
}

static void unreadable_name_of_inval_entry_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	fake_lookup_file(7, "name", 60);
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_event(EXTFUSE_EV_INVAL_ENTRY, 7, 0, "name");
	fake_fail_reads(-1);
	assert_false(answers_lookup(7, "name"));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(inval_entry_drops_its_name_and_no_other),
		fake_test(inval_entry_drops_names_that_do_not_exist),
		fake_test(inval_entry_ends_the_directorys_attributes),
		fake_test(lookup_from_before_inval_entry_is_not_answered_after_it),
		fake_test(without_handler_inval_entry_drops_all_names_of_its_directory),
		fake_test(unreadable_name_of_inval_entry_drops_all_names_of_its_directory),
	};

	return fake_run_tests(tests);
}
