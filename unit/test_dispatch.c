// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_dispatch.c - the protocol's default for every request, reply and event */
#include "names_test.h"

static void every_opcode_that_is_not_harmless_is_a_change(void **state)
{
	(void)state;
	static const __u32 harmless[] = {
		FUSE_LOOKUP,	   FUSE_FORGET,	 FUSE_GETATTR,	  FUSE_STATFS, FUSE_GETXATTR,
		FUSE_LISTXATTR,	   FUSE_OPENDIR, FUSE_RELEASEDIR, FUSE_GETLK,  FUSE_SETLK,
		FUSE_SETLKW,	   FUSE_ACCESS,	 FUSE_INTERRUPT,  FUSE_BMAP,   FUSE_POLL,
		FUSE_BATCH_FORGET, FUSE_LSEEK,	 FUSE_STATX,
	};

	for (__u32 opcode = 1; opcode < 100; opcode++) {
		struct fake_req req = req_plain(opcode, 42);
		bool expected = false;

		for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
			expected |= harmless[i] == opcode;
		fake_getattr_file(42);
		assert_true(answers_getattr(42));
		fake_send(&req);
		assert_int_equal(answers_getattr(42), expected);
		fake_fail(&req, -EINTR);
		/* A STATX that failed says that nothing is known. */
		if (opcode != FUSE_STATX && opcode != FUSE_GETATTR)
			assert_int_equal(answers_getattr(42), expected);
		assert_quiet();
	}
}

static void unknown_opcodes_close_everything(void **state)
{
	(void)state;
	struct fake_req req = req_plain(63, 42), beyond = req_plain(4096, 42);

	fake_lookup_file(DIR, "name", 60);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_false(answers_lookup(DIR, "name"));
	fake_answer(&req);
	assert_false(answers_lookup(DIR, "name"));
	fake_lookup_file(DIR, "name", 60);
	assert_true(answers_lookup(DIR, "name"));
	assert_int_equal(fake_send(&beyond), -ENOSYS);
	assert_false(answers_lookup(DIR, "name"));
	fake_answer(&beyond);
	assert_quiet();
	assert_int_equal(fake_stats(EXT_OPCODES).requests, 1);
}

static void changes_of_an_inode_leave_other_rows_alone(void **state)
{
	(void)state;
	struct fake_req req = req_write(42);

	fake_lookup_file(DIR, "name", 60);
	fake_lookup_file(42, "below", 61);
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_true(answers_lookup(DIR, "name"));
	assert_true(answers_lookup(42, "below"));
	fake_answer(&req);
	assert_true(answers_lookup(DIR, "name"));
	assert_quiet();
}

static void attributes_die_with_write_whatever_its_padding_says(void **state)
{
	(void)state;
	struct fake_req req = req_write(42);

	memset(req.in_buf[0], 0xff, sizeof(req.in_buf[0]));
	fake_getattr_file(42);
	fake_change(req);
	assert_false(answers_getattr(42));
}

static void write_counts_after_read_has_marked_the_row(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_change(req_read(42, 0, 10));
	fake_change(req_write(42));
	assert_false(answers_getattr(42));
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
	fake_change(req_write(42));
	assert_false(answers_getattr(42));
}

static void overlapping_changes_both_have_to_end(void **state)
{
	(void)state;
	struct fake_req one = req_write(42), two = req_write(42);

	assert_int_equal(fake_send(&one), -ENOSYS);
	assert_int_equal(fake_send(&two), -ENOSYS);
	fake_answer(&one);
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
	fake_answer(&two);
	assert_false(answers_getattr(42));
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
	assert_quiet();
}

static void changes_that_only_touch_the_ctime_end_the_whole_row(void **state)
{
	(void)state;
	assert_changes_inode(req_setattr(60), 60);
	assert_changes_inode(req_link(60, DIR, "new"), 60);
	assert_changes_inode(req_rename(DIR, "a", DIR, "b", 60, 0), 60);
	assert_changes_inode(req_plain(FUSE_SETXATTR, 60), 60);
	assert_changes_inode(req_plain(FUSE_REMOVEXATTR, 60), 60);
	assert_changes_inode(req_plain(FUSE_FALLOCATE, 60), 60);
	assert_changes_inode(req_plain(FUSE_IOCTL, 60), 60);
}

