// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules that never decide: tables, and random rules against asking about every address, port and
 * protocol at which something begins or ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "policy_live.h"
#include "policy_model.h"
#include "policy_random.h"
#include "util.h"

enum { RULES = 12, SEED = 20261122 };

/* ---- tables */

/* Rules: "-" denies and "+" allows. Those of which idle says 'x' never decide. */
static const struct {
	const char *idle;
	const char *rules[6];
} cases[] = {
	{".", {"-10.0.0.0/8"}},
	{".x", {"-10.0.0.0/8", "-10.0.0.0/8:443"}},
	{"..", {"-10.0.0.0/8:443", "-10.0.0.0/8"}},
	{"x.", {"+10.0.0.0/8:443", "-10.0.0.0/8"}},
	{"..", {"+10.0.0.0/8", "-10.0.0.0/8:443"}},
	{"..x", {"-10.0.0.0/8:1-500", "-10.0.0.0/8:501-1000", "-10.0.0.0/8:1-1000"}},
	{"..x", {"-10.0.0.0/8:1-500", "-10.0.0.0/8:501-1000", "+10.0.0.0/8:1-1000"}},
	{"...", {"-10.0.0.0/8:1-500", "-10.0.0.0/8:502-1000", "+10.0.0.0/8:1-1000"}},
	{"...", {"-10.0.0.0/8:1-500", "-10.0.0.0/8:501-1000/tcp", "+10.0.0.0/8:1-1000"}},
	{"..x", {"-10.0.0.0/8:1-500", "-10.0.0.0/8:501-1000/tcp", "+10.0.0.0/8:1-1000/tcp"}},
	{"x..", {"+10.0.0.0/8:1-500", "-10.0.0.0/8:501-1000", "-10.0.0.0/8:1-1000"}},
	/* longer networks */
	{"..x", {"-10.0.0.0/9", "+10.128.0.0/9", "-10.0.0.0/8"}},
	{"...", {"-10.0.0.0/9", "+10.128.0.0/10", "-10.0.0.0/8"}},
	{"...", {"-10.0.0.0/9", "+10.128.0.0/9:443", "-10.0.0.0/8"}},
	{"..x", {"-10.0.0.0/9", "+10.128.0.0/9:443", "-10.0.0.0/8:443/tcp"}},
	{"..x.", {"-10.0.0.0/9", "-10.128.0.0/9", "-10.0.0.0/8", "-10.0.0.0/7"}},
	{"..x", {"-0.0.0.0/1", "-128.0.0.0/1", "+0.0.0.0/0"}},
	{"...", {"-0.0.0.0/1", "-128.0.0.0/1", "+*"}},
	{"..x", {"-0.0.0.0/0", "-::/0", "+*"}},
	{".xx", {"-*", "+0.0.0.0/0", "+[::]/0:53/udp"}},
	/* some of the ports here, the others there */
	{"...x",
	 {"-10.0.0.0/9", "-10.128.0.0/9:1-500", "-10.0.0.0/8:300-1000", "-10.0.0.0/8:300-900"}},
	{"...x",
	 {"-10.0.0.0/8:1-500", "-10.0.0.0/9:501-900", "-10.128.0.0/9:501-1000",
	  "-10.0.0.0/8:1-900"}},
	/* of this host all is allowed that no network of it denies */
	{"..x", {"-126.0.0.0/8", "-10.0.0.0/8", "-126.0.0.0/7"}},
	{"...", {"-126.0.0.0/8", "-127.0.0.0/9", "-124.0.0.0/6"}},
	/* who is asked about 0.0.0.0 goes to 127.0.0.1, but packets come from there */
	{".", {"-0.0.0.0"}},
};

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_config_rule list[6];
		struct eg_config_profile profile = {.egress = {.list = list}};
		bool live[6] = {false}, bind[1] = {false};

		for (size_t k = 0; k < 6 && cases[i].rules[k]; k++)
			list[profile.egress.n++] =
				rule(cases[i].rules[k] + 1, cases[i].rules[k][0] == '+', 1);
		assert_int_equal(strlen(cases[i].idle), profile.egress.n);
		assert_int_equal(eg_policy_live(&profile, NULL, live, bind), 0);
		for (size_t k = 0; k < profile.egress.n; k++)
			if (live[k] != (cases[i].idle[k] == '.'))
				fail_msg("case %zu, rule %zu", i, k);
	}
}

/* The same for ports, of a profile ("-", "+") and of a group (">", ">+"); asked about the latter
 * where there are some. */
