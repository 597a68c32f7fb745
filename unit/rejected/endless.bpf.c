// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* endless.bpf.c - a loop without an end that the verifier could see */
#include "../../handlers/handler.h"

EXT_HANDLER("waits for better times");
EXT_LICENSE;

static volatile __u64 waited;

EXT_REQUEST(ACCESS)
{
	while (waited < 1)
		waited = 0;
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
