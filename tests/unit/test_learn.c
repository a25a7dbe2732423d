// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From lines of AUDIT to an allow list: what is believed to be a line, what is proposed for it, and
 * that what is printed is read by our own parser and allows what was done. Lines come from text,
 * and from the code that writes them in the helper.
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
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "event.h"
#include "learn.h"
#include "policy.h"
#include "util.h"

/* 2026-11-22 00:00:00 UTC, a Sunday; the tests run in UTC. */
enum { NOW_S = 1795305600, DAY_S = 86400 };

#define FRONT "2026-11-21T10:00:00.123456+00:00 host ebpfguard-helper[123]: "
#define HEAD                                                                                       \
	" session=7 user=alice uid=1000 profile=default rhost=10.99.0.2 rport=47740 tty=pts/0 "    \
	"pid=246 ppid=245 comm=nc exe=/usr/bin/nc.openbsd "
#define LINE(op, rest) FRONT "AUDIT " op HEAD rest " errno=0"
#define CONNECT	       LINE("connect", "proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9")

static int parse(const char *text, struct eg_learn_line *ret)
{
	return eg_learn_line_parse(text, strlen(text), NOW_S, ret);
}

/* ---- time */

static void test_since(void **state)
{
	static const struct {
		const char *text;
		int64_t ret; /* -1 = refused */
	} cases[] = {
		{"2026-11-21", NOW_S - DAY_S},
		{"2026-11-21 01:02", NOW_S - DAY_S + 3720},
		{"2026-11-21 01:02:03", NOW_S - DAY_S + 3723},
		{"2026-11-21T01:02:03", NOW_S - DAY_S + 3723},
		{"today", NOW_S},
		{"yesterday", NOW_S - DAY_S},
		{"now", NOW_S + 600},
		{"10s ago", NOW_S + 590},
		{"10min ago", NOW_S},
		{"10 min ago", NOW_S},
		{"2h ago", NOW_S + 600 - 7200},
		{"3d ago", NOW_S + 600 - 3 * DAY_S},
		{"-2h", NOW_S + 600 - 7200},
		{"-15m", NOW_S + 600 - 900},
		{"", -1},
		{"2026-11-21 ", -1},
		{"2026-11-21 01", -1},
		{"2026-11-21 01:02:", -1},
		{"2026-11-21 01:02:03 ", -1},
		{"2026-13-21", -1},
		{"2026-11-32", -1},
		{"26-11-21", -1},
		{"2026-11-21 24:00", -1},
		{"2h", -1},
		{"2h  ago", -1},
		{"-2h ago", -1},
		{"-h", -1},
		{"-2x", -1},
		{"-9999999999999999999h", -1},
		{"--since", -1},
		{"tomorrow", -1},
		{"yesterday noon", -1},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		int64_t ret = -1;
		int err = eg_learn_since(cases[i].text, NOW_S + 600, &ret);

		if (err != (cases[i].ret < 0 ? -EINVAL : 0) || (!err && ret != cases[i].ret))
			fail_msg("\"%s\": %d, %lld", cases[i].text, err, (long long)ret);
	}
}

