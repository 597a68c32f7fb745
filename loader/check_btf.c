// SPDX-License-Identifier: LGPL-2.1-or-later
/* check_btf.c - the types of an object, before libbpf sees them */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <string.h>

#include "check.h"
#include "internal.h"

/* libbpf follows types by recursion; a compiler's output stays far below. */
#define MAX_TYPES 32768
#define MAX_DEPTH 512

#ifndef BTF_KIND_TYPE_TAG
#define BTF_KIND_TYPE_TAG 18
#endif

struct types {
	const struct elf *elf;
	const unsigned char *strings;
	uint32_t strings_size;
	struct entry {
		const struct btf_type *type;
		/* of a walk */
		unsigned char state;
	} * v;
	size_t n;
};

static const void *behind(const struct btf_type *t)
{
	return t + 1;
}

static unsigned int kind_of(const struct btf_type *t)
{
	return BTF_INFO_KIND(t->info);
}

static unsigned int vlen_of(const struct btf_type *t)
{
	return BTF_INFO_VLEN(t->info);
}

/* Bytes behind the common part, or -1 for an unknown kind. */
static long extra_size(const struct btf_type *t)
{
	long n = vlen_of(t);

	switch (kind_of(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * (long)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * (long)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * (long)sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return n * (long)sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return n * (long)sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	default:
		return -1;
	}
}

/* The types that @t refers to, by index; 0 ends no list, void is a type. */
static size_t edges(const struct btf_type *t)
{
	switch (kind_of(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		return 1;
	case BTF_KIND_ARRAY:
		return 2;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return vlen_of(t);
	case BTF_KIND_FUNC_PROTO:
		return 1 + (size_t)vlen_of(t);
	default:
		return 0;
	}
}

static uint32_t edge(const struct btf_type *t, size_t i)
{
	switch (kind_of(t)) {
	case BTF_KIND_ARRAY:
		return i ? ((const struct btf_array *)behind(t))->index_type
			 : ((const struct btf_array *)behind(t))->type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return ((const struct btf_member *)behind(t))[i].type;
	case BTF_KIND_DATASEC:
		return ((const struct btf_var_secinfo *)behind(t))[i].type;
	case BTF_KIND_FUNC_PROTO:
		return i ? ((const struct btf_param *)behind(t))[i - 1].type : t->type;
	default:
		return t->type;
	}
}

static bool string_ok(const struct types *types, uint32_t offset)
{
	return offset < types->strings_size;
}

static bool named(const struct types *types, uint32_t offset)
{
	return string_ok(types, offset) && types->strings[offset];
}

/* Names of members, parameters and values. */
static const char *check_inner_names(const struct types *types, const struct btf_type *t)
{
	unsigned int kind = kind_of(t);
	size_t step = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ? sizeof(struct btf_member)
		      : kind == BTF_KIND_ENUM				? sizeof(struct btf_enum)
		      : kind == BTF_KIND_ENUM64				? sizeof(struct btf_enum64)
		      : kind == BTF_KIND_FUNC_PROTO			? sizeof(struct btf_param)
									: 0;

	/* Each of these structures begins with the name's offset. */
	for (unsigned int i = 0; step && i < vlen_of(t); i++) {
		__u32 name;

		memcpy(&name, (const char *)behind(t) + i * step, sizeof(name));
		if (!string_ok(types, name))
			return "a type's name lies outside its BTF";
	}
	return NULL;
}

static const struct btf_type *type_at(const struct types *types, uint32_t id)
{
	return id && id < types->n ? types->v[id].type : NULL;
}

static bool is_kind(const struct types *types, uint32_t id, unsigned int kind)
{
	const struct btf_type *t = type_at(types, id);

	return t && kind_of(t) == kind;
}

/* Sections that only BTF knows: what they declare is defined elsewhere. */
static bool declares_only(const char *name)
{
	return !strcmp(name, ".extern") || !strcmp(name, ".kconfig") || !strcmp(name, ".ksyms");
}

static const char *check_datasec(const struct types *types, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = behind(t);
	const char *name = (const char *)types->strings + t->name_off;
	const Elf64_Shdr *s = ext_section_by_name(types->elf, name);

	if (declares_only(name) ? !!s : !s && strcmp(name, ".maps") != 0)
		return "a section of its BTF is none of the file's";
	if (s && s->sh_type != SHT_PROGBITS && s->sh_type != SHT_NOBITS)
		return "a section of its BTF holds no variables";
	for (unsigned int i = 0; i < vlen_of(t); i++) {
		if (!is_kind(types, v[i].type, BTF_KIND_VAR) &&
		    !(declares_only(name) && is_kind(types, v[i].type, BTF_KIND_FUNC)))
			return "a section of its BTF holds no variables";
		if (s && (v[i].offset > s->sh_size || v[i].size > s->sh_size - v[i].offset))
			return "a variable lies outside its section";
	}
	return NULL;
}

static const char *check_tag(const struct types *types, const struct btf_type *t)
{
	const struct btf_decl_tag *tag = behind(t);
	const struct btf_type *target = type_at(types, t->type);

	if (!target)
		return "a tag belongs to nothing";
	if (tag->component_idx == -1)
		return NULL;
	if (kind_of(target) == BTF_KIND_FUNC)
		target = type_at(types, target->type);
	if (!target || tag->component_idx < 0 ||
	    (kind_of(target) != BTF_KIND_STRUCT && kind_of(target) != BTF_KIND_UNION &&
	     kind_of(target) != BTF_KIND_FUNC_PROTO) ||
	    (unsigned int)tag->component_idx >= vlen_of(target))
		return "a tag belongs to nothing";
	return NULL;
}

static const char *check_struct(const struct btf_type *t)
{
	const struct btf_member *m = behind(t);

	for (unsigned int i = 0; i < vlen_of(t); i++) {
		uint32_t bit =
			BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset;

		if (bit / 8 > t->size)
			return "a member lies outside its structure";
	}
	return NULL;
}

static const char *check_type(const struct types *types, const struct btf_type *t)
{
	if (!string_ok(types, t->name_off))
		return "a type's name lies outside its BTF";
	for (size_t i = 0; i < edges(t); i++)
		if (edge(t, i) >= types->n)
			return "a type refers to none";
	switch (kind_of(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
		if (!t->size || t->size > 16 || !named(types, t->name_off))
			return "a number has a wrong size";
		break;
	case BTF_KIND_FUNC:
		if (!is_kind(types, t->type, BTF_KIND_FUNC_PROTO) || !named(types, t->name_off))
			return "a function has no type";
		break;
	case BTF_KIND_VAR:
		if (!t->type || is_kind(types, t->type, BTF_KIND_VAR) ||
		    is_kind(types, t->type, BTF_KIND_DATASEC) ||
		    is_kind(types, t->type, BTF_KIND_FUNC) || !named(types, t->name_off))
			return "a variable has no type";
		break;
	case BTF_KIND_ARRAY:
		if (!edge(t, 0) || !edge(t, 1))
			return "an array has no type";
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return check_struct(t) ? check_struct(t) : check_inner_names(types, t);
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPE_TAG:
		if (!named(types, t->name_off))
			return "a type has no name";
		break;
	case BTF_KIND_DATASEC:
		return named(types, t->name_off) ? check_datasec(types, t) : "a type has no name";
	case BTF_KIND_DECL_TAG:
		return named(types, t->name_off) ? check_tag(types, t) : "a type has no name";
	}
	return check_inner_names(types, t);
}

/* Edges that a walk leaves out, so that what C allows has no circle in either. */
enum walk { WITHOUT_MEMBERS, WITHOUT_POINTERS };

static bool leaves_out(enum walk walk, unsigned int kind)
{
	if (walk == WITHOUT_POINTERS)
		return kind == BTF_KIND_PTR;
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/*
 * A circle through pointers alone, or through members alone, is nothing that
 * has a size or an end; libbpf would follow it for ever. Depth first, with a
 * stack of its own.
 */
static const char *check_circles(const struct types *types, enum walk walk)
{
	enum { NEW, OPEN, DONE };
	struct {
		uint32_t id;
		uint32_t next;
	} stack[MAX_DEPTH];

	for (uint32_t i = 1; i < types->n; i++)
		types->v[i].state = NEW;
	for (uint32_t root = 1; root < types->n; root++) {
		size_t depth = 0;

		if (types->v[root].state != NEW)
			continue;
		stack[depth].id = root;
		stack[depth++].next = 0;
		types->v[root].state = OPEN;
		while (depth) {
			const struct btf_type *t = types->v[stack[depth - 1].id].type;
			size_t n = leaves_out(walk, kind_of(t)) ? 0 : edges(t);

			if (stack[depth - 1].next >= n) {
				types->v[stack[--depth].id].state = DONE;
				continue;
			}

			uint32_t id = edge(t, stack[depth - 1].next++);

			if (!id || types->v[id].state == DONE)
				continue;
			if (types->v[id].state == OPEN)
				return "a type contains itself";
			if (depth == MAX_DEPTH)
				return "its types are nested too deeply";
			types->v[id].state = OPEN;
			stack[depth].id = id;
			stack[depth++].next = 0;
		}
	}
	return NULL;
}

static const char *check_header(const struct btf_header *head, size_t size)
{
	if (size < sizeof(*head) || head->magic != BTF_MAGIC || head->version != BTF_VERSION ||
	    head->flags || head->hdr_len != sizeof(*head))
		return "its BTF has an unknown header";

	uint64_t room = size - head->hdr_len;

	if (head->type_off % 4 || head->type_len % 4 || head->type_off > room ||
	    head->type_len > room - head->type_off || head->str_off > room ||
	    head->str_len > room - head->str_off)
		return "its BTF is cut off";
	if (head->str_off < head->type_off + head->type_len)
		return "its BTF's names overlap its types";
	return NULL;
}

static const char *collect(struct types *types, const unsigned char *p, const unsigned char *end)
{
	types->n = 1;
	while (p < end) {
		const struct btf_type *t = (const void *)p;
		long extra;

		if ((size_t)(end - p) < sizeof(*t))
			return "its BTF is cut off";
		extra = extra_size(t);
		if (extra < 0)
			return "a type is of an unknown kind";
		if (end - p - (long)sizeof(*t) < extra)
			return "its BTF is cut off";
		if (types->n == MAX_TYPES)
			return "it has too many types";
		types->v[types->n++].type = t;
		p += (long)sizeof(*t) + extra;
	}
	return NULL;
}

static const char *check_all(struct types *types, const unsigned char *begin,
			     const unsigned char *end)
{
	const char *wrong = collect(types, begin, end);

	for (size_t i = 1; i < types->n && !wrong; i++)
		wrong = check_type(types, types->v[i].type);
	if (!wrong)
		wrong = check_circles(types, WITHOUT_MEMBERS);
	return wrong ? wrong : check_circles(types, WITHOUT_POINTERS);
}

const char *ext_check_btf(const struct elf *elf, const Elf64_Shdr *section, unsigned char **kinds,
			  size_t *ntypes)
{
	const void *data = elf->image + section->sh_offset;
	const struct btf_header *head = data;
	struct types types = { .elf = elf };
	const char *wrong;

	if ((uintptr_t)data % _Alignof(struct btf_header))
		return "its BTF is not aligned";
	wrong = check_header(head, section->sh_size);
	if (wrong)
		return wrong;

	const unsigned char *begin = (const unsigned char *)data + head->hdr_len;

	types.strings = begin + head->str_off;
	types.strings_size = head->str_len;
	if (!head->str_len || types.strings[0] || types.strings[head->str_len - 1])
		return "its BTF has no names";
	types.v = calloc(MAX_TYPES, sizeof(*types.v));
	*kinds = calloc(MAX_TYPES, 1);
	if (!types.v || !*kinds)
		wrong = "out of memory";
	else
		wrong = check_all(&types, begin + head->type_off,
				  begin + head->type_off + head->type_len);
	for (size_t i = 1; i < types.n && !wrong; i++)
		(*kinds)[i] = (unsigned char)kind_of(types.v[i].type);
	*ntypes = types.n;
	free(types.v);
	return wrong;
}

bool ext_btf_string_at(const void *data, uint32_t offset)
{
	return offset < ((const struct btf_header *)data)->str_len;
}

const char *ext_btf_string(const void *data, uint32_t offset)
{
	const struct btf_header *head = data;

	return (const char *)data + head->hdr_len + head->str_off + offset;
}

/* ---- .BTF.ext ---- */

/* linux/btf.h does not describe it; libbpf keeps this to itself. */
struct ext_header {
	__u16 magic;
	__u8 version;
	__u8 flags;
	__u32 hdr_len;
	__u32 func_info_off;
	__u32 func_info_len;
	__u32 line_info_off;
	__u32 line_info_len;
	__u32 core_relo_off;
	__u32 core_relo_len;
};

struct func_record {
	__u32 insn_off;
	__u32 type_id;
};

struct line_record {
	__u32 insn_off;
	__u32 file_name_off;
	__u32 line_off;
	__u32 line_col;
};

struct core_record {
	__u32 insn_off;
	__u32 type_id;
	__u32 access_str_off;
	__u32 kind;
};

enum records { FUNCS, LINES, CORES };

static const size_t record_sizes[] = {
	[FUNCS] = sizeof(struct func_record),
	[LINES] = sizeof(struct line_record),
	[CORES] = sizeof(struct core_record),
};

struct ext_view {
	const struct elf *elf;
	const void *btf;
	const unsigned char *kinds;
	size_t ntypes;
};

static bool record_ok(const struct ext_view *view, enum records what, const void *record)
{
	const struct core_record *core = record;
	const struct func_record *func = record;
	const struct line_record *line = record;

	switch (what) {
	case FUNCS:
		return func->type_id < view->ntypes && view->kinds[func->type_id] == BTF_KIND_FUNC;
	case LINES:
		return ext_btf_string_at(view->btf, line->file_name_off) &&
		       ext_btf_string_at(view->btf, line->line_off);
	default:
		return core->type_id && core->type_id < view->ntypes &&
		       ext_btf_string_at(view->btf, core->access_str_off) &&
		       core->kind <= BPF_CORE_TYPE_MATCHES;
	}
}

static const char *check_records(const struct ext_view *view, enum records what,
				 const unsigned char *p, size_t left)
{
	const size_t size = record_sizes[what];
	__u32 head[2];
	__u32 stated;

	if (!left)
		return NULL;
	if (left < sizeof(stated))
		return "its BTF.ext is cut off";
	memcpy(&stated, p, sizeof(stated));
	if (stated != size)
		return "its BTF.ext has records of another size";
	p += sizeof(stated);
	left -= sizeof(stated);
	while (left) {
		if (left < sizeof(head))
			return "its BTF.ext is cut off";
		memcpy(head, p, sizeof(head));
		p += sizeof(head);
		left -= sizeof(head);
		if (!ext_btf_string_at(view->btf, head[0]))
			return "its BTF.ext names no section";

		const Elf64_Shdr *s =
			ext_section_by_name(view->elf, ext_btf_string(view->btf, head[0]));

		if (!s || s->sh_type != SHT_PROGBITS || !(s->sh_flags & SHF_EXECINSTR))
			return "its BTF.ext names no section of code";
		if (!head[1] || head[1] > left / size)
			return "its BTF.ext is cut off";
		for (__u32 i = 0; i < head[1]; i++, p += size, left -= size) {
			const __u32 *insn_off = (const void *)p;

			if (*insn_off % sizeof(struct bpf_insn) || *insn_off >= s->sh_size ||
			    !record_ok(view, what, p))
				return "its BTF.ext describes no instruction";
		}
	}
	return NULL;
}

const char *ext_check_btf_ext(const struct elf *elf, const Elf64_Shdr *btf, const Elf64_Shdr *ext,
			      const unsigned char *kinds, size_t ntypes)
{
	const unsigned char *data = elf->image + ext->sh_offset;
	const struct ext_header *head = (const void *)data;
	const struct ext_view view = { elf, elf->image + btf->sh_offset, kinds, ntypes };

	if ((uintptr_t)data % _Alignof(struct ext_header) || ext->sh_size < sizeof(*head) ||
	    head->magic != BTF_MAGIC || head->version != BTF_VERSION || head->flags ||
	    head->hdr_len != sizeof(*head))
		return "its BTF.ext has an unknown header";

	const struct {
		enum records what;
		__u32 off;
		__u32 len;
	} parts[] = {
		{ FUNCS, head->func_info_off, head->func_info_len },
		{ LINES, head->line_info_off, head->line_info_len },
		{ CORES, head->core_relo_off, head->core_relo_len },
	};
	size_t room = ext->sh_size - sizeof(*head);

	for (size_t i = 0; i < EXT_ARRAY_SIZE(parts); i++) {
		if (parts[i].off % 4 || parts[i].off > room || parts[i].len > room - parts[i].off)
			return "its BTF.ext is cut off";

		const char *wrong = check_records(
			&view, parts[i].what, data + sizeof(*head) + parts[i].off, parts[i].len);

		if (wrong)
			return wrong;
	}
	return NULL;
}
