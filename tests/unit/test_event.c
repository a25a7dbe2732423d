// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for syslog: the exact text of each kind, and whatever a hostile user puts into a name, a
 * path or a tty. Each line is read back as key=value words, so that a forged field or line would
 * show.
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
#include <string.h>
#include <cmocka.h>

#include "event.h"
#include "rule.h"
#include "util.h"

enum { WORDS_MAX = 64, VALID_OPS = EG_OP_MOUNT_ATTR };

/* ---- making records ---- */

static const struct eg_event_session alice = {
	.user = "alice", .profile = "default", .rhost = "10.0.0.5", .rport = 50122, .uid = 1000};

/* "/usr/bin/sudo" as the kernel side walks it. */
static struct eg_path walked(const char *path)
{
	struct eg_path ret = {0};
	const char *end = path + strlen(path);

	while (end > path) {
		const char *start = end;

		while (start > path && start[-1] != '/')
			start--;
		memcpy(ret.text + ret.len, start, (size_t)(end - start));
		ret.len = (uint16_t)(ret.len + (end - start) + 1);
		end = start > path ? start - 1 : path;
	}
	return ret;
}

static struct eg_event event(uint16_t op)
{
	struct eg_event e = {
		.abi = EG_ABI_VERSION,
		.kind = EG_EVENT_VERDICT,
		.op = op,
		.session = 17,
		.profile = EG_PROFILE_FIRST,
		.verdict = EG_VERDICT_DENY,
		.error = EPERM,
		.tgid = 4242,
		.tid = 4243,
		.ppid = 4240,
		.uid = 1000,
		.comm = "curl",
		.tty = "pts0",
	};

	e.exe = walked("/usr/bin/curl");
	return e;
}

/* A rule about a network of prefix_len bits, for every protocol and port. */
static struct eg_rule rule_of(uint8_t prefix_len)
{
	return (struct eg_rule){.verdict = EG_VERDICT_DENY,
				.prefix_len = prefix_len,
				.protocol = EG_PROTO_ANY,
				.line = 3,
				.port_high = UINT16_MAX};
}

/* A connect to text, refused by a rule of prefix_len bits. */
static struct eg_event connect_to(const char *text, uint8_t prefix_len)
{
	struct eg_event e = event(EG_OP_CONNECT);

	e.family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(e.family, text, e.addr), 1);
	e.protocol = IPPROTO_TCP;
	e.port = 443;
	e.has_addr = 1;
	e.has_rule = 1;
	e.rule = rule_of(prefix_len);
	e.rule_family = e.family;
	return e;
}

static const char *format(const struct eg_event *e, const struct eg_event_session *session)
{
	static char line[EG_LINE_MAX];
	int n;

	memset(line, 'X', sizeof(line));
	n = eg_event_format(e, session, line);
	assert_in_range(n, 1, EG_LINE_MAX - 1);
	assert_int_equal(n, strnlen(line, sizeof(line)));
	return line;
}

/* ---- reading lines back ---- */

struct parsed {
	char text[EG_LINE_MAX];
	char *verdict, *op;
	char *key[WORDS_MAX], *value[WORDS_MAX];
	size_t n;
};

/* As a SIEM would: words at blanks, key before the first '='. Fails on anything that is not exactly
 * that. */
static void parse(const char *line, struct parsed *ret)
{
	char *save = NULL, *word;

	memset(ret, 0, sizeof(*ret));
	for (const char *p = line; *p; p++) {
		assert_in_range((unsigned char)*p, 0x20, 0x7e);
		assert_int_not_equal(*p, '"');
		assert_false(p[0] == ' ' && (p[1] == ' ' || !p[1]));
	}
	assert_true(strlen(line) < sizeof(ret->text));
	memcpy(ret->text, line, strlen(line) + 1);
	ret->verdict = strtok_r(ret->text, " ", &save);
	ret->op = strtok_r(NULL, " ", &save);
	while ((word = strtok_r(NULL, " ", &save))) {
		char *equals = strchr(word, '=');

		assert_true(ret->n < WORDS_MAX);
		assert_non_null(equals);
		*equals = '\0';
		assert_true(*word && equals[1]);
		assert_null(strchr(equals + 1, '='));
		for (size_t i = 0; i < ret->n; i++)
			assert_string_not_equal(ret->key[i], word);
		ret->key[ret->n] = word;
		ret->value[ret->n++] = equals + 1;
	}
}

