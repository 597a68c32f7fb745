// SPDX-License-Identifier: GPL-2.0-only
/* test_loader_object.c - facts from objects, and objects that are broken or foreign */
#include <dirent.h>
#include <elf.h>
#include <errno.h>

#include <bpf/btf.h>

#include "loader/loader_test.h"

static char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *data = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(data);
	*size = fread(data, 1, 1 << 20, file);
	assert_true(*size > 0 && *size < 1 << 20);
	fclose(file);
	return data;
}

static void test_policy(void **state)
{
	struct ext_object *object;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_object_read(&log, fixture("policies/ttl"), &object), 0);
	assert_int_equal(log_heard.lines, 0);
	assert_string_equal(object->name, "ttl");
	assert_true(object->is_policy);
	assert_false(object->is_handler);
	assert_string_equal(object->description, "fixture with durations; bad at nothing");
	assert_int_equal(object->nprogs, 0);
	assert_int_equal(object->nparams, 2);
	assert_string_equal(object->params[0].name, "negative_ttl");
	assert_true(object->params[0].preset == UINT64_MAX);
	assert_string_equal(object->params[1].name, "ttl");
	assert_int_equal(object->params[1].type, EXT_PARAM_DURATION);
	assert_true(object->params[1].preset == 1000000000);
	assert_string_equal(object->params[1].help, "answers are fresh for this long");
	ext_object_free(object);
}

static void test_text_parameter(void **state)
{
	struct ext_object *object;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_object_read(&log, fixture("policies/lru"), &object), 0);
	assert_int_equal(object->nparams, 1);
	assert_string_equal(object->params[0].name, "label");
	assert_int_equal(object->params[0].type, EXT_PARAM_STRING);
	assert_int_equal(object->params[0].size, 8);
	assert_string_equal(object->params[0].text, "plain");
	assert_int_equal(log_heard.lines, 0);
	ext_object_free(object);
}

static const struct ext_prog *find_prog(const struct ext_object *object, const char *section)
{
	for (size_t i = 0; i < object->nprogs; i++)
		if (!strcmp(object->progs[i].section, section))
			return &object->progs[i];
	fail_msg("no program in %s", section);
	return NULL;
}

static void test_handler(void **state)
{
	struct ext_object *object;
	LISTEN(log);

	(void)state;
	assert_int_equal(ext_object_read(&log, fixture("handlers/lookup"), &object), 0);
	assert_true(object->is_handler);
	assert_int_equal(object->nprogs, 2);
	assert_int_equal(find_prog(object, "extfuse/LOOKUP")->slot, 1);
	assert_int_equal(find_prog(object, "extfuse/LOOKUP/reply")->slot, EXT_SLOT_REPLY + 1);
	ext_object_free(object);

	assert_int_equal(ext_object_read(&log, fixture("handlers/dispatch"), &object), 0);
	assert_int_equal(find_prog(object, "extfuse")->kind, EXT_SECTION_ENTRY);
	assert_int_equal(object->params[0].type, EXT_PARAM_ENUM);
	assert_string_equal(object->params[0].values, "strict,relaxed");
	ext_object_free(object);
	assert_int_equal(log_heard.lines, 0);
}

static void assert_bad_file(const char *path, int err, const char *text)
{
	struct ext_object *object = (void *)1;
	LISTEN(log);

	assert_int_equal(ext_object_read(&log, path, &object), err);
	assert_heard(&log_heard, text);
	assert_ptr_equal(object, (void *)1);
}

static void test_files_that_are_no_objects(void **state)
{
	(void)state;
	assert_bad_file("/nonexistent/x.bpf.o", -ENOENT, "cannot read object /nonexistent/x.bpf.o");
	assert_bad_file("/", -EINVAL, "not a regular file");
	assert_bad_file("/proc/self/exe", -EINVAL, "is an ELF file for");
	assert_bad_file("/etc/passwd", -EINVAL, "not an ELF file");
	assert_bad_file("/dev/null", -EINVAL, "not a regular file");
}

static void assert_bad_bytes(const void *data, size_t size, const char *text)
{
	struct ext_object *object = (void *)1;
	LISTEN(log);

	assert_int_equal(ext_object_parse(&log, "x/y.bpf.o", data, size, &object), -EINVAL);
	assert_heard(&log_heard, text);
	assert_heard(&log_heard, "x/y.bpf.o");
	assert_ptr_equal(object, (void *)1);
}

static void test_bytes_that_are_no_object(void **state)
{
	(void)state;
	assert_bad_bytes("", 0, "the file is empty");
	assert_bad_bytes("\177EL", 3, "not an ELF file");
	assert_bad_bytes("\177ELF", 4, "truncated");
}

