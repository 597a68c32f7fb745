// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_never.c - nothing is ever answered, and nothing kept */
#include "fakes/fake.h"

static void nothing_is_answered_or_stored(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(43, 1);
	struct fake_req walk = req_readdirplus(1);

	for (int i = 0; i < 2; i++) {
		assert_false(fake_lookup_file(1, "file", 42));
		assert_false(fake_getattr_file(42));
		assert_false(fake_lookup_none(1, "none"));
	}
	assert_int_equal(fake_send(&walk), -ENOSYS);
	fake_answer(&walk);
	fake_direntplus(&walk, "entry", &entry);
	assert_int_equal(fake_fill_entry(ext_seq, 1, "entry", &entry), -EAGAIN);
	assert_false(answers_lookup(1, "entry"));
	assert_int_equal(fake_rows(), 0);
	assert_quiet();
}

static void every_request_is_counted_as_a_miss(void **state)
{
	(void)state;
	fake_lookup_file(1, "file", 42);
	fake_lookup_file(1, "file", 42);
	fake_change(req_write(42));
	assert_int_equal(fake_stats(FUSE_LOOKUP).requests, 2);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_ABSENT], 2);
	assert_int_equal(fake_stats(FUSE_LOOKUP).stores, 0);
	assert_int_equal(fake_stats(FUSE_WRITE).requests, 1);
}

/* There is nothing to keep coherent, so nothing is closed, raised or opened. */
static void changes_begin_nothing(void **state)
{
	(void)state;
	struct fake_req write = req_write(42);
	struct fake_req setattr = req_setattr(42);
	__u64 seq = ext_seq;

	assert_int_equal(fake_send(&write), -ENOSYS);
	assert_int_equal(fake_send(&setattr), -ENOSYS);
	assert_quiet();
	fake_answer(&write);
	fake_answer(&setattr);
	assert_quiet();
	assert_true(ext_seq == seq);
	assert_int_equal(fake_stats(FUSE_WRITE).invalidations, 0);
	assert_int_equal(fake_stats(FUSE_WRITE).errors, 0);
}

static void extended_attributes_and_statx_are_not_kept_either(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_false(fake_getxattr(42, "user.a", "value"));
		assert_false(fake_getxattr(42, "user.none", NULL));
		assert_false(fake_listxattr(42, "user.a", 7));
		fake_change(req_statx(42));
	}
	assert_int_equal(fake_stats(FUSE_GETXATTR).misses[EXT_MISS_ABSENT], 4);
	assert_int_equal(fake_rows(), 0);
	assert_quiet();
}

static void withdrawn_request_counts_once(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(1, "file");

	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, EXTFUSE_WITHDRAWN);
	assert_int_equal(fake_stats(FUSE_LOOKUP).requests, 0);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_ABSENT], 0);
}

/* Without a handler in any slot the dispatcher leaves no cookie, and counts the same. */
static void requests_are_counted_where_there_is_no_handler(void **state)
{
	(void)state;
	struct fake_req read = req_getattr(42), failed = req_getattr(42);

	ext_idle = EXT_COUNTS_ALONE;
	assert_int_equal(fake_send(&read), -ENOSYS);
	assert_int_equal(read.ctx.cookie[1], 0);
	fake_answer(&read);
	assert_int_equal(fake_send(&failed), -ENOSYS);
	fake_fail(&failed, -EIO);
	assert_int_equal(fake_stats(FUSE_GETATTR).requests, 2);
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_ABSENT], 2);
	assert_int_equal(fake_send(&read), -ENOSYS);
	fake_fail(&read, EXTFUSE_WITHDRAWN);
	assert_int_equal(fake_stats(FUSE_GETATTR).requests, 2);
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_ABSENT], 2);
	assert_quiet();
}

/* Nothing is kept, so nothing that the driver does can end it. */
static void no_event_is_wanted_without_a_handler(void **state)
{
	(void)state;
	for (__u32 event = EXTFUSE_EV_ATTACH; event < EXTFUSE_EV_MAX; event++)
		assert_false(fake_wants(event));
}

extern const char ext_progs[];
static int replies_seen;

static int sees_replies(struct extfuse_req *ctx)
{
	assert_int_equal(ctx->phase, EXTFUSE_REPLY);
	replies_seen++;
	return -ENOSYS;
}

/* A reply is still its handler's: of a request that succeeded, failed, or began before the attach. */
static void handlers_of_authors_see_replies(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(42), failed = req_getattr(42), unseen = req_getattr(42);
	struct fake_req unknown = req_getattr(42);

	replies_seen = 0;
	fake_set_program(ext_progs, fake_slot("GETATTR/reply"), sees_replies);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer(&req);
	assert_int_equal(replies_seen, 1);
	assert_int_equal(fake_send(&failed), -ENOSYS);
	fake_fail(&failed, -EIO);
	assert_int_equal(replies_seen, 2);
	fake_answer(&unseen);
	assert_int_equal(replies_seen, 3);
	unknown.ctx.opcode = EXT_OPCODES;
	assert_int_equal(fake_send(&unknown), -ENOSYS);
	fake_answer(&unknown);
	assert_int_equal(replies_seen, 3);
}

static int answers(struct extfuse_req *ctx)
{
	struct fuse_entry_out entry = fake_entry(42, 1);

	if (bpf_extfuse_write_args(ctx, OUT_PARAM_0, &entry, sizeof(entry)) < 0)
		return -ENOSYS;
	return ext_hit(ctx);
}

/* The driver asked the daemon after all, since the inode was no longer there. */
static void answer_that_was_not_taken_is_a_miss(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(1, "file");

	fake_set_program(ext_progs, fake_slot("LOOKUP"), answers);
	assert_int_equal(fake_send(&req), 0);
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 1);
	fake_answer(&req);
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 0);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_NOT_LIVE], 1);
}

static void every_hook_says_no(void **state)
{
	(void)state;
	__u64 mark = 5, now = 0;

	assert_false(ext_policy_active());
	assert_false(ext_policy_store(EXT_KIND_ATTR, &mark));
	assert_int_equal(mark, 0);
	assert_int_equal(ext_policy_fresh(EXT_KIND_ENTRY, mark, &now), 0);
	assert_false(ext_policy_remove());
	assert_int_equal(ext_policy_shape(), EXT_SHAPE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(nothing_is_answered_or_stored),
		fake_test(every_request_is_counted_as_a_miss),
		fake_test(changes_begin_nothing),
		fake_test(withdrawn_request_counts_once),
		fake_test(no_event_is_wanted_without_a_handler),
		fake_test_on_host(requests_are_counted_where_there_is_no_handler,
				  "sets what the loader sets before loading"),
		fake_test_on_host(handlers_of_authors_see_replies, "puts a function into a slot"),
		fake_test_on_host(answer_that_was_not_taken_is_a_miss,
				  "puts a function into a slot"),
		fake_test(extended_attributes_and_statx_are_not_kept_either),
		fake_test_on_host(every_hook_says_no, "calls functions of the program"),
	};

	return fake_run_tests(tests);
}
