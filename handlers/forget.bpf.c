// SPDX-License-Identifier: GPL-2.0-only
/* forget.bpf.c - FORGET: the dispatcher has raised `forgotten`; the dead row gives back its memory */
#include "handler.h"

EXT_HANDLER("removes the attributes of a nodeid that is forgotten");
EXT_LICENSE;

EXT_EVENT(FORGET)
{
	ext_drop_attr(ctx->nodeid);
	return 0;
}
