// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The maps that are sets: what policies name besides networks (eg_items, eg_names), and the
 * built-in lists. Only the helper writes them. It has two threads that do, each to policies of its
 * own: a walk in one may begin anew because of the other, but misses nothing that stays as it is.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "util.h"

enum { KEY_WORDS = 16 /* of eight bytes: the longest key, of eg_names, fits */ };
_Static_assert(sizeof(struct eg_name_key) <= KEY_WORDS * 8, "KEY_WORDS");

/* A list to be the content of the part of a map that one policy has: n entries, one behind the
 * other, each with its key first. */
struct wanted {
	const void *list;
	size_t n, stride, key_size;
	uint32_t policy; /* the index that its entries have in the map */
};

static int put(int fd, const void *key, const void *value)
{
	int r = bpf_map_update_elem(fd, key, value, BPF_ANY);

	return r == -E2BIG ? -EOVERFLOW : r; /* full */
}

static bool is_of_policy(const void *key, uint32_t policy)
{
	uint32_t first;

	memcpy(&first, key, sizeof(first)); /* eg_item_key and eg_name_key start with it */
	return first == policy;
}

/* A key of the list, sorted: without the policy, which lists have as 0. */
struct sorted_key {
	const char *key;
	size_t size;
};

static int compare_keys(const void *va, const void *vb)
{
	const struct sorted_key *a = va, *b = vb;

	return memcmp(a->key, b->key, a->size);
}

static struct sorted_key *sort_keys(const struct wanted *wanted)
{
	struct sorted_key *keys = calloc(wanted->n + 1, sizeof(*keys));

	for (size_t i = 0; i < wanted->n && keys; i++)
		keys[i] = (struct sorted_key){(const char *)wanted->list + i * wanted->stride +
						      sizeof(uint32_t),
					      wanted->key_size - sizeof(uint32_t)};
	if (keys)
		qsort(keys, wanted->n, sizeof(*keys), compare_keys);
	return keys;
}

static bool is_wanted(const struct wanted *wanted, const struct sorted_key *keys, const void *key)
{
	const struct sorted_key one = {(const char *)key + sizeof(uint32_t),
				       wanted->key_size - sizeof(uint32_t)};

	if (!is_of_policy(key, wanted->policy))
		return true; /* another's */
	return wanted->n && bsearch(&one, keys, wanted->n, sizeof(*keys), compare_keys);
}

/* Removes what is not wanted. 0 or a negative errno. */
static int sweep(int fd, const struct wanted *wanted)
{
	struct sorted_key *sorted eg_auto_free = sort_keys(wanted);
	uint64_t keys[2][KEY_WORDS];
	unsigned int at = 0;
	bool more = bpf_map_get_next_key(fd, NULL, keys[at]) == 0;
	int r = sorted ? 0 : -ENOMEM;

	/* The next is found before this one goes: from a key that is gone the walk starts anew. */
	for (; more && !r; at = !at) {
		more = bpf_map_get_next_key(fd, keys[at], keys[!at]) == 0;
		if (!is_wanted(wanted, sorted, keys[at]))
			r = bpf_map_delete_elem(fd, keys[at]);
	}
	return r;
}

static struct wanted wanted_items(const struct eg_policy_image *image, uint32_t index)
{
	return (struct wanted){.list = image->items,
			       .n = image->n_items,
			       .stride = sizeof(*image->items),
			       .key_size = sizeof(struct eg_item_key),
			       .policy = index};
}

static struct wanted wanted_names(const struct eg_policy_name *names, size_t n, uint32_t index)
{
	return (struct wanted){.list = names,
			       .n = n,
			       .stride = sizeof(*names),
			       .key_size = sizeof(struct eg_name_key),
			       .policy = index};
}

/* ---- sets of a policy ---- */

/* own: indices of the groups, which their programs' items lead to. */
static int put_items(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		     const uint32_t *own)
{
	int r = 0;

	for (size_t i = 0; i < image->n_items && !r; i++) {
		const struct eg_policy_item *item = &image->items[i];
		struct eg_item_key key = item->key;
		bool leads = key.kind == EG_ITEM_RULES;

		key.policy = index;
		r = put(bpf->maps[EG_MAP_ITEMS], &key, leads ? &own[item->line - 1] : &item->line);
	}
	return r;
}

static int put_names(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_name *names,
		     size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		struct eg_name_key key = names[i].key;

		key.policy = index;
		r = put(bpf->maps[EG_MAP_NAMES], &key, &names[i].flags);
	}
	return r;
}

int eg_bpf_sets_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
		    const uint32_t *own)
{
	int r = eg_fault(policy_items) ?: put_items(bpf, index, image, own);

	if (!r)
		r = eg_fault(policy_names) ?: put_names(bpf, index, image->names, image->n_names);
	if (!r)
		r = eg_fault(policy_place_rules)
			    ?: eg_bpf_place_rules_put(bpf, index, image->places, image->n_places);
	return r;
}

