// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* fake.c - requests, the daemon and what a test may ask, whatever runs the program */
#include "backend.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ioctl.h>

#define PAGE 4096

static bool tolerant;
static unsigned int refused;
static __u64 now;
/* What the program said at its attach. */
static __u64 unwanted_events, unwanted_attrs;

__u64 fake_now(void)
{
	return now;
}

void fake_advance(__u64 ns)
{
	now += ns;
}

void fake_tolerate(void)
{
	tolerant = true;
}

unsigned int fake_refused(void)
{
	return refused;
}

void assert_quiet(void)
{
	backend_fetch_variables();
	for (unsigned int i = 0; i < EXT_STRIPES; i++) {
		assert_int_equal(ext_inodes[i].busy, 0);
		assert_int_equal(ext_inodes[i].nbusy, 0);
		assert_int_equal(ext_inodes[i].xbusy, 0);
		assert_int_equal(ext_name_stripes[i].busy, 0);
	}
	assert_int_equal(ext_all.busy, 0);
}

/* ---- Runs, and a record of them ---- */

/*
 * EXTFUSE_KIT_TRACE names a file that gets a line for each run of the program: what it was about
 * and what came out. Two ways to run a test have to agree on it.
 */
__attribute__((format(printf, 1, 2))) static void trace(const char *format, ...)
{
	static FILE *file;
	const char *path = getenv("EXTFUSE_KIT_TRACE");
	va_list args;

	if (!path)
		return;
	if (!file) {
		file = fopen(path, "we");
		assert_non_null(file);
		/* A case that fails leaves its runs behind, too. */
		setlinebuf(file);
	}
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
}

static __u32 sum_of(const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;
	__u32 sum = 2166136261U;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ byte[i]) * 16777619U;
	return sum;
}

static void trace_run(const struct fake_req *req, bool fill, int ret)
{
	static const char *const phases[] = { "request", "reply", "event" };
	const struct extfuse_req *ctx = &req->ctx;

	trace("%s %u of %llu: %d, cookie %llx %llx", fill ? "fill" : phases[ctx->phase],
	      ctx->opcode, (unsigned long long)ctx->nodeid,
	      ctx->phase == EXTFUSE_REQUEST || fill ? ret : 0, (unsigned long long)ctx->cookie[0],
	      (unsigned long long)ctx->cookie[1]);
	for (unsigned int i = 0; ctx->phase == EXTFUSE_REQUEST && !ret && i < ctx->out_numargs; i++)
		trace(", %u bytes with sum %08x", ctx->out_size[i],
		      sum_of(&req->out_buf[i], ctx->out_size[i]));
	trace("\n");
}

static void trace_stats(__u32 opcode)
{
	struct ext_op_stats stats = fake_stats(opcode);
	const __u64 *counts = (const __u64 *)&stats;

	trace("statistics of %u:", opcode);
	for (size_t i = 0; i < sizeof(stats) / sizeof(*counts); i++)
		trace(" %llu", (unsigned long long)counts[i]);
	trace("\n");
}

static int run(struct fake_req *req, bool fill)
{
	int ret = backend_run(req, fill);

	trace_run(req, fill, ret);
	return ret;
}

/* ---- Names ---- */

static const char *const opcode_names[EXT_OPCODES] = {
#include "opcode_names.inc"
};
static const char *const event_names[EXT_OPCODES] = {
#include "event_names.inc"
};

static int index_of(const char *const *names, const char *name, size_t len)
{
	for (int i = 0; i < EXT_OPCODES; i++)
		if (names[i] && strlen(names[i]) == len && !memcmp(names[i], name, len))
			return i;
	fail_msg("no opcode or event is called %s", name);
	return -1;
}

int fake_slot(const char *section)
{
	const char *slash = strchr(section, '/');

	if (!strncmp(section, "event/", 6))
		return EXT_SLOT_EVENT + index_of(event_names, section + 6, strlen(section + 6));
	if (slash)
		return EXT_SLOT_REPLY + index_of(opcode_names, section, slash - section);
	return EXT_SLOT_REQUEST + index_of(opcode_names, section, strlen(section));
}

