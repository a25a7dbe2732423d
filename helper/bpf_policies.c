// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Policies in the maps: filled where nothing refers to them, put in force by one value, dropped
 * when no program can see them any more.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "fault.h"
#include "util.h"

int eg_bpf_profile_get(struct eg_bpf *bpf, uint32_t slot, struct eg_profile *ret)
{
	return bpf_map_lookup_elem(bpf->maps[EG_MAP_PROFILES], &slot, ret);
}

/* What a new policy of a slot takes the place of, and where it goes. */
struct eg_prepared {
	uint32_t slot, generation;
	uint32_t base;
	uint32_t own[EG_PROGRAM_POLICIES_MAX];
	bool all[EG_POLICIES_MAX]; /* those above */
	bool old[EG_POLICIES_MAX]; /* the policy in force and what it has for programs */
	bool is_new;		   /* there was none in force */
	uint32_t tables;	   /* EG_POLICY_TABLE4, _TABLE6 */
};

/* What is in force for a slot, and which indices in eg_policies something refers to: derived from
 * the maps each time. used: EG_POLICIES_MAX. */
static int find_old(struct eg_bpf *bpf, uint32_t slot, bool *used, struct eg_prepared *ret)
{
	struct eg_profile profile;
	uint32_t before = 0;

	memcpy(used, bpf->prepared, sizeof(bpf->prepared));
	used[0] = true;
	for (uint32_t i = 0; i < EG_PROFILES_MAX; i++) {
		int r = eg_bpf_profile_get(bpf, i, &profile);

		if (r < 0)
			return r;
		if (profile.policy >= EG_POLICIES_MAX)
			continue;
		used[profile.policy] = true;
		if (i == slot)
			before = profile.policy;
	}
	ret->is_new = !before;
	ret->old[before] = before != 0;
	return eg_bpf_sets_owned(bpf, before, used, ret->old);
}

/* Besides, indices that nothing refers to, for a policy with so many groups. */
static int find_places(struct eg_bpf *bpf, uint32_t slot, size_t n_groups, struct eg_prepared *ret)
{
	bool used[EG_POLICIES_MAX];
	size_t n = 0;
	int r = find_old(bpf, slot, used, ret);

	for (uint32_t i = 1; !r && i < EG_POLICIES_MAX && n <= n_groups; i++) {
		if (used[i])
			continue;
		ret->all[i] = true;
		*(n ? &ret->own[n - 1] : &ret->base) = i;
		n++;
	}
	if (r < 0)
		return r;
	return n > n_groups ? 0 : -ENOSPC;
}

/* Puts networks, segments, digests and sets of a policy where its index will look for them, and
 * says in *policy what it has got. */
static int put_parts(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		     const uint32_t *own, struct eg_policy *policy)
{
	uint32_t flags = image->policy.flags;
	int r = eg_bpf_networks_put(bpf, index, image, policy);

	if (!r && flags & EG_POLICY_SEGMENTS)
		r = eg_bpf_inner_put(
			bpf, EG_MAP_SEGMENTS, index,
			eg_fault(policy_segments)
				?: eg_bpf_inner_segments(image->segments, image->n_segments));
	if (!r && flags & EG_POLICY_HASHES)
		r = eg_bpf_inner_put(bpf, EG_MAP_HASHES, index,
				     eg_fault(policy_hashes)
					     ?: eg_bpf_inner_hashes(&image->digests));
	return r < 0 ? r : eg_bpf_sets_put(bpf, index, image, own);
}

/* Of all policies whose index is set. */
static void drop_parts(struct eg_bpf *bpf, const bool *which)
{
	for (uint32_t index = 1; index < EG_POLICIES_MAX; index++) {
		if (!which[index])
			continue;
		eg_bpf_networks_drop(bpf, index);
		eg_bpf_inner_drop(bpf, EG_MAP_SEGMENTS, index);
		eg_bpf_inner_drop(bpf, EG_MAP_HASHES, index);
	}
	eg_bpf_sets_drop(bpf, which);
}

/*
 * A program may have read the old index just before the swap: it must finish before what the index
 * leads to goes. An update of an array of maps returns only when programs that ran at the time have
 * (kernel/bpf/syscall.c, maybe_wait_bpf_programs); index 0 is no policy's. On failure the old parts
 * stay until their index is used again.
 */
static int wait_for_programs(struct eg_bpf *bpf)
{
	return eg_bpf_inner_put(bpf, EG_MAP_SEGMENTS, 0,
				eg_fault(policy_settle) ?: eg_bpf_inner_segments(NULL, 0));
}

/* A policy where nothing refers to it yet. *ret_tables: as eg_bpf_policy_tables has it. */
static int put_one(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		   uint32_t generation, const uint32_t *own, uint32_t *ret_tables)
{
	struct eg_policy policy = image->policy;
	int r = put_parts(bpf, index, image, own, &policy);

	policy.generation = generation;
	*ret_tables = policy.flags & (EG_POLICY_TABLE4 | EG_POLICY_TABLE6);
	if (!r)
		r = eg_fault(policy_put)
			    ?: bpf_map_update_elem(bpf->maps[EG_MAP_POLICIES], &index, &policy,
						   BPF_ANY);
	return r;
}

