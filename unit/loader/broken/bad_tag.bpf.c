// SPDX-License-Identifier: GPL-2.0-only
/* bad_tag.bpf.c - a policy whose parameter has a type that the library does not know */
#include "../fixture.h"

FACT(fact_policy, "policy:with a colour");
PARAM("colour", shade, 1, "red or blue");
