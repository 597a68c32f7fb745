// SPDX-License-Identifier: GPL-2.0-only
/* locks.c - record locks of processes and of open files, flock and leases */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static struct flock record(int type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

static long lock(int fd, int command, int type, off_t start, off_t len)
{
	struct flock request = record(type, start, len);

	return fcntl(fd, command, &request);
}

static void say_lock(const char *step, int fd, int command, int type, off_t start, off_t len)
{
	struct flock request = record(type, start, len);

	if (check(step, fcntl(fd, command, &request), 0) < 0)
		return;
	if (request.l_type == F_UNLCK)
		say(step, "free");
	else
		say(step, "type %d from %lld for %lld by %s", request.l_type,
		    (long long)request.l_start, (long long)request.l_len,
		    request.l_pid == getppid() ? "the parent"
		    : request.l_pid == -1      ? "a file"
					       : "another");
}

/* Runs in a child, whose lines come before what the parent says next. */
static void in_child(void (*function)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		function();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void other_process(void)
{
	int fd = opened("f", O_RDWR);

	check("child: write lock", lock(fd, F_SETLK, F_WRLCK, 0, 10), -EAGAIN);
	check("child: beside", lock(fd, F_SETLK, F_WRLCK, 100, 10), 0);
	check("child: read lock", lock(fd, F_SETLK, F_RDLCK, 5, 1), -EAGAIN);
	check("child: shared", lock(fd, F_SETLK, F_RDLCK, 50, 10), 0);
	check("child: write over shared", lock(fd, F_SETLK, F_WRLCK, 50, 10), -EAGAIN);
	say_lock("child: who", fd, F_GETLK, F_WRLCK, 0, 0);
	say_lock("child: who reads", fd, F_GETLK, F_RDLCK, 55, 1);
	say_lock("child: who writes", fd, F_GETLK, F_WRLCK, 55, 1);
	close(fd);
}

static void after_unlock(void)
{
	int fd = opened("f", O_RDWR);

	check("child: write lock", lock(fd, F_SETLK, F_WRLCK, 0, 5), 0);
	check("child: what is still locked", lock(fd, F_SETLK, F_WRLCK, 5, 5), -EAGAIN);
	close(fd);
}

static void all_free(void)
{
	int fd = opened("f", O_RDWR);

	check("child: everything", lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	close(fd);
}

static void record_locks(void)
{
	int fd, other, reader;

	file("f", "abc");
	fd = opened("f", O_RDWR);
	check("write lock", lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	check("shared", lock(fd, F_SETLK, F_RDLCK, 50, 10), 0);
	check("again", lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	in_child(other_process);
	check("unlock a part", lock(fd, F_SETLK, F_UNLCK, 0, 5), 0);
	in_child(after_unlock);
	check("bad start", lock(fd, F_SETLK, F_WRLCK, -5, 2), -EINVAL);
	check("negative length", lock(fd, F_SETLK, F_WRLCK, 30, -10), 0);
	check("bad type", lock(fd, F_SETLK, 77, 0, 10), -EINVAL);
	reader = opened("f", O_RDONLY);
	check("write lock by a reader", lock(reader, F_SETLK, F_WRLCK, 0, 1), -EBADF);
	check("closing any descriptor", close(reader), 0);
	in_child(all_free);
	other = opened(".", O_RDONLY);
	check("on a directory", lock(other, F_SETLK, F_RDLCK, 0, 1), ANY);
	close(other);
	close(fd);
}

static void locks_of_open_files(void)
{
	int one, two;

	file("f", "");
	one = opened("f", O_RDWR);
	two = opened("f", O_RDWR);
	check("one", lock(one, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
	check("two", lock(two, F_OFD_SETLK, F_WRLCK, 0, 10), -EAGAIN);
	check("of the process", lock(two, F_SETLK, F_WRLCK, 0, 10), -EAGAIN);
	say_lock("who", two, F_OFD_GETLK, F_WRLCK, 0, 1);
	check("beside", lock(two, F_OFD_SETLK, F_WRLCK, 10, 10), 0);
	check("close", close(one), 0);
	check("two again", lock(two, F_OFD_SETLK, F_WRLCK, 0, 10), 0);
	close(two);
}

static void flocks(void)
{
	int one, two, copy;

	file("f", "");
	one = opened("f", O_RDWR);
	two = opened("f", O_RDONLY);
	copy = dup(one);
	check("exclusive", flock(one, LOCK_EX), 0);
	check("other", flock(two, LOCK_EX | LOCK_NB), -EAGAIN);
	check("other shared", flock(two, LOCK_SH | LOCK_NB), -EAGAIN);
	check("by the copy", flock(copy, LOCK_EX | LOCK_NB), 0);
	check("to shared", flock(one, LOCK_SH), 0);
	check("other shared", flock(two, LOCK_SH | LOCK_NB), 0);
	check("upgrade", flock(one, LOCK_EX | LOCK_NB), -EAGAIN);
	check("close", close(one), 0);
	check("the copy still holds", flock(copy, LOCK_SH | LOCK_NB), 0);
	check("close the copy", close(copy), 0);
	check("free at once", flock(two, LOCK_EX | LOCK_NB), 0);
	check("free", flock(two, LOCK_EX), 0);
	check("unlock", flock(two, LOCK_UN), 0);
	check("bad operation", flock(two, 77), -EINVAL);
	close(two);
	dir("d");
	one = opened("d", O_RDONLY);
	check("directory", flock(one, LOCK_EX | LOCK_NB), 0);
	close(one);
}

static void on_signal(int number)
{
	(void)number;
}

static void waits_for_the_parent(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	int fd = opened("f", O_RDWR);

	sigaction(SIGALRM, &action, NULL);
	ualarm(50000, 50000);
	check("child: wait is interrupted", lock(fd, F_SETLKW, F_WRLCK, 0, 10), -EINTR);
	check("child: flock's wait too", flock(fd, LOCK_EX), -EINTR);
	ualarm(0, 0);
	close(fd);
}

static void waiting_for_locks(void)
{
	int fd;

	file("f", "");
	fd = opened("f", O_RDWR);
	check("lock", lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	check("flock", flock(fd, LOCK_EX), 0);
	in_child(waits_for_the_parent);
	close(fd);
}

static void leases(void)
{
	int fd;

	file("f", "");
	fd = opened("f", O_RDONLY);
	check("read lease", fcntl(fd, F_SETLEASE, F_RDLCK), ANY);
	check("lease", fcntl(fd, F_GETLEASE), ANY);
	check("unlock", fcntl(fd, F_SETLEASE, F_UNLCK), ANY);
	close(fd);
}

const struct test lock_tests[] = {
	TEST(record_locks), TEST(locks_of_open_files),
	TEST(flocks),	    TEST(waiting_for_locks),
	TEST(leases),	    END_OF_TESTS,
};
