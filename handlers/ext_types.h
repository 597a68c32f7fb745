/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ext_types.h - structures and numbers shared by the BPF objects, the library
 * and the command
 *
 * Includes nothing of the project's, so that BPF and C may both include it.
 */
#ifndef EXT_TYPES_H
#define EXT_TYPES_H

#include <linux/types.h>

/* Version of the handler and policy contract; the loader refuses others. */
#define EXT_CONTRACT 1

/* Opcodes below this have statistics and slots of their own. */
#define EXT_OPCODES 64

/* Layout of the prog array ext_progs. */
#define EXT_SLOT_REQUEST 0
#define EXT_SLOT_REPLY 64
#define EXT_SLOT_EVENT 128
#define EXT_SLOTS 192

/*
 * Opcodes that ext_refuse() cannot refuse, since they may be sent without anyone
 * waiting, or must be sent; and those that no program sees. Bits, for users of
 * linux/fuse.h.
 */
#define EXT_BIT(opcode) (1ULL << (opcode))
#define EXT_UNREFUSABLE \
	(EXT_BIT(FUSE_READ) | EXT_BIT(FUSE_WRITE) | EXT_BIT(FUSE_FLUSH) | EXT_BIT(FUSE_RELEASE) | \
	 EXT_BIT(FUSE_RELEASEDIR) | EXT_BIT(FUSE_FORGET) | EXT_BIT(FUSE_BATCH_FORGET) | \
	 EXT_BIT(FUSE_INTERRUPT) | EXT_BIT(FUSE_DESTROY) | EXT_BIT(FUSE_NOTIFY_REPLY) | \
	 EXT_BIT(FUSE_INIT))
#define EXT_UNSEEN \
	(EXT_BIT(FUSE_INIT) | EXT_BIT(FUSE_FORGET) | EXT_BIT(FUSE_BATCH_FORGET) | \
	 EXT_BIT(FUSE_INTERRUPT) | EXT_BIT(FUSE_NOTIFY_REPLY))

/* What the loader tells the dispatcher in ext_idle. */
enum ext_idleness {
	EXT_KEEPS_ROWS,
	EXT_KEEPS_NOTHING,
	/* nor is there a handler: requests are counted */
	EXT_COUNTS_ALONE,
};

/* Why a request was not answered. Names: absent, expired, stale, torn, full, not_live, error. */
enum ext_miss {
	EXT_MISS_ABSENT,
	EXT_MISS_EXPIRED,
	EXT_MISS_STALE,
	EXT_MISS_TORN,
	EXT_MISS_FULL,
	EXT_MISS_NOT_LIVE,
	EXT_MISS_ERROR,
	EXT_MISS_MAX,
};

/* Value of ext_stats, one per opcode and CPU; all fields only grow. */
struct ext_op_stats {
	__u64 requests;
	__u64 hits;
	__u64 negative_hits;
	__u64 misses[EXT_MISS_MAX];
	__u64 stores;
	__u64 invalidations;
	/* rows that were not there before, and rows removed to make room for others */
	__u64 inserts;
	__u64 reclaims;
	__u64 errors;
	/* rows that made room for others because the policy said so (EXT_SHAPE_OWN) */
	__u64 evictions;
};

/* What the fill program does (input 0 of its test run). */
enum ext_fill_op {
	EXT_FILL_ATTR = 1,
	EXT_FILL_ENTRY = 2,
	EXT_FILL_NEGATIVE = 3,
	EXT_INVAL_INODE = 4,
	EXT_INVAL_ENTRY = 5,
	EXT_LEASE_GRANT = 6,
	EXT_LEASE_REVOKE = 7,
};

/* Marks the token of a fill as that of a lease; no number of the sequence is that great. */
#define EXT_TOKEN_LEASE (1ULL << 63)

/*
 * Input 0 of the fill program; input 1 is a struct fuse_entry_out (for
 * EXT_FILL_ATTR its attr, attr_valid and attr_valid_nsec count, for
 * EXT_FILL_NEGATIVE its entry_valid and entry_valid_nsec), input 2 the name
 * with its NUL, where there is one. The context's nodeid is the inode
 * (EXT_FILL_ATTR, EXT_INVAL_INODE) or the parent, its phase EXTFUSE_EVENT and
 * its opcode 0. The program returns 0 when the row was stored or the
 * invalidation done, else a negative errno. An invalidation has only input 0
 * and, for EXT_INVAL_ENTRY, the name as input 1. EXT_LEASE_GRANT has the lease's
 * token in input 0, and as input 1 the time (u64, CLOCK_BOOTTIME) of its end.
 */
struct ext_fill {
	__u32 op;
	__u32 reserved;
	/* ext_seq before the daemon looked at its file */
	__u64 token;
};

#endif /* EXT_TYPES_H */
