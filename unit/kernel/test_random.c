// SPDX-License-Identifier: GPL-2.0-only
/* test_random.c - random programs that call the helpers in every way, held against a model */
#include <dirent.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include <bpf/bpf.h>

#include "harness.h"
#include "random.h"
#include "wire.h"

/* By EXTFUSE_RANDOM_PROGRAMS and EXTFUSE_RANDOM_SEED; a mount takes as long as twenty programs. */
#define PROGRAMS 600
#define PROGRAMS_MIN 100
#define PROGRAMS_PER_MOUNT 10
#define CONTEXTS 8

static struct random_log *shared;
static int map_fd = -1;
static struct code code;
static char verifier_log[1 << 20];

static struct {
	unsigned long programs, instructions, runs, answers, errors, upcalls, reads, failed_reads;
	unsigned long writes, failed_writes, compared;
} seen;

static unsigned long number(const char *name, unsigned long preset)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : preset;
}

static unsigned long programs(void)
{
	unsigned long scale = number("EXTFUSE_TEST_SCALE", 1);
	unsigned long n = PROGRAMS / (scale ? scale : 1);

	return number("EXTFUSE_RANDOM_PROGRAMS", n < PROGRAMS_MIN ? PROGRAMS_MIN : n);
}

/* Each program has a number of its own, so that one can be run again alone. */
static struct dice dice_of(unsigned long program)
{
	return (struct dice){ number("EXTFUSE_RANDOM_SEED", 1) << 32 ^ program };
}

static void make_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "random", 4, sizeof(*shared), 1, &opts);
	CHECK(map_fd >= 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	CHECK(shared != MAP_FAILED);
}

static int load(const struct plan *plan, unsigned long program)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = 1, .log_buf = verifier_log,
		    .log_size = sizeof(verifier_log));
	int fd;

	compile_plan(plan, map_fd, &code);
	fd = bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "random", "GPL", code.insns, (size_t)code.n,
			   NULL);
	if (fd < 0) {
		bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "random", "GPL", code.insns, (size_t)code.n,
			      &opts);
		size_t len = strlen(verifier_log);

		fprintf(stderr, "%s\n", verifier_log + (len > 2000 ? len - 2000 : 0));
		FAIL("program %lu is refused", program);
	}
	seen.programs++;
	seen.instructions += (unsigned long)code.n;
	return fd;
}

/* ---- Contexts ---- */

static void roll_bytes(struct dice *dice, void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)roll(dice, 256);
}

static uint32_t opcode_for(struct dice *dice, uint32_t size)
{
	static const uint32_t any[] = { FUSE_STATFS, FUSE_ACCESS, FUSE_GETXATTR, FUSE_LISTXATTR,
					FUSE_CREATE, FUSE_WRITE,  FUSE_RENAME2,	 FUSE_INIT };

	if (roll(dice, 8) == 0)
		return roll(dice, 2) ? roll(dice, 64) : roll(dice, 5000);
	if (roll(dice, 4)) {
		switch (size) {
		case sizeof(struct fuse_entry_out):
			return FUSE_LOOKUP;
		case sizeof(struct fuse_attr_out):
			return FUSE_GETATTR;
		case sizeof(struct fuse_statx_out):
			return FUSE_STATX;
		}
	}
	return any[roll(dice, N_OF(any))];
}

/* Often the very size that the program reads or writes. */
static uint32_t size_for(struct dice *dice, const struct plan *plan, enum step_kind kind)
{
	for (unsigned int i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].kind == kind && plan->steps[i].size.from == FROM_CONSTANT &&
		    roll(dice, 4))
			return (uint32_t)plan->steps[i].size.value;
	return roll_size(dice);
}

