/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policies in the kernel twice, in a trie and in a flat table, and programs that ask both
 * (lookup.bpf.c). Whatever goes wrong ends the program with a word: it is a test or a benchmark.
 */
#ifndef EG_STRUCTURES_H
#define EG_STRUCTURES_H

#include "flat.h"
#include "lookup.h"

struct lookup_bpf; /* skeleton */

struct structures {
	struct lookup_bpf *skel;
	struct lookup_address *asked; /* LOOKUP_ASKED; the memory of the map */
	uint32_t last;		      /* class: this kernel has no arrays for those behind it */
};

void structures_open(struct structures *s);
void structures_close(struct structures *s);

/* Entries of one family; the other is NULL. */
struct structures_entries {
	const struct eg_policy_entry4 *entries4;
	const struct eg_policy_entry6 *entries6;
	size_t n;
};

/* Puts a policy's trie in place; what was there is dropped. Returns its descriptor, which the
 * caller closes. */
int structures_trie(struct structures *s, uint32_t policy, const struct structures_entries *from);

/* The same for the table; the parts: nanoseconds for planning, making the map, writing it and
 * putting it in place. Returns a descriptor, -1 when this kernel has no array that large. */
struct structures_times {
	int64_t plan, make, write, put;
};
int structures_table(struct structures *s, uint32_t policy, const struct structures_entries *from,
		     struct eg_flat *ret, struct structures_times *ret_times);

/* Drops both from a policy. */
void structures_drop(struct structures *s, uint32_t policy, bool v6);

/* Bytes that a map says it takes. */
size_t structures_memory(int fd);

/* Runs a program ("trie4", "compare6" ...) over n of the addresses asked. Returns the CPU's
 * nanoseconds for all of it. */
int64_t structures_run(struct structures *s, const char *program, uint32_t policy, uint32_t first,
		       uint32_t n, struct lookup_run *ret);

#endif
