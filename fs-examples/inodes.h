/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inodes.h - the files that the kernel knows: nodeids, lookup counts, O_PATH descriptors
 *
 * One entry for each file of the source, keyed by (st_dev, st_ino), so that all names of a hard
 * link share one nodeid. The O_PATH descriptor of an entry pins the file: its inode number cannot
 * be given to another file while the entry exists.
 *
 * An entry lives while the kernel holds lookups on it or a request works on it. A nodeid is the
 * index of a slot; a slot that is used again gets a new generation.
 */
#ifndef STACKFS_INODES_H
#define STACKFS_INODES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct posix_locks;
struct inode_table;

struct inode {
	struct inode_table *table;
	struct inode *next; /* of its hash chain, or of the free slots */
	dev_t dev;
	ino_t ino;
	mode_t type; /* S_IFMT */
	int fd;	     /* O_PATH */
	uint64_t nodeid;
	uint64_t generation;
	uint64_t nlookup;    /* what the kernel was told minus what it forgot */
	unsigned int refs;   /* requests that work on it */
	atomic_uint opens;   /* open file handles */
	atomic_bool removed; /* the mount took, or is about to take, its last name */
	/* With passthrough, see passthrough.c. */
	int backing_id;
	unsigned int backing_users;
	_Atomic(struct posix_locks *) locks;
};

struct inode_table {
	pthread_mutex_t lock;
	struct inode **buckets;
	size_t n_buckets; /* a power of two */
	struct inode **chunks;
	size_t n_chunks;
	size_t n_slots; /* ever used */
	size_t n_live;
	struct inode *free;
	bool same_generation;
	void (*on_free)(struct inode *inode);
};

/*
 * Takes over @root_fd, which becomes nodeid 1 and is never freed. @same_generation: nodeids are
 * used again with generation 0, which file systems should not do and tests need. @on_free, if not
 * NULL, runs before an entry goes. Returns 0 or -errno.
 */
int inode_table_init(struct inode_table *table, int root_fd, bool same_generation,
		     void (*on_free)(struct inode *inode));
void inode_table_destroy(struct inode_table *table);

/* The entry of @nodeid with a reference, or NULL if the kernel was told to forget it. */
struct inode *inode_get(struct inode_table *table, uint64_t nodeid);
void inode_put(struct inode *inode);

/* The entry of (dev, ino) of @st with a reference, or NULL: not known. */
struct inode *inode_get_by_stat(struct inode_table *table, const struct stat *st);

/* The same with one more lookup. */
struct inode *inode_find(struct inode_table *table, const struct stat *st);

/*
 * The same, made if it is not known yet. Takes over @fd, an O_PATH descriptor of the file that
 * @st describes, also on failure. NULL: out of memory.
 */
struct inode *inode_add(struct inode_table *table, int fd, const struct stat *st);

/* One more lookup for an entry that the caller holds: a reply will carry its nodeid. */
void inode_count_lookup(struct inode *inode);

/* The nodeid's lookup count as the table has it, or -ENOENT. */
int64_t inode_lookups(struct inode_table *table, uint64_t nodeid);

/* The kernel forgets @nlookup lookups. More than there are, or an unknown nodeid, is ignored. */
void inode_forget(struct inode_table *table, uint64_t nodeid, uint64_t nlookup);

/* The nodeid of (dev, ino) of @st without counting anything, or 0. */
uint64_t inode_nodeid(struct inode_table *table, const struct stat *st);

#define INODE_AUTO __attribute__((cleanup(inode_cleanup))) struct inode *

static inline void inode_cleanup(struct inode **inode)
{
	if (*inode)
		inode_put(*inode);
}

#endif
