// SPDX-License-Identifier: GPL-2.0-only
/*
 * dispatch.bpf.c - the entry program: counts, applies the protocol's default to
 * every request, reply and event, and calls the handler's program
 *
 * The default is inverted: what is not known to be harmless is a change. So a
 * missing handler, an unknown opcode or a program that fails costs answers.
 */
#include "../policies/policy.h"
#include "coherence.h"

EXT_LICENSE;

EXT_PARAM_ENUM(atime, 0, "strict,relaxed",
	       "relaxed: neither reading a file or directory nor closing a file that was only read "
	       "makes its cached attributes stale");

/*
 * One of enum ext_idleness, from the loader. Where the policy has the shape none nothing is kept, so
 * there is nothing to keep coherent. A constant for the verifier, so that a program which keeps rows has
 * no code for it.
 */
EXT_KNOB __u32 ext_idle = EXT_KEEPS_ROWS;

/* Opcodes whose replies a handler sees, and events that one sees, a bit each, from the loader. */
EXT_KNOB __u64 ext_replies = ~0ULL;
EXT_KNOB __u64 ext_events = ~0ULL;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EXT_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} ext_progs SEC(".maps");

/* Here, since the dispatcher uses them in every program and should not have to call for them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ext_scratch);
} ext_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EXT_OPCODES + 1);
	__type(key, __u32);
	__type(value, struct ext_op_stats);
} ext_stats SEC(".maps");

static __always_inline struct ext_scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ext_scratch, &zero);
}

static __always_inline struct ext_op_stats *stats_get(__u32 opcode)
{
	if (opcode > EXT_OPCODES)
		opcode = EXT_OPCODES;
	return bpf_map_lookup_elem(&ext_stats, &opcode);
}

struct ext_scratch *ext_scratch_get(void)
{
	return scratch_get();
}

struct ext_op_stats *ext_stats_get(__u32 opcode)
{
	return stats_get(opcode);
}

extern __u32 ext_attached;

/*
 * The verifier wants the context's fields at constant offsets from the context
 * itself: this keeps clang from holding a pointer to one of them.
 */
#define FRESH(ctx) asm volatile("" : "+r"(ctx))

/* What a request may change. */
#define CLASS_INODE 1	/* its nodeid and the context's children */
#define CLASS_NAMES 2	/* names in its nodeid */
#define CLASS_OTHER 4	/* and in the directory that its input names */
#define CLASS_ALL 8	/* anything */
#define CLASS_XATTRS 16 /* with CLASS_INODE: may add extended attributes */

#define BIT(opcode) (1ULL << (opcode))
#define IS(set, opcode) (!!((set)&BIT(opcode)))

/*
 * These change nothing, ever. FORGET is an event of its own; OPEN is not here,
 * since O_TRUNC makes it a change.
 */
#define HARMLESS \
	(BIT(FUSE_LOOKUP) | BIT(FUSE_GETATTR) | BIT(FUSE_STATX) | BIT(FUSE_GETXATTR) | \
	 BIT(FUSE_LISTXATTR) | BIT(FUSE_ACCESS) | BIT(FUSE_STATFS) | BIT(FUSE_GETLK) | \
	 BIT(FUSE_SETLK) | BIT(FUSE_SETLKW) | BIT(FUSE_OPENDIR) | BIT(FUSE_RELEASEDIR) | \
	 BIT(FUSE_POLL) | BIT(FUSE_LSEEK) | BIT(FUSE_BMAP) | BIT(FUSE_INTERRUPT) | \
	 BIT(FUSE_FORGET) | BIT(FUSE_BATCH_FORGET))

/* These change the time of the last access only. */
#define READS (BIT(FUSE_READLINK) | BIT(FUSE_READDIR) | BIT(FUSE_READDIRPLUS))

/* These change their inode. READ reveals the size, so its handler has a say under atime=relaxed. */
#define INODES \
	(READS | BIT(FUSE_READ) | BIT(FUSE_OPEN) | BIT(FUSE_SETATTR) | BIT(FUSE_WRITE) | \
	 BIT(FUSE_RELEASE) | BIT(FUSE_FSYNC) | BIT(FUSE_SETXATTR) | BIT(FUSE_REMOVEXATTR) | \
	 BIT(FUSE_FLUSH) | BIT(FUSE_FSYNCDIR) | BIT(FUSE_DESTROY) | BIT(FUSE_IOCTL) | \
	 BIT(FUSE_NOTIFY_REPLY) | BIT(FUSE_FALLOCATE) | BIT(FUSE_SYNCFS))

