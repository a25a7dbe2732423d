// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whole configurations at random: profiles that extend each other, match, rules, feeds, rules of
 * programs, ports, actions. Written as text, parsed, and asked who gets which profile and what that
 * says, against naive.h, which is asked about what was made up and has never seen the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "action.h"
#include "match.h"
#include "policy_live.h"
#include "policy_model.h"
#include "precedence_made.h"

enum { CONFIGS = 4000, QUESTIONS = 15, OFTEN = 1000 };

/* What came out: all of it must have come often. Verdicts: allowed, denied. */
static struct {
	unsigned int addresses[N_BY][2], ports[N_BY][2];
	unsigned int tie;	 /* a rule as narrow would have said otherwise */
	unsigned int inherited;	 /* the verdict is another without what is inherited */
	unsigned int matched[3]; /* by the first group, by a later one, by none */
	unsigned int done[AUDIT + 1];
	unsigned int idle; /* rules that are said never to decide */
} seen;

/* ---- who gets which profile */

/* Index of the group that decides, n = none. */
static size_t naive_match(const struct made *made, unsigned int user, struct naive_target from)
{
	size_t i;

	if (from.width == 128 && from.number >> 32 == 0xffff)
		from.width = 32, from.number = (unsigned int)from.number;
	for (i = 0; i < made->n_matches; i++) {
		const struct made_match *match = &made->match[i];

		if (match->users && !(match->users >> user & 1))
			continue;
		if (!match->from.width || naive_holds(&match->from, &from))
			break;
	}
	return i;
}

static void address_text(const struct naive_target *t, char text[INET6_ADDRSTRLEN])
{
	uint8_t bytes[16];

	for (int i = 0; i < t->width / 8; i++)
		bytes[i] = (uint8_t)(t->number >> (t->width - 8 * (i + 1)));
	(void)inet_ntop(t->width == 32 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN);
}

/* Returns the profile's index. */
static size_t check_match(const struct made *made, const struct eg_config *conf)
{
	struct naive_target from = {.width = pick(3) ? 32 : 128};
	char rhost[INET6_ADDRSTRLEN];
	unsigned int user = pick(USERS);
	const struct eg_match_who who = {
		.user = users[user], .rhost = rhost, .service = "sshd", .groups_known = true};
	size_t got = 0, group, expected;

	from.number = random_number(from.width);
	address_text(&from, rhost);
	group = naive_match(made, user, from);
	expected = group < made->n_matches ? made->match[group].profile : 0;
	assert_int_equal(eg_match_find(conf, &who, &got, NULL), 0);
	if (got != expected)
		fail_msg("%s from %s: %zu, expected %zu", users[user], rhost, got, expected);
	seen.matched[group == made->n_matches ? 2 : group > 0]++;
	return got;
}

/* ---- what it says */

/* At the edge of a rule, or anywhere. */
static struct naive_target random_question(const struct naive_profile *p,
					   const struct naive_group *group)
{
	const struct naive_list *lists[] = {
		&p->main.deny,	 &p->main.allow,  group ? &group->deny : &p->feeds[0][0],
		&p->feeds[0][0], &p->feeds[1][0], group ? &group->allow : &p->feeds[1][1],
	};
	const struct naive_list *list = lists[pick(6)];
	struct naive_target t = {.width = pick(3) ? 32 : 128,
				 .protocol = (int)pick(N_PROTOCOLS),
				 .port = (int)pick(65536)};
	const struct naive_rule *rule = list->n ? &list->rule[pick((unsigned int)list->n)] : NULL;

	t.number = random_number(t.width);
	if (rule && rule->net.width && pick(4)) {
		t.width = rule->net.width;
		t.number = rule->net.number;
		if (pick(2) && rule->net.length < t.width) /* its last address */
			t.number |= ((u128)1 << (t.width - rule->net.length - 1) << 1) - 1;
		if (t.width == 32)
			t.number = (unsigned int)t.number;
	}
	if (rule && rule->protocol != NAIVE_ANY && pick(4))
		t.protocol = rule->protocol;
	if (rule && rule->ports)
		t.port = (pick(2) ? rule->low : rule->high) + (int)pick(3) - 1;
	if (t.protocol == ICMP || t.port < 0)
		t.port = 0;
	if (t.width == 32 && pick(4) == 0) { /* what carries it */
		static const u128 prefixes[] = {(u128)0xffff << 32, (u128)0x64ff9b << 96};
		unsigned int i = pick(3);

		t.width = 128;
		t.number = i < 2 ? prefixes[i] | t.number : (u128)0x2002 << 112 | t.number << 80;
	}
	return t;
}

