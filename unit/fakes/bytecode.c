// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bytecode.c - runs a test's requests with the program that a mount would have, in the kernel
 *
 * The objects are linked and loaded by libextfuse, requests are run by BPF_PROG_TEST_RUN, and maps
 * are looked into by system calls. The test is also linked with the sources compiled for the host:
 * not to run them, but because they have the program's variables by the same names, which are
 * copied to the program before each run and back after it. Its constants, the parameters, are in a
 * map that is not frozen, so that a test may set them at any time and the verifier has to take any
 * value of them. What is loaded is kept for the cases, and the tests, that follow.
 *
 * Of the clock the program reads a copy: its calls of bpf_ktime_get_boot_ns() are turned into
 * calls of a function that returns what the test says. Nothing else of the bytecode is changed.
 *
 * Needs root on a kernel with ExtFUSE. EXTFUSE_KIT_POLICY and EXTFUSE_KIT_HANDLERS (paths, with
 * colons between them) say what is loaded; the CMake functions set them.
 */
#include "backend.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* libbpf's functions have the names of helpers. */
#undef bpf_map_lookup_elem
#undef bpf_map_update_elem
#undef bpf_map_delete_elem
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <extfuse.h>

#ifndef EXTFUSE_KIT_HANDLERS
#define EXTFUSE_KIT_HANDLERS ""
#endif

/* Larger variables are copied when a test looks at them alone (backend_fetch_variables()). */
#define SMALL 4096

#define MAX_VARS 256
#define MAX_SECTIONS 8
#define MAX_HANDLERS 32

/* A variable that the program and the test have. */
struct variable {
	void *here;
	void *there;
	size_t size;
	bool constant;
};

/* A section of variables, as the program sees it. */
struct section {
	const struct bpf_map *map;
	void *memory;
	void *initial;
	size_t size;
};

/* A loaded program; there is one for each shape and size of its maps. */
struct loaded {
	struct loaded *next;
	struct extfuse *ext;
	struct bpf_object *bpf;
	unsigned int limit;
	bool lru;
	int entry;
	int fill;
	struct variable vars[MAX_VARS];
	size_t nvars;
	struct section sections[MAX_SECTIONS];
	size_t nsections;
};

static struct loaded *all, *current;
static unsigned int row_limit;
static bool lru;
static int failing_arg = -1;
static bool in_use;
static int clock_fd = -1;
static __u64 *clock_page;
/* for libbpf's callback, which gets no object */
static const struct bpf_object *loading;

/* ---- Cases ---- */

bool backend_can_run(const struct fake_case *test)
{
	const char *only = getenv("EXTFUSE_KIT_CASE");

	if (only && strcmp(only, test->name) != 0)
		return false;
	if (test->host_only)
		printf("host only: %s: %s\n", test->name, test->host_only);
	return !test->host_only;
}

/* Called by a case that should have said so in its test's array. */
static void __attribute__((noreturn)) cannot(const char *what)
{
	fail_msg("%s: on the host alone; mark the case with fake_test_on_host()", what);
	abort();
}

/* ---- What only the fakes can do ---- */

void fake_fail_updates(int error)
{
	(void)error;
	cannot("updates of the kernel's maps fail when they must, not when a test says so");
}

void fake_set_program(const void *prog_array, __u32 slot, fake_program program)
{
	(void)prog_array;
	(void)slot;
	(void)program;
	cannot("a program in the kernel is no function of the test");
}

size_t fake_ring_read(const void *ring_buffer, void *data, size_t size)
{
	(void)ring_buffer;
	(void)data;
	(void)size;
	cannot("the ring buffer is in the kernel");
}

void backend_start(struct fake_req *req)
{
	(void)req;
	cannot("a run in the kernel cannot be stopped halfway");
}

bool fake_step(void)
{
	cannot("a run in the kernel cannot be stopped halfway");
}

int backend_result(void)
{
	cannot("a run in the kernel cannot be stopped halfway");
}

