// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines of what a session did: the exact text of each kind; arguments that try to be something
 * else, that are cut, or that are not there; and records that are not to be believed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "event.h"
#include "forms.h"
#include "util.h"

static const struct eg_event_session alice = {
	.user = "alice", .profile = "default", .rhost = "10.0.0.5", .rport = 50122, .uid = 1000};

enum { HEAD = offsetof(struct eg_told, text), SECOND = 1000000000 };

/* 2026-11-21T16:05:39.042Z is nine seconds after the boot. */
static const struct eg_event_added added = {.host = "bastion1",
					    .clock_offset_ns = 1795277139042999999 - 9LL * SECOND};

/* ---- making records ---- */

static struct eg_told told(uint16_t kind)
{
	return (struct eg_told){.abi = EG_ABI_VERSION,
				.kind = kind,
				.ts_ns = 9ULL * SECOND,
				.session = 17,
				.tgid = 4242,
				.ppid = 4240,
				.uid = 1000,
				.comm = "tar",
				.tty = "pts0"};
}

/* Texts stand in their order, so they are added in it. */
static void add_text(struct eg_told *t, enum eg_text text, const void *bytes, size_t n)
{
	size_t at = 0;

	for (int i = 0; i < (int)text; i++)
		at += t->len[i];
	assert_true(at + n <= sizeof(t->text));
	memcpy(t->text + at, bytes, n);
	t->len[text] = (uint16_t)n;
}

#define ADD(t, text, literal) add_text(t, text, literal, sizeof(literal) - 1)

static size_t size_of(const struct eg_told *t)
{
	return HEAD + t->len[0] + t->len[1] + t->len[2];
}

/* What every line ends with is taken away. */
static void cut_end(char *line)
{
	static const char end[] = " host=bastion1 time=2026-11-21T16:05:";
	char *at = strrchr(line, ' '), *from = NULL;

	for (char *p = strstr(line, end); p; p = strstr(p + 1, end))
		from = p;
	assert_non_null(from);
	assert_memory_equal(at, " mono=", 6);
	assert_true(at - from > 40 && at - from < 48);
	*from = '\0';
}

/* From a copy that is exactly as long as the record, for the sanitizers to see. */
static const char *format(const struct eg_told *t)
{
	static char line[EG_LINE_MAX];
	size_t size = size_of(t);
	struct eg_told *copy = malloc(size);
	struct eg_fields fields;
	int n;

	assert_non_null(copy);
	memcpy(copy, t, size);
	memset(line, 'X', sizeof(line));
	assert_int_equal(eg_event_make_told(copy, size, &alice, &added, &fields), 0);
	free(copy);
	forms_agree(&fields);
	n = eg_fields_kv(&fields, line, sizeof(line));
	assert_in_range(n, 1, EG_LINE_MAX - 1);
	assert_int_equal(n, strnlen(line, sizeof(line)));
	cut_end(line);
	return line;
}

static struct eg_told tar(void)
{
	struct eg_told t = told(EG_STORY_EXEC);

	ADD(&t, EG_TOLD_EXE, "tar\0bin\0usr\0");
	ADD(&t, EG_TOLD_PATH, "alice\0home\0");
	t.number = 3;
	ADD(&t, EG_TOLD_ARGS, "tar\0xzf\0my file.tgz\0");
	return t;
}

#define WHO	  "session=17 user=alice uid=1000 tty=pts/0 pid=4242 ppid=4240 "
#define EXEC_HEAD "EXEC " WHO "exe=/usr/bin/tar cwd=/home/alice "

/* ---- kinds ---- */

static void test_exec(void **state)
{
	struct eg_told t = tar();

	(void)state;
	assert_string_equal(format(&t), EXEC_HEAD "argc=3 args=\"tar\" \"xzf\" \"my file.tgz\"");
	t.cut = 1U << EG_TOLD_EXE | 1U << EG_TOLD_PATH;
	assert_string_equal(format(&t), "EXEC " WHO "exe=.../usr/bin/tar cwd=.../home/alice "
					"argc=3 args=\"tar\" \"xzf\" \"my file.tgz\"");
	t = told(EG_STORY_EXEC);
	assert_string_equal(format(&t), "EXEC " WHO "exe=- cwd=/ argc=0 args=-");
}

