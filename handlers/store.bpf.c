// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.bpf.c - rows, stripes and the daemon's fills
 *
 * A name row says (parent, name) -> nodeid, generation or "does not exist", an
 * attribute row nodeid -> attributes; an answer to LOOKUP needs both. A row of an
 * extended attribute says (nodeid, name) -> value or "does not exist". Rows are
 * stamped with the global sequence as of the request that they came from, and
 * answer only while nothing newer happened to what they name
 * (protocol/README.md). Nothing here looks at a clock: policies do.
 */
#include "../policies/policy.h"
#include "coherence.h"

EXT_LICENSE;

EXT_PARAM(count, max_entries, 65536, "rows of each kind that the cache has room for");

/* Set by the library before load. */
EXT_KNOB char ext_policy_name[64] = {};
EXT_KNOB __u32 ext_fill = 0;
EXT_KNOB __u32 ext_one_nodeid = 0;

/* 0: nothing is answered. Read by every hit, written at attach and detach only. */
__u64 ext_epoch __attribute__((aligned(64))) = 0;
__u32 ext_attached = 0;
/* Raised by whoever sets the busy counts to zero, so that older requests do not lower them. */
__u32 ext_generation = 0;
/* The global sequence; on a line of its own, since every change writes it. */
__u64 ext_seq __attribute__((aligned(64))) = 0;
struct ext_all_stripe ext_all = {};
struct ext_inode_stripe ext_inodes[EXT_STRIPES] = {};
struct ext_name_stripe ext_name_stripes[EXT_STRIPES] = {};
struct ext_walk ext_walks[EXT_WALKS] = {};

/* ---- Rows ---- */

struct ext_row_head {
	__u64 sum; /* rule 8: over the requested key, epoch, stamp, mark and payload */
	__u64 stamp;
	__u64 mark;  /* the policy's */
	__u64 valid; /* nanoseconds that the daemon granted */
	__u64 born;  /* tells this row from an earlier one with its key */
};

#define ATTR_WORDS (sizeof(struct fuse_attr) / 8)
#define LONG_WORDS (EXT_NAME_LONG / 8)

struct ext_attr_row {
	struct ext_row_head head;
	__u64 attr[ATTR_WORDS];
};

struct ext_name_row {
	struct ext_row_head head;
	__u64 nodeid;
	__u64 generation;
	__u64 parent;
	__u64 text[EXT_NAME_WORDS];
};

struct ext_long_row {
	struct ext_row_head head;
	__u64 nodeid;
	__u64 generation;
	__u64 parent;
	__u64 text[LONG_WORDS];
};

#define XATTR_WORDS (EXT_XATTR_MAX / 8)

struct ext_xattr_row {
	struct ext_row_head head;
	__u64 size; /* of the value, or NO_XATTR */
	__u64 nodeid;
	__u64 text[EXT_NAME_WORDS];
	__u64 value[XATTR_WORDS];
};

#define NO_XATTR (~0ULL)

/*
 * Names are found by their hash, over parent and text, and compared: hashing
 * all of it once more, in the map, is what a hit would spend most on. Of two
 * names with one hash the later one stays.
 */

_Static_assert(sizeof(struct ext_long_row) <= EXT_ROW_WORDS * 8, "a row fits into the scratch");
/* Memory of an element: key and value, 56 bytes of the hash table's, 16 each of bucket and ring. */
_Static_assert(sizeof(struct ext_attr_row) + 8 + 56 + 16 + 16 <= 256, "attribute rows stay small");
_Static_assert(sizeof(struct ext_name_row) + 8 + 56 + 16 + 24 <= 320, "name rows stay small");

#define ROW_MAX 65536

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROW_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ext_attr_row);
} ext_attrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROW_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ext_name_row);
} ext_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROW_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ext_long_row);
} ext_names_long SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROW_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct ext_xattr_row);
} ext_xattrs SEC(".maps");

/*
 * Keys in the order of their insertion, for reclaim. A key whose row is gone or
 * was born anew is dropped when it comes up.
 */
struct ext_attr_slot {
	__u64 nodeid;
	__u64 born;
};

struct ext_name_slot {
	__u64 parent;
	__u64 hash;
	__u64 born;
};

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, ROW_MAX);
	__type(value, struct ext_attr_slot);
} ext_rings_attr SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, ROW_MAX);
	__type(value, struct ext_name_slot);
} ext_rings_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, ROW_MAX);
	__type(value, struct ext_name_slot);
} ext_rings_long SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, ROW_MAX);
	__type(value, struct ext_name_slot);
} ext_rings_xattr SEC(".maps");

/* ---- Statistics ---- */

/* Statistics of the request or event; index 0 is for what no request caused. */
static __always_inline struct ext_op_stats *stats_of(struct extfuse_req *ctx)
{
	if (ctx->phase != EXTFUSE_EVENT)
		return ext_stats_get(ctx->opcode);
	return ext_stats_get(ctx->opcode == EXTFUSE_EV_DIRENTPLUS ? FUSE_READDIRPLUS : 0);
}

void ext_count_error(struct extfuse_req *ctx)
{
	struct ext_op_stats *stats = stats_of(ctx);

	if (stats)
		stats->errors++;
}

__u64 ext_draw(void)
{
	__u64 s = __sync_fetch_and_add(&ext_seq, 1) + 1;

	ext_consume(s);
	return s;
}

__noinline __u64 ext_max_exchange(__u64 *p, __u64 s)
{
	__u64 old;

	/* The verifier knows nothing of the callers. */
	if (!p)
		return 0;
	old = ext_load(*p);
#pragma clang loop unroll(disable)
	for (int i = 0; i < EXT_RAISE_TRIES; i++) {
		__u64 seen;

		if (old >= s)
			return old;
		seen = __sync_val_compare_and_swap(p, old, s);
		if (seen == old)
			return old;
		old = seen;
	}
	return ~0ULL;
}

/* 1 if old tells of more than the asker knew, and not of his own walk. Verified once, not in each turn. */
__noinline int ext_overtaken(__u64 old, __u64 cookie, __u64 own)
{
	__u64 tag = own & EXT_TAG_MASK;

	if (old >> EXT_TAG_BITS <= cookie)
		return 0;
	return !tag || (old & EXT_TAG_MASK) != tag || old >> EXT_TAG_BITS <= own >> EXT_TAG_BITS;
}

__noinline int ext_tell(__u64 *told, __u64 s, __u64 cookie, __u64 own)
{
	__u64 tag = own & EXT_TAG_MASK;
	__u64 old;

	if (!told)
		return 1;
	old = ext_load(*told);
#pragma clang loop unroll(disable)
	for (int i = 0; i < EXT_RAISE_TRIES; i++) {
		__u64 overtaken, seen;

		if (old >> EXT_TAG_BITS >= s)
			return 1;
		overtaken = ext_overtaken(old, cookie, own);
		/* Without a branch, which would double what the verifier walks. */
		seen = __sync_val_compare_and_swap(told, old,
						   s << EXT_TAG_BITS | (tag & (overtaken - 1)));
		if (seen == old)
			return overtaken;
		old = seen;
	}
	return 1;
}

/* ---- Names ---- */