/* ---- Requests ---- */

/* A request that was returned by value lies elsewhere now. */
static void settle(struct fake_req *req)
{
	for (unsigned int i = 0; i < req->ctx.in_numargs; i++)
		req->in[i] = req->in_buf[i];
	for (unsigned int i = 0; i < req->ctx.out_numargs; i++)
		req->out[i] = &req->out_buf[i];
}

/* The only requests to which the kernel lets a program give outputs. */
static bool may_give_outputs(__u32 opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_GETATTR:
	case FUSE_STATX:
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
	case FUSE_ACCESS:
	case FUSE_STATFS:
		return true;
	}
	return false;
}

static bool is_legal(const struct fake_req *req, int ret)
{
	if (ret < 0)
		return ret > -512;
	return !ret && may_give_outputs(req->ctx.opcode) &&
	       req->written == (1U << req->ctx.out_numargs) - 1;
}

/* What the kernel makes of the program's result. */
static int take_answer(struct fake_req *req, int ret)
{
	req->quiet = ret == EXTFUSE_UPCALL_QUIET;
	if (req->quiet)
		ret = -ENOSYS;
	if (!is_legal(req, ret)) {
		if (!tolerant)
			fail_msg("the kernel refuses what a program answered to %s: %d, with %u of "
				 "%u outputs written",
				 req->ctx.opcode < EXT_OPCODES && opcode_names[req->ctx.opcode]
					 ? opcode_names[req->ctx.opcode]
					 : "a request",
				 ret, __builtin_popcount(req->written), req->ctx.out_numargs);
		refused++;
		ret = -ENOSYS;
	}
	if (ret == -ENOSYS) {
		/* As if nothing had been written. */
		memcpy(req->ctx.out_size, req->room, sizeof(req->room));
		for (unsigned int i = 0; i < req->ctx.out_numargs; i++)
			if (req->written >> i & 1)
				memset(&req->out_buf[i], 0, sizeof(req->out_buf[i]));
	}
	return ret;
}

static void begin_request(struct fake_req *req)
{
	settle(req);
	req->written = 0;
	req->ctx.phase = EXTFUSE_REQUEST;
	req->ctx.error = 0;
	memset(req->ctx.cookie, 0, sizeof(req->ctx.cookie));
	memcpy(req->room, req->ctx.out_size, sizeof(req->room));
}

static int end_request(struct fake_req *req, int ret)
{
	ret = take_answer(req, ret);
	trace_run(req, false, ret);
	return ret;
}

int fake_send(struct fake_req *req)
{
	begin_request(req);
	return end_request(req, backend_run(req, false));
}

static void begin_reply(struct fake_req *req, int error)
{
	settle(req);
	req->ctx.phase = EXTFUSE_REPLY;
	req->ctx.error = error;
	if (error)
		memset(req->ctx.out_size, 0, sizeof(req->ctx.out_size));
}

void fake_answer(struct fake_req *req)
{
	begin_reply(req, 0);
	if (!req->quiet)
		run(req, false);
}

void fake_fail(struct fake_req *req, int error)
{
	begin_reply(req, error);
	run(req, false);
}

/* ---- A run beside others, stepped by the test ---- */

void fake_start_request(struct fake_req *req)
{
	begin_request(req);
	backend_start(req);
}

void fake_start_reply(struct fake_req *req, int error)
{
	begin_reply(req, error);
	backend_start(req);
}

int fake_finish(struct fake_req *req)
{
	int ret;

	while (fake_step())
		;
	ret = backend_result();
	return req->ctx.phase == EXTFUSE_REQUEST ? end_request(req, ret) : ret;
}

void fake_answer_entry(struct fake_req *req, const struct fuse_entry_out *entry)
{
	req->out_buf[0].entry = *entry;
	fake_answer(req);
}

void fake_answer_attr(struct fake_req *req, const struct fuse_attr_out *attr)
{
	req->out_buf[0].attr = *attr;
	fake_answer(req);
}

void fake_answer_bytes(struct fake_req *req, const void *bytes, __u32 size)
{
	assert_true(size <= sizeof(req->out_buf[0]));
	if (bytes)
		memcpy(req->out_buf[0].bytes, bytes, size);
	req->ctx.out_size[0] = size;
	fake_answer(req);
}

