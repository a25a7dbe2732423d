/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records as the kernel side makes them, for tests of their lines, and such lines read back. */
#ifndef EG_TEST_EVENT_HELPERS_H
#define EG_TEST_EVENT_HELPERS_H

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
#include "forms.h"
#include "rule.h"
#include "util.h"

enum { WORDS_MAX = 64, VALID_OPS = EG_OP_MOUNT_ATTR };

/* ---- making records ---- */

static const struct eg_event_session alice = {
	.user = "alice", .profile = "default", .rhost = "10.0.0.5", .rport = 50122, .uid = 1000};

/* "/usr/bin/sudo" as the kernel side walks it. */
static inline struct eg_path walked(const char *path)
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

static inline struct eg_event event(uint16_t op)
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
static inline struct eg_rule rule_of(uint8_t prefix_len)
{
	return (struct eg_rule){.verdict = EG_VERDICT_DENY,
				.prefix_len = prefix_len,
				.protocol = EG_PROTO_ANY,
				.line = 3,
				.port_high = UINT16_MAX};
}

/* A connect to text, refused by a rule of prefix_len bits. */
static inline struct eg_event connect_to(const char *text, uint8_t prefix_len)
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

#define FULL_KEY "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

/* A refusal about which everything is known. */
static inline struct eg_event full_event(void)
{
	struct eg_event e = connect_to("18.4.5.6", 9);

	e.ts_ns = 1002999999;
	e.loginuid = 1000;
	e.audit_session = 3;
	e.cgroup = 5123;
	e.generation = 7;
	e.has_src = 1;
	e.sport = 40112;
	assert_int_equal(inet_pton(AF_INET, "10.0.0.2", e.src), 1);
	e.n_args = sizeof("curl\0http://18.4.5.6/ x");
	memcpy(e.args, "curl\0http://18.4.5.6/ x", e.n_args);
	return e;
}

static inline struct eg_event_session full_session(void)
{
	struct eg_event_session session = alice;

	session.service = "sshd";
	session.key = FULL_KEY;
	return session;
}

/* Every text as long as it can be, of a byte that is written as so many. */
static inline void fill(struct eg_event *e, struct eg_event_session *session,
			struct eg_event_added *by, char *text, size_t size, int byte)
{
	memset(text, byte, size - 1);
	text[size - 1] = '\0';
	memset(e, byte, sizeof(*e));
	e->abi = EG_ABI_VERSION;
	e->kind = EG_EVENT_VERDICT;
	e->family = AF_INET6;
	e->has_rule = 1;
	e->reason = EG_REASON_RULE;
	e->rule = rule_of(128);
	e->rule.protocol = EG_PROTO_UDPLITE;
	e->rule.port_low = 10000;
	e->rule.line = UINT32_MAX;
	for (size_t i = 200; i < EG_PATH_SIZE; i += 201)
		e->exe.text[i] = e->object.text[i] = '\0';
	e->exe.len = e->object.len = EG_PATH_SIZE;
	*session = (struct eg_event_session){.user = text,
					     .profile = text,
					     .rhost = text,
					     .rport = UINT32_MAX,
					     .feed = text,
					     .service = text,
					     .key = text};
	*by = (struct eg_event_added){.host = text,
				      .config = text,
				      .count = UINT64_MAX,
				      .last_ns = UINT64_MAX,
				      .replayed = true};
}

/* What the caller adds to every line. */
static const struct eg_event_added added = {.host = "bastion1",
					    .config = "/etc/ebpfguard.conf",
					    .clock_offset_ns = 1795392000000000000,
					    .now_ns = 5000000};

/* A whole line. */
static inline const char *format_whole(const struct eg_event *e,
				       const struct eg_event_session *session)
{
	static char line[EG_LINE_MAX];
	struct eg_fields fields;
	int n;

	memset(line, 'X', sizeof(line));
	assert_int_equal(eg_event_make(e, session, &added, &fields), 0);
	forms_agree(&fields);
	n = eg_fields_kv(&fields, line, sizeof(line));
	assert_in_range(n, 1, EG_LINE_MAX - 1);
	assert_int_equal(n, strnlen(line, sizeof(line)));
	return line;
}

/* Up to errno=: what comes behind it is the same for every operation, and test_fields.c's. */
static inline const char *format(const struct eg_event *e, const struct eg_event_session *session)
{
	char *line = (char *)format_whole(e, session), *rest = strstr(line, " count=1 layer=");

	assert_non_null(rest);
	assert_memory_equal(strrchr(rest, ' '), " mono=", 6);
	*rest = '\0';
	return line;
}

/* ---- what hostile users write ---- */

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

/* ---- reading lines back ---- */

struct parsed {
	char text[EG_LINE_MAX];
	char *verdict, *op;
	char *key[WORDS_MAX], *value[WORDS_MAX];
	size_t n;
};

/* As a SIEM would: words at blanks, key before the first '='. Fails on anything that is not exactly
 * that. */
static inline void parse(const char *line, struct parsed *ret)
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

static inline const char *value_of(const struct parsed *parsed, const char *key)
{
	for (size_t i = 0; i < parsed->n; i++)
		if (!strcmp(parsed->key[i], key))
			return parsed->value[i];
	fail_msg("no %s=", key);
	return "";
}

/* The keys of a line, in order; "..." stands for what the operation adds. */
static inline void assert_keys(const struct parsed *parsed, const char *object)
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

#endif
