// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the definition in policy.h says, rule by rule and as plainly as it can be written: the
 * oracle that compiler and kernel are held against. So it shares no code with the compiler.
 */
#include <netinet/in.h>
#include <string.h>

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

/* Does rule a decide over rule b, which stands before it or is NULL? */
static bool decides_over(const struct eg_config_rule *a, const struct eg_config_rule *b)
{
	if (!b)
		return true;
	if (a->spec.net.prefix_len != b->spec.net.prefix_len)
		return a->spec.net.prefix_len > b->spec.net.prefix_len;
	return !a->allow && b->allow;
}

static struct eg_policy_answer answer_rule(const struct eg_config_rule *rule)
{
	return (struct eg_policy_answer){
		.deny = !rule->allow, .reason = EG_REASON_RULE, .rule = rule};
}

/* The address as it is, without looking for another one inside. */
static struct eg_policy_answer judge(const struct eg_config_profile *profile,
				     const struct eg_policy_target *target)
{
	const struct eg_config_rule *best = NULL;
	bool four = target->family == AF_INET;
	bool loopback = four ? target->addr[0] == loopback4[0]
			     : memcmp(target->addr, loopback6, sizeof(loopback6)) == 0;
	size_t i;

	for (i = 0; i < profile->egress.n; i++)
		if (speaks_about(&profile->egress.list[i], target) &&
		    decides_over(&profile->egress.list[i], best))
			best = &profile->egress.list[i];
	if (loopback && (!best || best->spec.net.prefix_len < (four ? 8 : 128)))
		return (struct eg_policy_answer){.deny = false, .reason = EG_REASON_DEFAULT};
	if (best)
		return answer_rule(best);
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

struct eg_policy_answer eg_policy_explain(const struct eg_config_profile *profile,
					  const struct eg_policy_target *target)
{
	struct eg_policy_target seen = *target, inside = {.family = AF_INET};
	struct eg_policy_answer answer, embedded;

	normalise(&seen);
	answer = judge(profile, &seen);
	if (answer.deny || !eg_policy_embedded(&seen, inside.addr))
		return answer;
	inside.proto = seen.proto;
	inside.port = seen.port;
	embedded = judge(profile, &inside);
	if (!embedded.deny || !embedded.rule)
		return answer;
	embedded.embedded = true;
	return embedded;
}

static int width(const struct eg_config_rule *rule)
{
	return rule->spec.port_high - rule->spec.port_low;
}

struct eg_policy_answer eg_policy_explain_bind(const struct eg_config_profile *profile,
					       uint8_t proto, uint16_t port)
{
	const struct eg_config_rule *best = NULL;
	size_t i;

	for (i = 0; i < profile->bind.n; i++) {
		const struct eg_config_rule *rule = &profile->bind.list[i];

		if (!eg_rule_matches(&rule->spec, proto, port))
			continue;
		if (!best || width(rule) < width(best) ||
		    (width(rule) == width(best) && !rule->allow && best->allow))
			best = rule;
	}
	if (best)
		return answer_rule(best);
	return (struct eg_policy_answer){.deny = false, .reason = EG_REASON_DEFAULT};
}
