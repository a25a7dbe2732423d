// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for syslog when a hostile user puts whatever they like into a name, a path or a tty, and
 * for records of any bytes; and the lines about flows that a reload has ended. Each line is read
 * back as key=value words, so that a forged field or line would show.
 */
#include "event_helpers.h"

/* ---- what hostile users do ---- */

static void put(char *field, size_t size, const char *text)
{
	size_t n = strlen(text);

	memset(field, 0, size);
	memcpy(field, text, n < size ? n : size - 1);
}

/* The value is the text escaped, as far as the field holds it, and every other field is what it
 * was. */
static void assert_not_forged(const struct eg_event *e, const struct eg_event_session *session,
			      const char *key, const char *raw, const char *object)
{
	char word[EG_LINE_PATH_SIZE];
	struct parsed parsed;

	parse(format(e, session), &parsed);
	assert_keys(&parsed, object);
	assert_string_equal(parsed.verdict, "DENY");
	assert_string_equal(value_of(&parsed, "session"), "17");
	assert_string_equal(value_of(&parsed, "uid"), "1000");
	assert_string_equal(value_of(&parsed, "pid"), "4242");
	assert_string_equal(value_of(&parsed, "errno"), "EPERM");
	assert_string_equal(value_of(&parsed, key), eg_event_escape(raw, word, sizeof(word)));
}

static void test_format_hostile_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(hostile); i++) {
		struct eg_event e = connect_to("18.4.5.6", 9);
		const char *object = "proto dst port rule";

		put(e.comm, sizeof(e.comm), hostile[i]);
		assert_not_forged(&e, &alice, "comm", e.comm, object);
		e = connect_to("18.4.5.6", 9);
		put(e.tty, sizeof(e.tty), hostile[i]);
		assert_not_forged(&e, &alice, "tty", e.tty, object);
		e = event(EG_OP_MOUNT);
		put(e.arg, sizeof(e.arg), hostile[i]);
		assert_not_forged(&e, &alice, "type", e.arg, "path type rule");
		e = event(EG_OP_UNIX);
		put(e.arg, sizeof(e.arg), hostile[i]);
		assert_not_forged(&e, &alice, "path", e.arg, "path reason rule");
	}
}

static void test_format_hostile_session(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);
	const char *object = "proto dst port rule";

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(hostile); i++) {
		struct eg_event_session session = alice;

		session.user = hostile[i];
		assert_not_forged(&e, &session, "user", hostile[i], object);
		session = alice;
		session.rhost = hostile[i];
		assert_not_forged(&e, &session, "rhost", hostile[i], object);
		session = alice;
		session.profile = hostile[i];
		assert_not_forged(&e, &session, "profile", hostile[i], object);
	}
}

static void test_format_hostile_paths(void **state)
{
	char path[300];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(hostile); i++) {
		struct eg_event e = event(EG_OP_MOUNT);

		(void)snprintf(path, sizeof(path), "/home/%s/b", hostile[i]);
		e.exe = walked(path);
		assert_not_forged(&e, &alice, "exe", path, "path type rule");
		e = event(EG_OP_MOUNT);
		e.object = walked(path);
		assert_not_forged(&e, &alice, "path", path, "path type rule");
		e.op = EG_OP_FILE;
		assert_not_forged(&e, &alice, "path", path, "access path reason rule");
		e.op = EG_OP_CGROUP;
		assert_not_forged(&e, &alice, "path", path, "path reason rule");
		e.op = EG_OP_RUN;
		assert_not_forged(&e, &alice, "path", path, "path how reason rule");
	}
}

/* Fields without a NUL, as no kernel writes them. */
static void test_format_no_nul(void **state)
{
	struct parsed parsed;

	(void)state;
	for (uint16_t op = 0; op < EG_OP_MAX + 2; op++) {
		struct eg_event e = connect_to("18.4.5.6", 9);

		e.op = op;
		memset(e.comm, 'c', sizeof(e.comm));
		memset(e.tty, 't', sizeof(e.tty));
		memset(e.arg, 'a', sizeof(e.arg));
		memset(e.exe.text, 'e', sizeof(e.exe.text));
		memset(e.object.text, 'o', sizeof(e.object.text));
		e.exe.len = e.object.len = UINT16_MAX;
		parse(format(&e, &alice), &parsed);
		assert_int_equal(strlen(value_of(&parsed, "comm")), sizeof(e.comm));
		assert_int_equal(strlen(value_of(&parsed, "tty")), sizeof(e.tty));
		assert_int_equal(strlen(value_of(&parsed, "exe")), 1 + sizeof(e.exe.text));
	}
}

