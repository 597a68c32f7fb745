// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_open.c - OPEN changes its inode with O_TRUNC only */
#include "names_test.h"

#include <fcntl.h>

static void open_with_o_trunc_changes_the_inode(void **state)
{
	(void)state;
	assert_changes_inode(req_open(60, O_RDWR | O_TRUNC), 60);
}

static void open_without_o_trunc_changes_nothing(void **state)
{
	(void)state;
	struct fake_req req = req_open(60, O_RDWR | O_APPEND);

	fake_getattr_file(60);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_true(answers_getattr(60));
	fake_answer(&req);
	assert_true(answers_getattr(60));
	assert_quiet();
}

static void without_handler_every_open_changes_the_inode(void **state)
{
	(void)state;
	fake_remove("OPEN");
	assert_changes_inode(req_open(60, O_RDONLY), 60);
}

static void unreadable_open_changes_the_inode(void **state)
{
	(void)state;
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_change(req_open(60, O_RDONLY));
	fake_fail_reads(-1);
	fake_getattr_file(60);
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_change(req_open(60, O_RDONLY));
	fake_fail_reads(-1);
	assert_false(answers_getattr(60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(open_with_o_trunc_changes_the_inode),
		fake_test(open_without_o_trunc_changes_nothing),
		fake_test(without_handler_every_open_changes_the_inode),
		fake_test(unreadable_open_changes_the_inode),
	};

	return fake_run_tests(tests);
}
