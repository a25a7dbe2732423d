// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records of the log in their three forms: the exact text of each kind, whatever users write into
 * names, paths and arguments, and the longest there can be. `test_fields print` prints records as
 * JSON for tests/test_log_json.sh, each behind a line with the text that is in it, in hex.
 */
#include "event_helpers.h"
#include "page_helpers.h"

#define FRONT                                                                                      \
	" connect session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 rport=50122 "      \
	"tty=pts/0 pid=4242 ppid=4240 comm=curl exe=/usr/bin/curl proto=tcp dst=18.4.5.6 "         \
	"port=443 rule=18.0.0.0/9 errno=EPERM "
#define END "time=2026-11-23T00:00:01.002Z mono=1.002"

static const char *kv(const struct eg_fields *fields)
{
	static char line[EG_LINE_MAX];
	int n = eg_fields_kv(fields, line, sizeof(line));

	assert_in_range(n, 1, EG_LINE_MAX - 1);
	assert_int_equal(n, strlen(line));
	return line;
}

static const char *json(const struct eg_fields *fields)
{
	static char line[EG_LINE_MAX];
	int n = eg_fields_json(fields, line, sizeof(line));

	assert_in_range(n, 1, EG_LINE_MAX - 1);
	assert_int_equal(n, strlen(line));
	return line;
}

/* ---- the exact text */

static void test_refusal(void **state)
{
	struct eg_event_session session = full_session();
	struct eg_event e = full_event();
	struct eg_fields fields;

	(void)state;
	assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
	assert_string_equal(
		kv(&fields),
		"DENY" FRONT
		"count=1 layer=call family=AF_INET src=10.0.0.2 sport=40112 service=sshd "
		"key=" FULL_KEY " loginuid=1000 audit_session=3 cgroup=5123 generation=7 "
		"config=/etc/ebpfguard.conf line=3 host=bastion1 "
		"args=\"curl\" \"http://18.4.5.6/ x\" " END);
	assert_string_equal(
		json(&fields),
		"{\"event\":\"refusal\",\"verdict\":\"deny\",\"op\":\"connect\",\"session\":17,"
		"\"user\":\"alice\",\"uid\":1000,\"profile\":\"default\",\"rhost\":\"10.0.0.5\","
		"\"rport\":50122,\"tty\":\"pts/0\",\"pid\":4242,\"ppid\":4240,\"comm\":\"curl\","
		"\"exe\":\"/usr/bin/curl\",\"proto\":\"tcp\",\"dst\":\"18.4.5.6\",\"port\":443,"
		"\"rule\":\"18.0.0.0/"
		"9\",\"errno\":\"EPERM\",\"count\":1,\"layer\":\"call\",\"family\":\"AF_INET\","
		"\"src\":\"10.0.0.2\",\"sport\":40112,\"service\":\"sshd\",\"key\":\"" FULL_KEY
		"\","
		"\"loginuid\":1000,\"audit_session\":3,\"cgroup\":5123,\"generation\":7,"
		"\"config\":\"/etc/ebpfguard.conf\",\"line\":3,\"host\":\"bastion1\","
		"\"args\":[\"curl\",\"http://18.4.5.6/ x\"],"
		"\"time\":\"2026-11-23T00:00:01.002Z\",\"mono\":1.002}");
}

/* What is not known is "-", and absent in JSON. */
static void test_refusal_unknown(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);
	struct eg_event_session nobody = {.user = NULL};
	struct eg_event_added nothing = {.host = NULL};
	struct eg_fields fields;

	(void)state;
	e.loginuid = e.audit_session = UINT32_MAX;
	e.tgid = 0;
	e.comm[0] = e.tty[0] = '\0';
	e.exe.len = 0;
	assert_int_equal(eg_event_make(&e, &nobody, &nothing, &fields), 0);
	assert_string_equal(
		kv(&fields),
		"DENY connect session=17 user=- uid=0 profile=- rhost=- rport=0 tty=- "
		"pid=- ppid=- comm=- exe=- proto=tcp dst=18.4.5.6 port=443 "
		"rule=18.0.0.0/9 errno=EPERM count=1 layer=call family=AF_INET src=- sport=- "
		"service=- key=- loginuid=- audit_session=- cgroup=- generation=- "
		"config=- line=3 host=- args=- time=1970-01-01T00:00:00.000Z mono=0.000");
	assert_string_equal(
		json(&fields),
		"{\"event\":\"refusal\",\"verdict\":\"deny\",\"op\":\"connect\",\"session\":17,"
		"\"uid\":0,\"proto\":\"tcp\",\"dst\":\"18.4.5.6\",\"port\":443,"
		"\"rule\":\"18.0.0.0/"
		"9\",\"errno\":\"EPERM\",\"count\":1,\"layer\":\"call\",\"family\":\"AF_INET\","
		"\"line\":3,\"time\":\"1970-01-01T00:00:00.000Z\",\"mono\":0.000}");
}

