// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Feeds of networks: each format of common lists, what is no network and why, strict and lenient,
 * limits, the judgement, a million lines, mutations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "feed_networks.h"
#include "util.h"

#define MILLION 1000000

static const struct eg_config_feed deny = {.path = "f", .shrink = 50},
				   strict = {.path = "f", .shrink = 50, .strict = true},
				   allow = {.path = "f", .shrink = 50, .allow = true};

static int parse(const struct eg_config_feed *feed, const char *text, size_t n,
		 struct eg_networks *ret, struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = "f", .reterr = reterr};

	*reterr = (struct eg_err){0};
	return eg_feed_networks_parse(&report, feed, text, n, ret);
}

/* ---- formats */

/* "LINE:NETWORK LINE:NETWORK ..." */
static void check_networks(const struct eg_networks *networks, const char *wanted)
{
	char got[4096] = "", text[EG_CIDR_TEXT_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < networks->n; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%u:%s", i ? " " : "",
					networks->list[i].line,
					eg_cidr_format(&networks->list[i].net, text));
	assert_string_equal(got, wanted);
}

static const struct {
	const char *name, *text, *wanted;
} formats[] = {
	{"nothing", "", ""},
	{"plain", "192.0.2.0/24\n198.51.100.7\n2001:db8::/32\n2001:db8::1",
	 "1:192.0.2.0/24 2:198.51.100.7/32 3:2001:db8::/32 4:2001:db8::1/128"},
	{"blank lines, comments, blanks, CRLF, UTF-8's mark, twice the same",
	 "\xef\xbb\xbf# by hand\r\n\r\n  192.0.2.0/24\t \r\n\t; none\r\n192.0.2.0/24# again\r\n"
	 "203.0.113.0/24 # a/b;c\r\n",
	 "3:192.0.2.0/24 5:192.0.2.0/24 6:203.0.113.0/24"},
	{"Spamhaus DROP",
	 "; Spamhaus DROP List 2026/11/21 - (c) 2026 The Spamhaus Project SLU\n"
	 "; https://www.spamhaus.org/drop/drop.txt\n"
	 "; Last-Modified: Sat, 21 Nov 2026 11:02:41 GMT\n"
	 "; Expires: Sat, 21 Nov 2026 12:30:40 GMT\n"
	 "192.0.2.0/24 ; SBL256894\n"
	 "198.51.100.128/25 ; SBL434604\n",
	 "5:192.0.2.0/24 6:198.51.100.128/25"},
	{"Spamhaus DROP, IPv6", "; Spamhaus DROPv6\n2001:db8:1000::/36 ; SBL303641\n",
	 "2:2001:db8:1000::/36"},
	{"Spamhaus DROP, JSON",
	 "{\"cidr\":\"192.0.2.0/24\",\"sblid\":\"SBL256894\",\"rir\":\"apnic\"}\n"
	 "{\"cidr\":\"2001:db8::\\/32\",\"sblid\":\"SBL303641\",\"rir\":\"ripencc\"}\r\n"
	 " { \"rir\" : null , \"cidr\" : \"198.51.100.0/24\" , \"n\" : -1.5e+3, \"x\":true } \n"
	 "{\"type\":\"metadata\",\"timestamp\":1795258961,\"size\":81462,\"records\":1424,"
	 "\"copyright\":\"(c) 2026 The Spamhaus Project SLU \\u00a9\",\"terms\":"
	 "\"https://www.spamhaus.org/drop/terms/\"}\n",
	 "1:192.0.2.0/24 2:2001:db8::/32 3:198.51.100.0/24"},
	{"FireHOL netset",
	 "#\n# firehol_level1\n#\n# ipv4 hash:net ipset\n#\n"
	 "# Maintainer      : FireHOL\n"
	 "# Entries         : 4 subnets, 612 unique IPs\n#\n"
	 "0.0.0.0/8\n192.0.2.0/24\n198.51.100.0/24\n203.0.113.77\n",
	 "9:0.0.0.0/8 10:192.0.2.0/24 11:198.51.100.0/24 12:203.0.113.77/32"},
	{"MISP, values as text",
	 "192.0.2.10\n192.0.2.11|443\n2001:db8::5|8080\n2001:db8::6\n198.51.100.0/30\n",
	 "1:192.0.2.10/32 2:192.0.2.11/32 3:2001:db8::5/128 4:2001:db8::6/128 "
	 "5:198.51.100.0/30"},
	{"ranges",
	 "192.0.2.0-192.0.2.255\n192.0.2.1 - 192.0.2.6 ; six\n192.0.2.9-192.0.2.9\n"
	 "0.0.0.0-255.255.255.255\n255.255.255.254-255.255.255.255\n"
	 "2001:db8::-2001:db8::ffff\n2001:db8::1-2001:db8::2\n",
	 "1:192.0.2.0/24 2:192.0.2.1/32 2:192.0.2.2/31 2:192.0.2.4/31 2:192.0.2.6/32 "
	 "3:192.0.2.9/32 4:0.0.0.0/0 5:255.255.255.254/31 6:2001:db8::/112 7:2001:db8::1/128 "
	 "7:2001:db8::2/128"},
	{"v4-mapped is IPv4", "::ffff:192.0.2.0/120\n::ffff:192.0.2.1-::ffff:192.0.2.1\n",
	 "1:192.0.2.0/24 2:192.0.2.1/32"},
};

