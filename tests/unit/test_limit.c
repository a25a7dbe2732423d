// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The token bucket: burst, refill, summaries, and clocks that do not behave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "limit.h"
#include "util.h"

/* Takes n lines at one time. Returns how many were let through. */
static unsigned int take(struct eg_limit *limit, int64_t now_ms, unsigned int n)
{
	unsigned int written = 0;

	while (n--)
		written += eg_limit_take(limit, now_ms);
	return written;
}

/* A bucket that was emptied at now_ms, without a line left out. */
static struct eg_limit emptied(int64_t now_ms)
{
	struct eg_limit limit = {0};

	assert_int_equal(take(&limit, now_ms, EG_LIMIT_BURST), EG_LIMIT_BURST);
	assert_int_equal(limit.left_out, 0);
	return limit;
}

static void test_take_burst(void **state)
{
	static const int64_t starts[] = {0, 1, 1000, 1700000000000, INT64_MAX, -1, INT64_MIN};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(starts); i++) {
		struct eg_limit limit = {0};

		assert_int_equal(take(&limit, starts[i], EG_LIMIT_BURST + 7), EG_LIMIT_BURST);
		assert_int_equal(limit.left_out, 7);
	}
}

static void test_take_refilled(void **state)
{
	static const struct {
		int64_t passed_ms;
		unsigned int written;
	} cases[] = {
		{0, 0},
		{1, 0},
		{1000 / EG_LIMIT_PER_SECOND - 1, 0},
		{1000 / EG_LIMIT_PER_SECOND, 1},
		{1000, EG_LIMIT_PER_SECOND},
		{3000, 3 * EG_LIMIT_PER_SECOND},
		{1000 * EG_LIMIT_BURST / EG_LIMIT_PER_SECOND - 1, EG_LIMIT_BURST - 1},
		{1000 * EG_LIMIT_BURST / EG_LIMIT_PER_SECOND, EG_LIMIT_BURST},
		{86400000, EG_LIMIT_BURST}, /* never more than a full one */
		{(int64_t)1 << 32, EG_LIMIT_BURST},
		{((int64_t)1 << 32) + 1, EG_LIMIT_BURST},
		{INT64_MAX - 5000, EG_LIMIT_BURST},
		{-1, 0},
		{-5000, 0}, /* the clock went back */
		{INT64_MIN, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_limit limit = emptied(5000);

		assert_int_equal(take(&limit, 5000 + cases[i].passed_ms, 1000), cases[i].written);
		assert_int_equal(limit.left_out, 1000 - cases[i].written);
	}
}

/* Asked each millisecond, nothing is lost to rounding. */
static void test_take_long_run(void **state)
{
	struct eg_limit limit = emptied(0);
	unsigned int written = 0;

	(void)state;
	for (int64_t ms = 1; ms <= 60000; ms++)
		written += take(&limit, ms, 3);
	assert_int_equal(written, 60 * EG_LIMIT_PER_SECOND);
	assert_int_equal(limit.left_out, 3 * 60000 - written);
}

static void test_take_clock_went_back(void **state)
{
	struct eg_limit limit = emptied(100000);

	(void)state;
	assert_int_equal(take(&limit, 50000, 1), 0);
	/* From there on it counts again: a bucket is not stuck until the old time comes. */
	assert_int_equal(take(&limit, 51000, 1000), EG_LIMIT_PER_SECOND);
}

static void test_take_extreme_jump(void **state)
{
	struct eg_limit limit = {0};

	(void)state;
	assert_int_equal(take(&limit, INT64_MIN, 1000), EG_LIMIT_BURST);
	assert_int_equal(take(&limit, INT64_MAX, 1000), EG_LIMIT_BURST);
	assert_int_equal(take(&limit, INT64_MIN, 1000), 0);
	assert_int_equal(eg_limit_summary(&limit, INT64_MAX, false), 3000 - 2 * EG_LIMIT_BURST);
}

static void test_summary_nothing_left_out(void **state)
{
	struct eg_limit limit = {0};

	(void)state;
	assert_int_equal(eg_limit_summary(&limit, 0, false), 0);
	assert_int_equal(eg_limit_summary(&limit, 0, true), 0);
	limit = emptied(0);
	assert_int_equal(eg_limit_summary(&limit, 100000, false), 0);
	assert_int_equal(eg_limit_summary(&limit, 100000, true), 0);
}

static void test_summary_due(void **state)
{
	enum { HALF_MS = 500 * EG_LIMIT_BURST / EG_LIMIT_PER_SECOND };
	static const struct {
		int64_t now_ms;
		bool final;
		uint64_t count;
	} cases[] = {
		{0, false, 0},		{0, true, 9},	     {HALF_MS - 1, false, 0},
		{HALF_MS - 1, true, 9}, {HALF_MS, false, 9}, {86400000, false, 9},
		{-1, false, 0},		{-1, true, 9},	     {INT64_MIN, true, 9},
		{INT64_MAX, false, 9},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_limit limit = emptied(0);

		(void)take(&limit, 0, 9);
		assert_int_equal(eg_limit_summary(&limit, cases[i].now_ms, cases[i].final),
				 cases[i].count);
		/* Said once, then forgotten; what was not due is still there. */
		assert_int_equal(eg_limit_summary(&limit, cases[i].now_ms, true),
				 cases[i].count ? 0 : 9);
	}
}

/* A flood without a pause keeps the bucket empty, and is summed up all the same. */
static void test_summary_endless_flood(void **state)
{
	enum { SECONDS = 600 };
	struct eg_limit limit = {0};
	uint64_t written = 0, summed = 0, lines = 0, tried = 0, count;

	(void)state;
	for (int64_t ms = 0; ms <= SECONDS * 1000; ms += 20) {
		written += take(&limit, ms, 5);
		tried += 5;
		count = ms % 1000 ? 0 : eg_limit_summary(&limit, ms, false);
		summed += count;
		lines += count > 0;
	}
	assert_in_range(lines, SECONDS * 1000 / EG_LIMIT_SUMMARY_MS - 1,
			SECONDS * 1000 / EG_LIMIT_SUMMARY_MS);
	summed += eg_limit_summary(&limit, 0, true);
	assert_int_equal(written + summed, tried);
}

/* Whatever the clock does: written and summed up are what was tried. */
static void test_counts_add_up(void **state)
{
	uint64_t seed = 42, written = 0, summed = 0, tried = 0;
	struct eg_limit limit = {0};
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		if (seed >> 40 & 1)
			now += (int64_t)(seed >> 50) - (seed >> 41 & 7 ? 0 : 20000);
		if (seed >> 42 & 3) {
			written += eg_limit_take(&limit, now);
			tried++;
		} else {
			summed += eg_limit_summary(&limit, now, (seed >> 44 & 255) == 0);
		}
		assert_true(limit.spent <= EG_LIMIT_BURST * 1000);
	}
	assert_int_equal(written + summed + eg_limit_summary(&limit, now, true), tried);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_burst),
		cmocka_unit_test(test_take_refilled),
		cmocka_unit_test(test_take_long_run),
		cmocka_unit_test(test_take_clock_went_back),
		cmocka_unit_test(test_take_extreme_jump),
		cmocka_unit_test(test_summary_nothing_left_out),
		cmocka_unit_test(test_summary_due),
		cmocka_unit_test(test_summary_endless_flood),
		cmocka_unit_test(test_counts_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
