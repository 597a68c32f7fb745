// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_session.c - the INIT exchange of a stock libfuse session, over a socket */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 14)
#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <sys/socket.h>

#include "loader/loader_test.h"

struct bench {
	struct fuse_session *se;
	int kernel;
	struct extfuse ext;
	uint64_t epoch;
	uint32_t attached;
	int outcome;
	int outcomes;
	int seen[64];
};

static void on_attach(void *data, int error)
{
	struct bench *bench = data;

	bench->outcome = error;
	bench->outcomes++;
}

static void on_request(void *data, uint32_t opcode)
{
	struct bench *bench = data;

	bench->seen[opcode]++;
}

static void reply_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	fuse_reply_err(req, ENOENT);
}

static const struct fuse_lowlevel_ops ops = { .getattr = reply_getattr };

/* A session whose /dev/fuse is a socket: packets keep their borders, as there. */
static void set_up(struct bench *bench)
{
	char name[] = "test";
	char *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char path[32];
	int fds[2];

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	bench->kernel = fds[0];
	bench->se = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	assert_non_null(bench->se);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
	assert_int_equal(fuse_session_mount(bench->se, path), 0);
	assert_int_equal(fuse_session_fd(bench->se), fds[1]);

	bench->ext.loaded = true;
	bench->ext.entry_fd = 42;
	bench->ext.epoch = &bench->epoch;
	bench->ext.attached = &bench->attached;
}

static void tear_down(struct bench *bench)
{
	extfuse_session_teardown(bench->se);
	fuse_session_destroy(bench->se);
	close(bench->kernel);
}

static void handle_one(struct bench *bench)
{
	struct fuse_buf buf = { 0 };

	assert_true(fuse_session_receive_buf(bench->se, &buf) > 0);
	fuse_session_process_buf(bench->se, &buf);
	free(buf.mem);
}

static void send_init(struct bench *bench, uint64_t flags)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in init;
	} in = {
		.head = { .len = sizeof(in), .opcode = FUSE_INIT, .unique = 2 },
		.init = { .major = 7,
			  .minor = 41,
			  .max_readahead = 65536,
			  .flags = (uint32_t)flags,
			  .flags2 = (uint32_t)(flags >> 32) },
	};

	assert_int_equal(send(bench->kernel, &in, sizeof(in), 0), sizeof(in));
	handle_one(bench);
}

static struct fuse_init_out receive_init(struct bench *bench)
{
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} out;

	assert_int_equal(recv(bench->kernel, &out, sizeof(out), 0), sizeof(out));
	assert_int_equal(out.head.len, sizeof(out));
	assert_int_equal(out.head.error, 0);
	assert_int_equal(out.head.unique, 2);
	return out.init;
}

static void send_getattr(struct bench *bench)
{
	struct {
		struct fuse_in_header head;
		struct fuse_getattr_in in;
	} in = { .head = { .len = sizeof(in), .opcode = FUSE_GETATTR, .unique = 4, .nodeid = 1 } };
	struct fuse_out_header out;

	assert_int_equal(send(bench->kernel, &in, sizeof(in), 0), sizeof(in));
	handle_one(bench);
	assert_int_equal(recv(bench->kernel, &out, sizeof(out), 0), sizeof(out));
	assert_int_equal(out.error, -ENOENT);
}

static struct extfuse_session_opts make_opts(struct bench *bench)
{
	return (struct extfuse_session_opts){ .size = sizeof(struct extfuse_session_opts),
					      .on_attach = on_attach,
					      .on_request = on_request,
					      .data = bench };
}

static void test_accepted(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	struct extfuse_session_opts opts = make_opts(&bench);

	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, &opts), 0);
	assert_int_equal(extfuse_attach_state(&bench.ext), 0);
	/* The kernel sets it while it takes in the reply. */
	bench.attached = 43;
	send_init(&bench, FUSE_INIT_EXT | FUSE_FS_EXTFUSE);

	struct fuse_init_out out = receive_init(&bench);

	assert_int_equal(out.extfuse_prog_fd, 42);
	assert_true(out.flags & FUSE_INIT_EXT);
	assert_true(out.flags2 & (FUSE_FS_EXTFUSE >> 32));
	assert_int_equal(bench.outcomes, 1);
	assert_int_equal(bench.outcome, 0);
	assert_int_equal(bench.epoch, 1);
	assert_int_equal(extfuse_attach_state(&bench.ext), 1);

	send_getattr(&bench);
	assert_int_equal(bench.seen[FUSE_INIT], 1);
	assert_int_equal(bench.seen[FUSE_GETATTR], 1);
	assert_int_equal(bench.outcomes, 1);
	tear_down(&bench);
}

static void test_refused(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	struct extfuse_session_opts opts = make_opts(&bench);

	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, &opts), 0);
	send_init(&bench, FUSE_INIT_EXT | FUSE_FS_EXTFUSE);
	assert_int_equal(receive_init(&bench).extfuse_prog_fd, 42);
	assert_int_equal(bench.outcome, -ECONNREFUSED);
	assert_int_equal(bench.epoch, 0);
	assert_int_equal(extfuse_attach_state(&bench.ext), -ECONNREFUSED);
	send_getattr(&bench);
	tear_down(&bench);
}

