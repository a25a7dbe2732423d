// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is said of who is not guarded: all are counted, and what there is no room for is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gaps.h"

static void test_few(void **state)
{
	struct eg_gaps gaps = {0};

	(void)state;
	eg_gaps_add(&gaps, EG_METRIC_MANAGER, "user@%u.service: %s", 1000U, "no");
	eg_gaps_add(&gaps, EG_METRIC_JOBS, "jobs of cron: no line");
	eg_gaps_add(&gaps, EG_METRIC_MANAGER, "user@%u.service: %s", 1001U, "no");
	eg_gaps_end(&gaps);
	assert_string_equal(gaps.text, "user@1000.service: no\njobs of cron: no line\n"
				       "user@1001.service: no\n");
	assert_int_equal(gaps.n[EG_METRIC_MANAGER], 2);
	assert_int_equal(gaps.n[EG_METRIC_JOBS], 1);
}

static void test_none(void **state)
{
	struct eg_gaps gaps = {0};

	(void)state;
	eg_gaps_end(&gaps);
	assert_string_equal(gaps.text, "");
}

/* Each length of a line, so that the end comes at each place; what is there is whole lines. */
static void test_many(void **state)
{
	static const char filler[] = "0123456789012345678901234567890123456789";

	(void)state;
	for (int length = 1; length <= 40; length++) {
		struct eg_gaps gaps = {0};
		char expected[64];
		unsigned int lines = 0;
		const char *line = gaps.text;

		for (int i = 0; i < 2000; i++)
			eg_gaps_add(&gaps, EG_METRIC_MANAGER, "%.*s", length, filler);
		eg_gaps_end(&gaps);
		assert_int_equal(gaps.n[EG_METRIC_MANAGER], 2000);
		for (; !strncmp(line, filler, (size_t)length) && line[length] == '\n';
		     line += length + 1)
			lines++;
		assert_true(lines * (unsigned int)(length + 1) > EG_GAPS_SIZE / 2);
		(void)snprintf(expected, sizeof(expected), "%u more than these\n", 2000 - lines);
		assert_string_equal(line, expected);
	}
}

/* One that is longer than all there is, and what comes behind it. */
static void test_long(void **state)
{
	struct eg_gaps gaps = {0};

	(void)state;
	eg_gaps_add(&gaps, EG_METRIC_JOBS, "%*s", 5000, "x");
	eg_gaps_add(&gaps, EG_METRIC_JOBS, "short");
	eg_gaps_end(&gaps);
	assert_string_equal(gaps.text, "short\n1 more than these\n");
	assert_int_equal(gaps.n[EG_METRIC_JOBS], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("gaps", tests, NULL, NULL);
}
