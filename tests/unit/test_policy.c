// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy compiler: flags, entries and lists, which of two rules stays, limits, a million rules.
 * That what it makes means what the rules say is test_policy_explain.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "action.h"
#include "policy_model.h"
#include "util.h"

enum { MILLION = 1000000 };

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

/* ---- limits */

/* n different hosts, one a line from 1, with these ports; owned by the caller. */
static struct eg_config_rule *hosts(size_t n, const char *text)
{
	struct eg_config_rule *rules = calloc(n, sizeof(*rules)), pattern = rule(text, false, 0);
	size_t i;

	assert_non_null(rules);
	for (i = 0; i < n; i++) {
		rules[i] = pattern;
		rules[i].line = (unsigned int)i + 1;
		rules[i].spec.net.addr[0] = (uint8_t)(i >> 24);
		rules[i].spec.net.addr[1] = (uint8_t)(i >> 16);
		rules[i].spec.net.addr[2] = (uint8_t)(i >> 8);
		rules[i].spec.net.addr[3] = (uint8_t)i;
	}
	return rules;
}

static void check_too_big(const struct eg_config_profile *profile, unsigned int line,
			  const char *text)
{
	struct eg_policy_image image = {.policy.flags = 77};
	struct eg_err err = {0};

	assert_int_equal(eg_policy_compile(profile, &image, &err), -E2BIG);
	assert_int_equal(image.policy.flags, 77);
	assert_null(image.entries4);
	assert_string_equal(err.file, "");
	assert_string_equal(err.text, text);
	assert_int_equal(err.line, line);
}

/* EG_PREFIXES_MAX different networks fit, loopback among them; one more does not. */
static void test_compile_networks_limit(void **state)
{
	eg_auto_free struct eg_config_rule *rules = hosts(EG_PREFIXES_MAX, "0.0.0.0");
	struct eg_config_profile profile = {.egress = {rules, EG_PREFIXES_MAX}};
	struct eg_policy_image image = {0};

	(void)state;
	/* loopback sorts last: no line is the one too many, so the last host's is not named */
	check_too_big(&profile, 0, "more than 1048576 different IPv4 networks");
	rules[EG_PREFIXES_MAX - 1].spec.net.addr[0] = 200;
	check_too_big(&profile, EG_PREFIXES_MAX, "more than 1048576 different IPv4 networks");
	profile.egress.n--;
	must_compile(&profile, &image);
	assert_int_equal(image.n_entries4, EG_PREFIXES_MAX);
	eg_policy_done(&image);
}

/* Every second port of TCP: two segments each, and one before. */
static void fill_ports(struct eg_config_rule *rules, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		rules[i] = rule("10.0.0.0/8:1/tcp", false, (unsigned int)i + 11);
		rules[i].spec.port_low = rules[i].spec.port_high = (uint16_t)(2 * i + 1);
	}
}

static void test_compile_list_limit(void **state)
{
	struct eg_config_rule rules[2048];
	struct eg_config_profile profile = {.egress = {rules, 2048}};
	struct eg_policy_image image = {0};

	(void)state;
	fill_ports(rules, 2048);
	check_too_big(&profile, 11,
		      "the rules for this network and those around it make 4097 different ranges "
		      "of protocols and ports, at most 4096 are possible");
	rules[2047] = rule("10.0.0.0/8:65535/udplite", false, 99);
	must_compile(&profile, &image);
	assert_int_equal(image.n_segments, EG_LIST_MAX);
	eg_policy_done(&image);
	profile = (struct eg_config_profile){.bind = {rules, 2048}};
	must_compile(&profile, &image);
	assert_int_equal(image.policy.bind_n, EG_LIST_MAX);
	eg_policy_done(&image);
	fill_ports(rules, 2048);
	check_too_big(&profile, 11,
		      "the rules for bind make 4097 different ranges of protocols and ports, at "
		      "most 4096 are possible");
}

static void test_compile_segments_limit(void **state)
{
	eg_auto_free struct eg_config_rule *rules = hosts(381301, "0.0.0.0:443");
	struct eg_config_profile profile = {.egress = {rules, 381301}};
	struct eg_policy_image image = {0};

	(void)state;
	check_too_big(&profile, 381301, /* 11 each */
		      "the rules for all networks together make more than 4194304 different ranges "
		      "of protocols and ports; rules that name a protocol with their ports make "
		      "fewer");
	profile.egress.n--;
	must_compile(&profile, &image);
	assert_int_equal(image.n_segments, 381300 * 11);
	eg_policy_done(&image);
}

static void test_compile_million(void **state)
{
	static const struct {
		const char *text;
		bool one_line;
		size_t segments;
	} cases[] = {
		{"0.0.0.0", false, 0},
		{"0.0.0.0:443/tcp", false, (size_t)3 * MILLION},
		{"0.0.0.0:443", true, 11},
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_auto_free struct eg_config_rule *rules = hosts(MILLION, cases[i].text);
		const struct eg_config_profile profile = {.egress = {rules, MILLION}};
		struct eg_policy_image image = {0};
		clock_t start = clock();

		for (j = 0; j < MILLION / 2; j += 2) { /* so that sorting has work */
			struct eg_config_rule swap = rules[j];

			rules[j] = rules[MILLION - 1 - j];
			rules[MILLION - 1 - j] = swap;
		}
		for (j = 0; cases[i].one_line && j < MILLION; j++)
			rules[j].line = 1;
		must_compile(&profile, &image);
		print_message("a million rules such as \"%s\"%s compiled in %.1f s\n",
			      cases[i].text, cases[i].one_line ? " on one line" : "",
			      (double)(clock() - start) / CLOCKS_PER_SEC);
		assert_int_equal(image.n_entries4, MILLION + 1);
		assert_int_equal(image.n_segments, cases[i].segments);
		eg_policy_done(&image);
	}
}

/* A million rules for one network, most of them hidden: the ranges are what counts. */
static void test_compile_million_one_network(void **state)
{
	eg_auto_free struct eg_config_rule *rules = calloc(MILLION, sizeof(*rules));
	const struct eg_config_profile profile = {.egress = {rules, MILLION}};
	struct eg_policy_image image = {0};
	clock_t start;
	size_t i;

	(void)state;
	assert_non_null(rules);
	for (i = 0; i < MILLION - 1; i++) {
		rules[i] = rule("10.0.0.0/8:1/tcp", true, (unsigned int)i + 1);
		rules[i].spec.port_low = (uint16_t)(i % 65521);
		rules[i].spec.port_high = (uint16_t)(rules[i].spec.port_low + i % 13);
	}
	rules[MILLION - 1] = rule("10.0.0.0/8/tcp", false, MILLION);
	start = clock();
	must_compile(&profile, &image);
	print_message("a million rules for one network compiled in %.1f s\n",
		      (double)(clock() - start) / CLOCKS_PER_SEC);
	assert_int_equal(image.n_segments, 3);
	assert_int_equal(image.segments[1].rule.line, MILLION);
	eg_policy_done(&image);
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
		cmocka_unit_test(test_compile_networks_limit),
		cmocka_unit_test(test_compile_list_limit),
		cmocka_unit_test(test_compile_segments_limit),
		cmocka_unit_test(test_compile_million),
		cmocka_unit_test(test_compile_million_one_network),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
