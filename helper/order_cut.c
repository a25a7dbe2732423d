// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who is cut off, in the kernel's table of orders; see order.h. */
#include "order.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

/* One session's flags. Without a change nothing is written, which needs memory. */
static int put(struct eg_helper *helper, uint64_t session, uint32_t add, uint32_t remove)
{
	struct eg_order order;
	uint32_t before;

	(void)eg_bpf_order_get(helper->bpf, session, &order);
	before = order.flags;
	order.flags = (before & ~remove) | add;
	return order.flags == before ? 0 : eg_bpf_order_put(helper->bpf, session, &order);
}

/* Sets flags for all of the set, and more for its first. When one of them cannot be set, all is as
 * it was. */
static int put_all(struct eg_helper *helper, const struct eg_order_set *set, uint32_t add,
		   uint32_t first)
{
	struct eg_order *before eg_auto_free = calloc(set->n + 1, sizeof(*before));
	int r = before ? 0 : -ENOMEM;
	size_t n = 0;

	for (; n < set->n && r >= 0; n++) {
		(void)eg_bpf_order_get(helper->bpf, set->list[n]->number, &before[n]);
		r = put(helper, set->list[n]->number, n ? add : add | first, 0);
	}
	/* One that failed may stand in the table, and not be counted. */
	for (size_t i = 0; i < n && r < 0; i++)
		(void)eg_bpf_order_put(helper->bpf, set->list[i]->number, &before[i]);
	return r;
}

static bool has_flag(struct eg_helper *helper, const struct eg_session *session, uint32_t flag)
{
	struct eg_order order;

	return eg_bpf_order_get(helper->bpf, session->number, &order) == 0 && order.flags & flag;
}

bool eg_order_is_cut(struct eg_helper *helper, const struct eg_session *session)
{
	return has_flag(helper, session, EG_ORDER_QUARANTINE);
}

int eg_order_cut(struct eg_helper *helper, const struct eg_order_set *set)
{
	return put_all(helper, set, EG_ORDER_QUARANTINE, EG_ORDER_NAMED);
}

int eg_order_uncut(struct eg_helper *helper, const struct eg_order_set *set)
{
	int r = 0;

	for (size_t i = 0; i < set->n && !r; i++)
		r = put(helper, set->list[i]->number, 0, EG_ORDER_QUARANTINE | EG_ORDER_NAMED);
	return r;
}

int64_t eg_order_keep_others(struct eg_helper *helper, struct eg_order_set *set)
{
	struct eg_session *first = set->list[0];
	int64_t with = 0;

	for (size_t i = 0; i < EG_BUCKETS; i++) {
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next) {
			struct eg_order_set other eg_order_auto_set = {0};

			if (s == first || !has_flag(helper, s, EG_ORDER_NAMED))
				continue;
			if (eg_order_collect(helper, s->number, true, &other) < 0)
				return -ENOMEM;
			if (eg_order_set_has(&other, first))
				with = (int64_t)s->number;
			eg_order_set_remove(set, &other);
		}
	}
	return with;
}

int eg_order_inherit(struct eg_helper *helper, uint64_t from, const struct eg_session *to)
{
	struct eg_order_set set eg_order_auto_set = {0};
	struct eg_order order;
	int r;

	if (!from || eg_bpf_order_get(helper->bpf, from, &order) < 0)
		return 0;
	if (!(to->record.flags & EG_GUARD_MANAGER))
		return put(helper, to->number, order.flags & ~(uint32_t)EG_ORDER_NAMED, 0);
	/* A manager goes on to serve the user's other sessions: nothing else is for it. */
	if (!(order.flags & EG_ORDER_QUARANTINE))
		return 0;
	r = eg_order_collect(helper, to->number, true, &set);
	return r < 0 ? r : put_all(helper, &set, EG_ORDER_QUARANTINE, 0);
}