static void flush_goes_to_the_daemon(void **state)
{
	(void)state;
	struct fake_req req = req_plain(FUSE_FLUSH, 42);

	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -EDQUOT);
	assert_int_equal(fake_stats(FUSE_FLUSH).misses[EXT_MISS_ABSENT], 1);
}

static void directory_reads_change_the_directory_if_strict(void **state)
{
	(void)state;
	static const __u32 reads[] = { FUSE_READDIR, FUSE_READDIRPLUS, FUSE_READLINK };

	for (int i = 0; i < 3; i++) {
		assert_changes_inode(req_plain(reads[i], 60), 60);
		ext_param_atime = 1;
		fake_change(req_plain(reads[i], 60));
		assert_true(answers_getattr(60));
		ext_param_atime = 0;
	}
}

static void end_of_a_file_that_was_only_read_changes_nothing_if_relaxed(void **state)
{
	(void)state;
	static const __u32 ends[] = { FUSE_FLUSH, FUSE_RELEASE };
	static const __u32 others[] = { FUSE_WRITE, FUSE_FSYNC, FUSE_SETXATTR, FUSE_IOCTL };

	for (int i = 0; i < 2; i++) {
		struct fake_req reader = req_plain(ends[i], 60);

		reader.ctx.flags = EXTFUSE_F_READER;
		assert_changes_inode(reader, 60);
		ext_param_atime = 1;
		assert_changes_inode(req_plain(ends[i], 60), 60);
		fake_getattr_file(60);
		fake_change(reader);
		assert_true(answers_getattr(60));
		ext_param_atime = 0;
	}
	/* What else is asked of such a file is judged by itself. */
	ext_param_atime = 1;
	for (int i = 0; i < 4; i++) {
		struct fake_req reader = req_plain(others[i], 60);

		reader.ctx.flags = EXTFUSE_F_READER;
		assert_changes_inode(reader, 60);
	}
	ext_param_atime = 0;
}

static void without_any_handler_changes_still_end_rows(void **state)
{
	(void)state;
	fake_getattr_file(42);
	fake_lookup_none(DIR, "name");
	fake_remove("CREATE");
	fake_remove("OPEN");
	fake_remove("READ");
	fake_remove("event/INVAL_ATTR");
	fake_change(req_open(42, 0));
	assert_false(answers_getattr(42));
	fake_change(req_create(DIR, "name"));
	assert_false(answers_lookup(DIR, "name"));
	assert_quiet();
}

static void without_the_lookup_reply_handler_nothing_older_is_answered(void **state)
{
	(void)state;
	struct fuse_entry_out new = fake_entry(61, 1);

	fake_lookup_file(DIR, "name", 60);
	fake_lookup_file(DIR, "other", 61);
	fake_remove("LOOKUP/reply");
	ext_epoch = 0;
	fake_lookup(DIR, "name", &new);
	ext_epoch = 1;
	assert_false(answers_lookup(DIR, "name"));
	assert_false(answers_getattr(61));
	assert_quiet();
}

static void slots_may_be_exchanged_between_request_and_reply(void **state)
{
	(void)state;
	struct fake_req req = req_create(DIR, "name");

	fake_lookup_none(DIR, "name");
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_remove("CREATE");
	fake_answer(&req);
	assert_false(answers_lookup(DIR, "name"));
	assert_quiet();
}

static void reply_without_its_request_ends_rows_and_lowers_nothing(void **state)
{
	(void)state;
	struct fake_req unseen = req_unlink(DIR, "name", 60), read = req_write(42);

	fake_lookup_file(DIR, "name", 60);
	fake_getattr_file(42);
	fake_answer(&unseen);
	assert_false(answers_lookup(DIR, "name"));
	assert_false(answers_getattr(60));
	fake_answer(&read);
	assert_false(answers_getattr(42));
	assert_quiet();
}