/*
 * These add no extended attribute to an inode that was there before, though they
 * may change or remove one, as a write does with security.capability.
 */
#define ADDS_NO_XATTR \
	(READS | NAMES | BIT(FUSE_READ) | BIT(FUSE_WRITE) | BIT(FUSE_FLUSH) | BIT(FUSE_RELEASE) | \
	 BIT(FUSE_FSYNC) | BIT(FUSE_FSYNCDIR))

/* These change a directory, its names and the context's children. */
#define RENAMES (BIT(FUSE_RENAME) | BIT(FUSE_RENAME2))
#define NAMES \
	(RENAMES | BIT(FUSE_CREATE) | BIT(FUSE_MKNOD) | BIT(FUSE_MKDIR) | BIT(FUSE_SYMLINK) | \
	 BIT(FUSE_LINK) | BIT(FUSE_UNLINK) | BIT(FUSE_RMDIR) | BIT(FUSE_TMPFILE))

/* The replies of these tell of an inode that their request did not name. */
#define CREATES \
	(BIT(FUSE_CREATE) | BIT(FUSE_MKNOD) | BIT(FUSE_MKDIR) | BIT(FUSE_SYMLINK) | \
	 BIT(FUSE_LINK) | BIT(FUSE_TMPFILE))

/* The replies of these tell of an inode, and change nothing. */
#define TELLS (BIT(FUSE_LOOKUP) | BIT(FUSE_GETATTR) | BIT(FUSE_STATX))

/* The replies of these tell of an inode's extended attributes, and change nothing. */
#define TELLS_XATTRS (BIT(FUSE_GETXATTR) | BIT(FUSE_LISTXATTR))

/* The replies that the dispatcher wants to see, whatever their requests have begun. */
#define HEARD (CREATES | TELLS | TELLS_XATTRS | BIT(FUSE_READDIRPLUS))

/* The end of a file's use. Of one that was only read it changes at most what reading does. */
#define ENDS (BIT(FUSE_FLUSH) | BIT(FUSE_RELEASE))

static __always_inline bool in(__u64 set, __u32 opcode)
{
	return opcode < EXT_OPCODES && IS(set, opcode);
}

/* What is not in any of the sets may change anything. */
#define CLASS_UNKNOWN (CLASS_INODE | CLASS_XATTRS | CLASS_NAMES | CLASS_ALL)
#define CLASS_MASK (CLASS_UNKNOWN | CLASS_OTHER)

#define TRAIT_READS 32
#define TRAIT_ENDS 64
#define TRAIT_CREATES 128
#define TRAIT_TELLS 256
#define TRAIT_LOOKS 512

#define CLASS_OF(opcode) \
	(IS(HARMLESS, opcode)		      ? 0 \
	 : IS(RENAMES, opcode)		      ? CLASS_INODE | CLASS_NAMES | CLASS_OTHER \
	 : IS(NAMES, opcode)		      ? CLASS_INODE | CLASS_NAMES \
	 : IS(INODES & ADDS_NO_XATTR, opcode) ? CLASS_INODE \
	 : IS(INODES, opcode)		      ? CLASS_INODE | CLASS_XATTRS \
					      : CLASS_UNKNOWN)
#define TRAITS_OF(opcode) \
	(CLASS_OF(opcode) | IS(READS, opcode) * TRAIT_READS | IS(ENDS, opcode) * TRAIT_ENDS | \
	 IS(CREATES, opcode) * TRAIT_CREATES | IS(TELLS | TELLS_XATTRS, opcode) * TRAIT_TELLS | \
	 IS(READS | BIT(FUSE_READ), opcode) * TRAIT_LOOKS)
#define TRAITS_OF_EIGHT(opcode) \
	TRAITS_OF(opcode), TRAITS_OF((opcode) + 1), TRAITS_OF((opcode) + 2), \
		TRAITS_OF((opcode) + 3), TRAITS_OF((opcode) + 4), TRAITS_OF((opcode) + 5), \
		TRAITS_OF((opcode) + 6), TRAITS_OF((opcode) + 7)

/* The sets, by opcode: a load instead of a test for each of them. */
static const __u16 traits[EXT_OPCODES] = {
	TRAITS_OF_EIGHT(0),  TRAITS_OF_EIGHT(8),  TRAITS_OF_EIGHT(16), TRAITS_OF_EIGHT(24),
	TRAITS_OF_EIGHT(32), TRAITS_OF_EIGHT(40), TRAITS_OF_EIGHT(48), TRAITS_OF_EIGHT(56),
};

static __always_inline __u32 traits_of(__u32 opcode)
{
	return opcode < EXT_OPCODES ? traits[opcode] : CLASS_UNKNOWN;
}

