/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_helpers.h - stands in for libbpf's header when BPF sources are compiled
 * for the host: helpers become calls into fake.c
 */
#ifndef FAKE_BPF_HELPERS_H
#define FAKE_BPF_HELPERS_H

#include <stddef.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <linux/extfuse.h>

/* Nobody reads the facts here, and gcc has no such attribute. */
#define EXT_TAG(text)

/* Host linkers have sections of their own. */
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline __attribute__((noinline))
#undef __hidden
#define __hidden __attribute__((visibility("hidden")))
#undef __weak
#define __weak __attribute__((weak))

/* Tests set the parameters. */
#define EXT_KNOB volatile

/* 1: the source is a user's handler, which takes the place of the built-in one of its opcode. */
#ifndef FAKE_USER
#define FAKE_USER 0
#endif

/*
 * A program enlists itself under its section's name. It is static, so that a
 * user's program and the built-in one that it replaces may be linked together.
 */
typedef int (*fake_program)(struct extfuse_req *ctx);
void fake_enlist(const char *section, fake_program program, const char *file, int user);
#define EXT_PROGRAM(section, name) \
	static int name(struct extfuse_req *ctx); \
	static void __attribute__((constructor)) name##_enlist(void) \
	{ \
		fake_enlist(section, name, __BASE_FILE__, FAKE_USER); \
	} \
	static int name(struct extfuse_req *ctx)

/* What a map is, from its definition. */
struct fake_map_def {
	const void *map;
	int type;
	unsigned int max_entries;
	size_t key_size;
	size_t value_size;
};
#define FAKE_MAP_NO_KEY(m) \
	(&(const struct fake_map_def){ (m), sizeof(*(m)->type) / sizeof(int), \
				       sizeof(*(m)->max_entries) / sizeof(int), 0, \
				       sizeof(*(m)->value) })
#define FAKE_MAP(m) \
	(&(const struct fake_map_def){ (m), sizeof(*(m)->type) / sizeof(int), \
				       sizeof(*(m)->max_entries) / sizeof(int), sizeof(*(m)->key), \
				       sizeof(*(m)->value) })

/* A stop of a run that the test steps, between two accesses of shared memory. */
void fake_pause(void);
#define EXT_STOP() fake_pause()

void *fake_map_lookup(const struct fake_map_def *def, const void *key);
long fake_map_update(const struct fake_map_def *def, const void *key, const void *value,
		     __u64 flags);
long fake_map_delete(const struct fake_map_def *def, const void *key);
long fake_map_push(const struct fake_map_def *def, const void *value, __u64 flags);
long fake_map_pop(const struct fake_map_def *def, void *value);
/* Ring buffers have neither keys nor values. */
#define FAKE_MAP_BYTES(m) \
	(&(const struct fake_map_def){ (m), sizeof(*(m)->type) / sizeof(int), \
				       sizeof(*(m)->max_entries) / sizeof(int), 0, 0 })
void *fake_ring_reserve(const struct fake_map_def *def, __u64 size);
void fake_ring_submit(void *data);
void fake_ring_discard(void *data);
long fake_ring_output(const struct fake_map_def *def, const void *data, __u64 size);
void fake_lock(struct bpf_spin_lock *lock);
void fake_unlock(struct bpf_spin_lock *lock);
fake_program fake_prog_array(const void *map, __u32 slot);
long fake_loop(__u32 steps, long (*function)(__u32 i, void *data), void *data);
__u64 fake_clock(void);
__u32 fake_cpu(void);
__u32 fake_random(void);
long fake_read_args(void *ctx, __u32 arg, void *dst, __u32 size);
long fake_write_args(void *ctx, __u32 arg, const void *src, __u32 size);

#define bpf_map_lookup_elem(map, key) fake_map_lookup(FAKE_MAP(map), (key))
#define bpf_map_update_elem(map, key, value, flags) \
	fake_map_update(FAKE_MAP(map), (key), (value), (flags))
#define bpf_map_delete_elem(map, key) fake_map_delete(FAKE_MAP(map), (key))
#define bpf_map_push_elem(map, value, flags) fake_map_push(FAKE_MAP_NO_KEY(map), (value), (flags))
#define bpf_map_pop_elem(map, value) fake_map_pop(FAKE_MAP_NO_KEY(map), (value))
#define bpf_ringbuf_reserve(map, size, flags) fake_ring_reserve(FAKE_MAP_BYTES(map), (size))
#define bpf_ringbuf_submit(data, flags) fake_ring_submit(data)
#define bpf_ringbuf_discard(data, flags) fake_ring_discard(data)
#define bpf_ringbuf_output(map, data, size, flags) \
	fake_ring_output(FAKE_MAP_BYTES(map), (data), (size))
#define bpf_spin_lock(lock) fake_lock(lock)
#define bpf_spin_unlock(lock) fake_unlock(lock)
#define bpf_loop(steps, function, data, flags) fake_loop((steps), (function), (data))
#define bpf_ktime_get_boot_ns() fake_clock()
#define bpf_ktime_get_ns() fake_clock()
#define bpf_get_smp_processor_id() fake_cpu()
#define bpf_get_prandom_u32() fake_random()

/* Nobody reads it here, but the compiler looks at the arguments. */
static inline __attribute__((format(printf, 1, 2))) void fake_print(const char *format, ...)
{
	(void)format;
}
#define bpf_printk(...) fake_print(__VA_ARGS__)

/* A tail call that succeeds does not return to its caller. */
#define bpf_tail_call(ctx, map, slot) \
	do { \
		fake_program next_ = fake_prog_array((map), (slot)); \
\
		if (next_) \
			return next_(ctx); \
	} while (0)

#define EXT_FAKE_HELPERS
#define bpf_extfuse_read_args fake_read_args
#define bpf_extfuse_write_args fake_write_args

#endif /* FAKE_BPF_HELPERS_H */
