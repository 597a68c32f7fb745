// SPDX-License-Identifier: GPL-2.0-only
/* test_wire.c - the driver's hooks: attach, phases, events, what is answered and what never is */
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "harness.h"
#include "recorder.h"

/* ---- Attach ---- */

static void attach_shows_in_the_state_file(void)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	char text[64], want[64];

	start();
	CHECK(w->offered & FUSE_FS_EXTFUSE);
	CHECK(!bpf_obj_get_info_by_fd(prog_fd, &info, &len));
	snprintf(want, sizeof(want), "attached %u", info.id);
	wire_state(w, "extfuse", text, sizeof(text));
	if (strcmp(text, want))
		FAIL("the state file says '%s', expected '%s'", text, want);
	take_records();
	SAME(records[0].phase, EXTFUSE_EVENT);
	SAME(records[0].opcode, EXTFUSE_EV_ATTACH);
	SAME((__u32)records[0].in_word, w->minor);
	stop();
}

static void without_a_program_there_is_none(void)
{
	char text[64];

	new_wire();
	SAME(wire_start(w, ""), 0);
	populate();
	wire_state(w, "extfuse", text, sizeof(text));
	CHECK(!strcmp(text, "none"));
	SAME(exists("f"), 0);
	wire_stop(w);
	SAME(w->over_forgotten, 0);
	free(w);
}

/* The mount works, without the program, and says why. */
static void expect_refused(const char *options, int error)
{
	char text[64], want[64];

	SAME(wire_start(w, options), 0);
	populate();
	snprintf(want, sizeof(want), "refused %d", error);
	wire_state(w, "extfuse", text, sizeof(text));
	if (strcmp(text, want))
		FAIL("the state file says '%s', expected '%s'", text, want);
	clear_records();
	SAME(exists("f"), 0);
	take_records();
	SAME(n_records, 0);
	wire_stop(w);
	free(w);
}

/* The mount works, and the program sees its requests; ends both. */
static void expect_attached(const char *options)
{
	SAME(wire_start(w, options), 0);
	populate();
	clear_records();
	SAME(exists("f"), 0);
	take_records();
	need_record(EXTFUSE_REQUEST, FUSE_LOOKUP, FUSE_ROOT_ID);
	stop();
}

static void allow_other_needs_default_permissions(void)
{
	load_recorder();
	new_wire()->prog_fd = prog_fd;
	expect_refused("allow_other", EACCES);
	new_wire()->prog_fd = prog_fd;
	expect_attached("allow_other,default_permissions");
}

static void writer_has_to_be_the_opener(void)
{
	load_recorder();
	new_wire()->prog_fd = prog_fd;
	w->foreign = true;
	expect_refused("", EPERM);
	bpf_object__close(object);
}

/* A program that is set-user-id root and writes what it is given where it is told. */
static void setuid_writer_attaches_nothing(void)
{
	static const char path[] = "/run/extfuse-cat";

	CHECK(!system("mount -o remount,suid /run 2>/dev/null; cp /bin/cat /run/extfuse-cat && "
		      "chmod 4755 /run/extfuse-cat"));
	load_recorder();
	new_wire()->prog_fd = prog_fd;
	w->writer = path;
	w->opened_by_user = true;
	expect_refused("", EPERM);
	bpf_object__close(object);
	unlink(path);
}

/* Of the same user, but with capabilities that the opener did not have. */
static void writer_has_no_more_capabilities_than_the_opener(void)
{
	load_recorder();
	new_wire()->prog_fd = prog_fd;
	w->opened_without_capabilities = true;
	expect_refused("", EPERM);
	bpf_object__close(object);
}

/* splice(2) has a way of its own into the driver. */
static void spliced_reply_attaches_for_the_opener_alone(void)
{
	load_recorder();
	new_wire()->prog_fd = prog_fd;
	w->spliced = true;
	w->foreign = true;
	expect_refused("", EPERM);
	new_wire()->prog_fd = prog_fd;
	w->spliced = true;
	w->opened_without_capabilities = true;
	expect_refused("", EPERM);
	new_wire()->prog_fd = prog_fd;
	w->spliced = true;
	expect_attached("");
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* In a user namespace of which only its root has an id, with a mount namespace. */
static void start_in_user_namespace(void)
{
	CHECK(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 0 1");
	write_text("/proc/self/gid_map", "0 0 1");
	new_wire()->prog_fd = prog_fd;
	SAME(wire_start(w, ""), 0);
	populate();
}

/* Loading is what is privileged: who was handed the program may attach it to a mount of its own. */
static void user_namespace_attaches_what_it_was_handed(void)
{
	int status;
	pid_t pid;

	load_recorder();
	pid = fork();
	if (!pid) {
		char text[64];

		if (setjmp(test_failed))
			_exit(1);
		start_in_user_namespace();
		wire_state(w, "extfuse", text, sizeof(text));
		CHECK(!strncmp(text, "attached ", 9));
		SAME(exists("f"), 0);
		wire_stop(w);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	SAME(status, 0);
	bpf_object__close(object);
}

static void only_a_program_of_the_type_attaches(void)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int other = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "other", "GPL", insns, 2, NULL);

	CHECK(other >= 0);
	load_recorder();
	new_wire()->prog_fd = other;
	expect_refused("", EINVAL);
	new_wire()->prog_fd = 9999;
	expect_refused("", EBADF);
	/* A descriptor of something else. */
	new_wire()->prog_fd = STDERR_FILENO;
	expect_refused("", EINVAL);
	close(other);
	bpf_object__close(object);
}

/* A program has one connection: what it knows of nodeids is one daemon's. */
static void program_attaches_to_one_connection(void)
{
	struct wire *first;

	start();
	first = w;
	new_wire()->prog_fd = prog_fd;
	expect_refused("", EBUSY);
	w = first;
	SAME(exists("f"), 0);
	/* It may have the next one. */
	wire_stop(w);
	free(w);
	new_wire()->prog_fd = prog_fd;
	expect_attached("");
}

static void set_parameter(const char *value)
{
	int fd = open("/sys/module/fuse/parameters/extfuse", O_WRONLY);

	CHECK(fd >= 0);
	CHECK(write(fd, value, 1) == 1);
	close(fd);
}

static void parameter_stops_the_offer(void)
{
	load_recorder();
	set_parameter("N");
	new_wire();
	SAME(wire_start(w, ""), 0);
	CHECK(!(w->offered & FUSE_FS_EXTFUSE));
	wire_stop(w);
	free(w);
	/* A daemon that attaches all the same is refused. */
	new_wire()->prog_fd = prog_fd;
	SAME(wire_start(w, ""), 0);
	char text[64];
	wire_state(w, "extfuse", text, sizeof(text));
	wire_stop(w);
	free(w);
	set_parameter("Y");
	CHECK(!strncmp(text, "refused ", 8));
	bpf_object__close(object);
}

static int program_is_loaded(__u32 id)
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void program_lives_as_long_as_the_connection(void)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	start();
	CHECK(!bpf_obj_get_info_by_fd(prog_fd, &info, &len));
	bpf_object__close(object);
	CHECK(program_is_loaded(info.id));
	SAME(exists("f"), 0);
	wire_stop(w);
	for (int i = 0; i < 100 && program_is_loaded(info.id); i++)
		usleep(20000);
	CHECK(!program_is_loaded(info.id));
	free(w);
}

