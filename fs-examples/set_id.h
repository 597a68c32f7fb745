/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * set_id.h - changes of a file that may clear its set-ID bits
 *
 * The kernel's FUSE client asks for that before it sends a change, as far as it knows: not with
 * direct I/O, not with O_TRUNC, not for a set-group-ID bit without execute permission. The source
 * knows, if it sees who makes the change.
 */
#ifndef STACKFS_SET_ID_H
#define STACKFS_SET_ID_H

#include "creds.h"
#include "stackfs.h"

/*
 * Before a change of the file of @fd: acts as the caller if the file has set-ID bits. Returns 0
 * or -errno.
 */
int set_id_begin(fuse_req_t req, int fd, struct creds *creds);

/*
 * After it, before a reply that carries no attributes: acts as the daemon again, and makes the
 * kernel ask for a mode that may be another one.
 */
void set_id_end(fuse_req_t req, fuse_ino_t nodeid, struct creds *creds);

#endif
