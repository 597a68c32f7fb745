// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_cmd.c - the command's exit codes and its one clear line */
#include <sys/wait.h>

#include "loader/loader_test.h"

struct ran {
	int code;
	char out[16384];
	char err[4096];
};

static void slurp(FILE *file, char *to, size_t size)
{
	rewind(file);
	to[fread(to, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Runs build/bin/extfuse with @arguments. */
static struct ran run(const char *arguments)
{
	struct ran ran;
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	char command[2 * PATH_MAX];

	assert_non_null(out);
	assert_non_null(err);
	snprintf(command, sizeof(command), "exec >&%d 2>&%d; %s/../../bin/extfuse %s", fileno(out),
		 fileno(err), fixtures(), arguments);

	int status = system(command);

	assert_true(WIFEXITED(status));
	ran.code = WEXITSTATUS(status);
	slurp(out, ran.out, sizeof(ran.out));
	slurp(err, ran.err, sizeof(ran.err));
	return ran;
}

static void assert_one_line(const struct ran *ran, const char *text)
{
	const char *newline = strchr(ran->err, '\n');

	if (!newline || newline[1] || strncmp(ran->err, "extfuse: ", 9) || !strstr(ran->err, text))
		fail_msg("'%s' is not one line with '%s'", ran->err, text);
	assert_string_equal(ran->out, "");
}

static void test_wrong_calls(void **state)
{
	static const struct {
		const char *arguments;
		const char *text;
	} calls[] = {
		{ "", "a command is missing" },
		{ "nope", "unknown command 'nope'" },
		{ "policies x", "unexpected argument 'x'" },
		{ "handlers -j", "unexpected argument '-j'" },
		{ "check x", "unexpected argument 'x'" },
		{ "status x", "unexpected argument 'x'" },
		{ "stats", "a mount point is missing" },
		{ "stats -j", "a mount point is missing" },
		{ "stats / /", "unexpected argument '/'" },
		{ "stats / -x", "unexpected argument '-x'" },
		{ "new", "'new policy NAME [DIR]' or 'new handler NAME OPCODE [DIR]' is expected" },
		{ "new lookup", "is expected" },
		{ "new policy", "NAME is missing" },
		{ "new policy a b c", "unexpected argument 'c'" },
		{ "new policy Upper", "'Upper' is no name for it" },
		{ "new policy ../up", "'../up' is no name for it" },
		{ "new policy ''", "'' is no name for it" },
		{ "new handler a", "OPCODE is missing" },
		{ "new handler a LOOKPU", "unknown opcode 'LOOKPU' (is LOOKUP meant?)" },
		{ "new handler a 1", "unknown opcode '1'" },
		{ "new handler a FORGET", "no program sees FORGET requests" },
	};

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(calls); i++) {
		struct ran ran = run(calls[i].arguments);

		assert_int_equal(ran.code, 2);
		assert_one_line(&ran, calls[i].text);
	}
}

static void test_help_and_version(void **state)
{
	struct ran ran = run("--help");

	(void)state;
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.err, "");
	assert_non_null(strstr(ran.out, "stats MNT [-j]"));
	ran = run("stats --help");
	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, "stats MNT [-j]"));
	ran = run("--version");
	assert_int_equal(ran.code, 0);
	assert_int_equal(strncmp(ran.out, "extfuse ", 8), 0);
}

/* What is asked for on standard input is refused in the same words; the first refusal is the end. */
static void test_stats_of_lines(void **state)
{
	struct ran ran = run("stats - </dev/null");

	(void)state;
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.out, "");
	assert_string_equal(ran.err, "");
	ran = run("stats - -j <<-END\n/nowhere\n/\nEND\n");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "/nowhere: No such file or directory");
	ran = run("stats - <<-END\n/\nEND\n");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "/ is not the mount point of a FUSE file system");
	ran = run("stats - </");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "cannot read standard input: Is a directory");
}