static void test_stamp(void **state)
{
	static const struct {
		const char *text;
		int64_t ret; /* -1 = refused */
	} cases[] = {
		{"2026-11-21T10:00:00Z x", NOW_S - 14 * 3600},
		{"2026-11-21T10:00:00+0000 x", NOW_S - 14 * 3600},
		{"2026-11-21T10:00:00.123456+02:00 x", NOW_S - 16 * 3600},
		{"2026-11-21T10:00:00-01:30 x", NOW_S - 14 * 3600 + 5400},
		{"Nov 21 10:00:00 x", NOW_S - 14 * 3600},
		{"Nov  2 10:00:00 x", NOW_S - 20 * DAY_S + 10 * 3600},
		/* not in this year yet */
		{"Dec 31 00:00:00 x", NOW_S - 326 * DAY_S},
		{"Nov 2 10:00:00 x", -1},
		{"Nov 02 10:00:00 x", -1},
		{"Nix 21 10:00:00 x", -1},
		{"2026-11-21 10:00:00Z x", -1},
		{"2026-11-21T10:00Z x", -1},
		{"2026-11-21T10:00:00 x", -1},
		{"1", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		int64_t ret = -1;
		size_t used = 0;
		int err = eg_learn_stamp(text, strlen(text), NOW_S, &ret, &used);

		if (err != (cases[i].ret < 0 ? -EINVAL : 0) ||
		    (!err && (ret != cases[i].ret || strcmp(text + used, " x") != 0)))
			fail_msg("\"%s\": %d, %lld, %zu", text, err, (long long)ret, used);
	}
}

/* ---- lines */

static void test_line_whole(void **state)
{
	struct eg_learn_line line;

	(void)state;
	assert_int_equal(parse(CONNECT, &line), 0);
	assert_int_equal(line.kind, EG_LEARN_AUDIT);
	assert_int_equal(line.time_s, NOW_S - 14 * 3600);
	assert_true(eg_learn_word_is(&line.session, "7"));
	assert_true(eg_learn_word_is(&line.user, "alice"));
	assert_true(eg_learn_word_is(&line.profile, "default"));
	assert_true(eg_learn_word_is(&line.op, "connect"));
	assert_true(eg_learn_word_is(&line.exe, "/usr/bin/nc.openbsd"));
	assert_int_equal(line.n_fields, 4);
	assert_true(eg_learn_word_is(eg_learn_field(&line, "dst"), "18.4.5.6"));
	assert_null(eg_learn_field(&line, "errno"));
	assert_int_equal(parse(FRONT "SUPPRESSED session=7 user=alice count=57", &line), 0);
	assert_int_equal(line.kind, EG_LEARN_SUPPRESSED);
	assert_int_equal(line.count, 57);
	assert_int_equal(parse(FRONT "END session=7 user=alice uid=1 profile=p seconds=4 refused=0 "
				     "audited=9 lost=3 connect=9",
			       &line),
			 0);
	assert_int_equal(line.kind, EG_LEARN_END);
	assert_int_equal(line.count, 3);
}

/* What stands behind the tag of another program, or in another place, is what a user can have
 * written; what is not as the helper writes it has been cut or forged. */
static void test_line_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"2026-11-21T10:00:00Z host sshd[1]: Invalid user x " FRONT "AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host logger: ebpfguard-helper[1]: AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host xebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-hacker[1]: AUDIT connect" HEAD
		 "proto=tcp dst=1.2.3.4 port=1 rule=default x=ebpfguard-helper[1]: errno=0",
		 -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1x]: AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z host ebpfguard-helper[1] AUDIT x errno=0", -ENOMSG},
		{"2026-11-21T10:00:00Z  ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{"    ebpfguard-helper[1]: AUDIT x errno=0", -ENOMSG},
		{FRONT "DENY connect session=7", -ENOMSG},
		{FRONT "AUDITED connect session=7", -ENOMSG},
		{FRONT "cannot AUDIT connect session=7", -ENOMSG},
		{FRONT, -ENOMSG},
		{"", -ENOMSG},
		{FRONT "AUDIT", -EBADMSG},
		{LINE("connect", "proto=tcp dst=1.2.3.4 port=1 rule=default") " errno=EPERM",
		 -EBADMSG},
		{LINE("connect", "proto=tcp dst=1.2.3.4 port=1 rule=default") " x", -EBADMSG},
		{LINE("connect", "proto=tcp  dst=1.2.3.4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst="), -EBADMSG},
		{LINE("connect", "proto=tcp dst=\"1.2.3.4\""), -EBADMSG},
		{LINE("connect", "proto=tcp dst=1=2"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\b"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x4"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\xGG"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\\x00"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=a\tb"), -EBADMSG},
		{LINE("connect", "proto=tcp dst=\xc3\xa4"), -EBADMSG},
		{LINE("CONNECT", "proto=tcp"), -EBADMSG},
		{LINE("connect", "a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1"), -EBADMSG},
		{FRONT "AUDIT connect session=x user=a uid=1", -EBADMSG},
		{FRONT "AUDIT connect user=alice session=7 uid=1", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=5 6", -EBADMSG},
		{FRONT "SUPPRESSED session=7 user=alice count=99999999999999999999", -EBADMSG},
		{FRONT "END session=7 user=alice uid=1 profile=p seconds=4 refused=0", -EBADMSG},
	};
	struct eg_learn_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++)
		if (parse(cases[i].text, &line) != cases[i].err)
			fail_msg("%zu: %s", i, cases[i].text);
}

static void test_line_cut_or_mutated(void **state)
{
	struct eg_learn_proposal proposal;
	struct eg_learn_line line;
	size_t n = strlen(CONNECT);
	unsigned int seed = 1;

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_true(eg_learn_line_parse(CONNECT, i, NOW_S, &line) < 0);
	for (int i = 0; i < 20000; i++) {
		/* exactly as long as it is, so that ASan sees a byte too many */
		eg_auto_free char *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, CONNECT, n);
		for (int j = 0; j < 3; j++)
			copy[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		if (eg_learn_line_parse(copy, n, NOW_S, &line) == 0)
			(void)eg_learn_propose(&line, &proposal);
	}
}

static void test_unescape(void **state)
{
	struct eg_learn_word word = {"a\\x20b\\x22\\x5c\\x0a\\xff", 22};
	char buf[16];

	(void)state;
	assert_int_equal(eg_learn_unescape(&word, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "a b\"\\\n\xff");
	assert_int_equal(eg_learn_unescape(&word, buf, 8), 0);
	assert_int_equal(eg_learn_unescape(&word, buf, 7), -ERANGE);
}

/* ---- proposals */

static const struct {
	const char *op, *rest;
	enum eg_learn_list list;
	const char *text;
	bool may; /* it can be put into the list as it is */
} proposals[] = {
	{"connect", "proto=tcp dst=18.4.5.6 port=7000 rule=18.0.0.0/9", EG_LEARN_ALLOW,
	 "18.4.5.6:7000/tcp", true},
	{"connect", "proto=mptcp dst=18.4.5.6 port=7000 rule=default", EG_LEARN_ALLOW,
	 "18.4.5.6:7000/tcp", true},
	{"sendmsg", "proto=udp dst=2001:db8::1 port=53 rule=[2001:db8::]/32:53/udp feed=/x line=7",
	 EG_LEARN_ALLOW, "[2001:db8::1]:53/udp", true},
	{"connect", "proto=tcp dst=1.2.3.4 port=25 rule=*:25/tcp", EG_LEARN_ALLOW, "1.2.3.4:25/tcp",
	 true},
	{"connect", "proto=tcp dst=1.2.3.4 port=25 rule=1.2.3.4/32 feed=/x line=7", EG_LEARN_ALLOW,
	 "1.2.3.4:25/tcp", false},
	{"sendmsg", "proto=ipv6-icmp dst=2001:db8::1 port=0 rule=default", EG_LEARN_ALLOW,
	 "2001:db8::1/icmp", true},
	{"sendmsg", "proto=icmp dst=18.4.5.6 port=0 rule=default", EG_LEARN_ALLOW, "18.4.5.6/icmp",
	 true},
	{"egress", "proto=tcp dst=::ffff:18.4.5.6 port=80 rule=18.0.0.0/9", EG_LEARN_ALLOW,
	 "18.4.5.6:80/tcp", true},
	{"connect", "proto=tcp dst=0.0.0.0 port=80 rule=127.0.0.0/8", EG_LEARN_ALLOW,
	 "127.0.0.1:80/tcp", true},
	{"connect", "proto=tcp dst=:: port=80 rule=::/64", EG_LEARN_ALLOW, "[::1]:80/tcp", true},
	/* what would not help */
	{"connect", "proto=tcp dst=18.4.5.6 port=7000 rule=18.4.5.6/32", EG_LEARN_ALLOW,
	 "18.4.5.6:7000/tcp", false},
	{"connect", "proto=tcp dst=64:ff9b::1204:506 port=80 rule=18.0.0.0/9", EG_LEARN_ALLOW,
	 "[64:ff9b::1204:506]:80/tcp", false},
	{"ingress", "proto=tcp src=18.4.5.6 port=51234 rule=18.0.0.0/9", EG_LEARN_ALLOW, "18.4.5.6",
	 false},
	/* what cannot be said */
	{"egress", "proto=47 dst=18.4.5.6 port=0 rule=default", EG_LEARN_NONE,
	 "egress proto=47 dst=18.4.5.6 port=0 rule=default", false},
	{"connect", "proto=tcp dst=- port=0 rule=default", EG_LEARN_NONE,
	 "connect proto=tcp dst=- port=0 rule=default", false},
	{"sendmsg", "proto=udp dst=18.4.5.6 port=53 rule=foreign-socket", EG_LEARN_NONE,
	 "sendmsg proto=udp dst=18.4.5.6 port=53 rule=foreign-socket", false},
	{"setsockopt", "level=ip option=IP_OPTIONS rule=source-route", EG_LEARN_NONE,
	 "setsockopt level=ip option=IP_OPTIONS rule=source-route", false},
	{"receive", "type=io_uring rule=io_uring", EG_LEARN_NONE,
	 "receive type=io_uring rule=io_uring", false},
	{"bind", "proto=tcp src=0.0.0.0 port=80 rule=1-1023/tcp", EG_LEARN_BIND, "80/tcp", true},
	{"listen", "proto=mptcp src=:: port=0 rule=*", EG_LEARN_BIND, "0/tcp", true},
	{"bind", "proto=tcp src=0.0.0.0 port=80 rule=80", EG_LEARN_BIND, "80/tcp", false},
	{"bind", "proto=47 src=0.0.0.0 port=80 rule=*", EG_LEARN_NONE,
	 "bind proto=47 src=0.0.0.0 port=80 rule=*", false},
	{"socket", "family=AF_PACKET proto=768 rule=sockets", EG_LEARN_SOCKETS, "AF_PACKET", true},
	{"socket", "family=AF_INET proto=sctp rule=sockets", EG_LEARN_SOCKETS, "sctp", true},
	{"socket", "family=AF_INET6 proto=ipv6-icmp rule=sockets", EG_LEARN_SOCKETS, "raw", true},
	{"socket", "family=AF_INET proto=255 rule=sockets", EG_LEARN_SOCKETS, "raw", true},
	{"sendmsg", "family=AF_VSOCK proto=0 rule=sockets", EG_LEARN_SOCKETS, "AF_VSOCK", true},
	{"socket", "family=63 proto=0 rule=sockets", EG_LEARN_NONE,
	 "socket family=63 proto=0 rule=sockets", false},
	{"exec", "path=/usr/bin/sudo target=0 rule=setuid", EG_LEARN_SETUID, "/usr/bin/sudo", true},
	{"exec", "path=/usr/bin/python3.11 target=0 rule=setuid", EG_LEARN_SETUID,
	 "/usr/bin/python3.11", false},
	{"exec", "path=.../bin/sudo target=0 rule=setuid", EG_LEARN_NONE,
	 "exec path=.../bin/sudo target=0 rule=setuid", false},
	{"exec", "path=/a/sudo... target=0 rule=setuid", EG_LEARN_NONE,
	 "exec path=/a/sudo... target=0 rule=setuid", false},
	{"setuid", "target=0 rule=setuid", EG_LEARN_NONE, "setuid target=0 rule=setuid", false},
	{"userns", "rule=setuid", EG_LEARN_NONE, "userns rule=setuid", false},
	{"mount", "path=/mnt/a\\x20b type=tmpfs rule=mount", EG_LEARN_MOUNT, "/mnt/a b", true},
	{"mount", "path=/mnt type=overlay rule=files", EG_LEARN_MOUNT, "/mnt", true},
	{"umount", "path=/mnt type=tmpfs rule=mount", EG_LEARN_MOUNT, "/mnt", true},
	{"mount", "path=/ type=tmpfs rule=mount", EG_LEARN_NONE,
	 "mount path=/ type=tmpfs rule=mount", false},
	{"remount", "path=- type=ext4 rule=mount", EG_LEARN_NONE,
	 "remount path=- type=ext4 rule=mount", false},
	{"pivot_root", "path=/mnt type=- rule=mount", EG_LEARN_NONE,
	 "pivot_root path=/mnt type=- rule=mount", false},
	{"file", "access=read path=/etc/x reason=place rule=files line=4", EG_LEARN_FILES, "/etc/x",
	 true},
	{"file", "access=write path=/usr/bin/x reason=protected rule=tampering", EG_LEARN_NONE,
	 "file access=write path=/usr/bin/x reason=protected rule=tampering", false},
	{"file", "access=read path=/a/../etc/x reason=place rule=files line=4", EG_LEARN_NONE,
	 "file access=read path=/a/../etc/x reason=place rule=files", false},
	{"exec", "path=/opt/x how=exec reason=only rule=exec.allow_only", EG_LEARN_EXEC, "/opt/x",
	 true},
	{"exec", "path=/tmp/x how=map reason=program rule=exec.deny line=3", EG_LEARN_NONE,
	 "exec path=/tmp/x how=map reason=program rule=exec.deny", false},
	{"ptrace", "target_pid=77 reason=outside rule=leaving", EG_LEARN_NONE,
	 "ptrace reason=outside rule=leaving", false},
	{"capability", "cap=CAP_NET_ADMIN reason=ceiling rule=capabilities", EG_LEARN_NONE,
	 "capability cap=CAP_NET_ADMIN reason=ceiling rule=capabilities", false},
	{"unix", "path=/run/docker.sock reason=service rule=unix.services", EG_LEARN_NONE,
	 "unix path=/run/docker.sock reason=service rule=unix.services", false},
	{"something_new", "a=b", EG_LEARN_NONE, "something_new a=b", false},
};

static char *line_of(size_t i)
{
	char *text = NULL;

	assert_true(asprintf(&text, FRONT "AUDIT %s" HEAD "%s errno=0", proposals[i].op,
			     proposals[i].rest) > 0);
	return text;
}

static void test_propose(void **state)
{
	struct eg_learn_proposal got;
	struct eg_learn_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(proposals); i++) {
		eg_auto_free char *text = line_of(i);

		assert_int_equal(parse(text, &line), 0);
		if (eg_learn_propose(&line, &got) < 0 || got.list != proposals[i].list ||
		    strcmp(got.text, proposals[i].text) != 0 || !got.why_not != proposals[i].may)
			fail_msg("%s %s: %d \"%s\" %s", proposals[i].op, proposals[i].rest,
				 got.list, got.text, got.why_not ? got.why_not : "may");
	}
}

static void test_propose_without_fields(void **state)
{
	static const char *const lines[] = {
		LINE("connect", "proto=tcp"),
		LINE("connect", "proto=tcp dst=1.2.3.4 rule=default"),
		LINE("connect", "proto=tcp dst=1.2.3.4 port=70000 rule=default"),
		LINE("connect", "proto=tcp dst=1.2.3.4 port=080 rule=default"),
		LINE("connect", "dst=1.2.3.4 port=80 rule=default"),
		LINE("connect", "proto=tcp port=80 rule=default"),
		LINE("bind", "proto=tcp rule=*"),
		LINE("bind", "port=1 proto=tcp"),
		LINE("socket", "family=AF_PACKET rule=sockets"),
		LINE("exec", "rule=setuid"),
		LINE("mount", "type=tmpfs rule=mount"),
		LINE("file", "access=read reason=place rule=files"),
	};
	struct eg_learn_proposal got;
	struct eg_learn_line line;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lines); i++) {
		assert_int_equal(parse(lines[i], &line), 0);
		if (eg_learn_propose(&line, &got) != -EBADMSG)
			fail_msg("%s", lines[i]);
	}
}

