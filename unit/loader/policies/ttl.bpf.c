// SPDX-License-Identifier: GPL-2.0-only
/* ttl.bpf.c - a policy with parameters */
#include "../fixture.h"

FACT(fact_policy, "policy:fixture with durations; bad at nothing");
PARAM("duration", ttl, 1000000000ULL, "answers are fresh for this long");
PARAM("duration", negative_ttl, ~0ULL, "the same for names that do not exist");

__hidden int hook_fresh(int row)
{
	return ext_param_ttl > (__u64)row && ext_param_negative_ttl;
}