static __always_inline __u32 class_of(struct extfuse_req *ctx, __u32 what)
{
	if (ext_param_atime &&
	    (what & TRAIT_READS || (what & TRAIT_ENDS && ctx->flags & EXTFUSE_F_READER)))
		return 0;
	return what & CLASS_MASK;
}

/* Does this change no more than the time of the last access, so that it will be asked for again? */
static __always_inline bool only_looks(struct extfuse_req *ctx, __u32 what)
{
	return what & TRAIT_LOOKS || (what & TRAIT_ENDS && ctx->flags & EXTFUSE_F_READER);
}

static __always_inline struct ext_inode_stripe *inode_at(__u64 nodeid)
{
	return &ext_inodes[ext_inode_index(nodeid)];
}

/* The entries of this READDIRPLUS come as events, after the reply. */
static __always_inline void walk_begin(__u64 id)
{
	volatile struct ext_walk *walk = &ext_walks[id & (EXT_WALKS - 1)];

	walk->id = 0;
	/* The draw is a barrier: who still found the slot his own drew less than this. */
	walk->number = ext_draw();
	walk->id = id;
}

/*
 * Were attributes told, and so perhaps stored, since the latest change ended? If not, that change has
 * removed the row, or an inode that shares the stripe was changed: then it waits until memory is needed.
 */
static __always_inline bool told_since_change(const struct ext_inode_stripe *inode)
{
	/* A daemon's fills tell nobody. */
	return ext_fill || ext_load(inode->told) >> EXT_TAG_BITS > ext_load(inode->last);
}

/* ---- Changes: begin at REQUEST, end at REPLY ---- */

/*
 * What ends and begins an inode, and all that was begun, is global and not
 * hidden: so it is verified once, and not for each way that leads there. No
 * inode has number 0.
 */
__noinline int ext_inode_up(__u64 nodeid, __u64 xattrs)
{
	if (!nodeid)
		return 0;
	ext_up(&inode_at(nodeid)->busy);
	if (xattrs)
		ext_up(&inode_at(nodeid)->xbusy);
	return 0;
}

/* Returns 1 if there may be a row that is dead now. */
__noinline int ext_inode_raise(__u64 nodeid, __u64 xattrs, __u64 s)
{
	struct ext_inode_stripe *inode = inode_at(nodeid);
	int row;

	if (!nodeid)
		return 0;
	row = told_since_change(inode);
	ext_raise(&inode->last, s);
	if (xattrs)
		ext_raise(&inode->xlast, s);
	return row;
}

__noinline int ext_inode_down(__u64 nodeid, __u64 xattrs)
{
	if (!nodeid)
		return 0;
	ext_down(&inode_at(nodeid)->busy);
	if (xattrs)
		ext_down(&inode_at(nodeid)->xbusy);
	return 0;
}

/* begin: nothing is drawn or raised; before the request is queued (rule 4: children included) */
static __noinline void begin(struct extfuse_req *ctx, __u32 class)
{
	__u64 cookie = EXT_C_SEEN | (__u64)(ext_generation & EXT_C_GENERATION_MASK)
					    << EXT_C_GENERATION;

	if (class & CLASS_INODE) {
		cookie |= EXT_C_INODE;
		if (class & CLASS_XATTRS)
			cookie |= EXT_C_XATTRS;
		ext_inode_up(ctx->nodeid, cookie & EXT_C_XATTRS);
		if (ctx->child[0])
			ext_inode_up(ctx->child[0], cookie & EXT_C_XATTRS);
		if (ctx->child[1])
			ext_inode_up(ctx->child[1], cookie & EXT_C_XATTRS);
	}
	if (class & CLASS_NAMES) {
		cookie |= EXT_C_NAMES;
		ext_up(&inode_at(ctx->nodeid)->nbusy);
	}
	if (class & CLASS_OTHER) {
		/* RENAME's input is the beginning of RENAME2's. */
		struct fuse_rename2_in arg;

		if (bpf_extfuse_read_args(ctx, IN_PARAM_0_VALUE, &arg, sizeof(arg)) < 0) {
			ext_count_error(ctx);
			class |= CLASS_ALL;
		} else {
			__u32 other = ext_inode_index(arg.newdir);

			cookie |= EXT_C_OTHER | EXT_C_OTHER_NAMES | (__u64)other << EXT_C_OTHER_AT;
			ext_up(&ext_inodes[other & EXT_STRIPE_MASK].busy);
			ext_up(&ext_inodes[other & EXT_STRIPE_MASK].nbusy);
		}
	}
	if (class & CLASS_ALL) {
		cookie |= EXT_C_ALL;
		ext_up(&ext_all.busy);
	}
	ctx->cookie[1] = cookie;
}

