// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_getxattr.c - what GETXATTR answers, with which size, and when it must not */
#include "fakes/fake.h"

#define CAPS "security.capability"

static void second_getxattr_is_answered_as_the_daemon_did(void **state)
{
	(void)state;
	struct fake_req req = req_getxattr(42, "user.a", 256);

	assert_false(fake_getxattr(42, "user.a", "value"));
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(req.ctx.out_size[0], 5);
	assert_memory_equal(req.out_buf[0].bytes, "value", 5);
	assert_int_equal(fake_stats(FUSE_GETXATTR).hits, 1);
	assert_quiet();
}

static void missing_attribute_is_answered_with_enodata(void **state)
{
	(void)state;
	struct fake_req req = req_getxattr(42, "user.none", 0);

	assert_false(fake_getxattr(42, "user.none", NULL));
	assert_int_equal(fake_send(&req), -ENODATA);
	assert_int_equal(fake_stats(FUSE_GETXATTR).negative_hits, 1);
	assert_quiet();
}

static void empty_value_is_a_value(void **state)
{
	(void)state;
	struct fake_req req = req_getxattr(42, "user.a", 16);

	fake_getxattr(42, "user.a", "");
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(req.ctx.out_size[0], 0);
}

static void question_for_the_size_is_answered_with_the_size(void **state)
{
	(void)state;
	struct fake_req req = req_getxattr(42, "user.a", 0);
	struct fuse_getxattr_out out;

	fake_getxattr(42, "user.a", "12345");
	assert_int_equal(fake_send(&req), 0);
	memcpy(&out, req.out_buf[0].bytes, sizeof(out));
	assert_int_equal(out.size, 5);
	assert_int_equal(out.padding, 0);
}

static void buffer_that_is_too_small_is_erange(void **state)
{
	(void)state;
	struct fake_req small = req_getxattr(42, "user.a", 4),
			exact = req_getxattr(42, "user.a", 5);

	fake_getxattr(42, "user.a", "12345");
	assert_int_equal(fake_send(&small), -ERANGE);
	assert_int_equal(fake_send(&exact), 0);
}

static void longest_value_is_answered_and_a_longer_one_is_not(void **state)
{
	(void)state;
	char value[EXT_XATTR_MAX + 2];

	memset(value, 'x', sizeof(value));
	value[EXT_XATTR_MAX] = '\0';
	fake_getxattr(42, "user.a", value);
	assert_true(answers_getxattr(42, "user.a"));
	value[EXT_XATTR_MAX] = 'x';
	value[EXT_XATTR_MAX + 1] = '\0';
	fake_getxattr(42, "user.b", value);
	assert_false(answers_getxattr(42, "user.b"));
	assert_quiet();
}

static void value_that_became_too_long_leaves_no_older_one(void **state)
{
	(void)state;
	char value[EXT_XATTR_MAX + 2];

	memset(value, 'x', sizeof(value) - 1);
	value[EXT_XATTR_MAX + 1] = '\0';
	fake_getxattr(42, "user.a", "short");
	ext_epoch = 0;
	fake_getxattr(42, "user.a", value);
	ext_epoch = 1;
	assert_false(answers_getxattr(42, "user.a"));
}

static void other_names_and_inodes_are_not_answered(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	assert_false(answers_getxattr(42, "user.b"));
	assert_false(answers_getxattr(43, "user.a"));
	assert_false(answers_listxattr(42));
}

static void names_without_room_in_a_row_are_not_answered(void **state)
{
	(void)state;
	const char *name = "user.a_name_that_is_far_too_long_for_a_row";

	fake_getxattr(42, name, "value");
	assert_false(answers_getxattr(42, name));
	assert_int_equal(fake_rows(), 0);
	assert_quiet();
}

static void every_change_of_the_inode_ends_a_value(void **state)
{
	(void)state;
	const __u32 changes[] = { FUSE_SETATTR, FUSE_SETXATTR,	FUSE_REMOVEXATTR, FUSE_WRITE,
				  FUSE_IOCTL,	FUSE_FALLOCATE, FUSE_SETUPMAPPING };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		fake_getxattr(42, CAPS, "caps");
		assert_true(answers_getxattr(42, CAPS));
		fake_change(req_plain(changes[i], 42));
		assert_false(answers_getxattr(42, CAPS));
	}
	assert_quiet();
}

static void missing_attribute_survives_write_and_read(void **state)
{
	(void)state;
	fake_getxattr(42, CAPS, NULL);
	fake_change(req_write(42));
	fake_change(req_read(42, 0, 10));
	fake_change(req_plain(FUSE_FLUSH, 42));
	fake_change(req_plain(FUSE_RELEASE, 42));
	fake_inval_attr(42, ~0U);
	assert_true(answers_getxattr(42, CAPS));
}

