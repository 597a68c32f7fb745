// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_event_inval_inode.c - which rows the event INVAL_INODE ends */
#include "fakes/fake.h"

static void inval_inode_ends_its_inodes_attributes(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_getattr_file(43);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	assert_false(answers_getattr(42));
	assert_true(answers_getattr(43));
	assert_quiet();
}

static void attributes_asked_before_inval_inode_are_not_answered_after_it(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(42);
	struct fuse_attr_out old = fake_attr(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void names_stay(void **state)
{
	(void)state;
	fake_lookup_file(42, "below", 43);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	assert_true(answers_lookup(42, "below"));
}

static void without_handler_inval_inode_ends_the_same(void **state)
{
	(void)state;
	fake_remove("event/INVAL_INODE");
	fake_getattr_file(42);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	assert_false(answers_getattr(42));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(inval_inode_ends_its_inodes_attributes),
		fake_test(attributes_asked_before_inval_inode_are_not_answered_after_it),
		fake_test(names_stay),
		fake_test(without_handler_inval_inode_ends_the_same),
	};

	return fake_run_tests(tests);
}
