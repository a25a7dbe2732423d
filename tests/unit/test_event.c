// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What lines for syslog are made of: names, escaped words, paths.
 */
#include "event_helpers.h"

/* ---- names and escaping ---- */

static void test_op_name_all(void **state)
{
	static const char *const names[] = {
		"?",	   "connect",	 "sendmsg",    "setuid",  "exec",   "mount",	 "remount",
		"umount",  "move_mount", "pivot_root", "fork",	  "socket", "bind",	 "listen",
		"receive", "setsockopt", "egress",     "ingress", "setgid", "setgroups", "capset",
		"userns",  "capability", "cgroup",     "ptrace",  "unix",   "signal",	 "process",
		"file",	   "kernel",	 "mount_attr", "exec",
	};

	(void)state;
	for (uint16_t op = 0; op < EG_ARRAY_SIZE(names); op++)
		assert_string_equal(eg_event_op_name(op), names[op]);
	for (uint32_t op = EG_ARRAY_SIZE(names); op <= UINT16_MAX; op++)
		assert_string_equal(eg_event_op_name((uint16_t)op), "?");
}

static void test_escape_one_word(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{"", "-"},
		{"alice", "alice"},
		{"a b", "a\\x20b"},
		{"a=b", "a\\x3db"},
		{"a\"b\"", "a\\x22b\\x22"},
		{"\\x20", "\\x5cx20"}, /* cannot be taken for an escaped blank */
		{"a\nDENY connect", "a\\x0aDENY\\x20connect"},
		{"\033[2J\007", "\\x1b[2J\\x07"},
		{"\x7f\x80\xff", "\\x7f\\x80\\xff"},
		{"caf\xc3\xa9", "caf\\xc3\\xa9"},
		{"\xc3", "\\xc3"}, /* not UTF-8 at all */
		{"!~'`$(){}|;&<>*?#,:@/", "!~'`$(){}|;&<>*?#,:@/"},
	};
	char buf[128];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		assert_ptr_equal(eg_event_escape(cases[i].text, buf, sizeof(buf)), buf);
		assert_string_equal(buf, cases[i].word);
	}
}

static void test_escape_every_byte(void **state)
{
	(void)state;
	for (unsigned int c = 1; c < 256; c++) {
		const char text[] = {(char)c, '\0'};
		char buf[8], hex[8];
		bool plain = c > 0x20 && c < 0x7f && !strchr("\"\\=", (int)c);

		(void)snprintf(hex, sizeof(hex), "\\x%02x", c);
		assert_string_equal(eg_event_escape(text, buf, sizeof(buf)), plain ? text : hex);
	}
}

/* Of every size: it fits, ends, and is cut between characters with a mark. */
static void test_escape_sizes(void **state)
{
	static const char *const texts[] = {"abcdefghijklmnopqrstuvwxyz",
					    "\n\n\n\n\n\n\n\n\n\n",
					    "a\nb\nc\nd\ne\nf\ng\n",
					    "abcdefg",
					    "abc\n",
					    "\nabc"};
	char whole[128], buf[130];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(texts); i++) {
		size_t need = strlen(eg_event_escape(texts[i], whole, sizeof(whole))) + 1;

		for (size_t size = 8; size <= 128; size++) {
			size_t n;

			memset(buf, 'X', sizeof(buf));
			(void)eg_event_escape(texts[i], buf, size);
			n = strnlen(buf, size);
			assert_in_range(n, 1, size - 1);
			assert_int_equal(buf[size], 'X');
			if (size >= need) {
				assert_string_equal(buf, whole);
				continue;
			}
			assert_string_equal(buf + n - 3, "...");
			assert_memory_equal(buf, whole, n - 3);
			for (size_t back = 1; back <= 3 && back <= n - 3; back++)
				assert_false(buf[n - 3 - back] == '\\');
		}
	}
}

/* ---- paths ---- */

static void test_path_turned_round(void **state)
{
	static const struct {
		const char *raw;
		uint16_t len;
		uint8_t cut;
		const char *path;
	} cases[] = {
		{"", 0, 0, "-"},
		{"", 0, 1, "-"},
		{"sudo\0bin\0usr", 13, 0, "/usr/bin/sudo"},
		{"sudo\0bin\0usr", 13, 1, ".../usr/bin/sudo"},
		{"a", 2, 0, "/a"},
		{"sudo\0bin\0usr", 12, 0, "/usr/bin/sudo"}, /* the last NUL is missing */
		{"sudo\0bin\0usr", 11, 0, "/us/bin/sudo"},
		{"sudo\0bin\0usr", 1, 0, "/s"},
		{"\0bin", 5, 0, "/bin/"},
		{"\0\0\0", 3, 0, "///"},
		{"a b\0\n=\0", 8, 0,
		 "/"
		 "/\n=/a b"}, /* not escaped here */
	};
	char buf[EG_PATH_SIZE + 8];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_path path = {.len = cases[i].len, .cut = cases[i].cut};

		memcpy(path.text, cases[i].raw, cases[i].len);
		assert_ptr_equal(eg_event_path(&path, buf, sizeof(buf)), buf);
		assert_string_equal(buf, cases[i].path);
	}
}

/* Every length, with and without NULs in it: what can be read, and within the buffer. */
static void test_path_odd_lengths(void **state)
{
	static const char fills[] = {'a', '\0', '\xff', '/'};
	char buf[EG_PATH_SIZE + 9];

	(void)state;
	for (size_t i = 0; i < sizeof(fills); i++) {
		for (uint32_t len = 0; len <= UINT16_MAX; len += len < 600 ? 1 : 4093) {
			struct eg_path path = {.len = (uint16_t)len, .cut = len & 1};

			memset(path.text, fills[i], sizeof(path.text));
			memset(buf, 'X', sizeof(buf));
			(void)eg_event_path(&path, buf, sizeof(buf) - 1);
			assert_in_range(strnlen(buf, sizeof(buf)), 1, sizeof(buf) - 2);
			assert_int_equal(buf[sizeof(buf) - 1], 'X');
		}
	}
}

static void test_path_full(void **state)
{
	struct eg_path path = {.len = EG_PATH_SIZE, .cut = 1};
	char buf[EG_PATH_SIZE + 8];

	(void)state;
	for (size_t i = 0; i < EG_PATH_SIZE; i++)
		path.text[i] = i % 64 == 63 ? '\0' : 'a';
	(void)eg_event_path(&path, buf, sizeof(buf));
	assert_int_equal(strlen(buf), 3 + EG_PATH_SIZE); /* nothing is lost: a '/' for each NUL */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_op_name_all),	  cmocka_unit_test(test_escape_one_word),
		cmocka_unit_test(test_escape_every_byte), cmocka_unit_test(test_escape_sizes),
		cmocka_unit_test(test_path_turned_round), cmocka_unit_test(test_path_odd_lengths),
		cmocka_unit_test(test_path_full),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