/* ---- Phases ---- */

/* A thread's function too; not NULL if it worked. */
static void *list_root(void *data)
{
	DIR *dir = opendir(w->mnt);

	(void)data;
	if (!dir)
		return NULL;
	while (readdir(dir))
		;
	return closedir(dir) ? NULL : w;
}

static void work_on_files(void)
{
	char buf[100] = { 0 };
	struct stat st;
	int fd;

	SAME(exists("f"), 0);
	SAME(exists("absent"), -ENOENT);
	fd = open(in_mount("f"), O_RDWR);
	CHECK(fd >= 0);
	CHECK(pread(fd, buf, 10, 0) == 10);
	CHECK(pwrite(fd, buf, 100, 0) == 100);
	CHECK(!fstat(fd, &st));
	CHECK(!ftruncate(fd, 5));
	fsync(fd);
	close(fd);
	fd = open(in_mount("new"), O_RDWR | O_CREAT | O_EXCL, 0644);
	CHECK(fd >= 0);
	CHECK(write(fd, buf, 100) == 100);
	close(fd);
	CHECK(!rename(in_mount("new"), in_mount("d/newer")));
	CHECK(!mkdir(in_mount("sub"), 0755));
	CHECK(!rmdir(in_mount("sub")));
	CHECK(!unlink(in_mount("d/newer")));
	getxattr(in_mount("f"), "user.none", buf, sizeof(buf));
	CHECK(list_root(NULL));
}

static void one_reply_for_each_request(void)
{
	static const uint32_t expected[] = {
		FUSE_LOOKUP, FUSE_GETATTR, FUSE_OPEN,	 FUSE_READ,	 FUSE_WRITE,  FUSE_SETATTR,
		FUSE_CREATE, FUSE_RENAME2, FUSE_MKDIR,	 FUSE_RMDIR,	 FUSE_UNLINK, FUSE_RELEASE,
		FUSE_FLUSH,  FUSE_OPENDIR, FUSE_READDIR, FUSE_RELEASEDIR
	};
	unsigned long reached;
	unsigned int requests;

	start();
	clear_records();
	memset(w->count, 0, sizeof(w->count));
	work_on_files();
	take_records();
	check_pairs(true);
	for (size_t i = 0; i < N_OF(expected); i++) {
		/* A rename without flags is sent as RENAME. */
		uint32_t opcode = expected[i] == FUSE_RENAME2 ? FUSE_RENAME : expected[i];

		need_record(EXTFUSE_REQUEST, opcode, 0);
	}
	/* As many as reached the daemon, opcode by opcode. */
	for (uint32_t opcode = 0; opcode < WIRE_OPCODES; opcode++) {
		if (opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
		    opcode == FUSE_INTERRUPT)
			continue;
		requests = 0;
		for (unsigned int i = 0; i < n_records; i++)
			requests +=
				records[i].phase == EXTFUSE_REQUEST && records[i].opcode == opcode;
		reached = count(opcode);
		SAME_IN(requests, reached, "opcode %u", opcode);
	}
	stop();
}

/* Opens and closes f, and says what the program saw of the end in both phases. */
static uint32_t flags_at_the_end(int how)
{
	static const uint32_t ends[] = { FUSE_FLUSH, FUSE_RELEASE };
	uint32_t flags;
	int fd;

	clear_records();
	fd = open(in_mount("f"), how);
	CHECK(fd >= 0);
	/* An access mode stays what it was. */
	CHECK(!fcntl(fd, F_SETFL, O_NONBLOCK));
	close(fd);
	/* RELEASE is sent without waiting. */
	for (int i = 0; i < 200; i++) {
		take_records();
		if (find_record(EXTFUSE_REPLY, FUSE_RELEASE, 0))
			break;
		usleep(10000);
	}
	flags = need_record(EXTFUSE_REQUEST, FUSE_FLUSH, 0)->flags;
	for (size_t i = 0; i < N_OF(ends); i++) {
		SAME(need_record(EXTFUSE_REQUEST, ends[i], 0)->flags, flags);
		SAME(need_record(EXTFUSE_REPLY, ends[i], 0)->flags, flags);
	}
	SAME(need_record(EXTFUSE_REQUEST, FUSE_OPEN, 0)->flags, 0);
	return flags;
}

static void end_of_a_file_says_whether_it_was_only_read(void)
{
	start();
	SAME(flags_at_the_end(O_RDONLY), EXTFUSE_F_READER);
	SAME(flags_at_the_end(O_WRONLY), 0);
	SAME(flags_at_the_end(O_RDWR), 0);
	/* An access mode for ioctl alone, and none of the three. */
	SAME(flags_at_the_end(O_ACCMODE), 0);
	stop();
}

static void errors_show_in_the_reply(void)
{
	start();
	exists("f");
	clear_records();
	w->fail[FUSE_OPEN] = EIO;
	w->fail_times[FUSE_OPEN] = 1;
	CHECK(open(in_mount("f"), O_RDONLY) < 0 && errno == EIO);
	SAME(exists("absent"), -ENOENT);
	take_records();
	SAME(need_record(EXTFUSE_REPLY, FUSE_OPEN, 0)->error, -EIO);
	SAME(need_record(EXTFUSE_REPLY, FUSE_OPEN, 0)->out_size0, 0);
	check_pairs(true);
	stop();
}

static void want_no_success_of(const uint32_t *opcodes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		set_answer(opcodes[i], 0, EXTFUSE_UPCALL_QUIET, NULL, 0);
}

static void success_is_not_shown_to_a_program_that_has_no_use_for_it(void)
{
	/* For the last one nobody waits. */
	static const uint32_t silent[] = { FUSE_GETATTR, FUSE_OPEN,    FUSE_READ,   FUSE_FLUSH,
					   FUSE_MKDIR,	 FUSE_READDIR, FUSE_RELEASE };
	unsigned int requests = 0, replies = 0;

	start();
	want_no_success_of(silent, N_OF(silent));
	clear_records();
	work_on_files();
	take_records();
	for (size_t i = 0; i < N_OF(silent); i++) {
		need_record(EXTFUSE_REQUEST, silent[i], 0);
		CHECK(!find_record(EXTFUSE_REPLY, silent[i], 0));
		/* As after any upcall, the daemon was asked. */
		CHECK(count(silent[i]) > 0);
	}
	/* The others have theirs. */
	for (unsigned int i = 0; i < n_records; i++) {
		bool is_silent = false;

		for (size_t j = 0; j < N_OF(silent); j++)
			is_silent |= records[i].opcode == silent[j];
		if (is_silent)
			continue;
		requests += records[i].phase == EXTFUSE_REQUEST;
		replies += records[i].phase == EXTFUSE_REPLY;
	}
	CHECK(requests > 0);
	SAME(replies, requests);
	stop();
}

