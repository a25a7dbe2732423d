/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps with flat range tables, and the way to a policy's. They are defined here: one object
 * alone looks into them.
 */
#ifndef EG_FLAT_BPF_H
#define EG_FLAT_BPF_H

#include "maps.bpf.h"
#include "flat_find.h"

enum {
	/* keys of the outer arrays, see eg_flat_key */
	EG_FLAT_KEYS = 2 * EG_POLICIES_MAX,
};

/* policy and family -> its table, an outer array for each class. The helper makes the inner ones,
 * and writes them through their memory before it puts them here. */
#define EG_FLAT_MAP(number, bytes)                                                                 \
	struct eg_flat_table_##number {                                                            \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__uint(map_flags, number < EG_FLAT_MAPPED_FROM ? 0 : BPF_F_MMAPABLE);              \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, bytes);                                                         \
	};                                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, EG_FLAT_KEYS);                                                 \
		__type(key, __u32);                                                                \
		__array(values, struct eg_flat_table_##number);                                    \
	} eg_flat_##number SEC(".maps");

/* The last class this kernel has arrays for. The helper finds that out and says it before it loads
 * the programs; of the classes behind it, it makes the shape of their inner maps small. What is
 * about them below is then dead code to the verifier. In a section of its own, as bpftool's linker
 * does not get along with others' .rodata. */
const volatile __u32 eg_flat_last SEC(".rodata.flat") = EG_FLAT_LAST;

EG_FLAT_CLASSES_SMALL(EG_FLAT_MAP)
EG_FLAT_CLASSES_LARGE(EG_FLAT_MAP)
#undef EG_FLAT_MAP

static __always_inline __u32 eg_flat_key(__u32 policy, const int v6)
{
	return 2 * policy + (v6 ? 1 : 0);
}

/*
 * Finds a table: one way for each class, and at its end the verifier knows the size. What stands in
 * between keeps the compiler from making one call of all, which the kernel could not turn into
 * plain loads, and one computed size, which the verifier could not follow.
 */
#define EG_FLAT_CASE(number, bytes)                                                                \
	case number: {                                                                             \
		__u64 size_##number = bytes;                                                       \
		void *inner_##number;                                                              \
		const __u8 *at_##number;                                                           \
                                                                                                   \
		if (number > EG_FLAT_LAST_SMALL && number > eg_flat_last)                          \
			return NULL;                                                               \
		inner_##number = bpf_map_lookup_elem(&eg_flat_##number, &key);                     \
		if (!inner_##number)                                                               \
			return NULL;                                                               \
		at_##number = bpf_map_lookup_elem(inner_##number, &zero);                          \
		eg_flat_keep(size_##number);                                                       \
		*ret_size = size_##number;                                                         \
		return at_##number;                                                                \
	}

static __always_inline const __u8 *eg_flat_table(__u32 class, __u32 key, __u64 *ret_size)
{
	__u32 zero = 0;

	switch (class) {
		EG_FLAT_CLASSES_SMALL(EG_FLAT_CASE)
		EG_FLAT_CLASSES_LARGE(EG_FLAT_CASE)
	default:
		return NULL;
	}
}
#undef EG_FLAT_CASE

/*
 * What a policy that has a table for the family says about an address. flat: its shape, of the
 * family; policy: its index. Returns enum eg_flat_answer.
 */
static __always_inline int eg_flat_look(const struct eg_flat *flat, __u32 policy,
					const struct eg_flat_address *address, const int v6,
					struct eg_flat_list *ret)
{
	__u64 size = 0;
	const __u8 *table = eg_flat_table(flat->class, eg_flat_key(policy, v6), &size);

	if (!table)
		return EG_FLAT_MISSING;
	return eg_flat_find(flat, table, size, address, v6, ret);
}

#endif
