// SPDX-License-Identifier: LGPL-2.1-or-later
/* mounts.c - FUSE mounts from mountinfo, and the connection's state file */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "mounts.h"

/* mountinfo writes blanks, tabs, newlines and backslashes as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static bool is_fuse(const char *type)
{
	return !strcmp(type, "fuse") || !strcmp(type, "fuseblk") || !strncmp(type, "fuse.", 5) ||
	       !strncmp(type, "fuseblk.", 8);
}

/* "36 35 0:42 ROOT DIR OPTIONS [FIELD...] - TYPE SOURCE OPTIONS" */
static int parse_line(char *line, struct ext_mounts *out)
{
	char *save = NULL;
	char *fields[5];
	char *type = NULL;
	unsigned int major;
	unsigned int minor;

	for (size_t i = 0; i < EXT_ARRAY_SIZE(fields); i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!fields[i])
			return 0;
	}
	for (const char *f = strtok_r(NULL, " ", &save); f; f = strtok_r(NULL, " ", &save)) {
		if (!strcmp(f, "-")) {
			type = strtok_r(NULL, " ", &save);
			break;
		}
	}
	if (!type || !is_fuse(type) || sscanf(fields[2], "%u:%u", &major, &minor) != 2)
		return 0;
	unescape(fields[4]);

	struct ext_mount *v = realloc(out->v, (out->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	out->v = v;

	struct ext_mount mount = { strdup(fields[4]), strdup(type), minor };

	if (!mount.dir || !mount.type) {
		free(mount.dir);
		free(mount.type);
		return -ENOMEM;
	}
	v[out->n++] = mount;
	return 0;
}

int ext_mounts_parse(const char *text, struct ext_mounts *out)
{
	_cleanup_free_ char *copy = strdup(text);
	struct ext_mounts mounts = { 0 };
	char *rest = copy;
	int err = copy ? 0 : -ENOMEM;

	while (rest && !err)
		err = parse_line(strsep(&rest, "\n"), &mounts);
	if (err) {
		ext_mounts_free(&mounts);
		return err;
	}
	*out = mounts;
	return 0;
}

int ext_mounts_read(struct ext_mounts *out)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_text_ struct ext_text text = { 0 };
	char piece[4096];

	if (!file)
		return -errno;
	while (fgets(piece, sizeof(piece), file))
		ext_text_add(&text, "%s", piece);
	return ext_mounts_parse(text.s ? text.s : "", out);
}

void ext_mounts_free(struct ext_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->v[i].dir);
		free(mounts->v[i].type);
	}
	free(mounts->v);
	*mounts = (struct ext_mounts){ 0 };
}

const struct ext_mount *ext_mounts_find(const struct ext_mounts *mounts, const char *dir)
{
	const struct ext_mount *found = NULL;

	/* Later lines are mounted over earlier ones. */
	for (size_t i = 0; i < mounts->n; i++)
		if (!strcmp(mounts->v[i].dir, dir))
			found = &mounts->v[i];
	return found;
}

void ext_attachment_parse(const char *text, struct ext_attachment *out)
{
	unsigned int id;
	int error;

	*out = (struct ext_attachment){ .state = EXT_ATTACH_UNKNOWN, .error = EPROTO };
	if (sscanf(text, "attached %u", &id) == 1)
		*out = (struct ext_attachment){ .state = EXT_ATTACH_YES, .prog_id = id };
	else if (sscanf(text, "refused %d", &error) == 1)
		*out = (struct ext_attachment){ .state = EXT_ATTACH_REFUSED, .error = abs(error) };
	else if (!strncmp(text, "none", 4))
		*out = (struct ext_attachment){ .state = EXT_ATTACH_NONE };
}

void ext_attachment_read(uint32_t connection, struct ext_attachment *out)
{
	char path[96];
	char line[64] = "";

	snprintf(path, sizeof(path), EXT_CONNECTIONS "/%u/extfuse", connection);

	_cleanup_fclose_ FILE *file = fopen(path, "re");

	if (file && fgets(line, sizeof(line), file))
		ext_attachment_parse(line, out);
	else if (!file && errno == ENOENT)
		/* A kernel without ExtFUSE has no such file; nothing can be attached. */
		*out = (struct ext_attachment){ .state = EXT_ATTACH_NONE };
	else
		*out = (struct ext_attachment){ .state = EXT_ATTACH_UNKNOWN,
						.error = file ? EIO : errno };
}

const char *ext_errno_name(int error, char buf[16])
{
	const char *name = strerrorname_np(error);

	if (name)
		return name;
	snprintf(buf, 16, "%d", error);
	return buf;
}
