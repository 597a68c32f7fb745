// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_read.c - what READ says of atime and size */
#include "names_test.h"

static bool answered_after_read(__u64 size_known, __u64 offset, __u32 asked, __u32 got)
{
	struct fuse_attr_out attr = fake_attr(60, size_known);
	struct fake_req req = req_read(60, offset, asked);

	fake_setup(NULL);
	ext_param_atime = 1;
	fake_getattr(60, &attr);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer_bytes(&req, NULL, got);
	assert_quiet();
	return answers_getattr(60);
}

static void strict_read_changes_the_inode(void **state)
{
	(void)state;
	assert_changes_inode(req_read(60, 0, 100), 60);
}

static void relaxed_read_changes_nothing(void **state)
{
	(void)state;
	struct fake_req req = req_read(60, 0, 100);
	struct fuse_attr_out attr = fake_attr(60, 100);

	ext_param_atime = 1;
	fake_getattr(60, &attr);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_true(answers_getattr(60));
	fake_answer_bytes(&req, NULL, 100);
	assert_true(answers_getattr(60));
	assert_quiet();
}

static void reads_that_agree_with_the_size_change_nothing(void **state)
{
	(void)state;
	assert_true(answered_after_read(100, 0, 400, 100));
	assert_true(answered_after_read(100, 60, 400, 40));
	assert_true(answered_after_read(100, 20, 30, 30));
	assert_true(answered_after_read(100, 100, 400, 0));
	assert_true(answered_after_read(100, 300, 400, 0));
}

static void short_read_reveals_that_the_file_shrank(void **state)
{
	(void)state;
	assert_false(answered_after_read(100, 0, 400, 50));
	assert_false(answered_after_read(100, 50, 400, 0));
}

static void read_reveals_that_the_file_grew(void **state)
{
	(void)state;
	assert_false(answered_after_read(100, 0, 400, 200));
	assert_false(answered_after_read(100, 0, 300, 300));
}

static void attributes_asked_before_a_read_die_when_they_come_after_it(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(60), req = req_read(60, 0, 400);
	struct fuse_attr_out old = fake_attr(60, 100);

	ext_param_atime = 1;
	assert_int_equal(fake_send(&slow), -ENOSYS);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer_bytes(&req, NULL, 50);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(60));
}

static void failed_read_says_nothing(void **state)
{
	(void)state;
	struct fake_req req = req_read(60, 0, 400);

	ext_param_atime = 1;
	fake_getattr_file(60);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -EIO);
	assert_true(answers_getattr(60));
}

static void unreadable_read_kills_the_attributes(void **state)
{
	(void)state;
	struct fake_req req = req_read(60, 0, 400);

	ext_param_atime = 1;
	fake_getattr_file(60);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_answer_bytes(&req, NULL, 1);
	fake_fail_reads(-1);
	assert_false(answers_getattr(60));
}

static void without_handler_every_read_changes_the_inode(void **state)
{
	(void)state;
	fake_remove("READ");
	fake_remove("READ/reply");
	ext_param_atime = 1;
	assert_changes_inode(req_read(60, 0, 100), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(strict_read_changes_the_inode),
		fake_test(relaxed_read_changes_nothing),
		fake_test(reads_that_agree_with_the_size_change_nothing),
		fake_test(short_read_reveals_that_the_file_shrank),
		fake_test(read_reveals_that_the_file_grew),
		fake_test(attributes_asked_before_a_read_die_when_they_come_after_it),
		fake_test(failed_read_says_nothing),
		fake_test(unreadable_read_kills_the_attributes),
		fake_test(without_handler_every_read_changes_the_inode),
	};

	return fake_run_tests(tests);
}
