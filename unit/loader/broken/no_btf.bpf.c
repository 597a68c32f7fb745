// SPDX-License-Identifier: GPL-2.0-only
/* no_btf.bpf.c - built without -g */
#include "../fixture.h"

FACT(fact_policy, "policy:without BTF");
