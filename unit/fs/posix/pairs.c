// SPDX-License-Identifier: GPL-2.0-only
/* pairs.c - calls that take two paths: link, rename and its flags, on each pair of kinds */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { A_FILE, A_DIR, A_FULL_DIR, A_LINK, A_FIFO, MISSING, KINDS };

static const char *const names[KINDS] = { "file", "directory", "full_directory",
					  "link", "fifo",      "missing" };

static void make(enum kind kind, const char *path)
{
	char below[32];

	switch (kind) {
	case A_FILE:
		file(path, path);
		break;
	case A_DIR:
		dir(path);
		break;
	case A_FULL_DIR:
		dir(path);
		snprintf(below, sizeof(below), "%s/e", path);
		file(below, "");
		break;
	case A_LINK:
		slink(path, path);
		break;
	case A_FIFO:
		fifo(path);
		break;
	default:
		break;
	}
}

static void unmake(const char *path)
{
	char below[32];

	snprintf(below, sizeof(below), "%s/e", path);
	unlink(below);
	if (unlink(path) < 0 && errno == EISDIR)
		rmdir(path);
}

static bool is_dir(enum kind kind)
{
	return kind == A_DIR || kind == A_FULL_DIR;
}

/* ---- Calls, and what they have to return ---- */

static long call_link(void)
{
	return link("a", "b");
}

static int link_result(enum kind from, enum kind to)
{
	if (from == MISSING)
		return -ENOENT;
	if (to != MISSING)
		return -EEXIST;
	return is_dir(from) ? -EPERM : 0;
}

static long call_rename(void)
{
	return rename("a", "b");
}

static int rename_result(enum kind from, enum kind to)
{
	if (from == MISSING)
		return -ENOENT;
	if (to == MISSING)
		return 0;
	if (is_dir(from) != is_dir(to))
		return is_dir(from) ? -ENOTDIR : -EISDIR;
	return to == A_FULL_DIR ? -ENOTEMPTY : 0;
}

static long call_noreplace(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE);
}

static int noreplace_result(enum kind from, enum kind to)
{
	if (from == MISSING)
		return -ENOENT;
	return to == MISSING ? 0 : -EEXIST;
}

static long call_exchange(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static int exchange_result(enum kind from, enum kind to)
{
	return from == MISSING || to == MISSING ? -ENOENT : 0;
}

static long call_whiteout(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_WHITEOUT);
}

static const struct {
	const char *name;
	long (*call)(void);
	int (*result)(enum kind from, enum kind to);
} calls[] = {
	{ "link", call_link, link_result },
	{ "rename", call_rename, rename_result },
	{ "rename_noreplace", call_noreplace, noreplace_result },
	{ "rename_exchange", call_exchange, exchange_result },
	{ "rename_whiteout", call_whiteout, rename_result },
};

static void each_call_on_each_pair(void)
{
	char step[128];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (enum kind from = 0; from < KINDS; from++) {
			for (enum kind to = 0; to < KINDS; to++) {
				make(from, "a");
				make(to, "b");
				snprintf(step, sizeof(step), "%s %s to %s", calls[i].name,
					 names[from], names[to]);
				check(step, calls[i].call(), calls[i].result(from, to));
				say(step, "leaves %s", facts("a"));
				say(step, "and %s", facts("b"));
				unmake("a");
				unmake("b");
			}
		}
	}
}

static void hard_links_of_one_file(void)
{
	file("a", "abc");
	check("link", link("a", "b"), 0);
	check("rename over the same file", rename("a", "b"), 0);
	show("a");
	show("b");
	check("exchange", renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), 0);
	check("onto itself", rename("a", "a"), 0);
	check("noreplace onto itself", renameat2(AT_FDCWD, "a", AT_FDCWD, "a", RENAME_NOREPLACE),
	      -EEXIST);
	check("unlink", unlink("a"), 0);
	show("a");
	show("b");
	check("link back", link("b", "a"), 0);
	file("c", "other");
	check("rename over one link", rename("c", "a"), 0);
	show("a");
	show("b");
	say("content", "%s %s", content("a"), content("b"));
}

static void many_hard_links(void)
{
	char name[32];

	file("f", "");
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		link("f", name);
		if (i % 4 == 3)
			show("f");
	}
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		unlink(name);
		if (i % 4 == 3)
			show("f");
	}
}

