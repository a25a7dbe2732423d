// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tree of places: which number stands for which path. */
#include "place_tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum {
	FIRST_ROOM = 256,
	PIECE = EG_PLACE_NAME_SIZE - 1,
};

/* ---- hash of keys ---- */

/* FNV-1a. Names are the administrator's: nobody is out for collisions. */
static size_t hash_of(const struct eg_place_key *key)
{
	const unsigned char *bytes = (const unsigned char *)key;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 32);
}

/* The slot that has the key, or the free one where it belongs. */
static uint32_t *slot_of(const struct eg_place_tree *tree, const struct eg_place_key *key)
{
	size_t at = hash_of(key);

	for (;; at++) {
		uint32_t *slot = &tree->slots[at & (tree->n_slots - 1)];

		if (!*slot || !memcmp(&tree->nodes[*slot - 1].key, key, sizeof(*key)))
			return slot;
	}
}

/* All nodes into new slots, of which half are free. */
static int rehash(struct eg_place_tree *tree, size_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(tree->slots);
	tree->slots = slots;
	tree->n_slots = n_slots;
	for (size_t i = 1; i < tree->n; i++)
		*slot_of(tree, &tree->nodes[i].key) = (uint32_t)i + 1;
	return 0;
}

static int make_room(struct eg_place_tree *tree, size_t room)
{
	struct eg_place_node *nodes;

	if (room <= tree->room)
		return 0;
	nodes = reallocarray(tree->nodes, room, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	tree->room = room;
	return rehash(tree, 2 * room);
}

/* ---- make and release ---- */

int eg_place_tree_init(struct eg_place_tree *tree, uint32_t last_id)
{
	int r;

	*tree = (struct eg_place_tree){0};
	r = make_room(tree, FIRST_ROOM);
	if (r < 0) {
		eg_place_tree_done(tree);
		return r;
	}
	tree->nodes[0] = (struct eg_place_node){.place.id = EG_PLACE_ROOT, .changed = true};
	tree->n = 1;
	tree->last_id = last_id > EG_PLACE_ROOT ? last_id : EG_PLACE_ROOT;
	return 0;
}

void eg_place_tree_done(struct eg_place_tree *tree)
{
	free(tree->nodes);
	free(tree->slots);
	*tree = (struct eg_place_tree){0};
}

/* Index of the new node. */
static long append(struct eg_place_tree *tree, const struct eg_place_key *key, uint32_t parent,
		   const struct eg_place *place)
{
	struct eg_place_node *node;

	if (tree->n == tree->room) {
		int r = make_room(tree, 2 * tree->room);

		if (r < 0)
			return r;
	}
	node = &tree->nodes[tree->n];
	*node = (struct eg_place_node){.key = *key, .place = *place, .parent = parent};
	*slot_of(tree, key) = (uint32_t)tree->n + 1;
	return (long)tree->n++;
}

/* ---- numbers ---- */

static int compare_ids(const void *va, const void *vb)
{
	const struct eg_place_node *a = va, *b = vb;

	return (a->place.id > b->place.id) - (a->place.id < b->place.id);
}

long eg_place_tree_by_id(const struct eg_place_tree *tree, uint32_t id)
{
	const struct eg_place_node wanted = {.place.id = id};
	const struct eg_place_node *found =
		bsearch(&wanted, tree->nodes, tree->n, sizeof(*tree->nodes), compare_ids);

	return found ? found - tree->nodes : -ENOENT;
}

/* A name on its way in. */
struct loaded {
	const struct eg_place_key *key;
	const struct eg_place *place;
};

static int compare_loaded(const void *va, const void *vb)
{
	const struct loaded *a = va, *b = vb;

	return (a->place->id > b->place->id) - (a->place->id < b->place->id);
}

int eg_place_tree_load(struct eg_place_tree *tree, const struct eg_place_key *keys,
		       const struct eg_place *places, size_t n)
{
	struct loaded *sorted eg_auto_free = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct loaded){&keys[i], &places[i]};
	/* A directory has got its number before what is in it. */
	qsort(sorted, n, sizeof(*sorted), compare_loaded);
	for (size_t i = 0; i < n; i++) {
		uint32_t id = sorted[i].place->id;
		long parent = eg_place_tree_by_id(tree, sorted[i].key->dir), index;

		if (parent < 0 || id <= tree->nodes[tree->n - 1].place.id)
			continue;
		index = append(tree, sorted[i].key, (uint32_t)parent, sorted[i].place);
		if (index < 0)
			return (int)index;
		if (id > tree->last_id)
			tree->last_id = id;
	}
	return 0;
}

