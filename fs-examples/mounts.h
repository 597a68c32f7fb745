/* SPDX-License-Identifier: GPL-2.0-only */
/* mounts.h - what is at the mount point before us */
#ifndef STACKFS_MOUNTS_H
#define STACKFS_MOUNTS_H

#include "stackfs.h"

/*
 * Refuses a mount point that is none or is in use, and remembers what a mount within the source
 * will cover. Returns 0, or -1 after a line on stderr.
 */
int mounts_check(struct stackfs *fs);

#endif
