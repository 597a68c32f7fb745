// SPDX-License-Identifier: LGPL-2.1-or-later
/* check.c - sections, symbols and relocations of an object, before libelf and libbpf see them */
#include <linux/bpf.h>
#include <string.h>

#include "check.h"
#include "internal.h"

/* More than any compiler writes for one source file. */
#define MAX_SECTIONS 4096
#define MAX_ALIGN 4096
/* What all sections without bytes in the file may take together; libbpf allocates them. */
#define MAX_NOBITS (64 << 20)
#define BPF_INSN_SIZE sizeof(struct bpf_insn)

#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03
#endif

/* elf.h names two of them. */
enum { R_BPF_ABS64 = 2, R_BPF_ABS32 = 3, R_BPF_NODYLD32 = 4 };

const char *ext_section_name(const struct elf *elf, size_t i)
{
	return elf->names + elf->sections[i].sh_name;
}

const Elf64_Shdr *ext_section_by_name(const struct elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->nsections; i++)
		if (!strcmp(ext_section_name(elf, i), name))
			return &elf->sections[i];
	return NULL;
}

/* Sections for debuggers, which nothing of ours reads. */
static bool is_debug(const char *name)
{
	if (!strncmp(name, ".rel", 4))
		name += 4;
	return !strncmp(name, ".debug_", 7);
}

static bool is_code(const Elf64_Shdr *s)
{
	return s->sh_type == SHT_PROGBITS && s->sh_flags & SHF_EXECINSTR;
}

static const void *bytes_of(const struct elf *elf, const Elf64_Shdr *s)
{
	return elf->image + s->sh_offset;
}

static const char *check_section(const struct elf *elf, const Elf64_Shdr *s, const char *name,
				 uint64_t *nobits)
{
	if (!*name)
		return "a section has no name";
	if (s->sh_addralign > MAX_ALIGN || (s->sh_addralign & (s->sh_addralign - 1)))
		return "a section's alignment is wrong";
	if (s->sh_flags & SHF_COMPRESSED)
		return "a section is compressed";
	/* Also where there are no bytes: the offset is added to a pointer. */
	if (s->sh_offset > elf->size)
		return "a section lies outside the file";
	switch (s->sh_type) {
	case SHT_NOBITS:
		if (s->sh_size > MAX_NOBITS || (*nobits += s->sh_size) > MAX_NOBITS)
			return "its variables are too large";
		if (s->sh_flags & SHF_EXECINSTR)
			return "a section of code has no bytes";
		return NULL;
	case SHT_PROGBITS:
	case SHT_STRTAB:
	case SHT_SYMTAB:
	case SHT_REL:
	case SHT_LLVM_ADDRSIG:
		if (s->sh_addralign && s->sh_offset % s->sh_addralign)
			return "a section is not aligned";
		if (is_code(s) && s->sh_size % BPF_INSN_SIZE)
			return "a section of code ends within an instruction";
		return NULL;
	default:
		return "a section is of an unknown type";
	}
}

/* Read as text, or as one number. */
static const char *check_special(const struct elf *elf, const Elf64_Shdr *s, const char *name)
{
	const char *text = bytes_of(elf, s);

	if (!strcmp(name, "license") &&
	    (s->sh_type != SHT_PROGBITS || !s->sh_size || s->sh_size > 64 || text[s->sh_size - 1]))
		return "its license is no text";
	if (!strcmp(name, "version") && (s->sh_type != SHT_PROGBITS || s->sh_size != 4))
		return "its version is no number";
	if ((!strcmp(name, ".BTF") || !strcmp(name, ".BTF.ext")) && s->sh_type != SHT_PROGBITS)
		return "its BTF has no bytes";
	if (!strcmp(name, ".maps") && s->sh_type != SHT_PROGBITS)
		return "its maps have no bytes";
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* libbpf finds sections by name: a second one would hide behind the first. */
static const char *check_unique(const struct elf *elf)
{
	_cleanup_free_ const char **names = calloc(elf->nsections, sizeof(*names));
	size_t n = 0;

	if (!names)
		return "out of memory";
	for (size_t i = 1; i < elf->nsections; i++)
		if (!is_debug(ext_section_name(elf, i)))
			names[n++] = ext_section_name(elf, i);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(names[i - 1], names[i]))
			return "two sections have one name";
	return NULL;
}

