// SPDX-License-Identifier: GPL-2.0-only
/* test_races.c - mounts that end in every way while memory is short; programs that are not preempted */
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <time.h>

#include "faults.h"
#include "harness.h"
#include "recorder.h"

#define USERS 3
#define GROUP "/sys/fs/cgroup/extfuse-races"
/* Of what the kernel keeps for users, and for the daemon: they have to reclaim all the time. */
#define GROUP_MEMORY "6M"

enum end { UNMOUNT, LAZY_UNMOUNT, FORCED_UNMOUNT, KILL, EXIT, ABORT, SILENT_ABORT, ENDS };

static const char *const end_names[ENDS] = {
	"unmount", "lazy unmount", "forced unmount",	      "kill -9",
	"exit",	   "abort",	   "abort of a silent daemon"
};

/* What the processes share. */
static struct shared {
	volatile int stop_users, stop_all, daemon_exits;
	volatile int ready; /* negative: an error */
	volatile unsigned int minor;
	unsigned long requests, errors, loads, failed_loads, drops;
	char wrong[200];
} * shared;

static void add(unsigned long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static void make_group(void)
{
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	CHECK(!mkdir(GROUP, 0755) || errno == EEXIST);
	CHECK(!access(GROUP "/memory.max", W_OK));
	write_file(GROUP "/memory.high", GROUP_MEMORY);
}

static void join_group(void)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(GROUP "/cgroup.procs", pid);
}

/*
 * From now on allocations of this process fail, but none for pages of programs: the machine's own files
 * must not suffer.
 */
static void let_allocations_fail(void)
{
	if (!mlockall(MCL_CURRENT | MCL_FUTURE))
		faults_apply_to_me(true);
}

static pid_t start_process(void (*run)(int), int number)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(number);
		_exit(0);
	}
	return pid;
}

/* ---- Those who use the mount ---- */

/* What a request may end with while a mount comes, goes and memory is short. */
static bool may_happen(int error)
{
	switch (error) {
	case 0:
	case ENOENT: /* also the empty directory below the mount */
	case EEXIST:
	case ENOTCONN:
	case ECONNABORTED:
	case ECONNREFUSED:
	case ENODEV:
	case EINTR:
	case EIO: /* a page that was not read */
	case ENOMEM:
	case ENOSPC: /* tmpfs below a mount that is gone, where an allocation failed */
	case ENOSYS:
	case ENODATA:
	case EOPNOTSUPP:
	case EBADF:
		return true;
	default:
		return false;
	}
}

static void judge(const char *what, bool ok)
{
	int error = errno;

	add(ok ? &shared->requests : &shared->errors);
	if (!ok && !may_happen(error))
		snprintf(shared->wrong, sizeof(shared->wrong), "%s: %s", what, strerror(error));
}

static void expect_size(const char *name, const struct stat *st, off_t size)
{
	judge("stat", true);
	if (st->st_size != size)
		snprintf(shared->wrong, sizeof(shared->wrong), "size %lld of %s",
			 (long long)st->st_size, name);
}

static void use(int number)
{
	char name[128], f[128], x[128], buf[4096] = { 0 };
	unsigned int seed = (unsigned int)number;
	struct stat st;
	int fd;

	join_group();
	let_allocations_fail();
	snprintf(f, sizeof(f), "/run/wire-test/f");
	snprintf(x, sizeof(x), "/run/wire-test/d/x");
	snprintf(name, sizeof(name), "/run/wire-test/n%d", number);
	while (!shared->stop_users) {
		errno = 0;
		switch (rand_r(&seed) / 64 % 6) {
		case 0:
			if (!stat(f, &st))
				expect_size("f", &st, 10);
			else
				judge("stat", false);
			break;
		case 1:
		case 2:
			if (!stat(x, &st))
				expect_size("x", &st, 0);
			else
				judge("stat below", false);
			break;
		case 3:
			fd = open(name, O_RDWR | O_CREAT, 0644);
			judge("create", fd >= 0);
			if (fd < 0)
				break;
			judge("write", write(fd, buf, sizeof(buf)) == sizeof(buf));
			judge("read", pread(fd, buf, sizeof(buf), 0) >= 0);
			judge("fstat", !fstat(fd, &st));
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			close(fd);
			break;
		case 4:
			judge("unlink", !unlink(name));
			break;
		default:
			judge("getxattr", getxattr(f, "user.v", buf, sizeof(buf)) >= 0);
		}
	}
}

/* ---- What happens beside it ---- */

static void drop_all_the_time(int number)
{
	(void)number;
	while (!shared->stop_all) {
		/* Dentries and inodes, without a line in the log. */
		write_file("/proc/sys/vm/drop_caches", "6");
		add(&shared->drops);
		usleep(15000);
	}
}