struct fake_req req_plain(__u32 opcode, __u64 nodeid)
{
	struct fake_req req;

	memset(&req, 0, sizeof(req));
	req.ctx.opcode = opcode;
	req.ctx.nodeid = nodeid;
	req.ctx.uid = 1000;
	return req;
}

static void add_in(struct fake_req *req, const void *value, __u32 size)
{
	assert_true(size <= sizeof(req->in_buf[0]));
	memcpy(req->in_buf[req->ctx.in_numargs], value, size);
	req->ctx.in_size[req->ctx.in_numargs++] = size;
}

/* An input in pages: programs see its size alone. */
static void add_room(struct fake_req *req, __u32 size)
{
	assert_true(size <= sizeof(req->in_buf[0]));
	req->ctx.in_size[req->ctx.in_numargs++] = size;
}

static void add_name(struct fake_req *req, const char *name)
{
	add_in(req, name, strlen(name) + 1);
}

static void add_out(struct fake_req *req, __u32 size)
{
	req->ctx.out_size[req->ctx.out_numargs++] = size;
}

struct fake_req req_lookup(__u64 parent, const char *name)
{
	struct fake_req req = req_plain(FUSE_LOOKUP, parent);

	add_name(&req, name);
	add_out(&req, sizeof(struct fuse_entry_out));
	return req;
}

struct fake_req req_getattr(__u64 nodeid)
{
	struct fake_req req = req_plain(FUSE_GETATTR, nodeid);
	struct fuse_getattr_in in = { 0 };

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_attr_out));
	return req;
}

struct fake_req req_statx(__u64 nodeid)
{
	struct fake_req req = req_plain(FUSE_STATX, nodeid);
	struct fuse_statx_in in = { 0 };

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_statx_out));
	return req;
}

/* An input structure, a name, and an entry in the reply. */
static struct fake_req req_named(__u32 opcode, __u64 parent, const void *in, __u32 size,
				 const char *name)
{
	struct fake_req req = req_plain(opcode, parent);

	add_in(&req, in, size);
	add_name(&req, name);
	add_out(&req, sizeof(struct fuse_entry_out));
	return req;
}

struct fake_req req_create(__u64 parent, const char *name)
{
	struct fuse_create_in in = { 0 };
	struct fake_req req = req_named(FUSE_CREATE, parent, &in, sizeof(in), name);

	add_out(&req, sizeof(struct fuse_open_out));
	return req;
}

struct fake_req req_mknod(__u64 parent, const char *name)
{
	struct fuse_mknod_in in = { 0 };

	return req_named(FUSE_MKNOD, parent, &in, sizeof(in), name);
}

struct fake_req req_mkdir(__u64 parent, const char *name)
{
	struct fuse_mkdir_in in = { 0 };

	return req_named(FUSE_MKDIR, parent, &in, sizeof(in), name);
}

struct fake_req req_symlink(__u64 parent, const char *name, const char *target)
{
	struct fake_req req = req_plain(FUSE_SYMLINK, parent);

	add_name(&req, name);
	add_name(&req, target);
	add_out(&req, sizeof(struct fuse_entry_out));
	return req;
}

struct fake_req req_link(__u64 nodeid, __u64 parent, const char *name)
{
	struct fuse_link_in in = { .oldnodeid = nodeid };
	struct fake_req req = req_named(FUSE_LINK, parent, &in, sizeof(in), name);

	req.ctx.child[0] = nodeid;
	return req;
}

static struct fake_req req_removal(__u32 opcode, __u64 parent, const char *name, __u64 victim)
{
	struct fake_req req = req_plain(opcode, parent);

	add_name(&req, name);
	req.ctx.child[0] = victim;
	return req;
}

struct fake_req req_unlink(__u64 parent, const char *name, __u64 victim)
{
	return req_removal(FUSE_UNLINK, parent, name, victim);
}

struct fake_req req_rmdir(__u64 parent, const char *name, __u64 victim)
{
	return req_removal(FUSE_RMDIR, parent, name, victim);
}

