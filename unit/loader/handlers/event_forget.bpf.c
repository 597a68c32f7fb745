// SPDX-License-Identifier: GPL-2.0-only
/* event_forget.bpf.c - a handler of an event */
#include "../fixture.h"

FACT(fact_handler, "handler:hears of FORGET");

SEC("extfuse/event/FORGET")
int forget(void *ctx)
{
	(void)ctx;
	return 0;
}
