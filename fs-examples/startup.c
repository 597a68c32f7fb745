// SPDX-License-Identifier: GPL-2.0-only
/* startup.c - the time until the outcome of a start is known */
#include "startup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool done;
static bool in_foreground = true;
static int parent = -1;
static char fuse_error[256];

void say(const char *format, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	/* In one piece, so that it stays one line among others. */
	fprintf(stderr, "stackfs: %s\n", line);
}

static void wait_for_child(int fd, pid_t child)
{
	unsigned char status;
	ssize_t n;

	do
		n = read(fd, &status, sizeof(status));
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(status);

	int how = 0;

	waitpid(child, &how, 0);
	if (WIFSIGNALED(how))
		say("the daemon was killed by signal %d", WTERMSIG(how));
	_exit(WIFEXITED(how) && WEXITSTATUS(how) ? WEXITSTATUS(how) : 1);
}

void startup_begin(bool foreground)
{
	int fds[2];
	pid_t child;

	in_foreground = foreground;
	if (foreground)
		return;
	if (pipe2(fds, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		say("cannot start the daemon: %s", strerror(errno));
		exit(1);
	}
	if (child) {
		close(fds[1]);
		wait_for_child(fds[0], child);
	}
	close(fds[0]);
	parent = fds[1];
	setsid();
}

static void let_go_of_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

void startup_done(int status)
{
	unsigned char byte = (unsigned char)status;

	pthread_mutex_lock(&lock);
	if (!done && !in_foreground) {
		if (!status)
			let_go_of_terminal();
		/* A parent that is gone has nothing to be told. */
		if (write(parent, &byte, sizeof(byte)) < 0)
			errno = 0;
		close(parent);
	}
	done = true;
	pthread_mutex_unlock(&lock);
}

void startup_fuse_log(enum fuse_log_level level, const char *format, va_list ap)
{
	static const char prefix[] = "fuse: ";
	char line[sizeof(fuse_error)];
	const char *text = line;

	pthread_mutex_lock(&lock);
	if (done || level > FUSE_LOG_ERR) {
		vfprintf(stderr, format, ap);
	} else if (!fuse_error[0]) {
		vsnprintf(line, sizeof(line), format, ap);
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(text, prefix, strlen(prefix)))
			text += strlen(prefix);
		snprintf(fuse_error, sizeof(fuse_error), "%s", text);
	}
	pthread_mutex_unlock(&lock);
}

const char *startup_fuse_error(void)
{
	return fuse_error[0] ? fuse_error : "see the message before this one";
}
