// SPDX-License-Identifier: GPL-2.0-only
/* paths.c - every call that takes one path, on every kind of path */
#include "posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

enum kind {
	NO_KIND,
	A_FILE,
	A_DIR,
	A_FULL_DIR,
	A_FIFO,
	A_SOCKET,
	A_DEVICE,
	A_LINK,
	A_DIR_LINK,
	A_DANGLING,
	A_LOOP,
	MISSING,
	BELOW_FILE,
	BELOW_MISSING,
	THROUGH_LINK,
	LONGEST_NAME,
	TOO_LONG_NAME,
	TOO_LONG_PATH,
	FILE_SLASH,
	DIR_SLASH,
	DIR_LINK_SLASH,
	MISSING_SLASH,
	DIR_DOT,
	DIR_DOTDOT,
	NOTHING,
	KINDS,
};

static char longest_name[NAME_MAX + 1], too_long_name[NAME_MAX + 2], too_long_path[PATH_MAX + 1];

static void make_nothing(void)
{
}

static void make_file(void)
{
	file("f", "abc");
}

static void make_dir(void)
{
	dir("d");
}

static void make_full_dir(void)
{
	dir("d");
	file("d/e", "");
}

static void make_fifo(void)
{
	fifo("p");
}

static int bind_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, result, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* No path at all asks for an abstract address. */
	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	result = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	error = errno;
	close(fd);
	errno = error;
	return result;
}

static void make_socket(void)
{
	if (bind_socket("s") < 0)
		say("setup", "bind: %m");
}

static void make_device(void)
{
	if (mknod("c", S_IFCHR | 0644, makedev(1, 3)) < 0)
		say("setup", "mknod: %m");
}

static void make_link(void)
{
	file("t", "abc");
	slink("t", "l");
}

static void make_dir_link(void)
{
	make_full_dir();
	slink("d", "l");
}

static void make_dangling(void)
{
	slink("nowhere/x", "l");
}

static void make_loop(void)
{
	slink("l", "l");
}

static void make_longest(void)
{
	file(longest_name, "abc");
}

/* What a call returns that only resolves the path: if it follows a last link, and if it does not. */
static const struct {
	const char *name, *path;
	void (*make)(void);
	int follow, nofollow;
} kinds[KINDS] = {
	[A_FILE] = { "file", "f", make_file, 0, 0 },
	[A_DIR] = { "directory", "d", make_dir, 0, 0 },
	[A_FULL_DIR] = { "full_directory", "d", make_full_dir, 0, 0 },
	[A_FIFO] = { "fifo", "p", make_fifo, 0, 0 },
	[A_SOCKET] = { "socket", "s", make_socket, 0, 0 },
	[A_DEVICE] = { "device", "c", make_device, 0, 0 },
	[A_LINK] = { "link", "l", make_link, 0, 0 },
	[A_DIR_LINK] = { "link_to_directory", "l", make_dir_link, 0, 0 },
	[A_DANGLING] = { "dangling_link", "l", make_dangling, ENOENT, 0 },
	[A_LOOP] = { "looping_link", "l", make_loop, ELOOP, 0 },
	[MISSING] = { "missing", "m", make_nothing, ENOENT, ENOENT },
	[BELOW_FILE] = { "below_a_file", "f/x", make_file, ENOTDIR, ENOTDIR },
	[BELOW_MISSING] = { "below_nothing", "m/x", make_nothing, ENOENT, ENOENT },
	[THROUGH_LINK] = { "through_a_link", "l/e", make_dir_link, 0, 0 },
	[LONGEST_NAME] = { "255_bytes", longest_name, make_longest, 0, 0 },
	[TOO_LONG_NAME] = { "256_bytes", too_long_name, make_nothing, ENAMETOOLONG, ENAMETOOLONG },
	[TOO_LONG_PATH] = { "4096_bytes", too_long_path, make_nothing, ENAMETOOLONG, ENAMETOOLONG },
	[FILE_SLASH] = { "file_and_slash", "f/", make_file, ENOTDIR, ENOTDIR },
	[DIR_SLASH] = { "directory_and_slash", "d/", make_dir, 0, 0 },
	[DIR_LINK_SLASH] = { "link_and_slash", "l/", make_dir_link, 0, 0 },
	[MISSING_SLASH] = { "missing_and_slash", "m/", make_nothing, ENOENT, ENOENT },
	[DIR_DOT] = { "dot", "d/.", make_dir, 0, 0 },
	[DIR_DOTDOT] = { "dotdot", "d/..", make_dir, 0, 0 },
	[NOTHING] = { "empty_path", "", make_nothing, ENOENT, ENOENT },
};

