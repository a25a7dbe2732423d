// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for syslog: the rule, the reason, the socket and the address in them, and what is left out.
 */
#include "event_helpers.h"

static void test_format_rule(void **state)
{
	static const struct {
		const char *dst;
		uint8_t prefix_len, has_rule;
		const char *rule;
	} cases[] = {
		{"18.4.5.6", 0, 1, "0.0.0.0/0"},
		{"18.4.5.6", 1, 1, "0.0.0.0/1"},
		{"18.4.5.6", 31, 1, "18.4.5.6/31"},
		{"18.4.5.7", 31, 1, "18.4.5.6/31"},
		{"18.4.5.6", 32, 1, "18.4.5.6/32"},
		{"18.4.5.6", 33, 1, "-"}, /* cannot be: the record is not believed */
		{"18.4.5.6", 9, 0, "-"},
		{"255.255.255.255", 25, 1, "255.255.255.128/25"},
		{"2001:db8::1", 0, 1, "::/0"},
		{"2001:db8::1", 127, 1, "2001:db8::/127"},
		{"2001:db8::1", 128, 1, "2001:db8::1/128"},
		{"2001:db8::1", 129, 1, "-"},
		{"2001:db8::1", 255, 1, "-"},
		{"fe80::1234", 10, 1, "fe80::/10"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to(cases[i].dst, cases[i].prefix_len);

		e.has_rule = cases[i].has_rule;
		parse(format(&e, &alice), &parsed);
		assert_string_equal(value_of(&parsed, "rule"), cases[i].rule);
		assert_string_equal(value_of(&parsed, "dst"), cases[i].dst);
	}
}

/* Nobody knows any more which one it was: nothing is said rather than something else. */
static void test_unknown_rule(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);
	struct parsed parsed;
	const char *line;

	(void)state;
	e.rule.line = EG_LINE_UNKNOWN;
	line = format(&e, &alice);
	assert_null(strstr(line, " line="));
	assert_null(strstr(line, " feed="));
	parse(line, &parsed);
	assert_string_equal(value_of(&parsed, "rule"), "-");
	assert_string_equal(value_of(&parsed, "dst"), "18.4.5.6");
}

