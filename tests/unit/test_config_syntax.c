// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The configuration: networks that are none, keys and rules given twice, syntax, and what libconfig
 * would do in silence, with the exact message for each; mutations, and random texts of tokens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_helpers.h"
#include "config_messages.h"

static const struct {
	const char *text, *message;
} wrong[] = {
	/* networks */
	{"deny = [\"18.4.5.6/9:443/tcp\"];",
	 "f:1: deny[0]: \"18.4.5.6/9:443/tcp\" has host bits set; the network is 18.0.0.0/9"},
	{"deny = [\"18.4.5.6/9:http\"];",
	 "f:1: deny[0]: \"18.4.5.6/9:http\" needs a port or a range such as 443 or 8000-8999 "
	 "behind the colon, from 0 to 65535 and without leading zeros"},
	{"allow = [\"10.0.0.0/8/TCP\"];",
	 "f:1: allow[0]: \"10.0.0.0/8/TCP\" ends in a protocol that is none of tcp, udp, icmp, "
	 "sctp, dccp, udplite"},
	{"allow = [\"2001:db8::/32:443\"];",
	 "f:1: allow[0]: \"2001:db8::/32:443\" needs brackets around an IPv6 address that ports "
	 "follow, as in [2001:db8::]/32:443"},
	{"deny = [\n\"10.0.0.0/8:443/tcp\",\n\"10.0.0.0/8:443\",\n\"10.0.0.0/8:443-443/tcp\"];",
	 "f:4: deny[2]: \"10.0.0.0/8:443-443/tcp\" stands here twice; first on line 2"},
	{"deny = [\n \"10.0.0.0/8\",\n \"18.4.5.6/9\"\n];",
	 "f:3: deny[1]: \"18.4.5.6/9\" has host bits set; the network is 18.0.0.0/9"},
	{"allow = [\"2001:db8::1/32\"];",
	 "f:1: allow[0]: \"2001:db8::1/32\" has host bits set; the network is 2001:db8::/32"},
	{"deny = [\"::ffff:10.0.0.1/104\"];",
	 "f:1: deny[0]: \"::ffff:10.0.0.1/104\" has host bits set; the network is 10.0.0.0/8"},
	{"deny = [\"10.0.0.0/33\"];",
	 "f:1: deny[0]: \"10.0.0.0/33\" needs a prefix length from 0 to 32, without leading zeros"},
	{"deny = [\"::/129\"];",
	 "f:1: deny[0]: \"::/129\" needs a prefix length from 0 to 128, without leading zeros"},
	{"deny = [\"10.0.0/8\"];", "f:1: deny[0]: \"10.0.0/8\"" NETWORK},
	{"deny = [\"\"];", "f:1: deny[0]: \"\"" NETWORK},
	{"deny = [\"example.org\"];", "f:1: deny[0]: \"example.org\"" NETWORK},
	{"deny = [\"10.0.0.0/8 \"];",
	 "f:1: deny[0]: \"10.0.0.0/8 \" needs a prefix length from 0 to 32, without leading zeros"},
	{"deny = [1, 2];",
	 "f:1: deny[0]: expected a network in quotes such as \"10.0.0.0/8\", got an integer"},
	{"deny = (\"10.0.0.0/8\",\n [\"11.0.0.0/8\"]);",
	 "f:2: deny[1]: expected a network in quotes such as \"10.0.0.0/8\", got an array"},
	{"deny = (\"10.0.0.0/8\",\n true\n);",
	 "f:2: deny[1]: expected a network in quotes such as \"10.0.0.0/8\", got a boolean"},
	{"deny = ({ net = \"10.0.0.0/8\"; });",
	 "f:1: deny[0]: expected a network in quotes such as \"10.0.0.0/8\", got a group"},
	{"deny = [\"10.0.0.0/8\", 7];", "f:1: the elements of an array must all be of one type"},
	/* twice */
	{"deny = [\n\"10.0.0.0/8\",\n\"11.0.0.0/8\",\n\"10.0.0.0/8\"\n];",
	 "f:4: deny[2]: \"10.0.0.0/8\" stands here twice; first on line 2"},
	{"deny = [\"9.0.0.0/8\", \"9.0.0.0/8\",\n\"8.0.0.0/8\",\n\"8.0.0.0/8\"];",
	 "f:1: deny[1]: \"9.0.0.0/8\" stands here twice; first on line 1"},
	{"allow = [\n\"10.0.0.1\",\n\"10.0.0.1/32\"];",
	 "f:3: allow[1]: \"10.0.0.1/32\" stands here twice; first on line 2"},
	{"deny = [\"10.0.0.0/8\",\n\"::ffff:10.0.0.0/104\"];",
	 "f:2: deny[1]: \"::ffff:10.0.0.0/104\" stands here twice; first on line 1"},
	{"deny = [\"2001:db8::/32\",\n\"2001:DB8:0::/32\"];",
	 "f:2: deny[1]: \"2001:DB8:0::/32\" stands here twice; first on line 1"},
	{"mode = \"audit\";\ndeny = [];\nmode = \"enforce\";",
	 "f:3: \"mode\" is set twice; first on line 1"},
	{"setuid = {\n deny = true;\n deny = true;\n};",
	 "f:3: \"deny\" is set twice; first on line 2"},
	{"b = 1;\na = 1;\nb = 1;\na = 1;\n", "f:3: \"b\" is set twice; first on line 1"},
	/* syntax */
	{"mode \"audit\";", SYNTAX(1)},
	{"\ndeny = [\"10.0.0.0/8\",];", SYNTAX(2)},
	{"deny = [\"10.0.0.0/8\"; \"11.0.0.0/8\"];", SYNTAX(1)},
	{"= 1;", SYNTAX(1)},
	{"mode = ;", SYNTAX(1)},
	{"mode = enforce;", SYNTAX(1)},
	{"true = 1;", SYNTAX(1)},
	{"mode = \"audit\";;", SYNTAX(1)},
	{"deny = [\n\"10.0.0.0/8\"\n\"11.0.0.0/8\"];",
	 "f:3: two strings side by side; is a comma missing between them?"},
	{"mode = \"aud\" /* */ \"it\";",
	 "f:1: two strings side by side; is a comma missing between them?"},
	{"mode = \"audit;\ndeny = [];", "f:1: this string is not closed on its line"},
	{"mode = \"audit\\\n\";", "f:1: this string is not closed on its line"},
	{"mode = \"audit", "f:1: this string is not closed on its line"},
	{"mode = 'audit';", "f:1: unexpected \"'\"; strings are written in double quotes"},
	{"deny = [10.0.0.0/8];", "f:1: unexpected \"/\"; strings are written in double quotes"},
	{"\xef\xbb\xbfmode = \"audit\";",
	 "f:1: unexpected \"\\xEF\"; strings are written in double quotes"},
	{"mode = \x1b[31m;", "f:1: unexpected \"\\x1B\"; strings are written in double quotes"},
	{"mode = -;", "f:1: unexpected \"-\"; strings are written in double quotes"},
	{"deny = [\n\"10.0.0.0/8\"\n;\nmode = \"audit\";\n", "f:1: \"[\" is not closed"},
	{"setuid = {\n deny = true;\n", "f:1: \"{\" is not closed"},
	{"deny = (\n\"10.0.0.0/8\"];",
	 "f:2: \"]\" cannot close the \"(\" on line 1; expected \")\""},
	{"deny = [];\n];", "f:2: \"]\" closes nothing"},
	{"deny = [\"10.0.0.0/8\"];\n/* deny = [];\nmode = \"audit\";\n",
	 "f:2: this comment is not closed"},
	{"/*/", "f:1: this comment is not closed"},
	/* what libconfig would do in silence */
	{"mode = \"audit\";\n  @include \"/etc/passwd\"\n",
	 "f:2: @include is not allowed; all settings stand in this file"},
	{"mode = \"audit\"; @include \"x\"",
	 "f:1: @include is not allowed; all settings stand in this file"},
	{"@incl", "f:1: unexpected \"@\"; strings are written in double quotes"},
	{"mode = \"audit\\x00\";", "f:1: \\x00 in a string"},
	{"limit = 4294967297;", "f:1: \"4294967297\"" RANGE},
	{"limit = -2147483649;", "f:1: \"-2147483649\"" RANGE},
	{"limit = 0xFFFFFFFF;", "f:1: \"0xFFFFFFFF\"" RANGE},
	{"limit = 4294967297b = 1;", "f:1: \"4294967297\"" RANGE},
	{"limit = 99999999999999999999L;",
	 "f:1: \"99999999999999999999L\" is out of range; integers go from "
	 "-9223372036854775808 to 9223372036854775807"},
	{"limit = 2147483647;", "f:1: unknown key \"limit\"" KNOWN},
	{"a = ((((((((1))))))));", "f:1: unknown key \"a\"" KNOWN},
	{"a = (((((((\n((1)))))))));", "f:2: nested deeper than 8"},
	/* bytes that must not reach a terminal or a log as they are */
	{"mode = \"\x1b[2J\xff\xe2\x80\xae\\\"\\\\\\n\";",
	 "f:1: mode: expected \"enforce\" or \"audit\", got "
	 "\"\\x1B[2J\\xFF\\xE2\\x80\\xAE\\x22\\x5C\\x0A\""},
	{"deny = [\"\x7f\"];", "f:1: deny[0]: \"\\x7F\"" NETWORK},
};

