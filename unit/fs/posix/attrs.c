// SPDX-License-Identifier: GPL-2.0-only
/* attrs.c - modes, owners and times; what clears set-ID bits, and what moves which time stamp */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Later than the epoch, long before any test. */
#define PAST 1000000000

static char buffer[64];

static void modes(void)
{
	static const mode_t all[] = { 0, 0644, 0755, 0777, 01777, 02755, 04755, 07777 };
	char name[32];
	int fd;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		file(name, "");
		check(name, chmod(name, all[i]), 0);
		show(name);
		snprintf(name, sizeof(name), "d%zu", i);
		dir(name);
		check(name, chmod(name, all[i]), 0);
		show(name);
	}
	file("f", "");
	fd = opened("f", O_RDONLY);
	check("fchmod", fchmod(fd, 0604), 0);
	show("f");
	slink("f", "l");
	check("chmod of a link", fchmodat(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW), -EOPNOTSUPP);
	check("through a link", chmod("l", 0640), 0);
	show("f");
	check("type bits are ignored", chmod("f", S_IFDIR | 0600), 0);
	show("f");
	close(fd);
}

static void owners(void)
{
	int fd;

	file("f", "");
	slink("f", "l");
	dir("d");
	check("uid", chown("f", USER, (gid_t)-1), 0);
	show("f");
	check("gid", chown("f", (uid_t)-1, EXTRA_GROUP), 0);
	show("f");
	check("neither", chown("f", (uid_t)-1, (gid_t)-1), 0);
	show("f");
	check("lchown", lchown("l", STRANGER, STRANGER), 0);
	show("l");
	show("f");
	check("through a link", chown("l", 0, 0), 0);
	show("f");
	fd = opened("f", O_RDONLY);
	check("fchown", fchown(fd, USER, USER), 0);
	show("f");
	check("directory", chown("d", USER, EXTRA_GROUP), 0);
	show("d");
	check("large ids", chown("f", 4000000000U, 4000000001U), 0);
	show("f");
	close(fd);
}

/* A file with both bits, of USER's, and after each change what is left of them. */
static void make_set_id(void)
{
	unlink("s");
	file("s", "abcdef");
	owner("s", USER, EXTRA_GROUP);
	mode("s", 06777);
}

static long by_write(void)
{
	int fd = opened("s", O_WRONLY);
	long n = write(fd, "x", 1);

	close(fd);
	return n;
}

static long by_truncate(void)
{
	return truncate("s", 3);
}

static long by_open_trunc(void)
{
	return closed(open("s", O_WRONLY | O_TRUNC));
}

static long by_chown(void)
{
	return chown("s", USER, EXTRA_GROUP);
}

static long by_chmod(void)
{
	return chmod("s", 06755);
}

static long by_allocate(void)
{
	int fd = opened("s", O_WRONLY);
	long result = fallocate(fd, 0, 0, 100);

	close(fd);
	return result;
}

static long by_copy(void)
{
	int from = opened("from", O_RDONLY), fd = opened("s", O_WRONLY);
	long n = copy_file_range(from, NULL, fd, NULL, 3, 0);

	close(from);
	close(fd);
	return n;
}

static long by_utimens(void)
{
	return utimensat(AT_FDCWD, "s", NULL, 0);
}

static void set_id_bits_after_changes(void)
{
	static const struct {
		const char *name;
		long (*change)(void);
	} changes[] = {
		{ "write", by_write }, { "truncate", by_truncate }, { "open_trunc", by_open_trunc },
		{ "chown", by_chown }, { "chmod", by_chmod },	    { "allocate", by_allocate },
		{ "copy", by_copy },   { "utimens", by_utimens },
	};
	static const uid_t who[] = { 0, USER, STRANGER };

	file("from", "abc");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		for (size_t u = 0; u < sizeof(who) / sizeof(who[0]); u++) {
			char step[64];

			make_set_id();
			show("s");
			become(who[u]);
			snprintf(step, sizeof(step), "%s by %u", changes[i].name, who[u]);
			check(step, changes[i].change(), ANY);
			become_root();
			say(step, "leaves %s", facts("s"));
		}
	}
}

