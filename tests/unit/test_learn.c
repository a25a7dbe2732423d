// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From many lines of AUDIT to one allow list: evidence, whose lines, and how many are kept. */
#include <errno.h>
#include <stdbool.h>

#include "learn_helpers.h"
#include "util.h"

static void test_evidence(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;

	(void)state;
	for (int i = 0; i < 7; i++) {
		char line[1024];

		(void)snprintf(line, sizeof(line),
			       "Nov 22 10:00:00 host ebpfguard-helper[1]: AUDIT %s session=%d "
			       "user=u%d uid=1 profile=ops rhost=- rport=0 tty=- pid=1 ppid=1 "
			       "comm=curl exe=%s proto=udp dst=1.2.3.4 port=53 rule=default "
			       "errno=0 count=2 last=2026-11-21T10:01:00.000Z host=h "
			       "time=2026-11-21T10:00:0%d.123Z mono=1.000",
			       i % 2 ? "connect" : "sendmsg", i, i / 3, i ? "/usr/bin/curl" : "-",
			       9 - i);
		take(&learn, line);
	}
	text = print(&learn);
	assert_non_null(strstr(
		text, "# sendmsg, connect, 14 times, 2026-11-21T10:00:03Z to "
		      "2026-11-21T10:00:09Z; users u0, u1, u2; programs curl, "
		      "/usr/bin/curl; sessions 0, 1, 2, 3, 4 and others\n\t\"1.2.3.4:53/udp\"\n"));
	assert_non_null(strstr(text, "# Profile ops, 7 lines of AUDIT, "));
	assert_null(strstr(text, "INCOMPLETE"));
	eg_learn_done(&learn);
}

static void test_evidence_incomplete(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;

	(void)state;
	take(&learn, CONNECT);
	take(&learn, FRONT "SUPPRESSED session=7 user=alice count=57 connect=57" TAIL);
	take(&learn, FRONT "SUPPRESSED session=8 user=bob count=3 connect=3" TAIL);
	take(&learn, FRONT "END session=7 user=alice uid=1 profile=default seconds=4 refused=0 "
			   "audited=9 lost=4 connect=9" TAIL);
	take(&learn, FRONT "AUDIT connect session=7");
	text = print(&learn);
	assert_non_null(strstr(text, "(SUPPRESSED): 60\n"));
	assert_non_null(strstr(text, "(LOST, and lost= of END): 4\n"));
	assert_non_null(strstr(text, "or are not the helper's: 1\n"));
	eg_config_free(must_parse(text));
	eg_learn_done(&learn);
}

