// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* test_opcodes.c - what requests and replies carry, read by its name (handlers/opcodes.h) */
#include "names_test.h"

#include <fcntl.h>
#include <linux/ioctl.h>

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
		int (*text)(struct extfuse_req *ctx, char *text);
	} cases[] = {
		{ req_lookup(DIR, "name"), ext_lookup_name, ext_lookup_text },
		{ req_create(DIR, "name"), ext_create_name, ext_create_text },
		{ req_mknod(DIR, "name"), ext_mknod_name, ext_mknod_text },
		{ req_mkdir(DIR, "name"), ext_mkdir_name, ext_mkdir_text },
		{ req_symlink(DIR, "name", "target"), ext_symlink_name, ext_symlink_text },
		{ req_link(60, DIR, "name"), ext_link_name, ext_link_text },
		{ req_unlink(DIR, "name", 60), ext_unlink_name, ext_unlink_text },
		{ req_rmdir(DIR, "name", 60), ext_rmdir_name, ext_rmdir_text },
		{ req_getxattr(DIR, "name", 10), ext_getxattr_name, ext_getxattr_text },
		{ req_setxattr(DIR, "name", "value"), ext_setxattr_name, ext_setxattr_text },
		{ req_removexattr(DIR, "name"), ext_removexattr_name, ext_removexattr_text },
		/* Events have their names where these requests have them. */
		{ req_lookup(DIR, "name"), ext_inval_entry_name, ext_inval_entry_text },
		{ req_lookup(DIR, "name"), ext_expire_name, ext_expire_text },
		{ req_lookup(DIR, "name"), ext_delete_name, ext_delete_text },
		{ req_link(60, DIR, "name"), ext_direntplus_name, ext_direntplus_text },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_req req = cases[i].req;
		char text[EXT_NAME_LONG];
		struct ext_name name;

		fake_send(&req);
		assert_int_equal(cases[i].read(&req.ctx, &name), 0);
		assert_name(&name, DIR, "name");
		assert_int_equal(cases[i].text(&req.ctx, text), 0);
		assert_string_equal(text, "name");
	}
}

