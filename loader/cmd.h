/* SPDX-License-Identifier: GPL-2.0-only */
/* cmd.h - subcommands of the command extfuse; each returns its exit code */
#ifndef EXT_CMD_H
#define EXT_CMD_H

#include "internal.h"

/* Something is wrong with the machine or an object, and with how the command was called. */
#define EXIT_TROUBLE 1
#define EXIT_USAGE 2

int cmd_policies(int argc, char **argv);
int cmd_handlers(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_new(int argc, char **argv);

/* One line on stderr that starts with the command's name. */
__attribute__((format(printf, 1, 2))) void cmd_error(const char *fmt, ...);
/* Errors to stderr, the rest nowhere. */
extern const struct ext_log cmd_log;
/* Refuses arguments to a subcommand that takes none: 0 or EXIT_USAGE. */
int cmd_no_arguments(int argc, char **argv);

#endif /* EXT_CMD_H */
