// SPDX-License-Identifier: GPL-2.0-only
/* test_hostile.c - daemons that reply wrongly, late, twice or never, with a real cache attached */
#include <sys/klog.h>
#include <sys/xattr.h>

#include <bpf/bpf.h>

#include "harness.h"
#include "random.h"
#include "wire.h"

#include "../../loader/internal.h"

/*
 * Loading takes seconds in an emulated VM, so each is loaded once, before the
 * tests. Another mount is another epoch: no row of the one before counts.
 */
static struct cache {
	const char *policy;
	const char *const *params;
	struct extfuse *ext;
} caches[] = {
	{ .policy = "writeinval" },
	/* Rows are evicted all the time. */
	{ .policy = "ttl+lru",
	  .params = (const char *const[]){ "max_entries=8", "ttl=10s", NULL } },
};

static struct wire *w;
static struct extfuse *ext;
static uint64_t epoch;

static void log_line(void *data, enum extfuse_log_level level, const char *line)
{
	(void)data;
	if (level == EXTFUSE_LOG_ERROR)
		fprintf(stderr, "%s\n", line);
}

static unsigned long number(const char *name, unsigned long preset)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : preset;
}

static unsigned long scaled(unsigned long n)
{
	unsigned long scale = number("EXTFUSE_TEST_SCALE", 1);

	n /= scale ? scale : 1;
	return n ? n : 1;
}

static void load_caches(void)
{
	for (size_t i = 0; i < N_OF(caches); i++) {
		const struct extfuse_opts opts = { .size = sizeof(opts),
						   .policy = caches[i].policy,
						   .params = caches[i].params,
						   .log = log_line };

		if (extfuse_open(&opts, &caches[i].ext) || extfuse_load(caches[i].ext)) {
			fprintf(stderr, "%s cannot be loaded\n", caches[i].policy);
			exit(1);
		}
	}
}

/* The connection of the mount before may still be there, with the program. */
static void mount_attached(void)
{
	for (int i = 0; i < 100; i++) {
		SAME(wire_start(w, ""), 0);
		if (!ext || __atomic_load_n(ext->attached, __ATOMIC_ACQUIRE))
			return;
		wire_stop(w);
		usleep(20000);
	}
	FAIL("no program was attached");
}

static void start(const struct cache *cache)
{
	w = calloc(1, sizeof(*w));
	CHECK(w);
	ext = cache ? cache->ext : NULL;
	w->prog_fd = ext ? ext->entry_fd : -1;
	w->init_flags = FUSE_DO_READDIRPLUS;
	if (ext)
		*ext->attached = 0;
	mount_attached();
	if (ext)
		__atomic_store_n(ext->epoch, ++epoch, __ATOMIC_RELEASE);
	pthread_mutex_lock(&w->lock);
	for (int i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		wire_add(w, FUSE_ROOT_ID, name, S_IFREG | 0644)->size = (uint64_t)i * 10;
	}
	wire_add(w, FUSE_ROOT_ID, "d", S_IFDIR | 0755);
	wire_add(w, wire_child(w, FUSE_ROOT_ID, "d")->nodeid, "x", S_IFREG | 0600);
	pthread_mutex_unlock(&w->lock);
}

static void stop(void)
{
	if (ext)
		__atomic_store_n(ext->epoch, 0, __ATOMIC_RELEASE);
	wire_stop(w);
	free(w);
	w = NULL;
	ext = NULL;
}

static uint64_t hits(void)
{
	uint64_t n = 0;

	for (uint32_t opcode = 0; ext && opcode < EXT_OPCODES; opcode++) {
		struct extfuse_op_stats stats = { .size = sizeof(stats) };

		if (!extfuse_op_stats(ext, opcode, &stats))
			n += stats.hits + stats.negative_hits;
	}
	return n;
}

/* The kernel says so of every result of a program that it does not accept. */
static int refusals(void)
{
	static char text[1 << 20];
	int n = klogctl(3, text, sizeof(text) - 1); /* SYSLOG_ACTION_READ_ALL */
	int count = 0;

	CHECK(n >= 0);
	text[n] = '\0';
	for (const char *at = text; (at = strstr(at, "not accepted")); at++)
		count++;
	return count;
}

