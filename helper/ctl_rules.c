// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What check finds about the rules for networks and ports: those without effect.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "cidr.h"
#include "config.h"
#include "ctl.h"
#include "feed_networks.h"
#include "policy.h"
#include "policy_live.h"
#include "util.h"

enum { SHOWN_MAX = 20 }; /* rules without effect of which it is said what comes before them */

/* A rule in one family: "*" is in both. */
struct item {
	struct eg_cidr net;
	const struct eg_config_rule *rule;
	bool told; /* of a feed that denies the same */
};

/* By network, deny before allow. */
static int compare_items(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	int order = eg_cidr_compare(&a->net, &b->net);

	if (order == 0)
		order = (int)a->rule->allow - (int)b->rule->allow;
	return order ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

/* All rules by network. Returns how many items, owned by the caller; -ENOMEM. */
static ssize_t sort_rules(const struct eg_config_rules *rules, struct item **ret)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};
	struct item *items = calloc(2 * rules->n + 1, sizeof(*items));
	size_t n = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n; i++) {
		const struct eg_config_rule *rule = &rules->list[i];

		if (rule->spec.net.family != AF_UNSPEC)
			items[n++] = (struct item){rule->spec.net, rule, false};
		for (size_t j = 0; rule->spec.net.family == AF_UNSPEC && j < 2; j++)
			items[n++] = (struct item){{.family = families[j]}, rule, false};
	}
	qsort(items, n, sizeof(*items), compare_items);
	*ret = items;
	return (ssize_t)n;
}

/* Does the first speak about all that the second does, in a network that both are for? */
static bool covers(const struct eg_rule_spec *a, const struct eg_rule_spec *b)
{
	if (eg_rule_is_plain(a))
		return true;
	if (eg_rule_is_plain(b) || (a->protocol != EG_PROTO_ANY && a->protocol != b->protocol))
		return false;
	if (a->port_low > b->port_low || a->port_high < b->port_high)
		return false;
	return a->protocol != EG_PROTO_ANY || b->protocol != EG_PROTO_ICMP;
}

static int warn_covered(const struct eg_config *config, const struct eg_config_rule *allow,
			const struct eg_config_rule *deny)
{
	bool narrower = eg_rule_is_plain(&deny->spec) && !eg_rule_is_plain(&allow->spec);
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];

	return eg_ctl_warn_at(
		config, allow->line,
		"allow %s has no effect: line %u denies %s, and deny wins at equal length%s",
		eg_rule_format(&allow->spec, text), deny->line, eg_rule_format(&deny->spec, other),
		narrower ? "; to refuse all but this, leave that out and set default = \"deny\""
			 : "");
}

/*
 * Allow rules that a deny of the same network covers, "*" when it is covered in both families.
 * told: set for each. Returns how many, or -ENOMEM.
 */
static int find_covered(const struct eg_config *config, const struct eg_config_rules *rules,
			bool *told)
{
	struct item *items eg_auto_free = NULL;
	ssize_t n = sort_rules(rules, &items);
	uint8_t *families eg_auto_free = calloc(rules->n + 1, 1); /* in which each is covered */
	size_t first = 0;					  /* of the same network */
	int found = 0;

	if (n < 0 || !families)
		return -ENOMEM;
	for (size_t i = 0; i < (size_t)n; i++) {
		const struct eg_config_rule *allow = items[i].rule, *deny = NULL;
		size_t index = (size_t)(allow - rules->list);

		if (eg_cidr_compare(&items[first].net, &items[i].net))
			first = i;
		for (size_t j = first; allow->allow && j < i && !items[j].rule->allow && !deny; j++)
			if (covers(&items[j].rule->spec, &allow->spec))
				deny = items[j].rule;
		if (!deny || ++families[index] < (allow->spec.net.family == AF_UNSPEC ? 2 : 1))
			continue;
		told[index] = true;
		found += warn_covered(config, allow, deny);
	}
	return found;
}

/* ---- networks in feeds */

static int compare_network(const void *network, const void *item)
{
	return eg_cidr_compare(network, &((const struct item *)item)->net);
}