static void failure_is_shown_to_a_program_that_has_no_use_for_success(void)
{
	static const uint32_t silent[] = { FUSE_OPEN, FUSE_MKDIR };
	const struct record *request, *reply;

	start();
	exists("f");
	want_no_success_of(silent, N_OF(silent));
	clear_records();
	w->fail[FUSE_OPEN] = EIO;
	w->fail_times[FUSE_OPEN] = 1;
	CHECK(open(in_mount("f"), O_RDONLY) < 0 && errno == EIO);
	SAME(mkdir(in_mount("new"), 0700), 0);
	take_records();
	request = need_record(EXTFUSE_REQUEST, FUSE_OPEN, 0);
	reply = need_record(EXTFUSE_REPLY, FUSE_OPEN, 0);
	SAME(reply->error, -EIO);
	SAME(reply->cookie[0], request->cookie[0]);
	SAME(reply->cookie[1], request->cookie[1]);
	need_record(EXTFUSE_REQUEST, FUSE_MKDIR, 0);
	CHECK(!find_record(EXTFUSE_REPLY, FUSE_MKDIR, 0));
	stop();
}

/* In RCU-walk nobody can be asked: the request comes again. */
static void withdrawal_is_shown_to_a_program_that_has_no_use_for_success(void)
{
	static const uint32_t silent[] = { FUSE_LOOKUP };
	unsigned int requests = 0, withdrawn = 0;
	unsigned long reached;
	struct stat st;
	int dir;

	start();
	SAME(exists("f"), 0);
	/* What leads to the mount may leave RCU-walk. */
	dir = open(w->mnt, O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	/* It is tried for what was answered before. */
	answer_lookup_of(1, node_of(1, "f"));
	CHECK(!fstatat(dir, "f", &st, 0));
	want_no_success_of(silent, N_OF(silent));
	clear_records();
	reached = count(FUSE_LOOKUP);
	CHECK(!fstatat(dir, "f", &st, 0));
	close(dir);
	take_records();
	for (unsigned int i = 0; i < n_records; i++) {
		if (records[i].opcode != FUSE_LOOKUP || records[i].phase == EXTFUSE_EVENT)
			continue;
		if (records[i].phase == EXTFUSE_REQUEST) {
			requests++;
			continue;
		}
		SAME(records[i].error, EXTFUSE_WITHDRAWN);
		withdrawn++;
	}
	CHECK(withdrawn > 0);
	SAME(requests, withdrawn + count(FUSE_LOOKUP) - reached);
	stop();
}

static void *stat_f(void *data)
{
	int *result = data;

	*result = exists("f");
	return NULL;
}

static void one_reply_when_the_connection_is_aborted(void)
{
	pthread_t threads[4];
	int results[4];
	char path[64];
	int fd;

	start();
	clear_records();
	w->silent = true;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, stat_f, &results[i]);
	usleep(200000);
	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", w->minor);
	fd = open(path, O_WRONLY);
	CHECK(write(fd, "1", 1) == 1);
	close(fd);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		CHECK(results[i] == -ECONNABORTED || results[i] == -ENOTCONN ||
		      results[i] == -EINTR);
	}
	/* What comes afterwards is seen, and never answered. */
	set_answer(FUSE_GETATTR, 0, -EPERM, NULL, 0);
	set_answer(FUSE_LOOKUP, 0, -EPERM, NULL, 0);
	SAME(exists("f"), -ENOTCONN);
	take_records();
	check_pairs(true);
	stop();
}

static void one_reply_when_a_signal_interrupts(void)
{
	pid_t pid;

	start();
	clear_records();
	w->silent = true;
	pid = fork();
	if (!pid) {
		exists("f");
		_exit(0);
	}
	usleep(200000);
	kill(pid, SIGKILL);
	usleep(100000);
	/* The daemon holds the request: its end comes with the reply, or with the end of all. */
	char path[64];
	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", w->minor);
	int fd = open(path, O_WRONLY);
	CHECK(write(fd, "1", 1) == 1);
	close(fd);
	waitpid(pid, NULL, 0);
	take_records();
	check_pairs(true);
	stop();
}

static void ids_are_the_requesters(void)
{
	const struct record *record;
	pid_t pid;

	load_recorder();
	new_wire()->prog_fd = prog_fd;
	SAME(wire_start(w, "allow_other,default_permissions"), 0);
	populate();
	clear_records();
	pid = fork();
	if (!pid) {
		if (setresgid(55, 55, 55) || setresuid(44, 44, 44))
			_exit(1);
		_exit(exists("g") != 0);
	}
	waitpid(pid, NULL, 0);
	take_records();
	for (__u32 phase = EXTFUSE_REQUEST; phase <= EXTFUSE_REPLY; phase++) {
		record = need_record(phase, FUSE_LOOKUP, FUSE_ROOT_ID);
		SAME(record->uid, 44);
		SAME(record->pid, pid);
	}
	stop();
}

/* Until the other end of @go_on is closed. */
static void serve_in_user_namespace(int ready, int go_on)
{
	char byte = 0;

	if (setjmp(test_failed))
		_exit(1);
	start_in_user_namespace();
	CHECK(write(ready, &byte, 1) == 1);
	(void)!read(go_on, &byte, 1);
	wire_stop(w);
	SAME(w->over_forgotten, 0);
	_exit(0);
}

/* As user @fsuid, by which the daemon knows who asks; the other ids stay those of the mount's owner. */
static int stat_as(uid_t fsuid, int dir, const char *name)
{
	struct stat st;
	int err;

	setfsuid(fsuid);
	err = fstatat(dir, name, &st, *name ? 0 : AT_EMPTY_PATH) ? -errno : 0;
	setfsuid(0);
	return err;
}

