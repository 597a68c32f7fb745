/* SPDX-License-Identifier: GPL-2.0-only */
/* recorder.h - mounts of the tiny daemon with the recorder attached, and what that saw */
#ifndef RECORDER_H
#define RECORDER_H

#include <linux/bpf.h>
#include <linux/extfuse.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "harness.h"
#include "probe.h"
#include "wire.h"

static const char *objects;
static struct bpf_object *object;
static struct wire *w;
static int prog_fd, state_fd, records_fd, answers_fd;
static struct record records[RECORD_MAX];
static unsigned int n_records;

static inline int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Of the programs in the object, this one alone is loaded. */
static inline struct bpf_program *choose_program(struct bpf_object *from, const char *name)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, from)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	prog = bpf_object__find_program_by_name(from, name);
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);
	return prog;
}

static inline void load_recorder_named(const char *name)
{
	struct bpf_program *prog;
	char path[4096];

	snprintf(path, sizeof(path), "%s/recorder.bpf.o", objects);
	object = bpf_object__open(path);
	CHECK(object);
	prog = choose_program(object, name);
	CHECK(!bpf_object__load(object));
	prog_fd = bpf_program__fd(prog);
	state_fd = bpf_object__find_map_fd_by_name(object, "state");
	records_fd = bpf_object__find_map_fd_by_name(object, "records");
	answers_fd = bpf_object__find_map_fd_by_name(object, "answers");
}

static inline void load_recorder(void)
{
	load_recorder_named("recorder");
}

/* The file system of all tests: /f, /g, /d/x. */
static inline struct wire *new_wire(void)
{
	w = calloc(1, sizeof(*w));
	w->prog_fd = -1;
	w->next_nodeid = 100;
	return w;
}

static inline void populate(void)
{
	struct node *d;

	pthread_mutex_lock(&w->lock);
	wire_add(w, FUSE_ROOT_ID, "f", S_IFREG | 0644)->size = 10;
	wire_add(w, FUSE_ROOT_ID, "g", S_IFREG | 0644)->size = 20;
	d = wire_add(w, FUSE_ROOT_ID, "d", S_IFDIR | 0755);
	wire_add(w, d->nodeid, "x", S_IFREG | 0600);
	pthread_mutex_unlock(&w->lock);
}

static inline void start_with(const char *name, uint64_t init_flags)
{
	new_wire();
	load_recorder_named(name);
	w->prog_fd = prog_fd;
	w->init_flags = init_flags;
	SAME(wire_start(w, ""), 0);
	populate();
}

static inline void start_named(const char *name)
{
	start_with(name, 0);
}

static inline void start(void)
{
	start_named("recorder");
}

static inline void stop(void)
{
	wire_stop(w);
	SAME(w->over_forgotten, 0);
	free(w);
	bpf_object__close(object);
}

static inline const char *in_mount(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", w->mnt, name);
	return path;
}

static inline struct node *node_of(uint64_t parent, const char *name)
{
	struct node *node = wire_child(w, parent, name);

	CHECK(node);
	return node;
}

static inline unsigned long count(uint32_t opcode)
{
	unsigned long n;

	pthread_mutex_lock(&w->lock);
	n = w->count[opcode];
	pthread_mutex_unlock(&w->lock);
	return n;
}

static inline void clear_records(void)
{
	struct recorder_state state = { 0 };
	__u32 zero = 0;

	CHECK(!bpf_map_lookup_elem(state_fd, &zero, &state));
	state.recorded = 0;
	CHECK(!bpf_map_update_elem(state_fd, &zero, &state, BPF_ANY));
}

static inline void take_records(void)
{
	struct recorder_state state;
	__u32 zero = 0;

	/* Background requests end on their own. */
	usleep(30000);
	CHECK(!bpf_map_lookup_elem(state_fd, &zero, &state));
	n_records = state.recorded < RECORD_MAX ? state.recorded : RECORD_MAX;
	for (__u32 i = 0; i < n_records; i++)
		CHECK(!bpf_map_lookup_elem(records_fd, &i, &records[i]));
}

static inline const struct record *find_record(__u32 phase, __u32 opcode, __u64 nodeid)
{
	for (unsigned int i = 0; i < n_records; i++)
		if (records[i].phase == phase && records[i].opcode == opcode &&
		    (!nodeid || records[i].nodeid == nodeid))
			return &records[i];
	return NULL;
}

static inline const struct record *need_record(__u32 phase, __u32 opcode, __u64 nodeid)
{
	const struct record *record = find_record(phase, opcode, nodeid);

	if (!record) {
		for (unsigned int i = 0; i < n_records; i++)
			fprintf(stderr,
				"  phase %u opcode %u nodeid %llu error %d child %llu %llu\n",
				records[i].phase, records[i].opcode, records[i].nodeid,
				records[i].error, records[i].child[0], records[i].child[1]);
		FAIL("no run in phase %u with opcode %u for nodeid %llu", phase, opcode, nodeid);
	}
	return record;
}

static inline void set_answer(uint32_t opcode, uint64_t nodeid, int retval, const void *out,
			      size_t size)
{
	struct answer answer = {
		.active = 1, .retval = retval, .nodeid = nodeid, .out_size = (__u32)size
	};

	if (size)
		memcpy(answer.out, out, size);
	CHECK(!bpf_map_update_elem(answers_fd, &opcode, &answer, BPF_ANY));
}

static inline void no_answer(uint32_t opcode)
{
	struct answer answer = { 0 };

	CHECK(!bpf_map_update_elem(answers_fd, &opcode, &answer, BPF_ANY));
}

static inline void answer_lookup_of(uint64_t parent, const struct node *node)
{
	struct fuse_entry_out entry = wire_entry(node);

	set_answer(FUSE_LOOKUP, parent, 0, &entry, sizeof(entry));
}

static inline void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	CHECK(write(fd, "2", 1) == 1);
	close(fd);
	usleep(50000);
}

static inline int exists(const char *name)
{
	struct stat st;

	return stat(in_mount(name), &st) ? -errno : 0;
}

/* Exactly one REPLY for each REQUEST, with the cookie that the request left. */
static inline void check_pairs(bool all_ended)
{
	unsigned int requests = 0, replies = 0;

	CHECK(n_records < RECORD_MAX);
	for (unsigned int i = 0; i < n_records; i++) {
		unsigned int found = 0;

		if (records[i].phase == EXTFUSE_REPLY) {
			replies++;
			continue;
		}
		if (records[i].phase != EXTFUSE_REQUEST)
			continue;
		requests++;
		for (unsigned int j = 0; j < n_records; j++) {
			if (records[j].phase != EXTFUSE_REPLY ||
			    records[j].cookie[0] != records[i].cookie[0])
				continue;
			CHECK(j > i);
			SAME(records[j].cookie[1], ~records[j].cookie[0]);
			SAME(records[j].opcode, records[i].opcode);
			SAME(records[j].nodeid, records[i].nodeid);
			SAME(records[j].child[0], records[i].child[0]);
			SAME(records[j].child[1], records[i].child[1]);
			found++;
		}
		SAME_IN(found, 1, "replies to opcode %u for nodeid %llu", records[i].opcode,
			records[i].nodeid);
	}
	CHECK(requests > 0);
	if (all_ended)
		SAME(replies, requests);
}

/* The whole of main(): PATTERN chooses tests, DIR has what they load. */
static inline int run_recorder_tests(const struct test *tests, size_t n, int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s PATTERN DIR\n", argv[0]);
		return 2;
	}
	objects = argv[2];
	libbpf_set_print(quiet);
	return run_tests(tests, n, argv[1]);
}

#endif