/* Allow rules for the network, each told of once. */
static int warn_fed(const struct eg_config *config, const struct eg_config_feed *feed,
		    const struct eg_network *network, struct item *first, const struct item *end)
{
	char text[EG_RULE_TEXT_SIZE], net[EG_CIDR_TEXT_SIZE];
	int found = 0;

	for (struct item *item = first;
	     item < end && eg_cidr_compare(&item->net, &network->net) == 0; item++) {
		if (!item->rule->allow || item->told)
			continue;
		item->told = true;
		found += eg_ctl_warn_at(config, item->rule->line,
					"allow %s has no effect: deny_files: line %u of %s denies "
					"%s, and deny wins at equal length",
					eg_rule_format(&item->rule->spec, text), network->line,
					feed->path, eg_cidr_format(&network->net, net));
	}
	return found;
}

/*
 * Allow rules for just a network that a feed of deny_files lists. A feed has a million lines: each
 * is looked up among the rules, sorted. "*" is left out, for it is denied in both families at once
 * by no line. Returns how many, or -ENOMEM.
 */
static int find_fed(const struct eg_config *config, const struct eg_config_profile *profile)
{
	struct item *items eg_auto_free = NULL, *at;
	ssize_t n = profile->feeds.n ? sort_rules(&profile->egress, &items) : 0;
	int found = 0;

	for (size_t i = 0; i < profile->feeds.n && n > 0; i++) {
		const struct eg_config_feed *feed = &profile->feeds.list[i];

		for (size_t j = 0; !feed->allow && feed->networks && j < feed->networks->n; j++) {
			const struct eg_network *network = &feed->networks->list[j];

			at = bsearch(&network->net, items, (size_t)n, sizeof(*items),
				     compare_network);
			while (at && at > items && eg_cidr_compare(&at[-1].net, &network->net) == 0)
				at--;
			if (at)
				found += warn_fed(config, feed, network, at, items + n);
		}
	}
	return n < 0 ? (int)n : found;
}

/* ---- ports */

/* Exceptions from rules for the same ports: of those for as many the one that denies decides. told:
 * set for each. */
static int find_covered_ports(const struct eg_config *config, const struct eg_config_rules *rules,
			      bool *told)
{
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];
	int found = 0;

	for (size_t i = 0; i < rules->n; i++)
		for (size_t j = 0; rules->list[i].allow && j < rules->n; j++) {
			const struct eg_config_rule *allow = &rules->list[i],
						    *deny = &rules->list[j];

			if (deny->allow || deny->spec.port_low != allow->spec.port_low ||
			    deny->spec.port_high != allow->spec.port_high ||
			    !covers(&deny->spec, &allow->spec))
				continue;
			told[i] = true;
			found +=
				eg_ctl_warn_at(config, allow->line,
					       "bind.allow %s has no effect: line %u denies %s, "
					       "and deny wins at equal width",
					       eg_rule_format_ports(&allow->spec, text), deny->line,
					       eg_rule_format_ports(&deny->spec, other));
			break;
		}
	return found;
}

/* ---- whatever comes before them */

/* Of rules that come before this one, the one that decides where it begins; NULL: none to show.
 * Goes through all rules. */
static const struct eg_config_rule *first_before(const struct eg_config_profile *profile,
						 const struct eg_config_group *group,
						 const struct eg_config_rule *rule, bool bind)
{
	const struct eg_rule_spec *spec = &rule->spec;
	struct eg_policy_target target = {.family = spec->net.family, .port = spec->port_low};
	struct eg_policy_answer answer;

	target.proto = spec->protocol == EG_PROTO_ANY ? EG_PROTO_TCP : spec->protocol;
	if (bind)
		return eg_policy_explain_bind_for(profile, group, target.proto, target.port).rule;
	if (target.family == AF_UNSPEC)
		target.family = AF_INET;
	memcpy(target.addr, spec->net.addr, sizeof(target.addr));
	answer = eg_policy_explain_for(profile, group, &target);
	return answer.embedded ? NULL : answer.rule;
}