static void rename_has_both_parents_and_both_names(void **state)
{
	(void)state;
	struct fake_req plain = req_rename(7, "old", 8, "new", 60, 61);
	struct fake_req flagged = req_rename2(7, "old", 8, "new", 60, 61, 2);
	struct ext_rename rename;
	char text[EXT_NAME_LONG];

	fake_send(&plain);
	assert_int_equal(ext_rename_from_text(&plain.ctx, text), 0);
	assert_string_equal(text, "old");
	assert_int_equal(ext_rename_to_text(&plain.ctx, text), 0);
	assert_string_equal(text, "new");
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

static const struct fuse_file_lock lock = { .start = 3, .end = 5, .type = 1, .pid = 9 };

/* An IOCTL that takes and brings four bytes. */
#define CMD _IOWR('f', 1, __u32)

/* The structure is the first input, as long as the kernel makes it. */
#define assert_in(opcode, request, type) \
	do { \
		struct fake_req req = (request); \
		struct type in; \
\
		fake_send(&req); \
		assert_int_equal(ext_##opcode##_in(&req.ctx, &in), 0); \
		assert_true(req.ctx.in_numargs >= 1); \
		assert_int_equal(req.ctx.in_size[0], sizeof(in)); \
		assert_memory_equal(&in, req.in_buf[0], sizeof(in)); \
	} while (0)

static void every_opcode_with_an_input_structure_has_it(void **state)
{
	(void)state;
	assert_in(access, req_access(42, 4), fuse_access_in);
	assert_in(bmap, req_bmap(42, 7, 512), fuse_bmap_in);
	assert_in(copy_file_range, req_copy_file_range(42, 43), fuse_copy_file_range_in);
	assert_in(create, req_create(DIR, "name"), fuse_create_in);
	assert_in(fallocate, req_fallocate(42, 1, 10, 20), fuse_fallocate_in);
	assert_in(flush, req_flush(42, 0), fuse_flush_in);
	assert_in(fsync, req_fsync(42, 1), fuse_fsync_in);
	assert_in(fsyncdir, req_fsyncdir(42, 1), fuse_fsync_in);
	assert_in(getattr, req_getattr(42), fuse_getattr_in);
	assert_in(getlk, req_getlk(42, &lock), fuse_lk_in);
	assert_in(getxattr, req_getxattr(42, "user.a", 10), fuse_getxattr_in);
	assert_in(ioctl, req_ioctl(42, CMD), fuse_ioctl_in);
	assert_in(link, req_link(60, DIR, "name"), fuse_link_in);
	assert_in(listxattr, req_listxattr(42, 10), fuse_getxattr_in);
	assert_in(lseek, req_lseek(42, 10, 3), fuse_lseek_in);
	assert_in(mkdir, req_mkdir(DIR, "name"), fuse_mkdir_in);
	assert_in(mknod, req_mknod(DIR, "name"), fuse_mknod_in);
	assert_in(open, req_open(42, 1), fuse_open_in);
	assert_in(opendir, req_opendir(42, 1), fuse_open_in);
	assert_in(poll, req_poll(42, 1), fuse_poll_in);
	assert_in(read, req_read(42, 10, 20), fuse_read_in);
	assert_in(readdir, req_readdir(42, 10, 20), fuse_read_in);
	assert_in(readdirplus, req_readdirplus(42), fuse_read_in);
	assert_in(release, req_release(42, EXTFUSE_F_READER), fuse_release_in);
	assert_in(releasedir, req_releasedir(42), fuse_release_in);
	assert_in(setattr, req_setattr(42), fuse_setattr_in);
	assert_in(setlk, req_setlk(42, &lock), fuse_lk_in);
	assert_in(setlkw, req_setlkw(42, &lock), fuse_lk_in);
	assert_in(statx, req_statx(42), fuse_statx_in);
	assert_in(syncfs, req_syncfs(42), fuse_syncfs_in);
	assert_in(tmpfile, req_tmpfile(DIR), fuse_create_in);
	assert_in(write, req_write(42), fuse_write_in);
}

static void inputs_of_requests_are_what_they_were_made_of(void **state)
{
	(void)state;
	struct fake_req fallocate = req_fallocate(42, 1, 10, 20), lseek = req_lseek(42, 10, 3);
	struct fake_req setxattr = req_setxattr(42, "user.a", "value"),
			getlk = req_getlk(42, &lock);
	struct fake_req ioctl = req_ioctl(42, CMD);
	struct fuse_fallocate_in fallocate_in;
	struct fuse_setxattr_in setxattr_in;
	struct fuse_lseek_in lseek_in;
	struct fuse_ioctl_in ioctl_in;
	struct fuse_lk_in lk_in;

	fake_send(&fallocate);
	assert_int_equal(ext_fallocate_in(&fallocate.ctx, &fallocate_in), 0);
	assert_int_equal(fallocate_in.mode, 1);
	assert_int_equal(fallocate_in.offset, 10);
	assert_int_equal(fallocate_in.length, 20);
	fake_send(&lseek);
	assert_int_equal(ext_lseek_in(&lseek.ctx, &lseek_in), 0);
	assert_int_equal(lseek_in.offset, 10);
	assert_int_equal(lseek_in.whence, 3);
	/* The kernel's structure is shorter unless the daemon asked for more; the value is there too. */
	fake_send(&setxattr);
	assert_int_equal(ext_setxattr_in(&setxattr.ctx, &setxattr_in), 0);
	assert_int_equal(setxattr_in.size, 5);
	assert_int_equal(setxattr_in.setxattr_flags, 0);
	assert_int_equal(setxattr.ctx.in_size[2], 5);
	fake_send(&getlk);
	assert_int_equal(ext_getlk_in(&getlk.ctx, &lk_in), 0);
	assert_memory_equal(&lk_in.lk, &lock, sizeof(lock));
	fake_send(&ioctl);
	assert_int_equal(ext_ioctl_in(&ioctl.ctx, &ioctl_in), 0);
	assert_int_equal(ioctl_in.cmd, CMD);
	assert_int_equal(ioctl_in.in_size, 4);
	assert_int_equal(ioctl_in.out_size, 4);
}

static void the_end_of_a_readers_file_says_so(void **state)
{
	(void)state;
	struct fake_req flush = req_flush(42, EXTFUSE_F_READER), other = req_flush(42, 0);
	struct fake_req release = req_release(42, EXTFUSE_F_READER), writer = req_release(42, 0);
	struct fuse_release_in in;

	assert_int_equal(flush.ctx.flags, EXTFUSE_F_READER);
	assert_int_equal(other.ctx.flags, 0);
	fake_send(&release);
	assert_int_equal(release.ctx.flags, EXTFUSE_F_READER);
	assert_int_equal(ext_release_in(&release.ctx, &in), 0);
	assert_int_equal(in.flags & O_ACCMODE, O_RDONLY);
	fake_send(&writer);
	assert_int_equal(writer.ctx.flags, 0);
	assert_int_equal(ext_release_in(&writer.ctx, &in), 0);
	assert_int_equal(in.flags & O_ACCMODE, O_RDWR);
}

static void pages_have_a_size_and_cannot_be_read(void **state)
{
	(void)state;
	struct fake_req reads[] = { req_read(42, 0, 512), req_readdir(42, 0, 512),
				    req_readdirplus(42), req_readlink(42) };
	struct fake_req ioctl = req_ioctl(42, CMD);
	char bytes[8192];

	for (size_t i = 0; i < sizeof(reads) / sizeof(*reads); i++) {
		fake_send(&reads[i]);
		assert_true(reads[i].ctx.out_size[0] >= 512);
		fake_answer_bytes(&reads[i], "text", 4);
		assert_int_equal(reads[i].ctx.out_size[0], 4);
		assert_int_equal(fake_read_args(&reads[i].ctx, OUT_PARAM_0, bytes, sizeof(bytes)),
				 -EINVAL);
	}
	fake_send(&ioctl);
	assert_int_equal(ioctl.ctx.in_size[1], 4);
	assert_int_equal(fake_read_args(&ioctl.ctx, IN_PARAM_1_VALUE, bytes, sizeof(bytes)),
			 -EINVAL);
	fake_answer(&ioctl);
	assert_int_equal(ioctl.ctx.out_size[1], 4);
	assert_int_equal(fake_read_args(&ioctl.ctx, OUT_PARAM_1, bytes, sizeof(bytes)), -EINVAL);
}

/* What the daemon replied is the first output. */
#define assert_out(opcode, request, type) \
	do { \
		struct fake_req req = (request); \
		struct type out; \
\
		fake_send(&req); \
		assert_int_equal(req.ctx.out_size[0], sizeof(out)); \
		memset(&req.out_buf[0], 1, sizeof(out)); \
		fake_answer(&req); \
		assert_int_equal(ext_##opcode##_out(&req.ctx, &out), 0); \
		assert_memory_equal(&out, &req.out_buf[0], sizeof(out)); \
	} while (0)

static void every_opcode_with_an_output_structure_has_it(void **state)
{
	(void)state;
	assert_out(bmap, req_bmap(42, 7, 512), fuse_bmap_out);
	assert_out(copy_file_range, req_copy_file_range(42, 43), fuse_write_out);
	assert_out(create, req_create(DIR, "name"), fuse_entry_out);
	assert_out(getattr, req_getattr(42), fuse_attr_out);
	assert_out(getlk, req_getlk(42, &lock), fuse_lk_out);
	assert_out(ioctl, req_ioctl(42, CMD), fuse_ioctl_out);
	assert_out(link, req_link(60, DIR, "name"), fuse_entry_out);
	assert_out(lookup, req_lookup(DIR, "name"), fuse_entry_out);
	assert_out(lseek, req_lseek(42, 10, 3), fuse_lseek_out);
	assert_out(mkdir, req_mkdir(DIR, "name"), fuse_entry_out);
	assert_out(mknod, req_mknod(DIR, "name"), fuse_entry_out);
	assert_out(open, req_open(42, 1), fuse_open_out);
	assert_out(opendir, req_opendir(42, 1), fuse_open_out);
	assert_out(poll, req_poll(42, 1), fuse_poll_out);
	assert_out(setattr, req_setattr(42), fuse_attr_out);
	assert_out(statfs, req_statfs(42), fuse_statfs_out);
	assert_out(statx, req_statx(42), fuse_statx_out);
	assert_out(symlink, req_symlink(DIR, "name", "target"), fuse_entry_out);
	assert_out(tmpfile, req_tmpfile(DIR), fuse_entry_out);
	assert_out(write, req_write(42), fuse_write_out);
	assert_out(xattr_size, req_getxattr(42, "user.a", 0), fuse_getxattr_out);
}

static void events_have_their_numbers(void **state)
{
	(void)state;
	struct fake_req event = req_plain(FUSE_STATFS, 42);
	__u64 nlookup = 0x100000002;
	__u32 mask;

	event.ctx.in_numargs = 1;
	event.ctx.in_size[0] = sizeof(nlookup);
	memcpy(event.in_buf[0], &nlookup, sizeof(nlookup));
	fake_send(&event);
	nlookup = 0;
	assert_int_equal(ext_forget_count(&event.ctx, &nlookup), 0);
	assert_true(nlookup == 0x100000002);
	event.ctx.in_size[0] = sizeof(mask);
	assert_int_equal(ext_inval_attr_mask(&event.ctx, &mask), 0);
	assert_int_equal(mask, 2);
}

static void answers_become_the_requests_outputs(void **state)
{
	(void)state;
	struct fake_req lookup = req_lookup(DIR, "name"), getattr = req_getattr(42);
	struct fake_req statfs = req_statfs(1), statx = req_statx(42);
	struct fuse_entry_out entry = fake_entry(60, 9);
	struct fuse_attr_out attr = fake_attr(42, 9);

	fake_send(&lookup);
	assert_int_equal(ext_lookup_answer(&lookup.ctx, &entry), 0);
	assert_memory_equal(&lookup.out_buf[0].entry, &entry, sizeof(entry));
	fake_send(&getattr);
	assert_int_equal(ext_getattr_answer(&getattr.ctx, &attr), 0);
	assert_memory_equal(&getattr.out_buf[0].attr, &attr, sizeof(attr));
	fake_send(&statfs);
	assert_int_equal(ext_statfs_answer(&statfs.ctx, &(struct fuse_statfs_out){ 0 }), 0);
	fake_send(&statx);
	assert_int_equal(ext_statx_answer(&statx.ctx, &(struct fuse_statx_out){ 0 }), 0);
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
		fake_test_on_host(every_opcode_with_an_input_structure_has_it, WHY),
		fake_test_on_host(inputs_of_requests_are_what_they_were_made_of, WHY),
		fake_test_on_host(the_end_of_a_readers_file_says_so, WHY),
		fake_test_on_host(pages_have_a_size_and_cannot_be_read, WHY),
		fake_test_on_host(every_opcode_with_an_output_structure_has_it, WHY),
		fake_test_on_host(events_have_their_numbers, WHY),
		fake_test_on_host(answers_become_the_requests_outputs, WHY),
		fake_test_on_host(outputs_are_read_in_the_reply_alone, WHY),
		fake_test_on_host(values_of_extended_attributes_are_cut_at_no_byte, WHY),
		fake_test_on_host(what_cannot_be_read_is_an_error, WHY),
	};

	return fake_run_tests(tests);
}