static void rename_without_its_request_ends_everything(void **state)
{
	(void)state;
	struct fake_req unseen = req_rename(DIR, "old", 8, "new", 60, 0);

	fake_lookup_none(8, "new");
	fake_answer(&unseen);
	assert_false(answers_lookup(8, "new"));
	assert_quiet();
}

static void lookup_without_its_request_is_not_stored(void **state)
{
	(void)state;
	struct fake_req unseen = req_lookup(DIR, "name");
	struct fuse_entry_out entry = fake_entry(60, 1);

	unseen.out_buf[0].entry = entry;
	fake_answer(&unseen);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(fake_rows(), 0);
	assert_quiet();
}

static void counts_that_were_reset_are_not_lowered(void **state)
{
	(void)state;
	struct fake_req req = req_create(DIR, "name");

	assert_int_equal(fake_send(&req), -ENOSYS);
	memset(ext_inodes, 0, sizeof(ext_inodes));
	memset(ext_name_stripes, 0, sizeof(ext_name_stripes));
	ext_generation++;
	fake_answer(&req);
	assert_quiet();
}

static void lost_reply_costs_answers_alone(void **state)
{
	(void)state;
	struct fake_req lost = req_write(42);

	fake_getattr_file(42);
	assert_int_equal(fake_send(&lost), -ENOSYS);
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
	fake_getattr_file(43);
	assert_true(answers_getattr(43));
}

static void section_that_a_handler_left_open_is_closed_by_the_next_program(void **state)
{
	(void)state;
	struct ext_scratch *scratch = ext_scratch_get();

	fake_lookup_file(DIR, "name", 60);
	scratch->sec.what = EXT_SEC_TOLD | EXT_SEC_CHILD | EXT_SEC_NAMES;
	scratch->sec.inode = ext_inode_index(DIR);
	scratch->sec.child = ext_inode_index(60);
	scratch->sec.cookie = ext_seq;
	ext_section_open(&scratch->sec);
	assert_false(answers_lookup(DIR, "name"));
	assert_int_equal(scratch->sec.what, 0);
	assert_quiet();
	fake_lookup_file(DIR, "name", 60);
	assert_true(answers_lookup(DIR, "name"));
}

static void estale_is_a_change(void **state)
{
	(void)state;
	struct fake_req req = req_getattr(42), access = req_plain(FUSE_ACCESS, 43);

	fake_getattr_file(43);
	assert_int_equal(fake_send(&access), -ENOSYS);
	fake_fail(&access, -ESTALE);
	assert_false(answers_getattr(43));
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_fail(&req, -ESTALE);
	assert_false(answers_getattr(42));
	assert_quiet();
}

/* Whether the program sees that the daemon did as it was asked. */
static bool sees_success(struct fake_req req)
{
	bool quiet;

	assert_int_equal(fake_send(&req), -ENOSYS);
	quiet = req.quiet;
	fake_answer(&req);
	assert_quiet();
	return !quiet;
}

static void success_of_what_changes_nothing_is_not_seen(void **state)
{
	(void)state;
	for (int relaxed = 0; relaxed < 2; relaxed++) {
		ext_param_atime = relaxed;
		assert_false(sees_success(req_opendir(42, 0)));
		assert_false(sees_success(req_releasedir(42)));
		assert_false(sees_success(req_access(42, 4)));
		assert_false(sees_success(req_statfs(1)));
		/* The dispatcher begins a change, which the handler takes back. */
		assert_false(sees_success(req_open(42, 0)));
		assert_true(sees_success(req_open(42, 01000)));
		assert_true(sees_success(req_write(42)));
		assert_true(sees_success(req_flush(42, 0)));
		assert_int_equal(sees_success(req_flush(42, EXTFUSE_F_READER)), !relaxed);
		assert_int_equal(sees_success(req_readlink(42)), !relaxed);
		/* Its handler compares the size. */
		assert_true(sees_success(req_read(42, 0, 100)));
		/* These tell. */
		assert_true(sees_success(req_lookup(1, "file")));
		assert_true(sees_success(req_getattr(42)));
		assert_true(sees_success(req_listxattr(42, 100)));
		assert_true(sees_success(req_create(1, "new")));
		assert_true(sees_success(req_readdirplus(1)));
		assert_true(sees_success(req_plain(63, 42)));
		assert_true(sees_success(req_plain(EXT_OPCODES, 42)));
	}
	assert_int_equal(fake_stats(FUSE_OPEN).requests, 4);
	assert_int_equal(fake_stats(FUSE_OPENDIR).misses[EXT_MISS_ABSENT], 2);
}

