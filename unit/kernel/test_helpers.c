// SPDX-License-Identifier: GPL-2.0-only
/* test_helpers.c - the helpers, the verifier's rules and the kernel's own rules, by BPF_PROG_TEST_RUN */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/extfuse.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "harness.h"
#include "probe.h"

static int prog_fd = -1;
static int jobs_fd = -1;

static struct probe_job job;
static struct extfuse_req ctx;
static struct extfuse_req ctx_after;
static __u8 data_in[8192];
static __u8 data_out[8192];
static __u32 data_out_size;

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static void load_probe(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *prog;

	if (!object) {
		fprintf(stderr, "cannot open %s\n", path);
		exit(1);
	}
	prog = bpf_object__find_program_by_name(object, "probe");
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);
	if (bpf_object__load(object)) {
		fprintf(stderr, "cannot load %s\n", path);
		exit(1);
	}
	prog_fd = bpf_program__fd(prog);
	jobs_fd = bpf_object__find_map_fd_by_name(object, "jobs");
}

static __u8 in_byte(size_t i)
{
	return (__u8)(i * 7 + 3);
}

/* A request with inputs of these sizes (-1: no such input), and outputs. */
static void request(__u32 opcode, int in0, int in1, int in2, int out0, int out1)
{
	const int in[] = { in0, in1, in2 };
	const int out[] = { out0, out1 };

	memset(&ctx, 0, sizeof(ctx));
	memset(&job, 0, sizeof(job));
	ctx.opcode = opcode;
	ctx.nodeid = 0x1122334455667788ULL;
	ctx.phase = EXTFUSE_REQUEST;
	job.retval = EXTFUSE_UPCALL;
	for (int i = 0; i < 3 && in[i] >= 0; i++) {
		ctx.in_size[i] = (__u32)in[i];
		ctx.in_numargs++;
	}
	for (int i = 0; i < 2 && out[i] >= 0; i++) {
		ctx.out_size[i] = (__u32)out[i];
		ctx.out_numargs++;
	}
	for (size_t i = 0; i < sizeof(data_in); i++)
		data_in[i] = in_byte(i);
	for (int i = 0; i < PROBE_STEPS; i++) {
		job.steps[i].ret = 12345;
		memset(job.steps[i].buf, PROBE_FILL, PROBE_BUF);
	}
}

static struct probe_step *step(int i, __u32 kind, __u32 code, __u32 size)
{
	job.steps[i].kind = kind;
	job.steps[i].code = code;
	job.steps[i].size = size;
	return &job.steps[i];
}

/* Returns 0 or -errno of the test run itself; *retval is the program's. */
static int run_raw(__u32 size_in, int *retval)
{
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts),
		.data_in = data_in,
		.data_size_in = size_in,
		.data_out = data_out,
		.data_size_out = sizeof(data_out),
		.ctx_in = &ctx,
		.ctx_size_in = sizeof(ctx),
		.ctx_out = &ctx_after,
		.ctx_size_out = sizeof(ctx_after),
	};
	__u32 zero = 0;
	int err;

	memset(&ctx_after, 0x77, sizeof(ctx_after));
	memset(data_out, 0x77, sizeof(data_out));
	CHECK(!bpf_map_update_elem(jobs_fd, &zero, &job, BPF_ANY));
	err = bpf_prog_test_run_opts(prog_fd, &opts) ? -errno : 0;
	CHECK(!bpf_map_lookup_elem(jobs_fd, &zero, &job));
	data_out_size = opts.data_size_out;
	*retval = (int)opts.retval;
	return err;
}

static int run(void)
{
	__u32 size = 0;
	int retval;
	int err;

	for (__u32 i = 0; i < ctx.in_numargs; i++)
		size += ctx.in_size[i];
	if (ctx.phase == EXTFUSE_REPLY && !ctx.error)
		for (__u32 i = 0; i < ctx.out_numargs; i++)
			size += ctx.out_size[i];
	err = run_raw(size, &retval);
	SAME_IN(err, 0, "opcode %u phase %u", ctx.opcode, ctx.phase);
	return retval;
}

