// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What check finds about the rules for networks and ports: which are without effect in a profile.
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
#include "ctl_idle.h"
#include "feed_networks.h"
#include "policy.h"
#include "policy_live.h"
#include "util.h"

enum { SHOWN_MAX = 20 }; /* rules without effect of which it is said what comes before them */

/* Rules of a profile, or of a group, and what is known of them. */
struct look {
	struct eg_ctl_idle *idle;
	const struct eg_config_rules *rules;
	unsigned int list; /* which they are, EG_CTL_IDLE_* */
	bool *told, *live; /* one for each of the rules */
};

/* A rule in one family: "*" is in both. */
struct item {
	struct eg_cidr net;
	const struct eg_config_rule *rule;
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
			items[n++] = (struct item){rule->spec.net, rule};
		for (size_t j = 0; rule->spec.net.family == AF_UNSPEC && j < 2; j++)
			items[n++] = (struct item){{.family = families[j]}, rule};
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

static void warn_covered(const struct look *look, const struct eg_config_rule *allow,
			 const struct eg_config_rule *deny)
{
	bool narrower = eg_rule_is_plain(&deny->spec) && !eg_rule_is_plain(&allow->spec);
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];

	eg_ctl_idle_add(
		look->idle, eg_ctl_entry_rule(look->list, allow),
		"allow %s has no effect: line %u denies %s, and deny wins at equal length%s",
		eg_rule_format(&allow->spec, text), deny->line, eg_rule_format(&deny->spec, other),
		narrower ? "; to refuse all but this, leave that out and set default = \"deny\""
			 : "");
}

/* Allow rules that a deny of the same network covers, "*" when it is covered in both families.
 * Returns 0, or -ENOMEM. */
static int find_covered(const struct look *look)
{
	const struct eg_config_rules *rules = look->rules;
	struct item *items eg_auto_free = NULL;
	ssize_t n = sort_rules(rules, &items);
	uint8_t *families eg_auto_free = calloc(rules->n + 1, 1); /* in which each is covered */
	size_t first = 0;					  /* of the same network */

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
		look->told[index] = true;
		warn_covered(look, allow, deny);
	}
	return 0;
}

/* ---- networks in feeds */

static int compare_network(const void *network, const void *item)
{
	return eg_cidr_compare(network, &((const struct item *)item)->net);
}

/* Allow rules for the network, each told of once. */
static void warn_fed(const struct look *look, const struct eg_config_feed *feed,
		     const struct eg_network *network, const struct item *first,
		     const struct item *end)
{
	char text[EG_RULE_TEXT_SIZE], net[EG_CIDR_TEXT_SIZE];

	for (const struct item *item = first;
	     item < end && eg_cidr_compare(&item->net, &network->net) == 0; item++) {
		bool *told = &look->told[item->rule - look->rules->list];

		if (!item->rule->allow || *told)
			continue;
		*told = true;
		eg_ctl_idle_add(look->idle, eg_ctl_entry_rule(look->list, item->rule),
				"allow %s has no effect: deny_files: line %u of %s denies "
				"%s, and deny wins at equal length",
				eg_rule_format(&item->rule->spec, text), network->line, feed->path,
				eg_cidr_format(&network->net, net));
	}
}

/*
 * Allow rules for just a network that a feed of deny_files lists. A feed has a million lines: each
 * is looked up among the rules, sorted. "*" is left out, for it is denied in both families at once
 * by no line. Returns 0, or -ENOMEM.
 */
static int find_fed(const struct look *look, const struct eg_config_feeds *feeds)
{
	struct item *items eg_auto_free = NULL, *at;
	ssize_t n = feeds->n ? sort_rules(look->rules, &items) : 0;

	for (size_t i = 0; i < feeds->n && n > 0; i++) {
		const struct eg_config_feed *feed = &feeds->list[i];

		for (size_t j = 0; !feed->allow && feed->networks && j < feed->networks->n; j++) {
			const struct eg_network *network = &feed->networks->list[j];

			at = bsearch(&network->net, items, (size_t)n, sizeof(*items),
				     compare_network);
			while (at && at > items && eg_cidr_compare(&at[-1].net, &network->net) == 0)
				at--;
			if (at)
				warn_fed(look, feed, network, at, items + n);
		}
	}
	return n < 0 ? (int)n : 0;
}

/* ---- ports */

