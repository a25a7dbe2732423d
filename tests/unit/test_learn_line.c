// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of the log, as learn reads them: times, what is believed to be a line, escapes. */
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

/* ---- lines */

static void test_line_whole(void **state)
{
	struct eg_learn_line line;

	(void)state;
	assert_int_equal(parse(CONNECT, &line), 0);
	assert_int_equal(line.kind, EG_LEARN_AUDIT);
	assert_int_equal(line.time_s, NOW_S - 14 * 3600);
	assert_true(eg_learn_word_is(&line.session, "7"));
	assert_true(eg_learn_word_is(&line.user, "alice"));
	assert_true(eg_learn_word_is(&line.profile, "default"));
	assert_true(eg_learn_word_is(&line.op, "connect"));
	assert_true(eg_learn_word_is(&line.exe, "/usr/bin/nc.openbsd"));
	assert_int_equal(line.n_fields, 4);
	assert_true(eg_learn_word_is(eg_learn_field(&line, "dst"), "18.4.5.6"));
	assert_null(eg_learn_field(&line, "errno"));
	assert_int_equal(parse(FRONT "SUPPRESSED session=7 user=alice count=57", &line), 0);
	assert_int_equal(line.kind, EG_LEARN_SUPPRESSED);
	assert_int_equal(line.count, 57);
	assert_int_equal(parse(FRONT "END session=7 user=alice uid=1 profile=p seconds=4 refused=0 "
				     "audited=9 lost=3 connect=9",
			       &line),
			 0);
	assert_int_equal(line.kind, EG_LEARN_END);
	assert_int_equal(line.count, 3);
}

/* What stands behind the tag of another program, or in another place, is what a user can have
 * written; what is not as the helper writes it has been cut or forged. */
static void test_line_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"2026-11-21T10:00:00Z host sshd[1]: Invalid user x " FRONT "AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host logger: ebpfguard-helper[1]: AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host xebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-hacker[1]: AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default x=ebpfguard-helper[1]: errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1x]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1] AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z  ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"    ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{FRONT "DENY connect session=7", -ENOMSG},
		{FRONT "AUDITED connect session=7", -ENOMSG},
		{FRONT "cannot AUDIT connect session=7", -ENOMSG},
		{FRONT, -ENOMSG},
		{"", -ENOMSG},
		{FRONT "AUDIT", -EBADMSG},
		{LINE("connect", "proto=tcp dst=1.2.3.4 port=1 rule=default") " errno=EPERM",
		 -EBADMSG},
		{LINE("connect", "proto=tcp dst=1.2.3.4 port=1 rule=default") " x", -EBADMSG},
		{LINE("connect", "proto=tcp  dst=1.2.3.4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst="), -EBADMSG},
		{LINE("connect", "proto=tcp dst=\"1.2.3.4\""), -EBADMSG},
		{LINE("connect", "proto=tcp dst=1=2"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\b"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\xGG"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x00"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\tb"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=\xc3\xa4"), -EBADMSG},
		{LINE("CONNECT", "proto=tcp"), -EBADMSG},
		{LINE("connect", "a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1"), -EBADMSG},
		{FRONT "AUDIT connect session=x user=a uid=1", -EBADMSG},
		{FRONT "AUDIT connect user=alice session=7 uid=1", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=5 6", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=99999999999999999999", -EBADMSG},
		{FRONT "END session=7 user=alice uid=1 profile=p seconds=4 refused=0", -EBADMSG},
	};
	struct eg_learn_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		if (parse(cases[i].text, &line) != cases[i].err)
			fail_msg("%zu: %s", i, cases[i].text);
}

static void test_line_cut_or_mutated(void **state)
{
	struct eg_learn_proposal proposal;
	struct eg_learn_line line;
	size_t n = strlen(CONNECT);
	unsigned int seed = 1;

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_true(eg_learn_line_parse(CONNECT, i, NOW_S, &line) < 0);
	for (int i = 0; i < 20000; i++) {
		/* exactly as long as it is, so that ASan sees a byte too many */
		eg_auto_free char *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, CONNECT, n);
		for (int j = 0; j < 3; j++)
			copy[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		if (eg_learn_line_parse(copy, n, NOW_S, &line) == 0)
			(void)eg_learn_propose(&line, &proposal);
	}
}

static void test_unescape(void **state)
{
	struct eg_learn_word word = {"a\\x20b\\x22\\x5c\\x0a\\xff", 22};
	char buf[16];

	(void)state;
	assert_int_equal(eg_learn_unescape(&word, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "a b\"\\\n\xff");
	assert_int_equal(eg_learn_unescape(&word, buf, 8), 0);
	assert_int_equal(eg_learn_unescape(&word, buf, 7), -ERANGE);
}

/* ---- proposals */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_line_whole),
		cmocka_unit_test(test_line_refused),
		cmocka_unit_test(test_line_cut_or_mutated),
		cmocka_unit_test(test_unescape),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