int ext_name_load(struct extfuse_req *ctx, __u32 arg, __u32 size, struct ext_name *name)
{
	struct ext_scratch *scratch;
	__u64 hash;
	long err;

	name->size = size;
	name->hash = 0;
	if (size <= 1 || size > EXT_NAME_LONG)
		return -ENAMETOOLONG;

	if (size <= EXT_NAME_SHORT) {
		/* The kernel zeroes what the name does not fill, so it need not be much. */
		name->text[2] = 0;
		name->text[3] = 0;
		if (size <= 16)
			err = bpf_extfuse_read_args(ctx, arg, name->text, 16);
		else
			err = bpf_extfuse_read_args(ctx, arg, name->text, EXT_NAME_SHORT);
		if (err < 0)
			return -EINVAL;
		if (name->text[0] == '.' || name->text[0] == ('.' | '.' << 8))
			name->size = 0;
		hash = ext_mix(EXT_NAME_SHORT, name->parent);
#pragma unroll
		for (int i = 0; i < EXT_NAME_WORDS; i++)
			hash = ext_mix(hash, name->text[i]);
		name->hash = ext_fold(hash);
		return 0;
	}

	scratch = ext_scratch_get();
	if (!scratch)
		return -ENOMEM;
	if (bpf_extfuse_read_args(ctx, arg, scratch->names[name->slot & 1], EXT_NAME_LONG) < 0)
		return -EINVAL;
	hash = ext_mix(EXT_NAME_LONG, name->parent);
#pragma clang loop unroll(disable)
	for (int i = 0; i < LONG_WORDS; i++)
		hash = ext_mix(hash, scratch->names[name->slot & 1][i]);
	name->hash = ext_fold(hash);
	return 0;
}

/* The hash of an empty name, which no attribute has. */
static __always_inline __u64 list_hash(__u64 nodeid)
{
	__u64 hash = ext_mix(EXT_NAME_SHORT, nodeid);

#pragma unroll
	for (int i = 0; i < EXT_NAME_WORDS; i++)
		hash = ext_mix(hash, 0);
	return ext_fold(hash);
}

void ext_name_of_list(__u64 nodeid, struct ext_name *name)
{
	name->parent = nodeid;
	name->hash = list_hash(nodeid);
	name->size = 1;
	name->slot = 0;
#pragma unroll
	for (int i = 0; i < EXT_NAME_WORDS; i++)
		name->text[i] = 0;
}

/* ---- Hits: copy, busy, last; then answer from the copy ---- */

int ext_caching(void)
{
	return ext_policy_active();
}

/* A row's words go to registers and to the private copy at once, and into the sum. */
static __always_inline __u64 take(const __u64 *word, __u64 *sum)
{
	__u64 value = ext_load(*word);

	*sum = ext_mix(*sum, value);
	return value;
}

/*
 * Rows of another epoch were kept by other programs: they do not match. A hit
 * asks for those of the epoch that it found open, even if it is closed meanwhile.
 */
static __always_inline __u64 seed(__u64 key, __u64 epoch)
{
	return ext_mix(key, epoch);
}

static __always_inline bool copy_head(const struct ext_row_head *row, struct ext_row_head *head,
				      __u64 *sum)
{
	head->sum = ext_load(row->sum);
	head->stamp = take(&row->stamp, sum);
	head->mark = take(&row->mark, sum);
	head->valid = take(&row->valid, sum);
	return true;
}

/* Copy the row of nodeid; false: absent. *torn if the copy is no row of nodeid. */
static __always_inline bool copy_attr(__u64 nodeid, __u64 epoch, struct ext_row_head *head,
				      __u64 *attr, bool *torn)
{
	const struct ext_attr_row *row = bpf_map_lookup_elem(&ext_attrs, &nodeid);
	__u64 sum = seed(nodeid, epoch);

	if (!row)
		return false;
	copy_head(&row->head, head, &sum);
#pragma unroll
	for (int i = 0; i < (int)ATTR_WORDS; i++)
		attr[i] = take(&row->attr[i], &sum);
	*torn = sum != head->sum;
	return true;
}

/* Rows of short and long names begin alike. */
static __always_inline struct ext_name_row *find_name(const struct ext_name *name)
{
	if (name->size <= EXT_NAME_SHORT)
		return bpf_map_lookup_elem(&ext_names, &name->hash);
	return bpf_map_lookup_elem(&ext_names_long, &name->hash);
}

static __noinline bool long_differs(const struct ext_name *name)
{
	const struct ext_long_row *row = bpf_map_lookup_elem(&ext_names_long, &name->hash);
	struct ext_scratch *scratch = ext_scratch_get();
	__u64 differs = 0;

	if (!row || !scratch)
		return true;
#pragma clang loop unroll(disable)
	for (int i = 0; i < LONG_WORDS; i++)
		differs |= ext_load(row->text[i]) ^ scratch->names[name->slot & 1][i];
	return differs;
}

/*
 * As copy_attr(). The name itself is part of the requested key: the hash is in
 * the sum, and the text is compared unless only the hash is known.
 */
static __always_inline bool copy_name(const struct ext_name *name, __u64 epoch,
				      struct ext_row_head *head, __u64 *nodeid, __u64 *generation,
				      bool *torn, bool compare)
{
	const struct ext_name_row *row = find_name(name);
	__u64 sum = seed(name->hash, epoch);
	__u64 differs;

	if (!row)
		return false;
	copy_head(&row->head, head, &sum);
	*nodeid = take(&row->nodeid, &sum);
	*generation = take(&row->generation, &sum);
	differs = ext_load(row->parent) ^ name->parent;
	if (compare && name->size <= EXT_NAME_SHORT) {
#pragma unroll
		for (int i = 0; i < EXT_NAME_WORDS; i++)
			differs |= ext_load(row->text[i]) ^ name->text[i];
	} else if (compare) {
		differs |= long_differs(name);
	}
	*torn = sum != head->sum || differs;
	return true;
}

/* Seconds and nanoseconds of what the daemon granted, at most left, in an output's fields. */
#define VALIDITY(out, what, granted, left) \
	do { \
		__u64 valid_ = (granted) < (left) ? (granted) : (left); \
\
		(out)->what = 0; \
		(out)->what##_nsec = 0; \
		if (valid_) { \
			(out)->what = valid_ / 1000000000; \
			(out)->what##_nsec = valid_ % 1000000000; \
		} \
	} while (0)

static __always_inline int get_attr(__u64 nodeid, struct fuse_attr_out *out)
{
	const struct ext_inode_stripe *inode = &ext_inodes[ext_inode_index(nodeid)];
	__u64 epoch = ext_load(ext_epoch);
	struct ext_row_head head;
	__u64 left, now = 0;
	bool torn;

	if (!epoch || !copy_attr(nodeid, epoch, &head, (__u64 *)&out->attr, &torn))
		return EXT_MISS_ABSENT;
	if (torn)
		return EXT_MISS_TORN;
	/* hit, attr: copy | fence | busy | fence | last and forgotten */
	ext_fence();
	if (ext_load(inode->busy) | ext_load(ext_all.busy))
		return EXT_MISS_STALE;
	ext_fence();
	if (head.stamp < ext_load(inode->last) || head.stamp < ext_load(inode->forgotten) ||
	    head.stamp < ext_load(ext_all.last))
		return EXT_MISS_STALE;
	left = ext_policy_fresh(EXT_KIND_ATTR, head.mark, &now);
	if (!left)
		return EXT_MISS_EXPIRED;
	VALIDITY(out, attr_valid, head.valid, left);
	out->dummy = 0;
	return EXT_FOUND;
}

int ext_get_attr(__u64 nodeid, struct fuse_attr_out *out)
{
	return get_attr(nodeid, out);
}

/* The name row's part of a check: nothing it covers is busy. */
static __always_inline bool name_busy(const struct ext_name_stripe *stripe,
				      const struct ext_inode_stripe *parent)
{
	return ext_load(stripe->busy) | ext_load(parent->nbusy) | ext_load(ext_all.busy);
}

