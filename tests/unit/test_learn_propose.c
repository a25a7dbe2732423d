// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is proposed for a line of AUDIT, and that what is printed is read by our own parser and
 * allows what was done. Lines come from text, and from the code that writes them in the helper.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "event.h"
#include "learn_helpers.h"
#include "policy.h"
#include "util.h"

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
	/* a line names its family also where a rule about addresses has refused */
	{"connect", "family=AF_INET proto=udp dst=10.1.2.3 port=9 rule=default", EG_LEARN_ALLOW,
	 "10.1.2.3:9/udp", true},
	{"bind", "family=AF_INET6 proto=tcp src=:: port=81 rule=1-1023/tcp", EG_LEARN_BIND,
	 "81/tcp", true},
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
	 "connect proto=tcp port=0 rule=default", false},
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
	{"remount", "path=- type=ext4 rule=mount", EG_LEARN_NONE, "remount type=ext4 rule=mount",
	 false},
	{"pivot_root", "path=/mnt type=- rule=mount", EG_LEARN_NONE,
	 "pivot_root path=/mnt rule=mount", false},
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
	/* what the helper did not know has no field in JSON */
	{"connect", "proto=tcp port=80 rule=default", EG_LEARN_NONE,
	 "connect proto=tcp port=80 rule=default", false},
	{"bind", "port=1 proto=tcp", EG_LEARN_NONE, "bind port=1 proto=tcp", false},
	{"exec", "rule=setuid", EG_LEARN_NONE, "exec rule=setuid", false},
	{"mount", "path=- type=tmpfs rule=mount", EG_LEARN_NONE, "mount type=tmpfs rule=mount",
	 false},
	{"file", "access=read reason=place rule=files", EG_LEARN_NONE,
	 "file access=read reason=place rule=files", false},
	{"something_new", "a=b", EG_LEARN_NONE, "something_new a=b", false},
};

static char *line_of(size_t i)
{
	char *text = NULL;

	assert_true(asprintf(&text, FRONT "AUDIT %s" HEAD "%s errno=0" TAIL, proposals[i].op,
			     proposals[i].rest) > 0);
	return text;
}

static void test_propose(void **state)
{
	struct eg_learn_proposal got;
	struct eg_record_line line;

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
		LINE("connect", "proto=tcp dst=1.2.3.4 rule=default"),
		LINE("connect", "proto=tcp dst=1.2.3.4 port=70000 rule=default"),
		LINE("connect", "proto=tcp dst=1.2.3.4 port=080 rule=default"),
		LINE("connect", "dst=1.2.3.4 port=80 rule=default"),
		LINE("bind", "proto=tcp rule=*"),
		LINE("socket", "family=AF_PACKET rule=sockets"),
	};
	struct eg_learn_proposal got;
	struct eg_record_line line;

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
	const struct eg_event_added added = {.host = "h", .count = 3, .replayed = true};
	struct eg_learn_proposal proposal;
	struct eg_record_line line;
	struct eg_fields fields;

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
					     .n_args = 12,
					     .args = "a b\0 mono=1.1",
					     .exe = {.len = 4, .text = "a\nb"},
					     .object = {.len = 4, .text = "c d"},
					     .rule = {.port_high = UINT16_MAX}};

			if (strcmp(eg_event_op_name(op), "?") == 0)
				continue;
			assert_int_equal(eg_event_make(&e, &session, &added, &fields), 0);
			assert_true(eg_fields_kv(&fields, buf, sizeof(buf)) > 0);
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
		struct eg_record_line line;
		char text[1024];

		(void)snprintf(text, sizeof(text),
			       FRONT "AUDIT exec" HEAD
				     "path=/usr/bin/%s target=0 rule=setuid errno=0" TAIL,
			       programs[i].name);
		assert_int_equal(parse(text, &line), 0);
		assert_int_equal(eg_learn_propose(&line, &got), 0);
		if (!got.why_not == programs[i].runs)
			fail_msg("%s", programs[i].name);
	}
}

/* ---- their text */

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

			if (rand_r(&seed) % 2)
				raw[i] = liked[(size_t)rand_r(&seed) % (sizeof(liked) - 1)];
			else
				raw[i] = (char)(1 + rand_r(&seed) % 255);
		}
		if (strstr(raw, "/..") || strcmp(raw + sizeof(raw) - 4, "...") == 0)
			continue;
		(void)eg_event_escape(raw, word, sizeof(word));
		(void)snprintf(line, sizeof(line),
			       FRONT
			       "AUDIT file session=1 user=%s uid=1 profile=default rhost=- "
			       "rport=0 tty=- pid=1 ppid=1 comm=%s exe=%s access=read path=%s "
			       "reason=place rule=files errno=0" TAIL,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_propose),
		cmocka_unit_test(test_propose_without_fields),
		cmocka_unit_test(test_propose_interpreters),
		cmocka_unit_test(test_lines_of_the_helper),
		cmocka_unit_test(test_print_parses),
		cmocka_unit_test(test_print_allows_just_that),
		cmocka_unit_test(test_print_hostile_names),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
