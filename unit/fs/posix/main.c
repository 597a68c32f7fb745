// SPDX-License-Identifier: GPL-2.0-only
/* main.c - runs tests of system calls in a directory and prints what each returned; see usage() */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static const struct test *const tables[] = {
	path_tests,  pair_tests, open_tests, data_tests, attr_tests,  time_tests,
	xattr_tests, dir_tests,	 lock_tests, user_tests, mount_tests,
};

char *nowhere = (char *)8;

/* The test that runs, and how many results were not as expected. */
static const char *current;
static unsigned int unexpected;

static void usage(FILE *to)
{
	fputs("usage: posix [--list] [--test GLOB] DIRECTORY\n"
	      "  --list        print the names of the tests alone\n"
	      "  --test GLOB   only tests whose name matches\n"
	      "Each test runs in an empty directory below DIRECTORY, as root, and prints lines\n"
	      "TEST.STEP: RESULT. Exit: 1 if a result is not what POSIX or Linux promise.\n",
	      to);
}

void say(const char *step, const char *format, ...)
{
	va_list args;

	printf("%s.%s: ", current, step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *name_of(long outcome)
{
	static char number[24];
	const char *name = outcome < 0 ? strerrorname_np((int)-outcome) : NULL;

	if (name)
		return name;
	snprintf(number, sizeof(number), "%ld", outcome);
	return number;
}

long check(const char *step, long result, long expected)
{
	int error = errno;
	long outcome = result < 0 ? -error : result;

	printf("%s.%s: %s", current, step, name_of(outcome));
	if (expected != ANY && outcome != expected) {
		printf(" (expected %s)", name_of(expected));
		unexpected++;
	}
	putchar('\n');
	errno = error;
	return result;
}

long checkf(long result, long expected, const char *format, ...)
{
	char step[256];
	int error = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(step, sizeof(step), format, args);
	va_end(args);
	errno = error;
	return check(step, result, expected);
}

long closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	default:
		return "unknown";
	}
}

const char *facts(const char *path)
{
	static char text[PATH_MAX + 256];
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;
	int used;

	if (lstat(path, &st) < 0)
		return name_of(-errno);
	used = snprintf(text, sizeof(text), "%s %04o nlink %lu size %lld owner %u:%u",
			type_of(st.st_mode), st.st_mode & 07777, (unsigned long)st.st_nlink,
			(long long)st.st_size, st.st_uid, st.st_gid);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		snprintf(text + used, sizeof(text) - (size_t)used, " device %u:%u",
			 major(st.st_rdev), minor(st.st_rdev));
	if (S_ISLNK(st.st_mode)) {
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		snprintf(text + used, sizeof(text) - (size_t)used, " to %s", target);
	}
	return text;
}

void show(const char *path)
{
	printf("%s.stat %s: %s\n", current, path, facts(path));
}

static void set_up(const char *what, const char *path, long result)
{
	if (result < 0)
		printf("%s.setup %s %s: %s\n", current, what, path, name_of(-errno));
}

void file(const char *path, const char *data)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	set_up("create", path, fd);
	if (fd < 0)
		return;
	if (*data)
		set_up("write", path, write(fd, data, strlen(data)));
	close(fd);
}

void dir(const char *path)
{
	set_up("mkdir", path, mkdir(path, 0755));
}

void fifo(const char *path)
{
	set_up("mkfifo", path, mkfifo(path, 0644));
}

void slink(const char *target, const char *path)
{
	set_up("symlink", path, symlink(target, path));
}

void mode(const char *path, mode_t mode)
{
	set_up("chmod", path, chmod(path, mode));
}

void owner(const char *path, uid_t uid, gid_t gid)
{
	set_up("lchown", path, lchown(path, uid, gid));
}

int opened(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	set_up("open", path, fd);
	return fd;
}

const char *content(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return name_of(-errno);
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0) {
		snprintf(text, sizeof(text), "%s", name_of(-errno));
	} else {
		text[len] = '\0';
		/* A hole shows. */
		for (ssize_t i = 0; i < len; i++)
			if (text[i] < ' ')
				text[i] = '.';
	}
	close(fd);
	return text;
}

/* The saved id stays root's, and with it the permitted capabilities. */
void become(uid_t uid)
{
	gid_t extra = EXTRA_GROUP;

	become_root();
	set_up("become", "groups", setgroups(uid == USER ? 1 : 0, &extra));
	set_up("become", "gid", setresgid(uid, uid, 0));
	set_up("become", "uid", setresuid(uid, uid, 0));
}

void become_root(void)
{
	set_up("become_root", "uid", setresuid(0, 0, 0));
	set_up("become_root", "gid", setresgid(0, 0, 0));
	set_up("become_root", "groups", setgroups(0, NULL));
}

void tick(void)
{
	struct timespec then, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &then);
	do {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == then.tv_sec && now.tv_nsec == then.tv_nsec);
}

/* Returns -1 if there is no directory to run in. */
static int run(const struct test *test)
{
	current = test->name;
	if (mkdir(test->name, 0755) < 0 || chdir(test->name) < 0) {
		perror(test->name);
		return -1;
	}
	umask(022);
	test->run();
	fflush(stdout);
	if (chdir("..") < 0) {
		perror("..");
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *glob = "*", *folder = NULL;
	bool list = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list"))
			list = true;
		else if (!strcmp(argv[i], "--test") && i + 1 < argc)
			glob = argv[++i];
		else if (argv[i][0] == '-' || folder)
			goto bad;
		else
			folder = argv[i];
	}
	if (!folder != list)
		goto bad;
	if (folder && (geteuid() || chdir(folder) < 0)) {
		fprintf(stderr, "posix: %s\n", geteuid() ? "needs root" : strerror(errno));
		return 2;
	}
	/* A reader that is gone, or a limit on the size of files, shows as an error. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	become_root();
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct test *test = tables[i]; test->name; test++) {
			if (fnmatch(glob, test->name, 0))
				continue;
			if (list)
				puts(test->name);
			else if (run(test))
				return 2;
		}
	}
	return unexpected ? 1 : 0;
bad:
	usage(stderr);
	return 2;
}