static bool all_are(const __u8 *bytes, size_t n, __u8 value)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* What follows the size that was asked for is not touched, whatever happens. */
static void check_beyond(const struct probe_step *s)
{
	CHECK(all_are(s->buf + s->size, PROBE_BUF - s->size, PROBE_FILL));
}

/* ---- Reading ---- */

enum { NO_ARG = -1 };

/* The size that an argument code stands for; exact: no other size will do. NO_ARG: there is none. */
static int expected_size(__u32 code, bool *exact)
{
	__u32 i;

	*exact = true;
	switch (code) {
	case NODEID:
		return 8;
	case OPCODE:
	case NUM_IN_ARGS:
	case NUM_OUT_ARGS:
		return 4;
	case IN_PARAM_0_SIZE:
	case IN_PARAM_1_SIZE:
	case IN_PARAM_2_SIZE:
		return (code - IN_PARAM_0_SIZE) / 2 < ctx.in_numargs ? 4 : NO_ARG;
	case IN_PARAM_0_VALUE:
	case IN_PARAM_1_VALUE:
	case IN_PARAM_2_VALUE:
		*exact = false;
		i = (code - IN_PARAM_0_VALUE) / 2;
		return i < ctx.in_numargs ? (int)ctx.in_size[i] : NO_ARG;
	case OUT_PARAM_0:
	case OUT_PARAM_1:
		*exact = false;
		i = code - OUT_PARAM_0;
		if (ctx.phase != EXTFUSE_REPLY || ctx.error || i >= ctx.out_numargs)
			return NO_ARG;
		return (int)ctx.out_size[i];
	}
	return NO_ARG;
}

static int expected_ret(__u32 code, __u32 size)
{
	bool exact;
	int want = expected_size(code, &exact);

	if (code > OUT_PARAM_1)
		return -EBADRQC;
	if (want == NO_ARG)
		return -EINVAL;
	if (exact)
		return (int)size == want ? 0 : -EINVAL;
	return (int)size < want ? -E2BIG : 0;
}

static void expected_bytes(__u32 code, __u8 *bytes)
{
	__u32 value = 0;
	size_t at = 0;
	__u32 i;

	switch (code) {
	case OPCODE:
		value = ctx.opcode;
		break;
	case NODEID:
		memcpy(bytes, &ctx.nodeid, 8);
		return;
	case NUM_IN_ARGS:
		value = ctx.in_numargs;
		break;
	case NUM_OUT_ARGS:
		value = ctx.out_numargs;
		break;
	case IN_PARAM_0_SIZE:
	case IN_PARAM_1_SIZE:
	case IN_PARAM_2_SIZE:
		value = ctx.in_size[(code - IN_PARAM_0_SIZE) / 2];
		break;
	default:
		i = code >= OUT_PARAM_0 ? code - OUT_PARAM_0 + ctx.in_numargs
					: (code - IN_PARAM_0_VALUE) / 2;
		for (__u32 j = 0; j < i; j++)
			at += j < ctx.in_numargs ? ctx.in_size[j]
						 : ctx.out_size[j - ctx.in_numargs];
		i = code >= OUT_PARAM_0 ? ctx.out_size[code - OUT_PARAM_0] : ctx.in_size[i];
		memcpy(bytes, data_in + at, i);
		return;
	}
	memcpy(bytes, &value, 4);
}

static void check_read(const struct probe_step *s)
{
	__u8 bytes[PROBE_BUF] = { 0 };
	int ret = expected_ret(s->code, s->size);

	SAME_IN(s->ret, ret, "read of code %u with size %u, phase %u, %u inputs, %u outputs",
		s->code, s->size, ctx.phase, ctx.in_numargs, ctx.out_numargs);
	/* Zeroes on an error, and behind what is shorter than the buffer. */
	if (!ret)
		expected_bytes(s->code, bytes);
	for (__u32 i = 0; i < s->size; i++)
		if (s->buf[i] != bytes[i])
			FAIL("read of code %u with size %u (%d): byte %u is %#x, expected %#x",
			     s->code, s->size, ret, i, s->buf[i], bytes[i]);
	check_beyond(s);
}

