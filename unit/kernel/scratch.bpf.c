// SPDX-License-Identifier: GPL-2.0-only
/* scratch.bpf.c - leaves its nodeid in per-CPU memory for long, and looks whether it is still there */
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <bpf/bpf_helpers.h>

#define TURNS 20000

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} scratch SEC(".maps");

static int look(__u32 turn, __u64 *owner)
{
	__u32 zero = 0;
	__u64 *mine = bpf_map_lookup_elem(&scratch, &zero);

	(void)turn;
	/* Others were here: no need to look further. */
	return !mine || *(volatile __u64 *)mine != *owner;
}

SEC("extfuse")
int keeps_scratch(struct extfuse_req *ctx)
{
	__u32 zero = 0;
	__u64 owner = ctx->nodeid;
	__u64 *mine = bpf_map_lookup_elem(&scratch, &zero);

	if (!mine)
		return EXTFUSE_UPCALL;
	*(volatile __u64 *)mine = owner;
	bpf_loop(TURNS, look, &owner, 0);
	/* An error is an answer to any request. */
	return *(volatile __u64 *)mine == owner ? EXTFUSE_UPCALL : -1;
}

char _license[] SEC("license") = "GPL";