static void test_foreign_contracts(void **state)
{
	(void)state;
	assert_bad_file(fixture("broken/no_contract"), -EINVAL, "names no contract");
	assert_bad_file(fixture("broken/old_contract"), -EINVAL, "contract 0, older than 1");
	assert_bad_file(fixture("broken/new_contract"), -EINVAL, "contract 99, newer than 1");
	assert_bad_file(fixture("broken/no_btf"), -EINVAL, "has no BTF");
	assert_bad_file(fixture("broken/bad_tag"), -EINVAL, "does not understand: 'colour:");
	assert_bad_file(fixture("broken/unknown_slot"), -EINVAL, "unknown slot: opcode 'LOOKOUT'");
	assert_bad_file(fixture("broken/string_param"), -EINVAL,
			"parameter label has no variable ext_param_label of 2 to 4096 bytes");
	assert_bad_file(fixture("broken/reserved_param"), -EINVAL,
			"parameter allow_other bears the name of a mount option");
}

/* Cut off anywhere, an object gives one line, or none if what was cut off did not matter. */
static void test_truncated_everywhere(void **state)
{
	static const char *const names[] = { "policies/ttl", "handlers/store" };

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(names); i++) {
		size_t size;
		char *data = read_file(fixture(names[i]), &size);

		for (size_t cut = 0; cut < size; cut += cut < 256 ? 1 : 13) {
			struct ext_object *object;
			/* An exact allocation lets the sanitizer see one byte too far. */
			char *copy = malloc(cut ? cut : 1);
			LISTEN(log);

			assert_non_null(copy);
			memcpy(copy, data, cut);

			int err = ext_object_parse(&log, "cut.bpf.o", copy, cut, &object);

			free(copy);
			if (err) {
				assert_int_equal(err, -EINVAL);
				assert_int_equal(log_heard.errors, 1);
			} else {
				/* The section headers are last, and all of them are needed. */
				ext_object_free(object);
				fail_msg("%s cut at %zu of %zu was taken", names[i], cut, size);
			}
		}
		free(data);
	}
}

/* Damage to headers must not lead outside the file. */
static void test_damaged_headers(void **state)
{
	size_t size;
	char *data = read_file(fixture("policies/ttl"), &size);
	const Elf64_Ehdr *head = (const void *)data;
	size_t begin = head->e_shoff;
	size_t end = begin + (size_t)head->e_shnum * sizeof(Elf64_Shdr);

	(void)state;
	for (size_t at = 0; at < end; at = at + 1 == sizeof(*head) ? begin : at + 1) {
		struct ext_object *object;
		char *copy = malloc(size);
		LISTEN(log);

		assert_non_null(copy);
		memcpy(copy, data, size);
		copy[at] = (char)~copy[at];
		if (!ext_object_parse(&log, "damaged.bpf.o", copy, size, &object))
			ext_object_free(object);
		else
			assert_int_equal(log_heard.errors, 1);
		free(copy);
	}
	free(data);
}

/* Each crashed or hung libbpf, or this library, once. */
static void test_inputs_that_crashed_are_refused(void **state)
{
	DIR *dir = opendir(FUZZ_CORPUS);
	struct dirent *entry;
	int n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[PATH_MAX];

		if (strncmp(entry->d_name, "crash_", 6) != 0)
			continue;
		snprintf(path, sizeof(path), FUZZ_CORPUS "/%s", entry->d_name);
		assert_bad_file(path, -EINVAL, "is damaged");
		n++;
	}
	closedir(dir);
	assert_true(n >= 3);
}