/* ---- names ---- */

/* One piece of a name. */
static long find_piece(struct eg_place_tree *tree, uint32_t dir, const char *name, size_t n,
		       uint32_t part, bool make)
{
	struct eg_place_key key = {.dir = tree->nodes[dir].place.id, .part = part};
	struct eg_place place = {.id = tree->last_id + 1};
	uint32_t found;
	long index;

	memcpy(key.name, name, n);
	found = *slot_of(tree, &key);
	if (found)
		return (long)found - 1;
	if (!make)
		return -ENOENT;
	if (place.id == 0)
		return -EOVERFLOW; /* four thousand million names: never */
	index = append(tree, &key, dir, &place);
	if (index < 0)
		return index;
	tree->nodes[index].changed = true;
	if (!(tree->nodes[dir].place.flags & EG_PLACE_NAMES)) {
		tree->nodes[dir].place.flags |= EG_PLACE_NAMES;
		tree->nodes[dir].changed = true;
	}
	tree->last_id++;
	return index;
}

long eg_place_tree_child(struct eg_place_tree *tree, uint32_t dir, const char *name, size_t n,
			 bool make)
{
	long at = dir;

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	for (size_t done = 0; done < n && at >= 0; done += PIECE) {
		size_t piece = n - done < PIECE ? n - done : PIECE;

		at = find_piece(tree, (uint32_t)at, name + done, piece, done > 0, make);
	}
	return at;
}

long eg_place_tree_find(struct eg_place_tree *tree, const char *path, bool make)
{
	long at = 0;

	while (at >= 0 && *path) {
		size_t n = strcspn(++path, "/");

		if (n)
			at = eg_place_tree_child(tree, (uint32_t)at, path, n, make);
		path += n;
	}
	return at;
}

int eg_place_tree_prune(struct eg_place_tree *tree,
			bool (*keeps)(const struct eg_place_node *node, const void *arg),
			const void *arg)
{
	uint32_t *moved eg_auto_free = calloc(tree->n, sizeof(*moved));
	size_t n = 0;

	if (!moved)
		return -ENOMEM;
	for (size_t i = tree->n; i-- > 0;) {
		moved[i] = moved[i] || !i || keeps(&tree->nodes[i], arg);
		if (moved[i])
			moved[tree->nodes[i].parent] = 1;
	}
	for (size_t i = 0; i < tree->n; i++) {
		if (!moved[i])
			continue;
		tree->nodes[n] = tree->nodes[i];
		tree->nodes[n].parent = i ? moved[tree->nodes[n].parent] - 1 : 0;
		moved[i] = (uint32_t)++n; /* new index + 1; a parent's is known before */
	}
	tree->n = n;
	return rehash(tree, tree->n_slots);
}

/* ---- text ---- */

int eg_place_plain(const char *path, char *buf, size_t size)
{
	size_t len = 0;

	if (path[0] != '/')
		return -EINVAL;
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !strncmp(path, "..", n))
			return -EINVAL;
		if (n && !(n == 1 && *path == '.')) {
			if (len + 1 + n + 1 > size)
				return -ENAMETOOLONG;
			buf[len++] = '/';
			memcpy(buf + len, path, n);
			len += n;
		}
		path += n;
	}
	if (!len)
		buf[len++] = '/';
	buf[len] = '\0';
	return 0;
}