static void missing_attribute_is_answered_while_a_write_is_in_flight(void **state)
{
	(void)state;
	struct fake_req write = req_write(42);

	fake_getxattr(42, CAPS, NULL);
	fake_getxattr(42, "user.a", "value");
	fake_send(&write);
	assert_true(answers_getxattr(42, CAPS));
	assert_false(answers_getxattr(42, "user.a"));
	fake_answer(&write);
}

static void missing_attribute_dies_with_what_may_add_it(void **state)
{
	(void)state;
	const __u32 changes[] = { FUSE_SETXATTR, FUSE_REMOVEXATTR,  FUSE_SETATTR,   FUSE_IOCTL,
				  FUSE_SYNCFS,	 FUSE_SETUPMAPPING, EXT_OPCODES - 1 };

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct fake_req change = req_plain(changes[i], 42);

		fake_getxattr(42, CAPS, NULL);
		assert_true(answers_getxattr(42, CAPS));
		fake_send(&change);
		assert_false(answers_getxattr(42, CAPS));
		fake_answer(&change);
		assert_false(answers_getxattr(42, CAPS));
	}
	assert_quiet();
}

static void setxattr_of_another_inode_disturbs_nobody(void **state)
{
	(void)state;
	fake_getxattr(42, CAPS, NULL);
	fake_getxattr(42, "user.a", "value");
	fake_getattr_file(42);
	fake_change(req_plain(FUSE_SETXATTR, 43));
	assert_true(answers_getxattr(42, CAPS));
	assert_true(answers_getxattr(42, "user.a"));
	assert_true(answers_getattr(42));
}

static void reply_that_a_setxattr_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_getxattr(42, "user.a", 16);

	fake_send(&slow);
	fake_change(req_plain(FUSE_SETXATTR, 42));
	fake_answer_bytes(&slow, "old", 3);
	assert_false(answers_getxattr(42, "user.a"));
}

static void enodata_that_a_setxattr_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_getxattr(42, "user.a", 16);

	fake_send(&slow);
	fake_change(req_plain(FUSE_SETXATTR, 42));
	fake_fail(&slow, -ENODATA);
	assert_false(answers_getxattr(42, "user.a"));
}

static void what_was_seen_does_not_go_back_when_replies_overtake_each_other(void **state)
{
	(void)state;
	struct fake_req slow = req_getxattr(42, "user.a", 16),
			fast = req_getxattr(42, "user.a", 16);

	fake_send(&slow);
	fake_send(&fast);
	fake_answer_bytes(&fast, "new", 3);
	fake_answer_bytes(&slow, "old", 3);
	assert_false(answers_getxattr(42, "user.a"));
}

static void size_alone_and_errors_end_the_row(void **state)
{
	(void)state;
	const int errors[] = { 0, -ERANGE, -EACCES, -EOPNOTSUPP };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct fake_req req = req_getxattr(42, "user.a", 0);

		fake_getxattr(42, "user.a", "value");
		ext_epoch = 0;
		fake_send(&req);
		ext_epoch = 1;
		if (errors[i])
			fake_fail(&req, errors[i]);
		else
			fake_answer(&req);
		assert_false(answers_getxattr(42, "user.a"));
	}
	assert_quiet();
}

static void attributes_are_not_disturbed_by_replies_about_extended_ones(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_lookup_file(7, "f", 42);
	fake_getxattr(42, "user.a", "value");
	fake_getxattr(42, "user.b", NULL);
	assert_true(answers_getattr(42));
	assert_true(answers_lookup(7, "f"));
	/* Nor do two names of one inode disturb each other. */
	assert_true(answers_getxattr(42, "user.a"));
}

static void missing_handler_leaves_no_older_row(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "old");
	fake_remove("GETXATTR/reply");
	ext_epoch = 0;
	fake_getxattr(42, "user.a", "new");
	ext_epoch = 1;
	assert_false(answers_getxattr(42, "user.a"));
	assert_quiet();
}

static void unreadable_reply_ends_the_row(void **state)
{
	(void)state;
	const int args[] = { IN_PARAM_0_VALUE, IN_PARAM_1_VALUE, OUT_PARAM_0 };

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		struct fake_req req = req_getxattr(42, "user.a", 16);

		fake_getxattr(42, "user.a", "old");
		ext_epoch = 0;
		fake_send(&req);
		fake_fail_reads(args[i]);
		fake_answer_bytes(&req, "new", 3);
		fake_fail_reads(-1);
		ext_epoch = 1;
		assert_false(answers_getxattr(42, "user.a"));
	}
	assert_quiet();
}

static void unreadable_request_is_an_error(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	fake_fail_reads(IN_PARAM_1_VALUE);
	assert_false(answers_getxattr(42, "user.a"));
	fake_fail_reads(-1);
	assert_int_equal(fake_stats(FUSE_GETXATTR).misses[EXT_MISS_ERROR], 1);
}