/* Whatever the helper writes is taken, so that a field that it gets or loses shows here. */
static void test_lines_of_the_helper(void **state)
{
	const struct eg_event_session session = {.user = "a \"*/\n b",
						 .profile = "default",
						 .rhost = "10.0.0.5",
						 .rport = 5,
						 .feed = "/f"};
	char buf[EG_LINE_MAX], text[EG_LINE_MAX + 128];
	struct eg_learn_proposal proposal;
	struct eg_learn_line line;

	(void)state;
	for (uint16_t op = 1; op < EG_OP_MAX; op++) {
		for (uint32_t reason = 0; reason < 24; reason++) {
			struct eg_event e = {.abi = EG_ABI_VERSION,
					     .kind = EG_EVENT_VERDICT,
					     .op = op,
					     .verdict = EG_VERDICT_AUDIT,
					     .reason = reason,
					     .tgid = reason % 2,
					     .family = AF_INET,
					     .protocol = IPPROTO_TCP,
					     .has_addr = 1,
					     .has_rule = 1,
					     .comm = "x=\" y",
					     .exe = {.len = 4, .text = "a\nb"},
					     .object = {.len = 4, .text = "c d"},
					     .rule = {.port_high = UINT16_MAX}};

			if (strcmp(eg_event_op_name(op), "?") == 0)
				continue;
			assert_true(eg_event_format(&e, &session, buf) > 0);
			(void)snprintf(text, sizeof(text), FRONT "%s", buf);
			if (parse(text, &line) < 0 || eg_learn_propose(&line, &proposal) < 0)
				fail_msg("%s", text);
		}
	}
}

