// SPDX-License-Identifier: LGPL-2.1-or-later
/* link.c - has a program of its own join the objects, so that their faults end that program alone */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "internal.h"
#include "join.h"

#define STACK_SIZE (64 << 10)

struct files {
	int in;
	int out;
	int report;
};

static void cleanup_files(const struct files *files)
{
	ext_cleanup_close(&files->in);
	ext_cleanup_close(&files->out);
	ext_cleanup_close(&files->report);
}

/* Shared with the two processes below until they have ended. */
struct run {
	const char *program;
	struct files files;
	char *stack;
	int status;
	int error;
};

/*
 * The two functions run beside a thread that is stopped, in its memory: they
 * call the kernel alone, and the sanitizers know nothing of their stacks.
 */
#define BARE __attribute__((no_sanitize("address", "undefined"), noinline))

BARE static void leave(void)
{
	for (;;)
		syscall(SYS_exit_group, 0);
}

BARE static int start_linker(void *data)
{
	struct run *run = data;
	/* Beyond what they are moved to, so that none is overwritten before it is moved. */
	const int in = fcntl(run->files.in, F_DUPFD, EXT_JOIN_REPORT + 1);
	const int out = fcntl(run->files.out, F_DUPFD, EXT_JOIN_REPORT + 1);
	const int report = fcntl(run->files.report, F_DUPFD, EXT_JOIN_REPORT + 1);
	char *const argv[] = { (char *)EXT_LINKER, NULL };

	if (dup2(in, EXT_JOIN_IN) == EXT_JOIN_IN && dup2(out, EXT_JOIN_OUT) == EXT_JOIN_OUT &&
	    dup2(report, EXT_JOIN_REPORT) == EXT_JOIN_REPORT) {
		syscall(SYS_close_range, EXT_JOIN_REPORT + 1, ~0U, 0);
		syscall(SYS_execve, run->program, argv, environ);
	}
	run->error = -errno;
	leave();
	return 0;
}

/*
 * Stands between: a program that was started sends SIGCHLD to its parent and can
 * be waited for by anybody there, which would be the application.
 */
BARE static int supervise(void *data)
{
	struct run *run = data;
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	int pid;

	/* If the application ignores it nobody could wait. */
	sigaction(SIGCHLD, &standard, NULL);
	pid = clone(start_linker, run->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, run);
	if (pid < 0)
		run->error = -errno;
	else
		while (syscall(SYS_wait4, pid, &run->status, 0, NULL) < 0 && errno == EINTR)
			;
	leave();
	return 0;
}

/*
 * Starts the program and waits for it. Nobody but us learns of it: the process
 * that we wait for sends no signal when it ends, and wait() does not see it.
 */
static int run_linker(struct run *run)
{
	char *stacks = mmap(NULL, (size_t)2 * STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, before;
	int cancel, pid, err = 0;

	if (stacks == MAP_FAILED)
		return -errno;
	run->stack = stacks;

	/* No handler may run in a process that shares our memory. */
	sigfillset(&all);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	/* CLONE_VFORK: we go on when it has ended. */
	pid = clone(supervise, stacks + (size_t)2 * STACK_SIZE, CLONE_VM | CLONE_VFORK, run);
	if (pid < 0)
		err = -errno;
	else
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setcancelstate(cancel, NULL);
	munmap(stacks, (size_t)2 * STACK_SIZE);
	return err ? err : run->error;
}

static int write_all(int fd, const void *data, size_t size)
{
	for (const char *p = data; size;) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The bytes that were checked, not what the files hold by now. */
static int write_objects(int fd, const struct ext_objects *objects)
{
	const struct ext_join_head head = { .count = (uint32_t)objects->n };
	int err = write_all(fd, &head, sizeof(head));

	for (size_t i = 0; i < objects->n && !err; i++) {
		uint64_t size = objects->v[i]->size;

		err = write_all(fd, &size, sizeof(size));
	}
	for (size_t i = 0; i < objects->n && !err; i++)
		err = write_all(fd, objects->v[i]->image, objects->v[i]->size);
	return err;
}

static int make_files(const struct ext_objects *objects, struct files *files)
{
	const struct ext_join_state begin = { EXT_JOIN_PENDING, EXT_JOIN_NOBODY };

	files->in = memfd_create("extfuse-objects", MFD_CLOEXEC);
	files->out = memfd_create("extfuse-linked", MFD_CLOEXEC);
	files->report = memfd_create("extfuse-report", MFD_CLOEXEC);
	if (files->in < 0 || files->out < 0 || files->report < 0)
		return -errno;

	int err = write_objects(files->in, objects);

	if (!err)
		err = write_all(files->report, &begin, sizeof(begin));
	if (!err && ftruncate(files->report, sizeof(struct ext_join_report)))
		err = -errno;
	return err;
}

/* "error: linker: ..." of a file without a name means the object that is being added. */
static void hide_path(char *line, const char *name)
{
	static const char path[] = "/proc/self/fd/";
	char *at = strstr(line, path);

	if (!at)
		return;

	size_t len = strlen(path) + strspn(at + strlen(path), "0123456789");
	size_t room = strlen(name) < len ? strlen(name) : len;

	memcpy(at, name, room);
	memmove(at + room, at + len, strlen(at + len) + 1);
}

/* Hands libbpf's messages on; *warning is set to the last that was a warning. */
static void log_messages(const struct ext_log *log, char *text, char **warning)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *message = *line ? line + 1 : line;

		hide_path(message, "object");
		ext_log(log, EXTFUSE_LOG_DEBUG, "%s", message);
		if (*line != 'W')
			continue;
		*warning = strncmp(message, "libbpf: ", 8) ? message : message + 8;
	}
}

