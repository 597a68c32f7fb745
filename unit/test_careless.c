// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * test_careless.c - whatever handlers leave out, nothing that is answered is
 * older than a change: the handlers of unit/careless in place of the built-in ones
 */
#include "names_test.h"

static int careless_setup(void **state)
{
	int err = fake_setup(state);

	fake_tolerate();
	return err;
}

#define careless_test(function) \
	fake_test_on_host_with(function, careless_setup, "asks the store itself, past its handlers")

/* Rows come from the daemon's fills, since the handlers that would store replies are careless. */
static void know_attr(__u64 nodeid)
{
	struct fuse_entry_out entry = fake_entry(nodeid, 1);
	__u64 token = ext_seq;

	assert_int_equal(fake_fill_attr(token, nodeid, &entry), 0);
}

static bool has_attr(__u64 nodeid)
{
	struct fuse_attr_out out;

	return ext_get_attr(nodeid, &out) == EXT_FOUND;
}

static struct ext_name name_of(__u64 parent, const char *text)
{
	struct fake_req req = req_lookup(parent, text);
	struct ext_name name;

	req.in[0] = req.in_buf[0];
	assert_int_equal(ext_name_read(&req.ctx, parent, 0, &name), 0);
	return name;
}

static bool has_name(__u64 parent, const char *text)
{
	struct ext_name name = name_of(parent, text);
	struct fuse_entry_out out;

	return ext_get_entry(&name, &out) < 0;
}

static void know_no_name(__u64 parent, const char *text)
{
	assert_int_equal(fake_fill_negative(ext_seq, parent, text), 0);
	assert_true(has_name(parent, text));
}

/* The rows that a request has to end, from its request to its reply and beyond. */
static void assert_ends_attr(struct fake_req req, __u64 nodeid)
{
	know_attr(nodeid);
	assert_true(has_attr(nodeid));
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(has_attr(nodeid));
	fake_answer(&req);
	assert_false(has_attr(nodeid));
	assert_quiet();
}

static void assert_ends_name(struct fake_req req, __u64 parent, const char *name)
{
	know_no_name(parent, name);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(has_name(parent, name));
	req.out_buf[0].entry = fake_entry(50, 1);
	fake_answer(&req);
	assert_false(has_name(parent, name));
	assert_quiet();
}

static void answers_without_outputs_go_to_the_daemon(void **state)
{
	(void)state;
	struct fake_req lookup = req_lookup(DIR, "name"), getattr = req_getattr(42);

	assert_int_equal(fake_send(&lookup), -ENOSYS);
	assert_int_equal(fake_send(&getattr), -ENOSYS);
	assert_int_equal(fake_refused(), 2);
}

static void a_hit_that_was_refused_is_a_miss(void **state)
{
	(void)state;
	struct fake_req getattr = req_getattr(42);
	struct fuse_attr_out attr = fake_attr(42, 1);

	assert_int_equal(fake_send(&getattr), -ENOSYS);
	fake_answer_attr(&getattr, &attr);
	assert_int_equal(fake_stats(FUSE_GETATTR).hits, 0);
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_NOT_LIVE], 1);
}

static void a_hit_that_is_not_returned_is_a_miss(void **state)
{
	(void)state;
	assert_false(fake_getxattr(42, "user.a", "value"));
	assert_int_equal(fake_refused(), 0);
	assert_int_equal(fake_stats(FUSE_GETXATTR).hits, 0);
	assert_int_equal(fake_stats(FUSE_GETXATTR).misses[EXT_MISS_NOT_LIVE], 1);
}

static void answers_to_changes_go_to_the_daemon_and_the_changes_count(void **state)
{
	(void)state;
	assert_ends_attr(req_write(42), 42);
	assert_ends_attr(req_setattr(42), 42);
	assert_ends_attr(req_open(42, 01000), 42);
	assert_ends_attr(req_create(DIR, "name"), DIR);
	assert_int_equal(fake_refused(), 4);
	assert_ends_name(req_create(DIR, "name"), DIR, "name");
}

static void an_invented_inode_is_not_believed(void **state)
{
	(void)state;
	struct fake_req create = req_create(DIR, "name");

	know_attr(50);
	assert_int_equal(fake_send(&create), -ENOSYS);
	create.out_buf[0].entry = fake_entry(50, 1);
	fake_answer(&create);
	assert_false(has_attr(50));
	assert_false(has_name(DIR, "name"));
	assert_false(has_attr(77));
}

static void numbers_that_are_no_answer_go_to_the_daemon_and_the_changes_count(void **state)
{
	(void)state;
	assert_ends_name(req_unlink(DIR, "name", 60), DIR, "name");
	assert_ends_attr(req_unlink(DIR, "name", 60), 60);
	assert_ends_name(req_rename2(DIR, "name", 8, "new", 60, 61, 0), DIR, "name");
	assert_ends_name(req_rename2(8, "old", DIR, "name", 60, 61, 0), DIR, "name");
	assert_ends_attr(req_rename2(8, "old", DIR, "name", 60, 61, 0), 61);
	assert_int_equal(fake_refused(), 5);
}

