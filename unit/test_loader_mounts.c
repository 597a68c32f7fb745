// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_mounts.c - mountinfo and the connection's state file */
#include <errno.h>

#include "../loader/mounts.h"
#include "loader/loader_test.h"

static const char mountinfo[] =
	"22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"36 22 0:42 / /mnt/a rw,nosuid shared:7 master:2 - fuse.stackfs /src rw,user_id=0\n"
	"37 22 0:43 / /mnt/with\\040blank\\134and\\011tab rw - fuse src rw\n"
	"38 22 0:44 / /sys/fs/fuse/connections rw - fusectl fusectl rw\n"
	"39 22 8:1 / /mnt/blk rw - fuseblk /dev/sdb1 rw\n"
	"40 22 0:45 / /mnt/a rw - fuse.other src rw\n"
	"garbage\n"
	"41 22 nonsense / /mnt/b rw - fuse.x src rw\n"
	"42 22 0:46 / /mnt/c rw shared:3\n"
	"43 22 0:47 / /mnt/fused rw - fusedfs src rw\n"
	"\n";

static void test_mountinfo(void **state)
{
	struct ext_mounts mounts;

	(void)state;
	assert_int_equal(ext_mounts_parse(mountinfo, &mounts), 0);
	assert_int_equal(mounts.n, 4);
	assert_string_equal(mounts.v[0].dir, "/mnt/a");
	assert_string_equal(mounts.v[0].type, "fuse.stackfs");
	assert_int_equal(mounts.v[0].connection, 42);
	assert_string_equal(mounts.v[1].dir, "/mnt/with blank\\and\ttab");
	assert_int_equal(mounts.v[2].connection, 1);

	/* what is on top */
	assert_int_equal(ext_mounts_find(&mounts, "/mnt/a")->connection, 45);
	assert_int_equal(ext_mounts_find(&mounts, "/mnt/with blank\\and\ttab")->connection, 43);
	assert_null(ext_mounts_find(&mounts, "/"));
	assert_null(ext_mounts_find(&mounts, ""));
	ext_mounts_free(&mounts);

	assert_int_equal(ext_mounts_parse("", &mounts), 0);
	assert_int_equal(mounts.n, 0);
	ext_mounts_free(&mounts);
}

static void test_own_mountinfo(void **state)
{
	struct ext_mounts mounts;

	(void)state;
	assert_int_equal(ext_mounts_read(&mounts), 0);
	ext_mounts_free(&mounts);
}

static void assert_state(const char *text, enum ext_attach want, uint32_t id, int error)
{
	struct ext_attachment attachment;

	ext_attachment_parse(text, &attachment);
	assert_int_equal(attachment.state, want);
	assert_int_equal(attachment.prog_id, id);
	assert_int_equal(attachment.error, error);
}

static void test_state_file(void **state)
{
	(void)state;
	assert_state("attached 17\n", EXT_ATTACH_YES, 17, 0);
	assert_state("refused 1\n", EXT_ATTACH_REFUSED, 0, EPERM);
	assert_state("refused -13\n", EXT_ATTACH_REFUSED, 0, EACCES);
	assert_state("none\n", EXT_ATTACH_NONE, 0, 0);
	assert_state("", EXT_ATTACH_UNKNOWN, 0, EPROTO);
	assert_state("attached x\n", EXT_ATTACH_UNKNOWN, 0, EPROTO);
}

static void test_no_such_connection(void **state)
{
	struct ext_attachment attachment;

	(void)state;
	ext_attachment_read(UINT32_MAX, &attachment);
	assert_true(attachment.state == EXT_ATTACH_NONE || attachment.state == EXT_ATTACH_UNKNOWN);
}

static void test_errno_names(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(ext_errno_name(EPERM, buf), "EPERM");
	assert_string_equal(ext_errno_name(EOPNOTSUPP, buf), "EOPNOTSUPP");
	assert_string_equal(ext_errno_name(9999, buf), "9999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo),   cmocka_unit_test(test_own_mountinfo),
		cmocka_unit_test(test_state_file),  cmocka_unit_test(test_no_such_connection),
		cmocka_unit_test(test_errno_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