static const char *value_of(const struct parsed *parsed, const char *key)
{
	for (size_t i = 0; i < parsed->n; i++)
		if (!strcmp(parsed->key[i], key))
			return parsed->value[i];
	fail_msg("no %s=", key);
	return "";
}

/* The keys of a line, in order; "..." stands for what the operation adds. */
static void assert_keys(const struct parsed *parsed, const char *object)
{
	char keys[512] = "", expected[512];

	for (size_t i = 0; i < parsed->n; i++)
		(void)snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), " %s",
			       parsed->key[i]);
	(void)snprintf(expected, sizeof(expected),
		       " session user uid profile rhost rport tty pid ppid comm exe%s%s errno",
		       *object ? " " : "", object);
	assert_string_equal(keys, expected);
}

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

/* ---- lines ---- */

static void test_format_connect(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);

	(void)state;
	assert_string_equal(format(&e, &alice), "DENY connect session=17 user=alice uid=1000 "
						"profile=default rhost=10.0.0.5 rport=50122 "
						"tty=pts/0 pid=4242 ppid=4240 comm=curl "
						"exe=/usr/bin/curl proto=tcp dst=18.4.5.6 port=443 "
						"rule=18.0.0.0/9 errno=EPERM");
}

/* A rule that stands in a feed: which one, and where there. */
static void test_format_feed(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);
	struct eg_event_session session = alice;
	struct parsed parsed;
	char path[400];

	(void)state;
	session.feed = "/etc/feeds/a b";
	assert_null(strstr(format(&e, &session), "feed="));
	e.rule.line = EG_LINE_FEEDS - 1;
	assert_null(strstr(format(&e, &session), "feed="));
	e.rule.line = EG_LINE_FEEDS + (3U << EG_LINE_BITS) + 12;
	assert_non_null(strstr(format(&e, &session), " rule=18.0.0.0/9 feed=/etc/feeds/a\\x20b "
						     "line=12 errno=EPERM"));
	assert_non_null(strstr(format(&e, &alice), " rule=18.0.0.0/9 feed=- line=12 errno=EPERM"));
	memset(path, '\n', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	session.feed = path;
	e.rule.line = UINT32_MAX;
	parse(format(&e, &session), &parsed);
	assert_in_range(strlen(value_of(&parsed, "feed")), 300, EG_LINE_WORD_SIZE);
	assert_string_equal(value_of(&parsed, "line"), "16777215");
	e.reason = EG_REASON_DEFAULT;
	assert_null(strstr(format(&e, &session), "feed="));
	e.reason = EG_REASON_RULE;
	e.op = EG_OP_FILE;
	assert_null(strstr(format(&e, &session), "feed="));
}

static void test_format_audit(void **state)
{
	struct eg_event e = connect_to("2001:db8::1", 32);

	(void)state;
	e.op = EG_OP_SENDMSG;
	e.verdict = EG_VERDICT_AUDIT;
	e.error = 0;
	e.protocol = IPPROTO_UDP;
	e.tty[0] = '\0';
	assert_string_equal(
		format(&e, &alice),
		"AUDIT sendmsg session=17 user=alice uid=1000 profile=default rhost=10.0.0.5 "
		"rport=50122 tty=- "
		"pid=4242 ppid=4240 comm=curl exe=/usr/bin/curl proto=udp dst=2001:db8::1 port=443 "
		"rule=2001:db8::/32 errno=0");
}

static void test_format_kill(void **state)
{
	struct eg_event e = connect_to("18.4.5.6", 9);

	(void)state;
	e.verdict = EG_VERDICT_KILL;
	assert_string_equal(format(&e, &alice), "KILL connect session=17 user=alice uid=1000 "
						"profile=default rhost=10.0.0.5 rport=50122 "
						"tty=pts/0 pid=4242 ppid=4240 comm=curl "
						"exe=/usr/bin/curl proto=tcp dst=18.4.5.6 port=443 "
						"rule=18.0.0.0/9 errno=EPERM");
}

