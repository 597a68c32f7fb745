// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* event_direntplus.bpf.c - DIRENTPLUS: an entry that is told and not taken */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: DIRENTPLUS ignored");
EXT_LICENSE;

EXT_EVENT(DIRENTPLUS)
{
	return ext_told_entry() ? 0 : 1;
}