static const char *check_symbol(const struct elf *elf, const Elf64_Sym *sym, const char *name)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info);
	unsigned int bind = ELF64_ST_BIND(sym->st_info);
	unsigned int visibility = ELF64_ST_VISIBILITY(sym->st_other);
	const Elf64_Shdr *s;

	if (bind != STB_LOCAL && bind != STB_GLOBAL && bind != STB_WEAK)
		return "a symbol's binding is unknown";
	if (visibility != STV_DEFAULT && visibility != STV_HIDDEN)
		return "a symbol's visibility is unknown";
	if (bind != STB_LOCAL && (type == STT_SECTION || type == STT_FILE || !*name))
		return "a symbol is of no use to others";
	if (sym->st_shndx == SHN_UNDEF)
		return type != STT_NOTYPE || bind == STB_LOCAL || sym->st_value || sym->st_size
			       ? "an undefined symbol has a value"
			       : NULL;
	if (type == STT_FILE)
		return sym->st_shndx == SHN_ABS ? NULL : "a file's symbol has a section";
	if (sym->st_shndx >= elf->nsections)
		return "a symbol is in no section";
	s = &elf->sections[sym->st_shndx];
	if (s->sh_type != SHT_PROGBITS && s->sh_type != SHT_NOBITS)
		return "a symbol is in a section of another kind";
	if (type == STT_SECTION)
		return sym->st_value ? "a section's symbol has a value" : NULL;
	if (type != STT_NOTYPE && type != STT_OBJECT && type != STT_FUNC)
		return "a symbol's type is unknown";
	if (sym->st_value > s->sh_size || sym->st_size > s->sh_size - sym->st_value)
		return "a symbol reaches beyond its section";
	if (type == STT_FUNC && (!is_code(s) || !sym->st_size || sym->st_value % BPF_INSN_SIZE ||
				 sym->st_size % BPF_INSN_SIZE))
		return "a function is not made of instructions";
	if (type == STT_OBJECT && is_code(s))
		return "a variable is in a section of code";
	return NULL;
}

static int compare_symbols(const void *a, const void *b)
{
	const Elf64_Sym *x = a;
	const Elf64_Sym *y = b;

	if (x->st_shndx != y->st_shndx)
		return x->st_shndx < y->st_shndx ? -1 : 1;
	return x->st_value < y->st_value ? -1 : x->st_value > y->st_value;
}

/* By section and place. */
struct functions {
	Elf64_Sym *v;
	size_t n;
};

/* Programs that share instructions would be relocated twice. */
static const char *find_functions(const Elf64_Shdr *symtab, const Elf64_Sym *symbols,
				  struct functions *functions)
{
	size_t n = symtab->sh_size / sizeof(*symbols);
	Elf64_Sym *v = calloc(n, sizeof(*v));
	size_t count = 0;

	if (!v)
		return "out of memory";
	for (size_t i = 1; i < n; i++)
		if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC)
			v[count++] = symbols[i];
	qsort(v, count, sizeof(*v), compare_symbols);
	*functions = (struct functions){ v, count };
	for (size_t i = 1; i < count; i++)
		if (v[i].st_shndx == v[i - 1].st_shndx &&
		    v[i].st_value < v[i - 1].st_value + v[i - 1].st_size)
			return "two functions share instructions";
	return NULL;
}

