/* SPDX-License-Identifier: GPL-2.0-only */
/* debug_delay.h - waits between looking at a file and answering, for tests */
#ifndef STACKFS_DEBUG_DELAY_H
#define STACKFS_DEBUG_DELAY_H

#include "options.h"

/* debug_delay_lookup= for names that begin with debug_delay_prefix= */
void debug_delay_lookup(const struct options *opts, const char *name);
/* debug_delay_replies= for one answer in four, of a random length */
void debug_delay_reply(const struct options *opts);

#endif
