// SPDX-License-Identifier: GPL-2.0-only
/* tree.c - the objects that the oracle changes and reads, and how */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "reg.h"

#define DIRS 4
#define FILES 16
#define TOGGLES 16
#define SWAPS 8
#define MOVES 8
#define DIRMOVES 4
#define REPLACED 8
#define BEHIND 8
#define SPARE_NAMES 8
#define PATH_SIZE 512
#define VALUE_SIZE 256
/* No file is as large. */
#define CONTENT_SIZE 16384

#define XATTR "user.o"

/* A regular file in d<i % DIRS>, with a second name in the next directory for odd versions of links. */
struct file {
	struct reg mode, owner, size, mtime, atime, content, xattr, links;
	_Atomic uint64_t ctime_floor, mtime_floor, atime_floor;
};

/* A directory d<i>; its times move with the names in it. */
struct directory {
	struct reg mode, owner;
	_Atomic uint64_t ctime_floor, mtime_floor, atime_floor;
};

/* A name whose inode is one of two: p in one directory and q in the next are exchanged. */
struct swap {
	struct reg reg;
	uint64_t ino[2];
};

struct behind {
	struct reg mode, size, xattr, name;
};

struct tree {
	struct directory dirs[DIRS];
	struct file files[FILES];
	/* a name that is there for odd versions, as a file, a link, ... */
	struct reg toggles[TOGGLES];
	struct swap swaps[SWAPS];
	struct reg moves[MOVES];       /* a file that is at p for odd versions, else at q */
	struct reg dirmoves[DIRMOVES]; /* a directory, likewise */
	struct reg replaced[REPLACED]; /* a name over which new files are renamed */
	struct behind behind[BEHIND];
	/* What was changed last: others like to look at it before the change has returned. */
	_Atomic int hot_file, hot_toggle;
};

static const struct tree_options *options;
static struct tree *tree;

uint64_t draw(struct worker *worker)
{
	uint64_t x = worker->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	worker->random = x;
	return x * 0x2545f4914f6cdd1dULL >> 20;
}

static int pick(struct worker *worker, int count)
{
	return (int)(draw(worker) % (uint64_t)count);
}

static int pick_near(struct worker *worker, int count, int hot)
{
	return draw(worker) % 3 ? pick(worker, count) : hot;
}

size_t tree_size(void)
{
	return sizeof(struct tree);
}

/* ---- Paths ---- */

static char *path_in(char *path, const char *top, int dir, const char *kind, int i)
{
	snprintf(path, PATH_SIZE, "%s/d%d/%s%d", top, dir % DIRS, kind, i);
	return path;
}

static char *at_mnt(char *path, int dir, const char *kind, int i)
{
	return path_in(path, options->mnt, dir, kind, i);
}

static char *behind_path(char *path, const char *top, const char *kind, int i)
{
	snprintf(path, PATH_SIZE, "%s/b/%s%d", top, kind, i);
	return path;
}

/* ---- Values of versions ---- */

static uint64_t mix(int i, uint64_t version)
{
	uint64_t x = (version * 64 + (uint64_t)i + 1) * 0x9e3779b97f4a7c15ULL;

	return (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL >> 32;
}

static off_t size_of(int i, uint64_t version)
{
	/* Mostly within a page of the version before, now and then not. */
	return 64 + (off_t)(mix(i, version / 8) % 3 * 4096 + mix(i, version) % 3900);
}

static mode_t mode_of(int i, uint64_t version)
{
	return 0600 | (mode_t)(mix(i, version) & 077);
}

static uid_t owner_of(int i, uint64_t version)
{
	return (uid_t)(mix(i, version) % 1000);
}

static time_t mtime_of(int i, uint64_t version)
{
	return 1000000000 + (time_t)version * FILES + i;
}

/* In the future: with relatime, as the source is mounted, reading does not move such a time. */
static time_t atime_of(int i, uint64_t version)
{
	return 4000000000 + (time_t)version * FILES + i;
}

static uint64_t nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The clock that file systems stamp with: what is changed from now on is not stamped earlier. */
static uint64_t stamp_from_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return nanoseconds(now);
}

enum time { ATIME, MTIME, CTIME };

static uint64_t time_of(const struct stat *st, enum time which)
{
	return nanoseconds(which == ATIME   ? st->st_atim
			   : which == MTIME ? st->st_mtim
					    : st->st_ctim);
}

/* The seconds of one and the nanoseconds of another. */
static bool mixed(uint64_t mixture, uint64_t other)
{
	return mixture != other && mixture % 1000000000 == other % 1000000000;
}

/*
 * A time that the kernel sets, and that never gets smaller. Linux 6.12 stores its seconds and its
 * nanoseconds one after the other, and stat() reads them so: now and then, when a new second has begun,
 * it says those of before and of after a change. What lies in the future is such a mixture, or has the
 * nanoseconds that were known, or those that the next stat() says.
 */
static void check_time(enum check check, _Atomic uint64_t *floor, uint64_t since,
		       const struct stat *st, enum time which, const char *path)
{
	uint64_t value = time_of(st, which);
	struct stat next;

	if (value > stamp_from_now() || (value > since && mixed(value, since)))
		value = since;
	else if (value < since && !lstat(path, &next) && time_of(&next, which) >= since &&
		 mixed(value, time_of(&next, which)))
		value = since;
	floor_check(check, floor, since, value, path);
}

/* Files with even numbers change their size and contents, the others their times. */
static bool changes_data(int i)
{
	return i % 2 == 0;
}

static bool there(uint64_t version)
{
	return version % 2;
}

/* An extended attribute: absent for one version in four, now and then longer than the cache takes. */
struct value {
	ssize_t size; /* or -errno */
	char bytes[VALUE_SIZE];
};

