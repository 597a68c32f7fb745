// SPDX-License-Identifier: GPL-2.0-only
/* data.c - contents of files: sizes, holes, copies, mappings */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
/* Of allocate(): up to the file system. */
#define UNFIXED INT_MAX

static char page[4 * PAGE];

static int paged(const char *path)
{
	int fd = opened(path, O_RDWR | O_CREAT);

	memset(page, 'p', sizeof(page));
	if (write(fd, page, sizeof(page)) != sizeof(page))
		say("setup", "write: %m");
	return fd;
}

/* The sum of all bytes tells holes from data. */
static void sum(const char *step, int fd)
{
	unsigned int total = 0;
	char bytes[PAGE];
	off_t off = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), off)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			total = total * 31 + (unsigned char)bytes[i];
		off += n;
	}
	say(step, "%lld bytes, sum %08x", (long long)off, total);
}

static void truncate_up_and_down(void)
{
	int fd = paged("f");

	check("down", ftruncate(fd, 100), 0);
	show("f");
	check("up", ftruncate(fd, 10000), 0);
	show("f");
	sum("tail is zero", fd);
	check("by path", truncate("f", 3 * PAGE), 0);
	show("f");
	check("to nothing", truncate("f", 0), 0);
	show("f");
	check("up from nothing", truncate("f", 5), 0);
	sum("zeroes", fd);
	check("negative", ftruncate(fd, -1), -EINVAL);
	check("negative by path", truncate("f", -1), -EINVAL);
	check("far", pwrite(fd, "x", 1, 1LL << 32), 1);
	show("f");
	check("back", ftruncate(fd, PAGE), 0);
	sum("zeroes", fd);
	close(fd);
}

