// SPDX-License-Identifier: GPL-2.0-only
/* reply_only.bpf.c - a user's handler of one phase, which takes the place of both */
#include "../fixture.h"

FACT(fact_handler, "handler:a user's LOOKUP replies");

SEC("extfuse/LOOKUP/reply")
int reply_only(void *ctx)
{
	(void)ctx;
	return 0;
}
