/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* join.h - what the library and the program that links for it agree on */
#ifndef EXT_JOIN_H
#define EXT_JOIN_H

#include <stddef.h>
#include <stdint.h>

/* The program; it is looked for where objects are, but never where the environment says. */
#define EXT_LINKER "extfuse-link"

/* Descriptors that it finds open. */
enum {
	EXT_JOIN_IN = 3, /* struct ext_join_head, sizes, then the objects' bytes */
	EXT_JOIN_OUT = 4,
	EXT_JOIN_REPORT = 5, /* struct ext_join_report, mapped: a crash leaves what was written */
};

struct ext_join_head {
	uint32_t count;
	uint32_t unused;
	/* then count sizes, of 8 bytes each */
};

#define EXT_JOIN_NOBODY UINT32_MAX
/* What stands in the report until it is known how it ended. */
#define EXT_JOIN_PENDING 1

struct ext_join_state {
	/* 0 or -errno */
	int32_t error;
	/* index of the object that is being added, or EXT_JOIN_NOBODY */
	uint32_t object;
};

struct ext_join_report {
	struct ext_join_state state;
	/* libbpf's, one a line, each with a letter before it: W for a warning, D for others */
	char messages[64 << 10];
};

struct ext_join_image {
	const void *data;
	size_t size;
};

/*
 * Join objects into the file @out with libbpf, and open the result once: it
 * may end this process, or never return. @progress is told before each object is
 * added. Messages go to libbpf's print function.
 */
int ext_join(const struct ext_join_image *images, uint32_t count, int out,
	     void (*progress)(uint32_t object));

#endif /* EXT_JOIN_H */
