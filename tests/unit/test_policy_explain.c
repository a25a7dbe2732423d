// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a policy says: precedence as a table, and 10,000 random policies whose compiled tries are
 * searched as the kernel does and held against the oracle, eg_policy_explain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "policy_model.h"
#include "policy_random.h"
#include "util.h"

enum { SEED = 20240229, POLICIES = 10000, RULES = 24, BIND_RULES = 12, ADDRESSES = 20 };

/* ---- precedence, as a table: oracle and compiled image */

struct precedence {
	const char *addr;
	uint8_t proto;
	uint16_t port;
	int line; /* of the rule; 0 = none decides */
	bool deny, embedded;
};

static void check_precedence(const struct eg_config_profile *profile,
			     const struct precedence *cases, size_t n)
{
	struct eg_policy_image image = {0};
	size_t i;

	must_compile(profile, &image);
	for (i = 0; i < n; i++) {
		struct eg_policy_target t = target(cases[i].addr, cases[i].proto, cases[i].port);
		struct eg_policy_answer a = eg_policy_explain(profile, &t);
		struct verdict v = kernel(&image, &t);

		if (a.deny != cases[i].deny || a.embedded != cases[i].embedded ||
		    (a.rule ? (int)a.rule->line : 0) != cases[i].line ||
		    a.reason != (a.rule ? EG_REASON_RULE : EG_REASON_DEFAULT))
			fail_msg("%s %u:%u: explain says deny %d line %d", cases[i].addr,
				 cases[i].proto, cases[i].port, a.deny,
				 a.rule ? (int)a.rule->line : 0);
		if (v.deny != cases[i].deny || v.embedded != cases[i].embedded ||
		    (int)v.rule.line != cases[i].line)
			fail_msg("%s %u:%u: the tries say deny %d line %u", cases[i].addr,
				 cases[i].proto, cases[i].port, v.deny, v.rule.line);
	}
	eg_policy_done(&image);
}

static const struct precedence mixed[] = {
	{"10.9.9.9", EG_PROTO_TCP, 443, 1, true, false},
	{"10.9.9.9", EG_PROTO_OTHER, 0, 1, true, false},
	{"10.1.2.4", EG_PROTO_TCP, 443, 2, false, false},
	{"10.1.2.4", EG_PROTO_TCP, 442, 1, true, false},
	{"10.1.2.4", EG_PROTO_UDP, 443, 1, true, false},
	{"10.1.2.3", EG_PROTO_ICMP, 0, 4, true, false}, /* equal length: deny */
	{"10.1.2.3", EG_PROTO_TCP, 443, 2, false, false},
	{"8.8.8.8", EG_PROTO_TCP, 25, 5, true, false},
	{"8.8.8.8", EG_PROTO_TCP, 26, 0, false, false},
	{"2600::1", EG_PROTO_TCP, 25, 5, true, false}, /* "*" is both families */
	{"10.1.2.4", EG_PROTO_TCP, 25, 1, true, false},
	{"2001:db8:8000::1", EG_PROTO_UDP, 53, 6, true, false},
	{"2001:db8::1", EG_PROTO_UDP, 53, 7, false, false},
	{"2001:db8::1", EG_PROTO_TCP, 53, 7, false, false},
	{"2001:db8::1", EG_PROTO_ICMP, 0, 6, true, false},
	{"2001:db8::1", EG_PROTO_TCP, 25, 6, true, false},
	{"18.1.0.1", EG_PROTO_TCP, 85, 8, true, false}, /* equal length: deny, though wider */
	{"18.1.0.1", EG_PROTO_UDP, 90, 8, true, false},
	{"18.1.0.1", EG_PROTO_UDP, 91, 0, false, false},
	{"18.0.0.1", EG_PROTO_UDP, 90, 11, false, false},
	{"18.0.0.1", EG_PROTO_TCP, 90, 8, true, false},
	{"::ffff:10.1.2.4", EG_PROTO_TCP, 80, 1, true, false},
	{"::ffff:10.1.2.4", EG_PROTO_TCP, 443, 2, false, false},
	{"127.0.0.1", EG_PROTO_TCP, 631, 9, true, false},
	{"127.0.0.1", EG_PROTO_TCP, 25, 0, false, false}, /* loopback beats "*" */
	{"127.255.0.1", EG_PROTO_TCP, 631, 0, false, false},
	{"0.0.0.0", EG_PROTO_TCP, 631, 9, true, false},
	{"0.0.0.0", EG_PROTO_TCP, 25, 0, false, false},
	{"::ffff:0.0.0.0", EG_PROTO_TCP, 631, 9, true, false},
	{"::", EG_PROTO_TCP, 25, 0, false, false},
	{"::1", EG_PROTO_TCP, 25, 0, false, false},
	{"64:ff9b::10.9.9.9", EG_PROTO_TCP, 443, 1, true, true},
	{"64:ff9b::10.1.2.4", EG_PROTO_TCP, 443, 0, false, false},
	{"64:ff9b::10.1.2.4", EG_PROTO_TCP, 25, 5, true, false}, /* by its own address */
	{"64:ff9b:1::10.9.9.9", EG_PROTO_TCP, 443, 0, false, false},
	{"2002:a09:909::1", EG_PROTO_TCP, 443, 1, true, true},
	{"2002:a01:204::1", EG_PROTO_TCP, 443, 0, false, false},
	{"2002:808:808::1", EG_PROTO_TCP, 443, 0, false, false},
	{"64:ff9b::127.0.0.1", EG_PROTO_TCP, 631, 9, true, true},
};

