/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Configurations at random, for naive.h, and the same as texts: networks nest and collide, profiles
 * extend each other, and everything that can be left out sometimes is. Wants cmocka.h before it.
 */
#ifndef EG_TEST_PRECEDENCE_MADE_H
#define EG_TEST_PRECEDENCE_MADE_H

#include <arpa/inet.h>

#include "config_helpers.h"
#include "feed_networks.h"
#include "naive.h"

enum { MADE_SEED = 20261122, PROFILES = 4, MATCHES = 5, USERS = 4, N_RULES = 4 };
enum { FEEDS_MAX = PROFILES * 2 * NAIVE_FEEDS };

static const char *const profile_names[PROFILES] = {"default", "a", "b", "c"};
static const char *const protocol_names[] = {"tcp", "udp", "icmp", "sctp", "dccp", "udplite"};
static const char *const action_names[] = {"", "deny", "kill", "audit"};
static const char *const users[USERS] = {"alice", "bob", "carol", "dave"};
static const char *const programs[] = {"/p0", "/p1"};

static uint32_t state_of_random = MADE_SEED;

static unsigned int pick(unsigned int n)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 17;
	state_of_random ^= state_of_random << 5;
	return (state_of_random >> 8) % n;
}

/* ---- what is made up */

/* A group of match: users by bits, 0 = everybody; a network, when its width is not 0. */
struct made_match {
	unsigned int users;
	struct naive_net from;
	unsigned int profile;
};

struct made {
	struct naive_profile profile[PROFILES];
	struct made_match match[MATCHES];
	size_t n_profiles, n_matches;
	/* by number: "/f3" is the file of the third */
	const struct naive_list *feed[FEEDS_MAX];
	size_t n_feeds;
};

/* Few values, so that networks nest and collide. */
static u128 random_number(int width)
{
	u128 four = (u128)(pick(4) ? 10 : 127) << 24 | pick(2) << 23 | pick(2) << 8 | pick(3);

	if (width == 32)
		return pick(24) ? four : 0;
	switch (pick(8)) {
	case 0:
		return (u128)0x64ff9b << 96 | four;
	case 1:
		return (u128)0x2002 << 112 | four << 80 | pick(2);
	case 2:
		return (u128)0xffff << 32 | four;
	case 3:
		return pick(2);
	default:
		return (u128)0x20010db8 << 96 | (u128)pick(2) << 95 | pick(3);
	}
}

static struct naive_net random_net(void)
{
	static const int lengths[2][8] = {{0, 7, 8, 9, 16, 24, 31, 32},
					  {0, 16, 32, 33, 96, 127, 128, 128}};
	struct naive_net net = {.width = pick(3) ? 32 : 128};

	if (pick(12) == 0)
		return (struct naive_net){0};
	do { /* what carries IPv4 as v4-mapped is written as that, and is IPv4 then */
		net.number = random_number(net.width);
		net.length = lengths[net.width == 128][pick(8)];
		if (net.length == 0)
			net.number = 0;
		else
			net.number = net.number >> (net.width - net.length)
							   << (net.width - net.length);
	} while (net.width == 128 && net.length >= 96 && net.number >> 32 == 0xffff);
	return net;
}

static struct naive_rule random_rule(bool bind)
{
	static const int edges[] = {0, 1, 53, 80, 443, 1023, 1024, 65534};
	struct naive_rule rule = {0};

	if (!bind)
		rule.net = random_net();
	rule.protocol = pick(2) ? NAIVE_ANY : (int)pick(N_PROTOCOLS);
	if (bind && rule.protocol == ICMP)
		rule.protocol = TCP;
	if (rule.protocol == ICMP || pick(2))
		return rule;
	rule.ports = true;
	rule.low = edges[pick(8)];
	rule.high = pick(2) ? rule.low : rule.low + (int)pick(1000);
	if (rule.high > 65534)
		rule.high = 65534;
	return rule;
}

static bool same_rule(const struct naive_rule *a, const struct naive_rule *b)
{
	return a->net.number == b->net.number && a->net.width == b->net.width &&
	       a->net.length == b->net.length && a->protocol == b->protocol &&
	       a->ports == b->ports && a->low == b->low && a->high == b->high;
}

/* One rule stands once in a list. plain: networks only, and at least one of them. */
static struct naive_list random_list(bool bind, bool plain)
{
	struct naive_list list = {.set = true};
	size_t n = pick(N_RULES) + plain;

