// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A token bucket for the lines of one session, and a count by time for those of all. */
#include "limit.h"

#include <string.h>

enum { TOKEN = 1000 };

const struct eg_limits eg_limits_default = {
	.rate = 100,
	.session_rate = 10,
	.session_burst = 50,
	.window = 5,
};

static uint64_t full(const struct eg_limits *limits)
{
	return (uint64_t)limits->session_burst * TOKEN;
}

/* From one time to a later one; 0 when the clock went back. Never overflows. */
static uint64_t elapsed(int64_t from_ms, int64_t to_ms)
{
	return to_ms <= from_ms ? 0 : (uint64_t)to_ms - (uint64_t)from_ms;
}

static void refill(struct eg_limit *limit, const struct eg_limits *limits, int64_t now_ms)
{
	uint64_t passed = elapsed(limit->at_ms, now_ms);

	limit->at_ms = now_ms;
	/* session_rate lines a second are that many thousandths a millisecond. */
	if (passed >= full(limits) / limits->session_rate ||
	    passed * limits->session_rate >= limit->spent)
		limit->spent = 0;
	else
		limit->spent -= passed * limits->session_rate;
}

bool eg_limit_take(struct eg_limit *limit, const struct eg_limits *limits, int64_t now_ms)
{
	refill(limit, limits, now_ms);
	if (limit->spent + TOKEN > full(limits))
		return false;
	limit->spent += TOKEN;
	return true;
}

bool eg_limit_is_busy(struct eg_limit *limit, const struct eg_limits *limits, int64_t now_ms)
{
	refill(limit, limits, now_ms);
	return limit->left_out || limit->spent > full(limits) / 2;
}

void eg_limit_leave(struct eg_limit *limit, int64_t now_ms)
{
	if (!limit->left_out)
		limit->since_ms = now_ms;
	limit->last_ms = now_ms;
	limit->left_out = true;
}

bool eg_limit_is_due(const struct eg_limit *limit, int64_t now_ms)
{
	return limit->left_out && (elapsed(limit->last_ms, now_ms) >= EG_LIMIT_CALM_MS ||
				   elapsed(limit->since_ms, now_ms) >= EG_LIMIT_SUMMARY_MS);
}

/* ---- all sessions */

static void go_on(struct eg_limit_all *all, int64_t now_ms)
{
	int64_t slot = now_ms / EG_LIMIT_SLOT_MS;

	if (slot - all->slot >= EG_LIMIT_SLOTS)
		memset(all->lines, 0, sizeof(all->lines));
	else
		for (int64_t i = all->slot + 1; i <= slot; i++)
			all->lines[i % EG_LIMIT_SLOTS] = 0;
	if (slot > all->slot)
		all->slot = slot;
}

uint64_t eg_limit_room(struct eg_limit_all *all, const struct eg_limits *limits, bool is_busy,
		       int64_t now_ms)
{
	uint64_t lines = 0, most = is_busy ? limits->rate - limits->rate / 4 : limits->rate;

	go_on(all, now_ms);
	for (int i = 0; i < EG_LIMIT_SLOTS; i++)
		lines += all->lines[i];
	return lines < most ? most - lines : 0;
}

void eg_limit_charge(struct eg_limit_all *all, int64_t now_ms)
{
	go_on(all, now_ms);
	all->lines[all->slot % EG_LIMIT_SLOTS]++;
}
