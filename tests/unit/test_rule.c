// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules: what is read, what is refused and in which words, that canonical text parses to the same,
 * and what a rule is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "rule.h"
#include "util.h"

static struct eg_rule_spec must_parse(const char *text)
{
	struct eg_rule_spec spec = {0};
	const char *why = NULL;

	if (eg_rule_parse(text, &spec, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return spec;
}

static struct eg_rule_spec must_parse_ports(const char *text)
{
	struct eg_rule_spec spec = {0};
	const char *why = NULL;

	if (eg_rule_parse_ports(text, &spec, &why) < 0)
		fail_msg("\"%s\" %s", text, why);
	return spec;
}

static void test_parse_valid(void **state)
{
	static const struct {
		const char *text, *canonical;
		uint8_t protocol;
		uint16_t low, high;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0/8", EG_PROTO_ANY, 0, 65535},
		{"10.0.0.1", "10.0.0.1/32", EG_PROTO_ANY, 0, 65535},
		{"2001:db8::/32", "2001:db8::/32", EG_PROTO_ANY, 0, 65535},
		{"::1", "::1/128", EG_PROTO_ANY, 0, 65535},
		{"*", "*", EG_PROTO_ANY, 0, 65535},
		{"10.0.0.0/8:443/tcp", "10.0.0.0/8:443/tcp", EG_PROTO_TCP, 443, 443},
		{"10.0.0.1:443/tcp", "10.0.0.1/32:443/tcp", EG_PROTO_TCP, 443, 443},
		{"10.0.0.1:443", "10.0.0.1/32:443", EG_PROTO_ANY, 443, 443},
		{"10.0.0.0/8:0", "10.0.0.0/8:0", EG_PROTO_ANY, 0, 0},
		{"10.0.0.0/8:65535/udp", "10.0.0.0/8:65535/udp", EG_PROTO_UDP, 65535, 65535},
		{"[2001:db8::]/32:8000-8999", "[2001:db8::]/32:8000-8999", EG_PROTO_ANY, 8000,
		 8999},
		{"[2001:DB8::1]:53/udp", "[2001:db8::1]/128:53/udp", EG_PROTO_UDP, 53, 53},
		{"[2001:db8::]/32/udp", "2001:db8::/32/udp", EG_PROTO_UDP, 0, 65535},
		{"2001:db8::/32/udp", "2001:db8::/32/udp", EG_PROTO_UDP, 0, 65535},
		{"[2001:db8::]/32", "2001:db8::/32", EG_PROTO_ANY, 0, 65535},
		{"[::1]", "::1/128", EG_PROTO_ANY, 0, 65535},
		{"*:53/udp", "*:53/udp", EG_PROTO_UDP, 53, 53},
		{"*/icmp", "*/icmp", EG_PROTO_ICMP, 0, 65535},
		{"10.0.0.0/8/icmp", "10.0.0.0/8/icmp", EG_PROTO_ICMP, 0, 65535},
		{"10.0.0.1/icmp", "10.0.0.1/32/icmp", EG_PROTO_ICMP, 0, 65535},
		{"10.0.0.0/8:1-65535", "10.0.0.0/8:1-65535", EG_PROTO_ANY, 1, 65535},
		{"10.0.0.0/8/sctp", "10.0.0.0/8/sctp", EG_PROTO_SCTP, 0, 65535},
		{"10.0.0.0/8:7/dccp", "10.0.0.0/8:7/dccp", EG_PROTO_DCCP, 7, 7},
		{"10.0.0.0/8/udplite", "10.0.0.0/8/udplite", EG_PROTO_UDPLITE, 0, 65535},
		/* all ports of a protocol are the protocol */
		{"10.0.0.0/8:0-65535/tcp", "10.0.0.0/8/tcp", EG_PROTO_TCP, 0, 65535},
		/* v4-mapped is the IPv4 network it means; a port behind an address alone is part of
		   the address */
		{"[::ffff:10.0.0.0]/104:443", "10.0.0.0/8:443", EG_PROTO_ANY, 443, 443},
		{"::ffff:10.0.0.0/104/tcp", "10.0.0.0/8/tcp", EG_PROTO_TCP, 0, 65535},
		{"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]/128:1/tcp",
		 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/128:1/tcp", EG_PROTO_TCP, 1, 1},
		{"2001:db8::1:443", "2001:db8::1:443/128", EG_PROTO_ANY, 0, 65535},
	};
	char buf[EG_RULE_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_rule_spec spec = must_parse(cases[i].text), again;

		assert_string_equal(eg_rule_format(&spec, buf), cases[i].canonical);
		assert_int_equal(spec.protocol, cases[i].protocol);
		assert_int_equal(spec.port_low, cases[i].low);
		assert_int_equal(spec.port_high, cases[i].high);
		again = must_parse(buf);
		assert_int_equal(eg_rule_compare(&spec, &again), 0);
	}
	assert_int_equal(must_parse("*:1/tcp").net.family, AF_UNSPEC);
}

#define NETWORK	 "is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32"
#define LENGTH4	 "needs a prefix length from 0 to 32, without leading zeros"
#define LENGTH6	 "needs a prefix length from 0 to 128, without leading zeros"
#define PROTOCOL "ends in a protocol that is none of tcp, udp, icmp, sctp, dccp, udplite"
#define PORTS                                                                                      \
	"needs a port or a range such as 443 or 8000-8999 behind the colon, from 0 to 65535 and "  \
	"without leading zeros"
#define REVERSED "has a range of ports that ends before it begins"
#define BRACKETS                                                                                   \
	"needs brackets around an IPv6 address that ports follow, as in [2001:db8::]/32:443"

static void test_parse_invalid(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", NETWORK},
		{"/tcp", NETWORK},
		{":443/tcp", NETWORK},
		{"example.org:443/tcp", NETWORK},
		{"**", NETWORK},
		{"* ", NETWORK},
		{"*/8", NETWORK},
		{"10.0.0/8:443", NETWORK},
		{" 10.0.0.0/8:443/tcp", NETWORK},
		{"10.0.0.0/33:443", LENGTH4},
		{"10.0.0.0/8/:443", LENGTH4},
		{"10.0.0.0/8x", LENGTH4},
		{"10.0.0.0/", LENGTH4},
		{"10.0.0.0/8:443:444", LENGTH4},
		{"[::]/129:443", LENGTH6},
		{"10.0.0.0/8/TCP", PROTOCOL},
		{"10.0.0.0/8/tcp4", PROTOCOL},
		{"10.0.0.0/8:443/tcp ", PROTOCOL},
		{"10.0.0.0/8/tcp,udp", PROTOCOL},
		{"10.0.0.0/8/any", PROTOCOL},
		{"10.0.0.0/8/igmp", PROTOCOL},
		{"10.0.0.0/8:/tcp", PORTS},
		{"10.0.0.0/8:", PORTS},
		{"10.0.0.0/8:65536", PORTS},
		{"10.0.0.0/8:4294967297", PORTS},
		{"10.0.0.0/8:0443", PORTS},
		{"10.0.0.0/8:00", PORTS},
		{"10.0.0.0/8:-443", PORTS},
		{"10.0.0.0/8:443-", PORTS},
		{"10.0.0.0/8:443-444-445", PORTS},
		{"10.0.0.0/8:443,444", PORTS},
		{"10.0.0.0/8: 443", PORTS},
		{"10.0.0.0/8:*", PORTS},
		{"10.0.0.0/8:https", PORTS},
		{"10.0.0.0:443/8", PORTS},
		{"*:", PORTS},
		{"*:53/8", PORTS},
		{"10.0.0.0/8:444-443", REVERSED},
		{"[::]/0:2-1/udp", REVERSED},
		{"10.0.0.0/8:443/icmp", "names ports, which icmp does not have"},
		{"*:0-65535/icmp", "names ports, which icmp does not have"},
		{"10.0.0.0/8:0-65535",
		 "names every port; leave them out to mean all protocols, or name a protocol"},
		{"2001:db8::/32:443", BRACKETS},
		{"2001:db8::/32:443/tcp", BRACKETS},
		{"[2001:db8::/32:443", "has a bracket that is not closed"},
		{"[", "has a bracket that is not closed"},
		{"[10.0.0.0]/8:443", "has brackets around what is not an IPv6 address"},
		{"[]:443", "has brackets around what is not an IPv6 address"},
		{"[*]:443", "has brackets around what is not an IPv6 address"},
		{"[2001:db8::/32]:443", "has brackets around what is not an IPv6 address"},
		{"[2001:db8::]443", NETWORK},
		{"[2001:db8::]]/32", NETWORK},
		{"[fe80::1%eth0]:443", NETWORK},
		{"[[::1]]:443", NETWORK},
		{"18.4.5.6/9:443/tcp", "has host bits set"},
		{"[2001:db8::1]/32:443", "has host bits set"},
		{"2001:db8::1/32/udp", "has host bits set"},
	};
	const struct eg_rule_spec untouched = {.protocol = 77};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_rule_spec spec = untouched;
		const char *why = NULL;

		if (eg_rule_parse(cases[i].text, &spec, &why) != -EINVAL)
			fail_msg("\"%s\" was taken", cases[i].text);
		if (strcmp(why, cases[i].why) != 0)
			fail_msg("\"%s\" %s; expected: %s", cases[i].text, why, cases[i].why);
		assert_memory_equal(&spec, &untouched, sizeof(spec));
	}
}

static void test_parse_loose(void **state)
{
	struct eg_rule_spec spec = {0};
	char buf[EG_RULE_TEXT_SIZE];
	const char *why = NULL;

	(void)state;
	assert_int_equal(eg_rule_parse_loose("18.4.5.6/9:443/tcp", &spec, &why), 0);
	assert_string_equal(eg_rule_format(&spec, buf), "18.0.0.0/9:443/tcp");
	assert_int_equal(eg_rule_parse_loose("18.4.5.6/9:x", &spec, &why), -EINVAL);
	assert_string_equal(why, PORTS);
}

static void test_parse_ports_valid(void **state)
{
	static const struct {
		const char *text, *canonical;
		uint8_t protocol;
		uint16_t low, high;
	} cases[] = {
		{"8080", "8080", EG_PROTO_ANY, 8080, 8080},
		{"0", "0", EG_PROTO_ANY, 0, 0},
		{"1-1023/tcp", "1-1023/tcp", EG_PROTO_TCP, 1, 1023},
		{"53/udp", "53/udp", EG_PROTO_UDP, 53, 53},
		{"*", "*", EG_PROTO_ANY, 0, 65535},
		{"*/sctp", "*/sctp", EG_PROTO_SCTP, 0, 65535},
		{"0-65535", "*", EG_PROTO_ANY, 0, 65535},
		{"0-65535/tcp", "*/tcp", EG_PROTO_TCP, 0, 65535},
		{"7-7", "7", EG_PROTO_ANY, 7, 7},
		{"65535/udplite", "65535/udplite", EG_PROTO_UDPLITE, 65535, 65535},
	};
	char buf[EG_RULE_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_rule_spec spec = must_parse_ports(cases[i].text), again;

		assert_string_equal(eg_rule_format_ports(&spec, buf), cases[i].canonical);
		assert_int_equal(spec.net.family, AF_UNSPEC);
		assert_int_equal(spec.net.prefix_len, 0);
		assert_int_equal(spec.protocol, cases[i].protocol);
		assert_int_equal(spec.port_low, cases[i].low);
		assert_int_equal(spec.port_high, cases[i].high);
		again = must_parse_ports(buf);
		assert_int_equal(eg_rule_compare(&spec, &again), 0);
	}
}

static void test_parse_ports_invalid(void **state)
{
#define BIND "is not a port such as 8080, a range such as 8000-8999 or \"*\" for all"
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", BIND},
		{"/tcp", BIND},
		{"10.0.0.0/8", BIND},
		{":80", BIND},
		{"080", BIND},
		{"80 ", BIND},
		{"65536", BIND},
		{"80-", BIND},
		{"-80", BIND},
		{"1-*", BIND},
		{"**", BIND},
		{"http", BIND},
		{"81-80", REVERSED},
		{"80/http", PROTOCOL},
		{"80/TCP", PROTOCOL},
		{"80/icmp", "names icmp, which has no ports"},
		{"*/icmp", "names icmp, which has no ports"},
	};
	const struct eg_rule_spec untouched = {.protocol = 77};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_rule_spec spec = untouched;
		const char *why = NULL;