/* By their real names on Debian, versions and flavours included. */
static void test_propose_interpreters(void **state)
{
	static const struct {
		const char *name;
		bool runs;
	} programs[] = {
		{"vim.basic", true},
		{"vim.tiny", true},
		{"nvim", true},
		{"emacs-gtk", true},
		{"emacs27-nox", true},
		{"view", true},
		{"rview", true},
		{"perl5.36.0", true},
		{"perl5.36-x86_64-linux-gnu", true},
		{"python3.13", true},
		{"nodejs", true},
		{"socat1", true},
		{"screen", true},
		{"screen-4.9.0", true},
		{"tmux", true},
		{"script", true},
		{"make", true},
		{"capsh", true},
		{"chroot", true},
		{"nc.openbsd", true},
		{"bash-static", true},
		{"sudo", false},
		{"su", false},
		{"passwd", false},
		{"ssh-keysign", false},
		{"mount.nfs", false},
		{"pkexec", false},
		{"scriptreplay", false},
		{"lxc-user-nic", false},
		{"viking", false},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(programs); i++) {
		struct eg_learn_proposal got;
		struct eg_learn_line line;
		char text[1024];

		(void)snprintf(text, sizeof(text),
			       FRONT "AUDIT exec" HEAD
				     "path=/usr/bin/%s target=0 rule=setuid errno=0",
			       programs[i].name);
		assert_int_equal(parse(text, &line), 0);
		assert_int_equal(eg_learn_propose(&line, &got), 0);
		if (!got.why_not == programs[i].runs)
			fail_msg("%s", programs[i].name);
	}
}

