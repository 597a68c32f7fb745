// SPDX-License-Identifier: GPL-2.0-only
/* cmd.c - the command extfuse */
#include <stdarg.h>
#include <string.h>

#include "cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *help;
} commands[] = {
	{ "policies", cmd_policies, "", "policies, what they are for and their parameters" },
	{ "handlers", cmd_handlers, "", "handlers, their opcodes and phases" },
	{ "check", cmd_check, "", "what this kernel offers; exits 0 if it can be used" },
	{ "status", cmd_status, "", "FUSE mounts and what is attached to them" },
	{ "stats", cmd_stats, " MNT [-j]", "counters of a mount per opcode; -j: as JSON" },
	{ "new policy", cmd_new, " NAME [DIR]", "a project for a policy of your own" },
	{ "new handler", cmd_new, " NAME OPCODE [DIR]", "the same for a handler" },
};

void cmd_error(const char *fmt, ...)
{
	va_list args;

	fputs("extfuse: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static void log_errors(void *data, enum extfuse_log_level level, const char *line)
{
	(void)data;
	if (level == EXTFUSE_LOG_ERROR)
		cmd_error("%s", line);
}

const struct ext_log cmd_log = { .fn = log_errors };

int cmd_no_arguments(int argc, char **argv)
{
	if (argc < 2)
		return 0;
	cmd_error("%s: unexpected argument '%s'", argv[0], argv[1]);
	return EXIT_USAGE;
}

static void usage(FILE *out)
{
	fputs("usage: extfuse COMMAND\n\n", out);
	for (size_t i = 0; i < EXT_ARRAY_SIZE(commands); i++) {
		int width = fprintf(out, "  %s%s", commands[i].name, commands[i].arguments);

		fprintf(out, "%*s%s\n", width < 34 ? 34 - width : 1, "", commands[i].help);
	}
	fputs("\n  --help, --version\n\n"
	      "EXTFUSE_OBJECT_PATH: directories (DIR:DIR) searched first for policies and handlers\n",
	      out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		cmd_error("a command is missing; try 'extfuse --help'");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("extfuse %s (contract %d)\n", EXT_VERSION, EXT_CONTRACT);
		return 0;
	}
	for (size_t i = 0; i < EXT_ARRAY_SIZE(commands); i++) {
		size_t len = strcspn(commands[i].name, " ");

		/* What follows the first word is the command's own affair. */
		if (strlen(argv[1]) != len || strncmp(argv[1], commands[i].name, len) != 0)
			continue;
		if (argc == 3 && !strcmp(argv[2], "--help")) {
			usage(stdout);
			return 0;
		}

		int code = commands[i].run(argc - 1, argv + 1);

		if (fflush(stdout) || ferror(stdout)) {
			cmd_error("cannot write the output");
			return EXIT_TROUBLE;
		}
		return code;
	}
	cmd_error("unknown command '%s'; try 'extfuse --help'", argv[1]);
	return EXIT_USAGE;
}
