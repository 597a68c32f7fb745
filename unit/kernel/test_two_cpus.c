// SPDX-License-Identifier: GPL-2.0-only
/* test_two_cpus.c - what ends on one CPU while a program runs on the other */
#include <sched.h>

#include "harness.h"
#include "recorder.h"

enum { PROGRAMS_CPU, OTHERS_CPU };

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set));
}

static struct answer answer_to(__u32 opcode)
{
	struct answer answer = { 0 };

	bpf_map_lookup_elem(answers_fd, &opcode, &answer);
	return answer;
}

static void wait_until_held(__u32 opcode)
{
	for (int i = 0; i < 10000 && answer_to(opcode).wait != WAIT_BEGUN; i++)
		usleep(1000);
}

static void let_go(__u32 opcode)
{
	struct answer answer = answer_to(opcode);

	answer.held = 0;
	bpf_map_update_elem(answers_fd, &opcode, &answer, BPF_ANY);
}

/* What the other thread does, and what came of it. */
struct beside {
	pthread_t thread;
	struct node *node;
	int fd;
	ssize_t got;
};

/* Reads while a program is held, then lets that go on. */
static void *read_meanwhile(void *data)
{
	struct beside *beside = data;
	/* Aligned, for O_DIRECT. */
	static char buf[4096] __attribute__((aligned(4096)));

	wait_until_held(FUSE_GETATTR);
	beside->got = pread(beside->fd, buf, 4, 0);
	let_go(FUSE_GETATTR);
	return NULL;
}

/* Of the size alone: the end of a read makes other attributes stale. */
static void expect_size(int fd, unsigned int size, unsigned int questions)
{
	struct statx stx;
	unsigned int asked = 0;

	clear_records();
	SAME(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &stx), 0);
	SAME(stx.stx_size, size);
	take_records();
	for (unsigned int i = 0; i < n_records; i++)
		asked += records[i].phase == EXTFUSE_REQUEST && records[i].opcode == FUSE_GETATTR;
	SAME(asked, questions);
}

/*
 * The end of a read makes attributes stale.  Those that a program told meanwhile are not valid for any
 * time then, but whoever asked has to see them.
 */
static void reader_sees_the_size_that_a_program_told_while_another_read_ended(void)
{
	struct beside beside = { .got = -1 };
	struct fuse_attr_out told = { .attr_valid = 3600 };
	struct answer answer = { .active = 1, .held = 1, .out_size = sizeof(told) };
	char buf[64];
	__u32 opcode = FUSE_GETATTR;
	struct node *f;
	int fd;

	/* With the daemon's thread. */
	run_on(OTHERS_CPU);
	start_named("holding_recorder");
	run_on(PROGRAMS_CPU);
	f = node_of(FUSE_ROOT_ID, "f");
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	beside.fd = open(in_mount("f"), O_RDONLY | O_DIRECT);
	CHECK(beside.fd >= 0);
	expect_size(fd, 10, 1);

	/* It grows behind the mount, and the program knows. */
	pthread_mutex_lock(&w->lock);
	f->size = 30;
	pthread_mutex_unlock(&w->lock);
	told.attr = wire_attr(f);
	answer.nodeid = f->nodeid;
	memcpy(answer.out, &told, sizeof(told));
	CHECK(!bpf_map_update_elem(answers_fd, &opcode, &answer, BPF_ANY));

	run_on(OTHERS_CPU);
	CHECK(!pthread_create(&beside.thread, NULL, read_meanwhile, &beside));
	run_on(PROGRAMS_CPU);
	SAME(pread(fd, buf, sizeof(buf), 0), 30);
	pthread_join(beside.thread, NULL);
	SAME(beside.got, 4);
	SAME(answer_to(opcode).wait, WAIT_ENDED);

	/* It is asked once more, and then what it tells is valid. */
	expect_size(fd, 30, 1);
	expect_size(fd, 30, 0);
	close(fd);
	close(beside.fd);
	stop();
}

/*
 * A fresh lookup of /n, which the daemon has, and of which the program tells d/x, which is in use.  What the
 * other thread does happens after the program looked at its rows, and before the driver finds the inode.
 * It has to stay out of the root directory, which the lookup locks.
 */
