/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * startup.h - the time until the outcome of a start is known
 *
 * stackfs returns to the shell when the mount can be used, or when it is known that there is
 * none. So the daemon is a child from the beginning, and the parent waits for its word.
 */
#ifndef STACKFS_STARTUP_H
#define STACKFS_STARTUP_H

#include <stdarg.h>
#include <stdbool.h>

#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse_lowlevel.h>

/* Prints one line "stackfs: ..." on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In the child; the parent waits and exits. In the foreground there is no child. */
void startup_begin(bool foreground);

/*
 * The outcome: the exit status of the parent. The first call counts, which may come from any
 * thread. After a start without a fault the daemon lets go of the terminal.
 */
void startup_done(int status);

/* Keeps the first error of libfuse until startup_done(), and prints its messages later. */
void startup_fuse_log(enum fuse_log_level level, const char *format, va_list ap);
const char *startup_fuse_error(void);

#endif
