// SPDX-License-Identifier: GPL-2.0-only
/* twin.bpf.c - a policy that has a parameter of ttl's and none of its hooks */
#include "../fixture.h"

FACT(fact_policy, "policy:fixture with ttl's parameter");
PARAM("duration", ttl, 2000000000ULL, "the same name");