static const struct {
	__u32 opcode;
	int in[3], out[2];
} shapes[] = {
	{ FUSE_STATFS, { -1, -1, -1 }, { 80, -1 } },
	{ FUSE_LOOKUP, { 5, -1, -1 }, { 128, -1 } },
	{ FUSE_GETATTR, { 16, -1, -1 }, { 104, -1 } },
	{ FUSE_RENAME2,
	  {
		  16,
		  6,
		  256,
	  },
	  { -1, -1 } },
	{ FUSE_CREATE, { 16, 1, -1 }, { 128, 16 } },
	{ FUSE_SETXATTR, { 8, 20, 100 }, { -1, -1 } },
	{ FUSE_SYMLINK, { 1, 0, -1 }, { 128, -1 } },
	{ 4000, { 3, 3, 3 }, { 3, 3 } },
};

/* Every code, every shape of request, sizes around the right one. */
static void read_every_code_size_and_phase(void)
{
	static const struct {
		__u32 phase;
		int error;
	} phases[] = {
		{ EXTFUSE_REQUEST, 0 },
		{ EXTFUSE_REPLY, 0 },
		{ EXTFUSE_REPLY, -ENOENT },
		{ EXTFUSE_EVENT, 0 },
	};

	for (size_t shape = 0; shape < N_OF(shapes); shape++) {
		for (size_t p = 0; p < N_OF(phases); p++) {
			for (__u32 code = 0; code < 15; code++) {
				const int *in = shapes[shape].in;
				const int *out = shapes[shape].out;
				__u32 which = code < 13 ? code : code == 13 ? 0x80000000u : ~0u;
				bool exact;
				int want;

				request(shapes[shape].opcode, in[0], in[1], in[2], out[0], out[1]);
				ctx.phase = phases[p].phase;
				ctx.error = phases[p].error;
				want = expected_size(which, &exact);
				if (want < 0)
					want = 4;
				step(0, PROBE_READ, which, want > 1 ? (__u32)want - 1 : 1);
				step(1, PROBE_READ, which, want ? (__u32)want : 1);
				step(2, PROBE_READ, which, (__u32)want + 1);
				step(3, PROBE_READ, which, PROBE_BUF);
				run();
				for (int i = 0; i < PROBE_STEPS; i++)
					check_read(&job.steps[i]);
			}
		}
	}
}

/* ---- Writing ---- */

static void write_needs_the_exact_size(void)
{
	static const __u32 fixed[] = { FUSE_LOOKUP, FUSE_GETATTR, FUSE_STATX, FUSE_STATFS };

	for (size_t i = 0; i < N_OF(fixed); i++) {
		request(fixed[i], 16, -1, -1, 100, -1);
		step(0, PROBE_WRITE, OUT_PARAM_0, 99);
		step(1, PROBE_WRITE, OUT_PARAM_0, 101);
		step(2, PROBE_WRITE, OUT_PARAM_0, 0);
		step(3, PROBE_WRITE, OUT_PARAM_1, 100);
		job.retval = 0;
		SAME(run(), EXTFUSE_UPCALL);
		SAME(job.steps[0].ret, -EINVAL);
		SAME(job.steps[1].ret, -E2BIG);
		SAME(job.steps[2].ret, -EINVAL);
		SAME(job.steps[3].ret, -EINVAL);
		SAME(data_out_size, 0);
	}
}

static void write_may_be_shorter_where_fuse_allows(void)
{
	struct fuse_getxattr_in *in = (struct fuse_getxattr_in *)data_in;

	for (__u32 size = 0; size <= 65; size++) {
		request(FUSE_GETXATTR, sizeof(*in), 6, -1, 64, -1);
		memset(in, 0, sizeof(*in));
		in->size = 64;
		step(0, PROBE_WRITE, OUT_PARAM_0, size);
		job.retval = 0;
		SAME_IN(run(), size <= 64 ? 0 : EXTFUSE_UPCALL, "value of %u bytes", size);
		SAME(job.steps[0].ret, size <= 64 ? 0 : -E2BIG);
		SAME(data_out_size, size <= 64 ? size : 0);
		if (size <= 64) {
			CHECK(all_are(data_out, size, PROBE_FILL));
			SAME(ctx_after.out_size[0], size);
		}
	}
	/* A query for the size: the output is a structure of a fixed size. */
	request(FUSE_GETXATTR, sizeof(*in), 6, -1, sizeof(struct fuse_getxattr_out), -1);
	memset(in, 0, sizeof(*in));
	step(0, PROBE_WRITE, OUT_PARAM_0, sizeof(struct fuse_getxattr_out) - 1);
	job.retval = 0;
	SAME(run(), EXTFUSE_UPCALL);
	SAME(job.steps[0].ret, -EINVAL);
}

