// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The maps that are sets: what policies name besides networks (eg_items, eg_names), and the
 * built-in lists. Only the helper writes them, so what it walks over does not change under it.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

enum { KEY_WORDS = 16 /* of eight bytes: the longest key, of eg_names, fits */ };
_Static_assert(sizeof(struct eg_name_key) <= KEY_WORDS * 8, "KEY_WORDS");
_Static_assert(sizeof(struct eg_place_key) <= KEY_WORDS * 8, "KEY_WORDS");

/* A list to be the content of a map, or of the part of it that one policy has: n entries, one
 * behind the other, each with its key first. */
struct wanted {
	const void *list;
	size_t n, stride, key_size;
	uint32_t policy; /* items and names: the index that its entries have in the map */
	bool whole;	 /* it is the whole map: keys have no policy */
};

static int put(int fd, const void *key, uint32_t value)
{
	int r = bpf_map_update_elem(fd, key, &value, BPF_ANY);

	return r == -E2BIG ? -EOVERFLOW : r; /* full */
}

static bool is_of_policy(const void *key, uint32_t policy)
{
	uint32_t first;

	memcpy(&first, key, sizeof(first)); /* eg_item_key and eg_name_key start with it */
	return first == policy;
}

static bool is_wanted(const struct wanted *wanted, const void *key)
{
	size_t skip = wanted->whole ? 0 : sizeof(uint32_t); /* the policy: lists have it as 0 */

	if (!wanted->whole && !is_of_policy(key, wanted->policy))
		return true; /* another's */
	for (size_t i = 0; i < wanted->n; i++)
		if (!memcmp((const char *)wanted->list + i * wanted->stride + skip,
			    (const char *)key + skip, wanted->key_size - skip))
			return true;
	return false;
}

/* Removes what is not wanted. 0 or a negative errno. */
static int sweep(int fd, const struct wanted *wanted)
{
	uint64_t keys[2][KEY_WORDS];
	unsigned int at = 0;
	bool more = bpf_map_get_next_key(fd, NULL, keys[at]) == 0;
	int r = 0;

	/* The next is found before this one goes: from a key that is gone the walk starts anew. */
	for (; more && !r; at = !at) {
		more = bpf_map_get_next_key(fd, keys[at], keys[!at]) == 0;
		if (!is_wanted(wanted, keys[at]))
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

static int put_items(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image)
{
	int r = 0;

	for (size_t i = 0; i < image->n_items && !r; i++) {
		struct eg_item_key key = image->items[i].key;

		key.policy = index;
		r = put(bpf->maps[EG_MAP_ITEMS], &key, image->items[i].line);
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
		r = put(bpf->maps[EG_MAP_NAMES], &key, names[i].flags);
	}
	return r;
}

int eg_bpf_sets_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image)
{
	int r = put_items(bpf, index, image);

	return r < 0 ? r : put_names(bpf, index, image->names, image->n_names);
}

void eg_bpf_sets_drop(struct eg_bpf *bpf, uint32_t index)
{
	const struct eg_policy_image none = {0};
	const struct wanted items = wanted_items(&none, index),
			    names = wanted_names(NULL, 0, index);

	/* What stays is of an index that nothing refers to; it goes when that is used again. */
	(void)sweep(bpf->maps[EG_MAP_ITEMS], &items);
	(void)sweep(bpf->maps[EG_MAP_NAMES], &names);
}

int eg_bpf_items_replace(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image)
{
	struct eg_profile profile;
	struct wanted wanted;
	int r = eg_bpf_profile_get(bpf, slot, &profile);

	if (!r && !profile.policy)
		r = -ENOENT;
	if (!r)
		r = put_items(bpf, profile.policy, image);
	if (r < 0)
		return r;
	wanted = wanted_items(image, profile.policy);
	return sweep(bpf->maps[EG_MAP_ITEMS], &wanted);
}

/* ---- built-in lists ---- */

int eg_bpf_places_put(struct eg_bpf *bpf, const struct eg_place *places, size_t n)
{
	const struct wanted wanted = {.list = places,
				      .n = n,
				      .stride = sizeof(*places),
				      .key_size = sizeof(struct eg_place_key),
				      .whole = true};
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = put(bpf->maps[EG_MAP_PLACES], &places[i].key, places[i].flags);
	return r < 0 ? r : sweep(bpf->maps[EG_MAP_PLACES], &wanted);
}

int eg_bpf_sockets_put(struct eg_bpf *bpf, const struct eg_policy_name *names, size_t n)
{
	const struct wanted wanted = wanted_names(names, n, 0);
	int r = put_names(bpf, 0, names, n);

	return r < 0 ? r : sweep(bpf->maps[EG_MAP_NAMES], &wanted);
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
