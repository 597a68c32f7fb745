// SPDX-License-Identifier: GPL-2.0-only
/* test_faults.c - each allocation of load, mount, attach and requests fails once, with fail-nth */
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "faults.h"
#include "harness.h"
#include "recorder.h"

/* Of the kernel alone. */
#define ENOTSUPP 524

static int fail_nth;
static unsigned long operations, injected;

static void need_faults(void)
{
	if (!faults_available())
		SKIP("this kernel injects no faults");
	SAME(loaded_in_the_end(), 0);
	SAME(faults_prepare("0"), 0);
	fail_nth = fault_open();
	CHECK(fail_nth >= 0);
}

static void say_injected(void)
{
	printf("races: %s: %lu operations, %lu faults injected\n", test_name, operations, injected);
	fflush(stdout);
}

/* What a caller may be told when there is no memory, or when memory of his cannot be copied. */
static bool is_clean(int error)
{
	return error == -ENOMEM || error == -EFAULT || error == -ENOBUFS || error == -ENFILE;
}

/*
 * Fails the first allocation or copy of an operation, then the second, and so on, until it gets by
 * without. It may succeed all the same: not every allocation is needed.
 */
static void sweep(const char *what, int (*prepare)(void), int (*operation)(void),
		  void (*clean)(void), int want)
{
	unsigned long succeeded = 0;

	for (unsigned long n = 1;; n++) {
		bool happened;
		int result;

		if (prepare)
			SAME_IN(prepare(), 0, "%s, fault %lu: preparation", what, n);
		fault_arm(fail_nth, n);
		result = operation();
		happened = fault_disarm(fail_nth);
		if (clean)
			clean();
		operations++;
		if (!happened) {
			SAME_IN(result, want, "%s without a fault", what);
			CHECK(n > 1);
			fprintf(stderr, "%s: %lu faults, %lu of them without effect\n", what, n - 1,
				succeeded);
			return;
		}
		injected++;
		if (result == want)
			succeeded++;
		else if (!is_clean(result))
			FAIL("%s, fault %lu: error %d", what, n, result);
	}
}

static void expect_nothing_left(void)
{
	static const char *const caches[] = { "fuse_inode", "fuse_request" };
	long left = -1;

	SAME(loaded_in_the_end(), 0);
	for (size_t i = 0; i < N_OF(caches); i++) {
		for (int j = 0; j < 500 && (left = slab_objects(caches[i])) > 0; j++)
			usleep(20000);
		SAME_IN(left, 0, "objects of %s", caches[i]);
	}
}

/* ---- Programs and maps ---- */

static enum bpf_map_type map_type;
static const struct bpf_insn *insns;
static size_t n_insns;

static int fd_result(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int create_map(void)
{
	return fd_result(bpf_map_create(map_type, "fault_map", 4,
					map_type == BPF_MAP_TYPE_PROG_ARRAY ? 4 : 64, 32, NULL));
}

/* Without memory bpf(2) itself says EINVAL, or ENOTSUPP when there is no machine code. */
static int load_program(void)
{
	int result = fd_result(
		bpf_prog_load(BPF_PROG_TYPE_EXTFUSE, "recorder", "GPL", insns, n_insns, NULL));

	return result == -EINVAL || result == -ENOTSUPP ? -ENOMEM : result;
}

static int run_program(void)
{
	struct extfuse_req req = { .phase = EXTFUSE_REQUEST,
				   .opcode = FUSE_GETATTR,
				   .nodeid = 1,
				   .in_numargs = 1,
				   .out_numargs = 1,
				   .in_size = { sizeof(struct fuse_getattr_in) },
				   .out_size = { sizeof(struct fuse_attr_out) } };
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &req, .ctx_size_in = sizeof(req),
		    .ctx_out = &req, .ctx_size_out = sizeof(req), .data_in = &in,
		    .data_size_in = sizeof(in), .data_out = &out, .data_size_out = sizeof(out));

	return bpf_prog_test_run_opts(prog_fd, &opts);
}

static void loading_survives_each_failed_allocation(void)
{
	static const enum bpf_map_type types[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH,
						   BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
						   BPF_MAP_TYPE_PROG_ARRAY };
	struct bpf_program *prog;

	need_faults();
	load_recorder();
	prog = bpf_object__find_program_by_name(object, "recorder");
	/* With the descriptors of the maps in place. */
	insns = bpf_program__insns(prog);
	n_insns = bpf_program__insn_cnt(prog);
	for (size_t i = 0; i < N_OF(types); i++) {
		map_type = types[i];
		sweep("a map", NULL, create_map, NULL, 0);
	}
	sweep("a program", NULL, load_program, NULL, 0);
	sweep("a test run", NULL, run_program, NULL, 0);
	bpf_object__close(object);
	expect_nothing_left();
	say_injected();
}