/* Everything as long as it can be, all of it escaped: what stands at the end of the line must still
 * be there. */
static void test_format_longest(void **state)
{
	char user[EG_RECORD_USER_SIZE], profile[EG_RECORD_PROFILE_SIZE],
		rhost[EG_RECORD_RHOST_SIZE];
	const struct eg_event_session session = {.user = user,
						 .profile = profile,
						 .rhost = rhost,
						 .rport = UINT32_MAX,
						 .feed = user};
	struct parsed parsed;

	(void)state;
	put(user, sizeof(user), "");
	memset(user, '\n', sizeof(user) - 1);
	put(profile, sizeof(profile), "");
	memset(profile, '\n', sizeof(profile) - 1);
	put(rhost, sizeof(rhost), "");
	memset(rhost, '\n', sizeof(rhost) - 1);
	for (uint16_t op = 0; op <= VALID_OPS; op++) {
		struct eg_event e;

		memset(&e, 0xff, sizeof(e));
		e.abi = EG_ABI_VERSION;
		e.kind = EG_EVENT_VERDICT;
		e.op = op;
		e.family = AF_INET6;
		e.reason = EG_REASON_RULE;
		e.rule = rule_of(128);
		e.rule.protocol = EG_PROTO_UDPLITE;
		e.rule.port_low = 10000;
		parse(format(&e, &session), &parsed);
		assert_string_equal(parsed.key[parsed.n - 1], "errno");
		if (op != EG_OP_FORK)
			assert_string_equal(parsed.key[parsed.n - 2], "rule");
	}
}

/* A path that grows by escaping loses its front, never the name of the program. */
static void test_format_long_path_keeps_end(void **state)
{
	struct eg_event e = event(EG_OP_SETUID);
	struct parsed parsed;
	const char *exe;

	(void)state;
	memset(&e.exe, 0, sizeof(e.exe));
	memcpy(e.exe.text, "evil", 5);
	e.exe.len = 5;
	for (int i = 0; i < 7; i++) {
		memset(e.exe.text + e.exe.len, '\n', 99);
		e.exe.len = (uint16_t)(e.exe.len + 100);
	}
	parse(format(&e, &alice), &parsed);
	exe = value_of(&parsed, "exe");
	assert_memory_equal(exe, ".../\\x0a", 8);
	assert_string_equal(exe + strlen(exe) - 9, "\\x0a/evil");
	assert_in_range(strlen(exe), 2 * 4 * 100, EG_LINE_PATH_SIZE - 1);
}

/* ASCII names of any length the system allows are never cut. */
static void test_format_long_names_whole(void **state)
{
	char user[EG_RECORD_USER_SIZE], rhost[EG_RECORD_RHOST_SIZE];
	const struct eg_event_session session = {
		.user = user, .profile = "default", .rhost = rhost};
	struct eg_event e = event(EG_OP_SETUID);
	struct parsed parsed;

	(void)state;
	memset(user, 'u', sizeof(user));
	user[sizeof(user) - 1] = '\0';
	memset(rhost, 'r', sizeof(rhost));
	rhost[sizeof(rhost) - 1] = '\0';
	parse(format(&e, &session), &parsed);
	assert_string_equal(value_of(&parsed, "user"), user);
	assert_string_equal(value_of(&parsed, "rhost"), rhost);
}

/* ---- anything at all ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Formats a record that may hold anything. When it is taken for one, the line is well-formed. */
static void try_record(const struct eg_event *e)
{
	char line[EG_LINE_MAX + 1], *rest;
	struct eg_fields fields;
	struct parsed parsed;
	int n;

	n = eg_event_make(e, &alice, &added, &fields);
	if (n == -EPROTO)
		return;
	assert_int_equal(n, 0);
	line[EG_LINE_MAX] = 'X';
	assert_in_range(eg_fields_json(&fields, line, EG_LINE_MAX), 1, EG_LINE_MAX - 1);
	assert_in_range(eg_fields_kv(&fields, line, EG_LINE_MAX), 1, EG_LINE_MAX - 1);
	assert_int_equal(line[EG_LINE_MAX], 'X');
	rest = strstr(line, " count=1 layer=");
	assert_non_null(rest);
	*rest = '\0';
	parse(line, &parsed);
	assert_string_equal(parsed.key[parsed.n - 1], "errno");
}

