// SPDX-License-Identifier: LGPL-2.1-or-later
/* object.c - reads what a BPF object says of itself, and refuses what is broken or foreign */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/btf.h>

#include "check.h"
#include "internal.h"

#define TAG "extfuse:"
/* Generous: real objects have a few dozen KiB. */
#define MAX_OBJECT_SIZE (64 << 20)
/* Of a parameter's text, its NUL included. */
#define MAX_STRING 4096

int ext_objects_add(struct ext_objects *objects, struct ext_object *object)
{
	struct ext_object **v = realloc(objects->v, (objects->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	objects->v = v;
	v[objects->n++] = object;
	return 0;
}

void ext_objects_free(struct ext_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++)
		ext_object_free(objects->v[i]);
	free(objects->v);
	*objects = (struct ext_objects){ 0 };
}

void ext_object_free(struct ext_object *object)
{
	if (!object)
		return;
	for (size_t i = 0; i < object->nparams; i++) {
		free(object->params[i].name);
		free(object->params[i].help);
		free(object->params[i].values);
		free(object->params[i].text);
	}
	for (size_t i = 0; i < object->nsymbols; i++)
		free(object->symbols[i].used_at);
	free(object->params);
	free(object->progs);
	free(object->symbols);
	free(object->description);
	free(object->image);
	free(object->name);
	free(object->path);
	free(object);
}

static void cleanup_object(struct ext_object **object)
{
	ext_object_free(*object);
}

static void cleanup_btf(struct btf **btf)
{
	btf__free(*btf);
}

static const char *machine_name(unsigned int machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "arm64";
	case EM_386:
		return "i386";
	case EM_RISCV:
		return "riscv";
	default:
		return "another machine";
	}
}

static int truncated(const struct ext_log *log, const char *path, size_t size)
{
	ext_err(log, "%s is truncated or damaged (%zu bytes): build or install it again", path,
		size);
	return -EINVAL;
}

/* Whether [offset, offset + size) lies within the image. */
static bool inside(const struct elf *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

/*
 * Check everything that libelf and libbpf take on trust: a file that was cut
 * off anywhere must give one clear line, not whatever those libraries make of it.
 */
static int elf_open(const struct ext_log *log, const char *path, const void *image, size_t size,
		    struct elf *elf)
{
	const Elf64_Ehdr *head = image;

	*elf = (struct elf){ .image = image, .size = size };
	if (size < SELFMAG || memcmp(image, ELFMAG, SELFMAG)) {
		ext_err(log, "%s is not a BPF object (%s): build it with clang -g -target bpf",
			path, size ? "not an ELF file" : "the file is empty");
		return -EINVAL;
	}
	if (size < sizeof(*head))
		return truncated(log, path, size);
	if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != EM_BPF) {
		ext_err(log,
			"%s is an ELF file for %s, not for BPF: build it with clang -g -target bpf",
			path, machine_name(head->e_machine));
		return -EINVAL;
	}
	if (head->e_ident[EI_DATA] !=
	    (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)) {
		ext_err(log, "%s is for the other byte order: build it with clang -g -target bpf",
			path);
		return -EINVAL;
	}
	if (head->e_type != ET_REL || head->e_shentsize != sizeof(Elf64_Shdr) || !head->e_shnum ||
	    head->e_shoff % _Alignof(Elf64_Shdr) || head->e_shstrndx >= head->e_shnum)
		return truncated(log, path, size);
	if (!inside(elf, head->e_shoff, (uint64_t)head->e_shnum * sizeof(Elf64_Shdr)))
		return truncated(log, path, size);

	elf->sections = (const void *)((const char *)image + head->e_shoff);
	elf->nsections = head->e_shnum;
	for (size_t i = 0; i < elf->nsections; i++)
		if (elf->sections[i].sh_type != SHT_NOBITS &&
		    !inside(elf, elf->sections[i].sh_offset, elf->sections[i].sh_size))
			return truncated(log, path, size);

	const Elf64_Shdr *names = &elf->sections[head->e_shstrndx];

	elf->names = (const char *)image + names->sh_offset;
	elf->names_size = names->sh_size;
	if (names->sh_type != SHT_STRTAB || !elf->names_size || elf->names[elf->names_size - 1])
		return truncated(log, path, size);
	for (size_t i = 0; i < elf->nsections; i++)
		if (elf->sections[i].sh_name >= elf->names_size)
			return truncated(log, path, size);
	return 0;
}