static void test_not_offered(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	struct extfuse_session_opts opts = make_opts(&bench);

	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, &opts), 0);
	send_init(&bench, FUSE_INIT_EXT);

	struct fuse_init_out out = receive_init(&bench);

	assert_int_equal(out.extfuse_prog_fd, 0);
	assert_int_equal(out.flags2, 0);
	assert_int_equal(bench.outcomes, 1);
	assert_int_equal(bench.outcome, -EOPNOTSUPP);
	assert_int_equal(bench.epoch, 0);
	tear_down(&bench);
}

static void test_without_a_program(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	struct extfuse_session_opts opts = make_opts(&bench);

	opts.passthrough_depth = 1;
	assert_int_equal(extfuse_session_setup(NULL, bench.se, &opts), 0);
	send_init(&bench, FUSE_INIT_EXT | FUSE_FS_EXTFUSE | FUSE_PASSTHROUGH);

	struct fuse_init_out out = receive_init(&bench);

	assert_int_equal(out.extfuse_prog_fd, 0);
	assert_int_equal(out.flags2, FUSE_PASSTHROUGH >> 32);
	assert_int_equal(out.max_stack_depth, 1);
	assert_int_equal(bench.outcomes, 0);
	send_getattr(&bench);
	assert_int_equal(bench.seen[FUSE_GETATTR], 1);
	tear_down(&bench);
}

static void test_without_options(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench);
	assert_int_equal(extfuse_session_setup(NULL, bench.se, NULL), 0);
	send_init(&bench, FUSE_INIT_EXT | FUSE_PASSTHROUGH);
	assert_int_equal(receive_init(&bench).flags2, 0);
	send_getattr(&bench);
	tear_down(&bench);
}

/* Nothing but the reply to INIT is touched, even if it is answered late. */
static void test_another_reply_comes_first(void **state)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in init;
	} init = { .head = { .len = sizeof(init), .opcode = FUSE_INIT, .unique = 2 },
		   .init = { .major = 7,
			     .minor = 41,
			     .flags = (uint32_t)FUSE_INIT_EXT,
			     .flags2 = FUSE_FS_EXTFUSE >> 32 } };
	struct fuse_in_header early = { .len = sizeof(early), .opcode = FUSE_STATFS, .unique = 4 };
	struct fuse_buf buf = { 0 };
	struct fuse_out_header out;
	struct bench bench;

	(void)state;
	set_up(&bench);
	struct extfuse_session_opts opts = make_opts(&bench);

	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, &opts), 0);
	bench.attached = 43;
	assert_int_equal(send(bench.kernel, &init, sizeof(init), 0), sizeof(init));
	assert_true(fuse_session_receive_buf(bench.se, &buf) > 0);

	/* libfuse answers it with EIO, since INIT was not handled yet. */
	assert_int_equal(send(bench.kernel, &early, sizeof(early), 0), sizeof(early));
	handle_one(&bench);
	assert_int_equal(recv(bench.kernel, &out, sizeof(out), 0), sizeof(out));
	assert_int_equal(out.error, -EIO);
	assert_int_equal(bench.outcomes, 0);

	fuse_session_process_buf(bench.se, &buf);
	free(buf.mem);
	assert_int_equal(receive_init(&bench).extfuse_prog_fd, 42);
	assert_int_equal(bench.outcomes, 1);
	assert_int_equal(bench.outcome, 0);
	tear_down(&bench);
}

static void test_misuse(void **state)
{
	struct bench bench, other;
	struct extfuse unloaded = { .entry_fd = -1 };
	struct {
		struct extfuse_session_opts opts;
		long newer;
	} larger = { .opts = { .size = sizeof(larger) }, .newer = 1 };

	(void)state;
	set_up(&bench);
	set_up(&other);
	assert_int_equal(extfuse_session_setup(&bench.ext, NULL, NULL), -EINVAL);
	assert_int_equal(extfuse_session_setup(&unloaded, bench.se, NULL), -EINVAL);
	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, &larger.opts), -E2BIG);
	assert_int_equal(extfuse_session_setup(&bench.ext, bench.se, NULL), 0);
	/* one program, one connection */
	assert_int_equal(extfuse_session_setup(&bench.ext, other.se, NULL), -EBUSY);
	tear_down(&bench);
	tear_down(&other);
}

static void test_many_sessions(void **state)
{
	struct bench benches[17];

	(void)state;
	for (int i = 0; i < 17; i++) {
		set_up(&benches[i]);
		struct extfuse_session_opts opts = make_opts(&benches[i]);

		assert_int_equal(extfuse_session_setup(NULL, benches[i].se, &opts),
				 i < 16 ? 0 : -EMFILE);
	}
	/* Each has callbacks of its own. */
	for (int i = 0; i < 16; i++) {
		send_init(&benches[i], 0);
		for (int j = 0; j < 16; j++)
			assert_int_equal(benches[j].seen[FUSE_INIT], j <= i);
	}
	for (int i = 0; i < 17; i++)
		tear_down(&benches[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_without_a_program),
		cmocka_unit_test(test_without_options),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_another_reply_comes_first),
		cmocka_unit_test(test_many_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
