/* SPDX-License-Identifier: GPL-2.0-only */
/* random.h - random programs that the verifier takes, and a model of what comes of each */
#ifndef RANDOM_H
#define RANDOM_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/extfuse.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STEPS_MAX 6
#define BUF_MAX 320
#define WORDS 16
#define OPS 64
#define INSNS_MAX 8192
#define ARGS_MAX 4096

/* What a program leaves in its map, and finds there. */
struct random_log {
	/* numbers that the verifier knows nothing of */
	uint64_t words[WORDS];
	struct {
		int64_t ret;
		uint64_t field;
		uint8_t buf[BUF_MAX];
	} steps[STEPS_MAX];
	/* reads that failed and left something */
	uint64_t leaks;
	struct random_op {
		uint64_t requests, replies;
		/* REQUESTs to which the program returned an error, or success with every output */
		uint64_t errors, successes;
	} ops[OPS];
};

/* ---- Numbers ---- */

struct dice {
	uint64_t state;
};

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)(((z ^ z >> 31) & 0xffffffff) % sides);
}

static inline uint64_t roll64(struct dice *dice)
{
	uint64_t high = roll(dice, 0xffffffff);

	return high << 32 ^ roll(dice, 0xffffffff);
}

static inline int roll_error(struct dice *dice)
{
	return -1 - (int)roll(dice, roll(dice, 2) ? 40 : 511);
}

/* ---- Plans ---- */

enum step_kind { STEP_READ, STEP_WRITE, STEP_FIELD, STEP_COOKIE, STEP_KINDS };
enum from { FROM_CONSTANT, FROM_WORD };

/* A number that is in the instructions, or in words[] for the verifier not to know it. */
struct operand {
	enum from from;
	uint64_t value; /* or the word's index */
};

struct step {
	enum step_kind kind;
	struct operand code;
	struct operand size; /* of a word: its low 8 bits, and 1 more for a read */
	bool on_stack;
	bool fill; /* the stack is filled first; else it holds what was there */
	/* STEP_FIELD: a load; STEP_COOKIE: a store of words[word] */
	int offset, width;
	unsigned int word;
	/* the step is left out if the 4 bytes of the context at guard_offset equal guard_value */
	bool guarded;
	int guard_offset;
	uint32_t guard_value;
};

enum result_from { RESULT_CONSTANT, RESULT_WIDE, RESULT_WORD, RESULT_STEP };

struct plan {
	struct step steps[STEPS_MAX];
	unsigned int nsteps;
	enum result_from result_from;
	int64_t result; /* or the index of a word or step */
};

static const int plain_fields[] = {
	offsetof(struct extfuse_req, opcode),	   offsetof(struct extfuse_req, phase),
	offsetof(struct extfuse_req, error),	   offsetof(struct extfuse_req, in_numargs),
	offsetof(struct extfuse_req, out_numargs), offsetof(struct extfuse_req, in_size[0]),
	offsetof(struct extfuse_req, out_size[0]), offsetof(struct extfuse_req, out_size[1]),
};

/* Sizes of arguments, and those beside them. */
static inline uint32_t roll_size(struct dice *dice)
{
	static const uint32_t sizes[] = {
		1,
		4,
		8,
		16,
		24,
		64,
		80,
		256,
		sizeof(struct fuse_entry_out),
		sizeof(struct fuse_attr_out),
		sizeof(struct fuse_statx_out),
		sizeof(struct fuse_kstatfs),
		sizeof(struct fuse_getxattr_out),
	};
	uint32_t size = sizes[roll(dice, sizeof(sizes) / sizeof(*sizes))];

	if (roll(dice, 4) == 0)
		size += roll(dice, 3) - 1;
	return size > BUF_MAX ? BUF_MAX : size;
}

static inline uint64_t roll_code(struct dice *dice, enum step_kind kind)
{
	switch (roll(dice, 16)) {
	case 0:
		return 0x80000000u | roll(dice, 16);
	case 1:
		return ~0u - roll(dice, 4);
	default:
		if (kind == STEP_WRITE && roll(dice, 4))
			return roll(dice, 4) ? OUT_PARAM_0 : OUT_PARAM_1;
		return roll(dice, OUT_PARAM_1 + 3);
	}
}