struct fake_req req_rename(__u64 parent, const char *name, __u64 newdir, const char *newname,
			   __u64 moved, __u64 replaced)
{
	struct fuse_rename_in in = { .newdir = newdir };
	struct fake_req req = req_plain(FUSE_RENAME, parent);

	add_in(&req, &in, sizeof(in));
	add_name(&req, name);
	add_name(&req, newname);
	req.ctx.child[0] = moved;
	req.ctx.child[1] = replaced;
	return req;
}

struct fake_req req_rename2(__u64 parent, const char *name, __u64 newdir, const char *newname,
			    __u64 moved, __u64 replaced, __u32 flags)
{
	struct fuse_rename2_in in = { .newdir = newdir, .flags = flags };
	struct fake_req req = req_plain(FUSE_RENAME2, parent);

	add_in(&req, &in, sizeof(in));
	add_name(&req, name);
	add_name(&req, newname);
	req.ctx.child[0] = moved;
	req.ctx.child[1] = replaced;
	return req;
}

struct fake_req req_tmpfile(__u64 parent)
{
	struct fuse_create_in in = { 0 };
	struct fake_req req = req_named(FUSE_TMPFILE, parent, &in, sizeof(in), "#tmp");

	add_out(&req, sizeof(struct fuse_open_out));
	return req;
}

struct fake_req req_open(__u64 nodeid, __u32 flags)
{
	struct fuse_open_in in = { .flags = flags };
	struct fake_req req = req_plain(FUSE_OPEN, nodeid);

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_open_out));
	return req;
}

struct fake_req req_read(__u64 nodeid, __u64 offset, __u32 size)
{
	struct fuse_read_in in = { .offset = offset, .size = size };
	struct fake_req req = req_plain(FUSE_READ, nodeid);

	add_in(&req, &in, sizeof(in));
	add_out(&req, size);
	return req;
}

struct fake_req req_write(__u64 nodeid)
{
	struct fuse_write_in in = { 0 };
	struct fake_req req = req_plain(FUSE_WRITE, nodeid);

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_write_out));
	return req;
}

struct fake_req req_setattr(__u64 nodeid)
{
	struct fuse_setattr_in in = { 0 };
	struct fake_req req = req_plain(FUSE_SETATTR, nodeid);

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_attr_out));
	return req;
}

struct fake_req req_copy_file_range(__u64 nodeid_in, __u64 nodeid_out)
{
	struct fuse_copy_file_range_in in = { .nodeid_out = nodeid_out };
	struct fake_req req = req_plain(FUSE_COPY_FILE_RANGE, nodeid_in);

	add_in(&req, &in, sizeof(in));
	add_out(&req, sizeof(struct fuse_write_out));
	return req;
}

/* An input structure, and an output of so many bytes if there are any. */
static struct fake_req req_of(__u32 opcode, __u64 nodeid, const void *in, __u32 size, __u32 out)
{
	struct fake_req req = req_plain(opcode, nodeid);

	add_in(&req, in, size);
	if (out)
		add_out(&req, out);
	return req;
}

struct fake_req req_readdirplus(__u64 nodeid)
{
	struct fuse_read_in in = { .size = PAGE };

	return req_of(FUSE_READDIRPLUS, nodeid, &in, sizeof(in), in.size);
}

struct fake_req req_readdir(__u64 nodeid, __u64 offset, __u32 size)
{
	struct fuse_read_in in = { .offset = offset, .size = size };

	return req_of(FUSE_READDIR, nodeid, &in, sizeof(in), size);
}

struct fake_req req_getxattr(__u64 nodeid, const char *name, __u32 size)
{
	struct fuse_getxattr_in in = { .size = size };
	struct fake_req req = req_plain(FUSE_GETXATTR, nodeid);

	add_in(&req, &in, sizeof(in));
	add_name(&req, name);
	add_out(&req, size ? size : sizeof(struct fuse_getxattr_out));
	return req;
}

struct fake_req req_listxattr(__u64 nodeid, __u32 size)
{
	struct fuse_getxattr_in in = { .size = size };
	struct fake_req req = req_plain(FUSE_LISTXATTR, nodeid);

