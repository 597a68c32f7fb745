// SPDX-License-Identifier: GPL-2.0-only
/* never.bpf.c - a policy that keeps nothing, and conflicts with ttl */
#include "../fixture.h"

FACT(fact_policy, "policy:fixture that answers nothing");
FACT(fact_shape, "shape:none");

__hidden int hook_store(int row)
{
	(void)row;
	return 0;
}

__hidden int hook_fresh(int row)
{
	(void)row;
	return 0;
}