static void test_precedence(void **state)
{
	struct eg_config_rule rules[] = {
		rule("10.0.0.0/8", false, 1),
		rule("10.1.2.0/24:443/tcp", true, 2),
		rule("10.1.2.3/32/icmp", true, 3),
		rule("10.1.2.3/32/icmp", false, 4),
		rule("*:25/tcp", false, 5),
		rule("2001:db8::/32", false, 6),
		rule("[2001:db8::]/33:53", true, 7),
		rule("18.0.0.0/9:80-90", false, 8),
		rule("127.0.0.1:631/tcp", false, 9),
		rule("18.0.0.0/9:85-86/tcp", true, 10),
		rule("18.0.0.0/16:80-90/udp", true, 11),
	};
	const struct eg_config_profile profile = {.egress = {rules, EG_ARRAY_SIZE(rules)}};

	(void)state;
	check_precedence(&profile, mixed, EG_ARRAY_SIZE(mixed));
}

static void test_precedence_default_deny(void **state)
{
	struct eg_config_rule rules[] = {
		rule("*:443/tcp", true, 1),	   rule("10.0.0.0/8", true, 2),
		rule("127.0.0.0/8/udp", false, 3), rule("::1", false, 4),
		rule("2002::/16", true, 5),	   rule("[::1]:53", true, 6),
		rule("10.66.0.0/16", false, 7),	   rule("64:ff9b::/96", true, 8),
	};
	const struct eg_config_profile profile = {.default_deny = true,
						  .egress = {rules, EG_ARRAY_SIZE(rules)}};
	static const struct precedence cases[] = {
		{"8.8.8.8", EG_PROTO_TCP, 443, 1, false, false},
		{"8.8.8.8", EG_PROTO_TCP, 80, 0, true, false},
		{"8.8.8.8", EG_PROTO_OTHER, 0, 0, true, false},
		{"2600::1", EG_PROTO_TCP, 443, 1, false, false},
		{"2600::1", EG_PROTO_ICMP, 0, 0, true, false},
		{"10.1.1.1", EG_PROTO_UDP, 1, 2, false, false},
		{"127.0.0.1", EG_PROTO_TCP, 80, 0, false, false},
		{"127.0.0.1", EG_PROTO_UDP, 80, 3, true, false},
		{"0.0.0.0", EG_PROTO_UDP, 80, 3, true, false},
		{"::1", EG_PROTO_TCP, 80, 4, true, false},
		{"::", EG_PROTO_TCP, 53, 4, true, false},
		/* the default does not reach into an address that is allowed */
		{"2002:808:808::1", EG_PROTO_UDP, 1, 5, false, false},
		{"2002:a42:1::1", EG_PROTO_UDP, 1, 7, true, true},
		{"64:ff9b::8.8.8.8", EG_PROTO_UDP, 1, 8, false, false},
		{"64:ff9b::10.66.0.1", EG_PROTO_UDP, 1, 7, true, true},
		{"64:ff9b::", EG_PROTO_UDP, 1, 8, false, false},
	};

	(void)state;
	check_precedence(&profile, cases, EG_ARRAY_SIZE(cases));
}