static void test_parse_wrong(void **state)
{
	size_t i;

	(void)state;
	assert_true(EG_ARRAY_SIZE(wrong) >= 40);
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		check_wrong(wrong[i].text, wrong[i].message);
}

static void test_parse_nul(void **state)
{
	static const char text[] = "mode = \"audit\";\n\0deny = [];";
	struct eg_config *conf = NULL;
	char line[1024];

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &conf, line), -EINVAL);
	assert_string_equal(line, "f:2: NUL byte; a configuration is plain text");
}

static void test_parse_mutated(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(wrong); i++)
		mutate(wrong[i].text);
}

/* Random texts of tokens: our lexer and libconfig's must never disagree on where a value stands. */
static void test_parse_random_tokens(void **state)
{
	static const char *const tokens[] = {
		"deny",	    "mode",	"a",	   "b",
		"*",	    "true",	"FALSE",   "falsey",
		"=",	    ":",	"=",	   ";",
		",",	    "(",	")",	   "[",
		"]",	    "{",	"}",	   "\"x\"",
		"\"",	    "\\",	"1",	   "-1",
		"0x1f",	    "0x",	"1L",	   "1LL",
		"1LLL",	    "1.",	".5",	   "1e5",
		"1e",	    "-.e2",	"+",	   ".",
		"1.5.6",    "08",	"#c",	   "//c",
		"/*c*/",    "\n",	" ",	   "\t",
		"\r",	    "\f",	"\v",	   "/",
		"\"\\\"\"", "\"\\x4\"", "\"\\q\"", "@include \"x\"",
		"=1;",	    "={",	"};",	   "=(",
		");",	    "=[",	"];",	   "x=\"y\";",
	};
	uint32_t random = 20240229;
	unsigned int i, n;

	(void)state;
	print_message("seed %u\n", random);
	for (i = 0; i < 60000; i++) {
		char text[256] = "";

		for (n = 0; n < 3 + i % 12; n++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			(void)strcat(text, tokens[random % EG_ARRAY_SIZE(tokens)]);
		}
		check_mutant(text, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_wrong),
		cmocka_unit_test(test_parse_nul),
		cmocka_unit_test(test_parse_mutated),
		cmocka_unit_test(test_parse_random_tokens),
	};

	return cmocka_run_group_tests_name("config_syntax", tests, NULL, NULL);
}
