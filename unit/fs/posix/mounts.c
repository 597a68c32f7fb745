// SPDX-License-Identifier: GPL-2.0-only
/* mounts.c - the file system as a whole: mounts of it, programs on it, handles, flags of files */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void copy_program(const char *to)
{
	int from = opened("/bin/true", O_RDONLY), fd = opened(to, O_WRONLY | O_CREAT);
	struct stat st;

	if (fstat(from, &st) < 0 ||
	    copy_file_range(from, NULL, fd, NULL, (size_t)st.st_size, 0) < 0) {
		char bytes[4096];
		ssize_t n;

		while ((n = read(from, bytes, sizeof(bytes))) > 0)
			if (write(fd, bytes, (size_t)n) != n)
				say("copy", "%m");
	}
	close(from);
	close(fd);
	mode(to, 0755);
}

/* 0, or -1 with the errno of the child's exec. */
static long execute(const char *path)
{
	int status, ends[2], error = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execl(path, path, (char *)NULL);
		error = errno;
		_exit(write(ends[1], &error, sizeof(error)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &error, sizeof(error)) < 0)
		error = errno;
	close(ends[0]);
	waitpid(pid, &status, 0);
	errno = error;
	return error ? -1 : 0;
}

static void programs(void)
{
	int fd;

	copy_program("prog");
	check("execute", execute("./prog"), 0);
	check("without the bit", (mode("prog", 0644), execute("./prog")), -EACCES);
	mode("prog", 0755);
	fd = opened("prog", O_WRONLY);
	check("while written", execute("./prog"), -ETXTBSY);
	close(fd);
	check("again", execute("./prog"), 0);
	check("a directory", execute("."), -EACCES);
	file("text", "nothing");
	mode("text", 0755);
	check("no program", execute("./text"), -ENOEXEC);
	file("script", "#!./prog\n");
	mode("script", 0755);
	check("script", execute("./script"), 0);
	file("broken", "#!./nothing\n");
	mode("broken", 0755);
	check("script of nothing", execute("./broken"), -ENOENT);
	check("rename", rename("prog", "program"), 0);
	check("renamed", execute("./program"), 0);
	check("unlink", unlink("program"), 0);
	check("unlinked", execute("./program"), -ENOENT);
}

