// SPDX-License-Identifier: GPL-2.0-only
/* mounts.c - what is at the mount point before us */
#include "mounts.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "startup.h"

/* The type of the last mount on @path, as libfuse names ours "fuse.stackfs". */
static bool fuse_mounted_on(const char *path, char *type, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char strings[8192];
	struct mntent entry;
	bool found = false;

	if (!mounts)
		return false;
	while (getmntent_r(mounts, &entry, strings, sizeof(strings))) {
		if (strcmp(entry.mnt_dir, path) != 0)
			continue;
		found = !strcmp(entry.mnt_type, "fuse") || !strncmp(entry.mnt_type, "fuse.", 5);
		snprintf(type, size, "%s", entry.mnt_type);
	}
	endmntent(mounts);
	return found;
}

/*
 * A mount below the source covers a directory of the source. Looking that up must not walk into
 * our own mount, or a request would wait for itself.
 */
static int remember_covered(struct stackfs *fs, int fd)
{
	const struct options *opts = &fs->opts;
	size_t len = strlen(opts->source);
	char *copy = NULL;
	struct stat st;
	char *slash;

	/* "/" is the one path that ends in a slash. */
	if (strncmp(opts->mountpoint, opts->source, len) != 0 ||
	    (len > 1 && opts->mountpoint[len] != '/') || !opts->mountpoint[1])
		return 0;
	copy = strdup(opts->mountpoint);
	if (!copy)
		return -ENOMEM;
	slash = strrchr(copy, '/');
	fs->covered.name = strdup(slash + 1);
	slash[slash == copy] = '\0';
	if (!fs->covered.name || stat(copy, &st) < 0) {
		free(copy);
		return fs->covered.name ? -errno : -ENOMEM;
	}
	free(copy);
	fs->covered.parent_dev = st.st_dev;
	fs->covered.parent_ino = st.st_ino;
	fs->covered.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fs->covered.fd < 0 ? -errno : 0;
}

int mounts_check(struct stackfs *fs)
{
	const char *path = fs->opts.mountpoint;
	char type[64];
	int fd, err;

	if (!strncmp(path, "/dev/fd/", 8))
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		say("mount point '%s': %s; it must be an existing directory", path,
		    strerror(errno));
		return -1;
	}
	if (fuse_mounted_on(path, type, sizeof(type))) {
		say("mount point '%s' is busy: it is a mount of type %s; "
		    "unmount that first: fusermount3 -u '%s'",
		    path, type, path);
		close(fd);
		return -1;
	}
	err = remember_covered(fs, fd);
	close(fd);
	if (err)
		say("mount point '%s': %s", path, strerror(-err));
	return err ? -1 : 0;
}
