// SPDX-License-Identifier: GPL-2.0-only
/* old_contract.bpf.c - an object of an earlier contract */
#define CONTRACT 0
#include "../fixture.h"

FACT(fact_policy, "policy:old");