static void value_of(int i, uint64_t version, struct value *value)
{
	size_t pad = version % 8 == 5 ? 180 : version % 3 * 24;
	int len;

	if (version % 4 == 3) {
		value->size = -ENODATA;
		return;
	}
	len = snprintf(value->bytes, sizeof(value->bytes), "%d-%llu-", i,
		       (unsigned long long)version);
	memset(value->bytes + len, 'x', pad);
	value->size = len + (ssize_t)pad;
}

/* What a toggled name is. */
enum kind { KIND_FILE, KIND_FIFO, KIND_SYMLINK, KIND_DIR, KIND_LINK, KINDS };

static enum kind kind_of(uint64_t version)
{
	return (enum kind)(version / 2 % KINDS);
}

static mode_t type_of(uint64_t version)
{
	static const mode_t types[KINDS] = { S_IFREG, S_IFIFO, S_IFLNK, S_IFDIR, S_IFREG };

	return there(version) ? types[kind_of(version)] : 0;
}

/* ---- Comparing with a version: reg_matches ---- */

static bool is_size(int i, uint64_t version, const void *value)
{
	return ((const struct stat *)value)->st_size == size_of(i, version);
}

static bool is_mode(int i, uint64_t version, const void *value)
{
	return (((const struct stat *)value)->st_mode & 07777) == mode_of(i, version);
}

static bool is_owner(int i, uint64_t version, const void *value)
{
	const struct stat *st = value;

	return st->st_uid == owner_of(i, version) && st->st_gid == owner_of(i, version);
}

static bool is_mtime(int i, uint64_t version, const void *value)
{
	return ((const struct stat *)value)->st_mtime == mtime_of(i, version);
}

static bool is_atime(int i, uint64_t version, const void *value)
{
	return ((const struct stat *)value)->st_atime == atime_of(i, version);
}

static bool is_nlink(int i, uint64_t version, const void *value)
{
	(void)i;
	return ((const struct stat *)value)->st_nlink == 1 + SPARE_NAMES + (nlink_t)there(version);
}

static bool is_there(int i, uint64_t version, const void *value)
{
	(void)i;
	return there(version) == *(const bool *)value;
}

static bool is_elsewhere(int i, uint64_t version, const void *value)
{
	(void)i;
	return there(version) != *(const bool *)value;
}

static bool is_type(int i, uint64_t version, const void *value)
{
	(void)i;
	return type_of(version) == *(const mode_t *)value;
}

/* value: which of the two inodes, or -1 */
static bool is_first(int i, uint64_t version, const void *value)
{
	(void)i;
	return *(const int *)value == (there(version) ? 0 : 1);
}

static bool is_second(int i, uint64_t version, const void *value)
{
	(void)i;
	return *(const int *)value == (there(version) ? 1 : 0);
}

static bool is_content(int i, uint64_t version, const void *value)
{
	(void)i;
	return version == *(const uint64_t *)value;
}

static bool is_value(int i, uint64_t version, const void *value)
{
	const struct value *got = value;
	struct value expected;

	value_of(i, version, &expected);
	return got->size == expected.size &&
	       (got->size < 0 || !memcmp(got->bytes, expected.bytes, (size_t)got->size));
}

/* A question for the size alone. */
static bool is_value_size(int i, uint64_t version, const void *value)
{
	struct value expected;

	value_of(i, version, &expected);
	return ((const struct value *)value)->size == expected.size;
}

static bool is_listed(int i, uint64_t version, const void *value)
{
	struct value expected;

	value_of(i, version, &expected);
	return (expected.size >= 0) == *(const bool *)value;
}

/* ---- Making the tree ---- */

static int make_file(const char *path, off_t size)
{
	const uint64_t version = 1;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -1;
	err = write(fd, &version, sizeof(version)) != sizeof(version) || ftruncate(fd, size);
	close(fd);
	return err ? -1 : 0;
}

/*
 * More names, out of everybody's sight, for a file that is linked to: the driver counts a name down when
 * UNLINK returns, also where a reply that came before has told the new count already, and link()
 * refuses a file whose count is 0. Plain FUSE does so too.
 */
static int make_spare_names(const char *path)
{
	char spare[PATH_SIZE];

	for (int i = 0; i < SPARE_NAMES; i++) {
		snprintf(spare, sizeof(spare), "%s/spare/%s.%d", options->src,
			 strrchr(path, '/') + 1, i);
		if (link(path, spare))
			return -1;
	}
	return 0;
}

static int make_value(const char *path, int i)
{
	struct value value;

	value_of(i, 1, &value);
	return setxattr(path, XATTR, value.bytes, (size_t)value.size, 0);
}

static int make_regular(int i)
{
	char path[PATH_SIZE], other[PATH_SIZE];
	struct file *file = &tree->files[i];
	struct timespec times[2] = { { .tv_sec = atime_of(i, 1) }, { .tv_sec = mtime_of(i, 1) } };

	reg_init(&file->mode);
	reg_init(&file->owner);
	reg_init(&file->size);
	reg_init(&file->mtime);
	reg_init(&file->atime);
	reg_init(&file->content);
	reg_init(&file->xattr);
	reg_init(&file->links);
	/* Of these reading moves it. */
	if (changes_data(i))
		times[0].tv_nsec = UTIME_OMIT;
	path_in(path, options->src, i, "f", i);
	path_in(other, options->src, i + 1, "l", i);
	return make_file(path, size_of(i, 1)) || chown(path, owner_of(i, 1), owner_of(i, 1)) ||
	       chmod(path, mode_of(i, 1)) || make_value(path, i) || link(path, other) ||
	       make_spare_names(path) || utimensat(AT_FDCWD, path, times, 0);
}

