/* SPDX-License-Identifier: GPL-2.0-only */
/* faults.h - makes allocations fail, and looks for what is left behind */
#ifndef FAULTS_H
#define FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAULTS_DEBUGFS "/sys/kernel/debug/"
/* More than any run injects; what is left of it tells how many there were. */
#define FAULTS_MANY 100000000L

static inline bool faults_available(void)
{
	return !access("/proc/thread-self/fail-nth", W_OK) &&
	       !access(FAULTS_DEBUGFS "failslab", F_OK) &&
	       !access(FAULTS_DEBUGFS "fail_page_alloc", F_OK);
}

static inline int faults_set(const char *what, const char *name, const char *value)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), FAULTS_DEBUGFS "%s/%s", what, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static inline long faults_number(const char *path)
{
	char text[64];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strtol(text, NULL, 0);
}

/*
 * Which allocations can fail: all, also those that may wait, and single pages. A probability above
 * zero (in per cent of every fifth allocation from a slab) is for tasks whose make-it-fail is set.
 * Every fifth, since mm/vmalloc.c warns where two of its own fail in a row (va_alloc()).
 */
static inline int faults_prepare(const char *slab_probability)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	char many[32];
	int err = 0;

	snprintf(many, sizeof(many), "%ld", FAULTS_MANY);
	for (int i = 0; i < 2; i++) {
		err |= faults_set(kinds[i], "probability", "0");
		err |= faults_set(kinds[i], "interval", "1");
		err |= faults_set(kinds[i], "times", many);
		err |= faults_set(kinds[i], "verbose", "0");
		err |= faults_set(kinds[i], "task-filter", "Y");
		err |= faults_set(kinds[i], "ignore-gfp-wait", "N");
	}
	err |= faults_set("fail_page_alloc", "ignore-gfp-highmem", "N");
	err |= faults_set("fail_page_alloc", "min-order", "0");
	err |= faults_set("failslab", "interval", "5");
	err |= faults_set("failslab", "probability", slab_probability);
	err |= faults_set("fail_usercopy", "verbose", "0");
	return err;
}

/* Of the calling task and of what it forks from now on. */
static inline void faults_apply_to_me(bool on)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, on ? "1" : "0", 1);
		close(fd);
	}
}

/* How many were injected since faults_prepare(). */
static inline long faults_injected(void)
{
	return 2 * FAULTS_MANY - faults_number(FAULTS_DEBUGFS "failslab/times") -
	       faults_number(FAULTS_DEBUGFS "fail_page_alloc/times");
}

/* The n-th allocation or copy from or to user memory of the calling thread fails; 0: none. */
static inline void fault_arm(int fd, unsigned long n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu", n);

	/* The write itself is one more that may fail. */
	while (pwrite(fd, text, (size_t)len, 0) != len)
		;
}

static inline int fault_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* Whether the armed one has happened; nothing is armed afterwards. */
static inline bool fault_disarm(int fd)
{
	char text[32] = "";
	bool happened = pread(fd, text, sizeof(text) - 1, 0) > 0 && atol(text) == 0;

	fault_arm(fd, 0);
	return happened;
}

/* How many programs or maps there are. */
static inline unsigned int loaded_ids(int command)
{
	union bpf_attr attr;
	unsigned int n = 0;

	memset(&attr, 0, sizeof(attr));
	while (!syscall(SYS_bpf, command, &attr, sizeof(attr))) {
		attr.start_id = attr.next_id;
		n++;
	}
	return n;
}

/*
 * Programs and maps that stay loaded. They are let go of after grace periods, also those of the
 * test before: a count taken at once may be of what is about to go.
 */
static inline unsigned int loaded_in_the_end(void)
{
	unsigned int left = 0;

	for (int i = 0; i < 3000; i++) {
		left = loaded_ids(BPF_PROG_GET_NEXT_ID) + loaded_ids(BPF_MAP_GET_NEXT_ID);
		if (!left)
			break;
		usleep(20000);
	}
	return left;
}

/* Objects of a slab cache that are in use; negative if the kernel does not tell. */
static inline long slab_objects(const char *cache)
{
	char path[128];
	int fd;

	/* Free ones leave the CPUs' lists and the quarantine. */
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	(void)!write(fd, "1", 1);
	close(fd);
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", cache);
	return faults_number(path);
}

#endif