static void test_refusal_repeated(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);
	struct eg_event_added many = added;
	struct eg_fields fields;

	(void)state;
	e.ts_ns = 1002999999;
	many.count = 3;
	many.last_ns = 2500000000;
	assert_int_equal(eg_event_make(&e, &alice, &many, &fields), 0);
	assert_non_null(strstr(kv(&fields), "errno=EPERM count=3 last=2026-11-23T00:00:02.500Z "
					    "layer=call family=AF_INET src=- sport=- "));
	assert_non_null(strstr(kv(&fields), " " END)); /* of the first */
	many.replayed = true;
	assert_int_equal(eg_event_make(&e, &alice, &many, &fields), 0);
	assert_non_null(strstr(kv(&fields), ".500Z replayed=yes layer="));
	assert_non_null(strstr(json(&fields), "\"count\":3,\"last\":\"2026-11-23T00:00:02.500Z\","
					      "\"replayed\":\"yes\","));
	many.count = 0; /* is one, and has no last */
	assert_int_equal(eg_event_make(&e, &alice, &many, &fields), 0);
	assert_non_null(strstr(kv(&fields), " count=1 replayed=yes layer="));
}

/* Our own end: where the other is dst=; of a packet that came in as dst=; and nowhere else. */
static void test_refusal_own_end(void **state)
{
	static const struct {
		uint16_t op, family;
		const char *has; /* between errno= and service= */
	} cases[] = {
		{EG_OP_SENDMSG, AF_INET,
		 "layer=call family=AF_INET src=10.0.0.2 sport=40112 service="},
		{EG_OP_RECEIVE, AF_INET,
		 "layer=call family=AF_INET src=10.0.0.2 sport=40112 service="},
		{EG_OP_EGRESS, AF_INET,
		 "layer=packet family=AF_INET src=10.0.0.2 sport=40112 service="},
		{EG_OP_INGRESS, AF_INET,
		 "layer=packet family=AF_INET dst=10.0.0.2 dport=40112 service="},
		{EG_OP_BIND, AF_INET, "layer=call family=AF_INET service="},
		{EG_OP_LISTEN, AF_INET, "layer=call family=AF_INET service="},
		{EG_OP_SOCKET, AF_INET, "layer=call service="},
		{EG_OP_SETSOCKOPT, AF_INET, "layer=call service="},
		{EG_OP_SENDMSG, AF_PACKET, "layer=call service="},
		{EG_OP_SETUID, 0, "layer=call service="},
		{EG_OP_SENDMSG, 0, "layer=call src=- sport=- service="},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = full_event();
		struct eg_fields fields;

		e.op = cases[i].op;
		e.family = cases[i].family;
		assert_int_equal(eg_event_make(&e, &alice, &added, &fields), 0);
		if (!strstr(kv(&fields), cases[i].has))
			fail_msg("%s: no %s", kv(&fields), cases[i].has);
	}
}

