// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_names.c - opcodes, events and slots by name */
#include <errno.h>
#include <linux/extfuse.h>
#include <linux/fuse.h>

#include "loader/loader_test.h"

static void test_opcodes(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(ext_opcode_name(FUSE_LOOKUP), "LOOKUP");
	assert_string_equal(ext_opcode_name(FUSE_RENAME2), "RENAME2");
	assert_string_equal(ext_opcode_name(FUSE_STATX), "STATX");
	assert_null(ext_opcode_name(0));
	assert_null(ext_opcode_name(7));
	assert_null(ext_opcode_name(CUSE_INIT));
	assert_null(ext_opcode_name(UINT32_MAX));
	assert_string_equal(ext_opcode_label(FUSE_READ, buf), "READ");
	assert_string_equal(ext_opcode_label(63, buf), "63");

	/* The table holds each opcode once, and finds it again. */
	int named = 0;

	for (uint32_t i = 0; i < 256; i++) {
		if (!ext_opcode_name(i))
			continue;
		named++;
		assert_int_equal(ext_opcode_by_name(ext_opcode_name(i)), i);
	}
	assert_true(named >= 49);
	assert_int_equal(ext_opcode_by_name("lookup"), FUSE_LOOKUP);
	assert_int_equal(ext_opcode_by_name("FUSE_LOOKUP"), -ENOENT);
	assert_int_equal(ext_opcode_by_name(""), -ENOENT);
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(ext_event_by_name("FORGET"), EXTFUSE_EV_FORGET);
	assert_int_equal(ext_event_by_name("inval_attr"), EXTFUSE_EV_INVAL_ATTR);
	assert_int_equal(ext_event_by_name("MAX"), -ENOENT);
	assert_int_equal(ext_event_by_name("NOPE"), -ENOENT);
}

static void test_what_may_have_been_meant(void **state)
{
	(void)state;
	assert_string_equal(ext_closest_opcode("LOKUP"), "LOOKUP");
	assert_string_equal(ext_closest_opcode("rename3"), "RENAME");
	assert_string_equal(ext_closest_opcode("GET_ATTR"), "GETATTR");
	assert_string_equal(ext_closest_event("BACKIN"), "BACKING");
	assert_null(ext_closest_opcode("nothing like it"));
	assert_null(ext_closest_event(""));
	assert_int_equal(ext_word_distance("abc", "ABC"), 0);
	assert_int_equal(ext_word_distance("", "abc"), 3);
	assert_int_equal(ext_word_distance("kitten", "sitting"), 3);
}

static void assert_slot(const char *section, uint32_t want)
{
	uint32_t slot = UINT32_MAX;

	assert_int_equal(ext_section_parse(section, &slot), EXT_SECTION_SLOT);
	assert_int_equal(slot, want);
}

static void test_sections(void **state)
{
	static const char *const unknown[] = { "extfuse/",
					       "extfuse/NOPE",
					       "extfuse/NOPE/reply",
					       "extfuse/event/",
					       "extfuse/event/MAX",
					       "extfuse/reply",
					       "extfuse//reply",
					       "extfuse/LOOKUP/replies",
					       "extfuse/LOOKUPLOOKUPLOOKUPLOOKUPLOOKUPLOOKUP" };
	static const char *const foreign[] = { "",	 "xdp",	     ".text",
					       "extfus", "extfused", "tc/extfuse" };
	uint32_t slot;

	(void)state;
	assert_int_equal(ext_section_parse("extfuse", &slot), EXT_SECTION_ENTRY);
	assert_int_equal(ext_section_parse("extfuse/fill", &slot), EXT_SECTION_FILL);
	assert_slot("extfuse/LOOKUP", FUSE_LOOKUP);
	assert_slot("extfuse/LOOKUP/reply", 64 + FUSE_LOOKUP);
	assert_slot("extfuse/STATX/reply", 64 + FUSE_STATX);
	assert_slot("extfuse/event/DELETE", 128 + EXTFUSE_EV_DELETE);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(unknown); i++)
		assert_int_equal(ext_section_parse(unknown[i], &slot), EXT_SECTION_UNKNOWN);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(foreign); i++)
		assert_int_equal(ext_section_parse(foreign[i], &slot), EXT_SECTION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_what_may_have_been_meant),
		cmocka_unit_test(test_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
