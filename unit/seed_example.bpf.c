// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * seed_example.bpf.c - the smallest program that answers: LOOKUP from two maps
 * that earlier replies filled, without handlers, policies or the library
 *
 * It shows what the program type offers and nothing of what a cache needs: what
 * is in the maps is never invalidated.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/fuse.h>
#include <linux/extfuse.h>
#include <bpf/bpf_helpers.h>

#define MAX_ENTRIES 4096
#define NAME_LEN 32

static long (*read_args)(void *ctx, __u32 type, void *dst, __u32 size) = (void *)212;
static long (*write_args)(void *ctx, __u32 type, const void *src, __u32 size) = (void *)213;

typedef struct {
	__u64 parent;
	char name[NAME_LEN];
} lookup_entry_key_t;

typedef struct {
	__u64 nodeid;
	__u64 generation;
} lookup_entry_val_t;

typedef struct {
	__u64 nodeid;
} lookup_attr_key_t;

typedef struct {
	struct fuse_attr_out out;
} lookup_attr_val_t;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, lookup_entry_key_t);
	__type(value, lookup_entry_val_t);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} entry_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, lookup_attr_key_t);
	__type(value, lookup_attr_val_t);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} attr_map SEC(".maps");

#define HANDLER(opcode) HANDLER_(opcode)
#define HANDLER_(opcode) static __noinline int handle_##opcode

/* The name below its directory; the rest of it is zero. */
static __always_inline int read_key(void *ctx, lookup_entry_key_t *key)
{
	if (read_args(ctx, NODEID, &key->parent, sizeof(key->parent)) < 0)
		return -ENOSYS;
	return read_args(ctx, IN_PARAM_0_VALUE, key->name, sizeof(key->name)) < 0 ? -ENOSYS : 0;
}

HANDLER(FUSE_LOOKUP)(void *ctx)
{
	lookup_entry_key_t key;
	lookup_entry_val_t *entry;
	lookup_attr_key_t nodeid;
	lookup_attr_val_t *attr;
	struct fuse_entry_out out = { 0 };

	if (read_key(ctx, &key))
		return -ENOSYS;
	entry = bpf_map_lookup_elem(&entry_map, &key);
	if (!entry)
		return -ENOSYS;
	nodeid.nodeid = entry->nodeid;
	attr = bpf_map_lookup_elem(&attr_map, &nodeid);
	if (!attr)
		return -ENOSYS;

	out.nodeid = entry->nodeid;
	out.generation = entry->generation;
	out.attr = attr->out.attr;
	if (write_args(ctx, OUT_PARAM_0, &out, sizeof(out)) < 0)
		return -ENOSYS;
	return 0;
}

/* What the daemon answered is what the maps say from here on. */
HANDLER(FUSE_LOOKUP_reply)(void *ctx)
{
	lookup_entry_key_t key;
	lookup_entry_val_t entry;
	lookup_attr_key_t nodeid;
	lookup_attr_val_t attr = { 0 };
	struct fuse_entry_out out;

	if (read_key(ctx, &key) || read_args(ctx, OUT_PARAM_0, &out, sizeof(out)) < 0 ||
	    !out.nodeid)
		return -ENOSYS;
	entry.nodeid = out.nodeid;
	entry.generation = out.generation;
	nodeid.nodeid = out.nodeid;
	attr.out.attr = out.attr;
	bpf_map_update_elem(&attr_map, &nodeid, &attr, BPF_ANY);
	bpf_map_update_elem(&entry_map, &key, &entry, BPF_ANY);
	return -ENOSYS;
}

SEC("extfuse")
int handle_request(struct extfuse_req *ctx)
{
	char format[] = "extfuse: LOOKUP answered\n";
	__u32 opcode;

	if (ctx->phase == EXTFUSE_EVENT || read_args(ctx, OPCODE, &opcode, sizeof(opcode)) < 0 ||
	    opcode != FUSE_LOOKUP)
		return -ENOSYS;
	if (ctx->phase == EXTFUSE_REPLY)
		return handle_FUSE_LOOKUP_reply(ctx);
	if (handle_FUSE_LOOKUP(ctx))
		return -ENOSYS;
	bpf_trace_printk(format, sizeof(format));
	return 0;
}

char _license[] SEC("license") = "GPL";