/* Of a call: a kind for which its result is another than that of the resolution. */
struct other {
	enum kind kind;
	int error;
};

struct call {
	const char *name;
	long (*call)(const char *path);
	bool follows;
	/* The first that knows a kind decides; ends with NULL. */
	const struct other *others[4];
};

static int expected_of(const struct call *call, enum kind kind)
{
	for (int i = 0; i < 4 && call->others[i]; i++)
		for (const struct other *other = call->others[i]; other->kind; other++)
			if (other->kind == kind)
				return other->error;
	return call->follows ? kinds[kind].follow : kinds[kind].nofollow;
}

/* ---- Others that calls share ---- */

#define OTHERS(...) ((const struct other[]){ __VA_ARGS__, { NO_KIND, 0 } })

/* The call needs a directory. */
#define NOT_A_DIR \
	OTHERS({ A_FILE, ENOTDIR }, { A_FIFO, ENOTDIR }, { A_SOCKET, ENOTDIR }, \
	       { A_DEVICE, ENOTDIR }, { A_LINK, ENOTDIR }, { THROUGH_LINK, ENOTDIR }, \
	       { LONGEST_NAME, ENOTDIR })
/* The call is not for directories. */
#define IS_A_DIR(error) \
	OTHERS({ A_DIR, error }, { A_FULL_DIR, error }, { A_DIR_LINK, error }, \
	       { DIR_SLASH, error }, { DIR_LINK_SLASH, error }, { DIR_DOT, error }, \
	       { DIR_DOTDOT, error })
/* The call makes a new name: whatever is there is in its way. */
#define MAKES_A_NAME(error) \
	OTHERS({ A_FILE, error }, { A_DIR, error }, { A_FULL_DIR, error }, { A_FIFO, error }, \
	       { A_SOCKET, error }, { A_DEVICE, error }, { A_LINK, error }, { A_DIR_LINK, error }, \
	       { A_DANGLING, error }, { A_LOOP, error }, { MISSING, 0 }, { THROUGH_LINK, error }, \
	       { LONGEST_NAME, error }, { FILE_SLASH, error }, { DIR_SLASH, error }, \
	       { DIR_LINK_SLASH, error }, { DIR_DOT, error }, { DIR_DOTDOT, error })
/* The call is about a link itself, which is no directory, also with a slash behind it. */
#define LINK_ITSELF(error) \
	OTHERS({ A_LINK, error }, { A_DIR_LINK, error }, { A_DANGLING, error }, { A_LOOP, error }, \
	       { DIR_LINK_SLASH, ENOTDIR })

/* ---- Calls ---- */

#define CALL(function, expression) \
	static long function(const char *path) \
	{ \
		return (expression); \
	}

static struct stat st;
static struct statx stx;
static struct statfs sfs;
static char buffer[PATH_MAX];