		if (eg_rule_parse_ports(cases[i].text, &spec, &why) != -EINVAL)
			fail_msg("\"%s\" was taken", cases[i].text);
		if (strcmp(why, cases[i].why) != 0)
			fail_msg("\"%s\" %s; expected: %s", cases[i].text, why, cases[i].why);
		assert_memory_equal(&spec, &untouched, sizeof(spec));
	}
}

static void test_format_longest(void **state)
{
	struct eg_rule_spec spec = must_parse("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/128:"
					      "10000-65535/udplite");
	char buf[EG_RULE_TEXT_SIZE];

	(void)state;
	assert_string_equal(eg_rule_format(&spec, buf),
			    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/128:10000-65535/udplite");
}

static void test_matches(void **state)
{
	static const struct {
		const char *rule;
		uint8_t proto;
		uint16_t port;
		bool matches;
	} cases[] = {
		{"*", EG_PROTO_OTHER, 0, true},
		{"*", EG_PROTO_ICMP, 0, true},
		{"*", EG_PROTO_TCP, 65535, true},
		{"*/icmp", EG_PROTO_ICMP, 0, true},
		{"*/icmp", EG_PROTO_TCP, 0, false},
		{"*/icmp", EG_PROTO_OTHER, 0, false},
		{"*/tcp", EG_PROTO_TCP, 0, true},
		{"*/tcp", EG_PROTO_UDP, 443, false},
		{"*:443/tcp", EG_PROTO_TCP, 443, true},
		{"*:443/tcp", EG_PROTO_TCP, 442, false},
		{"*:443/tcp", EG_PROTO_TCP, 444, false},
		{"*:443/tcp", EG_PROTO_SCTP, 443, false},
		{"*:443", EG_PROTO_TCP, 443, true},
		{"*:443", EG_PROTO_UDP, 443, true},
		{"*:443", EG_PROTO_SCTP, 443, true},
		{"*:443", EG_PROTO_DCCP, 443, true},
		{"*:443", EG_PROTO_UDPLITE, 443, true},
		{"*:0-1", EG_PROTO_ICMP, 0, false},
		{"*:0-1", EG_PROTO_OTHER, 0, false},
		{"*:8000-8999", EG_PROTO_UDP, 8000, true},
		{"*:8000-8999", EG_PROTO_UDP, 8999, true},
		{"*:8000-8999", EG_PROTO_UDP, 9000, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_rule_spec spec = must_parse(cases[i].rule);

		if (eg_rule_matches(&spec, cases[i].proto, cases[i].port) != cases[i].matches)
			fail_msg("%s, protocol %u port %u", cases[i].rule, cases[i].proto,
				 cases[i].port);
	}
}

static void test_protocol_names(void **state)
{
	uint8_t proto, back;

	(void)state;
	for (proto = EG_PROTO_TCP; proto < EG_PROTO_MAX; proto++) {
		assert_int_equal(eg_rule_protocol(eg_rule_protocol_name(proto), &back), 0);
		assert_int_equal(back, proto);
	}
	assert_null(eg_rule_protocol_name(EG_PROTO_OTHER));
	assert_null(eg_rule_protocol_name(EG_PROTO_ANY));
	assert_null(eg_rule_protocol_name(EG_PROTO_MAX));
	assert_int_equal(eg_rule_protocol("raw", &back), -EINVAL);
	assert_int_equal(eg_rule_protocol("", &back), -EINVAL);
}

static void test_compare_order(void **state)
{
	static const char *const ascending[] = {
		"*:1/tcp",
		"*",
		"*:1",
		"10.0.0.0/8:1-2/tcp",
		"10.0.0.0/8:1-3/tcp",
		"10.0.0.0/8:2/tcp",
		"10.0.0.0/8/udp",
		"10.0.0.0/8",
		"10.0.0.0/9/tcp",
		"[::]/0:1/tcp",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(ascending); i++)
		for (j = 0; j < EG_ARRAY_SIZE(ascending); j++) {
			struct eg_rule_spec a = must_parse(ascending[i]),
					    b = must_parse(ascending[j]);
			int order = eg_rule_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

/* Whatever is done to a valid text: refused with a phrase, or canonical text that parses to the
 * same. */
static void check_mutant(const char *text)
{
	struct eg_rule_spec spec = {0}, again = {0};
	char buf[EG_RULE_TEXT_SIZE];
	const char *why = NULL;

	if (eg_rule_parse(text, &spec, &why) == 0) {
		eg_rule_format(&spec, buf);
		assert_int_equal(eg_rule_parse(buf, &again, &why), 0);
		assert_int_equal(eg_rule_compare(&spec, &again), 0);
	} else {
		assert_non_null(why);
	}
	if (eg_rule_parse_ports(text, &spec, &why) == 0) {
		eg_rule_format_ports(&spec, buf);
		assert_int_equal(eg_rule_parse_ports(buf, &again, &why), 0);
		assert_int_equal(eg_rule_compare(&spec, &again), 0);
	}
}

static void test_parse_mutated(void **state)
{
	static const char *const texts[] = {"[2001:db8::]/32:8000-8999/udplite",
					    "10.0.0.0/8:443/tcp", "*:53/udp", "1-1023/tcp",
					    "::ffff:10.0.0.0/104/icmp"};
	static const char with[] = "0159*:/-[]. acptu";
	size_t i, j, k, n;

	(void)state;
	for (i = 0; i < EG_ARRAY_SIZE(texts); i++) {
		n = strlen(texts[i]);
		for (j = 0; j < n; j++) {
			char buf[64];

			(void)snprintf(buf, sizeof(buf), "%.*s", (int)j, texts[i]);
			check_mutant(buf);
			check_mutant(texts[i] + j);
			for (k = 0; with[k]; k++) {
				(void)snprintf(buf, sizeof(buf), "%.*s%c%s", (int)j, texts[i],
					       with[k], texts[i] + j);
				check_mutant(buf);
				(void)snprintf(buf, sizeof(buf), "%s", texts[i]);
				buf[j] = with[k];
				check_mutant(buf);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_valid),
		cmocka_unit_test(test_parse_invalid),
		cmocka_unit_test(test_parse_loose),
		cmocka_unit_test(test_parse_ports_valid),
		cmocka_unit_test(test_parse_ports_invalid),
		cmocka_unit_test(test_format_longest),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_protocol_names),
		cmocka_unit_test(test_compare_order),
		cmocka_unit_test(test_parse_mutated),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
