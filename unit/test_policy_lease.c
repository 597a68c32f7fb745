// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_policy_lease.c - rows answer while the daemon holds a lease on their inode */
#include "fakes/fake.h"

#include <stdio.h>

#define MS 1000000ULL
#define S (1000 * MS)

#define DIR 1

extern __u64 lease_ends[16384], lease_periods;

/* The program begins with no lease ended. */
static int setup(void **state)
{
	memset(lease_ends, 0, sizeof(lease_ends));
	lease_periods = 0;
	ext_param_max_entries = 65536;
	return fake_setup(state);
}

#define lease_test(function) fake_test_with(function, setup)

static void grant(__u64 nodeid, __u64 ns)
{
	assert_int_equal(fake_lease_grant(fake_lease_begin(), nodeid, ns), 0);
}

static void revoke(__u64 nodeid)
{
	assert_int_equal(fake_lease_revoke(nodeid), 0);
}

static void nothing_answers_without_a_lease(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(fake_lookup_file(DIR, "file", 42));
		assert_false(fake_lookup_none(DIR, "none"));
		assert_false(fake_getattr_file(42));
		assert_false(fake_getxattr(42, "user.x", "value"));
	}
	assert_int_equal(fake_rows(), 0);
}

static void a_files_lease_covers_its_attributes(void **state)
{
	(void)state;
	grant(42, 10 * S);
	fake_getattr_file(42);
	fake_getattr_file(43);
	fake_listxattr(42, "user.x", 7);
	fake_getxattr(42, "user.x", "value");
	fake_getxattr(42, "user.none", NULL);
	assert_true(answers_getattr(42));
	assert_false(answers_getattr(43));
	assert_true(answers_getxattr(42, "user.x"));
	assert_true(answers_getxattr(42, "user.none"));
	assert_true(answers_listxattr(42));
}

static void a_directorys_lease_covers_its_names(void **state)
{
	(void)state;
	grant(DIR, 10 * S);
	fake_lookup_none(DIR, "none");
	fake_lookup_none(7, "none");
	assert_true(answers_lookup(DIR, "none"));
	assert_false(answers_lookup(7, "none"));
}

static void an_answer_to_lookup_needs_both_leases(void **state)
{
	(void)state;
	grant(DIR, 10 * S);
	fake_lookup_file(DIR, "file", 42);
	assert_false(answers_lookup(DIR, "file"));
	grant(42, 10 * S);
	fake_lookup_file(DIR, "file", 42);
	assert_true(answers_lookup(DIR, "file"));
	revoke(DIR);
	assert_false(answers_lookup(DIR, "file"));
	assert_true(answers_getattr(42));
}

static void a_lease_ends_by_itself(void **state)
{
	(void)state;
	grant(42, 2 * S);
	fake_getattr_file(42);
	fake_advance(2 * S - 1);
	assert_true(answers_getattr(42));
	fake_advance(1);
	assert_false(answers_getattr(42));
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_EXPIRED], 1);
}

static void an_answer_is_valid_no_longer_than_the_lease(void **state)
{
	(void)state;
	struct fake_req getattr = req_getattr(42);

	grant(42, 2 * S);
	fake_getattr_file(42);
	fake_advance(500 * MS);
	assert_int_equal(fake_send(&getattr), 0);
	assert_int_equal(getattr.out_buf[0].attr.attr_valid, 1);
	assert_int_equal(getattr.out_buf[0].attr.attr_valid_nsec, 500 * MS);
}

static void a_grant_prolongs_a_lease_and_never_shortens_it(void **state)
{
	(void)state;
	grant(42, 2 * S);
	fake_getattr_file(42);
	fake_advance(1 * S);
	grant(42, 2 * S);
	grant(42, 1 * S);
	fake_advance(2 * S - 1);
	assert_true(answers_getattr(42));
	fake_advance(1);
	assert_false(answers_getattr(42));
}

static void a_new_lease_revives_no_row_of_an_earlier_one(void **state)
{
	(void)state;
	/* What ended the first: its time, or a revocation. Between the two anybody may change it. */
	for (int by_time = 0; by_time < 2; by_time++) {
		grant(42, 2 * S);
		fake_getattr_file(42);
		assert_true(answers_getattr(42));
		if (by_time)
			fake_advance(2 * S);
		else
			revoke(42);
		grant(42, 2 * S);
		assert_false(answers_getattr(42));
		fake_getattr_file(42);
		assert_true(answers_getattr(42));
	}
}

