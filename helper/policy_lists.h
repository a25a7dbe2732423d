/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists of segments while a policy is compiled: rules for one network flattened into what each
 * protocol and port gets, equal lists stored once. Pure: memory only.
 */
#ifndef EG_POLICY_LISTS_H
#define EG_POLICY_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/* A stored list, in the hash table that finds equal ones. */
struct eg_lists_slot {
	uint32_t hash;
	uint32_t list; /* index of its first segment */
	uint32_t n;    /* 0 = free */
};

/* Where flattening works, kept from one list to the next. */
struct eg_lists_work {
	uint32_t *cuts; /* where something begins or ends, ascending, none twice; starts with 0 */
	uint32_t *next; /* first cell from here on that has no rule yet */
	uint32_t *rule; /* which rule has the cell */
	size_t size;	/* room in each */
	size_t n_cuts;
};

/* Zeroed is empty. */
struct eg_lists {
	struct eg_segment *segments; /* owned: all lists stored so far */
	size_t n_segments, segments_size;
	struct eg_lists_slot *slots; /* owned; slots_size is a power of two */
	size_t n_lists, slots_size;
	struct eg_lists_work work;
	struct eg_segment *list; /* owned: what eg_lists_flatten has made last */
	size_t n_list, list_size;
};

/* A rule for every protocol and port, that no line has asked for: what a default says. */
struct eg_rule eg_lists_default(uint8_t verdict);

/*
 * Flattens rules over what holds without them, into lists->list.
 * rules: n of them, the one that decides over all others first; base: a plain entry, or one whose
 * list is stored here.
 * Takes n log n time in the number of rules and of the base's segments.
 * Returns 0, or -ENOMEM. How long the list has become is for the caller to judge.
 */
int eg_lists_flatten(struct eg_lists *lists, const struct eg_rule *rules, size_t n,
		     const struct eg_entry *base);

/*
 * Stores lists->list, unless an equal one is stored already. *ret, *ret_n: where it is.
 * Returns 0, -E2BIG when all lists together would be longer than EG_SEGMENTS_MAX, -ENOMEM.
 */
int eg_lists_store(struct eg_lists *lists, uint32_t *ret, uint32_t *ret_n);

/* Hands the stored segments over; the caller owns them. *ret: NULL when there are none. */
void eg_lists_take(struct eg_lists *lists, struct eg_segment **ret, size_t *ret_n);

/* Releases what lists owns and zeroes it. */
void eg_lists_done(struct eg_lists *lists);

#endif