static void sizes_at_the_limits(void)
{
	struct rlimit unlimited, limit;
	int fd = paged("f");

	getrlimit(RLIMIT_FSIZE, &unlimited);
	limit = (struct rlimit){ PAGE * 5, unlimited.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	check("up to the limit", pwrite(fd, page, 10, 5 * PAGE - 4), 4);
	check("beyond the limit", pwrite(fd, page, 10, 5 * PAGE), -EFBIG);
	check("ftruncate beyond", ftruncate(fd, 6 * PAGE), -EFBIG);
	check("truncate beyond", truncate("f", 6 * PAGE), -EFBIG);
	check("fallocate beyond", fallocate(fd, 0, 0, 6 * PAGE), -EFBIG);
	show("f");
	setrlimit(RLIMIT_FSIZE, &unlimited);
	check("largest offset", pwrite(fd, page, 10, LLONG_MAX - 5), ANY);
	check("ftruncate huge", ftruncate(fd, LLONG_MAX), ANY);
	ftruncate(fd, 0) ? say("ftruncate", "%m") : (void)0;
	check("nothing at the end", pwrite(fd, page, 0, 100), 0);
	show("f");
	close(fd);
}

static void vectors(void)
{
	char one[4], two[8];
	struct iovec in[] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
	struct iovec out[] = { { one, 4 }, { two, 8 } };
	int fd = opened("f", O_RDWR | O_CREAT);

	check("writev", writev(fd, in, 3), 8);
	check("preadv", preadv(fd, out, 2, 1), 7);
	say("got", "%.4s %.3s", one, two);
	check("pwritev2 append", pwritev2(fd, in, 1, 0, RWF_APPEND), 3);
	check("pwritev2 sync", pwritev2(fd, in, 1, 0, RWF_DSYNC), 3);
	check("pwritev2 bad flags", pwritev2(fd, in, 1, 0, 0x4000000), -EOPNOTSUPP);
	say("content", "%s", content("f"));
	close(fd);
}

static void holes_and_data(void)
{
	int fd = opened("f", O_RDWR | O_CREAT);

	check("ftruncate", ftruncate(fd, 64 * PAGE), 0);
	check("no data", lseek(fd, 0, SEEK_DATA), -ENXIO);
	check("hole at once", lseek(fd, 0, SEEK_HOLE), 0);
	check("write", pwrite(fd, page, PAGE, 16 * PAGE), PAGE);
	check("fsync", fsync(fd), 0);
	check("data", lseek(fd, 0, SEEK_DATA), 16 * PAGE);
	check("data inside", lseek(fd, 16 * PAGE + 5, SEEK_DATA), 16 * PAGE + 5);
	check("hole behind", lseek(fd, 16 * PAGE, SEEK_HOLE), 17 * PAGE);
	check("no data behind", lseek(fd, 17 * PAGE, SEEK_DATA), -ENXIO);
	check("hole at the end", lseek(fd, 64 * PAGE - 1, SEEK_HOLE), 64 * PAGE - 1);
	check("data at the end", lseek(fd, 64 * PAGE, SEEK_DATA), -ENXIO);
	check("hole beyond", lseek(fd, 65 * PAGE, SEEK_HOLE), -ENXIO);
	check("negative", lseek(fd, -1, SEEK_DATA), -ENXIO);
	close(fd);
}

static void allocate(void)
{
	static const struct {
		const char *name;
		int mode;
		off_t off, len;
		int expected;
	} calls[] = {
		{ "reserve", 0, 0, 6 * PAGE, 0 },
		{ "keep size", FALLOC_FL_KEEP_SIZE, 4 * PAGE, 8 * PAGE, 0 },
		{ "punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE, 0 },
		{ "punch a part", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 200, 0 },
		{ "punch the end", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE, 9 * PAGE,
		  0 },
		{ "nothing", 0, 0, 0, -EINVAL },
		{ "negative", 0, -1, 10, -EINVAL },
		{ "too far", 0, LLONG_MAX - 5, 10, -EFBIG },
		{ "punch without keep size", FALLOC_FL_PUNCH_HOLE, 0, PAGE, -EOPNOTSUPP },
		{ "punch and zero",
		  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, PAGE,
		  -EOPNOTSUPP },
		{ "unknown", 0x800, 0, PAGE, -EOPNOTSUPP },
		{ "zero", FALLOC_FL_ZERO_RANGE, 0, PAGE, UNFIXED },
		{ "collapse", FALLOC_FL_COLLAPSE_RANGE, 0, PAGE, UNFIXED },
		{ "insert", FALLOC_FL_INSERT_RANGE, 0, PAGE, UNFIXED },
	};
	int fd = paged("f");

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		checkf(fallocate(fd, calls[i].mode, calls[i].off, calls[i].len),
		       calls[i].expected == UNFIXED ? ANY : calls[i].expected, "%s", calls[i].name);
		show("f");
		sum(calls[i].name, fd);
	}
	close(fd);
	fifo("p");
	fd = opened("p", O_RDWR);
	check("fifo", fallocate(fd, 0, 0, 1), -ESPIPE);
	close(fd);
}

static void copies(void)
{
	int from = paged("f"), to = opened("g", O_RDWR | O_CREAT);
	int reader = opened("g", O_RDONLY), appender = opened("g", O_WRONLY | O_APPEND);
	off_t in = 10, out = 100, self;

	check("copy", copy_file_range(from, &in, to, &out, 5000, 0), 5000);
	say("offsets", "%lld %lld", (long long)in, (long long)out);
	show("g");
	sum("copied", to);
	in = (off_t)sizeof(page) - 10;
	check("short at the end", copy_file_range(from, &in, to, &out, 100, 0), 10);
	check("at the end", copy_file_range(from, &in, to, &out, 100, 0), 0);
	check("nothing", copy_file_range(from, NULL, to, NULL, 0, 0), 0);
	in = 0;
	self = 100;
	check("overlap", copy_file_range(from, &in, from, &self, 200, 0), -EINVAL);
	self = 2 * PAGE;
	check("same file", copy_file_range(from, &in, from, &self, 100, 0), 100);
	check("flags", copy_file_range(from, NULL, to, NULL, 10, 1), -EINVAL);
	check("to a reader", copy_file_range(from, NULL, reader, NULL, 10, 0), -EBADF);
	check("to an appender", copy_file_range(from, NULL, appender, NULL, 10, 0), -EBADF);
	check("from a writer", copy_file_range(appender, NULL, to, NULL, 10, 0), -EBADF);
	check("from a directory", copy_file_range(opened(".", O_RDONLY), NULL, to, NULL, 10, 0),
	      -EISDIR);
	check("by positions", copy_file_range(reader, NULL, from, NULL, 64, 0), 64);
	check("position", lseek(from, 0, SEEK_CUR), sizeof(page) + 64);
	show("f");
	sum("f", from);
	sum("g", to);
	in = 0;
	check("sendfile", sendfile(to, from, &in, 300), 300);
	check("sendfile at the position", sendfile(to, from, NULL, 100), 0);
	sum("g", to);
	close(from);
	close(to);
	close(reader);
	close(appender);
}

static void pipes(void)
{
	int fd = paged("f"), to = opened("g", O_RDWR | O_CREAT), ends[2];
	off_t off = 100;

	if (pipe(ends) < 0)
		say("pipe", "%m");
	check("splice from a file", splice(fd, &off, ends[1], NULL, 500, 0), 500);
	check("splice to a file", splice(ends[0], NULL, to, NULL, 500, 0), 500);
	show("g");
	sum("g", to);
	off = 4000;
	check("write", write(ends[1], "hello", 5), 5);
	check("splice to an offset", splice(ends[0], NULL, to, &off, 5, 0), 5);
	check("file to file", splice(fd, NULL, to, NULL, 5, 0), -EINVAL);
	sum("g", to);
	close(ends[0]);
	close(ends[1]);
	close(fd);
	close(to);
}

static void shared_mapping(void)
{
	int fd = paged("f"), other = opened("f", O_RDONLY);
	char *map = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char bytes[8] = "";

	check("mmap", map == MAP_FAILED ? -1 : 0, 0);
	if (map == MAP_FAILED)
		return;
	memcpy(map + PAGE, "mapped", 6);
	check("read what was stored", pread(other, bytes, 6, PAGE), 6);
	say("got", "%.6s", bytes);
	check("msync", msync(map, sizeof(page), MS_SYNC), 0);
	check("write", pwrite(fd, "written", 7, 2 * PAGE), 7);
	say("seen in the mapping", "%.7s", map + 2 * PAGE);
	check("msync async", msync(map, PAGE, MS_ASYNC), 0);
	check("msync bad flags", msync(map, PAGE, MS_ASYNC | MS_SYNC), -EINVAL);
	check("close", close(fd), 0);
	map[5] = 'c';
	check("munmap", munmap(map, sizeof(page)), 0);
	sum("after all", other);
	show("f");
	close(other);
}

static void private_mapping(void)
{
	int fd = paged("f");
	char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);

	check("mmap", map == MAP_FAILED ? -1 : 0, 0);
	if (map == MAP_FAILED)
		return;
	map[0] = 'X';
	check("msync", msync(map, PAGE, MS_SYNC), 0);
	sum("unchanged", fd);
	munmap(map, PAGE);
	check("odd offset", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 5) == MAP_FAILED ? -1 : 0,
	      -EINVAL);
	check("no length", mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0,
	      -EINVAL);
	close(fd);
}

