// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What libconfig 1.5 would let through is refused with file and line: integers that wrap, unknown
 * and repeated keys wherever keys stand, depth, NUL, @include, bytes that are no text, and lengths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"
#include "config_scan.h"
#include "util.h"

/* What is said of n bytes; "" when they are taken. */
static void check_bytes(const char *text, size_t n, const char *message)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char line[1024] = "";
	int r = eg_config_parse(text, n, "f", &config, &err);

	if (r < 0)
		(void)eg_err_format(&err, line, sizeof(line));
	assert_string_equal(line, message);
	assert_int_equal(r, *message ? -EINVAL : 0);
	assert_true((config != NULL) == (r == 0));
	eg_config_free(config);
}

static void check(const char *text, const char *message)
{
	check_bytes(text, strlen(text), message);
}

/* ---- integers: shrink is the key that takes one */

#define OUT(digits) "\"" digits "\" is out of range; integers go from -2147483648 to 2147483647"
#define OUT_WIDE(digits)                                                                           \
	"\"" digits                                                                                \
	"\" is out of range; integers go from -9223372036854775808 to 9223372036854775807"
#define GOT(what) "deny_files[0].shrink: expected percent, a number from 0 to 100, got " what
#define SYNTAX                                                                                     \
	"syntax error near line 2: settings are written key = value; and elements are separated "  \
	"by commas"

