// SPDX-License-Identifier: GPL-2.0-only
/* exercise.c - changes one file in many ways and holds its contents against a model; see usage() */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST (256 * 1024)
#define PAGE 4096
/* Operations between two lines that tell size and contents. */
#define PER_LINE 50

static const char *path;
static uint64_t random_state;
static unsigned int seed = 1, count = 1000, now;
static int fd = -1;
/* What the file has to contain. */
static unsigned char model[LARGEST], buffer[LARGEST];
static off_t size;

static void usage(FILE *to)
{
	fputs("usage: exercise [--seed N] [--ops N] FILE\n"
	      "Creates FILE, changes it by N random operations (writes, mappings, truncates, copies,\n"
	      "holes, reopens) and compares what it reads with what it should be. Prints size and digest\n"
	      "every 50 operations and at the end what each operation returned how often.\n"
	      "Exit: 1 at the first difference, with the command that repeats the run.\n",
	      to);
}

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state * 0x2545f4914f6cdd1dULL >> 20) % below;
}

static void replay(void)
{
	printf("replay: exercise --seed %u --ops %u FILE\n", seed, count);
	fflush(stdout);
}

static _Noreturn void give_up(const char *what)
{
	printf("operation %u: %s: %s\n", now, what, strerror(errno));
	replay();
	exit(1);
}

static uint64_t digest(const unsigned char *data, off_t len)
{
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (off_t i = 0; i < len; i++)
		sum = (sum ^ data[i]) * 0x100000001b3ULL;
	return sum;
}

static void fill(off_t off, size_t len)
{
	uint64_t word = draw(UINT64_MAX);

	for (size_t i = 0; i < len; i++)
		buffer[i] = (unsigned char)(word >> i % 8 * 8) + (unsigned char)(off + (off_t)i);
}

static void compare(const char *what, const unsigned char *got, off_t off, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (got[i] == model[off + (off_t)i])
			continue;
		printf("operation %u: %s: byte %lld is %#x, not %#x (size %lld)\n", now, what,
		       (long long)off + (long long)i, got[i], model[off + (off_t)i],
		       (long long)size);
		replay();
		exit(1);
	}
}

static void grow(off_t to)
{
	if (to > size)
		size = to;
}

static void resize(off_t to)
{
	if (to < size)
		memset(model + to, 0, (size_t)(size - to));
	size = to;
}

/* A range: often at pages, sometimes at the end of the file. */
static void range(off_t *off, size_t *len, off_t limit)
{
	*off = (off_t)draw((uint64_t)limit);
	*len = 1 + draw(draw(4) ? 3000 : 5 * PAGE);
	if (!draw(4))
		*off -= *off % PAGE;
	if (!draw(4))
		*len += PAGE - *len % PAGE;
	if (!draw(6) && size)
		*off = size - 1;
	if (*off + (off_t)*len > limit)
		*len = (size_t)(limit - *off);
}

/* ---- Operations: 0, or an errno that the file system may give ---- */

static int do_write(void)
{
	off_t off;
	size_t len;

	range(&off, &len, LARGEST);
	fill(off, len);
	if (pwrite(fd, buffer, len, off) != (ssize_t)len)
		give_up("pwrite");
	memcpy(model + off, buffer, len);
	grow(off + (off_t)len);
	return 0;
}

static int do_append(void)
{
	int other = open(path, O_WRONLY | O_APPEND);
	size_t len = 1 + draw(2000);

	if (other < 0)
		give_up("open to append");
	if (size + (off_t)len > LARGEST)
		len = (size_t)(LARGEST - size);
	fill(size, len);
	if (write(other, buffer, len) != (ssize_t)len)
		give_up("append");
	memcpy(model + size, buffer, len);
	grow(size + (off_t)len);
	close(other);
	return 0;
}