struct symtab {
	const Elf64_Sym *v;
	size_t n;
	const char *names;
	size_t names_size;
};

static bool symtab_open(const struct elf *elf, struct symtab *out)
{
	for (size_t i = 1; i < elf->nsections; i++) {
		const Elf64_Shdr *s = &elf->sections[i];

		if (s->sh_type != SHT_SYMTAB)
			continue;
		if (s->sh_entsize != sizeof(Elf64_Sym) || s->sh_offset % _Alignof(Elf64_Sym) ||
		    s->sh_link >= elf->nsections)
			return false;

		const Elf64_Shdr *names = &elf->sections[s->sh_link];

		*out = (struct symtab){
			.v = (const void *)(elf->image + s->sh_offset),
			.n = s->sh_size / sizeof(Elf64_Sym),
			.names = (const char *)elf->image + names->sh_offset,
			.names_size = names->sh_size,
		};
		if (names->sh_type != SHT_STRTAB || !out->names_size ||
		    out->names[out->names_size - 1])
			return false;
		for (size_t j = 0; j < out->n; j++)
			if (out->v[j].st_name >= out->names_size)
				return false;
		return true;
	}
	return false;
}

/* The section that defines @sym, or NULL: undefined, or in no section. */
static const Elf64_Shdr *symbol_section(const struct elf *elf, const Elf64_Sym *sym)
{
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= elf->nsections)
		return NULL;
	return &elf->sections[sym->st_shndx];
}

/* Variables that libbpf or the kernel defines (__ksym, __kconfig) are not ours to miss. */
static bool resolved_elsewhere(const struct btf *btf, const char *name)
{
	static const char *const sections[] = { ".ksyms", ".kconfig" };

	for (size_t i = 0; i < EXT_ARRAY_SIZE(sections); i++) {
		int id = btf__find_by_name_kind(btf, sections[i], BTF_KIND_DATASEC);
		const struct btf_type *sec = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

		for (int j = 0; sec && j < btf_vlen(sec); j++) {
			const struct btf_type *t =
				btf__type_by_id(btf, btf_var_secinfos(sec)[j].type);
			const char *known = t ? btf__name_by_offset(btf, t->name_off) : NULL;

			if (known && !strcmp(known, name))
				return true;
		}
	}
	return false;
}

/* The line of source at @offset of @section, "FILE:LINE" or NULL. */
static char *source_line(const struct elf *elf, const struct btf *btf, const char *section,
			 uint64_t offset)
{
	const Elf64_Shdr *ext = ext_section_by_name(elf, ".BTF.ext");

	if (!ext || ext->sh_type == SHT_NOBITS)
		return NULL;
	return ext_source_line(btf, elf->image + ext->sh_offset, ext->sh_size, section, offset);
}

/* Where symbol number @index is used first. */
static char *first_use(const struct elf *elf, const struct btf *btf, size_t index)
{
	for (size_t i = 1; i < elf->nsections; i++) {
		const Elf64_Shdr *s = &elf->sections[i];
		const Elf64_Rel *rel = (const void *)(elf->image + s->sh_offset);

		if (s->sh_type != SHT_REL || s->sh_entsize != sizeof(*rel) ||
		    s->sh_offset % _Alignof(Elf64_Rel) || s->sh_info >= elf->nsections ||
		    !(elf->sections[s->sh_info].sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t j = 0; j < s->sh_size / sizeof(*rel); j++)
			if (ELF64_R_SYM(rel[j].r_info) == index)
				return source_line(elf, btf, ext_section_name(elf, s->sh_info),
						   rel[j].r_offset);
	}
	return NULL;
}

/* "extfuse/LOKUP/reply": says which opcode or event may have been meant. */
static void log_unknown_slot(const struct ext_log *log, const struct ext_object *object,
			     const char *section, const char *name, const char *source)
{
	static const char event[] = "extfuse/event/";
	bool is_event = !strncmp(section, event, strlen(event));
	const char *word = is_event ? section + strlen(event) : section + strlen("extfuse/");
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, "/"), word);

	const char *close = is_event ? ext_closest_event(text) : ext_closest_opcode(text);

	ext_err(log,
		"%s: unknown slot: %s '%s' of %s%s%s%s does not exist%s%s%s; name one of enum %s",
		object->path, is_event ? "event" : "opcode", text, name, source ? " (" : "",
		source ? source : "", source ? ")" : "", close ? " (is " : "", close ? close : "",
		close ? " meant?)" : "",
		is_event ? "extfuse_event in linux/extfuse.h, without EXTFUSE_EV_"
			 : "fuse_opcode in linux/fuse.h, without FUSE_");
}