static int make_swap(int i)
{
	static const char *const kinds[2] = { "p", "q" };
	struct swap *swap = &tree->swaps[i];
	char path[PATH_SIZE];
	struct stat st;

	reg_init(&swap->reg);
	for (int j = 0; j < 2; j++) {
		path_in(path, options->src, i + j, kinds[j], i);
		if (make_file(path, 64 + j) || stat(path, &st))
			return -1;
		swap->ino[j] = st.st_ino;
	}
	return 0;
}

static int make_behind(int i)
{
	struct behind *behind = &tree->behind[i];
	void (*const init)(struct reg * reg) = options->kept_ms ? reg_init_kept : reg_init;
	char path[PATH_SIZE];

	init(&behind->mode);
	init(&behind->size);
	reg_init(&behind->xattr);
	init(&behind->name);
	behind_path(path, options->src, "f", i);
	if (make_file(path, size_of(i, 1)) || chmod(path, mode_of(i, 1)) || make_value(path, i))
		return -1;
	return make_file(behind_path(path, options->src, "t", i), 64);
}

static int make_directories(void)
{
	char path[PATH_SIZE];

	for (int i = 0; i < DIRS; i++) {
		reg_init(&tree->dirs[i].mode);
		reg_init(&tree->dirs[i].owner);
		snprintf(path, sizeof(path), "%s/d%d", options->src, i);
		if (mkdir(path, mode_of(i, 1)) || chown(path, owner_of(i, 1), owner_of(i, 1)))
			return -1;
	}
	snprintf(path, sizeof(path), "%s/b", options->src);
	if (mkdir(path, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/spare", options->src);
	if (mkdir(path, 0755))
		return -1;
	for (int i = 0; i < DIRMOVES; i++) {
		char in[PATH_SIZE + 8];

		reg_init(&tree->dirmoves[i]);
		path_in(path, options->src, i, "x", i);
		snprintf(in, sizeof(in), "%s/in", path);
		if (mkdir(path, 0755) || make_file(in, 64))
			return -1;
	}
	return 0;
}

int tree_make(const struct tree_options *opts, void *shared)
{
	char path[PATH_SIZE];
	int err;

	options = opts;
	tree = shared;
	umask(0);
	err = make_directories();
	snprintf(path, sizeof(path), "%s/constant", options->src);
	err = err || make_file(path, 0) || truncate(path, 0) || truncate(path, CONTENT_SIZE) ||
	      make_spare_names(path);
	for (int i = 0; i < FILES && !err; i++)
		err = make_regular(i);
	for (int i = 0; i < TOGGLES && !err; i++) {
		reg_init(&tree->toggles[i]);
		err = make_file(path_in(path, options->src, i, "t", i), 64);
	}
	for (int i = 0; i < SWAPS && !err; i++)
		err = make_swap(i);
	for (int i = 0; i < MOVES && !err; i++) {
		reg_init(&tree->moves[i]);
		err = make_file(path_in(path, options->src, i, "m", i), 64);
	}
	for (int i = 0; i < REPLACED && !err; i++) {
		reg_init(&tree->replaced[i]);
		err = make_file(path_in(path, options->src, i, "r", i), size_of(i, 1));
	}
	for (int i = 0; i < BEHIND && !err; i++)
		err = make_behind(i);
	return err ? -1 : 0;
}

/* ---- Changes ---- */

/* A change must work: nobody else touches the object, so an error says that its state was mistaken. */
static void must(bool ok, const char *path, const char *what)
{
	if (!ok)
		violation(path, "%s failed: %s", what, strerror(errno));
}

/* From one size to the next, in one of the ways that a file gets another size. */
static bool resize(struct worker *worker, const char *path, off_t from, off_t to)
{
	static const char zeroes[4096];
	char constant[PATH_SIZE];
	bool ok = false;
	int fd, in;

	/* tmpfs writes page by page: who looks meanwhile sees a size between the two. */
	bool in_one_page = to > from && from / 4096 == (to - 1) / 4096;

	if (!in_one_page || draw(worker) % 4 == 0) {
		if (draw(worker) % 2)
			return !truncate(path, to);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return false;
		ok = to > from && draw(worker) % 2 ? !fallocate(fd, 0, from, to - from)
						   : !ftruncate(fd, to);
		close(fd);
		return ok;
	}
	switch (draw(worker) % 3) {
	case 0:
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		ok = fd >= 0 && write(fd, zeroes, (size_t)(to - from)) == to - from;
		break;
	case 1:
		fd = open(path, O_WRONLY | O_CLOEXEC);
		ok = fd >= 0 && pwrite(fd, zeroes, (size_t)(to - from), from) == to - from;
		break;
	default:
		fd = open(path, O_WRONLY | O_CLOEXEC);
		snprintf(constant, sizeof(constant), "%s/constant", options->mnt);
		in = open(constant, O_RDONLY | O_CLOEXEC);
		ok = fd >= 0 && in >= 0 &&
		     syscall(SYS_copy_file_range, in, &(loff_t){ 0 }, fd, &(loff_t){ from },
			     (size_t)(to - from), 0) == to - from;
		if (in >= 0)
			close(in);
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool store_content(struct worker *worker, const char *path, uint64_t version)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	if (draw(worker) % 4) {
		ok = pwrite(fd, &version, sizeof(version), 0) == sizeof(version);
	} else {
		uint64_t *map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		ok = map != MAP_FAILED;
		if (ok) {
			*(volatile uint64_t *)map = version;
			ok = !msync(map, 8, MS_SYNC);
			munmap(map, 8);
		}
	}
	close(fd);
	return ok;
}

static bool store_value(const char *path, int i, uint64_t version)
{
	struct value value;

	value_of(i, version, &value);
	if (value.size < 0)
		return !removexattr(path, XATTR);
	return !setxattr(path, XATTR, value.bytes, (size_t)value.size, 0);
}

/* A name in that directory was made, removed or exchanged by a call that began at stamp and returned. */
static void names_changed(int dir, uint64_t stamp)
{
	floor_raise(&tree->dirs[dir % DIRS].ctime_floor, stamp);
	floor_raise(&tree->dirs[dir % DIRS].mtime_floor, stamp);
}

static void chmod_to_next(struct reg *reg, int i, const char *path, _Atomic uint64_t *ctime_floor)
{
	uint64_t version = reg_change(reg), stamp = stamp_from_now();

	if (!version)
		return;
	must(!chmod(path, mode_of(i, version)), path, "chmod");
	floor_raise(ctime_floor, stamp);
	reg_changed(reg);
}

static void chown_to_next(struct reg *reg, int i, const char *path, _Atomic uint64_t *ctime_floor)
{
	uint64_t version = reg_change(reg), stamp = stamp_from_now();

	if (!version)
		return;
	must(!chown(path, owner_of(i, version), owner_of(i, version)), path, "chown");
	floor_raise(ctime_floor, stamp);
	reg_changed(reg);
}

static void change_mode(struct worker *worker, int i, const char *path)
{
	(void)worker;
	chmod_to_next(&tree->files[i].mode, i, path, &tree->files[i].ctime_floor);
}

static void change_owner(struct worker *worker, int i, const char *path)
{
	(void)worker;
	chown_to_next(&tree->files[i].owner, i, path, &tree->files[i].ctime_floor);
}

static void change_value(struct worker *worker, int i, const char *path)
{
	uint64_t version = reg_change(&tree->files[i].xattr);

	(void)worker;
	if (!version)
		return;
	must(store_value(path, i, version), path, "setxattr");
	reg_changed(&tree->files[i].xattr);
}

static void change_links(struct worker *worker, int i, const char *path)
{
	uint64_t version = reg_change(&tree->files[i].links), stamp = stamp_from_now();
	char other[PATH_SIZE];

	(void)worker;
	if (!version)
		return;
	at_mnt(other, i + 1, "l", i);
	must(!(there(version) ? link(path, other) : unlink(other)), other, "link or unlink");
	floor_raise(&tree->files[i].ctime_floor, stamp);
	names_changed(i + 1, stamp);
	reg_changed(&tree->files[i].links);
}

static void change_size(struct worker *worker, int i, const char *path)
{
	uint64_t version = reg_change(&tree->files[i].size);

	if (!version)
		return;
	must(resize(worker, path, size_of(i, version - 1), size_of(i, version)), path, "resizing");
	reg_changed(&tree->files[i].size);
}

static void change_content(struct worker *worker, int i, const char *path)
{
	uint64_t version = reg_change(&tree->files[i].content), stamp = stamp_from_now();

	if (!version)
		return;
	must(store_content(worker, path, version), path, "writing");
	floor_raise(&tree->files[i].ctime_floor, stamp);
	floor_raise(&tree->files[i].mtime_floor, stamp);
	reg_changed(&tree->files[i].content);
}

/* One of the two: the file system below sets one after the other, and stat() takes no lock. */
static void change_time(struct worker *worker, int i, const char *path)
{
	bool access = draw(worker) % 2;
	struct reg *reg = access ? &tree->files[i].atime : &tree->files[i].mtime;
	uint64_t version = reg_change(reg), stamp = stamp_from_now();
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };

	if (!version)
		return;
	times[!access] =
		(struct timespec){ .tv_sec = access ? atime_of(i, version) : mtime_of(i, version) };
	must(!utimensat(AT_FDCWD, path, times, 0), path, "utimensat");
	floor_raise(&tree->files[i].ctime_floor, stamp);
	reg_changed(reg);
}

static void change_file(struct worker *worker)
{
	static void (*const changes[])(struct worker * worker, int i, const char *path) = {
		change_mode, change_owner, change_value, change_links, change_size, change_content,
	};
	int i = pick(worker, FILES), what = pick(worker, changes_data(i) ? 6 : 5);
	char path[PATH_SIZE];

	tree->hot_file = i;
	at_mnt(path, i, "f", i);
	if (what == 4 && !changes_data(i))
		change_time(worker, i, path);
	else
		changes[what](worker, i, path);
}

static void change_directory(struct worker *worker)
{
	int i = pick(worker, DIRS);
	struct directory *dir = &tree->dirs[i];
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/d%d", options->mnt, i);
	if (draw(worker) % 2)
		chmod_to_next(&dir->mode, i, path, &dir->ctime_floor);
	else
		chown_to_next(&dir->owner, i, path, &dir->ctime_floor);
}

static bool make_toggled(const char *path, uint64_t version)
{
	char text[32], constant[PATH_SIZE];
	int fd;

	switch (kind_of(version)) {
	case KIND_FILE:
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
		return fd >= 0;
	case KIND_FIFO:
		return !mknod(path, S_IFIFO | 0600, 0);
	case KIND_SYMLINK:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)version);
		return !symlink(text, path);
	case KIND_DIR:
		return !mkdir(path, 0700);
	default:
		snprintf(constant, sizeof(constant), "%s/constant", options->mnt);
		return !link(constant, path);
	}
}