static inline void plan_step(struct dice *dice, struct step *step)
{
	step->kind = roll(dice, 4) ? roll(dice, 2) : roll(dice, STEP_KINDS);
	step->code = roll(dice, 5) ? (struct operand){ FROM_CONSTANT, roll_code(dice, step->kind) }
				   : (struct operand){ FROM_WORD, roll(dice, WORDS) };
	step->size = roll(dice, 5) ? (struct operand){ FROM_CONSTANT, roll_size(dice) }
				   : (struct operand){ FROM_WORD, roll(dice, WORDS) };
	/* Numbers have one size, which few would have by chance. */
	if (step->kind == STEP_READ && step->size.from == FROM_CONSTANT && roll(dice, 2) &&
	    (step->code.value < IN_PARAM_0_VALUE || step->code.value == IN_PARAM_1_SIZE ||
	     step->code.value == IN_PARAM_2_SIZE))
		step->size.value = step->code.value == NODEID ? 8 : 4;
	if (step->kind == STEP_READ && step->size.from == FROM_CONSTANT && !step->size.value)
		step->size.value = 1;
	step->on_stack = roll(dice, 2);
	step->fill = roll(dice, 2);
	step->width = 1 << roll(dice, 4);
	step->offset =
		(int)roll(dice, sizeof(struct extfuse_req) / (uint32_t)step->width) * step->width;
	if (step->kind == STEP_COOKIE)
		step->offset = (int)offsetof(struct extfuse_req, cookie[roll(dice, 2)]);
	step->word = roll(dice, WORDS);
	step->guarded = roll(dice, 5) == 0;
	step->guard_offset = plain_fields[roll(dice, sizeof(plain_fields) / sizeof(*plain_fields))];
	step->guard_value = roll(dice, 4);
}

static inline void make_plan(struct dice *dice, struct plan *plan)
{
	static const int results[] = { 0,
				       1,
				       2,
				       38,
				       512,
				       0x7fffffff,
				       -512,
				       -513,
				       -511,
				       EXTFUSE_UPCALL,
				       EXTFUSE_UPCALL_QUIET,
				       -0x7fffffff,
				       -0x7fffffff - 1 };

	memset(plan, 0, sizeof(*plan));
	plan->nsteps = 1 + roll(dice, STEPS_MAX);
	for (unsigned int i = 0; i < plan->nsteps; i++)
		plan_step(dice, &plan->steps[i]);
	plan->result = roll(dice, 2) ? 0 : roll_error(dice);
	/* By chance few would write what can be an answer. */
	if (roll(dice, 2)) {
		struct step *last = &plan->steps[plan->nsteps - 1];

		last->kind = STEP_WRITE;
		last->code = (struct operand){ FROM_CONSTANT, OUT_PARAM_0 };
		last->size.from = FROM_CONSTANT;
		last->size.value = roll_size(dice);
		last->guarded = false;
		plan->result = roll(dice, 4) ? 0 : plan->result;
	}
	switch (roll(dice, 12)) {
	case 0:
		plan->result = results[roll(dice, sizeof(results) / sizeof(*results))];
		break;
	case 1:
		/* What counts is its lower half. */
		plan->result_from = RESULT_WIDE;
		plan->result = (int64_t)(roll64(dice) << 32 | (uint32_t)plan->result);
		break;
	case 2:
		plan->result_from = RESULT_WORD;
		plan->result = roll(dice, WORDS);
		break;
	case 3:
		plan->result_from = RESULT_STEP;
		plan->result = roll(dice, plan->nsteps);
		break;
	}
}

/* ---- Instructions ---- */

struct code {
	struct bpf_insn insns[INSNS_MAX];
	int n;
};

static inline int emit(struct code *code, int op, int dst, int src, int off, int imm)
{
	if (code->n == INSNS_MAX)
		abort();
	code->insns[code->n] = (struct bpf_insn){ .code = (__u8)op,
						  .dst_reg = (__u8)(dst & 15),
						  .src_reg = (__u8)(src & 15),
						  .off = (__s16)off,
						  .imm = imm };
	return code->n++;
}