/* ---- evidence, and its text */

static const char *look(enum eg_learn_list list, const char *path)
{
	assert_in_range(list, EG_LEARN_SETUID, EG_LEARN_EXEC);
	return strcmp(path, "/srv/tree") ? NULL
					 : "it is a directory, and all in it would be allowed";
}

static char *print(const struct eg_learn *learn)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(eg_learn_print(learn, look, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void take(struct eg_learn *learn, const char *line)
{
	assert_int_equal(eg_learn_take(learn, line, strlen(line)), 0);
}

static struct eg_config *must_parse(const char *text)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char line[1024];

	if (eg_config_parse(text, strlen(text), "f", &config, &err) < 0)
		fail_msg("%s in: %s", eg_err_format(&err, line, sizeof(line)), text);
	return config;
}

static bool has(const struct eg_config_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++)
		if (strcmp(texts->list[i].text, text) == 0)
			return true;
	return false;
}

/* Does the list of the profile have the element? What it has besides is counted by the caller. */
static bool is_in_profile(const struct eg_config_profile *profile, enum eg_learn_list list,
			  const char *text)
{
	struct eg_rule_spec spec;
	const char *why;

	switch (list) {
	case EG_LEARN_ALLOW:
		assert_int_equal(eg_rule_parse(text, &spec, &why), 0);
		for (size_t i = 0; i < profile->egress.n; i++)
			if (eg_rule_compare(&profile->egress.list[i].spec, &spec) == 0)
				return profile->egress.list[i].allow;
		return false;
	case EG_LEARN_BIND:
		assert_int_equal(eg_rule_parse_ports(text, &spec, &why), 0);
		for (size_t i = 0; i < profile->bind.n; i++)
			if (eg_rule_compare(&profile->bind.list[i].spec, &spec) == 0)
				return profile->bind.list[i].allow;
		return false;
	case EG_LEARN_SETUID:
		return has(&profile->setuid_allow, text);
	case EG_LEARN_MOUNT:
		return has(&profile->mount_allow, text);
	case EG_LEARN_FILES:
		return has(&profile->files_allow, text);
	case EG_LEARN_EXEC:
		return has(&profile->exec_allow_only, text);
	default:
		return false;
	}
}