/* ---- Replies ---- */

static struct dice dice;
static bool honest;

static void send_as_is(struct wire *wire, uint64_t unique, int error, const void *data, size_t size,
		       uint32_t len)
{
	struct fuse_out_header header = { .unique = unique, .error = error, .len = len };
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)data, size } };

	(void)!writev(wire->dev, iov, size ? 2 : 1);
}

static void send_sized(struct wire *wire, uint64_t unique, int error, const void *data, size_t size)
{
	send_as_is(wire, unique, error, data, size,
		   (uint32_t)(sizeof(struct fuse_out_header) + size));
}

static bool has_entry(uint32_t opcode)
{
	return opcode == FUSE_LOOKUP || opcode == FUSE_CREATE || opcode == FUSE_MKDIR ||
	       opcode == FUSE_MKNOD || opcode == FUSE_LINK;
}

static bool has_attr(uint32_t opcode)
{
	return opcode == FUSE_GETATTR || opcode == FUSE_SETATTR;
}

/* The attributes in a reply, and their validity; NULL: it has none. */
static struct fuse_attr *attr_of(uint32_t opcode, void *data, uint64_t **valid, uint32_t **nsec)
{
	struct fuse_entry_out *entry = data;
	struct fuse_attr_out *attr = data;

	if (has_entry(opcode)) {
		*valid = &entry->attr_valid;
		*nsec = &entry->attr_valid_nsec;
		return &entry->attr;
	}
	if (has_attr(opcode)) {
		*valid = &attr->attr_valid;
		*nsec = &attr->attr_valid_nsec;
		return &attr->attr;
	}
	return NULL;
}

/* ---- The same wrong answer whenever it is asked for the same thing ---- */

static uint64_t seed;

/*
 * Wrong in a way that depends on the nodeid (of files f0 to f7) alone: a daemon
 * that does not contradict itself, so that what is cached is what it would say.
 */
static void spoil_by_nodeid(struct wire *wire, const struct fuse_in_header *in, int error,
			    const void *data, size_t size)
{
	static const int errors[] = { -511, -ESTALE, -ENOSYS, -EINTR, -EACCES, -400 };
	struct dice own;
	uint64_t buf[32] = { 0 };
	uint64_t nodeid = in->nodeid;
	struct fuse_attr *attr;
	uint64_t *valid;
	uint32_t *nsec;

	if (error || size > sizeof(buf) || (!has_entry(in->opcode) && !has_attr(in->opcode))) {
		send_sized(wire, in->unique, error, data, size);
		return;
	}
	memcpy(buf, data, size);
	attr = attr_of(in->opcode, buf, &valid, &nsec);
	if (has_entry(in->opcode))
		nodeid = ((struct fuse_entry_out *)buf)->nodeid;
	if (nodeid == FUSE_ROOT_ID || S_ISDIR(attr->mode)) {
		send_sized(wire, in->unique, 0, buf, size);
		return;
	}
	own = (struct dice){ seed << 32 ^ nodeid };
	switch (roll(&own, 10)) {
	case 0:
		send_sized(wire, in->unique, 0, buf, size - 1 - roll(&own, (uint32_t)size - 1));
		return;
	case 1:
		send_sized(wire, in->unique, 0, buf, size + 8);
		return;
	case 2:
		send_sized(wire, in->unique, errors[roll(&own, N_OF(errors))], NULL, 0);
		return;
	case 3:
		attr->mode = roll(&own, 2) ? 0 : S_IFREG | S_IFCHR | S_IFIFO;
		break;
	case 4:
		attr->size = 1ULL << 63 | roll64(&own);
		break;
	case 5:
		if (has_entry(in->opcode))
			((struct fuse_entry_out *)buf)->nodeid = FUSE_ROOT_ID;
		break;
	case 6:
		*nsec = ~0U;
		break;
	case 7:
		attr->nlink = roll(&own, 3);
		attr->blksize = roll64(&own) & 0xffffffff;
		attr->mtimensec = ~0U;
		break;
	}
	send_sized(wire, in->unique, 0, buf, size);
}

