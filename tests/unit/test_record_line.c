// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of the log in both formats: each kind becomes the same record, and what is written again as
 * JSON is that record once more. */
#include <errno.h>

#include "event.h"
#include "learn_helpers.h"
#include "util.h"

#define TIME_MS ((int64_t)(NOW_S - 14 * 3600) * 1000 + 123)
#define JTAIL	",\"host\":\"h\",\"time\":\"2026-11-21T10:00:00.123Z\",\"mono\":12.345}"
#define JWHO	"\"session\":7,\"user\":\"alice\","
#define WHO	"session=7 user=alice "

static const struct {
	const char *kv, *json;
	enum eg_record_kind kind;
} pairs[] = {
	{"DENY connect session=7 user=alice uid=1000 profile=default rhost=10.0.0.5 rport=5 "
	 "tty=pts/0 pid=8 ppid=7 comm=curl exe=/usr/bin/curl proto=tcp dst=18.4.5.6 port=80 "
	 "rule=18.0.0.0/9 feed=/f line=3 errno=EPERM count=4 last=2026-11-21T10:00:04.000Z "
	 "replayed=yes layer=call src=10.0.0.2 sport=40112 service=sshd key=SHA256:abc loginuid=9 "
	 "audit_session=3 cgroup=5123 generation=7 config=/etc/c args=\"curl\" \"a b\" \"\"" TAIL,
	 "{\"event\":\"refusal\",\"verdict\":\"deny\",\"op\":\"connect\"," JWHO
	 "\"uid\":1000,\"profile\":\"default\",\"rhost\":\"10.0.0.5\",\"rport\":5,\"tty\":\"pts/"
	 "0\",\"pid\":8,\"ppid\":7,\"comm\":\"curl\",\"exe\":\"/usr/bin/curl\",\"proto\":\"tcp\","
	 "\"dst\":\"18.4.5.6\",\"port\":80,\"rule\":\"18.0.0.0/9\",\"feed\":\"/f\",\"line\":3,"
	 "\"errno\":\"EPERM\",\"count\":4,\"last\":\"2026-11-21T10:00:04.000Z\",\"replayed\":"
	 "\"yes\",\"layer\":\"call\",\"src\":\"10.0.0.2\",\"sport\":40112,\"service\":\"sshd\","
	 "\"key\":\"SHA256:abc\",\"loginuid\":9,\"audit_session\":3,\"cgroup\":5123,"
	 "\"generation\":7,\"config\":\"/etc/c\",\"args\":[\"curl\",\"a b\",\"\"]" JTAIL,
	 EG_RECORD_REFUSAL},
	{"AUDIT userns session=7 user=alice uid=1 profile=p rhost=- rport=0 tty=- pid=- ppid=- "
	 "comm=x exe=- rule=setuid errno=0 count=1 layer=call args=-" TAIL,
	 "{\"event\":\"refusal\",\"verdict\":\"audit\",\"op\":\"userns\"," JWHO
	 "\"uid\":1,\"profile\":\"p\",\"rport\":0,\"comm\":\"x\",\"rule\":\"setuid\",\"errno\":"
	 "\"0\",\"count\":1,\"layer\":\"call\"" JTAIL,
	 EG_RECORD_REFUSAL},
	{"RESET " WHO "uid=1 profile=p rhost=1.2.3.4 proto=tcp src=1.1.1.1 sport=4 dst=2.2.2.2 "
	 "port=5 rule=default" TAIL,
	 "{\"event\":\"flow\",\"verdict\":\"reset\"," JWHO
	 "\"uid\":1,\"profile\":\"p\",\"rhost\":\"1.2.3.4\",\"proto\":\"tcp\",\"src\":\"1.1.1.1\","
	 "\"sport\":4,\"dst\":\"2.2.2.2\",\"port\":5,\"rule\":\"default\"" JTAIL,
	 EG_RECORD_FLOW},
	{"START " WHO "uid=1 profile=p rhost=1.2.3.4 cgroup=/a" TAIL,
	 "{\"event\":\"start\"," JWHO
	 "\"uid\":1,\"profile\":\"p\",\"rhost\":\"1.2.3.4\",\"cgroup\":\"/a\"" JTAIL,
	 EG_RECORD_START},
	{"END " WHO "uid=1 profile=p seconds=4 refused=1 audited=2 lost=3 connect=9" TAIL,
	 "{\"event\":\"end\"," JWHO
	 "\"uid\":1,\"profile\":\"p\",\"seconds\":4,\"refused\":1,\"audited\":2,\"lost\":3,"
	 "\"connect\":9" JTAIL,
	 EG_RECORD_END},
	{"SUPPRESSED " WHO "count=12 connect=10 setuid=2 replayed=yes" TAIL,
	 "{\"event\":\"suppressed\"," JWHO
	 "\"count\":12,\"connect\":10,\"setuid\":2,\"replayed\":\"yes\"" JTAIL,
	 EG_RECORD_SUPPRESSED},
	{"LOST " WHO "count=20 connect=20" TAIL,
	 "{\"event\":\"lost\"," JWHO "\"count\":20,\"connect\":20" JTAIL, EG_RECORD_LOST},
	{"STRAY " WHO "pid=4 cgroup=/x" TAIL,
	 "{\"event\":\"stray\"," JWHO "\"pid\":4,\"cgroup\":\"/x\"" JTAIL, EG_RECORD_STRAY},
	{"EXEC " WHO "uid=1 tty=- pid=4 ppid=3 exe=/bin/a cwd=/ argc=2 args=\"a\"..." TAIL,
	 "{\"event\":\"exec\"," JWHO
	 "\"uid\":1,\"pid\":4,\"ppid\":3,\"exe\":\"/bin/a\",\"cwd\":\"/\",\"argc\":2,\"args\":"
	 "[\"a\"],\"args_cut\":true" JTAIL,
	 EG_RECORD_EXEC},
	{"EXIT " WHO "uid=1 tty=- pid=4 ppid=3 comm=a seconds=1.5 signal=TERM core=no" TAIL,
	 "{\"event\":\"exit\"," JWHO
	 "\"uid\":1,\"pid\":4,\"ppid\":3,\"comm\":\"a\",\"seconds\":1.5,\"signal\":\"TERM\","
	 "\"core\":\"no\"" JTAIL,
	 EG_RECORD_EXIT},
	{"CONNECT " WHO "uid=1 tty=- pid=4 ppid=3 comm=a exe=/a proto=tcp dst=::1 port=1" TAIL,
	 "{\"event\":\"connect\"," JWHO
	 "\"uid\":1,\"pid\":4,\"ppid\":3,\"comm\":\"a\",\"exe\":\"/a\",\"proto\":\"tcp\",\"dst\":"
	 "\"::1\",\"port\":1" JTAIL,
	 EG_RECORD_CONNECT},
	{"SEND " WHO "uid=1 tty=- pid=4 ppid=3 proto=udp" TAIL,
	 "{\"event\":\"send\"," JWHO "\"uid\":1,\"pid\":4,\"ppid\":3,\"proto\":\"udp\"" JTAIL,
	 EG_RECORD_SEND},
	{"OPEN " WHO "uid=1 tty=- pid=4 ppid=3 access=read path=/p" TAIL,
	 "{\"event\":\"open\"," JWHO
	 "\"uid\":1,\"pid\":4,\"ppid\":3,\"access\":\"read\",\"path\":\"/p\"" JTAIL,
	 EG_RECORD_OPEN},
	{"KILL signal " WHO "uid=1 profile=p rhost=- rport=0 tty=- pid=8 ppid=7 comm=x exe=- "
	 "target_pid=9 signal=9 rule=signal errno=EPERM count=1 layer=call args=-" TAIL,
	 "{\"event\":\"refusal\",\"verdict\":\"kill\",\"op\":\"signal\"," JWHO
	 "\"uid\":1,\"profile\":\"p\",\"rport\":0,\"pid\":8,\"ppid\":7,\"comm\":\"x\","
	 "\"target_pid\":9,\"signal\":9,\"rule\":\"signal\",\"errno\":\"EPERM\",\"count\":1,"
	 "\"layer\":\"call\"" JTAIL,
	 EG_RECORD_REFUSAL},
	/* a realtime one has no name, and stands where names do */
	{"EXIT " WHO "uid=1 tty=- pid=4 ppid=3 comm=a seconds=1.5 signal=34 core=no" TAIL,
	 "{\"event\":\"exit\"," JWHO
	 "\"uid\":1,\"pid\":4,\"ppid\":3,\"comm\":\"a\",\"seconds\":1.5,\"signal\":\"34\","
	 "\"core\":\"no\"" JTAIL,
	 EG_RECORD_EXIT},
	{"UNRECORDED " WHO "exec=1 exit=0 connect=2 open=3" TAIL,
	 "{\"event\":\"unrecorded\"," JWHO "\"exec\":1,\"exit\":0,\"connect\":2,\"open\":3" JTAIL,
	 EG_RECORD_UNRECORDED},
	{"KILLED " WHO "uid=1 profile=7 order=3 by_uid=0 by_loginuid=1001 by_pid=9 before=5 "
	 "processes=4" TAIL,
	 "{\"event\":\"killed\"," JWHO
	 "\"uid\":1,\"profile\":\"7\",\"order\":3,\"by_uid\":0,\"by_loginuid\":1001,"
	 "\"by_pid\":9,\"before\":\"5\",\"processes\":4" JTAIL,
	 EG_RECORD_KILLED},
	{"QUARANTINE " WHO "by=root" TAIL,
	 "{\"event\":\"quarantine\"," JWHO "\"by\":\"root\"" JTAIL, EG_RECORD_QUARANTINE},
	{"RELEASE " WHO "by=root" TAIL, "{\"event\":\"release\"," JWHO "\"by\":\"root\"" JTAIL,
	 EG_RECORD_RELEASE},
	{"KILLED " WHO "by=root" TAIL, "{\"event\":\"killed\"," JWHO "\"by\":\"root\"" JTAIL,
	 EG_RECORD_KILLED},
	{"TIGHTEN " WHO "profile=p" TAIL, "{\"event\":\"tighten\"," JWHO "\"profile\":\"p\"" JTAIL,
	 EG_RECORD_TIGHTEN},
	{"ENFORCING and what else" TAIL, NULL, EG_RECORD_ENFORCING},
	{"REFUSED open user=a pid=3 errno=1 reason=\"not now\"" TAIL,
	 "{\"event\":\"refused\",\"op\":\"open\",\"user\":\"a\",\"pid\":3,\"errno\":1,\"reason\":"
	 "\"not "
	 "now\"" JTAIL,
	 EG_RECORD_REFUSED},
	{"ENFORCING version=0.1.0 abi=6" TAIL,
	 "{\"event\":\"enforcing\",\"version\":\"0.1.0\",\"abi\":6" JTAIL, EG_RECORD_ENFORCING},
	{"POLICY generation=4 mode=enforce" TAIL,
	 "{\"event\":\"policy\",\"generation\":4,\"mode\":\"enforce\"" JTAIL, EG_RECORD_POLICY},
};