#define MOV_IMM(c, r, v) emit(c, BPF_ALU64 | BPF_MOV | BPF_K, r, 0, 0, (int)(v))
#define MOV_REG(c, r, s) emit(c, BPF_ALU64 | BPF_MOV | BPF_X, r, s, 0, 0)
#define ALU_IMM(c, op, r, v) emit(c, BPF_ALU64 | (op) | BPF_K, r, 0, 0, (int)(v))
#define ALU_REG(c, op, r, s) emit(c, BPF_ALU64 | (op) | BPF_X, r, s, 0, 0)
#define LOAD(c, w, r, s, o) emit(c, BPF_LDX | BPF_MEM | (w), r, s, o, 0)
#define STORE(c, w, r, o, s) emit(c, BPF_STX | BPF_MEM | (w), r, s, o, 0)
#define COUNT(c, r, o, s) emit(c, BPF_STX | BPF_ATOMIC | BPF_DW, r, s, o, BPF_ADD)
#define JUMP_IMM(c, op, r, v) emit(c, BPF_JMP | (op) | BPF_K, r, 0, 0, (int)(v))
#define JUMP_IMM32(c, op, r, v) emit(c, BPF_JMP32 | (op) | BPF_K, r, 0, 0, (int)(v))

static inline void load_wide(struct code *c, int reg, int kind, uint64_t value)
{
	emit(c, BPF_LD | BPF_IMM | BPF_DW, reg, kind, 0, (int)(value & 0xffffffff));
	emit(c, 0, 0, 0, 0, kind ? 0 : (int)(value >> 32));
}

/* A jump emitted before leads to here. */
static inline void land(struct code *c, int from)
{
	c->insns[from].off = (__s16)(c->n - from - 1);
}

static inline int word_offset(uint64_t i)
{
	return (int)(offsetof(struct random_log, words) + i * 8);
}

static inline int step_offset(unsigned int i)
{
	return (int)(offsetof(struct random_log, steps) +
		     i * sizeof(((struct random_log *)0)->steps[0]));
}

/* In all programs: the context, a bit for each output written, the map's value, the result. */
enum { CTX = 6, WRITTEN = 7, LOG = 8, RESULT = 9, FP = 10 };

static inline void emit_operand(struct code *c, int reg, const struct operand *operand)
{
	if (operand->from == FROM_WORD)
		LOAD(c, BPF_DW, reg, LOG, word_offset(operand->value));
	else
		load_wide(c, reg, 0, operand->value);
}

/* Counts the bytes' being anything but zero, when the helper failed. */
static inline void emit_leak_check(struct code *c, int base, int off, uint32_t size)
{
	int done = JUMP_IMM(c, BPF_JEQ, 0, 0);
	uint32_t i = 0;

	MOV_IMM(c, 2, 0);
	for (; i < size; i += size - i < 8 ? 1 : 8) {
		LOAD(c, size - i < 8 ? BPF_B : BPF_DW, 1, base, off + (int)i);
		ALU_REG(c, BPF_OR, 2, 1);
	}

	int clean = JUMP_IMM(c, BPF_JEQ, 2, 0);

	MOV_IMM(c, 1, 1);
	COUNT(c, LOG, (int)offsetof(struct random_log, leaks), 1);
	land(c, clean);
	land(c, done);
}

static inline void emit_call(struct code *c, const struct step *step, unsigned int i)
{
	const int buf = step_offset(i) + 16;
	int base = LOG, off = buf;

	if (step->on_stack) {
		base = FP;
		off = -BUF_MAX;
		for (int at = 0; at < BUF_MAX && (step->fill || step->kind == STEP_WRITE);
		     at += 8) {
			LOAD(c, BPF_DW, 1, LOG, buf + at);
			STORE(c, BPF_DW, FP, off + at, 1);
		}
	}
	MOV_REG(c, 1, CTX);
	emit_operand(c, 2, &step->code);
	MOV_REG(c, 3, base);
	ALU_IMM(c, BPF_ADD, 3, off);
	emit_operand(c, 4, &step->size);
	if (step->size.from == FROM_WORD) {
		ALU_IMM(c, BPF_AND, 4, 255);
		if (step->kind == STEP_READ)
			ALU_IMM(c, BPF_ADD, 4, 1);
	}
	emit(c, BPF_JMP | BPF_CALL, 0, 0, 0,
	     step->kind == STEP_READ ? BPF_FUNC_extfuse_read_args : BPF_FUNC_extfuse_write_args);
	STORE(c, BPF_DW, LOG, step_offset(i), 0);
	if (step->kind == STEP_READ) {
		if (step->size.from == FROM_CONSTANT)
			emit_leak_check(c, base, off, (uint32_t)step->size.value);
		/* What lies behind the size that was asked for is whatever it was. */
		for (int at = 0; at < BUF_MAX && step->on_stack; at += 8) {
			LOAD(c, BPF_DW, 1, FP, off + at);
			STORE(c, BPF_DW, LOG, buf + at, 1);
		}
		return;
	}

	/* Success means that the code was that of an output. */
	int failed = JUMP_IMM(c, BPF_JNE, 0, 0);

	emit_operand(c, 1, &step->code);
	ALU_IMM(c, BPF_SUB, 1, OUT_PARAM_0);
	ALU_IMM(c, BPF_AND, 1, 1);
	MOV_IMM(c, 2, 1);
	ALU_REG(c, BPF_LSH, 2, 1);
	ALU_REG(c, BPF_OR, WRITTEN, 2);
	land(c, failed);
}

