// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* none.bpf.c - a policy without hooks: what the defaults do, for tests that are about no policy */
#include "policy.h"

EXT_POLICY("no hook is defined: what tests of handlers run with; bad for everything else");
EXT_LICENSE;