static int do_read(void)
{
	off_t off;
	size_t len;
	ssize_t n, expected;

	range(&off, &len, LARGEST);
	n = pread(fd, buffer, len, off);
	expected = off >= size ? 0 : off + (off_t)len > size ? (ssize_t)(size - off) : (ssize_t)len;
	if (n != expected) {
		errno = n < 0 ? errno : ERANGE;
		give_up("pread");
	}
	compare("pread", buffer, off, (size_t)n);
	return 0;
}

static int map_range(bool shared_write)
{
	off_t off, start;
	size_t len;
	unsigned char *map;

	if (!size)
		return 0;
	range(&off, &len, size);
	start = off - off % PAGE;
	map = mmap(NULL, len + (size_t)(off - start), PROT_READ | (shared_write ? PROT_WRITE : 0),
		   MAP_SHARED, fd, start);
	if (map == MAP_FAILED)
		return errno;
	compare("mapping", map + (off - start), off, len);
	if (shared_write) {
		fill(off, len);
		memcpy(map + (off - start), buffer, len);
		memcpy(model + off, buffer, len);
		if (!draw(3) &&
		    msync(map, len + (size_t)(off - start), draw(2) ? MS_SYNC : MS_ASYNC) < 0)
			give_up("msync");
	}
	if (munmap(map, len + (size_t)(off - start)) < 0)
		give_up("munmap");
	return 0;
}

static int do_map_read(void)
{
	return map_range(false);
}

static int do_map_write(void)
{
	return map_range(true);
}

static int do_truncate(void)
{
	off_t to = (off_t)draw(LARGEST);

	if (!draw(5))
		to = size ? (off_t)draw((uint64_t)size) : 0;
	if (draw(2) ? ftruncate(fd, to) : truncate(path, to))
		give_up("truncate");
	resize(to);
	return 0;
}

static int allocate(int mode)
{
	off_t off;
	size_t len;

	range(&off, &len, LARGEST);
	if (fallocate(fd, mode, off, (off_t)len) < 0)
		return errno;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		memset(model + off, 0, len);
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		grow(off + (off_t)len);
	return 0;
}

static int do_allocate(void)
{
	return allocate(draw(2) ? FALLOC_FL_KEEP_SIZE : 0);
}

