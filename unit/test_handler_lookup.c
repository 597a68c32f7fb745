// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_lookup.c - what LOOKUP answers, and when it must not */
#include "fakes/fake.h"

#define ROOT 1

static struct fuse_entry_out answer_of(const char *name)
{
	struct fake_req req = req_lookup(ROOT, name);

	assert_int_equal(fake_send(&req), 0);
	return req.out_buf[0].entry;
}

static void second_lookup_is_answered_as_the_daemon_did(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 77), answer;

	entry.attr_valid_nsec = 5;
	assert_false(fake_lookup(ROOT, "file", &entry));
	answer = answer_of("file");
	assert_memory_equal(&answer, &entry, sizeof(entry));
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 1);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_ABSENT], 1);
	assert_quiet();
}

/* The driver would refuse them, from the daemon and from us. */
static void entries_that_the_driver_refuses_are_not_stored(void **state)
{
	struct fuse_entry_out entry = fake_entry(ROOT, 77);

	(void)state;
	fake_lookup(ROOT, "file", &entry);
	assert_false(answers_lookup(ROOT, "file"));
	entry = fake_entry(42, 77);
	entry.attr.mode = 0644;
	fake_lookup(ROOT, "file", &entry);
	assert_false(answers_lookup(ROOT, "file"));
	assert_false(answers_getattr(42));
	entry = fake_entry(42, 77);
	entry.attr.size = ~0ULL;
	fake_lookup(ROOT, "file", &entry);
	assert_false(answers_lookup(ROOT, "file"));
	entry.attr.size = 77;
	fake_lookup(ROOT, "file", &entry);
	assert_true(answers_lookup(ROOT, "file"));
}

static void other_names_and_parents_are_not_answered(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	assert_false(answers_lookup(ROOT, "fil"));
	assert_false(answers_lookup(ROOT, "file2"));
	assert_false(answers_lookup(2, "file"));
}

static void missing_name_is_answered_with_enoent(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(ROOT, "none");

	assert_false(fake_lookup_none(ROOT, "none"));
	assert_int_equal(fake_send(&req), -ENOENT);
	assert_int_equal(fake_stats(FUSE_LOOKUP).negative_hits, 1);
	assert_quiet();
}

static void missing_name_with_a_validity_is_answered_with_what_is_left(void **state)
{
	(void)state;
	struct fuse_entry_out none = fake_entry(0, 0), answer;

	assert_false(fake_lookup(ROOT, "none", &none));
	answer = answer_of("none");
	assert_int_equal(answer.nodeid, 0);
	assert_int_equal(answer.entry_valid, 10);
	assert_int_equal(fake_stats(FUSE_LOOKUP).negative_hits, 1);
}

static void stale_row_does_not_fall_through_to_an_answer(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_change(req_write(42));
	assert_false(answers_lookup(ROOT, "file"));
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_STALE], 1);
}

static void name_without_attributes_asks(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_forget(42);
	assert_false(answers_lookup(ROOT, "file"));
}

static void attributes_from_getattr_serve_a_name(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_change(req_write(42));
	assert_false(fake_getattr_file(42));
	assert_true(answers_lookup(ROOT, "file"));
}

static void reply_that_a_write_overtook_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(ROOT, "file");
	struct fuse_entry_out old = fake_entry(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_change(req_write(42));
	fake_answer_entry(&slow, &old);
	assert_false(answers_lookup(ROOT, "file"));
	assert_false(answers_getattr(42));
}

static void reply_while_a_write_is_in_flight_is_not_answered(void **state)
{
	(void)state;
	struct fake_req write = req_write(42);

	assert_int_equal(fake_send(&write), -ENOSYS);
	fake_lookup_file(ROOT, "file", 42);
	assert_false(answers_lookup(ROOT, "file"));
	fake_answer(&write);
	assert_false(answers_lookup(ROOT, "file"));
	fake_lookup_file(ROOT, "file", 42);
	assert_true(answers_lookup(ROOT, "file"));
}

static void what_was_seen_does_not_go_back_when_replies_overtake_each_other(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(ROOT, "file"), fast = req_lookup(ROOT, "file");
	struct fuse_entry_out old = fake_entry(42, 1), new = fake_entry(42, 2);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	assert_int_equal(fake_send(&fast), -ENOSYS);
	fake_answer_entry(&fast, &new);
	fake_answer_entry(&slow, &old);
	assert_false(answers_lookup(ROOT, "file"));
	assert_false(answers_getattr(42));
}

