// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * extfuse_link.c - the program that links for libextfuse: whatever an object
 * does to libbpf, it does not happen in the daemon's process
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"
#include "join.h"

/* A complete set links in a fraction of a second; on an emulated CPU with KASAN in some. */
#define MAX_CPU_SECONDS 30
#define MAX_SECONDS 120
#define MAX_MEMORY (1UL << 30)
#define MAX_OUTPUT (256UL << 20)

static void set_limit(__rlimit_resource_t what, rlim_t value)
{
	const struct rlimit limit = { value, value };

	/* One that is lower already stays. */
	(void)setrlimit(what, &limit);
}

/* It reads files that somebody gave us, so it may nothing, and not for long. */
static void confine(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };
	sigset_t all;

	/* As inherited from whoever started us, a limit's signal could be ignored. */
	for (int i = 1; i < SIGRTMIN; i++)
		signal(i, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);

	set_limit(RLIMIT_CPU, MAX_CPU_SECONDS);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_FSIZE, MAX_OUTPUT);
#ifndef __SANITIZE_ADDRESS__
	set_limit(RLIMIT_AS, MAX_MEMORY);
#endif
	alarm(MAX_SECONDS);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_capset, &head, none);
}

static struct ext_join_report *report;

static void progress(uint32_t object)
{
	report->state.object = object;
}

/* What goes wrong is said last, so there has to be room for it behind some thousand details. */
#define ROOM_FOR_WARNINGS (8UL << 10)

__attribute__((format(printf, 2, 0))) static int print(enum libbpf_print_level level,
						       const char *format, va_list args)
{
	static size_t used;
	const bool warning = level == LIBBPF_WARN;
	const size_t end = sizeof(report->messages) - (warning ? 1 : ROOM_FOR_WARNINGS);
	int length;

	/* Its letter, a newline and a zero. */
	if (used + 3 > end)
		return 0;
	report->messages[used++] = warning ? 'W' : 'D';
	length = vsnprintf(report->messages + used, end - used, format, args);
	used += length < 0 ? 0 : (size_t)length < end - used ? (size_t)length : end - used - 1;
	report->messages[used - 1] = '\n';
	return length;
}

static int join(const char *data, size_t size)
{
	const struct ext_join_head *head = (const void *)data;
	const uint64_t *sizes = (const void *)(head + 1);

	if (size < sizeof(*head) || head->count > (size - sizeof(*head)) / sizeof(*sizes))
		return -EINVAL;

	_cleanup_free_ struct ext_join_image *images = calloc(head->count + 1UL, sizeof(*images));
	size_t at = sizeof(*head) + head->count * sizeof(*sizes);

	if (!images)
		return -ENOMEM;
	for (uint32_t i = 0; i < head->count; i++) {
		if (sizes[i] > size - at)
			return -EINVAL;
		images[i] = (struct ext_join_image){ data + at, sizes[i] };
		at += sizes[i];
	}
	return ext_join(images, head->count, EXT_JOIN_OUT, progress);
}

/* Started by hand there are no such descriptors. */
static int usage(void)
{
	fputs("extfuse-link is run by libextfuse, which hands it the objects to link.\n", stderr);
	return 2;
}

int main(void)
{
	struct stat in, out;

	if (fstat(EXT_JOIN_REPORT, &out) || out.st_size != sizeof(*report) ||
	    fstat(EXT_JOIN_IN, &in) || !in.st_size)
		return usage();
	report =
		mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, EXT_JOIN_REPORT, 0);
	if (report == MAP_FAILED)
		return usage();
	confine();
	libbpf_set_print(print);

	size_t size = (size_t)in.st_size;
	const char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, EXT_JOIN_IN, 0);

	report->state.error = data == MAP_FAILED ? -errno : join(data, size);
	/* The library does not wait for a sanitizer's or a destructor's opinion. */
	_exit(0);
}
