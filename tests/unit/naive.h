/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ebpfguard.conf(5), PRECEDENCE, written down once more, as naively as can be: for settings that a
 * test has made up, which know nothing of the product's structs and call nothing of it. Addresses
 * are numbers, so that a network is a shift and a comparison.
 */
#ifndef EG_TEST_NAIVE_H
#define EG_TEST_NAIVE_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned __int128 u128;

enum { NAIVE_RULES = 8, NAIVE_FEEDS = 2, NAIVE_GROUPS = 2, NAIVE_ANY = -1 };

/* Protocols by number, and how they are written. Only ping has no ports. */
enum { TCP, UDP, ICMP, SCTP, DCCP, UDPLITE, N_PROTOCOLS };

/* width: 32 or 128 bits, 0 = every network ("*"). */
struct naive_net {
	u128 number;
	int width, length;
};

struct naive_rule {
	struct naive_net net;
	int protocol; /* NAIVE_ANY */
	bool ports;   /* low and high count */
	int low, high;
};

struct naive_list {
	bool set;
	size_t n;
	struct naive_rule rule[NAIVE_RULES];
};

/* What is written: of feeds the networks that they list. */
struct naive_group {
	struct naive_list deny, allow, bind_deny, bind_allow;
};

enum naive_action { NOT_SET, DENY, KILL, AUDIT };

struct naive_profile {
	int extends; /* index of an earlier one, NAIVE_ANY = none */
	bool mode_set, audit, default_set, default_deny, feeds_set[2], groups_set;
	enum naive_action action, egress;
	struct naive_group main; /* of everybody */
	size_t n_feeds[2];	 /* that deny, that allow */
	struct naive_list feeds[2][NAIVE_FEEDS];
	size_t n_groups;
	struct naive_group group[NAIVE_GROUPS];
};

struct naive_target {
	u128 number;
	int width, protocol, port;
};

/* What decided. */
enum naive_by { BY_DEFAULT, BY_LOOPBACK, BY_RULE, BY_FEED, BY_GROUP, BY_INSIDE, N_BY };

struct naive_verdict {
	bool deny, tie; /* tie: another rule as narrow would have said otherwise */
	enum naive_by by;
};

/* ---- what a profile has: a key that it sets, else what it extends has */

static inline struct naive_profile naive_effective(const struct naive_profile *all, int i)
{
	struct naive_profile got = {.extends = NAIVE_ANY};

	for (; i != NAIVE_ANY; i = all[i].extends) {
		const struct naive_profile *p = &all[i];
		struct naive_list *to[] = {&got.main.deny, &got.main.allow, &got.main.bind_deny,
					   &got.main.bind_allow};
		const struct naive_list *from[] = {&p->main.deny, &p->main.allow,
						   &p->main.bind_deny, &p->main.bind_allow};

		if (!got.mode_set && p->mode_set)
			got.mode_set = true, got.audit = p->audit;
		if (!got.default_set && p->default_set)
			got.default_set = true, got.default_deny = p->default_deny;
		if (!got.action)
			got.action = p->action;
		if (!got.egress)
			got.egress = p->egress;
		for (int k = 0; k < 4; k++)
			if (!to[k]->set && from[k]->set)
				*to[k] = *from[k];
		for (int k = 0; k < 2; k++)
			if (!got.feeds_set[k] && p->feeds_set[k]) {
				got.feeds_set[k] = true;
				got.n_feeds[k] = p->n_feeds[k];
				for (size_t f = 0; f < p->n_feeds[k]; f++)
					got.feeds[k][f] = p->feeds[k][f];
			}
		if (!got.groups_set && p->groups_set) {
			got.groups_set = true;
			got.n_groups = p->n_groups;
			for (size_t g = 0; g < p->n_groups; g++)
				got.group[g] = p->group[g];
		}
	}
	return got;
}

/* ---- addresses */

static inline bool naive_holds(const struct naive_net *net, const struct naive_target *target)
{
	int behind = net->width - net->length;

	if (!net->width)
		return true;
	if (net->width != target->width)
		return false;
	return net->length == 0 || target->number >> behind == net->number >> behind;
}

static inline bool naive_speaks(const struct naive_rule *rule, const struct naive_target *target)
{
	if (!naive_holds(&rule->net, target))
		return false;
	if (rule->protocol != NAIVE_ANY && rule->protocol != target->protocol)
		return false;
	return !rule->ports || (target->protocol != ICMP && rule->low <= target->port &&
				target->port <= rule->high);
}

/* Every rule is asked; which of two decides is a number: its length first, then whether it is the
 * program's, then whether it denies. */
