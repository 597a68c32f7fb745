// SPDX-License-Identifier: GPL-2.0-only
/* lru.bpf.c - a policy that only shapes the store */
#include "../fixture.h"

FACT(fact_policy, "policy:fixture that evicts");
FACT(fact_shape, "shape:lru");
