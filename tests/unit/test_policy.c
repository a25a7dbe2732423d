// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy compiler: flags, entries and lists, which of two rules stays. That what it makes means
 * what the rules say is test_policy_explain.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "action.h"
#include "policy_model.h"
#include "util.h"

/* ---- tables */

static void test_compile_flags(void **state)
{
	struct eg_config_rule rules[] = {rule("10.0.0.0/8", false, 1),
					 rule("2001:db8::/32", true, 2),
					 rule("10.0.0.0/8:443/tcp", true, 3)};
	struct eg_config_rule bind[] = {ports("*", false, 4)};
	struct eg_config_text text = {.text = (char[]){"/x"}, .line = 5};
	const struct {
		struct eg_config_profile profile;
		uint32_t flags; /* besides LEAVING and TAMPERING, which zeroes stand for */
	} cases[] = {
		{{.default_deny = false}, 0},
		{{.deny_setuid = true}, EG_POLICY_DENY_SETUID},
		{{.deny_mount = true}, EG_POLICY_DENY_MOUNT},
		{{.default_deny = true}, EG_POLICY_RULES4 | EG_POLICY_RULES6},
		{{.egress = {rules, 1}}, EG_POLICY_RULES4},
		{{.egress = {rules + 1, 1}}, EG_POLICY_RULES6},
		{{.egress = {rules + 2, 1}}, EG_POLICY_RULES4 | EG_POLICY_SEGMENTS},
		{{.bind = {bind, 1}}, EG_POLICY_SEGMENTS},
		{{.setuid_allow = {.list = &text, .n = 1}}, EG_POLICY_PROGRAMS},
		{{.mount_allow = {.list = &text, .n = 1}}, EG_POLICY_MOUNTS},
		{{.unix_deny = {.list = &text, .n = 1}}, EG_POLICY_UNIX_NAMES},
		{{.exec_deny = {.list = &text, .n = 1}}, EG_POLICY_RUNS},
		{{.exec_allow_only = {.list = &text, .n = 1}}, EG_POLICY_RUNS_ONLY},
		/* Whether digests can be denied is for the helper to find out. */
		{{.exec_deny_sha256 = {.list = &text, .n = 1}}, 0},
		{{.setuid_users = {.list = &text, .n = 1},
		  .setuid_groups = {.list = &text, .n = 1}},
		 0}, /* items only */
		{{.setuid_allow.set = true, .mount_allow.set = true, .unix_deny.set = true}, 0},
		{{.deny_services = true}, EG_POLICY_DENY_SERVICES},
		{{.deny_same_user = true}, EG_POLICY_DENY_SAME_USER},
		{{.capabilities = 1}, 0},
		{{.mode = EG_MODE_AUDIT}, 0},
		{{.action = EG_ACTION_KILL}, 0},
		{{.record_exec = true}, EG_POLICY_RECORD_EXEC},
		{{.record_connect = true}, EG_POLICY_RECORD_CONNECT},
		{{.record_open = {.list = &text, .n = 1}}, EG_POLICY_RECORD_OPEN},
		{{.mode = EG_MODE_AUDIT,
		  .deny_setuid = true,
		  .deny_mount = true,
		  .egress = {rules, 2}},
		 EG_POLICY_DENY_SETUID | EG_POLICY_DENY_MOUNT | EG_POLICY_RULES4 |
			 EG_POLICY_RULES6},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_image image = {0};

		must_compile(&cases[i].profile, &image);
		assert_int_equal(image.policy.flags, cases[i].flags | EG_POLICY_DENY_LEAVING |
							     EG_POLICY_DENY_TAMPERING);
		assert_int_equal(image.policy.generation, 0);
		assert_true(image.policy.capabilities == cases[i].profile.capabilities);
		assert_int_equal(image.policy.audit, cases[i].profile.mode == EG_MODE_AUDIT
							     ? (1U << EG_ON_MAX) - 1
							     : 0);
		assert_int_equal(image.n_entries4 != 0, (cases[i].flags & EG_POLICY_RULES4) != 0);
		assert_int_equal(image.n_entries6 != 0, (cases[i].flags & EG_POLICY_RULES6) != 0);
		eg_policy_done(&image);
	}
}

