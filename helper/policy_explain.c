// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the definition in policy.h says, rule by rule and as plainly as it can be written: the
 * oracle that compiler and kernel are held against. So it shares no code with the compiler.
 */
#include <netinet/in.h>
#include <string.h>

#include "feed_networks.h"
#include "policy.h"

enum { MAPPED_SIZE = 12, NAT64_SIZE = 12, SIX_TO_FOUR_SIZE = 2 };

static const uint8_t loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};

/* v4-mapped to IPv4, and the addresses that stand for this host to loopback, as the kernel does. */
static void normalise(struct eg_policy_target *target)
{
	static const uint8_t mapped[MAPPED_SIZE] = {[10] = 0xff, [11] = 0xff}, zero[16] = {0};

	if (target->family == AF_INET6 && memcmp(target->addr, mapped, sizeof(mapped)) == 0) {
		target->family = AF_INET;
		memmove(target->addr, target->addr + MAPPED_SIZE, sizeof(loopback4));
	}
	if (target->family == AF_INET && memcmp(target->addr, zero, sizeof(loopback4)) == 0)
		memcpy(target->addr, loopback4, sizeof(loopback4));
	if (target->family == AF_INET6 && memcmp(target->addr, zero, sizeof(zero)) == 0)
		memcpy(target->addr, loopback6, sizeof(loopback6));
}

static bool speaks_about(const struct eg_config_rule *rule, const struct eg_policy_target *target)
{
	if (rule->spec.net.family != AF_UNSPEC &&
	    !eg_cidr_contains(&rule->spec.net, target->family, target->addr))
		return false;
	return eg_rule_matches(&rule->spec, target->proto, target->port);
}

/* Of rules that say something about what is asked: the one that decides so far. */
struct best {
	const struct eg_config_rule *rule; /* NULL = none yet, or a feed's */
	const struct eg_config_feed *feed; /* likewise */
	const struct eg_network *network;
	bool found, allow;
	unsigned int prefix_len;
	bool of_group;
};

/* Does a rule decide over the best, which stands before it? */
static bool decides_over(const struct best *a, const struct best *b)
{
	if (!b->found)
		return true;
	if (a->prefix_len != b->prefix_len)
		return a->prefix_len > b->prefix_len;
	if (a->of_group != b->of_group)
		return a->of_group;
	return !a->allow && b->allow;
}

static void search(const struct eg_config_rules *rules, bool of_group,
		   const struct eg_policy_target *target, struct best *best)
{
	size_t i;

	for (i = 0; i < rules->n; i++) {
		const struct eg_config_rule *rule = &rules->list[i];
		const struct best one = {.rule = rule,
					 .found = true,
					 .allow = rule->allow,
					 .prefix_len = rule->spec.net.prefix_len,
					 .of_group = of_group};

		if (speaks_about(rule, target) && decides_over(&one, best))
			*best = one;
	}
}

static void search_feed(const struct eg_config_feed *feed, const struct eg_policy_target *target,
			struct best *best)
{
	size_t i;

	for (i = 0; feed->networks && i < feed->networks->n; i++) {
		const struct eg_network *network = &feed->networks->list[i];
		const struct best one = {.feed = feed,
					 .network = network,
					 .found = true,
					 .allow = feed->allow,
					 .prefix_len = network->net.prefix_len};

		if (eg_cidr_contains(&network->net, target->family, target->addr) &&
		    decides_over(&one, best))
			*best = one;
	}
}

static struct eg_policy_answer answer_rule(const struct eg_config_rule *rule)
{
	return (struct eg_policy_answer){
		.deny = !rule->allow, .reason = EG_REASON_RULE, .rule = rule, .line = rule->line};
}

static struct eg_policy_answer answer_best(const struct eg_config_profile *profile,
					   const struct best *best)
{
	uint32_t number;

	if (best->rule)
		return answer_rule(best->rule);
	number = (uint32_t)(best->feed - profile->feeds.list);
	return (struct eg_policy_answer){
		.deny = !best->allow,
		.reason = EG_REASON_RULE,
		.feed = best->feed,
		.network = best->network,
		.line = EG_LINE_FEEDS + (number << EG_LINE_BITS) + best->network->line,
	};
}