static const char *ending(int status, char buf[64])
{
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU ||
				    WTERMSIG(status) == SIGALRM))
		return "it takes too long to link";
	if (WIFSIGNALED(status))
		snprintf(buf, 64, "libbpf crashed (%s)", strsignal(WTERMSIG(status)));
	else
		snprintf(buf, 64, "the linker ended with exit status %d", WEXITSTATUS(status));
	return buf;
}

static int report(const struct ext_log *log, const struct ext_objects *objects,
		  const struct run *run)
{
	_cleanup_free_ struct ext_join_report *result = malloc(sizeof(*result));
	const char *culprit = NULL;
	char *warning = NULL;
	char buf[64];

	if (!result)
		return -ENOMEM;
	if (pread(run->files.report, result, sizeof(*result), 0) != sizeof(*result))
		return -EIO;
	result->messages[sizeof(result->messages) - 1] = '\0';
	log_messages(log, result->messages, &warning);
	if (!result->state.error && WIFEXITED(run->status) && !WEXITSTATUS(run->status))
		return 0;

	if (result->state.object < objects->n)
		culprit = objects->v[result->state.object]->path;
	if (result->state.error == EXT_JOIN_PENDING)
		ext_err(log, "cannot link %s%s: %s", culprit ? "object " : "the objects together",
			culprit ? culprit : "", ending(run->status, buf));
	else
		ext_err(log, "cannot link %s%s: %s", culprit ? "object " : "the objects together",
			culprit ? culprit : "", warning ? warning : strerror(-result->state.error));
	return result->state.error == -ENOMEM ? -ENOMEM : -EINVAL;
}

int ext_link(const struct ext_log *log, const struct ext_objects *objects, int *fd)
{
	_cleanup_free_ char *program = NULL;
	__attribute__((cleanup(cleanup_files))) struct files files = { -1, -1, -1 };
	int err = ext_find_linker(&program);

	if (err) {
		ext_err(log, EXT_LINKER " is missing beside the objects: install libextfuse again");
		return err == -ENOMEM ? err : -EINVAL;
	}
	/* Where the linker finds the anonymous files. */
	if (access("/proc/self/fd", X_OK)) {
		ext_err(log,
			"cannot link the objects: /proc is missing; mount it: mount -t proc proc /proc");
		return -ENOENT;
	}
	err = make_files(objects, &files);
	if (err) {
		ext_err(log, "cannot prepare the objects for linking: %s", strerror(-err));
		return err;
	}

	struct run run = { .program = program, .files = files };

	err = run_linker(&run);
	if (err) {
		ext_err(log, "cannot run %s: %s", program, strerror(-err));
		return err;
	}
	err = report(log, objects, &run);
	if (err)
		return err;
	*fd = files.out;
	files.out = -1;
	return 0;
}
