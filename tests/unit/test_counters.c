// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers that only grow: from totals, of rules, of logins, and where there is no room for more. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "counters.h"

static struct eg_counters counters;

static int tear_down(void **state)
{
	(void)state;
	eg_counters_done(&counters);
	return 0;
}

static void test_totals_are_added_once(void **state)
{
	struct eg_counters_profile *profile = eg_counters_of(&counters, "default");
	struct eg_totals seen = {0}, now = {.killed = 1, .lost = 2, .packets = 3};

	(void)state;
	now.refused[EG_OP_CONNECT] = 5;
	now.audited[EG_OP_MAX - 1] = 7;
	now.packets_audited = 4;
	eg_counters_add(profile, &now, &seen);
	eg_counters_add(profile, &now, &seen);
	assert_int_equal(profile->refused[EG_OP_CONNECT], 5);
	assert_int_equal(profile->audited[EG_OP_MAX - 1], 7);
	assert_int_equal(profile->killed, 1);
	assert_int_equal(profile->lost, 2);
	assert_int_equal(profile->packets, 3);
	assert_int_equal(profile->packets_audited, 4);
	now.refused[EG_OP_CONNECT] = 6;
	eg_counters_add(profile, &now, &seen);
	assert_int_equal(profile->refused[EG_OP_CONNECT], 6);
	now.refused[EG_OP_CONNECT] = 2; /* cannot be; and must not count as an enormous growth */
	eg_counters_add(profile, &now, &seen);
	assert_int_equal(profile->refused[EG_OP_CONNECT], 6);
}

/* Two sessions of one profile, one of which ends: its numbers stay. */
static void test_sessions_add_up(void **state)
{
	struct eg_totals a = {0}, b = {0}, seen_a = {0}, seen_b = {0};

	(void)state;
	a.refused[EG_OP_BIND] = 10;
	b.refused[EG_OP_BIND] = 100;
	eg_counters_add(eg_counters_of(&counters, "ops"), &a, &seen_a);
	eg_counters_add(eg_counters_of(&counters, "ops"), &b, &seen_b);
	b.refused[EG_OP_BIND] = 101;
	eg_counters_add(eg_counters_of(&counters, "ops"), &b, &seen_b);
	assert_int_equal(eg_counters_of(&counters, "ops")->refused[EG_OP_BIND], 111);
	assert_int_equal(eg_counters_of(&counters, "default")->refused[EG_OP_BIND], 0);
}

/* What happened while no helper ran is new; what the log has is not. */
static void test_adoption(void **state)
{
	struct eg_counters_profile *profile = eg_counters_of(&counters, "default");
	struct eg_totals now = {.killed = 3, .lost = 4, .packets = 50, .packets_audited = 5}, seen;
	struct eg_written written = {0};

	(void)state;
	now.refused[EG_OP_CONNECT] = 100;
	now.audited[EG_OP_CONNECT] = 20;
	written.refused[EG_OP_CONNECT] = 90;
	written.audited[EG_OP_CONNECT] = 15;
	eg_counters_adopt(&now, &written, &seen);
	eg_counters_add(profile, &now, &seen);
	assert_int_equal(profile->refused[EG_OP_CONNECT], 10);
	assert_int_equal(profile->audited[EG_OP_CONNECT], 5);
	assert_int_equal(profile->killed + profile->lost + profile->packets, 0);
	assert_int_equal(profile->packets_audited, 0);
}

static void test_adoption_without_an_account(void **state)
{
	struct eg_counters_profile *profile = eg_counters_of(&counters, "default");
	struct eg_totals now = {.lost = 4}, seen = {.lost = 77};
	const struct eg_written written = {0};

	(void)state;
	now.refused[EG_OP_CONNECT] = 100;
	eg_counters_adopt(&now, &written, &seen);
	eg_counters_add(profile, &now, &seen);
	assert_int_equal(profile->refused[EG_OP_CONNECT], 100);
	assert_int_equal(profile->lost, 4);
}