static inline int width_code(int width)
{
	return width == 1 ? BPF_B : width == 2 ? BPF_H : width == 4 ? BPF_W : BPF_DW;
}

static inline void emit_step(struct code *c, const struct step *step, unsigned int i)
{
	int left_out = -1;

	if (step->guarded) {
		LOAD(c, BPF_W, 1, CTX, step->guard_offset);
		left_out = JUMP_IMM32(c, BPF_JEQ, 1, step->guard_value);
	}
	switch (step->kind) {
	case STEP_READ:
	case STEP_WRITE:
		emit_call(c, step, i);
		break;
	case STEP_FIELD:
		LOAD(c, width_code(step->width), 1, CTX, step->offset);
		STORE(c, BPF_DW, LOG, step_offset(i) + 8, 1);
		break;
	default:
		LOAD(c, BPF_DW, 1, LOG, word_offset(step->word));
		STORE(c, BPF_DW, CTX, step->offset, 1);
		break;
	}
	if (left_out >= 0)
		land(c, left_out);
}

/* Counts what a run on a mount was, and what it may have led to. */
static inline void emit_account(struct code *c)
{
	int ends[6], n = 0;

	LOAD(c, BPF_W, 1, CTX, offsetof(struct extfuse_req, phase));
	ends[n++] = JUMP_IMM(c, BPF_JEQ, 1, EXTFUSE_EVENT);
	LOAD(c, BPF_W, 2, CTX, offsetof(struct extfuse_req, opcode));

	int known = JUMP_IMM(c, BPF_JLT, 2, OPS);

	MOV_IMM(c, 2, OPS - 1);
	land(c, known);
	ALU_IMM(c, BPF_MUL, 2, sizeof(struct random_op));
	ALU_REG(c, BPF_ADD, 2, LOG);
	MOV_IMM(c, 3, 1);

	const int op = (int)offsetof(struct random_log, ops);
	int request = JUMP_IMM(c, BPF_JEQ, 1, EXTFUSE_REQUEST);

	COUNT(c, 2, op + (int)offsetof(struct random_op, replies), 3);
	ends[n++] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	land(c, request);
	COUNT(c, 2, op + (int)offsetof(struct random_op, requests), 3);

	MOV_REG(c, 4, RESULT);
	ALU_IMM(c, BPF_LSH, 4, 32);
	ALU_IMM(c, BPF_ARSH, 4, 32);

	int success = JUMP_IMM(c, BPF_JEQ, 4, 0);

	ends[n++] = JUMP_IMM(c, BPF_JSGT, 4, 0);
	ends[n++] = JUMP_IMM(c, BPF_JSLT, 4, -511);
	COUNT(c, 2, op + (int)offsetof(struct random_op, errors), 3);
	ends[n++] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	land(c, success);
	LOAD(c, BPF_W, 4, CTX, offsetof(struct extfuse_req, out_numargs));
	ALU_IMM(c, BPF_AND, 4, 3);
	MOV_IMM(c, 5, 1);
	ALU_REG(c, BPF_LSH, 5, 4);
	ALU_IMM(c, BPF_SUB, 5, 1);
	ends[n++] = emit(c, BPF_JMP | BPF_JNE | BPF_X, 5, WRITTEN, 0, 0);
	COUNT(c, 2, op + (int)offsetof(struct random_op, successes), 3);
	while (n)
		land(c, ends[--n]);
}

