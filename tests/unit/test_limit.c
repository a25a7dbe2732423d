// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The token bucket: burst, refill, summaries, and clocks that do not behave; and the lines of all
 * in any second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "limit.h"
#include "util.h"

enum { BURST = 50, PER_SECOND = 10 };

static const struct eg_limits *const limits = &eg_limits_default;

/* Takes n lines at one time. Returns how many were let through. */
static unsigned int take(struct eg_limit *limit, int64_t now_ms, unsigned int n)
{
	unsigned int written = 0;

	while (n--)
		written += eg_limit_take(limit, limits, now_ms);
	return written;
}

/* A bucket that was emptied at now_ms, without a line left out. */
static struct eg_limit emptied(int64_t now_ms)
{
	struct eg_limit limit = {0};

	assert_int_equal(take(&limit, now_ms, BURST), BURST);
	return limit;
}

static void test_take_burst(void **state)
{
	static const int64_t starts[] = {0, 1, 1000, 1700000000000, INT64_MAX, -1, INT64_MIN};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(starts); i++) {
		struct eg_limit limit = {0};

		assert_int_equal(take(&limit, starts[i], BURST + 7), BURST);
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
		{1000 / PER_SECOND - 1, 0},
		{1000 / PER_SECOND, 1},
		{1000, PER_SECOND},
		{3000, 3 * PER_SECOND},
		{1000 * BURST / PER_SECOND - 1, BURST - 1},
		{1000 * BURST / PER_SECOND, BURST},
		{86400000, BURST}, /* never more than a full one */
		{(int64_t)1 << 32, BURST},
		{((int64_t)1 << 32) + 1, BURST},
		{INT64_MAX - 5000, BURST},
		{-1, 0},
		{-5000, 0}, /* the clock went back */
		{INT64_MIN, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_limit limit = emptied(5000);

		assert_int_equal(take(&limit, 5000 + cases[i].passed_ms, 1000), cases[i].written);
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
	assert_int_equal(written, 60 * PER_SECOND);
}

static void test_take_clock_went_back(void **state)
{
	struct eg_limit limit = emptied(100000);

	(void)state;
	assert_int_equal(take(&limit, 50000, 1), 0);
	/* From there on it counts again: a bucket is not stuck until the old time comes. */
	assert_int_equal(take(&limit, 51000, 1000), PER_SECOND);
}

static void test_take_extreme_jump(void **state)
{
	struct eg_limit limit = {0};

	(void)state;
	assert_int_equal(take(&limit, INT64_MIN, 1000), BURST);
	assert_int_equal(take(&limit, INT64_MAX, 1000), BURST);
	assert_int_equal(take(&limit, INT64_MIN, 1000), 0);
}

static void test_other_limits(void **state)
{
	static const struct eg_limits few = {.rate = 1, .session_rate = 1, .session_burst = 1},
				      many = {.rate = UINT32_MAX,
					      .session_rate = UINT32_MAX,
					      .session_burst = UINT32_MAX};
	struct eg_limit limit = {0};

	(void)state;
	assert_true(eg_limit_take(&limit, &few, 0));
	assert_false(eg_limit_take(&limit, &few, 999));
	assert_true(eg_limit_take(&limit, &few, 1000));
	for (int i = 0; i < 1000; i++)
		assert_true(eg_limit_take(&limit, &many, 1000));
	/* A configuration that allows less: the bucket is not overdrawn for ever. */
	assert_false(eg_limit_take(&limit, &few, 1000));
	assert_true(eg_limit_take(&limit, &few, 2000));
}

static void test_due_nothing_left_out(void **state)
{
	struct eg_limit limit = emptied(0);

	(void)state;
	assert_false(eg_limit_is_due(&limit, 0));
	assert_false(eg_limit_is_due(&limit, 100000));
}

static void test_due(void **state)
{
	static const struct {
		int64_t now_ms;
		bool due;
	} cases[] = {
		{0, false},
		{EG_LIMIT_CALM_MS - 1, false},
		{EG_LIMIT_CALM_MS, true},
		{86400000, true},
		{-1, false},
		{INT64_MAX, true},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_limit limit = emptied(0);

		eg_limit_leave(&limit, 0);
		assert_int_equal(eg_limit_is_due(&limit, cases[i].now_ms), cases[i].due);
	}
}

static void test_busy(void **state)
{
	struct eg_limit limit = {0};

	(void)state;
	assert_int_equal(take(&limit, 0, BURST / 2), BURST / 2);
	assert_false(eg_limit_is_busy(&limit, limits, 0));
	assert_int_equal(take(&limit, 0, 1), 1);
	assert_true(eg_limit_is_busy(&limit, limits, 0));
	assert_false(eg_limit_is_busy(&limit, limits, 100));
	/* What others wrote may have left it out. */
	eg_limit_leave(&limit, 100);
	assert_true(eg_limit_is_busy(&limit, limits, 100));
}

/* A flood without a pause keeps the bucket empty, and is summed up all the same. */
static void test_due_endless_flood(void **state)
{
	enum { SECONDS = 600 };
	struct eg_limit limit = {0};
	unsigned int lines = 0;

	(void)state;
	for (int64_t ms = 0; ms <= SECONDS * 1000; ms += 20) {
		for (int i = 0; i < 5; i++)
			if (!eg_limit_take(&limit, limits, ms))
				eg_limit_leave(&limit, ms);
		if (ms % 1000 || !eg_limit_is_due(&limit, ms))
			continue;
		limit.left_out = false;
		lines++;
	}
	assert_in_range(lines, SECONDS * 1000 / EG_LIMIT_SUMMARY_MS - 1,
			SECONDS * 1000 / EG_LIMIT_SUMMARY_MS);
}

/* ---- all sessions */

/* In no second more than the rate, wherever it begins, and in the long run nearly all of it. */
static void test_all_any_second(void **state)
{
	enum { SECONDS = 20, MS = SECONDS * 1000 };
	static unsigned int written[MS];
	struct eg_limit_all all = {0};
	unsigned int sum = 0, second = 0;

	(void)state;
	for (int64_t ms = 0; ms < MS; ms++) {
		for (int i = 0; i < (int)(ms / 700 % 9); i++) {
			if (!eg_limit_room(&all, limits, false, 77 + ms))
				continue;
			eg_limit_charge(&all, 77 + ms);
			written[ms]++;
		}
		sum += written[ms];
		second += written[ms];
		if (ms >= 1000)
			second -= written[ms - 1000];
		assert_true(second <= limits->rate);
	}
	assert_true(sum > SECONDS * limits->rate * 85 / 100);
}

static void test_all_room_for_the_quiet(void **state)
{
	struct eg_limit_all all = {0};

	(void)state;
	for (int i = 0; i < 75; i++) {
		assert_true(eg_limit_room(&all, limits, true, 5000));
		eg_limit_charge(&all, 5000);
	}
	assert_false(eg_limit_room(&all, limits, true, 5000));
	for (int i = 0; i < 25; i++) {
		assert_true(eg_limit_room(&all, limits, false, 5000));
		eg_limit_charge(&all, 5000);
	}
	assert_false(eg_limit_room(&all, limits, false, 5000));
	assert_int_equal(eg_limit_room(&all, limits, false, 5000), 0);
	/* What is written all the same counts, too. */
	eg_limit_charge(&all, 5500);
	assert_true(eg_limit_room(&all, limits, false, 6100));
	for (int i = 0; i < 99; i++)
		eg_limit_charge(&all, 6100);
	assert_false(eg_limit_room(&all, limits, false, 6100));
}

static void test_all_clock(void **state)
{
	static const int64_t times[] = {INT64_MAX, 0, INT64_MIN, -1, 1};
	struct eg_limit_all all = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		eg_limit_charge(&all, INT64_MAX - 5000);
	assert_false(eg_limit_room(&all, limits, false, INT64_MAX - 5000));
	assert_false(eg_limit_room(&all, limits, false, 0)); /* stands still */
	for (size_t i = 0; i < EG_ARRAY_SIZE(times); i++)
		assert_true(eg_limit_room(&all, limits, false, times[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_burst),
		cmocka_unit_test(test_take_refilled),
		cmocka_unit_test(test_take_long_run),
		cmocka_unit_test(test_take_clock_went_back),
		cmocka_unit_test(test_take_extreme_jump),
		cmocka_unit_test(test_other_limits),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_due_nothing_left_out),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_due_endless_flood),
		cmocka_unit_test(test_all_any_second),
		cmocka_unit_test(test_all_room_for_the_quiet),
		cmocka_unit_test(test_all_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