static void failure_of_what_changes_nothing_is_seen(void **state)
{
	(void)state;
	struct fake_req opened = req_open(42, 0), withdrawn = req_access(42, 4);

	fake_getattr_file(42);
	assert_int_equal(fake_send(&opened), -ENOSYS);
	assert_true(opened.quiet);
	fake_fail(&opened, -ESTALE);
	assert_false(answers_getattr(42));
	assert_int_equal(fake_send(&withdrawn), -ENOSYS);
	assert_true(withdrawn.quiet);
	fake_fail(&withdrawn, EXTFUSE_WITHDRAWN);
	assert_int_equal(fake_stats(FUSE_ACCESS).requests, 0);
}

static void refused_change_leaves_nothing_behind(void **state)
{
	(void)state;
	struct fake_req req = req_create(DIR, "name");

	/* As a handler that forbids it would. */
	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_int_equal(ext_refuse(&req.ctx, -EPERM), -EPERM);
	assert_quiet();
	assert_int_equal(fake_stats(FUSE_CREATE).negative_hits, 1);
}

static void requests_that_nobody_waits_for_cannot_be_refused(void **state)
{
	(void)state;
	struct fake_req req = req_write(42);

	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_int_equal(ext_refuse(&req.ctx, -EPERM), -ENOSYS);
	assert_int_not_equal(ext_inodes[ext_inode_index(42)].busy, 0);
	fake_answer(&req);
	assert_quiet();
}

static void refusal_needs_an_error(void **state)
{
	(void)state;
	struct fake_req req = req_create(DIR, "name");

	assert_int_equal(fake_send(&req), -ENOSYS);
	assert_int_equal(ext_refuse(&req.ctx, 1), -ENOSYS);
	assert_int_equal(ext_refuse(&req.ctx, -512), -ENOSYS);
	fake_answer(&req);
	assert_quiet();
}

static void handlers_name_two_names_and_no_more(void **state)
{
	(void)state;
	struct fake_req req = req_rename(DIR, "a", DIR, "b", 60, 0);
	struct ext_name name = { .hash = 77, .size = 4 };

	assert_int_equal(fake_send(&req), -ENOSYS);
	ext_change_name(&req.ctx, &name);
	assert_int_equal(ext_name_stripes[ext_name_index(77)].busy, 0);
	fake_answer(&req);
	assert_quiet();
}

static void narrowing_is_for_requests_only(void **state)
{
	(void)state;
	struct fake_req req = req_write(42);

	assert_int_equal(fake_send(&req), -ENOSYS);
	req.ctx.phase = EXTFUSE_REPLY;
	ext_harmless(&req.ctx);
	assert_int_not_equal(ext_inodes[ext_inode_index(42)].busy, 0);
	fake_answer(&req);
	assert_quiet();
}

static void withdrawn_request_counts_once(void **state)
{
	struct fake_req req = req_lookup(DIR, "name"), write = req_write(42);

	(void)state;
	fake_lookup_file(DIR, "name", 60);
	assert_int_equal(fake_send(&req), 0);
	fake_fail(&req, EXTFUSE_WITHDRAWN);
	assert_int_equal(fake_stats(FUSE_LOOKUP).requests, 1);
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 0);
	assert_true(answers_lookup(DIR, "name"));
	assert_int_equal(fake_send(&write), -ENOSYS);
	fake_fail(&write, EXTFUSE_WITHDRAWN);
	assert_int_equal(fake_stats(FUSE_WRITE).requests, 0);
	assert_quiet();
}