/* Programs of the same kind come and go, and loads fail half way. */
static void load_all_the_time(int number)
{
	static char data[1 << 20];
	char path[4096];
	ssize_t size;
	int fd;

	(void)number;
	/* That loads fail is what is wanted. */
	libbpf_set_print(NULL);
	snprintf(path, sizeof(path), "%s/recorder.bpf.o", objects);
	fd = open(path, O_RDONLY);
	size = read(fd, data, sizeof(data));
	close(fd);
	if (size <= 0)
		return;
	let_allocations_fail();
	for (unsigned int turn = 0; !shared->stop_all; turn++) {
		/* A load makes so many allocations that hardly any would succeed. */
		faults_apply_to_me(turn % 2);

		struct bpf_object *other = bpf_object__open_mem(data, (size_t)size, NULL);

		if (!other)
			continue;
		choose_program(other, "recorder");
		add(bpf_object__load(other) ? &shared->failed_loads : &shared->loads);
		bpf_object__close(other);
	}
}

/* ---- The daemon ---- */

static void serve(int how)
{
	const struct node *d, *x;

	if (setjmp(test_failed)) {
		shared->ready = -EIO;
		return;
	}
	new_wire();
	load_recorder();
	join_group();
	w->prog_fd = prog_fd;
	shared->ready = wire_start(w, "");
	if (shared->ready) {
		if (shared->ready > 0)
			shared->ready = -EIO;
		return;
	}
	populate();
	d = node_of(1, "d");
	x = node_of(d->nodeid, "x");
	shared->minor = w->minor;
	shared->ready = 1;
	while (!shared->daemon_exits) {
		/* Half of the time lookups of x are answered by the program. */
		answer_lookup_of(d->nodeid, x);
		usleep(3000);
		no_answer(FUSE_LOOKUP);
		w->silent = how == SILENT_ABORT && shared->ready == 2;
		usleep(3000);
		/* Names that were removed and forgotten make room for others. */
		pthread_mutex_lock(&w->lock);
		for (int i = 1; i < WIRE_NODES; i++)
			if (!w->nodes[i].name[0] && !w->nodes[i].nlookup)
				w->nodes[i].nodeid = 0;
		pthread_mutex_unlock(&w->lock);
	}
}

static void abort_connection(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", shared->minor);
	write_file(path, "1");
}

static void end_mount(enum end how, pid_t daemon)
{
	const char *mnt = "/run/wire-test";

	switch (how) {
	case UNMOUNT:
		for (int i = 0; i < 200 && umount2(mnt, 0); i++)
			usleep(2000);
		break;
	case LAZY_UNMOUNT:
		umount2(mnt, MNT_DETACH);
		break;
	case FORCED_UNMOUNT:
		umount2(mnt, MNT_FORCE);
		break;
	case KILL:
		kill(daemon, SIGKILL);
		break;
	case EXIT:
		shared->daemon_exits = 1;
		break;
	case SILENT_ABORT:
		shared->ready = 2;
		usleep(30000);
		/* fallthrough */
	default:
		abort_connection();
	}
}

/* Ends within 30 s, or the test fails and says where it hangs. */
static void reap_process(pid_t pid, const char *who, enum end how)
{
	int status;

	for (int i = 0; i < 3000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			/* The daemon is ended by a signal. */
			if (!strcmp(who, "user"))
				SAME_IN(status, 0, "%s after %s", who, end_names[how]);
			return;
		}
		usleep(10000);
	}
	FAIL("%s hangs after %s", who, end_names[how]);
}

static void one_mount(enum end how, unsigned int microseconds)
{
	pid_t users[USERS], daemon;

	shared->ready = 0;
	shared->stop_users = 0;
	shared->daemon_exits = 0;
	daemon = start_process(serve, how);
	for (int i = 0; i < 30000 && !shared->ready; i++)
		usleep(1000);
	SAME_IN(shared->ready, 1, "the mount before %s", end_names[how]);
	for (int i = 0; i < USERS; i++)
		users[i] = start_process(use, i + 1);
	usleep(microseconds);
	end_mount(how, daemon);
	usleep(20000);
	shared->stop_users = 1;
	/* A daemon that lives on serves whoever still waits, and an end that left the mount ends now. */
	usleep(20000);
	abort_connection();
	for (int i = 0; i < USERS; i++)
		reap_process(users[i], "user", how);
	umount2("/run/wire-test", MNT_DETACH);
	kill(daemon, SIGKILL);
	reap_process(daemon, "the daemon", how);
	if (shared->wrong[0])
		FAIL("%s: %s", end_names[how], shared->wrong);
}

static bool all_took_part(unsigned long mounts)
{
	return shared->requests > mounts && shared->loads > 0 && shared->drops > 0;
}

