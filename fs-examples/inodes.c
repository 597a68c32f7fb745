// SPDX-License-Identifier: GPL-2.0-only
/* inodes.c - the files that the kernel knows: nodeids, lookup counts, O_PATH descriptors */
#include "inodes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ROOT_NODEID = 1,
	CHUNK = 1024, /* slots allocated at a time: they never move */
	MIN_BUCKETS = 1024,
};

static size_t bucket_of(size_t n_buckets, dev_t dev, ino_t ino)
{
	uint64_t h = (ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15ULL;

	return (h >> 32) & (n_buckets - 1);
}

static struct inode *slot_at(struct inode_table *table, size_t slot)
{
	return &table->chunks[slot / CHUNK][slot % CHUNK];
}

/* A free slot has no descriptor. */
static struct inode *live(struct inode_table *table, uint64_t nodeid)
{
	if (nodeid < ROOT_NODEID || nodeid - ROOT_NODEID >= table->n_slots)
		return NULL;

	struct inode *inode = slot_at(table, nodeid - ROOT_NODEID);

	return inode->fd >= 0 ? inode : NULL;
}

static struct inode *find(struct inode_table *table, dev_t dev, ino_t ino)
{
	struct inode *inode = table->buckets[bucket_of(table->n_buckets, dev, ino)];

	while (inode && (inode->ino != ino || inode->dev != dev))
		inode = inode->next;
	return inode;
}

static void insert(struct inode **buckets, size_t n_buckets, struct inode *inode)
{
	struct inode **head = &buckets[bucket_of(n_buckets, inode->dev, inode->ino)];

	inode->next = *head;
	*head = inode;
}

/* A table that cannot grow is slower, not wrong. */
static void grow_buckets(struct inode_table *table)
{
	size_t n = table->n_buckets * 2;
	struct inode **buckets = calloc(n, sizeof(struct inode *));

	if (!buckets)
		return;
	for (size_t i = 0; i < table->n_buckets; i++) {
		struct inode *next;

		for (struct inode *inode = table->buckets[i]; inode; inode = next) {
			next = inode->next;
			insert(buckets, n, inode);
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->n_buckets = n;
}

static struct inode *take_slot(struct inode_table *table)
{
	struct inode *inode = table->free;

	if (inode) {
		table->free = inode->next;
		if (!table->same_generation)
			inode->generation++;
		return inode;
	}

	size_t slot = table->n_slots;

	if (slot == table->n_chunks * CHUNK) {
		struct inode **chunks =
			realloc(table->chunks, (table->n_chunks + 1) * sizeof(struct inode *));

		if (!chunks)
			return NULL;
		table->chunks = chunks;
		chunks[table->n_chunks] = calloc(CHUNK, sizeof(struct inode));
		if (!chunks[table->n_chunks])
			return NULL;
		table->n_chunks++;
	}
	inode = slot_at(table, slot);
	inode->table = table;
	inode->nodeid = slot + ROOT_NODEID;
	inode->generation = table->same_generation ? 0 : 1;
	table->n_slots++;
	return inode;
}

static struct inode *add(struct inode_table *table, int fd, const struct stat *st)
{
	if (table->n_live >= table->n_buckets)
		grow_buckets(table);

	struct inode *inode = take_slot(table);

	if (!inode)
		return NULL;
	inode->fd = fd;
	inode->dev = st->st_dev;
	inode->ino = st->st_ino;
	inode->type = st->st_mode & S_IFMT;
	inode->nlookup = 0;
	inode->refs = 0;
	atomic_store(&inode->opens, 0);
	atomic_store(&inode->removed, false);
	inode->backing_id = 0;
	inode->backing_users = 0;
	atomic_store(&inode->locks, NULL);
	insert(table->buckets, table->n_buckets, inode);
	table->n_live++;
	return inode;
}

/* Frees the slot if nothing holds it; returns the descriptor to close, or -1. */
static int release_slot(struct inode *inode)
{
	struct inode_table *table = inode->table;

	if (inode->nlookup || inode->refs || inode->nodeid == ROOT_NODEID)
		return -1;

	struct inode **link = &table->buckets[bucket_of(table->n_buckets, inode->dev, inode->ino)];
	int fd = inode->fd;

	while (*link != inode)
		link = &(*link)->next;
	*link = inode->next;
	if (table->on_free)
		table->on_free(inode);
	inode->fd = -1;
	inode->next = table->free;
	table->free = inode;
	table->n_live--;
	return fd;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int inode_table_init(struct inode_table *table, int root_fd, bool same_generation,
		     void (*on_free)(struct inode *inode))
{
	struct stat st;

	*table = (struct inode_table){
		.n_buckets = MIN_BUCKETS,
		.same_generation = same_generation,
		.on_free = on_free,
	};
	if (fstat(root_fd, &st) < 0)
		return -errno;
	table->buckets = calloc(table->n_buckets, sizeof(struct inode *));
	if (!table->buckets)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	if (!add(table, root_fd, &st)) {
		free(table->buckets);
		free(table->chunks);
		return -ENOMEM;
	}
	return 0;
}

void inode_table_destroy(struct inode_table *table)
{
	for (size_t slot = 0; slot < table->n_slots; slot++) {
		struct inode *inode = slot_at(table, slot);

		if (inode->fd < 0)
			continue;
		if (table->on_free)
			table->on_free(inode);
		close(inode->fd);
	}
	for (size_t i = 0; i < table->n_chunks; i++)
		free(table->chunks[i]);
	free(table->chunks);
	free(table->buckets);
	pthread_mutex_destroy(&table->lock);
}

struct inode *inode_get(struct inode_table *table, uint64_t nodeid)
{
	pthread_mutex_lock(&table->lock);

	struct inode *inode = live(table, nodeid);

	if (inode)
		inode->refs++;
	pthread_mutex_unlock(&table->lock);
	return inode;
}

void inode_put(struct inode *inode)
{
	struct inode_table *table = inode->table;

	pthread_mutex_lock(&table->lock);
	inode->refs--;

	int fd = release_slot(inode);

	pthread_mutex_unlock(&table->lock);
	close_if_open(fd);
}

static struct inode *get_by_stat(struct inode_table *table, const struct stat *st,
				 unsigned int lookups)
{
	pthread_mutex_lock(&table->lock);

	struct inode *inode = find(table, st->st_dev, st->st_ino);

	if (inode) {
		inode->nlookup += lookups;
		inode->refs++;
	}
	pthread_mutex_unlock(&table->lock);
	return inode;
}

struct inode *inode_get_by_stat(struct inode_table *table, const struct stat *st)
{
	return get_by_stat(table, st, 0);
}

struct inode *inode_find(struct inode_table *table, const struct stat *st)
{
	return get_by_stat(table, st, 1);
}

struct inode *inode_add(struct inode_table *table, int fd, const struct stat *st)
{
	pthread_mutex_lock(&table->lock);

	struct inode *inode = find(table, st->st_dev, st->st_ino);

	if (!inode) {
		inode = add(table, fd, st);
		if (inode)
			fd = -1;
	}
	if (inode) {
		inode->nlookup++;
		inode->refs++;
	}
	pthread_mutex_unlock(&table->lock);
	close_if_open(fd);
	return inode;
}

void inode_count_lookup(struct inode *inode)
{
	pthread_mutex_lock(&inode->table->lock);
	inode->nlookup++;
	pthread_mutex_unlock(&inode->table->lock);
}

int64_t inode_lookups(struct inode_table *table, uint64_t nodeid)
{
	pthread_mutex_lock(&table->lock);

	struct inode *inode = live(table, nodeid);
	int64_t n = inode ? (int64_t)inode->nlookup : -ENOENT;

	pthread_mutex_unlock(&table->lock);
	return n;
}

void inode_forget(struct inode_table *table, uint64_t nodeid, uint64_t nlookup)
{
	int fd = -1;

	pthread_mutex_lock(&table->lock);

	struct inode *inode = live(table, nodeid);

	if (inode && inode->nlookup >= nlookup) {
		inode->nlookup -= nlookup;
		fd = release_slot(inode);
	}
	pthread_mutex_unlock(&table->lock);
	close_if_open(fd);
}

uint64_t inode_nodeid(struct inode_table *table, const struct stat *st)
{
	pthread_mutex_lock(&table->lock);

	struct inode *inode = find(table, st->st_dev, st->st_ino);
	uint64_t nodeid = inode ? inode->nodeid : 0;

	pthread_mutex_unlock(&table->lock);
	return nodeid;
}
