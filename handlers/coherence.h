/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * coherence.h - stripes, the global sequence and the steps of the coherence
 * protocol
 *
 * The protocol is in protocol/README.md; "rule N" and the step names (begin,
 * end, raise, told) in comments refer to it. Nothing here allocates or fails.
 */
#ifndef EXT_COHERENCE_H
#define EXT_COHERENCE_H

#include "handler.h"

#define EXT_STRIPE_BITS 14
#define EXT_STRIPES (1U << EXT_STRIPE_BITS)
#define EXT_STRIPE_MASK (EXT_STRIPES - 1)

/* One per hash of a nodeid. A line of its own: a change disturbs no other stripe's readers. */
struct ext_inode_stripe {
	__u64 busy;	 /* changes in flight */
	__u64 last;	 /* number drawn when the latest change ended */
	__u64 forgotten; /* number drawn at the latest FORGET */
	__u64 told;	 /* number and tag of the latest answer that was delivered */
	__u64 nbusy;	 /* changes in flight to unsaid names in this directory */
	__u64 nlast;
	__u64 xbusy; /* changes in flight that may add an extended attribute */
	__u64 xlast;
} __attribute__((aligned(64)));

/* One per hash of (parent, name); also of (nodeid, name of an extended attribute). */
struct ext_name_stripe {
	__u64 busy;
	__u64 last;
	__u64 told;
	__u64 listed; /* number drawn when a list of extended attributes told something new */
} __attribute__((aligned(32)));

/* Covers every row: changes whose reach is unknown. */
struct ext_all_stripe {
	__u64 busy;
	__u64 last;
	/* Not left to the compiler: clang 14 describes a padded zero as .data. */
	__u64 unused[6];
} __attribute__((aligned(64)));

/*
 * The entries of one READDIRPLUS must not overtake each other on a stripe that
 * they share, so what they tell carries a tag: the walk's slot here, less one.
 * id is the request's cookie[0], which was drawn and so is its own; number was
 * drawn when it took the slot. A later walk may take the slot over: then the
 * earlier one's entries tell as anybody's do.
 */
#define EXT_WALKS 128
struct ext_walk {
	__u64 id;
	__u64 number;
};

/* `told` holds a number and a tag, 0 for all but the entries of a walk. */
#define EXT_TAG_BITS 8
#define EXT_TAG_MASK ((1ULL << EXT_TAG_BITS) - 1)

/*
 * A section is what a reply or event holds closed while its program runs. It
 * lies in per-CPU memory, so that the next program can end what a handler left
 * open (programs run with preemption disabled: there is one at a time).
 */
#define EXT_SEC_INODE 1	  /* busy of inode */
#define EXT_SEC_CHILD 2	  /* busy of child */
#define EXT_SEC_NAME 4	  /* busy of name */
#define EXT_SEC_NAMES 8	  /* nbusy of inode */
#define EXT_SEC_TOLD 16	  /* rule 5: a reply that carries attributes; else a change already made */
#define EXT_SEC_XATTRS 32 /* xbusy of inode */

struct ext_section {
	__u32 what;
	__u32 inode;
	__u32 child;
	__u32 name;
	__u64 cookie; /* told: the request's number */
	__u64 walk;   /* told: 1 for an entry of a READDIRPLUS */
};

/* Words of the largest row, that of a long name. */
#define EXT_ROW_WORDS (8 + EXT_NAME_LONG / 8)

/* Per-CPU memory of the program that runs. */
struct ext_scratch {
	struct ext_section sec;
	__u64 entry_ok;
	struct fuse_entry_out entry;
	__u64 names[2][EXT_NAME_LONG / 8];
	__u64 row[EXT_ROW_WORDS];
	__u64 fence;
};

/* Where a run of the host's tests may stop for another CPU's; nothing in BPF. */
#ifndef EXT_STOP
#define EXT_STOP()
#endif

/*
 * Compiler barrier between the groups of a hit's loads. x86-64 keeps loads in
 * order; elsewhere the groups are separated by a fetching atomic on a word that
 * nobody shares.
 */
#define ext_barrier() \
	do { \
		asm volatile("" ::: "memory"); \
		EXT_STOP(); \
	} while (0)
#ifdef EXT_WEAK_ORDER
#define ext_fence() \
	do { \
		struct ext_scratch *fence_ = ext_scratch_get(); \
\
		if (fence_) \
			ext_consume(__sync_fetch_and_add(&fence_->fence, 0)); \
	} while (0)
#else
#define ext_fence() ext_barrier()
#endif

#define ext_load(x) (*(const volatile __u64 *)&(x))

/* An atomic whose result is unused compiles to the unordered form: use it. */
static __always_inline void ext_consume(__u64 old)
{
	asm volatile("" ::"r"(old) : "memory");
	EXT_STOP();
}

static __always_inline void ext_up(__u64 *count)
{
	ext_consume(__sync_fetch_and_add(count, 1));
}

/* The release of an end: everything before it is visible when the count has dropped. */
static __always_inline void ext_down(__u64 *count)
{
	ext_consume(__sync_fetch_and_add(count, -1ULL));
}

/*
 * Bound of the loop in ext_max_exchange(): the number of CPUs, less one, puts
 * the fallback out of reach; beyond, it takes this many CPUs that end changes of
 * one stripe in step. The verifier walks the loop once for each try, in every
 * program that tells, so that a larger bound makes mounts slow.
 */
#define EXT_RAISE_TRIES 32

