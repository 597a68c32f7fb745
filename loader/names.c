// SPDX-License-Identifier: LGPL-2.1-or-later
/* names.c - names of opcodes and events, and what a section's name stands for */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

/* Generated from the exported headers: there is no table to edit. */
static const char *const opcode_names[] = {
#include "opcode_names.inc"
};
static const char *const event_names[] = {
#include "event_names.inc"
};

const char *ext_opcode_name(uint32_t opcode)
{
	return opcode < EXT_ARRAY_SIZE(opcode_names) ? opcode_names[opcode] : NULL;
}

const char *ext_opcode_label(uint32_t opcode, char buf[16])
{
	const char *name = ext_opcode_name(opcode);

	if (name)
		return name;
	snprintf(buf, 16, "%u", opcode);
	return buf;
}

static int by_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcasecmp(names[i], name))
			return (int)i;
	return -ENOENT;
}

int ext_opcode_by_name(const char *name)
{
	return by_name(opcode_names, EXT_ARRAY_SIZE(opcode_names), name);
}

unsigned int ext_word_distance(const char *a, const char *b)
{
	unsigned int row[64];
	size_t len = strlen(b);

	if (len >= EXT_ARRAY_SIZE(row))
		return UINT_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; *a; i++, a++) {
		unsigned int corner = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= len; j++) {
			unsigned int same = corner + (toupper((unsigned char)*a) !=
						      toupper((unsigned char)b[j - 1]));
			unsigned int other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);

			corner = row[j];
			row[j] = same < other ? same : other;
		}
	}
	return row[len];
}

static const char *closest(const char *const *names, size_t n, const char *name)
{
	const char *best = NULL;
	unsigned int least = (unsigned int)strlen(name) / 3 + 1;

	for (size_t i = 0; i < n; i++) {
		unsigned int far = names[i] ? ext_word_distance(name, names[i]) : UINT_MAX;

		if (far < least || (far == least && !best)) {
			best = names[i];
			least = far;
		}
	}
	return best;
}

const char *ext_closest_opcode(const char *name)
{
	return closest(opcode_names, EXT_ARRAY_SIZE(opcode_names), name);
}

const char *ext_closest_event(const char *name)
{
	return closest(event_names, EXT_ARRAY_SIZE(event_names), name);
}

int ext_event_by_name(const char *name)
{
	int event = by_name(event_names, EXT_ARRAY_SIZE(event_names), name);

	/* The last one only counts them. */
	return event >= 0 && strcasecmp(name, "MAX") ? event : -ENOENT;
}

enum ext_section ext_section_parse(const char *section, uint32_t *slot)
{
	static const char prefix[] = "extfuse";
	static const char reply[] = "/reply";
	static const char event[] = "event/";

	if (strncmp(section, prefix, strlen(prefix)))
		return EXT_SECTION_NONE;
	section += strlen(prefix);
	if (!*section)
		return EXT_SECTION_ENTRY;
	if (*section++ != '/')
		return EXT_SECTION_NONE;
	if (!strcmp(section, "fill"))
		return EXT_SECTION_FILL;

	int number;
	uint32_t base = EXT_SLOT_REQUEST;
	uint32_t limit = EXT_SLOT_REPLY - EXT_SLOT_REQUEST;

	if (!strncmp(section, event, strlen(event))) {
		number = ext_event_by_name(section + strlen(event));
		base = EXT_SLOT_EVENT;
		limit = EXT_SLOTS - EXT_SLOT_EVENT;
	} else {
		char name[32];
		size_t len = strlen(section);

		if (len > strlen(reply) && !strcmp(section + len - strlen(reply), reply)) {
			len -= strlen(reply);
			base = EXT_SLOT_REPLY;
		}
		if (len >= sizeof(name))
			return EXT_SECTION_UNKNOWN;
		memcpy(name, section, len);
		name[len] = '\0';
		number = ext_opcode_by_name(name);
	}
	if (number < 0 || (uint32_t)number >= limit)
		return EXT_SECTION_UNKNOWN;
	*slot = base + (uint32_t)number;
	return EXT_SECTION_SLOT;
}
