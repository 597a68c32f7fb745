// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_getattr.c - what GETATTR answers, and when it must not */
#include "fakes/fake.h"

static void second_getattr_is_answered_as_the_daemon_did(void **state)
{
	(void)state;
	struct fuse_attr_out attr = fake_attr(42, 77);
	struct fake_req req = req_getattr(42);

	assert_false(fake_getattr(42, &attr));
	assert_int_equal(fake_send(&req), 0);
	assert_memory_equal(&req.out_buf[0].attr, &attr, sizeof(attr));
	assert_int_equal(fake_stats(FUSE_GETATTR).hits, 1);
	assert_quiet();
}

static void other_inodes_are_not_answered(void **state)
{
	(void)state;
	fake_getattr_file(42);
	assert_false(answers_getattr(43));
}

static void inode_on_the_same_stripe_is_not_mistaken(void **state)
{
	(void)state;
	fake_getattr_file(42);
	for (__u64 nodeid = 43; nodeid < 200000; nodeid++)
		if (ext_inode_index(nodeid) == ext_inode_index(42)) {
			assert_false(answers_getattr(nodeid));
			return;
		}
	fail();
}

static void reply_that_a_write_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(42);
	struct fuse_attr_out old = fake_attr(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_change(req_write(42));
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void what_was_seen_does_not_go_back_when_replies_overtake_each_other(void **state)
{
	(void)state;
	struct fake_req slow = req_getattr(42), fast = req_getattr(42);
	struct fuse_attr_out old = fake_attr(42, 1), new = fake_attr(42, 2);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	assert_int_equal(fake_send(&fast), -ENOSYS);
	fake_answer_attr(&fast, &new);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

/* The driver would refuse them, from the daemon and from us. */
static void attributes_that_the_driver_refuses_are_not_stored(void **state)
{
	static const __u32 modes[] = { 0, 0644, 0030644, 0160000, 0170000 };
	struct fuse_attr_out attr = fake_attr(42, 77);

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		attr.attr.mode = modes[i];
		fake_getattr(42, &attr);
		assert_false(answers_getattr(42));
	}
	attr = fake_attr(42, 1ULL << 63);
	attr.attr.size = 1ULL << 63;
	fake_getattr(42, &attr);
	assert_false(answers_getattr(42));
	/* What was there before is not believed either. */
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
	ext_epoch = 0;
	attr.attr.mode = 0;
	fake_getattr(42, &attr);
	ext_epoch = 1;
	assert_false(answers_getattr(42));
}

static void error_kills_the_row(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(42);

	fake_getattr_file(42);
	ext_epoch = 0;
	assert_int_equal(fake_send(&req), -ENOSYS);
	ext_epoch = 1;
	fake_fail(&req, -ENOENT);
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void row_that_could_not_be_stored_leaves_no_older_one(void **state)
{
	(void)state;
	struct fuse_attr_out two = fake_attr(42, 2);

	fake_getattr_file(42);
	two.attr.nlink = 2;
	ext_epoch = 0;
	fake_getattr(42, &two);
	ext_epoch = 1;
	assert_false(answers_getattr(42));
}

static void unreadable_reply_kills_the_row(void **state)
{
	(void)state;
	fake_getattr_file(42);
	ext_epoch = 0;
	fake_fail_reads(OUT_PARAM_0);
	fake_getattr_file(42);
	fake_fail_reads(-1);
	ext_epoch = 1;
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void missing_reply_handler_kills_the_row(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_remove("GETATTR/reply");
	ext_epoch = 0;
	fake_getattr_file(42);
	ext_epoch = 1;
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void torn_row_is_a_miss(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_tear_rows();
	assert_false(answers_getattr(42));
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_TORN], 1);
	/* It heals. */
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
}

static void forgotten_inode_is_not_answered(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_forget(42);
	assert_false(answers_getattr(42));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(second_getattr_is_answered_as_the_daemon_did),
		fake_test(other_inodes_are_not_answered),
		fake_test(inode_on_the_same_stripe_is_not_mistaken),
		fake_test(reply_that_a_write_overtook_is_not_answered),
		fake_test(what_was_seen_does_not_go_back_when_replies_overtake_each_other),
		fake_test(attributes_that_the_driver_refuses_are_not_stored),
		fake_test(error_kills_the_row),
		fake_test(row_that_could_not_be_stored_leaves_no_older_one),
		fake_test(unreadable_reply_kills_the_row),
		fake_test(missing_reply_handler_kills_the_row),
		fake_test(torn_row_is_a_miss),
		fake_test(forgotten_inode_is_not_answered),
	};

	return fake_run_tests(tests);
}