static uint8_t protocol_of(int protocol)
{
	uint8_t proto = 0;

	assert_int_equal(eg_rule_protocol(protocol_names[protocol], &proto), 0);
	return proto;
}

static void check_address(const struct eg_config_profile *profile,
			  const struct eg_config_group *group, const struct eg_policy_image *image,
			  const struct naive_target *question, struct naive_verdict expected)
{
	char address[INET6_ADDRSTRLEN];
	struct eg_policy_answer answer;
	struct eg_policy_target t;
	struct verdict compiled;

	address_text(question, address);
	t = target(address, protocol_of(question->protocol), (uint16_t)question->port);
	answer = eg_policy_explain_for(profile, group, &t);
	compiled = kernel_for(image, group ? &image->groups[group - profile->groups] : NULL, &t);
	if (answer.deny != expected.deny || compiled.deny != expected.deny)
		fail_msg("%s, %s, to %s %d/%s: expected %s by %d; explained %s, compiled %s",
			 profile->name, group ? "a program" : "no program", address, question->port,
			 protocol_names[question->protocol], expected.deny ? "deny" : "allow",
			 (int)expected.by, answer.deny ? "deny" : "allow",
			 compiled.deny ? "deny" : "allow");
	assert_int_equal(answer.embedded, expected.by == BY_INSIDE);
	seen.addresses[expected.by][expected.deny]++;
	seen.tie += expected.tie;
}

static void check_bind(const struct eg_config_profile *profile, const struct eg_config_group *group,
		       const struct eg_policy_image *image, const struct naive_profile *p,
		       const struct naive_group *own)
{
	const struct naive_list *list = pick(2) && own ? &own->bind_deny : &p->main.bind_deny;
	const struct naive_rule *rule = list->n ? &list->rule[pick((unsigned int)list->n)] : NULL;
	int protocol = pick(2) ? TCP : UDP, port = (int)pick(65536);
	struct eg_policy_target t = {.proto = protocol_of(protocol)};
	struct naive_verdict expected;
	bool compiled;

	if (rule && rule->ports && pick(4))
		port = pick(2) ? rule->low : rule->high;
	expected = naive_bind(p, own, protocol, port);
	t.port = (uint16_t)port;
	assert_int_equal(eg_policy_explain_bind_for(profile, group, t.proto, t.port).deny,
			 expected.deny);
	compiled = (group ? bind_both(image, &image->groups[group - profile->groups], &t)
			  : bind_rule(image, &t))
			   .verdict == EG_VERDICT_DENY;
	assert_int_equal(compiled, expected.deny);
	seen.ports[expected.by][expected.deny]++;
}

/* ---- rules that never decide */

/* live: of the list's rules. Returns its end. */
static const bool *drop(struct naive_list *list, const bool *live)
{
	size_t n = list->n;

	list->n = 0;
	for (size_t i = 0; i < n; i++)
		if (live[i])
			list->rule[list->n++] = list->rule[i];
	seen.idle += n - list->n;
	return live + n;
}

/* Takes the rules out that never decide: of everybody, NULL, or of a group. */
static void drop_idle(const struct eg_config_profile *profile, const struct eg_config_group *group,
		      struct naive_group *rules)
{
	bool live[2 * NAIVE_RULES] = {false}, bind[2 * NAIVE_RULES] = {false};

	assert_int_equal(eg_policy_live(profile, group, live, bind), 0);
	(void)drop(&rules->allow, drop(&rules->deny, live));
	(void)drop(&rules->bind_allow, drop(&rules->bind_deny, bind));
}

static struct naive_profile without_idle(const struct eg_config_profile *profile,
					 const struct naive_profile *p)
{
	struct naive_profile less = *p;

	drop_idle(profile, NULL, &less.main);
	for (size_t g = 0; g < p->n_groups; g++)
		drop_idle(profile, &profile->groups[g], &less.group[g]);
	return less;
}