/* And nothing it covers is newer. */
static __always_inline bool name_stale(__u64 stamp, const struct ext_name_stripe *stripe,
				       const struct ext_inode_stripe *parent)
{
	return stamp < ext_load(stripe->last) || stamp < ext_load(parent->forgotten) ||
	       stamp < ext_load(parent->nlast) || stamp < ext_load(ext_all.last);
}

int ext_get_entry(const struct ext_name *name, struct fuse_entry_out *out)
{
	const struct ext_inode_stripe *parent = &ext_inodes[ext_inode_index(name->parent)];
	const struct ext_name_stripe *stripe = &ext_name_stripes[ext_name_index(name->hash)];
	__u64 epoch = ext_load(ext_epoch);
	const struct ext_inode_stripe *inode;
	struct ext_row_head head, attr;
	bool torn, attr_torn;
	__u64 left, now = 0;

	if (!epoch || !copy_name(name, epoch, &head, (__u64 *)&out->nodeid,
				 (__u64 *)&out->generation, &torn, true))
		return EXT_MISS_ABSENT;
	if (torn)
		return EXT_MISS_TORN;

	if (!out->nodeid) {
		ext_fence();
		if (name_busy(stripe, parent))
			return EXT_MISS_STALE;
		ext_fence();
		if (name_stale(head.stamp, stripe, parent))
			return EXT_MISS_STALE;
		left = ext_policy_fresh(EXT_KIND_NEGATIVE, head.mark, &now);
		if (!left)
			return EXT_MISS_EXPIRED;
		VALIDITY(out, entry_valid, head.valid, left);
		out->attr_valid = 0;
		out->attr_valid_nsec = 0;
		__builtin_memset(&out->attr, 0, sizeof(out->attr));
		return EXT_NEGATIVE;
	}

	/* hit, name: both rows are copied before either is checked: one snapshot */
	if (!copy_attr(out->nodeid, epoch, &attr, (__u64 *)&out->attr, &attr_torn))
		return EXT_MISS_ABSENT;
	if (attr_torn)
		return EXT_MISS_TORN;
	inode = &ext_inodes[ext_inode_index(out->nodeid)];
	ext_fence();
	if (name_busy(stripe, parent) || ext_load(inode->busy))
		return EXT_MISS_STALE;
	ext_fence();
	/* rule 1: `forgotten` of every nodeid that a row names */
	if (name_stale(head.stamp, stripe, parent) || head.stamp < ext_load(inode->forgotten) ||
	    attr.stamp < ext_load(inode->last) || attr.stamp < ext_load(inode->forgotten) ||
	    attr.stamp < ext_load(ext_all.last))
		return EXT_MISS_STALE;

	left = ext_policy_fresh(EXT_KIND_ENTRY, head.mark, &now);
	if (!left)
		return EXT_MISS_EXPIRED;
	VALIDITY(out, entry_valid, head.valid, left);
	left = ext_policy_fresh(EXT_KIND_ATTR, attr.mark, &now);
	if (!left)
		return EXT_MISS_EXPIRED;
	VALIDITY(out, attr_valid, attr.valid, left);
	return EXT_FOUND;
}

/* May this name's row still answer, whatever its child's attributes? */
static __always_inline bool name_alive(const struct ext_name *name)
{
	const struct ext_inode_stripe *parent = &ext_inodes[ext_inode_index(name->parent)];
	const struct ext_name_stripe *stripe = &ext_name_stripes[ext_name_index(name->hash)];
	__u64 nodeid, generation, now = 0;
	struct ext_row_head head;
	bool torn;

	if (!copy_name(name, ext_load(ext_epoch), &head, &nodeid, &generation, &torn, false) ||
	    torn || name_busy(stripe, parent) || name_stale(head.stamp, stripe, parent))
		return false;
	if (!nodeid)
		return ext_policy_fresh(EXT_KIND_NEGATIVE, head.mark, &now);
	return head.stamp >= ext_load(ext_inodes[ext_inode_index(nodeid)].forgotten) &&
	       ext_policy_fresh(EXT_KIND_ENTRY, head.mark, &now);
}

/* Copy the row of an extended attribute, as copy_attr(). */
static __always_inline bool copy_xattr(const struct ext_name *name, __u64 epoch,
				       struct ext_row_head *head, __u64 *size, __u64 *value,
				       bool *torn)
{
	const struct ext_xattr_row *row = bpf_map_lookup_elem(&ext_xattrs, &name->hash);
	__u64 sum = seed(name->hash, epoch);
	__u64 differs;

	if (!row)
		return false;
	copy_head(&row->head, head, &sum);
	*size = take(&row->size, &sum);
	differs = ext_load(row->nodeid) ^ name->parent;
#pragma unroll
	for (int i = 0; i < EXT_NAME_WORDS; i++)
		differs |= ext_load(row->text[i]) ^ name->text[i];
#pragma unroll
	for (int i = 0; i < XATTR_WORDS; i++)
		value[i] = take(&row->value[i], &sum);
	*torn = sum != head->sum || differs;
	return true;
}

/*
 * Values cover every change to their inode. That an attribute does not exist
 * covers only the changes that may add one: it is what the kernel asks before
 * each write, and a write does not change it.
 */
static __noinline int check_xattr(const struct ext_name *name, __u64 stamp, bool none)
{
	const struct ext_inode_stripe *inode = &ext_inodes[ext_inode_index(name->parent)];
	const struct ext_name_stripe *stripe = &ext_name_stripes[ext_name_index(name->hash)];
	__u64 list = list_hash(name->parent);

	ext_fence();
	if (ext_load(stripe->busy) | ext_load(inode->xbusy) | ext_load(ext_all.busy))
		return EXT_MISS_STALE;
	if (!none && ext_load(inode->busy))
		return EXT_MISS_STALE;
	ext_fence();
	if (stamp < ext_load(stripe->last) || stamp < ext_load(inode->xlast) ||
	    stamp < ext_load(inode->forgotten) || stamp < ext_load(ext_all.last))
		return EXT_MISS_STALE;
	if (!none && stamp < ext_load(inode->last))
		return EXT_MISS_STALE;
	if (name->hash != list && stamp < ext_load(ext_name_stripes[ext_name_index(list)].listed))
		return EXT_MISS_STALE;
	return EXT_FOUND;
}

int ext_get_xattr(const struct ext_name *name, struct ext_xattr *out)
{
	__u64 epoch = ext_load(ext_epoch);
	struct ext_row_head head;
	__u64 size, now = 0;
	bool torn, none;
	int found;

	if (!epoch || name->size > EXT_NAME_SHORT ||
	    !copy_xattr(name, epoch, &head, &size, out->value, &torn))
		return EXT_MISS_ABSENT;
	none = size == NO_XATTR;
	if (torn || (!none && size > EXT_XATTR_MAX))
		return EXT_MISS_TORN;
	/* hit, extended attribute: copy | fence | busy | fence | last and forgotten */
	found = check_xattr(name, head.stamp, none);
	if (found != EXT_FOUND)
		return found;
	if (!ext_policy_fresh(none ? EXT_KIND_NO_XATTR : EXT_KIND_XATTR, head.mark, &now))
		return EXT_MISS_EXPIRED;
	out->size = none ? 0 : size;
	out->reserved = 0;
	return none ? EXT_NEGATIVE : EXT_FOUND;
}

/* ---- Stores ---- */

/* Rows looked at by one insertion into a full map. */
#define RECLAIM 16

/*
 * What the loops below call, and they themselves, are global and not hidden: so
 * they are verified once, and not for each row that may be looked at.
 */
