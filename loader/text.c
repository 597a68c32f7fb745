// SPDX-License-Identifier: LGPL-2.1-or-later
/* text.c - texts and lists of strings that grow */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "internal.h"

void ext_text_add(struct ext_text *text, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *piece = NULL;
	int len = vasprintf(&piece, fmt, args);
	va_end(args);
	if (len < 0)
		return;

	char *s = realloc(text->s, text->len + (size_t)len + 1);
	if (s) {
		memcpy(s + text->len, piece, (size_t)len + 1);
		text->s = s;
		text->len += (size_t)len;
	}
	free(piece);
}

void ext_text_free(struct ext_text *text)
{
	free(text->s);
	*text = (struct ext_text){ 0 };
}

int ext_strings_add(struct ext_strings *strings, const char *s)
{
	char **v = realloc(strings->v, (strings->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	strings->v = v;
	v[strings->n] = strdup(s);
	if (!v[strings->n])
		return -ENOMEM;
	strings->n++;
	return 0;
}

void ext_strings_free(struct ext_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		free(strings->v[i]);
	free(strings->v);
	*strings = (struct ext_strings){ 0 };
}