/* Without them all is as before. */
static void check_without(const struct naive_profile *less, const struct naive_group *own,
			  const struct naive_target *question, struct naive_verdict expected)
{
	struct naive_verdict got = naive_verdict(less, own, *question);

	assert_int_equal(got.deny, expected.deny);
	assert_int_equal(got.by, expected.by);
}

static void check_bind_without(const struct naive_profile *p, const struct naive_group *own,
			       const struct naive_profile *less, const struct naive_group *less_own)
{
	for (int i = 0; i < 4; i++) {
		static const int edges[] = {0, 53, 80, 1024};
		int port = edges[i] + (int)pick(1000), protocol = (int)pick(2);
		struct naive_verdict expected = naive_bind(p, own, protocol, port);
		struct naive_verdict got = naive_bind(less, less_own, protocol, port);

		assert_int_equal(got.deny, expected.deny);
		assert_int_equal(got.by, expected.by);
	}
}

static void check_profile(const struct made *made, struct eg_config *conf, size_t i)
{
	static const enum naive_action actions[] = {
		[EG_ACTION_DENY] = DENY, [EG_ACTION_KILL] = KILL, [EG_ACTION_AUDIT] = AUDIT};
	const struct eg_config_profile *profile = &conf->profiles[i];
	const struct naive_profile p = naive_effective(made->profile, (int)i),
				   alone = made->profile[i], less = without_idle(profile, &p);
	struct eg_policy_image image = {0};

	must_compile(profile, &image);
	assert_int_equal(profile->n_groups, p.n_groups);
	assert_int_equal(actions[eg_action_of(profile, EG_ON_EGRESS)], naive_done(&p));
	seen.done[naive_done(&p)]++;
	for (int q = 0; q < QUESTIONS; q++) {
		const char *program = programs[pick(2)];
		const struct eg_config_group *group = eg_policy_group_of(profile, program);
		size_t g = program == programs[1];
		const struct naive_group *own = g < p.n_groups ? &p.group[g] : NULL;
		struct naive_target question = random_question(&p, own);
		struct naive_verdict expected = naive_verdict(&p, own, question);

		assert_int_equal(!group, !own);
		check_address(profile, group, &image, &question, expected);
		check_bind(profile, group, &image, &p, own);
		check_without(&less, own ? &less.group[g] : NULL, &question, expected);
		check_bind_without(&p, own, &less, own ? &less.group[g] : NULL);
		own = g < alone.n_groups ? &alone.group[g] : NULL;
		seen.inherited += naive_verdict(&alone, own, question).deny != expected.deny;
	}
	eg_policy_done(&image);
}

static void check_often(const char *what, int kind, unsigned int times)
{
	print_message("%s %d: %u\n", what, kind, times);
	if (times < OFTEN)
		fail_msg("%s %d came %u times only", what, kind, times);
}

static void check_seen(void)
{
	for (int by = 0; by < N_BY; by++) {
		bool bind = by == BY_DEFAULT || by == BY_RULE || by == BY_GROUP;

		if (by != BY_INSIDE)
			check_often("allowed by", by, seen.addresses[by][false]);
		if (by != BY_LOOPBACK)
			check_often("denied by", by, seen.addresses[by][true]);
		if (bind)
			check_often("port allowed by", by, seen.ports[by][false]);
		if (bind && by != BY_DEFAULT)
			check_often("port denied by", by, seen.ports[by][true]);
	}
	for (int i = 0; i < 3; i++)
		check_often("matched", i, seen.matched[i]);
	for (int i = DENY; i <= AUDIT; i++)
		check_often("done", i, seen.done[i]);
	check_often("tie", 0, seen.tie);
	check_often("inherited", 0, seen.inherited);
	check_often("idle", 0, seen.idle);
}

static void test_random(void **state)
{
	(void)state;
	print_message("seed %u\n", state_of_random);
	for (int round = 0; round < CONFIGS; round++) {
		struct eg_networks networks[FEEDS_MAX] = {{0}};
		struct made made;
		struct eg_config *conf;

		make_up(&made);
		conf = parse_made(&made);
		read_feeds(&made, conf, networks);
		for (int i = 0; i < 4; i++)
			check_profile(&made, conf, check_match(&made, conf));
		eg_config_free(conf);
		for (size_t i = 0; i < FEEDS_MAX; i++)
			eg_networks_done(&networks[i]);
	}
	check_seen();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("precedence_random", tests, NULL, NULL);
}
