// SPDX-License-Identifier: LGPL-2.1-or-later
/* log.c - the log callback, and libbpf's messages reduced to what matters */
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "internal.h"

#define VERIFIER_BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define VERIFIER_END "-- END PROG LOAD LOG --"

void ext_log(const struct ext_log *log, enum extfuse_log_level level, const char *fmt, ...)
{
	if (!log || !log->fn)
		return;

	va_list args;
	_cleanup_free_ char *line = NULL;
	va_start(args, fmt);
	int len = vasprintf(&line, fmt, args);
	va_end(args);
	if (len < 0) {
		line = NULL;
		log->fn(log->data, EXTFUSE_LOG_ERROR, "out of memory");
		return;
	}
	/* The callback is promised one line, whatever a path or an object contains. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
	log->fn(log->data, level, line);
}

/*
 * libbpf has one print function for the process and gives it no context. The
 * lock keeps two of our calls from restoring each other's function; messages
 * of other threads still reach the function that was there before.
 */
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;
static libbpf_print_fn_t print_before;
static _Thread_local struct ext_libbpf_scope *print_scope;

/*
 * Of a verifier's log, which may have a million lines, the end says what is wrong,
 * and the line of source may stand some instructions before it.
 */
#define VERIFIER_LINES 400

static const char *last_lines(const char *text, int n)
{
	const char *p = text + strlen(text);

	while (p > text && n >= 0)
		if (*--p == '\n')
			n--;
	return n < 0 ? p + 1 : p;
}

static void keep_verifier_log(struct ext_libbpf_scope *scope, char *begin)
{
	char *end = strstr(begin, VERIFIER_END);

	if (end)
		*end = '\0';
	free(scope->verifier_log);
	scope->verifier_log = strdup(last_lines(begin, VERIFIER_LINES));
}

static void keep_warning(struct ext_libbpf_scope *scope, const char *text)
{
	const char *message = strncmp(text, "libbpf: ", 8) ? text : text + 8;
	const char *prog = strstr(message, "prog '");

	/* The last word is always this one, and says nothing. */
	if (!strncmp(message, "failed to load object", 21))
		return;
	snprintf(scope->warning, sizeof(scope->warning), "%.*s", (int)strcspn(message, "\n"),
		 message);
	/* "prog 'NAME': failed to load" comes before "failed to load object". */
	if (prog)
		snprintf(scope->prog, sizeof(scope->prog), "%.*s", (int)strcspn(prog + 6, "'"),
			 prog + 6);
}

static void keep_message(struct ext_libbpf_scope *scope, enum libbpf_print_level level, char *text)
{
	char *begin = strstr(text, VERIFIER_BEGIN);

	if (begin) {
		keep_verifier_log(scope, begin + strlen(VERIFIER_BEGIN));
		text = scope->verifier_log ? scope->verifier_log : text;
	} else if (level == LIBBPF_WARN) {
		keep_warning(scope, text);
	}

	/* Line by line, and without changing what is kept. */
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			ext_log(scope->log, EXTFUSE_LOG_DEBUG, "%.*s", (int)len, text);
		text += len + (text[len] != '\0');
	}
}

__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *fmt, va_list args)
{
	struct ext_libbpf_scope *scope = print_scope;

	if (!scope)
		return print_before ? print_before(level, fmt, args) : 0;

	char *text = NULL;
	int len = vasprintf(&text, fmt, args);

	if (len < 0)
		return len;
	keep_message(scope, level, text);
	free(text);
	return len;
}

void ext_libbpf_begin(struct ext_libbpf_scope *scope, const struct ext_log *log)
{
	*scope = (struct ext_libbpf_scope){ .log = log };
	pthread_mutex_lock(&print_lock);
	print_scope = scope;
	scope->old = libbpf_set_print(print_libbpf);
	print_before = scope->old;
}

void ext_libbpf_end(struct ext_libbpf_scope *scope)
{
	libbpf_set_print(scope->old);
	print_scope = NULL;
	pthread_mutex_unlock(&print_lock);
	free(scope->verifier_log);
	scope->verifier_log = NULL;
}