/* Removes what is of these policies. */
static void drop(int fd, const bool *which)
{
	uint64_t keys[2][KEY_WORDS];
	unsigned int at = 0;
	bool more = bpf_map_get_next_key(fd, NULL, keys[at]) == 0;

	for (; more; at = !at) {
		uint32_t policy;

		more = bpf_map_get_next_key(fd, keys[at], keys[!at]) == 0; /* as in sweep */
		memcpy(&policy, keys[at], sizeof(policy));
		/* What stays is of an index that nothing refers to; it goes when that is used
		 * again. */
		if (policy < EG_POLICIES_MAX && which[policy])
			(void)bpf_map_delete_elem(fd, keys[at]);
	}
}

void eg_bpf_sets_drop(struct eg_bpf *bpf, const bool *which)
{
	drop(bpf->maps[EG_MAP_ITEMS], which);
	drop(bpf->maps[EG_MAP_NAMES], which);
	drop(bpf->maps[EG_MAP_PLACE_RULES], which);
}

static int walk_owned(int fd, uint32_t of, const bool *used, bool *owned, bool *old)
{
	struct eg_item_key key, *from = NULL;
	int r;

	for (; (r = bpf_map_get_next_key(fd, from, &key)) == 0; from = &key) {
		uint32_t index = 0;

		if (key.kind != EG_ITEM_RULES || key.policy >= EG_POLICIES_MAX || !used[key.policy])
			continue;
		r = bpf_map_lookup_elem(fd, &key, &index);
		if (r < 0)
			return r;
		if (index >= EG_POLICIES_MAX)
			continue;
		owned[index] = true;
		if (key.policy == of)
			old[index] = true;
	}
	return r == -ENOENT ? 0 : r; /* what is not seen would be overwritten */
}

int eg_bpf_sets_owned(struct eg_bpf *bpf, uint32_t of, bool *used, bool *old)
{
	bool owned[EG_POLICIES_MAX] = {false};
	int r;

	(void)pthread_mutex_lock(&bpf->items_lock); /* fails for what is no mutex only */
	r = walk_owned(bpf->maps[EG_MAP_ITEMS], of, used, owned, old);
	(void)pthread_mutex_unlock(&bpf->items_lock);
	for (uint32_t i = 0; i < EG_POLICIES_MAX && !r; i++)
		used[i] = used[i] || owned[i];
	return r;
}

/* Puts the items of one policy in place of those it has. New ones first. */
static int replace_items(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image,
			 const uint32_t *own)
{
	const struct wanted wanted = wanted_items(image, index);
	int r;

	(void)pthread_mutex_lock(&bpf->items_lock);
	r = put_items(bpf, index, image, own);
	if (!r)
		r = sweep(bpf->maps[EG_MAP_ITEMS], &wanted);
	(void)pthread_mutex_unlock(&bpf->items_lock);
	return r;
}

int eg_bpf_items_replace(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image)
{
	const uint32_t *own = bpf->own[slot];
	struct eg_profile profile;
	int r = eg_bpf_profile_get(bpf, slot, &profile);

	if (!r && !profile.policy)
		r = -ENOENT;
	for (size_t i = 0; i < image->n_groups && !r; i++) /* 0: was never put, and is another's */
		r = own[i] ? replace_items(bpf, own[i], &image->groups[i], NULL) : -ENOENT;
	return r < 0 ? r : replace_items(bpf, profile.policy, image, own);
}

/* ---- built-in lists ---- */

int eg_bpf_sockets_put(struct eg_bpf *bpf, const struct eg_policy_name *names, size_t n)
{
	const struct wanted wanted = wanted_names(names, n, 0);
	int r = put_names(bpf, 0, names, n);

	return r < 0 ? r : sweep(bpf->maps[EG_MAP_NAMES], &wanted);
}

int eg_bpf_majors_put(struct eg_bpf *bpf, const uint32_t *majors, size_t n)
{
	struct eg_policy_item *items eg_auto_free = calloc(n + 1, sizeof(*items));
	const struct eg_policy_image image = {.items = items, .n_items = n};

	for (size_t i = 0; i < n && items; i++)
		items[i].key = (struct eg_item_key){.kind = EG_ITEM_MAJOR, .a = majors[i]};
	return items ? replace_items(bpf, 0, &image, NULL) : -ENOMEM;
}

/* ---- our own files ---- */

int eg_bpf_files(struct eg_bpf *bpf, struct eg_file **ret, size_t *ret_n)
{
	union bpf_iter_link_info info = {.task.pid = (uint32_t)getpid()};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	int link eg_auto_close = bpf_link_create(bpf->iter_files, 0, BPF_TRACE_ITER, &opts);
	char *text = NULL;
	size_t n = 0;
	int r = link < 0 ? link : eg_bpf_iterate(link, &text, &n);

	if (r < 0)
		return r;
	*ret = (struct eg_file *)text;
	*ret_n = n / sizeof(struct eg_file);
	return 0;
}