static void test_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(formats); i++) {
		struct eg_networks networks = {0};
		struct eg_err err;

		if (parse(&strict, formats[i].text, strlen(formats[i].text), &networks, &err) < 0)
			fail_msg("%s: line %u: %s", formats[i].name, err.line, err.text);
		check_networks(&networks, formats[i].wanted);
		assert_int_equal(networks.n_bad, 0);
		eg_networks_done(&networks);
	}
}

/* Every range of a small space is the same set of addresses, and in as few networks as can be. */
static void test_ranges(void **state)
{
	struct eg_cidr nets[EG_FEED_RANGE_MAX];
	char line[64], why[EG_FEED_WHY_SIZE];

	(void)state;
	for (unsigned int low = 0; low < 64; low++)
		for (unsigned int high = low; high < 64; high++) {
			unsigned int next = low;
			int n = snprintf(line, sizeof(line), "192.0.2.%u-192.0.2.%u", low, high);

			n = eg_feed_line(line, (size_t)n, false, nets, why);
			for (int i = 0; i < n; i++) {
				unsigned int size = 1U << (32 - nets[i].prefix_len);

				assert_int_equal(nets[i].addr[3], next);
				assert_int_equal(next % size, 0);
				/* The next larger network would not fit. */
				assert_true(next % (2 * size) || next + 2 * size - 1 > high);
				next += size;
			}
			assert_int_equal(next, high + 1);
		}
}

static void test_range_longest(void **state)
{
	static const char line[] = "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe";
	struct eg_cidr nets[EG_FEED_RANGE_MAX];
	char why[EG_FEED_WHY_SIZE];

	(void)state;
	assert_int_equal(eg_feed_line(line, strlen(line), false, nets, why), EG_FEED_RANGE_MAX);
	assert_int_equal(nets[0].prefix_len, 128);
	assert_int_equal(nets[EG_FEED_RANGE_MAX - 1].prefix_len, 128);
}

/* ---- what is wrong */

#define NOT_NETWORK "is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"
#define NOT_ALONE   "holds more than a network and a comment behind # or ;"
#define TOO_LONG    "holds no IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32"
#define NOT_RANGE   "is no range of addresses such as 192.0.2.0-192.0.2.99"
#define NOT_PORT    "is no address with a port such as 192.0.2.1|443"
#define NOT_JSON    "is no JSON object of strings and numbers on one line"
#define NO_CIDR	    "is a JSON object that has no \"cidr\", or more than one"

