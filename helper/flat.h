/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes a flat range table (bpf/abi_flat.h) of what a compiled policy says about the networks of
 * one family. Pure: memory only, never logs; blocks in eg_way_give() only.
 *
 * First a plan, which tells how large a table is needed, then the table is written where the
 * caller has the room: in the memory of the map.
 *
 * Room while it works, in bytes: 20 for each IPv4 entry, 36 for each IPv6 one. Time: linear in the
 * number of entries.
 */
#ifndef EG_FLAT_H
#define EG_FLAT_H

#include <stddef.h>
#include <stdint.h>

#include "abi_flat.h"
#include "policy.h"

/* Where the policy says something else than just before. The first run is from address 0. */
struct eg_flat_runs {
	uint64_t *high; /* owned: first address of each, upper half; ascending */
	uint64_t *low;	/* owned: the lower half; NULL for IPv4 */
	uint16_t *kind; /* owned: enum eg_flat_answer, and EG_FLAT_LIST + index in lists */
	size_t n;
	struct eg_flat_list *lists; /* owned */
	size_t n_lists;
};

/* Zeroed is empty. */
struct eg_flat_plan {
	struct eg_flat flat; /* what the policy gets, see there */
	size_t used;	     /* bytes of the table that are written */
	unsigned int skip;   /* bits that all addresses of the window begin with */
	uint64_t window;     /* these, as a number below 1 << skip */
	unsigned int length; /* bits that matter in boundaries of the window */
	bool has_kinds;
	struct eg_flat_runs runs;
};

/* Bytes of a table of a class, 1..EG_FLAT_LAST; 0 for any other. */
size_t eg_flat_size(unsigned int class);

/*
 * Plans the table for a policy's entries, as eg_policy_compile makes them: sorted by address, then
 * length. plain answers without kinds where the policy needs no more than two.
 * Returns 0 and *ret (release with eg_flat_plan_done); -E2BIG when the entries have more different
 * lists than EG_FLAT_KINDS_MAX: then only a trie will do; -EINVAL when they are out of order;
 * -ENOMEM.
 */
int eg_flat_plan4(const struct eg_policy_entry4 *entries, size_t n, struct eg_flat_plan *ret);
int eg_flat_plan6(const struct eg_policy_entry6 *entries, size_t n, struct eg_flat_plan *ret);

/* Writes the table. to: eg_flat_size(plan->flat.class) bytes, all zero, aligned to 16. */
void eg_flat_write(const struct eg_flat_plan *plan, void *to);

/* Where the i-th boundary of the window stands, counted from 0: bytes from the table's start. For
 * tests that break one. */
size_t eg_flat_bound_at(const struct eg_flat *flat, size_t i);

/* Releases what the plan owns and zeroes it. */
void eg_flat_plan_done(struct eg_flat_plan *plan);

#endif
