// SPDX-License-Identifier: GPL-2.0-only
/* lookup.bpf.c - a handler with both phases */
#include "../fixture.h"

FACT(fact_handler, "handler:answers LOOKUP");

SEC("extfuse/LOOKUP")
int lookup_request(void *ctx)
{
	(void)ctx;
	return -38;
}

SEC("extfuse/LOOKUP/reply")
int lookup_reply(void *ctx)
{
	(void)ctx;
	return hook_store(0);
}