/* It gets what it gets without a program. */
static void requester_without_an_id_is_not_answered(void)
{
	struct fuse_attr_out told = {
		.attr = { .ino = FUSE_ROOT_ID, .mode = S_IFDIR | 0755, .nlink = 1 }
	};
	static const uint32_t opcodes[] = { FUSE_LOOKUP, FUSE_GETATTR };
	int ready[2], go_on[2], root, status;
	char path[64], byte;
	pid_t pid;

	load_recorder();
	CHECK(!pipe(ready) && !pipe(go_on));
	pid = fork();
	if (!pid) {
		close(ready[0]);
		close(go_on[1]);
		serve_in_user_namespace(ready[1], go_on[0]);
	}
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/root/run/wire-test", pid);
	root = open(path, O_PATH | O_DIRECTORY);
	CHECK(root >= 0);
	set_answer(FUSE_LOOKUP, FUSE_ROOT_ID, -EACCES, NULL, 0);
	set_answer(FUSE_GETATTR, FUSE_ROOT_ID, 0, &told, sizeof(told));

	clear_records();
	SAME(stat_as(0, root, "f"), -EACCES);
	SAME(stat_as(0, root, ""), 0);
	take_records();
	for (size_t i = 0; i < N_OF(opcodes); i++) {
		SAME(need_record(EXTFUSE_REQUEST, opcodes[i], FUSE_ROOT_ID)->uid, 0);
		CHECK(!find_record(EXTFUSE_REPLY, opcodes[i], 0));
	}

	clear_records();
	SAME(stat_as(1000, root, "f"), -EOVERFLOW);
	SAME(stat_as(1000, root, ""), -EOVERFLOW);
	take_records();
	for (size_t i = 0; i < N_OF(opcodes); i++) {
		SAME(need_record(EXTFUSE_REQUEST, opcodes[i], FUSE_ROOT_ID)->uid, (uid_t)-1);
		SAME(need_record(EXTFUSE_REPLY, opcodes[i], FUSE_ROOT_ID)->error, -EOVERFLOW);
	}
	check_pairs(true);

	close(root);
	close(go_on[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	SAME(status, 0);
	bpf_object__close(object);
}

/* ---- Children ---- */

static void check_children(uint32_t opcode, int error, uint64_t first, uint64_t second)
{
	take_records();
	for (__u32 phase = EXTFUSE_REQUEST; phase <= EXTFUSE_REPLY; phase++) {
		const struct record *record = need_record(phase, opcode, 0);

		SAME_IN(record->child[0], first, "opcode %u phase %u", opcode, phase);
		SAME_IN(record->child[1], second, "opcode %u phase %u", opcode, phase);
		SAME(record->error, phase == EXTFUSE_REPLY ? error : 0);
	}
	clear_records();
}

static void children_are_named_whatever_the_result(void)
{
	uint64_t f, g, d;

	start();
	SAME(exists("f"), 0);
	SAME(exists("g"), 0);
	SAME(exists("d"), 0);
	f = node_of(1, "f")->nodeid;
	g = node_of(1, "g")->nodeid;
	d = node_of(1, "d")->nodeid;

	static const uint32_t opcodes[] = { FUSE_UNLINK, FUSE_RMDIR, FUSE_RENAME, FUSE_RENAME2,
					    FUSE_LINK };

	for (size_t i = 0; i < N_OF(opcodes); i++) {
		w->fail[opcodes[i]] = EIO;
		w->fail_times[opcodes[i]] = 1;
	}
	clear_records();
	CHECK(unlink(in_mount("f")) && errno == EIO);
	check_children(FUSE_UNLINK, -EIO, f, 0);
	CHECK(rmdir(in_mount("d")) && errno == EIO);
	check_children(FUSE_RMDIR, -EIO, d, 0);
	CHECK(rename(in_mount("f"), in_mount("g")) && errno == EIO);
	check_children(FUSE_RENAME, -EIO, f, g);
	CHECK(syscall(SYS_renameat2, AT_FDCWD, in_mount("f"), AT_FDCWD, in_mount("g"),
		      2 /* RENAME_EXCHANGE */) &&
	      errno == EIO);
	check_children(FUSE_RENAME2, -EIO, f, g);
	CHECK(link(in_mount("f"), in_mount("l")) && errno == EIO);
	check_children(FUSE_LINK, -EIO, f, 0);

	CHECK(!rename(in_mount("f"), in_mount("h")));
	check_children(FUSE_RENAME, 0, f, 0);
	CHECK(!rename(in_mount("h"), in_mount("g")));
	check_children(FUSE_RENAME, 0, f, g);
	CHECK(!link(in_mount("g"), in_mount("l")));
	check_children(FUSE_LINK, 0, f, 0);
	CHECK(!unlink(in_mount("l")));
	check_children(FUSE_UNLINK, 0, f, 0);
	stop();
}

/* ---- Answers ---- */

static void lookup_of_a_live_inode_is_answered(void)
{
	unsigned long lookups;
	uint64_t told;
	struct stat st;
	int fd;

	start();
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	answer_lookup_of(1, node_of(1, "f"));
	lookups = count(FUSE_LOOKUP);
	told = node_of(1, "f")->nlookup;
	for (int i = 0; i < 20; i++) {
		/* By revalidation, and by a lookup without a dentry. */
		CHECK(!stat(in_mount("f"), &st));
		SAME(st.st_size, 10);
		if (i % 5 == 4)
			drop_caches();
	}
	SAME(count(FUSE_LOOKUP), lookups);
	SAME(node_of(1, "f")->nlookup, told);
	/* Counts are exact: what was told is what is forgotten. */
	close(fd);
	no_answer(FUSE_LOOKUP);
	for (int i = 0; i < 3; i++)
		drop_caches();
	SAME(node_of(1, "f")->nlookup, 0);
	stop();
}

static void lookup_of_a_dead_inode_asks_the_daemon(void)
{
	unsigned long lookups;

	start();
	answer_lookup_of(1, node_of(1, "f"));
	clear_records();
	lookups = count(FUSE_LOOKUP);
	SAME(exists("f"), 0);
	SAME(count(FUSE_LOOKUP), lookups + 1);
	SAME(node_of(1, "f")->nlookup, 1);
	take_records();
	/* The answer that was not taken ends with a reply, as a question does. */
	check_pairs(true);
	stop();
}

static void lookup_of_another_generation_or_type_asks_the_daemon(void)
{
	struct fuse_entry_out entry;
	unsigned long lookups;

	start();
	SAME(exists("f"), 0);
	SAME(exists("d"), 0);

	lookups = count(FUSE_LOOKUP);
	entry = wire_entry(node_of(1, "f"));
	entry.generation++;
	set_answer(FUSE_LOOKUP, 1, 0, &entry, sizeof(entry));
	SAME(exists("f"), 0);
	SAME(count(FUSE_LOOKUP), lookups + 1);
	entry = wire_entry(node_of(1, "f"));
	entry.attr.mode = S_IFDIR | 0755;
	set_answer(FUSE_LOOKUP, 1, 0, &entry, sizeof(entry));
	SAME(exists("f"), 0);
	CHECK(count(FUSE_LOOKUP) > lookups + 1);
	no_answer(FUSE_LOOKUP);
	/* The inode was not spoilt by it. */
	SAME(exists("f"), 0);
	stop();
}

/* By a name that has no dentry and that the daemon does not know: what the program says of it, if it is taken. */
static void expect_fresh_lookup(const struct fuse_entry_out *entry, unsigned int questions,
				const char *what)
{
	static unsigned int names;
	unsigned long before = count(FUSE_LOOKUP);
	char name[32];

	set_answer(FUSE_LOOKUP, 1, 0, entry, sizeof(*entry));
	snprintf(name, sizeof(name), "fresh%u", names++);
	SAME_IN(exists(name), questions ? -ENOENT : 0, "%s", what);
	SAME_IN(count(FUSE_LOOKUP), before + questions, "%s", what);
}

/* The inode of the answer is here and in use, and yet it is not what the answer means, or may not be told. */
static void fresh_lookup_of_an_inode_that_does_not_fit_asks_the_daemon(void)
{
	struct fuse_entry_out right, entry;
	struct node *x;
	struct stat st;
	int fd, backed;

	start_with("recorder", FUSE_PASSTHROUGH);
	fd = open(in_mount("d/x"), O_PATH);
	CHECK(fd >= 0);
	x = node_of(node_of(1, "d")->nodeid, "x");
	right = wire_entry(x);
	expect_fresh_lookup(&right, 0, "the inode itself");

	entry = right;
	entry.generation++;
	expect_fresh_lookup(&entry, 1, "another generation");
	entry = right;
	entry.attr.mode = S_IFDIR | 0755;
	expect_fresh_lookup(&entry, 1, "another type");
	entry = right;
	entry.attr.flags = FUSE_ATTR_SUBMOUNT;
	expect_fresh_lookup(&entry, 1, "a submount");
	/* The inode was not spoilt by it. */
	expect_fresh_lookup(&right, 0, "the inode itself, again");

	/* The file may change without a request, and no row of it is right. */
	CHECK(wire_back(w) > 0);
	backed = open(in_mount("d/x"), O_RDONLY);
	CHECK(backed >= 0);
	expect_fresh_lookup(&right, 1, "a backing file");
	close(backed);
	expect_fresh_lookup(&right, 0, "no backing file any more");

	/* Attributes of another type make the inode bad, under the same nodeid. */
	pthread_mutex_lock(&w->lock);
	x->mode = S_IFDIR | 0755;
	pthread_mutex_unlock(&w->lock);
	CHECK(fstat(fd, &st) && errno == EIO);
	expect_fresh_lookup(&right, 1, "a bad inode");
	close(fd);
	stop();
}

/* Where the server moved a directory, an older answer would move the dentry back. */
static void directory_that_has_a_dentry_elsewhere_asks_the_daemon(void)
{
	char path[64], shown[PATH_MAX];
	struct node *node;
	ssize_t len;
	int fd;

	start();
	SAME(exists("d"), 0);
	CHECK(!mkdir(in_mount("sub"), 0755));
	fd = open(in_mount("sub"), O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	node = node_of(1, "sub");
	node->parent = node_of(1, "d")->nodeid;
	SAME(exists("d/sub"), 0);
	answer_lookup_of(1, node);
	SAME(exists("sub"), -ENOENT);
	no_answer(FUSE_LOOKUP);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, shown, sizeof(shown) - 1);
	CHECK(len > 0);
	shown[len] = '\0';
	CHECK(!strcmp(shown, in_mount("d/sub")));
	close(fd);
	stop();
}

static void negative_lookup_is_answered(void)
{
	struct fuse_entry_out entry = { 0 };
	unsigned long lookups;

	start();
	lookups = count(FUSE_LOOKUP);
	set_answer(FUSE_LOOKUP, 1, 0, &entry, sizeof(entry));
	SAME(exists("absent"), -ENOENT);
	set_answer(FUSE_LOOKUP, 1, -ENOENT, NULL, 0);
	SAME(exists("absent2"), -ENOENT);
	set_answer(FUSE_LOOKUP, 1, -EACCES, NULL, 0);
	SAME(exists("f"), -EACCES);
	SAME(count(FUSE_LOOKUP), lookups);
	stop();
}

static void lookups_that_must_ask_are_never_answered(void)
{
	struct fuse_entry_out negative = { 0 };
	unsigned long before;
	struct node *d;
	int fd;

	start();
	SAME(exists("f"), 0);
	SAME(exists("g"), 0);
	d = node_of(1, "d");

	/* LOOKUP_EXCL: what the program believes does not make the file. */
	set_answer(FUSE_LOOKUP, 1, 0, &negative, sizeof(negative));
	before = count(FUSE_LOOKUP);
	fd = open(in_mount("g"), O_WRONLY | O_CREAT | O_EXCL, 0644);
	CHECK(fd < 0 && errno == EEXIST);
	CHECK(count(FUSE_LOOKUP) > before);
	before = count(FUSE_LOOKUP);
	CHECK(mkdir(in_mount("g"), 0755) && errno == EEXIST);
	CHECK(count(FUSE_LOOKUP) > before);
	no_answer(FUSE_LOOKUP);

	/*
	 * LOOKUP_RENAME_TARGET, of a name that is there: all that the program says is right, and it answers
	 * whoever else asks.  The daemon is asked for d and for f, which no answer is for, and for the target.
	 */
	SAME(exists("d/x"), 0);
	answer_lookup_of(d->nodeid, node_of(d->nodeid, "x"));
	before = count(FUSE_LOOKUP);
	SAME(exists("d/x"), 0);
	SAME(count(FUSE_LOOKUP), before + 1);
	CHECK(!rename(in_mount("f"), in_mount("d/x")));
	SAME(count(FUSE_LOOKUP), before + 4);

	/* The same of a name that is not there, which is tried without a dentry. */
	set_answer(FUSE_LOOKUP, d->nodeid, 0, &negative, sizeof(negative));
	before = count(FUSE_LOOKUP);
	SAME(exists("d/absent"), -ENOENT);
	SAME(count(FUSE_LOOKUP), before + 1);
	CHECK(!rename(in_mount("g"), in_mount("d/new")));
	SAME(count(FUSE_LOOKUP), before + 4);
	stop();
}

static void stale_is_tried_again_with_the_daemon(void)
{
	struct node *old, *new;
	int fd;

	start();
	SAME(exists("f"), 0);
	old = node_of(1, "f");
	answer_lookup_of(1, old);
	/* The daemon gave the name to another file; the program goes on believing. */
	pthread_mutex_lock(&w->lock);
	old->name[0] = '\0';
	new = wire_add(w, 1, "f", S_IFREG | 0644);
	new->size = 77;
	w->fail[FUSE_OPEN] = ESTALE;
	w->fail_times[FUSE_OPEN] = 1;
	pthread_mutex_unlock(&w->lock);
	fd = open(in_mount("f"), O_RDONLY);
	if (fd < 0)
		FAIL("open: %s: ESTALE was not tried again with the daemon's own answer",
		     strerror(errno));
	no_answer(FUSE_LOOKUP);
	struct stat st;
	CHECK(!fstat(fd, &st));
	SAME(st.st_size, 77);
	close(fd);
	stop();
}

static void getattr_is_answered(void)
{
	struct fuse_attr_out attr = { 0 };
	unsigned long before;
	struct stat st;
	int fd;

	start();
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	attr.attr = wire_attr(node_of(1, "f"));
	attr.attr.size = 4242;
	set_answer(FUSE_GETATTR, attr.attr.ino, 0, &attr, sizeof(attr));
	before = count(FUSE_GETATTR);
	CHECK(!fstat(fd, &st));
	SAME(st.st_size, 4242);
	SAME(count(FUSE_GETATTR), before);

	/* AT_STATX_FORCE_SYNC reaches the daemon. */
	struct statx sx;
	CHECK(!statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &sx));
	SAME(sx.stx_size, 10);
	SAME(count(FUSE_GETATTR), before + 1);

	/* Another type: the daemon is asked, and the inode stays good. */
	attr.attr.mode = S_IFDIR | 0755;
	set_answer(FUSE_GETATTR, attr.attr.ino, 0, &attr, sizeof(attr));
	CHECK(!fstat(fd, &st));
	SAME(st.st_size, 10);
	CHECK(S_ISREG(st.st_mode));
	SAME(count(FUSE_GETATTR), before + 2);

	/* Too short an output: likewise. */
	set_answer(FUSE_GETATTR, attr.attr.ino, 0, &attr, sizeof(attr) - 8);
	CHECK(!fstat(fd, &st));
	SAME(count(FUSE_GETATTR), before + 3);

	/* An error. */
	set_answer(FUSE_GETATTR, attr.attr.ino, -EIO, NULL, 0);
	CHECK(fstat(fd, &st) && errno == EIO);
	SAME(count(FUSE_GETATTR), before + 3);
	close(fd);
	stop();
}

static void changes_are_never_answered_with_success(void)
{
	struct fuse_entry_out entry;
	struct fuse_open_out open_out = { .fh = 99 };
	int fd;

	start();
	SAME(exists("f"), 0);
	entry = wire_entry(node_of(1, "f"));
	set_answer(FUSE_CREATE, 0, 0, &entry, sizeof(entry));
	set_answer(FUSE_MKDIR, 0, 0, &entry, sizeof(entry));
	set_answer(FUSE_UNLINK, 0, 0, NULL, 0);
	set_answer(FUSE_FLUSH, 0, 0, NULL, 0);
	set_answer(FUSE_OPEN, 0, 0, &open_out, sizeof(open_out));
	set_answer(FUSE_RELEASE, 0, 0, NULL, 0);
	fd = open(in_mount("made"), O_RDWR | O_CREAT | O_EXCL, 0644);
	CHECK(fd >= 0);
	SAME(count(FUSE_CREATE), 1);
	close(fd);
	SAME(count(FUSE_FLUSH), 1);
	CHECK(!mkdir(in_mount("dir"), 0755));
	SAME(count(FUSE_MKDIR), 1);
	CHECK(!unlink(in_mount("made")));
	SAME(count(FUSE_UNLINK), 1);
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	SAME(count(FUSE_OPEN), 1);
	close(fd);
	usleep(50000);
	SAME(count(FUSE_RELEASE), 2);
	/* An error may be the answer to what waits for a reply. */
	set_answer(FUSE_OPEN, 0, -EACCES, NULL, 0);
	CHECK(open(in_mount("f"), O_RDONLY) < 0 && errno == EACCES);
	SAME(count(FUSE_OPEN), 1);
	/* And never to what is forced. */
	no_answer(FUSE_OPEN);
	set_answer(FUSE_RELEASE, 0, -EIO, NULL, 0);
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	close(fd);
	usleep(50000);
	SAME(count(FUSE_RELEASE), 3);
	stop();
}

static void positive_results_ask_the_daemon(void)
{
	unsigned long before;

	start();
	SAME(exists("f"), 0);
	for (int ret = 1; ret < 700; ret = ret * 3 + 1) {
		set_answer(FUSE_LOOKUP, 0, ret, NULL, 0);
		before = count(FUSE_LOOKUP);
		SAME(exists("f"), 0);
		CHECK(count(FUSE_LOOKUP) > before);
	}
	set_answer(FUSE_LOOKUP, 0, -512, NULL, 0);
	before = count(FUSE_LOOKUP);
	SAME(exists("f"), 0);
	CHECK(count(FUSE_LOOKUP) > before);
	stop();
}

static void reply_to_getxattr(struct wire *wire, const struct fuse_in_header *in, int error,
			      const void *data, size_t size)
{
	if (in->opcode == FUSE_GETXATTR)
		wire_send(wire, in->unique, 0, "of the daemon", 13);
	else
		wire_send(wire, in->unique, error, data, size);
}

/* The daemon may still use all of the buffer, and nothing of the answer shows. */
static void short_answer_that_is_not_taken_leaves_the_daemons_reply(void)
{
	static const int retvals[] = { EXTFUSE_UPCALL, 1, -512 };
	char value[64];

	start();
	w->spoil = reply_to_getxattr;
	for (size_t i = 0; i < N_OF(retvals); i++) {
		unsigned long asked = count(FUSE_GETXATTR);

		set_answer(FUSE_GETXATTR, 0, retvals[i], "short", 5);
		clear_records();
		memset(value, 0, sizeof(value));
		SAME_IN(getxattr(in_mount("f"), "user.v", value, sizeof(value)), 13, "retval %d",
			retvals[i]);
		CHECK(!memcmp(value, "of the daemon", 14));
		SAME(count(FUSE_GETXATTR), asked + 1);
		take_records();
		SAME(need_record(EXTFUSE_REQUEST, FUSE_GETXATTR, 0)->out_size0, sizeof(value));
		SAME(need_record(EXTFUSE_REPLY, FUSE_GETXATTR, 0)->out_size0, 13);
	}
	/* The same answer, taken. */
	set_answer(FUSE_GETXATTR, 0, 0, "short", 5);
	SAME(getxattr(in_mount("f"), "user.v", value, sizeof(value)), 5);
	CHECK(!memcmp(value, "short", 5));
	stop();
}

/* ---- Events ---- */

static void forget_is_an_event_before_it_is_queued(void)
{
	uint64_t nodeid;

	start();
	for (int i = 0; i < 3; i++)
		SAME(exists("d/x"), 0);
	nodeid = node_of(node_of(1, "d")->nodeid, "x")->nodeid;
	uint64_t told = wire_node(w, nodeid)->nlookup;
	clear_records();
	for (int i = 0; i < 3; i++)
		drop_caches();
	SAME(wire_node(w, nodeid)->nlookup, 0);
	take_records();
	SAME(need_record(EXTFUSE_EVENT, EXTFUSE_EV_FORGET, nodeid)->in_word, told);
	/* Nothing that could be answered. */
	CHECK(!find_record(EXTFUSE_REQUEST, FUSE_FORGET, 0));
	CHECK(!find_record(EXTFUSE_REQUEST, FUSE_BATCH_FORGET, 0));
	stop();
}

static void changes_of_attributes_are_events(void)
{
	uint64_t f;
	int fd;

	start();
	fd = open(in_mount("f"), O_RDWR);
	CHECK(fd >= 0);
	f = node_of(1, "f")->nodeid;
	clear_records();
	CHECK(write(fd, "x", 1) == 1);
	take_records();
	/* size, blocks and times */
	CHECK((need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f)->in_word & STATX_SIZE) ||
	      (find_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f)->in_word & STATX_MTIME));
	clear_records();
	char c;
	CHECK(pread(fd, &c, 1, 0) == 1);
	take_records();
	CHECK(need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f)->in_word & STATX_ATIME);
	clear_records();
	CHECK(!unlink(in_mount("f")));
	take_records();
	CHECK(need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f)->in_word & STATX_CTIME);
	close(fd);
	stop();
}

