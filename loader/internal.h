/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* internal.h - structures and functions that the library's files share */
#ifndef EXT_INTERNAL_H
#define EXT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "../handlers/ext_types.h"
#include "extfuse.h"

#define EXT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The library's own suffix of BPF objects. */
#define EXT_OBJECT_SUFFIX ".bpf.o"

static inline void ext_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ext_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void ext_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define _cleanup_free_ __attribute__((cleanup(ext_cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(ext_cleanup_close)))
#define _cleanup_fclose_ __attribute__((cleanup(ext_cleanup_fclose)))

/* Returns the value of @p and leaves NULL there, so that a cleanup attribute spares it. */
#define EXT_TAKE(p) \
	({ \
		__typeof__(p) *_pp = &(p); \
		__typeof__(p) _v = *_pp; \
		*_pp = NULL; \
		_v; \
	})

/* A growing text; append never fails halfway: out of memory leaves it as it was. */
struct ext_text {
	char *s;
	size_t len;
};
__attribute__((format(printf, 2, 3))) void ext_text_add(struct ext_text *text, const char *fmt,
							...);
void ext_text_free(struct ext_text *text);
#define _cleanup_text_ __attribute__((cleanup(ext_text_free)))

/* log.c */
struct ext_log {
	extfuse_log_fn fn;
	void *data;
};
__attribute__((format(printf, 3, 4))) void
ext_log(const struct ext_log *log, enum extfuse_log_level level, const char *fmt, ...);
#define ext_err(log, ...) ext_log(log, EXTFUSE_LOG_ERROR, __VA_ARGS__)

/*
 * While a scope is open, libbpf's messages of this thread go to @log as
 * EXTFUSE_LOG_DEBUG; the last warning and the verifier's log are kept.
 */
struct ext_libbpf_scope {
	const struct ext_log *log;
	char warning[512];
	/* program that a warning named last */
	char prog[128];
	char *verifier_log;
	libbpf_print_fn_t old;
};
void ext_libbpf_begin(struct ext_libbpf_scope *scope, const struct ext_log *log);
void ext_libbpf_end(struct ext_libbpf_scope *scope);

/*
 * Reduce a verifier's log to one line: its complaint, the source line that it
 * annotated last, and what to do about it where that is known. Returns a string
 * to free, or NULL if nothing can be said.
 */
char *ext_verifier_summary(const char *log);

/* names.c */
/* "LOOKUP", or NULL for a number that linux/fuse.h does not name. */
const char *ext_opcode_name(uint32_t opcode);
/* As above; for unnamed opcodes writes the number into @buf. */
const char *ext_opcode_label(uint32_t opcode, char buf[16]);
int ext_opcode_by_name(const char *name);
int ext_event_by_name(const char *name);
/* Edits (insert, remove, replace) that make one word of the other, in any case of letters. */
unsigned int ext_word_distance(const char *a, const char *b);
/* The name that somebody who wrote @name may have meant, or NULL. */
const char *ext_closest_opcode(const char *name);
const char *ext_closest_event(const char *name);

enum ext_section {
	EXT_SECTION_NONE,    /* not one of ours */
	EXT_SECTION_ENTRY,   /* "extfuse" */
	EXT_SECTION_FILL,    /* "extfuse/fill" */
	EXT_SECTION_SLOT,    /* a slot of ext_progs */
	EXT_SECTION_UNKNOWN, /* ours, but names no opcode or event */
};
/* Classifies a section's name; *slot is set for EXT_SECTION_SLOT alone. */
enum ext_section ext_section_parse(const char *section, uint32_t *slot);

/* object.c */
enum ext_param_type { EXT_PARAM_DURATION, EXT_PARAM_COUNT, EXT_PARAM_ENUM, EXT_PARAM_STRING };

struct ext_param {
	enum ext_param_type type;
	char *name;
	char *help;
	/* "strict,relaxed" of an enum */
	char *values;
	uint64_t preset;
	/* bytes of the variable; of a string, less one is what fits */
	size_t size;
	/* what a string is preset to */
	char *text;
};

struct ext_prog {
	/* section and function name; both point into the object's image */
	const char *section;
	const char *name;
	enum ext_section kind;
	uint32_t slot;
};

struct ext_symbol {
	const char *name;
	bool undefined;
	bool weak;
	/* "FILE:LINE" of an undefined symbol's first use, or NULL */
	char *used_at;
};

struct ext_object {
	char *path;
	/* file name without directories and suffix */
	char *name;
	unsigned char *image;
	size_t size;
	bool is_policy;
	bool is_handler;
	/* by its shape */
	bool lru;
	bool keeps_nothing;
	bool from_user;
	char *description;
	struct ext_param *params;
	size_t nparams;
	struct ext_prog *progs;
	size_t nprogs;
	/* global symbols only */
	struct ext_symbol *symbols;
	size_t nsymbols;
};

int ext_object_read(const struct ext_log *log, const char *path, struct ext_object **out);
/* As above for bytes in memory, which are copied; @path is for messages and the name. */
int ext_object_parse(const struct ext_log *log, const char *path, const void *image, size_t size,
		     struct ext_object **out);
void ext_object_free(struct ext_object *object);

struct ext_objects {
	struct ext_object **v;
	size_t n;
};
int ext_objects_add(struct ext_objects *objects, struct ext_object *object);
void ext_objects_free(struct ext_objects *objects);
/* Is one of its programs in such a section? */
bool ext_object_has_kind(const struct ext_object *object, enum ext_section kind);
/* Does the policy keep nothing? */
bool ext_objects_keep_nothing(const struct ext_objects *objects);
#define _cleanup_objects_ __attribute__((cleanup(ext_objects_free)))

/* log.c */
/*
 * The object whose source a verifier's summary names, such as the policy that a
 * built-in handler's program calls; NULL: none of them. @summary may be NULL.
 */
const struct ext_object *ext_verifier_blames(const char *summary,
					     const struct ext_objects *objects);

/* source.c */
/*
 * "FILE:LINE" of the instruction at @offset bytes of @section, by the bytes of a
 * .BTF.ext section. Returns a string to free, or NULL if it is not known.
 */
struct btf;
char *ext_source_line(const struct btf *btf, const void *btf_ext, size_t size, const char *section,
		      uint64_t offset);

/* find.c */
struct ext_strings {
	char **v;
	size_t n;
};
int ext_strings_add(struct ext_strings *strings, const char *s);
void ext_strings_free(struct ext_strings *strings);
#define _cleanup_strings_ __attribute__((cleanup(ext_strings_free)))

/* Directories that hold built-in objects, in the order in which they are searched. */
int ext_search_path(struct ext_strings *out);
/* "DIR:DIR", for messages. */
char *ext_search_path_text(void);
/* Path of the built-in policy @name, or -ENOENT. */
int ext_find_policy(const char *name, char **out);
/* Paths of all built-in policies, by name, each name once. */
int ext_find_policies(struct ext_strings *out);
/*
 * Paths of the built-in handler objects. A directory that has the dispatcher
 * ends the search, so that a complete directory stands for itself and what is
 * missing there is missing; one without it adds to or replaces later ones.
 */
int ext_find_handlers(struct ext_strings *out);
/* Path of the program that links. */
int ext_find_linker(char **out);

/* expr.c */
/*
 * Splits "a+b" into names and paths and refuses empty and repeated ones. Only
 * the text is looked at.
 */
int ext_expr_parse(const struct ext_log *log, const char *expr, struct ext_strings *out);
/* Finds and reads the policies of an expression. */
int ext_expr_read(const struct ext_log *log, const char *expr, struct ext_objects *out);

/* params.c */
/* "ttl=DURATION": how a parameter is written. Returns a string to free or NULL. */
char *ext_param_usage(const struct ext_param *param);
/* The preset as a user would write it: "1s", "65536", "strict". */
char *ext_param_preset(const struct ext_param *param);
int ext_duration_parse(const char *text, uint64_t *ns);
int ext_count_parse(const char *text, uint64_t *count);
/* Parses @text as a value of @param (of a string: its length); logs what was expected. */
int ext_param_parse(const struct ext_log *log, const struct ext_param *param, const char *text,
		    uint64_t *value);
/* Whether a mount option of stackfs or libfuse has this name. */
bool ext_param_reserved(const char *name);

struct ext_setting {
	const struct ext_param *param;
	uint64_t value;
	/* as it was written; lives as long as what was parsed */
	const char *text;
};
/*
 * Matches "name=value" strings with the parameters of @objects. @settings has
 * room for as many as there are strings.
 */
int ext_params_apply(const struct ext_log *log, const struct ext_objects *objects,
		     const char *const *strings, struct ext_setting *settings, size_t *n);

/* compose.c */
/*
 * Everything that one program is made of, in link order: policies, handlers,
 * dispatcher, store, defaults.
 */
int ext_compose(const struct ext_log *log, const char *expr, const char *const *handlers,
		struct ext_objects *out);
/* The checks of ext_compose() on objects already read; reorders and drops replaced ones. */
int ext_compose_objects(const struct ext_log *log, struct ext_objects *objects);

/* link.c */
/*
 * Link @objects into an anonymous file, in another process: an object that libbpf
 * does not survive is an error of the user's.
 */
int ext_link(const struct ext_log *log, const struct ext_objects *objects, int *fd);

/* vars.c */
/* Where a global variable of the linked object is. */
struct ext_var {
	struct bpf_map *map;
	uint32_t offset;
	uint32_t size;
};
int ext_var_find(const struct bpf_object *bpf, const char *name, struct ext_var *var);
/* Sets a variable before load; the size must be the variable's. */
int ext_var_set(const struct bpf_object *bpf, const char *name, const void *value, size_t size);

/* init.c */
/* What the INIT exchange needs to know. */
struct ext_init_request {
	uint64_t unique;
	bool extfuse_offered;
	bool passthrough_offered;
};
/* A request's bytes as read from the kernel. Returns false if it is no INIT. */
bool ext_init_request(const void *buf, size_t len, struct ext_init_request *request);

struct ext_init_answer {
	/* program to attach, or -1 */
	int prog_fd;
	/* 0: no passthrough */
	uint32_t passthrough_depth;
};
/* Room for a completed INIT reply. */
#define EXT_INIT_REPLY_MAX 256
/*
 * Completes the daemon's reply @in, a header and a fuse_init_out of any
 * version, into @out, which has EXT_INIT_REPLY_MAX bytes. Returns the length,
 * or 0 if the reply must be sent as it is (an error, not protocol 7, too long).
 */
size_t ext_init_complete(const struct ext_init_request *request,
			 const struct ext_init_answer *answer, const void *in, size_t len,
			 void *out);

/* probe.c */
enum ext_switch { EXT_SWITCH_UNKNOWN, EXT_SWITCH_ABSENT, EXT_SWITCH_OFF, EXT_SWITCH_ON };
/* The module parameter fuse.extfuse. */
enum ext_switch ext_probe_switch(void);
/*
 * 0 if the program type can be loaded, -EPERM, -EOPNOTSUPP, -EPROTONOSUPPORT if it is older than what
 * the dispatcher needs, or another error.
 */
int ext_probe_prog_type(void);

/* The handle. */
struct extfuse {
	struct ext_log log;
	char *policy;
	struct ext_objects objects;
	struct bpf_object *bpf;
	int entry_fd;
	int fill_fd;
	bool loaded;
	/* .bss as the kernel's programs see it */
	void *bss;
	size_t bss_size;
	uint64_t *epoch;
	uint64_t *seq;
	uint32_t *attached;
	int attach_state;
};

#endif /* EXT_INTERNAL_H */
