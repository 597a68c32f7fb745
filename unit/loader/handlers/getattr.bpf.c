// SPDX-License-Identifier: GPL-2.0-only
/* getattr.bpf.c - a handler with both phases */
#include "../fixture.h"

FACT(fact_handler, "handler:answers GETATTR");

SEC("extfuse/GETATTR")
int getattr_request(void *ctx)
{
	(void)ctx;
	return -38;
}

SEC("extfuse/GETATTR/reply")
int getattr_reply(void *ctx)
{
	(void)ctx;
	return hook_store(0);
}