static void link_of_a_removed_file(void)
{
	char path[64];
	int fd;

	file("f", "abc");
	fd = opened("f", O_RDWR);
	check("unlink", unlink("f"), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	check("linkat", linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW), -ENOENT);
	check("linkat of the descriptor", linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH),
	      -ENOENT);
	show("again");
	close(fd);
	check("linkat bad flags", linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0x10000), -EINVAL);
}

static void renames_of_directories(void)
{
	dir("a");
	dir("a/b");
	dir("c");
	file("a/b/f", "abc");
	check("below itself", rename("a", "a/b/a"), -EINVAL);
	check("over its parent", rename("a/b", "a"), -ENOTEMPTY);
	check("exchange with its parent",
	      renameat2(AT_FDCWD, "a", AT_FDCWD, "a/b", RENAME_EXCHANGE), -EINVAL);
	check("to another directory", rename("a/b", "c/b"), 0);
	show("a");
	show("c");
	say("content", "%s", content("c/b/f"));
	show("a/b");
	check("with slashes", rename("c/b/", "a/b/"), 0);
	show("a/b");
	check("file with a slash", rename("a/b/f/", "g"), -ENOTDIR);
	check("file to a name with a slash", rename("a/b/f", "g/"), -ENOTDIR);
	check("exchange of directories", renameat2(AT_FDCWD, "a/b", AT_FDCWD, "c", RENAME_EXCHANGE),
	      0);
	show("c/f");
	show("a/b/f");
	show("a");
	show("c");
	check("dot", rename("a/.", "d"), -EBUSY);
	check("dotdot", rename("a/..", "d"), -EBUSY);
}

static void bad_flags_of_rename(void)
{
	file("a", "");
	file("b", "");
	check("exchange and noreplace",
	      renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
	check("exchange and whiteout",
	      renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE | RENAME_WHITEOUT), -EINVAL);
	check("unknown", renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0x80), -EINVAL);
	check("descriptor of a file", renameat(opened("a", O_RDONLY), "x", AT_FDCWD, "b"),
	      -ENOTDIR);
	check("bad descriptor", renameat(-5, "x", AT_FDCWD, "b"), -EBADF);
}

static void names_below_descriptors(void)
{
	int top, sub;

	dir("d");
	dir("d/s");
	top = opened("d", O_RDONLY | O_DIRECTORY);
	sub = opened("d/s", O_PATH);
	check("openat create", closed(openat(top, "f", O_WRONLY | O_CREAT | O_EXCL, 0600)), 0);
	check("renameat", renameat(top, "f", sub, "g"), 0);
	check("linkat", linkat(sub, "g", top, "h", 0), 0);
	show("d/h");
	check("symlinkat", symlinkat("h", top, "l"), 0);
	check("mkdirat", mkdirat(sub, "m", 0700), 0);
	check("mknodat", mknodat(sub, "p", S_IFIFO | 0600, 0), 0);
	check("fchmodat", fchmodat(top, "h", 0640, 0), 0);
	check("fchownat", fchownat(top, "h", USER, USER, 0), 0);
	check("fchownat of the descriptor", fchownat(sub, "", USER, -1, AT_EMPTY_PATH), 0);
	show("d/s/g");
	show("d/s");
	check("moved directory", rename("d/s", "t"), 0);
	check("still reached", faccessat(sub, "g", F_OK, 0), 0);
	check("created below it", closed(openat(sub, "n", O_WRONLY | O_CREAT, 0600)), 0);
	show("t/n");
	check("unlinkat", unlinkat(top, "h", 0), 0);
	check("unlinkat directory", unlinkat(sub, "m", 0), -EISDIR);
	check("unlinkat removedir", unlinkat(sub, "m", AT_REMOVEDIR), 0);
	check("unlinkat removedir of a file", unlinkat(sub, "g", AT_REMOVEDIR), -ENOTDIR);
	check("unlinkat bad flags", unlinkat(sub, "g", 0x1), -EINVAL);
	close(top);
	close(sub);
}