/* What else than inodes a change can have begun: most have not. */
#define MORE_BEGUN (EXT_C_BEGUN & ~(EXT_C_INODE | EXT_C_XATTRS))

/* Where a change has left dead rows of attributes, perhaps. */
#define ROW_OF_NODEID 1
#define ROW_OF_CHILD0 2
#define ROW_OF_CHILD1 4

/* Raise all that was begun: what of the cookie, to the number s. Returns a set of ROW_OF_*. */
__noinline int ext_raise_begun(__u64 what, __u64 s, __u64 nodeid, __u64 child0, __u64 child1)
{
	struct ext_inode_stripe *other = &ext_inodes[ext_c_index(what, EXT_C_OTHER_AT)];
	int rows = 0;

	if (what & EXT_C_INODE) {
		if (ext_inode_raise(nodeid, what & EXT_C_XATTRS, s))
			rows |= ROW_OF_NODEID;
		if (child0 && ext_inode_raise(child0, what & EXT_C_XATTRS, s))
			rows |= ROW_OF_CHILD0;
		if (child1 && ext_inode_raise(child1, what & EXT_C_XATTRS, s))
			rows |= ROW_OF_CHILD1;
	}
	if (!(what & MORE_BEGUN))
		return rows;
	if (what & EXT_C_NAMES)
		ext_raise(&inode_at(nodeid)->nlast, s);
	if (what & EXT_C_OTHER) {
		ext_raise(&other->last, s);
		if (what & EXT_C_XATTRS)
			ext_raise(&other->xlast, s);
	}
	if (what & EXT_C_OTHER_NAMES)
		ext_raise(&other->nlast, s);
	if (what & EXT_C_NAME0)
		ext_raise(&ext_name_stripes[ext_c_index(what, EXT_C_NAME0_AT)].last, s);
	if (what & EXT_C_NAME1)
		ext_raise(&ext_name_stripes[ext_c_index(what, EXT_C_NAME1_AT)].last, s);
	if (what & EXT_C_ALL)
		ext_raise(&ext_all.last, s);
	return rows;
}

/* Lower the counts that were begun: the last step of an end, or a begin taken back. */
__noinline int ext_lower_begun(__u64 what, __u64 nodeid, __u64 child0, __u64 child1)
{
	struct ext_inode_stripe *other = &ext_inodes[ext_c_index(what, EXT_C_OTHER_AT)];

	/* Rule 3: counts that were reset since the begin are not lowered; they would wrap. */
	if (((what >> EXT_C_GENERATION) & EXT_C_GENERATION_MASK) !=
	    (ext_generation & EXT_C_GENERATION_MASK))
		return 0;
	if (what & EXT_C_INODE) {
		ext_inode_down(nodeid, what & EXT_C_XATTRS);
		if (child0)
			ext_inode_down(child0, what & EXT_C_XATTRS);
		if (child1)
			ext_inode_down(child1, what & EXT_C_XATTRS);
	}
	if (!(what & MORE_BEGUN))
		return 0;
	if (what & EXT_C_NAMES)
		ext_down(&inode_at(nodeid)->nbusy);
	if (what & EXT_C_OTHER) {
		ext_down(&other->busy);
		if (what & EXT_C_XATTRS)
			ext_down(&other->xbusy);
	}
	if (what & EXT_C_OTHER_NAMES)
		ext_down(&other->nbusy);
	if (what & EXT_C_NAME0)
		ext_down(&ext_name_stripes[ext_c_index(what, EXT_C_NAME0_AT)].busy);
	if (what & EXT_C_NAME1)
		ext_down(&ext_name_stripes[ext_c_index(what, EXT_C_NAME1_AT)].busy);
	if (what & EXT_C_ALL)
		ext_down(&ext_all.busy);
	return 0;
}

static __always_inline int raise_begun(struct extfuse_req *ctx, __u64 what, __u64 s)
{
	return ext_raise_begun(what, s, ctx->nodeid, ctx->child[0], ctx->child[1]);
}

static __always_inline void lower_begun(struct extfuse_req *ctx, __u64 what)
{
	ext_lower_begun(what, ctx->nodeid, ctx->child[0], ctx->child[1]);
}

/*
 * end: draw, raise, lower, in this order; the draw is new. The dead row of a file that was only
 * looked at stays for the next word on it to overwrite.
 */