static Elf64_Shdr *section(char *data, const char *name)
{
	const Elf64_Ehdr *head = (const void *)data;
	Elf64_Shdr *sections = (void *)(data + head->e_shoff);
	const char *names = data + sections[head->e_shstrndx].sh_offset;

	for (int i = 1; i < head->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	fail_msg("no section %s", name);
	return NULL;
}

static Elf64_Sym *function(char *data)
{
	Elf64_Shdr *symtab = section(data, ".symtab");
	Elf64_Sym *v = (void *)(data + symtab->sh_offset);

	for (size_t i = 1; i < symtab->sh_size / sizeof(*v); i++)
		if (ELF64_ST_TYPE(v[i].st_info) == STT_FUNC)
			return &v[i];
	fail_msg("no function");
	return NULL;
}

static Elf64_Rel *relocation(char *data)
{
	return (void *)(data + section(data, ".relextfuse/LOOKUP/reply")->sh_offset);
}

static struct btf_header *btf_of(char *data)
{
	return (void *)(data + section(data, ".BTF")->sh_offset);
}

static __u32 *btf_ext_of(char *data)
{
	return (void *)(data + section(data, ".BTF.ext")->sh_offset);
}

/* A pointer to itself; the first type is one. */
static void endless_pointer(char *data)
{
	struct btf_type *t = (void *)((char *)(btf_of(data) + 1) + btf_of(data)->type_off);

	assert_true(btf_is_ptr(t));
	t->type = 1;
}

#define DAMAGE(name, code) \
	static void name(char *data) \
	{ \
		code; \
	}
DAMAGE(odd_alignment, section(data, "extfuse/LOOKUP")->sh_addralign = 24)
DAMAGE(huge_alignment, section(data, "extfuse/LOOKUP")->sh_addralign = 1 << 20)
DAMAGE(compressed, section(data, "extfuse/LOOKUP")->sh_flags |= SHF_COMPRESSED)
DAMAGE(unknown_section, section(data, "extfuse/LOOKUP")->sh_type = SHT_NOTE)
DAMAGE(half_an_instruction, section(data, "extfuse/LOOKUP")->sh_size -= 4)
DAMAGE(code_without_bytes, section(data, "extfuse/LOOKUP")->sh_type = SHT_NOBITS)
DAMAGE(huge_variables, section(data, ".rodata")->sh_type = SHT_NOBITS;
       section(data, ".rodata")->sh_size = 1ULL << 40)
DAMAGE(long_license, section(data, "license")->sh_size = 3)
DAMAGE(second_license, section(data, ".rodata")->sh_name = section(data, "license")->sh_name)
DAMAGE(no_symbols, section(data, ".symtab")->sh_entsize = 8)
DAMAGE(function_too_long, function(data)->st_size = 1 << 20)
DAMAGE(function_of_nothing, function(data)->st_size = 0)
DAMAGE(function_nowhere, function(data)->st_shndx = 60000)
DAMAGE(relocation_outside, relocation(data)->r_offset = 1 << 20)
DAMAGE(relocation_between, relocation(data)->r_offset += 4)
DAMAGE(relocation_of_nothing, relocation(data)->r_offset = 0)
DAMAGE(relocation_unknown, relocation(data)->r_info |= 99)
DAMAGE(relocation_of_no_symbol, relocation(data)->r_info = ELF64_R_INFO(9999, 1))
DAMAGE(foreign_btf, btf_of(data)->magic = 0x1234)
DAMAGE(long_btf, btf_of(data)->type_len = 1 << 20)
DAMAGE(btf_without_names, btf_of(data)->str_len = 0)
DAMAGE(short_records, btf_ext_of(data)[8] = 4)
DAMAGE(cut_records, btf_ext_of(data)[3] = 1 << 20)

static void test_damage_is_named(void **state)
{
	static const struct {
		void (*damage)(char *data);
		const char *text;
	} cases[] = {
		{ odd_alignment, "alignment is wrong" },
		{ huge_alignment, "alignment is wrong" },
		{ compressed, "compressed" },
		{ unknown_section, "unknown type" },
		{ half_an_instruction, "ends within an instruction" },
		{ code_without_bytes, "has no bytes" },
		{ huge_variables, "too large" },
		{ long_license, "license is no text" },
		{ second_license, "two sections have one name" },
		{ no_symbols, "symbols has a wrong size" },
		{ function_too_long, "reaches beyond its section" },
		{ function_of_nothing, "not made of instructions" },
		{ function_nowhere, "in no section" },
		{ relocation_outside, "outside its section" },
		{ relocation_between, "within an instruction" },
		{ relocation_of_nothing, "fits no instruction" },
		{ relocation_unknown, "type is unknown" },
		{ relocation_of_no_symbol, "names no symbol" },
		{ foreign_btf, "unknown header" },
		{ long_btf, "BTF is cut off" },
		{ btf_without_names, "no names" },
		{ endless_pointer, "contains itself" },
		{ short_records, "records of another size" },
		{ cut_records, "BTF.ext is cut off" },
	};

	(void)state;
	for (size_t i = 0; i < EXT_ARRAY_SIZE(cases); i++) {
		size_t size;
		char *data = read_file(fixture("handlers/lookup"), &size);

		cases[i].damage(data);
		assert_bad_bytes(data, size, cases[i].text);
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_text_parameter),
		cmocka_unit_test(test_handler),
		cmocka_unit_test(test_files_that_are_no_objects),
		cmocka_unit_test(test_bytes_that_are_no_object),
		cmocka_unit_test(test_foreign_contracts),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_damaged_headers),
		cmocka_unit_test(test_inputs_that_crashed_are_refused),
		cmocka_unit_test(test_damage_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