	add_in(&req, &in, sizeof(in));
	add_out(&req, size ? size : sizeof(struct fuse_getxattr_out));
	return req;
}

struct fake_req req_setxattr(__u64 nodeid, const char *name, const char *value)
{
	struct fuse_setxattr_in in = { .size = (__u32)strlen(value) };
	struct fake_req req = req_plain(FUSE_SETXATTR, nodeid);

	/* Of a daemon that did not ask for more (FUSE_SETXATTR_EXT). */
	add_in(&req, &in, FUSE_COMPAT_SETXATTR_IN_SIZE);
	add_name(&req, name);
	add_in(&req, value, in.size);
	return req;
}

struct fake_req req_removexattr(__u64 nodeid, const char *name)
{
	struct fake_req req = req_plain(FUSE_REMOVEXATTR, nodeid);

	add_name(&req, name);
	return req;
}

struct fake_req req_access(__u64 nodeid, __u32 mask)
{
	struct fuse_access_in in = { .mask = mask };

	return req_of(FUSE_ACCESS, nodeid, &in, sizeof(in), 0);
}

struct fake_req req_statfs(__u64 nodeid)
{
	struct fake_req req = req_plain(FUSE_STATFS, nodeid);

	add_out(&req, sizeof(struct fuse_statfs_out));
	return req;
}

struct fake_req req_readlink(__u64 nodeid)
{
	struct fake_req req = req_plain(FUSE_READLINK, nodeid);

	add_out(&req, PAGE - 1);
	return req;
}

struct fake_req req_flush(__u64 nodeid, __u32 flags)
{
	struct fuse_flush_in in = { .fh = 1, .lock_owner = 1 };
	struct fake_req req = req_of(FUSE_FLUSH, nodeid, &in, sizeof(in), 0);

	req.ctx.flags = flags;
	return req;
}

static struct fake_req req_closed(__u32 opcode, __u64 nodeid, __u32 flags)
{
	struct fuse_release_in in = { .fh = 1 };
	struct fake_req req;

	in.flags = flags & EXTFUSE_F_READER ? O_RDONLY : O_RDWR;
	req = req_of(opcode, nodeid, &in, sizeof(in), 0);
	req.ctx.flags = flags;
	return req;
}

struct fake_req req_release(__u64 nodeid, __u32 flags)
{
	return req_closed(FUSE_RELEASE, nodeid, flags);
}

struct fake_req req_releasedir(__u64 nodeid)
{
	return req_closed(FUSE_RELEASEDIR, nodeid, 0);
}

static struct fake_req req_synced(__u32 opcode, __u64 nodeid, int datasync)
{
	struct fuse_fsync_in in = { .fh = 1 };

	in.fsync_flags = datasync ? FUSE_FSYNC_FDATASYNC : 0;
	return req_of(opcode, nodeid, &in, sizeof(in), 0);
}

struct fake_req req_fsync(__u64 nodeid, int datasync)
{
	return req_synced(FUSE_FSYNC, nodeid, datasync);
}

struct fake_req req_fsyncdir(__u64 nodeid, int datasync)
{
	return req_synced(FUSE_FSYNCDIR, nodeid, datasync);
}

struct fake_req req_syncfs(__u64 nodeid)
{
	struct fuse_syncfs_in in = { 0 };

	return req_of(FUSE_SYNCFS, nodeid, &in, sizeof(in), 0);
}

struct fake_req req_fallocate(__u64 nodeid, __u32 mode, __u64 offset, __u64 length)
{
	struct fuse_fallocate_in in = { .fh = 1, .mode = mode, .offset = offset, .length = length };

	return req_of(FUSE_FALLOCATE, nodeid, &in, sizeof(in), 0);
}

struct fake_req req_opendir(__u64 nodeid, __u32 flags)
{
	struct fuse_open_in in = { .flags = flags };

	return req_of(FUSE_OPENDIR, nodeid, &in, sizeof(in), sizeof(struct fuse_open_out));
}

struct fake_req req_lseek(__u64 nodeid, __u64 offset, __u32 whence)
{
	struct fuse_lseek_in in = { .fh = 1, .offset = offset, .whence = whence };

