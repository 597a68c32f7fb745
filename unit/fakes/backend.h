/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * backend.h - what runs the program of a test: C functions with fakes of the helpers (host.c), or
 * the kernel, which runs the bytecode (bytecode.c). One of them is linked.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include "fake.h"

/* Empty maps, variables of the program at zero, all slots filled. */
void backend_begin(void);
void backend_end(void);
/* Whether this case can be run; if not, its name and the reason are printed. */
bool backend_can_run(const struct fake_case *test);
/* What the program returned; outputs that it gave are in the request, which says so in `written`. */
int backend_run(struct fake_req *req, bool fill);
/* As backend_run() up to its first step, on a CPU of its own; what it returned in the end. */
void backend_start(struct fake_req *req);
int backend_result(void);
/* Statistics of an opcode, those of all CPUs together. */
void backend_stats(__u32 opcode, struct ext_op_stats *sum);
/* Variables too large to be copied each time are what the program left from here on. */
void backend_fetch_variables(void);

/* An argument that is this much longer than what programs have room for cannot be read. */
#define TOO_LONG 70000

/* Nanoseconds since boot, as the program sees them. */
__u64 fake_now(void);

#endif /* FAKE_BACKEND_H */