static void test_precedence_bind(void **state)
{
	struct eg_config_rule rules[] = {
		ports("*", false, 1),	      ports("8000-8999/tcp", true, 2),
		ports("8080", false, 3),      ports("8080/tcp", true, 4),
		ports("0/udp", true, 5),      ports("9000-9999", true, 6),
		ports("9100-9199", false, 7),
	};
	const struct eg_config_profile profile = {.bind = {rules, EG_ARRAY_SIZE(rules)}};
	const struct eg_config_profile none = {.default_deny = true};
	static const struct {
		uint8_t proto;
		uint16_t port;
		unsigned int line;
	} cases[] = {
		{EG_PROTO_TCP, 80, 1},	 {EG_PROTO_TCP, 8000, 2}, {EG_PROTO_UDP, 8000, 1},
		{EG_PROTO_TCP, 8080, 3}, {EG_PROTO_UDP, 8080, 3}, {EG_PROTO_UDP, 0, 5},
		{EG_PROTO_TCP, 0, 1},	 {EG_PROTO_TCP, 9099, 6}, {EG_PROTO_TCP, 9100, 7},
		{EG_PROTO_TCP, 9200, 6}, {EG_PROTO_ICMP, 0, 1},	  {EG_PROTO_OTHER, 0, 1},
	};
	struct eg_policy_image image = {0};
	size_t i;

	(void)state;
	must_compile(&profile, &image);
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_answer a =
			eg_policy_explain_bind(&profile, cases[i].proto, cases[i].port);
		const struct eg_rule *r =
			search(&image, image.policy.bind_list, image.policy.bind_n, cases[i].proto,
			       cases[i].port);

		assert_int_equal(a.reason, EG_REASON_RULE);
		assert_int_equal(a.rule->line, cases[i].line);
		assert_int_equal(a.deny, !a.rule->allow);
		assert_int_equal(r->line, cases[i].line);
		assert_int_equal(r->verdict == EG_VERDICT_DENY, a.deny);
	}
	eg_policy_done(&image);
	must_compile(&none, &image); /* the default is for addresses */
	assert_int_equal(image.policy.bind_n, 0);
	assert_false(eg_policy_explain_bind(&none, EG_PROTO_TCP, 80).deny);
	assert_null(eg_policy_explain_bind(&none, EG_PROTO_TCP, 80).rule);
	eg_policy_done(&image);
}

/* ---- random policies */

/* What came out, so that the test can say it has seen everything often. */
enum outcome {
	DEFAULT_ALLOW, /* no entry, or none that has a rule */
	DEFAULT_DENY,
	LOOPBACK, /* allowed although the default, or a rule for all, denies */
	PLAIN_ALLOW,
	PLAIN_DENY,
	LIST_ALLOW,
	LIST_DENY,
	LIST_INHERITED, /* a list's segment that comes from a shorter prefix */
	LIST_DEFAULT,	/* one that comes from the default */
	EMBEDDED_PLAIN,
	EMBEDDED_LIST,
	EMBEDDED_SPARED, /* allowed IPv6 whose IPv4 only the default denies */
	MAPPED,
	ZERO,
	OUTCOMES,
};

