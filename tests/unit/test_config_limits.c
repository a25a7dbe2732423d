// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration: how much of everything there can be, and what the most takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "config_helpers.h"
#include "config_messages.h"
#include "skip.h"

/* Under AddressSanitizer each of libconfig's many realloc calls copies: the big texts get smaller
 * there. */
#ifndef __has_feature
#define __has_feature(f) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define BIG 20000
#else
#define BIG 1000000 /* EG_CONFIG_RULES_MAX */
#endif

static void test_parse_size_limit(void **state)
{
	(void)state;
	check_repeat("", " ", EG_CONFIG_SIZE_MAX, "", "");
	check_repeat("", " ", EG_CONFIG_SIZE_MAX + 1, "", "f: larger than 67108864 bytes");
}

static void test_parse_string_limit(void **state)
{
	char expected[256];

	(void)state;
	check_repeat("mode = \"", "x", 1025, "\";", "f:1: this string is longer than 1024 bytes");
	(void)snprintf(expected, sizeof(expected),
		       "f:1: mode: expected \"enforce\" or \"audit\", got \"%.64s...\"",
		       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	check_repeat("mode = \"", "x", 1024, "\";", expected);
	/* What counts is what an escape stands for; none goes by the limit. */
	check_repeat("deny_files = [\"/", "/\\xff", 511, "\"];", "");
	check_repeat("deny_files = [\"/", "/\\xff", 512, "\"];",
		     "f:1: this string is longer than 1024 bytes");
	check_repeat("mode = \"", "\\\"", 1025, "\";",
		     "f:1: this string is longer than 1024 bytes");
	check_repeat("mode = \"x", "\\\"", 1024, "\";",
		     "f:1: this string is longer than 1024 bytes");
	check_repeat("mode = \"", "\\q", 513, "\";", "f:1: this string is longer than 1024 bytes");
}

static void test_parse_depth_limit(void **state)
{
	(void)state;
	check_repeat("a = ", "(", 1000000, "", "f:1: nested deeper than 8");
	check_repeat("", "a={", 1000000, "", "f:1: nested deeper than 8");
}

static void test_parse_name_limit(void **state)
{
	(void)state;
	check_repeat("a=({b=1;}\n", ",{b=1;}\n", 32767, ");",
		     "f:32768: more than 32768 settings in one file");
	check_repeat("a=({b=1;}\n", ",{b=1;}\n", 32766, ");", "f:1: unknown key \"a\"" KNOWN);
	check_repeat("", "a=1;\n", 257, "", "f:257: more than 256 settings in one group");
	check_repeat("", "a=1;\n", 256, "", "f:2: \"a\" is set twice; first on line 1");
	check_repeat("a={", "a=1;\n", 257, "}", "f:257: more than 256 settings in one group");
}

static void test_parse_value_limit(void **state)
{
	(void)state;
	check_repeat("a=[", "1,", 1032768, "1]", "f:1: more than 1032768 values in one file");
}

/* A deny list of n rules, none twice, one a line; owned by the caller. */
static char *rules_text(unsigned int n, const char *ports)
{
	char *text = malloc((size_t)n * (20 + strlen(ports)) + 64), *at = text;
	unsigned int i;

	assert_non_null(text);
	at += sprintf(at, "deny=[\n");
	for (i = 0; i < n; i++) /* scattered, so that sorting has work */
		at += sprintf(at, "%s\"%u.%u.%u.%u%s\"", i ? ",\n" : "", i % 16, i >> 4 & 255,
			      i >> 12 & 255, i * 7 % 16 ^ (i >> 20), ports);
	(void)strcpy(at, "];");
	return text;
}

static void test_parse_many_rules(void **state)
{
	static const char *const ports[] = {"", ":443/tcp"};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(ports); i++) {
		eg_auto_free char *text = rules_text(BIG, ports[i]);
		clock_t start = clock();
		struct eg_config *conf = must_parse(text);

		print_message("%d rules such as \"10.1.2.3%s\" parsed in %.1f s\n", BIG, ports[i],
			      (double)(clock() - start) / CLOCKS_PER_SEC);
		assert_int_equal(conf->profiles[0].egress.n, BIG);
		assert_int_equal(conf->profiles[0].egress.list[BIG - 1].line, BIG + 1);
		eg_config_free(conf);
	}
}

/* The number is judged before the networks, so the empty ones of a list that is not too long are
 * what is wrong. */
static void test_parse_rules_limit(void **state)
{
	(void)state;
	if (BIG < EG_CONFIG_RULES_MAX)
		skip_because("the whole table takes minutes under sanitizers");
	check_repeat("deny=[", "\"\",", EG_CONFIG_RULES_MAX - 1, "\"\"]",
		     "f:1: deny[0]: \"\"" NETWORK);
	check_repeat(
		"deny=[\"::/0\"];allow=[", "\"\",", EG_CONFIG_RULES_MAX - 1, "\"\"]",
		"f:1: allow: 1000001 rules are too many; deny and allow together take 1000000");
}

static void test_parse_ports_limit(void **state)
{
	(void)state;
	check_repeat(
		"bind={deny=[\n", "\"\",", EG_CONFIG_PORTS_MAX - 1, "\"\"]}",
		"f:2: bind.deny[0]: \"\" is not a port such as 8080, a range such as 8000-8999 "
		"or \"*\" for all");
	check_repeat("bind={deny=[\"*\"];\nallow=[", "\"\",", EG_CONFIG_PORTS_MAX - 1, "\"\"]}",
		     "f:2: bind.allow: 4097 rules are too many; deny and allow together take 4096");
}

static void test_parse_long_name(void **state)
{
	eg_auto_free char *name = repeat("/", "n", 300, "");
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	char line[1024];

	(void)state;
	assert_int_equal(eg_config_parse("a", 1, name, &conf, &err), -EINVAL);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
	assert_int_equal(eg_config_parse("", 0, name, &conf, &err), 0);
	eg_config_free(conf);
	err = (struct eg_err){.file = "a\nb\x1b", .text = "c"};
	assert_string_equal(eg_err_format(&err, line, sizeof(line)), "a?b?: c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_size_limit),  cmocka_unit_test(test_parse_string_limit),
		cmocka_unit_test(test_parse_depth_limit), cmocka_unit_test(test_parse_name_limit),
		cmocka_unit_test(test_parse_value_limit), cmocka_unit_test(test_parse_many_rules),
		cmocka_unit_test(test_parse_rules_limit), cmocka_unit_test(test_parse_ports_limit),
		cmocka_unit_test(test_parse_long_name),
	};

	return cmocka_run_group_tests_name("config_limits", tests, NULL, NULL);
}