/* Owned by the caller. */
static char *json_of(const struct eg_record_line *line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	eg_record_print_json(line, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(text[size - 1], '\n');
	text[size - 1] = '\0';
	return text;
}

/* Alone and behind a front, and nothing of it when a byte is missing. */
static void reads_as(const char *text, enum eg_record_kind kind, const char *json)
{
	static const char *const fronts[] = {"", FRONT,
					     "Nov 21 10:00:00 host ebpfguard-helper[1]: "};
	static struct eg_record_line line;

	for (size_t i = 0; i < EG_ARRAY_SIZE(fronts); i++) {
		char whole[4096];
		eg_auto_free char *again = NULL;
		int n = snprintf(whole, sizeof(whole), "%s%s", fronts[i], text);

		if (eg_record_line_parse(whole, (size_t)n, NOW_S, &line) != 0)
			fail_msg("not read: %s", whole);
		assert_int_equal(line.kind, kind);
		assert_true(line.time_ms == TIME_MS);
		again = json_of(&line);
		assert_string_equal(again, json);
		for (int cut = 0; cut < n; cut++)
			if (eg_record_line_parse(whole, (size_t)cut, NOW_S, &line) == 0)
				fail_msg("read: %.*s", cut, whole);
	}
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(pairs); i++) {
		static struct eg_record_line line;

		if (!pairs[i].json) {
			/* what is no record may be a sentence */
			assert_int_equal(parse(pairs[i].kv, &line), -ENOMSG);
			continue;
		}
		reads_as(pairs[i].kv, pairs[i].kind, pairs[i].json);
		reads_as(pairs[i].json, pairs[i].kind, pairs[i].json);
	}
}

