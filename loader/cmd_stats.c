// SPDX-License-Identifier: GPL-2.0-only
/* cmd_stats.c - extfuse stats */
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "mounts.h"

static int print_stats(const char *dir, uint32_t prog_id, bool json)
{
	struct ext_running running;
	struct ext_stats stats;
	int err = ext_running_open(prog_id, &running);

	if (!err) {
		err = ext_stats_read(&running, &stats);
		ext_running_close(&running);
	}
	if (err == -EPERM || err == -EACCES)
		cmd_error("%s: no permission to read program %u: run as root", dir, prog_id);
	else if (err == -ENOENT)
		cmd_error("%s: program %u keeps no statistics (no map ext_stats)", dir, prog_id);
	else if (err)
		cmd_error("%s: cannot read program %u: %s", dir, prog_id, strerror(-err));
	else
		ext_stats_print(stdout, &stats, json);
	return err ? EXIT_TROUBLE : 0;
}

static int stats_of_mount(const char *given, const struct ext_mount *mount, bool json)
{
	struct ext_attachment attachment;
	char buf[16];

	if (!mount) {
		cmd_error("%s is not the mount point of a FUSE file system", given);
		return EXIT_TROUBLE;
	}
	ext_attachment_read(mount->connection, &attachment);
	switch (attachment.state) {
	case EXT_ATTACH_YES:
		return print_stats(given, attachment.prog_id, json);
	case EXT_ATTACH_REFUSED:
		cmd_error("%s has no program: the kernel refused it (%s), see the kernel's log",
			  given, ext_errno_name(attachment.error, buf));
		break;
	case EXT_ATTACH_UNKNOWN:
		cmd_error("%s: cannot read " EXT_CONNECTIONS "/%u/extfuse: %s", given,
			  mount->connection, strerror(attachment.error));
		break;
	default:
		if (access(EXT_CONNECTIONS "/", X_OK))
			cmd_error("%s: " EXT_CONNECTIONS " cannot be read: %s", given,
				  strerror(errno));
		else
			cmd_error("%s has no program attached (not mounted with a policy, or "
				  "fusectl is not mounted)",
				  given);
		break;
	}
	return EXIT_TROUBLE;
}

static int stats_of(const char *given, bool json)
{
	struct ext_mounts mounts;
	int err = ext_mounts_read(&mounts);

	if (err) {
		cmd_error("cannot read /proc/self/mountinfo: %s", strerror(-err));
		return EXIT_TROUBLE;
	}

	/* As it is written first: a daemon that hangs must not make us hang in realpath(). */
	const struct ext_mount *mount = ext_mounts_find(&mounts, given);
	_cleanup_free_ char *real = mount ? NULL : realpath(given, NULL);
	int code;

	if (!mount && !real) {
		cmd_error("%s: %s", given, strerror(errno));
		code = EXIT_TROUBLE;
	} else {
		code = stats_of_mount(given, mount ? mount : ext_mounts_find(&mounts, real), json);
	}
	ext_mounts_free(&mounts);
	return code;
}

/* Whoever asks again and again, as a monitor does, need not start a process each time. */
static int stats_of_each_line(bool json)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = 0;

	while (!code && (len = getline(&line, &size, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		code = stats_of(line, json);
		if (!code && (putchar('\n') == EOF || fflush(stdout))) {
			cmd_error("cannot write the statistics of %s: %s", line, strerror(errno));
			code = EXIT_TROUBLE;
		}
	}
	if (!code && ferror(stdin)) {
		cmd_error("stats: cannot read standard input: %s", strerror(errno));
		code = EXIT_TROUBLE;
	}
	return code;
}

int cmd_stats(int argc, char **argv)
{
	const char *given = NULL;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-j")) {
			json = true;
		} else if ((argv[i][0] == '-' && argv[i][1]) || given) {
			cmd_error("stats: unexpected argument '%s'; usage: extfuse stats MNT [-j]",
				  argv[i]);
			return EXIT_USAGE;
		} else {
			given = argv[i];
		}
	}
	if (!given) {
		cmd_error("stats: a mount point is missing; usage: extfuse stats MNT [-j]");
		return EXIT_USAGE;
	}
	return strcmp(given, "-") ? stats_of(given, json) : stats_of_each_line(json);
}