static void set_group_id_of_directories(void)
{
	dir("d");
	owner("d", 0, EXTRA_GROUP);
	mode("d", 02777);
	file("d/f", "");
	dir("d/d");
	fifo("d/p");
	slink("x", "d/l");
	show("d/f");
	show("d/d");
	show("d/p");
	show("d/l");
	become(USER);
	file("d/user", "");
	dir("d/userdir");
	check("set-group-ID for an own group", closed(open("d/own", O_RDWR | O_CREAT, 02755)), 0);
	become(STRANGER);
	file("d/stranger", "");
	check("set-group-ID for a foreign group",
	      closed(open("d/foreign", O_RDWR | O_CREAT, 02755)), 0);
	become_root();
	show("d/user");
	show("d/userdir");
	show("d/stranger");
	show("d/own");
	show("d/foreign");
	check("directory's chown keeps its bits", chown("d", USER, USER), 0);
	show("d");
}

static void times_of(const char *step, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		say(step, "%m");
	else
		say(step, "atime %s mtime %s ctime %s", st.st_atime == PAST ? "past" : "now",
		    st.st_mtime == PAST ? "past" : "now", st.st_ctime == PAST ? "past" : "now");
}

static void set_times(void)
{
	struct timespec times[2] = { { PAST, 123456789 }, { PAST + 1, 987654321 } };
	struct stat st;
	int fd;

	file("f", "");
	slink("f", "l");
	check("set", utimensat(AT_FDCWD, "f", times, 0), 0);
	stat("f", &st);
	say("nanoseconds", "%lld.%09ld %lld.%09ld", (long long)st.st_atime, st.st_atim.tv_nsec,
	    (long long)st.st_mtime, st.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1] = (struct timespec){ PAST, 0 };
	check("omit atime", utimensat(AT_FDCWD, "f", times, 0), 0);
	times_of("atime omitted", "f");
	times[0] = times[1];
	times[1].tv_nsec = UTIME_OMIT;
	check("omit mtime", utimensat(AT_FDCWD, "f", times, 0), 0);
	times_of("mtime omitted", "f");
	times[0].tv_nsec = UTIME_NOW;
	check("atime now", utimensat(AT_FDCWD, "f", times, 0), 0);
	times_of("atime now", "f");
	times[0].tv_nsec = UTIME_OMIT;
	check("both omitted", utimensat(AT_FDCWD, "f", times, 0), 0);
	times[0].tv_nsec = 1000000000;
	check("bad nanoseconds", utimensat(AT_FDCWD, "f", times, 0), -EINVAL);
	times[0] = times[1] = (struct timespec){ PAST, 0 };
	check("link", utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW), 0);
	times_of("link", "l");
	check("bad flags", utimensat(AT_FDCWD, "l", times, 0x1), -EINVAL);
	fd = opened("f", O_RDONLY);
	check("futimens", futimens(fd, times), 0);
	times_of("futimens", "f");
	check("futimens now", futimens(fd, NULL), 0);
	times_of("futimens now", "f");
	times[0].tv_sec = times[1].tv_sec = -1000;
	check("before the epoch", futimens(fd, times), 0);
	stat("f", &st);
	say("before the epoch", "%lld", (long long)st.st_mtime);
	times[0].tv_sec = times[1].tv_sec = 5000000000LL;
	check("after 2106", futimens(fd, times), 0);
	stat("f", &st);
	say("after 2106", "%lld", (long long)st.st_mtime);
	close(fd);
}

