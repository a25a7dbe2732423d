/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts by name, for many names of which few matter. Pure: memory only, never logs. */
#ifndef EG_TALLY_H
#define EG_TALLY_H

#include <stddef.h>
#include <stdint.h>

enum {
	EG_TALLY_MAX = 10000,	/* names; of more the rarer ones are counted together */
	EG_TALLY_CELLS_MAX = 5, /* of a name */
};

struct eg_tally_row {
	char *key; /* owned: printable words, with tabs between the cells of a table */
	uint64_t refused, audited;
	int64_t first_ms, last_ms;
};

/* Zeroed, it is empty. */
struct eg_tally {
	struct eg_tally_row **rows; /* owned, as is each; sorted by eg_tally_sort */
	size_t n;
	void *tree;	 /* of tsearch: the same rows */
	uint64_t others; /* of names that are not here; then there were more than EG_TALLY_MAX */
};

/* Adds to the row of this key. 0 or -ENOMEM. */
int eg_tally_add(struct eg_tally *tally, const char *key, uint64_t refused, uint64_t audited,
		 int64_t time_ms);

/* The highest first, then by name. */
void eg_tally_sort(struct eg_tally *tally);

/* The cell of a row with this index; *ret_n its length: it ends with a tab or the key. Empty behind
 * the last. */
const char *eg_tally_cell(const struct eg_tally_row *row, size_t index, size_t *ret_n);

/* Releases what it owns; fine on a zeroed one. */
void eg_tally_done(struct eg_tally *tally);

#endif
