// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_tmpfile.c - TMPFILE changes no name */
#include "names_test.h"

static void tmpfile_leaves_the_directorys_names_answered(void **state)
{
	(void)state;
	struct fake_req req = req_tmpfile(DIR);

	fake_lookup_file(DIR, BYSTANDER, BYSTANDER_NODEID);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_true(answers_lookup(DIR, BYSTANDER));
	req.out_buf[0].entry = fake_entry(50, 1);
	fake_answer(&req);
	assert_true(answers_lookup(DIR, BYSTANDER));
	assert_quiet();
}

static void parent_of_tmpfile_loses_its_attributes(void **state)
{
	(void)state;
	assert_changes_inode(req_tmpfile(DIR), DIR);
}

static void inode_that_tmpfile_returns_loses_its_attributes(void **state)
{
	(void)state;
	assert_kills_inode_of_reply(req_tmpfile(DIR));
}

static void without_handler_tmpfile_drops_all_names_of_its_directory(void **state)
{
	(void)state;
	assert_coarse_without_handler(req_tmpfile(DIR), "TMPFILE", "name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(tmpfile_leaves_the_directorys_names_answered),
		fake_test(parent_of_tmpfile_loses_its_attributes),
		fake_test(inode_that_tmpfile_returns_loses_its_attributes),
		fake_test(without_handler_tmpfile_drops_all_names_of_its_directory),
	};

	return fake_run_tests(tests);
}