static void write_only_outputs_of_requests(void)
{
	for (__u32 code = 0; code < 15; code++) {
		__u32 which = code < 13 ? code : code == 13 ? 0x80000000u : ~0u;
		int want = which > OUT_PARAM_1 ? -EBADRQC : which == OUT_PARAM_0 ? 0 : -EINVAL;

		for (__u32 phase = EXTFUSE_REQUEST; phase <= EXTFUSE_EVENT; phase++) {
			request(FUSE_GETATTR, 16, -1, -1, sizeof(struct fuse_attr_out), -1);
			ctx.phase = phase;
			step(0, PROBE_WRITE, which, sizeof(struct fuse_attr_out));
			run();
			SAME_IN(job.steps[0].ret, want || phase == EXTFUSE_REQUEST ? want : -EINVAL,
				"write of code %u in phase %u", which, phase);
		}
	}
}

static void write_only_where_an_answer_is_legal(void)
{
	for (__u32 opcode = 0; opcode < 64; opcode++) {
		bool legal = opcode == FUSE_LOOKUP || opcode == FUSE_GETATTR ||
			     opcode == FUSE_STATX || opcode == FUSE_GETXATTR ||
			     opcode == FUSE_LISTXATTR || opcode == FUSE_ACCESS ||
			     opcode == FUSE_STATFS;

		request(opcode, 16, -1, -1, 24, -1);
		step(0, PROBE_WRITE, OUT_PARAM_0, 24);
		run();
		SAME_IN(job.steps[0].ret, legal ? 0 : -EINVAL, "write for opcode %u", opcode);
	}
}

/* ---- The kernel's rules about answers ---- */

static struct fuse_attr_out attr_out(mode_t mode)
{
	return (struct fuse_attr_out){ .attr = { .ino = 5, .mode = mode, .nlink = 1, .size = 10 } };
}

static int answer_getattr(const struct fuse_attr_out *out, int retval)
{
	request(FUSE_GETATTR, 16, -1, -1, sizeof(*out), -1);
	if (out) {
		step(0, PROBE_WRITE, OUT_PARAM_0, sizeof(*out));
		memcpy(job.steps[0].buf, out, sizeof(*out));
	}
	job.retval = retval;
	return run();
}

static void answer_is_taken(void)
{
	struct fuse_attr_out out = attr_out(S_IFREG | 0644);

	SAME(answer_getattr(&out, 0), 0);
	SAME(data_out_size, sizeof(out));
	CHECK(!memcmp(data_out, &out, sizeof(out)));
}

static void answer_without_outputs_is_an_upcall(void)
{
	SAME(answer_getattr(NULL, 0), EXTFUSE_UPCALL);
	SAME(data_out_size, 0);
	/* What was not written is zero, which by itself would be a negative entry. */
	request(FUSE_LOOKUP, 5, -1, -1, sizeof(struct fuse_entry_out), -1);
	job.retval = 0;
	SAME(run(), EXTFUSE_UPCALL);
	/* Also when some of several are missing. */
	request(FUSE_STATX, 16, -1, -1, sizeof(struct fuse_statx_out), 8);
	step(0, PROBE_WRITE, OUT_PARAM_0, sizeof(struct fuse_statx_out));
	job.retval = 0;
	SAME(run(), EXTFUSE_UPCALL);
}

static void positive_and_large_results_are_upcalls(void)
{
	static const int bad[] = { 1,	 2,    38,    511,   512,   0x7fffffff,
				   -512, -513, -1037, -1039, -4095, -0x7fffffff - 1 };
	struct fuse_attr_out out = attr_out(S_IFREG | 0644);

	for (size_t i = 0; i < N_OF(bad); i++) {
		SAME_IN(answer_getattr(&out, bad[i]), EXTFUSE_UPCALL, "returned %d", bad[i]);
		SAME(data_out_size, 0);
	}
}

