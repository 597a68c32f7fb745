// SPDX-License-Identifier: GPL-2.0-only
/* no_slot.bpf.c - a handler without a program */
#include "../fixture.h"

FACT(fact_handler, "handler:of nothing at all");
