/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to places.c and place_*.c: one resolution of paths, from what is wanted
 * to what the kernel side is told. Never logs.
 */
#ifndef EG_PLACE_WORK_H
#define EG_PLACE_WORK_H

#include <pthread.h>

#include "place_disk.h"
#include "place_tree.h"
#include "places.h"

struct eg_places {
	struct eg_bpf *bpf;
	pthread_mutex_t lock; /* of all down to holders, and of the maps of places */
	struct eg_place_tree tree;
	uint32_t round;	      /* of resolving; nodes say when they were touched last */
	unsigned int holders; /* eg_places_hold */
	/* Around eg_places_protect as a whole: two threads' looks do not mix. Taken before lock. */
	pthread_mutex_t protecting;
	uint64_t turn; /* of the last; under protecting */
};

/* What one resolution works on. */
struct eg_place_work {
	struct eg_places *places; /* locked */
	struct eg_place_watch *watch;
	struct eg_place_way way;
	struct eg_policy_place *rules; /* owned; in order of their making */
	size_t n_rules, rules_room;
	uint32_t *nodes; /* owned; the nodes whose identity is asked for */
	size_t n_nodes, nodes_room;
	struct eg_file_id *ids; /* owned; the answers */
	/* who has which identity, of all nodes: index + 1; 0 = free */
	uint32_t *owners; /* owned */
	size_t n_owners;  /* a power of two */
};

/* Releases what it owns. */
void eg_place_work_done(struct eg_place_work *work);

static inline struct eg_place_node *eg_place_node_at(const struct eg_place_work *work,
						     uint32_t index)
{
	return &work->places->tree.nodes[index];
}

/* Enters a node and those above into this round. ask: the disk has at that path what the node
 * stands for. 0 or -ENOMEM. */
int eg_place_work_touch(struct eg_place_work *work, uint32_t index, bool ask);

/* A path that is wanted, and where its links lead. 0, or a negative errno as eg_places_resolve. */
int eg_place_work_add(struct eg_place_work *work, const struct eg_place_want *want);

/* Adds a rule to a node of this round. line: by enum eg_ask. 0 or -ENOMEM. */
int eg_place_work_rule(struct eg_place_work *work, uint32_t index, uint32_t about, uint32_t denied,
		       const uint32_t line[EG_ASK_MAX]);

/* What is mounted below what was added. 0 or a negative errno. */
int eg_place_work_mounts(struct eg_place_work *work);

/* Has the kernel side know what of names and identities has changed. places: locked. 0 or a
 * negative errno; what has not got there stays changed. */
int eg_place_work_put(struct eg_places *places);

/* Asks for the identities, and has the kernel side know names and identities. 0 or a negative
 * errno. */
int eg_place_work_publish(struct eg_place_work *work);

#endif