enum ext_room { NO_ROOM, ROOM, ROOM_MADE };

__noinline int ext_attr_alive(__u64 nodeid)
{
	struct fuse_attr_out out;

	return get_attr(nodeid, &out) < 0;
}

__noinline int ext_short_alive(__u64 parent, __u64 hash)
{
	struct ext_name name = { .parent = parent, .hash = hash, .size = EXT_NAME_SHORT };

	return name_alive(&name);
}

__noinline int ext_long_alive(__u64 parent, __u64 hash)
{
	struct ext_name name = { .parent = parent, .hash = hash, .size = EXT_NAME_LONG };

	return name_alive(&name);
}

__noinline int ext_xattr_alive(__u64 nodeid, __u64 hash)
{
	const struct ext_xattr_row *row = bpf_map_lookup_elem(&ext_xattrs, &hash);
	struct ext_name name;
	__u64 now = 0;
	bool none;

	if (!row)
		return 0;
	name.parent = nodeid;
	name.hash = hash;
	none = ext_load(row->size) == NO_XATTR;
	return check_xattr(&name, ext_load(row->head.stamp), none) == EXT_FOUND &&
	       ext_policy_fresh(none ? EXT_KIND_NO_XATTR : EXT_KIND_XATTR, ext_load(row->head.mark),
				&now);
}

__noinline int ext_reclaim_attr(void)
{
	struct ext_attr_slot slot;
	int room = NO_ROOM;

#pragma clang loop unroll(disable)
	for (int i = 0; i < RECLAIM; i++) {
		struct ext_attr_row *row;

		if (bpf_map_pop_elem(&ext_rings_attr, &slot))
			break;
		row = bpf_map_lookup_elem(&ext_attrs, &slot.nodeid);
		if (!row || row->head.born != slot.born) {
			room = ROOM;
			continue;
		}
		if (!ext_attr_alive(slot.nodeid))
			return bpf_map_delete_elem(&ext_attrs, &slot.nodeid) ? ROOM : ROOM_MADE;
		bpf_map_push_elem(&ext_rings_attr, &slot, BPF_ANY);
	}
	return room;
}

/* The rows that are found by the hash of an inode and a name differ in their maps. */
#define RECLAIM_HASHED(function, map, ring, alive) \
	__noinline int function(void) \
	{ \
		struct ext_name_slot slot; \
		int room = NO_ROOM; \
\
		_Pragma("clang loop unroll(disable)") for (int i = 0; i < RECLAIM; i++) \
		{ \
			const struct ext_row_head *head; \
\
			if (bpf_map_pop_elem(&(ring), &slot)) \
				break; \
			head = bpf_map_lookup_elem(&(map), &slot.hash); \
			if (!head || head->born != slot.born) { \
				room = ROOM; \
				continue; \
			} \
			if (!alive(slot.parent, slot.hash)) \
				return bpf_map_delete_elem(&(map), &slot.hash) ? ROOM : ROOM_MADE; \
			bpf_map_push_elem(&(ring), &slot, BPF_ANY); \
		} \
		return room; \
	}

RECLAIM_HASHED(ext_reclaim_name, ext_names, ext_rings_name, ext_short_alive)
RECLAIM_HASHED(ext_reclaim_long, ext_names_long, ext_rings_long, ext_long_alive)
RECLAIM_HASHED(ext_reclaim_xattr, ext_xattrs, ext_rings_xattr, ext_xattr_alive)

/* EXT_SHAPE_OWN: the policy says which row goes. What it lists may have gone by itself. */
#define MAKE_ROOM(function, map, table) \
	__noinline int function(void) \
	{ \
		struct ext_victim victim; \
\
		_Pragma("clang loop unroll(disable)") for (int i = 0; i < RECLAIM; i++) \
		{ \
			const struct ext_row_head *head; \
\
			victim.key = 0; \
			victim.born = 0; \
			if (!ext_policy_victim(table, &victim)) \
				break; \
			head = bpf_map_lookup_elem(&(map), &victim.key); \
			if (head && head->born == victim.born && \
			    !bpf_map_delete_elem(&(map), &victim.key)) \
				return ROOM_MADE; \
		} \
		return NO_ROOM; \
	}

MAKE_ROOM(ext_make_room_attr, ext_attrs, EXT_TABLE_ATTRS)
MAKE_ROOM(ext_make_room_name, ext_names, EXT_TABLE_NAMES)
MAKE_ROOM(ext_make_room_long, ext_names_long, EXT_TABLE_LONG_NAMES)
MAKE_ROOM(ext_make_room_xattr, ext_xattrs, EXT_TABLE_XATTRS)

/* Is there room now? Counts the row that went for it. */
static __always_inline bool counted(int room, __u64 *rows)
{
	if (room == ROOM_MADE)
		(*rows)++;
	return room != NO_ROOM;
}

/*
 * Insert the row in the scratch under key, with one attempt to make room, and
 * list the key in its ring, or with the policy. The kinds of row differ in their
 * maps only.
 */
#define INSERT(map, key, row, ring, ring_slot, reclaim, make_room, what, stats, err) \
	do { \
		__u32 shape_ = ext_policy_shape(); \
\
		(err) = bpf_map_update_elem(&(map), (key), (row), BPF_NOEXIST); \
		if ((err) == -E2BIG && shape_ == EXT_SHAPE_HASH && \
		    counted(reclaim(), &(stats)->reclaims)) \
			(err) = bpf_map_update_elem(&(map), (key), (row), BPF_NOEXIST); \
		if ((err) == -E2BIG && shape_ == EXT_SHAPE_OWN && \
		    counted(make_room(), &(stats)->evictions)) \
			(err) = bpf_map_update_elem(&(map), (key), (row), BPF_NOEXIST); \
		if ((err)) \
			break; \
		(stats)->inserts++; \
		if (shape_ == EXT_SHAPE_LRU) \
			break; \
		if (shape_ == EXT_SHAPE_OWN && ext_policy_list(what)) \
			break; \
		if (shape_ == EXT_SHAPE_HASH && !bpf_map_push_elem(&(ring), (ring_slot), BPF_ANY)) \
			break; \
		if (shape_ == EXT_SHAPE_HASH && counted(reclaim(), &(stats)->reclaims) && \
		    !bpf_map_push_elem(&(ring), (ring_slot), BPF_ANY)) \
			break; \
		/* The list is full of rows that went by themselves. */ \
		if (shape_ == EXT_SHAPE_OWN) { \
			counted(make_room(), &(stats)->evictions); \
			if (ext_policy_list(what)) \
				break; \
		} \
		/* What nobody lists could never be reclaimed. */ \
		if (!bpf_map_delete_elem(&(map), (key))) \
			(stats)->reclaims++; \
		(err) = -E2BIG; \
	} while (0)

/* The request that could not be stored is one that missed for want of room. */
static __noinline void count_refused(struct extfuse_req *ctx, struct ext_op_stats *stats, long err)
{
	__u64 cookie = ctx->cookie[1];
	__u32 reason = (cookie >> EXT_C_REASON) & 7;

	if (err == -EEXIST)
		return;
	if (err != -E2BIG || ctx->phase != EXTFUSE_REPLY || !(cookie & EXT_C_SEEN)) {
		stats->errors++;
		return;
	}
	if (reason >= EXT_MISS_MAX || reason == EXT_MISS_FULL)
		return;
	stats->misses[reason]--;
	stats->misses[EXT_MISS_FULL]++;
	ctx->cookie[1] =
		(cookie & ~(7ULL << EXT_C_REASON)) | ((__u64)EXT_MISS_FULL << EXT_C_REASON);
}