	while (list.n < n) {
		struct naive_rule rule = random_rule(bind);
		bool again = plain && !rule.net.width;

		if (plain)
			rule = (struct naive_rule){.net = rule.net, .protocol = NAIVE_ANY};
		for (size_t i = 0; i < list.n; i++)
			again = again || same_rule(&list.rule[i], &rule);
		if (!again)
			list.rule[list.n++] = rule;
	}
	return list;
}

static void random_lists(struct naive_group *group)
{
	if (pick(2))
		group->deny = random_list(false, false);
	if (pick(2))
		group->allow = random_list(false, false);
	if (pick(2))
		group->bind_deny = random_list(true, false);
	if (pick(2))
		group->bind_allow = random_list(true, false);
}

static struct naive_profile random_profile(unsigned int i)
{
	struct naive_profile p = {.extends = i && pick(3) ? (int)pick(i) : NAIVE_ANY};

	p.mode_set = pick(4) == 0;
	p.audit = p.mode_set && pick(2);
	p.default_set = pick(2);
	p.default_deny = p.default_set && pick(2);
	p.action = (enum naive_action)pick(AUDIT);
	p.egress = pick(2) ? (enum naive_action)pick(AUDIT + 1) : NOT_SET;
	random_lists(&p.main);
	for (int allows = 0; allows < 2; allows++) {
		p.feeds_set[allows] = pick(3) == 0;
		p.n_feeds[allows] = p.feeds_set[allows] ? pick(NAIVE_FEEDS + 1) : 0;
		for (size_t f = 0; f < p.n_feeds[allows]; f++)
			p.feeds[allows][f] = random_list(false, true);
	}
	p.groups_set = pick(2);
	p.n_groups = p.groups_set ? pick(NAIVE_GROUPS + 1) : 0;
	for (size_t g = 0; g < p.n_groups; g++)
		random_lists(&p.group[g]);
	return p;
}

static void make_up(struct made *made)
{
	*made = (struct made){.n_profiles = 1 + pick(PROFILES), .n_matches = pick(MATCHES + 1)};
	for (unsigned int i = 0; i < made->n_profiles; i++)
		made->profile[i] = random_profile(i);
	for (size_t i = 0; i < made->n_matches; i++) {
		struct made_match *match = &made->match[i];
		bool last = i + 1 == made->n_matches;

		match->profile = pick((unsigned int)made->n_profiles);
		match->users = last && pick(2) ? 0 : 1 + pick((1 << USERS) - 1);
		if (match->users && pick(2))
			while (!match->from.width)
				match->from = random_net();
	}
}

/* ---- as text */

static void write_net(FILE *out, const struct naive_net *net, bool ports)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	int n = net->width / 8;

	if (!net->width) {
		(void)fprintf(out, "*");
		return;
	}
	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)(net->number >> (net->width - 8 * (i + 1)));
	(void)inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	(void)fprintf(out, ports && n == 16 ? "[%s]/%d" : "%s/%d", text, net->length);
}

static void write_rule(FILE *out, const struct naive_rule *rule, bool bind)
{
	if (!bind)
		write_net(out, &rule->net, rule->ports);
	else if (!rule->ports)
		(void)fprintf(out, "*");
	if (rule->ports)
		(void)fprintf(out, rule->low == rule->high ? "%s%d" : "%s%d-%d", bind ? "" : ":",
			      rule->low, rule->high);
	if (rule->protocol != NAIVE_ANY)
		(void)fprintf(out, "/%s", protocol_names[rule->protocol]);
}

static void write_list(FILE *out, const char *key, const struct naive_list *list, bool bind)
{
	if (!list->set)
		return;
	(void)fprintf(out, "%s = [", key);
	for (size_t i = 0; i < list->n; i++) {
		(void)fprintf(out, "%s\"", i ? ", " : "");
		write_rule(out, &list->rule[i], bind);
		(void)fprintf(out, "\"");
	}
	(void)fprintf(out, "];\n");
}

static void write_lists(FILE *out, const struct naive_group *group)
{
	write_list(out, "deny", &group->deny, false);
	write_list(out, "allow", &group->allow, false);
	(void)fprintf(out, "bind = { ");
	write_list(out, "deny", &group->bind_deny, true);
	write_list(out, "allow", &group->bind_allow, true);
	(void)fprintf(out, "};\n");
}

