// SPDX-License-Identifier: GPL-2.0-only
/* undefined_hook.bpf.c - a handler that calls what nobody defines */
#include "../fixture.h"

FACT(fact_handler, "handler:calls hook_nowhere");

__hidden int hook_nowhere(int row);

SEC("extfuse/STATFS")
int statfs(void *ctx)
{
	(void)ctx;
	return hook_nowhere(1);
}
