// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Times: at the begin of lines of the log, and as people ask for them. */
#include <errno.h>

#include "learn_helpers.h"
#include "util.h"

static void test_since(void **state)
{
	static const struct {
		const char *text;
		int64_t ret; /* -1 = refused, -2 = there is no such day */
	} cases[] = {
		{"2026-11-21", NOW_S - DAY_S},
		{"2026-11-21 01:02", NOW_S - DAY_S + 3720},
		{"2026-11-21 01:02:03", NOW_S - DAY_S + 3723},
		{"2026-11-21T01:02:03", NOW_S - DAY_S + 3723},
		{"today", NOW_S},
		{"yesterday", NOW_S - DAY_S},
		{"now", NOW_S + 600},
		{"10s ago", NOW_S + 590},
		{"10min ago", NOW_S},
		{"10 min ago", NOW_S},
		{"2h ago", NOW_S + 600 - 7200},
		{"3d ago", NOW_S + 600 - 3 * DAY_S},
		{"-2h", NOW_S + 600 - 7200},
		{"-15m", NOW_S + 600 - 900},
		{"2024-02-29", 1709164800},
		{"2000-02-29", 951782400},
		{"2026-12-31", NOW_S + 39 * DAY_S},
		{"2026-02-29", -2},
		{"2026-02-30", -2},
		{"2100-02-29", -2},
		{"2026-11-31 10:00", -2},
		{"2026-02-30 10", -1},
		{"", -1},
		{"2026-11-21 ", -1},
		{"2026-11-21 01", -1},
		{"2026-11-21 01:02:", -1},
		{"2026-11-21 01:02:03 ", -1},
		{"2026-13-21", -1},
		{"2026-11-32", -1},
		{"26-11-21", -1},
		{"2026-11-21 24:00", -1},
		{"2h", -1},
		{"2h  ago", -1},
		{"-2h ago", -1},
		{"-h", -1},
		{"-2x", -1},
		{"-9999999999999999999h", -1},
		{"--since", -1},
		{"tomorrow", -1},
		{"yesterday noon", -1},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		int64_t ret = -1;
		int err = eg_learn_since(cases[i].text, NOW_S + 600, &ret);

		int expected = cases[i].ret == -2 ? -ERANGE : cases[i].ret < 0 ? -EINVAL : 0;

		if (err != expected || (!err && ret != cases[i].ret))
			fail_msg("\"%s\": %d, %lld", cases[i].text, err, (long long)ret);
	}
}

static void test_stamp(void **state)
{
	static const struct {
		const char *text;
		int64_t ret; /* -1 = refused */
	} cases[] = {
		{"2026-11-21T10:00:00Z x", NOW_S - 14 * 3600},
		{"2026-11-21T10:00:00+0000 x", NOW_S - 14 * 3600},
		{"2026-11-21T10:00:00.123456+02:00 x", NOW_S - 16 * 3600},
		{"2026-11-21T10:00:00-01:30 x", NOW_S - 14 * 3600 + 5400},
		{"Nov 21 10:00:00 x", NOW_S - 14 * 3600},
		{"Nov  2 10:00:00 x", NOW_S - 20 * DAY_S + 10 * 3600},
		/* not in this year yet */
		{"Dec 31 00:00:00 x", NOW_S - 326 * DAY_S},
		{"Nov 2 10:00:00 x", -1},
		{"Nov 02 10:00:00 x", -1},
		{"Nix 21 10:00:00 x", -1},
		{"2026-11-21 10:00:00Z x", -1},
		{"2026-11-21T10:00Z x", -1},
		{"2026-11-21T10:00:00 x", -1},
		{"2026-02-29T10:00:00Z x", -1},
		{"1", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		int64_t ret = -1;
		size_t used = 0;
		int err = eg_learn_stamp(text, strlen(text), NOW_S, &ret, &used);

		if (err != (cases[i].ret < 0 ? -EINVAL : 0) ||
		    (!err && (ret != cases[i].ret || strcmp(text + used, " x") != 0)))
			fail_msg("\"%s\": %d, %lld, %zu", text, err, (long long)ret, used);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_stamp),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