static const struct {
	const char *idle;
	const char *rules[6], *own[6];
} bound[] = {
	{"..x", {"-1-500", "-501-1000", "-1-1000"}, {NULL}},
	{"..x", {"-1-500", "+501-1000", "-1-1000"}, {NULL}},
	{"...", {"-1-500", "-502-1000", "-1-1000"}, {NULL}},
	{"x.", {"+80/tcp", "-80"}, {NULL}},
	{"..", {"+80", "-80/tcp"}, {NULL}},
	{".", {"-80"}, {"+80"}},
	{"x", {"-80", "-81"}, {"+80-81"}},
	{".", {"-80", "-82"}, {"+80-82"}},
	{".x", {"-80"}, {"-80", "+80/tcp"}},
};

static size_t read_ports(const char *const *texts, struct eg_config_rule *list)
{
	size_t n = 0;

	for (; n < 6 && texts[n]; n++)
		list[n] = ports(texts[n] + 1, texts[n][0] == '+', 1);
	return n;
}

static void test_bind_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(bound); i++) {
		struct eg_config_rule list[6], own[6];
		struct eg_config_group group = {.bind = {own, read_ports(bound[i].own, own)}};
		const struct eg_config_profile profile = {
			.bind = {list, read_ports(bound[i].rules, list)}};
		bool live[6] = {false}, egress[1] = {false};

		assert_int_equal(
			eg_policy_live(&profile, group.bind.n ? &group : NULL, egress, live), 0);
		for (size_t k = 0; bound[i].idle[k]; k++)
			if (live[k] != (bound[i].idle[k] == '.'))
				fail_msg("case %zu, rule %zu", i, k);
	}
}

/* Rules of a group come before the profile's where the network is the same. */
static void test_group(void **state)
{
	struct eg_config_rule list[] = {rule("10.0.0.0/9", false, 1),
					rule("10.128.0.0/9", false, 1),
					rule("18.0.0.0/9", false, 1)};
	struct eg_config_rule own[] = {rule("10.0.0.0/8", true, 2), rule("18.0.0.0/9", true, 2),
				       rule("10.0.0.0/7", true, 2)};
	const struct eg_config_group group = {.egress = {own, 3}};
	struct eg_config_profile profile = {.egress = {list, 3}};
	bool live[3] = {false}, bind[1];

	(void)state;
	assert_int_equal(eg_policy_live(&profile, &group, live, bind), 0);
	assert_false(live[0]);
	assert_true(live[1]);
	assert_true(live[2]);
	profile.egress.n = 1;
	assert_int_equal(eg_policy_live(&profile, &group, live, bind), 0);
	assert_true(live[0]);
}

/* ---- random */

/* Marks the rule that decides. of_group: in which list it is. */
static void mark(const struct eg_config_rules *lists[2], const struct eg_policy_target *t,
		 bool marks[2][RULES])
{
	bool loopback = t->family == AF_INET ? t->addr[0] == 127
					     : !memcmp(t->addr, (uint8_t[16]){[15] = 1}, 16);
	int best = loopback ? (t->family == AF_INET ? 8 : 128) * 4 : -1, list = 0;
	size_t index = RULES;

	for (int g = 0; g < 2; g++)
		for (size_t i = 0; lists[g] && i < lists[g]->n; i++) {
			const struct eg_config_rule *r = &lists[g]->list[i];
			int score = r->spec.net.prefix_len * 4 + g * 2 + !r->allow;

			if (r->spec.net.family != AF_UNSPEC &&
			    (r->spec.net.family != t->family ||
			     !key_matches(r->spec.net.addr, t->addr, r->spec.net.prefix_len)))
				continue;
			if (!eg_rule_matches(&r->spec, t->proto, t->port))
				continue;
			if (score > best || (score == best && index == RULES))
				best = score, list = g, index = i;
		}
	if (index < RULES)
		marks[list][index] = true;
}

static void mark_bind(const struct eg_config_rules *lists[2], const struct eg_policy_target *t,
		      bool marks[2][RULES])
{
	int best = -1, list = 0;
	size_t index = RULES;

	for (int g = 0; g < 2; g++)
		for (size_t i = 0; lists[g] && i < lists[g]->n; i++) {
			const struct eg_config_rule *r = &lists[g]->list[i];
			int width = r->spec.port_high - r->spec.port_low;
			int score = (UINT16_MAX - width) * 4 + g * 2 + !r->allow;

			if (eg_rule_matches(&r->spec, t->proto, t->port) && score > best)
				best = score, list = g, index = i;
		}
	if (index < RULES)
		marks[list][index] = true;
}

typedef void (*mark_fn)(const struct eg_config_rules *lists[2], const struct eg_policy_target *t,
			bool marks[2][RULES]);

/* At an address: every protocol, and every port at which a rule begins or behind which one ends. */
static void mark_at(const struct eg_config_rules *lists[2], struct eg_policy_target t,
		    mark_fn mark_one, bool marks[2][RULES])
{
	for (t.proto = 0; t.proto < EG_PROTO_MAX; t.proto++) {
		t.port = 0;
		mark_one(lists, &t, marks);
		if (!eg_rule_has_ports(t.proto))
			continue;
		for (int g = 0; g < 2; g++)
			for (size_t i = 0; lists[g] && i < lists[g]->n; i++) {
				t.port = lists[g]->list[i].spec.port_low;
				mark_one(lists, &t, marks);
				t.port = (uint16_t)(lists[g]->list[i].spec.port_high + 1);
				mark_one(lists, &t, marks);
			}
	}
}