/* Exceptions from rules for the same ports: of those for as many the one that denies decides. */
static void find_covered_ports(const struct look *look)
{
	const struct eg_config_rules *rules = look->rules;
	char text[EG_RULE_TEXT_SIZE], other[EG_RULE_TEXT_SIZE];

	for (size_t i = 0; i < rules->n; i++)
		for (size_t j = 0; rules->list[i].allow && j < rules->n; j++) {
			const struct eg_config_rule *allow = &rules->list[i],
						    *deny = &rules->list[j];

			if (deny->allow || deny->spec.port_low != allow->spec.port_low ||
			    deny->spec.port_high != allow->spec.port_high ||
			    !covers(&deny->spec, &allow->spec))
				continue;
			look->told[i] = true;
			eg_ctl_idle_add(look->idle, eg_ctl_entry_rule(look->list, allow),
					"bind.allow %s has no effect: line %u denies %s, "
					"and deny wins at equal width",
					eg_rule_format_ports(&allow->spec, text), deny->line,
					eg_rule_format_ports(&deny->spec, other));
			break;
		}
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

static bool is_bind(const struct look *look)
{
	return (look->list & ~EG_CTL_IDLE_GROUP) == EG_CTL_IDLE_BIND;
}

static void warn_idle(const struct look *look, const struct eg_config_rule *rule,
		      const struct eg_config_rule *other)
{
	char *(*format)(const struct eg_rule_spec *, char *) =
		is_bind(look) ? eg_rule_format_ports : eg_rule_format;
	char text[EG_RULE_TEXT_SIZE], before[EG_RULE_TEXT_SIZE], such[2 * EG_RULE_TEXT_SIZE] = "";

	if (other)
		(void)snprintf(such, sizeof(such), ", such as %s %s on line %u",
			       other->allow ? "allow" : "deny", format(&other->spec, before),
			       other->line);
	eg_ctl_idle_add(look->idle, eg_ctl_entry_rule(look->list, rule),
			"%s%s %s never decides: for all that it names others come first%s",
			is_bind(look) ? "bind." : "", rule->allow ? "allow" : "deny",
			format(&rule->spec, text), such);
}

static void find_idle(const struct look *look, const struct eg_config_profile *profile,
		      const struct eg_config_group *group)
{
	struct eg_config_profile bare = *profile;
	int found = 0;

	bare.feeds = (struct eg_config_feeds){0}; /* they did not count */
	for (size_t i = 0; i < look->rules->n; i++) {
		const struct eg_config_rule *rule = &look->rules->list[i], *other = NULL;

		if (look->told[i] || look->live[i])
			continue;
		if (found++ < SHOWN_MAX)
			other = first_before(&bare, group, rule, is_bind(look));
		warn_idle(look, rule, other);
	}
}

/* ---- lists without deny */

static const struct eg_config_rule *find_rule(const struct eg_config_rules *rules, bool allow)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->list[i].allow == allow)
			return &rules->list[i];
	return NULL;
}

/* Without deny an allow list forbids nothing: likely it was meant to. Is it one? */
static bool is_lone(const struct look *look, const struct eg_config_profile *profile)
{
	if (!look->rules->n || find_rule(look->rules, false))
		return false;
	return is_bind(look) ||
	       (!profile->default_deny &&
		!(profile->feeds.n && !profile->feeds.list[0].allow)); /* deny comes first */
}

static void warn_lone(const struct look *look)
{
	const char *text = "allow has no effect: without deny everything is allowed; to refuse the "
			   "rest add default = \"deny\";";

	if (is_bind(look))
		text = "bind.allow has no effect: without bind.deny every port may be bound; to "
		       "refuse the rest add deny = [ \"*\" ];";
	eg_ctl_idle_add(look->idle,
			eg_ctl_entry_rule(look->list | EG_CTL_IDLE_LIST, look->rules->list), "%s",
			text);
}

/* ---- all of them */

/* The rules that are left, and the list of those that allow when there are such among them. */
static void find_live(const struct look *look)
{
	bool allows = false;

	for (size_t i = 0; i < look->rules->n; i++) {
		const struct eg_config_rule *rule = &look->rules->list[i];

		if (look->told[i] || !look->live[i])
			continue;
		eg_ctl_idle_live(look->idle, eg_ctl_entry_rule(look->list, rule));
		allows |= rule->allow;
	}
	if (allows)
		eg_ctl_idle_live(look->idle, eg_ctl_entry_rule(look->list | EG_CTL_IDLE_LIST,
							       find_rule(look->rules, true)));
}

static void find_rest(const struct look *look, const struct eg_config_profile *profile,
		      const struct eg_config_group *group)
{
	find_idle(look, profile, group);
	if (!group && is_lone(look, profile))
		warn_lone(look);
	else
		find_live(look);
}

static int find_in(const struct eg_config_profile *profile, const struct eg_config_group *group,
		   const struct look *egress, const struct look *bind)
{
	int r = find_covered(egress);

	if (r == 0 && !group)
		r = find_fed(egress, &profile->feeds);
	if (r < 0)
		return r;
	find_covered_ports(bind);
	r = eg_policy_live(profile, group, egress->live, bind->live);
	if (r == -E2BIG) { /* nothing is known */
		memset(egress->live, true, egress->rules->n);
		memset(bind->live, true, bind->rules->n);
	} else if (r < 0) {
		return r;
	}
	find_rest(egress, profile, group);
	find_rest(bind, profile, group);
	return 0;
}

/* group: NULL: the profile's own rules. Returns 0, or -ENOMEM. */
static int find_ineffective(struct eg_ctl_idle *idle, const struct eg_config_profile *profile,
			    const struct eg_config_group *group)
{
	const struct eg_config_rules *egress = group ? &group->egress : &profile->egress;
	const struct eg_config_rules *bind = group ? &group->bind : &profile->bind;
	bool *marks eg_auto_free = calloc(2 * (egress->n + bind->n) + 1, sizeof(*marks));
	unsigned int of_group = group ? EG_CTL_IDLE_GROUP : 0;
	bool *of_bind;

	if (!marks)
		return -ENOMEM;
	of_bind = marks + 2 * egress->n;
	return find_in(profile, group,
		       &(struct look){idle, egress, EG_CTL_IDLE_EGRESS | of_group, marks,
				      marks + egress->n},
		       &(struct look){idle, bind, EG_CTL_IDLE_BIND | of_group, of_bind,
				      of_bind + bind->n});
}

int eg_ctl_find_rules(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	int r = find_ineffective(idle, profile, NULL);

	for (size_t i = 0; i < profile->n_groups && r == 0; i++)
		r = find_ineffective(idle, profile, &profile->groups[i]);
	return r;
}
