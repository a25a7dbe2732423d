// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules of groups of programs: what is compiled for them, what decides where they and the profile
 * both say something, and, with random policies, that the kernel's way to find out, two look-ups
 * and a comparison, comes to what the definition in policy.h says.
 */
#include <errno.h>
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

enum { SEED = 20261121, POLICIES = 4000, ADDRESSES = 60, RULES = 12, BIND_RULES = 10 };

static void test_compile_groups(void **state)
{
	struct eg_config_rule base[] = {rule("10.0.0.0/8", false, 1)};
	struct eg_config_rule own[] = {rule("10.0.0.0/8", true, 2), rule("*:25/tcp", false, 3)};
	struct eg_config_rule bind[] = {ports("80", false, 4)};
	struct eg_config_text text = {.text = (char[]){"/x"}, .line = 5};
	struct eg_config_group groups[] = {
		{.egress = {own, 1}},
		{.egress = {own + 1, 1}, .bind = {bind, 1}},
		{.setuid_allow = {.list = &text, .n = 1}},
	};
	const struct eg_config_profile profile = {.default_deny = true,
						  .deny_mount = true,
						  .egress = {base, 1},
						  .groups = groups,
						  .n_groups = EG_ARRAY_SIZE(groups)};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&profile, &image);
	/* LEAVING and TAMPERING: what zeroes stand for. */
	assert_int_equal(image.policy.flags, EG_POLICY_DENY_LEAVING | EG_POLICY_DENY_TAMPERING |
						     EG_POLICY_BY_PROGRAM | EG_POLICY_DENY_MOUNT |
						     EG_POLICY_RULES4 | EG_POLICY_RULES6);
	assert_int_equal(image.n_groups, 3);
	/* Nothing of the profile's is in there, its default neither. */
	assert_int_equal(image.groups[0].policy.flags, EG_POLICY_RULES4);
	assert_int_equal(image.groups[0].n_entries4, 2); /* and loopback */
	assert_int_equal(image.groups[1].policy.flags,
			 EG_POLICY_RULES4 | EG_POLICY_RULES6 | EG_POLICY_SEGMENTS);
	assert_true(image.groups[1].policy.bind_n > 1);
	assert_int_equal(image.groups[2].policy.flags, EG_POLICY_PROGRAMS);
	assert_int_equal(image.groups[2].n_entries4, 0);
	eg_policy_done(&image);
	assert_null(image.groups);
	assert_int_equal(image.n_groups, 0);
}

/* A group's mistake is told by its line, and nothing stays behind. */
static void test_compile_group_limit(void **state)
{
	static struct eg_config_rule list[EG_LIST_MAX];
	struct eg_config_group groups[] = {{.bind = {list, EG_LIST_MAX}}};
	const struct eg_config_profile profile = {.groups = groups, .n_groups = 1};
	struct eg_policy_image image = {0};
	struct eg_err err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < EG_LIST_MAX; i++)
		list[i] = (struct eg_config_rule){.spec = {.protocol = EG_PROTO_TCP,
							   .port_low = (uint16_t)(i * 2 + 1),
							   .port_high = (uint16_t)(i * 2 + 1)},
						  .line = 7};
	assert_int_equal(eg_policy_compile(&profile, &image, &err), -E2BIG);
	assert_int_equal(err.line, 7);
	assert_null(image.groups);
}