static uint32_t make_context(struct dice *dice, const struct plan *plan, struct extfuse_req *req,
			     uint8_t *data)
{
	static const uint32_t counts[] = { 0, 1, 1, 1, 1, 2 };
	uint32_t in = 0, out = 0;

	memset(req, 0, sizeof(*req));
	req->nodeid = roll64(dice);
	req->phase = roll(dice, 3) ? EXTFUSE_REQUEST : roll(dice, 3);
	req->uid = roll(dice, 2000);
	req->gid = roll(dice, 2000);
	req->pid = roll(dice, 70000);
	if (req->phase == EXTFUSE_REPLY && roll(dice, 3) == 0)
		req->error = roll(dice, 8) ? roll_error(dice) : EXTFUSE_WITHDRAWN;
	req->child[0] = roll64(dice);
	req->child[1] = roll64(dice);
	req->cookie[0] = roll64(dice);
	req->cookie[1] = roll64(dice);
	req->in_numargs = roll(dice, 4) ? 1 + roll(dice, 3) : 0;
	req->out_numargs = counts[roll(dice, N_OF(counts))];
	for (uint32_t i = 0; i < req->in_numargs; i++)
		in += req->in_size[i] = roll(dice, 8) ? size_for(dice, plan, STEP_READ) : 0;
	for (uint32_t i = 0; i < req->out_numargs; i++)
		out += req->out_size[i] = size_for(dice, plan, STEP_WRITE);
	req->opcode = opcode_for(dice, req->out_size[0]);
	roll_bytes(dice, data, in + out);
	/* A size of zero asks for the size of an attribute. */
	if (req->in_numargs && req->in_size[0] >= 8)
		memset(data, roll(dice, 2) ? 0 : 1, 4);
	return req->phase == EXTFUSE_REPLY && !req->error ? in + out : in;
}

/* Bytes that may be taken, with one thing wrong now and then. */
static void make_output(struct dice *dice, uint64_t size, uint8_t *buf)
{
	static const uint32_t modes[] = { S_IFREG | 0644,
					  S_IFDIR | 0755,
					  S_IFLNK | 0777,
					  S_IFREG,
					  0,
					  S_IFREG | S_IFCHR | S_IFIFO };
	static const uint64_t sizes[] = { 0, 10, INT64_MAX, 1, 2, 1ULL << 63 };
	static const uint64_t nodeids[] = { 7, 0, FUSE_ROOT_ID, 8, 9 };
	struct fuse_attr attr = { .mode = modes[roll(dice, N_OF(modes))],
				  .size = sizes[roll(dice, N_OF(sizes))],
				  .nlink = 1 };

	struct fuse_entry_out entry = { .nodeid = nodeids[roll(dice, N_OF(nodeids))],
					.attr = attr };
	struct fuse_attr_out out = { .attr = attr };
	struct fuse_statx_out statx = { .stat = { .mask = roll(dice, 2) ? 0x7ff : 0,
						  .mode = (uint16_t)attr.mode,
						  .size = attr.size } };

	roll_bytes(dice, buf, BUF_MAX);
	switch (size) {
	case sizeof(entry):
		memcpy(buf, &entry, sizeof(entry));
		break;
	case sizeof(out):
		memcpy(buf, &out, sizeof(out));
		break;
	case sizeof(statx):
		memcpy(buf, &statx, sizeof(statx));
		break;
	case sizeof(struct fuse_getxattr_out):
		memset(buf, (int)roll(dice, 2), 8);
		break;
	default:
		/* Names of attributes, some without an end. */
		memset(buf, 'n', BUF_MAX);
		for (int i = 3; i < BUF_MAX && roll(dice, 2); i += 1 + (int)roll(dice, 8))
			buf[i] = 0;
		if (size && size <= BUF_MAX && roll(dice, 2))
			buf[size - 1] = 0;
	}
}

static void make_log(struct dice *dice, const struct plan *plan, struct random_log *log)
{
	for (int i = 0; i < WORDS; i++)
		log->words[i] = roll(dice, 2) ? roll(dice, 16) : roll64(dice);
	for (int i = 0; i < STEPS_MAX; i++) {
		make_output(dice, plan->steps[i].size.value, log->steps[i].buf);
		log->steps[i].ret = -(int64_t)roll(dice, 3);
		log->steps[i].field = roll64(dice);
	}
}

/* ---- By test run ---- */

static struct random_log start_log, model_log;
static struct model model;

