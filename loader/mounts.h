/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mounts.h - FUSE mounts of this mount namespace, and what is attached to them */
#ifndef EXT_MOUNTS_H
#define EXT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../handlers/ext_types.h"

#define EXT_CONNECTIONS "/sys/fs/fuse/connections"

struct ext_mount {
	char *dir;
	/* "fuse.stackfs" */
	char *type;
	/* minor device number: the connection's number */
	uint32_t connection;
};

struct ext_mounts {
	struct ext_mount *v;
	size_t n;
};

/* Reads FUSE mounts from text in the form of /proc/self/mountinfo; bad lines are skipped. */
int ext_mounts_parse(const char *text, struct ext_mounts *out);
int ext_mounts_read(struct ext_mounts *out);
void ext_mounts_free(struct ext_mounts *mounts);
/* The topmost FUSE mount at @dir, or NULL. */
const struct ext_mount *ext_mounts_find(const struct ext_mounts *mounts, const char *dir);

enum ext_attach { EXT_ATTACH_NONE, EXT_ATTACH_YES, EXT_ATTACH_REFUSED, EXT_ATTACH_UNKNOWN };

struct ext_attachment {
	enum ext_attach state;
	uint32_t prog_id;
	/* positive errno of a refusal, or of why nothing is known */
	int error;
};

/* Reads "attached ID", "refused ERRNO" or "none". */
void ext_attachment_parse(const char *text, struct ext_attachment *out);
void ext_attachment_read(uint32_t connection, struct ext_attachment *out);

/* "EPERM", or a number for an errno without a name. */
const char *ext_errno_name(int error, char buf[16]);

/* A loaded program's maps, found from its id; descriptors are open. */
struct ext_running {
	int *maps;
	size_t n;
};

int ext_running_open(uint32_t prog_id, struct ext_running *out);
void ext_running_close(struct ext_running *running);
/* The map whose name is @name (kernel names have 15 characters), or -ENOENT. */
int ext_running_map(const struct ext_running *running, const char *name);
/* The expression that the program was built from; a string to free. */
int ext_running_policy(const struct ext_running *running, char **out);

/* Opcodes and one more for those beyond. */
#define EXT_STATS_ROWS (EXT_OPCODES + 1)

struct ext_stats {
	struct ext_op_stats ops[EXT_STATS_ROWS];
	/* rows that LRU maps dropped by themselves; shown with LOOKUP, which misses them first */
	uint64_t evictions;
};

int ext_stats_read(const struct ext_running *running, struct ext_stats *out);

/*
 * Print the table that `extfuse stats` promises, or the same in JSON: a row per
 * opcode seen, then why requests were not answered.
 */
void ext_stats_print(FILE *out, const struct ext_stats *stats, bool json);

#endif /* EXT_MOUNTS_H */
