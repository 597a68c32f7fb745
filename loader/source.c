// SPDX-License-Identifier: LGPL-2.1-or-later
/* source.c - the line of source that an instruction of a BPF object comes from */
#include <string.h>

#include <bpf/btf.h>

#include "internal.h"

/* The kernel's format of .BTF.ext (Documentation/bpf/btf.rst); libbpf keeps its own private. */
struct ext_header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t hdr_len;
	uint32_t func_info_off;
	uint32_t func_info_len;
	uint32_t line_info_off;
	uint32_t line_info_len;
};

struct section_head {
	uint32_t name_off;
	uint32_t count;
};

struct line_info {
	uint32_t insn_off; /* bytes into the section */
	uint32_t file_name_off;
	uint32_t line_off;
	uint32_t line_col; /* the column in the lower 10 bits */
};

#define BTF_MAGIC_EXT 0xeb9f

/* Takes @size bytes from the front, or returns NULL if there are fewer. */
static const void *take(const unsigned char **at, size_t *left, size_t size)
{
	const void *p = *at;

	if (size > *left)
		return NULL;
	*at += size;
	*left -= size;
	return p;
}

static char *describe(const struct btf *btf, const struct line_info *info)
{
	const char *file = btf__name_by_offset(btf, info->file_name_off);
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *text = NULL;

	if (!file || asprintf(&text, "%s:%u", slash ? slash + 1 : file, info->line_col >> 10) < 0)
		return NULL;
	return text;
}

char *ext_source_line(const struct btf *btf, const void *btf_ext, size_t size, const char *section,
		      uint64_t offset)
{
	struct line_info best = { 0 };
	struct ext_header head;
	uint32_t record_size;
	bool found = false;
	const void *p;

	if (size < sizeof(head))
		return NULL;
	memcpy(&head, btf_ext, sizeof(head));
	if (head.magic != BTF_MAGIC_EXT || head.hdr_len > size ||
	    head.line_info_off > size - head.hdr_len ||
	    head.line_info_len > size - head.hdr_len - head.line_info_off)
		return NULL;

	const unsigned char *at =
		(const unsigned char *)btf_ext + head.hdr_len + head.line_info_off;
	size_t left = head.line_info_len;

	p = take(&at, &left, sizeof(record_size));
	if (!p)
		return NULL;
	memcpy(&record_size, p, sizeof(record_size));
	if (record_size < sizeof(struct line_info))
		return NULL;
	while ((p = take(&at, &left, sizeof(struct section_head)))) {
		struct section_head sec;

		memcpy(&sec, p, sizeof(sec));

		const char *name = btf__name_by_offset(btf, sec.name_off);
		bool ours = name && !strcmp(name, section);

		for (uint32_t i = 0; i < sec.count; i++) {
			struct line_info info;

			p = take(&at, &left, record_size);
			if (!p)
				return NULL;
			memcpy(&info, p, sizeof(info));
			/* The last one at or before the instruction; line 0 is the compiler's own. */
			if (ours && info.insn_off <= offset && info.line_col >> 10 &&
			    (!found || info.insn_off >= best.insn_off)) {
				best = info;
				found = true;
			}
		}
	}
	return found ? describe(btf, &best) : NULL;
}
