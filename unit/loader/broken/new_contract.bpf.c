// SPDX-License-Identifier: GPL-2.0-only
/* new_contract.bpf.c - an object of a later contract */
#define CONTRACT 99
#include "../fixture.h"

FACT(fact_policy, "policy:new");
