/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tree of places: which number stands for which path (see abi.h). Pure: memory only, never
 * logs.
 */
#ifndef EG_PLACE_TREE_H
#define EG_PLACE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

enum { EG_PLACE_ROOT = 1 /* id of "/" */ };

/* A path, or a piece of a name that is too long. */
struct eg_place_node {
	struct eg_place_key key; /* of the root: all zero */
	struct eg_place place;
	uint32_t parent;	/* index of the node whose id is key.dir; the root's own is 0 */
	struct eg_file_id file; /* what was last found there; all zero = nothing */
	bool changed;		/* the maps have something else, or nothing */
	/* For places.c: in which round it was last touched; its rule in that round, index + 1; and
	 * whether its identity is asked for. */
	uint32_t round, rule;
	bool asked;
};

struct eg_place_tree {
	struct eg_place_node *nodes; /* owned; [0] is the root */
	size_t n, room;
	uint32_t *slots; /* owned: hash of keys, index of node + 1; 0 = free */
	size_t n_slots;	 /* a power of two */
	uint32_t last_id;
};

/* An empty tree. last_id: the greatest number ever given. 0 or -ENOMEM. */
int eg_place_tree_init(struct eg_place_tree *tree, uint32_t last_id);

/* Releases what it owns and zeroes it; fine on a zeroed one. */
void eg_place_tree_done(struct eg_place_tree *tree);

/*
 * Takes up names with the numbers they were given earlier, in any order. What hangs in the air,
 * below a number that no name has, is left out.
 * The tree: just made. 0 or -ENOMEM.
 */
int eg_place_tree_load(struct eg_place_tree *tree, const struct eg_place_key *keys,
		       const struct eg_place *places, size_t n);

/* The node of a name in a directory, made when there is none and make is set. name: n bytes, from 1
 * to 255. Index, -ENOENT, or -ENOMEM. */
long eg_place_tree_child(struct eg_place_tree *tree, uint32_t dir, const char *name, size_t n,
			 bool make);

/*
 * The node of a path, with those on the way. path: absolute and plain (eg_place_plain).
 * Index, -ENOENT, -ENAMETOOLONG (a name of more than 255 bytes), or -ENOMEM.
 */
long eg_place_tree_find(struct eg_place_tree *tree, const char *path, bool make);

/* Index of the node with that number, or -ENOENT. Nodes are sorted by it. */
long eg_place_tree_by_id(const struct eg_place_tree *tree, uint32_t id);

/* Takes out what `keeps` does not want and what is not on the way to what it wants. Indices change.
 * 0 or -ENOMEM. */
int eg_place_tree_prune(struct eg_place_tree *tree,
			bool (*keeps)(const struct eg_place_node *node, const void *arg),
			const void *arg);

/*
 * Writes an absolute path without empty components, "." and a slash at its end. buf: size bytes.
 * Returns 0; -EINVAL when it is not absolute or has a component ".."; -ENAMETOOLONG. Pure text.
 */
int eg_place_plain(const char *path, char *buf, size_t size);

#endif