static void mounts_end_in_every_way_while_memory_is_short(void)
{
	static const char *const caches[] = { "fuse_inode", "fuse_request" };
	const char *text = getenv("EXTFUSE_TEST_SCALE");
	unsigned long scale = text ? (unsigned long)atol(text) : 1;
	unsigned long mounts = 140 / (scale ? scale : 1), least = 2 * ENDS, done = 0;
	time_t end = time(NULL) + test_seconds();
	bool faults = faults_available();
	/* The kernel that injects faults is slow, and a machine may be. */
	unsigned int pace = faults ? 10 : 1, slowest = 16;
	long left = 0, injected;
	pid_t others[2];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	SAME(loaded_in_the_end(), 0);
	if (mounts < least)
		mounts = least;
	make_group();
	mkdir("/run/wire-test", 0755);
	if (faults)
		SAME(faults_prepare("10"), 0);
	others[0] = start_process(drop_all_the_time, 0);
	others[1] = start_process(load_all_the_time, 0);
	/*
	 * Each end at least twice, and on a slow machine no more than that and than it takes before
	 * everybody has done something.
	 */
	for (; done < least || (done < mounts && time(NULL) < end) ||
	       (!all_took_part(done) && done < 10 * mounts);
	     done++) {
		/* A mount that ends before its users have begun shows nothing. */
		if (shared->requests < done && pace < slowest)
			pace++;
		one_mount((enum end)(done % ENDS),
			  pace * (20000 + 7919 * (unsigned int)done % 60000));
	}
	shared->stop_all = 1;
	for (int i = 0; i < 2; i++)
		reap_process(others[i], "a process beside", ENDS - 1);
	injected = faults ? faults_injected() : 0;
	if (faults)
		SAME(faults_prepare("0"), 0);

	SAME(loaded_in_the_end(), 0);
	for (size_t i = 0; faults && i < N_OF(caches); i++) {
		for (int j = 0; j < 500 && (left = slab_objects(caches[i])) > 0; j++)
			usleep(20000);
		SAME_IN(left, 0, "objects of %s", caches[i]);
	}
	CHECK(all_took_part(done));
	CHECK(!faults || injected > 0);
	printf("races: %lu mounts, %lu of them aborted, %lu daemons killed, %lu requests, %lu of them failed, %lu programs loaded and %lu not, caches dropped %lu times, %ld faults injected\n",
	       done, 2 * (done / ENDS), done / ENDS, shared->requests + shared->errors,
	       shared->errors, shared->loads, shared->failed_loads, shared->drops, injected);
	fflush(stdout);
}

/* ---- Preemption between a program's scratch and its use ---- */

#define RUNNERS 4
#define REALTIME_RUNNERS 2

static struct runner {
	_Atomic unsigned long runs, lost, preempted;
} * runners;

/* The program's memory is that of a CPU, and all run on one. */
static void run_on_one_cpu(int number)
{
	struct sched_param priority = { .sched_priority = 1 + number };
	struct extfuse_req req = { .phase = EXTFUSE_REQUEST, .opcode = FUSE_GETATTR };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &req, .ctx_size_in = sizeof(req));
	struct rusage usage;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	req.nodeid = (__u64)number + 1;
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    (number < REALTIME_RUNNERS && sched_setscheduler(0, SCHED_FIFO, &priority)))
		_exit(1);
	while (!shared->stop_all) {
		struct timespec pause = { .tv_nsec = 300000 + 170000 * number };

		if (bpf_prog_test_run_opts(prog_fd, &opts))
			_exit(2);
		runners[number].runs++;
		runners[number].lost += (int)opts.retval == -1;
		getrusage(RUSAGE_SELF, &usage);
		runners[number].preempted = (unsigned long)usage.ru_nivcsw;
		if (number < REALTIME_RUNNERS)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

static unsigned long preempted(void)
{
	unsigned long sum = 0;

	for (int i = REALTIME_RUNNERS; i < RUNNERS; i++)
		sum += runners[i].preempted;
	return sum;
}

static void scratch_is_a_runs_own_until_it_returns(void)
{
	unsigned long runs = 0, lost = 0;
	time_t end = time(NULL) + test_seconds();
	struct bpf_program *prog;
	pid_t pids[RUNNERS];
	char path[4096];

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(shared != MAP_FAILED);
	runners = mmap(NULL, sizeof(*runners) * RUNNERS, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(runners != MAP_FAILED);
	snprintf(path, sizeof(path), "%s/scratch.bpf.o", objects);
	object = bpf_object__open(path);
	CHECK(object);
	prog = bpf_object__find_program_by_name(object, "keeps_scratch");
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);
	CHECK(!bpf_object__load(object));
	prog_fd = bpf_program__fd(prog);
	for (int i = 0; i < RUNNERS; i++)
		pids[i] = start_process(run_on_one_cpu, i);
	do
		sleep(3);
	while (preempted() <= 100 && time(NULL) < end);
	shared->stop_all = 1;
	for (int i = 0; i < RUNNERS; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		SAME_IN(status, 0, "runner %d", i);
		runs += runners[i].runs;
		lost += runners[i].lost;
	}
	bpf_object__close(object);
	printf("races: %lu runs of a long program on one CPU, preempted around them %lu times, %lu lost their scratch\n",
	       runs, preempted(), lost);
	fflush(stdout);
	CHECK(preempted() > 100);
	SAME(lost, 0);
}

static const struct test tests[] = {
	TEST(scratch_is_a_runs_own_until_it_returns),
	TEST(mounts_end_in_every_way_while_memory_is_short),
};

int main(int argc, char **argv)
{
	return run_recorder_tests(tests, N_OF(tests), argc, argv);
}