static void change_toggle(struct worker *worker)
{
	int i = pick(worker, TOGGLES);
	uint64_t version = reg_change(&tree->toggles[i]), stamp = stamp_from_now();
	char path[PATH_SIZE];

	if (!version)
		return;
	tree->hot_toggle = i;
	at_mnt(path, i, "t", i);
	if (there(version))
		must(make_toggled(path, version), path, "making");
	else
		must(!(type_of(version - 1) == S_IFDIR ? rmdir(path) : unlink(path)), path,
		     "removing");
	names_changed(i, stamp);
	reg_changed(&tree->toggles[i]);
}

static void change_swap(struct worker *worker)
{
	int i = pick(worker, SWAPS);
	uint64_t stamp = stamp_from_now();
	char p[PATH_SIZE], q[PATH_SIZE];

	if (!reg_change(&tree->swaps[i].reg))
		return;
	at_mnt(p, i, "p", i);
	at_mnt(q, i + 1, "q", i);
	must(!renameat2(AT_FDCWD, p, AT_FDCWD, q, RENAME_EXCHANGE), p, "exchanging");
	names_changed(i, stamp);
	names_changed(i + 1, stamp);
	reg_changed(&tree->swaps[i].reg);
}

/* Between a name in one directory and a name in the next. */
static void change_place(struct reg *reg, int i, const char *first, const char *second)
{
	uint64_t version = reg_change(reg), stamp = stamp_from_now();
	char from[PATH_SIZE], to[PATH_SIZE];

	if (!version)
		return;
	at_mnt(there(version) ? to : from, i, first, i);
	at_mnt(there(version) ? from : to, i + 1, second, i);
	must(!rename(from, to), from, "renaming");
	names_changed(i, stamp);
	names_changed(i + 1, stamp);
	reg_changed(reg);
}