static void a_revocation_takes_effect_at_once(void **state)
{
	(void)state;
	grant(42, 10 * S);
	fake_getattr_file(42);
	revoke(42);
	assert_false(answers_getattr(42));
	assert_false(fake_getattr_file(42));
	assert_false(answers_getattr(42));
	/* There need not be one. */
	revoke(42);
	revoke(4711);
}

static void a_grant_that_a_revocation_overtook_has_no_effect(void **state)
{
	(void)state;
	__u64 token = fake_lease_begin();

	revoke(42);
	assert_int_equal(fake_lease_grant(token, 42, 10 * S), -EAGAIN);
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
	grant(42, 10 * S);
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
}

static void a_renewal_that_a_revocation_overtook_has_no_effect(void **state)
{
	(void)state;
	__u64 token;

	grant(42, 10 * S);
	fake_getattr_file(42);
	token = fake_lease_begin();
	revoke(42);
	assert_int_equal(fake_lease_grant(token, 42, 20 * S), -EAGAIN);
	assert_false(answers_getattr(42));
}

static void a_reply_that_was_asked_for_before_the_grant_is_not_kept(void **state)
{
	(void)state;
	struct fuse_attr_out old = fake_attr(42, 1);
	struct fake_req slow = req_getattr(42);

	/* Looked at without a lease; changed on the server; then the lease. */
	assert_int_equal(fake_send(&slow), -ENOSYS);
	grant(42, 10 * S);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void a_reply_from_an_earlier_lease_is_not_kept_in_the_next(void **state)
{
	(void)state;
	struct fuse_attr_out old = fake_attr(42, 1);
	struct fake_req slow = req_getattr(42);

	grant(42, 10 * S);
	assert_int_equal(fake_send(&slow), -ENOSYS);
	revoke(42);
	grant(42, 10 * S);
	fake_answer_attr(&slow, &old);
	assert_false(answers_getattr(42));
}

static void a_fill_with_the_leases_token_is_kept(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 5);
	__u64 token, dir_token;

	ext_fill = 1;
	dir_token = fake_lease_begin();
	token = fake_lease_begin();
	/* An earlier look's fill comes late: it was no look under the lease. */
	assert_int_equal(fake_lease_grant(dir_token, DIR, 10 * S), 0);
	assert_int_equal(fake_lease_grant(token, 42, 10 * S), 0);
	assert_int_equal(fake_fill_attr(token & ~EXT_TOKEN_LEASE, 42, &entry), -EAGAIN);
	assert_false(answers_getattr(42));
	assert_int_equal(fake_fill_entry(token, DIR, "file", &entry), 0);
	assert_true(answers_getattr(42));
	assert_true(answers_lookup(DIR, "file"));
	assert_int_equal(fake_fill_negative(dir_token, DIR, "none"), 0);
	assert_true(answers_lookup(DIR, "none"));
	assert_quiet();
}

static void a_fill_that_a_change_overtook_is_dead(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 5);
	__u64 token = fake_lease_begin();

	ext_fill = 1;
	fake_change(req_write(42));
	assert_int_equal(fake_lease_grant(token, 42, 10 * S), 0);
	fake_fill_attr(token, 42, &entry);
	assert_false(answers_getattr(42));
}

static void a_fill_of_a_revoked_lease_is_refused(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 5);
	__u64 token = fake_lease_begin();

	ext_fill = 1;
	assert_int_equal(fake_lease_grant(token, 42, 10 * S), 0);
	revoke(42);
	assert_int_equal(fake_fill_attr(token, 42, &entry), -EAGAIN);
	grant(42, 10 * S);
	assert_int_equal(fake_fill_attr(token, 42, &entry), -EAGAIN);
	assert_false(answers_getattr(42));
}

static void a_change_ends_rows_and_not_the_lease(void **state)
{
	(void)state;
	grant(42, 10 * S);
	fake_getattr_file(42);
	fake_change(req_write(42));
	assert_false(answers_getattr(42));
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
}

static void forget_ends_a_lease(void **state)
{
	(void)state;
	__u64 token;

	grant(42, 10 * S);
	fake_getattr_file(42);
	token = fake_lease_begin();
	fake_forget(42);
	/* The nodeid is another file's now, on which there is no lease. */
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
	/* What was granted to the forgotten file is not the new one's either. */
	assert_int_equal(fake_lease_grant(token, 42, 10 * S), -EAGAIN);
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
	grant(42, 10 * S);
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
}