static void test_format_mutated_bits(void **state)
{
	struct eg_event base = connect_to("18.4.5.6", 9), e;

	(void)state;
	base.object = walked("/mnt/usb");
	for (uint16_t op = 0; op <= VALID_OPS; op++) {
		base.op = op;
		for (size_t bit = 0; bit < 8 * sizeof(e); bit++) {
			e = base;
			((uint8_t *)&e)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			try_record(&e);
		}
	}
}

static void test_format_mutated_random(void **state)
{
	uint64_t seed = 88172645463325252ULL;
	struct eg_event e = {0};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(e) / 8; i++) {
			uint64_t word = next_random(&seed);

			memcpy((char *)&e + 8 * i, &word, sizeof(word));
		}
		e.abi = EG_ABI_VERSION;
		e.kind = EG_EVENT_VERDICT;
		e.op = (uint16_t)(e.op % (EG_OP_MAX + 2));
		if (round & 1)
			e.family = round & 2 ? AF_INET : AF_INET6;
		if (round & 4)
			e.exe.len %= EG_PATH_SIZE + 2;
		if (round & 8)
			e.object.len %= EG_PATH_SIZE + 2;
		if (round & 16)
			e.reason %= EG_REASON_CEILING + 2;
		if (round & 32)
			e.rule.protocol = (uint8_t)(e.rule.protocol % (EG_PROTO_MAX + 1));
		if (round & 64)
			e.rule.prefix_len %= 130;
		if (round & 128) {
			e.option %= 512;
			e.target_id %= 48;
		}
		try_record(&e);
	}
}

/* ---- flows that a reload has denied ---- */

static struct eg_denied_flow flow_to(uint16_t family, const char *local, const char *remote,
				     uint8_t prefix_len)
{
	struct eg_denied_flow flow = {.session = 17,
				      .uid = 1001,
				      .family = family,
				      .lport = 40000,
				      .rport = 443,
				      .rule = rule_of(prefix_len),
				      .rule_family = family};

	assert_int_equal(inet_pton(family, local, flow.laddr), 1);
	assert_int_equal(inet_pton(family, remote, flow.raddr), 1);
	return flow;
}

/* The line, with what every line ends with taken away. Returns its length. */
static int format_flow(const struct eg_denied_flow *flow, const struct eg_event_session *session,
		       const char *blocked, char *line)
{
	static const char end[] = " host=bastion1 time=2026-11-23T00:00:00.005Z mono=0.005";
	struct eg_fields fields;
	int n;

	eg_event_make_flow(flow, session, blocked, &added, &fields);
	forms_agree(&fields);
	n = eg_fields_kv(&fields, line, EG_LINE_MAX);
	assert_in_range(n, sizeof(end), EG_LINE_MAX - 1);
	assert_string_equal(line + n - (sizeof(end) - 1), end);
	line[n - (int)(sizeof(end) - 1)] = '\0';
	return n - (int)(sizeof(end) - 1);
}

static void test_flow_line(void **state)
{
	struct eg_denied_flow flow = flow_to(AF_INET, "10.0.0.9", "18.4.5.6", 9);
	char line[EG_LINE_MAX];
	int n;

	(void)state;
	n = format_flow(&flow, &alice, NULL, line);
	assert_int_equal(n, strlen(line));
	assert_string_equal(line,
			    "RESET session=17 user=alice uid=1001 profile=default rhost=10.0.0.5 "
			    "proto=tcp src=10.0.0.9 sport=40000 dst=18.4.5.6 port=443 "
			    "rule=18.0.0.0/9");
	n = format_flow(&flow, &alice, "no-inet-diag", line);
	assert_int_equal(n, strlen(line));
	assert_string_equal(line,
			    "BLOCK session=17 user=alice uid=1001 profile=default rhost=10.0.0.5 "
			    "proto=tcp src=10.0.0.9 sport=40000 dst=18.4.5.6 port=443 "
			    "rule=18.0.0.0/9 reason=no-inet-diag");
}

static void test_flow_feed(void **state)
{
	struct eg_denied_flow flow = flow_to(AF_INET, "10.0.0.9", "18.4.5.6", 9);
	struct eg_event_session session = alice;
	char line[EG_LINE_MAX];

	(void)state;
	session.feed = "/feed";
	flow.rule.line = EG_LINE_FEEDS + 7;
	(void)format_flow(&flow, &session, "no-inet-diag", line);
	assert_non_null(strstr(line, " rule=18.0.0.0/9 feed=/feed line=7 reason=no-inet-diag"));
	flow.rule.line = 7;
	(void)format_flow(&flow, &session, NULL, line);
	assert_null(strstr(line, "feed="));
}