/* The sources for the host are linked for their variables; these are what they would call. */
#define DIRECT(declaration) \
	declaration \
	{ \
		cannot("a function of the program was called, and it has no maps here"); \
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
DIRECT(void *fake_map_lookup(const struct fake_map_def *def, const void *key))
DIRECT(long fake_map_update(const struct fake_map_def *def, const void *key, const void *value,
			    __u64 flags))
DIRECT(long fake_map_delete(const struct fake_map_def *def, const void *key))
DIRECT(long fake_map_push(const struct fake_map_def *def, const void *value, __u64 flags))
DIRECT(long fake_map_pop(const struct fake_map_def *def, void *value))
DIRECT(void *fake_ring_reserve(const struct fake_map_def *def, __u64 size))
DIRECT(void fake_ring_submit(void *data))
DIRECT(void fake_ring_discard(void *data))
DIRECT(long fake_ring_output(const struct fake_map_def *def, const void *data, __u64 size))
DIRECT(void fake_lock(struct bpf_spin_lock *lock))
DIRECT(void fake_unlock(struct bpf_spin_lock *lock))
DIRECT(fake_program fake_prog_array(const void *map, __u32 slot))
DIRECT(__u32 fake_cpu(void))
DIRECT(__u32 fake_random(void))
DIRECT(long fake_loop(__u32 steps, long (*function)(__u32 i, void *data), void *data))
DIRECT(long fake_read_args(void *ctx, __u32 arg, void *dst, __u32 size))
DIRECT(long fake_write_args(void *ctx, __u32 arg, const void *src, __u32 size))
#pragma GCC diagnostic pop

void fake_enlist(const char *section, fake_program program, const char *file, int user)
{
	(void)section;
	(void)program;
	(void)file;
	(void)user;
}

void fake_pause(void)
{
}

__u64 fake_clock(void)
{
	return fake_now();
}

/* ---- The clock ---- */

static int clock_type(const struct btf *btf)
{
	/* Any function without parameters that returns a number does. */
	return btf__find_by_name_kind(btf, "ext_draw", BTF_KIND_FUNC);
}

/* Append a function that reads the test's clock, and call it where the program calls the helper. */
static int redirect_clock(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	size_t n = bpf_program__insn_cnt(prog), calls = 0;
	struct bpf_insn *insns = calloc(n + 4, sizeof(*insns));
	const struct bpf_insn read_clock[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = clock_fd },
		{ 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int type = clock_type(bpf_object__btf(loading));

	(void)cookie;
	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(prog), n * sizeof(*insns));
	for (size_t i = 0; i < n; i++) {
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM)) {
			i++;
			continue;
		}
		if (insns[i].code != (BPF_JMP | BPF_CALL) || insns[i].src_reg ||
		    (insns[i].imm != BPF_FUNC_ktime_get_boot_ns &&
		     insns[i].imm != BPF_FUNC_ktime_get_ns))
			continue;
		insns[i].src_reg = BPF_PSEUDO_CALL;
		insns[i].imm = (int)(n - i - 1);
		calls++;
	}
	if (!calls) {
		free(insns);
		return 0;
	}
	memcpy(insns + n, read_clock, sizeof(read_clock));

	int err = bpf_program__set_insns(prog, insns, n + 4);

	free(insns);
	if (err)
		return err;

	/* The kernel wants to know each function's type and line. The copies live as long as libbpf. */
	if (opts->func_info_cnt && type > 0) {
		size_t size = opts->func_info_rec_size;
		char *infos = calloc(opts->func_info_cnt + 1, size);
		struct bpf_func_info *last;

		if (!infos)
			return -ENOMEM;
		memcpy(infos, opts->func_info, opts->func_info_cnt * size);
		last = (struct bpf_func_info *)(infos + opts->func_info_cnt * size);
		last->insn_off = (__u32)n;
		last->type_id = (__u32)type;
		opts->func_info = infos;
		opts->func_info_cnt++;
	}
	if (opts->line_info_cnt) {
		size_t size = opts->line_info_rec_size;
		char *infos = calloc(opts->line_info_cnt + 1, size);

		if (!infos)
			return -ENOMEM;
		memcpy(infos, opts->line_info, opts->line_info_cnt * size);
		memcpy(infos + opts->line_info_cnt * size, infos + (opts->line_info_cnt - 1) * size,
		       size);
		((struct bpf_line_info *)(infos + opts->line_info_cnt * size))->insn_off = (__u32)n;
		opts->line_info = infos;
		opts->line_info_cnt++;
	}
	return 0;
}