static void torn_row_is_a_miss(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	fake_tear_rows();
	assert_false(answers_getxattr(42, "user.a"));
	assert_int_equal(fake_stats(FUSE_GETXATTR).misses[EXT_MISS_TORN], 1);
}

static void reused_nodeid_has_none_of_the_old_rows(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	fake_getxattr(42, CAPS, NULL);
	fake_forget(42);
	assert_false(answers_getxattr(42, "user.a"));
	assert_false(answers_getxattr(42, CAPS));
}

static void notification_ends_both_kinds(void **state)
{
	(void)state;
	fake_getxattr(42, "user.a", "value");
	fake_getxattr(42, CAPS, NULL);
	fake_event(EXTFUSE_EV_INVAL_INODE, 42, 0, NULL);
	assert_false(answers_getxattr(42, "user.a"));
	assert_false(answers_getxattr(42, CAPS));
	fake_getxattr(42, CAPS, NULL);
	fake_inval_inode(42);
	assert_false(answers_getxattr(42, CAPS));
	assert_quiet();
}

static void estale_ends_both_kinds(void **state)
{
	(void)state;
	struct fake_req req = req_plain(FUSE_ACCESS, 42);

	fake_getxattr(42, "user.a", "value");
	fake_getxattr(42, CAPS, NULL);
	fake_send(&req);
	fake_fail(&req, -ESTALE);
	assert_false(answers_getxattr(42, "user.a"));
	assert_false(answers_getxattr(42, CAPS));
}

static void copy_into_an_inode_ends_its_values(void **state)
{
	(void)state;
	fake_getxattr(42, CAPS, "caps");
	fake_change(req_copy_file_range(41, 42));
	assert_false(answers_getxattr(42, CAPS));
	assert_quiet();
}

static void full_map_refuses_and_reclaims(void **state)
{
	(void)state;
	fake_limit(2);
	fake_getxattr(1, "user.a", "1");
	fake_getxattr(2, "user.a", NULL);
	fake_getxattr(3, "user.a", "3");
	assert_true(answers_getxattr(1, "user.a"));
	assert_false(answers_getxattr(3, "user.a"));
	assert_int_equal(fake_stats(FUSE_GETXATTR).misses[EXT_MISS_FULL], 1);
	/* A write ends a value, not that there is none. */
	fake_change(req_write(1));
	fake_change(req_write(2));
	fake_getxattr(3, "user.a", "3");
	assert_true(answers_getxattr(3, "user.a"));
	assert_true(answers_getxattr(2, "user.a"));
}

static void daemon_that_fills_by_itself_is_asked_each_time(void **state)
{
	(void)state;
	ext_fill = 1;
	fake_getxattr(42, "user.a", "value");
	assert_false(answers_getxattr(42, "user.a"));
	ext_fill = 0;
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(second_getxattr_is_answered_as_the_daemon_did),
		fake_test(missing_attribute_is_answered_with_enodata),
		fake_test(empty_value_is_a_value),
		fake_test(question_for_the_size_is_answered_with_the_size),
		fake_test(buffer_that_is_too_small_is_erange),
		fake_test(longest_value_is_answered_and_a_longer_one_is_not),
		fake_test(value_that_became_too_long_leaves_no_older_one),
		fake_test(other_names_and_inodes_are_not_answered),
		fake_test(names_without_room_in_a_row_are_not_answered),
		fake_test(every_change_of_the_inode_ends_a_value),
		fake_test(missing_attribute_survives_write_and_read),
		fake_test(missing_attribute_is_answered_while_a_write_is_in_flight),
		fake_test(missing_attribute_dies_with_what_may_add_it),
		fake_test(setxattr_of_another_inode_disturbs_nobody),
		fake_test(reply_that_a_setxattr_overtook_is_not_answered),
		fake_test(enodata_that_a_setxattr_overtook_is_not_answered),
		fake_test(what_was_seen_does_not_go_back_when_replies_overtake_each_other),
		fake_test(size_alone_and_errors_end_the_row),
		fake_test(attributes_are_not_disturbed_by_replies_about_extended_ones),
		fake_test(missing_handler_leaves_no_older_row),
		fake_test(unreadable_reply_ends_the_row),
		fake_test(unreadable_request_is_an_error),
		fake_test(torn_row_is_a_miss),
		fake_test(reused_nodeid_has_none_of_the_old_rows),
		fake_test(notification_ends_both_kinds),
		fake_test(estale_ends_both_kinds),
		fake_test(copy_into_an_inode_ends_its_values),
		fake_test(full_map_refuses_and_reclaims),
		fake_test(daemon_that_fills_by_itself_is_asked_each_time),
	};

	return fake_run_tests(tests);
}
