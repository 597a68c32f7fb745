// SPDX-License-Identifier: GPL-2.0-only
/* dirs.c - reading directories, and being told of changes in them */
#include "posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 300

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted names with what is consistent: the inode number and the type that lstat() tells too. */
static void list(const char *step, DIR *stream)
{
	char *lines[64] = { 0 };
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(stream)) && count < 64) {
		bool dots = entry->d_name[0] == '.';
		struct stat st;
		int bad = fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW);

		if (asprintf(&lines[count], "%s type %d%s%s", entry->d_name, entry->d_type,
			     bad || dots || st.st_ino == entry->d_ino ? "" : " other inode",
			     bad || st.st_mode >> 12 == entry->d_type ? "" : " other type") >= 0)
			count++;
	}
	qsort(lines, count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		say(step, "%s", lines[i]);
		free(lines[i]);
	}
}

static void entries_and_types(void)
{
	DIR *stream;

	dir("d");
	file("d/f", "");
	dir("d/s");
	fifo("d/p");
	slink("f", "d/l");
	mknod("d/c", S_IFCHR | 0600, 0x103);
	mknod("d/sock", S_IFSOCK | 0600, 0);
	stream = opendir("d");
	list("all", stream);
	file("d/new", "");
	unlink("d/f");
	rename("d/p", "d/q");
	rewinddir(stream);
	list("rewound", stream);
	closedir(stream);
	stream = opendir("d");
	list("opened again", stream);
	closedir(stream);
	dir("empty");
	stream = opendir("empty");
	list("empty", stream);
	rmdir("empty");
	rewinddir(stream);
	list("removed", stream);
	closedir(stream);
}

static void many_entries(void)
{
	unsigned char seen[MANY] = { 0 };
	struct dirent *entry;
	int once = 0, twice = 0, number;
	long places[8];
	char after[8][32];
	char name[32];
	DIR *stream;

	dir("d");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "d/entry-%d", i);
		if (mknod(name, S_IFREG | 0600, 0) < 0)
			say("mknod", "%m");
	}
	stream = opendir("d");
	while ((entry = readdir(stream))) {
		if (sscanf(entry->d_name, "entry-%d", &number) != 1)
			continue;
		if (seen[number]++)
			twice++;
		else
			once++;
	}
	say("entries", "%d once, %d twice", once, twice);
	show("d");
	/* What comes behind a place is the same again. */
	rewinddir(stream);
	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < 30; j++)
			readdir(stream);
		places[i] = telldir(stream);
		entry = readdir(stream);
		snprintf(after[i], sizeof(after[i]), "%.31s", entry ? entry->d_name : "end");
	}
	for (int i = 7; i >= 0; i--) {
		seekdir(stream, places[i]);
		entry = readdir(stream);
		say("behind a place", "%s",
		    entry && !strcmp(entry->d_name, after[i]) ? "the same entry" : "another entry");
	}
	/* Removing what was read loses nothing of the rest. */
	rewinddir(stream);
	once = 0;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] == '.')
			continue;
		once++;
		unlinkat(dirfd(stream), entry->d_name, 0);
	}
	say("removed while reading", "%d", once);
	closedir(stream);
	check("rmdir", rmdir("d"), 0);
}

static void raw_reads(void)
{
	char buffer[4096];
	int fd, empty;

	dir("d");
	file("d/file-with-a-long-name", "");
	fd = opened("d", O_RDONLY | O_DIRECTORY);
	check("too small", syscall(SYS_getdents64, fd, buffer, 8), -EINVAL);
	check("all", syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), 24 + 24 + 48);
	check("end", syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), 0);
	check("from the start", lseek(fd, 0, SEEK_SET), 0);
	check("one", syscall(SYS_getdents64, fd, buffer, 24), 24);
	check("a file",
	      syscall(SYS_getdents64, opened("d/file-with-a-long-name", O_RDONLY), buffer, 64),
	      -ENOTDIR);
	close(fd);
	empty = opened("d", O_PATH);
	check("path descriptor", syscall(SYS_getdents64, empty, buffer, sizeof(buffer)), -EBADF);
	close(empty);
}

static void link_counts_of_directories(void)
{
	dir("d");
	show("d");
	dir("d/a");
	dir("d/b");
	show("d");
	file("d/f", "");
	show("d");
	rename("d/a", "a");
	show("d");
	show(".");
	rename("a", "d/b/a");
	show("d/b");
	show(".");
	rmdir("d/b/a");
	rmdir("d/b");
	show("d");
}

static void watched_changes(void)
{
	_Alignas(struct inotify_event) char buffer[4096];
	int fd = inotify_init1(IN_NONBLOCK), file_fd;
	ssize_t len;

	dir("d");
	check("watch",
	      inotify_add_watch(fd, "d", IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS)) < 0 ? -1 : 0, 0);
	file_fd = opened("d/f", O_WRONLY | O_CREAT);
	check("write", write(file_fd, "x", 1), 1);
	close(file_fd);
	chmod("d/f", 0600);
	link("d/f", "d/g");
	rename("d/g", "d/h");
	unlink("d/h");
	mkdir("d/s", 0700);
	rmdir("d/s");
	unlink("d/f");
	len = read(fd, buffer, sizeof(buffer));
	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

		say("event", "%x %s", event->mask, event->len ? event->name : "");
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	close(fd);
}

static void deep_directories(void)
{
	char cwd[PATH_MAX];
	int up = open(".", O_PATH);

	for (int i = 0; i < 40; i++) {
		dir("deeper");
		if (chdir("deeper") < 0)
			say("chdir", "%m");
	}
	check("getcwd", getcwd(cwd, sizeof(cwd)) ? 0 : -1, 0);
	say("getcwd", "%s", strlen(cwd) > 7 * 40 ? "deep" : "shallow");
	file("f", "at the bottom");
	say("content", "%s", content("f"));
	check("up and down", access("../../deeper/deeper/f", F_OK), 0);
	check("back", fchdir(up), 0);
	check("not empty", rmdir("deeper"), -ENOTEMPTY);
	close(up);
}

const struct test dir_tests[] = {
	TEST(entries_and_types),
	TEST(many_entries),
	TEST(raw_reads),
	TEST(link_counts_of_directories),
	TEST(watched_changes),
	TEST(deep_directories),
	END_OF_TESTS,
};
