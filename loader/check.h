/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.h - checks of an object's bytes, made before libelf and libbpf see them */
#ifndef EXT_CHECK_H
#define EXT_CHECK_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A checked image: header, section headers and their names lie within it. */
struct elf {
	const unsigned char *image;
	size_t size;
	const Elf64_Shdr *sections;
	size_t nsections;
	const char *names;
	size_t names_size;
};

const char *ext_section_name(const struct elf *elf, size_t i);
const Elf64_Shdr *ext_section_by_name(const struct elf *elf, const char *name);

/*
 * Sections, symbols, relocations, BTF and BTF.ext: everything that libelf and
 * libbpf take on trust. They read out of bounds, never end or use up all
 * memory when it is wrong. Returns what is wrong, or NULL.
 */
const char *ext_check_elf(const struct elf *elf);

/*
 * Types as the compiler writes them: known kinds, ids and names that exist, and
 * no circle that does not lead through a pointer to a structure. *kinds is set
 * to the kind of each type, by id, to be freed in any case; *ntypes counts them, void
 * included.
 */
const char *ext_check_btf(const struct elf *elf, const Elf64_Shdr *section, unsigned char **kinds,
			  size_t *ntypes);
/* Whether @offset is that of a string of checked BTF. */
bool ext_btf_string_at(const void *data, uint32_t offset);
const char *ext_btf_string(const void *data, uint32_t offset);
/* Lines and functions of a checked image. */
const char *ext_check_btf_ext(const struct elf *elf, const Elf64_Shdr *btf, const Elf64_Shdr *ext,
			      const unsigned char *kinds, size_t ntypes);

#endif /* EXT_CHECK_H */