/* The last close of a file with a backing file takes that from the inode, which is answered then. */
static void loss_of_a_backing_file_is_an_event(void)
{
	struct fuse_attr_out told = { 0 };
	unsigned long before;
	unsigned int events = 0;
	struct stat st;
	int fds[2];

	start_with("recorder", FUSE_PASSTHROUGH);
	CHECK(wire_back(w) > 0);
	for (size_t i = 0; i < N_OF(fds); i++) {
		fds[i] = open(in_mount("f"), O_RDONLY);
		CHECK(fds[i] >= 0);
	}
	told.attr = wire_attr(node_of(1, "f"));
	told.attr.size = 4242;
	set_answer(FUSE_GETATTR, told.attr.ino, 0, &told, sizeof(told));

	clear_records();
	close(fds[0]);
	before = count(FUSE_GETATTR);
	CHECK(!fstat(fds[1], &st));
	SAME(st.st_size, 10);
	SAME(count(FUSE_GETATTR), before + 1);
	take_records();
	CHECK(!find_record(EXTFUSE_EVENT, EXTFUSE_EV_BACKING, 0));

	close(fds[1]);
	take_records();
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_BACKING, told.attr.ino);
	for (unsigned int i = 0; i < n_records; i++)
		events += records[i].phase == EXTFUSE_EVENT &&
			  records[i].opcode == EXTFUSE_EV_BACKING;
	SAME(events, 1);
	CHECK(!stat(in_mount("f"), &st));
	SAME(st.st_size, 4242);
	SAME(count(FUSE_GETATTR), before + 1);
	stop();
}