static void extended_stat(void)
{
	static const struct {
		const char *name;
		int flags;
		unsigned int mask;
		long expected;
	} calls[] = {
		{ "basic", 0, STATX_BASIC_STATS, 0 },
		{ "nothing", 0, 0, 0 },
		{ "size", 0, STATX_SIZE, 0 },
		{ "do not sync", AT_STATX_DONT_SYNC, STATX_BASIC_STATS, 0 },
		{ "force sync", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, 0 },
		{ "both", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, -EINVAL },
		{ "reserved", 0, STATX__RESERVED, -EINVAL },
		{ "bad flags", 0x8, STATX_BASIC_STATS, -EINVAL },
	};
	struct statx stx;

	file("f", "abc");
	mode("f", 0640);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		memset(&stx, 0, sizeof(stx));
		checkf(statx(AT_FDCWD, "f", calls[i].flags, calls[i].mask, &stx), calls[i].expected,
		       "%s", calls[i].name);
		if (!calls[i].expected && calls[i].mask & STATX_SIZE)
			say(calls[i].name, "basic %x mode %o nlink %u size %llu",
			    stx.stx_mask & calls[i].mask, stx.stx_mode, stx.stx_nlink,
			    (unsigned long long)stx.stx_size);
	}
	check("birth time", statx(AT_FDCWD, "f", 0, STATX_BTIME, &stx), 0);
	say("birth time", "%s", stx.stx_mask & STATX_BTIME ? "known" : "unknown");
}

const struct test attr_tests[] = {
	TEST(modes),
	TEST(owners),
	TEST(set_id_bits_after_changes),
	TEST(set_group_id_of_directories),
	TEST(set_times),
	TEST(extended_stat),
	END_OF_TESTS,
};

/* ---- Which operation moves which time stamp ---- */

static int open_fd = -1;

static long op_nothing(void)
{
	return 0;
}

static long op_stat(void)
{
	struct stat st;

	return lstat("d/f", &st);
}

static long op_read(void)
{
	return pread(open_fd, buffer, 3, 0);
}

static long op_read_nothing(void)
{
	return pread(open_fd, buffer, 0, 0);
}

static long op_write(void)
{
	return pwrite(open_fd, "x", 1, 0);
}

static long op_truncate(void)
{
	return truncate("d/f", 1);
}

static long op_truncate_same(void)
{
	return truncate("d/f", 6);
}

static long op_ftruncate(void)
{
	return ftruncate(open_fd, 2);
}

static long op_ftruncate_same(void)
{
	return ftruncate(open_fd, 6);
}

static long op_open_trunc(void)
{
	return closed(open("d/f", O_WRONLY | O_TRUNC));
}

static long op_chmod(void)
{
	return chmod("d/f", 0600);
}

static long op_chown(void)
{
	return chown("d/f", USER, USER);
}

static long op_link(void)
{
	return link("d/f", "d/g");
}

static long op_unlink(void)
{
	return unlink("d/h");
}

static long op_rename(void)
{
	return rename("d/f", "d/f2") || rename("d/f2", "d/f");
}

static long op_rename_away(void)
{
	return rename("d/h", "elsewhere");
}

static long op_exchange(void)
{
	file("x", "x");
	return renameat2(AT_FDCWD, "d/h", AT_FDCWD, "x", RENAME_EXCHANGE);
}

static long op_create(void)
{
	return closed(open("d/new", O_WRONLY | O_CREAT, 0600));
}

static long op_open_existing(void)
{
	return closed(open("d/f", O_RDWR | O_CREAT, 0600));
}

static long op_mkdir(void)
{
	return mkdir("d/new", 0700);
}

static long op_rmdir(void)
{
	return rmdir("d/s");
}

static long op_symlink(void)
{
	return symlink("x", "d/new");
}

static long op_mkfifo(void)
{
	return mkfifo("d/new", 0600);
}

static long op_setxattr(void)
{
	return setxattr("d/f", "user.t", "v", 1, 0);
}

static long op_removexattr(void)
{
	return removexattr("d/f", "user.old");
}

static long op_getxattr(void)
{
	return getxattr("d/f", "user.old", buffer, sizeof(buffer));
}

static long op_allocate(void)
{
	return fallocate(open_fd, 0, 0, 100);
}

static long op_punch(void)
{
	return fallocate(open_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3);
}

static long op_copy(void)
{
	int from = opened("from", O_RDONLY);
	long n = copy_file_range(from, NULL, open_fd, NULL, 3, 0);

	close(from);
	return n;
}