#define RESULTS 512

struct result {
	int value, error;
	mode_t mode;
	off_t size;
	nlink_t nlink;
	ino_t ino;
};

static struct result results[2][RESULTS];

static void keep(struct result *list, int *n, int value, const struct stat *st)
{
	CHECK(*n < RESULTS);
	list[(*n)++] = (struct result){
		.value = value,
		.error = value < 0 ? errno : 0,
		.mode = value < 0 || !st ? 0 : st->st_mode,
		.size = value < 0 || !st ? 0 : st->st_size,
		.nlink = value < 0 || !st ? 0 : st->st_nlink,
		.ino = value < 0 || !st ? 0 : st->st_ino,
	};
}

static int use_files(struct result *list)
{
	char path[128];
	struct stat st;
	int n = 0;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 10; i++) {
			snprintf(path, sizeof(path), "%s/%s%d", w->mnt, i < 8 ? "f" : "none", i);
			keep(list, &n, stat(path, &st), &st);
			keep(list, &n, stat(path, &st), &st);
			keep(list, &n, access(path, W_OK), NULL);
			if (round == 1 && i < 8)
				keep(list, &n, truncate(path, 100 + i), NULL);
			if (round == 2) {
				int fd = open(path, O_WRONLY);

				keep(list, &n, fd < 0 ? -1 : 0, NULL);
				if (fd >= 0) {
					keep(list, &n, (int)write(fd, "abcdef", 6), NULL);
					keep(list, &n, fstat(fd, &st), &st);
					close(fd);
				}
			}
		}
		snprintf(path, sizeof(path), "%s/new%d", w->mnt, round);
		keep(list, &n, mkdir(path, 0700), NULL);
		keep(list, &n, stat(path, &st), &st);
		keep(list, &n, rmdir(path), NULL);
		keep(list, &n, stat(path, &st), &st);
	}
	return n;
}

static void consistent_lies_give_the_same_results(void)
{
	unsigned long seeds = scaled(20);
	uint64_t answered = 0;
	int failed = 0;

	for (seed = 1; seed <= seeds; seed++) {
		const struct cache *cache = &caches[seed % N_OF(caches)];
		int n[2];

		for (int cached = 0; cached < 2; cached++) {
			uint64_t before;

			start(cached ? cache : NULL);
			before = hits();
			w->spoil = spoil_by_nodeid;
			n[cached] = use_files(results[cached]);
			answered += hits() - before;
			stop();
		}
		SAME_IN(n[1], n[0], "seed %lu, %s", (unsigned long)seed, cache->policy);
		for (int i = 0; i < n[0]; i++) {
			const struct result *a = &results[0][i], *b = &results[1][i];

			failed += a->value < 0;
			if (memcmp(a, b, sizeof(*a)))
				FAIL("seed %lu, %s, result %d: %d errno %d mode %o size %lld, "
				     "without a program %d errno %d mode %o size %lld",
				     (unsigned long)seed, cache->policy, i, b->value, b->error,
				     b->mode, (long long)b->size, a->value, a->error, a->mode,
				     (long long)a->size);
		}
	}
	fprintf(stderr, "%lu seeds: %d operations failed, %llu requests were answered\n", seeds,
		failed, (unsigned long long)answered);
	/* Else nothing was wrong, or nothing was cached. */
	CHECK(failed > 10 * (int)seeds && answered > 15 * seeds);
	SAME(refusals(), 0);
}

/* ---- Anything, at any time ---- */

#define LATE_MAX 64

static struct late {
	uint64_t unique;
	int error;
	size_t size;
	uint64_t data[600];
} late[LATE_MAX];
static int n_late;
static unsigned long spoiled[16];

static void send_late(struct wire *wire, int keep_n)
{
	while (n_late > keep_n) {
		const struct late *l = &late[--n_late];

		send_sized(wire, l->unique, l->error, l->data, l->size);
	}
}

