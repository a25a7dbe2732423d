// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What tightening changes about one session, and how half of that is put right. Pure. */
#include <errno.h>
#include <stdio.h>

#include "order.h"

int eg_order_swap(struct eg_order *order, struct eg_record *record, uint32_t bound, uint32_t from,
		  uint32_t to, const char *name)
{
	bool own = record->profile == from, origin = record->origin == from;
	/* Guards that were bound before an earlier order still name the slot of then. */
	bool again = order->from && order->to == from;

	if (!own && !origin)
		return -ENOENT;
	if (order->from && !again)
		return -EBUSY;
	/* Under the earlier one's slot since then, and by a guard that names it itself: two slots
	 * would have to be put in one order. */
	if (again && own && bound && bound != order->from)
		return -EBUSY;
	if (!again)
		order->from = from;
	order->to = to;
	if (own) {
		record->profile = to;
		(void)snprintf(record->profile_name, sizeof(record->profile_name), "%s", name);
	}
	if (origin)
		record->origin = to;
	return 0;
}

bool eg_order_mend(struct eg_order *order, const struct eg_record *record, uint32_t bound)
{
	const struct eg_order before = *order;

	if (!order->from) {
		if (bound && bound != record->profile) {
			order->from = bound;
			order->to = record->profile;
		}
	} else if (bound == order->from || (!bound && !record->origin)) {
		order->to = record->profile;
	} else if (bound && record->origin) {
		order->to = record->origin;
	}
	/* as if there were none */
	if (order->from == order->to)
		order->from = order->to = 0;
	return order->from != before.from || order->to != before.to;
}