static void test_integers(void **state)
{
	static const struct {
		const char *value, *message; /* NULL: taken */
	} cases[] = {
		{"50", NULL},
		{"0", NULL},
		{"-0", NULL},
		{"+50", NULL},
		{"050", NULL},
		{"0x32", NULL},
		{"0X32", NULL},
		{"0x0000000000000000000032", NULL},
		/* 50 and 0, were they cut to 32 bits */
		{"4294967346", OUT("4294967346")},
		{"4294967296", OUT("4294967296")},
		{"-4294967246", OUT("-4294967246")},
		{"0x100000032", OUT("0x100000032")},
		{"0X100000032", OUT("0X100000032")},
		{"0xFFFFFFFF", OUT("0xFFFFFFFF")},
		{"2147483648", OUT("2147483648")},
		{"-2147483649", OUT("-2147483649")},
		/* and to 64 */
		{"18446744073709551666", OUT("18446744073709551666")},
		{"18446744073709551666L", OUT_WIDE("18446744073709551666L")},
		{"-18446744073709551566L", OUT_WIDE("-18446744073709551566L")},
		{"9223372036854775808L", OUT_WIDE("9223372036854775808L")},
		{"0x8000000000000000L", OUT_WIDE("0x8000000000000000L")},
		{"0xFFFFFFFFFFFFFFFFL", OUT_WIDE("0xFFFFFFFFFFFFFFFFL")},
		{"0x10000000000000032LL", OUT_WIDE("0x10000000000000032LL")},
		/* what fits, and is no percentage */
		{"2147483647", GOT("2147483647")},
		{"-2147483648", GOT("-2147483648")},
		{"101", GOT("101")},
		{"-1", GOT("-1")},
		{"0x65", GOT("101")},
		/* 64 bits, also where the low 32 are a percentage */
		{"50L", GOT("an integer with L")},
		{"50LL", GOT("an integer with L")},
		{"0x32L", GOT("an integer with L")},
		{"4294967346L", GOT("an integer with L")},
		{"9223372036854775807L", GOT("an integer with L")},
		/* floats */
		{"50.", GOT("a number")},
		{".5", GOT("a number")},
		{"-.5e-7", GOT("a number")},
		{"5e1", GOT("a number")},
		{"1e999", GOT("a number")},
		{"-1E+999", GOT("a number")},
		/* no numbers */
		{"-0x32", SYNTAX},
		{"0x", SYNTAX},
		{"0b110010", SYNTAX},
		{"50u", SYNTAX},
		{"50LLL", SYNTAX},
		{"50l", SYNTAX},
		{"-", "unexpected \"-\"; strings are written in double quotes"},
		{"5_0", "unexpected \"_\"; strings are written in double quotes"},
		{"inf", SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char text[256], message[512] = "";

		(void)snprintf(text, sizeof(text),
			       "deny_files = ( { file = \"/a\";\nshrink = %s; } );",
			       cases[i].value);
		if (cases[i].message)
			(void)snprintf(message, sizeof(message), "f:2: %s", cases[i].message);
		check(text, message);
	}
}

/* ---- keys, wherever the schema has any, at the top of the file and in a profile */

/* The text up to what stands beside the key: "bind = {" for bind.deny. Returns where its own name
 * begins. */
static const char *open_groups(const char *key, char *text, size_t size, char *closed)
{
	const char *dot;
	size_t n = 0;

	text[0] = closed[0] = '\0';
	for (; (dot = strchr(key, '.')); key = dot + 1) {
		bool list = dot[-1] == ']';
		const char *end = list ? " } );" : " };";

		n += (size_t)snprintf(text + n, size - n, list ? "%.*s = ( { " : "%.*s = { ",
				      (int)(dot - key) - (list ? 2 : 0), key);
		memmove(closed + strlen(end), closed, strlen(closed) + 1);
		memcpy(closed, end, strlen(end));
	}
	return key;
}

static bool is_of_profile(const char *key)
{
	return strncmp(key, "match[].", 8) != 0 && strncmp(key, "profiles[].", 11) != 0 &&
	       strcmp(key, "strict") != 0 && strcmp(key, "managers.exempt") != 0 &&
	       strncmp(key, "log.", 4) != 0;
}

/* key: as the schema has it, or that behind "profiles[]." */
static void check_key(const char *key)
{
	char before[256], after[64], text[1024], message[1024], line[1024];
	const char *name = open_groups(key, before, sizeof(before), after);
	struct eg_config *config = NULL;
	struct eg_err err = {0};

	(void)snprintf(text, sizeof(text), "%s\n%s = 1;\n%s = 1;%s", before, name, name, after);
	(void)snprintf(message, sizeof(message), "f:3: \"%s\" is set twice; first on line 2", name);
	check(text, message);

	(void)snprintf(text, sizeof(text), "%s\n\nzzzzzzzz = 1;%s", before, after);
	(void)snprintf(message, sizeof(message),
		       "f:3: unknown key \"%.*szzzzzzzz\"; known here: ", (int)(name - key), key);
	assert_int_equal(eg_config_parse(text, strlen(text), "f", &config, &err), -EINVAL);
	(void)eg_err_format(&err, line, sizeof(line));
	line[strlen(message)] = '\0';
	assert_string_equal(line, message);
	assert_null(config);
}

static void test_keys(void **state)
{
	const char *const *keys = eg_config_keys();
	size_t n = 0;

	(void)state;
	for (; keys[n]; n++) {
		char inside[128];

		if (strstr(keys[n], "_files[].")) /* test_keys_of_feeds */
			continue;
		check_key(keys[n]);
		if (!is_of_profile(keys[n]))
			continue;
		(void)snprintf(inside, sizeof(inside), "profiles[].%s", keys[n]);
		check_key(inside);
	}
	assert_true(n > 50);
}

/* Groups of lists that are no row of the schema. */
static void test_keys_of_feeds(void **state)
{
	static const char *const lists[] = {"deny_files", "allow_files"};
	char text[256], message[256];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lists); i++) {
		for (int in_profile = 0; in_profile < 2; in_profile++) {
			const char *before = in_profile ? "profiles = ( { name = \"x\"; " : "";
			const char *after = in_profile ? " } );" : "";

			(void)snprintf(text, sizeof(text),
				       "%s%s = ( \"/b\",\n{ file = \"/a\";\nstirct = true; } );%s",
				       before, lists[i], after);
			(void)snprintf(message, sizeof(message),
				       "f:3: %s%s[1]: unknown key \"stirct\"; known here: file, "
				       "strict, shrink",
				       in_profile ? "profiles[0]." : "", lists[i]);
			check(text, message);
			(void)snprintf(text, sizeof(text),
				       "%s%s = (\n{ file = \"/a\"; strict = true;\nstrict = "
				       "false; } );%s",
				       before, lists[i], after);
			check(text, "f:3: \"strict\" is set twice; first on line 2");
		}
	}
}

/* What a settings file must not do by a key: be read by position, or by an empty name. */
static void test_keys_odd(void **state)
{
	(void)state;
	check("mode = \"audit\";\n[0] = 1;", "f:2: syntax error near line 2: settings are written "
					     "key = value; and elements are separated by commas");
	check("\"mode\" = \"audit\";", "f:1: syntax error near line 1: settings are written key = "
				       "value; and elements are separated by commas");
	check("bind.deny = [];", "f:1: syntax error near line 1: settings are written key = value; "
				 "and elements are separated by commas");
	/* names differ by case; who writes both is told of the first */
	check("mode = \"audit\";\nMode = \"enforce\";",
	      "f:2: unknown key \"Mode\"; did you mean \"mode\"?");
}

