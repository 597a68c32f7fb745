/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * policy.h - the contract for authors of policies
 *
 * A policy is one file, NAME.bpf.c, that defines some of the hooks below; for
 * each that it does not define there is a default. It never sees a request and
 * cannot break coherence: whether a row is still true after changes through the
 * mount is decided before the policy is asked. Policies combine (ttl+lru) when
 * no two define the same hook.
 *
 *	#include "policy.h"
 *
 *	EXT_POLICY("rows live for a minute; bad when they should not");
 *
 *	bool ext_policy_store(__u32 kind, __u64 *mark)
 *	{
 *		*mark = bpf_ktime_get_boot_ns();
 *		return true;
 *	}
 *
 *	__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
 *	{
 *		if (!*now)
 *			*now = bpf_ktime_get_boot_ns();
 *		return *now - mark < 60000000000ULL ? 60000000000ULL - (*now - mark) : 0;
 *	}
 *
 * Hooks run in the middle of a request, with preemption disabled, on several CPUs
 * at once, also for the same row; they may not sleep and cannot fail: each of
 * their results is legal and has the meaning below. They may call BPF helpers and
 * have maps of their own (per-CPU ones need no locks), and share 512 bytes of stack
 * with the program that called. A hook of another name than these is an error when
 * the policy is opened. Parameters, which are mount options, are declared with
 * EXT_PARAM(), EXT_PARAM_ENUM() and EXT_PARAM_STRING(); these and the version of
 * the contract are explained in handler.h.
 */
#ifndef EXT_POLICY_H
#define EXT_POLICY_H

#include <stdbool.h>

#include "../handlers/handler.h"

/* What it is for; what it is bad at: shown by 'extfuse policies'. Once per file. */
#define EXT_POLICY(text) EXT_FACT(ext_fact_policy, "policy:" text)

/* What a row says. */
enum ext_kind {
	EXT_KIND_ATTR,	   /* a nodeid has these attributes */
	EXT_KIND_ENTRY,	   /* a name is this nodeid */
	EXT_KIND_NEGATIVE, /* a name does not exist */
	EXT_KIND_XATTR,	   /* an extended attribute has this value, or these are all their names */
	EXT_KIND_NO_XATTR, /* an extended attribute does not exist */
};

/*
 * Are there rows at all? Asked before any work is done for the cache, with every
 * request; false: nothing is stored and nothing answered. Default: true.
 */
__hidden bool ext_policy_active(void);

/*
 * May a row be stored? kind is one of enum ext_kind. *mark, 0 at first, is kept with
 * it and handed to ext_policy_fresh(). Asked for each row of
 * each reply that carries one, also for a row that is there already: a new mark
 * takes the old one's place. false: the row is not stored, and an older one with
 * the same key is dead. Default: true, with mark 0.
 */
__hidden bool ext_policy_store(__u32 kind, __u64 *mark);

/* The store's tables; each has room for max_entries rows. */
enum ext_table {
	EXT_TABLE_ATTRS,
	EXT_TABLE_NAMES,
	EXT_TABLE_LONG_NAMES,
	EXT_TABLE_XATTRS,
	EXT_TABLES,
};

/* A row, for policies that care which one it is. */
struct ext_row {
	__u64 nodeid; /* the inode that it is about; of a name, the directory */
	__u64 key;    /* finds it in its table; well mixed, but for EXT_TABLE_ATTRS */
	__u64 born;   /* with the key, tells it from an earlier row; 0 before it is inserted */
	__u64 stamp;  /* the global sequence before the daemon was asked */
	__u32 kind;   /* enum ext_kind */
	__u32 table;  /* enum ext_table */
	__u32 there;  /* 1: the table has a row of this key, which is overwritten */
	__u32 leased; /* 1: filled by the daemon with a lease's token, which is the stamp */
};

/*
 * As ext_policy_store(), which is asked by the default of this hook: define one
 * of the two.
 */
__hidden bool ext_policy_admit(const struct ext_row *row, __u64 *mark);

/*
 * For how many nanoseconds may a row with this mark still answer? 0: it is
 * expired, and the daemon is asked. No answer gets a longer validity than this;
 * EXT_FOREVER: as long as the daemon granted. mark is what ext_policy_store() of
 * this mount left. *now is 0 when a request asks first; what the policy leaves
 * there, such as the time, it finds when the same request asks for another row
 * (LOOKUP asks for two). Default: EXT_FOREVER.
 *
 * Asked for rows that could answer, last of all, and when a full cache looks for
 * rows that are not worth keeping; with EXT_SHAPE_OWN for rows that could answer
 * alone, so that this is how a policy learns that a row is used. Several CPUs may
 * be here at once, for one row: note it without a lock, and not each time.
 */