static long op_mmap_write(void)
{
	char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, open_fd, 0);

	if (map == MAP_FAILED)
		return -1;
	*map = 'm';
	msync(map, 1, MS_SYNC);
	return munmap(map, 1);
}

static long op_fsync(void)
{
	return fsync(open_fd);
}

static long op_failed_create(void)
{
	return open("d/f", O_CREAT | O_EXCL | O_WRONLY, 0600);
}

static long op_failed_unlink(void)
{
	return unlink("d/nothing");
}

static long op_failed_rmdir(void)
{
	return rmdir("d/full");
}

static const struct {
	const char *name;
	long (*op)(void);
} ops[] = {
	{ "nothing", op_nothing },
	{ "stat", op_stat },
	{ "read", op_read },
	{ "read_nothing", op_read_nothing },
	{ "write", op_write },
	{ "truncate", op_truncate },
	{ "truncate_same", op_truncate_same },
	{ "ftruncate", op_ftruncate },
	{ "ftruncate_same", op_ftruncate_same },
	{ "open_trunc", op_open_trunc },
	{ "chmod", op_chmod },
	{ "chown", op_chown },
	{ "link", op_link },
	{ "unlink", op_unlink },
	{ "rename", op_rename },
	{ "rename_away", op_rename_away },
	{ "exchange", op_exchange },
	{ "create", op_create },
	{ "open_existing", op_open_existing },
	{ "mkdir", op_mkdir },
	{ "rmdir", op_rmdir },
	{ "symlink", op_symlink },
	{ "mkfifo", op_mkfifo },
	{ "setxattr", op_setxattr },
	{ "removexattr", op_removexattr },
	{ "getxattr", op_getxattr },
	{ "allocate", op_allocate },
	{ "punch", op_punch },
	{ "copy", op_copy },
	{ "mmap_write", op_mmap_write },
	{ "fsync", op_fsync },
	{ "failed_create", op_failed_create },
	{ "failed_unlink", op_failed_unlink },
	{ "failed_rmdir", op_failed_rmdir },
};

static bool moved(struct timespec from, struct timespec to)
{
	return from.tv_sec != to.tv_sec || from.tv_nsec != to.tv_nsec;
}

static void compare_times(const char *step, const char *path, const struct stat *before)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		say(step, "%s: %s", path, facts(path));
		return;
	}
	say(step, "%s moves%s%s%s", path, moved(before->st_atim, st.st_atim) ? " atime" : "",
	    moved(before->st_mtim, st.st_mtim) ? " mtime" : "",
	    moved(before->st_ctim, st.st_ctim) ? " ctime" : "");
	/* Nothing is set to a time to come, and a ctime never goes back. */
	if (st.st_ctim.tv_sec < before->st_ctim.tv_sec)
		say(step, "%s: the ctime went back", path);
}

static void each_operation_moves_its_time_stamps(void)
{
	char name[32];

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct stat before_file, before_dir, before_other;

		snprintf(name, sizeof(name), "%zu", i);
		dir(name);
		if (chdir(name) < 0)
			continue;
		dir("d");
		file("d/f", "abcdef");
		file("d/h", "h");
		dir("d/s");
		dir("d/full");
		file("d/full/e", "");
		file("from", "abc");
		if (setxattr("d/f", "user.old", "v", 1, 0) < 0 || link("d/h", "d/i") < 0)
			say("setup", "%m");
		open_fd = opened("d/f", O_RDWR);
		tick();
		lstat("d/f", &before_file);
		lstat("d", &before_dir);
		lstat("d/i", &before_other);
		check(ops[i].name, ops[i].op(), ANY);
		compare_times(ops[i].name, "d/f", &before_file);
		compare_times(ops[i].name, "d", &before_dir);
		compare_times(ops[i].name, "d/i", &before_other);
		close(open_fd);
		if (chdir("..") < 0)
			return;
	}
}

const struct test time_tests[] = {
	TEST(each_operation_moves_its_time_stamps),
	END_OF_TESTS,
};