static __always_inline void put(__u64 *to, __u64 value, __u64 *sum)
{
	*sum = ext_mix(*sum, value);
	*(volatile __u64 *)to = value;
}

/* Overwrite the row that is there, or build a new one: the sum makes it whole. */
static __always_inline void put_head(struct ext_row_head *head, __u64 stamp, __u64 mark,
				     __u64 valid, __u64 *sum)
{
	put(&head->stamp, stamp, sum);
	put(&head->mark, mark, sum);
	put(&head->valid, valid, sum);
}

static __always_inline void put_attr(struct ext_attr_row *row, __u64 nodeid, const __u64 *attr,
				     __u64 stamp, __u64 mark, __u64 valid)
{
	__u64 sum = seed(nodeid, ext_load(ext_epoch));

	put_head(&row->head, stamp, mark, valid, &sum);
#pragma unroll
	for (int i = 0; i < (int)ATTR_WORDS; i++)
		put(&row->attr[i], attr[i], &sum);
	*(volatile __u64 *)&row->head.sum = sum;
}

static __always_inline void put_name(struct ext_name_row *row, __u64 hash, __u64 nodeid,
				     __u64 generation, __u64 stamp, __u64 mark, __u64 valid)
{
	__u64 sum = seed(hash, ext_load(ext_epoch));

	put_head(&row->head, stamp, mark, valid, &sum);
	put(&row->nodeid, nodeid, &sum);
	put(&row->generation, generation, &sum);
	*(volatile __u64 *)&row->head.sum = sum;
}

/* Nanoseconds of a validity, saturated. */
static __always_inline __u64 granted(__u64 sec, __u32 nsec)
{
	return sec >= 18446744073ULL ? ~0ULL : sec * 1000000000ULL + nsec;
}

/*
 * Does every nodeid have one file, and every file one nodeid? A daemon that
 * gives each hard link its own nodeid would leave the others' rows stale.
 */
static __always_inline bool one_nodeid(const struct fuse_attr *attr)
{
	return ext_one_nodeid || attr->nlink <= 1 || (attr->mode & 0170000) == 0040000;
}

/* Ask the policy about a row that has a stamp; a lease's token is no stamp before. */
static __always_inline bool admit(struct ext_row *what, __u32 kind, __u32 table, __u64 nodeid,
				  __u64 key, __u64 *stamp, bool there, __u64 *mark)
{
	what->leased = *stamp >> 63;
	*stamp &= ~EXT_TOKEN_LEASE;
	what->nodeid = nodeid;
	what->key = key;
	what->born = 0;
	what->stamp = *stamp;
	what->kind = kind;
	what->table = table;
	what->there = there;
	return *stamp && ext_policy_admit(what, mark);
}

/* Store attributes; true if the row now says this. */
static __noinline bool store_attr(struct extfuse_req *ctx, __u64 nodeid,
				  const struct fuse_attr *attr, __u64 valid, __u64 stamp)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_op_stats *stats = stats_of(ctx);
	struct ext_attr_slot slot;
	struct ext_attr_row *row;
	struct ext_row what;
	__u64 mark = 0;
	long err;

	if (!scratch || !stats || !one_nodeid(attr))
		return false;
	row = bpf_map_lookup_elem(&ext_attrs, &nodeid);
	if (!admit(&what, EXT_KIND_ATTR, EXT_TABLE_ATTRS, nodeid, nodeid, &stamp, row, &mark))
		return false;
	if (row) {
		put_attr(row, nodeid, (const __u64 *)attr, stamp, mark, valid);
		stats->stores++;
		return true;
	}
	row = (struct ext_attr_row *)scratch->row;
	put_attr(row, nodeid, (const __u64 *)attr, stamp, mark, valid);
	slot.nodeid = nodeid;
	slot.born = ext_load(ext_seq);
	row->head.born = slot.born;
	what.born = slot.born;
	INSERT(ext_attrs, &nodeid, row, ext_rings_attr, &slot, ext_reclaim_attr, ext_make_room_attr,
	       &what, stats, err);
	if (err) {
		count_refused(ctx, stats, err);
		return false;
	}
	stats->stores++;
	return true;
}

/* A long name's text, into its row or, if there is none, into the one that is built. */
static __noinline void put_long(const __u64 *hash, struct ext_scratch *scratch, __u32 slot)
{
	struct ext_long_row *row = bpf_map_lookup_elem(&ext_names_long, hash);

	if (!row)
		row = (struct ext_long_row *)scratch->row;
#pragma clang loop unroll(disable)
	for (int i = 0; i < LONG_WORDS; i++)
		*(volatile __u64 *)&row->text[i] = scratch->names[slot & 1][i];
}

/* Store what a name is (nodeid 0: nothing); true if the row now says this. */
static __noinline bool store_name(struct extfuse_req *ctx, const struct ext_name *name,
				  const struct fuse_entry_out *entry, __u64 stamp)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_op_stats *stats = stats_of(ctx);
	__u64 nodeid = 0, generation = 0, valid = 0, mark = 0;
	bool is_short = name->size <= EXT_NAME_SHORT;
	struct ext_name_row *row, *found;
	struct ext_name_slot slot;
	struct ext_row what;
	long err;

	if (entry) {
		nodeid = entry->nodeid;
		generation = entry->generation;
		valid = granted(entry->entry_valid, entry->entry_valid_nsec);
	}
	if (!scratch || !stats)
		return false;
	row = find_name(name);
	found = row;
	if (!admit(&what, nodeid ? EXT_KIND_ENTRY : EXT_KIND_NEGATIVE,
		   is_short ? EXT_TABLE_NAMES : EXT_TABLE_LONG_NAMES, name->parent, name->hash,
		   &stamp, row, &mark))
		return false;

	slot.parent = name->parent;
	slot.hash = name->hash;
	if (!row)
		row = (struct ext_name_row *)scratch->row;
	*(volatile __u64 *)&row->parent = name->parent;
	if (name->size <= EXT_NAME_SHORT) {
#pragma unroll
		for (int i = 0; i < EXT_NAME_WORDS; i++)
			*(volatile __u64 *)&row->text[i] = name->text[i];
	} else {
		put_long(&slot.hash, scratch, name->slot);
	}
	put_name(row, name->hash, nodeid, generation, stamp, mark, valid);
	if (found) {
		stats->stores++;
		return true;
	}

	slot.born = ext_load(ext_seq);
	row->head.born = slot.born;
	what.born = slot.born;
	if (name->size <= EXT_NAME_SHORT)
		INSERT(ext_names, &slot.hash, row, ext_rings_name, &slot, ext_reclaim_name,
		       ext_make_room_name, &what, stats, err);
	else
		INSERT(ext_names_long, &slot.hash, row, ext_rings_long, &slot, ext_reclaim_long,
		       ext_make_room_long, &what, stats, err);
	if (err) {
		count_refused(ctx, stats, err);
		return false;
	}
	stats->stores++;
	return true;
}

/* Store an extended attribute (NULL: there is none); true if the row now says this. */
static __noinline bool store_xattr(struct extfuse_req *ctx, const struct ext_name *name,
				   const struct ext_xattr *xattr, __u64 stamp)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_op_stats *stats = stats_of(ctx);
	struct ext_xattr_row *row, *found;
	struct ext_name_slot slot;
	struct ext_row what;
	__u64 mark = 0, sum;
	long err;

	if (!scratch || !stats || name->size > EXT_NAME_SHORT)
		return false;

	slot.parent = name->parent;
	slot.hash = name->hash;
	row = bpf_map_lookup_elem(&ext_xattrs, &slot.hash);
	found = row;
	if (!admit(&what, xattr ? EXT_KIND_XATTR : EXT_KIND_NO_XATTR, EXT_TABLE_XATTRS,
		   name->parent, slot.hash, &stamp, row, &mark))
		return false;
	if (!row)
		row = (struct ext_xattr_row *)scratch->row;
	*(volatile __u64 *)&row->nodeid = name->parent;