static __noinline void end(struct extfuse_req *ctx, __u64 what, bool looked)
{
	int rows = raise_begun(ctx, what, ext_draw());

	lower_begun(ctx, what);
	if (rows && !looked && ext_policy_remove()) {
		__u64 child0 = ctx->child[0], child1 = ctx->child[1];

		if (rows & ROW_OF_NODEID)
			ext_drop_attr(ctx->nodeid);
		if (rows & ROW_OF_CHILD0)
			ext_drop_attr(child0);
		if (rows & ROW_OF_CHILD1)
			ext_drop_attr(child1);
	}
}

/* rule 3: the request was sent before the program was attached; its reply raises and lowers nothing */
static __noinline void end_unseen(struct extfuse_req *ctx, __u32 class)
{
	__u64 what = 0;

	if (class & CLASS_INODE)
		what |= EXT_C_INODE;
	if (class & CLASS_XATTRS)
		what |= EXT_C_XATTRS;
	if (class & CLASS_NAMES)
		what |= EXT_C_NAMES;
	/* Where the other inode is known from the request alone, it may be any. */
	if (class & (CLASS_ALL | CLASS_OTHER))
		what |= EXT_C_ALL;
	raise_begun(ctx, what, ext_draw());
}

/* Take back the parts of the begin that what names, before the request is queued. */
static __noinline void take_back(struct extfuse_req *ctx, __u64 what)
{
	__u64 cookie = ctx->cookie[1];

	if (ctx->phase != EXTFUSE_REQUEST)
		return;
	lower_begun(ctx, cookie & (what | ~EXT_C_BEGUN));
	ctx->cookie[1] = cookie & ~what;
}

void ext_change_name(struct extfuse_req *ctx, const struct ext_name *name)
{
	__u64 cookie = ctx->cookie[1];
	__u64 index;

	if (ctx->phase != EXTFUSE_REQUEST || !(cookie & EXT_C_SEEN) || !name->size)
		return;
	index = ext_name_index(name->hash);
	if (!(cookie & EXT_C_NAME0))
		cookie |= EXT_C_NAME0 | index << EXT_C_NAME0_AT;
	else if (!(cookie & EXT_C_NAME1))
		cookie |= EXT_C_NAME1 | index << EXT_C_NAME1_AT;
	else
		return;
	ext_up(&ext_name_stripes[index & EXT_STRIPE_MASK].busy);
	ctx->cookie[1] = cookie;
}

void ext_change_inode(struct extfuse_req *ctx, __u64 nodeid)
{
	__u64 cookie = ctx->cookie[1];
	__u64 index = ext_inode_index(nodeid);

	if (ctx->phase != EXTFUSE_REQUEST || !(cookie & EXT_C_SEEN) || cookie & EXT_C_OTHER)
		return;
	ext_up(&ext_inodes[index & EXT_STRIPE_MASK].busy);
	if (cookie & EXT_C_XATTRS)
		ext_up(&ext_inodes[index & EXT_STRIPE_MASK].xbusy);
	ctx->cookie[1] = cookie | EXT_C_OTHER | index << EXT_C_OTHER_AT;
}

void ext_narrow_names(struct extfuse_req *ctx)
{
	take_back(ctx, EXT_C_NAMES | EXT_C_OTHER_NAMES);
}

void ext_narrow_all(struct extfuse_req *ctx)
{
	take_back(ctx, EXT_C_ALL | EXT_C_NAMES);
}

void ext_harmless(struct extfuse_req *ctx)
{
	take_back(ctx, EXT_C_BEGUN);
}

int ext_atime_relaxed(void)
{
	return ext_param_atime != 0;
}

/* ---- Outcome of a request ---- */

/* The daemon is asked: what the program returns. A success is no news where nothing has begun. */
static __always_inline int upcall(struct extfuse_req *ctx)
{
	__u64 heard = ext_idle ? ext_replies : ext_replies | HEARD;
	__u32 opcode = ctx->opcode;

	if (opcode >= EXT_OPCODES || IS(heard, opcode) ||
	    ctx->cookie[1] & (EXT_C_BEGUN | EXT_C_ANSWERED))
		return EXTFUSE_UPCALL;
	return EXTFUSE_UPCALL_QUIET;
}

int ext_hit(struct extfuse_req *ctx)
{
	struct ext_op_stats *stats = stats_get(ctx->opcode);

	if (stats) {
		stats->misses[EXT_MISS_ABSENT]--;
		stats->hits++;
	}
	/* The kernel may still refuse the answer: then REPLY takes the hit back. */
	ctx->cookie[1] |= EXT_C_ANSWERED;
	return 0;
}

