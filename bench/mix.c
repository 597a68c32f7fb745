// SPDX-License-Identifier: GPL-2.0-only
// mix.c - small files, and the mixes of calls that mail and web servers make, with a fixed seed
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRS = 8, BLOCK = 4096, NAME_SIZE = 64 };

static unsigned int state = 1;
static char block[BLOCK];

static _Noreturn void die(const char *what, const char *name)
{
	fprintf(stderr, "mix: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static int below(int limit)
{
	state = state * 1664525 + 1013904223;
	return (int)((state >> 8) % (unsigned int)limit);
}

static const char *name_of(const char *kind, int number)
{
	static char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s%d/%d", kind, number % DIRS, number);
	return name;
}

static void make_dirs(const char *kind)
{
	char name[NAME_SIZE];

	for (int i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "%s%d", kind, i);
		if (mkdir(name, 0755) < 0 && errno != EEXIST)
			die("mkdir", name);
	}
}

static void write_file(const char *name, int flags, size_t size, int sync)
{
	int fd = open(name, O_WRONLY | flags, 0644);

	if (fd < 0)
		die("open", name);
	if (write(fd, block, size) != (ssize_t)size)
		die("write", name);
	if (sync && fsync(fd) < 0)
		die("fsync", name);
	if (close(fd) < 0)
		die("close", name);
}

static void read_file(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY);

	if (fd < 0)
		die("open", name);
	if (fstat(fd, &st) < 0)
		die("fstat", name);
	while (read(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void stat_file(const char *name)
{
	struct stat st;

	if (stat(name, &st) < 0)
		die("stat", name);
}

/* Create, write, stat and unlink: extracting, spooling, temporary files. */
static void small_files(int count)
{
	make_dirs("s");
	for (int i = 0; i < count; i++)
		write_file(name_of("s", i), O_CREAT | O_EXCL, 1024, 0);
	for (int i = 0; i < count; i++)
		stat_file(name_of("s", i));
	for (int i = 0; i < count; i++)
		if (unlink(name_of("s", i)) < 0)
			die("unlink", name_of("s", i));
}

/* A mail is delivered and flushed, mailboxes are listed, mails are read, marked and deleted. */
static void mail(int count)
{
	char new_name[NAME_SIZE + 4];
	int delivered = 0, deleted = 0;

	make_dirs("m");
	for (; delivered < count / 4; delivered++)
		write_file(name_of("m", delivered), O_CREAT | O_EXCL, 2048, 0);
	for (int i = 0; i < count; i++) {
		int which = deleted + below(delivered - deleted);

		switch (below(4)) {
		case 0:
			snprintf(new_name, sizeof(new_name), "%s.new", name_of("m", delivered));
			write_file(new_name, O_CREAT | O_EXCL, 2048, 1);
			if (rename(new_name, name_of("m", delivered)) < 0)
				die("rename", new_name);
			delivered++;
			break;
		case 1:
			write_file(name_of("m", which), O_APPEND, 128, 1);
			break;
		case 2:
			stat_file(name_of("m", which));
			read_file(name_of("m", which));
			break;
		default:
			if (deleted + 1 < delivered) {
				if (unlink(name_of("m", deleted)) < 0)
					die("unlink", name_of("m", deleted));
				deleted++;
			}
		}
	}
}

/* A page is a few files that exist, one that does not, and a line in a log. */
static void web(int count)
{
	struct stat st;

	make_dirs("w");
	for (int i = 0; i < count / 4; i++)
		write_file(name_of("w", i), O_CREAT, 4000, 0);
	for (int page = 0; page < count / 4; page++) {
		for (int i = 0; i < 5; i++) {
			/* Few pages are wanted often. */
			int which = below(1 + below(count / 4));

			stat_file(name_of("w", which));
			read_file(name_of("w", which));
		}
		if (!stat(name_of("w", count), &st))
			die("stat finds", name_of("w", count));
		write_file("log", O_CREAT | O_APPEND, 100, 0);
	}
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;

	if (count >= 8 && !strcmp(argv[1], "small"))
		small_files(count);
	else if (count >= 8 && !strcmp(argv[1], "mail"))
		mail(count);
	else if (count >= 8 && !strcmp(argv[1], "web"))
		web(count);
	else {
		fprintf(stderr, "usage: mix small|mail|web COUNT (at least 8)\n");
		return 2;
	}
	return 0;
}
