// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which files places are right now, and all of it into the kernel. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "place_disk.h"
#include "place_work.h"
#include "util.h"

/* ---- identities ---- */

static size_t hash_of(const struct eg_file_id *id)
{
	uint64_t hash = (id->ino ^ (uint64_t)id->dev << 40 ^ id->gen) * 0x9e3779b97f4a7c15;

	return (size_t)(hash >> 32);
}

static bool is_file(const struct eg_file_id *id)
{
	return id->ino || id->dev || id->gen;
}

static bool is_same(const struct eg_file_id *a, const struct eg_file_id *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->gen == b->gen;
}

/* Where the owner of an identity stands, or would. */
static uint32_t *owner_of(struct eg_place_work *work, const struct eg_file_id *id)
{
	for (size_t at = hash_of(id);; at++) {
		uint32_t *owner = &work->owners[at & (work->n_owners - 1)];

		if (!*owner || is_same(&eg_place_node_at(work, *owner - 1)->file, id))
			return owner;
	}
}

/* A path to look at for a node: from its names up. */
static int path_of(size_t i, char *buf, const void *arg)
{
	const struct eg_place_work *work = arg;
	const struct eg_place_node *nodes = work->places->tree.nodes;
	char *at = buf + PATH_MAX - 1;
	uint32_t index = work->nodes[i];

	*at = '\0';
	for (; index; index = nodes[index].parent) {
		const struct eg_place_key *key = &nodes[index].key;
		size_t n = strlen(key->name);

		if ((size_t)(at - buf) < n + 1)
			return -ENAMETOOLONG;
		at -= n;
		memcpy(at, key->name, n);
		if (!key->part)
			*--at = '/';
	}
	if (!*at)
		*--at = '/';
	memmove(buf, at, strlen(at) + 1);
	/* The first piece of a long name is nowhere. */
	return 0;
}

/*
 * Two paths lead to one file: the kernel side knows it as the first. So what is said of the second
 * holds for that, and the names in the second are names in the first, too.
 */
static int join(struct eg_place_work *work, uint32_t first, uint32_t second)
{
	struct eg_place_tree *tree = &work->places->tree;
	const struct eg_place_node *node = eg_place_node_at(work, second);
	bool names = node->place.flags & EG_PLACE_NAMES;
	size_t n = tree->n;
	int r = 0;

	if (first == second)
		return 0;
	if (node->rule) {
		struct eg_place_rule rule = work->rules[node->rule - 1].rule;

		r = eg_place_work_touch(work, first, false);
		if (!r)
			r = eg_place_work_rule(work, first, rule.about, rule.denied, rule.line);
	}
	for (size_t i = 1; i < n && names && !r; i++) {
		struct eg_place_node child = tree->nodes[i];
		long twin;

		if (child.parent != second || child.round != work->places->round || child.key.part)
			continue;
		twin = eg_place_tree_child(tree, first, child.key.name, strlen(child.key.name),
					   true);
		if (twin >= 0)
			r = eg_place_work_touch(work, (uint32_t)twin, false);
		if (twin < 0 || r < 0)
			return twin < 0 ? (int)twin : r;
		r = join(work, (uint32_t)twin, (uint32_t)i);
	}
	return r;
}

/* What the kernel side has to forget of eg_places, and to remember in its own way. */
struct retired {
	struct eg_file_id *ids;	 /* owned */
	struct eg_place *places; /* owned */
	size_t n;
};

static void retired_done(struct retired *retired)
{
	free(retired->ids);
	free(retired->places);
}

/* Makes the hash of owners: of all nodes but those that are asked for. */
static int collect_owners(struct eg_place_work *work)
{
	const struct eg_place_tree *tree = &work->places->tree;

	work->n_owners = 512;
	while (work->n_owners < 2 * (tree->n + work->n_nodes))
		work->n_owners *= 2;
	work->owners = calloc(work->n_owners, sizeof(*work->owners));
	if (!work->owners)
		return -ENOMEM;
	for (size_t i = 0; i < tree->n; i++)
		if (is_file(&tree->nodes[i].file))
			*owner_of(work, &tree->nodes[i].file) = (uint32_t)i + 1;
	return 0;
}

