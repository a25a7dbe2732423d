// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The networks of a policy in the maps: in a flat table where there are enough of them, or in a
 * trie. Which one it is makes no difference to any verdict.
 *
 * A trie where there are few: it needs no index. And where a group of programs has networks: each
 * of the two policies says how long its network is, and a table does not know.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "fault.h"
#include "flat.h"
#include "util.h"

/* Networks of a family from which on "auto" is a table; ebpfguard.conf(5) says so. */
enum { EG_FLAT_FROM = 64 };

/* The last class that the running kernel has arrays for: 6.1 takes no values that kmalloc() has no
 * room for. */
static int last_class(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd eg_auto_close =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "eg_flat", sizeof(uint32_t),
			       (uint32_t)eg_flat_size(EG_FLAT_LAST_SMALL + 1), 1, &opts);

	if (fd >= 0)
		return EG_FLAT_LAST;
	return fd == -E2BIG ? EG_FLAT_LAST_SMALL : fd;
}

/* Of classes that stay empty, the shape of what would be in them is as small as can be: the kernel
 * makes one of it. */
static int make_small(struct bpf_object *object, unsigned int class)
{
	struct bpf_map *map;
	char name[32];

	(void)snprintf(name, sizeof(name), "eg_flat_%u", class);
	map = bpf_object__find_map_by_name(object, name);
	if (!map)
		return -ENOENT;
	return bpf_map__set_value_size(bpf_map__inner_map(map), (uint32_t)eg_flat_size(1));
}

int eg_bpf_networks_fit(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata.flat");
	int last = last_class(), r;
	uint32_t value = (uint32_t)last; /* eg_flat_last, flat.bpf.h */

	if (last < 0)
		return last;
	r = map ? bpf_map__set_initial_value(map, &value, sizeof(value)) : -ENOENT;
	for (unsigned int class = (unsigned int)last + 1; class <= EG_FLAT_LAST && !r; class ++)
		r = make_small(object, class);
	return r < 0 ? r : last;
}

static uint32_t key_of(uint32_t index, bool six)
{
	return 2 * index + six; /* eg_flat_key, flat.bpf.h */
}

static bool groups_have(const struct eg_policy_image *image, uint32_t flag)
{
	for (size_t i = 0; i < image->n_groups; i++)
		if (image->groups[i].policy.flags & flag)
			return true;
	return false;
}

/* Is a table to be tried? */
static bool wants_table(const struct eg_policy_image *image, bool six)
{
	size_t n = six ? image->n_entries6 : image->n_entries4;

	if (image->is_group || image->nets_in == EG_NETS_IN_TRIE ||
	    groups_have(image, six ? EG_POLICY_RULES6 : EG_POLICY_RULES4))
		return false;
	return image->nets_in == EG_NETS_IN_TABLE || n >= EG_FLAT_FROM;
}

static int put_table(struct eg_bpf *bpf, uint32_t index, const struct eg_flat_plan *plan, bool six)
{
	int r = six ? eg_fault(policy_table6) : eg_fault(policy_table4);

	return eg_bpf_inner_put(bpf, EG_MAP_FLAT_1 + plan->flat.class - 1, key_of(index, six),
				r ?: eg_bpf_inner_table(plan));
}

/* 1: it is there. 0: there can be none, for this policy or on this kernel. */
static int try_table(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		     bool six, struct eg_flat *ret)
{
	__attribute__((cleanup(eg_flat_plan_done))) struct eg_flat_plan plan = {0};
	int r;

	if (!wants_table(image, six))
		return 0;
	r = six ? eg_flat_plan6(image->entries6, image->n_entries6, &plan)
		: eg_flat_plan4(image->entries4, image->n_entries4, &plan);
	if (r == -E2BIG || (!r && plan.flat.class > bpf->last_class))
		return 0;
	if (!r)
		r = put_table(bpf, index, &plan, six);
	if (r < 0)
		return r;
	*ret = plan.flat;
	return 1;
}

int eg_bpf_networks_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
			struct eg_policy *policy)
{
	uint32_t flags = image->policy.flags;
	int r = 0;

	if (flags & EG_POLICY_RULES4) {
		r = try_table(bpf, index, image, false, &policy->flat4);
		if (r > 0)
			policy->flags |= EG_POLICY_TABLE4;
		else if (!r)
			r = eg_bpf_inner_put(bpf, EG_MAP_TRIES4, index,
					     eg_fault(policy_trie4) ?: eg_bpf_inner_trie4(image));
	}
	if (r >= 0 && flags & EG_POLICY_RULES6) {
		r = try_table(bpf, index, image, true, &policy->flat6);
		if (r > 0)
			policy->flags |= EG_POLICY_TABLE6;
		else if (!r)
			r = eg_bpf_inner_put(bpf, EG_MAP_TRIES6, index,
					     eg_fault(policy_trie6) ?: eg_bpf_inner_trie6(image));
	}
	return r < 0 ? r : 0;
}

void eg_bpf_networks_drop(struct eg_bpf *bpf, uint32_t index)
{
	eg_bpf_inner_drop(bpf, EG_MAP_TRIES4, index);
	eg_bpf_inner_drop(bpf, EG_MAP_TRIES6, index);
	for (int class = 0; class < EG_FLAT_LAST; class ++) {
		eg_bpf_inner_drop(bpf, EG_MAP_FLAT_1 + class, key_of(index, false));
		eg_bpf_inner_drop(bpf, EG_MAP_FLAT_1 + class, key_of(index, true));
	}
}
