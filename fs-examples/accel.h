/* SPDX-License-Identifier: GPL-2.0-only */
/* accel.h - the policy of a mount: load it, attach it, or do without */
#ifndef STACKFS_ACCEL_H
#define STACKFS_ACCEL_H

#include "stackfs.h"

/*
 * Before the mount. Returns 0, with or without fs->ext, or -1 after a line on stderr. Without a
 * policy it does nothing.
 */
int accel_load(struct stackfs *fs);

/*
 * After the mount, before the session loop. @ready runs once in any thread when it is known
 * whether the program is attached: true, or false if the mount must not stay.
 */
int accel_attach(struct stackfs *fs, void (*ready)(struct stackfs *fs, bool keep));

/* After the session loop, before fuse_session_destroy(). */
void accel_close(struct stackfs *fs);

#endif
