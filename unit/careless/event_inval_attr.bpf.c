// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* event_inval_attr.bpf.c - INVAL_ATTR: heard, and the section left open */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: INVAL_ATTR ignored");
EXT_LICENSE;

EXT_EVENT(INVAL_ATTR)
{
	return 0;
}
