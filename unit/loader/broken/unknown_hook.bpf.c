// SPDX-License-Identifier: GPL-2.0-only
/* unknown_hook.bpf.c - a policy whose hook is spelled wrong, so that nothing would call it */
#include "../fixture.h"

FACT(fact_policy, "policy:of a hook that is none");

__hidden int ext_policy_frehs(int row)
{
	return row;
}