static void test_events(void **state)
{
	static const struct {
		const char *word, *json;
	} cases[] = {
		{"DENY", "{\"event\":\"refusal\",\"verdict\":\"deny\"}"},
		{"AUDIT", "{\"event\":\"refusal\",\"verdict\":\"audit\"}"},
		{"KILL", "{\"event\":\"refusal\",\"verdict\":\"kill\"}"},
		{"RESET", "{\"event\":\"flow\",\"verdict\":\"reset\"}"},
		{"BLOCK", "{\"event\":\"flow\",\"verdict\":\"block\"}"},
		{"START", "{\"event\":\"start\"}"},
		{"KILLED", "{\"event\":\"killed\"}"},
		{"QUARANTINE", "{\"event\":\"quarantine\"}"},
	};
	struct eg_fields fields;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_fields_begin(&fields, cases[i].word, NULL);
		assert_string_equal(json(&fields), cases[i].json);
		assert_string_equal(kv(&fields), cases[i].word);
	}
	eg_fields_begin(&fields, "REFUSED", "open");
	eg_fields_add_phrase(&fields, "reason", "no \"x\" = y\n");
	assert_string_equal(kv(&fields), "REFUSED open reason=\"no \\x22x\\x22 \\x3d y\\x0a\"");
	assert_string_equal(json(&fields), "{\"event\":\"refused\",\"op\":\"open\","
					   "\"reason\":\"no \\\"x\\\" = y\\u000a\"}");
}

static void test_flow_json(void **state)
{
	struct eg_denied_flow flow = {.session = 17,
				      .uid = 1001,
				      .family = AF_INET,
				      .lport = 40000,
				      .rport = 443,
				      .rule = rule_of(9),
				      .rule_family = AF_INET};
	struct eg_fields fields;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "10.0.0.9", flow.laddr), 1);
	assert_int_equal(inet_pton(AF_INET, "18.4.5.6", flow.raddr), 1);
	eg_event_make_flow(&flow, &alice, "no-inet-diag", &added, &fields);
	assert_string_equal(
		json(&fields),
		"{\"event\":\"flow\",\"verdict\":\"block\",\"session\":17,\"user\":\"alice\","
		"\"uid\":1001,\"profile\":\"default\",\"rhost\":\"10.0.0.5\",\"proto\":\"tcp\","
		"\"src\":\"10.0.0.9\",\"sport\":40000,\"dst\":\"18.4.5.6\",\"port\":443,"
		"\"rule\":\"18.0.0.0/9\",\"reason\":\"no-inet-diag\",\"host\":\"bastion1\","
		"\"time\":\"2026-11-23T00:00:00.005Z\",\"mono\":0.005}");
}

static void test_told_json(void **state)
{
	struct eg_told t = {.abi = EG_ABI_VERSION,
			    .kind = EG_STORY_EXEC,
			    .ts_ns = 1002999999,
			    .session = 17,
			    .tgid = 4242,
			    .ppid = 4240,
			    .uid = 1000,
			    .number = 2,
			    .comm = "tar",
			    .tty = "pts0",
			    .len = {4, 0, 4}};
	struct eg_fields fields;

	(void)state;
	memcpy(t.text, "tar\0a\0b", 8);
	assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields), 0);
	assert_string_equal(json(&fields),
			    "{\"event\":\"exec\",\"session\":17,\"user\":\"alice\",\"uid\":1000,"
			    "\"tty\":\"pts/0\",\"pid\":4242,\"ppid\":4240,\"exe\":\"/tar\","
			    "\"cwd\":\"/\",\"argc\":2,\"args\":[\"a\",\"b\"],\"host\":\"bastion1\","
			    "\"time\":\"2026-11-23T00:00:01.002Z\",\"mono\":1.002}");
	t.cut = 1U << EG_TOLD_ARGS;
	assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields), 0);
	assert_non_null(strstr(json(&fields), "\"args\":[\"a\",\"b\"],\"args_cut\":true,\"host\""));
	t.len[EG_TOLD_ARGS] = 0; /* none of them could be read */
	assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields), 0);
	assert_non_null(strstr(json(&fields), "\"args\":[],\"args_cut\":true,"));
	assert_non_null(strstr(kv(&fields), " args=... host="));
}

/* ---- the page */

static void test_in_page(void **state)
{
	struct eg_event_session session = full_session();
	struct eg_fields fields;

	(void)state;
	session.feed = "/f";
	for (uint16_t op = 1; op <= EG_OP_RUN; op++)
		for (int family = 0; family < 2; family++) {
			struct eg_event e = full_event();
			struct eg_event_added many = added;

			many.count = 2;
			many.replayed = true;
			e.op = op;
			e.family = family ? AF_INET : AF_PACKET;
			e.rule.line = EG_LINE_FEEDS + 1;
			e.object = walked("/a");
			memcpy(e.arg, "tmpfs", 6);
			assert_int_equal(eg_event_make(&e, &session, &many, &fields), 0);
			assert_in_page(&fields);
		}
}

