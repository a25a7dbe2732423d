/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Repeats of the same refusal, counted for one line. Pure: the caller brings the time and writes.
 *
 * The first of a kind has a line of its own and begins a window. What comes again before the window
 * ends is only counted; then the count is due as one line and the next window begins, or, when
 * nothing came again, the kind is forgotten. The same are records that differ in nothing but when
 * they were made and by which process.
 */
#ifndef EG_FOLD_H
#define EG_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "abi_event.h"

enum {
	EG_FOLD_MAX = 1024,	  /* windows at once; more kinds of refusals are not folded */
	EG_FOLD_SESSION_MAX = 64, /* of these for one session: it must not take them from others */
};

/* One window. */
struct eg_folded {
	struct eg_event event; /* of the repeats the first; before there is one, what began it */
	uint64_t count;	       /* repeats */
	uint64_t last_ns;      /* eg_event.ts_ns of the last of them */
	int64_t ends_ms;
	uint64_t hash;
	uint16_t next; /* in its bucket or the list of free ones: index + 1, 0 = none */
};

struct eg_fold;

/* The counter of a record's operation and verdict. */
__u64 *eg_fold_counter(struct eg_written *counts, const struct eg_event *event);

/* Called with a count that is due. May not call into the fold. */
typedef void (*eg_fold_fn)(const struct eg_folded *folded, void *arg);

/* NULL: out of memory. The memory is bounded: EG_FOLD_MAX windows. free: NULL is fine. */
struct eg_fold *eg_fold_new(void);
void eg_fold_free(struct eg_fold *fold);

/* Is this a repeat in a window that goes on? Then it has been counted. now_ms: CLOCK_MONOTONIC. */
bool eg_fold_repeat(struct eg_fold *fold, const struct eg_event *event, int64_t now_ms);

/* A line for this record was written: begins its window of window_ms. Nothing when there is no room
 * for it. */
void eg_fold_begin(struct eg_fold *fold, const struct eg_event *event, int64_t now_ms,
		   int64_t window_ms);

/* Calls fn for each window that has ended with repeats, which then begins anew; forgets those
 * without. */
void eg_fold_tick(struct eg_fold *fold, int64_t now_ms, int64_t window_ms, eg_fold_fn fn,
		  void *arg);

/* Ends all windows of a session: calls fn for those with repeats; NULL: their counts are given
 * up. */
void eg_fold_flush(struct eg_fold *fold, uint64_t session, eg_fold_fn fn, void *arg);

/* Adds to *sum the repeats of a session that have been counted and were not due yet. */
void eg_fold_sum(const struct eg_fold *fold, uint64_t session, struct eg_written *sum);

#endif