/* Written as in the configuration, so that it can be searched for there. */
static void test_format_rule_ports(void **state)
{
	static const struct {
		const char *dst;
		uint8_t prefix_len, protocol;
		uint16_t low, high;
		const char *rule;
	} cases[] = {
		{"10.1.2.3", 8, EG_PROTO_TCP, 443, 443, "10.0.0.0/8:443/tcp"},
		{"10.1.2.3", 8, EG_PROTO_ANY, 443, 443, "10.0.0.0/8:443"},
		{"10.1.2.3", 8, EG_PROTO_ANY, 0, 0, "10.0.0.0/8:0"},
		{"10.1.2.3", 8, EG_PROTO_UDP, 0, UINT16_MAX, "10.0.0.0/8/udp"},
		{"10.1.2.3", 32, EG_PROTO_ICMP, 0, UINT16_MAX, "10.1.2.3/32/icmp"},
		{"10.1.2.3", 0, EG_PROTO_UDPLITE, 1, 65535, "0.0.0.0/0:1-65535/udplite"},
		{"2001:db8::1", 32, EG_PROTO_ANY, 8000, 8999, "[2001:db8::]/32:8000-8999"},
		{"2001:db8::1", 128, EG_PROTO_SCTP, 7, 7, "[2001:db8::1]/128:7/sctp"},
		{"2001:db8::1", 32, EG_PROTO_DCCP, 0, UINT16_MAX, "2001:db8::/32/dccp"},
		/* cannot be */
		{"10.1.2.3", 8, EG_PROTO_OTHER, 0, UINT16_MAX, "-"},
		{"10.1.2.3", 8, EG_PROTO_MAX, 0, UINT16_MAX, "-"},
		{"10.1.2.3", 8, EG_PROTO_ANY, 2, 1, "-"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to(cases[i].dst, cases[i].prefix_len);
		const char *rule, *why;
		struct eg_rule_spec spec;

		e.rule.protocol = cases[i].protocol;
		e.rule.port_low = cases[i].low;
		e.rule.port_high = cases[i].high;
		parse(format(&e, &alice), &parsed);
		rule = value_of(&parsed, "rule");
		assert_string_equal(rule, cases[i].rule);
		if (strcmp(rule, "-"))
			assert_int_equal(eg_rule_parse(rule, &spec, &why), 0);
	}
}

/* A rule about the IPv4 address that an IPv6 one carries. */
static void test_format_rule_embedded(void **state)
{
	static const struct {
		const char *dst;
		uint16_t rule_family;
		uint8_t prefix_len;
		const char *rule;
	} cases[] = {
		{"64:ff9b::18.4.5.6", AF_INET, 9, "18.0.0.0/9"},
		{"64:ff9b::18.4.5.6", AF_INET, 32, "18.4.5.6/32"},
		{"64:ff9b::18.4.5.6", AF_INET, 33, "-"},
		{"64:ff9b::18.4.5.6", AF_INET6, 96, "64:ff9b::/96"},
		{"2002:1204:506::1", AF_INET, 9, "18.0.0.0/9"},
		{"2002:1204:506::1", AF_INET, 32, "18.4.5.6/32"},
		{"2002:1204:506::1", AF_INET6, 16, "2002::/16"},
		{"::ffff:18.4.5.6", AF_INET, 9, "18.0.0.0/9"},
		{"2001:db8::1", AF_INET, 9, "-"}, /* carries none */
		{"64:ff9b:1::18.4.5.6", AF_INET, 9, "-"},
		{"18.4.5.6", AF_INET6, 9, "18.0.0.0/9"}, /* means nothing for IPv4 */
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to(cases[i].dst, cases[i].prefix_len);

		e.rule_family = cases[i].rule_family;
		parse(format(&e, &alice), &parsed);
		assert_string_equal(value_of(&parsed, "rule"), cases[i].rule);
		e.has_addr = 0; /* cannot be */
		parse(format(&e, &alice), &parsed);
		assert_string_equal(value_of(&parsed, "rule"), "-");
	}
}

/* What stands for the rule when none of the lists decided. */
static void test_format_reason(void **state)
{
	static const struct {
		uint32_t reason;
		const char *rule;
	} cases[] = {
		{EG_REASON_RULE, "18.0.0.0/9"},
		{EG_REASON_DEFAULT, "default"},
		{EG_REASON_FAMILY, "sockets"},
		{EG_REASON_PROTOCOL, "sockets"},
		{EG_REASON_FOREIGN, "foreign-socket"},
		{EG_REASON_RING, "io_uring"},
		{EG_REASON_SOURCE_ROUTE, "source-route"},
		{EG_REASON_MALFORMED, "malformed"},
		{EG_REASON_POLICY, "-"},
		{EG_REASON_OUTSIDE, "-"},
		{EG_REASON_CEILING, "-"},
		{EG_REASON_LAYER, "-"},
		{EG_REASON_QUARANTINE, "quarantine"},
		{EG_REASON_QUARANTINE + 1, "-"},
		{UINT32_MAX, "-"},
	};
	static const uint16_t ops[] = {EG_OP_CONNECT, EG_OP_SENDMSG, EG_OP_RECEIVE,   EG_OP_SOCKET,
				       EG_OP_EGRESS,  EG_OP_INGRESS, EG_OP_SETSOCKOPT};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		for (size_t k = 0; k < EG_ARRAY_SIZE(ops); k++) {
			struct eg_event e = connect_to("18.4.5.6", 9);

			e.op = ops[k];
			e.reason = cases[i].reason;
			parse(format(&e, &alice), &parsed);
			assert_string_equal(value_of(&parsed, "rule"), cases[i].rule);
		}
	}
}