/* The address as it is, without looking for another one inside. */
static struct eg_policy_answer judge(const struct eg_config_profile *profile,
				     const struct eg_config_group *group,
				     const struct eg_policy_target *target)
{
	bool four = target->family == AF_INET;
	bool loopback = four ? target->addr[0] == loopback4[0]
			     : memcmp(target->addr, loopback6, sizeof(loopback6)) == 0;
	struct best best = {0};
	size_t i;

	search(&profile->egress, false, target, &best);
	for (i = 0; i < profile->feeds.n; i++)
		search_feed(&profile->feeds.list[i], target, &best);
	if (group)
		search(&group->egress, true, target, &best);
	if (loopback && (!best.found || best.prefix_len < (four ? 8 : 128)))
		return (struct eg_policy_answer){.deny = false, .reason = EG_REASON_DEFAULT};
	if (best.found)
		return answer_best(profile, &best);
	return (struct eg_policy_answer){.deny = profile->default_deny,
					 .reason = EG_REASON_DEFAULT};
}

bool eg_policy_embedded(const struct eg_policy_target *target, uint8_t ret[4])
{
	static const uint8_t nat64[NAT64_SIZE] = {0x00, 0x64, 0xff, 0x9b},
			     six_to_four[SIX_TO_FOUR_SIZE] = {0x20, 0x02}, none[4] = {0};
	const uint8_t *inside = NULL;

	if (target->family != AF_INET6)
		return false;
	if (memcmp(target->addr, nat64, sizeof(nat64)) == 0)
		inside = target->addr + NAT64_SIZE;
	else if (memcmp(target->addr, six_to_four, sizeof(six_to_four)) == 0)
		inside = target->addr + SIX_TO_FOUR_SIZE;
	if (!inside || memcmp(inside, none, sizeof(none)) == 0)
		return false;
	memcpy(ret, inside, sizeof(none));
	return true;
}

struct eg_policy_answer eg_policy_explain_for(const struct eg_config_profile *profile,
					      const struct eg_config_group *group,
					      const struct eg_policy_target *target)
{
	struct eg_policy_target seen = *target, inside = {.family = AF_INET};
	struct eg_policy_answer answer, embedded;

	normalise(&seen);
	answer = judge(profile, group, &seen);
	if (answer.deny || !eg_policy_embedded(&seen, inside.addr))
		return answer;
	inside.proto = seen.proto;
	inside.port = seen.port;
	embedded = judge(profile, group, &inside);
	if (!embedded.deny || embedded.reason != EG_REASON_RULE)
		return answer;
	embedded.embedded = true;
	return embedded;
}

struct eg_policy_answer eg_policy_explain(const struct eg_config_profile *profile,
					  const struct eg_policy_target *target)
{
	return eg_policy_explain_for(profile, NULL, target);
}

const struct eg_config_group *eg_policy_group_of(const struct eg_config_profile *profile,
						 const char *program)
{
	size_t i, j;

	for (i = 0; i < profile->n_groups; i++)
		for (j = 0; j < profile->groups[i].programs.n; j++)
			if (strcmp(profile->groups[i].programs.list[j].text, program) == 0)
				return &profile->groups[i];
	return NULL;
}

static int width(const struct eg_config_rule *rule)
{
	return rule->spec.port_high - rule->spec.port_low;
}

static void search_bind(const struct eg_config_rules *rules, bool of_group, uint8_t proto,
			uint16_t port, struct best *best)
{
	size_t i;

	for (i = 0; i < rules->n; i++) {
		const struct eg_config_rule *rule = &rules->list[i];

		if (!eg_rule_matches(&rule->spec, proto, port))
			continue;
		if (best->rule && width(rule) > width(best->rule))
			continue;
		if (!best->rule || width(rule) < width(best->rule) ||
		    (of_group && !best->of_group) ||
		    (of_group == best->of_group && !rule->allow && best->rule->allow))
			*best = (struct best){.rule = rule, .of_group = of_group};
	}
}

struct eg_policy_answer eg_policy_explain_bind_for(const struct eg_config_profile *profile,
						   const struct eg_config_group *group,
						   uint8_t proto, uint16_t port)
{
	struct best best = {0};

	search_bind(&profile->bind, false, proto, port, &best);
	if (group)
		search_bind(&group->bind, true, proto, port, &best);
	if (best.rule)
		return answer_rule(best.rule);
	return (struct eg_policy_answer){.deny = false, .reason = EG_REASON_DEFAULT};
}

struct eg_policy_answer eg_policy_explain_bind(const struct eg_config_profile *profile,
					       uint8_t proto, uint16_t port)
{
	return eg_policy_explain_bind_for(profile, NULL, proto, port);
}