/* ---- depth */

/* At the limit it is the schema that finds something wrong, one deeper the scan. */
static void test_depth(void **state)
{
#define LIST "expected a network in quotes such as \"10.0.0.0/8\", got a list"
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"deny = (\n(((((((1))))))));", "f:2: deny[0]: " LIST},
		{"deny = (\n((((((((1)))))))));", "f:2: nested deeper than 8"},
		{"deny_files = (\n{ strict = ((((((1)))))); } );",
		 "f:2: deny_files[0].strict: expected true or false, got a list"},
		{"deny_files = (\n{ strict = (((((((1))))))); } );", "f:2: nested deeper than 8"},
		{"match = ( { user = (\n(((((1))))) ); } );",
		 "f:2: match[0].user[0]: expected a name in quotes such as \"backup\", got a list"},
		{"match = ( { user = (\n((((((1)))))) ); } );", "f:2: nested deeper than 8"},
		{"profiles = ( { name = \"x\"; rules = ( { bind = { deny = (\n"
		 "((1)) ); }; programs = [ \"/a\" ]; } ); } );",
		 "f:2: profiles[0].rules[0].bind.deny[0]: expected ports in quotes such as "
		 "\"8000-8999/tcp\", got a list"},
		{"profiles = ( { name = \"x\"; rules = ( { bind = { deny = (\n"
		 "(((1))) ); }; programs = [ \"/a\" ]; } ); } );",
		 "f:2: nested deeper than 8"},
		/* what is not a bracket does not count */
		{"# ((((((((((\nmode = \"((((((((((\"; /* [[[[[[[[[[ */",
		 "f:2: mode: expected \"enforce\" or \"audit\", got \"((((((((((\""},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		check(cases[i].text, cases[i].message);
}

/* ---- bytes */

