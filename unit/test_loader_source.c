// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_source.c - the line of source of an instruction, and .BTF.ext that is broken */
#include <bpf/btf.h>

#include "loader/loader_test.h"

static struct btf *btf;
static struct btf_ext *btf_ext;
static unsigned char *bytes;
static __u32 size;

static int read_fixture(void **state)
{
	const void *raw;

	(void)state;
	btf = btf__parse_elf(fixture("broken/undefined_hook"), &btf_ext);
	if (!btf || !btf_ext)
		return -1;
	raw = btf_ext__get_raw_data(btf_ext, &size);
	bytes = malloc(size);
	if (!raw || !bytes)
		return -1;
	memcpy(bytes, raw, size);
	return 0;
}

static int drop_fixture(void **state)
{
	(void)state;
	free(bytes);
	btf_ext__free(btf_ext);
	btf__free(btf);
	return 0;
}

static void assert_line(const char *section, uint64_t offset, const char *expected)
{
	_cleanup_free_ char *line = ext_source_line(btf, bytes, size, section, offset);

	if (expected) {
		assert_non_null(line);
		assert_int_equal(strncmp(line, expected, strlen(expected)), 0);
	} else {
		assert_null(line);
	}
}

static void test_lines(void **state)
{
	(void)state;
	assert_line("extfuse/STATFS", 0, "undefined_hook.bpf.c:1");
	/* Whatever comes behind the last known instruction belongs to its line. */
	assert_line("extfuse/STATFS", UINT64_MAX, "undefined_hook.bpf.c:1");
	assert_line("extfuse/LOOKUP", 0, NULL);
	assert_line("", 0, NULL);
}

/* Copies of exact sizes, so that a sanitizer sees each byte too many. */
static void test_cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		unsigned char *part = malloc(cut ? cut : 1);

		assert_non_null(part);
		memcpy(part, bytes, cut);
		free(ext_source_line(btf, part, cut, "extfuse/STATFS", 0));
		free(part);
	}
}

static void test_any_byte_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < size; i++) {
		static const unsigned char values[] = { 0, 1, 0x7f, 0xff };
		unsigned char good = bytes[i];

		for (size_t j = 0; j < sizeof(values); j++) {
			bytes[i] = values[j];
			free(ext_source_line(btf, bytes, size, "extfuse/STATFS", 0));
		}
		bytes[i] = good;
	}
	assert_line("extfuse/STATFS", 0, "undefined_hook.bpf.c:1");
	bytes[0] ^= 1;
	assert_line("extfuse/STATFS", 0, NULL);
	bytes[0] ^= 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_any_byte_wrong),
	};

	return cmocka_run_group_tests(tests, read_fixture, drop_fixture);
}
