// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Networks in CIDR notation: what is read, what is refused and in which words, order and
 * containment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "cidr.h"
#include "util.h"

static struct eg_cidr must_parse(const char *text)
{
	struct eg_cidr cidr = {0};
	const char *why = NULL;

	if (eg_cidr_parse(text, &cidr, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return cidr;
}

static void test_parse_valid(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"18.0.0.0/9", "18.0.0.0/9"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"1.2.3.4", "1.2.3.4/32"},
		{"255.255.255.255/32", "255.255.255.255/32"},
		{"::/0", "::/0"},
		{"::1", "::1/128"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:DB8:0:0::/33", "2001:db8::/33"},
		{"fe80::/10", "fe80::/10"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
		/* v4-mapped is the IPv4 network it means; a shorter prefix covers more and stays
		   IPv6 */
		{"::ffff:1.2.3.4", "1.2.3.4/32"},
		{"::ffff:0102:0304/128", "1.2.3.4/32"},
		{"::ffff:18.0.0.0/105", "18.0.0.0/9"},
		{"::ffff:0:0/96", "0.0.0.0/0"},
		{"::fffe:0:0/95", "::fffe:0:0/95"},
		{"::/80", "::/80"},
	};
	char buf[EG_CIDR_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_cidr cidr = must_parse(cases[i].text), again = {0};

		assert_string_equal(eg_cidr_format(&cidr, buf), cases[i].canonical);
		again = must_parse(buf);
		assert_int_equal(eg_cidr_compare(&cidr, &again), 0);
	}
}

static void test_parse_invalid(void **state)
{
	static const char address[] = "is not an IPv4 or IPv6 network such as 10.0.0.0/8 or "
				      "2001:db8::/32";
	static const char length4[] = "needs a prefix length from 0 to 32, without leading zeros";
	static const char length6[] = "needs a prefix length from 0 to 128, without leading zeros";
	static const char host[] = "has host bits set";
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", address},
		{"/", address},
		{"/8", address},
		{"10", address},
		{"10.0.0", address},
		{"10.0.0.0.0", address},
		{"256.0.0.0/8", address},
		{"010.0.0.0/8", address},
		{"10.00.0.0/8", address},
		{"10.0.0.01", address},
		{"::ffff:01.2.3.4", address},
		{" 10.0.0.0/8", address},
		{"10.0.0.0 /8", address},
		{"0x0a.0.0.0/8", address},
		{"-1.0.0.0/8", address},
		{"example.org", address},
		{"10.0.0.0-10.0.0.255", address},
		{"fe80::1%eth0", address},
		{"[::1]", address},
		{"1::2::3", address},
		{":::", address},
		{"12345::", address},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999", address},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", address},
		{"10.0.0.0/", length4},
		{"10.0.0.0/33", length4},
		{"10.0.0.0/08", length4},
		{"10.0.0.0/00", length4},
		{"10.0.0.0/+8", length4},
		{"10.0.0.0/-8", length4},
		{"10.0.0.0/ 8", length4},
		{"10.0.0.0/8 ", length4},
		{"10.0.0.0/8/8", length4},
		{"10.0.0.0/8x", length4},
		{"10.0.0.0/255.0.0.0", length4},
		{"10.0.0.0/4294967304", length4},
		{"::/129", length6},
		{"::/1000", length6},
		{"::/", length6},
		{"18.4.5.6/9", host},
		{"10.0.0.1/31", host},
		{"0.0.0.1/0", host},
		{"2001:db8::1/64", host},
		{"::1/0", host},
		{"::ffff:1.2.3.5/127", host},
		{"::ffff:0:0/95", host},
	};
	const struct eg_cidr untouched = {.family = 77};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_cidr cidr = untouched;
		const char *why = NULL;

		if (eg_cidr_parse(cases[i].text, &cidr, &why) != -EINVAL)
			fail_msg("\"%s\" was taken", cases[i].text);
		assert_string_equal(why, cases[i].why);
		assert_memory_equal(&cidr, &untouched, sizeof(cidr));
	}
}

static void test_parse_loose(void **state)
{
	static const struct {
		const char *text, *network;
	} cases[] = {
		{"18.4.5.6/9", "18.0.0.0/9"},
		{"18.0.0.0/9", "18.0.0.0/9"},
		{"255.255.255.255/0", "0.0.0.0/0"},
		{"2001:db8:ffff::1/33", "2001:db8:8000::/33"},
		{"::ffff:18.4.5.6/105", "18.0.0.0/9"},
		{"::ffff:18.4.5.6/95", "::fffe:0:0/95"},
	};
	struct eg_cidr cidr = {0};
	char buf[EG_CIDR_TEXT_SIZE];
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		assert_int_equal(eg_cidr_parse_loose(cases[i].text, &cidr, &why), 0);
		assert_string_equal(eg_cidr_format(&cidr, buf), cases[i].network);
	}
	assert_int_equal(eg_cidr_parse_loose("18.4.5.6/90", &cidr, &why), -EINVAL);
	assert_string_equal(why, "needs a prefix length from 0 to 32, without leading zeros");
}