static void change_replaced(struct worker *worker)
{
	int i = pick(worker, REPLACED);
	uint64_t version = reg_change(&tree->replaced[i]), stamp = stamp_from_now();
	char path[PATH_SIZE], new[PATH_SIZE];
	int fd;

	if (!version)
		return;
	at_mnt(path, i, "r", i);
	/* From the same directory, or from the next one. */
	at_mnt(new, i + (int)(version % 2), "new", i);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, &version, sizeof(version)) == sizeof(version) &&
		     !ftruncate(fd, size_of(i, version)) && !close(fd) && !rename(new, path),
	     path, "replacing");
	names_changed(i, stamp);
	names_changed(i + (int)(version % 2), stamp);
	reg_changed(&tree->replaced[i]);
}

/* Tell the daemon; whether it did what it was told. */
__attribute__((format(printf, 2, 3))) static bool tell(struct worker *worker, const char *format,
						       ...)
{
	char line[64];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return worker->control >= 0 && write(worker->control, line, (size_t)len) == len &&
	       read(worker->control, line, sizeof(line)) > 1 && !memcmp(line, "ok", 2);
}

/* Something is leased, or what is not there is not. Leases end while they are used, and are granted anew. */
void tree_lease(struct worker *worker)
{
	static const char *const kinds[] = { "f", "f", "l", "t", "p", "q", "m", "n", "r" };
	/* Some end soon on any machine, and some late on the slowest. */
	int i = pick(worker, FILES), ms = 1 + pick(worker, pick(worker, 2) ? 500 : 60000);
	const char *kind = kinds[pick(worker, sizeof(kinds) / sizeof(kinds[0]))];

	switch (pick(worker, 8)) {
	case 0:
		tell(worker, "grant %dms /\n", ms);
		break;
	case 1:
		tell(worker, "grant %dms b\n", ms);
		break;
	case 2:
		tell(worker, "grant %dms b/f%d\n", ms, i % BEHIND);
		break;
	case 3:
		tell(worker, "grant %dms d%d\n", ms, i % DIRS);
		break;
	default:
		tell(worker, "grant %dms d%d/%s%d\n", ms, (i + pick(worker, 2)) % DIRS, kind, i);
	}
}

static void changed_behind(struct worker *worker, struct reg *reg, const char *what,
			   const char *kind, int i)
{
	/* Where leases are, they were revoked before. */
	if (options->lease || tell(worker, "%s b/%s%d\n", what, kind, i))
		reg_changed(reg);
	else
		reg_changed_behind(reg);
}

static void change_behind(struct worker *worker)
{
	int i = pick(worker, BEHIND);
	struct behind *behind = &tree->behind[i];
	struct reg *const regs[] = { &behind->mode, &behind->size, &behind->xattr, &behind->name };
	int what = pick(worker, 4);
	uint64_t version = reg_change(regs[what]);
	char path[PATH_SIZE];

	if (!version)
		return;
	behind_path(path, options->src, what == 3 ? "t" : "f", i);
	if (options->lease)
		must(what == 3 ? tell(worker, "revoke b\n") : tell(worker, "revoke b/f%d\n", i),
		     path, "revoking");
	switch (what) {
	case 0:
		must(!chmod(path, mode_of(i, version)), path, "chmod");
		break;
	case 1:
		must(!truncate(path, size_of(i, version)), path, "truncate");
		break;
	case 2:
		must(store_value(path, i, version), path, "setxattr");
		break;
	default:
		must(!(there(version) ? make_file(path, 64) : unlink(path)), path, "toggling");
	}
	changed_behind(worker, regs[what], what == 3 ? "entry" : "inode", what == 3 ? "t" : "f", i);
}

void tree_change(struct worker *worker)
{
	int i, what = pick(worker, options->behind ? 21 : 17);

	if (options->behind_only)
		change_behind(worker);
	else if (what < 7)
		change_file(worker);
	else if (what < 10)
		change_toggle(worker);
	else if (what < 12)
		change_swap(worker);
	else if (what < 14)
		change_replaced(worker);
	else if (what < 15 && (i = pick(worker, MOVES)) >= 0)
		change_place(&tree->moves[i], i, "m", "n");
	else if (what < 16 && (i = pick(worker, DIRMOVES)) >= 0)
		change_place(&tree->dirmoves[i], i, "x", "y");
	else if (what < 17)
		change_directory(worker);
	else if (!options->control || worker->control >= 0)
		change_behind(worker);
}

