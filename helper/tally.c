// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts by name. */
#include "tally.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_keys(const void *va, const void *vb)
{
	const struct eg_tally_row *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

static void row_free(struct eg_tally_row *row)
{
	if (row)
		free(row->key);
	free(row);
}

/* A new row; NULL: no memory. */
static struct eg_tally_row *add_row(struct eg_tally *tally, const char *key, int64_t time_ms)
{
	struct eg_tally_row *row = calloc(1, sizeof(*row));

	if (!tally->rows)
		tally->rows = calloc(EG_TALLY_MAX, sizeof(struct eg_tally_row *));
	if (row)
		row->key = strdup(key);
	if (!tally->rows || !row || !row->key || !tsearch(row, &tally->tree, compare_keys)) {
		row_free(row);
		return NULL;
	}
	row->first_ms = row->last_ms = time_ms;
	tally->rows[tally->n++] = row;
	return row;
}

/*
 * Makes room: the lower half goes, and is counted together. Else who is refused ten thousand
 * different things would decide that nobody is seen who comes later, however often.
 */
static void drop_half(struct eg_tally *tally)
{
	eg_tally_sort(tally);
	for (size_t i = EG_TALLY_MAX / 2; i < tally->n; i++) {
		struct eg_tally_row *row = tally->rows[i];

		tally->others += row->refused + row->audited;
		(void)tdelete(row, &tally->tree, compare_keys);
		row_free(row);
	}
	tally->n = EG_TALLY_MAX / 2;
}

int eg_tally_add(struct eg_tally *tally, const char *key, uint64_t refused, uint64_t audited,
		 int64_t time_ms)
{
	const struct eg_tally_row asked = {.key = (char *)key};
	struct eg_tally_row **found = tfind(&asked, &tally->tree, compare_keys), *row;

	if (!found && tally->n == EG_TALLY_MAX)
		drop_half(tally);
	row = found ? *found : add_row(tally, key, time_ms);
	if (!row)
		return -ENOMEM;
	row->refused += refused;
	row->audited += audited;
	if (time_ms < row->first_ms)
		row->first_ms = time_ms;
	if (time_ms > row->last_ms)
		row->last_ms = time_ms;
	return 0;
}

static int compare_counts(const void *va, const void *vb)
{
	const struct eg_tally_row *const *a = va, *const *b = vb;
	uint64_t count_a = (*a)->refused + (*a)->audited, count_b = (*b)->refused + (*b)->audited;
	int order = (count_b > count_a) - (count_b < count_a);

	return order ? order : strcmp((*a)->key, (*b)->key);
}

void eg_tally_sort(struct eg_tally *tally)
{
	if (tally->n)
		qsort(tally->rows, tally->n, sizeof(struct eg_tally_row *), compare_counts);
}

const char *eg_tally_cell(const struct eg_tally_row *row, size_t index, size_t *ret_n)
{
	const char *at = row->key;

	for (; index && *at; index--) {
		at += strcspn(at, "\t");
		at += *at == '\t';
	}
	*ret_n = strcspn(at, "\t");
	return at;
}

static void keep(void *node)
{
	(void)node; /* tally->rows owns them */
}

void eg_tally_done(struct eg_tally *tally)
{
	tdestroy(tally->tree, keep);
	for (size_t i = 0; i < tally->n; i++)
		row_free(tally->rows[i]);
	free(tally->rows);
	*tally = (struct eg_tally){0};
}