/* All of the table at once: what is printed parses, has each element that may be there, and no
 * other. */
static void test_print_parses(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	const struct eg_config_profile *profile;
	eg_auto_free char *text = NULL;
	struct eg_config *config;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(proposals); i++) {
		eg_auto_free char *line = line_of(i);

		take(&learn, line);
	}
	text = print(&learn);
	config = must_parse(text);
	profile = &config->profiles[0];
	for (size_t i = 0; i < EG_ARRAY_SIZE(proposals); i++) {
		bool may = proposals[i].may;

		for (size_t j = 0; j < i; j++) /* once each */
			may &= proposals[j].list != proposals[i].list || !proposals[j].may ||
			       strcmp(proposals[j].text, proposals[i].text) != 0;
		if (proposals[i].may && proposals[i].list != EG_LEARN_SOCKETS &&
		    !is_in_profile(profile, proposals[i].list, proposals[i].text))
			fail_msg("%s is not in: %s", proposals[i].text, text);
		n += may && proposals[i].list != EG_LEARN_SOCKETS;
	}
	assert_int_equal(profile->egress.n + profile->bind.n + profile->setuid_allow.n +
				 profile->mount_allow.n + profile->files_allow.n +
				 profile->exec_allow_only.n,
			 n);
	assert_int_equal(profile->protocols, EG_OPEN_RAW | EG_OPEN_SCTP);
	assert_int_equal(profile->families, 1ULL << AF_PACKET | 1ULL << AF_VSOCK);
	eg_config_free(config);
	eg_learn_done(&learn);
}

