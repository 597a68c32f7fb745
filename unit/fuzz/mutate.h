/* SPDX-License-Identifier: GPL-2.0-only */
/* mutate.h - changes single fields of an object, so that most of it stays as a compiler wrote it */
#ifndef MUTATE_H
#define MUTATE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static uint64_t mutate_state;

static inline uint32_t mutate_random(void)
{
	mutate_state = mutate_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(mutate_state >> 33);
}

static inline uint32_t mutate_value(uint32_t old)
{
	switch (mutate_random() % 8) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return 0;
	case 3:
		return ~0U >> mutate_random() % 32;
	case 4:
		return 1U << mutate_random() % 32;
	case 5:
		return mutate_random() % 64;
	case 6:
		return old ^ 1U << mutate_random() % 32;
	default:
		return mutate_random();
	}
}

/* One word of the @size bytes at @base gets another value, often one that stands there too. */
static inline void mutate_word(uint8_t *data, size_t base, size_t size, size_t align)
{
	uint32_t value;
	size_t at;

	if (size < sizeof(value))
		return;
	at = base + mutate_random() % (size / align) * align;
	if (at + sizeof(value) > base + size)
		at = base + size - sizeof(value);
	memcpy(&value, data + at, sizeof(value));
	value = mutate_value(value);
	if (mutate_random() % 4 == 0)
		memcpy(&value, data + base + mutate_random() % (size / 4) * 4, sizeof(value));
	memcpy(data + at, &value, sizeof(value));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	Elf64_Ehdr head;
	unsigned int times;

	mutate_state = seed;
	times = 1 + mutate_random() % 3;
	if (size < sizeof(head) || mutate_random() % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(&head, data, sizeof(head));
	if (head.e_shoff > size || head.e_shnum * sizeof(Elf64_Shdr) > size - head.e_shoff ||
	    head.e_shnum < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	while (times--) {
		size_t i = 1 + mutate_random() % (head.e_shnum - 1U);
		size_t at = head.e_shoff + i * sizeof(Elf64_Shdr);
		Elf64_Shdr section;

		memcpy(&section, data + at, sizeof(section));
		if (mutate_random() % 4 == 0) {
			mutate_word(data, at, sizeof(section), 4);
			continue;
		}
		if (section.sh_type == SHT_NOBITS || section.sh_offset > size ||
		    section.sh_size > size - section.sh_offset || !section.sh_size)
			continue;
		mutate_word(data, section.sh_offset, section.sh_size,
			    section.sh_type == SHT_STRTAB ? 1 : 4);
	}
	return size;
}

#endif
