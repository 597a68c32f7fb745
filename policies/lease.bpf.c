// SPDX-License-Identifier: GPL-2.0-only
/*
 * lease.bpf.c - rows answer while the daemon holds a lease on their inode
 *
 * For a network file system whose server says for how long it will tell of
 * changes before it makes them (NFS delegations, AFS callbacks, SMB leases). The
 * daemon grants what it was granted, and revokes what it is asked back:
 * extfuse_lease_grant() and extfuse_lease_revoke(). A lease on a file covers its
 * attributes and extended attributes, one on a directory also its names, those
 * that do not exist included; an answer to LOOKUP needs both. Bad for a daemon
 * that grants nothing: then nothing is answered.
 *
 * A lease has periods. One begins with a grant, is prolonged by grants before it
 * ends, and ends by itself, with a revocation or with the nodeid; the next one
 * has another number. A row belongs to the period in which it was stored, by its
 * mark, so that it never comes back to life. It is stored only if the daemon
 * looked within the period: the request was sent after the grant took effect
 * (`since`), or the daemon filled it with the token of that lease.
 *
 * What ends leases early is a number for each hash of a nodeid, which is only
 * raised: it cannot fail, needs no memory, and a grant that began before it
 * (`token`) has no effect, whichever comes first here. Inodes that share such a
 * number lose their leases with each other, which costs answers.
 */
#include "policy.h"

EXT_POLICY("answers while the daemon holds a lease on the inode: for network file systems that are "
	   "told of changes; nothing without grants");
EXT_LICENSE;

struct lease {
	__u64 period; /* 0: there has been none; unique, so what is read between two looks belongs */
	__u64 nodeid;
	__u64 token; /* the global sequence before the daemon asked for it */
	__u64 since; /* drawn when it took effect */
	__u64 until; /* boot time in nanoseconds */
	__u64 busy;  /* 1: a grant writes here */
};

/* Places of a nodeid in the table, one after the other. */
#define PLACES 4
/* A mark is a period's number and its place. */
#define PLACE_BITS 24
#define PLACE_MASK ((1ULL << PLACE_BITS) - 1)

#define ENDS (1U << 14)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct lease);
} ext_own_leases SEC(".maps");

__u64 lease_ends[ENDS] = {};
__u64 lease_periods = 0;

#define READ(x) (*(const volatile __u64 *)&(x))
#define WRITE(x, value) (*(volatile __u64 *)&(x) = (value))

/* Orders the loads and stores around it; on x86-64 that is the compiler's affair. */
#ifdef EXT_WEAK_ORDER
#define FENCE(lease) asm volatile("" ::"r"(__sync_fetch_and_add(&(lease)->busy, 0)) : "memory")
#else
#define FENCE(lease) asm volatile("" ::: "memory")
#endif

/* Dense nodeids share no number. */
static __always_inline __u64 *end_of(__u64 nodeid)
{
	return &lease_ends[(nodeid + (nodeid >> 14) * 0x9e3779b97f4a7c15ULL) & (ENDS - 1)];
}

static __always_inline __u32 place_of(__u64 nodeid, __u32 i)
{
	__u64 places = ext_param_max_entries;

	if (places > PLACE_MASK)
		places = PLACE_MASK;
	return places ? (nodeid + i) % places : 0;
}

/* Nanoseconds that this period has left, 0 if it has ended. */
static __always_inline __u64 left_of(struct lease *lease, __u64 period, __u64 now)
{
	__u64 nodeid, token, until;

	if (!period || READ(lease->period) != period)
		return 0;
	FENCE(lease);
	nodeid = READ(lease->nodeid);
	token = READ(lease->token);
	until = READ(lease->until);
	FENCE(lease);
	if (READ(lease->period) != period || token < READ(*end_of(nodeid)))
		return 0;
	return now < until ? until - now : 0;
}

static __always_inline bool claim(struct lease *lease)
{
	return !__sync_val_compare_and_swap(&lease->busy, 0, 1);
}

static __always_inline void release(struct lease *lease)
{
	asm volatile("" ::"r"(__sync_fetch_and_add(&lease->busy, -1ULL)) : "memory");
}

bool ext_policy_admit(const struct ext_row *row, __u64 *mark)
{
	__u64 now = bpf_ktime_get_boot_ns();

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PLACES; i++) {
		__u32 place = place_of(row->nodeid, i);
		struct lease *lease = bpf_map_lookup_elem(&ext_own_leases, &place);
		__u64 period, least;

		if (!lease)
			continue;
		period = READ(lease->period);
		FENCE(lease);
		if (READ(lease->nodeid) != row->nodeid)
			continue;
		least = row->leased ? READ(lease->token) : READ(lease->since);
		if (row->stamp < least || !left_of(lease, period, now))
			continue;
		*mark = period << PLACE_BITS | place;
		return true;
	}
	return false;
}

__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	__u32 place = mark & PLACE_MASK;
	struct lease *lease = bpf_map_lookup_elem(&ext_own_leases, &place);

	if (!lease)
		return 0;
	if (!*now)
		*now = bpf_ktime_get_boot_ns();
	return left_of(lease, mark >> PLACE_BITS, *now);
}

/* Prolong the lease that nodeid has; false: it has none, or another grant writes. */
static __always_inline bool prolong(struct lease *lease, __u64 nodeid, __u64 until, __u64 now)
{
	__u64 period = READ(lease->period);
	bool done = false;

	FENCE(lease);
	if (READ(lease->nodeid) != nodeid || !left_of(lease, period, now) || !claim(lease))
		return false;
	if (left_of(lease, period, now)) {
		if (until > READ(lease->until))
			WRITE(lease->until, until);
		done = true;
	}
	release(lease);
	return done;
}

/* Begin a period where none is in force; false: one is, or another grant writes. */
static __always_inline bool begin(struct lease *lease, const struct lease *new, __u64 now)
{
	bool done = false;

	if (left_of(lease, READ(lease->period), now) || !claim(lease))
		return false;
	if (!left_of(lease, READ(lease->period), now)) {
		WRITE(lease->period, 0);
		FENCE(lease);
		WRITE(lease->nodeid, new->nodeid);
		WRITE(lease->token, new->token);
		WRITE(lease->since, new->since);
		WRITE(lease->until, new->until);
		FENCE(lease);
		WRITE(lease->period, new->period);
		done = true;
	}
	release(lease);
	return done;
}

int ext_policy_grant(__u64 nodeid, __u64 token, __u64 since, __u64 until)
{
	struct lease new = { .nodeid = nodeid, .token = token, .since = since, .until = until };
	__u64 now = bpf_ktime_get_boot_ns();

	if (token < READ(*end_of(nodeid)))
		return -EAGAIN;
	if (until <= now)
		return -ETIME;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PLACES; i++) {
		__u32 place = place_of(nodeid, i);
		struct lease *lease = bpf_map_lookup_elem(&ext_own_leases, &place);

		if (lease && prolong(lease, nodeid, until, now))
			return 0;
	}
	new.period = __sync_fetch_and_add(&lease_periods, 1) + 1;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PLACES; i++) {
		__u32 place = place_of(nodeid, i);
		struct lease *lease = bpf_map_lookup_elem(&ext_own_leases, &place);

		if (lease && begin(lease, &new, now))
			return 0;
	}
	return -ENOSPC;
}

int ext_policy_revoke(__u64 nodeid, __u64 s)
{
	ext_policy_raise(end_of(nodeid), s);
	return 0;
}

/* The next file with this nodeid is another one. */
void ext_policy_forget(__u64 nodeid, __u64 s)
{
	ext_policy_raise(end_of(nodeid), s);
}
