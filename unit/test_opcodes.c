// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_opcodes.c - what requests and replies carry, read by its name (handlers/opcodes.h) */
#include "names_test.h"

#include "../handlers/opcodes.h"

/* The text of a short name. */
static void assert_name(const struct ext_name *name, __u64 parent, const char *text)
{
	assert_true(name->parent == parent);
	assert_int_equal(name->size, strlen(text) + 1);
	assert_memory_equal(name->text, text, strlen(text) + 1);
}

static void names_of_changes_are_those_of_their_request(void **state)
{
	(void)state;
	const struct {
		struct fake_req req;
		int (*read)(struct extfuse_req *ctx, struct ext_name *name);
	} cases[] = {
		{ req_lookup(DIR, "name"), ext_lookup_name },
		{ req_create(DIR, "name"), ext_create_name },
		{ req_mknod(DIR, "name"), ext_mknod_name },
		{ req_mkdir(DIR, "name"), ext_mkdir_name },
		{ req_symlink(DIR, "name", "target"), ext_symlink_name },
		{ req_link(60, DIR, "name"), ext_link_name },
		{ req_unlink(DIR, "name", 60), ext_unlink_name },
		{ req_rmdir(DIR, "name", 60), ext_rmdir_name },
		{ req_getxattr(DIR, "name", 10), ext_getxattr_name },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_req req = cases[i].req;
		struct ext_name name;

		fake_send(&req);
		assert_int_equal(cases[i].read(&req.ctx, &name), 0);
		assert_name(&name, DIR, "name");
	}
}

static void rename_has_both_parents_and_both_names(void **state)
{
	(void)state;
	struct fake_req plain = req_rename(7, "old", 8, "new", 60, 61);
	struct fake_req flagged = req_rename2(7, "old", 8, "new", 60, 61, 2);
	struct ext_rename rename;

	fake_send(&plain);
	assert_int_equal(ext_rename_in(&plain.ctx, &rename), 0);
	assert_name(&rename.from, 7, "old");
	assert_name(&rename.to, 8, "new");
	assert_int_equal(rename.flags, 0);
	fake_send(&flagged);
	assert_int_equal(ext_rename2_in(&flagged.ctx, &rename), 0);
	assert_name(&rename.from, 7, "old");
	assert_name(&rename.to, 8, "new");
	assert_int_equal(rename.flags, 2);
}

static void inputs_are_those_of_the_request(void **state)
{
	(void)state;
	struct fake_req read = req_read(42, 4096, 512), open = req_open(42, 01000);
	struct fake_req copy = req_copy_file_range(42, 43), link = req_link(60, DIR, "name");
	struct fuse_copy_file_range_in copy_in;
	struct fuse_link_in link_in;
	struct fuse_read_in read_in;
	struct fuse_open_in open_in;

	fake_send(&read);
	assert_int_equal(ext_read_in(&read.ctx, &read_in), 0);
	assert_int_equal(read_in.offset, 4096);
	assert_int_equal(read_in.size, 512);
	fake_send(&open);
	assert_int_equal(ext_open_in(&open.ctx, &open_in), 0);
	assert_int_equal(open_in.flags, 01000);
	fake_send(&copy);
	assert_int_equal(ext_copy_file_range_in(&copy.ctx, &copy_in), 0);
	assert_int_equal(copy_in.nodeid_out, 43);
	fake_send(&link);
	assert_int_equal(ext_link_in(&link.ctx, &link_in), 0);
	assert_int_equal(link_in.oldnodeid, 60);
}