static int warn_idle(const struct eg_config *config, const struct eg_config_rule *rule,
		     const struct eg_config_rule *other, bool bind)
{
	char *(*format)(const struct eg_rule_spec *, char *) =
		bind ? eg_rule_format_ports : eg_rule_format;
	char text[EG_RULE_TEXT_SIZE], before[EG_RULE_TEXT_SIZE], such[2 * EG_RULE_TEXT_SIZE] = "";

	if (other)
		(void)snprintf(such, sizeof(such), ", such as %s %s on line %u",
			       other->allow ? "allow" : "deny", format(&other->spec, before),
			       other->line);
	return eg_ctl_warn_at(config, rule->line,
			      "%s%s %s never decides: for all that it names others come first%s",
			      bind ? "bind." : "", rule->allow ? "allow" : "deny",
			      format(&rule->spec, text), such);
}

/* What rules of a profile, or of a group, say in vain. */
struct idle {
	bool *told, *live; /* one for each of the rules */
	const struct eg_config_rules *rules;
	bool bind;
};

static int find_idle(const struct eg_config *config, const struct eg_config_profile *profile,
		     const struct eg_config_group *group, const struct idle *idle)
{
	struct eg_config_profile bare = *profile;
	int found = 0;

	bare.feeds = (struct eg_config_feeds){0}; /* they did not count */
	for (size_t i = 0; i < idle->rules->n; i++) {
		const struct eg_config_rule *rule = &idle->rules->list[i], *other = NULL;

		if (idle->told[i] || idle->live[i])
			continue;
		if (found < SHOWN_MAX)
			other = first_before(&bare, group, rule, idle->bind);
		found += warn_idle(config, rule, other, idle->bind);
	}
	return found;
}

/* ---- lists without deny */

static bool any_deny(const struct eg_config_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].allow)
			return true;
	return false;
}

/* Without deny an allow list forbids nothing: likely it was meant to. Returns how many findings. */
static int find_lone_allow(const struct eg_config *config, const struct eg_config_profile *profile)
{
	int found = 0;

	if (profile->egress.n && !profile->default_deny && !any_deny(&profile->egress) &&
	    !(profile->feeds.n && !profile->feeds.list[0].allow)) { /* deny comes first */
		found += eg_ctl_warn_at(
			config, profile->egress.list[0].line,
			"allow has no effect: without deny everything is allowed; to refuse the "
			"rest add default = \"deny\";");
	}
	if (profile->bind.n && !any_deny(&profile->bind)) {
		found += eg_ctl_warn_at(
			config, profile->bind.list[0].line,
			"bind.allow has no effect: without bind.deny every port may be bound; to "
			"refuse the rest add deny = [ \"*\" ];");
	}
	return found;
}

/* ---- all of them */

static int find_in(const struct eg_config *config, const struct eg_config_profile *profile,
		   const struct eg_config_group *group, const struct idle *egress,
		   const struct idle *bind)
{
	int found = find_covered(config, egress->rules, egress->told), more;

	if (found < 0)
		return found;
	found += find_covered_ports(config, bind->rules, bind->told);
	more = eg_policy_live(profile, group, egress->live, bind->live);
	if (more == -E2BIG)
		return found; /* nothing is known */
	if (more < 0)
		return more;
	return found + find_idle(config, profile, group, egress) +
	       find_idle(config, profile, group, bind);
}

/* Rules that never decide, of the profile, NULL, or of a group. Returns how many, or -ENOMEM. */
static int find_ineffective(const struct eg_config *config, const struct eg_config_profile *profile,
			    const struct eg_config_group *group)
{
	const struct eg_config_rules *egress = group ? &group->egress : &profile->egress;
	const struct eg_config_rules *bind = group ? &group->bind : &profile->bind;
	bool *marks eg_auto_free = calloc(2 * (egress->n + bind->n) + 1, sizeof(*marks));
	bool *of_bind = marks + 2 * egress->n;

	if (!marks)
		return -ENOMEM;
	return find_in(config, profile, group,
		       &(struct idle){marks, marks + egress->n, egress, false},
		       &(struct idle){of_bind, of_bind + bind->n, bind, true});
}

int eg_ctl_find_rules(const struct eg_config *config, const struct eg_config_profile *profile)
{
	int found = find_ineffective(config, profile, NULL), more = 0;

	if (found >= 0)
		more = find_fed(config, profile);
	for (size_t i = 0; i < profile->n_groups && found >= 0 && more >= 0; i++) {
		found += more;
		more = find_ineffective(config, profile, &profile->groups[i]);
	}
	if (found < 0 || more < 0)
		return -ENOMEM;
	return found + more + find_lone_allow(config, profile);
}
