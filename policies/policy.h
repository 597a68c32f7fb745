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
 * Parameters are declared with EXT_PARAM() and EXT_PARAM_ENUM() (handler.h).
 */
#ifndef EXT_POLICY_H
#define EXT_POLICY_H

#include <stdbool.h>

#include "../handlers/handler.h"

/* What it is for; what it is bad at. Once per file. */
#define EXT_POLICY(text) EXT_FACT(ext_fact_policy, "policy:" text)

/* What a row says. */
enum ext_kind {
	EXT_KIND_ATTR,	   /* a nodeid has these attributes */
	EXT_KIND_ENTRY,	   /* a name is this nodeid */
	EXT_KIND_NEGATIVE, /* a name does not exist */
};

/*
 * Are there rows at all? Asked before any work is done for the cache.
 * Default: true.
 */
__hidden bool ext_policy_active(void);

/*
 * May a row be stored? *mark is kept with it and handed to ext_policy_fresh().
 * Default: true, with mark 0.
 */
__hidden bool ext_policy_store(__u32 kind, __u64 *mark);

/*
 * For how many nanoseconds may a row with this mark still answer? 0: it is
 * expired. No answer gets a longer validity than this. *now is 0 when a request
 * asks first; what the policy leaves there, such as the time, it finds when the
 * same request asks for another row. Default: EXT_FOREVER.
 */
#define EXT_FOREVER (~0ULL)
__hidden __u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now);

/*
 * A change has killed the rows of an inode: true to remove its attributes' row
 * at once instead of when the memory is needed. Default: false.
 */
__hidden bool ext_policy_remove(void);

/*
 * The shape of the store, as declared with EXT_SHAPE(). EXT_SHAPE_HASH: when
 * full, dead rows are reclaimed, then new ones are refused. EXT_SHAPE_LRU: when
 * full, the least recently used rows are evicted. Default: EXT_SHAPE_HASH.
 */
#define EXT_SHAPE_HASH 0
#define EXT_SHAPE_LRU 1
__hidden __u32 ext_policy_shape(void);

#define EXT_SHAPE_OF_hash EXT_SHAPE_HASH
#define EXT_SHAPE_OF_lru EXT_SHAPE_LRU
/* Declare and define the shape: hash or lru. */
#define EXT_SHAPE(shape) \
	EXT_FACT(ext_fact_shape, "shape:" #shape); \
	__u32 ext_policy_shape(void) \
	{ \
		return EXT_SHAPE_OF_##shape; \
	} \
	_Static_assert(1, "takes the semicolon")

#endif /* EXT_POLICY_H */