/* Every address at which a network begins or behind which one ends, loopback's too. */
static void mark_all(const struct eg_config_rules *lists[2], bool marks[2][RULES])
{
	static const struct eg_cidr others[] = {{AF_INET, 8, 0, {127}},
						{AF_INET6, 128, 0, {[15] = 1}},
						{AF_INET, 0, 0, {0}},
						{AF_INET6, 0, 0, {0}}};
	size_t n[2] = {lists[0]->n, lists[1] ? lists[1]->n : 0}, all = n[0] + n[1];

	for (size_t i = 0; i < all + EG_ARRAY_SIZE(others); i++) {
		const struct eg_cidr *net = i >= all   ? &others[i - all]
					    : i < n[0] ? &lists[0]->list[i].spec.net
						       : &lists[1]->list[i - n[0]].spec.net;
		struct eg_policy_target t = {.family = net->family};
		unsigned int bits = net->family == AF_INET ? 32 : 128;

		if (net->family == AF_UNSPEC)
			continue; /* begins where the others do */
		memcpy(t.addr, net->addr, sizeof(t.addr));
		mark_at(lists, t, mark, marks);
		cut_address(t.addr, net->prefix_len, bits, true);
		step_address(t.addr, bits / 8, true);
		mark_at(lists, t, mark, marks);
	}
}

static struct {
	unsigned int live, idle, missed;
} seen[2][2]; /* of a profile, of a group; networks, ports */

/* group: not all that is idle need be found, but nothing that is not. */
static void compare(const struct eg_config_rules *rules, const bool *marks, const bool *live,
		    bool group, bool bind)
{
	for (size_t i = 0; i < rules->n; i++) {
		char text[EG_RULE_TEXT_SIZE];

		if (marks[i] ? !live[i] : live[i] && !group)
			fail_msg("rule %zu, %s: %s, and is said to be %s", i,
				 eg_rule_format(&rules->list[i].spec, text),
				 marks[i] ? "decides" : "never decides", live[i] ? "live" : "idle");
		seen[group][bind].live += marks[i];
		seen[group][bind].idle += !live[i];
		seen[group][bind].missed += live[i] && !marks[i];
	}
}

static void check_lists(const struct eg_config_profile *profile,
			const struct eg_config_group *group)
{
	const struct eg_config_rules *egress[2] = {&profile->egress, group ? &group->egress : NULL};
	const struct eg_config_rules *bind[2] = {&profile->bind, group ? &group->bind : NULL};
	bool marks[2][RULES] = {{false}}, bound_marks[2][RULES] = {{false}};
	bool live[RULES] = {false}, bind_live[RULES] = {false};
	int g = group != NULL;

	mark_all(egress, marks);
	mark_at(bind, (struct eg_policy_target){0}, mark_bind, bound_marks);
	assert_int_equal(eg_policy_live(profile, group, live, bind_live), 0);
	compare(egress[g], marks[g], live, group, false);
	compare(bind[g], bound_marks[g], bind_live, group, true);
}

/* Rules that share networks, so that ports decide. */
static void random_alike(uint32_t *random, const struct eg_config_rules *rules)
{
	for (size_t i = 1; i < rules->n; i++)
		if (below(random, 2))
			rules->list[i].spec.net = rules->list[below(random, (uint32_t)i)].spec.net;
}

static void test_random(void **state)
{
	uint32_t random = SEED;

	(void)state;
	print_message("seed %u\n", random);
	for (int round = 0; round < 1500; round++) {
		struct eg_config_rule lists[4][RULES];
		struct eg_config_group group = {.egress = random_rules(&random, lists[0], RULES),
						.bind = random_bind(&random, lists[1], RULES)};
		const struct eg_config_profile profile = {
			.egress = random_rules(&random, lists[2], RULES),
			.bind = random_bind(&random, lists[3], RULES)};

		random_alike(&random, &profile.egress);
		random_alike(&random, &group.egress);
		check_lists(&profile, NULL);
		check_lists(&profile, &group);
	}
	for (int i = 0; i < 4; i++) {
		print_message("%s, %s: %u decide, %u do not, %u not found\n",
			      i / 2 ? "group" : "profile", i % 2 ? "ports" : "networks",
			      seen[i / 2][i % 2].live, seen[i / 2][i % 2].idle,
			      seen[i / 2][i % 2].missed);
		assert_true(seen[i / 2][i % 2].live > 1000 && seen[i / 2][i % 2].idle > 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_bind_tables),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("policy_live", tests, NULL, NULL);
}
