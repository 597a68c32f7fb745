// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* writes_context.bpf.c - a field of the context is written that is not the program's */
#include "../../handlers/handler.h"

EXT_HANDLER("makes everybody root");
EXT_LICENSE;

EXT_REQUEST(ACCESS)
{
	ctx->uid = 0;
	return ext_miss(ctx, EXT_MISS_ABSENT);
}