/* ---- Reads ---- */

/*
 * While chown() is under way the file system below shows the user of one version
 * and the group of another: it sets one after the other, and stat() takes no lock.
 */
static bool owner_is_half_changed(const struct reg *owner, int i, uint64_t since,
				  const struct stat *st)
{
	uint64_t until = owner->begun;
	bool user = false, group = false;

	for (uint64_t version = since; version <= until; version++) {
		if (is_owner(i, version, st))
			return false;
		user = user || st->st_uid == owner_of(i, version);
		group = group || st->st_gid == owner_of(i, version);
	}
	return user && group;
}

/* What stat says of a regular file, by name or by descriptor. */
struct expected {
	uint64_t mode, owner, size, mtime, atime, links, ctime_floor, mtime_floor, atime_floor;
	uint64_t size_completed;
};

static void expect_file(struct file *file, struct expected *e)
{
	e->mode = reg_before(&file->mode);
	e->owner = reg_before(&file->owner);
	e->size = reg_before(&file->size);
	e->size_completed = reg_completed(&file->size);
	e->mtime = reg_before(&file->mtime);
	e->atime = reg_before(&file->atime);
	e->links = reg_before(&file->links);
	e->ctime_floor = floor_before(&file->ctime_floor);
	e->mtime_floor = floor_before(&file->mtime_floor);
	e->atime_floor = floor_before(&file->atime_floor);
}

static void check_file(int i, const struct expected *e, const struct stat *st, const char *path)
{
	struct file *file = &tree->files[i];

	reg_check(CHECK_MODE, &file->mode, e->mode, is_mode, i, st, path);
	if (!owner_is_half_changed(&file->owner, i, e->owner, st))
		reg_check(CHECK_OWNER, &file->owner, e->owner, is_owner, i, st, path);
	if (!reg_check(CHECK_SIZE, &file->size, e->size, is_size, i, st, path))
		violation(path, "its size is %lld", (long long)st->st_size);
	reg_check(CHECK_NLINK, &file->links, e->links, is_nlink, i, st, path);
	check_time(CHECK_CTIME, &file->ctime_floor, e->ctime_floor, st, CTIME, path);
	if (changes_data(i)) {
		check_time(CHECK_MTIME, &file->mtime_floor, e->mtime_floor, st, MTIME, path);
		check_time(CHECK_ATIME, &file->atime_floor, e->atime_floor, st, ATIME, path);
	} else {
		reg_check(CHECK_MTIME, &file->mtime, e->mtime, is_mtime, i, st, path);
		reg_check(CHECK_ATIME, &file->atime, e->atime, is_atime, i, st, path);
	}
}

static void look_at_file(int i)
{
	struct expected e;
	char path[PATH_SIZE];
	struct stat st;

	at_mnt(path, i, "f", i);
	expect_file(&tree->files[i], &e);
	if (lstat(path, &st))
		violation(path, "lstat: %s", strerror(errno));
	else
		check_file(i, &e, &st, path);
}

static void read_stat(struct worker *worker)
{
	look_at_file(pick_near(worker, FILES, tree->hot_file));
}

/* All that a file holds: a version, and zeroes up to its end. */
static bool read_all(int fd, const char *path, uint64_t *version, ssize_t *size)
{
	static const char zeroes[CONTENT_SIZE];
	char bytes[CONTENT_SIZE];

	*size = pread(fd, bytes, sizeof(bytes), 0);
	if (*size < (ssize_t)sizeof(*version)) {
		violation(path, "read: %s", *size < 0 ? strerror(errno) : "too short");
		return false;
	}
	memcpy(version, bytes, sizeof(*version));
	if (memcmp(bytes + sizeof(*version), zeroes, (size_t)*size - sizeof(*version)))
		violation(path, "among the %zd bytes read are some that nobody wrote", *size);
	return true;
}

/*
 * While the size changes, a read may end at any in between: it looks at it for each page. And it may
 * end at the old one when stat() has told the new one already: FUSE takes no size over from
 * attributes while a change of the size waits for its reply (FUSE_I_SIZE_UNSTABLE).
 */
static void check_size_read(int i, uint64_t since, ssize_t size, const char *path)
{
	uint64_t until = tree->files[i].size.begun;
	off_t least = size_of(i, since), most = least;

	for (uint64_t version = since + 1; version <= until; version++) {
		off_t other = size_of(i, version);

		least = other < least ? other : least;
		most = other > most ? other : most;
	}
	totals->checks[CHECK_SIZE]++;
	if (size < least || size > most)
		violation(path, "%zd bytes read, expected %lld to %lld", size, (long long)least,
			  (long long)most);
}

/*
 * Open, read, look by the descriptor. With relatime, as the source is mounted, whoever reads leaves
 * an atime that is no older than the mtime; and FUSE reads again what it had when the file is opened.
 */
static void read_content(struct worker *worker)
{
	int i = pick_near(worker, FILES, tree->hot_file);
	struct file *file = &tree->files[i];
	uint64_t content, since = reg_before(&file->content);
	ssize_t size;
	struct expected e;
	char path[PATH_SIZE];
	struct stat st;
	int fd;

	at_mnt(path, i, "f", i);
	expect_file(file, &e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		violation(path, "open: %s", strerror(errno));
		return;
	}
	if (read_all(fd, path, &content, &size)) {
		reg_check(CHECK_CONTENT, &file->content, since, is_content, i, &content, path);
		check_size_read(i, e.size_completed, size, path);
		floor_raise(&file->atime_floor, e.mtime_floor);
		e.atime_floor = floor_before(&file->atime_floor);
	}
	if (fstat(fd, &st))
		violation(path, "fstat: %s", strerror(errno));
	else
		check_file(i, &e, &st, path);
	close(fd);
}

