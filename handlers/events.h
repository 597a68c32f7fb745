/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* events.h - what the handlers of events that name an entry have in common */
#ifndef EXT_EVENTS_H
#define EXT_EVENTS_H

#include "opcodes.h"

/* name, which was read with the result err, changed; others in the directory did not. */
static __always_inline int ext_entry_changed(struct extfuse_req *ctx, int err,
					     const struct ext_name *name)
{
	if (err)
		ext_count_error(ctx);
	else
		ext_event_name(ctx, name);
	return ext_event_changed(ctx);
}

#endif /* EXT_EVENTS_H */
