/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many lines may be written: by a session, a token bucket, and by all sessions together, never
 * more than so many in any second. Pure: the caller brings the time, CLOCK_MONOTONIC; should it go
 * back, it is taken to stand still.
 */
#ifndef EG_LIMIT_H
#define EG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* The limits of the configuration, group `log`. */
struct eg_limits {
	uint32_t rate;		/* lines in any second, all sessions together; at least 1 */
	uint32_t session_rate;	/* lines of one session a second in the long run; at least 1 */
	uint32_t session_burst; /* lines of one session at once; at least 1 */
	uint32_t window;	/* seconds that repeats are folded over; 0 = they are not */
};

/* Where the configuration says nothing. */
extern const struct eg_limits eg_limits_default;

enum {
	EG_LIMIT_CALM_MS = 2500,     /* a flood has ended when nothing was left out for so long */
	EG_LIMIT_SUMMARY_MS = 60000, /* one that does not end is summed up that often */
	EG_LIMIT_SLOT_MS = 100,
	EG_LIMIT_SLOTS = 1000 / EG_LIMIT_SLOT_MS + 1, /* together more than any second */
};

/* Of one session. Zeroed, a bucket is full. */
struct eg_limit {
	int64_t at_ms;	  /* when `spent` was right */
	uint64_t spent;	  /* missing from a full bucket, in thousandths of a line */
	bool left_out;	  /* lines were, and it has not been said... */
	int64_t since_ms; /* ...since then... */
	int64_t last_ms;  /* ...the last one then */
};

/* Of all. Zeroed, nothing was written. */
struct eg_limit_all {
	int64_t slot; /* the current one, counted from the clock's zero */
	uint32_t lines[EG_LIMIT_SLOTS];
};

/* May one more line be written now? Then it is counted as written. */
bool eg_limit_take(struct eg_limit *limit, const struct eg_limits *limits, int64_t now_ms);

/* Does it write many: is more than half of the bucket spent, or was a line left out? */
bool eg_limit_is_busy(struct eg_limit *limit, const struct eg_limits *limits, int64_t now_ms);

/* A line was left out. */
void eg_limit_leave(struct eg_limit *limit, int64_t now_ms);

/* Is it time to say what has been left out? Something has been, the last line EG_LIMIT_CALM_MS ago
 * or the first EG_LIMIT_SUMMARY_MS. */
bool eg_limit_is_due(const struct eg_limit *limit, int64_t now_ms);

/*
 * For how many more lines of all sessions there is room now. is_busy: of a session that writes
 * many: a quarter is kept from these, so that who writes few is not left out for them.
 */
uint64_t eg_limit_room(struct eg_limit_all *all, const struct eg_limits *limits, bool is_busy,
		       int64_t now_ms);

/* A line was written, whether there was room or not. */
void eg_limit_charge(struct eg_limit_all *all, int64_t now_ms);

#endif