static void test_flow_in_page(void **state)
{
	struct eg_event_session session = full_session();
	struct eg_denied_flow flow = {.session = 17, .family = AF_INET, .rule_family = AF_INET};
	struct eg_fields fields;

	(void)state;
	session.feed = "/f";
	flow.rule = rule_of(9);
	flow.rule.line = EG_LINE_FEEDS + 1;
	for (int blocked = 0; blocked < 2; blocked++) {
		eg_event_make_flow(&flow, &session, blocked ? "no-inet-diag" : NULL, &added,
				   &fields);
		assert_in_page(&fields);
	}
}

static void test_told_in_page(void **state)
{
	static const struct {
		uint16_t kind;
		uint32_t number;
	} cases[] = {
		{EG_STORY_EXEC, 2},
		{EG_STORY_EXIT, 3 << 8},   /* with a status */
		{EG_STORY_EXIT, 128 + 11}, /* by a signal, with a core */
		{EG_STORY_CONNECT, EG_OP_CONNECT},
		{EG_STORY_CONNECT, EG_OP_SENDMSG},
		{EG_STORY_OPEN, EG_TOLD_READ},
	};
	struct eg_fields fields;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_told t = {.abi = EG_ABI_VERSION,
				    .kind = cases[i].kind,
				    .number = cases[i].number,
				    .ts_ns = 1002999999,
				    .family = AF_INET,
				    .protocol = IPPROTO_TCP,
				    .comm = "tar",
				    .tty = "pts0",
				    .len = {4, 2, 2}};

		memcpy(t.text, "tar\0a\0b", 8);
		assert_int_equal(eg_event_make_told(&t, sizeof(t), &alice, &added, &fields), 0);
		assert_in_page(&fields);
	}
}

/* ---- JSON's characters */

static void test_json_characters(void **state)
{
	static const struct {
		const char *text, *string;
	} cases[] = {
		{"a b=c/d", "a b=c/d"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\"", "\\\""},
		{"\\", "\\\\x5c"},
		{"\\x41", "\\\\x5cx41"},
		{"\n\r\t\x01\x7f", "\\u000a\\u000d\\u0009\\u0001\\u007f"},
		{"\033[2J", "\\u001b[2J"},
		{"\xc2\x9b", "\\u009b"},
		{"\xe2\x80\xae", "\\u202e"}, /* turns the text round */
		{"\xe2\x80\xa8", "\\u2028"},
		{"\xef\xbb\xbf", "\\ufeff"},
		/* not UTF-8: alone, too long for what it is, surrogates, too great, cut off */
		{"\x80", "\\\\x80"},
		{"\xff\xfe", "\\\\xff\\\\xfe"},
		{"\xc0\xaf", "\\\\xc0\\\\xaf"},
		{"\xe0\x9f\xbf", "\\\\xe0\\\\x9f\\\\xbf"},
		{"\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80"},
		{"\xf0\x8f\xbf\xbf", "\\\\xf0\\\\x8f\\\\xbf\\\\xbf"},
		{"\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
		{"\xf5\x80\x80\x80", "\\\\xf5\\\\x80\\\\x80\\\\x80"},
		{"\xe2\x82", "\\\\xe2\\\\x82"},
		{"\xe2\x82"
		 "a",
		 "\\\\xe2\\\\x82a"},
		{"\xc3", "\\\\xc3"},
	};
	struct eg_fields fields;
	char expected[256];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		eg_fields_begin(&fields, "START", NULL);
		eg_fields_add_word(&fields, "user", cases[i].text);
		(void)snprintf(expected, sizeof(expected), "{\"event\":\"start\",\"user\":\"%s\"}",
			       cases[i].string);
		assert_string_equal(json(&fields), expected);
	}
}

/* ---- the longest */