static void test_fields(void **state)
{
	static struct eg_record_line line;

	(void)state;
	for (int json = 0; json < 2; json++) {
		assert_int_equal(parse(json ? pairs[0].json : pairs[0].kv, &line), 0);
		assert_string_equal(line.event, "refusal");
		assert_string_equal(line.verdict, "deny");
		assert_string_equal(line.op, "connect");
		assert_string_equal(eg_record_get(&line, "user"), "alice");
		assert_null(eg_record_get(&line, "args"));
		assert_null(eg_record_get(&line, "op"));
		assert_int_equal(eg_record_number(&line, "port"), 80);
		assert_int_equal(eg_record_number(&line, "user"), 0);
		assert_int_equal(eg_record_count(&line), 4);
		assert_int_equal(line.n_args, 3);
		assert_memory_equal(line.args, "curl\0a b\0", 10);
		assert_false(line.args_cut);
		assert_int_equal(parse(json ? pairs[1].json : pairs[1].kv, &line), 0);
		assert_null(eg_record_get(&line, "exe"));
		assert_null(eg_record_get(&line, "rhost"));
		assert_null(line.args);
	}
}

/* Bytes that are no UTF-8, the backslash and what a terminal obeys, in all three forms. */
static void test_bytes(void **state)
{
	static const char raw[] = "a\"\\=\n\x1b[31m\xff\xc2\x9b\xe2\x80\xae\xf0\x9f\x98\x80\xc3 z"
				  "\xf0\x9d\xa0\x80";
	static struct eg_record_line line;
	char word[512];
	eg_auto_free char *text = NULL, *json = NULL;

	(void)state;
	assert_true(asprintf(&text, "QUARANTINE session=7 user=%s" TAIL,
			     eg_event_escape(raw, word, sizeof(word))) > 0);
	assert_int_equal(parse(text, &line), 0);
	assert_string_equal(eg_record_get(&line, "user"), raw);
	json = json_of(&line);
	assert_non_null(strstr(json,
			       "\"user\":\"a\\\"\\\\x5c=\\u000a\\u001b[31m\\\\xff\\u009b"
			       "\\u202e\\ud83d\\ude00\\\\xc3 z\\\\xf0\\\\x9d\\\\xa0\\\\x80\""));
	assert_int_equal(parse(json, &line), 0);
	assert_string_equal(eg_record_get(&line, "user"), raw);
}