#define EXT_FOREVER (~0ULL)
__hidden __u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now);

/*
 * A change has killed the rows of an inode: true to remove its attributes' row
 * at once instead of when the memory is needed, as far as it is known to be there
 * without a search. One that reading has killed stays all the same, to be
 * overwritten by the next word on its inode. Dead rows never answer, either way. Default: false.
 */
__hidden bool ext_policy_remove(void);

/*
 * The shape of the store, as declared with EXT_SHAPE(). EXT_SHAPE_HASH: when
 * full, dead rows are reclaimed, then new ones are refused. EXT_SHAPE_LRU: when
 * full, the least recently used rows are evicted. EXT_SHAPE_OWN: when full, the
 * policy says which row goes, and the next two hooks are asked. EXT_SHAPE_NONE:
 * nothing is ever kept or answered, so the library leaves out the handlers that
 * keep and answer, and only a user's own run. Default: EXT_SHAPE_HASH.
 */
#define EXT_SHAPE_HASH 0
#define EXT_SHAPE_LRU 1
#define EXT_SHAPE_OWN 2
#define EXT_SHAPE_NONE 3
__hidden __u32 ext_policy_shape(void);

/*
 * A new row is in its table: the policy lists its key and when it was born, to
 * name them later in ext_policy_victim(). false: there is no room in the list;
 * then a victim is asked for, this hook once more, and at last the row is removed
 * again. A row may also go without a word to the policy. Default: false.
 */
__hidden bool ext_policy_list(const struct ext_row *row);

/*
 * The table is full: key and born of the row that makes room, which is no longer
 * listed then. If that row has gone meanwhile, the hook is asked again, up to 16
 * times. false: the new row is refused. Default: false.
 */
struct ext_victim {
	__u64 key;
	__u64 born;
};
__hidden bool ext_policy_victim(__u32 table, struct ext_victim *victim);

/*
 * Maps of a policy's own: those whose name begins with ext_own_ are sized by
 * max_entries, as the tables are. Names have at most 15 characters.
 */
extern EXT_KNOB __u64 ext_param_max_entries;

#define EXT_SHAPE_OF_hash EXT_SHAPE_HASH
#define EXT_SHAPE_OF_lru EXT_SHAPE_LRU
#define EXT_SHAPE_OF_own EXT_SHAPE_OWN
#define EXT_SHAPE_OF_none EXT_SHAPE_NONE
/* Declare and define the shape: hash, lru, own or none. */
#define EXT_SHAPE(shape) \
	EXT_FACT(ext_fact_shape, "shape:" #shape); \
	__u32 ext_policy_shape(void) \
	{ \
		return EXT_SHAPE_OF_##shape; \
	} \
	_Static_assert(1, "takes the semicolon")

/* ---- Leases (extfuse_lease_*() of the library) ---- */

/*
 * The daemon was granted a lease on nodeid: until then, in nanoseconds of
 * bpf_ktime_get_boot_ns(), it is told before somebody else changes it. token is
 * the global sequence before the daemon asked for it, since is a number drawn
 * now. Returns 0, -EAGAIN when the lease was revoked or the nodeid forgotten
 * since token, -ETIME when until has passed, -ENOSPC without room, -EOPNOTSUPP
 * under a policy without leases. Default: -EOPNOTSUPP.
 */
__hidden int ext_policy_grant(__u64 nodeid, __u64 token, __u64 since, __u64 until);

/*
 * The daemon gave up its lease on nodeid, or had it taken away; s was drawn for
 * it. No row of that lease may be fresh when this returns, nor may a grant with
 * a smaller token take effect later. Returns 0 or -EOPNOTSUPP, and nothing else:
 * it must not fail. Default: -EOPNOTSUPP.
 */
__hidden int ext_policy_revoke(__u64 nodeid, __u64 s);

/*
 * nodeid is forgotten, and may come back as another file; s was drawn for it.
 * Rows need no care: they are dead already. Default: nothing.
 */
__hidden void ext_policy_forget(__u64 nodeid, __u64 s);

/* Raise *number to s, if it is less; may be called for one number on several CPUs. */
__u64 ext_max_exchange(__u64 *number, __u64 s);
static __always_inline void ext_policy_raise(__u64 *number, __u64 s)
{
	/* Too many at once: what compares itself with this number is over for good. */
	if (ext_max_exchange(number, s) == ~0ULL)
		*(volatile __u64 *)number = ~0ULL;
}

#endif /* EXT_POLICY_H */