#define DIFFERS(...) \
	do { \
		if (why) \
			snprintf(why, 256, __VA_ARGS__); \
		return false; \
	} while (0)

/* Whether a run left what the model says, in the map and in what the kernel returned. */
static bool agrees(const struct plan *plan, const struct extfuse_req *after, int retval,
		   const uint8_t *out, uint32_t out_size, char *why)
{
	int64_t wide = model_run(&model, plan, &model_log);
	int want = model.req.phase == EXTFUSE_REQUEST ? model_verdict(&model, wide) : (int)wide;
	uint8_t want_out[2 * ARGS_MAX];
	uint32_t want_size = 0;

	for (unsigned int i = 0; i < plan->nsteps; i++) {
		const struct step *step = &plan->steps[i];
		size_t size = BUF_MAX;

		if (shared->steps[i].ret != model_log.steps[i].ret)
			DIFFERS("step %u returned %lld, expected %lld", i,
				(long long)shared->steps[i].ret, (long long)model_log.steps[i].ret);
		if (shared->steps[i].field != model_log.steps[i].field)
			DIFFERS("step %u loaded %#llx, expected %#llx", i,
				(unsigned long long)shared->steps[i].field,
				(unsigned long long)model_log.steps[i].field);
		/* Of the stack only what was asked for is known. */
		if (step->kind == STEP_READ && step->on_stack) {
			size = (size_t)operand_value(&step->size, &start_log);
			if (step->size.from == FROM_WORD)
				size = (size & 255) + 1;
			if (step->guarded)
				size = 0;
		}
		if (memcmp(shared->steps[i].buf, model_log.steps[i].buf, size))
			DIFFERS("step %u left other bytes", i);
	}
	if (shared->leaks != model_log.leaks)
		DIFFERS("%llu reads left something when they failed",
			(unsigned long long)shared->leaks);
	if (retval != want)
		DIFFERS("the verdict on %lld is %d, expected %d", (long long)wide, retval, want);
	if (memcmp(after, &model.req, sizeof(*after)))
		DIFFERS("the context is another one afterwards");
	for (uint32_t i = 0; i < model.req.out_numargs && model.written >> i & 1; i++) {
		if (want && model.wrong != OUTPUTS_OF_REFUSED)
			break;
		memcpy(want_out + want_size, model.out[i], model.req.out_size[i]);
		want_size += model.req.out_size[i];
	}
	if (out_size != want_size || memcmp(out, want_out, want_size))
		DIFFERS("%u bytes of outputs, expected %u", out_size, want_size);
	/* What no program wrote is not the kernel's to give. */
	for (uint32_t i = out_size; i < 2 * BUF_MAX; i++)
		if (out[i] != 0x77)
			DIFFERS("byte %u behind the outputs was written", i);
	return true;
}

static bool is_upcall(int verdict)
{
	return verdict == EXTFUSE_UPCALL || verdict == EXTFUSE_UPCALL_QUIET;
}

static void take_count(const struct plan *plan, int retval)
{
	seen.runs++;
	if (model.req.phase == EXTFUSE_REQUEST) {
		seen.answers += !retval;
		seen.upcalls += is_upcall(retval);
		seen.errors += retval && !is_upcall(retval);
	}
	for (unsigned int i = 0; i < plan->nsteps; i++) {
		bool failed = shared->steps[i].ret;

		if (plan->steps[i].kind == STEP_READ) {
			seen.reads++;
			seen.failed_reads += failed;
		} else if (plan->steps[i].kind == STEP_WRITE) {
			seen.writes++;
			seen.failed_writes += failed;
		}
	}
}