/* Gives each feed the next number. */
static void write_feeds(FILE *out, struct made *made, const struct naive_profile *p)
{
	for (int allows = 0; allows < 2; allows++) {
		if (!p->feeds_set[allows])
			continue;
		(void)fprintf(out, "%s = (", allows ? "allow_files" : "deny_files");
		for (size_t f = 0; f < p->n_feeds[allows]; f++) {
			(void)fprintf(out, "%s\"/f%zu\"", f ? ", " : "", made->n_feeds);
			made->feed[made->n_feeds++] = &p->feeds[allows][f];
		}
		(void)fprintf(out, ");\n");
	}
}

static void write_profile(FILE *out, struct made *made, const struct naive_profile *p)
{
	if (p->mode_set)
		(void)fprintf(out, "mode = \"%s\";\n", p->audit ? "audit" : "enforce");
	if (p->default_set)
		(void)fprintf(out, "default = \"%s\";\n", p->default_deny ? "deny" : "allow");
	if (p->action)
		(void)fprintf(out, "action = \"%s\";\n", action_names[p->action]);
	if (p->egress)
		(void)fprintf(out, "egress = { action = \"%s\"; };\n", action_names[p->egress]);
	write_lists(out, &p->main);
	write_feeds(out, made, p);
	if (!p->groups_set)
		return;
	(void)fprintf(out, "rules = (");
	for (size_t g = 0; g < p->n_groups; g++) {
		(void)fprintf(out, "%s{ programs = [\"%s\"];\n", g ? ", " : "", programs[g]);
		write_lists(out, &p->group[g]);
		(void)fprintf(out, "}");
	}
	(void)fprintf(out, ");\n");
}

static void write_match(FILE *out, const struct made_match *match)
{
	const char *separator = "";

	(void)fprintf(out, "{ profile = \"%s\"; ", profile_names[match->profile]);
	if (match->users)
		(void)fprintf(out, "user = [");
	for (unsigned int i = 0; match->users >> i; i++)
		if (match->users >> i & 1) {
			(void)fprintf(out, "%s\"%s\"", separator, users[i]);
			separator = ", ";
		}
	(void)fprintf(out, "%s", match->users ? "]; " : "");
	if (match->from.width) {
		(void)fprintf(out, "rhost = \"");
		write_net(out, &match->from, false);
		(void)fprintf(out, "\"; ");
	}
	(void)fprintf(out, "}");
}

static struct eg_config *parse_made(struct made *made)
{
	struct eg_config *conf;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	write_profile(out, made, &made->profile[0]);
	(void)fprintf(out, "profiles = (");
	for (size_t i = 1; i < made->n_profiles; i++) {
		int extends = made->profile[i].extends;

		(void)fprintf(out, "%s{ name = \"%s\"; ", i > 1 ? ", " : "", profile_names[i]);
		if (extends != NAIVE_ANY)
			(void)fprintf(out, "extends = \"%s\"; ", profile_names[extends]);
		write_profile(out, made, &made->profile[i]);
		(void)fprintf(out, "}");
	}
	(void)fprintf(out, ");\nmatch = (");
	for (size_t i = 0; i < made->n_matches; i++) {
		(void)fprintf(out, "%s", i ? ",\n" : "");
		write_match(out, &made->match[i]);
	}
	(void)fprintf(out, ");\n");
	assert_int_equal(fclose(out), 0);
	conf = must_parse(text);
	free(text);
	return conf;
}

/* What feeds.c would find in the files. */
static void read_feeds(const struct made *made, struct eg_config *conf,
		       struct eg_networks networks[FEEDS_MAX])
{
	for (size_t i = 0; i < made->n_feeds; i++) {
		const struct eg_config_feed feed = {.path = "f"};
		struct eg_err err = {0};
		const struct eg_config_report report = {.file = "f", .reterr = &err};
		char *text = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);

		assert_non_null(out);
		for (size_t k = 0; k < made->feed[i]->n; k++) {
			write_net(out, &made->feed[i]->rule[k].net, false);
			(void)fprintf(out, "\n");
		}
		assert_int_equal(fclose(out), 0);
		if (eg_feed_networks_parse(&report, &feed, text, n, &networks[i]) < 0)
			fail_msg("%s in %s", err.text, text);
		free(text);
	}
	for (size_t i = 0; i < conf->n_profiles; i++)
		for (size_t f = 0; f < conf->profiles[i].feeds.n; f++) {
			struct eg_config_feed *feed = &conf->profiles[i].feeds.list[f];

			feed->networks = &networks[strtoul(feed->path + 2, NULL, 10)];
		}
}

#endif
