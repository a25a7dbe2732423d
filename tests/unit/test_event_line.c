// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lines for syslog: the exact text of each kind.
 */
#include "event_helpers.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("event_line", tests, NULL, NULL);
}
