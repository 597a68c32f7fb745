/* SPDX-License-Identifier: GPL-2.0-only */
/* probe.h - what test programs are told to do and what they saw, shared by BPF and C */
#ifndef PROBE_H
#define PROBE_H

#include <linux/types.h>

#define PROBE_STEPS 4
#define PROBE_BUF 512
#define PROBE_FILL 0xa5

enum probe_kind { PROBE_NOTHING, PROBE_READ, PROBE_WRITE };

/* One call of a helper. buf: what is written, or what the read left (filled with PROBE_FILL before). */
struct probe_step {
	__u32 kind;
	__u32 code;
	__u32 size;
	__s32 ret;
	__u8 buf[PROBE_BUF];
};

/* One run of a program. */
struct probe_job {
	__s32 retval;
	__u32 set_cookie;
	__u64 cookie[2];
	struct probe_step steps[PROBE_STEPS];
};

/* What the recorder keeps of each run. */
#define RECORD_MAX 4096

struct recorder_state {
	__u32 recorded;
	__u32 unused;
	__u64 next_cookie;
	/* what it says at its attach */
	__u64 unwanted_events;
	__u64 unwanted_attrs;
};

struct record {
	__u32 phase;
	__u32 opcode;
	__u64 nodeid;
	__s32 error;
	__u32 in_numargs;
	__u64 child[2];
	__u64 cookie[2];
	__u32 uid;
	__u32 pid;
	__u32 in_size0;
	__u32 out_size0;
	__u32 flags;
	__u32 unused;
	__u64 in_word; /* first bytes of IN_PARAM_0, as far as they can be read */
};

enum { WAIT_NONE, WAIT_BEGUN, WAIT_ENDED, WAIT_TOO_LONG };

/* What the recorder answers, by opcode: the outputs are written, then retval is returned. */
struct answer {
	__u32 active;
	__s32 retval;
	__u32 out_size;	 /* 0: none is written */
	__s32 write_ret; /* what the helper said */
	__u64 nodeid;	 /* only for this nodeid; 0: any */
	__u32 held;	 /* not given while this is set, or for seconds at most */
	__u32 wait;	 /* of the run that was held */
	__u8 out[256];
};

#endif