static void test_longest(void **state)
{
	static const char bytes[] = {'a', '\n', '\x80', '\\', '"'};
	static const size_t args[] = {1, 2, 3, 600};
	struct eg_event_session session;
	struct eg_event_added by;
	struct eg_fields fields;
	struct eg_event e;
	char text[1024];

	(void)state;
	for (uint16_t op = 0; op < EG_OP_MAX; op++)
		for (size_t b = 0; b < sizeof(bytes); b++)
			for (size_t a = 0; a < EG_ARRAY_SIZE(args); a++) {
				fill(&e, &session, &by, text, sizeof(text), bytes[b]);
				e.op = op;
				for (size_t i = args[a]; i < sizeof(e.args); i += args[a] + 1)
					e.args[i] = '\0';
				assert_int_equal(eg_event_make(&e, &session, &by, &fields), 0);
				assert_memory_equal(strrchr(kv(&fields), ' '), " mono=", 6);
				assert_memory_equal(strrchr(json(&fields), ','), ",\"mono\":", 8);
			}
}

/* Small buffers are refused, and not written past. */
static void test_small(void **state)
{
	struct eg_event_session session = full_session();
	struct eg_event e = full_event();
	char small[2048], whole[2048];
	struct eg_fields fields;
	int n;

	(void)state;
	assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
	for (int form = 0; form < 2; form++) {
		int (*write)(const struct eg_fields *, char *, size_t) =
			form ? eg_fields_json : eg_fields_kv;

		n = write(&fields, whole, sizeof(whole));
		assert_true(n > 0);
		for (int size = 1; size <= n; size++) {
			memset(small, 'X', sizeof(small));
			assert_int_equal(write(&fields, small, (size_t)size), -EMSGSIZE);
			assert_int_equal(small[size], 'X');
		}
		assert_int_equal(write(&fields, small, (size_t)n + 1), n);
		assert_string_equal(small, whole);
	}
}

/* More fields and texts than there is room for are dropped, and nothing else happens. */
static void test_too_many(void **state)
{
	char text[EG_FIELDS_TEXT_MAX + 1], line[65536];
	struct eg_fields fields;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	eg_fields_begin(&fields, "START", NULL);
	for (int i = 0; i < 2 * EG_FIELDS_MAX; i++)
		eg_fields_add_word(&fields, "user", text);
	assert_int_equal(fields.n, EG_FIELDS_MAX);
	assert_true(fields.used <= EG_FIELDS_ROOM);
	assert_true(eg_fields_kv(&fields, line, sizeof(line)) > 0);
	assert_string_equal(line + strlen(line) - 7, " user=-");
}

/* ---- for the shell */

static void print_hex(const char *text)
{
	for (; *text; text++)
		(void)printf("%02x", (unsigned char)*text);
	(void)putchar('\n');
}

/* Without cmocka around it: nothing here may fail. */
static int print(void)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(hostile); i++) {
		struct eg_event_session session = alice;
		struct eg_event e = event(EG_OP_MOUNT);
		static struct eg_fields fields;
		char line[EG_LINE_MAX];

		session.user = session.rhost = session.service = hostile[i];
		e.n_args = (uint16_t)(5 + strlen(hostile[i]) + 1);
		memcpy(e.args, "curl", 5);
		memcpy(e.args + 5, hostile[i], strlen(hostile[i]) + 1);
		if (eg_event_make(&e, &session, &added, &fields) < 0 ||
		    eg_fields_json(&fields, line, sizeof(line)) < 0)
			return 1;
		print_hex(hostile[i]);
		(void)puts(line);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusal),		 cmocka_unit_test(test_refusal_unknown),
		cmocka_unit_test(test_refusal_repeated), cmocka_unit_test(test_refusal_own_end),
		cmocka_unit_test(test_events),		 cmocka_unit_test(test_flow_json),
		cmocka_unit_test(test_told_json),	 cmocka_unit_test(test_in_page),
		cmocka_unit_test(test_flow_in_page),	 cmocka_unit_test(test_told_in_page),
		cmocka_unit_test(test_json_characters),

		cmocka_unit_test(test_longest),		 cmocka_unit_test(test_small),
		cmocka_unit_test(test_too_many),
	};

	if (argc == 2 && !strcmp(argv[1], "print"))
		return print();
	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