static void upcall_without_a_use_for_success_gives_no_outputs(void)
{
	struct fuse_attr_out out = attr_out(S_IFREG | 0644);

	SAME(answer_getattr(&out, EXTFUSE_UPCALL_QUIET), EXTFUSE_UPCALL_QUIET);
	SAME(data_out_size, 0);
	request(FUSE_WRITE, 16, -1, -1, 8, -1);
	job.retval = EXTFUSE_UPCALL_QUIET;
	SAME(run(), EXTFUSE_UPCALL_QUIET);
}

static void errors_are_answers_to_any_request(void)
{
	static const __u32 opcodes[] = { FUSE_LOOKUP, FUSE_GETATTR, FUSE_OPEN,	 FUSE_CREATE,
					 FUSE_UNLINK, FUSE_WRITE,   FUSE_RENAME2 };

	for (int error = -1; error > -512; error -= error > -140 ? 1 : 37) {
		for (size_t i = 0; i < N_OF(opcodes); i++) {
			request(opcodes[i], 16, -1, -1, 24, -1);
			job.retval = error;
			/* -ENOSYS is how a program asks for the server. */
			SAME_IN(run(), error, "%d for opcode %u", error, opcodes[i]);
			SAME(data_out_size, 0);
		}
	}
	request(FUSE_OPEN, 16, -1, -1, 16, -1);
	job.retval = -511;
	SAME(run(), -511);
}

static void success_of_changes_is_refused(void)
{
	static const __u32 opcodes[] = { FUSE_CREATE,	   FUSE_MKNOD,	 FUSE_MKDIR,   FUSE_SYMLINK,
					 FUSE_LINK,	   FUSE_OPEN,	 FUSE_OPENDIR, FUSE_SETATTR,
					 FUSE_UNLINK,	   FUSE_RENAME2, FUSE_FLUSH,   FUSE_RELEASE,
					 FUSE_WRITE,	   FUSE_READ,	 FUSE_TMPFILE, FUSE_FSYNC,
					 FUSE_READDIRPLUS, FUSE_INIT };

	for (size_t i = 0; i < N_OF(opcodes); i++) {
		/* Also when there are no outputs that could be missing. */
		for (int outputs = 0; outputs < 2; outputs++) {
			request(opcodes[i], 16, -1, -1, outputs ? 128 : -1, -1);
			step(0, PROBE_WRITE, OUT_PARAM_0, 128);
			job.retval = 0;
			SAME_IN(run(), EXTFUSE_UPCALL, "opcode %u", opcodes[i]);
			CHECK(job.steps[0].ret);
		}
	}
}

static void invalid_attributes_are_refused(void)
{
	struct fuse_attr_out out = attr_out(0);

	/* No type, two types, a size that is negative. */
	SAME(answer_getattr(&out, 0), EXTFUSE_UPCALL);
	out = attr_out(S_IFREG | S_IFCHR | S_IFIFO);
	SAME(answer_getattr(&out, 0), EXTFUSE_UPCALL);
	out = attr_out(S_IFREG | 0644);
	out.attr.size = 1ULL << 63;
	SAME(answer_getattr(&out, 0), EXTFUSE_UPCALL);
	out.attr.size = (1ULL << 63) - 1;
	SAME(answer_getattr(&out, 0), 0);
}

static int answer_lookup(const struct fuse_entry_out *out)
{
	request(FUSE_LOOKUP, 2, -1, -1, sizeof(*out), -1);
	step(0, PROBE_WRITE, OUT_PARAM_0, sizeof(*out));
	memcpy(job.steps[0].buf, out, sizeof(*out));
	job.retval = 0;
	return run();
}