/* What was done is allowed by the proposal, and its neighbours are not. */
static void test_print_allows_just_that(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	struct eg_policy_target target = {
		.family = AF_INET, .proto = EG_PROTO_TCP, .port = 7000, .addr = {18, 4, 5, 6}};
	eg_auto_free char *text = NULL, *whole = NULL;
	struct eg_config *config;

	(void)state;
	take(&learn, CONNECT);
	text = print(&learn);
	assert_true(asprintf(&whole, "default = \"deny\";\n%s", text) > 0);
	config = must_parse(whole);
	assert_false(eg_policy_explain(&config->profiles[0], &target).deny);
	target.port = 7001;
	assert_true(eg_policy_explain(&config->profiles[0], &target).deny);
	target.port = 7000;
	target.addr[3] = 7;
	assert_true(eg_policy_explain(&config->profiles[0], &target).deny);
	target.addr[3] = 6;
	target.proto = EG_PROTO_UDP;
	assert_true(eg_policy_explain(&config->profiles[0], &target).deny);
	eg_config_free(config);
	eg_learn_done(&learn);
}

/* Names of any bytes come back as they were, and make nothing but themselves. */
static void test_print_hostile_names(void **state)
{
	unsigned int seed = 2;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct eg_learn learn = {.now_s = NOW_S};
		char raw[24] = "/", word[128], line[1024];
		eg_auto_free char *text = NULL;
		struct eg_config *config;

		for (size_t i = 1; i < sizeof(raw) - 1; i++) {
			static const char liked[] = "\"\\*/#;{}[]()=\n\r $@x0.";

			raw[i] = rand_r(&seed) % 2
					 ? liked[(size_t)rand_r(&seed) % (sizeof(liked) - 1)]
					 : (char)(1 + rand_r(&seed) % 255);
		}
		if (strstr(raw, "/..") || strcmp(raw + sizeof(raw) - 4, "...") == 0)
			continue;
		(void)eg_event_escape(raw, word, sizeof(word));
		(void)snprintf(line, sizeof(line),
			       FRONT
			       "AUDIT file session=1 user=%s uid=1 profile=default rhost=- "
			       "rport=0 tty=- pid=1 ppid=1 comm=%s exe=%s access=read path=%s "
			       "reason=place rule=files errno=0",
			       word, word, word, word);
		take(&learn, line);
		assert_int_equal(learn.lines, 1);
		text = print(&learn);
		config = must_parse(text);
		assert_int_equal(config->profiles[0].files_allow.n, 1);
		assert_string_equal(config->profiles[0].files_allow.list[0].text, raw);
		assert_int_equal(config->profiles[0].egress.n, 0);
		eg_config_free(config);
		eg_learn_done(&learn);
	}
}

static void test_evidence(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;

	(void)state;
	for (int i = 0; i < 7; i++) {
		char line[1024];

		(void)snprintf(line, sizeof(line),
			       "Nov 21 10:00:0%d host ebpfguard-helper[1]: AUDIT %s session=%d "
			       "user=u%d uid=1 profile=ops rhost=- rport=0 tty=- pid=1 ppid=1 "
			       "comm=curl exe=%s proto=udp dst=1.2.3.4 port=53 rule=default "
			       "errno=0",
			       9 - i, i % 2 ? "connect" : "sendmsg", i, i / 3,
			       i ? "/usr/bin/curl" : "-");
		take(&learn, line);
	}
	text = print(&learn);
	assert_non_null(strstr(
		text, "# sendmsg, connect, 7 times, 2026-11-21T10:00:03Z to "
		      "2026-11-21T10:00:09Z; users u0, u1, u2; programs curl, "
		      "/usr/bin/curl; sessions 0, 1, 2, 3, 4 and others\n\t\"1.2.3.4:53/udp\"\n"));
	assert_non_null(strstr(text, "# Profile ops, 7 lines of AUDIT, "));
	assert_null(strstr(text, "INCOMPLETE"));
	eg_learn_done(&learn);
}

static void test_evidence_incomplete(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;

	(void)state;
	take(&learn, CONNECT);
	take(&learn, FRONT "SUPPRESSED session=7 user=alice count=57");
	take(&learn, FRONT "SUPPRESSED session=8 user=bob count=3");
	take(&learn, FRONT "END session=7 user=alice uid=1 profile=default seconds=4 refused=0 "
			   "audited=9 lost=4 connect=9");
	take(&learn, FRONT "AUDIT connect session=7");
	text = print(&learn);
	assert_non_null(strstr(text, "(SUPPRESSED): 60\n"));
	assert_non_null(strstr(text, "(lost= of END): 4\n"));
	assert_non_null(strstr(text, "or are not the helper's: 1\n"));
	eg_config_free(must_parse(text));
	eg_learn_done(&learn);
}