struct naive_best {
	int score, length;
	bool deny, tie;
	enum naive_by by;
};

static inline void naive_ask(const struct naive_list *list, bool deny, enum naive_by by,
			     const struct naive_target *target, struct naive_best *best)
{
	for (size_t i = 0; i < list->n; i++) {
		int length = list->rule[i].net.length;
		int score = 1 + length * 4 + (by == BY_GROUP) * 2 + deny;

		if (!naive_speaks(&list->rule[i], target))
			continue;
		if (length == best->length && deny != best->deny && best->score)
			best->tie = true;
		if (score <= best->score)
			continue;
		if (length != best->length)
			best->tie = false;
		best->score = score, best->length = length, best->deny = deny, best->by = by;
	}
}

static inline struct naive_verdict naive_judge(const struct naive_profile *p,
					       const struct naive_group *group,
					       const struct naive_target *target)
{
	bool four = target->width == 32;
	struct naive_best best = {.length = -1};

	naive_ask(&p->main.deny, true, BY_RULE, target, &best);
	naive_ask(&p->main.allow, false, BY_RULE, target, &best);
	for (int allows = 0; allows < 2; allows++)
		for (size_t f = 0; f < p->n_feeds[allows]; f++)
			naive_ask(&p->feeds[allows][f], !allows, BY_FEED, target, &best);
	if (group) {
		naive_ask(&group->deny, true, BY_GROUP, target, &best);
		naive_ask(&group->allow, false, BY_GROUP, target, &best);
	}
	if ((four ? target->number >> 24 == 127 : target->number == 1) &&
	    best.length < (four ? 8 : 128))
		return (struct naive_verdict){.by = BY_LOOPBACK};
	if (best.score)
		return (struct naive_verdict){.deny = best.deny, .tie = best.tie, .by = best.by};
	return (struct naive_verdict){.deny = p->default_deny, .by = BY_DEFAULT};
}

/* group: of the program that asks, NULL = it has none. */
static inline struct naive_verdict naive_verdict(const struct naive_profile *p,
						 const struct naive_group *group,
						 struct naive_target target)
{
	struct naive_verdict verdict, inside;

	if (target.width == 128 && target.number >> 32 == 0xffff) /* v4-mapped */
		target.width = 32, target.number = (unsigned int)target.number;
	if (target.number == 0) /* this host */
		target.number = target.width == 32 ? 127 << 24 | 1 : 1;
	verdict = naive_judge(p, group, &target);
	if (verdict.deny || target.width == 32)
		return verdict;
	if (target.number >> 32 == (u128)0x64ff9b << 64) /* NAT64 */
		target.number = (unsigned int)target.number;
	else if (target.number >> 112 == 0x2002) /* 6to4 */
		target.number = (unsigned int)(target.number >> 80);
	else
		return verdict;
	target.width = 32;
	inside = naive_judge(p, group, &target);
	if (!target.number || !inside.deny || inside.by == BY_DEFAULT)
		return verdict;
	inside.by = BY_INSIDE;
	return inside;
}

/* ---- ports to bind: rules without networks */

static inline void naive_ask_bind(const struct naive_list *list, bool deny, bool of_group,
				  int protocol, int port, struct naive_best *best)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct naive_rule *rule = &list->rule[i];
		int width = rule->ports ? rule->high - rule->low : 65535;
		int score = 1 + (65535 - width) * 4 + of_group * 2 + deny;

		if (rule->protocol != NAIVE_ANY && rule->protocol != protocol)
			continue;
		if (rule->ports && (port < rule->low || rule->high < port))
			continue;
		if (score > best->score)
			best->score = score, best->deny = deny,
			best->by = of_group ? BY_GROUP : BY_RULE;
	}
}

static inline struct naive_verdict
naive_bind(const struct naive_profile *p, const struct naive_group *group, int protocol, int port)
{
	struct naive_best best = {0};

	naive_ask_bind(&p->main.bind_deny, true, false, protocol, port, &best);
	naive_ask_bind(&p->main.bind_allow, false, false, protocol, port, &best);
	if (group) {
		naive_ask_bind(&group->bind_deny, true, true, protocol, port, &best);
		naive_ask_bind(&group->bind_allow, false, true, protocol, port, &best);
	}
	return (struct naive_verdict){.deny = best.deny, .by = best.score ? best.by : BY_DEFAULT};
}

/* ---- what is done */

static inline enum naive_action naive_done(const struct naive_profile *p)
{
	if (p->audit)
		return AUDIT;
	if (p->egress)
		return p->egress;
	return p->action ? p->action : DENY;
}

#endif
