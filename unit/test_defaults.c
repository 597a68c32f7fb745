// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_defaults.c - what holds for a hook that no policy defines */
#include "fakes/fake.h"

static void rows_are_kept_for_ever_in_a_hash(void **state)
{
	(void)state;
	__u64 mark = 5, now = 0;

	assert_true(ext_policy_active());
	assert_true(ext_policy_store(EXT_KIND_ATTR, &mark));
	assert_int_equal(mark, 0);
	assert_true(ext_policy_fresh(EXT_KIND_ENTRY, mark, &now) == EXT_FOREVER);
	assert_false(ext_policy_remove());
	assert_int_equal(ext_policy_shape(), EXT_SHAPE_HASH);
}

static void a_policy_that_defines_store_is_asked_for_each_row(void **state)
{
	(void)state;
	const struct ext_row row = { .nodeid = 42, .kind = EXT_KIND_ENTRY };
	__u64 mark = 5;

	assert_true(ext_policy_admit(&row, &mark));
	assert_int_equal(mark, 0);
}

static void nothing_is_listed_and_nothing_makes_room(void **state)
{
	(void)state;
	const struct ext_row row = { .key = 42 };
	struct ext_victim victim = { 0 };

	assert_false(ext_policy_list(&row));
	assert_false(ext_policy_victim(EXT_TABLE_ATTRS, &victim));
}

static void there_are_no_leases(void **state)
{
	(void)state;
	assert_int_equal(fake_lease_grant(fake_lease_begin(), 42, 1000), -EOPNOTSUPP);
	assert_int_equal(fake_lease_revoke(42), -EOPNOTSUPP);
	fake_lookup_file(1, "file", 42);
	assert_true(answers_lookup(1, "file"));
	fake_forget(42);
	assert_false(answers_lookup(1, "file"));
}

static void the_daemons_validity_is_handed_on(void **state)
{
	(void)state;
	struct fuse_entry_out entry = fake_entry(42, 1);
	struct fake_req lookup = req_lookup(1, "file");

	entry.entry_valid = 4;
	entry.entry_valid_nsec = 5;
	fake_lookup(1, "file", &entry);
	fake_advance(1000000000000ULL);
	assert_int_equal(fake_send(&lookup), 0);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid, 4);
	assert_int_equal(lookup.out_buf[0].entry.entry_valid_nsec, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(rows_are_kept_for_ever_in_a_hash),
		fake_test(a_policy_that_defines_store_is_asked_for_each_row),
		fake_test(nothing_is_listed_and_nothing_makes_room),
		fake_test(there_are_no_leases),
		fake_test(the_daemons_validity_is_handed_on),
	};

	return fake_run_tests(tests);
}