static void answers_become_the_requests_outputs(void **state)
{
	(void)state;
	struct fake_req lookup = req_lookup(DIR, "name"), getattr = req_getattr(42);
	struct fuse_entry_out entry = fake_entry(60, 9);
	struct fuse_attr_out attr = fake_attr(42, 9);

	fake_send(&lookup);
	assert_int_equal(ext_lookup_answer(&lookup.ctx, &entry), 0);
	assert_memory_equal(&lookup.out_buf[0].entry, &entry, sizeof(entry));
	fake_send(&getattr);
	assert_int_equal(ext_getattr_answer(&getattr.ctx, &attr), 0);
	assert_memory_equal(&getattr.out_buf[0].attr, &attr, sizeof(attr));
	/* Another opcode's structure has another size. */
	assert_int_equal(ext_statfs_answer(&getattr.ctx, &(struct fuse_statfs_out){ 0 }), -EINVAL);
}

static void outputs_are_read_in_the_reply_alone(void **state)
{
	(void)state;
	struct fake_req create = req_create(DIR, "name");
	struct fuse_entry_out entry = fake_entry(60, 9), out;

	fake_send(&create);
	assert_int_equal(ext_create_out(&create.ctx, &out), -EINVAL);
	fake_answer_entry(&create, &entry);
	assert_int_equal(ext_create_out(&create.ctx, &out), 0);
	assert_memory_equal(&out, &entry, sizeof(entry));
	fake_fail(&create, -EIO);
	assert_int_equal(ext_create_out(&create.ctx, &out), -EINVAL);
}

static void values_of_extended_attributes_are_cut_at_no_byte(void **state)
{
	(void)state;
	struct fake_req query = req_getxattr(42, "user.a", 0), get = req_getxattr(42, "user.a", 99);
	struct ext_xattr xattr = { .size = 5, .value = { 1, 2 } };
	struct fuse_getxattr_out out;
	char bytes[EXT_XATTR_MAX + 1] = "long";

	fake_send(&query);
	assert_int_equal(ext_xattr_size_answer(&query.ctx, 5), 0);
	memcpy(&out, query.out_buf[0].bytes, sizeof(out));
	assert_int_equal(out.size, 5);
	fake_send(&get);
	assert_int_equal(ext_xattr_answer(&get.ctx, &xattr), 0);
	assert_int_equal(get.ctx.out_size[0], 5);
	xattr.size = EXT_XATTR_MAX + 1;
	assert_int_equal(ext_xattr_answer(&get.ctx, &xattr), -E2BIG);
	fake_answer_bytes(&get, "value", 5);
	assert_int_equal(ext_xattr_out(&get.ctx, &xattr), 0);
	assert_int_equal(xattr.size, 5);
	assert_memory_equal(xattr.value, "value\0\0\0", 8);
	fake_answer_bytes(&get, bytes, sizeof(bytes));
	assert_int_equal(ext_xattr_out(&get.ctx, &xattr), -E2BIG);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	struct fake_req rename = req_rename(7, "old", 8, "new", 60, 61);
	struct fake_req statfs = req_plain(FUSE_STATFS, 1);
	struct fuse_getattr_in in = { .fh = 5 };
	struct ext_rename both;

	fake_send(&rename);
	for (int arg = IN_PARAM_0_VALUE; arg <= IN_PARAM_2_VALUE; arg += 2) {
		fake_fail_reads(arg);
		assert_true(ext_rename_in(&rename.ctx, &both) < 0);
	}
	fake_fail_reads(-1);
	/* A request without inputs has none to read, and nothing of the stack shows. */
	fake_send(&statfs);
	assert_int_equal(ext_getattr_in(&statfs.ctx, &in), -EINVAL);
	assert_int_equal(in.fh, 0);
}

#define WHY "calls functions of the program"

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test_on_host(names_of_changes_are_those_of_their_request, WHY),
		fake_test_on_host(rename_has_both_parents_and_both_names, WHY),
		fake_test_on_host(inputs_are_those_of_the_request, WHY),
		fake_test_on_host(answers_become_the_requests_outputs, WHY),
		fake_test_on_host(outputs_are_read_in_the_reply_alone, WHY),
		fake_test_on_host(values_of_extended_attributes_are_cut_at_no_byte, WHY),
		fake_test_on_host(what_cannot_be_read_is_an_error, WHY),
	};

	return fake_run_tests(tests);
}