#pragma unroll
	for (int i = 0; i < EXT_NAME_WORDS; i++)
		*(volatile __u64 *)&row->text[i] = name->text[i];
	sum = seed(slot.hash, ext_load(ext_epoch));
	put_head(&row->head, stamp, mark, 0, &sum);
	put(&row->size, xattr ? xattr->size : NO_XATTR, &sum);
#pragma unroll
	for (int i = 0; i < XATTR_WORDS; i++)
		put(&row->value[i], xattr ? xattr->value[i] : 0, &sum);
	*(volatile __u64 *)&row->head.sum = sum;
	if (found) {
		stats->stores++;
		return true;
	}

	slot.born = ext_load(ext_seq);
	row->head.born = slot.born;
	what.born = slot.born;
	INSERT(ext_xattrs, &slot.hash, row, ext_rings_xattr, &slot, ext_reclaim_xattr,
	       ext_make_room_xattr, &what, stats, err);
	if (err) {
		count_refused(ctx, stats, err);
		return false;
	}
	stats->stores++;
	return true;
}

void ext_drop_attr(__u64 nodeid)
{
	struct ext_op_stats *stats = ext_stats_get(0);

	if (!bpf_map_delete_elem(&ext_attrs, &nodeid) && stats)
		stats->reclaims++;
}

/* ---- Sections ---- */

int ext_section_open(struct ext_section *sec)
{
	__u32 what;

	if (!sec)
		return 0;
	what = sec->what;
	if (what & EXT_SEC_INODE)
		ext_up(&ext_inodes[sec->inode & EXT_STRIPE_MASK].busy);
	if (what & EXT_SEC_CHILD)
		ext_up(&ext_inodes[sec->child & EXT_STRIPE_MASK].busy);
	if (what & EXT_SEC_NAMES)
		ext_up(&ext_inodes[sec->inode & EXT_STRIPE_MASK].nbusy);
	if (what & EXT_SEC_XATTRS)
		ext_up(&ext_inodes[sec->inode & EXT_STRIPE_MASK].xbusy);
	return 0;
}

/* Either is the coarse stand-in of a name, NAMES before XATTRS. */
void ext_section_name(struct ext_section *sec, const struct ext_name *name)
{
	/* The precise count is up before the coarse one is taken back. */
	if (name && name->size && !(sec->what & EXT_SEC_NAME)) {
		sec->name = ext_name_index(name->hash);
		ext_up(&ext_name_stripes[sec->name & EXT_STRIPE_MASK].busy);
		sec->what |= EXT_SEC_NAME;
	}
	if (sec->what & EXT_SEC_NAMES) {
		ext_down(&ext_inodes[sec->inode & EXT_STRIPE_MASK].nbusy);
		sec->what &= ~EXT_SEC_NAMES;
	} else if (sec->what & EXT_SEC_XATTRS) {
		ext_down(&ext_inodes[sec->inode & EXT_STRIPE_MASK].xbusy);
		sec->what &= ~EXT_SEC_XATTRS;
	}
}

/*
 * The number and tag of the walk whose entry is told, 0 if its slot was taken
 * over. Asked after the entry's own number was drawn: whoever takes the slot
 * over later draws a greater one.
 */
static __always_inline __u64 own_walk(const struct ext_section *sec)
{
	__u64 slot = sec->cookie & (EXT_WALKS - 1);
	const volatile struct ext_walk *walk = &ext_walks[slot];
	__u64 number = walk->number;

	if (!sec->walk || !sec->cookie || walk->id != sec->cookie)
		return 0;
	return number << EXT_TAG_BITS | (slot + 1);
}

/* Rule 5: was something newer told of this while the request was out? */
__u32 ext_section_tell(struct ext_section *sec, __u64 s)
{
	__u32 kill = EXT_SEC_NAMES | EXT_SEC_XATTRS;
	__u64 own;

	if (!sec)
		return 0;
	if (!(sec->what & EXT_SEC_TOLD))
		return sec->what;
	own = own_walk(sec);
	if (sec->what & EXT_SEC_INODE &&
	    ext_tell(&ext_inodes[sec->inode & EXT_STRIPE_MASK].told, s, sec->cookie, own))
		kill |= EXT_SEC_INODE;
	if (sec->what & EXT_SEC_CHILD &&
	    ext_tell(&ext_inodes[sec->child & EXT_STRIPE_MASK].told, s, sec->cookie, own))
		kill |= EXT_SEC_CHILD;
	if (sec->what & EXT_SEC_NAME &&
	    ext_tell(&ext_name_stripes[sec->name & EXT_STRIPE_MASK].told, s, sec->cookie, own))
		kill |= EXT_SEC_NAME;
	return kill;
}

int ext_section_end(struct ext_section *sec, __u32 kill, __u64 s)
{
	struct ext_inode_stripe *inode, *child;
	struct ext_name_stripe *name;
	__u32 what;

	if (!sec)
		return 0;
	inode = &ext_inodes[sec->inode & EXT_STRIPE_MASK];
	child = &ext_inodes[sec->child & EXT_STRIPE_MASK];
	name = &ext_name_stripes[sec->name & EXT_STRIPE_MASK];
	what = sec->what;
	kill &= what;
	if (kill & EXT_SEC_INODE)
		ext_raise(&inode->last, s);
	if (kill & EXT_SEC_CHILD)
		ext_raise(&child->last, s);
	if (kill & EXT_SEC_NAME)
		ext_raise(&name->last, s);
	if (kill & EXT_SEC_NAMES)
		ext_raise(&inode->nlast, s);
	if (kill & EXT_SEC_XATTRS)
		ext_raise(&inode->xlast, s);
	sec->what = 0;
	if (what & EXT_SEC_INODE)
		ext_down(&inode->busy);
	if (what & EXT_SEC_CHILD)
		ext_down(&child->busy);
	if (what & EXT_SEC_NAME)
		ext_down(&name->busy);
	if (what & EXT_SEC_NAMES)
		ext_down(&inode->nbusy);
	if (what & EXT_SEC_XATTRS)
		ext_down(&inode->xbusy);
	return 0;
}

int ext_section_close(struct ext_section *sec, __u32 stored)
{
	__u64 s = ext_draw();

	/* What was told and is not in its row: an older row may be there, and must not answer. */
	return ext_section_end(sec, ext_section_tell(sec, s) | ~stored, s);
}

/* ---- The daemon's word ---- */

int ext_telling(void)
{
	struct ext_scratch *scratch = ext_scratch_get();

	return scratch && scratch->sec.what & EXT_SEC_TOLD;
}

const struct fuse_entry_out *ext_told_entry(void)
{
	struct ext_scratch *scratch = ext_scratch_get();

	if (!scratch || !scratch->entry_ok)
		return NULL;
	return &scratch->entry;
}

void ext_told_no_name(void)
{
	struct ext_scratch *scratch = ext_scratch_get();

	if (scratch)
		ext_section_name(&scratch->sec, NULL);
}

int ext_told(void)
{
	struct ext_scratch *scratch = ext_scratch_get();

	if (scratch && scratch->sec.what)
		ext_section_close(&scratch->sec, 0);
	return 0;
}