static void look_up_meanwhile(struct beside *beside, void *(*meanwhile)(void *), struct stat *st)
{
	struct answer answer = { .active = 1, .held = 1, .nodeid = FUSE_ROOT_ID };
	__u32 opcode = FUSE_LOOKUP;
	struct fuse_entry_out told;

	pthread_mutex_lock(&w->lock);
	wire_add(w, FUSE_ROOT_ID, "n", S_IFREG | 0644)->size = 77;
	told = wire_entry(node_of(node_of(FUSE_ROOT_ID, "d")->nodeid, "x"));
	pthread_mutex_unlock(&w->lock);
	memcpy(answer.out, &told, sizeof(told));
	answer.out_size = sizeof(told);
	CHECK(!bpf_map_update_elem(answers_fd, &opcode, &answer, BPF_ANY));

	run_on(OTHERS_CPU);
	CHECK(!pthread_create(&beside->thread, NULL, meanwhile, beside));
	run_on(PROGRAMS_CPU);
	SAME(stat(in_mount("n"), st), 0);
	pthread_join(beside->thread, NULL);
	SAME(answer_to(FUSE_LOOKUP).wait, WAIT_ENDED);
	no_answer(FUSE_LOOKUP);
}

/* d/x is removed and forgotten, and d/y gets its nodeid; of the same generation, which is all that differs. */
static void *reuse_meanwhile(void *data)
{
	struct beside *beside = data;
	struct node *x = beside->node, *y;
	struct stat st = { 0 };

	wait_until_held(FUSE_LOOKUP);
	unlinkat(beside->fd, "x", 0);
	for (int i = 0; i < 1000; i++) {
		bool forgotten;

		pthread_mutex_lock(&w->lock);
		forgotten = !x->nlookup;
		pthread_mutex_unlock(&w->lock);
		if (forgotten)
			break;
		usleep(1000);
	}
	pthread_mutex_lock(&w->lock);
	y = wire_add(w, x->parent, "y", x->mode);
	y->size = 33;
	y->nodeid = x->nodeid;
	x->nodeid = 0;
	pthread_mutex_unlock(&w->lock);
	fstatat(beside->fd, "y", &st, 0);
	beside->got = (ssize_t)st.st_ino;
	let_go(FUSE_LOOKUP);
	return NULL;
}

static void nodeid_that_was_used_again_while_a_program_ran_asks_the_daemon(void)
{
	struct beside beside = { 0 };
	uint64_t reused, n;
	struct stat st;

	run_on(OTHERS_CPU);
	start_named("holding_recorder");
	run_on(PROGRAMS_CPU);
	SAME(exists("d/x"), 0);
	beside.fd = open(in_mount("d"), O_RDONLY | O_DIRECTORY);
	CHECK(beside.fd >= 0);
	beside.node = node_of(node_of(FUSE_ROOT_ID, "d")->nodeid, "x");
	reused = beside.node->nodeid;

	look_up_meanwhile(&beside, reuse_meanwhile, &st);
	SAME(beside.got, reused);
	n = node_of(FUSE_ROOT_ID, "n")->nodeid;
	SAME(st.st_ino, n);
	SAME(st.st_size, 77);
	close(beside.fd);
	stop();
}

static void *close_meanwhile(void *data)
{
	struct beside *beside = data;

	wait_until_held(FUSE_LOOKUP);
	beside->got = close(beside->fd);
	let_go(FUSE_LOOKUP);
	return NULL;
}

/* What the program has told is from before the file's contents changed without a request. */
static void backing_file_that_was_lost_while_a_program_ran_asks_the_daemon(void)
{
	struct beside beside = { 0 };
	struct stat st;
	uint64_t n;
	int fd;

	run_on(OTHERS_CPU);
	start_with("holding_recorder", FUSE_PASSTHROUGH);
	run_on(PROGRAMS_CPU);
	CHECK(wire_back(w) > 0);
	fd = open(in_mount("d/x"), O_PATH);
	CHECK(fd >= 0);
	beside.fd = open(in_mount("d/x"), O_RDONLY);
	CHECK(beside.fd >= 0);

	look_up_meanwhile(&beside, close_meanwhile, &st);
	SAME(beside.got, 0);
	n = node_of(FUSE_ROOT_ID, "n")->nodeid;
	SAME(st.st_ino, n);
	SAME(st.st_size, 77);
	close(fd);
	stop();
}

static const struct test tests[] = {
	TEST(reader_sees_the_size_that_a_program_told_while_another_read_ended),
	TEST(nodeid_that_was_used_again_while_a_program_ran_asks_the_daemon),
	TEST(backing_file_that_was_lost_while_a_program_ran_asks_the_daemon),
};

int main(int argc, char **argv)
{
	return run_recorder_tests(tests, N_OF(tests), argc, argv);
}
