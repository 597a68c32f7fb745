// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_listxattr.c - what LISTXATTR answers, and when it must not */
#include "fakes/fake.h"

/* Two names, each with its NUL. */
#define LIST "user.a\0user.b"

static void second_listxattr_is_answered_as_the_daemon_did(void **state)
{
	(void)state;
	struct fake_req req = req_listxattr(42, 256);

	assert_false(fake_listxattr(42, LIST, sizeof(LIST)));
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(req.ctx.out_size[0], sizeof(LIST));
	assert_memory_equal(req.out_buf[0].bytes, LIST, sizeof(LIST));
	assert_int_equal(fake_stats(FUSE_LISTXATTR).hits, 1);
	assert_quiet();
}

static void empty_list_is_an_answer(void **state)
{
	(void)state;
	struct fake_req req = req_listxattr(42, 256), query = req_listxattr(42, 0);

	assert_false(fake_listxattr(42, NULL, 0));
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(req.ctx.out_size[0], 0);
	assert_int_equal(fake_send(&query), 0);
}

static void buffer_that_is_too_small_is_erange(void **state)
{
	(void)state;
	struct fake_req req = req_listxattr(42, sizeof(LIST) - 1);

	fake_listxattr(42, LIST, sizeof(LIST));
	assert_int_equal(fake_send(&req), -ERANGE);
}

static void changes_end_the_list(void **state)
{
	(void)state;
	const __u32 changes[] = { FUSE_SETXATTR, FUSE_REMOVEXATTR, FUSE_SETATTR, FUSE_WRITE };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fake_listxattr(42, LIST, sizeof(LIST));
		assert_true(answers_listxattr(42));
		fake_change(req_plain(changes[i], 42));
		assert_false(answers_listxattr(42));
	}
	assert_quiet();
}

static void list_of_another_inode_is_not_answered(void **state)
{
	(void)state;
	fake_listxattr(42, LIST, sizeof(LIST));
	assert_false(answers_listxattr(43));
}

/* A list that is told for the first time ends values that came before it. */
static void list_and_values_that_agree_are_all_answered(void **state)
{
	(void)state;
	fake_listxattr(42, LIST, sizeof(LIST));
	fake_getxattr(42, "user.a", "value");
	fake_getxattr(42, "user.none", NULL);
	/* Nor is a beginning or an end of a name in the list. */
	fake_getxattr(42, "user.", NULL);
	fake_getxattr(42, "ser.a", NULL);
	assert_true(answers_listxattr(42));
	assert_true(answers_getxattr(42, "user.a"));
	assert_true(answers_getxattr(42, "user.none"));
}

static void attribute_that_was_listed_is_not_denied(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", NULL);
	assert_true(answers_getxattr(42, "user.a"));
	fake_listxattr(42, LIST, sizeof(LIST));
	assert_false(answers_getxattr(42, "user.a"));
}

static void list_does_not_lack_an_attribute_that_was_seen(void **state)
{
	(void)state;
	fake_listxattr(42, NULL, 0);
	fake_getxattr(42, "user.a", "value");
	assert_false(answers_listxattr(42));
	assert_true(answers_getxattr(42, "user.a"));
}

static void list_that_an_attribute_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req list = req_listxattr(42, 256);

	/* The daemon has looked, and somebody sees what came since. */
	assert_int_equal(fake_send(&list), -ENOSYS);
	fake_getxattr(42, "user.a", "value");
	fake_answer_bytes(&list, NULL, 0);
	assert_false(fake_listxattr(42, LIST, sizeof(LIST)));
}

/* A list without names has a row, which FORGET ended, when both are asked for. */
static void send_beside_a_dead_row(struct fake_req *first, struct fake_req *second)
{
	fake_listxattr(42, NULL, 0);
	fake_forget(42);
	assert_int_equal(fake_send(first), -ENOSYS);
	assert_int_equal(fake_send(second), -ENOSYS);
}

