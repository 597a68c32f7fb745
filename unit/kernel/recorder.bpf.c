// SPDX-License-Identifier: GPL-2.0-only
/* recorder.bpf.c - records every run and answers what it is told to answer */
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "probe.h"

static long (*read_args)(void *ctx, __u32 code, void *dst, __u32 size) = (void *)212;
static long (*write_args)(void *ctx, __u32 code, const void *src, __u32 size) = (void *)213;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct recorder_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_MAX);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct answer);
} answers SEC(".maps");

/* As many turns as a loop may have. */
#define HELD_TURNS (1 << 23)

static int given(__u32 turn, __u32 *opcode)
{
	struct answer *answer = bpf_map_lookup_elem(&answers, opcode);

	(void)turn;
	return !answer || !*(volatile __u32 *)&answer->held;
}

static __always_inline int run(struct extfuse_req *ctx, bool may_hold)
{
	__u32 zero = 0;
	struct recorder_state *now = bpf_map_lookup_elem(&state, &zero);
	__u32 opcode = ctx->opcode;
	struct record *record;
	struct answer *answer;
	__u32 index;

	if (!now)
		return EXTFUSE_UPCALL;
	index = __sync_fetch_and_add(&now->recorded, 1);
	record = bpf_map_lookup_elem(&records, &index);
	if (ctx->phase == EXTFUSE_REQUEST) {
		ctx->cookie[0] = __sync_fetch_and_add(&now->next_cookie, 1) + 1;
		ctx->cookie[1] = ~ctx->cookie[0];
	} else if (ctx->phase == EXTFUSE_EVENT && opcode == EXTFUSE_EV_ATTACH) {
		ctx->cookie[0] = now->unwanted_events;
		ctx->cookie[1] = now->unwanted_attrs;
	}
	if (record) {
		record->phase = ctx->phase;
		record->opcode = opcode;
		record->nodeid = ctx->nodeid;
		record->error = ctx->error;
		record->in_numargs = ctx->in_numargs;
		record->child[0] = ctx->child[0];
		record->child[1] = ctx->child[1];
		record->cookie[0] = ctx->cookie[0];
		record->cookie[1] = ctx->cookie[1];
		record->uid = ctx->uid;
		record->pid = ctx->pid;
		record->in_size0 = ctx->in_size[0];
		record->out_size0 = ctx->out_size[0];
		record->flags = ctx->flags;
		/* Only what fits: larger inputs give E2BIG, and zeroes. */
		read_args(ctx, IN_PARAM_0_VALUE, &record->in_word, sizeof(record->in_word));
	}
	if (ctx->phase != EXTFUSE_REQUEST)
		return 0;
	answer = bpf_map_lookup_elem(&answers, &opcode);
	if (!answer || !answer->active || (answer->nodeid && answer->nodeid != ctx->nodeid))
		return EXTFUSE_UPCALL;
	if (may_hold && answer->held) {
		*(volatile __u32 *)&answer->wait = WAIT_BEGUN;
		answer->wait = bpf_loop(HELD_TURNS, given, &opcode, 0) < HELD_TURNS ? WAIT_ENDED
										    : WAIT_TOO_LONG;
	}

	__u32 size = answer->out_size;

	/* The verifier wants the bound on the very value that is passed. */
	asm volatile("" : "+r"(size));
	if (size > sizeof(answer->out))
		return EXTFUSE_UPCALL;
	if (answer->out_size)
		answer->write_ret = write_args(ctx, OUT_PARAM_0, answer->out, size);
	return answer->retval;
}

SEC("extfuse")
int recorder(struct extfuse_req *ctx)
{
	return run(ctx, false);
}

/* The same, which waits where an answer is held; loaded from its instructions alone it would not be whole. */
SEC("extfuse")
int holding_recorder(struct extfuse_req *ctx)
{
	return run(ctx, true);
}

char _license[] SEC("license") = "GPL";
