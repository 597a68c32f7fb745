// SPDX-License-Identifier: GPL-2.0-only
/* unknown_slot.bpf.c - a handler of an opcode that does not exist */
#include "../fixture.h"

FACT(fact_handler, "handler:of nothing");

SEC("extfuse/LOOKOUT")
int lookout(void *ctx)
{
	(void)ctx;
	return 0;
}
