/* SPDX-License-Identifier: GPL-2.0-only */
/* opstats.h - how often each request reached the daemon */
#ifndef STACKFS_OPSTATS_H
#define STACKFS_OPSTATS_H

#include <stdint.h>

/* Counts one request, from any thread. */
void opstats_count(uint32_t opcode);

/*
 * Replaces @path as a whole by lines "OPCODE COUNT". Returns 0 or -errno. From one thread at a
 * time.
 */
int opstats_write(const char *path);

#endif