/* One program with each of its contexts; false at the first that the model says otherwise. */
static bool try_program(unsigned long program, enum wrong wrong, char *why)
{
	struct dice dice = dice_of(program);
	struct extfuse_req req, after;
	uint8_t data[ARGS_MAX], out[2 * BUF_MAX];
	struct plan plan;
	bool same = true;
	int fd;

	make_plan(&dice, &plan);
	fd = load(&plan, program);
	for (int i = 0; i < CONTEXTS && same; i++) {
		uint32_t size = make_context(&dice, &plan, &req, data);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = size,
			    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &req,
			    .ctx_size_in = sizeof(req), .ctx_out = &after,
			    .ctx_size_out = sizeof(after));

		memset(&start_log, 0, sizeof(start_log));
		make_log(&dice, &plan, &start_log);
		memcpy(shared, &start_log, sizeof(start_log));
		model_log = start_log;
		model_start(&model, wrong, &req, data);
		memset(out, 0x77, sizeof(out));
		if (bpf_prog_test_run_opts(fd, &opts))
			FAIL("program %lu, context %d: no test run, errno %d", program, i, errno);
		same = agrees(&plan, &after, (int)opts.retval, out, opts.data_size_out, why);
		take_count(&plan, (int)opts.retval);
		if (!same && why)
			fprintf(stderr, "context %d: opcode %u phase %u error %d in %u out %u\n", i,
				req.opcode, req.phase, req.error, req.in_numargs, req.out_numargs);
	}
	close(fd);
	return same;
}

static void random_programs_do_what_the_model_says(void)
{
	unsigned long n = programs();
	char why[256];

	make_map();
	for (unsigned long i = 0; i < n; i++)
		if (!try_program(i, NOTHING_WRONG, why))
			FAIL("program %lu of seed %lu: %s", i, number("EXTFUSE_RANDOM_SEED", 1),
			     why);
	fprintf(stderr,
		"%lu programs of %lu instructions, %lu runs: %lu answers, %lu errors, %lu upcalls; "
		"%lu reads (%lu failed), %lu writes (%lu failed)\n",
		seen.programs, seen.instructions, seen.runs, seen.answers, seen.errors,
		seen.upcalls, seen.reads, seen.failed_reads, seen.writes, seen.failed_writes);
	/* Else it has come to try nothing. */
	CHECK(seen.answers * 100 > seen.runs);
	CHECK(seen.errors * 20 > seen.runs);
	CHECK(seen.upcalls * 20 > seen.runs);
	CHECK(seen.reads - seen.failed_reads > seen.runs / 10);
	CHECK(seen.failed_reads > seen.runs / 10);
	CHECK(seen.writes - seen.failed_writes > seen.runs / 20);
}

/* A kernel that got one rule wrong would be noticed: as many differ from a model that did. */
static void each_wrong_rule_is_noticed(void)
{
	unsigned long most = 0;

	make_map();
	for (int wrong = NOTHING_WRONG + 1; wrong < WRONG_MAX; wrong++) {
		unsigned long i = 0;

		while (i < PROGRAMS && try_program(i, (enum wrong)wrong, NULL))
			i++;
		if (i == PROGRAMS)
			FAIL("rule %d could be wrong in the kernel and nobody would notice", wrong);
		most = i > most ? i : most;
	}
	fprintf(stderr, "each of %d wrong rules shows within %lu programs\n", WRONG_MAX - 1,
		most + 1);
}

/* ---- On a mount ---- */

/* What answers may come of, as linux/extfuse.h lists it. */
static bool success_is_legal(unsigned int opcode)
{
	return opcode == FUSE_LOOKUP || opcode == FUSE_GETATTR || opcode == FUSE_STATX ||
	       opcode == FUSE_GETXATTR || opcode == FUSE_LISTXATTR || opcode == FUSE_ACCESS ||
	       opcode == FUSE_STATFS;
}

static void use_mount(const char *mnt)
{
	static const char *const names[] = { "", "/f", "/g", "/d", "/d/x", "/none" };
	char path[128], other[128], buf[512];
	struct stat st;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N_OF(names); i++) {
			snprintf(path, sizeof(path), "%s%s", mnt, names[i]);
			stat(path, &st);
			access(path, R_OK);
			getxattr(path, "user.a", buf, round ? sizeof(buf) : 0);
			listxattr(path, buf, round ? sizeof(buf) : 0);
		}
		snprintf(path, sizeof(path), "%s/f", mnt);

		int fd = open(path, O_RDWR);

		if (fd >= 0) {
			(void)!write(fd, "abc", 3);
			(void)!pread(fd, buf, sizeof(buf), 0);
			fsync(fd);
			(void)!ftruncate(fd, 5);
			close(fd);
		}

		DIR *dir = opendir(mnt);

		for (int i = 0; dir && i < 64 && readdir(dir); i++)
			;
		if (dir)
			closedir(dir);
		snprintf(path, sizeof(path), "%s/new%d", mnt, round);
		snprintf(other, sizeof(other), "%s/moved%d", mnt, round);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		if (fd >= 0)
			close(fd);
		rename(path, other);
		unlink(other);
		mkdir(path, 0700);
		rmdir(path);
	}
}

