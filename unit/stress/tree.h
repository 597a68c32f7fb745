/* SPDX-License-Identifier: GPL-2.0-only */
/* tree.h - the objects that the oracle changes and reads */
#ifndef STRESS_TREE_H
#define STRESS_TREE_H

#include <stddef.h>
#include <stdint.h>

struct tree_options {
	const char *mnt;
	const char *src;
	const char *control; /* the daemon's socket, or NULL: changes behind are not notified */
	int lease;	     /* the daemon grants leases, and revokes them before changes behind */
	int behind;	     /* also change the source directly */
	int behind_only;     /* change nothing through the mount */
	unsigned int per_list; /* reads of such a change between listings, on average */
	unsigned int kept_ms;  /* how long the VFS keeps attributes and names, or 0 */
};

/* What one thread has for itself. */
struct worker {
	uint64_t random;
	int control;		 /* connection to the socket, or -1 */
	_Atomic uint64_t *begun; /* when it began what it is doing, for all processes to see */
};

uint64_t draw(struct worker *worker);

/* Size of the state that all processes share. */
size_t tree_size(void);
/* Make the tree in the source; shared is tree_size() bytes of zeroes. 0, or -1 with errno. */
int tree_make(const struct tree_options *options, void *shared);

/* One change through the mount or behind it, or one read with its checks, at random. */
void tree_change(struct worker *worker);
void tree_read(struct worker *worker);
/* Lets the daemon grant a lease, at random. */
void tree_lease(struct worker *worker);

#endif