/*
 * The maximum is exchanged: the greater of s and what was there. Returns what
 * was there, all ones if the bound was hit. Global, not hidden: then it is
 * verified once and not in each of its callers.
 */
__u64 ext_max_exchange(__u64 *p, __u64 s);

/*
 * Tell with number s what was asked for at cookie; own is 0, or the number and
 * tag of the walk that tells. Returns 1 if somebody else told in between. Global
 * for the same reason.
 */
int ext_tell(__u64 *told, __u64 s, __u64 cookie, __u64 own);

/* raise(L, s): a maximum, never a plain store; past the bound the stripe is dead for good. */
static __always_inline void ext_raise(__u64 *last, __u64 s)
{
	if (ext_max_exchange(last, s) == ~0ULL)
		*(volatile __u64 *)last = ~0ULL;
}

/*
 * Dense nodeids get stripes of their own, so that small trees do not disturb
 * themselves; others are spread by what is above.
 */
static __always_inline __u32 ext_inode_index(__u64 nodeid)
{
	return (nodeid + (nodeid >> EXT_STRIPE_BITS) * 0x9e3779b97f4a7c15ULL) & EXT_STRIPE_MASK;
}

static __always_inline __u32 ext_name_index(__u64 hash)
{
	return hash & EXT_STRIPE_MASK;
}

/*
 * One step of a 64 bit sum: a polynomial in an odd number, two instructions for
 * each word. What differs in low bits, as stamps and nodeids do, differs in all.
 */
static __always_inline __u64 ext_mix(__u64 sum, __u64 word)
{
	return (sum + word) * 0x9e3779b97f4a7c15ULL;
}

/* Makes a hash of the sum: every bit of it reaches every other. */
static __always_inline __u64 ext_fold(__u64 sum)
{
	sum = (sum ^ (sum >> 32)) * 0xd6e8feb86659fd93ULL;
	return sum ^ (sum >> 32);
}

/*
 * cookie[0]: the global sequence at REQUEST, 0 when it was not noted.
 * cookie[1]: what was begun, so that the end does not depend on the program
 * that runs then.
 */
#define EXT_C_SEEN (1ULL << 0)
#define EXT_C_INODE (1ULL << 1)	      /* busy of nodeid and children */
#define EXT_C_NAMES (1ULL << 2)	      /* nbusy of nodeid */
#define EXT_C_OTHER (1ULL << 3)	      /* busy of the other inode */
#define EXT_C_OTHER_NAMES (1ULL << 4) /* nbusy of the other inode */
#define EXT_C_ALL (1ULL << 5)
#define EXT_C_NAME0 (1ULL << 6)
#define EXT_C_NAME1 (1ULL << 7)
#define EXT_C_ANSWERED (1ULL << 8)
#define EXT_C_NEGATIVE (1ULL << 9)
#define EXT_C_BEGUN \
	(EXT_C_INODE | EXT_C_NAMES | EXT_C_OTHER | EXT_C_OTHER_NAMES | EXT_C_ALL | EXT_C_NAME0 | \
	 EXT_C_NAME1 | EXT_C_XATTRS)
#define EXT_C_GENERATION 10 /* 7 bits */
#define EXT_C_GENERATION_MASK 0x7f
#define EXT_C_XATTRS (1ULL << 17) /* xbusy of nodeid, children and the other inode */
#define EXT_C_NAME0_AT 18	  /* EXT_STRIPE_BITS each */
#define EXT_C_NAME1_AT 32
#define EXT_C_OTHER_AT 46
#define EXT_C_REASON 60 /* enum ext_miss, 3 bits */

static __always_inline __u32 ext_c_index(__u64 cookie, int at)
{
	return (cookie >> at) & EXT_STRIPE_MASK;
}

/* ---- The variables of store.bpf.c, for the dispatcher ---- */

extern struct ext_inode_stripe ext_inodes[EXT_STRIPES];
extern struct ext_name_stripe ext_name_stripes[EXT_STRIPES];
extern struct ext_all_stripe ext_all;
extern __u64 ext_seq;
extern __u32 ext_generation;
extern struct ext_walk ext_walks[EXT_WALKS];
extern EXT_KNOB __u32 ext_fill;

/* ---- Functions of dispatch.bpf.c for the store ---- */

__hidden struct ext_scratch *ext_scratch_get(void);
__hidden struct ext_op_stats *ext_stats_get(__u32 opcode);

/* ---- Functions of store.bpf.c for the dispatcher ---- */

/* Draw a number: s = ++seq. */
__hidden __u64 ext_draw(void);

/*
 * The next are global and not hidden, so that they are verified once: they
 * return a number because the verifier wants one.
 */
/* 1 if the list of names has this one. */
int ext_list_has(const struct ext_xattr *list, const struct ext_name *name);
/* Open a section: raise the counts of what. */
int ext_section_open(struct ext_section *sec);
/* Tell with number s. Returns the parts whose rows must die whatever they say. */
__u32 ext_section_tell(struct ext_section *sec, __u64 s);
/* Raise the parts in kill to s, and only then lower the counts. */
int ext_section_end(struct ext_section *sec, __u32 kill, __u64 s);
/* Tell and end; stored: the parts (EXT_SEC_*) whose rows say what was told. */
int ext_section_close(struct ext_section *sec, __u32 stored);
/* Name what the section's coarse NAMES or XATTRS stand for, NULL: no name. */
__hidden void ext_section_name(struct ext_section *sec, const struct ext_name *name);

#endif /* EXT_COHERENCE_H */