static int do_punch(void)
{
	return allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static int do_zero(void)
{
	return allocate(FALLOC_FL_ZERO_RANGE | (draw(2) ? FALLOC_FL_KEEP_SIZE : 0));
}

static int do_copy(void)
{
	off_t from, to;
	size_t len;

	range(&from, &len, LARGEST);
	to = (off_t)draw(LARGEST);
	if (from >= size)
		return 0;
	if (from + (off_t)len > size)
		len = (size_t)(size - from);
	if (to + (off_t)len > LARGEST)
		len = (size_t)(LARGEST - to);
	if (to < from + (off_t)len && from < to + (off_t)len)
		return 0;
	while (len) {
		off_t in = from, out = to;
		ssize_t n = copy_file_range(fd, &in, fd, &out, len, 0);

		if (n <= 0)
			return n ? errno : EIO;
		memcpy(model + to, model + from, (size_t)n);
		grow(to + n);
		from += n;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int do_sendfile(void)
{
	off_t from, to;
	size_t len;
	ssize_t n;

	range(&from, &len, LARGEST);
	to = (off_t)draw(LARGEST);
	if (from >= size || (to < from + (off_t)len && from < to + (off_t)len))
		return 0;
	if (to + (off_t)len > LARGEST)
		len = (size_t)(LARGEST - to);
	if (lseek(fd, to, SEEK_SET) != to)
		give_up("lseek");
	while (len && from < size) {
		off_t in = from;

		n = sendfile(fd, fd, &in, len);
		if (n <= 0)
			return n ? errno : EIO;
		memcpy(model + to, model + from, (size_t)n);
		grow(to + n);
		from += n;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int do_reopen(void)
{
	static const int more[] = { 0, O_SYNC, O_NOATIME };

	if (close(fd) < 0)
		give_up("close");
	fd = open(path, O_RDWR | more[draw(3)]);
	if (fd < 0)
		give_up("reopen");
	return 0;
}

static int do_sync(void)
{
	if (draw(2) ? fsync(fd) : fdatasync(fd))
		give_up("fsync");
	return 0;
}

static int do_stat(void)
{
	struct stat st, by_path;

	if (fstat(fd, &st) < 0 || stat(path, &by_path) < 0)
		give_up("stat");
	if (st.st_size != size || by_path.st_size != size) {
		printf("operation %u: the size is %lld by descriptor and %lld by path, not %lld\n",
		       now, (long long)st.st_size, (long long)by_path.st_size, (long long)size);
		replay();
		exit(1);
	}
	return 0;
}

static int do_replace(void)
{
	char other[4096];
	off_t done = 0;
	int to;

	snprintf(other, sizeof(other), "%s.new", path);
	to = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (to < 0)
		give_up("create");
	while (done < size) {
		ssize_t n = write(to, model + done, (size_t)(size - done));

		if (n <= 0)
			give_up("write");
		done += n;
	}
	if (rename(other, path) < 0)
		give_up("rename");
	close(fd);
	fd = to;
	return 0;
}

static const struct operation {
	const char *name;
	int (*run)(void);
	unsigned int weight;
} operations[] = {
	{ "write", do_write, 6 },	  { "append", do_append, 2 },
	{ "read", do_read, 6 },		  { "map_read", do_map_read, 3 },
	{ "map_write", do_map_write, 4 }, { "truncate", do_truncate, 3 },
	{ "allocate", do_allocate, 1 },	  { "punch", do_punch, 2 },
	{ "zero", do_zero, 1 },		  { "copy", do_copy, 2 },
	{ "sendfile", do_sendfile, 1 },	  { "reopen", do_reopen, 2 },
	{ "sync", do_sync, 1 },		  { "stat", do_stat, 4 },
	{ "replace", do_replace, 1 },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static size_t choose(void)
{
	unsigned int sum = 0, at;
	size_t i;

	for (i = 0; i < OPERATIONS; i++)
		sum += operations[i].weight;
	at = (unsigned int)draw(sum);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

static void check_all(void)
{
	if (pread(fd, buffer, LARGEST, 0) != size)
		give_up("reading all");
	compare("all", buffer, 0, (size_t)size);
	do_stat();
	printf("after %u: size %lld digest %016llx\n", now, (long long)size,
	       (unsigned long long)digest(buffer, size));
}

int main(int argc, char **argv)
{
	/* Of each operation: how often it succeeded, how often not, and the last errno. */
	unsigned int done[OPERATIONS] = { 0 }, refused[OPERATIONS] = { 0 };
	int error[OPERATIONS] = { 0 };

	int arg;

	for (arg = 1; arg + 1 < argc; arg += 2) {
		if (!strcmp(argv[arg], "--seed"))
			seed = (unsigned int)strtoul(argv[arg + 1], NULL, 10);
		else if (!strcmp(argv[arg], "--ops"))
			count = (unsigned int)strtoul(argv[arg + 1], NULL, 10);
		else
			break;
	}
	if (arg != argc - 1 || argv[arg][0] == '-') {
		usage(stderr);
		return 2;
	}
	path = argv[arg];
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		give_up("create");
	for (now = 1; now <= count; now++) {
		size_t i = choose();
		int result = operations[i].run();

		if (result) {
			refused[i]++;
			error[i] = result;
		} else {
			done[i]++;
		}
		if (now % PER_LINE == 0)
			check_all();
	}
	now = count;
	check_all();
	for (size_t i = 0; i < OPERATIONS; i++)
		printf("%s: %u done, %u refused%s%s\n", operations[i].name, done[i], refused[i],
		       refused[i] ? ": " : "", refused[i] ? strerror(error[i]) : "");
	replay();
	return 0;
}