static const uint32_t xattr_opcodes[] = { FUSE_GETXATTR, FUSE_LISTXATTR };

static struct wire *start_wire(int prog_fd)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct node *d;

	CHECK(w);
	w->prog_fd = prog_fd;
	w->init_flags = FUSE_DO_READDIRPLUS;
	w->nodes[0] = (struct node){ .nodeid = FUSE_ROOT_ID, .mode = S_IFDIR | 0755 };
	w->next_nodeid = 100;
	/* After ENOSYS there would be no more of them. */
	for (size_t i = 0; i < N_OF(xattr_opcodes); i++) {
		w->fail[xattr_opcodes[i]] = ENODATA;
		w->fail_times[xattr_opcodes[i]] = INT_MAX;
	}
	/* The program may have answered the first request with an error: it is mounted all the same. */
	wire_start(w, "");
	pthread_mutex_lock(&w->lock);
	wire_add(w, FUSE_ROOT_ID, "f", S_IFREG | 0644)->size = 10;
	wire_add(w, FUSE_ROOT_ID, "g", S_IFREG | 0644)->size = 20;
	d = wire_add(w, FUSE_ROOT_ID, "d", S_IFDIR | 0755);
	wire_add(w, d->nodeid, "x", S_IFREG | 0600);
	pthread_mutex_unlock(&w->lock);
	return w;
}

/* The verdict on the only request of a call on the mount's root, with one output. */
static int expected_verdict(const struct plan *plan, uint32_t opcode, const void *in,
			    uint32_t in_size, const char *name, uint32_t out_size)
{
	struct extfuse_req req = { .nodeid = FUSE_ROOT_ID,
				   .opcode = opcode,
				   .phase = EXTFUSE_REQUEST,
				   .pid = (uint32_t)getpid(),
				   .in_numargs = 1,
				   .out_numargs = 1,
				   .in_size = { in_size },
				   .out_size = { out_size } };
	uint8_t data[256];
	int64_t wide;

	memcpy(data, in, in_size);
	if (name) {
		req.in_size[req.in_numargs++] = (uint32_t)strlen(name) + 1;
		memcpy(data + in_size, name, strlen(name) + 1);
	}
	model_log = start_log;
	model_start(&model, NOTHING_WRONG, &req, data);
	wide = model_run(&model, plan, &model_log);
	return model_verdict(&model, wide);
}

/* Whether a caller gets the very bytes that the program wrote, or its error, or the daemon's. */
static bool xattrs_agree(const struct plan *plan, const char *mnt, uint32_t opcode)
{
	static const char name[] = "user.a";
	char value[512];
	struct fuse_getxattr_in in = { .size = sizeof(value) };
	bool list = opcode == FUSE_LISTXATTR;
	ssize_t want, got = list ? listxattr(mnt, value, sizeof(value))
				 : getxattr(mnt, name, value, sizeof(value));

	got = got < 0 ? -errno : got;
	want = expected_verdict(plan, opcode, &in, sizeof(in), list ? NULL : name, sizeof(value));
	if (is_upcall(want))
		return got == -ENODATA;
	if (want)
		return got == want;
	seen.compared++;
	return got == (ssize_t)model.req.out_size[0] && !memcmp(value, model.out[0], (size_t)got);
}