static void make_clock(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, map, .map_flags = BPF_F_MMAPABLE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	/* The library gives these sections their type; of the same type, libbpf keeps the callback. */
	LIBBPF_OPTS(libbpf_prog_handler_opts, hook, .prog_prepare_load_fn = redirect_clock);

	if (clock_page)
		return;
	clock_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "kit_clock", sizeof(__u32), sizeof(__u64), 1,
				  &map);
	if (clock_fd < 0)
		fail_msg("no map can be created: %s (root, on a kernel with BPF?)",
			 strerror(errno));
	clock_page = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, clock_fd, 0);
	assert_true(clock_page != MAP_FAILED);
	assert_true(libbpf_register_prog_handler("extfuse+", BPF_PROG_TYPE_EXTFUSE, 0, &hook) > 0);
}

/* ---- Loading ---- */

static void print_log(void *data, enum extfuse_log_level level, const char *line)
{
	(void)data;
	if (level <= EXTFUSE_LOG_INFO)
		fprintf(stderr, "%s\n", line);
}

static bool is_rows(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	default:
		return false;
	}
}

/* The test's own variable of this name and size, or NULL. */
static void *here(const char *name, size_t size)
{
	void *address = dlsym(RTLD_DEFAULT, name);
	const ElfW(Sym) * symbol;
	Dl_info info;

	if (!address || !dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return NULL;
	return symbol->st_size == size ? address : NULL;
}

static bool has_size(const struct loaded *program)
{
	return program->limit == row_limit && program->lru == lru;
}

/* Rows as the test has limited them. */
static void size_map(struct bpf_map *map)
{
	if (lru && bpf_map__type(map) == BPF_MAP_TYPE_HASH) {
		assert_int_equal(bpf_map__set_type(map, BPF_MAP_TYPE_LRU_HASH), 0);
		assert_int_equal(bpf_map__set_map_flags(map, 0), 0);
	}
	if (row_limit && (is_rows(map) || bpf_map__type(map) == BPF_MAP_TYPE_QUEUE))
		assert_int_equal(bpf_map__set_max_entries(map, row_limit), 0);
}

/* libbpf would freeze it; a map that is there already it takes as it is. */
static void make_constants(struct bpf_map *map)
{
	/* What a program may not write the kernel lets nobody else map for writing. */
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	__u32 zero = 0;
	size_t size;
	const void *initial = bpf_map__initial_value(map, &size);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, bpf_map__name(map), sizeof(zero), (__u32)size,
				1, &opts);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &zero, initial, BPF_ANY), 0);
	assert_int_equal(bpf_map__reuse_fd(map, fd), 0);
	close(fd);
}

static bool is_constants(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata");
}

static void prepare_maps(const struct bpf_object *bpf)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, bpf) {
		size_map(map);
		if (is_constants(map))
			make_constants(map);
	}
}

/* The variables of a section that the test has, too. */
static void find_variables(struct loaded *program, const struct section *section)
{
	const struct btf *btf = bpf_object__btf(program->bpf);
	const char *name = strchr(bpf_map__name(section->map), '.');
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_DATASEC);
	const struct btf_type *sec = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

	for (int i = 0; sec && i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(btf, info->type);
		void *address = here(btf__name_by_offset(btf, var->name_off), info->size);

		if (!address)
			continue;
		assert_true(program->nvars < MAX_VARS);
		program->vars[program->nvars++] = (struct variable){
			.here = address,
			.there = (char *)section->memory + info->offset,
			.size = info->size,
			.constant = is_constants(section->map),
		};
	}
}

