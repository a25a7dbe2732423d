// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The maps of places and of the rules about them. A hundred thousand entries are usual here: all of
 * it goes in batches.
 */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "util.h"

enum { BATCH = 4096 };

/* ---- any map ---- */

/* What a map holds, keys and values each in one array. */
struct content {
	char *keys, *values; /* owned */
	size_t n, room;
};

static void content_done(struct content *content)
{
	free(content->keys);
	free(content->values);
}

static int more_room(struct content *content, size_t key_size, size_t value_size)
{
	size_t room = content->room ? 2 * content->room : 2 * BATCH;
	char *keys = reallocarray(content->keys, room, key_size), *values;

	if (!keys)
		return -ENOMEM;
	content->keys = keys;
	values = reallocarray(content->values, room, value_size);
	if (!values)
		return -ENOMEM;
	content->values = values;
	content->room = room;
	return 0;
}

/* Reads a whole hash map that only we write to. 0 or a negative errno. */
static int read_all(int fd, size_t key_size, size_t value_size, struct content *content)
{
	uint32_t at, *from = NULL;
	int r = 0;

	while (!r) {
		uint32_t count = BATCH;

		if (content->room - content->n < BATCH) {
			r = more_room(content, key_size, value_size);
			if (r < 0)
				return r;
		}
		r = bpf_map_lookup_batch(fd, from, &at, content->keys + content->n * key_size,
					 content->values + content->n * value_size, &count, NULL);
		if (!r || r == -ENOENT)
			content->n += count;
		from = &at;
	}
	return r == -ENOENT ? 0 : r;
}

static int put_all(int fd, const void *keys, const void *values, size_t n, size_t key_size,
		   size_t value_size, uint64_t flags)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = flags);
	int r = 0;

	for (size_t done = 0; done < n && !r;) {
		uint32_t count = n - done < BATCH ? (uint32_t)(n - done) : BATCH;

		r = bpf_map_update_batch(fd, (const char *)keys + done * key_size,
					 (const char *)values + done * value_size, &count, &opts);
		done += count;
	}
	return r == -E2BIG ? -EOVERFLOW : r; /* full */
}

/* Those that are not there are fine. */
static int drop_all(int fd, const void *keys, size_t n, size_t key_size)
{
	for (size_t i = 0; i < n; i++) {
		int r = bpf_map_delete_elem(fd, (const char *)keys + i * key_size);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

/* ---- places ---- */

static const struct {
	enum eg_map map;
	size_t key_size;
} kinds[] = {
	[EG_PLACES_SEEN] = {EG_MAP_PLACES, sizeof(struct eg_file_id)},
	[EG_PLACES_LEARNED] = {EG_MAP_LEARNED, sizeof(struct eg_file_id)},
	[EG_PLACES_NAMED] = {EG_MAP_PLACE_NAMES, sizeof(struct eg_place_key)},
};

int eg_bpf_places_get(struct eg_bpf *bpf, enum eg_bpf_places kind, void **ret_keys,
		      struct eg_place **ret_places, size_t *ret_n)
{
	__attribute__((cleanup(content_done))) struct content content = {0};
	int r = read_all(bpf->maps[kinds[kind].map], kinds[kind].key_size, sizeof(struct eg_place),
			 &content);
	void *values;

	if (r < 0)
		return r;
	values = eg_take_ptr(&content.values);
	*ret_keys = eg_take_ptr(&content.keys);
	*ret_places = values;
	*ret_n = content.n;
	return 0;
}

int eg_bpf_places_put(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys,
		      const struct eg_place *places, size_t n)
{
	return put_all(bpf->maps[kinds[kind].map], keys, places, n, kinds[kind].key_size,
		       sizeof(*places), BPF_ANY);
}

int eg_bpf_places_drop(struct eg_bpf *bpf, enum eg_bpf_places kind, const void *keys, size_t n)
{
	return drop_all(bpf->maps[kinds[kind].map], keys, n, kinds[kind].key_size);
}

/* What of it is about places that are. A walk that has none is left out. */
static struct eg_linked live_of(const struct eg_linked *linked,
				bool (*is_live)(uint32_t place, const void *arg), const void *arg)
{
	struct eg_linked ret = {0};
	size_t walks = 0;

	for (size_t i = 0; i < EG_LINKED_WALKS; i++) {
		const uint32_t *place = linked->walk[i].place;
		size_t n = 0;

		for (size_t k = 0; k < EG_LINKED_PLACES; k++)
			if (place[k] && is_live(place[k], arg))
				ret.walk[walks].place[n++] = place[k];
		walks += n > 0;
	}
	return ret;
}

/* In one of the maps of files with several names. */
static int unlink_in(int fd, bool (*is_live)(uint32_t place, const void *arg), const void *arg)
{
	__attribute__((cleanup(content_done))) struct content content = {0};
	size_t key_size = sizeof(struct eg_file_id);
	int r = read_all(fd, key_size, sizeof(struct eg_linked), &content);

	for (size_t i = 0; i < content.n && !r; i++) {
		const struct eg_linked *has = &((const struct eg_linked *)content.values)[i];
		const char *key = content.keys + i * key_size;
		struct eg_linked stays = live_of(has, is_live, arg);

		if (!stays.walk[0].place[0])
			r = drop_all(fd, key, 1, key_size);
		else if (memcmp(&stays, has, sizeof(stays)) != 0)
			/* what was linked meanwhile has its places back with the next link */
			r = bpf_map_update_elem(fd, key, &stays, BPF_EXIST);
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}

int eg_bpf_places_unlink(struct eg_bpf *bpf, bool (*is_live)(uint32_t place, const void *arg),
			 const void *arg)
{
	int r = unlink_in(bpf->maps[EG_MAP_LINKED], is_live, arg);

	return r < 0 ? r : unlink_in(bpf->maps[EG_MAP_LINKED_INSIDE], is_live, arg);
}

int eg_bpf_place_last_get(struct eg_bpf *bpf, uint32_t *ret)
{
	struct eg_state state;
	int r = eg_bpf_state_get(bpf->maps[EG_MAP_STATE], &state);

	if (!r)
		*ret = state.last_place;
	return r;
}

static int set_last(struct eg_state *state, void *arg)
{
	state->last_place = *(const uint32_t *)arg;
	return 0;
}

int eg_bpf_place_last_set(struct eg_bpf *bpf, uint32_t last)
{
	return eg_bpf_state_change(bpf, set_last, &last);
}

int eg_bpf_place_links(struct eg_bpf *bpf, uint32_t *ret)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(bpf->maps[EG_MAP_LINKS], &zero, ret);
}

/* ---- rules ---- */

int eg_bpf_place_rules_put(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			   size_t n)
{
	struct eg_place_rule_key *keys eg_auto_free = calloc(n + 1, sizeof(*keys));
	struct eg_place_rule *values eg_auto_free = calloc(n + 1, sizeof(*values));

	if (!keys || !values)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct eg_place_rule_key){.policy = index, .place = rules[i].place};
		values[i] = rules[i].rule;
	}
	return put_all(bpf->maps[EG_MAP_PLACE_RULES], keys, values, n, sizeof(*keys),
		       sizeof(*values), BPF_ANY);
}