	return req_of(FUSE_LSEEK, nodeid, &in, sizeof(in), sizeof(struct fuse_lseek_out));
}

static struct fake_req req_lock(__u32 opcode, __u64 nodeid, const struct fuse_file_lock *lock,
				__u32 out)
{
	struct fuse_lk_in in = { .fh = 1, .owner = 1, .lk = *lock };

	return req_of(opcode, nodeid, &in, sizeof(in), out);
}

struct fake_req req_getlk(__u64 nodeid, const struct fuse_file_lock *lock)
{
	return req_lock(FUSE_GETLK, nodeid, lock, sizeof(struct fuse_lk_out));
}

struct fake_req req_setlk(__u64 nodeid, const struct fuse_file_lock *lock)
{
	return req_lock(FUSE_SETLK, nodeid, lock, 0);
}

struct fake_req req_setlkw(__u64 nodeid, const struct fuse_file_lock *lock)
{
	return req_lock(FUSE_SETLKW, nodeid, lock, 0);
}

struct fake_req req_poll(__u64 nodeid, __u32 events)
{
	struct fuse_poll_in in = { .fh = 1, .kh = 1, .events = events };

	return req_of(FUSE_POLL, nodeid, &in, sizeof(in), sizeof(struct fuse_poll_out));
}

struct fake_req req_bmap(__u64 nodeid, __u64 block, __u32 blocksize)
{
	struct fuse_bmap_in in = { .block = block, .blocksize = blocksize };

	return req_of(FUSE_BMAP, nodeid, &in, sizeof(in), sizeof(struct fuse_bmap_out));
}

struct fake_req req_ioctl(__u64 nodeid, __u32 cmd)
{
	struct fuse_ioctl_in in = { .fh = 1, .cmd = cmd };
	struct fake_req req;

	in.in_size = _IOC_DIR(cmd) & _IOC_WRITE ? _IOC_SIZE(cmd) : 0;
	in.out_size = _IOC_DIR(cmd) & _IOC_READ ? _IOC_SIZE(cmd) : 0;
	req = req_of(FUSE_IOCTL, nodeid, &in, sizeof(in), sizeof(struct fuse_ioctl_out));
	if (in.in_size)
		add_room(&req, in.in_size);
	add_out(&req, in.out_size);
	return req;
}

/* ---- The daemon ---- */

struct fuse_entry_out fake_entry(__u64 nodeid, __u64 size)
{
	struct fuse_entry_out entry;

	memset(&entry, 0, sizeof(entry));
	entry.nodeid = nodeid;
	entry.generation = 1;
	entry.entry_valid = 10;
	entry.attr_valid = 10;
	entry.attr.ino = nodeid;
	entry.attr.mode = 0100644;
	entry.attr.nlink = 1;
	entry.attr.size = size;
	return entry;
}

struct fuse_attr_out fake_attr(__u64 nodeid, __u64 size)
{
	struct fuse_entry_out entry = fake_entry(nodeid, size);
	struct fuse_attr_out attr;

	memset(&attr, 0, sizeof(attr));
	attr.attr_valid = 10;
	attr.attr = entry.attr;
	return attr;
}

bool fake_lookup(__u64 parent, const char *name, const struct fuse_entry_out *entry)
{
	struct fake_req req = req_lookup(parent, name);

	if (fake_send(&req) != -ENOSYS)
		return true;
	fake_answer_entry(&req, entry);
	return false;
}

bool fake_getattr(__u64 nodeid, const struct fuse_attr_out *attr)
{
	struct fake_req req = req_getattr(nodeid);

	if (fake_send(&req) != -ENOSYS)
		return true;
	fake_answer_attr(&req, attr);
	return false;
}

bool fake_lookup_file(__u64 parent, const char *name, __u64 nodeid)
{
	struct fuse_entry_out entry = fake_entry(nodeid, 1);

	return fake_lookup(parent, name, &entry);
}

bool fake_getattr_file(__u64 nodeid)
{
	struct fuse_attr_out attr = fake_attr(nodeid, 1);

	return fake_getattr(nodeid, &attr);
}