static void map_sections(struct loaded *program)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct bpf_map *map;

	bpf_object__for_each_map(map, program->bpf) {
		struct section *section = &program->sections[program->nsections];
		size_t size = (bpf_map__value_size(map) + page - 1) / page * page;

		if (!bpf_map__is_internal(map) || !strchr(bpf_map__name(map), '.'))
			continue;
		assert_true(program->nsections++ < MAX_SECTIONS);
		section->map = map;
		section->size = bpf_map__value_size(map);
		section->memory =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
		if (section->memory == MAP_FAILED)
			fail_msg("%s cannot be mapped: %s", bpf_map__name(map), strerror(errno));
		section->initial = malloc(section->size);
		assert_non_null(section->initial);
		memcpy(section->initial, section->memory, section->size);
		find_variables(program, section);
	}
}

static struct loaded *load(void)
{
	char handlers[] = EXTFUSE_KIT_HANDLERS;
	const char *list[MAX_HANDLERS + 1] = { NULL };
	const struct extfuse_opts opts = {
		.size = sizeof(opts),
		.policy = EXTFUSE_KIT_POLICY,
		.handlers = list,
		.log = print_log,
	};
	struct loaded *program = calloc(1, sizeof(*program));
	struct bpf_program *prog;
	size_t n = 0;
	int err;

	assert_non_null(program);
	for (char *path = strtok(handlers, ":"); path && n < MAX_HANDLERS; path = strtok(NULL, ":"))
		list[n++] = path;
	make_clock();
	err = extfuse_open(&opts, &program->ext);
	if (err)
		fail_msg("the program cannot be opened: %s", strerror(-err));
	program->bpf = extfuse_bpf_object(program->ext);
	program->limit = row_limit;
	program->lru = lru;
	prepare_maps(program->bpf);
	loading = program->bpf;
	err = extfuse_load(program->ext);
	if (err)
		fail_msg("the program cannot be loaded: %s", strerror(-err));

	program->entry = -1;
	program->fill = -1;
	bpf_object__for_each_program(prog, program->bpf) {
		if (!strcmp(bpf_program__section_name(prog), "extfuse"))
			program->entry = bpf_program__fd(prog);
		else if (!strcmp(bpf_program__section_name(prog), "extfuse/fill"))
			program->fill = bpf_program__fd(prog);
	}
	assert_true(program->entry >= 0 && program->fill >= 0);
	map_sections(program);
	program->next = all;
	all = program;
	return program;
}

/* ---- Maps ---- */

/* Calls change(), if there is one, for each row, with its key and value; returns how many there are. */
static unsigned int each_row(const struct bpf_map *map,
			     void (*change)(int fd, void *key, void *value))
{
	void *key = malloc(bpf_map__key_size(map)), *value = malloc(bpf_map__value_size(map));
	int fd = bpf_map__fd(map);
	unsigned int n = 0;
	int err;

	assert_non_null(key);
	assert_non_null(value);
	for (err = bpf_map_get_next_key(fd, NULL, key); !err;
	     err = bpf_map_get_next_key(fd, key, key)) {
		n++;
		if (change && !bpf_map_lookup_elem(fd, key, value))
			change(fd, key, value);
	}
	free(key);
	free(value);
	return n;
}

unsigned int fake_rows(void)
{
	const struct bpf_map *map;
	unsigned int rows = 0;

	if (current && in_use)
		bpf_object__for_each_map(map, current->bpf)
			if (is_rows(map))
				rows += each_row(map, NULL);
	return rows;
}

static void tear(int fd, void *key, void *value)
{
	((unsigned char *)value)[48] ^= 4;
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_EXIST), 0);
}

void fake_tear_rows(void)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, current->bpf)
		if (is_rows(map))
			each_row(map, tear);
}