/* Takes the answers in. A file that is no longer there is still what it was, wherever it is now. */
static int identify(struct eg_place_work *work, struct retired *retired)
{
	struct eg_file_id *before eg_auto_free = calloc(work->n_nodes + 1, sizeof(*before));
	int r = 0;

	retired->ids = calloc(work->n_nodes + 1, sizeof(*retired->ids));
	retired->places = calloc(work->n_nodes + 1, sizeof(*retired->places));
	work->ids = calloc(work->n_nodes + 1, sizeof(*work->ids));
	if (!before || !retired->ids || !retired->places || !work->ids)
		return -ENOMEM;
	r = eg_place_disk_ids(work->places->bpf, work->n_nodes, path_of, work, work->ids);
	if (r < 0)
		return r;
	for (size_t i = 0; i < work->n_nodes; i++) {
		before[i] = eg_place_node_at(work, work->nodes[i])->file;
		eg_place_node_at(work, work->nodes[i])->file = (struct eg_file_id){0};
	}
	r = collect_owners(work);
	for (size_t i = 0; i < work->n_nodes && !r; i++) {
		struct eg_place_node *node = eg_place_node_at(work, work->nodes[i]);
		uint32_t *owner;

		if (is_file(&work->ids[i])) {
			owner = owner_of(work, &work->ids[i]);
			if (*owner) {
				r = join(work, *owner - 1, work->nodes[i]);
			} else {
				node->file = work->ids[i];
				*owner = work->nodes[i] + 1;
			}
		}
		node = eg_place_node_at(work, work->nodes[i]);
		if (!is_same(&before[i], &node->file))
			node->changed = true;
	}
	for (size_t i = 0; i < work->n_nodes && !r; i++)
		if (is_file(&before[i]) && !*owner_of(work, &before[i])) {
			retired->ids[retired->n] = before[i];
			retired->places[retired->n++] =
				eg_place_node_at(work, work->nodes[i])->place;
		}
	return r;
}

/* ---- into the kernel ---- */

/* Entries of a map, to be put. */
struct entries {
	char *keys;		 /* owned */
	struct eg_place *places; /* owned */
	size_t n;
};

static void entries_done(struct entries *entries)
{
	free(entries->keys);
	free(entries->places);
}

/* What has changed. named: of the names, not of the identities. */
static int put_changed(struct eg_places *places, bool named)
{
	__attribute__((cleanup(entries_done))) struct entries to = {0};
	const struct eg_place_tree *tree = &places->tree;
	size_t key_size = named ? sizeof(struct eg_place_key) : sizeof(struct eg_file_id);

	to.keys = calloc(tree->n, key_size);
	to.places = calloc(tree->n, sizeof(*to.places));
	if (!to.keys || !to.places)
		return -ENOMEM;
	for (size_t i = 0; i < tree->n; i++) {
		const struct eg_place_node *node = &tree->nodes[i];
		const void *key = named ? (const void *)&node->key : (const void *)&node->file;

		if (!node->changed || (named ? !i : !is_file(&node->file)))
			continue;
		memcpy(to.keys + to.n * key_size, key, key_size);
		to.places[to.n++] = node->place;
	}
	return eg_bpf_places_put(places->bpf, named ? EG_PLACES_NAMED : EG_PLACES_SEEN, to.keys,
				 to.places, to.n);
}

/* Names first: what is found by identity may have names in it. */
int eg_place_work_put(struct eg_places *places)
{
	int r = put_changed(places, true);

	if (!r)
		r = put_changed(places, false);
	for (size_t i = 0; i < places->tree.n && !r; i++)
		places->tree.nodes[i].changed = false;
	return r;
}

static int put_all(struct eg_places *places, const struct retired *retired)
{
	int r = eg_bpf_place_last_set(places->bpf, places->tree.last_id);

	if (!r)
		r = eg_place_work_put(places);
	if (!r)
		r = eg_bpf_places_put(places->bpf, EG_PLACES_LEARNED, retired->ids, retired->places,
				      retired->n);
	if (!r)
		r = eg_bpf_places_drop(places->bpf, EG_PLACES_SEEN, retired->ids, retired->n);
	return r;
}

int eg_place_work_publish(struct eg_place_work *work)
{
	__attribute__((cleanup(retired_done))) struct retired retired = {0};
	int r = identify(work, &retired);

	return r < 0 ? r : put_all(work->places, &retired);
}
