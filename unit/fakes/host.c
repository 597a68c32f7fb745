// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* host.c - maps, arguments, prog array and two CPUs for BPF programs on the host */
#include "backend.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <linux/bpf.h>

/* ---- Maps ---- */

struct element {
	struct element *next;
	unsigned long used;
	unsigned char bytes[];
};

#define BUCKETS 1024

/* A queue is the first bucket, in order. */
struct fake_map {
	struct fake_map *next;
	struct fake_map_def def;
	unsigned int cpu; /* whose elements these are, if each has its own */
	struct element *buckets[BUCKETS];
	struct element **tail;
	unsigned int count;
};

static struct fake_map *maps;
static unsigned long use_count;
static unsigned int cpu;
static __u32 random_state;
static unsigned int row_limit;
static bool lru;
static int update_error;
static int failing_arg = -1;

static bool is_per_cpu(const struct fake_map_def *def)
{
	return def->type == BPF_MAP_TYPE_PERCPU_ARRAY || def->type == BPF_MAP_TYPE_PERCPU_HASH ||
	       def->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static void pause_here(void);

static struct fake_map *map_of(const struct fake_map_def *def)
{
	struct fake_map *map;

	for (map = maps; map; map = map->next)
		if (map->def.map == def->map && (map->cpu == cpu || !is_per_cpu(def)))
			return map;
	map = calloc(1, sizeof(*map));
	assert_non_null(map);
	map->def = *def;
	map->cpu = cpu;
	map->next = maps;
	maps = map;
	return map;
}

static bool is_lru(const struct fake_map *map)
{
	return map->def.type == BPF_MAP_TYPE_LRU_HASH ||
	       map->def.type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       (map->def.type == BPF_MAP_TYPE_HASH && (lru || ext_policy_shape() == EXT_SHAPE_LRU));
}

static bool is_hash(const struct fake_map *map)
{
	return map->def.type == BPF_MAP_TYPE_HASH || map->def.type == BPF_MAP_TYPE_PERCPU_HASH ||
	       is_lru(map);
}

static unsigned int limit_of(const struct fake_map *map)
{
	return row_limit && (is_hash(map) || map->def.type == BPF_MAP_TYPE_QUEUE)
		       ? row_limit
		       : map->def.max_entries;
}

static size_t value_at(const struct fake_map *map)
{
	return (map->def.key_size + 7) & ~(size_t)7;
}

static struct element **bucket_of(struct fake_map *map, const void *key)
{
	const unsigned char *byte = key;
	unsigned int hash = 2166136261U;

	for (size_t i = 0; i < map->def.key_size; i++)
		hash = (hash ^ byte[i]) * 16777619U;
	return &map->buckets[hash % BUCKETS];
}

static struct element **find(struct fake_map *map, const void *key)
{
	struct element **at = bucket_of(map, key);

	while (*at && memcmp((*at)->bytes, key, map->def.key_size))
		at = &(*at)->next;
	return at;
}

static void drop(struct fake_map *map, struct element **at)
{
	struct element *element = *at;

	*at = element->next;
	if (map->tail == &element->next)
		map->tail = at;
	map->count--;
	free(element);
}

static void evict(struct fake_map *map)
{
	struct element **oldest = NULL;

	for (int i = 0; i < BUCKETS; i++)
		for (struct element **at = &map->buckets[i]; *at; at = &(*at)->next)
			if (!oldest || (*at)->used < (*oldest)->used)
				oldest = at;
	drop(map, oldest);
}

static struct element *new_element(struct fake_map *map)
{
	struct element *element = calloc(1, sizeof(*element) + value_at(map) + map->def.value_size);

	assert_non_null(element);
	element->used = ++use_count;
	map->count++;
	return element;
}

static struct element *insert(struct fake_map *map, const void *key)
{
	struct element **bucket = bucket_of(map, key), *element = new_element(map);

	memcpy(element->bytes, key, map->def.key_size);
	element->next = *bucket;
	*bucket = element;
	return element;
}

/* All elements of an array are there; NULL: beyond its end. */
static struct element *array_element(struct fake_map *map, const void *key)
{
	struct element *element = *find(map, key);
	__u32 index;

	memcpy(&index, key, sizeof(index));
	if (index >= map->def.max_entries)
		return NULL;
	return element ? element : insert(map, key);
}

void *fake_map_lookup(const struct fake_map_def *def, const void *key)
{
	struct fake_map *map;
	struct element *element;

	pause_here();
	map = map_of(def);
	element = is_hash(map) ? *find(map, key) : array_element(map, key);
	if (!element)
		return NULL;
	element->used = ++use_count;
	return element->bytes + value_at(map);
}

long fake_map_update(const struct fake_map_def *def, const void *key, const void *value,
		     __u64 flags)
{
	struct fake_map *map;
	struct element *element;

	pause_here();
	map = map_of(def);
	element = is_hash(map) ? *find(map, key) : array_element(map, key);
	if (!element && !is_hash(map))
		return -E2BIG;
	if (element && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!element && flags == BPF_EXIST)
		return -ENOENT;
	if (update_error && is_hash(map))
		return update_error;
	if (!element) {
		if (map->count >= limit_of(map)) {
			if (!is_lru(map))
				return -E2BIG;
			evict(map);
		}
		element = insert(map, key);
	}
	memcpy(element->bytes + value_at(map), value, map->def.value_size);
	element->used = ++use_count;
	return 0;
}

long fake_map_delete(const struct fake_map_def *def, const void *key)
{
	struct fake_map *map;
	struct element **at;

	pause_here();
	map = map_of(def);
	if (!is_hash(map))
		return -EINVAL;
	at = find(map, key);
	if (!*at)
		return -ENOENT;
	drop(map, at);
	return 0;
}

long fake_map_push(const struct fake_map_def *def, const void *value, __u64 flags)
{
	struct fake_map *map;

	pause_here();
	map = map_of(def);
	assert_int_equal(flags, BPF_ANY);
	if (map->count >= limit_of(map))
		return -E2BIG;
	if (!map->tail)
		map->tail = &map->buckets[0];
	*map->tail = new_element(map);
	memcpy((*map->tail)->bytes, value, map->def.value_size);
	map->tail = &(*map->tail)->next;
	return 0;
}

long fake_map_pop(const struct fake_map_def *def, void *value)
{
	struct fake_map *map;

	pause_here();
	map = map_of(def);
	if (!map->buckets[0]) {
		memset(value, 0, map->def.value_size);
		return -ENOENT;
	}
	memcpy(value, map->buckets[0]->bytes, map->def.value_size);
	drop(map, &map->buckets[0]);
	return 0;
}

/* What of a ring buffer's element comes before the data. */
struct record {
	size_t size;
	bool ready;
};

/* A record has a header of eight bytes, and begins at a multiple of eight. */
static size_t ring_bytes(size_t size)
{
	return 8 + ((size + 7) & ~(size_t)7);
}

static struct record *record_of(struct element *element)
{
	return (struct record *)element->bytes;
}

void *fake_ring_reserve(const struct fake_map_def *def, __u64 size)
{
	struct element *element, **end;
	struct fake_map *map;
	size_t used = 0;

	pause_here();
	map = map_of(def);
	for (end = &map->buckets[0]; *end; end = &(*end)->next)
		used += ring_bytes(record_of(*end)->size);
	if (used + ring_bytes(size) > def->max_entries)
		return NULL;
	element = calloc(1, sizeof(*element) + sizeof(struct record) + size);
	assert_non_null(element);
	record_of(element)->size = size;
	map->count++;
	*end = element;
	return record_of(element) + 1;
}

void fake_ring_submit(void *data)
{
	pause_here();
	((struct record *)data - 1)->ready = true;
}

void fake_ring_discard(void *data)
{
	pause_here();
	for (struct fake_map *map = maps; map; map = map->next)
		for (struct element **at = &map->buckets[0];
		     *at && map->def.type == BPF_MAP_TYPE_RINGBUF; at = &(*at)->next)
			if (record_of(*at) + 1 == data) {
				drop(map, at);
				return;
			}
	fail_msg("what is discarded was not reserved");
}

long fake_ring_output(const struct fake_map_def *def, const void *data, __u64 size)
{
	void *record = fake_ring_reserve(def, size);

	if (!record)
		return -EAGAIN;
	memcpy(record, data, size);
	fake_ring_submit(record);
	return 0;
}

size_t fake_ring_read(const void *ring_buffer, void *data, size_t size)
{
	size_t length;

	for (struct fake_map *map = maps; map; map = map->next) {
		struct element *oldest = map->buckets[0];

		if (map->def.map != ring_buffer || !oldest || !record_of(oldest)->ready)
			continue;
		length = record_of(oldest)->size;
		memcpy(data, record_of(oldest) + 1, length < size ? length : size);
		drop(map, &map->buckets[0]);
		return length;
	}
	return 0;
}

/* The verifier lets a program hold one lock, and nothing that could wait for another run. */
void fake_lock(struct bpf_spin_lock *lock)
{
	pause_here();
	assert_int_equal(lock->val, 0);
	lock->val = 1;
}

void fake_unlock(struct bpf_spin_lock *lock)
{
	assert_int_equal(lock->val, 1);
	lock->val = 0;
}

unsigned int fake_rows(void)
{
	unsigned int rows = 0;

	for (struct fake_map *map = maps; map; map = map->next)
		if (is_hash(map))
			rows += map->count;
	return rows;
}

void fake_tear_rows(void)
{
	for (struct fake_map *map = maps; map; map = map->next)
		for (int i = 0; i < BUCKETS && is_hash(map); i++)
			for (struct element *e = map->buckets[i]; e; e = e->next)
				e->bytes[value_at(map) + 48] ^= 4;
}

void fake_limit(unsigned int rows)
{
	row_limit = rows;
}

void fake_lru(void)
{
	lru = true;
}

void fake_fail_updates(int error)
{
	update_error = error;
}

void fake_fail_reads(int arg)
{
	failing_arg = arg;
}

__u64 fake_clock(void)
{
	pause_here();
	return fake_now();
}

__u32 fake_cpu(void)
{
	return cpu;
}

/* Xorshift: each case gets the same numbers. */
__u32 fake_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

long fake_loop(__u32 steps, long (*function)(__u32 i, void *data), void *data)
{
	__u32 i = 0;

	while (i < steps)
		if (function(i++, data))
			break;
	return i;
}

/* ---- Programs ---- */

struct enlisted {
	const char *section;
	fake_program program;
	const char *file;
	bool user;
};

static struct enlisted programs[2 * EXT_SLOTS];
static unsigned int program_count;
static fake_program slots[EXT_SLOTS];
static fake_program fill_program;

void fake_enlist(const char *section, fake_program program, const char *file, int user)
{
	/* Before main(), where cmocka cannot report it. */
	if (program_count == sizeof(programs) / sizeof(programs[0]))
		abort();
	programs[program_count++] = (struct enlisted){
		.section = section + strlen("extfuse/"),
		.program = program,
		.file = file,
		.user = user,
	};
}

static bool is_fill(const struct enlisted *enlisted)
{
	return !strcmp(enlisted->section, "fill");
}

/* Whether both are for one opcode, in whatever phase, or for one event. */
static bool same_opcode(const struct enlisted *a, const struct enlisted *b)
{
	int one = fake_slot(a->section), two = fake_slot(b->section);

	return one == two || (one < EXT_SLOT_EVENT && (one ^ EXT_SLOT_REPLY) == two);
}

/* As the library does: a user's handler replaces the built-in object of its opcode as a whole. */
static bool is_replaced(const struct enlisted *built_in)
{
	/* Where nothing is kept, built-in handlers would run in vain. */
	if (!built_in->user && ext_policy_shape() == EXT_SHAPE_NONE)
		return true;
	for (unsigned int i = 0; i < program_count && !built_in->user; i++) {
		const struct enlisted *sibling = &programs[i];

		if (is_fill(sibling) || strcmp(sibling->file, built_in->file) != 0)
			continue;
		for (unsigned int j = 0; j < program_count; j++)
			if (programs[j].user && same_opcode(sibling, &programs[j]))
				return true;
	}
	return false;
}

static void fill_slots(void)
{
	memset(slots, 0, sizeof(slots));
	for (unsigned int i = 0; i < program_count; i++) {
		if (is_fill(&programs[i])) {
			fill_program = programs[i].program;
			continue;
		}
		if (is_replaced(&programs[i]))
			continue;
		if (slots[fake_slot(programs[i].section)])
			fail_msg("two programs are for %s", programs[i].section);
		slots[fake_slot(programs[i].section)] = programs[i].program;
	}
	ext_replies = 0;
	ext_events = 0;
	for (unsigned int i = 0; i < EXT_OPCODES; i++) {
		if (slots[EXT_SLOT_REPLY + i])
			ext_replies |= EXT_BIT(i);
		if (slots[EXT_SLOT_EVENT + i])
			ext_events |= EXT_BIT(i);
	}
}

void fake_remove(const char *section)
{
	assert_non_null(slots[fake_slot(section)]);
	slots[fake_slot(section)] = NULL;
}

/* The handlers'; its type has no name. */
extern const char ext_progs[];

/* Prog arrays of a test's own. */
#define OWN_SLOTS 16

static struct own_slot {
	const void *prog_array;
	__u32 slot;
	fake_program program;
} own_slots[OWN_SLOTS];
static unsigned int own_slot_count;

static struct own_slot *own_slot(const void *prog_array, __u32 slot)
{
	for (unsigned int i = 0; i < own_slot_count; i++)
		if (own_slots[i].prog_array == prog_array && own_slots[i].slot == slot)
			return &own_slots[i];
	return NULL;
}

void fake_set_program(const void *prog_array, __u32 slot, fake_program program)
{
	struct own_slot *own = own_slot(prog_array, slot);

	if (prog_array == ext_progs) {
		assert_true(slot < EXT_SLOTS);
		slots[slot] = program;
		if (slot - EXT_SLOT_REPLY < EXT_OPCODES)
			ext_replies |= EXT_BIT(slot - EXT_SLOT_REPLY);
		return;
	}
	if (!own) {
		assert_true(own_slot_count < OWN_SLOTS);
		own = &own_slots[own_slot_count++];
	}
	*own = (struct own_slot){ prog_array, slot, program };
}

fake_program fake_prog_array(const void *map, __u32 slot)
{
	const struct own_slot *own;

	if (map == ext_progs)
		return slot < EXT_SLOTS ? slots[slot] : NULL;
	own = own_slot(map, slot);
	return own ? own->program : NULL;
}

/* ---- Arguments ---- */

static long give(void *dst, __u32 size, const void *src, __u32 len, bool exact)
{
	memset(dst, 0, size);
	if (exact && size != len)
		return -EINVAL;
	if (size < len)
		return -E2BIG;
	memcpy(dst, src, len);
	return 0;
}

/* What the kernel holds in pages is the last of its kind. */
static bool input_in_pages(const struct fake_req *req, unsigned int i)
{
	return i && req->ctx.opcode == FUSE_IOCTL;
}

static bool output_in_pages(const struct fake_req *req, unsigned int i)
{
	switch (req->ctx.opcode) {
	case FUSE_READ:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_READLINK:
		return true;
	case FUSE_IOCTL:
		return i;
	}
	return false;
}

long fake_read_args(void *ctx, __u32 arg, void *dst, __u32 size)
{
	struct fake_req *req = ctx;
	unsigned int i;

	pause_here();
	if ((int)arg == failing_arg) {
		memset(dst, 0, size);
		return -E2BIG;
	}
	switch (arg) {
	case OPCODE:
		return give(dst, size, &req->ctx.opcode, sizeof(req->ctx.opcode), true);
	case NODEID:
		return give(dst, size, &req->ctx.nodeid, sizeof(req->ctx.nodeid), true);
	case IN_PARAM_0_VALUE:
	case IN_PARAM_1_VALUE:
	case IN_PARAM_2_VALUE:
		i = (arg - IN_PARAM_0_VALUE) / 2;
		if (i < req->ctx.in_numargs && req->in[i] && !input_in_pages(req, i))
			return give(dst, size, req->in[i], req->ctx.in_size[i], false);
		break;
	case OUT_PARAM_0:
	case OUT_PARAM_1:
		i = arg - OUT_PARAM_0;
		if (req->ctx.phase == EXTFUSE_REPLY && !req->ctx.error &&
		    i < req->ctx.out_numargs && req->out[i] && !output_in_pages(req, i))
			return give(dst, size, req->out[i], req->ctx.out_size[i], false);
		break;
	default:
		memset(dst, 0, size);
		return -EBADRQC;
	}
	memset(dst, 0, size);
	return -EINVAL;
}

static bool variable(const struct fake_req *req)
{
	return req->ctx.opcode == FUSE_GETXATTR || req->ctx.opcode == FUSE_LISTXATTR;
}

long fake_write_args(void *ctx, __u32 arg, const void *src, __u32 size)
{
	struct fake_req *req = ctx;
	unsigned int i = arg - OUT_PARAM_0;

	pause_here();
	if (req->ctx.phase != EXTFUSE_REQUEST || i >= req->ctx.out_numargs || !req->out[i])
		return -EINVAL;
	if (size > req->ctx.out_size[i])
		return -E2BIG;
	if (size != req->ctx.out_size[i] && !variable(req))
		return -EINVAL;
	memcpy(req->out[i], src, size);
	req->ctx.out_size[i] = size;
	req->written |= 1U << i;
	return 0;
}

/* ---- Runs ---- */

extern int ext_dispatch(struct extfuse_req *ctx);

/* An argument that cannot be read is one that is too long; its size shows. */
static __u32 *failing_size(struct fake_req *req)
{
	for (unsigned int i = 0; i < req->ctx.in_numargs; i++)
		if (failing_arg == IN_PARAM_0_VALUE + 2 * (int)i)
			return &req->ctx.in_size[i];
	for (unsigned int i = 0; i < req->ctx.out_numargs; i++)
		if (failing_arg == OUT_PARAM_0 + (int)i && req->ctx.phase == EXTFUSE_REPLY &&
		    !req->ctx.error)
			return &req->ctx.out_size[i];
	return NULL;
}

int backend_run(struct fake_req *req, bool fill)
{
	__u32 *size = failing_size(req);
	int ret;

	if (fill)
		assert_non_null(fill_program);
	if (size)
		*size += TOO_LONG;
	ret = fill ? fill_program(&req->ctx) : ext_dispatch(&req->ctx);
	if (size)
		*size -= TOO_LONG;
	return ret;
}

/* The run that the test steps has a stack of its own, and the second CPU. */
#define STACK_SIZE (1UL << 18)

static struct {
	ucontext_t test;
	ucontext_t self;
	struct fake_req *req;
	char *stack;
	int result;
	bool running;
} stepped;

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>

static struct {
	void *fake_stack;
	const void *bottom;
	size_t size;
} test_stack;
#endif

/* Let the stepped run go on; it comes back at its next stop or when it has ended. */
static void resume(void)
{
#ifdef __SANITIZE_ADDRESS__
	void *fake_stack;

	__sanitizer_start_switch_fiber(&fake_stack, stepped.stack, STACK_SIZE);
#endif
	cpu = 1;
	stepped.running = true;
	swapcontext(&stepped.test, &stepped.self);
	stepped.running = false;
	cpu = 0;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
#endif
}

static void back_to_test(bool ended)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(ended ? NULL : &test_stack.fake_stack, test_stack.bottom,
				       test_stack.size);
#endif
	(void)ended;
	swapcontext(&stepped.self, &stepped.test);
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(test_stack.fake_stack, &test_stack.bottom,
					&test_stack.size);
#endif
}

