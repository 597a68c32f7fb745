// SPDX-License-Identifier: GPL-2.0-only
/* user_lookup.bpf.c - a user's handler that takes the place of the built-in one */
#include "../fixture.h"

FACT(fact_handler, "handler:a user's LOOKUP");

SEC("extfuse/LOOKUP")
int user_lookup(void *ctx)
{
	(void)ctx;
	return -38;
}
