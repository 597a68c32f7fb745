// SPDX-License-Identifier: GPL-2.0-only
/* users.c - what users other than root may do */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* USER as the owner, by its group, by its supplementary group, and as anybody else. */
static const struct {
	const char *name;
	uid_t uid;
	gid_t gid;
	int shift;
} classes[] = {
	{ "owner", USER, 0, 6 },
	{ "group", 0, USER_GROUP, 3 },
	{ "extra_group", 0, EXTRA_GROUP, 3 },
	{ "other", 0, 0, 0 },
};

#define CLASSES (sizeof(classes) / sizeof(classes[0]))

static long allowed(int bits, int wanted)
{
	return (bits & wanted) == wanted ? 0 : -EACCES;
}

/* Of what could not be created before without the same bits. */
static long removal(int bits)
{
	if (!(bits & 1))
		return -EACCES;
	return bits & 2 ? 0 : -ENOENT;
}

static void bits_of_files(void)
{
	file("f", "abc");
	for (size_t i = 0; i < CLASSES; i++) {
		owner("f", classes[i].uid, classes[i].gid);
		for (int bits = 0; bits < 8; bits++) {
			const char *name = classes[i].name;

			mode("f", (mode_t)bits << classes[i].shift);
			become(USER);
			checkf(closed(open("f", O_RDONLY)), allowed(bits, 4), "%s %o read", name,
			       bits);
			checkf(closed(open("f", O_WRONLY)), allowed(bits, 2), "%s %o write", name,
			       bits);
			checkf(closed(open("f", O_RDWR)), allowed(bits, 6), "%s %o both", name,
			       bits);
			checkf(access("f", X_OK), allowed(bits, 1), "%s %o execute", name, bits);
			checkf(truncate("f", 1), allowed(bits, 2), "%s %o truncate", name, bits);
			become_root();
		}
	}
}

static void bits_of_directories(void)
{
	int up = opened(".", O_PATH);
	struct stat st;

	for (size_t i = 0; i < CLASSES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%zu", i);
		dir(name);
		if (chdir(name) < 0)
			continue;
		file("f", "");
		dir("s");
		owner(".", classes[i].uid, classes[i].gid);
		for (int bits = 0; bits < 8; bits++) {
			const char *who = classes[i].name;

			mode(".", (mode_t)bits << classes[i].shift);
			become(USER);
			checkf(stat("f", &st), allowed(bits, 1), "%s %o stat", who, bits);
			checkf(stat("nothing", &st), bits & 1 ? -ENOENT : -EACCES,
			       "%s %o stat nothing", who, bits);
			checkf(closed(openat(up, name, O_RDONLY)), allowed(bits, 4), "%s %o list",
			       who, bits);
			checkf(closed(open("n", O_WRONLY | O_CREAT, 0600)), allowed(bits, 3),
			       "%s %o create", who, bits);
			checkf(rename("n", "m"), removal(bits), "%s %o rename", who, bits);
			checkf(unlink("m"), removal(bits), "%s %o unlink", who, bits);
			checkf(mkdir("d", 0700), allowed(bits, 3), "%s %o mkdir", who, bits);
			checkf(rmdir("d"), removal(bits), "%s %o rmdir", who, bits);
			checkf(symlink("x", "l"), allowed(bits, 3), "%s %o symlink", who, bits);
			become_root();
			unlink("l");
		}
		if (chdir("..") < 0)
			return;
	}
}

static void what_owners_may(void)
{
	static const struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	static const uid_t owners[] = { USER, STRANGER };

	mode(".", 0777);
	for (int i = 0; i < 2; i++) {
		long expected = owners[i] == USER ? 0 : -EPERM;

		unlink("f");
		file("f", "abc");
		mode("f", 0666);
		owner("f", owners[i], owners[i]);
		become(USER);
		checkf(chmod("f", 0662), expected, "chmod of %u's", owners[i]);
		checkf(utimensat(AT_FDCWD, "f", times, 0), expected, "set times of %u's",
		       owners[i]);
		checkf(utimensat(AT_FDCWD, "f", NULL, 0), 0, "times to now of %u's", owners[i]);
		checkf(chown("f", USER, (gid_t)-1), expected, "chown to itself of %u's", owners[i]);
		checkf(chown("f", 0, (gid_t)-1), -EPERM, "chown to root of %u's", owners[i]);
		checkf(chown("f", (uid_t)-1, EXTRA_GROUP), expected,
		       "chgrp to an own group of %u's", owners[i]);
		checkf(chown("f", (uid_t)-1, STRANGER), -EPERM, "chgrp to a foreign group of %u's",
		       owners[i]);
		checkf(closed(open("f", O_RDONLY | O_NOATIME)), expected, "noatime of %u's",
		       owners[i]);
		checkf(mknod("dev", S_IFCHR | 0600, 0x103), -EPERM, "device next to %u's",
		       owners[i]);
		become_root();
		show("f");
		mode("f", 0600);
		become(USER);
		checkf(utimensat(AT_FDCWD, "f", NULL, 0), owners[i] == USER ? 0 : -EACCES,
		       "times to now of a closed file of %u's", owners[i]);
		become_root();
	}
}