static void entries_of_readdirplus_are_events(void)
{
	const struct record *event, *reply;
	uint64_t f;

	start_with("recorder", FUSE_DO_READDIRPLUS);
	f = node_of(1, "f")->nodeid;
	clear_records();
	CHECK(list_root(NULL));
	CHECK(count(FUSE_READDIRPLUS) > 0);
	take_records();
	event = NULL;
	for (unsigned int i = 0; i < n_records; i++)
		if (records[i].phase == EXTFUSE_EVENT &&
		    records[i].opcode == EXTFUSE_EV_DIRENTPLUS && records[i].child[0] == f)
			event = &records[i];
	CHECK(event);
	SAME(event->nodeid, FUSE_ROOT_ID);
	SAME(event->in_numargs, 2);
	SAME(event->in_size0, sizeof(struct fuse_entry_out));
	reply = need_record(EXTFUSE_REPLY, FUSE_READDIRPLUS, FUSE_ROOT_ID);
	SAME(event->cookie[0], reply->cookie[0]);
	check_pairs(true);
	stop();
}

static void start_without_a_wish_for(uint64_t events, uint64_t attrs)
{
	struct recorder_state state = { .unwanted_events = events, .unwanted_attrs = attrs };
	__u32 zero = 0;

	new_wire();
	load_recorder();
	CHECK(!bpf_map_update_elem(state_fd, &zero, &state, BPF_ANY));
	w->prog_fd = prog_fd;
	w->init_flags = FUSE_DO_READDIRPLUS;
	SAME(wire_start(w, ""), 0);
	populate();
}