int ext_told_nothing(void)
{
	struct ext_scratch *scratch = ext_scratch_get();

	if (scratch && scratch->sec.what)
		ext_section_end(&scratch->sec, 0, 0);
	return 0;
}

/* With fill=daemon a reply kills the row that says otherwise, and a missing one is none. */
static __noinline bool same_attr(__u64 nodeid, const struct fuse_attr *attr)
{
	const struct ext_attr_row *row = bpf_map_lookup_elem(&ext_attrs, &nodeid);
	const __u64 *word = (const __u64 *)attr;
	__u64 differs = 0;

	if (!row)
		return true;
#pragma unroll
	for (int i = 0; i < (int)ATTR_WORDS; i++)
		differs |= ext_load(row->attr[i]) ^ word[i];
	return !differs;
}

static __noinline bool same_name(const struct ext_name *name, const struct fuse_entry_out *entry)
{
	const struct ext_name_row *row = find_name(name);
	__u64 nodeid = 0, generation = 0;

	if (!row)
		return true;
	if (entry) {
		nodeid = entry->nodeid;
		generation = entry->generation;
	}
	return ext_load(row->nodeid) == nodeid && ext_load(row->generation) == generation;
}

/* Rows first, then the number: what overtakes them sees the one or the other. */
static __always_inline void put_entry(struct extfuse_req *ctx, struct ext_section *sec,
				      const struct ext_name *name,
				      const struct fuse_entry_out *entry)
{
	__u32 stored = 0;

	if (entry && entry->nodeid &&
	    store_attr(ctx, entry->nodeid, &entry->attr,
		       granted(entry->attr_valid, entry->attr_valid_nsec), sec->cookie))
		stored |= EXT_SEC_CHILD;
	if (name->size && store_name(ctx, name, entry, sec->cookie))
		stored |= EXT_SEC_NAME;
	ext_section_close(sec, stored);
}

int ext_put_entry(struct extfuse_req *ctx, const struct ext_name *name,
		  const struct fuse_entry_out *entry)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_section *sec;
	__u32 kill;
	__u64 s;

	if (!scratch || !(scratch->sec.what & EXT_SEC_TOLD))
		return 0;
	sec = &scratch->sec;
	ext_section_name(sec, name);
	if (!ext_fill) {
		put_entry(ctx, sec, name, entry);
		return 0;
	}
	/* The number first, then the rows: a fill stores first and then looks at the number. */
	s = ext_draw();
	kill = ext_section_tell(sec, s);
	if (entry && entry->nodeid && !same_attr(entry->nodeid, &entry->attr))
		kill |= EXT_SEC_CHILD;
	if (name->size && !same_name(name, entry))
		kill |= EXT_SEC_NAME;
	ext_section_end(sec, kill, s);
	return 0;
}

int ext_put_attr(struct extfuse_req *ctx, const struct fuse_attr_out *out)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_section *sec;
	__u32 kill;
	__u64 s;

	if (!scratch || !(scratch->sec.what & EXT_SEC_TOLD))
		return 0;
	sec = &scratch->sec;
	if (!ext_fill) {
		__u64 valid = granted(out->attr_valid, out->attr_valid_nsec);
		bool stored = store_attr(ctx, ctx->nodeid, &out->attr, valid, sec->cookie);

		ext_section_close(sec, stored ? EXT_SEC_INODE : 0);
		return 0;
	}
	s = ext_draw();
	kill = ext_section_tell(sec, s);
	if (!same_attr(ctx->nodeid, &out->attr))
		kill |= EXT_SEC_INODE;
	ext_section_end(sec, kill, s);
	return 0;
}

/* ---- A list and the values of its names tell of the same attributes ---- */

/* Keeps clang from seeing through a value, which it would turn into a branch again. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

/* 1 if value is not zero: a branch would double what the verifier walks at each byte. */
static __always_inline __u64 nonzero(__u64 value)
{
	__u64 minus = -value;

	OPAQUE(minus);
	return (value | minus) >> 63;
}

/* Is the short name one of those in the list? Global and not hidden: then it is verified once. */
int ext_list_has(const struct ext_xattr *list, const struct ext_name *name)
{
	__u64 wanted = 0, sum = 0, more = 1, found = 0;

	if (!list || !name)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < EXT_NAME_WORDS; i++) {
		__u64 word = name->text[i];

		for (int j = 0; j < 8; j++, word >>= 8) {
			more &= nonzero(word & 0xff);
			wanted = more * ext_mix(wanted, word & 0xff) + (1 - more) * wanted;
			OPAQUE(wanted);
		}
	}
#pragma clang loop unroll(disable)
	for (int i = 0; i < XATTR_WORDS; i++) {
		__u64 word = list->value[i];

		for (int j = 0; j < 8; j++, word >>= 8) {
			found |= (1 - nonzero(word & 0xff)) & (1 - nonzero(sum ^ wanted));
			sum = nonzero(word & 0xff) * ext_mix(sum, word & 0xff);
			OPAQUE(sum);
		}
	}
	return found & 1;
}

/*
 * The row of the inode's list, if it is one that no value contradicted since;
 * false: there is none.
 */
static __always_inline bool copy_list(__u64 nodeid, struct ext_xattr *list, __u64 *size)
{
	struct ext_row_head head;
	struct ext_name name;
	bool torn;

	ext_name_of_list(nodeid, &name);
	return copy_xattr(&name, ext_load(ext_epoch), &head, size, list->value, &torn) && !torn &&
	       head.stamp >= ext_load(ext_name_stripes[ext_name_index(name.hash)].last);
}

static __always_inline struct ext_name_stripe *list_stripe(__u64 nodeid)
{
	return &ext_name_stripes[ext_name_index(list_hash(nodeid))];
}

/*
 * A value is told, so lists under way are overtaken, also where the list's row agrees: that may be
 * dead, or older than they are. Before the row is looked at: a list stores first and then looks at the
 * number. Returns the number, or 0 if a list was told since cookie: whether it said the same is not
 * known.
 */
static __noinline __u64 overtake_lists(const struct ext_name *name, __u64 cookie)
{
	__u64 s = ext_draw();

	return ext_tell(&list_stripe(name->parent)->told, s, cookie, 0) ? 0 : s;
}

/*
 * An attribute exists or not: a list that says otherwise is older. So no list
 * lacks what somebody has seen, if the attributes were changed behind the mount.
 */
static __noinline void told_existence(const struct ext_name *name, bool exists)
{
	struct ext_xattr list;
	__u64 size;

	/* Of a long name there is no text here. */
	if (name->size <= EXT_NAME_SHORT && copy_list(name->parent, &list, &size) &&
	    ext_list_has(&list, name) == exists)
		return;
	ext_raise(&list_stripe(name->parent)->last, ext_draw());
}

/* The end of what was told of a value: none of a list after the number was drawn, or the row dies. */
static __noinline void close_value(struct ext_section *sec, const struct ext_name *name,
				   __u32 stored, __u64 number)
{
	__u64 s = ext_draw();
	__u32 kill = ext_section_tell(sec, s) | ~stored;

	if (!number || ext_load(list_stripe(name->parent)->told) >> EXT_TAG_BITS > number)
		kill |= EXT_SEC_NAME;
	ext_section_end(sec, kill, s);
}

/*
 * The end of what was told of a list, whose row, if it is stored, is in place. One that is not known,
 * that a value overtook, or that a value has contradicted since last was looked at, ends the values
 * that came before it.
 */