static void send_garbage_notification(struct wire *wire)
{
	static const int codes[] = { FUSE_NOTIFY_POLL,
				     FUSE_NOTIFY_INVAL_INODE,
				     FUSE_NOTIFY_INVAL_ENTRY,
				     FUSE_NOTIFY_STORE,
				     FUSE_NOTIFY_RETRIEVE,
				     FUSE_NOTIFY_DELETE,
				     99,
				     -1 };
	uint32_t words[24];
	uint32_t n = roll(&dice, 25);

	for (uint32_t i = 0; i < 24; i++)
		words[i] = roll(&dice, 2) ? roll(&dice, 120) : roll(&dice, 0xffffffff);
	/* A nodeid that exists. */
	words[0] = roll(&dice, 2) ? FUSE_ROOT_ID : 100 + roll(&dice, 12);
	words[1] = 0;
	send_sized(wire, 0, codes[roll(&dice, N_OF(codes))], words, n * 4UL);
}

static void spoil_anyhow(struct wire *wire, const struct fuse_in_header *in, int error,
			 const void *data, size_t size)
{
	static const int errors[] = {
		-511, -512, -513, -1000, -4095, 5, 0x7fffffff, -0x7fffffff - 1
	};
	uint64_t buf[600] = { 0 };
	struct fuse_entry_out *entry = (void *)buf;
	struct fuse_attr *attr;
	uint32_t way = roll(&dice, 24);
	uint64_t *valid;
	uint32_t *nsec;

	if (honest || size > sizeof(buf) - 64 || way >= N_OF(spoiled)) {
		send_late(wire, honest ? 0 : n_late);
		send_sized(wire, in->unique, error, data, size);
		return;
	}
	memcpy(buf, data, data ? size : 0);
	attr = error ? NULL : attr_of(in->opcode, buf, &valid, &nsec);
	spoiled[way]++;
	switch (way) {
	case 0:
		send_sized(wire, in->unique, error, buf, size ? roll(&dice, (uint32_t)size) : 0);
		break;
	case 1:
		send_sized(wire, in->unique, error, buf, size + 1 + roll(&dice, 60));
		break;
	case 2:
		/* Not taken, whereupon the right one comes. */
		send_as_is(wire, in->unique, error, buf, size, roll(&dice, 200));
		break;
	case 3:
		send_sized(wire, in->unique, errors[roll(&dice, N_OF(errors))], NULL, 0);
		break;
	case 4:
		/* Not the root's: with a file's attributes it would be bad for good. */
		if (has_entry(in->opcode) && !error)
			entry->nodeid = roll(&dice, 3) ? 100 + roll(&dice, 12) : 2 * roll(&dice, 2);
		break;
	case 5:
		/* A root that is no directory, or has no size, is bad for good. */
		if (attr && in->nodeid != FUSE_ROOT_ID)
			attr->mode = roll(&dice, 2) ? (attr->mode ^ 0170000) : roll(&dice, 0x10000);
		break;
	case 6:
		if (attr && in->nodeid != FUSE_ROOT_ID)
			attr->size = roll64(&dice);
		break;
	case 7:
		if (attr) {
			*valid = ~0ULL;
			*nsec = ~0U;
		}
		if (has_entry(in->opcode) && !error) {
			entry->entry_valid = ~0ULL;
			entry->entry_valid_nsec = ~0U;
		}
		break;
	case 8:
	case 9:
		if (n_late == LATE_MAX)
			send_late(wire, 0);
		late[n_late] = (struct late){ in->unique, error, size, { 0 } };
		memcpy(late[n_late++].data, buf, size);
		return;
	case 10:
		send_sized(wire, in->unique, error, buf, size);
		break;
	case 11:
		/* Of a request that there is not: the root's inode would not survive a file's. */
		send_sized(wire, in->unique + 2 * (1000000 + roll(&dice, 100)), error, buf, size);
		break;
	case 12:
		send_garbage_notification(wire);
		break;
	case 13:
		if (has_entry(in->opcode) && !error)
			entry->generation = roll(&dice, 3);
		break;
	case 14:
		/* An error with bytes behind it. */
		send_sized(wire, in->unique, -EIO, buf, size + 8);
		break;
	default:
		send_sized(wire, in->unique | 1, 0, NULL, 0);
		break;
	}
	send_sized(wire, in->unique, error, buf, size);
}

