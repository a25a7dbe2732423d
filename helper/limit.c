// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Token bucket for the lines of one session. */
#include "limit.h"

enum { TOKEN = 1000, FULL = EG_LIMIT_BURST * TOKEN };

/* From one time to a later one; 0 when the clock went back. Never overflows. */
static int64_t elapsed(int64_t from_ms, int64_t to_ms)
{
	int64_t ms;

	if (to_ms <= from_ms)
		return 0;
	return __builtin_sub_overflow(to_ms, from_ms, &ms) ? INT64_MAX : ms;
}

static void refill(struct eg_limit *limit, int64_t now_ms)
{
	int64_t passed = elapsed(limit->at_ms, now_ms);

	limit->at_ms = now_ms;
	/* EG_LIMIT_PER_SECOND lines a second are that many thousandths a millisecond. */
	if (passed >= FULL / EG_LIMIT_PER_SECOND ||
	    (uint32_t)passed * EG_LIMIT_PER_SECOND >= limit->spent)
		limit->spent = 0;
	else
		limit->spent -= (uint32_t)passed * EG_LIMIT_PER_SECOND;
}

bool eg_limit_take(struct eg_limit *limit, int64_t now_ms)
{
	refill(limit, now_ms);
	if (limit->spent + TOKEN > FULL) {
		if (!limit->left_out++)
			limit->since_ms = now_ms;
		return false;
	}
	limit->spent += TOKEN;
	return true;
}

uint64_t eg_limit_summary(struct eg_limit *limit, int64_t now_ms, bool final)
{
	uint64_t count = limit->left_out;

	if (!final) {
		refill(limit, now_ms);
		if (limit->spent > FULL / 2 &&
		    elapsed(limit->since_ms, now_ms) < EG_LIMIT_SUMMARY_MS)
			return 0;
	}
	limit->left_out = 0;
	return count;
}
