// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* forget.bpf.c - FORGET: heard, and nothing is dropped */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: FORGET ignored");
EXT_LICENSE;

EXT_EVENT(FORGET)
{
	return 0;
}