int ext_negative_hit(struct extfuse_req *ctx, int error)
{
	struct ext_op_stats *stats = stats_get(ctx->opcode);

	if (stats) {
		stats->misses[EXT_MISS_ABSENT]--;
		stats->negative_hits++;
	}
	ctx->cookie[1] |= EXT_C_ANSWERED | EXT_C_NEGATIVE;
	return error;
}

int ext_miss(struct extfuse_req *ctx, __u32 reason)
{
	struct ext_op_stats *stats;

	/* The dispatcher has counted the request as a miss, absent. */
	if (reason == EXT_MISS_ABSENT || reason >= EXT_MISS_MAX || ctx->cookie[1] >> EXT_C_REASON)
		return upcall(ctx);
	stats = stats_get(ctx->opcode);
	if (stats) {
		stats->misses[EXT_MISS_ABSENT]--;
		stats->misses[reason]++;
		if (reason == EXT_MISS_ERROR)
			stats->errors++;
	}
	FRESH(ctx);
	ctx->cookie[1] |= (__u64)reason << EXT_C_REASON;
	FRESH(ctx);
	return upcall(ctx);
}

int ext_refuse(struct extfuse_req *ctx, int error)
{
	if (error >= 0 || error < -511 || ctx->opcode >= EXT_OPCODES ||
	    in(EXT_UNREFUSABLE, ctx->opcode))
		return ext_miss(ctx, EXT_MISS_ERROR);
	FRESH(ctx);
	ext_harmless(ctx);
	FRESH(ctx);
	return ext_negative_hit(ctx, error);
}

/* The kernel did not take the answer; the daemon was asked after all. */
static __always_inline void not_live(struct extfuse_req *ctx, struct ext_op_stats *stats,
				     __u64 cookie)
{
	if (stats) {
		if (cookie & EXT_C_NEGATIVE)
			stats->negative_hits--;
		else
			stats->hits--;
		stats->misses[EXT_MISS_NOT_LIVE]++;
	}
	ctx->cookie[1] = (cookie & ~(EXT_C_ANSWERED | EXT_C_NEGATIVE)) | (__u64)EXT_MISS_NOT_LIVE
										 << EXT_C_REASON;
}

/* ---- Replies ---- */

static __always_inline bool read_entry(struct extfuse_req *ctx, struct ext_scratch *scratch,
				       __u32 arg)
{
	scratch->entry_ok =
		bpf_extfuse_read_args(ctx, arg, &scratch->entry, sizeof(scratch->entry)) >= 0;
	if (!scratch->entry_ok)
		ext_count_error(ctx);
	return scratch->entry_ok;
}

/* What a reply can have told of is closed until the handler says what it was. */
static __noinline void open_told(struct extfuse_req *ctx, struct ext_scratch *scratch)
{
	struct ext_section *sec = &scratch->sec;
	int error = ctx->error;

	sec->inode = ext_inode_index(ctx->nodeid);
	sec->cookie = ctx->cookie[0];
	sec->walk = 0;
	if (in(TELLS_XATTRS, ctx->opcode)) {
		/* Any of them, until the handler says which. */
		sec->what = EXT_SEC_TOLD | EXT_SEC_XATTRS;
	} else if (ctx->opcode != FUSE_LOOKUP) {
		/* An error says that the row, if there is one, is no longer right. */
		sec->what = EXT_SEC_TOLD | EXT_SEC_INODE;
	} else if (!error) {
		if (!read_entry(ctx, scratch, OUT_PARAM_0)) {
			ext_raise(&ext_all.last, ext_draw());
			return;
		}
		sec->what = EXT_SEC_TOLD | EXT_SEC_NAMES;
		if (scratch->entry.nodeid) {
			sec->what |= EXT_SEC_CHILD;
			sec->child = ext_inode_index(scratch->entry.nodeid);
		}
	} else if (error == -ENOENT) {
		sec->what = EXT_SEC_TOLD | EXT_SEC_NAMES;
	}
	ext_section_open(sec);
}

/* A reply's word on an inode that only the reply names (A8): its row, if there is one, is older. */
static __noinline void created(struct extfuse_req *ctx, struct ext_scratch *scratch)
{
	__u64 s;

	if (!read_entry(ctx, scratch, OUT_PARAM_0)) {
		ext_raise(&ext_all.last, ext_draw());
		return;
	}
	s = ext_draw();
	ext_raise(&inode_at(scratch->entry.nodeid)->last, s);
}

static __always_inline void reply(struct extfuse_req *ctx, struct ext_scratch *scratch,
				  struct ext_op_stats *stats, __u32 opcode)
{
	__u64 cookie = ctx->cookie[1];
	__u32 what = traits_of(opcode);