static void each_event_is_wanted_where_rows_are_kept(void **state)
{
	(void)state;
	for (__u32 event = EXTFUSE_EV_ATTACH; event < EXTFUSE_EV_MAX; event++)
		assert_true(fake_wants(event));
}

static void attach_tells_the_connection(void **state)
{
	(void)state;
	assert_int_equal(ext_attached, 42);
	assert_int_not_equal(ext_seq, 0);
}

static void unknown_events_end_the_inode_and_its_names(void **state)
{
	(void)state;
	fake_lookup_file(DIR, "name", 60);
	fake_getattr_file(DIR);
	fake_event(EXTFUSE_EV_MAX + 3, DIR, 0, NULL);
	assert_false(answers_lookup(DIR, "name"));
	assert_false(answers_getattr(DIR));
	assert_quiet();
}

static void raise_is_a_maximum(void **state)
{
	(void)state;
	__u64 last = 5;

	ext_raise(&last, 3);
	assert_int_equal(last, 5);
	ext_raise(&last, 9);
	assert_int_equal(last, 9);
	assert_true(ext_max_exchange(&last, 7) == 9);
	assert_int_equal(last, 9);
}

static void every_request_is_counted_once(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		fake_lookup_file(DIR, "name", 60);
	assert_int_equal(fake_stats(FUSE_LOOKUP).requests, 5);
	assert_int_equal(fake_stats(FUSE_LOOKUP).hits, 4);
	assert_int_equal(fake_stats(FUSE_LOOKUP).errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(every_opcode_that_is_not_harmless_is_a_change),
		fake_test(unknown_opcodes_close_everything),
		fake_test(changes_of_an_inode_leave_other_rows_alone),
		fake_test(attributes_die_with_write_whatever_its_padding_says),
		fake_test(write_counts_after_read_has_marked_the_row),
		fake_test(overlapping_changes_both_have_to_end),
		fake_test(changes_that_only_touch_the_ctime_end_the_whole_row),
		fake_test(flush_goes_to_the_daemon),
		fake_test(directory_reads_change_the_directory_if_strict),
		fake_test(end_of_a_file_that_was_only_read_changes_nothing_if_relaxed),
		fake_test(without_any_handler_changes_still_end_rows),
		fake_test(without_the_lookup_reply_handler_nothing_older_is_answered),
		fake_test(slots_may_be_exchanged_between_request_and_reply),
		fake_test(reply_without_its_request_ends_rows_and_lowers_nothing),
		fake_test(rename_without_its_request_ends_everything),
		fake_test(lookup_without_its_request_is_not_stored),
		fake_test_on_host(counts_that_were_reset_are_not_lowered,
				  "sets variables larger than 4 KiB"),
		fake_test(lost_reply_costs_answers_alone),
		fake_test_on_host(section_that_a_handler_left_open_is_closed_by_the_next_program,
				  "calls functions of the program"),
		fake_test(estale_is_a_change),
		fake_test(success_of_what_changes_nothing_is_not_seen),
		fake_test(failure_of_what_changes_nothing_is_seen),
		fake_test_on_host(refused_change_leaves_nothing_behind,
				  "calls functions of the program"),
		fake_test_on_host(requests_that_nobody_waits_for_cannot_be_refused,
				  "calls functions of the program"),
		fake_test_on_host(refusal_needs_an_error, "calls functions of the program"),
		fake_test(handlers_name_two_names_and_no_more),
		fake_test_on_host(narrowing_is_for_requests_only, "calls functions of the program"),
		fake_test(withdrawn_request_counts_once),
		fake_test(each_event_is_wanted_where_rows_are_kept),
		fake_test(attach_tells_the_connection),
		fake_test(unknown_events_end_the_inode_and_its_names),
		fake_test(raise_is_a_maximum),
		fake_test(every_request_is_counted_once),
	};

	return fake_run_tests(tests);
}