static void test_profiles_find_no_room(void **state)
{
	struct eg_counters_profile *last = NULL;
	char name[32];

	(void)state;
	for (size_t i = 0; i < EG_COUNTERS_PROFILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "p%zu", i);
		last = eg_counters_of(&counters, name);
		assert_string_equal(last->name, name);
		assert_int_equal(eg_counters_index(&counters, name), i);
	}
	assert_ptr_equal(eg_counters_of(&counters, "one more"), &counters.other);
	assert_string_equal(counters.other.name, EG_COUNTERS_OTHER);
	assert_int_equal(eg_counters_index(&counters, "one more"), EG_COUNTERS_PROFILES_MAX);
	assert_ptr_equal(eg_counters_of(&counters, name), last);
	assert_int_equal(counters.n_profiles, EG_COUNTERS_PROFILES_MAX);
}

/* Longer than there is room for, which no profile's name is. */
static void test_long_name(void **state)
{
	char name[EG_PROFILE_SIZE + 10];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_ptr_equal(eg_counters_of(&counters, name), eg_counters_of(&counters, name));
	assert_int_equal(counters.n_profiles, 1);
}

static uint64_t hits_of(const char *profile, enum eg_metric_rule kind, const char *source,
			uint32_t line)
{
	for (size_t i = 0; i < EG_COUNTERS_SLOTS; i++) {
		const struct eg_counters_rule *rule = &counters.rules[i];

		if (rule->hits && rule->kind == kind && rule->line == line &&
		    !strcmp(counters.sources[rule->source], source) &&
		    rule->profile < counters.n_profiles &&
		    !strcmp(counters.profiles[rule->profile]->name, profile))
			return rule->hits;
	}
	return 0;
}

static void test_rules(void **state)
{
	(void)state;
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/etc/e.conf", 3);
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/etc/e.conf", 3);
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/etc/e.conf", 4);
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/feed", 3);
	eg_counters_hit(&counters, "ops", EG_METRIC_RULE_LINE, "/etc/e.conf", 3);
	eg_counters_hit(&counters, "ops", EG_METRIC_RULE_DEFAULT, "", 0);
	eg_counters_hit(&counters, "ops", EG_METRIC_RULE_BUILTIN, "", 0);
	assert_int_equal(counters.n_rules, 6);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/etc/e.conf", 3), 2);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/etc/e.conf", 4), 1);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/feed", 3), 1);
	assert_int_equal(hits_of("ops", EG_METRIC_RULE_LINE, "/etc/e.conf", 3), 1);
	assert_int_equal(hits_of("ops", EG_METRIC_RULE_DEFAULT, "", 0), 1);
	assert_int_equal(hits_of("ops", EG_METRIC_RULE_BUILTIN, "", 0), 1);
}

static void hit(const char *profile_word, unsigned int profile, const char *source_word,
		unsigned int source, uint32_t line, uint64_t expected)
{
	char profile_name[32], source_name[32];

	(void)snprintf(profile_name, sizeof(profile_name), "%s%u", profile_word, profile);
	(void)snprintf(source_name, sizeof(source_name), "%s%u", source_word, source);
	if (expected)
		assert_int_equal(hits_of(profile_name, EG_METRIC_RULE_LINE, source_name, line),
				 expected);
	else
		eg_counters_hit(&counters, profile_name, EG_METRIC_RULE_LINE, source_name, line);
}

/* As many as there is room for, so that many share a slot at first: rules that differ in one thing
 * only are each one of its own. */
static void test_rules_that_collide(void **state)
{
	(void)state;
	for (uint64_t expected = 0; expected < 2; expected++) {
		for (uint32_t n = 1; n <= 400; n++)
			hit("p", 0, "/s", 0, n * n * n, expected);
		for (unsigned int n = 1; n <= 500; n++)
			hit("p", n, "/s", 0, 5, expected);
		for (unsigned int n = 1; n <= 120; n++)
			hit("p", 0, "/s", n, 5, expected);
	}
	assert_int_equal(counters.n_rules, 400 + 500 + 120);
}