static void mapping_and_truncate(void)
{
	int fd = paged("f");
	char *map = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check("mmap", map == MAP_FAILED ? -1 : 0, 0);
	if (map == MAP_FAILED)
		return;
	map[0] = 'a';
	check("shorter", ftruncate(fd, 10), 0);
	say("zeroed behind the end", "%d", map[11]);
	map[20] = 'x';
	check("longer", ftruncate(fd, PAGE), 0);
	sum("what was stored behind the end is gone", fd);
	map[30] = 'y';
	check("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE), 0);
	say("punched in the mapping", "%d", map[30]);
	munmap(map, sizeof(page));
	show("f");
	close(fd);
}

static void direct_io(void)
{
	char *aligned;
	int fd;

	file("f", "");
	fd = open("f", O_RDWR | O_DIRECT);
	check("open", fd < 0 ? -1 : 0, ANY);
	if (fd < 0 || posix_memalign((void **)&aligned, PAGE, PAGE))
		return;
	memset(aligned, 'd', PAGE);
	check("write", pwrite(fd, aligned, PAGE, 0), PAGE);
	check("read", pread(fd, aligned, PAGE, 0), PAGE);
	show("f");
	free(aligned);
	close(fd);
}

const struct test data_tests[] = {
	TEST(truncate_up_and_down),
	TEST(sizes_at_the_limits),
	TEST(vectors),
	TEST(holes_and_data),
	TEST(allocate),
	TEST(copies),
	TEST(pipes),
	TEST(shared_mapping),
	TEST(private_mapping),
	TEST(mapping_and_truncate),
	TEST(direct_io),
	END_OF_TESTS,
};