static void test_exit(void **state)
{
	static const struct {
		uint32_t status;
		const char *text;
	} cases[] = {
		{0, "status=0"},
		{3 << 8, "status=3"},
		{255 << 8, "status=255"},
		{9, "signal=KILL core=no"},
		{11, "signal=SEGV core=no"},
		{11 | 0x80, "signal=SEGV core=yes"},
		{34, "signal=34 core=no"},
		{64 | 0x80, "signal=64 core=yes"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_told t = told(EG_STORY_EXIT);
		char expected[256];

		t.started_ns = t.ts_ns - 1234999999;
		t.number = cases[i].status;
		(void)snprintf(expected, sizeof(expected), "EXIT " WHO "comm=tar seconds=1.234 %s",
			       cases[i].text);
		assert_string_equal(format(&t), expected);
	}
}

enum { STATUSES = 0x20000 };

/* How often: valgrind makes each slow. */
static uint32_t rounds(uint32_t all)
{
	const char *text = getenv("EG_ROUNDS");
	unsigned long n = text ? strtoul(text, NULL, 10) : all;

	return n && n < all ? (uint32_t)n : all;
}

/* A clock that is not to be believed, and any status, give a line all the same. */
static void test_exit_any(void **state)
{
	struct eg_told t = told(EG_STORY_EXIT);

	(void)state;
	t.started_ns = t.ts_ns + 1;
	assert_string_equal(format(&t), "EXIT " WHO "comm=tar seconds=0.000 status=0");
	for (uint32_t status = 0; status < STATUSES; status += STATUSES / rounds(STATUSES)) {
		t.number = status;
		(void)format(&t);
	}
	t.number = UINT32_MAX;
	t.started_ns = 0;
	t.ts_ns = UINT64_MAX;
	(void)format(&t);
}

static void test_connect(void **state)
{
	struct eg_told t = told(EG_STORY_CONNECT);

	(void)state;
	ADD(&t, EG_TOLD_EXE, "curl\0bin\0usr\0");
	t.number = EG_OP_CONNECT;
	t.family = AF_INET;
	t.protocol = IPPROTO_TCP;
	t.port = 443;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", t.addr), 1);
	assert_string_equal(format(&t),
			    "CONNECT " WHO "comm=tar exe=/usr/bin/curl proto=tcp dst=192.0.2.7 "
			    "port=443");
	t.number = EG_OP_SENDMSG;
	t.family = AF_INET6;
	t.protocol = IPPROTO_UDP;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::7", t.addr), 1);
	assert_string_equal(format(&t),
			    "SEND " WHO "comm=tar exe=/usr/bin/curl proto=udp dst=2001:db8::7 "
			    "port=443");
	t.family = AF_UNIX;
	t.protocol = 4711;
	assert_string_equal(format(&t),
			    "SEND " WHO "comm=tar exe=/usr/bin/curl proto=4711 dst=- port=443");
}

static void test_open(void **state)
{
	static const char *const words[] = {"-", "read", "write", "read+write"};

	(void)state;
	for (uint32_t number = 0; number < 8; number++) {
		struct eg_told t = told(EG_STORY_OPEN);
		char expected[256];

		ADD(&t, EG_TOLD_EXE, "cat\0bin\0usr\0");
		ADD(&t, EG_TOLD_PATH, "a b=c\0etc\0");
		t.number = number;
		(void)snprintf(expected, sizeof(expected),
			       "OPEN " WHO
			       "comm=tar exe=/usr/bin/cat access=%s path=/etc/a\\x20b\\x3dc",
			       words[number % 4]);
		assert_string_equal(format(&t), expected);
	}
}

/* ---- arguments ---- */

static void test_args(void **state)
{
	static const struct {
		const char *raw;
		size_t n;
		bool cut;
		const char *text;
	} cases[] = {
#define RAW(literal) literal, sizeof(literal) - 1
		{RAW("true\0"), false, "\"true\""},
		{RAW(""), false, "-"},
		{RAW(""), true, "..."},
		{RAW("\0"), false, "\"\""},
		{RAW("x\0\0\0y\0"), false, "\"x\" \"\" \"\" \"y\""},
		{RAW("a\nEXEC session=1\0"), false, "\"a\\x0aEXEC session\\x3d1\""},
		{RAW("x\" status=0\0"), false, "\"x\\x22 status\\x3d0\""},
		{RAW("\\x22\0"), false, "\"\\x5cx22\""},
		{RAW("\033[31m\007\0"), false, "\"\\x1b[31m\\x07\""},
		{RAW("\xff\xfe\xc3\xa9\0"), false, "\"\\xff\\xfe\\xc3\\xa9\""},
		{RAW("\t\r\x7f\0"), false, "\"\\x09\\x0d\\x7f\""},
		{RAW("...\0"), false, "\"...\""},
		{RAW("a\0bc"), true, "\"a\" \"bc\"..."},
		{RAW("a\0bc\0"), true, "\"a\" \"bc\"..."},
		/* Without its NUL, and not said to be cut: taken for what it is. */
		{RAW("a\0bc"), false, "\"a\" \"bc\""},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_told t = told(EG_STORY_EXEC);
		const char *line;

		add_text(&t, EG_TOLD_ARGS, cases[i].raw, cases[i].n);
		t.cut = cases[i].cut ? 1U << EG_TOLD_ARGS : 0;
		line = strstr(format(&t), " args=");
		assert_non_null(line);
		assert_string_equal(line + 6, cases[i].text);
	}
}

/* The longest that the kernel side sends is there to its last byte, if it is made of letters, and
 * cut at a whole byte if it is not. */
static void test_args_long(void **state)
{
	struct eg_told t = told(EG_STORY_EXEC);
	char raw[EG_ARGS_SIZE];
	const char *args;

	(void)state;
	memset(raw, 'a', sizeof(raw));
	add_text(&t, EG_TOLD_ARGS, raw, sizeof(raw));
	t.cut = 1U << EG_TOLD_ARGS;
	args = strstr(format(&t), " args=") + 6;
	assert_int_equal(strlen(args), sizeof(raw) + 5);
	assert_string_equal(args + sizeof(raw) + 1, "\"...");
	/* as many arguments as there can be */
	t.cut = 0;
	for (size_t i = 1; i < sizeof(raw); i += 2)
		raw[i] = '\0';
	add_text(&t, EG_TOLD_ARGS, raw, sizeof(raw));
	args = strstr(format(&t), " args=") + 6;
	assert_in_range(strlen(args), EG_ARGS_SIZE, EG_LINE_ARGS_SIZE + 8);
	/* nothing but bytes that are written as four */
	memset(raw, '\x80', sizeof(raw));
	add_text(&t, EG_TOLD_ARGS, raw, sizeof(raw));
	args = strstr(format(&t), " args=") + 6;
	assert_in_range(strlen(args), EG_LINE_ARGS_SIZE - 4, EG_LINE_ARGS_SIZE + 8);
	assert_string_equal(args + strlen(args) - 8, "\\x80\"...");
	assert_int_equal((strlen(args) - 5) % 4, 0);
}

/* Every part as long as it can get: the line fits, and says of each part that it was cut. */
static void test_longest(void **state)
{
	static const struct eg_event_session long_name = {.user = "\x80\x80\x80\x80\x80\x80\x80"};
	struct eg_told t = told(EG_STORY_EXEC);
	char raw[EG_ARGS_SIZE], line[EG_LINE_MAX], user[512];
	struct eg_event_added long_end = {.host = NULL};
	struct eg_event_session who = long_name;
	struct eg_fields fields;
	int n;

	(void)state;
	memset(user, '\x80', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	who.user = user;
	memset(raw, '\x80', sizeof(raw));
	for (size_t i = 250; i < EG_PATH_SIZE; i += 251)
		raw[i] = '\0';
	raw[EG_PATH_SIZE - 1] = '\0';
	add_text(&t, EG_TOLD_EXE, raw, EG_PATH_SIZE);
	add_text(&t, EG_TOLD_PATH, raw, EG_PATH_SIZE);
	memset(raw, '\x80', sizeof(raw));
	add_text(&t, EG_TOLD_ARGS, raw, sizeof(raw));
	memset(t.tty, '\x80', sizeof(t.tty));
	memset(t.comm, '\x80', sizeof(t.comm));
	t.session = UINT64_MAX;
	t.tgid = t.ppid = t.uid = t.number = UINT32_MAX;
	t.cut = 7;
	t.ts_ns = UINT64_MAX / 2;
	long_end.host = user;
	assert_int_equal(eg_event_make_told(&t, sizeof(t), &who, &long_end, &fields), 0);
	n = eg_fields_kv(&fields, line, sizeof(line));
	assert_in_range(n, 6000, EG_LINE_MAX - 2);
	assert_non_null(strstr(line, "\\x80\"... host=\\x80"));
	assert_non_null(strstr(line, " mono=9223372036.854"));
	assert_in_range(eg_fields_json(&fields, line, sizeof(line)), 6000, EG_LINE_MAX - 2);
}

/* ---- what is not to be believed ---- */

static void test_malformed(void **state)
{
	const struct eg_told good = tar();
	size_t size = size_of(&good);
	struct eg_fields fields;
	struct eg_told t = good;

	(void)state;
	for (size_t n = 0; n < size; n++) {
		struct eg_told *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, &good, n);
		assert_int_equal(eg_event_make_told(copy, n, &alice, &added, &fields), -EPROTO);
		free(copy);
	}
	t.abi++;
	assert_int_equal(eg_event_make_told(&t, size, &alice, &added, &fields), -EPROTO);
	t = good;
	t.kind = EG_STORY_MAX;
	assert_int_equal(eg_event_make_told(&t, size, &alice, &added, &fields), -EPROTO);
	for (int i = 0; i < EG_TOLD_TEXTS; i++) {
		t = good;
		t.len[i] = UINT16_MAX;
		assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields),
				 -EPROTO);
		t.len[i] = (uint16_t)((i == EG_TOLD_ARGS ? EG_ARGS_SIZE : EG_PATH_SIZE) + 1);
		assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields),
				 -EPROTO);
	}
}

