// SPDX-License-Identifier: GPL-2.0-only
/*
 * s3fifo.bpf.c - when the cache is full, what was used once goes before what is used again
 *
 * For trees of which a part is used over and over while somebody walks the whole
 * of it: a backup, a search, an indexer. Under lru such a scan pushes everything
 * out; here it passes through a tenth of the cache. Bad for rows that are used
 * again once each, at a distance greater than that tenth: those it misses twice.
 * It notes each use, so it combines with no policy that has a clock.
 *
 * The algorithm is S3-FIFO (Yang et al., SOSP 2023), once for each table. New
 * rows go to a small queue of a tenth of the room. At its end those that were
 * used twice go on to the main queue, the others leave, and only their hash is
 * remembered for a while: what comes back within that time goes to the main
 * queue at once. At the end of the main queue a row that was used goes back to
 * its beginning with one use less. Where the algorithm would look on until it
 * finds a row that may leave, this looks at 16 and then refuses the new one.
 *
 * Uses are counted to 3, in memory that no lock protects: of two CPUs that use
 * rows at once one may count for both. Rows whose hashes meet share a count. Both
 * cost an eviction that is not the best, and nothing else.
 */
#include "policy.h"

EXT_POLICY("evicts what was used once before what is used again: for trees that are also scanned; "
	   "bad for what is used twice, far apart");
EXT_LICENSE;

EXT_SHAPE(own);

struct listed {
	__u64 key;
	__u64 born;
};

struct queue {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 65536);
	__type(value, struct listed);
};

/* New rows, and those that stayed, of each table. */
struct queue ext_own_s_attr SEC(".maps");
struct queue ext_own_s_name SEC(".maps");
struct queue ext_own_s_long SEC(".maps");
struct queue ext_own_s_xattr SEC(".maps");
struct queue ext_own_m_attr SEC(".maps");
struct queue ext_own_m_name SEC(".maps");
struct queue ext_own_m_long SEC(".maps");
struct queue ext_own_m_xattr SEC(".maps");

/*
 * Found by a row's hash: the lower half of the hashes of the last two rows that
 * left each table, the later one below, and counts of uses, two bits each: so
 * many that few rows share one.
 */
#define WORDS 4
struct place {
	__u64 left[EXT_TABLES];
	__u64 uses[WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct place);
} ext_own_places SEC(".maps");

/* Rows in the small queues. */
__u64 s3_small[EXT_TABLES] = {};

/* Uses that are told apart, and those that take a row from the small queue to the main one. */
#define USES_MAX 3
#define USES_STAY 2
/* Rows looked at for one victim. */
#define TRIES 16

#define READ(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))

static __always_inline struct queue *small_of(__u32 table)
{
	switch (table) {
	case EXT_TABLE_ATTRS:
		return &ext_own_s_attr;
	case EXT_TABLE_NAMES:
		return &ext_own_s_name;
	case EXT_TABLE_LONG_NAMES:
		return &ext_own_s_long;
	default:
		return &ext_own_s_xattr;
	}
}

static __always_inline struct queue *main_of(__u32 table)
{
	switch (table) {
	case EXT_TABLE_ATTRS:
		return &ext_own_m_attr;
	case EXT_TABLE_NAMES:
		return &ext_own_m_name;
	case EXT_TABLE_LONG_NAMES:
		return &ext_own_m_long;
	default:
		return &ext_own_m_xattr;
	}
}

/* A nodeid is no hash by itself; rows of two tables are two rows. Odd, so that its lower half is not 0. */
static __always_inline __u64 hash_of(__u32 table, __u64 key)
{
	__u64 hash = (key + table + 1) * 0x9e3779b97f4a7c15ULL;

	hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93ULL;
	return (hash ^ (hash >> 32)) | 1;
}

static __always_inline struct place *place_of(__u64 hash)
{
	__u32 index = ext_param_max_entries ? (hash >> 32) % ext_param_max_entries : 0;

	return bpf_map_lookup_elem(&ext_own_places, &index);
}

static __always_inline __u32 uses_of(struct place *place, __u64 hash)
{
	return READ(place->uses[(hash >> 1) & (WORDS - 1)]) >> (hash >> 3 & 31) * 2 & 3;
}