static __noinline void close_list(struct ext_section *sec, const struct ext_name *name,
				  __u32 stored, bool known, __u64 last)
{
	struct ext_name_stripe *stripe = &ext_name_stripes[ext_name_index(name->hash)];
	__u64 s = ext_draw();
	__u32 kill = ext_section_tell(sec, s) | ~stored;

	if (!known || kill & EXT_SEC_NAME || ext_load(stripe->last) != last)
		ext_raise(&stripe->listed, ext_draw());
	ext_section_end(sec, kill, s);
}

static __noinline bool known_list(const struct ext_name *name, const struct ext_xattr *told)
{
	struct ext_xattr list;
	__u64 differs = 0, size;

	if (!copy_list(name->parent, &list, &size) || size != told->size)
		return false;
#pragma unroll
	for (int i = 0; i < XATTR_WORDS; i++)
		differs |= list.value[i] ^ told->value[i];
	return !differs;
}

static __always_inline bool is_list(const struct ext_name *name)
{
	return name->size == 1;
}

int ext_put_xattr(struct extfuse_req *ctx, const struct ext_name *name,
		  const struct ext_xattr *xattr)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_section *sec;
	bool known, stored;
	__u64 last, number;

	if (!scratch || !(scratch->sec.what & EXT_SEC_TOLD))
		return 0;
	sec = &scratch->sec;
	ext_section_name(sec, name);
	/* A daemon that fills by itself does not fill these. */
	if (ext_fill || !name->size)
		return ext_section_close(sec, 0);
	last = ext_load(ext_name_stripes[ext_name_index(name->hash)].last);
	known = is_list(name) && xattr && known_list(name, xattr);
	stored = store_xattr(ctx, name, xattr, sec->cookie);
	if (is_list(name)) {
		close_list(sec, name, stored ? EXT_SEC_NAME : 0, known, last);
		return 0;
	}
	number = overtake_lists(name, sec->cookie);
	told_existence(name, xattr);
	close_value(sec, name, stored ? EXT_SEC_NAME : 0, number);
	return 0;
}

int ext_told_xattr(const struct ext_name *name, __u64 told)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_section *sec;
	struct ext_xattr list;
	__u64 size = 0, last;
	bool known;

	if (!scratch || !(scratch->sec.what & EXT_SEC_TOLD))
		return 0;
	sec = &scratch->sec;
	ext_section_name(sec, name);
	if (name->size && is_list(name)) {
		last = ext_load(ext_name_stripes[ext_name_index(name->hash)].last);
		known = copy_list(name->parent, &list, &size) && size == told;
		close_list(sec, name, known ? EXT_SEC_NAME : 0, known, last);
		return 0;
	}
	if (name->size) {
		overtake_lists(name, sec->cookie);
		told_existence(name, told != EXT_XATTR_UNKNOWN);
	}
	return ext_section_close(sec, 0);
}

void ext_told_size(__u64 nodeid, __u64 least, __u64 most)
{
	struct ext_inode_stripe *inode = &ext_inodes[ext_inode_index(nodeid)];
	const struct ext_attr_row *row;
	__u64 s, have;

	if (!ext_policy_active())
		return;
	ext_up(&inode->busy);
	s = ext_draw();
	ext_tell(&inode->told, s, s, 0);
	row = bpf_map_lookup_elem(&ext_attrs, &nodeid);
	if (row) {
		have = ext_load(((const struct fuse_attr *)row->attr)->size);
		if (have < least || have > most)
			ext_raise(&inode->last, s);
	}
	ext_down(&inode->busy);
}

/* ---- The daemon's fills ---- */

/*
 * A fill's token is its stamp (rule 2: applied before the daemon's reply). It
 * tells nobody anything: when a reply that overtook it told something newer,
 * its row dies. As for replies, nothing answers in between.
 */
static __noinline int fill_attr(struct extfuse_req *ctx, __u64 nodeid,
				const struct fuse_entry_out *entry, __u64 token)
{
	struct ext_inode_stripe *inode = &ext_inodes[ext_inode_index(nodeid)];
	bool stored;

	ext_up(&inode->busy);
	stored = store_attr(ctx, nodeid, &entry->attr,
			    granted(entry->attr_valid, entry->attr_valid_nsec), token);
	/* a fetching atomic, so that the row is out before the number is looked at */
	if (__sync_fetch_and_add(&inode->told, 0) >> EXT_TAG_BITS > (token & ~EXT_TOKEN_LEASE))
		ext_raise(&inode->last, ext_draw());
	ext_down(&inode->busy);
	return stored ? 0 : -EAGAIN;
}

static __noinline int fill_name(struct extfuse_req *ctx, const struct ext_name *name,
				const struct fuse_entry_out *entry, __u64 token)
{
	struct ext_name_stripe *stripe = &ext_name_stripes[ext_name_index(name->hash)];
	bool stored;

	ext_up(&stripe->busy);
	stored = store_name(ctx, name, entry, token);
	/* a fetching atomic, so that the row is out before the number is looked at */
	if (__sync_fetch_and_add(&stripe->told, 0) >> EXT_TAG_BITS > (token & ~EXT_TOKEN_LEASE))
		ext_raise(&stripe->last, ext_draw());
	ext_down(&stripe->busy);
	return stored ? 0 : -EAGAIN;
}

EXT_PROGRAM("extfuse/fill", ext_fill_prog)
{
	struct ext_scratch *scratch = ext_scratch_get();
	struct ext_name name;
	struct ext_fill in;
	int err;

	if (!scratch)
		return -ENOMEM;
	if (bpf_extfuse_read_args(ctx, IN_PARAM_0_VALUE, &in, sizeof(in)) < 0)
		return -EINVAL;

	if (in.op == EXT_INVAL_INODE) {
		struct ext_inode_stripe *inode = &ext_inodes[ext_inode_index(ctx->nodeid)];
		__u64 s = ext_draw();

		ext_raise(&inode->last, s);
		ext_raise(&inode->xlast, s);
		return 0;
	}
	if (in.op == EXT_INVAL_ENTRY) {
		err = ext_name_read(ctx, ctx->nodeid, 1, &name);
		if (err)
			return err;
		ext_raise(&ext_name_stripes[ext_name_index(name.hash)].last, ext_draw());
		return 0;
	}

	if (in.op == EXT_LEASE_GRANT) {
		__u64 until;

		if (bpf_extfuse_read_args(ctx, IN_PARAM_1_VALUE, &until, sizeof(until)) < 0)
			return -EINVAL;
		return ext_policy_grant(ctx->nodeid, in.token & ~EXT_TOKEN_LEASE, ext_draw(),
					until);
	}
	if (in.op == EXT_LEASE_REVOKE)
		return ext_policy_revoke(ctx->nodeid, ext_draw());

	if (!ext_policy_active())
		return -EAGAIN;
	if (bpf_extfuse_read_args(ctx, IN_PARAM_1_VALUE, &scratch->entry, sizeof(scratch->entry)) <
	    0)
		return -EINVAL;
	if (in.op == EXT_FILL_ATTR)
		return fill_attr(ctx, ctx->nodeid, &scratch->entry, in.token);

	if (in.op != EXT_FILL_ENTRY && in.op != EXT_FILL_NEGATIVE)
		return -EINVAL;
	err = ext_name_read(ctx, ctx->nodeid, 2, &name);
	if (err)
		return err;
	if (in.op == EXT_FILL_NEGATIVE)
		scratch->entry.nodeid = 0;
	else if (!scratch->entry.nodeid)
		return -EINVAL;
	if (scratch->entry.nodeid) {
		err = fill_attr(ctx, scratch->entry.nodeid, &scratch->entry, in.token);
		if (err)
			return err;
	}
	if (!name.size)
		return 0;
	return fill_name(ctx, &name, &scratch->entry, in.token);
}
