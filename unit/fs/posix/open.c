// SPDX-License-Identifier: GPL-2.0-only
/* open.c - open files: what flags do, and calls on descriptors of the wrong kind */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static char buffer[64];

static void create_gives_mode_and_owner(void)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	char name[32];

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		snprintf(name, sizeof(name), "f%zu", i);
		check(name, closed(open(name, O_RDWR | O_CREAT, 0666)), 0);
		show(name);
		snprintf(name, sizeof(name), "d%zu", i);
		check(name, mkdir(name, 01777), 0);
		show(name);
		snprintf(name, sizeof(name), "p%zu", i);
		check(name, mkfifo(name, 06777), 0);
		show(name);
	}
	umask(022);
	/* What was asked for rules the first open, not the mode. */
	check("write to a file without bits", open("none", O_RDWR | O_CREAT, 0) < 0 ? -1 : 0, 0);
	show("none");
	check("set-ID bits", closed(open("set", O_RDWR | O_CREAT, 06755)), 0);
	show("set");
}

static void trunc_and_append(void)
{
	int fd;

	file("f", "abcdef");
	check("trunc for reading", closed(open("f", O_RDONLY | O_TRUNC)), 0);
	show("f");
	fd = opened("f", O_WRONLY | O_APPEND);
	check("append", write(fd, "abc", 3), 3);
	check("seek", lseek(fd, 0, SEEK_SET), 0);
	check("append after a seek", write(fd, "def", 3), 3);
	check("position", lseek(fd, 0, SEEK_CUR), 6);
	check("pwrite appends", pwrite(fd, "ghi", 3, 0), 3);
	say("content", "%s", content("f"));
	check("no append any more", fcntl(fd, F_SETFL, 0), 0);
	check("pwrite", pwrite(fd, "X", 1, 1), 1);
	check("append again", fcntl(fd, F_SETFL, O_APPEND), 0);
	check("write", write(fd, "Y", 1), 1);
	say("content", "%s", content("f"));
	show("f");
	close(fd);
	check("trunc while open", (fd = open("f", O_RDONLY)) < 0 ? -1 : 0, 0);
	check("trunc", closed(open("f", O_WRONLY | O_TRUNC)), 0);
	check("read", read(fd, buffer, 4), 0);
	close(fd);
	file("g", "abc");
	check("create trunc", closed(open("g", O_RDWR | O_CREAT | O_TRUNC, 0600)), 0);
	show("g");
}

static void two_appenders(void)
{
	int one, two;

	file("f", "");
	one = opened("f", O_WRONLY | O_APPEND);
	two = opened("f", O_WRONLY | O_APPEND);
	for (int i = 0; i < 4; i++) {
		check("one", write(one, "ab", 2), 2);
		check("two", write(two, "cde", 3), 3);
		show("f");
	}
	say("content", "%s", content("f"));
	close(one);
	close(two);
}