static __always_inline void set_uses(struct place *place, __u64 hash, __u64 uses)
{
	__u64 *word = &place->uses[(hash >> 1) & (WORDS - 1)];
	__u32 at = (hash >> 3 & 31) * 2;

	WRITE(*word, (READ(*word) & ~(3ULL << at)) | uses << at);
}

static __always_inline bool has_left(struct place *place, __u32 table, __u64 hash)
{
	__u64 left = READ(place->left[table]);

	return (__u32)left == (__u32)hash || left >> 32 == (__u32)hash;
}

static __always_inline void use(__u64 hash)
{
	struct place *place = place_of(hash);
	__u32 uses;

	if (!place)
		return;
	uses = uses_of(place, hash);
	/* What is used all the time is not written all the time. */
	if (uses < USES_MAX)
		set_uses(place, hash, uses + 1);
}

bool ext_policy_admit(const struct ext_row *row, __u64 *mark)
{
	*mark = hash_of(row->table, row->key);
	/* The row was asked for and had died: that is a use, too. */
	if (row->there)
		use(*mark);
	return true;
}

__u64 ext_policy_fresh(__u32 kind, __u64 mark, __u64 *now)
{
	use(mark);
	return EXT_FOREVER;
}

bool ext_policy_list(const struct ext_row *row)
{
	__u64 hash = hash_of(row->table, row->key);
	__u32 table = row->table & (EXT_TABLES - 1);
	struct listed listed = { .key = row->key, .born = row->born };
	struct place *place = place_of(hash);

	if (!place)
		return false;
	set_uses(place, hash, 0);
	if (has_left(place, table, hash))
		return !bpf_map_push_elem(main_of(table), &listed, BPF_ANY);
	if (bpf_map_push_elem(small_of(table), &listed, BPF_ANY))
		return false;
	__sync_fetch_and_add(&s3_small[table], 1);
	return true;
}

/* The oldest of the small queue: true if it makes room, and is remembered. */
static __always_inline bool from_small(__u32 table, struct listed *row)
{
	__u64 hash;
	struct place *place;

	__sync_fetch_and_add(&s3_small[table], -1ULL);
	hash = hash_of(table, row->key);
	place = place_of(hash);
	if (!place)
		return true;
	if (uses_of(place, hash) >= USES_STAY) {
		set_uses(place, hash, 0);
		if (!bpf_map_push_elem(main_of(table), row, BPF_ANY))
			return false;
	}
	WRITE(place->left[table], READ(place->left[table]) << 32 | (__u32)hash);
	return true;
}

/* The oldest of the main queue: true if it makes room. */
static __always_inline bool from_main(__u32 table, struct listed *row)
{
	__u64 hash = hash_of(table, row->key);
	struct place *place = place_of(hash);
	__u32 uses;

	if (!place)
		return true;
	uses = uses_of(place, hash);
	if (!uses)
		return true;
	set_uses(place, hash, uses - 1);
	return bpf_map_push_elem(main_of(table), row, BPF_ANY);
}

/* Global, not hidden: then the verifier walks the loop once, and not for each insertion. */
int s3_victim(__u32 table, struct ext_victim *victim)
{
	struct listed row = { 0 };
	bool found = false;

	if (!victim)
		return 0;
	table &= EXT_TABLES - 1;
#pragma clang loop unroll(disable)
	for (int i = 0; i < TRIES && !found; i++) {
		if (READ(s3_small[table]) <= ext_param_max_entries / 10 &&
		    !bpf_map_pop_elem(main_of(table), &row))
			found = from_main(table, &row);
		else if (!bpf_map_pop_elem(small_of(table), &row))
			found = from_small(table, &row);
	}
	/* All of these were used: a new row goes, or is refused, rather than one of them. */
	if (!found && !bpf_map_pop_elem(small_of(table), &row))
		found = from_small(table, &row);
	victim->key = row.key;
	victim->born = row.born;
	return found;
}

bool ext_policy_victim(__u32 table, struct ext_victim *victim)
{
	return s3_victim(table, victim);
}