static void test_rules_find_no_room(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= EG_COUNTERS_RULES_MAX + 5; i++)
		eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/feed", i);
	assert_int_equal(counters.n_rules, EG_COUNTERS_RULES_MAX);
	assert_int_equal(counters.other_rules, 5);
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, "/feed", EG_COUNTERS_RULES_MAX);
	assert_int_equal(counters.other_rules, 5);
	for (uint32_t i = 1; i < EG_COUNTERS_RULES_MAX; i++)
		assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/feed", i), 1);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/feed", EG_COUNTERS_RULES_MAX),
			 2);
}

static void test_sources_find_no_room(void **state)
{
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < EG_COUNTERS_SOURCES_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "/feed%u", i);
		eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, name, 1);
	}
	assert_int_equal(counters.n_sources, EG_COUNTERS_SOURCES_MAX);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, "/feed126", 1), 1);
	assert_int_equal(hits_of("default", EG_METRIC_RULE_LINE, EG_COUNTERS_OTHER, 1), 6);
}

/* One whose end is the same is the same: they would be printed alike. */
static void test_long_source(void **state)
{
	char name[EG_SOURCE_SIZE + 10];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, name, 1);
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, name + 1, 1);
	name[sizeof(name) - 2] = 'y';
	eg_counters_hit(&counters, "default", EG_METRIC_RULE_LINE, name, 1);
	assert_int_equal(counters.n_rules, 2);
	assert_int_equal(strlen(counters.sources[0]), EG_SOURCE_SIZE - 1);
	assert_int_equal(counters.sources[1][EG_SOURCE_SIZE - 2], 'y');
}

static void test_login_durations(void **state)
{
	static const struct {
		int64_t ns;
		size_t bucket;
	} cases[] = {
		{-5, 0},	   {0, 0},	   {1000000, 0},	   {1000001, 1},
		{2000000, 1},	   {2000001, 2},   {9999999999, 12},	   {10000000000, 12},
		{10000000001, 13}, {999999999, 9}, {INT64_C(1) << 60, 13},
	};
	uint64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t before = counters.logins[cases[i].bucket];

		eg_counters_login(&counters, cases[i].ns);
		assert_int_equal(counters.logins[cases[i].bucket], before + 1);
		sum += cases[i].ns > 0 ? (uint64_t)cases[i].ns : 0;
		assert_int_equal(counters.login_ns, sum);
	}
	for (size_t i = 1; i < EG_METRIC_BUCKETS - 1; i++)
		assert_true(eg_counters_bucket_ms(i) > eg_counters_bucket_ms(i - 1));
	assert_int_equal(eg_counters_bucket_ms(0), 1);
	assert_int_equal(eg_counters_bucket_ms(EG_METRIC_BUCKETS - 2), 10000);
	assert_int_equal(eg_counters_bucket_ms(EG_METRIC_BUCKETS - 1), 0);
}

static void test_reasons(void **state)
{
	(void)state;
	assert_int_equal(eg_counters_why(-ENOSPC), EG_METRIC_LIMIT);
	assert_int_equal(eg_counters_why(-EUSERS), EG_METRIC_LIMIT);
	assert_int_equal(eg_counters_why(-ENOENT), EG_METRIC_CONFIGURATION);
	assert_int_equal(eg_counters_why(-ELOOP), EG_METRIC_SETUP);
}

static void test_reloads(void **state)
{
	(void)state;
	eg_counters_reload(&counters, EG_METRIC_LOADED, 17);
	eg_counters_reload(&counters, EG_METRIC_NOT_LOADED, 18);
	eg_counters_reload(&counters, EG_METRIC_NOT_LOADED, 19);
	assert_int_equal(counters.reloads[EG_METRIC_LOADED], 1);
	assert_int_equal(counters.reloads[EG_METRIC_NOT_LOADED], 2);
	assert_int_equal(counters.tried_s, 19);
}

#define CASE(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_totals_are_added_once),
		CASE(test_sessions_add_up),
		CASE(test_adoption),
		CASE(test_adoption_without_an_account),
		CASE(test_profiles_find_no_room),
		CASE(test_long_name),
		CASE(test_rules),
		CASE(test_rules_that_collide),
		CASE(test_rules_find_no_room),
		CASE(test_sources_find_no_room),
		CASE(test_long_source),
		CASE(test_login_durations),
		CASE(test_reasons),
		CASE(test_reloads),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
