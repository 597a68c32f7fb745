// SPDX-License-Identifier: GPL-2.0-only
/* no_contract.bpf.c - a sound BPF object that is not ours */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("extfuse/LOOKUP")
int lookup(void *ctx)
{
	(void)ctx;
	return 0;
}

char _license[] SEC("license") = "GPL";
