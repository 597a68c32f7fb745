// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_forget.c - FORGET ends what its nodeid meant */
#include "fakes/fake.h"

static void forget_ends_the_attributes_and_frees_their_row(void **state)
{
	(void)state;
	fake_getattr_file(42);
	assert_int_equal(fake_rows(), 1);
	fake_forget(42);
	assert_int_equal(fake_rows(), 0);
	assert_false(answers_getattr(42));
}

static void forget_ends_names_in_and_of_the_inode(void **state)
{
	(void)state;
	fake_lookup_file(42, "below", 43);
	fake_lookup_none(42, "none");
	fake_lookup_file(1, "it", 42);
	fake_forget(42);
	assert_false(answers_lookup(42, "below"));
	assert_false(answers_lookup(42, "none"));
	assert_false(answers_lookup(1, "it"));
	assert_quiet();
}

static void attributes_asked_before_a_forget_are_not_answered_after_it(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(42);
	struct fuse_attr_out old = fake_attr(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_forget(42);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void without_handler_forget_ends_the_same(void **state)
{
	(void)state;
	fake_remove("event/FORGET");
	fake_getattr_file(42);
	fake_lookup_none(42, "none");
	fake_forget(42);
	assert_false(answers_getattr(42));
	assert_false(answers_lookup(42, "none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(forget_ends_the_attributes_and_frees_their_row),
		fake_test(forget_ends_names_in_and_of_the_inode),
		fake_test(attributes_asked_before_a_forget_are_not_answered_after_it),
		fake_test(without_handler_forget_ends_the_same),
	};

	return fake_run_tests(tests);
}
