/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which place a file is, as those who judge and those who learn ask.
 */
#ifndef EG_PLACE_BPF_H
#define EG_PLACE_BPF_H

#include "files.bpf.h"

/* Steps up, all file systems together. Who goes deeper is nowhere, and refused. */
enum { EG_WALK_MAX = 4096 };

/* Of an identity: as the helper has seen it, and as the hooks have. id 0: nothing. */
struct eg_known {
	struct eg_place seen, learned;
};

/* Fills *known for a struct inode; 0: for nothing. Returns 0. Not inlined: the stack is short. */
int eg_known_of(struct eg_known *known, __u64 inode);

/* A name that is looked for in a directory that is a place. */
struct eg_named {
	__u64 text; /* const char * */
	__u32 dir;  /* eg_place.id */
	__u32 pad;
	struct eg_place place; /* what it is */
};

/* 1 = there is one: n->place. Name and directory are set. */
int eg_named_find(struct eg_named *n);

/* The same, for a directory entry and what is known of its directory. */
static __always_inline bool eg_is_named(struct eg_named *n, const struct eg_place *dir,
					struct dentry *dentry)
{
	if (!dir->id || !(dir->flags & EG_PLACE_NAMES))
		return false;
	n->dir = dir->id;
	n->text = (__u64)BPF_CORE_READ(dentry, d_name.name);
	return eg_named_find(n);
}

static __always_inline struct eg_place *eg_learned_of(const struct eg_file_id *id)
{
	struct eg_place *place = bpf_map_lookup_elem(&eg_learned, id);

	return place ? place : bpf_map_lookup_elem(&eg_learned_inside, id);
}

static __always_inline struct eg_linked *eg_linked_of(const struct eg_file_id *id)
{
	struct eg_linked *linked = bpf_map_lookup_elem(&eg_linked, id);

	return linked ? linked : bpf_map_lookup_elem(&eg_linked_inside, id);
}

/* inside: a session has it done. 0, or a negative errno: without memory. Full is not to be feared:
 * the oldest gives way. */
static __always_inline long eg_remember(const struct eg_file_id *id, const struct eg_place *place,
					bool inside)
{
	if (!inside)
		return bpf_map_update_elem(&eg_learned, id, place, BPF_ANY);
	if (!bpf_map_update_elem(&eg_learned, id, place, BPF_EXIST))
		return 0;
	return bpf_map_update_elem(&eg_learned_inside, id, place, BPF_ANY);
}

#endif