/* Bytes of every kind anywhere: one line, printable, nothing but the arguments in quotes. */
static void test_mutated(void **state)
{
	const struct eg_told good = tar();
	size_t size = size_of(&good);

	(void)state;
	srandom(5);
	for (uint32_t round = rounds(20000); round; round--) {
		struct eg_told t = good;
		struct eg_fields fields;
		char line[EG_LINE_MAX];
		int n;

		for (int i = 0; i < 8; i++)
			((unsigned char *)&t)[(size_t)random() % size] = (unsigned char)random();
		t.abi = EG_ABI_VERSION;
		t.kind %= EG_STORY_MAX;
		if (eg_event_make_told(&t, size, &alice, &added, &fields) < 0)
			continue;
		assert_true(eg_fields_json(&fields, line, sizeof(line)) > 0);
		n = eg_fields_kv(&fields, line, sizeof(line));
		assert_int_equal(n, strlen(line));
		for (int i = 0; i < n; i++)
			assert_in_range(line[i], ' ', '~');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),	  cmocka_unit_test(test_exit),
		cmocka_unit_test(test_exit_any),  cmocka_unit_test(test_connect),
		cmocka_unit_test(test_open),	  cmocka_unit_test(test_args),
		cmocka_unit_test(test_args_long), cmocka_unit_test(test_longest),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
