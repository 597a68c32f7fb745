// SPDX-License-Identifier: GPL-2.0-only
/* dispatch.bpf.c - a dispatcher that asks both hooks and calls one slot */
#include "../fixture.h"

FACT(fact_handler, "handler:fixture's dispatcher");
PARAM("enum=strict,relaxed", atime, 0, "whether reading changes atime");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EXT_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} ext_progs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EXT_OPCODES + 1);
	__type(key, __u32);
	__type(value, struct ext_op_stats);
} ext_stats SEC(".maps");

__u64 ext_epoch;
__u32 ext_attached;
const volatile char ext_policy_name[64];
const volatile __u32 ext_idle;
const volatile __u64 ext_replies, ext_events;

SEC("extfuse")
int dispatch(void *ctx)
{
	ext_attached = 1;
	if (ext_idle || (ext_replies | ext_events) & 1 || !ext_epoch ||
	    !hook_fresh((int)ext_param_atime))
		return -38;
	bpf_tail_call(ctx, &ext_progs, ext_policy_name[0] & 1);
	return -38;
}