static void path_descriptors(void)
{
	struct stat st;
	char path[64];
	int fd;

	file("f", "abc");
	fd = opened("f", O_PATH);
	check("read", read(fd, buffer, 1), -EBADF);
	check("write", write(fd, buffer, 1), -EBADF);
	check("fchmod", fchmod(fd, 0600), -EBADF);
	check("fchown", fchown(fd, 0, 0), -EBADF);
	check("ioctl", ioctl(fd, FIONREAD, &(int){ 0 }), -EBADF);
	check("fgetxattr", fgetxattr(fd, "user.x", NULL, 0), -EBADF);
	check("ftruncate", ftruncate(fd, 0), -EBADF);
	check("lseek", lseek(fd, 0, SEEK_SET), -EBADF);
	check("mmap", mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, -EBADF);
	check("fstat", fstat(fd, &st), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check("reopen", closed(open(path, O_RDWR)), 0);
	check("unlink", unlink("f"), 0);
	check("reopen after unlink", closed(open(path, O_RDWR)), ANY);
	close(fd);
	slink("nowhere", "l");
	fd = opened("l", O_PATH | O_NOFOLLOW);
	check("readlinkat of the descriptor", readlinkat(fd, "", buffer, sizeof(buffer)), 7);
	check("fstatat of the descriptor", fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	say("type", "%o", st.st_mode);
	close(fd);
}

static void wrong_descriptors(void)
{
	int r, w, d;

	file("f", "abc");
	dir("d");
	r = opened("f", O_RDONLY);
	w = opened("f", O_WRONLY);
	d = opened("d", O_RDONLY);
	check("write to a reader", write(r, "x", 1), -EBADF);
	check("read from a writer", read(w, buffer, 1), -EBADF);
	check("ftruncate a reader", ftruncate(r, 0), -EINVAL);
	check("fallocate a reader", fallocate(r, 0, 0, 10), -EBADF);
	check("map a writer", mmap(NULL, 1, PROT_READ, MAP_SHARED, w, 0) == MAP_FAILED ? -1 : 0,
	      -EACCES);
	check("map a reader for writing",
	      mmap(NULL, 1, PROT_WRITE, MAP_SHARED, r, 0) == MAP_FAILED ? -1 : 0, -EACCES);
	check("read a directory", read(d, buffer, 1), -EISDIR);
	check("write a directory", write(d, buffer, 1), -EBADF);
	check("ftruncate a directory", ftruncate(d, 0), -EINVAL);
	check("map a directory", mmap(NULL, 1, PROT_READ, MAP_SHARED, d, 0) == MAP_FAILED ? -1 : 0,
	      -ENODEV);
	check("fsync a directory", fsync(d), 0);
	check("fdatasync a directory", fdatasync(d), 0);
	check("syncfs", syncfs(d), 0);
	check("fsync a reader", fsync(r), 0);
	check("closed", read(-1, buffer, 1), -EBADF);
	check("pread negative", pread(r, buffer, 1, -1), -EINVAL);
	check("pwrite negative", pwrite(w, buffer, 1, -1), -EINVAL);
	check("seek negative", lseek(r, -1, SEEK_SET), -EINVAL);
	check("seek bad whence", lseek(r, 0, 77), -EINVAL);
	check("seek beyond", lseek(r, 100, SEEK_SET), 100);
	check("read beyond", read(r, buffer, 1), 0);
	check("seek end", lseek(r, -1, SEEK_END), 2);
	check("ioctl unknown", ioctl(r, 0x12345678, 0), -ENOTTY);
	check("tcgets", ioctl(r, 0x5401, buffer), -ENOTTY);
	check("fionread", ioctl(r, FIONREAD, &(int){ 0 }), 0);
	check("fgetfl", fcntl(w, F_GETFL) & O_ACCMODE, O_WRONLY);
	check("fadvise", posix_fadvise(r, 0, 0, POSIX_FADV_DONTNEED), 0);
	check("readahead", readahead(r, 0, 100), 0);
	check("fault", pread(r, nowhere, 1, 0), -EFAULT);
	check("fault of a path", access(nowhere, F_OK), -EFAULT);
	close(r);
	close(w);
	close(d);
}

static void removed_while_open(void)
{
	struct stat st;
	int fd, other;

	file("f", "abc");
	fd = opened("f", O_RDWR);
	other = opened("f", O_RDONLY);
	check("unlink", unlink("f"), 0);
	check("fstat", fstat(fd, &st), 0);
	say("links", "%lu", (unsigned long)st.st_nlink);
	check("write", pwrite(fd, "defgh", 5, 3), 5);
	check("read by another", pread(other, buffer, 16, 0), 8);
	check("fstat", fstat(other, &st), 0);
	say("size", "%lld", (long long)st.st_size);
	check("ftruncate", ftruncate(fd, 2), 0);
	check("fchmod", fchmod(fd, 0600), 0);
	check("fchown", fchown(other, USER, USER), 0);
	check("fsetxattr", fsetxattr(fd, "user.a", "v", 1, 0), 0);
	check("fgetxattr", fgetxattr(other, "user.a", buffer, 4), 1);
	check("futimens", futimens(fd, NULL), 0);
	check("fstat", fstat(other, &st), 0);
	say("facts", "%o %lu %lld %u", st.st_mode, (unsigned long)st.st_nlink,
	    (long long)st.st_size, st.st_uid);
	file("f", "new");
	check("fstat", fstat(fd, &st), 0);
	say("still removed", "%lu %lld", (unsigned long)st.st_nlink, (long long)st.st_size);
	show("f");
	close(fd);
	close(other);
	/* Replaced, not removed. */
	fd = opened("f", O_RDONLY);
	file("g", "other");
	check("rename over", rename("g", "f"), 0);
	check("old content", pread(fd, buffer, 16, 0), 3);
	check("fstat", fstat(fd, &st), 0);
	say("links", "%lu", (unsigned long)st.st_nlink);
	say("new content", "%s", content("f"));
	close(fd);
}

static void open_how(const char *step, int at, const char *path, uint64_t resolve, int flags,
		     long expected)
{
	struct open_how how = { .flags = (uint64_t)flags, .resolve = resolve };

	check(step, closed((int)syscall(SYS_openat2, at, path, &how, sizeof(how))), expected);
}

static void restricted_resolution(void)
{
	int fd;

	dir("d");
	file("d/f", "");
	slink("f", "d/in");
	slink("../x", "d/out");
	slink("/etc", "d/abs");
	file("x", "");
	fd = opened("d", O_PATH);
	open_how("beneath", fd, "f", RESOLVE_BENEATH, O_RDONLY, 0);
	open_how("beneath link", fd, "in", RESOLVE_BENEATH, O_RDONLY, 0);
	open_how("beneath out", fd, "out", RESOLVE_BENEATH, O_RDONLY, -EXDEV);
	open_how("beneath absolute", fd, "abs", RESOLVE_BENEATH, O_RDONLY, -EXDEV);
	open_how("no links", fd, "in", RESOLVE_NO_SYMLINKS, O_RDONLY, -ELOOP);
	open_how("no links without one", fd, "f", RESOLVE_NO_SYMLINKS, O_RDONLY, 0);
	open_how("in root", fd, "../../f", RESOLVE_IN_ROOT, O_RDONLY, 0);
	open_how("no other mount", fd, "abs", RESOLVE_NO_XDEV, O_RDONLY, -EXDEV);
	/* From the caches alone: what is there just before. */
	open_how("cached create", fd, "new", RESOLVE_CACHED, O_RDWR | O_CREAT, -EAGAIN);
	open_how("bad resolve", fd, "f", 0x1000, O_RDONLY, -EINVAL);
	open_how("bad flags", fd, "f", 0, 1 << 30, -EINVAL);
	close(fd);
}

static void unnamed_files(void)
{
	char path[64];
	int fd = open(".", O_RDWR | O_TMPFILE, 0600);

	check("open", fd < 0 ? -1 : 0, 0);
	if (fd < 0)
		return;
	check("write", write(fd, "abc", 3), 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check("link", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
	show("named");
	close(fd);
}

static void fifos_and_devices(void)
{
	int r, w;

	fifo("p");
	check("write without a reader", closed(open("p", O_WRONLY | O_NONBLOCK)), -ENXIO);
	r = opened("p", O_RDONLY | O_NONBLOCK);
	w = opened("p", O_WRONLY | O_NONBLOCK);
	check("write", write(w, "abc", 3), 3);
	check("read", read(r, buffer, 8), 3);
	check("read nothing", read(r, buffer, 8), -EAGAIN);
	check("seek", lseek(r, 0, SEEK_SET), -ESPIPE);
	check("pread", pread(r, buffer, 1, 0), -ESPIPE);
	close(w);
	check("read at the end", read(r, buffer, 8), 0);
	close(r);
	check("mknod null", mknod("null", S_IFCHR | 0666, 0x103), 0);
	w = opened("null", O_RDWR);
	check("write null", write(w, "abc", 3), 3);
	check("read null", read(w, buffer, 3), 0);
	close(w);
	check("mknod no driver", mknod("no", S_IFCHR | 0666, makedev(4095, 7)), 0);
	check("open no driver", closed(open("no", O_RDONLY)), -ENXIO);
	check("mknod directory", mknod("dir", S_IFDIR | 0755, 0), -EPERM);
	check("mknod bad type", mknod("bad", 0170000 | 0755, 0), -EINVAL);
	check("mknod socket", mknod("sock", S_IFSOCK | 0755, 0), 0);
	show("sock");
	show("null");
}

const struct test open_tests[] = {
	TEST(create_gives_mode_and_owner),
	TEST(trunc_and_append),
	TEST(two_appenders),
	TEST(path_descriptors),
	TEST(wrong_descriptors),
	TEST(removed_while_open),
	TEST(restricted_resolution),
	TEST(unnamed_files),
	TEST(fifos_and_devices),
	END_OF_TESTS,
};
