// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_stats.c - the text and the JSON of `extfuse stats` */
#include <linux/fuse.h>

#include "../loader/mounts.h"
#include "loader/loader_test.h"

static void assert_printed(const struct ext_stats *stats, bool json, const char *want)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	ext_stats_print(out, stats, json);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

#define HEADER "opcode requests hits negative_hits misses stores invalidations evictions errors\n"

static void test_nothing_seen(void **state)
{
	const struct ext_stats stats = { 0 };

	(void)state;
	assert_printed(&stats, false, HEADER);
	assert_printed(&stats, true, "{\"opcodes\": [],\n \"miss\": []}\n");
}

static struct ext_stats make_stats(void)
{
	struct ext_stats stats = { .evictions = 9 };

	stats.ops[FUSE_LOOKUP] = (struct ext_op_stats){
		.requests = 10,
		.hits = 3,
		.negative_hits = 2,
		.misses = { [EXT_MISS_ABSENT] = 4, [EXT_MISS_NOT_LIVE] = 1 },
		.stores = 4,
		.inserts = 20,
	};
	stats.ops[FUSE_WRITE] = (struct ext_op_stats){
		.requests = 1,
		.misses = { [EXT_MISS_ABSENT] = 1 },
		.invalidations = 1,
		.errors = 6,
	};
	stats.ops[63].requests = UINT64_MAX;
	return stats;
}

static void test_text(void **state)
{
	const struct ext_stats stats = make_stats();

	(void)state;
	assert_printed(&stats, false,
		       HEADER "LOOKUP 10 3 2 5 4 0 9 0\n"
			      "WRITE 1 0 0 1 0 1 0 6\n"
			      "63 18446744073709551615 0 0 0 0 0 0 0\n"
			      "miss LOOKUP absent 4\n"
			      "miss LOOKUP not_live 1\n"
			      "miss WRITE absent 1\n");
}

static void test_json(void **state)
{
	struct ext_stats stats = make_stats();

	(void)state;
	stats.ops[63].requests = 0;
	assert_printed(
		&stats, true,
		"{\"opcodes\": [\n"
		"  {\"opcode\": \"LOOKUP\", \"requests\": 10, \"hits\": 3, \"negative_hits\": 2, "
		"\"misses\": 5, \"stores\": 4, \"invalidations\": 0, \"evictions\": 9, \"errors\": 0},\n"
		"  {\"opcode\": \"WRITE\", \"requests\": 1, \"hits\": 0, \"negative_hits\": 0, "
		"\"misses\": 1, \"stores\": 0, \"invalidations\": 1, \"evictions\": 0, "
		"\"errors\": 6}],\n"
		" \"miss\": [\n"
		"  {\"opcode\": \"LOOKUP\", \"reason\": \"absent\", \"count\": 4},\n"
		"  {\"opcode\": \"LOOKUP\", \"reason\": \"not_live\", \"count\": 1},\n"
		"  {\"opcode\": \"WRITE\", \"reason\": \"absent\", \"count\": 1}]}\n");
}

static void test_every_reason_has_its_name(void **state)
{
	struct ext_stats stats = { 0 };

	(void)state;
	stats.ops[FUSE_GETATTR] = (struct ext_op_stats){ .misses = { 1, 2, 3, 4, 5, 6, 7 } };
	assert_printed(&stats, false,
		       HEADER "GETATTR 0 0 0 28 0 0 0 0\n"
			      "miss GETATTR absent 1\n"
			      "miss GETATTR expired 2\n"
			      "miss GETATTR stale 3\n"
			      "miss GETATTR torn 4\n"
			      "miss GETATTR full 5\n"
			      "miss GETATTR not_live 6\n"
			      "miss GETATTR error 7\n");
}

static void test_rows_that_are_no_opcodes(void **state)
{
	struct ext_stats stats = { 0 };

	(void)state;
	stats.ops[0].stores = 2;
	stats.ops[EXT_OPCODES].requests = 3;
	assert_printed(&stats, false, HEADER "EVENT 0 0 0 0 2 0 0 0\nOTHER 3 0 0 0 0 0 0 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_seen),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_every_reason_has_its_name),
		cmocka_unit_test(test_rows_that_are_no_opcodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
