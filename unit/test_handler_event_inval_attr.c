// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_event_inval_attr.c - which attributes the driver's own invalidation ends */
#include "fakes/fake.h"

#define ATIME 0x20U
#define MTIME 0x40U
#define BLOCKS 0x400U

static void stale_attributes_are_not_answered(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_inval_attr(42, MTIME);
	assert_false(answers_getattr(42));
	assert_quiet();
}

/* What read it is judged by its request (test_dispatch.c). */
static void stale_atime_alone_does_not_count(void **state)
{
	(void)state;
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		ext_param_atime = relaxed;
		fake_getattr_file(42);
		fake_inval_attr(42, ATIME);
		assert_true(answers_getattr(42));
		fake_inval_attr(42, ATIME | MTIME);
		assert_false(answers_getattr(42));
	}
	assert_quiet();
}

/* As after FLUSH with write-back; FLUSH itself is another matter (test_dispatch.c). */
static void distrust_of_the_drivers_own_count_of_blocks_is_harmless(void **state)
{
	(void)state;
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		ext_param_atime = relaxed;
		fake_getattr_file(42);
		fake_inval_attr(42, BLOCKS);
		assert_true(answers_getattr(42));
		fake_inval_attr(42, BLOCKS | MTIME);
		assert_false(answers_getattr(42));
	}
	assert_quiet();
}

static void without_handler_the_same_counts(void **state)
{
	(void)state;
	fake_remove("event/INVAL_ATTR");
	fake_getattr_file(42);
	fake_inval_attr(42, ATIME);
	assert_true(answers_getattr(42));
	fake_inval_attr(42, MTIME);
	assert_false(answers_getattr(42));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(stale_attributes_are_not_answered),
		fake_test(stale_atime_alone_does_not_count),
		fake_test(distrust_of_the_drivers_own_count_of_blocks_is_harmless),
		fake_test(without_handler_the_same_counts),
	};

	return fake_run_tests(tests);
}