static void test_precedence_groups(void **state)
{
	struct eg_config_rule base[] = {
		rule("10.0.0.0/8", false, 1),  rule("10.1.0.0/16", true, 2),
		rule("10.1.2.0/24", false, 3), rule("127.0.0.0/8:631/tcp", false, 4),
		rule("64:ff9b::/96", true, 5), rule("10.9.0.0/16:443/tcp", false, 6),
	};
	struct eg_config_rule own[] = {
		rule("10.0.0.0/8", true, 11),  rule("10.1.0.0/16", false, 12),
		rule("18.0.0.0/9", false, 13), rule("*:22/tcp", false, 14),
		rule("10.9.0.0/16", true, 15),
	};
	struct eg_config_group group = {.egress = {own, EG_ARRAY_SIZE(own)}};
	const struct eg_config_profile profile = {
		.egress = {base, EG_ARRAY_SIZE(base)}, .groups = &group, .n_groups = 1};
	static const struct {
		const char *address;
		uint8_t proto;
		uint16_t port;
		unsigned int line, line_own; /* 0 = default or loopback */
	} cases[] = {
		{"10.200.0.1", EG_PROTO_TCP, 80, 1, 11},
		{"10.1.0.1", EG_PROTO_TCP, 80, 2, 12},
		{"10.1.2.1", EG_PROTO_TCP, 80, 3, 3}, /* the profile's is longer */
		{"18.0.0.1", EG_PROTO_UDP, 53, 0, 13},
		{"192.0.2.1", EG_PROTO_TCP, 22, 0, 14},
		{"192.0.2.1", EG_PROTO_TCP, 23, 0, 0},
		{"10.200.0.1", EG_PROTO_TCP, 22, 1, 11}, /* longer than "*" */
		{"127.0.0.1", EG_PROTO_TCP, 22, 0, 0},	 /* loopback is longer than "*" */
		{"127.0.0.1", EG_PROTO_TCP, 631, 4, 4},
		{"10.9.0.1", EG_PROTO_TCP, 443, 6, 15},
		{"::1", EG_PROTO_TCP, 22, 0, 0},
		{"2001:db8::1", EG_PROTO_TCP, 22, 0, 14},
		{"64:ff9b::a01:1", EG_PROTO_TCP, 80, 5, 12}, /* 10.1.0.1 */
		{"64:ff9b::ac8:1", EG_PROTO_TCP, 80, 1, 5},  /* 10.200.0.1 */
		{"::ffff:10.200.0.1", EG_PROTO_TCP, 80, 1, 11},
	};
	struct eg_policy_image image = {0};
	size_t i;

	(void)state;
	must_compile(&profile, &image);
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_target t = target(cases[i].address, cases[i].proto, cases[i].port);
		struct eg_policy_answer a = eg_policy_explain(&profile, &t),
					b = eg_policy_explain_for(&profile, &group, &t);
		struct verdict v = kernel(&image, &t), w = kernel_for(&image, image.groups, &t);

		assert_int_equal(a.rule ? a.rule->line : 0, cases[i].line);
		assert_int_equal(b.rule ? b.rule->line : 0, cases[i].line_own);
		assert_int_equal(v.rule.line, cases[i].line);
		assert_int_equal(w.rule.line, cases[i].line_own);
		assert_int_equal(v.deny, a.deny);
		assert_int_equal(w.deny, b.deny);
	}
	eg_policy_done(&image);
}

/* A default that denies is for the programs of groups, too. */
static void test_precedence_groups_default(void **state)
{
	struct eg_config_rule own[] = {rule("*:443/tcp", true, 2)};
	struct eg_config_group group = {.egress = {own, 1}};
	const struct eg_config_profile profile = {
		.default_deny = true, .groups = &group, .n_groups = 1};
	struct eg_policy_target open = target("18.0.0.1", EG_PROTO_TCP, 443),
				shut = target("18.0.0.1", EG_PROTO_TCP, 80);
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&profile, &image);
	assert_true(kernel(&image, &open).deny);
	assert_false(kernel_for(&image, image.groups, &open).deny);
	assert_true(kernel_for(&image, image.groups, &shut).deny);
	assert_true(eg_policy_explain(&profile, &open).deny);
	assert_false(eg_policy_explain_for(&profile, &group, &open).deny);
	assert_true(eg_policy_explain_for(&profile, &group, &shut).deny);
	eg_policy_done(&image);
}

static void test_group_of(void **state)
{
	struct eg_config_text a[] = {{.text = (char[]){"/a"}}},
			      b[] = {{.text = (char[]){"/b"}}, {.text = (char[]){"/c"}}};
	struct eg_config_group groups[] = {{.programs = {.list = a, .n = 1}},
					   {.programs = {.list = b, .n = 2}}};
	const struct eg_config_profile profile = {.groups = groups, .n_groups = 2};

	(void)state;
	assert_ptr_equal(eg_policy_group_of(&profile, "/a"), groups);
	assert_ptr_equal(eg_policy_group_of(&profile, "/c"), groups + 1);
	assert_null(eg_policy_group_of(&profile, "/d"));
}