static int compare_rules(const void *va, const void *vb)
{
	const struct eg_policy_place *a = va, *b = vb;

	return (a->place > b->place) - (a->place < b->place);
}

int eg_bpf_place_rules_keep(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_place *rules,
			    size_t n)
{
	__attribute__((cleanup(content_done))) struct content content = {0};
	int fd = bpf->maps[EG_MAP_PLACE_RULES];
	int r = read_all(fd, sizeof(struct eg_place_rule_key), sizeof(struct eg_place_rule),
			 &content);

	for (size_t i = 0; i < content.n && !r; i++) {
		const struct eg_place_rule_key *key =
			&((const struct eg_place_rule_key *)content.keys)[i];
		const struct eg_policy_place wanted = {.place = key->place};

		if (key->policy == index &&
		    !(n && bsearch(&wanted, rules, n, sizeof(*rules), compare_rules)))
			r = drop_all(fd, key, 1, sizeof(*key));
	}
	return r;
}

/* Of each place one, that is about what any was. rules: sorted. Returns how many. */
static size_t merge_rules(struct eg_policy_place *rules, size_t n)
{
	size_t merged = 0;

	for (size_t i = 0; i < n; i++)
		if (merged && rules[merged - 1].place == rules[i].place)
			rules[merged - 1].rule.about |= rules[i].rule.about;
		else
			rules[merged++] = rules[i];
	return merged;
}

int eg_bpf_place_rules_used(struct eg_bpf *bpf, struct eg_policy_place **ret, size_t *ret_n)
{
	__attribute__((cleanup(content_done))) struct content content = {0};
	int r = read_all(bpf->maps[EG_MAP_PLACE_RULES], sizeof(struct eg_place_rule_key),
			 sizeof(struct eg_place_rule), &content);
	struct eg_policy_place *used = r < 0 ? NULL : calloc(content.n + 1, sizeof(*used));

	if (!used)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < content.n; i++) {
		used[i].place = ((const struct eg_place_rule_key *)content.keys)[i].place;
		used[i].rule = ((const struct eg_place_rule *)content.values)[i];
	}
	qsort(used, content.n, sizeof(*used), compare_rules);
	*ret = used;
	*ret_n = merge_rules(used, content.n);
	return 0;
}

/* index 0 is the built-in list's, and what a slot has for groups that were never put. */
static int renew(struct eg_bpf *bpf, uint32_t index, const struct eg_policy_image *image)
{
	int r = !index ? -ENOENT
		       : eg_bpf_place_rules_put(bpf, index, image->places, image->n_places);

	return r < 0 ? r : eg_bpf_place_rules_keep(bpf, index, image->places, image->n_places);
}

int eg_bpf_place_rules_renew(struct eg_bpf *bpf, uint32_t slot, const struct eg_policy_image *image)
{
	struct eg_profile profile;
	int r = eg_bpf_profile_get(bpf, slot, &profile);

	if (!r && !profile.policy)
		r = -ENOENT;
	for (size_t i = 0; i < image->n_groups && !r; i++)
		r = renew(bpf, bpf->own[slot][i], &image->groups[i]);
	return r < 0 ? r : renew(bpf, profile.policy, image);
}
