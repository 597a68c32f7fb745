// SPDX-License-Identifier: LGPL-2.1-or-later
/* stats.c - the text of `extfuse stats` */
#include <inttypes.h>
#include <linux/fuse.h>
#include <string.h>

#include "internal.h"
#include "mounts.h"

static const char *const miss_names[EXT_MISS_MAX] = {
	[EXT_MISS_ABSENT] = "absent", [EXT_MISS_EXPIRED] = "expired",
	[EXT_MISS_STALE] = "stale",   [EXT_MISS_TORN] = "torn",
	[EXT_MISS_FULL] = "full",     [EXT_MISS_NOT_LIVE] = "not_live",
	[EXT_MISS_ERROR] = "error",
};

static const char *const columns[] = {
	"requests", "hits",	     "negative_hits", "misses",
	"stores",   "invalidations", "evictions",     "errors",
};

/* Index 0 counts what no request caused, the last one opcodes without an index of their own. */
static const char *row_label(uint32_t opcode, char buf[16])
{
	if (!opcode)
		return "EVENT";
	if (opcode >= EXT_OPCODES)
		return "OTHER";
	return ext_opcode_label(opcode, buf);
}

static uint64_t misses(const struct ext_op_stats *op)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < EXT_MISS_MAX; i++)
		sum += op->misses[i];
	return sum;
}

/* The columns of one opcode; false if there is nothing to show. */
static bool row_values(const struct ext_stats *stats, uint32_t opcode,
		       uint64_t values[EXT_ARRAY_SIZE(columns)])
{
	const struct ext_op_stats *op = &stats->ops[opcode];
	const uint64_t row[EXT_ARRAY_SIZE(columns)] = {
		op->requests,
		op->hits,
		op->negative_hits,
		misses(op),
		op->stores,
		op->invalidations,
		opcode == FUSE_LOOKUP ? stats->evictions : 0,
		op->errors,
	};
	bool seen = false;

	for (size_t i = 0; i < EXT_ARRAY_SIZE(columns); i++)
		seen |= row[i] != 0;
	memcpy(values, row, sizeof(row));
	return seen;
}

static void print_text(FILE *out, const struct ext_stats *stats)
{
	uint64_t values[EXT_ARRAY_SIZE(columns)];
	char buf[16];

	fputs("opcode", out);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(columns); i++)
		fprintf(out, " %s", columns[i]);
	fputc('\n', out);
	for (uint32_t opcode = 0; opcode < EXT_STATS_ROWS; opcode++) {
		if (!row_values(stats, opcode, values))
			continue;
		fputs(row_label(opcode, buf), out);
		for (size_t i = 0; i < EXT_ARRAY_SIZE(columns); i++)
			fprintf(out, " %" PRIu64, values[i]);
		fputc('\n', out);
	}
	for (uint32_t opcode = 0; opcode < EXT_STATS_ROWS; opcode++)
		for (size_t i = 0; i < EXT_MISS_MAX; i++)
			if (stats->ops[opcode].misses[i])
				fprintf(out, "miss %s %s %llu\n", row_label(opcode, buf),
					miss_names[i], stats->ops[opcode].misses[i]);
}

static void print_json(FILE *out, const struct ext_stats *stats)
{
	uint64_t values[EXT_ARRAY_SIZE(columns)];
	const char *between = "";
	char buf[16];

	fputs("{\"opcodes\": [", out);
	for (uint32_t opcode = 0; opcode < EXT_STATS_ROWS; opcode++) {
		if (!row_values(stats, opcode, values))
			continue;
		fprintf(out, "%s\n  {\"opcode\": \"%s\"", between, row_label(opcode, buf));
		for (size_t i = 0; i < EXT_ARRAY_SIZE(columns); i++)
			fprintf(out, ", \"%s\": %" PRIu64, columns[i], values[i]);
		fputc('}', out);
		between = ",";
	}
	fputs("],\n \"miss\": [", out);
	between = "";
	for (uint32_t opcode = 0; opcode < EXT_STATS_ROWS; opcode++) {
		for (size_t i = 0; i < EXT_MISS_MAX; i++) {
			if (!stats->ops[opcode].misses[i])
				continue;
			fprintf(out,
				"%s\n  {\"opcode\": \"%s\", \"reason\": \"%s\", \"count\": %llu}",
				between, row_label(opcode, buf), miss_names[i],
				stats->ops[opcode].misses[i]);
			between = ",";
		}
	}
	fputs("]}\n", out);
}

void ext_stats_print(FILE *out, const struct ext_stats *stats, bool json)
{
	if (json)
		print_json(out, stats);
	else
		print_text(out, stats);
}
