// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How large a policy can be, and what the largest take. */
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
		cmocka_unit_test(test_compile_networks_limit),
		cmocka_unit_test(test_compile_list_limit),
		cmocka_unit_test(test_compile_segments_limit),
		cmocka_unit_test(test_compile_million),
		cmocka_unit_test(test_compile_million_one_network),
	};

	return cmocka_run_group_tests_name("policy_limits", tests, NULL, NULL);
}