static void mark(struct eg_bpf *bpf, const bool *which, bool prepared)
{
	for (size_t i = 1; i < EG_POLICIES_MAX; i++)
		if (which[i])
			bpf->prepared[i] = prepared;
}

void eg_bpf_policy_abandon(struct eg_bpf *bpf, struct eg_prepared *prepared)
{
	if (!prepared)
		return;
	drop_parts(bpf, prepared->all);
	mark(bpf, prepared->all, false);
	free(prepared);
}

int eg_bpf_policy_prepare(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image,
			  uint32_t generation, struct eg_prepared **ret)
{
	struct eg_prepared *new = calloc(1, sizeof(*new));
	int r = eg_fault(policy_room)
			?: (new ? find_places(bpf, slot, image->n_groups, new) : -ENOMEM);

	if (r < 0) {
		free(new);
		return r;
	}
	new->slot = slot;
	new->generation = generation;
	mark(bpf, new->all, true);
	/* of a helper that was killed between filling and swapping */
	drop_parts(bpf, new->all);
	for (size_t i = 0; i < image->n_groups && !r; i++)
		r = eg_fault(policy_group_put)
			    ?: put_one(bpf, new->own[i], &image->groups[i], generation, NULL,
				       &new->tables);
	if (!r)
		r = put_one(bpf, new->base, image, generation, new->own, &new->tables);
	if (r < 0) {
		eg_bpf_policy_abandon(bpf, new);
		return r;
	}
	*ret = new;
	return 0;
}

int eg_bpf_policy_swap(struct eg_bpf *bpf, const struct eg_prepared *prepared)
{
	const struct eg_profile after = {.policy = prepared->base,
					 .generation = prepared->generation};
	int r;

	eg_bpf_brief_forget(bpf, prepared->slot);
	r = eg_fault(policy_swap)
		    ?: bpf_map_update_elem(bpf->maps[EG_MAP_PROFILES], &prepared->slot, &after,
					   BPF_ANY);
	eg_bpf_brief_tell(bpf, prepared->slot);
	if (!r)
		memcpy(bpf->own[prepared->slot], prepared->own, sizeof(prepared->own));
	return r;
}

uint32_t eg_bpf_policy_tables(const struct eg_prepared *prepared)
{
	return prepared->tables;
}

void eg_bpf_policies_settle(struct eg_bpf *bpf, struct eg_prepared **list, size_t n)
{
	bool old[EG_POLICIES_MAX] = {false};
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 1; k < EG_POLICIES_MAX; k++)
			old[k] |= list[i]->old[k];
		any |= !list[i]->is_new;
	}
	if (any && wait_for_programs(bpf) == 0)
		drop_parts(bpf, old);
	for (size_t i = 0; i < n; i++) {
		mark(bpf, list[i]->all, false);
		free(list[i]);
		list[i] = NULL;
	}
}

int eg_bpf_policy_put(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image,
		      uint32_t generation)
{
	struct eg_prepared *prepared;
	int r = eg_bpf_policy_prepare(bpf, slot, image, generation, &prepared);

	if (r < 0)
		return r;
	r = eg_bpf_policy_swap(bpf, prepared);
	if (r < 0)
		eg_bpf_policy_abandon(bpf, prepared);
	else
		eg_bpf_policies_settle(bpf, &prepared, 1);
	return r;
}

int eg_bpf_policy_renumber(struct eg_bpf *bpf, uint32_t slot, uint32_t generation)
{
	struct eg_policy policy;
	struct eg_profile profile;
	int r = eg_bpf_profile_get(bpf, slot, &profile);

	if (!r && !profile.policy)
		r = -ENOENT;
	if (!r)
		r = bpf_map_lookup_elem(bpf->maps[EG_MAP_POLICIES], &profile.policy, &policy);
	if (r < 0)
		return r;
	/* Nothing but the number differs: no program sees half a policy. */
	policy.generation = profile.generation = generation;
	r = eg_fault(policy_renumber)
		    ?: bpf_map_update_elem(bpf->maps[EG_MAP_POLICIES], &profile.policy, &policy,
					   BPF_ANY);
	if (!r)
		r = eg_fault(policy_renumber_profile)
			    ?: bpf_map_update_elem(bpf->maps[EG_MAP_PROFILES], &slot, &profile,
						   BPF_ANY);
	return r;
}

uint32_t eg_bpf_generation(struct eg_bpf *bpf)
{
	struct eg_profile profile;
	uint32_t last = 0;

	for (uint32_t i = 0; i < EG_PROFILES_MAX; i++)
		if (!eg_bpf_profile_get(bpf, i, &profile) && profile.generation > last)
			last = profile.generation;
	return last;
}

int eg_bpf_profile_drop(struct eg_bpf *bpf, uint32_t slot)
{
	static const struct eg_profile none;
	struct eg_prepared old = {0};
	bool used[EG_POLICIES_MAX];
	int r = find_old(bpf, slot, used, &old);

	eg_bpf_brief_forget(bpf, slot);
	if (!r)
		r = bpf_map_update_elem(bpf->maps[EG_MAP_PROFILES], &slot, &none, BPF_ANY);
	eg_bpf_brief_tell(bpf, slot);
	if (!r && !old.is_new && wait_for_programs(bpf) == 0)
		drop_parts(bpf, old.old);
	return r;
}