static void a_grant_that_comes_after_its_time_is_refused(void **state)
{
	(void)state;
	assert_int_equal(fake_lease_grant(fake_lease_begin(), 42, 0), -ETIME);
	fake_getattr_file(42);
	assert_false(answers_getattr(42));
}

static void a_full_table_refuses_and_ends_no_lease(void **state)
{
	(void)state;
	ext_param_max_entries = 8;
	for (__u64 i = 0; i < 8; i++) {
		grant(100 + i, (1 + i) * S);
		fake_getattr_file(100 + i);
	}
	for (__u64 i = 0; i < 8; i++)
		assert_int_equal(fake_lease_grant(fake_lease_begin(), 200 + i, 10 * S), -ENOSPC);
	for (__u64 i = 0; i < 8; i++)
		assert_true(answers_getattr(100 + i));
	/* There is room to prolong what is there, and where a lease has ended. */
	grant(107, 10 * S);
	fake_advance(4 * S);
	for (__u64 i = 4; i < 8; i++)
		grant(200 + i, 10 * S);
	fake_getattr_file(204);
	assert_true(answers_getattr(204));
	revoke(107);
	grant(203, 10 * S);
	for (__u64 i = 0; i < 4; i++)
		assert_false(answers_getattr(100 + i));
	for (__u64 i = 4; i < 7; i++)
		assert_true(answers_getattr(100 + i));
}

static void rows_without_a_lease_make_room_in_a_full_table(void **state)
{
	(void)state;
	fake_limit(8);
	for (__u64 round = 1; round <= 10; round++) {
		for (__u64 i = 0; i < 8; i++) {
			grant(100 * round + i, 10 * S);
			fake_getattr_file(100 * round + i);
			assert_true(answers_getattr(100 * round + i));
		}
		for (__u64 i = 0; i < 8; i++)
			revoke(100 * round + i);
	}
	assert_int_equal(fake_stats(FUSE_GETATTR).misses[EXT_MISS_FULL], 0);
}

static void inodes_with_one_number_lose_their_leases_together(void **state)
{
	(void)state;
	__u64 other = 42;

	/* Found as the policy finds it: the first nodeid whose revocation ends 42's lease. */
	grant(42, 10 * S);
	fake_getattr_file(42);
	do {
		revoke(++other + 16384);
	} while (answers_getattr(42) && other < 100000);
	assert_true(other < 100000);
	/* It costs answers: the lease can be granted again, and is then as good as ever. */
	grant(42, 10 * S);
	fake_getattr_file(42);
	assert_true(answers_getattr(42));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lease_test(nothing_answers_without_a_lease),
		lease_test(a_files_lease_covers_its_attributes),
		lease_test(a_directorys_lease_covers_its_names),
		lease_test(an_answer_to_lookup_needs_both_leases),
		lease_test(a_lease_ends_by_itself),
		lease_test(an_answer_is_valid_no_longer_than_the_lease),
		lease_test(a_grant_prolongs_a_lease_and_never_shortens_it),
		lease_test(a_new_lease_revives_no_row_of_an_earlier_one),
		lease_test(a_revocation_takes_effect_at_once),
		lease_test(a_grant_that_a_revocation_overtook_has_no_effect),
		lease_test(a_renewal_that_a_revocation_overtook_has_no_effect),
		lease_test(a_reply_that_was_asked_for_before_the_grant_is_not_kept),
		lease_test(a_reply_from_an_earlier_lease_is_not_kept_in_the_next),
		lease_test(a_fill_with_the_leases_token_is_kept),
		lease_test(a_fill_that_a_change_overtook_is_dead),
		lease_test(a_fill_of_a_revoked_lease_is_refused),
		lease_test(a_change_ends_rows_and_not_the_lease),
		lease_test(forget_ends_a_lease),
		lease_test(a_grant_that_comes_after_its_time_is_refused),
		lease_test(a_full_table_refuses_and_ends_no_lease),
		lease_test(rows_without_a_lease_make_room_in_a_full_table),
		lease_test(inodes_with_one_number_lose_their_leases_together),
	};

	return fake_run_tests(tests);
}