static void test_flow_rule(void **state)
{
	static const struct {
		uint16_t family;
		const char *local, *remote;
		uint16_t rule_family;
		uint8_t prefix_len;
		uint32_t reason;
		const char *src, *dst, *rule;
	} cases[] = {
		{AF_INET6, "2001:db8::9", "2001:db8::1", AF_INET6, 32, EG_REASON_RULE,
		 "2001:db8::9", "2001:db8::1", "2001:db8::/32"},
		{AF_INET6, "::ffff:10.0.0.9", "::ffff:18.4.5.6", AF_INET, 9, EG_REASON_RULE,
		 "10.0.0.9", "18.4.5.6", "18.0.0.0/9"},
		{AF_INET6, "2001:db8::9", "64:ff9b::18.4.5.6", AF_INET, 9, EG_REASON_RULE,
		 "2001:db8::9", "64:ff9b::1204:506", "18.0.0.0/9"},
		{AF_INET, "10.0.0.9", "18.4.5.6", AF_INET, 0, EG_REASON_DEFAULT, "10.0.0.9",
		 "18.4.5.6", "default"},
		{AF_INET, "10.0.0.9", "18.4.5.6", AF_INET, 0, EG_REASON_POLICY, "10.0.0.9",
		 "18.4.5.6", "-"},
		{AF_INET, "10.0.0.9", "18.4.5.6", AF_INET, 33, EG_REASON_RULE, "10.0.0.9",
		 "18.4.5.6", "-"},
	};
	struct parsed parsed;
	char line[EG_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_denied_flow flow = flow_to(cases[i].family, cases[i].local,
						     cases[i].remote, cases[i].prefix_len);
		char words[EG_LINE_MAX + 8];

		flow.rule_family = cases[i].rule_family;
		flow.reason = cases[i].reason;
		(void)format_flow(&flow, &alice, NULL, line);
		/* the parser wants an operation as the second word */
		(void)snprintf(words, sizeof(words), "RESET flow %s", line + strlen("RESET "));
		parse(words, &parsed);
		assert_string_equal(value_of(&parsed, "src"), cases[i].src);
		assert_string_equal(value_of(&parsed, "dst"), cases[i].dst);
		assert_string_equal(value_of(&parsed, "rule"), cases[i].rule);
	}
}

/* Whatever is in the record and in the names, it is one line of words. */
static void test_flow_mutated_random(void **state)
{
	struct eg_event_session session = alice;
	uint64_t seed = 88172645463325252ULL;
	struct eg_denied_flow flow = {0};
	struct parsed parsed;
	char line[EG_LINE_MAX + 1], words[EG_LINE_MAX + 8];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < sizeof(flow) / 8; i++) {
			uint64_t word = next_random(&seed);

			memcpy((char *)&flow + 8 * i, &word, sizeof(word));
		}
		if (round & 1)
			flow.family = round & 2 ? AF_INET : AF_INET6;
		if (round & 4)
			flow.reason = 0;
		if (round & 8)
			flow.rule.protocol = EG_PROTO_ANY;
		session.user = hostile[(size_t)round % EG_ARRAY_SIZE(hostile)];
		line[EG_LINE_MAX] = 'X';
		assert_in_range(format_flow(&flow, &session, "a b", line), 1, EG_LINE_MAX - 1);
		assert_int_equal(line[EG_LINE_MAX], 'X');
		(void)snprintf(words, sizeof(words), "BLOCK flow %s", line + strlen("BLOCK "));
		parse(words, &parsed);
		assert_string_equal(parsed.key[parsed.n - 1], "reason");
		assert_string_equal(value_of(&parsed, "reason"), "a\\x20b");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_hostile_fields),
		cmocka_unit_test(test_format_hostile_session),
		cmocka_unit_test(test_format_hostile_paths),
		cmocka_unit_test(test_format_no_nul),
		cmocka_unit_test(test_format_longest),
		cmocka_unit_test(test_format_long_path_keeps_end),
		cmocka_unit_test(test_format_long_names_whole),
		cmocka_unit_test(test_format_mutated_bits),
		cmocka_unit_test(test_format_mutated_random),
		cmocka_unit_test(test_flow_line),
		cmocka_unit_test(test_flow_feed),
		cmocka_unit_test(test_flow_rule),
		cmocka_unit_test(test_flow_mutated_random),
	};

	return cmocka_run_group_tests_name("event_hostile", tests, NULL, NULL);
}