	if (cookie & EXT_C_ANSWERED) {
		__u32 class = class_of(ctx, what);

		not_live(ctx, stats, cookie);
		cookie = ctx->cookie[1];
		/* ext_refuse() has taken the begin back. */
		if (class)
			end_unseen(ctx, class);
	}
	/*
	 * What only the reply names dies before the change's own stripes open:
	 * with the name answered again, the inode would be, too.
	 */
	if (what & TRAIT_CREATES && !ctx->error)
		created(ctx, scratch);
	if (cookie & EXT_C_BEGUN) {
		end(ctx, cookie, only_looks(ctx, what));
		if (stats)
			stats->invalidations++;
	} else if (!(cookie & EXT_C_SEEN)) {
		__u32 class = class_of(ctx, what);

		if (class)
			end_unseen(ctx, class);
	}
	/* An ESTALE reply is a change: the nodeid is not what it was. */
	if (ctx->error == -ESTALE) {
		__u64 s = ext_draw();

		ext_raise(&inode_at(ctx->nodeid)->last, s);
		ext_raise(&inode_at(ctx->nodeid)->nlast, s);
		ext_raise(&inode_at(ctx->nodeid)->xlast, s);
	}
	if (opcode == FUSE_READDIRPLUS && !ctx->error && cookie & EXT_C_SEEN)
		walk_begin(ctx->cookie[0]);
	if (what & TRAIT_TELLS && ext_policy_active())
		open_told(ctx, scratch);
}

/* The request was not sent and comes again: it counts once, and what was begun is taken back. */
static __noinline void withdrawn(struct extfuse_req *ctx, struct ext_op_stats *stats)
{
	__u64 cookie = ctx->cookie[1];
	__u32 reason = cookie >> EXT_C_REASON;

	if (cookie & EXT_C_BEGUN)
		lower_begun(ctx, cookie);
	if (!stats)
		return;
	stats->requests--;
	if (cookie & EXT_C_NEGATIVE)
		stats->negative_hits--;
	else if (cookie & EXT_C_ANSWERED)
		stats->hits--;
	else if (reason < EXT_MISS_MAX)
		stats->misses[reason]--;
}

/* ---- Events ---- */

/* linux/stat.h */
#define STATX_ATIME 0x20U
#define STATX_BLOCKS 0x400U

/*
 * What the driver is not to show. A row is what the daemon said, so it stays where the driver
 * distrusts its own copy alone: STATX_ATIME comes after each read, of which the daemon knows by a
 * READ, READDIR or READLINK, judged as the request that it is, or not at all. An inode that is read
 * without the daemon is not answered for, and loses its row with its backing file. STATX_BLOCKS
 * comes after a FLUSH with write-back, which is judged likewise.
 */
static __always_inline void say_what_is_unwanted(struct extfuse_req *ctx)
{
	if (ext_idle)
		ctx->cookie[0] = ~ext_events;
	else
		ctx->cookie[1] = STATX_ATIME | STATX_BLOCKS;
}

static __noinline void event(struct extfuse_req *ctx, struct ext_scratch *scratch)
{
	struct ext_section *sec = &scratch->sec;
	__u64 child = ctx->child[0];
	__u32 what = EXT_SEC_INODE;
	__u32 minor;
	__u64 s;

	if (ctx->opcode == EXTFUSE_EV_ATTACH) {
		if (bpf_extfuse_read_args(ctx, IN_PARAM_0_VALUE, &minor, sizeof(minor)) >= 0)
			ext_attached = minor + 1;
		FRESH(ctx);
		say_what_is_unwanted(ctx);
		/* Rows of an earlier connection name other inodes. */
		ext_raise(&ext_all.last, ext_draw());
		return;
	}
	if (ext_idle)
		return;
	switch (ctx->opcode) {
	case EXTFUSE_EV_FORGET:
		/* FORGET raises `forgotten` alone and begins nothing; it is not queued yet */
		s = ext_draw();
		ext_raise(&inode_at(ctx->nodeid)->forgotten, s);
		ext_policy_forget(ctx->nodeid, s);
		return;
	case EXTFUSE_EV_DIRENTPLUS:
		if (!ext_policy_active())
			return;
		what = EXT_SEC_CHILD | EXT_SEC_NAMES;
		if (read_entry(ctx, scratch, IN_PARAM_0_VALUE))
			what |= EXT_SEC_TOLD;
		break;
	/* What adds an extended attribute makes a request of its own. */
	case EXTFUSE_EV_INVAL_ATTR:
	case EXTFUSE_EV_STORE:
	case EXTFUSE_EV_BACKING:
		break;
	case EXTFUSE_EV_INVAL_INODE:
		what |= EXT_SEC_XATTRS;
		break;
	default:
		what |= EXT_SEC_NAMES | EXT_SEC_XATTRS;
	}
	if (child)
		what |= EXT_SEC_CHILD;
	sec->inode = ext_inode_index(ctx->nodeid);
	sec->child = ext_inode_index(child);
	/* rule 7: an entry carries its request's number as its stamp */
	sec->cookie = ctx->cookie[0];
	sec->walk = what & EXT_SEC_TOLD ? 1 : 0;
	sec->what = what;
	ext_section_open(sec);
}

