// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Token bucket for the lines of one session. */
#include "limit.h"

enum { TOKEN = 1000, FULL = EG_LIMIT_BURST * TOKEN };

static void refill(struct eg_limit *limit, int64_t now_ms)
{
	int64_t passed = now_ms - limit->at_ms;

	limit->at_ms = now_ms;
	if (passed <= 0)
		return;
	/* EG_LIMIT_PER_SECOND lines a second are that many thousandths a millisecond. */
	if (passed >= FULL / EG_LIMIT_PER_SECOND || (uint32_t)passed * EG_LIMIT_PER_SECOND >= limit->spent)
		limit->spent = 0;
	else
		limit->spent -= (uint32_t)passed * EG_LIMIT_PER_SECOND;
}

bool eg_limit_take(struct eg_limit *limit, int64_t now_ms)
{
	refill(limit, now_ms);
	if (limit->spent + TOKEN > FULL) {
		limit->left_out++;
		return false;
	}
	limit->spent += TOKEN;
	return true;
}

uint64_t eg_limit_summary(struct eg_limit *limit, int64_t now_ms, bool final)
{
	uint64_t count = limit->left_out;

	refill(limit, now_ms);
	if (!count || (!final && limit->spent > FULL / 2))
		return 0;
	limit->left_out = 0;
	return count;
}
