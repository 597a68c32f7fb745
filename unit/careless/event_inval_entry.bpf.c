// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* event_inval_entry.bpf.c - INVAL_ENTRY: the section left open, its name not read */
#include "../../handlers/opcodes.h"

EXT_HANDLER("careless: INVAL_ENTRY ignored");
EXT_LICENSE;

EXT_EVENT(INVAL_ENTRY)
{
	return 1;
}
