// SPDX-License-Identifier: GPL-2.0-only
/* cmd_status.c - extfuse status */
#include <errno.h>
#include <string.h>

#include "cmd.h"
#include "mounts.h"

/* A mount point as one word: blanks as mountinfo writes them. */
static void print_word(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || *s == '\\' || *s == 0x7f)
			printf("\\%03o", (unsigned char)*s);
		else
			putchar(*s);
	}
}

static char *policy_of(uint32_t prog_id)
{
	struct ext_running running;
	char *policy = NULL;

	if (ext_running_open(prog_id, &running))
		return NULL;
	if (ext_running_policy(&running, &policy) || !*policy) {
		free(policy);
		policy = NULL;
	}
	ext_running_close(&running);
	return policy;
}

static void print_mount(const struct ext_mount *mount)
{
	struct ext_attachment attachment;
	char buf[16];

	ext_attachment_read(mount->connection, &attachment);
	print_word(mount->dir);
	if (attachment.state == EXT_ATTACH_YES) {
		_cleanup_free_ char *policy = policy_of(attachment.prog_id);

		printf(" %s %u attached\n", policy ? policy : "?", attachment.prog_id);
	} else if (attachment.state == EXT_ATTACH_REFUSED) {
		printf(" - - refused:%s\n", ext_errno_name(attachment.error, buf));
	} else if (attachment.state == EXT_ATTACH_UNKNOWN) {
		printf(" - - unknown:%s\n", ext_errno_name(attachment.error, buf));
	} else {
		printf(" - - none\n");
	}
}

int cmd_status(int argc, char **argv)
{
	struct ext_mounts mounts = { 0 };
	int code = cmd_no_arguments(argc, argv);

	if (code)
		return code;

	int err = ext_mounts_read(&mounts);

	if (err) {
		cmd_error("cannot read /proc/self/mountinfo: %s", strerror(-err));
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < mounts.n; i++)
		print_mount(&mounts.v[i]);
	ext_mounts_free(&mounts);
	return 0;
}
