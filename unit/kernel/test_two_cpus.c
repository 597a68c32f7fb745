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

/* What the other thread does, and what came of it. */
struct beside {
	pthread_t thread;
	int fd;
	ssize_t got;
};

static const __u32 getattr = FUSE_GETATTR;

static struct answer getattr_answer(void)
{
	struct answer answer = { 0 };

	bpf_map_lookup_elem(answers_fd, &getattr, &answer);
	return answer;
}

/* Reads while a program is held, then lets that go on. */
static void *read_meanwhile(void *data)
{
	struct beside *beside = data;
	struct answer answer = getattr_answer();
	/* Aligned, for O_DIRECT. */
	static char buf[4096] __attribute__((aligned(4096)));

	for (int i = 0; i < 10000 && answer.wait != WAIT_BEGUN; i++) {
		usleep(1000);
		answer = getattr_answer();
	}
	beside->got = pread(beside->fd, buf, 4, 0);
	answer.held = 0;
	bpf_map_update_elem(answers_fd, &getattr, &answer, BPF_ANY);
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
	CHECK(!bpf_map_update_elem(answers_fd, &getattr, &answer, BPF_ANY));

	run_on(OTHERS_CPU);
	CHECK(!pthread_create(&beside.thread, NULL, read_meanwhile, &beside));
	run_on(PROGRAMS_CPU);
	SAME(pread(fd, buf, sizeof(buf), 0), 30);
	pthread_join(beside.thread, NULL);
	SAME(beside.got, 4);
	SAME(getattr_answer().wait, WAIT_ENDED);

	/* It is asked once more, and then what it tells is valid. */
	expect_size(fd, 30, 1);
	expect_size(fd, 30, 0);
	close(fd);
	close(beside.fd);
	stop();
}

static const struct test tests[] = {
	TEST(reader_sees_the_size_that_a_program_told_while_another_read_ended),
};

int main(int argc, char **argv)
{
	return run_recorder_tests(tests, N_OF(tests), argc, argv);
}