static void test_every_byte(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		static struct eg_record_line line;
		eg_auto_free char *text = NULL, *json = NULL;
		char raw[16] = "", word[128];

		for (size_t i = 0; i < sizeof(raw) - 1; i++)
			raw[i] = (char)(1 + rand_r(&seed) % 255);
		assert_true(asprintf(&text, "QUARANTINE session=7 user=%s" TAIL,
				     eg_event_escape(raw, word, sizeof(word))) > 0);
		assert_int_equal(parse(text, &line), 0);
		json = json_of(&line);
		for (const char *at = json; *at; at++)
			assert_in_range(*at, 0x20, 0x7e);
		assert_int_equal(parse(json, &line), 0);
		assert_string_equal(eg_record_get(&line, "user"), raw);
	}
}

/* Arguments whose escapes are longer than they are: they stand one behind the other all the same,
 * with nothing between them of the line that was read before. */
static void test_args_escaped(void **state)
{
	static const char raw[] = "sh\0-c\0\"\"\"=\xff\0\\\0last";
	static const char *const lines[] = {
		"EXEC session=7 user=alice uid=1000 tty=- pid=4 ppid=3 exe=/bin/sh cwd=/ argc=5 "
		"args=\"sh\" \"-c\" \"\\x22\\x22\\x22\\x3d\\xff\" \"\\x5c\" \"last\"" TAIL,
		"{\"event\":\"exec\"," JWHO
		"\"args\":[\"sh\",\"-c\",\"\\\"\\u0022\\\"=\\\\xff\",\"\\\\x5c\",\"last\"]" JTAIL,
	};
	static struct eg_record_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lines); i++) {
		eg_auto_free char *json = NULL;

		memset(&line, 'X', sizeof(line));
		assert_int_equal(parse(lines[i], &line), 0);
		assert_int_equal(line.n_args, 5);
		assert_memory_equal(line.args, raw, sizeof(raw));
		json = json_of(&line);
		assert_non_null(strstr(json, "\"args\":[\"sh\",\"-c\",\"\\\"\\\"\\\"=\\\\xff\","
					     "\"\\\\x5c\",\"last\"]"));
	}
}

/* A number that has no room in 64 bits is a text: as a number it would be read as another one. */
static void test_great_numbers(void **state)
{
	static const struct {
		const char *digits, *json;
	} cases[] = {
		{"18446744073709551615", "\"cgroup\":18446744073709551615,"},
		{"18446744073709551616", "\"cgroup\":\"18446744073709551616\","},
		{"100000000000000000000", "\"cgroup\":\"100000000000000000000\","},
	};
	static struct eg_record_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_auto_free char *text = NULL, *json = NULL;

		assert_true(asprintf(&text, "QUARANTINE session=7 user=a cgroup=%s" TAIL,
				     cases[i].digits) > 0);
		assert_int_equal(parse(text, &line), 0);
		json = json_of(&line);
		assert_non_null(strstr(json, cases[i].json));
		assert_int_equal(parse(json, &line), 0);
		assert_string_equal(eg_record_get(&line, "cgroup"), cases[i].digits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bytes),	     cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_args_escaped), cmocka_unit_test(test_great_numbers),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
