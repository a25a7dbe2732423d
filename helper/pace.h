/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When one of the two ring buffers is read. A reader that is woken for each record costs who makes
 * them more than the record does (struct eg_wake): so the first one wakes us, at once; while more
 * come we look by the clock; and when for a while none has come, we ask to be woken again. Pure:
 * the caller brings the time, CLOCK_MONOTONIC in nanoseconds.
 */
#ifndef EG_PACE_H
#define EG_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/*
	 * Between two looks while records come. At most one wake-up a millisecond, however they
	 * come: one by a record, then nothing for that long, then one by the clock.
	 */
	EG_PACE_NS = 2000000,
	EG_PACE_FAILED_NS = 1000000000, /* after a look that failed */
};

/* What a look has left. */
enum eg_ring_left {
	EG_RING_EMPTY,
	EG_RING_BUSY, /* the next record is being written */
	EG_RING_MORE, /* the next one can be read */
};

/* Zeroed: due, as at a start, which does not know what the last helper has left. */
struct eg_pace {
	bool asleep;	 /* the next record wakes */
	int64_t due_ns;	 /* of the next look; when not asleep */
	uint64_t so_far; /* what had been read at the last one, in bytes since the ring was made */
};

/* The ring's descriptor says that there is something, or a second look has found it. */
void eg_pace_wake(struct eg_pace *pace, int64_t now_ns);

/* Is it time to look? */
bool eg_pace_is_due(const struct eg_pace *pace, int64_t now_ns);

/* How long nothing need be done, in milliseconds, never too short; -1 = until it wakes. */
int eg_pace_wait_ms(const struct eg_pace *pace, int64_t now_ns);

/*
 * After a look. left: what there is still; so_far: what has been read now, as in struct eg_pace.
 * True: nothing has come for EG_PACE_NS, or since the wake-up. Then the kernel side is to be told
 * that the next record wakes, and after that eg_pace_sleep.
 */
bool eg_pace_look(struct eg_pace *pace, enum eg_ring_left left, uint64_t so_far, int64_t now_ns);

/* It has been told; left: what there is since. What came before has woken nobody. */
void eg_pace_sleep(struct eg_pace *pace, enum eg_ring_left left, int64_t now_ns);

/* The ring could not be read. */
void eg_pace_fail(struct eg_pace *pace, int64_t now_ns);

#endif