static void test_compile_actions(void **state)
{
	enum {
		ALL = (1 << EG_ON_MAX) - 1,
		SETUID = 1 << EG_ON_SETUID,
		LEAVING = 1 << EG_ON_LEAVING
	};
	const struct {
		struct eg_config_profile profile;
		uint32_t audit, kill;
		uint32_t open; /* EG_POLICY_DENY_* that is not set */
	} cases[] = {
		{{.default_deny = false}, 0, 0, 0},
		{{.mode = EG_MODE_AUDIT}, ALL, 0, 0},
		{{.mode = EG_MODE_AUDIT, .action = EG_ACTION_KILL}, ALL, 0, 0},
		{{.mode = EG_MODE_AUDIT, .actions = {[EG_ON_SETUID] = EG_ACTION_KILL}}, ALL, 0, 0},
		{{.mode = EG_MODE_AUDIT, .actions = {[EG_ON_LEAVING] = EG_ACTION_ALLOW}},
		 ALL,
		 0,
		 EG_POLICY_DENY_LEAVING},
		{{.actions = {[EG_ON_SETUID] = EG_ACTION_KILL}}, 0, SETUID, 0},
		{{.actions = {[EG_ON_SETUID] = EG_ACTION_AUDIT}}, SETUID, 0, 0},
		{{.actions = {[EG_ON_LEAVING] = EG_ACTION_ALLOW}}, 0, 0, EG_POLICY_DENY_LEAVING},
		{{.actions = {[EG_ON_TAMPERING] = EG_ACTION_ALLOW}},
		 0,
		 0,
		 EG_POLICY_DENY_TAMPERING},
		{{.actions = {[EG_ON_SETUID] = EG_ACTION_PROFILE}}, 0, 0, 0},
		{{.action = EG_ACTION_KILL, .actions = {[EG_ON_SETUID] = EG_ACTION_PROFILE}},
		 0,
		 SETUID,
		 0},
		/* those of zero say deny themselves */
		{{.action = EG_ACTION_KILL,
		  .actions = {[EG_ON_SETUID] = EG_ACTION_PROFILE,
			      [EG_ON_MOUNT] = EG_ACTION_AUDIT,
			      [EG_ON_LEAVING] = EG_ACTION_KILL,
			      [EG_ON_TAMPERING] = EG_ACTION_ALLOW}},
		 1 << EG_ON_MOUNT,
		 SETUID | LEAVING,
		 EG_POLICY_DENY_TAMPERING},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_policy_image image = {0};

		must_compile(&cases[i].profile, &image);
		assert_int_equal(image.policy.audit, cases[i].audit);
		assert_int_equal(image.policy.kill, cases[i].kill);
		assert_int_equal(image.policy.flags,
				 (EG_POLICY_DENY_LEAVING | EG_POLICY_DENY_TAMPERING) &
					 ~cases[i].open);
		eg_policy_done(&image);
	}
}

static void test_action_list(void **state)
{
	char text[EG_ACTION_LIST_SIZE];

	(void)state;
	assert_string_equal(eg_action_list(0, text), "-");
	assert_string_equal(eg_action_list(1U << EG_ON_EGRESS, text), "egress");
	assert_string_equal(eg_action_list(1U << EG_ON_SETUID | 1U << EG_ON_EXEC, text),
			    "setuid,exec");
	assert_string_equal(eg_action_list(1U << EG_ON_MAX, text), "-");
	assert_string_equal(eg_action_list(UINT32_MAX, text),
			    "egress,bind,sockets,setuid,mount,capabilities,unix,leaving,tampering,"
			    "files,exec");
	assert_true(eg_action_is_all((1U << EG_ON_MAX) - 1));
	assert_false(eg_action_is_all((1U << EG_ON_MAX) - 2));
}

static void test_compile_sockets(void **state)
{
	const struct eg_config_profile profile = {.families = 1ULL << 45 | 1ULL << 17,
						  .protocols = EG_OPEN_RAW | EG_OPEN_SCTP};
	const uint64_t usual = 1ULL << 1 | 1ULL << 2 | 1ULL << 10 | 1ULL << 16;
	const struct eg_config_profile none = {.default_deny = false};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&none, &image);
	assert_true(image.policy.families == usual);
	assert_int_equal(image.policy.protocols, 0);
	eg_policy_done(&image);
	must_compile(&profile, &image);
	assert_true(image.policy.families == (usual | 1ULL << 45 | 1ULL << 17));
	assert_int_equal(image.policy.protocols, EG_OPEN_RAW | EG_OPEN_SCTP);
	eg_policy_done(&image);
}

#define PLAIN(verdict, length, line)                                                               \
	{                                                                                          \
		.rule = { verdict, length, EG_PROTO_ANY, 0, line, 0, 65535 }                       \
	}

