// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c - a socket to tell the kernel of changes that were made in the source, and to play the
 * server that grants leases
 *
 * The kernel's notifications also reach the program of a policy, so nothing else has to be told of
 * changes.
 */
#include "control.h"

#include <extfuse.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "startup.h"

static int listener = -1;

/* The nodeid that the kernel knows the file at @path by, 0 if it knows none. */
static int nodeid_of(struct stackfs *fs, const char *path, uint64_t *nodeid)
{
	struct inode *root = inode_get(&fs->inodes, FUSE_ROOT_ID);
	struct stat st;
	int err = fstatat(root->fd, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	inode_put(root);
	if (!err)
		*nodeid = inode_nodeid(&fs->inodes, &st);
	return err;
}

static int tell_inode(struct stackfs *fs, const char *path, off_t off)
{
	uint64_t nodeid;
	int err = nodeid_of(fs, path, &nodeid);

	if (err || !nodeid)
		return err;
	return fuse_lowlevel_notify_inval_inode(fs->session, nodeid, off, 0);
}

/* The name need not be there any more, or yet. */
static int tell_entry(struct stackfs *fs, char *path, bool expire)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	uint64_t parent;
	int err;

	if (!*name)
		return -EINVAL;
	if (slash)
		*slash = '\0';
	err = nodeid_of(fs, slash ? path : "", &parent);
	if (err || !parent)
		return err;
	return expire ? fuse_lowlevel_notify_expire_entry(fs->session, parent, name, strlen(name),
							  FUSE_LL_EXPIRE_ONLY)
		      : fuse_lowlevel_notify_inval_entry(fs->session, parent, name, strlen(name));
}

/* As long as a server would: until the lease ends, nobody changes the file without a word. */
static int grant_lease(struct stackfs *fs, char *words)
{
	struct extfuse_lease lease;
	uint64_t nodeid;
	char *path;
	unsigned long ms = strtoul(words, &path, 10);
	int err;

	if (path == words || strncmp(path, "ms ", 3) != 0 || ms > 86400000)
		return -EINVAL;
	for (path += 3; *path == '/'; path++)
		;
	err = extfuse_lease_begin(fs->ext, &lease);
	if (!err)
		err = nodeid_of(fs, path, &nodeid);
	if (err)
		return err;
	/* It has no nodeid before the kernel has looked it up. */
	return nodeid ? extfuse_lease_grant(fs->ext, &lease, nodeid, ms * 1000000) : -ESTALE;
}

/* First the lease, then what the kernel itself keeps: contents, and attributes within a timeout. */
static int revoke_lease(struct stackfs *fs, const char *path)
{
	uint64_t nodeid;
	int err = nodeid_of(fs, path, &nodeid);

	if (err || !nodeid)
		return err;
	err = extfuse_lease_revoke(fs->ext, nodeid);
	return err ? err : fuse_lowlevel_notify_inval_inode(fs->session, nodeid, 0, 0);
}

static int obey(struct stackfs *fs, char *line)
{
	char *path = strchr(line, ' ');
	int err;

	if (!path)
		return -EINVAL;
	*path++ = '\0';
	if (!strcmp(line, "grant"))
		return grant_lease(fs, path);
	while (*path == '/')
		path++;
	if (!strcmp(line, "inode"))
		err = tell_inode(fs, path, 0);
	else if (!strcmp(line, "attr"))
		err = tell_inode(fs, path, -1);
	else if (!strcmp(line, "entry"))
		err = tell_entry(fs, path, false);
	else if (!strcmp(line, "expire"))
		err = tell_entry(fs, path, true);
	else if (!strcmp(line, "revoke"))
		err = revoke_lease(fs, path);
	else
		return -EINVAL;
	/* The kernel has nothing of it to invalidate. */
	return err == -ENOENT ? 0 : err;
}

static void converse(struct stackfs *fs, int fd)
{
	char line[PATH_MAX + 16];
	FILE *in = fdopen(fd, "r+");

	if (!in) {
		close(fd);
		return;
	}
	while (fgets(line, sizeof(line), in)) {
		int err;

		line[strcspn(line, "\n")] = '\0';
		err = obey(fs, line);
		dprintf(fd, "%s\n", err ? strerror(-err) : "ok");
	}
	fclose(in);
}

static void *control_thread(void *data)
{
	struct stackfs *fs = data;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			converse(fs, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return NULL;
	}
}

/* What a daemon that was killed left behind is in the way, a living one's socket stays. */
static void remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int err = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	remove_stale(&address);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -errno;
	mask = umask(0177);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 16) < 0)
		err = -errno;
	umask(mask);
	if (err) {
		close(listener);
		listener = -1;
	}
	return err;
}

int control_start(struct stackfs *fs)
{
	int err;

	if (!fs->opts.control)
		return 0;
	err = listen_at(fs->opts.control);
	if (!err)
		err = run_detached(control_thread, fs);
	if (err)
		say("cannot make the socket control=%s: %s", fs->opts.control, strerror(-err));
	return err ? -1 : 0;
}

void control_stop(struct stackfs *fs)
{
	if (listener >= 0)
		unlink(fs->opts.control);
}