static void group_bits_of_foreign_groups(void)
{
	file("f", "");
	owner("f", USER, STRANGER);
	become(USER);
	check("set-group-ID for a foreign group", chmod("f", 02755), 0);
	become_root();
	show("f");
	owner("f", USER, EXTRA_GROUP);
	become(USER);
	check("set-group-ID for an own group", chmod("f", 02755), 0);
	become_root();
	show("f");
	become(USER);
	check("sticky on a file", chmod("f", 01644), 0);
	become_root();
	show("f");
}

static void sticky_directories(void)
{
	static const struct {
		const char *name;
		uid_t dir, file;
		long expected;
	} cases[] = {
		{ "own file", 0, USER, 0 },
		{ "own directory", USER, STRANGER, 0 },
		{ "neither", 0, STRANGER, -EPERM },
		{ "root's file", STRANGER, 0, -EPERM },
	};

	dir("d");
	dir("other");
	mode("other", 0777);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		owner("d", cases[i].dir, 0);
		mode("d", 01777);
		file("d/f", "");
		file("d/g", "");
		dir("d/s");
		owner("d/f", cases[i].file, 0);
		owner("d/g", cases[i].file, 0);
		owner("d/s", cases[i].file, 0);
		become(USER);
		checkf(rename("d/f", "d/h"), cases[i].expected, "rename, %s", cases[i].name);
		checkf(rename("d/g", "other/g"), cases[i].expected, "move away, %s", cases[i].name);
		file("other/x", "");
		checkf(rename("other/x", cases[i].expected ? "d/f" : "d/h"), cases[i].expected,
		       "rename over, %s", cases[i].name);
		checkf(rmdir("d/s"), cases[i].expected, "rmdir, %s", cases[i].name);
		checkf(unlink(cases[i].expected ? "d/f" : "d/h"), ANY, "unlink, %s", cases[i].name);
		become_root();
		unlink("d/f");
		unlink("d/g");
		unlink("d/h");
		rmdir("d/s");
		unlink("other/g");
		unlink("other/x");
	}
}

static void search_along_the_way(void)
{
	dir("a");
	dir("a/b");
	file("a/b/f", "abc");
	mode("a/b/f", 0644);
	become(USER);
	check("open way", access("a/b/f", R_OK), 0);
	become_root();
	mode("a", 0700);
	become(USER);
	check("closed above", access("a/b/f", R_OK), -EACCES);
	check("closed above, nothing there", access("a/b/n", R_OK), -EACCES);
	become_root();
	mode("a", 0711);
	become(USER);
	check("open again", access("a/b/f", R_OK), 0);
	check("list", closed(open("a", O_RDONLY)), -EACCES);
	become_root();
	owner("a", STRANGER, STRANGER);
	mode("a", 0600);
	become(USER);
	check("another's", access("a/b/f", R_OK), -EACCES);
	become_root();
	check("root", access("a/b/f", R_OK), 0);
	check("root executes", access("a/b/f", X_OK), -EACCES);
}

/* A descriptor that was opened keeps what it may, whatever becomes of the file. */
static void rights_stay_with_descriptors(void)
{
	int fd, folder;

	dir("d");
	file("d/f", "abc");
	owner("d", USER, USER);
	owner("d/f", USER, USER);
	become(USER);
	fd = opened("d/f", O_RDWR);
	folder = opened("d", O_RDONLY);
	become_root();
	mode("d/f", 0);
	mode("d", 0);
	owner("d/f", 0, 0);
	become(USER);
	check("write", pwrite(fd, "xyz", 3, 0), 3);
	check("read", pread(fd, (char[4]){ 0 }, 3, 0), 3);
	check("ftruncate", ftruncate(fd, 2), 0);
	check("fchmod", fchmod(fd, 0600), -EPERM);
	check("below the directory", faccessat(folder, "f", F_OK, 0), -EACCES);
	become_root();
	show("d/f");
	close(fd);
	close(folder);
}

static void effective_ids_decide_unlike_access(void)
{
	file("f", "");
	mode("f", 0600);
	/* Effective root, real user. */
	if (setresuid(USER, 0, 0) < 0)
		say("setresuid", "%m");
	check("access", access("f", R_OK), -EACCES);
	check("faccessat effective", faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS), 0);
	check("open", closed(open("f", O_RDONLY)), 0);
	become_root();
	check("bad mode", access("f", 0x10), -EINVAL);
	check("bad flags", faccessat(AT_FDCWD, "f", R_OK, 0x10), ANY);
}

const struct test user_tests[] = {
	TEST(bits_of_files),
	TEST(bits_of_directories),
	TEST(what_owners_may),
	TEST(group_bits_of_foreign_groups),
	TEST(sticky_directories),
	TEST(search_along_the_way),
	TEST(rights_stay_with_descriptors),
	TEST(effective_ids_decide_unlike_access),
	END_OF_TESTS,
};