/* INVAL_INODE of 4711, INVAL_ENTRY and EXPIRE of a name in 4712. */
static void invalidate_what_is_not_cached(void)
{
	struct fuse_notify_inval_inode_out inode = { .ino = 4711 };
	struct fuse_notify_inval_entry_out entry = { .parent = 4712, .namelen = 4 };
	struct iovec iov[2];

	iov[0] = (struct iovec){ &inode, sizeof(inode) };
	/* Nothing of it is cached: the driver says so, after the program was told. */
	SAME(wire_notify(w, FUSE_NOTIFY_INVAL_INODE, iov, 1), -ENOENT);
	iov[0] = (struct iovec){ &entry, sizeof(entry) };
	iov[1] = (struct iovec){ "name", 5 };
	SAME(wire_notify(w, FUSE_NOTIFY_INVAL_ENTRY, iov, 2), -ENOENT);
	entry.flags = FUSE_EXPIRE_ONLY;
	SAME(wire_notify(w, FUSE_NOTIFY_INVAL_ENTRY, iov, 2), -ENOENT);
}

static void events_that_are_not_wanted_are_not_shown(void)
{
	static const uint32_t unwanted[] = { EXTFUSE_EV_FORGET, EXTFUSE_EV_DIRENTPLUS,
					     EXTFUSE_EV_INVAL_INODE, EXTFUSE_EV_EXPIRE };
	uint64_t events = 0, nodeid;

	for (size_t i = 0; i < N_OF(unwanted); i++)
		events |= 1ULL << unwanted[i];
	start_without_a_wish_for(events, 0);
	SAME(exists("d/x"), 0);
	nodeid = node_of(node_of(1, "d")->nodeid, "x")->nodeid;
	CHECK(list_root(NULL));
	CHECK(count(FUSE_READDIRPLUS) > 0);
	/* The daemon is told all the same. */
	for (int i = 0; i < 3; i++)
		drop_caches();
	SAME(wire_node(w, nodeid)->nlookup, 0);
	invalidate_what_is_not_cached();
	take_records();
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_ATTACH, 0);
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ENTRY, 4712);
	for (size_t i = 0; i < N_OF(unwanted); i++)
		CHECK(!find_record(EXTFUSE_EVENT, unwanted[i], 0));
	stop();
}

static void attributes_that_are_not_wanted_are_no_event_by_themselves(void)
{
	uint64_t f;
	char c;
	int fd;

	start_without_a_wish_for(0, STATX_ATIME);
	fd = open(in_mount("f"), O_RDWR);
	CHECK(fd >= 0);
	f = node_of(1, "f")->nodeid;
	CHECK(pread(fd, &c, 1, 0) == 1);
	take_records();
	need_record(EXTFUSE_REPLY, FUSE_READ, f);
	CHECK(!find_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f));
	CHECK(write(fd, "x", 1) == 1);
	take_records();
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ATTR, f);
	close(fd);
	stop();
}

static void notifications_are_events_cached_or_not(void)
{
	struct fuse_notify_delete_out gone = { .parent = 4713, .child = 4714, .namelen = 4 };
	struct fuse_notify_store_out store = { .nodeid = 4715, .size = 4 };
	struct iovec iov[2];

	start();
	clear_records();
	invalidate_what_is_not_cached();
	iov[0] = (struct iovec){ &gone, sizeof(gone) };
	iov[1] = (struct iovec){ "name", 5 };
	SAME(wire_notify(w, FUSE_NOTIFY_DELETE, iov, 2), -ENOENT);
	iov[0] = (struct iovec){ &store, sizeof(store) };
	iov[1] = (struct iovec){ "data", 4 };
	SAME(wire_notify(w, FUSE_NOTIFY_STORE, iov, 2), -ENOENT);
	take_records();
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_INODE, 4711);
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ENTRY, 4712);
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_EXPIRE, 4712);
	SAME(need_record(EXTFUSE_EVENT, EXTFUSE_EV_DELETE, 4713)->child[0], 4714);
	need_record(EXTFUSE_EVENT, EXTFUSE_EV_STORE, 4715);
	SAME(need_record(EXTFUSE_EVENT, EXTFUSE_EV_INVAL_ENTRY, 4712)->in_size0, 5);
	stop();
}

/* ---- Many at once ---- */

static void *hammer(void *data)
{
	unsigned long turns = *(unsigned long *)data;
	struct stat st;

	for (unsigned long i = 0; i < turns; i++) {
		stat(in_mount("f"), &st);
		stat(in_mount("absent"), &st);
	}
	return NULL;
}

static void abort_while_everybody_asks(void)
{
	const char *scale = getenv("EXTFUSE_TEST_SCALE");
	unsigned long rounds = 20 / (scale ? (unsigned long)atol(scale) : 1) + 2;
	unsigned long turns = 2000;

	for (unsigned long round = 0; round < rounds; round++) {
		pthread_t threads[4];
		char path[64];
		int fd;

		start();
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, hammer, &turns);
		usleep(20000 + 5000 * (unsigned int)round);
		snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", w->minor);
		fd = open(path, O_WRONLY);
		CHECK(write(fd, "1", 1) == 1);
		close(fd);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		stop();
	}
}

/* ---- The first ExtFUSE's own example ---- */

