// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_handler_event_direntplus.c - READDIRPLUS fills the cache and never makes it older */
#include "fakes/fake.h"

#include <stdio.h>

#define DIR 7

static struct fake_req walked(void)
{
	struct fake_req req = req_readdirplus(DIR);

	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer(&req);
	return req;
}

static void entries_of_readdirplus_are_answered(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk = walked(), again = req_lookup(DIR, "entry");

	fake_direntplus(&walk, "entry", &entry);
	assert_int_equal(fake_send(&again), 0);
	assert_memory_equal(&again.out_buf[0].entry, &entry, sizeof(entry));
	assert_true(answers_getattr(42));
	assert_quiet();
}

/* The driver would refuse them, from the daemon and from us. */
static void entries_that_the_driver_refuses_are_not_stored(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk = walked();

	entry.attr.mode = 0;
	fake_direntplus(&walk, "entry", &entry);
	assert_false(answers_lookup(DIR, "entry"));
	assert_false(answers_getattr(42));
}

static void newer_attributes_replace_the_row(void **state)
{
	(void)state;
	struct fuse_entry_out old = fake_entry(42, 50), new = fake_entry(42, 100);
	struct fake_req walk, again = req_getattr(42);

	fake_lookup(DIR, "entry", &old);
	walk = walked();
	fake_direntplus(&walk, "entry", &new);
	assert_int_equal(fake_send(&again), 0);
	assert_int_equal(again.out_buf[0].attr.attr.size, 100);
}

static void entries_that_a_change_overtook_are_not_answered(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk = walked();

	fake_change(req_write(42));
	fake_direntplus(&walk, "entry", &entry);
	assert_false(answers_getattr(42));
	assert_false(answers_lookup(DIR, "entry"));
}

static void entries_that_were_removed_in_between_are_not_answered(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk = walked();

	fake_change(req_unlink(DIR, "entry", 42));
	fake_direntplus(&walk, "entry", &entry);
	assert_false(answers_lookup(DIR, "entry"));
	assert_quiet();
}

static void entries_do_not_go_back_behind_a_newer_reply(void **state)
{
	(void)state;
	struct fuse_entry_out old = fake_entry(42, 50), new = fake_entry(42, 100);
	struct fake_req walk = walked();

	fake_lookup(DIR, "entry", &new);
	fake_direntplus(&walk, "entry", &old);
	assert_false(answers_getattr(42));
	assert_false(answers_lookup(DIR, "entry"));
}

static void replies_asked_before_the_entries_were_told_do_not_go_back(void **state)
{
	(void)state;
	struct fuse_entry_out old = fake_entry(42, 50), new = fake_entry(42, 100);
	struct fake_req slow = req_lookup(DIR, "entry"), walk;

	assert_int_equal(fake_send(&slow), -ENOSYS);
	walk = walked();
	fake_direntplus(&walk, "entry", &new);
	fake_answer_entry(&slow, &old);
	assert_false(answers_getattr(42));
}

static void a_whole_directory_is_answered_though_entries_share_stripes(void **state)
{
	(void)state;
	struct fake_req walk = walked();
	char name[16];

	/* More entries than stripes could hold without sharing. */
	for (__u64 i = 0; i < 2 * EXT_STRIPES; i++) {
		struct fuse_entry_out entry = fake_entry(100000 + i, 1);

		snprintf(name, sizeof(name), "f%llu", (unsigned long long)i);
		fake_direntplus(&walk, name, &entry);
		if (i % 4096 == 0)
			assert_true(answers_lookup(DIR, name));
	}
	assert_true(answers_lookup(DIR, "f0"));
	assert_true(answers_lookup(DIR, "f4096"));
	assert_quiet();
}

static void a_second_walk_kills_nothing(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk = walked();

	fake_direntplus(&walk, "entry", &entry);
	walk = walked();
	fake_direntplus(&walk, "entry", &entry);
	assert_true(answers_lookup(DIR, "entry"));
	assert_true(answers_getattr(42));
}

static void entries_without_a_noted_number_only_kill(void **state)
{
	(void)state;
	struct fuse_entry_out old = fake_entry(42, 50), new = fake_entry(42, 100);
	struct fake_req walk = req_readdirplus(DIR);

	fake_lookup(DIR, "entry", &old);
	fake_direntplus(&walk, "entry", &new);
	assert_false(answers_getattr(42));
	assert_false(answers_lookup(DIR, "entry"));
	assert_quiet();
}

static void unreadable_entry_kills_what_it_told_of(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk;

	fake_lookup(DIR, "entry", &entry);
	walk = walked();
	fake_fail_reads(IN_PARAM_0_VALUE);
	fake_direntplus(&walk, "entry", &entry);
	fake_fail_reads(-1);
	assert_false(answers_getattr(42));
	assert_false(answers_lookup(DIR, "entry"));
	assert_quiet();
}

static void without_handler_entries_only_kill(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 7);
	struct fake_req walk;

	fake_remove("event/DIRENTPLUS");
	fake_lookup(DIR, "entry", &entry);
	walk = walked();
	fake_direntplus(&walk, "entry", &entry);
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void with_fill_by_the_daemon_entries_are_not_stored_but_kill_what_differs(void **state)
{
	(void)state;
	struct fuse_entry_out old = fake_entry(42, 50), new = fake_entry(42, 100);
	struct fake_req walk = walked();

	ext_fill = 1;
	fake_direntplus(&walk, "entry", &old);
	assert_int_equal(fake_rows(), 0);
	assert_int_equal(fake_fill_entry(ext_seq, DIR, "entry", &old), 0);
	walk = walked();
	fake_direntplus(&walk, "entry", &old);
	assert_true(answers_lookup(DIR, "entry"));
	walk = walked();
	fake_direntplus(&walk, "entry", &new);
	assert_false(answers_getattr(42));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(entries_of_readdirplus_are_answered),
		fake_test(entries_that_the_driver_refuses_are_not_stored),
		fake_test(newer_attributes_replace_the_row),
		fake_test(entries_that_a_change_overtook_are_not_answered),
		fake_test(entries_that_were_removed_in_between_are_not_answered),
		fake_test(entries_do_not_go_back_behind_a_newer_reply),
		fake_test(replies_asked_before_the_entries_were_told_do_not_go_back),
		fake_test(a_whole_directory_is_answered_though_entries_share_stripes),
		fake_test(a_second_walk_kills_nothing),
		fake_test(entries_without_a_noted_number_only_kill),
		fake_test(unreadable_entry_kills_what_it_told_of),
		fake_test(without_handler_entries_only_kill),
		fake_test(with_fill_by_the_daemon_entries_are_not_stored_but_kill_what_differs),
	};

	return fake_run_tests(tests);
}