static void test_nul(void **state)
{
#define NUL(line, text)                                                                            \
	{                                                                                          \
		text, sizeof(text) - 1, "f:" #line ": NUL byte; a configuration is plain text"     \
	}
	static const struct {
		const char *text;
		size_t n;
		const char *message;
	} cases[] = {
		NUL(1, "\0"),
		NUL(1, "\0mode = \"audit\";"),
		NUL(2, "mode = \"audit\";\n\0"),
		NUL(2, "mode = \"audit\";\n# ops\0 only\n"),
		NUL(1, "// \0"),
		NUL(3, "/* a\nb\n\0 */"),
		NUL(2, "\nmode = \"aud\0it\";"),
		NUL(2, "\nmo\0de = \"audit\";"),
		NUL(2, "deny = [ \"10.0.0.0/8\",\n\"11.0.0.0/8\"\0 ];"),
		NUL(2, "\n@include \"/etc/pass\0wd\""),
		NUL(2, "\n\0@include \"/etc/passwd\""),
		NUL(2, "match = (\n{ user = \"a\0\"; profile = \"default\"; } );"),
		NUL(2, "profiles = (\n{ name = \"a\0\"; } );"),
		NUL(2, "deny_files = (\n\"/a\0\" );"),
		/* before anything else that is wrong with it */
		NUL(2, "mode = 1;\n\0"),
		NUL(1, "\xff\xfem\0o\0d\0e\0"),
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		check_bytes(cases[i].text, cases[i].n, cases[i].message);
	check("mode = \"audit\";\nmode = \"\\X00\";", "f:2: \\x00 in a string");
	check("\nmatch = ( { user = \"a\\x00b\"; } );", "f:2: \\x00 in a string");
}

/* It is refused before it is followed: what it names would be an error of its own. */
static void test_include(void **state)
{
	static const char refused[] = "@include is not allowed; all settings stand in this file";
	static const struct {
		unsigned int line;
		const char *text;
	} cases[] = {
		{1, "@include \"/dev/full\""},
		{1, "@include"},
		{1, "@include <x>"},
		{1, "\t @include\t\"x\"\n"},
		{1, "@includes \"x\""},
		{2, "/* a\n*/@include \"x\""},
		{2, "bind = {\r\n@include \"x\"\r\n};"},
		{3, "match = (\n{ user = \"a\";\n@include \"x\"\n profile = \"default\"; } );"},
		{2, "profiles = ( {\n@include \"x\"\n} );"},
		{2, "deny_files = (\n@include \"x\"\n);"},
		{2, "deny = [ \"10.0.0.0/8\",\n@include \"x\"\n];"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char message[256];

		(void)snprintf(message, sizeof(message), "f:%u: %s", cases[i].line, refused);
		check(cases[i].text, message);
	}
	check("mode = \"audit\"; @INCLUDE \"x\"",
	      "f:1: unexpected \"@\"; strings are written in double quotes");
	/* where it is text */
	check("# @include \"x\"\n// @include \"x\"\n/*\n@include \"x\"\n*/\n", "");
	check("unix = { deny = [ \"@include\", \"@include \\\"x\\\"\" ]; };", "");
}

/* In comments anything is fine, elsewhere it is shown in hex. */
static void test_no_text(void **state)
{
	(void)state;
	check("# \xff\xfe\xc3\n/* \x80 \x01\x1b[2J */ // \xc0\xaf", "");
	check("mode = \"\xc3\x28\";",
	      "f:1: mode: expected \"enforce\" or \"audit\", got \"\\xC3(\"");
	check("\nm\xc3\xb6"
	      "de = 1;",
	      "f:2: unexpected \"\\xC3\"; strings are written in double quotes");
	check("mode = \xe2\x80\x9c"
	      "audit\xe2\x80\x9d;",
	      "f:1: unexpected \"\\xE2\"; strings are written in double quotes");
	check("deny\xc2\xa0= [];",
	      "f:1: unexpected \"\\xC2\"; strings are written in double quotes");
	check("mode\v= \"audit\";",
	      "f:1: unexpected \"\\x0B\"; strings are written in double quotes");
	check("profiles = (\n{ name = \"\xff\"; } );",
	      "f:2: profiles[0].name: \"\\xFF\" is no name for a profile: 1 to 63 letters, digits, "
	      "\"_\", \".\" and \"-\"");
	check("match = (\n{ service = \"\xff\"; profile = \"default\"; } );",
	      "f:2: match[0].service: \"\\xFF\" holds what no name of a service does: a blank, a "
	      "slash or a character that is not printable ASCII");
	check("deny_files = (\n\"\xc0\xaf\x61\" );",
	      "f:2: deny_files[0]: \"\\xC0\\xAFa\" is not an absolute path such as "
	      "/etc/ebpfguard/drop.txt");
}

/* ---- lengths */

enum { LONG = 1 << 20 };

/* before, LONG times the byte, after. */
static void check_long(const char *before, char byte, const char *after, const char *message)
{
	size_t n = strlen(before);
	eg_auto_free char *text = malloc(n + LONG + strlen(after) + 1);

	assert_non_null(text);
	memcpy(text, before, n);
	memset(text + n, byte, LONG);
	(void)strcpy(text + n + LONG, after);
	check(text, message);
}

#define X16 "xxxxxxxxxxxxxxxx"
#define N16 "9999999999999999"

static void test_long_lines(void **state)
{
	(void)state;
	check_long("", ' ', "mode = \"audit\";", "");
	check_long("#", '#', "\nmode = \"audit\";", "");
	check_long("/*", '*', "/ mode = \"audit\";", "");
	check_long("", '\n', "mod = 1;", "f:1048577: unknown key \"mod\"; did you mean \"mode\"?");
	check_long("\nmode = \"", 'x', "\";", "f:2: this string is longer than 1024 bytes");
	check_long("\nmode = \"", 'x', "", "f:2: this string is longer than 1024 bytes");
	check_long("\n", 'x', " = 1;\n = 2;",
		   "f:3: syntax error near line 3: settings are written key = value; and elements "
		   "are separated by commas");
	check_long("\na = ", '9', ";",
		   "f:2: \"" N16 N16 N16 N16
		   "...\" is out of range; integers go from -2147483648 to 2147483647");
	check_long("\na = ", '-', ";",
		   "f:2: unexpected \"-\"; strings are written in double quotes");
	check_long("deny_files = ( { file = \"/a\";\nshrink = 0.", '9', "; } );",
		   "f:2: deny_files[0].shrink: expected percent, a number from 0 to 100, got a "
		   "number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),      cmocka_unit_test(test_keys),
		cmocka_unit_test(test_keys_of_feeds), cmocka_unit_test(test_keys_odd),
		cmocka_unit_test(test_depth),	      cmocka_unit_test(test_nul),
		cmocka_unit_test(test_include),	      cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests_name("config_scan", tests, NULL, NULL);
}