static void empty_hash(const struct bpf_map *map)
{
	void *key = malloc(bpf_map__key_size(map));

	assert_non_null(key);
	while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
		assert_int_equal(bpf_map_delete_elem(bpf_map__fd(map), key), 0);
	free(key);
}

static void empty_queue(const struct bpf_map *map)
{
	void *value = malloc(bpf_map__value_size(map));

	assert_non_null(value);
	while (!bpf_map_lookup_and_delete_elem(bpf_map__fd(map), NULL, value))
		;
	free(value);
}

static void empty_array(const struct bpf_map *map)
{
	__u32 n = bpf_map__max_entries(map);
	size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
	bool per_cpu = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY;
	int cpus = libbpf_num_possible_cpus();
	void *zeros = calloc(per_cpu ? (size_t)cpus : n, size);
	__u32 *keys = calloc(n, sizeof(*keys));
	LIBBPF_OPTS(bpf_map_batch_opts, opts);

	assert_non_null(zeros);
	assert_non_null(keys);
	for (__u32 i = 0; i < n; i++) {
		keys[i] = i;
		if (per_cpu)
			assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), &i, zeros, 0), 0);
	}
	if (!per_cpu)
		assert_int_equal(bpf_map_update_batch(bpf_map__fd(map), keys, zeros, &n, &opts), 0);
	free(keys);
	free(zeros);
}

static void fill_slots(void)
{
	int slots = bpf_object__find_map_fd_by_name(current->bpf, "ext_progs");
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, current->bpf) {
		const char *section = bpf_program__section_name(prog);
		int fd = bpf_program__fd(prog), slot;

		if (!strcmp(section, "extfuse") || !strcmp(section, "extfuse/fill"))
			continue;
		slot = fake_slot(section + strlen("extfuse/"));
		assert_int_equal(bpf_map_update_elem(slots, &slot, &fd, BPF_ANY), 0);
	}
}

/* As the maps were when they were made. */
static void empty_maps(void)
{
	struct bpf_map *map;

	for (size_t i = 0; i < current->nsections; i++)
		memcpy(current->sections[i].memory, current->sections[i].initial,
		       current->sections[i].size);
	bpf_object__for_each_map(map, current->bpf) {
		if (bpf_map__is_internal(map))
			continue;
		switch (bpf_map__type(map)) {
		case BPF_MAP_TYPE_QUEUE:
		case BPF_MAP_TYPE_STACK:
			empty_queue(map);
			break;
		case BPF_MAP_TYPE_ARRAY:
		case BPF_MAP_TYPE_PERCPU_ARRAY:
			empty_array(map);
			break;
		default:
			if (is_rows(map))
				empty_hash(map);
		}
	}
}

void fake_limit(unsigned int rows)
{
	if (in_use && fake_rows())
		fail_msg("fake_limit() comes before the first row");
	row_limit = rows;
}

void fake_lru(void)
{
	/* A policy that has this shape has such maps already. */
	lru = ext_policy_shape() != EXT_SHAPE_LRU;
}

/* ---- Runs ---- */

/* The constants that the library's choice of handlers decides. */
static void take_slots(void)
{
	for (size_t i = 0; i < current->nvars; i++) {
		if (current->vars[i].here == &ext_replies)
			ext_replies = *(const __u64 *)current->vars[i].there;
		if (current->vars[i].here == &ext_events)
			ext_events = *(const __u64 *)current->vars[i].there;
	}
}

/* The program with the limits that the test has set by now. */
static void find_program(void)
{
	struct loaded *program;

	if (in_use && has_size(current))
		return;
	for (program = all; program && !has_size(program); program = program->next)
		;
	if (!program)
		program = load();
	/* No row is lost: fake_limit() has seen to it. */
	current = program;
	empty_maps();
	fill_slots();
	take_slots();
	in_use = true;
}

static void copy_variables(bool to_program)
{
	for (size_t i = 0; i < current->nvars; i++) {
		const struct variable *var = &current->vars[i];

		if (var->size > SMALL)
			continue;
		if (to_program)
			memcpy(var->there, var->here, var->size);
		else if (!var->constant)
			memcpy(var->here, var->there, var->size);
	}
}

