// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is not a line of the helper's: others' words, lines that were cut, and what users would like
 * to have believed. */
#include <errno.h>

#include "event.h"
#include "learn_helpers.h"
#include "util.h"

static void test_refused(void **state)
{
#define REST "proto=tcp dst=1.2.3.4 port=1 rule=default"
#define J    "{\"event\":\"quarantine\",\"session\":7,\"user\":\"a\""
#define JEND ",\"host\":\"h\",\"time\":\"2026-11-21T10:00:00.123Z\",\"mono\":1.5}"
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		/* behind the tag of another program, or in another place */
		{"2026-11-21T10:00:00Z host sshd[1]: Invalid user x " LINE("connect", REST),
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host logger: ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host xebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-hacker[1]: AUDIT connect" HEAD REST
		 " x=ebpfguard-helper[1]: errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1x]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1] AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z  ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"    ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{" DENY connect session=7", -ENOMSG},
		{FRONT "AUDITED connect session=7", -ENOMSG},
		{FRONT "cannot AUDIT connect session=7", -ENOMSG},
		{FRONT "ENFORCING is not what it does", -ENOMSG},
		{FRONT, -ENOMSG},
		{"", -ENOMSG},
		/* not as the helper writes it */
		{J ",\"host\":\"h\",\"time\":\"\",\"mono\":1.5}", -EBADMSG},
		{J ",\"host\":\"h\",\"time\":\"2026-11-21T10:00:00.123Z\",\"mono\":1.5,\"args\":["
		   "\"a\"]}",
		 -EBADMSG},
		{FRONT "AUDIT", -EBADMSG},
		{FRONT "AUDIT connect" HEAD REST " errno=0", -EBADMSG},
		{FRONT "AUDIT connect" HEAD REST " errno=EPERM count=1" TAIL, -EBADMSG},
		{FRONT "DENY connect" HEAD REST " errno=0 count=1" TAIL, -EBADMSG},
		{FRONT "DENY connect" HEAD REST " count=1" TAIL, -EBADMSG},
		{LINE("connect", REST) " x", -EBADMSG},
		{LINE("connect", REST) " ", -EBADMSG},
		{LINE("connect", REST) " x=1", -EBADMSG},
		{LINE("connect", "proto=tcp  dst=1.2.3.4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst="), -EBADMSG},
		{LINE("connect", "proto=tcp dst=1=2"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\b"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\xGG"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x00"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\tb"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=\xc3\xa4"), -EBADMSG},
		{LINE("connect", "Proto=tcp"), -EBADMSG},
		{LINE("connect", "proto=tcp proto=udp"), -EBADMSG},
		{LINE("connect", "proto=tcp user=root"), -EBADMSG},
		{LINE("connect", "proto=\"a\"b"), -EBADMSG},
		{LINE("connect", "proto=\"a"), -EBADMSG},
		{LINE("connect", "args=\"a\""), -EBADMSG}, /* twice, with that of each line */
		{LINE("CONNECT", "proto=tcp"), -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a" TAIL "x", -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a" TAIL "6", -EBADMSG},
		{FRONT
		 "QUARANTINE session=7 user=a host=h mono=1.500 time=2026-11-21T10:00:00.123Z",
		 -EBADMSG},
		{FRONT
		 "QUARANTINE session=7 user=a host=h time=2026-02-30T10:00:00.123Z mono=1.500",
		 -EBADMSG},
		{FRONT
		 "QUARANTINE session=7 user=a host=h time=2026-11-21T10:00:00+01:00 mono=1.500",
		 -EBADMSG},
		{FRONT "EXEC session=7 user=a uid=1 tty=- pid=4 ppid=3 args=\"a\" b" TAIL,
		 -EBADMSG},
		{FRONT "EXEC session=7 user=a uid=1 tty=- pid=4 ppid=3 args=\"a\"b" TAIL, -EBADMSG},
		{FRONT "AUDIT connect session=x user=a uid=1", -EBADMSG},
		{FRONT "QUARANTINE session=x user=a" TAIL, -EBADMSG},
		{FRONT "QUARANTINE user=alice session=7" TAIL, -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=5 6" TAIL, -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=99999999999999999999" TAIL, -EBADMSG},
		{FRONT "END session=7 user=alice uid=1 profile=p seconds=4 refused=0" TAIL,
		 -EBADMSG},
		/* what has a place of its own */
		{FRONT "QUARANTINE session=7 user=a op=x" TAIL, -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a event=x" TAIL, -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a verdict=x" TAIL, -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a args_cut=x" TAIL, -EBADMSG},
		{FRONT "QUARANTINE session=7 user=a ops=x" TAIL, 0},
		/* JSON */
		{J ",\"args_cut\":true" JEND, -EBADMSG},
		{J ",\"args\":[],\"args_cut\":true" JEND, 0},
		{J JEND, 0},
		{J JEND "{}", -EBADMSG},
		{J "}", -EBADMSG},
		{J ",\"x\":{}" JEND, -EBADMSG},
		{J ",\"x\":[]" JEND, -EBADMSG},
		{J ",\"x\":null" JEND, -EBADMSG},
		{J ",\"X\":1" JEND, -EBADMSG},
		{J ",\"x\":\"\\u0000\"" JEND, -EBADMSG},
		{J ",\"x\":\"\\\\\"" JEND, -EBADMSG},
		{J ",\"x\":\"\\\\x00\"" JEND, -EBADMSG},
		{J ",\"x\":\"\xff\"" JEND, -EBADMSG},
		{J ",\"args\":[1]" JEND, -EBADMSG},
		/* which is printed as it is */
		{J ",\"op\":\"connect\"" JEND, 0},
		{J ",\"op\":\"\\u001b[2J\"" JEND, -EBADMSG},
		{J ",\"op\":\"a\\nb\"" JEND, -EBADMSG},
		{J ",\"op\":\"\"" JEND, -EBADMSG},
		{J ",\"op\":1" JEND, -EBADMSG},
		{J ",\"args\":\"a\"" JEND, -EBADMSG},
		{"{\"event\":\"something\"}", -ENOMSG},
		{"{\"message\":\"x\"}", -ENOMSG},
		{"{\"event\":\"refusal\",\"verdict\":\"allow\",\"op\":\"connect\"}", -ENOMSG},
		{"{\"event\":\"quarantine\",\"user\":\"a\"" JEND, -EBADMSG},
		{"{\"event\":\"refusal\",\"verdict\":\"deny\",\"session\":7,\"errno\":"
		 "\"EPERM\"" JEND,
		 -EBADMSG},
		{"{\"event\":\"refusal\",\"verdict\":\"deny\",\"op\":\"connect\",\"session\":"
		 "7" JEND,
		 -EBADMSG},
		{"{", -EBADMSG},
	};
	static struct eg_record_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		if (parse(cases[i].text, &line) != cases[i].err)
			fail_msg("%zu: %d: %s", i, parse(cases[i].text, &line), cases[i].text);
}

/* A process, a file or an argument has a name that looks like more fields, or another line. */
static void test_names_make_no_fields(void **state)
{
	static const char *const names[] = {
		"x session=1 user=root",
		"x\nDENY connect session=1 user=root",
		"x\" session=1 user=root \"",
		"\" host=evil time=2020-01-01T00:00:00.000Z mono=1.000",
		"\",\"user\":\"root\"",
		"x mono=1",
		"\\",
		"\\x20",
	};
	static struct eg_record_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(names); i++) {
		eg_auto_free char *text = NULL;
		char word[512];

		eg_event_escape(names[i], word, sizeof(word));
		assert_true(asprintf(&text,
				     FRONT "DENY connect session=7 user=alice uid=1 profile=p "
					   "rhost=- rport=0 tty=- pid=1 ppid=1 comm=%s exe=%s "
					   "proto=tcp errno=EPERM count=1 args=\"%s\"" TAIL,
				     word, word, word) > 0);
		assert_int_equal(parse(text, &line), 0);
		assert_string_equal(eg_record_get(&line, "user"), "alice");
		assert_string_equal(eg_record_get(&line, "session"), "7");
		assert_string_equal(eg_record_get(&line, "comm"), names[i]);
		assert_string_equal(line.args, names[i]);
		assert_string_equal(eg_record_get(&line, "host"), "h");
		/* and when it was not escaped, nothing of the line is believed */
		(void)snprintf(text, strlen(text),
			       FRONT "DENY connect session=7 user=alice uid=1 profile=p rhost=- "
				     "rport=0 tty=- pid=1 ppid=1 comm=%s",
			       names[i]);
		assert_int_equal(parse(text, &line), -EBADMSG);
	}
}

/* Of a line that was cut stays what is whole: whose it is, and when. */
static void test_cut(void **state)
{
	static struct eg_record_line line;

	(void)state;
	assert_int_equal(parse(FRONT "AUDIT connect session=7 user=alice uid=10", &line), -EBADMSG);
	assert_int_equal(line.kind, EG_RECORD_REFUSAL);
	assert_true(line.time_ms == (int64_t)(NOW_S - 14 * 3600) * 1000);
	assert_string_equal(eg_record_get(&line, "user"), "alice");
	assert_null(eg_record_get(&line, "uid"));
	assert_int_equal(parse(FRONT "AUDIT connect session=7 user=al", &line), -EBADMSG);
	assert_null(eg_record_get(&line, "user"));
	assert_int_equal(parse("DENY connect session=7 user=alice uid", &line), -EBADMSG);
	assert_true(line.time_ms == 0);
	assert_int_equal(parse(FRONT "{\"event\":\"refusal\",\"user\":\"ali", &line), -EBADMSG);
	assert_true(line.time_ms == (int64_t)(NOW_S - 14 * 3600) * 1000);
	assert_int_equal(line.kind, EG_RECORD_KINDS);
	assert_int_equal(line.n_fields, 0);
}

/* By a full disk, at any place. */
static void test_cut_anywhere(void **state)
{
	static struct eg_record_line line;
	char text[] = LINE("connect", "proto=tcp dst=1.2.3.4 port=1 rule=default");

	(void)state;
	assert_int_equal(parse(text, &line), 0);
	for (size_t n = strlen(text) - 1; n > 0; n--) {
		text[n] = '\0';
		assert_int_not_equal(parse(text, &line), 0);
	}
}

static void test_mutated(void **state)
{
	static const char *const lines[] = {CONNECT, J ",\"args\":[\"a\",\"\\u00e4\"]" JEND};
	static struct eg_record_line line;
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *text = lines[i % 2];
		size_t n = strlen(text);
		/* exactly as long as it is, so that ASan sees a byte too many */
		eg_auto_free char *copy = malloc(n);
		struct eg_learn_proposal proposal;

		assert_non_null(copy);
		memcpy(copy, text, n);
		for (int j = 0; j < 3; j++)
			copy[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		if (eg_record_line_parse(copy, n, NOW_S, &line) == 0 &&
		    line.kind == EG_RECORD_REFUSAL)
			(void)eg_learn_propose(&line, &proposal);
	}
}

/* As many fields and bytes as there is room for, and more. */
static void test_limits(void **state)
{
	static struct eg_record_line line;
	static char text[EG_RECORD_LINE_MAX + 1024];

	(void)state;
	for (int fields = 80; fields < 110; fields++) {
		int n = snprintf(text, sizeof(text), "QUARANTINE session=7 user=a");

		for (int i = 0; i < fields - 5; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, " f%d=1", i);
		(void)snprintf(text + n, sizeof(text) - (size_t)n, TAIL);
		assert_int_equal(parse(text, &line), fields <= EG_RECORD_FIELDS_MAX ? 0 : -EBADMSG);
	}
	for (int size = 32000; size < 33000; size++) {
		int n = snprintf(text, sizeof(text), "QUARANTINE session=7 user=");

		memset(text + n, 'a', (size_t)size);
		(void)snprintf(text + n + size, sizeof(text) - (size_t)(n + size), TAIL);
		assert_int_equal(parse(text, &line),
				 strlen(text) <= EG_RECORD_LINE_MAX ? 0 : -ENOMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_names_make_no_fields),
		cmocka_unit_test(test_cut),	cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_mutated), cmocka_unit_test(test_limits),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