static void seed_example_loads_attaches_and_answers(void)
{
	struct bpf_program *prog;
	unsigned long before;
	char path[4096];
	char text[64];

	snprintf(path, sizeof(path), "%s/seed_example.bpf.o", objects);
	object = bpf_object__open(path);
	CHECK(object);
	CHECK(bpf_object__find_map_by_name(object, "entry_map"));
	CHECK(bpf_object__find_map_by_name(object, "attr_map"));
	prog = bpf_object__find_program_by_name(object, "handle_request");
	CHECK(prog);
	bpf_program__set_type(prog, BPF_PROG_TYPE_EXTFUSE);
	CHECK(!bpf_object__load(object));
	new_wire()->prog_fd = bpf_program__fd(prog);
	SAME(wire_start(w, ""), 0);
	populate();
	wire_state(w, "extfuse", text, sizeof(text));
	CHECK(!strncmp(text, "attached ", 9));

	/* The first answer fills its maps, the others come from there. */
	before = count(FUSE_LOOKUP);
	SAME(exists("f"), 0);
	SAME(count(FUSE_LOOKUP), before + 1);
	for (int i = 0; i < 10; i++)
		SAME(exists("f"), 0);
	SAME(count(FUSE_LOOKUP), before + 1);
	SAME(exists("absent"), -ENOENT);
	SAME(count(FUSE_LOOKUP), before + 2);
	stop();
}

/* ---- What is FUSE's own ---- */

/* A reply that the daemon made, and that is sent when the test likes. */
struct held {
	_Atomic uint64_t unique;
	size_t size;
	char data[4096] __attribute__((aligned(8)));
};

static struct held held_listing, held_attributes;

static void hold(struct wire *wire, const struct fuse_in_header *in, int error, const void *data,
		 size_t size)
{
	struct held *held = NULL;

	if (in->opcode == FUSE_READDIRPLUS)
		held = &held_listing;
	else if (in->opcode == FUSE_GETATTR && in->nodeid != FUSE_ROOT_ID)
		held = &held_attributes;
	if (!held || held->unique || !size || size > sizeof(held->data)) {
		wire_send(wire, in->unique, error, data, size);
		return;
	}
	memcpy(held->data, data, size);
	held->size = size;
	held->unique = in->unique;
}

static bool is_held(struct held *held)
{
	for (int i = 0; i < 20000 && !held->unique; i++)
		usleep(1000);
	return held->unique;
}

static void send_held(struct held *held)
{
	pthread_mutex_lock(&w->lock);
	wire_send(w, held->unique, 0, held->data, held->size);
	pthread_mutex_unlock(&w->lock);
}

static void *size_of_descriptor(void *data)
{
	long *value = data;
	struct stat st;

	*value = fstat((int)*value, &st) ? -errno : st.st_size;
	return NULL;
}

static void set_size(uint64_t nodeid, uint64_t size)
{
	pthread_mutex_lock(&w->lock);
	wire_node(w, nodeid)->size = size;
	pthread_mutex_unlock(&w->lock);
}

/*
 * Without a program: what the oracle's readers have to be allowed where the VFS
 * keeps attributes, see unit/stress/reg.h.
 */
static void what_fuse_keeps_may_be_older_than_what_it_told(void)
{
	struct fuse_direntplus *entry = (void *)held_listing.data;
	struct fuse_attr_out *attributes = (void *)held_attributes.data;
	pthread_t lister, asker;
	uint64_t f;
	long told;
	int fd;

	new_wire();
	w->init_flags = FUSE_DO_READDIRPLUS;
	SAME(wire_start(w, ""), 0);
	populate();
	f = node_of(FUSE_ROOT_ID, "f")->nodeid;
	fd = open(in_mount("f"), O_RDONLY);
	CHECK(fd >= 0);
	told = fd;
	set_size(f, 100);
	w->spoil = hold;
	pthread_create(&lister, NULL, list_root, NULL);
	CHECK(is_held(&held_listing));
	set_size(f, 200);
	pthread_create(&asker, NULL, size_of_descriptor, &told);
	CHECK(is_held(&held_attributes));

	/* The first entry is that of f. */
	SAME(entry->entry_out.nodeid, f);
	entry->entry_out.attr_valid = 60;
	attributes->attr_valid = 60;
	send_held(&held_listing);
	pthread_join(lister, NULL);
	send_held(&held_attributes);
	pthread_join(asker, NULL);
	SAME(told, 200);
	told = fd;
	size_of_descriptor(&told);
	SAME(told, 100);
	close(fd);
	wire_stop(w);
	free(w);
}

static const struct test tests[] = {
	TEST(attach_shows_in_the_state_file),
	TEST(without_a_program_there_is_none),
	TEST(allow_other_needs_default_permissions),
	TEST(writer_has_to_be_the_opener),
	TEST(setuid_writer_attaches_nothing),
	TEST(writer_has_no_more_capabilities_than_the_opener),
	TEST(spliced_reply_attaches_for_the_opener_alone),
	TEST(user_namespace_attaches_what_it_was_handed),
	TEST(only_a_program_of_the_type_attaches),
	TEST(program_attaches_to_one_connection),
	TEST(parameter_stops_the_offer),
	TEST(program_lives_as_long_as_the_connection),
	TEST(one_reply_for_each_request),
	TEST(end_of_a_file_says_whether_it_was_only_read),
	TEST(errors_show_in_the_reply),
	TEST(success_is_not_shown_to_a_program_that_has_no_use_for_it),
	TEST(failure_is_shown_to_a_program_that_has_no_use_for_success),
	TEST(withdrawal_is_shown_to_a_program_that_has_no_use_for_success),
	TEST(one_reply_when_the_connection_is_aborted),
	TEST(one_reply_when_a_signal_interrupts),
	TEST(ids_are_the_requesters),
	TEST(requester_without_an_id_is_not_answered),
	TEST(children_are_named_whatever_the_result),
	TEST(lookup_of_a_live_inode_is_answered),
	TEST(lookup_of_a_dead_inode_asks_the_daemon),
	TEST(lookup_of_another_generation_or_type_asks_the_daemon),
	TEST(fresh_lookup_of_an_inode_that_does_not_fit_asks_the_daemon),
	TEST(directory_that_has_a_dentry_elsewhere_asks_the_daemon),
	TEST(negative_lookup_is_answered),
	TEST(lookups_that_must_ask_are_never_answered),
	TEST(stale_is_tried_again_with_the_daemon),
	TEST(getattr_is_answered),
	TEST(changes_are_never_answered_with_success),
	TEST(positive_results_ask_the_daemon),
	TEST(short_answer_that_is_not_taken_leaves_the_daemons_reply),
	TEST(forget_is_an_event_before_it_is_queued),
	TEST(changes_of_attributes_are_events),
	TEST(loss_of_a_backing_file_is_an_event),
	TEST(entries_of_readdirplus_are_events),
	TEST(events_that_are_not_wanted_are_not_shown),
	TEST(attributes_that_are_not_wanted_are_no_event_by_themselves),
	TEST(notifications_are_events_cached_or_not),
	TEST(abort_while_everybody_asks),
	TEST(seed_example_loads_attaches_and_answers),
	TEST(what_fuse_keeps_may_be_older_than_what_it_told),
};

int main(int argc, char **argv)
{
	return run_recorder_tests(tests, N_OF(tests), argc, argv);
}