/* What a session says is missing: as long as it has no END, and then once. */
static void test_missing(void **state)
{
#define NO(n)	     " session=" n " user=alice "
#define END(n, rest) FRONT "END" NO(n) "uid=1 profile=default seconds=4 refused=0 audited=9 " rest
	static const struct {
		const char *profile, *lines[8];
		struct eg_learn_missing missing;
	} cases[] = {
		{NULL, {FRONT "LOST" NO("7") "count=5 connect=5" TAIL}, {5, 5, 0}},
		{NULL,
		 {FRONT "LOST" NO("7") "count=5 connect=5" TAIL,
		  FRONT "LOST" NO("8") "count=2" TAIL, FRONT "LOST" NO("7") "count=1" TAIL,
		  END("7", "lost=6 connect=9" TAIL)},
		 {8, 2, 0}},
		/* the one counts what the other does not */
		{NULL,
		 {FRONT "LOST" NO("7") "count=5" TAIL, END("7", "lost=2" TAIL),
		  FRONT "LOST" NO("8") "count=1" TAIL, END("8", "lost=4" TAIL)},
		 {9, 0, 0}},
		{NULL, {END("7", "lost=0" TAIL)}, {0, 0, 0}},
		/* the number is given again */
		{NULL,
		 {FRONT "LOST" NO("7") "count=5" TAIL,
		  FRONT "START" NO("7") "uid=1 profile=default rhost=- rport=0 service=sshd key=- "
					"pid=1 origin=- cgroup=/x" TAIL,
		  FRONT "LOST" NO("7") "count=2" TAIL, END("7", "lost=2" TAIL)},
		 {7, 5, 0}},
		{NULL,
		 {END("7", "lost=3" TAIL),
		  FRONT "LOST" NO("7") "count=2 host=h "
				       "time=2026-11-23T10:00:00.000Z mono=2.000"},
		 {5, 2, 0}},
		/* recordings are counted up */
		{NULL,
		 {FRONT "UNRECORDED" NO("7") "exec=1 exit=0 connect=0 open=0" TAIL,
		  FRONT "UNRECORDED" NO("7") "exec=1 exit=2 connect=0 open=3" TAIL},
		 {0, 0, 6}},
		{NULL,
		 {FRONT "UNRECORDED" NO("7") "exec=1 exit=0 connect=0 open=0" TAIL,
		  END("7", "lost=0 unrecorded_exec=1 unrecorded_open=8" TAIL)},
		 {0, 0, 9}},
		/* that a session is of another profile only its END tells */
		{"ops", {FRONT "LOST" NO("7") "count=5" TAIL}, {5, 5, 0}},
		{"ops", {FRONT "LOST" NO("7") "count=5" TAIL, END("7", "lost=9" TAIL)}, {0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_learn learn = {.now_s = NOW_S, .profile = cases[i].profile};
		struct eg_learn_missing got;

		for (size_t k = 0; cases[i].lines[k]; k++)
			take(&learn, cases[i].lines[k]);
		eg_learn_gaps_sum(&learn.gaps, &got);
		if (memcmp(&got, &cases[i].missing, sizeof(got)) != 0 || learn.broken)
			fail_msg("%zu: %llu %llu %llu, %llu broken", i,
				 (unsigned long long)got.lost, (unsigned long long)got.lost_open,
				 (unsigned long long)got.unrecorded,
				 (unsigned long long)learn.broken);
		eg_learn_done(&learn);
	}
#undef NO
#undef END
}

/* More sessions than are kept apart: none of what they lost is forgotten. */
static void test_missing_most(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	struct eg_learn_missing got;
	char line[256];

	(void)state;
	for (int i = 0; i < EG_LEARN_GAPS_MAX + 3; i++) {
		(void)snprintf(line, sizeof(line), FRONT "LOST session=%d user=x count=2" TAIL, i);
		take(&learn, line);
	}
	eg_learn_gaps_sum(&learn.gaps, &got);
	assert_int_equal(got.lost, 2 * (EG_LEARN_GAPS_MAX + 3));
	assert_int_equal(got.lost_open, got.lost);
	eg_learn_done(&learn);
}

static void test_directory(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;
	struct eg_config *config;

	(void)state;
	take(&learn, LINE("file", "access=read path=/srv/tree reason=place rule=files"));
	text = print(&learn);
	config = must_parse(text);
	assert_int_equal(config->profiles[0].files_allow.n, 0);
	assert_non_null(strstr(text, "# NOT PROPOSED for files.allow: \"/srv/tree\": it is a "
				     "directory"));
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_whose(void **state)
{
	static const struct {
		const char *user, *profile;
		int64_t since_s;
		uint64_t lines;
		size_t others;
		uint64_t suppressed;
	} cases[] = {
		{NULL, NULL, 0, 2, 1, 5},
		{"alice", NULL, 0, 2, 0, 5},
		{"a b", NULL, 0, 1, 0, 0},
		{"nobody", NULL, 0, 0, 0, 0},
		{NULL, "ops", 0, 1, 1, 5},
		{"alice", "ops", 0, 0, 1, 5},
		{NULL, "none", 0, 0, 2, 5},
		{NULL, NULL, NOW_S - 14 * 3600, 2, 1, 5},
		{NULL, NULL, NOW_S - 14 * 3600 + 1, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_learn learn = {.now_s = NOW_S,
					 .user = cases[i].user,
					 .profile = cases[i].profile,
					 .since_s = cases[i].since_s};

		take(&learn, CONNECT);
		take(&learn, CONNECT);
		take(&learn,
		     FRONT "AUDIT userns session=9 user=a\\x20b uid=1 profile=ops rhost=- "
			   "rport=0 tty=- pid=1 ppid=1 comm=x exe=- rule=setuid errno=0" TAIL);
		take(&learn, FRONT "SUPPRESSED session=7 user=alice count=5 connect=5" TAIL);
		if (learn.lines != cases[i].lines || learn.n_others != cases[i].others ||
		    learn.suppressed != cases[i].suppressed)
			fail_msg("%zu: %llu %zu %llu", i, (unsigned long long)learn.lines,
				 learn.n_others, (unsigned long long)learn.suppressed);
		eg_learn_done(&learn);
	}
}

/* A scan of everything: what there is room for is kept and is right, the rest is counted. */
static void test_most(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	enum { OVER = 100 };
	eg_auto_free char *text = NULL;
	struct eg_config *config;
	char line[1024];

	(void)state;
	for (int i = 0; i < EG_LEARN_ITEMS_MAX + OVER; i++) {
		(void)snprintf(line, sizeof(line),
			       LINE("connect", "proto=tcp dst=18.4.5.6 port=%d rule=18.0.0.0/9"),
			       i);
		take(&learn, line);
	}
	assert_int_equal(learn.n_items, EG_LEARN_ITEMS_MAX);
	assert_int_equal(learn.dropped, OVER);
	text = print(&learn);
	assert_non_null(strstr(text, "or --since: 100\n"));
	config = must_parse(text);
	assert_int_equal(config->profiles[0].egress.n, EG_LEARN_ITEMS_MAX);
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_most_of_a_list(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;
	struct eg_config *config;
	char line[1024];

	(void)state;
	for (int i = 0; i < EG_CONFIG_TEXTS_MAX + 1; i++) {
		(void)snprintf(line, sizeof(line),
			       LINE("mount", "path=/mnt/%03d type=tmpfs rule=mount"), i);
		take(&learn, line);
	}
	text = print(&learn);
	config = must_parse(text);
	assert_int_equal(config->profiles[0].mount_allow.n, EG_CONFIG_TEXTS_MAX);
	assert_non_null(
		strstr(text, "# NOT PROPOSED for mount.allow: \"/mnt/256\": there are more"));
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_nothing(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = print(&learn);

	(void)state;
	assert_non_null(strstr(text, "# There is no line of AUDIT.\n"));
	eg_config_free(must_parse(text));
	eg_learn_done(&learn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence),  cmocka_unit_test(test_evidence_incomplete),
		cmocka_unit_test(test_missing),	  cmocka_unit_test(test_missing_most),
		cmocka_unit_test(test_directory), cmocka_unit_test(test_whose),
		cmocka_unit_test(test_most),	  cmocka_unit_test(test_most_of_a_list),
		cmocka_unit_test(test_nothing),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
