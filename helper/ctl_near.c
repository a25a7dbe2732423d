// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What check finds about rules that deny what is near: this host itself, and where this shell was
 * logged in from.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"
#include "config.h"
#include "ctl.h"
#include "policy.h"
#include "util.h"

enum { PARTS_MAX = 20 }; /* rules with protocol or ports that are looked at, for one address */

/* An address that is missed. */
struct near {
	const char *address, *what;
	const char *part;   /* the same where a rule is about a protocol or ports */
	const char *unless; /* such a rule is not told of when it holds for this one; NULL = none */
	/* what to ask about; EG_PROTO_OTHER finds rules for all protocols only */
	uint8_t proto;
	uint16_t port;
};

static bool to_target(const char *address, struct eg_policy_target *ret)
{
	struct eg_cidr host = {0};
	const char *why;

	if (!address || eg_cidr_parse(address, &host, &why) < 0)
		return false;
	ret->family = host.family;
	memcpy(ret->addr, host.addr, sizeof(ret->addr));
	return true;
}

static int warn_denied(const struct eg_config *config, const struct near *near,
		       const struct eg_policy_answer *answer)
{
	char text[EG_RULE_TEXT_SIZE];

	if (answer->feed)
		return eg_ctl_warn_at(
			config, answer->feed->line, "deny_files: %s in line %u of %s covers %s, %s",
			eg_cidr_format(&answer->network->net, text), answer->network->line,
			answer->feed->path, near->address, near->what);
	if (!answer->rule)
		return 0;
	return eg_ctl_warn_at(config, answer->rule->line, "deny %s covers %s, %s",
			      eg_rule_format(&answer->rule->spec, text), near->address, near->what);
}

/* ---- rules with a protocol or ports */

static bool names_ports(const struct eg_rule_spec *spec)
{
	return spec->port_low > 0 || spec->port_high < UINT16_MAX;
}

static int warn_part(const struct eg_config *config, const struct near *near,
		     const struct eg_config_rule *rule)
{
	const struct eg_rule_spec *spec = &rule->spec;
	char text[EG_RULE_TEXT_SIZE], ports[EG_RULE_TEXT_SIZE];

	if (!names_ports(spec))
		return eg_ctl_warn_at(config, rule->line, "deny %s covers %s of %s, %s",
				      eg_rule_format(spec, text),
				      eg_rule_protocol_name(spec->protocol), near->address,
				      near->part);
	return eg_ctl_warn_at(config, rule->line, "deny %s covers port%s %s of %s, %s",
			      eg_rule_format(spec, text),
			      spec->port_low < spec->port_high ? "s" : "",
			      eg_rule_format_ports(spec, ports), near->address, near->part);
}

static bool is_about(const struct eg_config_rule *rule, const struct eg_policy_target *target)
{
	const struct eg_cidr *net = &rule->spec.net;

	return !rule->allow &&
	       (net->family == AF_UNSPEC || eg_cidr_contains(net, target->family, target->addr));
}

/* Such a rule, and not one that is for a port everywhere: nobody takes that for one about here. */
static bool is_part(const struct eg_config_rule *rule, const struct eg_policy_target *target)
{
	return is_about(rule, target) && !eg_rule_is_plain(&rule->spec) &&
	       (rule->spec.net.prefix_len > 0 || !names_ports(&rule->spec));
}

/* Is it this rule that decides at one end of its ports? */
static bool decides(const struct eg_config_profile *profile, const struct eg_config_group *group,
		    const struct eg_config_rule *rule, const struct eg_policy_target *at)
{
	const struct eg_rule_spec *spec = &rule->spec;
	struct eg_policy_target target = *at;

	target.proto = spec->protocol == EG_PROTO_ANY ? EG_PROTO_TCP : spec->protocol;
	target.port = spec->port_low;
	if (eg_policy_explain_for(profile, group, &target).rule == rule)
		return true;
	target.port = spec->port_high;
	return eg_policy_explain_for(profile, group, &target).rule == rule;
}

static int find_parts(const struct eg_config *config, const struct eg_config_profile *profile,
		      const struct eg_config_group *group, const struct near *near,
		      const struct eg_policy_target *target)
{
	const struct eg_config_rules *rules = group ? &group->egress : &profile->egress;
	struct eg_policy_target other = {0};
	bool unless = to_target(near->unless, &other);
	int found = 0, asked = 0; /* each question goes through all rules */

	for (size_t i = 0; i < rules->n && asked < PARTS_MAX; i++) {
		const struct eg_config_rule *rule = &rules->list[i];

		if (!is_part(rule, target) || (unless && is_part(rule, &other)))
			continue;
		asked++;
		if (decides(profile, group, rule, target))
			found += warn_part(config, near, rule);
	}
	return found;
}

/* ---- addresses */

static bool any_about(const struct eg_config_rules *rules, const struct eg_policy_target *target)
{
	for (size_t i = 0; i < rules->n; i++)
		if (is_about(&rules->list[i], target))
			return true;
	return false;
}

/* group: NULL = the profile's own rules. */
static int find_at(const struct eg_config *config, const struct eg_config_profile *profile,
		   const struct eg_config_group *group, const struct near *near)
{
	struct eg_policy_target target = {.proto = near->proto, .port = near->port};
	struct eg_policy_answer answer;

	if (!to_target(near->address, &target))
		return 0; /* from the environment: not an address, nothing to say about it */
	if (group && !any_about(&group->egress, &target))
		return 0;
	answer = eg_policy_explain_for(profile, group, &target);
	if (answer.deny)
		return warn_denied(config, near, &answer);
	return find_parts(config, profile, group, near, &target);
}

/* Where this shell was logged in from, by $SSH_CONNECTION; empty when it was not, or not from an
 * address. */
static void client_address(char *buf, size_t size)
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t n =
		connection ? strcspn(connection, " %") : 0; /* '%': scope of a link-local address */

	if (n >= size)
		n = 0;
	if (n)
		memcpy(buf, connection, n);
	buf[n] = '\0';
}

int eg_ctl_find_near(const struct eg_config *config, const struct eg_config_profile *profile)
{
	static const char itself[] = "this host itself: its name server, mail and databases",
			  part[] = "this host itself: what serves there cannot be reached",
			  resolved[] = "the name server of systemd-resolved";
	char client[INET6_ADDRSTRLEN];
	const struct near all[] = {
		{"127.0.0.1", itself, part, NULL, EG_PROTO_OTHER, 0},
		{"127.0.0.53", resolved, resolved, "127.0.0.1", EG_PROTO_UDP, 53},
		{"::1", itself, part, NULL, EG_PROTO_OTHER, 0},
		{client,
		 "the address you are logged in from: this connection stays, sessions cannot open "
		 "new ones to there",
		 "the address you are logged in from: this connection stays, sessions cannot open "
		 "such ones to there",
		 NULL, EG_PROTO_OTHER, 0},
	};
	int found = 0;

	client_address(client, sizeof(client));
	for (size_t i = 0; i < EG_ARRAY_SIZE(all); i++) {
		found += find_at(config, profile, NULL, &all[i]);
		for (size_t j = 0; j < profile->n_groups; j++)
			found += find_at(config, profile, &profile->groups[j], &all[i]);
	}
	return found;
}