static inline void compile_plan(const struct plan *plan, int map_fd, struct code *c)
{
	c->n = 0;
	MOV_REG(c, CTX, 1);
	MOV_IMM(c, WRITTEN, 0);
	load_wide(c, LOG, BPF_PSEUDO_MAP_VALUE, (uint64_t)map_fd);
	for (unsigned int i = 0; i < plan->nsteps; i++)
		emit_step(c, &plan->steps[i], i);
	switch (plan->result_from) {
	case RESULT_CONSTANT:
		MOV_IMM(c, RESULT, plan->result);
		break;
	case RESULT_WIDE:
		load_wide(c, RESULT, 0, (uint64_t)plan->result);
		break;
	case RESULT_WORD:
		LOAD(c, BPF_DW, RESULT, LOG, word_offset((uint64_t)plan->result));
		break;
	default:
		LOAD(c, BPF_DW, RESULT, LOG, step_offset((unsigned int)plan->result));
		break;
	}
	emit_account(c);
	MOV_REG(c, 0, RESULT);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* ---- The model: linux/extfuse.h in other words ---- */

/* Rules that a model may get wrong, to see that the difference is noticed. */
enum wrong {
	NOTHING_WRONG,
	TAIL_NOT_ZEROED,
	ERROR_NOT_ZEROED,
	LARGER_SIZE_TAKEN,
	SMALLER_SIZE_TAKEN,
	OUTPUT_READ_IN_REQUEST,
	OUTPUT_READ_AFTER_ERROR,
	WRITE_IN_REPLY,
	WRITE_TO_ANY_OPCODE,
	SHORT_WRITE_TAKEN,
	SECOND_OUTPUT_MISSING,
	NOTHING_WRITTEN_TAKEN,
	ANY_OPCODE_ANSWERED,
	POSITIVE_IS_SUCCESS,
	WIDE_RESULT,
	ERRORS_BELOW_511,
	ENOSYS_IS_AN_ANSWER,
	QUIET_IS_LIKE_ANY_UPCALL,
	TYPE_NOT_CHECKED,
	SIZE_NOT_CHECKED,
	ROOT_IS_A_CHILD,
	LIST_NOT_CHECKED,
	OUTPUTS_OF_REFUSED,
	WRONG_MAX,
};

struct model {
	enum wrong wrong;
	struct extfuse_req req; /* as the program sees it at the moment */
	const uint8_t *data;	/* inputs, and in a reply outputs */
	uint8_t out[2][ARGS_MAX];
	uint32_t room[2]; /* sizes of the outputs' buffers */
	bool varies;	  /* the last output may be shorter */
	unsigned int written;
	bool allowed[OPS];
};

static inline bool may_give_outputs(const struct model *m)
{
	switch (m->req.opcode) {
	case FUSE_LOOKUP:
	case FUSE_GETATTR:
	case FUSE_STATX:
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
	case FUSE_ACCESS:
	case FUSE_STATFS:
		return true;
	default:
		return false;
	}
}

static inline void model_start(struct model *m, enum wrong wrong, const struct extfuse_req *req,
			       const uint8_t *data)
{
	memset(m, 0, sizeof(*m));
	m->wrong = wrong;
	m->req = *req;
	m->data = data;
	m->room[0] = req->out_size[0];
	m->room[1] = req->out_size[1];
	if ((req->opcode == FUSE_GETXATTR || req->opcode == FUSE_LISTXATTR) &&
	    req->out_numargs == 1 && req->in_numargs && req->in_size[0] >= 8) {
		struct fuse_getxattr_in in;

		memcpy(&in, data, sizeof(in));
		m->varies = in.size != 0;
	}
}

/* The bytes of an argument; NULL: there is none to read. */
static inline const uint8_t *model_argument(const struct model *m, uint64_t code, uint32_t *size,
					    bool *exact)
{
	const uint8_t *data = m->data;
	const struct extfuse_req *r = &m->req;
	uint32_t i;

	*exact = true;
	*size = 4;
	switch (code) {
	case OPCODE:
		return (const uint8_t *)&r->opcode;
	case NODEID:
		*size = 8;
		return (const uint8_t *)&r->nodeid;
	case NUM_IN_ARGS:
		return (const uint8_t *)&r->in_numargs;
	case NUM_OUT_ARGS:
		return (const uint8_t *)&r->out_numargs;
	case IN_PARAM_0_SIZE:
	case IN_PARAM_1_SIZE:
	case IN_PARAM_2_SIZE:
		i = (uint32_t)(code - IN_PARAM_0_SIZE) / 2;
		return i < r->in_numargs ? (const uint8_t *)&r->in_size[i] : NULL;
	case IN_PARAM_0_VALUE:
	case IN_PARAM_1_VALUE:
	case IN_PARAM_2_VALUE:
		i = (uint32_t)(code - IN_PARAM_0_VALUE) / 2;
		if (i >= r->in_numargs)
			return NULL;
		*exact = false;
		*size = r->in_size[i];
		while (i--)
			data += r->in_size[i];
		return data;
	default:
		i = (uint32_t)(code - OUT_PARAM_0);
		if (i >= r->out_numargs)
			return NULL;
		if (r->phase != EXTFUSE_REPLY &&
		    !(m->wrong == OUTPUT_READ_IN_REQUEST && r->phase == EXTFUSE_REQUEST))
			return NULL;
		if (r->phase == EXTFUSE_REPLY && r->error && m->wrong != OUTPUT_READ_AFTER_ERROR)
			return NULL;
		*exact = false;
		*size = m->room[i];
		for (uint32_t k = 0; k < r->in_numargs; k++)
			data += r->in_size[k];
		return i ? data + m->room[0] : data;
	}
}

/* What a read gives; @buf holds what was there before. */
static inline int model_read(const struct model *m, uint64_t code, uint32_t size, uint8_t *buf)
{
	const uint8_t *bytes = NULL;
	uint32_t have = 0;
	bool exact;
	int err = 0;

	if (code > OUT_PARAM_1)
		err = -EBADRQC;
	else if (!(bytes = model_argument(m, code, &have, &exact)))
		err = -EINVAL;
	else if (exact && size != have)
		err = m->wrong == LARGER_SIZE_TAKEN && size > have ? 0 : -EINVAL;
	else if (!exact && size < have)
		err = m->wrong == SMALLER_SIZE_TAKEN ? 0 : -E2BIG;
	if (!err && bytes)
		memcpy(buf, bytes, have < size ? have : size);
	if (err && m->wrong == ERROR_NOT_ZEROED)
		return err;
	if (!err && m->wrong == TAIL_NOT_ZEROED)
		return 0;
	if (err)
		have = 0;
	if (have < size)
		memset(buf + have, 0, size - have);
	return err;
}

static inline int model_write(struct model *m, uint64_t code, const uint8_t *buf, uint32_t size)
{
	uint32_t i = (uint32_t)(code - OUT_PARAM_0);

	if (code > OUT_PARAM_1)
		return -EBADRQC;
	if (code < OUT_PARAM_0 || i >= m->req.out_numargs)
		return -EINVAL;
	if (m->req.phase != EXTFUSE_REQUEST &&
	    !(m->wrong == WRITE_IN_REPLY && m->req.phase == EXTFUSE_REPLY))
		return -EINVAL;
	if (!may_give_outputs(m) && m->wrong != WRITE_TO_ANY_OPCODE)
		return -EINVAL;
	if (size > m->room[i])
		return -E2BIG;
	if (size < m->room[i] && !(m->varies && i == m->req.out_numargs - 1) &&
	    m->wrong != SHORT_WRITE_TAKEN)
		return -EINVAL;
	memcpy(m->out[i], buf, size);
	m->req.out_size[i] = size;
	m->written |= 1u << i;
	return 0;
}

static inline bool model_attr_ok(const struct model *m, uint32_t mode, uint64_t size)
{
	bool type = S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) ||
		    S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);

	return (type || m->wrong == TYPE_NOT_CHECKED) &&
	       (size <= INT64_MAX || m->wrong == SIZE_NOT_CHECKED);
}