void ext_event_name(struct extfuse_req *ctx, const struct ext_name *name)
{
	struct ext_scratch *scratch = scratch_get();

	if (scratch)
		ext_section_name(&scratch->sec, name);
}

int ext_event_changed(struct extfuse_req *ctx)
{
	struct ext_scratch *scratch = scratch_get();
	struct ext_op_stats *stats = stats_get(0);
	bool row = told_since_change(inode_at(ctx->nodeid));

	if (scratch && scratch->sec.what)
		ext_section_close(&scratch->sec, 0);
	if (stats)
		stats->invalidations++;
	if (row && ext_policy_remove())
		ext_drop_attr(ctx->nodeid);
	return 0;
}

int ext_event_ignore(void)
{
	return ext_told_nothing();
}

/* ---- Entry ---- */

/* A request or its reply where nothing is kept: it is counted, and a handler of an author's called. */
static __always_inline int dispatch_idle(struct extfuse_req *ctx, __u32 opcode)
{
	__u32 slot = opcode;

	if (ctx->phase == EXTFUSE_REQUEST) {
		struct ext_op_stats *stats = stats_get(opcode);

		if (stats) {
			stats->requests++;
			stats->misses[EXT_MISS_ABSENT]++;
		}
		if (ext_idle == EXT_COUNTS_ALONE)
			return EXTFUSE_UPCALL_QUIET;
		ctx->cookie[1] = EXT_C_SEEN;
	} else {
		if (ctx->error == EXTFUSE_WITHDRAWN) {
			withdrawn(ctx, stats_get(opcode));
			return -ENOSYS;
		}
		if (ext_idle == EXT_COUNTS_ALONE)
			return -ENOSYS;
		if (ctx->cookie[1] & EXT_C_ANSWERED)
			not_live(ctx, stats_get(opcode), ctx->cookie[1]);
		slot += EXT_SLOT_REPLY;
	}
	if (opcode < EXT_OPCODES)
		bpf_tail_call(ctx, &ext_progs, slot);
	return upcall(ctx);
}

SEC("extfuse")
int ext_dispatch(struct extfuse_req *ctx)
{
	struct ext_scratch *scratch;
	struct ext_op_stats *stats;
	__u32 opcode = ctx->opcode;
	__u32 phase = ctx->phase;
	__u32 slot = opcode;

	if (ext_idle && phase != EXTFUSE_EVENT)
		return dispatch_idle(ctx, opcode);
	scratch = scratch_get();
	/* Cannot fail: per-CPU arrays have an element 0. The verifier does not know. */
	if (!scratch)
		return -ENOSYS;
	/* A handler left a section open: what it held closed dies, and opens. */
	if (scratch->sec.what)
		ext_section_close(&scratch->sec, 0);

	if (phase == EXTFUSE_EVENT) {
		event(ctx, scratch);
		slot += EXT_SLOT_EVENT;
	} else {
		stats = stats_get(opcode);
		if (phase == EXTFUSE_REQUEST) {
			__u32 class = class_of(ctx, traits_of(opcode));

			if (stats) {
				stats->requests++;
				stats->misses[EXT_MISS_ABSENT]++;
			}
			/* fill, REQUEST: the number is noted before the hit is tried */
			ctx->cookie[0] =
				opcode == FUSE_READDIRPLUS ? ext_draw() : ext_load(ext_seq);
			if (class)
				begin(ctx, class);
			else
				ctx->cookie[1] = EXT_C_SEEN;
		} else if (ctx->error == EXTFUSE_WITHDRAWN) {
			withdrawn(ctx, stats);
			return -ENOSYS;
		} else {
			reply(ctx, scratch, stats, opcode);
			slot += EXT_SLOT_REPLY;
		}
	}

	if (opcode < EXT_OPCODES)
		bpf_tail_call(ctx, &ext_progs, slot);

	/* No handler. */
	if (scratch->sec.what)
		ext_section_close(&scratch->sec, 0);
	return upcall(ctx);
}
