/* SPDX-License-Identifier: GPL-2.0-only */
/* control.h - a socket to tell the kernel of changes that were made in the source */
#ifndef STACKFS_CONTROL_H
#define STACKFS_CONTROL_H

#include "stackfs.h"

/* Without control= they do nothing. Returns 0, or -1 after a line on stderr. */
int control_start(struct stackfs *fs);
void control_stop(struct stackfs *fs);

#endif