/* In a mount namespace of its own, whose bind mounts vanish with the process. */
static void in_own_mounts(void (*function)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			say("unshare", "%m");
		else
			function();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void below_read_only(void)
{
	check("bind", mount("d", "ro", NULL, MS_BIND, NULL), 0);
	check("remount", mount(NULL, "ro", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	check("read", closed(open("ro/f", O_RDONLY)), 0);
	check("write", closed(open("ro/f", O_WRONLY)), -EROFS);
	check("create", closed(open("ro/n", O_WRONLY | O_CREAT, 0600)), -EROFS);
	check("create existing", closed(open("ro/f", O_RDONLY | O_CREAT, 0600)), 0);
	check("unlink", unlink("ro/f"), -EROFS);
	check("unlink nothing", unlink("ro/n"), -EROFS);
	check("mkdir", mkdir("ro/n", 0700), -EROFS);
	check("mkdir existing", mkdir("ro/f", 0700), -EEXIST);
	check("rmdir", rmdir("ro/s"), -EROFS);
	check("rename", rename("ro/f", "ro/g"), -EROFS);
	check("link", link("ro/f", "ro/g"), -EROFS);
	check("symlink", symlink("x", "ro/g"), -EROFS);
	check("chmod", chmod("ro/f", 0600), -EROFS);
	check("chown", chown("ro/f", 0, 0), -EROFS);
	check("truncate", truncate("ro/f", 0), -EROFS);
	check("utimensat", utimensat(AT_FDCWD, "ro/f", NULL, 0), -EROFS);
	check("access", access("ro/f", W_OK), -EROFS);
	check("writable beside", closed(open("d/f", O_WRONLY)), 0);
}

static void between_mounts(void)
{
	check("bind", mount("d", "ro", NULL, MS_BIND, NULL), 0);
	check("link", link("d/f", "ro/g"), -EXDEV);
	check("rename", rename("d/f", "ro/g"), -EXDEV);
	check("exchange", renameat2(AT_FDCWD, "d/f", AT_FDCWD, "ro/f", RENAME_EXCHANGE), -EXDEV);
	check("rmdir of a mount", rmdir("ro"), -EBUSY);
	check("rename of a mount", rename("ro", "rx"), -EBUSY);
	check("new by one", mkdir("d/new", 0700), 0);
	check("seen by the other", access("ro/new", F_OK), 0);
	check("removed by the other", rmdir("ro/new"), 0);
	check("seen by one", access("d/new", F_OK), -ENOENT);
	file("ro/f", "changed");
	say("content", "%s", content("d/f"));
	check("another file system", rename("d/f", "/proc/f"), -EXDEV);
}

static void mounts(void)
{
	dir("d");
	dir("ro");
	dir("d/s");
	file("d/f", "abc");
	in_own_mounts(below_read_only);
	in_own_mounts(between_mounts);
	show("d");
}

/*
 * What opening it gives at last, after it was removed and closed: FUSE holds an inode until the daemon
 * has seen RELEASE, for which close() does not wait.
 */
static int open_removed(int top, struct file_handle *handle)
{
	for (int i = 0;; i++) {
		int result = closed(open_by_handle_at(top, handle, O_RDWR));

		if (result < 0 || i == 500)
			return result;
		usleep(10000);
	}
}

static void handles(void)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} a = { .handle = { .handle_bytes = MAX_HANDLE_SZ } }, b = a;
	int id, fd, top;

	file("f", "abc");
	link("f", "g");
	check("name_to_handle_at", name_to_handle_at(AT_FDCWD, "f", &a.handle, &id, 0), 0);
	check("of the other name", name_to_handle_at(AT_FDCWD, "g", &b.handle, &id, 0), 0);
	say("handles", "%s",
	    a.handle.handle_bytes == b.handle.handle_bytes &&
			    !memcmp(a.handle.f_handle, b.handle.f_handle, a.handle.handle_bytes)
		    ? "equal"
		    : "unequal");
	top = opened(".", O_RDONLY);
	fd = open_by_handle_at(top, &a.handle, O_RDWR);
	check("open_by_handle_at", fd < 0 ? -1 : 0, 0);
	check("write", write(fd, "X", 1), 1);
	close(fd);
	say("content", "%s", content("g"));
	check("of a directory", name_to_handle_at(top, "", &b.handle, &id, AT_EMPTY_PATH), 0);
	fd = open_by_handle_at(top, &b.handle, O_RDONLY);
	check("open the directory", fd < 0 ? -1 : 0, 0);
	check("lookup below", faccessat(fd, "g", F_OK, 0), 0);
	close(fd);
	unlink("f");
	unlink("g");
	check("of a removed file", open_removed(top, &a.handle), -ESTALE);
	b.handle.handle_bytes = 0;
	check("no room", name_to_handle_at(top, "", &b.handle, &id, AT_EMPTY_PATH), -EOVERFLOW);
	become(USER);
	check("without the right", closed(open_by_handle_at(top, &a.handle, O_RDONLY)), -EPERM);
	become_root();
	close(top);
}

static void file_system(void)
{
	struct statvfs st, other;

	file("f", "");
	check("statvfs", statvfs("f", &st), 0);
	say("longest name", "%lu", st.f_namemax);
	say("block size", "%lu", st.f_bsize);
	check("statvfs of the directory", statvfs(".", &other), 0);
	say("same", "%s",
	    st.f_fsid == other.f_fsid && st.f_blocks == other.f_blocks ? "yes" : "no");
	check("pathconf links", pathconf("f", _PC_LINK_MAX) > 0 ? 0 : -1, 0);
	check("pathconf name", pathconf("f", _PC_NAME_MAX), 255);
	check("pathconf path", pathconf("f", _PC_PATH_MAX), 4096);
	check("pathconf symlinks", pathconf("f", _PC_2_SYMLINKS), 1);
}

static void flags_of_files(void)
{
	int fd, flags = 0;

	file("f", "abc");
	fd = opened("f", O_RDWR);
	if (check("get", ioctl(fd, FS_IOC_GETFLAGS, &flags), ANY) < 0)
		goto out;
	say("flags", "%x", flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
	flags |= FS_IMMUTABLE_FL;
	if (check("immutable", ioctl(fd, FS_IOC_SETFLAGS, &flags), ANY) < 0)
		goto out;
	check("open", closed(open("f", O_WRONLY)), -EPERM);
	check("unlink", unlink("f"), -EPERM);
	check("rename", rename("f", "g"), -EPERM);
	check("link", link("f", "g"), -EPERM);
	check("chmod", chmod("f", 0600), -EPERM);
	check("truncate", truncate("f", 0), -EPERM);
	flags ^= FS_IMMUTABLE_FL | FS_APPEND_FL;
	check("append only", ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	check("open to write", closed(open("f", O_WRONLY)), -EPERM);
	check("open to append", closed(open("f", O_WRONLY | O_APPEND)), 0);
	check("unlink", unlink("f"), -EPERM);
	flags &= ~FS_APPEND_FL;
	check("back", ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	check("unlink", unlink("f"), 0);
out:
	close(fd);
}

const struct test mount_tests[] = {
	TEST(programs),	   TEST(mounts),	 TEST(handles),
	TEST(file_system), TEST(flags_of_files), END_OF_TESTS,
};