static void test_parse_host(void **state)
{
	static const struct {
		const char *text;
		uint16_t family; /* 0 = it is none */
	} cases[] = {{"10.0.0.5", AF_INET},
		     {"::ffff:10.0.0.5", AF_INET},
		     {"fe80::1", AF_INET6},
		     {"fe80::1%eth0", AF_INET6},
		     {"fe80::1%", AF_INET6},
		     {"%eth0", 0},
		     {"", 0},
		     {NULL, 0},
		     {"10.0.0.0/8", 0},
		     {"fe80::/64%eth0", 0},
		     {"host.example", 0},
		     {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000%x", 0}};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_cidr host = {0};

		assert_int_equal(eg_cidr_parse_host(cases[i].text, &host),
				 cases[i].family ? 0 : -EINVAL);
		assert_int_equal(host.family, cases[i].family);
		assert_int_equal(host.prefix_len, cases[i].family == AF_INET6 ? 128
						  : cases[i].family	      ? 32
									      : 0);
	}
}

static void test_format_longest(void **state)
{
	struct eg_cidr cidr = {.family = AF_INET6, .prefix_len = 128};
	char buf[EG_CIDR_TEXT_SIZE];

	(void)state;
	memset(cidr.addr, 0xff, sizeof(cidr.addr));
	assert_true(strlen(eg_cidr_format(&cidr, buf)) < sizeof(buf));
}

static void test_contains_every_length(void **state)
{
	struct eg_cidr cidr = {.family = AF_INET6};
	unsigned int bit;

	(void)state;
	/* An address that differs from the network in one bit only is inside when that bit is a
	 * host bit. */
	for (cidr.prefix_len = 0; cidr.prefix_len <= 128; cidr.prefix_len++)
		for (bit = 0; bit < 128; bit++) {
			uint8_t addr[16] = {0};

			addr[bit / 8] = (uint8_t)(0x80 >> (bit % 8));
			assert_int_equal(eg_cidr_contains(&cidr, AF_INET6, addr),
					 bit >= cidr.prefix_len);
		}
}

static void test_contains_other_family(void **state)
{
	const struct eg_cidr all4 = must_parse("0.0.0.0/0"), all6 = must_parse("::/0");
	const uint8_t addr[16] = {0};

	(void)state;
	assert_true(eg_cidr_contains(&all4, AF_INET, addr));
	assert_true(eg_cidr_contains(&all6, AF_INET6, addr));
	assert_false(eg_cidr_contains(&all4, AF_INET6, addr));
	assert_false(eg_cidr_contains(&all6, AF_INET, addr));
}

static void test_compare_order(void **state)
{
	static const char *const ascending[] = {"0.0.0.0/0",  "10.0.0.0/8", "10.0.0.0/9",
						"11.0.0.0/8", "::/0",	    "::/1",
						"::1/128",    "8000::/1"};
	size_t i, j;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(ascending); i++)
		for (j = 0; j < EG_ARRAY_SIZE(ascending); j++) {
			struct eg_cidr a = must_parse(ascending[i]), b = must_parse(ascending[j]);
			int order = eg_cidr_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void test_covered(void **state)
{
	static const struct {
		const char *net;
		bool covered;
		const char *list[6];
	} cases[] = {
		{"10.0.0.0/8", false, {NULL}},
		{"10.0.0.0/8", true, {"10.0.0.0/8"}},
		{"10.0.0.0/8", true, {"0.0.0.0/0"}},
		{"10.0.0.0/8", true, {"10.0.0.0/9", "10.128.0.0/9"}},
		{"10.0.0.0/8", false, {"10.0.0.0/9", "10.128.0.0/10"}},
		{"10.0.0.0/8", false, {"10.0.0.0/10", "10.128.0.0/9"}},
		{"10.0.0.0/8", false, {"10.64.0.0/10", "10.128.0.0/9"}},
		{"10.0.0.0/8", true, {"10.0.0.0/9", "10.1.0.0/16", "10.64.0.0/10", "10.128.0.0/9"}},
		{"10.0.0.0/8", true, {"9.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "::/0"}},
		{"10.0.0.0/8", false, {"9.0.0.0/8", "11.0.0.0/8", "::/0"}},
		{"0.0.0.0/0", true, {"0.0.0.0/1", "128.0.0.0/1"}},
		{"0.0.0.0/0", false, {"0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"}},
		{"255.255.255.254/31", true, {"255.255.255.254", "255.255.255.255"}},
		{"255.255.255.254/31", false, {"255.255.255.255"}},
		{"::/0", true, {"0.0.0.0/0", "::/1", "8000::/1"}},
		{"::/0", true, {"10.0.0.0/8", "::/1", "8000::/1"}},
		{"::/0", false, {"0.0.0.0/0"}},
		{"2001:db8::/127", true, {"2001:db8::", "2001:db8::1"}},
		{"ffff::/16", false, {"ffff::/17"}},
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_cidr net = {0}, list[6];
		size_t n = 0;

		assert_int_equal(eg_cidr_parse(cases[i].net, &net, &why), 0);
		for (; n < 6 && cases[i].list[n]; n++)
			assert_int_equal(eg_cidr_parse(cases[i].list[n], &list[n], &why), 0);
		if (eg_cidr_covered(&net, list, n) != cases[i].covered)
			fail_msg("%s, case %zu", cases[i].net, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covered),
		cmocka_unit_test(test_parse_valid),
		cmocka_unit_test(test_parse_invalid),
		cmocka_unit_test(test_parse_loose),
		cmocka_unit_test(test_parse_host),
		cmocka_unit_test(test_format_longest),
		cmocka_unit_test(test_contains_every_length),
		cmocka_unit_test(test_contains_other_family),
		cmocka_unit_test(test_compare_order),
	};

	return cmocka_run_group_tests_name("cidr", tests, NULL, NULL);
}