static void test_compile_entries(void **state)
{
	struct eg_config_rule rules[] = {
		rule("18.0.0.0/9", false, 4),	rule("10.1.0.0/16", false, 5),
		rule("10.0.0.0/8", true, 6),	rule("10.0.0.0/9", true, 7),
		rule("2001:db8::/32", true, 8),
	};
	const struct eg_config_profile profile = {.egress = {rules, EG_ARRAY_SIZE(rules)}};
	static const struct eg_policy_entry4 expected[] = {
		{{8, {10}}, PLAIN(EG_VERDICT_ALLOW, 8, 6)},
		{{9, {10}}, PLAIN(EG_VERDICT_ALLOW, 9, 7)},
		{{16, {10, 1}}, PLAIN(EG_VERDICT_DENY, 16, 5)},
		{{9, {18}}, PLAIN(EG_VERDICT_DENY, 9, 4)},
		{{8, {127}}, PLAIN(EG_VERDICT_ALLOW, 8, 0)},
	};
	static const struct eg_policy_entry6 expected6[] = {
		{{128, {[15] = 1}}, PLAIN(EG_VERDICT_ALLOW, 128, 0)},
		{{32, {0x20, 0x01, 0x0d, 0xb8}}, PLAIN(EG_VERDICT_ALLOW, 32, 8)}};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&profile, &image);
	assert_int_equal(image.n_entries4, EG_ARRAY_SIZE(expected));
	assert_memory_equal(image.entries4, expected, sizeof(expected));
	assert_int_equal(image.n_entries6, EG_ARRAY_SIZE(expected6));
	assert_memory_equal(image.entries6, expected6, sizeof(expected6));
	assert_null(image.segments);
	assert_int_equal(image.n_segments, 0);
	eg_policy_done(&image);
	assert_null(image.entries4);
	eg_policy_done(&image); /* fine on a zeroed one */
}

static void test_compile_default_deny(void **state)
{
	struct eg_config_rule rules[] = {rule("0.0.0.0/0", true, 3), rule("127.0.0.0/8", false, 4)};
	const struct eg_config_profile none = {.default_deny = true};
	const struct eg_config_profile own = {.default_deny = true, .egress = {rules, 2}};
	static const struct eg_policy_entry4 expected[] = {
		{{0, {0}}, PLAIN(EG_VERDICT_DENY, 0, 0)},
		{{8, {127}}, PLAIN(EG_VERDICT_ALLOW, 8, 0)},
	};
	static const struct eg_policy_entry4 replaced[] = {
		{{0, {0}}, PLAIN(EG_VERDICT_ALLOW, 0, 3)},
		{{8, {127}}, PLAIN(EG_VERDICT_DENY, 8, 4)},
	};
	static const struct eg_policy_entry6 expected6[] = {
		{{0, {0}}, PLAIN(EG_VERDICT_DENY, 0, 0)},
		{{128, {[15] = 1}}, PLAIN(EG_VERDICT_ALLOW, 128, 0)},
	};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&none, &image);
	assert_int_equal(image.n_entries4, 2);
	assert_memory_equal(image.entries4, expected, sizeof(expected));
	assert_int_equal(image.n_entries6, 2);
	assert_memory_equal(image.entries6, expected6, sizeof(expected6));
	eg_policy_done(&image);
	must_compile(&own, &image);
	assert_int_equal(image.n_entries4, 2);
	assert_memory_equal(image.entries4, replaced, sizeof(replaced));
	eg_policy_done(&image);
}

#define TCP(port) (EG_PROTO_TCP << 16 | (port))
#define UDP(port) (EG_PROTO_UDP << 16 | (port))