static void name_of_255_bytes_is_answered(void **state)
{
	(void)state;
	char name[256], other[256];

	memset(name, 'n', 255);
	name[255] = 0;
	memcpy(other, name, sizeof(other));
	other[254] = 'o';
	assert_false(fake_lookup_file(ROOT, name, 42));
	assert_true(answers_lookup(ROOT, name));
	assert_false(answers_lookup(ROOT, other));
	fake_change(req_unlink(ROOT, name, 42));
	assert_false(answers_lookup(ROOT, name));
}

static void names_at_the_border_of_short_and_long_are_answered(void **state)
{
	(void)state;
	char name[EXT_NAME_SHORT + 1];

	memset(name, 'b', sizeof(name));
	for (size_t len = EXT_NAME_SHORT - 2; len <= EXT_NAME_SHORT; len++) {
		name[len] = 0;
		assert_false(fake_lookup_file(ROOT, name, 40 + len));
		assert_int_equal(answer_of(name).nodeid, 40 + len);
		name[len] = 'b';
	}
}

static void long_name_that_does_not_exist_is_answered(void **state)
{
	(void)state;
	assert_false(fake_lookup_none(ROOT, "a name that is longer than a short one"));
	assert_true(answers_lookup(ROOT, "a name that is longer than a short one"));
	fake_change(req_create(ROOT, "a name that is longer than a short one"));
	assert_false(answers_lookup(ROOT, "a name that is longer than a short one"));
}

static void dot_and_dotdot_are_neither_stored_nor_answered(void **state)
{
	(void)state;
	fake_lookup_file(2, ".", 2);
	fake_lookup_file(2, "..", ROOT);
	assert_false(answers_lookup(2, "."));
	assert_false(answers_lookup(2, ".."));
	/* Their like are. */
	fake_lookup_file(2, "...", 42);
	fake_lookup_file(2, ".x", 43);
	assert_true(answers_lookup(2, "..."));
	assert_true(answers_lookup(2, ".x"));
	assert_quiet();
}

static void dot_does_not_disturb_the_directorys_names(void **state)
{
	(void)state;
	fake_lookup_file(2, "file", 42);
	fake_lookup_file(2, ".", 2);
	assert_true(answers_lookup(2, "file"));
}

static void forgotten_child_is_not_answered(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_forget(42);
	/* The nodeid is used again, for another file with another name. */
	fake_lookup_file(ROOT, "other", 42);
	assert_false(answers_lookup(ROOT, "file"));
	assert_true(answers_lookup(ROOT, "other"));
}

static void names_in_a_forgotten_directory_are_not_answered(void **state)
{
	(void)state;
	fake_lookup_none(7, "x");
	fake_lookup_file(7, "y", 42);
	fake_forget(7);
	assert_false(answers_lookup(7, "x"));
	assert_false(answers_lookup(7, "y"));
}

static void reply_from_before_a_forget_is_not_answered(void **state)
{
	(void)state;
	struct fake_req slow = req_lookup(ROOT, "file");
	struct fuse_entry_out old = fake_entry(42, 1);

	assert_int_equal(fake_send(&slow), -ENOSYS);
	fake_forget(42);
	fake_answer_entry(&slow, &old);
	assert_false(answers_lookup(ROOT, "file"));
	assert_false(answers_getattr(42));
}

static void hard_links_are_stored_only_if_they_share_a_nodeid(void **state)
{
	(void)state;
	struct fuse_entry_out link = fake_entry(42, 1), dir = fake_entry(43, 1);

	link.attr.nlink = 2;
	dir.attr.nlink = 9;
	dir.attr.mode = 0040755;
	fake_lookup(ROOT, "link", &link);
	fake_lookup(ROOT, "dir", &dir);
	assert_false(answers_lookup(ROOT, "link"));
	assert_true(answers_lookup(ROOT, "dir"));
	ext_one_nodeid = 1;
	fake_lookup(ROOT, "link", &link);
	assert_true(answers_lookup(ROOT, "link"));
}