/* ---- random policies */

/* Either list's lines from 1 and from 101. */
static struct eg_config_rules of_group(struct eg_config_rules rules)
{
	for (size_t i = 0; i < rules.n; i++)
		rules.list[i].line += 100;
	return rules;
}

static void test_random_groups(void **state)
{
	unsigned int by_group = 0, by_base = 0, by_default = 0, changed = 0, embedded = 0, i, n;
	struct eg_config_rule list[RULES], own[RULES];
	uint32_t random = SEED;

	(void)state;
	for (i = 0; i < POLICIES; i++) {
		struct eg_config_group group = {
			.egress = of_group(random_rules(&random, own, RULES))};
		struct eg_config_profile profile = {.default_deny = i % 2,
						    .egress = random_rules(&random, list, RULES),
						    .groups = &group,
						    .n_groups = 1};
		struct eg_policy_image image = {0};

		must_compile(&profile, &image);
		for (n = 0; n < ADDRESSES; n++) {
			struct eg_policy_target t =
				random_target(&random, n % 2 ? &profile.egress : &group.egress);
			struct eg_policy_answer want = eg_policy_explain_for(&profile, &group, &t);
			struct verdict got = kernel_for(&image, image.groups, &t);

			assert_int_equal(got.deny, want.deny);
			assert_int_equal(got.embedded, want.embedded);
			assert_int_equal(got.rule.line, want.rule ? want.rule->line : 0);
			changed += want.deny != eg_policy_explain(&profile, &t).deny;
			embedded += want.embedded && want.rule->line > 100;
			*(!want.rule		  ? &by_default
			  : want.rule->line > 100 ? &by_group
						  : &by_base) += 1;
		}
		eg_policy_done(&image);
	}
	print_message("by the group %u, by the profile %u, default %u, changed by the group %u, "
		      "embedded %u\n",
		      by_group, by_base, by_default, changed, embedded);
	assert_true(by_group >= 1000 && by_base >= 1000 && by_default >= 1000 && changed >= 1000 &&
		    embedded >= 1000);
}

static void test_random_groups_bind(void **state)
{
	unsigned int by_group = 0, by_base = 0, unnamed = 0, i, n;
	struct eg_config_rule list[BIND_RULES], own[BIND_RULES];
	uint32_t random = SEED;

	(void)state;
	for (i = 0; i < POLICIES; i++) {
		struct eg_config_group group = {
			.bind = of_group(random_bind(&random, own, BIND_RULES))};
		struct eg_config_profile profile = {.bind = random_bind(&random, list, BIND_RULES),
						    .groups = &group,
						    .n_groups = 1};
		struct eg_policy_image image = {0};

		must_compile(&profile, &image);
		for (n = 0; n < ADDRESSES; n++) {
			struct eg_policy_target t =
				random_target(&random, n % 2 ? &profile.bind : &group.bind);
			struct eg_policy_answer want =
				eg_policy_explain_bind_for(&profile, &group, t.proto, t.port);
			struct eg_rule got = bind_both(&image, image.groups, &t);

			assert_int_equal(got.line, want.rule ? want.rule->line : 0);
			assert_int_equal(got.line && got.verdict == EG_VERDICT_DENY, want.deny);
			*(!want.rule		  ? &unnamed
			  : want.rule->line > 100 ? &by_group
						  : &by_base) += 1;
		}
		eg_policy_done(&image);
	}
	print_message("by the group %u, by the profile %u, no rule %u\n", by_group, by_base,
		      unnamed);
	assert_true(by_group >= 1000 && by_base >= 1000 && unnamed >= 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile_groups),
		cmocka_unit_test(test_compile_group_limit),
		cmocka_unit_test(test_precedence_groups),
		cmocka_unit_test(test_precedence_groups_default),
		cmocka_unit_test(test_group_of),
		cmocka_unit_test(test_random_groups),
		cmocka_unit_test(test_random_groups_bind),
	};

	return cmocka_run_group_tests_name("policy_groups", tests, NULL, NULL);
}
