// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When a ring buffer is read. */
#include "pace.h"

enum { NS_IN_MS = 1000000 };

static void look_at(struct eg_pace *pace, int64_t at_ns)
{
	pace->asleep = false;
	pace->due_ns = at_ns;
}

void eg_pace_wake(struct eg_pace *pace, int64_t now_ns)
{
	look_at(pace, now_ns);
}

bool eg_pace_is_due(const struct eg_pace *pace, int64_t now_ns)
{
	return !pace->asleep && now_ns >= pace->due_ns;
}

int eg_pace_wait_ms(const struct eg_pace *pace, int64_t now_ns)
{
	int64_t left_ns = pace->due_ns - now_ns;

	if (pace->asleep)
		return -1;
	return left_ns > 0 ? (int)((left_ns + NS_IN_MS - 1) / NS_IN_MS) : 0;
}

bool eg_pace_look(struct eg_pace *pace, enum eg_ring_left left, uint64_t so_far, int64_t now_ns)
{
	bool came = so_far != pace->so_far;

	pace->so_far = so_far;
	if (left == EG_RING_MORE) /* we were stopped: others are to have their turn between */
		look_at(pace, now_ns);
	else if (left == EG_RING_BUSY || came)
		look_at(pace, now_ns + EG_PACE_NS);
	else
		return true;
	return false;
}

void eg_pace_sleep(struct eg_pace *pace, enum eg_ring_left left, int64_t now_ns)
{
	if (left == EG_RING_EMPTY)
		pace->asleep = true;
	else
		look_at(pace, left == EG_RING_MORE ? now_ns : now_ns + EG_PACE_NS);
}

void eg_pace_fail(struct eg_pace *pace, int64_t now_ns)
{
	look_at(pace, now_ns + EG_PACE_FAILED_NS);
}