static inline bool model_list_ok(const char *list, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (!list[i] && (!i || !list[i - 1]))
			return false;
	return !size || !list[size - 1];
}

static inline bool model_outputs_ok(const struct model *m)
{
	bool one = m->req.out_numargs == 1;
	struct fuse_getxattr_out query;
	struct fuse_statx_out statx;
	struct fuse_entry_out entry;
	struct fuse_attr_out attr;

	switch (m->req.opcode) {
	case FUSE_LOOKUP:
		memcpy(&entry, m->out[0], sizeof(entry));
		if (!one || m->room[0] != sizeof(entry))
			return false;
		if (!entry.nodeid)
			return true;
		return (entry.nodeid != FUSE_ROOT_ID || m->wrong == ROOT_IS_A_CHILD) &&
		       model_attr_ok(m, entry.attr.mode, entry.attr.size);
	case FUSE_GETATTR:
		memcpy(&attr, m->out[0], sizeof(attr));
		return one && m->room[0] == sizeof(attr) &&
		       model_attr_ok(m, attr.attr.mode, attr.attr.size);
	case FUSE_STATX:
		memcpy(&statx, m->out[0], sizeof(statx));
		return one && m->room[0] == sizeof(statx) &&
		       model_attr_ok(m, statx.stat.mask & 1 ? statx.stat.mode : S_IFREG,
				     statx.stat.mask & 0x200 ? statx.stat.size : 0);
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		memcpy(&query, m->out[0], sizeof(query));
		if (!m->varies)
			return one && m->room[0] == sizeof(query) && query.size <= 65536;
		return m->req.opcode == FUSE_GETXATTR || m->wrong == LIST_NOT_CHECKED ||
		       model_list_ok((const char *)m->out[0], m->req.out_size[0]);
	default:
		return true;
	}
}