static void check_value(enum check check, struct worker *worker, struct reg *reg, int i,
			const char *path)
{
	uint64_t since = reg_before(reg);
	struct value value;
	char list[VALUE_SIZE];
	ssize_t size;
	bool listed;

	if (draw(worker) % 2) {
		size = listxattr(path, list, sizeof(list));
		if (size < 0) {
			violation(path, "listxattr: %s", strerror(errno));
			return;
		}
		listed = memmem(list, (size_t)size, XATTR, sizeof(XATTR)) != NULL;
		reg_check(check == CHECK_XATTR ? CHECK_XATTR_LIST : check, reg, since, is_listed, i,
			  &listed, path);
		return;
	}
	if (draw(worker) % 3 == 0) {
		value.size = getxattr(path, XATTR, NULL, 0);
		if (value.size < 0)
			value.size = -errno;
		reg_check(check, reg, since, is_value_size, i, &value, path);
		return;
	}
	value.size = getxattr(path, XATTR, value.bytes, sizeof(value.bytes));
	if (value.size < 0)
		value.size = -errno;
	reg_check(check, reg, since, is_value, i, &value, path);
}

static void read_value(struct worker *worker)
{
	int i = pick_near(worker, FILES, tree->hot_file);
	char path[PATH_SIZE];

	check_value(CHECK_XATTR, worker, &tree->files[i].xattr, i, at_mnt(path, i, "f", i));
}

/* Is there something at path? Anything but ENOENT is a violation. */
static bool exists(const char *path, struct stat *st)
{
	if (!lstat(path, st))
		return true;
	if (errno != ENOENT)
		violation(path, "lstat: %s", strerror(errno));
	return false;
}

/* A second name, then the first: the one may tell of a change before its reply ends the other's row. */
static void read_link_name(struct worker *worker)
{
	int i = pick_near(worker, FILES, tree->hot_file);
	struct file *file = &tree->files[i];
	uint64_t since = reg_before(&file->links);
	struct expected e;
	char path[PATH_SIZE];
	struct stat st;
	bool is;

	at_mnt(path, i + 1, "l", i);
	expect_file(file, &e);
	is = exists(path, &st);
	reg_check(CHECK_NAME, &file->links, since, is_there, i, &is, path);
	if (is)
		check_file(i, &e, &st, path);
	look_at_file(i);
}

static void look_at_toggle(int i)
{
	struct reg *reg = &tree->toggles[i];
	uint64_t since = reg_before(reg), target;
	char path[PATH_SIZE], text[32] = "";
	mode_t type = 0;
	struct stat st;

	at_mnt(path, i, "t", i);
	if (exists(path, &st))
		type = st.st_mode & S_IFMT;
	reg_check(CHECK_NAME, reg, since, is_type, i, &type, path);
	if (type != S_IFLNK)
		return;
	since = reg_before(reg);
	if (readlink(path, text, sizeof(text) - 1) < 0)
		return;
	target = strtoull(text, NULL, 10);
	reg_check(CHECK_CONTENT, reg, since, is_content, i, &target, path);
}

static void read_toggle(struct worker *worker)
{
	look_at_toggle(pick_near(worker, TOGGLES, tree->hot_toggle));
}

static void read_swap(struct worker *worker)
{
	int i = pick(worker, SWAPS), j = pick(worker, 2), which = -1;
	struct swap *swap = &tree->swaps[i];
	uint64_t since = reg_before(&swap->reg);
	char path[PATH_SIZE];
	struct stat st;

	at_mnt(path, i + j, j ? "q" : "p", i);
	if (exists(path, &st))
		which = st.st_ino == swap->ino[0] ? 0 : st.st_ino == swap->ino[1] ? 1 : -1;
	reg_check(CHECK_INODE, &swap->reg, since, j ? is_second : is_first, i, &which, path);
	/* The size is the inode's own, whatever its name. */
	if (which >= 0 && st.st_size != 64 + which)
		violation(path, "attributes of another inode");
}

/* j: the first place or the second */
static void check_place(struct reg *reg, int i, int j, const char *first, const char *second,
			const char *below)
{
	uint64_t since = reg_before(reg);
	char path[PATH_SIZE + 8];
	struct stat st;
	bool is;

	at_mnt(path, i + j, j ? second : first, i);
	strcat(path, below);
	is = exists(path, &st);
	reg_check(CHECK_NAME, reg, since, j ? is_elsewhere : is_there, i, &is, path);
}

static void read_replaced(struct worker *worker)
{
	int i = pick(worker, REPLACED);
	struct reg *reg = &tree->replaced[i];
	uint64_t since = reg_before(reg), content;
	char path[PATH_SIZE];
	struct stat st;
	ssize_t size;
	int fd;

	at_mnt(path, i, "r", i);
	if (draw(worker) % 2) {
		if (lstat(path, &st))
			violation(path, "lstat: %s", strerror(errno));
		else
			reg_check(CHECK_SIZE, reg, since, is_size, i, &st, path);
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		violation(path, "open: %s", strerror(errno));
		return;
	}
	if (read_all(fd, path, &content, &size) &&
	    reg_check(CHECK_CONTENT, reg, since, is_content, i, &content, path) &&
	    size != size_of(i, content))
		violation(path, "%zd bytes read of version %llu", size,
			  (unsigned long long)content);
	close(fd);
}

/*
 * Names of a directory: each is listed or not as one of its versions says. Then a
 * look at each, as ls -l does: a change whose reply is under way has been seen.
 */