CALL(call_stat, stat(path, &st))
CALL(call_lstat, lstat(path, &st))
CALL(call_statx, statx(AT_FDCWD, path, 0, STATX_ALL, &stx))
CALL(call_statfs, statfs(path, &sfs))
CALL(call_exists, access(path, F_OK))
CALL(call_may_read, access(path, R_OK | W_OK))
CALL(call_exists_nofollow, faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
CALL(open_read, closed(open(path, O_RDONLY | O_NONBLOCK)))
CALL(open_write, closed(open(path, O_RDWR | O_NONBLOCK)))
CALL(open_trunc, closed(open(path, O_RDWR | O_NONBLOCK | O_TRUNC)))
CALL(open_append, closed(open(path, O_RDWR | O_NONBLOCK | O_APPEND)))
CALL(open_create, closed(open(path, O_RDWR | O_NONBLOCK | O_CREAT, 0640)))
CALL(open_excl, closed(open(path, O_RDWR | O_CREAT | O_EXCL, 0640)))
CALL(open_directory, closed(open(path, O_RDONLY | O_DIRECTORY)))
CALL(open_directory_write, closed(open(path, O_RDWR | O_DIRECTORY)))
CALL(open_nofollow, closed(open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)))
CALL(open_path, closed(open(path, O_PATH)))
CALL(open_path_nofollow, closed(open(path, O_PATH | O_NOFOLLOW)))
CALL(open_tmpfile, closed(open(path, O_RDWR | O_TMPFILE, 0600)))
CALL(call_readlink, readlink(path, buffer, sizeof(buffer)) < 0 ? -1 : 0)
CALL(call_chdir, chdir(path))
CALL(call_unlink, unlink(path))
CALL(call_rmdir, rmdir(path))
CALL(call_mkdir, mkdir(path, 0750))
CALL(call_mknod, mknod(path, S_IFREG | 0640, 0))
CALL(call_mkfifo, mkfifo(path, 0640))
CALL(call_mkdevice, mknod(path, S_IFBLK | 0640, makedev(7, 8)))
CALL(call_symlink, symlink("target", path))
CALL(call_bind, bind_socket(path))
CALL(call_truncate, truncate(path, 2))
CALL(call_chmod, chmod(path, 0604))
CALL(call_chown, chown(path, USER, EXTRA_GROUP))
CALL(call_lchown, lchown(path, USER, EXTRA_GROUP))
CALL(call_utimens, utimensat(AT_FDCWD, path, NULL, 0))
CALL(call_lutimens, utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW))
CALL(call_setxattr, setxattr(path, "trusted.t", "v", 1, 0))
CALL(call_lsetxattr, lsetxattr(path, "trusted.t", "v", 1, 0))
CALL(call_set_user_xattr, setxattr(path, "user.t", "v", 1, 0))
CALL(call_listxattr, listxattr(path, buffer, sizeof(buffer)))
CALL(call_llistxattr, llistxattr(path, buffer, sizeof(buffer)))

/* What is found is not printed: getxattr of nothing is ENODATA everywhere. */
CALL(call_getxattr, getxattr(path, "trusted.t", buffer, sizeof(buffer)))
CALL(call_lgetxattr, lgetxattr(path, "trusted.t", buffer, sizeof(buffer)))
CALL(call_removexattr, removexattr(path, "trusted.t"))

static long call_opendir(const char *path)
{
	DIR *stream = opendir(path);

	return stream ? closedir(stream) : -1;
}

static long call_watch(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK);
	int result = inotify_add_watch(fd, path, IN_ALL_EVENTS) < 0 ? -1 : 0;
	int error = errno;

	close(fd);
	errno = error;
	return result;
}

/* As the destination of what is a file, and as the source of a new name. */
static long call_link_to(const char *path)
{
	file("o", "o");
	return link("o", path);
}

static long call_rename_to(const char *path)
{
	file("o", "o");
	return rename("o", path);
}

CALL(call_link_from, linkat(AT_FDCWD, path, AT_FDCWD, "n", 0))
CALL(call_link_from_follow, linkat(AT_FDCWD, path, AT_FDCWD, "n", AT_SYMLINK_FOLLOW))
CALL(call_rename_from, rename(path, "n"))

