// SPDX-License-Identifier: GPL-2.0-only
/* store.bpf.c - row maps and the fill program */
#include "../fixture.h"

FACT(fact_handler, "handler:fixture's store");
PARAM("count", max_entries, 4096, "rows that each map may hold");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} ext_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} ext_attrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ext_rings SEC(".maps");

__u64 ext_seq;
const volatile __u32 ext_fill;
const volatile __u32 ext_one_nodeid;

SEC("extfuse/fill")
int fill(void *ctx)
{
	__u64 key = ext_seq++;

	(void)ctx;
	if (!ext_fill || !ext_one_nodeid || !hook_store(1))
		return -1;
	bpf_map_update_elem(&ext_names, &key, &key, BPF_ANY);
	bpf_map_update_elem(&ext_attrs, &key, &key, BPF_ANY);
	return bpf_map_lookup_elem(&ext_rings, &key) ? 0 : (int)ext_param_max_entries;
}