static void test_directory(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;
	struct eg_config *config;

	(void)state;
	take(&learn, LINE("file", "access=read path=/srv/tree reason=place rule=files"));
	text = print(&learn);
	config = must_parse(text);
	assert_int_equal(config->profiles[0].files_allow.n, 0);
	assert_non_null(strstr(text, "# NOT PROPOSED for files.allow: \"/srv/tree\": it is a "
				     "directory"));
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_whose(void **state)
{
	static const struct {
		const char *user, *profile;
		int64_t since_s;
		uint64_t lines;
		size_t others;
		uint64_t suppressed;
	} cases[] = {
		{NULL, NULL, 0, 2, 1, 5},
		{"alice", NULL, 0, 2, 0, 5},
		{"a b", NULL, 0, 1, 0, 0},
		{"nobody", NULL, 0, 0, 0, 0},
		{NULL, "ops", 0, 1, 1, 5},
		{"alice", "ops", 0, 0, 1, 5},
		{NULL, "none", 0, 0, 2, 5},
		{NULL, NULL, NOW_S - 14 * 3600, 2, 1, 5},
		{NULL, NULL, NOW_S - 14 * 3600 + 1, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_learn learn = {.now_s = NOW_S,
					 .user = cases[i].user,
					 .profile = cases[i].profile,
					 .since_s = cases[i].since_s};

		take(&learn, CONNECT);
		take(&learn, CONNECT);
		take(&learn, FRONT "AUDIT userns session=9 user=a\\x20b uid=1 profile=ops rhost=- "
				   "rport=0 tty=- pid=1 ppid=1 comm=x exe=- rule=setuid errno=0");
		take(&learn, FRONT "SUPPRESSED session=7 user=alice count=5");
		if (learn.lines != cases[i].lines || learn.n_others != cases[i].others ||
		    learn.suppressed != cases[i].suppressed)
			fail_msg("%zu: %llu %zu %llu", i, (unsigned long long)learn.lines,
				 learn.n_others, (unsigned long long)learn.suppressed);
		eg_learn_done(&learn);
	}
}

/* A scan of everything: what there is room for is kept and is right, the rest is counted. */
static void test_most(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	enum { OVER = 100 };
	eg_auto_free char *text = NULL;
	struct eg_config *config;
	char line[1024];

	(void)state;
	for (int i = 0; i < EG_LEARN_ITEMS_MAX + OVER; i++) {
		(void)snprintf(line, sizeof(line),
			       LINE("connect", "proto=tcp dst=18.4.5.6 port=%d rule=18.0.0.0/9"),
			       i);
		take(&learn, line);
	}
	assert_int_equal(learn.n_items, EG_LEARN_ITEMS_MAX);
	assert_int_equal(learn.dropped, OVER);
	text = print(&learn);
	assert_non_null(strstr(text, "or --since: 100\n"));
	config = must_parse(text);
	assert_int_equal(config->profiles[0].egress.n, EG_LEARN_ITEMS_MAX);
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_most_of_a_list(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = NULL;
	struct eg_config *config;
	char line[1024];

	(void)state;
	for (int i = 0; i < EG_CONFIG_TEXTS_MAX + 1; i++) {
		(void)snprintf(line, sizeof(line),
			       LINE("mount", "path=/mnt/%03d type=tmpfs rule=mount"), i);
		take(&learn, line);
	}
	text = print(&learn);
	config = must_parse(text);
	assert_int_equal(config->profiles[0].mount_allow.n, EG_CONFIG_TEXTS_MAX);
	assert_non_null(
		strstr(text, "# NOT PROPOSED for mount.allow: \"/mnt/256\": there are more"));
	eg_config_free(config);
	eg_learn_done(&learn);
}

static void test_nothing(void **state)
{
	struct eg_learn learn = {.now_s = NOW_S};
	eg_auto_free char *text = print(&learn);

	(void)state;
	assert_non_null(strstr(text, "# There is no line of AUDIT.\n"));
	eg_config_free(must_parse(text));
	eg_learn_done(&learn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_line_whole),
		cmocka_unit_test(test_line_refused),
		cmocka_unit_test(test_line_cut_or_mutated),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_propose),
		cmocka_unit_test(test_propose_without_fields),
		cmocka_unit_test(test_propose_interpreters),
		cmocka_unit_test(test_lines_of_the_helper),
		cmocka_unit_test(test_print_parses),
		cmocka_unit_test(test_print_allows_just_that),
		cmocka_unit_test(test_print_hostile_names),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_evidence_incomplete),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_most_of_a_list),
		cmocka_unit_test(test_nothing),
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