static void attributes_that_are_not_stored_kill_those_that_were(void **state)
{
	(void)state;
	struct fuse_entry_out one = fake_entry(42, 1), two = fake_entry(42, 1);

	two.attr.nlink = 2;
	fake_lookup(ROOT, "a", &one);
	fake_lookup(ROOT, "b", &two);
	assert_false(answers_getattr(42));
}

static void nothing_is_answered_while_closed(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	ext_epoch = 0;
	assert_false(answers_lookup(ROOT, "file"));
	/* Rows of an earlier epoch were kept by other programs. */
	ext_epoch = 2;
	assert_false(answers_lookup(ROOT, "file"));
	ext_epoch = 1;
	assert_true(answers_lookup(ROOT, "file"));
}

static void torn_row_is_a_miss(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_tear_rows();
	assert_false(answers_lookup(ROOT, "file"));
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_TORN], 1);
}

static void estale_kills_the_directorys_names(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(7, "gone");

	fake_lookup_file(7, "file", 42);
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -ESTALE);
	assert_false(answers_lookup(7, "file"));
	assert_quiet();
}

static void other_errors_say_nothing(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(ROOT, "file");

	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -EINTR);
	assert_false(answers_lookup(ROOT, "file"));
	fake_lookup_file(ROOT, "file", 42);
	assert_true(answers_lookup(ROOT, "file"));
	assert_quiet();
}

static void unreadable_name_asks_and_is_counted(void **state)
{
	(void)state;
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_lookup_file(ROOT, "file", 42);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_ERROR], 1);
	assert_int_equal(fake_stats(FUSE_LOOKUP).errors, 1);
	assert_quiet();
}

static void unreadable_reply_kills_everything(void **state)
{
	(void)state;
	fake_lookup_file(ROOT, "file", 42);
	fake_fail_reads(OUT_PARAM_0);
	fake_lookup_file(ROOT, "other", 43);
	fake_fail_reads(-1);
	assert_false(answers_lookup(ROOT, "file"));
	assert_quiet();
}

static void refused_answer_is_counted_as_not_live(void **state)
{
	(void)state;
	struct fake_req req = req_lookup(ROOT, "file");
	struct fuse_entry_out entry = fake_entry(42, 1);

	fake_lookup_file(ROOT, "file", 42);
	assert_int_equal(fake_send(&req), 0);
	/* The kernel has no such inode, and asks the daemon. */
	fake_answer_entry(&req, &entry);
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 0);
	assert_int_equal(fake_stats(FUSE_LOOKUP).misses[EXT_MISS_NOT_LIVE], 1);
	assert_true(answers_lookup(ROOT, "file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(second_lookup_is_answered_as_the_daemon_did),
		fake_test(entries_that_the_driver_refuses_are_not_stored),
		fake_test(other_names_and_parents_are_not_answered),
		fake_test(missing_name_is_answered_with_enoent),
		fake_test(missing_name_with_a_validity_is_answered_with_what_is_left),
		fake_test(stale_row_does_not_fall_through_to_an_answer),
		fake_test(name_without_attributes_asks),
		fake_test(attributes_from_getattr_serve_a_name),
		fake_test(reply_that_a_write_overtook_is_not_answered),
		fake_test(reply_while_a_write_is_in_flight_is_not_answered),
		fake_test(what_was_seen_does_not_go_back_when_replies_overtake_each_other),
		fake_test(name_of_255_bytes_is_answered),
		fake_test(names_at_the_border_of_short_and_long_are_answered),
		fake_test(long_name_that_does_not_exist_is_answered),
		fake_test(dot_and_dotdot_are_neither_stored_nor_answered),
		fake_test(dot_does_not_disturb_the_directorys_names),
		fake_test(forgotten_child_is_not_answered),
		fake_test(names_in_a_forgotten_directory_are_not_answered),
		fake_test(reply_from_before_a_forget_is_not_answered),
		fake_test(hard_links_are_stored_only_if_they_share_a_nodeid),
		fake_test(attributes_that_are_not_stored_kill_those_that_were),
		fake_test(nothing_is_answered_while_closed),
		fake_test(torn_row_is_a_miss),
		fake_test(estale_kills_the_directorys_names),
		fake_test(other_errors_say_nothing),
		fake_test(unreadable_name_asks_and_is_counted),
		fake_test(unreadable_reply_kills_everything),
		fake_test(refused_answer_is_counted_as_not_live),
	};

	return fake_run_tests(tests);
}
