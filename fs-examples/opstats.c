// SPDX-License-Identifier: GPL-2.0-only
/* opstats.c - how often each request reached the daemon */
#include "opstats.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNTED = 256 };

/* Generated from linux/fuse.h: there is no list to edit. */
static const char *const names[COUNTED] = {
#include "stackfs_opcodes.inc"
};

/* The last one is for opcodes beyond. */
static _Atomic uint64_t counts[COUNTED + 1];

void opstats_count(uint32_t opcode)
{
	uint32_t i = opcode < COUNTED ? opcode : COUNTED;

	atomic_fetch_add_explicit(&counts[i], 1, memory_order_relaxed);
}

static void print(FILE *out)
{
	for (unsigned int i = 0; i <= COUNTED; i++) {
		uint64_t n = atomic_load_explicit(&counts[i], memory_order_relaxed);

		if (!n)
			continue;
		if (i == COUNTED)
			fprintf(out, "OTHER %ju\n", (uintmax_t)n);
		else if (names[i])
			fprintf(out, "%s %ju\n", names[i], (uintmax_t)n);
		else
			fprintf(out, "%u %ju\n", i, (uintmax_t)n);
	}
}

int opstats_write(const char *path)
{
	char *temporary;
	int err = 0;
	FILE *out;

	if (asprintf(&temporary, "%s.%ld", path, (long)getpid()) < 0)
		return -ENOMEM;
	out = fopen(temporary, "we");
	if (!out) {
		err = -errno;
		free(temporary);
		return err;
	}
	print(out);
	if (ferror(out))
		err = -EIO;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err)
		unlink(temporary);
	free(temporary);
	return err;
}