static void count(const struct eg_config_profile *profile, const struct eg_policy_image *image,
		  const struct eg_policy_target *t, const struct verdict *v,
		  unsigned int counts[OUTCOMES])
{
	struct eg_policy_target seen = as_seen(*t), inside = {.family = AF_INET};
	const struct eg_entry *e = v->embedded		    ? NULL
				   : seen.family == AF_INET ? look_up4(image, seen.addr)
							    : look_up6(image, seen.addr);
	bool loopback = seen.family == AF_INET
				? seen.addr[0] == 127
				: !memcmp(seen.addr, (const uint8_t[16]){[15] = 1}, 16);

	if (v->embedded)
		counts[v->list ? EMBEDDED_LIST : EMBEDDED_PLAIN]++;
	else if (v->rule.line == 0 && v->deny)
		counts[v->list ? LIST_DEFAULT : DEFAULT_DENY]++;
	else if (v->rule.line == 0)
		counts[e && loopback ? LOOPBACK : e && v->list ? LIST_DEFAULT : DEFAULT_ALLOW]++;
	else
		counts[v->list ? (v->deny ? LIST_DENY : LIST_ALLOW)
			       : (v->deny ? PLAIN_DENY : PLAIN_ALLOW)]++;
	if (v->list && !v->embedded && v->rule.line) {
		struct eg_policy_target longer = seen;
		unsigned int longest = 0;
		size_t i;

		for (i = 0; i < profile->egress.n; i++) /* is there a longer network around it? */
			if (eg_cidr_contains(&profile->egress.list[i].spec.net, longer.family,
					     longer.addr) &&
			    profile->egress.list[i].spec.net.prefix_len > longest)
				longest = profile->egress.list[i].spec.net.prefix_len;
		counts[LIST_INHERITED] += longest > v->rule.prefix_len;
	}
	if (!v->deny && eg_policy_embedded(&seen, inside.addr)) {
		inside.proto = seen.proto;
		inside.port = seen.port;
		counts[EMBEDDED_SPARED] += look(image, &inside).deny;
	}
	counts[MAPPED] += t->family == AF_INET6 && seen.family == AF_INET;
	counts[ZERO] += t->family == seen.family && memcmp(t->addr, seen.addr, 16) != 0;
}

static void check_target(const struct eg_config_profile *profile,
			 const struct eg_policy_image *image, const struct eg_policy_target *t,
			 unsigned int counts[OUTCOMES])
{
	struct eg_policy_answer want = eg_policy_explain(profile, t);
	struct verdict got = kernel(image, t);

	assert_int_equal(got.deny, want.deny);
	assert_int_equal(got.embedded, want.embedded);
	assert_int_equal(want.reason, want.rule ? EG_REASON_RULE : EG_REASON_DEFAULT);
	assert_int_equal(got.rule.line, want.rule ? want.rule->line : 0);
	if (want.rule) {
		assert_int_equal(got.rule.verdict,
				 want.rule->allow ? EG_VERDICT_ALLOW : EG_VERDICT_DENY);
		assert_int_equal(got.rule.prefix_len, want.rule->spec.net.prefix_len);
		assert_int_equal(got.rule.protocol, want.rule->spec.protocol);
		assert_int_equal(got.rule.port_low, want.rule->spec.port_low);
		assert_int_equal(got.rule.port_high, want.rule->spec.port_high);
	}
	count(profile, image, t, &got, counts);
}

static void check_list(const struct eg_policy_image *image, uint32_t list, uint32_t n)
{
	const struct eg_segment *s = image->segments + list;
	uint32_t i;

	assert_true(n <= EG_LIST_MAX && (size_t)list + n <= image->n_segments);
	assert_int_equal(s[0].from, 0);
	for (i = 1; i < n; i++) {
		assert_true(s[i - 1].from < s[i].from && s[i].from < EG_PROTO_MAX << 16);
		assert_memory_not_equal(&s[i - 1].rule, &s[i].rule, sizeof(s[i].rule));
	}
}

static void check_entry(const struct eg_policy_image *image, const struct eg_entry *e)
{
	static const struct eg_rule zero;

	if (e->n == 0) {
		assert_int_equal(e->list, 0);
		return;
	}
	assert_true(e->n > 1);
	assert_memory_equal(&e->rule, &zero, sizeof(zero));
	check_list(image, e->list, e->n);
}

