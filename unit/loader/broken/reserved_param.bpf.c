// SPDX-License-Identifier: GPL-2.0-only
/* reserved_param.bpf.c - a policy whose parameter is called like a mount option */
#include "../fixture.h"

FACT(fact_policy, "policy:wants allow_other");
PARAM("count", allow_other, 1, "nonsense");