static void test_policies(void **state)
{
	struct ran ran = run("policies");

	(void)state;
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.err, "");
	assert_non_null(strstr(ran.out, "ttl\n    fixture with durations; bad at nothing\n"));
	assert_non_null(strstr(ran.out, "negative_ttl=DURATION"));
	assert_non_null(strstr(ran.out, "(default as ttl)"));
	assert_non_null(strstr(ran.out, "with every policy\n"));
	assert_non_null(strstr(ran.out, "atime=strict|relaxed"));
	assert_non_null(strstr(ran.out, "(default 4096)"));
}

static void test_handlers(void **state)
{
	struct ran ran = run("handlers");

	(void)state;
	assert_int_equal(ran.code, 0);
	assert_non_null(strstr(ran.out, "LOOKUP request,reply: answers LOOKUP\n"));
	assert_non_null(strstr(ran.out, "FORGET event: hears of FORGET\n"));
	assert_null(strstr(ran.out, "ttl"));
}

/* Whatever this machine's kernel offers, each line says so and the last one sums it up. */
static void test_check(void **state)
{
	struct ran ran = run("check");

	(void)state;
	assert_string_equal(ran.err, "");
	if (ran.code)
		assert_non_null(strstr(ran.out, "\nExtFUSE cannot be used\n"));
	else
		assert_non_null(strstr(ran.out, "\nExtFUSE can be used\n"));
	assert_true(ran.code == 0 || ran.code == 1);
	assert_int_equal(!ran.code, !strstr(ran.out, "\nno "));
}

static void test_status(void **state)
{
	struct ran ran = run("status");

	(void)state;
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.err, "");
}

static void test_bad_mount_points(void **state)
{
	struct ran ran = run("stats /nonexistent");

	(void)state;
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "/nonexistent: No such file or directory");
	ran = run("stats / -j");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "/ is not the mount point of a FUSE file system");
}

static void test_broken_objects(void **state)
{
	char path[PATH_MAX + 64];
	struct ran ran;

	(void)state;
	snprintf(path, sizeof(path), "%s/broken", fixtures());
	setenv("EXTFUSE_OBJECT_PATH", path, 1);
	ran = run("policies");
	assert_int_equal(ran.code, 1);
	assert_non_null(strstr(ran.err, "contract 99, newer than"));
	use_fixtures(NULL);
}

static char project[] = "/tmp/test_loader_cmd_XXXXXX";

/* What is in the way stays as it is. */
static void test_new_overwrites_nothing(void **state)
{
	char arguments[PATH_MAX];
	struct ran ran;

	(void)state;
	assert_non_null(mkdtemp(project));
	snprintf(arguments, sizeof(arguments), "new handler deny CREATE %s", project);
	/* An empty directory is none in the way. */
	ran = run(arguments);
	assert_int_equal(ran.code, 0);
	assert_string_equal(ran.err, "");
	assert_non_null(strstr(ran.out, "deny.bpf.o"));
	ran = run(arguments);
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "exists already and is not an empty directory; name another");
	ran = run("new policy mine /etc/passwd");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "'/etc/passwd' exists already");
	ran = run("new policy mine /nonexistent/mine");
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "cannot make the directory '/nonexistent/mine': No such file");
	snprintf(arguments, sizeof(arguments), "exec rm -r %s", project);
	assert_int_equal(system(arguments), 0);
}

static void test_full_output(void **state)
{
	struct ran ran = run("policies >/dev/full");

	(void)state;
	assert_int_equal(ran.code, 1);
	assert_one_line(&ran, "cannot write the output");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_calls),
		cmocka_unit_test(test_help_and_version),
		cmocka_unit_test(test_stats_of_lines),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_handlers),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_bad_mount_points),
		cmocka_unit_test(test_broken_objects),
		cmocka_unit_test(test_new_overwrites_nothing),
		cmocka_unit_test(test_full_output),
	};

	return cmocka_run_group_tests(tests, use_fixtures, NULL);
}
