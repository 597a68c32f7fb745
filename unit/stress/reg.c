// SPDX-License-Identifier: GPL-2.0-only
/* reg.c - registers, and the report of what contradicts them */
#include "reg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What is wrong once tends to be wrong often. */
#define REPORTS 20

struct totals *totals;
bool stop_at_first;

static const char *const names[CHECKS] = {
	[CHECK_SIZE] = "size",	     [CHECK_MODE] = "mode",	      [CHECK_OWNER] = "owner",
	[CHECK_MTIME] = "mtime",     [CHECK_ATIME] = "atime",	      [CHECK_CTIME] = "ctime",
	[CHECK_NLINK] = "nlink",     [CHECK_NAME] = "name",	      [CHECK_INODE] = "inode",
	[CHECK_XATTR] = "xattr",     [CHECK_XATTR_LIST] = "list",     [CHECK_CONTENT] = "content",
	[CHECK_LISTING] = "listing", [CHECK_DIRECTORY] = "directory", [CHECK_BEHIND] = "behind",
};

const char *check_name(enum check check)
{
	return names[check];
}

void reg_init(struct reg *reg)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&reg->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	reg->begun = reg->done = reg->seen = 1;
}

void reg_init_kept(struct reg *reg)
{
	reg_init(reg);
	reg->kept = true;
}

uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t reg_change(struct reg *reg)
{
	if (pthread_mutex_trylock(&reg->lock))
		return 0;
	return ++reg->begun;
}

void reg_changed(struct reg *reg)
{
	reg->done = reg->begun;
	totals->changes++;
	pthread_mutex_unlock(&reg->lock);
}

void reg_changed_behind(struct reg *reg)
{
	totals->changes++;
	pthread_mutex_unlock(&reg->lock);
}

static void raise_to(_Atomic uint64_t *to, uint64_t value)
{
	uint64_t old = *to;

	while (old < value && !atomic_compare_exchange_weak(to, &old, value))
		;
}

/* A version and the time when it was read, in one word: both change at once. */
#define WAITING_TIME_BITS 40

static uint64_t waiting_time(uint64_t waiting)
{
	return waiting & ((1ULL << WAITING_TIME_BITS) - 1);
}

static void let_bind(struct reg *reg, uint64_t waiting)
{
	if (waiting_time(waiting) < totals->horizon)
		raise_to(&reg->seen, waiting >> WAITING_TIME_BITS);
}

/* While one version waits, newer ones are passed over: that asks less of readers, never more. */
static void was_seen(struct reg *reg, uint64_t version)
{
	uint64_t waiting = reg->waiting;

	if (!reg->kept) {
		raise_to(&reg->seen, version);
		return;
	}
	let_bind(reg, waiting);
	if (version > waiting >> WAITING_TIME_BITS && reg->seen >= waiting >> WAITING_TIME_BITS)
		atomic_compare_exchange_strong(&reg->waiting, &waiting,
					       version << WAITING_TIME_BITS | clock_ms());
}

uint64_t reg_before(struct reg *reg)
{
	uint64_t done = reg->done, seen;

	if (reg->kept)
		let_bind(reg, reg->waiting);
	seen = reg->seen;
	return done > seen ? done : seen;
}

uint64_t reg_completed(struct reg *reg)
{
	return reg->done;
}

void violation(const char *path, const char *format, ...)
{
	char text[256], line[768];
	va_list args;
	int len;

	if (stop_at_first)
		totals->stop = true;
	if (totals->violations++ >= REPORTS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	len = snprintf(line, sizeof(line), "violation: %.300s: %s\n", path, text);
	/* One write, so that lines of several processes do not mix. */
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		totals->stop = true;
}

bool reg_check(enum check check, struct reg *reg, uint64_t since, reg_matches matches, int i,
	       const void *value, const char *path)
{
	uint64_t until = reg->begun;

	totals->checks[check]++;
	for (uint64_t version = since; version <= until; version++)
		if (matches(i, version, value)) {
			was_seen(reg, version);
			return true;
		}
	for (uint64_t version = since; version-- > 1;)
		if (matches(i, version, value)) {
			violation(path, "%s of version %llu, %llu completed or was seen before",
				  names[check], (unsigned long long)version,
				  (unsigned long long)since);
			return false;
		}
	violation(path, "%s of no version, between %llu and %llu", names[check],
		  (unsigned long long)since, (unsigned long long)until);
	return false;
}

uint64_t floor_before(_Atomic uint64_t *floor)
{
	return *floor;
}

void floor_raise(_Atomic uint64_t *floor, uint64_t value)
{
	raise_to(floor, value);
}

void floor_check(enum check check, _Atomic uint64_t *floor, uint64_t since, uint64_t value,
		 const char *path)
{
	totals->checks[check]++;
	if (value < since)
		violation(path, "%s went back by %llu ns", names[check],
			  (unsigned long long)(since - value));
	raise_to(floor, value);
}
