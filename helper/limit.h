/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many lines a session may write: a token bucket. Pure: the caller brings the time.
 *
 * What does not fit is counted, and the count is due as one summary line when the bucket has room
 * again, or after EG_LIMIT_SUMMARY_MS when it never has.
 */
#ifndef EG_LIMIT_H
#define EG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	EG_LIMIT_BURST = 50,	     /* lines at once */
	EG_LIMIT_PER_SECOND = 10,    /* lines a second in the long run */
	EG_LIMIT_SUMMARY_MS = 60000, /* a flood that does not end is summed up that often */
};

/* Zeroed, a bucket is full. */
struct eg_limit {
	int64_t at_ms;	   /* when tokens was right */
	uint32_t spent;	   /* tokens missing from a full bucket, in thousandths of a line */
	uint64_t left_out; /* lines not written since the last summary */
	int64_t since_ms;  /* when the first of them came */
};

/* May one more line be written now? Counts it as written or as left out. now_ms: CLOCK_MONOTONIC;
 * should it go back, nothing is refilled for that time. */
bool eg_limit_take(struct eg_limit *limit, int64_t now_ms);

/*
 * How many lines have been left out, when it is time to say so: the bucket has refilled to half,
 * the first of them is EG_LIMIT_SUMMARY_MS ago, or `final` is set (now_ms does not matter then).
 * Returns 0 when there is nothing to say yet; otherwise the count, which is then forgotten.
 */
uint64_t eg_limit_summary(struct eg_limit *limit, int64_t now_ms, bool final);

#endif