static void entries_are_checked(void)
{
	struct fuse_entry_out out = { .nodeid = 7, .attr = { .mode = S_IFREG, .nlink = 1 } };

	SAME(answer_lookup(&out), 0);
	/* A negative entry needs no attributes. */
	out = (struct fuse_entry_out){ .entry_valid = 1 };
	SAME(answer_lookup(&out), 0);
	/* The root is nobody's child. */
	out = (struct fuse_entry_out){ .nodeid = FUSE_ROOT_ID, .attr = { .mode = S_IFDIR } };
	SAME(answer_lookup(&out), EXTFUSE_UPCALL);
	out = (struct fuse_entry_out){ .nodeid = 7 };
	SAME(answer_lookup(&out), EXTFUSE_UPCALL);
	out = (struct fuse_entry_out){ .nodeid = 7, .attr = { .mode = S_IFREG, .size = ~0ULL } };
	SAME(answer_lookup(&out), EXTFUSE_UPCALL);
}

static void attribute_lists_are_checked(void)
{
	static const struct {
		const char *bytes;
		__u32 size;
		int want;
	} lists[] = {
		{ "user.a\0user.b\0", 14, 0 },	     { "", 0, 0 },
		{ "user.a", 6, EXTFUSE_UPCALL },     { "\0user.a\0", 8, EXTFUSE_UPCALL },
		{ "user.a\0\0", 8, EXTFUSE_UPCALL }, { "user.a\0user.b", 13, EXTFUSE_UPCALL },
	};
	struct fuse_getxattr_in *in = (struct fuse_getxattr_in *)data_in;

	for (size_t i = 0; i < N_OF(lists); i++) {
		request(FUSE_LISTXATTR, sizeof(*in), -1, -1, 64, -1);
		memset(in, 0, sizeof(*in));
		in->size = 64;
		step(0, PROBE_WRITE, OUT_PARAM_0, lists[i].size);
		memcpy(job.steps[0].buf, lists[i].bytes, lists[i].size);
		job.retval = 0;
		SAME_IN(run(), lists[i].want, "list %zu", i);
	}
}

/* ---- The context ---- */

static void cookie_comes_back(void)
{
	for (__u32 phase = 0; phase <= EXTFUSE_EVENT; phase++) {
		request(FUSE_GETATTR, 16, -1, -1, 104, -1);
		ctx.phase = phase;
		ctx.child[0] = 11;
		ctx.child[1] = 22;
		job.set_cookie = 1;
		job.cookie[0] = 0x0123456789abcdefULL;
		job.cookie[1] = ~0ULL;
		run();
		SAME(ctx_after.cookie[0], job.cookie[0]);
		SAME(ctx_after.cookie[1], job.cookie[1]);
		SAME(ctx_after.child[0], 11);
		SAME(ctx_after.child[1], 22);
		SAME(ctx_after.nodeid, ctx.nodeid);
	}
}

static void bad_test_runs_are_refused(void)
{
	int retval;

	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	SAME(run_raw(15, &retval), -EINVAL);
	SAME(run_raw(17, &retval), -EINVAL);
	ctx.phase = 3;
	SAME(run_raw(16, &retval), -EINVAL);
	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	ctx.in_numargs = 4;
	SAME(run_raw(16, &retval), -EINVAL);
	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	ctx.out_numargs = 3;
	SAME(run_raw(16, &retval), -EINVAL);
	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	ctx.in_size[0] = 0x40000000;
	SAME(run_raw(16, &retval), -E2BIG);
	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	ctx.error = 5;
	SAME(run_raw(16, &retval), -EINVAL);
	request(FUSE_GETATTR, 16, -1, -1, 104, -1);
	ctx.flags = ~EXTFUSE_F_READER;
	SAME(run_raw(16, &retval), -EINVAL);
}

/* ---- The verifier ---- */

static char verifier_log[65536];