/* Whether one function has all of these bytes of a section. */
static bool in_function(const struct functions *functions, size_t section, uint64_t at,
			uint64_t size)
{
	size_t low = 0, high = functions->n;

	/* The last that begins at or before them. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const Elf64_Sym *f = &functions->v[mid];

		if (f->st_shndx < section || (f->st_shndx == section && f->st_value <= at))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;

	const Elf64_Sym *f = &functions->v[low - 1];

	return f->st_shndx == section && at - f->st_value < f->st_size &&
	       size <= f->st_size - (at - f->st_value);
}

static const char *check_symbols(const struct elf *elf, const Elf64_Shdr *symtab)
{
	const Elf64_Sym *v = bytes_of(elf, symtab);
	size_t n = symtab->sh_size / sizeof(*v);
	static const Elf64_Sym none;

	if (symtab->sh_entsize != sizeof(*v) || symtab->sh_size % sizeof(*v) || !n ||
	    symtab->sh_offset % _Alignof(Elf64_Sym))
		return "its table of symbols has a wrong size";
	if (!symtab->sh_link || symtab->sh_link >= elf->nsections)
		return "its symbols have no names";

	const Elf64_Shdr *strings = &elf->sections[symtab->sh_link];
	const char *names = bytes_of(elf, strings);

	if (strings->sh_type != SHT_STRTAB || !strings->sh_size || names[strings->sh_size - 1])
		return "its symbols have no names";
	if (memcmp(v, &none, sizeof(none)) != 0)
		return "its first symbol is not empty";
	for (size_t i = 1; i < n; i++) {
		const char *wrong = v[i].st_name >= strings->sh_size
					    ? "a symbol has no name"
					    : check_symbol(elf, &v[i], names + v[i].st_name);

		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Bytes that a relocation of this type changes; 0: none that belongs here. */
static size_t relocation_size(unsigned int type, bool code)
{
	switch (type) {
	case R_BPF_64_64:
		return code ? 2 * BPF_INSN_SIZE : 0;
	case R_BPF_64_32:
		return code ? BPF_INSN_SIZE : 0;
	case R_BPF_ABS64:
		return code ? 0 : 8;
	case R_BPF_ABS32:
	case R_BPF_NODYLD32:
		return code ? 0 : 4;
	default:
		return 0;
	}
}

static const char *check_relocation(const struct elf *elf, const struct functions *functions,
				    const Elf64_Shdr *target, const Elf64_Rel *rel,
				    const Elf64_Sym *sym)
{
	size_t width = relocation_size(ELF64_R_TYPE(rel->r_info), is_code(target));

	if (!width)
		return "a relocation's type is unknown";
	if (rel->r_offset > target->sh_size || target->sh_size - rel->r_offset < width)
		return "a relocation lies outside its section";
	if (!is_code(target))
		return NULL;
	if (rel->r_offset % BPF_INSN_SIZE)
		return "a relocation lies within an instruction";

	struct bpf_insn insn;

	memcpy(&insn, elf->image + target->sh_offset + rel->r_offset, sizeof(insn));
	/* A load of 64 bits takes two instructions, a call one. */
	if ((insn.code == (BPF_LD | BPF_IMM | BPF_DW)) != (width == 2 * BPF_INSN_SIZE))
		return "a relocation fits no instruction";
	if (width == BPF_INSN_SIZE && insn.code != (BPF_JMP | BPF_CALL))
		return "a relocation fits no instruction";
	if (sym->st_shndx != SHN_UNDEF && sym->st_shndx >= elf->nsections)
		return "a relocation names no section";
	/* libbpf has the instructions by function. */
	if (!in_function(functions, (size_t)(target - elf->sections), rel->r_offset, width))
		return "a relocation lies in no function";
	return NULL;
}

static const char *check_relocations(const struct elf *elf, const struct functions *functions,
				     const Elf64_Shdr *s, const char *name,
				     const Elf64_Shdr *symtab)
{
	const Elf64_Rel *v = bytes_of(elf, s);
	const Elf64_Sym *symbols = bytes_of(elf, symtab);
	size_t nsymbols = symtab->sh_size / sizeof(*symbols);
	size_t n = s->sh_size / sizeof(*v);

	if (s->sh_entsize != sizeof(*v) || s->sh_size % sizeof(*v) ||
	    s->sh_offset % _Alignof(Elf64_Rel))
		return "a table of relocations has a wrong size";
	if (&elf->sections[s->sh_link < elf->nsections ? s->sh_link : 0] != symtab)
		return "relocations belong to no table of symbols";
	if (!s->sh_info || s->sh_info >= elf->nsections)
		return "relocations belong to no section";

	const Elf64_Shdr *target = &elf->sections[s->sh_info];

	if (target->sh_type != SHT_PROGBITS)
		return "relocations belong to a section of another kind";
	if (strncmp(name, ".rel", 4) != 0 ||
	    strcmp(name + 4, ext_section_name(elf, s->sh_info)) != 0)
		return "relocations bear another section's name";
	for (size_t i = 0; i < n; i++) {
		size_t sym = ELF64_R_SYM(v[i].r_info);
		const char *wrong =
			!sym || sym >= nsymbols
				? "a relocation names no symbol"
				: check_relocation(elf, functions, target, &v[i], &symbols[sym]);

		/* Nobody reads those of debuggers. */
		if (wrong && !is_debug(name))
			return wrong;
	}
	return NULL;
}

static const char *check_code(const struct elf *elf, const Elf64_Shdr *symtab)
{
	struct functions functions = { 0 };
	const char *wrong = find_functions(symtab, bytes_of(elf, symtab), &functions);

	for (size_t i = 1; i < elf->nsections && !wrong; i++)
		if (elf->sections[i].sh_type == SHT_REL)
			wrong = check_relocations(elf, &functions, &elf->sections[i],
						  ext_section_name(elf, i), symtab);
	free(functions.v);
	return wrong;
}

/* Types for the variables of a section must fit it: libbpf reads and writes there. */
static const char *check_types(const struct elf *elf)
{
	const Elf64_Shdr *btf = ext_section_by_name(elf, ".BTF");
	const Elf64_Shdr *ext = ext_section_by_name(elf, ".BTF.ext");
	_cleanup_free_ unsigned char *kinds = NULL;
	const char *wrong;
	size_t ntypes;

	if (!btf)
		return NULL;
	wrong = ext_check_btf(elf, btf, &kinds, &ntypes);
	if (wrong || !ext)
		return wrong;
	return ext_check_btf_ext(elf, btf, ext, kinds, ntypes);
}

const char *ext_check_elf(const struct elf *elf)
{
	const Elf64_Shdr *symtab = NULL;
	const char *wrong;
	uint64_t nobits = 0;

	if (elf->nsections > MAX_SECTIONS)
		return "it has too many sections";
	for (size_t i = 1; i < elf->nsections; i++) {
		const Elf64_Shdr *s = &elf->sections[i];
		const char *name = ext_section_name(elf, i);

		wrong = check_section(elf, s, name, &nobits);
		if (!wrong)
			wrong = check_special(elf, s, name);
		if (!wrong && s->sh_type == SHT_SYMTAB && symtab)
			wrong = "it has two tables of symbols";
		if (wrong)
			return wrong;
		if (s->sh_type == SHT_SYMTAB)
			symtab = s;
	}
	if (!symtab)
		return "it has no symbols";
	wrong = check_unique(elf);
	if (!wrong)
		wrong = check_symbols(elf, symtab);
	if (!wrong)
		wrong = check_code(elf, symtab);
	return wrong ? wrong : check_types(elf);
}