#define ALL_EXIST(error) \
	OTHERS({ A_FILE, error }, { A_DIR, error }, { A_FULL_DIR, error }, { A_FIFO, error }, \
	       { A_SOCKET, error }, { A_DEVICE, error }, { A_LINK, error }, { A_DIR_LINK, error }, \
	       { THROUGH_LINK, error }, { LONGEST_NAME, error }, { DIR_SLASH, error }, \
	       { DIR_LINK_SLASH, error }, { DIR_DOT, error }, { DIR_DOTDOT, error })
#define NO_SPECIAL_XATTR OTHERS({ A_FIFO, EPERM }, { A_SOCKET, EPERM }, { A_DEVICE, EPERM })
#define NO_SOCKET OTHERS({ A_SOCKET, ENXIO })
/* The last "." or ".." is nothing that could be moved. */
#define DOTS_ARE_BUSY OTHERS({ DIR_DOT, EBUSY }, { DIR_DOTDOT, EBUSY })

static const struct call calls[] = {
	{ "stat", call_stat, true, {} },
	{ "lstat", call_lstat, false, {} },
	{ "statx", call_statx, true, {} },
	{ "statfs", call_statfs, true, {} },
	{ "access", call_exists, true, {} },
	{ "access_read_write", call_may_read, true, {} },
	{ "access_nofollow", call_exists_nofollow, false, {} },
	{ "open", open_read, true, { NO_SOCKET } },
	{ "open_write", open_write, true, { NO_SOCKET, IS_A_DIR(EISDIR) } },
	{ "open_trunc", open_trunc, true, { NO_SOCKET, IS_A_DIR(EISDIR) } },
	{ "open_append", open_append, true, { NO_SOCKET, IS_A_DIR(EISDIR) } },
	{ "open_create",
	  open_create,
	  true,
	  { NO_SOCKET, IS_A_DIR(EISDIR),
	    OTHERS({ MISSING, 0 }, { MISSING_SLASH, EISDIR }, { FILE_SLASH, EISDIR }) } },
	{ "open_excl",
	  open_excl,
	  false,
	  { OTHERS({ DIR_DOT, EEXIST }, { MISSING_SLASH, EISDIR }, { FILE_SLASH, EISDIR },
		   { DIR_SLASH, EISDIR }, { DIR_LINK_SLASH, EISDIR }),
	    MAKES_A_NAME(EEXIST) } },
	{ "open_directory", open_directory, true, { NOT_A_DIR } },
	{ "open_directory_write", open_directory_write, true, { NOT_A_DIR, IS_A_DIR(EISDIR) } },
	{ "open_nofollow",
	  open_nofollow,
	  false,
	  { NO_SOCKET, OTHERS({ A_LINK, ELOOP }, { A_DIR_LINK, ELOOP }, { A_DANGLING, ELOOP },
			      { A_LOOP, ELOOP }) } },
	{ "open_path", open_path, true, {} },
	{ "open_path_nofollow", open_path_nofollow, false, {} },
	{ "open_tmpfile", open_tmpfile, true, { NOT_A_DIR } },
	{ "opendir", call_opendir, true, { NOT_A_DIR } },
	{ "readlink",
	  call_readlink,
	  false,
	  { OTHERS({ A_LINK, 0 }, { A_DIR_LINK, 0 }), ALL_EXIST(EINVAL) } },
	{ "chdir", call_chdir, true, { NOT_A_DIR } },
	{ "unlink", call_unlink, false, { LINK_ITSELF(0), IS_A_DIR(EISDIR) } },
	{ "rmdir",
	  call_rmdir,
	  false,
	  { LINK_ITSELF(ENOTDIR),
	    OTHERS({ A_FULL_DIR, ENOTEMPTY }, { DIR_DOT, EINVAL }, { DIR_DOTDOT, ENOTEMPTY }),
	    NOT_A_DIR } },
	{ "mkdir", call_mkdir, false, { OTHERS({ MISSING_SLASH, 0 }), MAKES_A_NAME(EEXIST) } },
	{ "mknod", call_mknod, false, { MAKES_A_NAME(EEXIST) } },
	{ "mkfifo", call_mkfifo, false, { MAKES_A_NAME(EEXIST) } },
	{ "mkdevice", call_mkdevice, false, { MAKES_A_NAME(EEXIST) } },
	{ "symlink", call_symlink, false, { MAKES_A_NAME(EEXIST) } },
	{ "bind",
	  call_bind,
	  false,
	  { OTHERS({ LONGEST_NAME, ENAMETOOLONG }), MAKES_A_NAME(EADDRINUSE) } },
	{ "truncate",
	  call_truncate,
	  true,
	  { IS_A_DIR(EISDIR),
	    OTHERS({ A_FIFO, EINVAL }, { A_SOCKET, EINVAL }, { A_DEVICE, EINVAL }) } },
	{ "chmod", call_chmod, true, {} },
	{ "chown", call_chown, true, {} },
	{ "lchown", call_lchown, false, {} },
	{ "utimensat", call_utimens, true, {} },
	{ "utimensat_nofollow", call_lutimens, false, {} },
	{ "setxattr", call_setxattr, true, {} },
	{ "lsetxattr", call_lsetxattr, false, {} },
	{ "setxattr_user", call_set_user_xattr, true, { NO_SPECIAL_XATTR } },
	{ "getxattr", call_getxattr, true, { ALL_EXIST(ENODATA) } },
	{ "lgetxattr",
	  call_lgetxattr,
	  false,
	  { OTHERS({ A_DANGLING, ENODATA }, { A_LOOP, ENODATA }), ALL_EXIST(ENODATA) } },
	{ "removexattr", call_removexattr, true, { ALL_EXIST(ENODATA) } },
	{ "listxattr", call_listxattr, true, {} },
	{ "llistxattr", call_llistxattr, false, {} },
	{ "inotify_add_watch", call_watch, true, {} },
	{ "link_to", call_link_to, false, { MAKES_A_NAME(EEXIST) } },
	{ "rename_to",
	  call_rename_to,
	  false,
	  { LINK_ITSELF(0), DOTS_ARE_BUSY,
	    OTHERS({ MISSING, 0 }, { MISSING_SLASH, ENOTDIR }, { DIR_SLASH, ENOTDIR }),
	    IS_A_DIR(EISDIR) } },
	{ "link_from", call_link_from, false, { OTHERS({ A_DIR_LINK, 0 }), IS_A_DIR(EPERM) } },
	{ "link_from_follow", call_link_from_follow, true, { IS_A_DIR(EPERM) } },
	{ "rename_from", call_rename_from, false, { LINK_ITSELF(0), DOTS_ARE_BUSY } },
};