/* What policy.h promises about every image. */
static void check_image(const struct eg_policy_image *image)
{
	size_t i;
	int order;

	for (i = 0; i < image->n_entries4; i++) {
		const struct eg_policy_entry4 *e = &image->entries4[i];

		check_entry(image, &e->value);
		order = i ? memcmp(e[-1].key.addr, e->key.addr, 4) : -1;
		assert_true(order < 0 || (order == 0 && e[-1].key.prefix_len < e->key.prefix_len));
	}
	for (i = 0; i < image->n_entries6; i++) {
		const struct eg_policy_entry6 *e = &image->entries6[i];

		check_entry(image, &e->value);
		order = i ? memcmp(e[-1].key.addr, e->key.addr, 16) : -1;
		assert_true(order < 0 || (order == 0 && e[-1].key.prefix_len < e->key.prefix_len));
	}
	if (image->policy.bind_n)
		check_list(image, image->policy.bind_list, image->policy.bind_n);
}

static void test_compile_random(void **state)
{
	static const char *const names[OUTCOMES] = {
		"default allow", "default deny",   "loopback",	    "plain allow",
		"plain deny",	 "list allow",	   "list deny",	    "list inherited",
		"list default",	 "embedded plain", "embedded list", "embedded spared",
		"v4-mapped",	 "zero address"};
	unsigned int counts[OUTCOMES] = {0}, i, n;
	struct eg_config_rule list[RULES];
	uint32_t random = SEED;

	(void)state;
	print_message("seed %u, %u policies of up to %u rules, %u addresses each\n", SEED, POLICIES,
		      RULES - 1, ADDRESSES);
	for (i = 0; i < POLICIES; i++) {
		struct eg_config_profile profile = {.default_deny = i % 2,
						    .egress = random_rules(&random, list, RULES)};
		struct eg_policy_image image = {0};

		must_compile(&profile, &image);
		check_image(&image);
		for (n = 0; n < ADDRESSES; n++) {
			struct eg_policy_target t = random_target(&random, &profile.egress);

			check_target(&profile, &image, &t, counts);
		}
		eg_policy_done(&image);
	}
	for (i = 0; i < OUTCOMES; i++) {
		print_message("%s: %u\n", names[i], counts[i]);
		assert_true(counts[i] >= 1000);
	}
}

static void test_compile_random_bind(void **state)
{
	unsigned int denied = 0, allowed = 0, unnamed = 0, i, n;
	struct eg_config_rule list[BIND_RULES];
	uint32_t random = SEED;

	(void)state;
	for (i = 0; i < POLICIES; i++) {
		struct eg_config_profile profile = {.default_deny = i % 2,
						    .bind = random_bind(&random, list, BIND_RULES)};
		struct eg_policy_image image = {0};

		must_compile(&profile, &image);
		check_image(&image);
		assert_int_equal(image.policy.bind_n == 0, profile.bind.n == 0);
		for (n = 0; n < ADDRESSES && profile.bind.n; n++) {
			struct eg_policy_target t = random_target(&random, &profile.bind);
			struct eg_policy_answer want =
				eg_policy_explain_bind(&profile, t.proto, t.port);
			const struct eg_rule *got = search(&image, image.policy.bind_list,
							   image.policy.bind_n, t.proto, t.port);

			assert_int_equal(got->verdict == EG_VERDICT_DENY, want.deny);
			assert_int_equal(got->line, want.rule ? want.rule->line : 0);
			*(want.deny ? &denied : want.rule ? &allowed : &unnamed) += 1;
		}
		eg_policy_done(&image);
	}
	print_message("denied %u, allowed %u, no rule %u\n", denied, allowed, unnamed);
	assert_true(denied >= 1000 && allowed >= 1000 && unnamed >= 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_precedence_default_deny),
		cmocka_unit_test(test_precedence_bind),
		cmocka_unit_test(test_compile_random),
		cmocka_unit_test(test_compile_random_bind),
	};

	return cmocka_run_group_tests_name("policy_explain", tests, NULL, NULL);
}