static void changes_that_are_ignored_count(void **state)
{
	(void)state;
	assert_ends_name(req_rename(DIR, "name", 8, "new", 60, 61), DIR, "name");
	assert_ends_name(req_rename(8, "old", DIR, "name", 60, 61), DIR, "name");
	assert_ends_attr(req_rename(8, "old", DIR, "name", 60, 61), 8);
	assert_ends_name(req_link(60, DIR, "name"), DIR, "name");
	assert_ends_attr(req_link(60, DIR, "name"), 60);
}

/* It costs answers until the file system is unmounted, and nothing else. */
static void an_error_of_its_own_leaves_the_inode_to_the_daemon(void **state)
{
	(void)state;
	struct fake_req ioctl = req_plain(FUSE_IOCTL, 42);

	know_attr(42);
	know_attr(43);
	assert_int_equal(fake_send(&ioctl), -ENOTTY);
	assert_false(has_attr(42));
	assert_true(has_attr(43));
	know_attr(42);
	assert_false(has_attr(42));
}

/* The next program on this CPU finds the section open: what it told of dies. */
static void sections_left_open_cost_what_they_told_of(void **state)
{
	(void)state;
	struct fake_req getattr = req_getattr(42), lookup = req_lookup(DIR, "name");
	struct fuse_attr_out attr = fake_attr(42, 9);
	struct fuse_entry_out entry = fake_entry(60, 9);

	know_attr(42);
	fake_send(&getattr);
	fake_answer_attr(&getattr, &attr);
	assert_false(has_attr(42));
	know_no_name(DIR, "other");
	know_attr(60);
	fake_send(&lookup);
	fake_answer_entry(&lookup, &entry);
	/* There is no reply program: the dispatcher closes at once. */
	assert_int_equal(ext_scratch_get()->sec.what, 0);
	assert_false(has_attr(60));
	assert_false(has_name(DIR, "other"));
	assert_quiet();
}

static void events_that_are_ignored_count(void **state)
{
	(void)state;
	struct fake_req walk = req_readdirplus(DIR), next = req_plain(FUSE_STATFS, 1);
	struct fuse_entry_out entry = fake_entry(60, 9);

	know_attr(42);
	fake_inval_attr(42, 0x7ff);
	assert_false(has_attr(42));
	know_no_name(DIR, "name");
	fake_event(EXTFUSE_EV_INVAL_ENTRY, DIR, 0, "name");
	assert_false(has_name(DIR, "name"));
	/* Any program that runs next closes what was left. */
	assert_int_equal(fake_send(&next), -ENOSYS);
	assert_quiet();

	assert_int_equal(fake_send(&walk), -ENOSYS);
	fake_answer(&walk);
	know_attr(60);
	know_no_name(DIR, "name");
	fake_direntplus(&walk, "name", &entry);
	assert_false(has_attr(60));
	assert_false(has_name(DIR, "name"));

	know_attr(43);
	fake_forget(43);
	assert_false(has_attr(43));
	assert_quiet();
}

static void a_value_may_be_put_twice(void **state)
{
	(void)state;
	struct ext_name name = name_of(42, "user.a");
	struct ext_xattr xattr;

	assert_false(fake_getxattr(42, "user.a", "value"));
	assert_int_equal(ext_get_xattr(&name, &xattr), EXT_FOUND);
	assert_memory_equal(xattr.value, "value", 5);
	fake_change(req_plain(FUSE_SETXATTR, 42));
	assert_in_range(ext_get_xattr(&name, &xattr), 0, EXT_MISS_MAX);
	assert_quiet();
}

/* A program that never ends what it shows: the reply alone ends it, whatever program runs then. */
static void a_late_answer_of_the_daemon_is_not_stored(void **state)
{
	(void)state;
	struct fake_req lookup = req_lookup(DIR, "name"), unlink = req_unlink(DIR, "name", 60);
	struct fuse_entry_out entry = fake_entry(60, 1);

	fake_send(&lookup);
	fake_send(&unlink);
	fake_answer(&unlink);
	fake_answer_entry(&lookup, &entry);
	assert_false(has_name(DIR, "name"));
	assert_false(has_attr(60));
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		careless_test(answers_without_outputs_go_to_the_daemon),
		careless_test(a_hit_that_was_refused_is_a_miss),
		careless_test(a_hit_that_is_not_returned_is_a_miss),
		careless_test(answers_to_changes_go_to_the_daemon_and_the_changes_count),
		careless_test(an_invented_inode_is_not_believed),
		careless_test(numbers_that_are_no_answer_go_to_the_daemon_and_the_changes_count),
		careless_test(changes_that_are_ignored_count),
		careless_test(an_error_of_its_own_leaves_the_inode_to_the_daemon),
		careless_test(sections_left_open_cost_what_they_told_of),
		careless_test(events_that_are_ignored_count),
		careless_test(a_value_may_be_put_twice),
		careless_test(a_late_answer_of_the_daemon_is_not_stored),
	};

	return fake_run_tests(tests);
}
