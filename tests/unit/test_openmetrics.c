// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is taken in of the helper's answers, and that whatever stands in them forges nothing. The
 * format as a whole is test_metrics.sh's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi.h"
#include "openmetrics.h"

static struct eg_openmetrics metrics;

static int tear_down(void **state)
{
	(void)state;
	eg_openmetrics_done(&metrics);
	return 0;
}

static int add(void *msg, enum eg_msg_type type, size_t size)
{
	eg_proto_head(msg, type, size);
	return eg_openmetrics_add(&metrics, msg);
}

static int add_helper(void)
{
	struct eg_msg_metric_helper msg = {.generation = 3};

	return add(&msg, EG_MSG_METRIC_HELPER, sizeof(msg));
}

static int add_ok(void)
{
	struct eg_msg msg;

	return add(&msg, EG_MSG_OK, sizeof(msg));
}

static int add_rule(const char *profile, const char *source)
{
	struct eg_msg_metric_rule msg = {.hits = 1, .line = 5};

	(void)snprintf(msg.profile, sizeof(msg.profile), "%s", profile);
	(void)snprintf(msg.source, sizeof(msg.source), "%s", source);
	return add(&msg, EG_MSG_METRIC_RULE, sizeof(msg));
}

/* The text; the caller frees it. */
static char *print(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	eg_openmetrics_print(&metrics, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_order_of_answers(void **state)
{
	struct eg_msg_metric_profile profile = {.profile = "default"};
	struct eg_msg_metric_feed feed = {.path = "/feed"};

	(void)state;
	assert_int_equal(add_helper(), 1);
	assert_int_equal(add(&profile, EG_MSG_METRIC_PROFILE, sizeof(profile)), 1);
	assert_int_equal(add_rule("default", "/x"), 1);
	assert_int_equal(add(&feed, EG_MSG_METRIC_FEED, sizeof(feed)), 1);
	assert_false(metrics.up);
	assert_int_equal(add_ok(), 0);
	assert_true(metrics.up);
	assert_int_equal(metrics.helper.generation, 3);
	assert_int_equal(metrics.profiles.n + metrics.rules.n + metrics.feeds.n, 3);
}

static void test_answers_that_do_not_belong(void **state)
{
	struct eg_msg_session session = {.session = 1};

	(void)state;
	assert_int_equal(add_ok(), -EPROTO); /* without the helper's own */
	assert_false(metrics.up);
	assert_int_equal(add(&session, EG_MSG_SESSION, sizeof(session)), -EPROTO);
}

/* A helper of ours sends no more; memory does not grow for one that is not. */
static void test_too_many_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_OPENMETRICS_MAX; i++)
		assert_int_equal(add_rule("default", "/x"), 1);
	assert_int_equal(add_rule("default", "/x"), -EPROTO);
}

static void test_nothing_is_up(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(add_helper(), 1); /* broken off after that */
	metrics.now_s = 17;
	text = print();
	assert_non_null(strstr(text, "\nebpfguard_up 0\n"));
	assert_non_null(strstr(text, "\nebpfguard_collected_timestamp_seconds 17\n"));
	assert_null(strstr(text, "policy_generation"));
	assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
	free(text);
}

/* Each byte there is, in a label: one line, no quote, nothing to print that is not ASCII. */
static void test_hostile_labels(void **state)
{
	char source[EG_SOURCE_SIZE] = "", *text, *line, *end;
	size_t quotes = 0;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(source); i++)
		source[i] = (char)(i + 1);
	assert_int_equal(add_helper(), 1);
	assert_int_equal(add_rule("a\"b\\c\nd", source), 1);
	assert_int_equal(add_ok(), 0);
	text = print();
	line = strstr(text, "\nebpfguard_rule_hits_total{");
	assert_non_null(line);
	line++;
	end = strchr(line, '\n');
	assert_int_equal(strncmp(end, "\n# EOF\n", 7), 0);
	*end = '\0';
	assert_non_null(
		strstr(line, "{profile=\"a\\\"b\\\\x5cc\\\\x0ad\",rule=\"5\",source=\"\\\\x01"));
	assert_non_null(strstr(line, "\\\\xff\"} 1"));
	for (char *at = line; *at; at++) {
		assert_in_range(*at, 0x20, 0x7e);
		quotes += *at == '"' && at[-1] != '\\';
	}
	assert_int_equal(quotes, 6);
	free(text);
}

/* Numbers as large as they can be stay numbers. */
static void test_large_numbers(void **state)
{
	struct eg_msg_metric_profile profile = {.profile = "p", .killed = UINT64_MAX};
	char *text;

	(void)state;
	memset(profile.refused, 0xff, sizeof(profile.refused));
	assert_int_equal(add_helper(), 1);
	assert_int_equal(add(&profile, EG_MSG_METRIC_PROFILE, sizeof(profile)), 1);
	assert_int_equal(add_ok(), 0);
	text = print();
	assert_non_null(
		strstr(text, "\nebpfguard_kills_total{profile=\"p\"} 18446744073709551615\n"));
	assert_null(strstr(text, "} -"));
	free(text);
}

#define CASE(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_order_of_answers), CASE(test_answers_that_do_not_belong),
		CASE(test_too_many_answers), CASE(test_nothing_is_up),
		CASE(test_hostile_labels),   CASE(test_large_numbers),
	};

	return cmocka_run_group_tests_name("openmetrics", tests, NULL, NULL);
}