static int load_insns(const struct bpf_insn *insns, size_t n, const char *license)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 1, .log_buf = verifier_log,
		    .log_size = sizeof(verifier_log));
	int fd;

	verifier_log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "test", license, insns, n, &opts);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV(reg, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define MOV_REG(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define CALL(id) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)

static const int widths[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
static const int bytes_of[] = { 1, 2, 4, 8 };

static void only_the_cookie_can_be_written(void)
{
	int end = (int)sizeof(struct extfuse_req);
	int cookie = (int)offsetof(struct extfuse_req, cookie);

	for (int off = -8; off <= end; off++) {
		for (size_t w = 0; w < N_OF(widths); w++) {
			const struct bpf_insn insns[] = {
				MOV(BPF_REG_2, 0),
				INSN(BPF_STX | BPF_MEM | widths[w], BPF_REG_1, BPF_REG_2,
				     (short)off, 0),
				MOV(BPF_REG_0, EXTFUSE_UPCALL),
				EXIT,
			};
			bool legal =
				bytes_of[w] == 8 && off >= cookie && off + 8 <= end && off % 8 == 0;
			int err = load_insns(insns, N_OF(insns), "GPL");

			SAME_IN(!err, legal, "store of %d bytes at %d: %d", bytes_of[w], off, err);
		}
	}
}

static void fields_are_read_whole(void)
{
	/* size of the field that starts at each offset that may be read */
	static const struct {
		int off, size;
	} fields[] = {
#define FIELD(f) { offsetof(struct extfuse_req, f), sizeof(((struct extfuse_req *)0)->f) }
		FIELD(nodeid),	   FIELD(opcode),     FIELD(phase),	  FIELD(uid),
		FIELD(gid),	   FIELD(pid),	      FIELD(error),	  FIELD(child[0]),
		FIELD(child[1]),   FIELD(in_numargs), FIELD(out_numargs), FIELD(in_size[0]),
		FIELD(in_size[1]), FIELD(in_size[2]), FIELD(out_size[0]), FIELD(out_size[1]),
		FIELD(cookie[0]),  FIELD(cookie[1]),
#undef FIELD
	};
	int end = (int)sizeof(struct extfuse_req);

	for (size_t i = 0; i < N_OF(fields); i++) {
		const struct bpf_insn insns[] = {
			INSN(BPF_LDX | BPF_MEM | (fields[i].size == 8 ? BPF_DW : BPF_W), BPF_REG_0,
			     BPF_REG_1, (short)fields[i].off, 0),
			MOV(BPF_REG_0, EXTFUSE_UPCALL),
			EXIT,
		};

		SAME_IN(load_insns(insns, N_OF(insns), "GPL"), 0, "field at %d", fields[i].off);
	}
	/* Nothing outside, nothing that is not aligned. */
	for (int off = -8; off <= end; off++) {
		for (size_t w = 0; w < N_OF(widths); w++) {
			const struct bpf_insn insns[] = {
				INSN(BPF_LDX | BPF_MEM | widths[w], BPF_REG_0, BPF_REG_1,
				     (short)off, 0),
				MOV(BPF_REG_0, EXTFUSE_UPCALL),
				EXIT,
			};

			if (off >= 0 && off + bytes_of[w] <= end && off % bytes_of[w] == 0)
				continue;
			CHECK(load_insns(insns, N_OF(insns), "GPL"));
		}
	}
}

static void helpers_are_for_gpl_programs(void)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
		MOV(BPF_REG_2, OPCODE),
		MOV_REG(BPF_REG_3, BPF_REG_10),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -8),
		MOV(BPF_REG_4, 4),
		CALL(BPF_FUNC_extfuse_read_args),
		MOV(BPF_REG_0, EXTFUSE_UPCALL),
		EXIT,
	};

	SAME(load_insns(insns, N_OF(insns), "GPL"), 0);
	SAME(load_insns(insns, N_OF(insns), "Proprietary"), -EINVAL);
}

static void helpers_stay_in_the_buffer(void)
{
	static const int helpers[] = { BPF_FUNC_extfuse_read_args, BPF_FUNC_extfuse_write_args };

	for (size_t i = 0; i < N_OF(helpers); i++) {
		for (int size = 8; size <= 16; size += 8) {
			const struct bpf_insn insns[] = {
				INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
				MOV(BPF_REG_2, OUT_PARAM_0),
				MOV_REG(BPF_REG_3, BPF_REG_10),
				INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -8),
				MOV(BPF_REG_4, size),
				CALL(helpers[i]),
				MOV(BPF_REG_0, EXTFUSE_UPCALL),
				EXIT,
			};

			/* 8 bytes from the end of the stack, 16 would reach beyond it */
			SAME_IN(!load_insns(insns, N_OF(insns), "GPL"), size == 8, "%d bytes",
				size);
		}
	}
}

