/* SPDX-License-Identifier: GPL-2.0-only */
/* fuzz.h - what the fuzz targets share: a log that checks its lines, and a way to say no */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../loader/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

struct fuzz_log {
	unsigned int errors;
};

/* The library promises one line without control characters. */
static inline void fuzz_hear(void *data, enum extfuse_log_level level, const char *line)
{
	struct fuzz_log *log = data;

	for (const char *p = line; *p; p++)
		MUST((unsigned char)*p >= ' ' && *p != 0x7f);
	if (level == EXTFUSE_LOG_ERROR)
		log->errors++;
}

/* A user's error is exactly one line, success none. */
static inline void fuzz_outcome(const struct fuzz_log *log, int err)
{
	MUST(err <= 0);
	MUST(log->errors == (err && err != -ENOMEM ? 1 : 0));
}

#endif
