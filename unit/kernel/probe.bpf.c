// SPDX-License-Identifier: GPL-2.0-only
/* probe.bpf.c - calls the helpers as it is told, for BPF_PROG_TEST_RUN */
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <bpf/bpf_helpers.h>

#include "probe.h"

static long (*read_args)(void *ctx, __u32 code, void *dst, __u32 size) = (void *)212;
static long (*write_args)(void *ctx, __u32 code, const void *src, __u32 size) = (void *)213;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_job);
} jobs SEC(".maps");

SEC("extfuse")
int probe(struct extfuse_req *ctx)
{
	__u32 zero = 0;
	struct probe_job *job = bpf_map_lookup_elem(&jobs, &zero);

	if (!job)
		return EXTFUSE_UPCALL;
#pragma unroll
	for (int i = 0; i < PROBE_STEPS; i++) {
		struct probe_step *step = &job->steps[i];
		__u32 size = step->size;

		/* The verifier wants the bound on the very value that is passed. */
		if (size > PROBE_BUF)
			continue;
		if (step->kind == PROBE_READ && size)
			step->ret = read_args(ctx, step->code, step->buf, size);
		else if (step->kind == PROBE_WRITE)
			step->ret = write_args(ctx, step->code, step->buf, size);
	}
	if (job->set_cookie) {
		ctx->cookie[0] = job->cookie[0];
		ctx->cookie[1] = job->cookie[1];
	}
	return job->retval;
}

char _license[] SEC("license") = "GPL";
