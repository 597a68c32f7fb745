// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bytecode_main.c - runs the tests of one program one after the other, or those that are named (--list
 * prints the names): the program is loaded once for all of them
 */
#include <stdio.h>
#include <string.h>

/* What main() is called in the sources of tests. */
#define TEST(name) int name##_main(void);
#include EXTFUSE_KIT_TESTS
#undef TEST

static const struct {
	const char *name;
	int (*main)(void);
} tests[] = {
#define TEST(name) { #name, name##_main },
#include EXTFUSE_KIT_TESTS
#undef TEST
};

int main(int argc, char *argv[])
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int wanted = argc < 2;

		if (argc == 2 && !strcmp(argv[1], "--list")) {
			puts(tests[i].name);
			continue;
		}
		for (int j = 1; j < argc; j++)
			wanted |= !strcmp(argv[j], tests[i].name);
		if (!wanted)
			continue;
		printf("test %s\n", tests[i].name);
		fflush(stdout);
		failed |= tests[i].main();
	}
	return failed ? 1 : 0;
}
