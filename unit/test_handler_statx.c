// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_statx.c - the daemon's STATX replies win over rows */
#include "fakes/fake.h"

static void statx_reply_kills_an_older_row(void **state)
{
	(void)state;
	struct fake_req req = req_statx(42);

	fake_getattr_file(42);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer(&req);
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void statx_reply_kills_what_was_asked_before_it(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(42), req = req_statx(42);
	struct fuse_attr_out old = fake_attr(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer(&req);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void statx_is_never_answered(void **state)
{
	(void)state;
	struct fake_req req = req_statx(42);

	fake_getattr_file(42);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_int_equal(fake_stats(FUSE_STATX).misses[EXT_MISS_ABSENT], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(statx_reply_kills_an_older_row),
		fake_test(statx_reply_kills_what_was_asked_before_it),
		fake_test(statx_is_never_answered),
	};

	return fake_run_tests(tests);
}
