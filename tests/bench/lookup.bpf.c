// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Look-ups of many addresses, in the tries and in the flat tables that the product has, by programs
 * that load on any kernel and are run by BPF_PROG_TEST_RUN. none: all but the look-up. cold: one,
 * of which only the structure is not in a cache. line: of a flat table one word is read, at a place
 * that the address says: no structure that is kept in such a map can do with less. compare: both,
 * and whether they agree.
 */
#define EG_DEFINE_MAPS
#include "flat.bpf.h"
#include <bpf/bpf_endian.h>
#include "lookup.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOOKUP_ASKED);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lookup_address);
} lookup_asked SEC(".maps");

/* Stands for what a policy has of its tables: key as eg_flat_key. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * LOOKUP_SHAPES);
	__type(key, __u32);
	__type(value, struct eg_flat);
} lookup_shapes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lookup_run);
} lookup_runs SEC(".maps");

enum how { NONE, TRIE, FLAT, LINE };

struct work {
	__u32 policy, first;
	__u64 sum, ns;
	__u32 differ, which, trie, flat;
};

/* What a policy has of its table: read before a look-up, of whatever kind, as the product has read
 * the policy then. */
static __always_inline struct eg_flat *shape_of(__u32 policy, const int v6)
{
	__u32 key = eg_flat_key(policy, v6);

	return bpf_map_lookup_elem(&lookup_shapes, &key);
}

static __always_inline int in_trie(__u32 policy, const struct lookup_address *address, const int v6,
				   struct eg_flat_list *ret)
{
	struct eg_entry *entry;
	void *trie;

	if (v6) {
		struct eg_lpm6_key key = {.prefix_len = 128};
		__u64 halves[2] = {bpf_cpu_to_be64(address->high), bpf_cpu_to_be64(address->low)};

		trie = bpf_map_lookup_elem(&eg_tries6, &policy);
		if (!trie)
			return EG_FLAT_MISSING;
		__builtin_memcpy(key.addr, halves, sizeof(key.addr));
		entry = bpf_map_lookup_elem(trie, &key);
	} else {
		struct eg_lpm4_key key = {.prefix_len = 32};
		__u32 v4 = bpf_htonl(address->high >> 32);

		trie = bpf_map_lookup_elem(&eg_tries4, &policy);
		if (!trie)
			return EG_FLAT_MISSING;
		__builtin_memcpy(key.addr, &v4, sizeof(v4));
		entry = bpf_map_lookup_elem(trie, &key);
	}
	if (!entry)
		return EG_FLAT_PASS;
	if (entry->n) {
		*ret = (struct eg_flat_list){.list = entry->list, .n = entry->n};
		return EG_FLAT_LIST;
	}
	if (entry->rule.verdict == EG_VERDICT_ALLOW)
		return EG_FLAT_PASS;
	return entry->rule.line ? EG_FLAT_REFUSED : EG_FLAT_DEFAULT;
}

static __always_inline int in_table(const struct eg_flat *flat, __u32 policy,
				    const struct lookup_address *address, const int v6,
				    struct eg_flat_list *ret)
{
	struct eg_flat_address at = {.high = address->high, .low = address->low};

	return eg_flat_look(flat, policy, &at, v6, ret);
}

static __always_inline int in_line(const struct eg_flat *flat, __u32 policy,
				   const struct lookup_address *address)
{
	int width = (flat->form >> EG_FLAT_WIDTH_SHIFT) + 1;
	__u64 size = 0, used = ((__u64)flat->bounds + flat->n_bounds) << width, off;
	const __u8 *table = eg_flat_table(flat->class, eg_flat_key(policy, 0), &size);

	if (!table)
		return EG_FLAT_MISSING;
	off = (address->high >> 32) * used >> 32 & ~7ULL;
	eg_flat_keep(off);
	if (off > size - EG_FLAT_SLACK)
		return EG_FLAT_MISSING;
	return *(const __u64 *)(table + off) & 1;
}

static __always_inline int look(const struct eg_flat *flat, __u32 policy,
				const struct lookup_address *address, const enum how how,
				const int v6, struct eg_flat_list *ret)
{
	if (how == TRIE)
		return in_trie(policy, address, v6, ret);
	if (how == FLAT)
		return in_table(flat, policy, address, v6, ret);
	if (how == LINE)
		return in_line(flat, policy, address);
	return address->high & 1;
}