/* ---- Mount and attach ---- */

static const char *const mount_point = "/run/wire-test";

static int mount_only(void)
{
	char text[64];
	int fd, err = 0;

	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("wire", mount_point, "fuse.wire", 0, text))
		err = -errno;
	close(fd);
	return err;
}

static void unmount(void)
{
	umount2(mount_point, MNT_DETACH);
}

static unsigned int connections(void)
{
	DIR *dir = opendir("/sys/fs/fuse/connections");
	struct dirent *entry;
	unsigned int n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void mounting_survives_each_failed_allocation(void)
{
	need_faults();
	mkdir(mount_point, 0755);
	sweep("mount", NULL, mount_only, unmount, 0);
	SAME(connections(), 0);
	expect_nothing_left();
	say_injected();
}

/* The faults of the daemon's thread, for replies to one kind of request. */
static struct {
	uint32_t opcode;
	unsigned long n;
	int fd;
	bool happened;
	volatile bool done;
} in_daemon;

static void fail_in_daemon(struct wire *wire, bool sent)
{
	if (!wire->serving || wire->serving->opcode != in_daemon.opcode || !in_daemon.n)
		return;
	if (!sent) {
		in_daemon.fd = fault_open();
		fault_arm(in_daemon.fd, in_daemon.n);
		return;
	}
	in_daemon.happened = fault_disarm(in_daemon.fd);
	close(in_daemon.fd);
	in_daemon.n = 0;
	in_daemon.done = true;
}

static void attaching_survives_each_failed_allocation(void)
{
	unsigned long attached = 0;

	need_faults();
	load_recorder();
	in_daemon.opcode = FUSE_INIT;
	for (unsigned long n = 1;; n++) {
		char text[64];
		int result;

		new_wire();
		w->prog_fd = prog_fd;
		w->sending = fail_in_daemon;
		w->spliced = true;
		in_daemon.n = n;
		in_daemon.happened = false;
		/* That it can be attached again shows that the connection before has let go of it. */
		result = wire_start(w, "");
		operations++;
		if (!result) {
			wire_state(w, "extfuse", text, sizeof(text));
			attached += !strncmp(text, "attached ", 9);
			/* A descriptor that cannot be looked up is refused, and the mount works. */
			CHECK(!strncmp(text, "attached ", 9) || !strncmp(text, "refused ", 8));
		}
		wire_stop(w);
		free(w);
		if (!in_daemon.happened) {
			SAME(result, 0);
			CHECK(n > 1 && attached > 0);
			break;
		}
		injected++;
		/* An INIT that failed ends the connection. */
		if (result && result != -ECONNREFUSED && result != -ENOTCONN && result != -EIO)
			FAIL("fault %lu: error %d", n, result);
	}
	SAME(connections(), 0);
	bpf_object__close(object);
	expect_nothing_left();
	say_injected();
}

/* ---- Requests ---- */

/* As drop_caches(), without waiting. */
static int drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = write(fd, "2", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

/* Nodes without a name that nobody knows any more make room. */
static void reap(void)
{
	pthread_mutex_lock(&w->lock);
	for (int i = 1; i < WIRE_NODES; i++)
		if (!w->nodes[i].name[0] && !w->nodes[i].nlookup)
			w->nodes[i].nodeid = 0;
	pthread_mutex_unlock(&w->lock);
}

static void remove_what_was_made(void)
{
	unlink(in_mount("t"));
	unlink(in_mount("t2"));
	rmdir(in_mount("td"));
	reap();
}

static int make_t(void)
{
	int fd = open(in_mount("t"), O_WRONLY | O_CREAT | O_EXCL, 0644);

	return fd < 0 ? -errno : (close(fd), 0);
}

static int stat_f_and_size(void)
{
	struct stat st;

	if (stat(in_mount("f"), &st))
		return -errno;
	return st.st_size == 10 ? 0 : -EBADMSG;
}

static int stat_deep(void)
{
	return exists("d/x");
}

static int stat_absent(void)
{
	return exists("absent");
}

static int held = -1;

static int getattr_held(void)
{
	struct stat st;

	return fstat(held, &st) ? -errno : st.st_size == 20 ? 0 : -EBADMSG;
}

static int read_and_write(void)
{
	char buf[20];
	int err = 0;
	int fd = open(in_mount("g"), O_RDWR);

	if (fd < 0)
		return -errno;
	if (pread(fd, buf, sizeof(buf), 0) != sizeof(buf) ||
	    pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf) || fsync(fd))
		err = errno ? -errno : -EBADMSG;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int unlink_t(void)
{
	return unlink(in_mount("t")) ? -errno : 0;
}

static int make_td(void)
{
	return mkdir(in_mount("td"), 0755) ? -errno : 0;
}

static int remove_td(void)
{
	return rmdir(in_mount("td")) ? -errno : 0;
}

static int rename_t(void)
{
	return rename(in_mount("t"), in_mount("t2")) ? -errno : 0;
}

static int link_t(void)
{
	return link(in_mount("t"), in_mount("t2")) ? -errno : 0;
}

static int chmod_g(void)
{
	return chmod(in_mount("g"), 0600) ? -errno : 0;
}

static int getxattr_f(void)
{
	char value[8];

	return getxattr(in_mount("f"), "user.v", value, sizeof(value)) < 0 ? -errno : 0;
}

static int statfs_root(void)
{
	struct statfs st;

	return statfs(w->mnt, &st) ? -errno : 0;
}

static int list(void)
{
	DIR *dir = opendir(w->mnt);
	struct dirent *entry;
	unsigned int found = 0;
	int err = 0;

	if (!dir)
		return -errno;
	errno = 0;
	while ((entry = readdir(dir)))
		found += !strcmp(entry->d_name, "f");
	err = errno;
	closedir(dir);
	return err ? -err : found == 1 ? 0 : -EBADMSG;
}

/* Each REQUEST has its REPLY once what is under way has ended. */
static void expect_pairs(const char *what)
{
	unsigned int open_requests = 1;

	for (int i = 0; i < 100 && open_requests; i++) {
		take_records();
		open_requests = 0;
		for (unsigned int j = 0; j < n_records; j++) {
			open_requests += records[j].phase == EXTFUSE_REQUEST;
			open_requests -= records[j].phase == EXTFUSE_REPLY;
		}
	}
	fprintf(stderr, "%s: %u records\n", what, n_records);
	check_pairs(true);
	clear_records();
}

static void sweep_requests(const char *what, int (*prepare)(void), int (*operation)(void),
			   void (*clean)(void), int want)
{
	sweep(what, prepare, operation, clean, want);
	SAME(stat_f_and_size(), 0);
	expect_pairs(what);
}

static void start_with_readdirplus(void)
{
	new_wire();
	load_recorder();
	w->prog_fd = prog_fd;
	w->init_flags = FUSE_DO_READDIRPLUS;
	SAME(wire_start(w, ""), 0);
	populate();
	clear_records();
}

/* The daemon was told to forget all that it told of. */
static void expect_exact_counts(void)
{
	uint64_t known = 1;

	for (int i = 0; i < 200 && known; i++) {
		drop();
		usleep(20000);
		known = 0;
		pthread_mutex_lock(&w->lock);
		for (int j = 1; j < WIRE_NODES; j++)
			known += w->nodes[j].nodeid ? w->nodes[j].nlookup : 0;
		pthread_mutex_unlock(&w->lock);
	}
	SAME(known, 0);
	SAME(w->over_forgotten, 0);
}

static void requests_survive_each_failed_allocation(void)
{
	need_faults();
	start_with_readdirplus();
	sweep_requests("lookup", drop, stat_f_and_size, NULL, 0);
	sweep_requests("lookup below a directory", drop, stat_deep, NULL, 0);
	sweep_requests("revalidation", NULL, stat_deep, NULL, 0);
	sweep_requests("lookup of no file", NULL, stat_absent, NULL, -ENOENT);
	held = open(in_mount("g"), O_RDONLY);
	CHECK(held >= 0);
	sweep_requests("getattr", NULL, getattr_held, NULL, 0);
	sweep_requests("statfs", NULL, statfs_root, NULL, 0);
	sweep_requests("setattr", NULL, chmod_g, NULL, 0);
	sweep_requests("open, read, write, close", NULL, read_and_write, NULL, 0);
	sweep_requests("create", NULL, make_t, remove_what_was_made, 0);
	sweep_requests("unlink", make_t, unlink_t, remove_what_was_made, 0);
	sweep_requests("mkdir", NULL, make_td, remove_what_was_made, 0);
	sweep_requests("rmdir", make_td, remove_td, remove_what_was_made, 0);
	sweep_requests("rename", make_t, rename_t, remove_what_was_made, 0);
	sweep_requests("link", make_t, link_t, remove_what_was_made, 0);
	sweep_requests("readdirplus", drop, list, NULL, 0);
	sweep_requests("dropping caches", stat_deep, drop, NULL, 0);
	close(held);
	expect_exact_counts();
	stop();
	expect_nothing_left();
	say_injected();
}

static void answers_survive_each_failed_allocation(void)
{
	struct fuse_attr_out attr = { 0 };
	struct node *f;

	need_faults();
	start_with_readdirplus();
	held = open(in_mount("g"), O_RDONLY);
	CHECK(held >= 0);
	attr.attr = wire_attr(node_of(1, "g"));
	set_answer(FUSE_GETATTR, node_of(1, "g")->nodeid, 0, &attr, sizeof(attr));
	set_answer(FUSE_GETXATTR, 0, 0, "value", 5);
	set_answer(FUSE_STATFS, 0, -EPERM, NULL, 0);
	/* An answer that is taken ends without a REPLY. */
	sweep("getattr", NULL, getattr_held, NULL, 0);
	sweep("getxattr", NULL, getxattr_f, NULL, 0);
	sweep("statfs", NULL, statfs_root, NULL, -EPERM);
	no_answer(FUSE_STATFS);
	clear_records();

	f = node_of(1, "f");
	drop();
	answer_lookup_of(1, f);
	/* Of an inode that is not in use: each answer is refused, and the daemon is asked. */
	sweep("lookup of a dead inode", drop, stat_f_and_size, NULL, 0);
	expect_pairs("lookup of a dead inode");
	int keeps = open(in_mount("f"), O_RDONLY);

	CHECK(keeps >= 0);
	sweep("lookup of a live inode", drop, stat_f_and_size, NULL, 0);
	sweep("revalidation", NULL, stat_f_and_size, NULL, 0);
	close(keeps);
	close(held);
	no_answer(FUSE_LOOKUP);
	expect_exact_counts();
	stop();
	expect_nothing_left();
	say_injected();
}

/* A reply that cannot be copied is an error for who asked, and one REPLY for the program. */
static void replies_survive_each_failed_allocation(void)
{
	static const struct {
		uint32_t opcode;
		int (*operation)(void);
	} kinds[] = { { FUSE_LOOKUP, stat_deep },
		      { FUSE_GETATTR, getattr_held },
		      { FUSE_READDIRPLUS, list },
		      { FUSE_READ, read_and_write },
		      { FUSE_CREATE, make_t } };

	need_faults();
	start_with_readdirplus();
	held = open(in_mount("g"), O_RDONLY);
	CHECK(held >= 0);
	expect_pairs("open");
	w->sending = fail_in_daemon;
	w->spliced = true;
	for (size_t i = 0; i < N_OF(kinds); i++) {
		in_daemon.opcode = kinds[i].opcode;
		for (unsigned long n = 1;; n++) {
			int result;

			SAME(drop(), 0);
			in_daemon.happened = false;
			in_daemon.done = false;
			in_daemon.n = n;
			result = kinds[i].operation();
			/* The reply arrives before its writer returns. */
			for (int j = 0; j < 5000 && !in_daemon.done; j++)
				usleep(1000);
			CHECK(in_daemon.done);
			operations++;
			remove_what_was_made();
			if (!in_daemon.happened) {
				SAME_IN(result, 0, "opcode %u", kinds[i].opcode);
				CHECK(n > 1);
				break;
			}
			injected++;
			/* EIO is what the driver makes of a reply that it cannot read. */
			if (result && result != -EIO && !is_clean(result))
				FAIL("opcode %u, fault %lu: error %d", kinds[i].opcode, n, result);
		}
		SAME(stat_f_and_size(), 0);
		expect_pairs("replies");
	}
	close(held);
	w->sending = NULL;
	wire_stop(w);
	free(w);
	bpf_object__close(object);
	expect_nothing_left();
	say_injected();
}

/* ---- The end ---- */

static int abort_it(void)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", w->minor);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	err = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static int unmount_it(void)
{
	return umount2(w->mnt, MNT_DETACH) ? -errno : 0;
}

static int start_again(void)
{
	new_wire();
	w->prog_fd = prog_fd;
	return wire_start(w, "");
}

static void stop_again(void)
{
	wire_stop(w);
	free(w);
}

static void ends_survive_each_failed_allocation(void)
{
	need_faults();
	load_recorder();
	sweep("abort", start_again, abort_it, stop_again, 0);
	sweep("unmount", start_again, unmount_it, stop_again, 0);
	SAME(connections(), 0);
	bpf_object__close(object);
	expect_nothing_left();
	say_injected();
}

static const struct test tests[] = {
	TEST(loading_survives_each_failed_allocation),
	TEST(mounting_survives_each_failed_allocation),
	TEST(attaching_survives_each_failed_allocation),
	TEST(requests_survive_each_failed_allocation),
	TEST(answers_survive_each_failed_allocation),
	TEST(replies_survive_each_failed_allocation),
	TEST(ends_survive_each_failed_allocation),
};

int main(int argc, char **argv)
{
	return run_recorder_tests(tests, N_OF(tests), argc, argv);
}