static void directories_that_were_removed(void)
{
	int fd;

	dir("d");
	fd = opened("d", O_RDONLY | O_DIRECTORY);
	check("rmdir", rmdir("d"), 0);
	check("create", closed(openat(fd, "f", O_WRONLY | O_CREAT, 0600)), -ENOENT);
	check("mkdir", mkdirat(fd, "s", 0700), -ENOENT);
	check("symlink", symlinkat("x", fd, "l"), -ENOENT);
	file("o", "");
	check("link", linkat(AT_FDCWD, "o", fd, "l", 0), -ENOENT);
	check("rename", renameat(AT_FDCWD, "o", fd, "l"), -ENOENT);
	check("lookup", faccessat(fd, "f", F_OK, 0), -ENOENT);
	check("dotdot", faccessat(fd, "..", F_OK, 0), 0);
	check("fchdir", fchdir(fd), 0);
	check("getcwd", getcwd((char[PATH_MAX]){ 0 }, PATH_MAX) ? 0 : -1, -ENOENT);
	check("back", chdir(".."), 0);
	close(fd);
}

static void names_come_back(void)
{
	for (int i = 0; i < 3; i++) {
		show("n");
		file("n", "abc");
		show("n");
		unlink("n");
		show("n");
		dir("n");
		show("n");
		rmdir("n");
		slink("t", "n");
		show("n");
		unlink("n");
	}
	check("unlink again", unlink("n"), -ENOENT);
	check("rmdir again", rmdir("n"), -ENOENT);
}

static void odd_names(void)
{
	static const char *const odd[] = { " ",	   "...", "-",	      "\n", "\xff\xfe",
					   "a\\b", "*",	  "\xc3\xa9", ".x" };
	char name[NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		file(odd[i], odd[i]);
		checkf(access(odd[i], F_OK), 0, "access %zu", i);
		checkf(unlink(odd[i]), 0, "unlink %zu", i);
		checkf(access(odd[i], F_OK), -ENOENT, "access after %zu", i);
	}
	/* Around the sizes at which names are kept differently. */
	for (int len = 29; len <= 255; len += len < 35 ? 1 : 44) {
		memset(name, 'x', (size_t)len);
		name[len] = '\0';
		checkf(access(name, F_OK), -ENOENT, "before %d", len);
		file(name, "x");
		checkf(access(name, F_OK), 0, "there %d", len);
		name[len - 1] = 'y';
		checkf(access(name, F_OK), -ENOENT, "another %d", len);
		name[len - 1] = 'x';
		checkf(rename(name, "short"), 0, "rename %d", len);
		checkf(access(name, F_OK), -ENOENT, "after %d", len);
		unlink("short");
	}
}

static void targets_of_links(void)
{
	char target[PATH_MAX + 1], got[PATH_MAX + 1];

	for (int len = 1; len < PATH_MAX;
	     len = len * 4 + 1 < PATH_MAX - 1 ? len * 4 + 1 : PATH_MAX - 1) {
		memset(target, 't', (size_t)len);
		target[len] = '\0';
		checkf(symlink(target, "l"), 0, "symlink %d", len);
		checkf(readlink("l", got, sizeof(got)), len, "readlink %d", len);
		checkf(readlink("l", got, 1), 1, "readlink short %d", len);
		checkf(memcmp(got, target, 1), 0, "same %d", len);
		unlink("l");
		if (len == PATH_MAX - 1)
			break;
	}
	memset(target, 't', PATH_MAX);
	target[PATH_MAX] = '\0';
	check("too long", symlink(target, "l"), -ENAMETOOLONG);
	check("empty", symlink("", "l"), -ENOENT);
	check("no room", readlink("l", got, 0), -EINVAL);
}

static void chains_of_links(void)
{
	char name[32], target[32];

	file("l0", "abc");
	for (int i = 1; i <= 42; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		slink(target, name);
	}
	check("forty links", access("l40", F_OK), 0);
	check("one more", access("l41", F_OK), -ELOOP);
}

const struct test pair_tests[] = {
	TEST(each_call_on_each_pair),
	TEST(hard_links_of_one_file),
	TEST(many_hard_links),
	TEST(link_of_a_removed_file),
	TEST(renames_of_directories),
	TEST(bad_flags_of_rename),
	TEST(names_below_descriptors),
	TEST(directories_that_were_removed),
	TEST(names_come_back),
	TEST(odd_names),
	TEST(targets_of_links),
	TEST(chains_of_links),
	END_OF_TESTS,
};