static int add_program(const struct ext_log *log, struct ext_object *object, const char *section,
		       const char *name, const char *source)
{
	struct ext_prog prog = { .section = section, .name = name };

	prog.kind = ext_section_parse(section, &prog.slot);
	if (prog.kind == EXT_SECTION_NONE)
		return 0;
	if (prog.kind == EXT_SECTION_UNKNOWN) {
		log_unknown_slot(log, object, section, name, source);
		return -EINVAL;
	}

	struct ext_prog *v = realloc(object->progs, (object->nprogs + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	object->progs = v;
	v[object->nprogs++] = prog;
	return 0;
}

static int add_symbol(struct ext_object *object, const struct ext_symbol *symbol)
{
	struct ext_symbol *v = realloc(object->symbols, (object->nsymbols + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	object->symbols = v;
	v[object->nsymbols++] = *symbol;
	return 0;
}

static int read_symbols(const struct ext_log *log, struct ext_object *object, const struct elf *elf,
			const struct btf *btf, const struct symtab *symtab)
{
	for (size_t i = 1; i < symtab->n; i++) {
		const Elf64_Sym *sym = &symtab->v[i];
		const char *name = symtab->names + sym->st_name;
		const Elf64_Shdr *section = symbol_section(elf, sym);
		const char *where = section ? elf->names + section->sh_name : "";
		int err = 0;

		if (ELF64_ST_TYPE(sym->st_info) == STT_FUNC && section) {
			_cleanup_free_ char *source = source_line(elf, btf, where, sym->st_value);

			err = add_program(log, object, where, name, source);
		}
		if (err)
			return err;
		if (ELF64_ST_BIND(sym->st_info) == STB_LOCAL)
			continue;
		/* The linker keeps one copy of these and compares them itself. */
		if (!strcmp(where, "license") || !strcmp(where, "version"))
			continue;
		if (sym->st_shndx == SHN_UNDEF && resolved_elsewhere(btf, name))
			continue;

		struct ext_symbol symbol = {
			.name = name,
			.undefined = sym->st_shndx == SHN_UNDEF,
			.weak = ELF64_ST_BIND(sym->st_info) == STB_WEAK,
		};

		if (symbol.undefined)
			symbol.used_at = first_use(elf, btf, i);
		err = add_symbol(object, &symbol);
		if (err) {
			free(symbol.used_at);
			return err;
		}
	}
	return 0;
}

/* The bytes of a variable that an object defines, NULL for zeros; false: it defines none. */
static bool read_variable(const struct elf *elf, const struct symtab *symtab, const char *name,
			  size_t *size, const unsigned char **bytes)
{
	for (size_t i = 1; i < symtab->n; i++) {
		const Elf64_Sym *sym = &symtab->v[i];
		const char *symbol = symtab->names + sym->st_name;
		const Elf64_Shdr *section = symbol_section(elf, sym);

		if (!section || strncmp(symbol, "ext_param_", 10) || strcmp(symbol + 10, name))
			continue;
		*size = sym->st_size;
		*bytes = NULL;
		if (section->sh_type == SHT_NOBITS)
			return true;
		if (sym->st_value > section->sh_size ||
		    section->sh_size - sym->st_value < sym->st_size)
			return false;
		*bytes = elf->image + section->sh_offset + sym->st_value;
		return true;
	}
	return false;
}

/* Reads what parameter @param is preset to from its variable ext_param_NAME. */
static int read_preset(const struct ext_log *log, const struct ext_object *object,
		       const struct elf *elf, const struct symtab *symtab, struct ext_param *param)
{
	bool string = param->type == EXT_PARAM_STRING;
	const unsigned char *bytes;
	bool found = read_variable(elf, symtab, param->name, &param->size, &bytes);

	if (string && found && param->size >= 2 && param->size <= MAX_STRING) {
		param->text = bytes ? strndup((const char *)bytes, param->size - 1) : strdup("");
		return param->text ? 0 : -ENOMEM;
	}
	if (!string && found && param->size == sizeof(param->preset)) {
		if (bytes)
			memcpy(&param->preset, bytes, sizeof(param->preset));
		return 0;
	}
	if (string)
		ext_err(log, "%s: parameter %s has no variable ext_param_%s of 2 to %d bytes",
			object->path, param->name, param->name, MAX_STRING);
	else
		ext_err(log, "%s: parameter %s has no variable ext_param_%s of 8 bytes",
			object->path, param->name, param->name);
	return -EINVAL;
}

static int bad_tag(const struct ext_log *log, const struct ext_object *object, const char *tag)
{
	ext_err(log, "%s carries a tag that this library does not understand: '%s'", object->path,
		tag);
	return -EINVAL;
}

/* Takes "TYPE:NAME:HELP" of a tag "extfuse:param:TYPE:NAME:HELP". */
static int read_param(const struct ext_log *log, struct ext_object *object, const struct elf *elf,
		      const struct symtab *symtab, const char *tag)
{
	const char *name = strchr(tag, ':');
	const char *help = name ? strchr(name + 1, ':') : NULL;
	struct ext_param param = { 0 };

	if (!help || help == name + 1)
		return bad_tag(log, object, tag);

	size_t type_len = (size_t)(name - tag);

	if (type_len == 8 && !strncmp(tag, "duration", 8))
		param.type = EXT_PARAM_DURATION;
	else if (type_len == 5 && !strncmp(tag, "count", 5))
		param.type = EXT_PARAM_COUNT;
	else if (type_len == 6 && !strncmp(tag, "string", 6))
		param.type = EXT_PARAM_STRING;
	else if (type_len > 5 && !strncmp(tag, "enum=", 5))
		param.type = EXT_PARAM_ENUM;
	else
		return bad_tag(log, object, tag);

	struct ext_param *v = realloc(object->params, (object->nparams + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	object->params = v;
	param.name = strndup(name + 1, (size_t)(help - name - 1));
	param.help = strdup(help + 1);
	if (param.type == EXT_PARAM_ENUM)
		param.values = strndup(tag + 5, type_len - 5);
	v[object->nparams++] = param;
	if (!param.name || !param.help || (param.type == EXT_PARAM_ENUM && !param.values))
		return -ENOMEM;

	int err = read_preset(log, object, elf, symtab, &v[object->nparams - 1]);

	if (err)
		return err;
	if (ext_param_reserved(param.name)) {
		ext_err(log, "%s: parameter %s bears the name of a mount option: rename it",
			object->path, param.name);
		return -EINVAL;
	}
	return 0;
}

static int check_contract(const struct ext_log *log, const struct ext_object *object,
			  const char *version)
{
	char *end;
	long contract = strtol(version, &end, 10);

	if (*end || end == version)
		return bad_tag(log, object, version);
	if (contract < EXT_CONTRACT) {
		ext_err(log,
			"%s was built for contract %ld, older than %d, which this library needs: "
			"build it again with the current headers",
			object->path, contract, EXT_CONTRACT);
		return -EINVAL;
	}
	if (contract > EXT_CONTRACT) {
		ext_err(log,
			"%s was built for contract %ld, newer than %d, which this library knows: "
			"update libextfuse",
			object->path, contract, EXT_CONTRACT);
		return -EINVAL;
	}
	return 0;
}

static int set_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* If @tag is "extfuse:KEY:REST" returns REST. */
static const char *tag_value(const char *tag, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(tag, TAG, strlen(TAG)))
		return NULL;
	tag += strlen(TAG);
	return strncmp(tag, key, len) || tag[len] != ':' ? NULL : tag + len + 1;
}

static int read_tags(const struct ext_log *log, struct ext_object *object, const struct elf *elf,
		     const struct btf *btf, const struct symtab *symtab)
{
	bool contract = false;

	/* The contract comes first: it says what the other tags mean. */
	for (__u32 i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *tag = t ? btf__name_by_offset(btf, t->name_off) : NULL;
		const char *value;

		if (!tag || !btf_is_decl_tag(t) || !(value = tag_value(tag, "contract")))
			continue;

		int err = check_contract(log, object, value);

		if (err)
			return err;
		contract = true;
	}
	if (!contract) {
		ext_err(log,
			"%s is no ExtFUSE handler or policy (it names no contract): include "
			"handler.h or policy.h",
			object->path);
		return -EINVAL;
	}

	for (__u32 i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *tag = t ? btf__name_by_offset(btf, t->name_off) : NULL;
		const char *value;
		int err = 0;

		if (!tag || !btf_is_decl_tag(t))
			continue;
		if ((value = tag_value(tag, "policy"))) {
			object->is_policy = true;
			err = set_text(&object->description, value);
		} else if ((value = tag_value(tag, "handler"))) {
			object->is_handler = true;
			err = set_text(&object->description, value);
		} else if ((value = tag_value(tag, "param"))) {
			err = read_param(log, object, elf, symtab, value);
		} else if ((value = tag_value(tag, "shape"))) {
			if (strcmp(value, "lru") && strcmp(value, "hash") && strcmp(value, "own") &&
			    strcmp(value, "none"))
				err = bad_tag(log, object, tag);
			object->lru |= !strcmp(value, "lru");
			object->keeps_nothing |= !strcmp(value, "none");
		}
		if (err)
			return err;
	}
	return 0;
}

static int compare_params(const void *a, const void *b)
{
	return strcmp(((const struct ext_param *)a)->name, ((const struct ext_param *)b)->name);
}

int ext_object_parse(const struct ext_log *log, const char *path, const void *image, size_t size,
		     struct ext_object **out)
{
	__attribute__((cleanup(cleanup_object))) struct ext_object *object =
		calloc(1, sizeof(*object));

	if (!object)
		return -ENOMEM;

	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(base);
	size_t suffix = strlen(EXT_OBJECT_SUFFIX);

	if (len > suffix && !strcmp(base + len - suffix, EXT_OBJECT_SUFFIX))
		len -= suffix;
	object->path = strdup(path);
	object->name = strndup(base, len);
	object->image = malloc(size ? size : 1);
	if (!object->path || !object->name || !object->image)
		return -ENOMEM;
	memcpy(object->image, image, size);
	object->size = size;

	struct elf elf;
	struct symtab symtab;
	int err = elf_open(log, path, object->image, size, &elf);

	if (err)
		return err;

	const char *wrong = ext_check_elf(&elf);

	if (wrong) {
		ext_err(log, "%s is damaged, or no compiler made it (%s): build it again", path,
			wrong);
		return -EINVAL;
	}
	if (!symtab_open(&elf, &symtab))
		return truncated(log, path, size);

	const Elf64_Shdr *section = ext_section_by_name(&elf, ".BTF");

	if (!section || section->sh_type == SHT_NOBITS || !section->sh_size) {
		ext_err(log, "%s has no BTF: build it with clang -g -target bpf", path);
		return -EINVAL;
	}

	struct ext_libbpf_scope scope;
	ext_libbpf_begin(&scope, log);
	__attribute__((cleanup(cleanup_btf))) struct btf *btf =
		btf__new(object->image + section->sh_offset, (__u32)section->sh_size);
	ext_libbpf_end(&scope);
	if (!btf)
		return truncated(log, path, size);

	err = read_tags(log, object, &elf, btf, &symtab);
	if (!err)
		err = read_symbols(log, object, &elf, btf, &symtab);
	if (err)
		return err;
	if (object->nparams)
		qsort(object->params, object->nparams, sizeof(*object->params), compare_params);
	*out = EXT_TAKE(object);
	return 0;
}

int ext_object_read(const struct ext_log *log, const char *path, struct ext_object **out)
{
	/* A FIFO would wait for its writer. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		int err = errno;

		ext_err(log, "cannot read object %s: %s", path, strerror(err));
		return err == ENOENT ? -ENOENT : -EINVAL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_OBJECT_SIZE) {
		ext_err(log, "%s is not a BPF object (%s)", path,
			S_ISREG(st.st_mode) ? "too large" : "not a regular file");
		return -EINVAL;
	}

	size_t size = 0;
	_cleanup_free_ char *image = malloc((size_t)st.st_size + 1);

	if (!image)
		return -ENOMEM;
	while (size < (size_t)st.st_size) {
		ssize_t n = read(fd, image + size, (size_t)st.st_size - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ext_err(log, "cannot read object %s: %s", path, strerror(errno));
			return -EINVAL;
		}
		if (!n)
			break;
		size += (size_t)n;
	}
	return ext_object_parse(log, path, image, size, out);
}

bool ext_objects_keep_nothing(const struct ext_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++)
		if (objects->v[i]->is_policy && objects->v[i]->keeps_nothing)
			return true;
	return false;
}

bool ext_object_has_kind(const struct ext_object *object, enum ext_section kind)
{
	for (size_t i = 0; i < object->nprogs; i++)
		if (object->progs[i].kind == kind)
			return true;
	return false;
}