static void *send_late_ones(void *data)
{
	const bool *end = data;

	while (!__atomic_load_n(end, __ATOMIC_ACQUIRE)) {
		usleep(2000);
		pthread_mutex_lock(&w->lock);
		send_late(w, n_late / 2);
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void work_anyhow(unsigned long i, unsigned long times)
{
	struct dice own = { i };
	char path[128], other[128], buf[64];
	struct stat st;

	while (times--) {
		snprintf(path, sizeof(path), "%s/f%u", w->mnt, roll(&own, 10));
		snprintf(other, sizeof(other), "%s/d/x", w->mnt);
		switch (roll(&own, 9)) {
		case 0: {
			int fd = open(path, O_RDWR);

			if (fd < 0)
				break;
			(void)!write(fd, "abc", 3);
			(void)!pread(fd, buf, sizeof(buf), 0);
			close(fd);
			break;
		}
		case 1: {
			DIR *dir = opendir(w->mnt);

			for (int n = 0; dir && n < 64 && readdir(dir); n++)
				;
			if (dir)
				closedir(dir);
			break;
		}
		case 2:
			truncate(path, roll(&own, 1000));
			break;
		case 3:
			getxattr(path, "user.a", buf, sizeof(buf));
			break;
		case 4:
			stat(other, &st);
			break;
		default:
			/* Whatever the daemon says, a size is none below zero. */
			if (!stat(path, &st) && st.st_size < 0)
				_exit(3);
			break;
		}
	}
	_exit(0);
}

static void anything_at_any_time(void)
{
	unsigned long rounds = scaled(9), times = number("EXTFUSE_TEST_SCALE", 1) > 1 ? 150 : 600;
	uint64_t answered = 0;

	for (unsigned long round = 0; round < rounds; round++) {
		pthread_t helper;
		uint64_t before;
		bool end = false;
		pid_t pids[3];
		struct stat st;
		char path[128];

		dice = (struct dice){ number("EXTFUSE_RANDOM_SEED", 1) << 32 ^ round };
		honest = false;
		n_late = 0;
		start(&caches[round % N_OF(caches)]);
		before = hits();
		w->spoil = spoil_anyhow;
		CHECK(!pthread_create(&helper, NULL, send_late_ones, &end));
		for (size_t i = 0; i < N_OF(pids); i++) {
			pids[i] = fork();
			if (!pids[i])
				work_anyhow(round * 10 + i, times);
		}
		for (size_t i = 0; i < N_OF(pids); i++) {
			int status;

			CHECK(waitpid(pids[i], &status, 0) == pids[i]);
			SAME_IN(status, 0, "round %lu, worker %zu", round, i);
		}
		pthread_mutex_lock(&w->lock);
		honest = true;
		/* One that no lie has used: its inode may be bad. */
		w->next_nodeid = 1000;
		send_late(w, 0);
		pthread_mutex_unlock(&w->lock);
		__atomic_store_n(&end, true, __ATOMIC_RELEASE);
		pthread_join(helper, NULL);

		/* An honest daemon is believed again: what is new is cached and right. */
		snprintf(path, sizeof(path), "%s/fresh", w->mnt);
		int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

		if (fd < 0)
			FAIL("round %lu: no new file, errno %d", round, errno);
		CHECK(write(fd, "0123456789", 10) == 10);
		close(fd);
		for (int i = 0; i < 3; i++) {
			CHECK(!stat(path, &st));
			SAME(st.st_size, 10);
		}
		CHECK(!truncate(path, 3));
		CHECK(!stat(path, &st));
		SAME(st.st_size, 3);
		CHECK(!unlink(path));
		CHECK(stat(path, &st) && errno == ENOENT);
		answered += hits() - before;
		SAME(umount2(w->mnt, 0), 0);
		stop();
	}
	fprintf(stderr, "%lu rounds, %llu requests answered; replies spoiled:", rounds,
		(unsigned long long)answered);
	for (size_t i = 0; i < N_OF(spoiled); i++) {
		fprintf(stderr, " %lu", spoiled[i]);
		CHECK(spoiled[i]);
	}
	fputc('\n', stderr);
	CHECK(answered > 20 * rounds);
	SAME(refusals(), 0);
}

/* ---- Never ---- */

static void a_daemon_that_never_replies_can_be_ended(void)
{
	for (size_t i = 0; i < N_OF(caches); i++) {
		char path[128], abort_path[64];
		struct stat st;
		pid_t pids[4];
		uint64_t before;
		int fd;

		start(&caches[i]);
		snprintf(path, sizeof(path), "%s/f1", w->mnt);
		for (int k = 0; k < 3; k++)
			CHECK(!stat(path, &st));
		before = hits();
		CHECK(before);
		pthread_mutex_lock(&w->lock);
		w->silent = true;
		pthread_mutex_unlock(&w->lock);
		for (size_t k = 0; k < N_OF(pids); k++) {
			pids[k] = fork();
			if (!pids[k]) {
				char other[128];

				snprintf(other, sizeof(other), "%s/d/y%zu", w->mnt, k);
				_exit(stat(other, &st) ? errno : 0);
			}
		}
		usleep(100000);
		/* Nobody has an answer, and the cache goes on: nothing has changed. */
		for (size_t k = 0; k < N_OF(pids); k++)
			SAME(waitpid(pids[k], NULL, WNOHANG), 0);
		CHECK(!stat(path, &st));
		CHECK(hits() > before);

		snprintf(abort_path, sizeof(abort_path), "/sys/fs/fuse/connections/%u/abort",
			 w->minor);
		fd = open(abort_path, O_WRONLY);
		CHECK(fd >= 0 && write(fd, "1", 1) == 1);
		close(fd);
		for (size_t k = 0; k < N_OF(pids); k++) {
			int status;

			CHECK(waitpid(pids[k], &status, 0) == pids[k]);
			CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == ECONNABORTED ||
						    WEXITSTATUS(status) == ENOTCONN));
		}
		/* No ghosts: what is cached is not answered any more. */
		CHECK(stat(path, &st) && errno == ENOTCONN);
		SAME(umount2(w->mnt, 0), 0);
		stop();
	}
}