static void test_bad_lines(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"x", NOT_NETWORK},
		{"*", NOT_NETWORK},
		{"192.0.2.0/24 192.0.3.0/24", NOT_ALONE},
		{"192.0.2.0\texample.org", NOT_ALONE},
		{"192.0.2.0/24,x", "needs a prefix length from 0 to 32, without leading zeros"},
		{"192.0.2.0/24/tcp", "needs a prefix length from 0 to 32, without leading zeros"},
		{"192.0.2.0:443", NOT_NETWORK},
		{"192.0.2.0/33", "needs a prefix length from 0 to 32, without leading zeros"},
		{"010.0.0.1", NOT_NETWORK},
		{"10.1.2.3/8", "has host bits set; the network is 10.0.0.0/8"},
		{"2001:db8::1/32", "has host bits set; the network is 2001:db8::/32"},
		{"fe80::1%eth0", NOT_NETWORK},
		{"\"192.0.2.1\"", NOT_NETWORK},
		{"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000", TOO_LONG},
		{"192.0.2.1-", NOT_RANGE},
		{"-192.0.2.1", NOT_RANGE},
		{"192.0.2.1-192.0.2.2-192.0.2.3", NOT_RANGE},
		{"192.0.2.0/24-192.0.3.0/24", NOT_RANGE},
		{"192.0.2.1-2001:db8::1", NOT_RANGE},
		{"192.0.2.1-192.0.2.2|443", NOT_RANGE},
		{"192.0.2.2-192.0.2.1", "is a range that ends before it begins"},
		{"192.0.2.1|", NOT_PORT},
		{"192.0.2.1|65536", NOT_PORT},
		{"192.0.2.1|http", NOT_PORT},
		{"192.0.2.0/24|443", NOT_PORT},
		{"|443", NOT_NETWORK},
		{"example.org|192.0.2.1", NOT_PORT},
		{"{", NOT_JSON},
		{"{}", NOT_JSON},
		{"{\"cidr\":\"192.0.2.0/24\"", NOT_JSON},
		{"{\"cidr\":\"192.0.2.0/24\"} x", NOT_JSON},
		{"{\"cidr\":\"192.0.2.0/24\",}", NOT_JSON},
		{"{\"cidr\":\"192.0.2.0/24}", NOT_JSON},
		{"{\"cidr\":[\"192.0.2.0/24\"]}", NOT_JSON},
		{"{\"x\":{\"cidr\":\"192.0.2.0/24\"}}", NOT_JSON},
		{"{\"cidr\":null}", NOT_JSON},
		{"{\"cidr\":1}", NOT_JSON},
		{"{\"cidr\" \"192.0.2.0/24\"}", NOT_JSON},
		{"{cidr:\"192.0.2.0/24\"}", NOT_JSON},
		{"{\"x\":nul,\"cidr\":\"192.0.2.0/24\"}", NOT_JSON},
		{"{\"x\":,\"cidr\":\"192.0.2.0/24\"}", NOT_JSON},
		{"{\"x\":\"\\q\",\"cidr\":\"192.0.2.0/24\"}", NOT_JSON},
		{"{\"x\":\"\\u00g0\",\"cidr\":\"192.0.2.0/24\"}", NOT_JSON},
		{"{\"x\":\"\\u00", NOT_JSON},
		{"{\"x\":\"a\tb\",\"cidr\":\"192.0.2.0/24\"}", NOT_JSON},
		{"[{\"cidr\":\"192.0.2.0/24\"},", NOT_NETWORK},
		{"{\"asn\":64496,\"rir\":\"ripencc\",\"domain\":\"example.org\"}", NO_CIDR},
		{"{\"type\":\"x\"}", NO_CIDR},
		{"{\"cidr\":\"192.0.2.0/24\",\"cidr\":\"192.0.3.0/24\"}", NO_CIDR},
		{"{\"cidr\":\"10.1.2.3/8\"}", "has host bits set; the network is 10.0.0.0/8"},
		{"{\"cidr\":\"x\"}", NOT_NETWORK},
		{"{\"cidr\":\"\\u0031.2.3.4\"}", NOT_NETWORK},
		{"{\"cidr\":\"192.0.2.0-192.0.2.9\"}", NOT_NETWORK},
		{"\xff\xfe", NOT_NETWORK},
	};
	struct eg_cidr nets[EG_FEED_RANGE_MAX];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		char why[EG_FEED_WHY_SIZE] = "", text[256];
		struct eg_networks networks = {0};
		struct eg_err err;
		int n;

		if (eg_feed_line(cases[i].line, strlen(cases[i].line), false, nets, why) !=
			    -EINVAL ||
		    strcmp(why, cases[i].why) != 0)
			fail_msg("%s: \"%s\"", cases[i].line, why);
		/* In a feed: the lines around it count, or none does. */
		n = snprintf(text, sizeof(text), "192.0.2.1\n%s\r\n192.0.2.2\n", cases[i].line);
		assert_int_equal(parse(&deny, text, (size_t)n, &networks, &err), 0);
		check_networks(&networks, "1:192.0.2.1/32 3:192.0.2.2/32");
		assert_int_equal(networks.n_bad, 1);
		assert_int_equal(networks.bad[0].line, 2);
		assert_non_null(strstr(networks.bad[0].text, cases[i].why));
		eg_networks_done(&networks);
		assert_int_equal(parse(&strict, text, (size_t)n, &networks, &err), -EINVAL);
		assert_string_equal(err.file, "f");
		assert_int_equal(err.line, 2);
		assert_non_null(strstr(err.text, cases[i].why));
		assert_null(networks.list);
	}
}