bool fake_lookup_none(__u64 parent, const char *name)
{
	struct fake_req req = req_lookup(parent, name);

	if (fake_send(&req) != -ENOSYS)
		return true;
	fake_fail(&req, -ENOENT);
	return false;
}

bool answers_lookup(__u64 parent, const char *name)
{
	struct fake_req req = req_lookup(parent, name);

	return fake_send(&req) != -ENOSYS;
}

bool answers_getattr(__u64 nodeid)
{
	struct fake_req req = req_getattr(nodeid);

	return fake_send(&req) != -ENOSYS;
}

bool fake_getxattr(__u64 nodeid, const char *name, const char *value)
{
	struct fake_req req = req_getxattr(nodeid, name, 256);

	if (fake_send(&req) != -ENOSYS)
		return true;
	if (value)
		fake_answer_bytes(&req, value, (__u32)strlen(value));
	else
		fake_fail(&req, -ENODATA);
	return false;
}

bool fake_listxattr(__u64 nodeid, const char *list, __u32 size)
{
	struct fake_req req = req_listxattr(nodeid, 256);

	if (fake_send(&req) != -ENOSYS)
		return true;
	fake_answer_bytes(&req, list, size);
	return false;
}

bool answers_getxattr(__u64 nodeid, const char *name)
{
	struct fake_req req = req_getxattr(nodeid, name, 256);

	return fake_send(&req) != -ENOSYS;
}

bool answers_listxattr(__u64 nodeid)
{
	struct fake_req req = req_listxattr(nodeid, 256);

	return fake_send(&req) != -ENOSYS;
}

void fake_change(struct fake_req req)
{
	assert_int_equal(fake_send(&req), -ENOSYS);
	fake_answer(&req);
}

bool fake_wants(__u32 event)
{
	return !(unwanted_events >> event & 1);
}

static void run_event(struct fake_req *req)
{
	settle(req);
	req->ctx.phase = EXTFUSE_EVENT;
	if (fake_wants(req->ctx.opcode))
		run(req, false);
}

void fake_forget(__u64 nodeid)
{
	struct fake_req req = req_plain(EXTFUSE_EV_FORGET, nodeid);
	__u64 nlookup = 1;

	add_in(&req, &nlookup, sizeof(nlookup));
	run_event(&req);
}

void fake_inval_attr(__u64 nodeid, __u32 mask)
{
	struct fake_req req = req_plain(EXTFUSE_EV_INVAL_ATTR, nodeid);

	add_in(&req, &mask, sizeof(mask));
	if (mask & ~unwanted_attrs)
		run_event(&req);
}

void fake_direntplus(const struct fake_req *readdirplus, const char *name,
		     const struct fuse_entry_out *entry)
{
	struct fake_req req = req_plain(EXTFUSE_EV_DIRENTPLUS, readdirplus->ctx.nodeid);

	req.ctx.child[0] = entry->nodeid;
	req.ctx.cookie[0] = readdirplus->ctx.cookie[0];
	req.ctx.cookie[1] = readdirplus->ctx.cookie[1];
	add_in(&req, entry, sizeof(*entry));
	add_name(&req, name);
	run_event(&req);
}

void fake_event(__u32 event, __u64 nodeid, __u64 child, const char *name)
{
	struct fake_req req = req_plain(event, nodeid);

	req.ctx.child[0] = child;
	if (name)
		add_name(&req, name);
	run_event(&req);
}

static int run_fill(struct fake_req *req)
{
	settle(req);
	req->ctx.phase = EXTFUSE_EVENT;
	return run(req, true);
}

static struct fake_req req_fill(__u32 op, __u64 token, __u64 nodeid)
{
	struct fake_req req = req_plain(0, nodeid);
	struct ext_fill fill = { .op = op, .token = token };

	add_in(&req, &fill, sizeof(fill));
	return req;
}

int fake_fill_attr(__u64 token, __u64 nodeid, const struct fuse_entry_out *entry)
{
	struct fake_req req = req_fill(EXT_FILL_ATTR, token, nodeid);

	add_in(&req, entry, sizeof(*entry));
	return run_fill(&req);
}