static __always_inline struct lookup_address *asked(__u32 i, const struct work *work)
{
	__u32 key = work->first + i;

	return bpf_map_lookup_elem(&lookup_asked, &key);
}

static __always_inline long ask(__u32 i, struct work *work, const enum how how, const int v6)
{
	struct lookup_address *address = asked(i, work);
	struct eg_flat *flat = shape_of(work->policy, v6);
	struct eg_flat_list list = {};

	if (!address || !flat)
		return 1;
	work->sum += look(flat, work->policy, address, how, v6, &list) + list.list + flat->class;
	return 0;
}

static __always_inline long ask_cold(__u32 i, struct work *work, const enum how how, const int v6)
{
	struct lookup_address *address = asked(i, work), copy;
	struct eg_flat *flat = shape_of(work->policy, v6), *other = shape_of(LOOKUP_OTHER, v6);
	struct eg_flat_list list = {};
	__u64 start;

	if (!address || !flat || !other)
		return 1;
	copy = *address;
	work->sum += copy.high + flat->class;
	/* The code is read by a look-up in another policy, before the clock: what is cold is the
	 * structure. */
	work->sum += look(other, LOOKUP_OTHER, &copy, how, v6, &list);
	start = bpf_ktime_get_ns();
	work->sum += look(flat, work->policy, &copy, how, v6, &list) + list.list;
	work->ns += bpf_ktime_get_ns() - start;
	return 0;
}

static __always_inline long ask_both(__u32 i, struct work *work, const int v6)
{
	struct lookup_address *address = asked(i, work);
	struct eg_flat_list in_trie_list = {}, in_table_list = {};
	struct eg_flat *shape = shape_of(work->policy, v6);
	int trie, flat;

	if (!address || !shape)
		return 1;
	trie = in_trie(work->policy, address, v6, &in_trie_list);
	flat = in_table(shape, work->policy, address, v6, &in_table_list);
	if (trie == flat && trie != EG_FLAT_MISSING && in_trie_list.list == in_table_list.list &&
	    in_trie_list.n == in_table_list.n)
		return 0;
	work->differ++;
	work->which = work->first + i;
	work->trie = trie;
	work->flat = flat;
	return 0;
}

#define EG_PROGRAM(name, call)                                                                     \
	static long each_##name(__u32 i, struct work *work)                                        \
	{                                                                                          \
		return call;                                                                       \
	}                                                                                          \
	SEC("tc")                                                                                  \
	int lookup_##name(struct __sk_buff *skb)                                                   \
	{                                                                                          \
		__u32 zero = 0;                                                                    \
		struct lookup_run *run = bpf_map_lookup_elem(&lookup_runs, &zero);                 \
		struct work work = {};                                                             \
                                                                                                   \
		if (!run)                                                                          \
			return 1;                                                                  \
		work.first = run->first;                                                           \
		work.policy = run->policy;                                                         \
		bpf_loop(run->n, each_##name, &work, 0);                                           \
		run->sum = work.sum;                                                               \
		run->ns = work.ns;                                                                 \
		run->differ = work.differ;                                                         \
		run->which = work.which;                                                           \
		run->trie = work.trie;                                                             \
		run->flat = work.flat;                                                             \
		return 0;                                                                          \
	}

EG_PROGRAM(none4, ask(i, work, NONE, 0))
EG_PROGRAM(trie4, ask(i, work, TRIE, 0))
EG_PROGRAM(flat4, ask(i, work, FLAT, 0))
EG_PROGRAM(none6, ask(i, work, NONE, 1))
EG_PROGRAM(trie6, ask(i, work, TRIE, 1))
EG_PROGRAM(flat6, ask(i, work, FLAT, 1))
EG_PROGRAM(none4_cold, ask_cold(i, work, NONE, 0))
EG_PROGRAM(trie4_cold, ask_cold(i, work, TRIE, 0))
EG_PROGRAM(flat4_cold, ask_cold(i, work, FLAT, 0))
EG_PROGRAM(line4_cold, ask_cold(i, work, LINE, 0))
EG_PROGRAM(none6_cold, ask_cold(i, work, NONE, 1))
EG_PROGRAM(trie6_cold, ask_cold(i, work, TRIE, 1))
EG_PROGRAM(flat6_cold, ask_cold(i, work, FLAT, 1))
EG_PROGRAM(compare4, ask_both(i, work, 0))
EG_PROGRAM(compare6, ask_both(i, work, 1))

char LICENSE[] SEC("license") = "Dual BSD/GPL";