static void test_bad_bytes(void **state)
{
	static const char nul[] = "192.0.2.1\n192.0.2.2\0\n192.0.2.3";
	struct eg_networks networks = {0};
	struct eg_err err;
	char *text = malloc(EG_FEED_NETWORKS_LINE + 2);

	(void)state;
	assert_int_equal(parse(&strict, nul, sizeof(nul) - 1, &networks, &err), -EINVAL);
	assert_int_equal(err.line, 2);
	assert_string_equal(err.text,
			    "\"192.0.2.2\\x00\" holds a NUL byte; a feed is plain text; a "
			    "strict file is refused for one bad line");
	assert_non_null(text);
	memset(text, ' ', EG_FEED_NETWORKS_LINE + 2);
	memcpy(text, "192.0.2.1", 9);
	assert_int_equal(parse(&strict, text, EG_FEED_NETWORKS_LINE, &networks, &err), 0);
	check_networks(&networks, "1:192.0.2.1/32");
	eg_networks_done(&networks);
	assert_int_equal(parse(&strict, text, EG_FEED_NETWORKS_LINE + 1, &networks, &err), -EINVAL);
	assert_non_null(strstr(err.text, " is too long for a line of a feed"));
	free(text);
}

/* More would be allowed than the line says. */
static void test_port_of_allow(void **state)
{
	static const char line[] = "192.0.2.1|443";
	struct eg_cidr nets[EG_FEED_RANGE_MAX];
	char why[EG_FEED_WHY_SIZE];

	(void)state;
	assert_int_equal(eg_feed_line(line, strlen(line), false, nets, why), 1);
	assert_int_equal(eg_feed_line(line, strlen(line), true, nets, why), -EINVAL);
	assert_string_equal(why, "names a port, and a feed allows all of them; write a rule in "
				 "allow instead");
	assert_int_equal(eg_feed_line(line, 9, true, nets, why), 1);
}

/* The first of them are named, the rest is counted. */
static void test_bad_counted(void **state)
{
	struct eg_networks networks = {0};
	struct eg_err err;
	char text[256];
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "x%u\n192.0.2.%u\n", i, i);
	assert_int_equal(parse(&allow, text, len, &networks, &err), 0);
	assert_int_equal(networks.n, 9);
	assert_int_equal(networks.n_bad, 9);
	for (unsigned int i = 0; i < EG_FEED_BAD_SHOWN; i++) {
		char wanted[128];

		(void)snprintf(wanted, sizeof(wanted), "\"x%u\" " NOT_NETWORK, i);
		assert_int_equal(networks.bad[i].line, 2 * i + 1);
		assert_string_equal(networks.bad[i].text, wanted);
	}
	eg_networks_done(&networks);
}

/* ---- limits */

/* A million addresses, one a line, ends in a newline, with room for more. */
static char *million(size_t *ret_n)
{
	char *text = malloc((size_t)MILLION * 16);
	size_t len = 0;

	assert_non_null(text);
	for (unsigned int i = 0; i < MILLION; i++) /* no neighbours, so that sorting has work */
		len += (size_t)sprintf(text + len, "%u.%u.%u.%u\n", 1 + i % 97, i / 97 % 251,
				       i / 97 / 251, (i * 7) & 255);
	*ret_n = len;
	return text;
}

static void test_most_entries(void **state)
{
	struct eg_networks networks = {0};
	struct eg_err err;
	char *text;
	size_t n;
	clock_t start;

	(void)state;
	text = million(&n);
	start = clock();
	assert_int_equal(parse(&strict, text, n, &networks, &err), 0);
	print_message("a million lines parsed in %.2f s\n",
		      (double)(clock() - start) / CLOCKS_PER_SEC);
	assert_int_equal(networks.n, EG_FEED_NETWORKS_MAX);
	assert_int_equal(networks.list[MILLION - 1].line, MILLION);
	eg_networks_done(&networks);
	memcpy(text + n, "#\n192.0.2.1", 11);
	assert_int_equal(parse(&deny, text, n + 2, &networks, &err), 0);
	eg_networks_done(&networks);
	assert_int_equal(parse(&deny, text, n + 11, &networks, &err), -E2BIG);
	assert_string_equal(err.file, "f");
	assert_int_equal(err.line, MILLION + 2);
	assert_string_equal(err.text, "more than 1000000 entries; that is what one feed takes");
	assert_null(networks.list);
	free(text);
}