int fake_fill_entry(__u64 token, __u64 parent, const char *name, const struct fuse_entry_out *entry)
{
	struct fake_req req = req_fill(EXT_FILL_ENTRY, token, parent);

	add_in(&req, entry, sizeof(*entry));
	add_name(&req, name);
	return run_fill(&req);
}

int fake_fill_negative(__u64 token, __u64 parent, const char *name)
{
	struct fake_req req = req_fill(EXT_FILL_NEGATIVE, token, parent);
	struct fuse_entry_out entry = fake_entry(0, 0);

	add_in(&req, &entry, sizeof(entry));
	add_name(&req, name);
	return run_fill(&req);
}

int fake_inval_inode(__u64 nodeid)
{
	struct fake_req req = req_fill(EXT_INVAL_INODE, 0, nodeid);

	return run_fill(&req);
}

int fake_inval_entry(__u64 parent, const char *name)
{
	struct fake_req req = req_fill(EXT_INVAL_ENTRY, 0, parent);

	add_name(&req, name);
	return run_fill(&req);
}

__u64 fake_lease_begin(void)
{
	return ext_seq | EXT_TOKEN_LEASE;
}

int fake_lease_grant(__u64 token, __u64 nodeid, __u64 ns)
{
	struct fake_req req = req_fill(EXT_LEASE_GRANT, token, nodeid);
	__u64 until = now + ns;

	add_in(&req, &until, sizeof(until));
	return run_fill(&req);
}

int fake_lease_revoke(__u64 nodeid)
{
	struct fake_req req = req_fill(EXT_LEASE_REVOKE, 0, nodeid);

	return run_fill(&req);
}

struct ext_op_stats fake_stats(__u32 opcode)
{
	struct ext_op_stats stats;
	__u64 sum;

	backend_stats(opcode, &stats);
	sum = stats.hits + stats.negative_hits;
	for (int i = 0; i < EXT_MISS_MAX; i++)
		sum += stats.misses[i];
	assert_int_equal(stats.requests, sum);
	return stats;
}

/* ---- Setup ---- */

int fake_setup(void **state)
{
	struct fake_req attach = req_plain(EXTFUSE_EV_ATTACH, 0);
	__u32 minor = 41;

	if (state && *state)
		trace("case %s\n", ((const struct fake_case *)*state)->name);
	tolerant = false;
	refused = 0;
	now = 1000000000;
	memset(ext_inodes, 0, sizeof(ext_inodes));
	memset(ext_name_stripes, 0, sizeof(ext_name_stripes));
	memset(&ext_all, 0, sizeof(ext_all));
	ext_seq = 0;
	ext_attached = 0;
	ext_generation = 0;
	ext_fill = 0;
	ext_one_nodeid = 0;
	/* As the loader does. */
	ext_idle = ext_policy_shape() == EXT_SHAPE_NONE;
	ext_param_atime = 0;
	backend_begin();
	add_in(&attach, &minor, sizeof(minor));
	unwanted_events = 0;
	run_event(&attach);
	unwanted_events = attach.ctx.cookie[0];
	unwanted_attrs = attach.ctx.cookie[1];
	ext_epoch = 1;
	return 0;
}

int fake_teardown(void **state)
{
	(void)state;
	for (int opcode = 0; opcode <= EXT_OPCODES; opcode++)
		trace_stats(opcode);
	backend_end();
	return 0;
}

int fake_run_cases(const char *file, const struct CMUnitTest *tests, size_t n)
{
	struct CMUnitTest *ours = calloc(n, sizeof(*ours));
	const char *slash = strrchr(file, '/');
	char name[128];
	size_t selected = 0;
	int failed;

	/* "test_policy_ttl" */
	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : file);
	name[strcspn(name, ".")] = '\0';
	trace("test %s\n", name);

	assert_non_null(ours);
	for (size_t i = 0; i < n; i++)
		if (backend_can_run(tests[i].initial_state))
			ours[selected++] = tests[i];
	failed = _cmocka_run_group_tests(name, ours, selected, NULL, NULL);
	free(ours);
	return failed;
}
