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
	__u32 opcode;
	bool waited;
	ssize_t got;
};

/* Reads while a program is held, then lets that go on. */
static void *read_meanwhile(void *data)
{
	struct beside *beside = data;
	struct answer answer = { 0 };
	/* Aligned, for O_DIRECT. */
	static char buf[4096] __attribute__((aligned(4096)));

	for (int i = 0; i < 10000 && !answer.waiting; i++) {
		usleep(1000);
		bpf_map_lookup_elem(answers_fd, &beside->opcode, &answer);
	}
	beside->waited = answer.waiting;
	beside->got = pread(beside->fd, buf, 4, 0);
	answer.held = 0;
	bpf_map_update_elem(answers_fd, &beside->opcode, &answer, BPF_ANY);
	return NULL;
}

/*
 * The end of a read makes attributes stale.  Those that a program told meanwhile are not valid for any
 * time then, but whoever asked has to see them.
 */
static void reader_sees_the_size_that_a_program_told_while_another_read_ended(void)
{
	struct beside beside = { .opcode = FUSE_GETATTR, .got = -1 };
	struct fuse_attr_out told = { .attr_valid = 3600 };
	struct answer answer = { .active = 1, .held = 1, .out_size = sizeof(told) };
	char buf[64];
	struct stat st;
	struct node *f;
	int fd;

	/* The daemon's thread is started by start(). */
	run_on(OTHERS_CPU);
	start();
	run_on(PROGRAMS_CPU);
	f = node_of(FUSE_ROOT_ID, "f");
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	beside.fd = open(in_mount("f"), O_RDONLY | O_DIRECT);
	CHECK(beside.fd >= 0);
	SAME(fstat(fd, &st), 0);
	SAME(st.st_size, 10);

	/* It grows behind the mount, and the program knows. */
	pthread_mutex_lock(&w->lock);
	f->size = 30;
	pthread_mutex_unlock(&w->lock);
	told.attr = wire_attr(f);
	answer.nodeid = f->nodeid;
	memcpy(answer.out, &told, sizeof(told));
	CHECK(!bpf_map_update_elem(answers_fd, &beside.opcode, &answer, BPF_ANY));

	run_on(OTHERS_CPU);
	CHECK(!pthread_create(&beside.thread, NULL, read_meanwhile, &beside));
	run_on(PROGRAMS_CPU);
	SAME(pread(fd, buf, sizeof(buf), 0), 30);
	pthread_join(beside.thread, NULL);
	CHECK(beside.waited);
	SAME(beside.got, 4);

	clear_records();
	SAME(fstat(fd, &st), 0);
	SAME(st.st_size, 30);
	take_records();
	need_record(EXTFUSE_REQUEST, FUSE_GETATTR, f->nodeid);
	close(fd);
	close(beside.fd);
	stop();
}

static const struct test tests[] = {
	TEST(reader_sees_the_size_that_a_program_told_while_another_read_ended),
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: test_two_cpus PATTERN DIR\n");
		return 2;
	}
	objects = argv[2];
	libbpf_set_print(quiet);
	return run_tests(tests, N_OF(tests), argv[1]);
}