void backend_fetch_variables(void)
{
	for (size_t i = 0; in_use && i < current->nvars; i++)
		memcpy(current->vars[i].here, current->vars[i].there, current->vars[i].size);
}

void fake_remove(const char *section)
{
	int slot = fake_slot(section);

	find_program();
	assert_int_equal(bpf_map_delete_elem(
				 bpf_object__find_map_fd_by_name(current->bpf, "ext_progs"), &slot),
			 0);
}

void fake_fail_reads(int arg)
{
	failing_arg = arg;
}

struct data {
	char *bytes;
	size_t size;
};

static void add(struct data *data, const void *bytes, size_t size, size_t known)
{
	if (known > size)
		known = size;
	data->bytes = realloc(data->bytes, data->size + size + 1);
	assert_non_null(data->bytes);
	memcpy(data->bytes + data->size, bytes, known);
	memset(data->bytes + data->size + known, 0, size - known);
	data->size += size;
}

int backend_run(struct fake_req *req, bool fill)
{
	struct extfuse_req in = req->ctx, out;
	struct data data = { NULL, 0 };
	char outputs[2 * sizeof(req->out_buf)];
	char *output = outputs;

	find_program();
	*clock_page = fake_now();
	copy_variables(true);
	for (unsigned int i = 0; i < in.in_numargs; i++) {
		if (failing_arg == IN_PARAM_0_VALUE + 2 * (int)i)
			in.in_size[i] += TOO_LONG;
		add(&data, req->in[i], in.in_size[i], req->ctx.in_size[i]);
	}
	for (unsigned int i = 0; i < in.out_numargs; i++) {
		if (in.phase != EXTFUSE_REPLY || in.error)
			continue;
		if (failing_arg == OUT_PARAM_0 + (int)i)
			in.out_size[i] += TOO_LONG;
		add(&data, req->out[i], in.out_size[i], sizeof(req->out_buf[i]));
	}

	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &in, .ctx_size_in = sizeof(in),
		    .ctx_out = &out, .ctx_size_out = sizeof(out), .data_in = data.bytes,
		    .data_size_in = (__u32)data.size, .data_out = outputs,
		    .data_size_out = sizeof(outputs));

	if (bpf_prog_test_run_opts(fill ? current->fill : current->entry, &opts))
		fail_msg("the kernel does not run this request: %s", strerror(errno));
	free(data.bytes);
	copy_variables(false);
	memcpy(req->ctx.cookie, out.cookie, sizeof(out.cookie));
	if (in.phase == EXTFUSE_REQUEST && !opts.retval) {
		for (unsigned int i = 0; i < in.out_numargs; i++) {
			req->ctx.out_size[i] = out.out_size[i];
			memcpy(&req->out_buf[i], output, out.out_size[i]);
			output += out.out_size[i];
			req->written |= 1U << i;
		}
	}
	return (int)opts.retval;
}

void backend_stats(__u32 opcode, struct ext_op_stats *sum)
{
	int cpus = libbpf_num_possible_cpus();
	struct ext_op_stats *stats;
	__u64 *to = (__u64 *)sum;

	memset(sum, 0, sizeof(*sum));
	if (!in_use)
		return;
	stats = calloc((size_t)cpus, sizeof(*stats));
	assert_non_null(stats);
	if (opcode > EXT_OPCODES)
		opcode = EXT_OPCODES;
	assert_int_equal(
		bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(current->bpf, "ext_stats"),
				    &opcode, stats),
		0);
	for (int i = 0; i < cpus; i++)
		for (size_t j = 0; j < sizeof(*sum) / sizeof(*to); j++)
			to[j] += ((const __u64 *)&stats[i])[j];
	free(stats);
}

void backend_begin(void)
{
	in_use = false;
	row_limit = 0;
	lru = false;
	failing_arg = -1;
}

void backend_end(void)
{
	in_use = false;
}