/* Lines that are no complaint: instructions, states, and what the verifier adds at the end. */
static bool is_trace(const char *line)
{
	static const char *const starts[] = {
		"processed ",	"verification time", "stack depth", "peak_states",
		"mark_precise", "cur state:",	     "old state:",  "from "
	};
	size_t digits = strspn(line, "0123456789");

	/* "12: (79) r1 = ..." */
	if (digits && line[digits] == ':')
		return true;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return !*line;
}

/*
 * What to do about a complaint, by words in it; the first that fits. The words
 * are those of kernel/bpf/verifier.c.
 */
static const char *advice(const char *complaint)
{
	static const struct {
		const char *words;
		const char *advice;
	} known[] = {
		{ "_or_null'", "compare the pointer with NULL before it is used" },
		{ "invalid mem access 'scalar'",
		  "a number is no pointer: read memory through what helpers and functions return" },
		{ "bpf_context access",
		  "read the context's fields one by one, each in its own size, and write none" },
		{ "modified ctx ptr",
		  "read the context's fields through ctx itself, at constant offsets" },
		{ "!read_ok", "give it a value on every path, and return one" },
		{ "read from stack", "set all of the structure (= {}) before it is handed on" },
		{ "invalid write to stack",
		  "keep the index within the array, by a constant bound" },
		{ "combined stack size",
		  "512 bytes are for a program and what it calls: make structures smaller" },
		{ "stack limit", "512 bytes are for a program and what it calls: make structures "
				 "smaller" },
		{ "frames is too deep",
		  "functions may call each other eight deep, and the store needs six: make yours "
		  "static inline" },
		{ "too large", "give loops a smaller constant bound, or less to do" },
		{ "infinite loop", "give the loop a constant bound" },
		{ "back-edge", "give the loop a constant bound" },
		{ "jumps is too complex", "give loops a smaller constant bound, or less to do" },
		{ "unbounded memory access",
		  "compare the size or index with a constant before it is used" },
		{ "min value is negative",
		  "compare the size or index with a constant before it is used; unsigned helps" },
		{ "outside of the", "compare the size or index with a constant before it is used" },
		{ "invalid access to",
		  "compare the size or index with a constant before it is used" },
		{ "GPL", "declare EXT_LICENSE" },
		{ "unknown func", "this kernel does not have the helper for programs of ExtFUSE" },
		{ "cannot use helper", "the helper is not for programs of ExtFUSE" },
		{ "write into map forbidden", "parameters and constants cannot be written" },
		{ "expected=ctx", "hand on ctx itself" },
	};

	for (size_t i = 0; i < EXT_ARRAY_SIZE(known); i++)
		if (strstr(complaint, known[i].words))
			return known[i].advice;
	return NULL;
}

char *ext_verifier_summary(const char *log)
{
	_cleanup_free_ char *copy = log ? strdup(log) : NULL;
	const char *complaint = NULL;
	const char *source = NULL;
	char *save = NULL;

	if (!copy)
		return NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "; ", 2)) {
			/* "; CODE @ FILE:LINE"; lines that the compiler made up have no code */
			if (line[2] != ' ' && strncmp(line + 2, "@ ", 2))
				source = line + 2;
		} else if (!is_trace(line)) {
			complaint = line;
		}
	}
	if (!complaint)
		return NULL;

	char *summary = NULL;
	const char *todo = advice(complaint);
	int len = asprintf(&summary, "%s%s%s%s%s%s", complaint, source ? " (near: " : "",
			   source ? source : "", source ? ")" : "", todo ? "; " : "",
			   todo ? todo : "");

	return len < 0 ? NULL : summary;
}

const struct ext_object *ext_verifier_blames(const char *summary, const struct ext_objects *objects)
{
	static const char suffix[] = ".bpf.c:";
	const char *end = NULL;

	/* The last one is the verifier's: "(near: CODE @ NAME.bpf.c:LINE)". */
	for (const char *at = summary; at && (at = strstr(at, suffix)); at++)
		end = at;
	if (!end)
		return NULL;
	for (size_t i = 0; i < objects->n; i++) {
		const char *name = objects->v[i]->name;
		size_t len = strlen(name);

		if ((size_t)(end - summary) > len && !memcmp(end - len, name, len) &&
		    strchr(" /", end[-(ptrdiff_t)len - 1]))
			return objects->v[i];
	}
	return NULL;
}