/* As it is for a process that has only the capabilities in @keep. Returns -errno of a load. */
static int load_with(const int *keep, size_t n)
{
	const struct bpf_insn insns[] = { MOV(BPF_REG_0, EXTFUSE_UPCALL), EXIT };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		for (size_t i = 0; i < n; i++) {
			data[keep[i] / 32].effective |= 1u << (keep[i] % 32);
			data[keep[i] / 32].permitted |= 1u << (keep[i] % 32);
		}
		if (syscall(SYS_capset, &header, data))
			_exit(255);
		_exit(-load_insns(insns, N_OF(insns), "GPL"));
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status));
	CHECK(WEXITSTATUS(status) != 255);
	return -WEXITSTATUS(status);
}

static void loading_needs_both_capabilities(void)
{
	static const int both[] = { CAP_BPF, CAP_PERFMON };
	static const int admin[] = { CAP_SYS_ADMIN };

	SAME(load_with(both, 2), 0);
	SAME(load_with(admin, 1), 0);
	SAME(load_with(both, 1), -EPERM);
	SAME(load_with(both + 1, 1), -EPERM);
	SAME(load_with(NULL, 0), -EPERM);
}

static int load_as_child(int (*become)(void))
{
	const struct bpf_insn insns[] = { MOV(BPF_REG_0, EXTFUSE_UPCALL), EXIT };
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(become() ? 255 : -load_insns(insns, N_OF(insns), "GPL"));
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status));
	CHECK(WEXITSTATUS(status) != 255);
	return -WEXITSTATUS(status);
}

static int become_user(void)
{
	return setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000);
}

static void set_unprivileged_bpf_disabled(const char *value)
{
	int fd = open("/proc/sys/kernel/unprivileged_bpf_disabled", O_WRONLY);

	CHECK(fd >= 0 && write(fd, value, 1) == 1);
	close(fd);
}

/* Also where the administrator lets users load what is harmless. */
static void users_load_nothing(void)
{
	set_unprivileged_bpf_disabled("0");

	int open_to_users = load_as_child(become_user);

	set_unprivileged_bpf_disabled("2");
	SAME(open_to_users, -EPERM);
	SAME(load_as_child(become_user), -EPERM);
}

static int become_namespace(void)
{
	int fd, ok;

	if (unshare(CLONE_NEWUSER))
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY);
	ok = fd >= 0 && write(fd, "0 0 1", 5) == 5;
	close(fd);
	return ok ? 0 : -1;
}

/* Its root has all capabilities, which count within it alone. */
static void roots_of_user_namespaces_load_nothing(void)
{
	SAME(load_as_child(become_namespace), -EPERM);
}

static const struct test tests[] = {
	TEST(read_every_code_size_and_phase),
	TEST(write_needs_the_exact_size),
	TEST(write_may_be_shorter_where_fuse_allows),
	TEST(write_only_outputs_of_requests),
	TEST(write_only_where_an_answer_is_legal),
	TEST(answer_is_taken),
	TEST(answer_without_outputs_is_an_upcall),
	TEST(positive_and_large_results_are_upcalls),
	TEST(upcall_without_a_use_for_success_gives_no_outputs),
	TEST(errors_are_answers_to_any_request),
	TEST(success_of_changes_is_refused),
	TEST(invalid_attributes_are_refused),
	TEST(entries_are_checked),
	TEST(attribute_lists_are_checked),
	TEST(cookie_comes_back),
	TEST(bad_test_runs_are_refused),
	TEST(only_the_cookie_can_be_written),
	TEST(fields_are_read_whole),
	TEST(helpers_are_for_gpl_programs),
	TEST(helpers_stay_in_the_buffer),
	TEST(loading_needs_both_capabilities),
	TEST(users_load_nothing),
	TEST(roots_of_user_namespaces_load_nothing),
};

int main(int argc, char **argv)
{
	char path[4096];

	if (argc != 3) {
		fprintf(stderr, "usage: test_helpers PATTERN DIR\n");
		return 2;
	}
	libbpf_set_print(quiet);
	snprintf(path, sizeof(path), "%s/probe.bpf.o", argv[2]);
	load_probe(path);
	return run_tests(tests, N_OF(tests), argv[1]);
}