static void stepped_main(void)
{
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(NULL, &test_stack.bottom, &test_stack.size);
#endif
	stepped.result = ext_dispatch(&stepped.req->ctx);
	stepped.req = NULL;
	back_to_test(true);
}

static void pause_here(void)
{
	if (cpu == 1 && stepped.running)
		back_to_test(false);
}

void fake_pause(void)
{
	pause_here();
}

void backend_start(struct fake_req *req)
{
	assert_null(stepped.req);
	if (!stepped.stack) {
		stepped.stack = malloc(STACK_SIZE);
		assert_non_null(stepped.stack);
	}
	stepped.req = req;
	getcontext(&stepped.self);
	stepped.self.uc_stack.ss_sp = stepped.stack;
	stepped.self.uc_stack.ss_size = STACK_SIZE;
	stepped.self.uc_link = NULL;
	makecontext(&stepped.self, stepped_main, 0);
	resume();
}

bool fake_step(void)
{
	if (stepped.req)
		resume();
	return stepped.req;
}

int backend_result(void)
{
	return stepped.result;
}

/* ---- Setup ---- */

bool backend_can_run(const struct fake_case *test)
{
	(void)test;
	return true;
}

void backend_stats(__u32 opcode, struct ext_op_stats *sum)
{
	__u64 *to = (__u64 *)sum;

	memset(sum, 0, sizeof(*sum));
	for (cpu = 0; cpu < 2; cpu++) {
		const __u64 *from = (const __u64 *)ext_stats_get(opcode);

		assert_non_null(from);
		for (size_t i = 0; i < sizeof(*sum) / sizeof(*from); i++)
			to[i] += from[i];
	}
	cpu = 0;
}

void backend_fetch_variables(void)
{
}

static void free_maps(void)
{
	while (maps) {
		struct fake_map *map = maps;

		for (int i = 0; i < BUCKETS; i++)
			while (map->buckets[i])
				drop(map, &map->buckets[i]);
		maps = map->next;
		free(map);
	}
}

void backend_begin(void)
{
	free_maps();
	/* What a case that failed left unfinished. */
	stepped.req = NULL;
	row_limit = 0;
	lru = false;
	update_error = 0;
	failing_arg = -1;
	own_slot_count = 0;
	random_state = 2463534242;
	fill_slots();
}

void backend_end(void)
{
	free_maps();
	free(stepped.stack);
	stepped.stack = NULL;
}