/* What the kernel makes of a REQUEST's result. */
static inline int model_verdict(struct model *m, int64_t wide)
{
	unsigned int all = (1u << m->req.out_numargs) - 1;
	int result = (int)wide;

	if (m->wrong == WIDE_RESULT && wide != result)
		return EXTFUSE_UPCALL;
	if (m->wrong == POSITIVE_IS_SUCCESS && result > 0)
		result = 0;
	if (result == EXTFUSE_UPCALL)
		return m->wrong == ENOSYS_IS_AN_ANSWER ? -1 : EXTFUSE_UPCALL;
	if (result == EXTFUSE_UPCALL_QUIET && m->wrong != QUIET_IS_LIKE_ANY_UPCALL)
		return EXTFUSE_UPCALL_QUIET;
	if (result < 0)
		return result > -512 || m->wrong == ERRORS_BELOW_511 ? result : EXTFUSE_UPCALL;
	if (result > 0 || (!may_give_outputs(m) && m->wrong != ANY_OPCODE_ANSWERED))
		return EXTFUSE_UPCALL;
	if (m->written != all && m->wrong != NOTHING_WRITTEN_TAKEN &&
	    !(m->wrong == SECOND_OUTPUT_MISSING && m->written & 1))
		return EXTFUSE_UPCALL;
	return model_outputs_ok(m) ? 0 : EXTFUSE_UPCALL;
}

static inline uint64_t operand_value(const struct operand *operand, const struct random_log *log)
{
	return operand->from == FROM_WORD ? log->words[operand->value] : operand->value;
}

/* The 4 bytes that a program loads from the context. */
static inline uint64_t model_field(const struct model *m, int offset, int width)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)&m->req + offset, (size_t)width);
	return value;
}

/*
 * What a run leaves in @log, which holds what it finds there. Returns the
 * program's own result.
 */
static inline int64_t model_run(struct model *m, const struct plan *plan, struct random_log *log)
{
	for (unsigned int i = 0; i < plan->nsteps; i++) {
		const struct step *step = &plan->steps[i];
		/* Codes are numbers of 32 bits. */
		uint64_t code = (uint32_t)operand_value(&step->code, log);
		uint32_t size = (uint32_t)operand_value(&step->size, log);

		if (step->size.from == FROM_WORD)
			size = (size & 255) + (step->kind == STEP_READ);
		if (step->guarded && model_field(m, step->guard_offset, 4) == step->guard_value)
			continue;
		switch (step->kind) {
		case STEP_READ:
			log->steps[i].ret = model_read(m, code, size, log->steps[i].buf);
			log->leaks += m->wrong == ERROR_NOT_ZEROED && log->steps[i].ret;
			break;
		case STEP_WRITE:
			log->steps[i].ret = model_write(m, code, log->steps[i].buf, size);
			break;
		case STEP_FIELD:
			log->steps[i].field = model_field(m, step->offset, step->width);
			break;
		default:
			memcpy((char *)&m->req + step->offset, &log->words[step->word], 8);
			break;
		}
	}
	switch (plan->result_from) {
	case RESULT_CONSTANT:
	case RESULT_WIDE:
		return plan->result;
	case RESULT_WORD:
		return (int64_t)log->words[plan->result];
	default:
		return log->steps[plan->result].ret;
	}
}

#endif