/* What follows exe=, for each operation. */
static void test_format_object(void **state)
{
	static const struct {
		uint16_t op;
		const char *path, *type, *tail;
	} cases[] = {
		{EG_OP_SETUID, "", "", " target=0 rule=setuid errno=EPERM"},
		{EG_OP_EXEC, "/usr/bin/sudo", "",
		 " path=/usr/bin/sudo target=0 rule=setuid errno=EPERM"},
		{EG_OP_EXEC, "", "", " path=- target=0 rule=setuid errno=EPERM"},
		{EG_OP_MOUNT, "/mnt", "tmpfs", " path=/mnt type=tmpfs rule=mount errno=EPERM"},
		{EG_OP_MOUNT, "", "", " path=/ type=- rule=mount errno=EPERM"},
		{EG_OP_REMOUNT, "", "", " path=- type=- rule=mount errno=EPERM"},
		{EG_OP_UMOUNT, "/mnt/a b", "", " path=/mnt/a\\x20b type=- rule=mount errno=EPERM"},
		{EG_OP_MOVE_MOUNT, "/x", "", " path=/x type=- rule=mount errno=EPERM"},
		{EG_OP_PIVOT_ROOT, "/new", "", " path=/new type=- rule=mount errno=EPERM"},
		{EG_OP_FORK, "", "", " errno=EPERM"},
		{EG_OP_NONE, "/x", "", " rule=- errno=EPERM"},
		{EG_OP_RUN + 1, "/x", "", " rule=- errno=EPERM"},
		{UINT16_MAX, "/x", "", " rule=- errno=EPERM"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(cases[i].op);
		const char *line, *tail;

		e.object = walked(cases[i].path);
		memcpy(e.arg, cases[i].type, strlen(cases[i].type));
		line = format(&e, &alice);
		tail = strstr(line, " exe=/usr/bin/curl");
		assert_non_null(tail);
		assert_string_equal(tail + strlen(" exe=/usr/bin/curl"), cases[i].tail);
	}
}

/* What follows exe=, for what is not about the network. */
static void test_format_act(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t target, option, reason;
		const char *object, *arg, *tail;
	} cases[] = {
		{EG_OP_SETGID, 42, 0, 0, "", "", " gid=42 rule=setuid"},
		{EG_OP_SETGROUPS, 998, 0, 0, "", "", " gid=998 rule=setuid"},
		{EG_OP_CAPSET, 0, 0, 0, "", "", " cap=CAP_CHOWN rule=setuid"},
		{EG_OP_CAPSET, 40, 0, 0, "", "", " cap=CAP_CHECKPOINT_RESTORE rule=setuid"},
		{EG_OP_CAPSET, 41, 0, 0, "", "", " cap=41 rule=setuid"},
		{EG_OP_USERNS, 7, 7, 0, "/x", "x", " rule=setuid"},
		{EG_OP_CAPABILITY, 21, 0, EG_REASON_CEILING, "", "",
		 " cap=CAP_SYS_ADMIN reason=ceiling rule=capabilities"},
		{EG_OP_CAPABILITY, 16, 0, EG_REASON_PROTECTED, "", "",
		 " cap=CAP_SYS_MODULE reason=protected rule=tampering"},
		{EG_OP_CAPABILITY, UINT32_MAX, 0, EG_REASON_POLICY, "", "",
		 " cap=4294967295 reason=- rule=-"},
		{EG_OP_CGROUP, 0, 0, EG_REASON_OUTSIDE, "/user.slice/cgroup.procs", "",
		 " path=/user.slice/cgroup.procs reason=outside rule=leaving"},
		{EG_OP_CGROUP, 0, 0, EG_REASON_OUTSIDE, "", "",
		 " path=- reason=outside rule=leaving"},
		{EG_OP_PTRACE, 77, 0, EG_REASON_OUTSIDE, "", "",
		 " target_pid=77 reason=outside rule=leaving"},
		{EG_OP_PTRACE, 77, 0, EG_REASON_PROTECTED, "", "",
		 " target_pid=77 reason=protected rule=tampering"},
		{EG_OP_UNIX, 0, 0, EG_REASON_SERVICE, "", "/run/docker.sock",
		 " path=/run/docker.sock reason=service rule=unix.services"},
		{EG_OP_UNIX, 0, 0, EG_REASON_NAME, "", "@a b=c",
		 " path=@a\\x20b\\x3dc reason=name rule=unix.deny"},
		{EG_OP_UNIX, 0, 0, EG_REASON_SAME_USER, "", "",
		 " path=- reason=same-user rule=unix.same_user"},
		{EG_OP_UNIX, 0, 0, EG_REASON_POLICY, "", "/x", " path=/x reason=- rule=-"},
		{EG_OP_UNIX, 0, 0, EG_REASON_RULE, "", "/x", " path=/x reason=- rule=-"},
		{EG_OP_SIGNAL, 1, 15, EG_REASON_PROTECTED, "", "",
		 " target_pid=1 signal=15 reason=protected rule=tampering"},
		{EG_OP_PROCESS, 9, 15, EG_REASON_PROTECTED, "", "",
		 " target_pid=9 reason=protected rule=tampering"},
		{EG_OP_FILE, 0, EG_ACCESS_WRITE, EG_REASON_PROTECTED, "/etc/cron.d/x", "",
		 " access=write path=/etc/cron.d/x reason=protected rule=tampering"},
		{EG_OP_FILE, 0, EG_ACCESS_CREATE, EG_REASON_PROTECTED, "/etc/cron.d/a b", "",
		 " access=create path=/etc/cron.d/a\\x20b reason=protected rule=tampering"},
		{EG_OP_FILE, 0, EG_ACCESS_WRITE, EG_REASON_RULE, "", "",
		 " access=write path=- reason=- rule=files"},
		{EG_OP_FILE, 0, EG_ACCESS_READ, EG_REASON_PLACE, "/etc/shadow", "",
		 " access=read path=/etc/shadow reason=place rule=files"},
		{EG_OP_FILE, 0, EG_ACCESS_READ, EG_REASON_NOWHERE, "", "",
		 " access=read path=- reason=nowhere rule=files"},
		{EG_OP_KERNEL, 5, EG_KERNEL_BPF, EG_REASON_PROTECTED, "", "",
		 " what=bpf number=5 path=- reason=protected rule=tampering"},
		{EG_OP_KERNEL, 0, EG_KERNEL_MKNOD, EG_REASON_PROTECTED, "/tmp/sda", "",
		 " what=mknod number=0 path=/tmp/sda reason=protected rule=tampering"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_PLACE, "/tmp/x y", "",
		 " path=/tmp/x\\x20y how=exec reason=program rule=exec.deny"},
		{EG_OP_RUN, 0, EG_RUN_MAP, EG_REASON_PLACE, "/tmp/x.so", "",
		 " path=/tmp/x.so how=map reason=program rule=exec.deny"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_ONLY, "/x", "",
		 " path=/x how=exec reason=only rule=exec.allow_only"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_HASH, "/x", "e3b0",
		 " path=/x how=exec sha256=e3b0 reason=hash rule=exec.deny_sha256"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_NO_HASH, "/x", "",
		 " path=/x how=exec reason=no-hash rule=exec.deny_sha256"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_NAMELESS, "/memfd:x", "",
		 " path=/memfd:x how=exec reason=nameless rule=exec"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_NOWHERE, "/x", "",
		 " path=/x how=exec reason=nowhere rule=exec"},
		{EG_OP_RUN, 0, EG_RUN_EXEC, EG_REASON_POLICY, "/x", "",
		 " path=/x how=exec reason=- rule=-"},
		{EG_OP_MOUNT_ATTR, 21, 442, 0, "/x", "x", " syscall=mount_setattr rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 428, 0, "", "", " syscall=open_tree rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 429, 0, "", "", " syscall=move_mount rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 430, 0, "", "", " syscall=fsopen rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 431, 0, "", "", " syscall=fsconfig rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 432, 0, "", "", " syscall=fsmount rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 433, 0, "", "", " syscall=fspick rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 467, 0, "", "", " syscall=open_tree_attr rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, 434, 0, "", "", " syscall=434 rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, INT32_MAX, 0, "", "", " syscall=2147483647 rule=mount"},
		{EG_OP_MOUNT_ATTR, 21, (uint32_t)-2, 0, "", "", " syscall=- rule=mount"},
		{EG_OP_MOUNT, 0, 0, EG_REASON_PROTECTED, "/etc", "tmpfs",
		 " path=/etc type=tmpfs rule=tampering"},
		{EG_OP_MOUNT, 0, 0, EG_REASON_LAYER, "/mnt", "overlay",
		 " path=/mnt type=overlay rule=files"},
		{EG_OP_EXEC, 0, 0, EG_REASON_POLICY, "/x", "", " path=/x target=0 rule=-"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(cases[i].op);
		char tail[256];

		e.target_id = cases[i].target;
		e.option = cases[i].option;
		e.reason = cases[i].reason;
		e.object = walked(cases[i].object);
		memcpy(e.arg, cases[i].arg, strlen(cases[i].arg));
		(void)snprintf(tail, sizeof(tail), "%s errno=EPERM", cases[i].tail);
		assert_string_equal(strstr(format(&e, &alice), " exe=/usr/bin/curl") +
					    strlen(" exe=/usr/bin/curl"),
				    tail);
	}
}

/* The line of the configuration that has the rule, where one is the reason. */
static void test_format_line_of_rule(void **state)
{
	struct eg_event e = event(EG_OP_FILE);

	(void)state;
	e.option = EG_ACCESS_READ;
	e.reason = EG_REASON_PLACE;
	e.rule.line = 12;
	assert_non_null(strstr(format(&e, &alice), " reason=place rule=files line=12 "));
	e.rule.line = 0;
	assert_null(strstr(format(&e, &alice), " line="));
}

/* Every word for what was tried, and a number where there is none. */
static void test_format_choices(void **state)
{
	static const struct {
		uint16_t op;
		const char *key;
		const char *words[10]; /* by number */
	} cases[] = {
		{EG_OP_FILE,
		 "access",
		 {"0", "write", "truncate", "create", "remove", "rename", "link", "attr", "read",
		  "9"}},
		{EG_OP_RUN, "how", {"0", "exec", "map", "3", "4", "5", "6", "7", "8", "9"}},
		{EG_OP_KERNEL,
		 "what",
		 {"0", "bpf", "perf", "load", "lockdown", "mknod", "tty", "7", "8", "9"}},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		for (uint32_t option = 0; option < EG_ARRAY_SIZE(cases[i].words); option++) {
			struct eg_event e = event(cases[i].op);

			e.option = option;
			parse(format(&e, &alice), &parsed);
			assert_string_equal(value_of(&parsed, cases[i].key),
					    cases[i].words[option]);
		}
}

/* A socket's name as long as one can be is there as a whole. */
static void test_format_long_socket_name(void **state)
{
	struct eg_event e = event(EG_OP_UNIX);
	struct parsed parsed;
	char name[EG_ARG_SIZE + 1] = "@";

	(void)state;
	memset(name + 1, 'n', EG_ARG_SIZE - 1);
	memcpy(e.arg, name, sizeof(e.arg)); /* without its NUL */
	parse(format(&e, &alice), &parsed);
	assert_string_equal(value_of(&parsed, "path"), name);
	memset(e.arg, '\n', sizeof(e.arg));
	parse(format(&e, &alice), &parsed);
	assert_int_equal(strlen(value_of(&parsed, "path")), 4 * 79 + 3);
	assert_string_equal(strrchr(value_of(&parsed, "path"), 'a'), "a...");
}

static void test_format_keys_in_order(void **state)
{
	static const struct {
		uint16_t op;
		const char *object;
	} cases[] = {
		{EG_OP_CONNECT, "proto dst port rule"},
		{EG_OP_SENDMSG, "proto dst port rule"},
		{EG_OP_SETUID, "target rule"},
		{EG_OP_EXEC, "path target rule"},
		{EG_OP_MOUNT, "path type rule"},
		{EG_OP_REMOUNT, "path type rule"},
		{EG_OP_UMOUNT, "path type rule"},
		{EG_OP_MOVE_MOUNT, "path type rule"},
		{EG_OP_PIVOT_ROOT, "path type rule"},
		{EG_OP_FORK, ""},
		{EG_OP_SOCKET, "family proto rule"},
		{EG_OP_BIND, "proto src port rule"},
		{EG_OP_LISTEN, "proto src port rule"},
		{EG_OP_RECEIVE, "proto dst port rule"},
		{EG_OP_SETSOCKOPT, "level option rule"},
		{EG_OP_EGRESS, "proto dst port rule"},
		{EG_OP_INGRESS, "proto src port rule"},
		{EG_OP_SETGID, "gid rule"},
		{EG_OP_SETGROUPS, "gid rule"},
		{EG_OP_CAPSET, "cap rule"},
		{EG_OP_USERNS, "rule"},
		{EG_OP_CAPABILITY, "cap reason rule"},
		{EG_OP_CGROUP, "path reason rule"},
		{EG_OP_PTRACE, "target_pid reason rule"},
		{EG_OP_UNIX, "path reason rule"},
		{EG_OP_SIGNAL, "target_pid signal reason rule"},
		{EG_OP_PROCESS, "target_pid reason rule"},
		{EG_OP_FILE, "access path reason rule"},
		{EG_OP_RUN, "path how reason rule line"},
		{EG_OP_KERNEL, "what number path reason rule"},
		{EG_OP_MOUNT_ATTR, "syscall rule"},
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = connect_to("18.4.5.6", 9);

		e.op = cases[i].op;
		parse(format(&e, &alice), &parsed);
		assert_string_equal(parsed.verdict, "DENY");
		assert_string_equal(parsed.op, eg_event_op_name(cases[i].op));
		assert_keys(&parsed, cases[i].object);
	}
}

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
		{EG_REASON_CEILING + 1, "-"},
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
	char line[EG_LINE_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_event e = event(EG_OP_CONNECT);

		e.abi = cases[i].abi;
		e.kind = cases[i].kind;
		assert_int_equal(eg_event_format(&e, &alice, line), -EPROTO);
		assert_string_equal(line, "untouched");
	}
}

/* ---- what hostile users do ---- */

static const char *const hostile[] = {
	"a uid=0 user=root",
	"x\nNov 21 01:02:03 host ebpfguard-helper: DENY connect session=1 user=root",
	"x\r\nSTART session=99 user=root",
	"\033]0;owned\007\033[2J\033[1;31m",
	"\"quoted\" reason=\"fine\"",
	"back\\slash\\x20\\",
	"\xff\xfe\xc0\xaf\xed\xa0\x80",
	"caf\xc3\xa9 \xe2\x80\xae gnp.exe", /* right-to-left override */
	"\xc2\x9b[31m",			    /* C1 control sequence introducer */
	"=",
	"==session=1",
	" ",
	"\t\v\f",
	"-",
	"...",
	"%s%n%x",
	"\x7f",
};

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
	char line[EG_LINE_MAX + 1];
	struct parsed parsed;
	int n;

	line[EG_LINE_MAX] = 'X';
	n = eg_event_format(e, &alice, line);
	assert_int_equal(line[EG_LINE_MAX], 'X');
	if (n == -EPROTO)
		return;
	assert_in_range(n, 1, EG_LINE_MAX - 1);
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

static void test_flow_line(void **state)
{
	struct eg_denied_flow flow = flow_to(AF_INET, "10.0.0.9", "18.4.5.6", 9);
	char line[EG_LINE_MAX];
	int n;

	(void)state;
	n = eg_event_format_flow(&flow, &alice, NULL, line);
	assert_int_equal(n, strlen(line));
	assert_string_equal(line,
			    "RESET session=17 user=alice uid=1001 profile=default rhost=10.0.0.5 "
			    "proto=tcp src=10.0.0.9 sport=40000 dst=18.4.5.6 port=443 "
			    "rule=18.0.0.0/9");
	n = eg_event_format_flow(&flow, &alice, "no-inet-diag", line);
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
	(void)eg_event_format_flow(&flow, &session, "no-inet-diag", line);
	assert_non_null(strstr(line, " rule=18.0.0.0/9 feed=/feed line=7 reason=no-inet-diag"));
	flow.rule.line = 7;
	(void)eg_event_format_flow(&flow, &session, NULL, line);
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
		(void)eg_event_format_flow(&flow, &alice, NULL, line);
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
	struct eg_denied_flow flow;
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
		assert_in_range(eg_event_format_flow(&flow, &session, "a b", line), 1,
				EG_LINE_MAX - 1);
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
		cmocka_unit_test(test_op_name_all),
		cmocka_unit_test(test_escape_one_word),
		cmocka_unit_test(test_escape_every_byte),
		cmocka_unit_test(test_escape_sizes),
		cmocka_unit_test(test_path_turned_round),
		cmocka_unit_test(test_path_odd_lengths),
		cmocka_unit_test(test_path_full),
		cmocka_unit_test(test_format_connect),
		cmocka_unit_test(test_format_feed),
		cmocka_unit_test(test_format_audit),
		cmocka_unit_test(test_format_kill),
		cmocka_unit_test(test_format_object),
		cmocka_unit_test(test_format_act),
		cmocka_unit_test(test_format_line_of_rule),
		cmocka_unit_test(test_format_choices),
		cmocka_unit_test(test_format_long_socket_name),
		cmocka_unit_test(test_format_keys_in_order),
		cmocka_unit_test(test_format_rule),
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