/* A directory of these tests contains nothing but "e". */
static void remove_all(DIR *here)
{
	struct dirent *entry;

	rewinddir(here);
	while ((entry = readdir(here))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlink(entry->d_name) || errno != EISDIR)
			continue;
		if (rmdir(entry->d_name) < 0) {
			int fd = open(entry->d_name, O_PATH);

			unlinkat(fd, "e", 0);
			close(fd);
			rmdir(entry->d_name);
		}
	}
	/* What was set by way of d/.. */
	removexattr(".", "trusted.t");
	removexattr(".", "user.t");
}

static void each_call_on_each_kind_of_path(void)
{
	DIR *here = opendir(".");

	memset(longest_name, 'n', NAME_MAX);
	memset(too_long_name, 'n', NAME_MAX + 1);
	memset(too_long_path, '/', PATH_MAX);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (int kind = NO_KIND + 1; kind < KINDS; kind++) {
			const struct call *call = &calls[i];
			char step[128];

			kinds[kind].make();
			snprintf(step, sizeof(step), "%s %s", call->name, kinds[kind].name);
			check(step, call->call(kinds[kind].path), -expected_of(call, kind));
			if (fchdir(dirfd(here)) < 0)
				say("fchdir", "%m");
			say(step, "leaves %s", facts(kinds[kind].path));
			remove_all(here);
		}
	}
	closedir(here);
}

const struct test path_tests[] = {
	TEST(each_call_on_each_kind_of_path),
	END_OF_TESTS,
};