static void test_most_lines(void **state)
{
	size_t n = EG_FEED_NETWORKS_LINES - 1;
	struct eg_networks networks = {0};
	char *text = malloc(n + 16);
	struct eg_err err;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', n);
	memcpy(text + n - 1, "::1\n::1\n", 8); /* the last line, and one more */
	assert_int_equal(parse(&deny, text, n + 3, &networks, &err), 0);
	check_networks(&networks, "16777215:::1/128");
	eg_networks_done(&networks);
	assert_int_equal(parse(&deny, text, n + 7, &networks, &err), -E2BIG);
	assert_int_equal(err.line, EG_FEED_NETWORKS_LINES);
	assert_string_equal(err.text, "more than 16777215 lines; that is what one feed takes");
	free(text);
}

/* ---- judgement */

static void test_judge(void **state)
{
	static const struct {
		size_t n, n_last;
		unsigned int shrink;
		int r;
	} cases[] = {
		{0, 0, 50, -ENODATA},
		{0, 10, 100, -ENODATA}, /* whatever may be lost */
		{1, 0, 0, 0},		/* the first one */
		{100, 100, 0, 0},
		{99, 100, 0, -ERANGE},
		{101, 100, 0, 0},
		{50, 100, 50, 0},
		{49, 100, 50, -ERANGE},
		{1, 2, 50, 0},
		{1, 3, 50, -ERANGE},
		{2, 3, 50, 0},
		{1, MILLION, 100, 0},
		{10000, MILLION, 99, 0},
		{9999, MILLION, 99, -ERANGE},
		{MILLION, MILLION, 50, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const struct eg_config_feed feed = {.path = "f", .shrink = cases[i].shrink};
		struct eg_err err = {0};
		const struct eg_config_report report = {.file = "f", .reterr = &err};
		int r = eg_feed_networks_judge(&report, &feed, cases[i].n, cases[i].n_last);

		if (r != cases[i].r)
			fail_msg("%zu of %zu: %d", cases[i].n, cases[i].n_last, r);
		assert_int_equal(!r, !err.text[0]);
		if (r == -ENODATA)
			assert_string_equal(err.text, "lists no network; an empty feed is refused");
		if (r == -ERANGE && cases[i].n == 49)
			assert_string_equal(
				err.text,
				"lists 49 networks, and the last good one 100: it has shrunk by "
				"more than 50 percent. If that is right, set shrink = 100 for "
				"this file until it is taken");
	}
}

/* ---- mutations */

/* Every byte of every format changed into some others, and every length. */
static void test_mutated(void **state)
{
	static const char bytes[] = "\0\n\r\"\\#;:,-|/{}.% u0f9\x7f\xff";
	unsigned long good = 0, bad = 0;

	(void)state;
	for (size_t f = 0; f < EG_ARRAY_SIZE(formats); f++)
		for (size_t i = 0, n = strlen(formats[f].text); i < n; i++)
			for (size_t k = 0; k < sizeof(bytes); k++) {
				size_t len = bytes[k] || k == 0 ? n : i; /* last: cut */
				struct eg_networks networks = {0};
				struct eg_err err;
				char *text = malloc(len + !len); /* exact, for the sanitizers */
				int r;

				assert_non_null(text);
				memcpy(text, formats[f].text, len);
				if (len == n)
					text[i] = bytes[k];
				r = parse(&strict, text, len, &networks, &err);
				assert_true(r == 0 || (r == -EINVAL && err.line && err.text[0]));
				*(r ? &bad : &good) += 1;
				eg_networks_done(&networks);
				assert_int_equal(parse(&allow, text, len, &networks, &err), 0);
				eg_networks_done(&networks);
				free(text);
			}
	print_message("good %lu, bad %lu\n", good, bad);
	assert_true(good > 1000 && bad > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	      cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_range_longest), cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_bad_bytes),     cmocka_unit_test(test_port_of_allow),
		cmocka_unit_test(test_bad_counted),   cmocka_unit_test(test_most_entries),
		cmocka_unit_test(test_most_lines),    cmocka_unit_test(test_judge),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests_name("feed_networks", tests, NULL, NULL);
}