/* The daemon is gone with requests in its hands. */
static void a_daemon_that_dies_leaves_no_answers(void)
{
	for (int round = 0; round < 4; round++) {
		char path[128];
		struct stat st;

		start(&caches[round % N_OF(caches)]);
		w->spoil = spoil_anyhow;
		dice = (struct dice){ (uint64_t)round };
		honest = true;
		n_late = 0;
		snprintf(path, sizeof(path), "%s/f1", w->mnt);
		for (int k = 0; k < 3; k++)
			CHECK(!stat(path, &st));
		CHECK(hits());
		pthread_cancel(w->thread);
		close(w->dev);
		pthread_join(w->thread, NULL);
		CHECK(stat(path, &st) && errno == ENOTCONN);
		SAME(umount2(w->mnt, 0), 0);
		__atomic_store_n(ext->epoch, 0, __ATOMIC_RELEASE);
		free(w);
	}
}

static const struct test tests[] = {
	TEST(consistent_lies_give_the_same_results),
	TEST(anything_at_any_time),
	TEST(a_daemon_that_never_replies_can_be_ended),
	TEST(a_daemon_that_dies_leaves_no_answers),
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: test_hostile PATTERN DIR\n");
		return 2;
	}
	for (size_t i = 0; i < N_OF(tests) && !caches[0].ext; i++)
		if (is_selected(&tests[i], argv[1]))
			load_caches();
	/* Programs of other tests were refused before, on purpose. */
	klogctl(5, NULL, 0); /* SYSLOG_ACTION_CLEAR: for those who read it from now on */
	return run_tests(tests, N_OF(tests), argv[1]);
}