static bool attributes_agree(const struct plan *plan, struct wire *w)
{
	struct fuse_attr want = wire_attr(&w->nodes[0]);
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out told;
	struct stat st;
	int err = stat(w->mnt, &st) ? -errno : 0;
	int verdict = expected_verdict(plan, FUSE_GETATTR, &in, sizeof(in), NULL, sizeof(told));

	if (verdict && !is_upcall(verdict))
		return err == verdict;
	memcpy(&told, model.out[0], sizeof(told));
	/* The daemon is asked if it were another type. */
	if (!verdict && S_ISDIR(told.attr.mode)) {
		want = told.attr;
		seen.compared++;
	}
	return !err && st.st_mode == want.mode && (uint64_t)st.st_size == want.size &&
	       st.st_nlink == want.nlink;
}

/* Each call on the root makes one request, and nothing else runs the program. */
static void compare_answers(unsigned long program, struct dice *dice, const struct plan *plan,
			    struct wire *w)
{
	static const uint32_t opcodes[] = { FUSE_GETATTR, FUSE_GETXATTR, FUSE_LISTXATTR };

	for (size_t i = 0; i < CONTEXTS * N_OF(opcodes); i++) {
		uint32_t opcode = opcodes[i % N_OF(opcodes)];

		memset(&start_log, 0, sizeof(start_log));
		make_log(dice, plan, &start_log);
		/* Its counts go on. */
		memcpy(shared, &start_log, offsetof(struct random_log, leaks));
		if (!(opcode == FUSE_GETATTR ? attributes_agree(plan, w)
					     : xattrs_agree(plan, w->mnt, opcode)))
			FAIL("program %lu, call %zu: the caller of opcode %u saw something else "
			     "than the model says",
			     program, i, opcode);
	}
}

static void try_on_mount(unsigned long program, struct random_op *sum)
{
	struct dice dice = dice_of(program);
	struct random_log before;
	struct plan plan;
	struct wire *w;
	int fd;

	make_plan(&dice, &plan);
	fd = load(&plan, program);
	memset(&before, 0, sizeof(before));
	make_log(&dice, &plan, &before);
	memcpy(shared, &before, sizeof(before));
	w = start_wire(fd);
	compare_answers(program, &dice, &plan, w);
	memcpy(shared, &before, offsetof(struct random_log, leaks));
	use_mount(w->mnt);
	wire_stop(w);
	if (w->over_forgotten)
		FAIL("program %lu: the daemon was told to forget what it never told", program);
	free(w);
	close(fd);
	if (shared->leaks)
		FAIL("program %lu: a failed read left something", program);
	for (unsigned int i = 0; i < OPS; i++) {
		const struct random_op *op = &shared->ops[i];
		uint64_t legal = op->errors + (success_is_legal(i) ? op->successes : 0);

		/* INIT is answered before, and ends after the attach. */
		if (op->requests > op->replies && op->requests - op->replies > legal)
			FAIL("program %lu: %llu of %llu requests of opcode %u were answered, %llu "
			     "could be",
			     program, (unsigned long long)(op->requests - op->replies),
			     (unsigned long long)op->requests, i, (unsigned long long)legal);
		sum->requests += op->requests;
		sum->replies += op->replies;
		sum->errors += op->errors;
		sum->successes += op->successes;
	}
}

static void random_programs_on_a_mount(void)
{
	unsigned long n = programs() / PROGRAMS_PER_MOUNT;
	struct random_op sum = { 0 };

	make_map();
	for (unsigned long i = 0; i < n; i++)
		try_on_mount(i, &sum);
	fprintf(stderr,
		"%lu programs on mounts: %llu requests, %llu went on to the daemon; programs "
		"answered %llu with errors and %llu with outputs, %lu of which callers saw\n",
		n, (unsigned long long)sum.requests, (unsigned long long)sum.replies,
		(unsigned long long)sum.errors, (unsigned long long)sum.successes, seen.compared);
	CHECK(seen.compared > n);
	CHECK(sum.requests > 50 * n && sum.errors > n);
}

static const struct test tests[] = {
	TEST(random_programs_do_what_the_model_says),
	TEST(each_wrong_rule_is_noticed),
	TEST(random_programs_on_a_mount),
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: test_random PATTERN DIR\n");
		return 2;
	}
	return run_tests(tests, N_OF(tests), argv[1]);
}
