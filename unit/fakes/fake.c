// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* fake.c - maps, clock, arguments, prog array and daemon for BPF programs on the host */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

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
	struct element *buckets[BUCKETS];
	struct element **tail;
	unsigned int count;
};

static struct fake_map *maps;
static unsigned long use_count;
static unsigned int row_limit;
static bool lru;
static int update_error;
static int failing_arg = -1;
static bool tolerant;
static unsigned int refused;
static __u64 now;

static struct fake_map *map_of(const struct fake_map_def *def)
{
	struct fake_map *map;

	for (map = maps; map; map = map->next)
		if (map->def.map == def->map)
			return map;
	map = calloc(1, sizeof(*map));
	assert_non_null(map);
	map->def = *def;
	map->next = maps;
	maps = map;
	return map;
}

static bool is_hash(const struct fake_map *map)
{
	return map->def.type == BPF_MAP_TYPE_HASH;
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

void *fake_map_lookup(const struct fake_map_def *def, const void *key)
{
	struct fake_map *map = map_of(def);
	struct element *element = *find(map, key);

	if (!element && !is_hash(map)) {
		/* All elements of an array are there. */
		__u32 index;

		memcpy(&index, key, sizeof(index));
		if (index >= map->def.max_entries)
			return NULL;
		element = insert(map, key);
	}
	if (!element)
		return NULL;
	element->used = ++use_count;
	return element->bytes + value_at(map);
}

long fake_map_update(const struct fake_map_def *def, const void *key, const void *value,
		     __u64 flags)
{
	struct fake_map *map = map_of(def);
	struct element *element = *find(map, key);

	if (element && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!element && flags == BPF_EXIST)
		return -ENOENT;
	if (update_error && is_hash(map))
		return update_error;
	if (!element) {
		if (map->count >= limit_of(map)) {
			if (!lru)
				return -E2BIG;
			evict(map);
		}
		element = insert(map, key);
	}
	memcpy(element->bytes + value_at(map), value, map->def.value_size);
	return 0;
}

long fake_map_delete(const struct fake_map_def *def, const void *key)
{
	struct fake_map *map = map_of(def);
	struct element **at = find(map, key);

	if (!*at)
		return -ENOENT;
	drop(map, at);
	return 0;
}

long fake_map_push(const struct fake_map_def *def, const void *value, __u64 flags)
{
	struct fake_map *map = map_of(def);

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
	struct fake_map *map = map_of(def);

	if (!map->buckets[0]) {
		memset(value, 0, map->def.value_size);
		return -ENOENT;
	}
	memcpy(value, map->buckets[0]->bytes, map->def.value_size);
	drop(map, &map->buckets[0]);
	return 0;
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

void assert_quiet(void)
{
	for (unsigned int i = 0; i < EXT_STRIPES; i++) {
		assert_int_equal(ext_inodes[i].busy, 0);
		assert_int_equal(ext_inodes[i].nbusy, 0);
		assert_int_equal(ext_inodes[i].xbusy, 0);
		assert_int_equal(ext_name_stripes[i].busy, 0);
	}
	assert_int_equal(ext_all.busy, 0);
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

void fake_tolerate(void)
{
	tolerant = true;
}

unsigned int fake_refused(void)
{
	return refused;
}

long fake_loop(__u32 steps, long (*function)(__u32 i, void *data), void *data)
{
	__u32 i = 0;

	while (i < steps)
		if (function(i++, data))
			break;
	return i;
}

__u64 fake_clock(void)
{
	return now;
}

void fake_advance(__u64 ns)
{
	now += ns;
}

/* ---- Programs ---- */

static const char *const opcode_names[EXT_OPCODES] = {
#include "opcode_names.inc"
};
static const char *const event_names[EXT_OPCODES] = {
#include "event_names.inc"
};

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

static int index_of(const char *const *names, const char *name, size_t len)
{
	for (int i = 0; i < EXT_OPCODES; i++)
		if (names[i] && strlen(names[i]) == len && !memcmp(names[i], name, len))
			return i;
	fail_msg("no opcode or event is called %s", name);
	return -1;
}

static int slot_of(const char *section)
{
	const char *slash = strchr(section, '/');

	if (!strncmp(section, "event/", 6))
		return EXT_SLOT_EVENT + index_of(event_names, section + 6, strlen(section + 6));
	if (slash)
		return EXT_SLOT_REPLY + index_of(opcode_names, section, slash - section);
	return EXT_SLOT_REQUEST + index_of(opcode_names, section, strlen(section));
}

static bool is_fill(const struct enlisted *enlisted)
{
	return !strcmp(enlisted->section, "fill");
}

/* Whether both are for one opcode, in whatever phase, or for one event. */
static bool same_opcode(const struct enlisted *a, const struct enlisted *b)
{
	int one = slot_of(a->section), two = slot_of(b->section);

	return one == two || (one < EXT_SLOT_EVENT && (one ^ EXT_SLOT_REPLY) == two);
}

/* A user's handler replaces the built-in object of its opcode as a whole, as the library does. */
static bool is_replaced(const struct enlisted *built_in)
{
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
		if (slots[slot_of(programs[i].section)])
			fail_msg("two programs are for %s", programs[i].section);
		slots[slot_of(programs[i].section)] = programs[i].program;
	}
}

void fake_remove(const char *section)
{
	assert_non_null(slots[slot_of(section)]);
	slots[slot_of(section)] = NULL;
}

fake_program fake_prog_array(__u32 slot)
{
	return slot < EXT_SLOTS ? slots[slot] : NULL;
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

long fake_read_args(void *ctx, __u32 arg, void *dst, __u32 size)
{
	struct fake_req *req = ctx;
	unsigned int i;

	if ((int)arg == failing_arg) {
		memset(dst, 0, size);
		return -EFAULT;
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
		if (i < req->ctx.in_numargs && req->in[i])
			return give(dst, size, req->in[i], req->ctx.in_size[i], false);
		break;
	case OUT_PARAM_0:
	case OUT_PARAM_1:
		i = arg - OUT_PARAM_0;
		if (req->ctx.phase == EXTFUSE_REPLY && !req->ctx.error &&
		    i < req->ctx.out_numargs && req->out[i])
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

/* ---- Requests ---- */

extern int ext_dispatch(struct extfuse_req *ctx);

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

int fake_send(struct fake_req *req)
{
	__u32 out_size[2];
	int ret;

	settle(req);
	req->written = 0;
	req->ctx.phase = EXTFUSE_REQUEST;
	req->ctx.error = 0;
	memset(req->ctx.cookie, 0, sizeof(req->ctx.cookie));
	memcpy(out_size, req->ctx.out_size, sizeof(out_size));
	ret = ext_dispatch(&req->ctx);
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
		memcpy(req->ctx.out_size, out_size, sizeof(out_size));
		for (unsigned int i = 0; i < req->ctx.out_numargs; i++)
			if (req->written >> i & 1)
				memset(&req->out_buf[i], 0, sizeof(req->out_buf[i]));
	}
	return ret;
}

void fake_answer(struct fake_req *req)
{
	settle(req);
	req->ctx.phase = EXTFUSE_REPLY;
	req->ctx.error = 0;
	ext_dispatch(&req->ctx);
}

void fake_fail(struct fake_req *req, int error)
{
	settle(req);
	req->ctx.phase = EXTFUSE_REPLY;
	req->ctx.error = error;
	memset(req->ctx.out_size, 0, sizeof(req->ctx.out_size));
	ext_dispatch(&req->ctx);
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

struct fake_req req_readdirplus(__u64 nodeid)
{
	struct fuse_read_in in = { .size = 4096 };
	struct fake_req req = req_plain(FUSE_READDIRPLUS, nodeid);

	add_in(&req, &in, sizeof(in));
	return req;
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

static void run_event(struct fake_req *req)
{
	settle(req);
	req->ctx.phase = EXTFUSE_EVENT;
	ext_dispatch(&req->ctx);
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
	assert_non_null(fill_program);
	return fill_program(&req->ctx);
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
	struct ext_op_stats *stats = ext_stats_get(opcode);
	__u64 sum;

	assert_non_null(stats);
	sum = stats->hits + stats->negative_hits;
	for (int i = 0; i < EXT_MISS_MAX; i++)
		sum += stats->misses[i];
	assert_int_equal(stats->requests, sum);
	return *stats;
}

/* ---- Setup ---- */

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

int fake_setup(void **state)
{
	struct fake_req attach = req_plain(EXTFUSE_EV_ATTACH, 0);
	__u32 minor = 41;

	(void)state;
	free_maps();
	row_limit = 0;
	lru = false;
	update_error = 0;
	failing_arg = -1;
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
	ext_param_atime = 0;
	fill_slots();
	add_in(&attach, &minor, sizeof(minor));
	run_event(&attach);
	ext_epoch = 1;
	return 0;
}

int fake_teardown(void **state)
{
	(void)state;
	for (int opcode = 0; opcode <= EXT_OPCODES; opcode++)
		fake_stats(opcode);
	free_maps();
	return 0;
}