/* What follows exe=, for sockets. */
static void test_format_socket(void **state)
{
	static const struct {
		uint16_t op, family, protocol, port;
		uint32_t reason;
		const char *addr; /* NULL = none in the record */
		const char *tail;
	} cases[] = {
		{EG_OP_SOCKET, AF_PACKET, 768, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_PACKET proto=768 rule=sockets"},
		{EG_OP_SOCKET, AF_VSOCK, 0, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_VSOCK proto=0 rule=sockets"},
		{EG_OP_SOCKET, AF_ALG, IPPROTO_TCP, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_ALG proto=6 rule=sockets"},
		{EG_OP_SOCKET, 45, 0, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_MCTP proto=0 rule=sockets"},
		{EG_OP_SOCKET, 46, 0, 0, EG_REASON_FAMILY, NULL, " family=46 proto=0 rule=sockets"},
		{EG_OP_SOCKET, 0, 0, 0, EG_REASON_FAMILY, NULL, " family=0 proto=0 rule=sockets"},
		{EG_OP_SOCKET, AF_INET, IPPROTO_SCTP, 0, EG_REASON_PROTOCOL, NULL,
		 " family=AF_INET proto=sctp rule=sockets"},
		{EG_OP_SOCKET, AF_INET6, IPPROTO_RAW, 0, EG_REASON_PROTOCOL, NULL,
		 " family=AF_INET6 proto=255 rule=sockets"},
		{EG_OP_SENDMSG, AF_INET, IPPROTO_UDP, 53, EG_REASON_SOURCE_ROUTE, "18.4.5.6",
		 " proto=udp dst=18.4.5.6 port=53 rule=source-route"},
		{EG_OP_SENDMSG, AF_INET, IPPROTO_UDP, 0, EG_REASON_MALFORMED, NULL,
		 " proto=udp dst=- port=0 rule=malformed"},
		{EG_OP_SENDMSG, AF_PACKET, 0, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_PACKET proto=0 rule=sockets"},
		{EG_OP_CONNECT, 0, IPPROTO_TCP, 0, EG_REASON_POLICY, NULL,
		 " proto=tcp dst=- port=0 rule=-"},
		{EG_OP_RECEIVE, AF_INET, IPPROTO_TCP, 80, EG_REASON_FOREIGN, "18.4.5.6",
		 " proto=tcp dst=18.4.5.6 port=80 rule=foreign-socket"},
		{EG_OP_RECEIVE, AF_INET6, IPPROTO_UDP, 0, EG_REASON_FOREIGN, NULL,
		 " proto=udp dst=- port=0 rule=foreign-socket"},
		{EG_OP_RECEIVE, AF_VSOCK, 0, 0, EG_REASON_FAMILY, NULL,
		 " family=AF_VSOCK proto=0 rule=sockets"},
		{EG_OP_RECEIVE, 0, 0, 0, EG_REASON_RING, NULL, " type=io_uring rule=io_uring"},
		{EG_OP_EGRESS, AF_INET, IPPROTO_TCP, 80, EG_REASON_DEFAULT, "18.4.5.6",
		 " proto=tcp dst=18.4.5.6 port=80 rule=default"},
		{EG_OP_INGRESS, AF_INET6, IPPROTO_ICMPV6, 0, EG_REASON_DEFAULT, "2001:db8::1",
		 " proto=ipv6-icmp src=2001:db8::1 port=0 rule=default"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(cases[i].op);
		char tail[256];

		e.family = cases[i].family;
		e.protocol = cases[i].protocol;
		e.port = cases[i].port;
		e.reason = cases[i].reason;
		e.has_addr = cases[i].addr != NULL;
		if (cases[i].addr)
			assert_int_equal(inet_pton(e.family, cases[i].addr, e.addr), 1);
		(void)snprintf(tail, sizeof(tail), "%s errno=EPERM", cases[i].tail);
		assert_string_equal(strstr(format(&e, &alice), " exe=/usr/bin/curl") +
					    strlen(" exe=/usr/bin/curl"),
				    tail);
	}
}

static void test_format_bind(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t reason;
		uint8_t protocol;
		uint16_t low, high;
		const char *addr, *tail;
	} cases[] = {
		{EG_OP_BIND, EG_REASON_RULE, EG_PROTO_TCP, 1, 1023, "10.0.0.1",
		 " proto=tcp src=10.0.0.1 port=443 rule=1-1023/tcp"},
		{EG_OP_BIND, EG_REASON_RULE, EG_PROTO_ANY, 0, UINT16_MAX,
		 "::", " proto=tcp src=:: port=443 rule=*"},
		{EG_OP_LISTEN, EG_REASON_RULE, EG_PROTO_ANY, 443, 443, NULL,
		 " proto=tcp src=- port=443 rule=443"},
		{EG_OP_LISTEN, EG_REASON_RULE, EG_PROTO_UDP, 0, UINT16_MAX, NULL,
		 " proto=tcp src=- port=443 rule=*/udp"},
		{EG_OP_BIND, EG_REASON_RULE, EG_PROTO_MAX, 0, UINT16_MAX, NULL,
		 " proto=tcp src=- port=443 rule=-"},
		{EG_OP_BIND, EG_REASON_RULE, EG_PROTO_ANY, 9, 8, NULL,
		 " proto=tcp src=- port=443 rule=-"},
		{EG_OP_BIND, EG_REASON_POLICY, EG_PROTO_ANY, 0, UINT16_MAX, NULL,
		 " proto=tcp src=- port=443 rule=-"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(cases[i].op);
		char tail[256];

		e.family = cases[i].addr && strchr(cases[i].addr, ':') ? AF_INET6 : AF_INET;
		e.protocol = IPPROTO_TCP;
		e.port = 443;
		e.reason = cases[i].reason;
		e.has_rule = 1;
		e.rule = rule_of(200); /* bind rules have no network: it must not matter */
		e.rule.protocol = cases[i].protocol;
		e.rule.port_low = cases[i].low;
		e.rule.port_high = cases[i].high;
		e.has_addr = cases[i].addr != NULL;
		if (cases[i].addr)
			assert_int_equal(inet_pton(e.family, cases[i].addr, e.addr), 1);
		(void)snprintf(tail, sizeof(tail), "%s errno=EPERM", cases[i].tail);
		assert_string_equal(strstr(format(&e, &alice), " exe=/usr/bin/curl") +
					    strlen(" exe=/usr/bin/curl"),
				    tail);
	}
}

static void test_format_setsockopt(void **state)
{
	static const struct {
		uint16_t level;
		uint32_t option;
		const char *level_name, *name;
	} cases[] = {
		{IPPROTO_IP, IP_OPTIONS, "ip", "IP_OPTIONS"},
		{IPPROTO_IPV6, IPV6_RTHDR, "ipv6", "IPV6_RTHDR"},
		{IPPROTO_IPV6, 5, "ipv6", "IPV6_2292RTHDR"},
		{IPPROTO_IPV6, 6, "ipv6", "IPV6_2292PKTOPTIONS"},
		{IPPROTO_IP, IPV6_RTHDR, "ip", "57"},
		{SOL_SOCKET, 4, "1", "4"},
		{UINT16_MAX, UINT32_MAX, "65535", "4294967295"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(EG_OP_SETSOCKOPT);

		e.reason = EG_REASON_SOURCE_ROUTE;
		e.level = cases[i].level;
		e.option = cases[i].option;
		parse(format(&e, &alice), &parsed);
		assert_keys(&parsed, "level option rule");
		assert_string_equal(value_of(&parsed, "level"), cases[i].level_name);
		assert_string_equal(value_of(&parsed, "option"), cases[i].name);
		assert_string_equal(value_of(&parsed, "rule"), "source-route");
	}
}

/* A packet has no task any more. */
static void test_format_packet(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);

	(void)state;
	e.op = EG_OP_EGRESS;
	e.tgid = e.tid = e.ppid = 0;
	memset(e.comm, 0, sizeof(e.comm));
	memset(e.tty, 0, sizeof(e.tty));
	memset(&e.exe, 0, sizeof(e.exe));
	assert_string_equal(
		format(&e, &alice),
		"DENY egress session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 "
		"rport=50122 tty=- pid=- ppid=- comm=- exe=- proto=tcp dst=18.4.5.6 port=443 "
		"rule=18.0.0.0/9 errno=EPERM");
	e.op = EG_OP_INGRESS;
	e.verdict = EG_VERDICT_AUDIT;
	e.error = 0;
	assert_string_equal(
		format(&e, &alice),
		"AUDIT ingress session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 "
		"rport=50122 tty=- pid=- ppid=- comm=- exe=- proto=tcp src=18.4.5.6 port=443 "
		"rule=18.0.0.0/9 errno=0");
}

static void test_format_protocol(void **state)
{
	static const struct {
		uint16_t protocol;
		const char *name;
	} cases[] = {
		{IPPROTO_TCP, "tcp"},	{IPPROTO_UDP, "udp"},
		{IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "ipv6-icmp"},
		{262, "mptcp"},		{0, "0"},
		{132, "sctp"},		{33, "dccp"},
		{136, "udplite"},	{47, "47"},
		{255, "255"},		{UINT16_MAX, "65535"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to("18.4.5.6", 9);

		e.protocol = cases[i].protocol;
		parse(format(&e, &alice), &parsed);
		assert_string_equal(value_of(&parsed, "proto"), cases[i].name);
	}
}

static void test_format_no_address(void **state)
{
	static const struct {
		uint16_t family;
		const char *object;
	} cases[] = {
		{0, "proto dst port rule"},
		{AF_UNIX, "family proto rule"},
		{AF_PACKET, "family proto rule"},
		{UINT16_MAX, "family proto rule"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to("18.4.5.6", 9);

		e.family = cases[i].family;
		parse(format(&e, &alice), &parsed);
		assert_keys(&parsed, cases[i].object);
		assert_string_equal(value_of(&parsed, "rule"), "-");
	}
}

static void test_format_tty(void **state)
{
	static const struct {
		const char *tty, *word;
	} cases[] = {
		{"", "-"},
		{"pts0", "pts/0"},
		{"pts12345", "pts/12345"},
		{"tty1", "tty1"},
		{"pts", "pts"},
		{"ptsx", "ptsx"},
		{"pts0 uid=0", "pts/0\\x20uid\\x3d0"},
		{"pts0\nDENY", "pts/0\\x0aDENY"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(EG_OP_SETUID);

		memset(e.tty, 0, sizeof(e.tty));
		memcpy(e.tty, cases[i].tty, strlen(cases[i].tty));
		parse(format(&e, &alice), &parsed);
		assert_string_equal(value_of(&parsed, "tty"), cases[i].word);
	}
}

static void test_format_without_session(void **state)
{
	static const struct eg_event_session nobody = {.user = "", .profile = "", .rhost = ""};
	struct eg_event e = event(EG_OP_SETUID);
	struct parsed parsed;

	(void)state;
	parse(format(&e, &nobody), &parsed);
	assert_string_equal(value_of(&parsed, "user"), "-");
	assert_string_equal(value_of(&parsed, "profile"), "-");
	assert_string_equal(value_of(&parsed, "rhost"), "-");
	assert_string_equal(value_of(&parsed, "rport"), "0");
}

static void test_format_error(void **state)
{
	struct eg_event e = event(EG_OP_SETUID);
	struct parsed parsed;

	(void)state;
	e.error = ENOMEM;
	parse(format(&e, &alice), &parsed);
	assert_string_equal(value_of(&parsed, "errno"), "?");
}

static void test_format_not_a_verdict(void **state)
{
	static const struct {
		uint32_t abi;
		uint16_t kind;
	} cases[] = {
		{0, EG_EVENT_VERDICT},
		{EG_ABI_VERSION + 1, EG_EVENT_VERDICT},
		{UINT32_MAX, EG_EVENT_VERDICT},
		{EG_ABI_VERSION, 0},
		{EG_ABI_VERSION, EG_EVENT_MANAGER},
		{EG_ABI_VERSION, UINT16_MAX},
	};
	struct eg_fields fields = {.word = "untouched"};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(EG_OP_CONNECT);

		e.abi = cases[i].abi;
		e.kind = cases[i].kind;
		assert_int_equal(eg_event_make(&e, &alice, &added, &fields), -EPROTO);
		assert_string_equal(fields.word, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_rule),
		cmocka_unit_test(test_unknown_rule),
		cmocka_unit_test(test_format_rule_ports),
		cmocka_unit_test(test_format_rule_embedded),
		cmocka_unit_test(test_format_reason),
		cmocka_unit_test(test_format_socket),
		cmocka_unit_test(test_format_bind),
		cmocka_unit_test(test_format_setsockopt),
		cmocka_unit_test(test_format_packet),
		cmocka_unit_test(test_format_protocol),
		cmocka_unit_test(test_format_no_address),
		cmocka_unit_test(test_format_tty),
		cmocka_unit_test(test_format_without_session),
		cmocka_unit_test(test_format_error),
		cmocka_unit_test(test_format_not_a_verdict),
	};

	return cmocka_run_group_tests_name("event_rule", tests, NULL, NULL);
}