/* The row of a list that FORGET ended agrees with the value, and says nothing of a list under way. */
static void list_under_way_is_overtaken_by_a_value_that_a_dead_row_agrees_with(void **state)
{
	(void)state;
	struct fake_req list = req_listxattr(42, 256), value = req_getxattr(42, "user.a", 64);

	/* The daemon saw the attribute for the list, and no longer for the value. */
	send_beside_a_dead_row(&list, &value);
	fake_fail(&value, -ENODATA);
	fake_answer_bytes(&list, LIST, sizeof(LIST));
	assert_false(answers_listxattr(42));
	/* Asked anew it may be stored. */
	fake_listxattr(42, NULL, 0);
	assert_true(answers_listxattr(42));
	assert_quiet();
}

/* The same the other way round: the list is the same as before, and tells no value so. */
static void value_under_way_is_overtaken_by_a_list_that_is_known(void **state)
{
	(void)state;
	struct fake_req list = req_listxattr(42, 256), value = req_getxattr(42, "user.a", 64);

	send_beside_a_dead_row(&value, &list);
	fake_answer_bytes(&list, NULL, 0);
	fake_answer_bytes(&value, "value", 5);
	assert_false(answers_getxattr(42, "user.a"));
	assert_quiet();
}

static void attribute_that_came_back_ends_the_list_again(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	fake_listxattr(42, NULL, 0);
	assert_false(fake_getxattr(42, "user.a", "value"));
	assert_false(answers_listxattr(42));
}

static void list_that_a_write_ended_is_confirmed_and_ends_nothing(void **state)
{
	(void)state;
	struct fake_req query = req_listxattr(42, 0);
	struct fuse_getxattr_out size = { .size = sizeof(LIST) };

	fake_listxattr(42, LIST, sizeof(LIST));
	fake_getxattr(42, "user.none", NULL);
	fake_change(req_write(42));
	assert_int_equal(fake_send(&query), -ENOSYS);
	fake_answer_bytes(&query, &size, sizeof(size));
	assert_false(fake_listxattr(42, LIST, sizeof(LIST)));
	assert_true(answers_getxattr(42, "user.none"));
}

static void size_of_another_list_ends_the_values(void **state)
{
	(void)state;
	struct fake_req query = req_listxattr(42, 0);
	struct fuse_getxattr_out size = { .size = sizeof(LIST) + 8 };

	fake_listxattr(42, LIST, sizeof(LIST));
	fake_getxattr(42, "user.none", NULL);
	fake_change(req_write(42));
	fake_send(&query);
	fake_answer_bytes(&query, &size, sizeof(size));
	assert_false(answers_getxattr(42, "user.none"));
	assert_false(answers_listxattr(42));
}

static void long_name_that_is_seen_ends_the_list(void **state)
{
	(void)state;
	fake_listxattr(42, LIST, sizeof(LIST));
	fake_getxattr(42, "user.a_name_that_is_far_too_long_for_a_row", "value");
	assert_false(answers_listxattr(42));
}

static void unreadable_request_or_reply_is_not_answered(void **state)
{
	(void)state;
	struct fake_req req = req_listxattr(42, 256);

	fake_listxattr(42, LIST, sizeof(LIST));
	fake_fail_reads(IN_PARAM_0_VALUE);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer_bytes(&req, LIST, sizeof(LIST));
	fake_fail_reads(-1);
	assert_false(answers_listxattr(42));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(second_listxattr_is_answered_as_the_daemon_did),
		fake_test(empty_list_is_an_answer),
		fake_test(buffer_that_is_too_small_is_erange),
		fake_test(changes_end_the_list),
		fake_test(list_of_another_inode_is_not_answered),
		fake_test(list_and_values_that_agree_are_all_answered),
		fake_test(attribute_that_was_listed_is_not_denied),
		fake_test(list_does_not_lack_an_attribute_that_was_seen),
		fake_test(list_that_an_attribute_overtook_is_not_answered),
		fake_test(list_under_way_is_overtaken_by_a_value_that_a_dead_row_agrees_with),
		fake_test(value_under_way_is_overtaken_by_a_list_that_is_known),
		fake_test(attribute_that_came_back_ends_the_list_again),
		fake_test(list_that_a_write_ended_is_confirmed_and_ends_nothing),
		fake_test(size_of_another_list_ends_the_values),
		fake_test(long_name_that_is_seen_ends_the_list),
		fake_test(unreadable_request_or_reply_is_not_answered),
	};

	return fake_run_tests(tests);
}