static void read_listing(struct worker *worker)
{
	int dir = pick_near(worker, DIRS, tree->hot_toggle % DIRS);
	uint64_t since[TOGGLES + MOVES];
	bool listed[TOGGLES + MOVES] = { false };
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *stream;

	for (int i = 0; i < TOGGLES; i++)
		since[i] = reg_before(&tree->toggles[i]);
	for (int i = 0; i < MOVES; i++)
		since[TOGGLES + i] = reg_before(&tree->moves[i]);
	snprintf(path, sizeof(path), "%s/d%d", options->mnt, dir);
	stream = opendir(path);
	if (!stream) {
		violation(path, "opendir: %s", strerror(errno));
		return;
	}
	while ((entry = readdir(stream))) {
		int i = atoi(entry->d_name + 1);

		if (entry->d_name[0] == 't' && i < TOGGLES)
			listed[i] = true;
		else if (entry->d_name[0] == 'm' && i < MOVES)
			listed[TOGGLES + i] = true;
	}
	closedir(stream);
	for (int i = dir; i < TOGGLES; i += DIRS)
		reg_check(CHECK_LISTING, &tree->toggles[i], since[i], is_there, i, &listed[i],
			  path);
	for (int i = dir; i < MOVES; i += DIRS)
		reg_check(CHECK_LISTING, &tree->moves[i], since[TOGGLES + i], is_there, i,
			  &listed[TOGGLES + i], path);
	for (int i = dir; i < TOGGLES; i += DIRS)
		look_at_toggle(i);
	for (int i = dir; i < MOVES; i += DIRS)
		check_place(&tree->moves[i], i, 0, "m", "n", "");
}

static void read_directory(struct worker *worker)
{
	int i = pick(worker, DIRS);
	struct directory *dir = &tree->dirs[i];
	uint64_t mode = reg_before(&dir->mode), owner = reg_before(&dir->owner);
	uint64_t ctime = floor_before(&dir->ctime_floor), mtime = floor_before(&dir->mtime_floor);
	uint64_t atime = floor_before(&dir->atime_floor);
	char path[PATH_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), "%s/d%d", options->mnt, i);
	if (lstat(path, &st)) {
		violation(path, "lstat: %s", strerror(errno));
		return;
	}
	reg_check(CHECK_DIRECTORY, &dir->mode, mode, is_mode, i, &st, path);
	if (!owner_is_half_changed(&dir->owner, i, owner, &st))
		reg_check(CHECK_DIRECTORY, &dir->owner, owner, is_owner, i, &st, path);
	check_time(CHECK_DIRECTORY, &dir->ctime_floor, ctime, &st, CTIME, path);
	check_time(CHECK_DIRECTORY, &dir->mtime_floor, mtime, &st, MTIME, path);
	check_time(CHECK_DIRECTORY, &dir->atime_floor, atime, &st, ATIME, path);
}

static void read_never(struct worker *worker)
{
	int i = pick(worker, 4);
	char path[PATH_SIZE];
	struct stat st;

	at_mnt(path, i, "never", i);
	if (exists(path, &st))
		violation(path, "is there");
	totals->checks[CHECK_NAME]++;
}

static void list_behind(void)
{
	char path[PATH_SIZE];
	DIR *stream;

	snprintf(path, sizeof(path), "%s/b", options->mnt);
	stream = opendir(path);
	if (!stream)
		return;
	while (readdir(stream))
		;
	closedir(stream);
}

static void read_behind(struct worker *worker)
{
	int i = pick(worker, BEHIND);
	struct behind *behind = &tree->behind[i];
	uint64_t mode = reg_before(&behind->mode), size = reg_before(&behind->size);
	uint64_t name = reg_before(&behind->name);
	char path[PATH_SIZE];
	struct stat st;
	bool is;

	/* A listing tells of all of them. */
	if (draw(worker) % options->per_list == 0)
		list_behind();
	switch (pick(worker, 4)) {
	case 0:
		check_value(CHECK_BEHIND, worker, &behind->xattr, i,
			    behind_path(path, options->mnt, "f", i));
		break;
	case 1:
		is = exists(behind_path(path, options->mnt, "t", i), &st);
		reg_check(CHECK_BEHIND, &behind->name, name, is_there, i, &is, path);
		break;
	default:
		if (lstat(behind_path(path, options->mnt, "f", i), &st)) {
			violation(path, "lstat: %s", strerror(errno));
			break;
		}
		reg_check(CHECK_BEHIND, &behind->mode, mode, is_mode, i, &st,
			  strcat(path, " mode"));
		behind_path(path, options->mnt, "f", i);
		reg_check(CHECK_BEHIND, &behind->size, size, is_size, i, &st,
			  strcat(path, " size"));
	}
}

void tree_read(struct worker *worker)
{
	int i, what = pick(worker, options->behind ? 27 : 23);

	if (options->behind_only)
		read_behind(worker);
	else if (what < 5)
		read_stat(worker);
	else if (what < 7)
		read_content(worker);
	else if (what < 11)
		read_value(worker);
	else if (what < 13)
		read_link_name(worker);
	else if (what < 15)
		read_toggle(worker);
	else if (what < 17)
		read_swap(worker);
	else if (what < 18 && (i = pick(worker, MOVES)) >= 0)
		check_place(&tree->moves[i], i, pick(worker, 2), "m", "n", "");
	else if (what < 19 && (i = pick(worker, DIRMOVES)) >= 0)
		check_place(&tree->dirmoves[i], i, pick(worker, 2), "x", "y", "/in");
	else if (what < 20)
		read_replaced(worker);
	else if (what < 21)
		read_listing(worker);
	else if (what < 22)
		read_never(worker);
	else if (what < 23)
		read_directory(worker);
	else
		read_behind(worker);
}
