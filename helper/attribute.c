// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rule it was: what decided in which generation, and records that are filled in from it. */
#include "attribute.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "helper.h"
#include "inforce.h"
#include "util.h"

int eg_attribution_new(const struct eg_policy_image *image, bool four, bool six, uint32_t slot,
		       uint32_t generation, struct eg_attribution **ret)
{
	struct eg_attribution *new;
	int r;

	*ret = NULL;
	if (!four && !six)
		return 0;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->slot = slot;
	new->from = generation;
	r = eg_deciders_new(image, four, six, &new->by);
	if (r < 0)
		free(new);
	else
		*ret = new;
	return r;
}

void eg_attribution_free(struct eg_attribution *attribution)
{
	if (!attribution)
		return;
	eg_deciders_free(attribution->by);
	free(attribution);
}

/* ---- those that are retired ---- */

void eg_attribution_retire(struct eg_helper *helper, struct eg_attribution *attribution,
			   uint32_t to)
{
	if (!attribution)
		return;
	attribution->to = to;
	attribution->settled = false;
	attribution->next = helper->retired;
	helper->retired = attribution;
}

void eg_attribution_settled(struct eg_helper *helper)
{
	uint64_t produced = 0, consumed = 0;

	if (!helper->retired)
		return;
	eg_bpf_events_positions(helper->bpf, &produced, &consumed);
	for (struct eg_attribution *a = helper->retired; a; a = a->next) {
		if (a->settled)
			continue;
		a->settled = true;
		a->until = produced;
	}
}

/* Forgets those whose records are read up to here. */
static void forget(struct eg_helper *helper, uint64_t consumed)
{
	struct eg_attribution **at = &helper->retired;

	while (*at) {
		struct eg_attribution *a = *at;

		if (!a->settled || a->until > consumed) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		eg_attribution_free(a);
	}
}

void eg_attribution_tick(struct eg_helper *helper)
{
	uint64_t produced = 0, consumed = 0;

	if (!helper->retired)
		return;
	eg_bpf_events_positions(helper->bpf, &produced, &consumed);
	forget(helper, consumed);
}

void eg_attribution_free_all(struct eg_helper *helper)
{
	while (helper->retired) {
		struct eg_attribution *a = helper->retired;

		helper->retired = a->next;
		eg_attribution_free(a);
	}
}

/* ---- records ---- */

/* By what a policy has decided; NULL: that is not known. */
static const struct eg_deciders *by_what(const struct eg_helper *helper, uint32_t slot,
					 uint32_t generation)
{
	for (size_t i = 0; i < helper->n_in_force; i++) {
		const struct eg_attribution *a = helper->in_force[i].attribution;

		if (a && a->slot == slot && generation >= a->from)
			return a->by;
	}
	for (const struct eg_attribution *a = helper->retired; a; a = a->next)
		if (a->slot == slot && generation >= a->from && generation <= a->to)
			return a->by;
	return NULL;
}

/* A record's address as the rule is about it: v4-mapped is IPv4, and so is what NAT64 or 6to4
 * carry, where that was refused. */
static bool judged(uint16_t family, const uint8_t *addr, uint16_t rule_family,
		   struct eg_policy_target *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct eg_policy_target target = {.family = family};
	bool known = true;

	if (family != AF_INET && family != AF_INET6)
		return false;
	memcpy(target.addr, addr, family == AF_INET ? 4 : 16);
	*ret = target;
	if (family == AF_INET6 && !memcmp(addr, mapped, sizeof(mapped)))
		memcpy(ret->addr, addr + sizeof(mapped), 4);
	else if (family == AF_INET6 && rule_family == AF_INET)
		known = eg_policy_embedded(&target, ret->addr);
	else
		return true;
	ret->family = AF_INET;
	return known;
}

/* The rule of a record; unchanged when it is not known. */
static void fill(const struct eg_helper *helper, uint32_t slot, uint32_t generation,
		 const struct eg_policy_target *target, struct eg_rule *rule)
{
	const struct eg_deciders *by = by_what(helper, slot, generation);

	if (by)
		(void)eg_deciders_find(by, target->family, target->addr, rule);
}

const struct eg_event *eg_attribute_event(const struct eg_helper *helper,
					  const struct eg_event *event, struct eg_event *buf)
{
	struct eg_policy_target target;

	if (event->kind != EG_EVENT_VERDICT || event->reason != EG_REASON_RULE ||
	    !event->has_rule || event->rule.line != EG_LINE_UNKNOWN || !event->has_addr ||
	    !judged(event->family, event->addr, event->rule_family, &target))
		return event;
	*buf = *event;
	fill(helper, event->profile, event->generation, &target, &buf->rule);
	return buf;
}

void eg_attribute_flow(const struct eg_helper *helper, struct eg_denied_flow *flow)
{
	struct eg_policy_target target;

	if (flow->reason == EG_REASON_RULE && flow->rule.line == EG_LINE_UNKNOWN &&
	    judged(flow->family, flow->raddr, (uint16_t)flow->rule_family, &target))
		fill(helper, flow->profile, flow->generation, &target, &flow->rule);
}