/* A list is complete: what shorter prefixes say is in it, plain or not, and the default. */
static void test_compile_list(void **state)
{
	struct eg_config_rule rules[] = {
		rule("10.0.0.0/8:443/tcp", false, 1), rule("10.1.0.0/16:53-54/udp", true, 2),
		rule("10.1.0.0/16:54/udp", false, 3), rule("10.1.2.0/24", true, 4),
		rule("10.1.3.0/24/icmp", false, 5),
	};
	const struct eg_config_profile profile = {.default_deny = true, .egress = {rules, 5}};
	static const struct eg_rule none = {EG_VERDICT_DENY, 0, EG_PROTO_ANY, 0, 0, 0, 65535},
				    https = {EG_VERDICT_DENY, 8, EG_PROTO_TCP, 0, 1, 443, 443},
				    dns = {EG_VERDICT_ALLOW, 16, EG_PROTO_UDP, 0, 2, 53, 54},
				    udp54 = {EG_VERDICT_DENY, 16, EG_PROTO_UDP, 0, 3, 54, 54},
				    icmp = {EG_VERDICT_DENY, 24, EG_PROTO_ICMP, 0, 5, 0, 65535};
	const struct eg_segment expected[] = {
		{0, none},
		{TCP(443), https},
		{TCP(444), none}, /* 10/8 */
		{0, none},
		{TCP(443), https},
		{TCP(444), none},
		{UDP(53), dns},
		{UDP(54), udp54},
		{UDP(55), none}, /* 10.1/16 */
		{0, none},
		{TCP(443), https},
		{TCP(444), none},
		{UDP(53), dns},
		{UDP(54), udp54},
		{UDP(55), none},
		{EG_PROTO_ICMP << 16, icmp},
		{EG_PROTO_SCTP << 16, none}, /* 10.1.3/24 */
	};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&profile, &image);
	assert_int_equal(image.n_entries4, 6); /* with 0/0 and loopback */
	assert_int_equal(image.n_segments, EG_ARRAY_SIZE(expected));
	assert_memory_equal(image.segments, expected, sizeof(expected));
	assert_int_equal(image.entries4[1].value.list, 0);
	assert_int_equal(image.entries4[1].value.n, 3);
	assert_int_equal(image.entries4[2].value.list, 3);
	assert_int_equal(image.entries4[2].value.n, 6);
	assert_int_equal(image.entries4[3].value.n, 0);
	assert_int_equal(image.entries4[3].value.rule.line, 4);
	assert_int_equal(image.entries4[4].value.list, 9);
	assert_int_equal(image.entries4[4].value.n, 8);
	eg_policy_done(&image);
}

/* The same rules in many networks cost one list; rules that another hides cost none. */
static void test_compile_lists_shared(void **state)
{
	struct eg_config_rule rules[] = {
		rule("10.0.0.0/8:443/tcp", true, 7), rule("11.0.0.0/8:443/tcp", true, 7),
		rule("12.0.0.0/8:443/tcp", true, 7), rule("13.0.0.0/8:443/tcp", true, 8),
		rule("14.0.0.0/8", false, 9),	     rule("14.0.0.0/8:443/tcp", true, 10),
		rule("14.0.0.0/8/udp", false, 11),
	};
	const struct eg_config_profile profile = {.egress = {rules, EG_ARRAY_SIZE(rules)}};
	struct eg_policy_image image = {0};

	(void)state;
	must_compile(&profile, &image);
	assert_int_equal(image.n_segments, 6);
	assert_memory_equal(&image.entries4[0].value, &image.entries4[1].value,
			    sizeof(struct eg_entry));
	assert_memory_equal(&image.entries4[0].value, &image.entries4[2].value,
			    sizeof(struct eg_entry));
	assert_int_equal(image.entries4[3].value.list, 3);
	assert_int_equal(image.entries4[4].value.n, 0);
	assert_int_equal(image.entries4[4].value.rule.line, 9);
	eg_policy_done(&image);
}

/* One network in both lists, either first; and in one list twice, which only a feed could do. */
static void test_compile_same_network(void **state)
{
	struct eg_config_rule orders[][3] = {
		{rule("10.0.0.0/8", false, 1), rule("10.0.0.0/8", true, 2),
		 rule("10.0.0.0/8", true, 3)},
		{rule("10.0.0.0/8", true, 1), rule("10.0.0.0/8", false, 2),
		 rule("10.0.0.0/8", false, 3)},
		{rule("10.0.0.0/8", true, 1), rule("10.0.0.0/8", true, 2),
		 rule("10.0.0.0/8", true, 3)},
	};
	static const struct eg_entry expected[] = {PLAIN(EG_VERDICT_DENY, 8, 1),
						   PLAIN(EG_VERDICT_DENY, 8, 2),
						   PLAIN(EG_VERDICT_ALLOW, 8, 1)};
	const struct eg_policy_target t = target("10.1.2.3", EG_PROTO_TCP, 80);
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(orders); i++) {
		const struct eg_config_profile profile = {.egress = {orders[i], 3}};
		struct eg_policy_image image = {0};

		must_compile(&profile, &image);
		assert_int_equal(image.n_entries4, 2);
		assert_memory_equal(&image.entries4[0].value, &expected[i], sizeof(expected[i]));
		assert_int_equal(eg_policy_explain(&profile, &t).rule->line, expected[i].rule.line);
		eg_policy_done(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile_flags),
		cmocka_unit_test(test_compile_actions),
		cmocka_unit_test(test_action_list),
		cmocka_unit_test(test_compile_sockets),
		cmocka_unit_test(test_compile_entries),
		cmocka_unit_test(test_compile_default_deny),
		cmocka_unit_test(test_compile_list),
		cmocka_unit_test(test_compile_lists_shared),
		cmocka_unit_test(test_compile_same_network),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
