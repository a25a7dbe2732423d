// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of a refusal: the parts that every line has, then what each operation adds. */
#include "event_line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rule.h"
#include "util.h"

static const char *const op_names[EG_OP_MAX] = {
	[EG_OP_CONNECT] = "connect",
	[EG_OP_SENDMSG] = "sendmsg",
	[EG_OP_SETUID] = "setuid",
	[EG_OP_EXEC] = "exec",
	[EG_OP_MOUNT] = "mount",
	[EG_OP_REMOUNT] = "remount",
	[EG_OP_UMOUNT] = "umount",
	[EG_OP_MOVE_MOUNT] = "move_mount",
	[EG_OP_PIVOT_ROOT] = "pivot_root",
	[EG_OP_FORK] = "fork",
	[EG_OP_SOCKET] = "socket",
	[EG_OP_BIND] = "bind",
	[EG_OP_LISTEN] = "listen",
	[EG_OP_RECEIVE] = "receive",
	[EG_OP_SETSOCKOPT] = "setsockopt",
	[EG_OP_EGRESS] = "egress",
	[EG_OP_INGRESS] = "ingress",
	[EG_OP_SETGID] = "setgid",
	[EG_OP_SETGROUPS] = "setgroups",
	[EG_OP_CAPSET] = "capset",
	[EG_OP_USERNS] = "userns",
	[EG_OP_CAPABILITY] = "capability",
	[EG_OP_CGROUP] = "cgroup",
	[EG_OP_PTRACE] = "ptrace",
	[EG_OP_UNIX] = "unix",
	[EG_OP_SIGNAL] = "signal",
	[EG_OP_PROCESS] = "process",
	[EG_OP_FILE] = "file",
	[EG_OP_KERNEL] = "kernel",
	[EG_OP_MOUNT_ATTR] = "mount_attr",
	[EG_OP_RUN] = "exec",
};

const char *eg_event_op_name(uint16_t op)
{
	return op < EG_OP_MAX && op_names[op] ? op_names[op] : "?";
}

size_t eg_line_escape(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";

	if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

char *eg_event_escape(const char *text, char *buf, size_t size)
{
	size_t used = 0, safe = 0;

	for (; *text; text++) {
		char one[4];
		size_t n = eg_line_escape((unsigned char)*text, one);

		if (used + n >= size) {
			memcpy(buf + safe, "...", 4);
			return buf;
		}
		memcpy(buf + used, one, n);
		used += n;
		if (used + 4 <= size)
			safe = used;
	}
	if (!used)
		buf[used++] = '-';
	buf[used] = '\0';
	return buf;
}

char *eg_event_path(const struct eg_path *path, char *buf, size_t size)
{
	size_t len = path->len < sizeof(path->text) ? path->len : sizeof(path->text);
	size_t used = 0, end = len;

	if (!len) {
		(void)snprintf(buf, size, "-");
		return buf;
	}
	if (path->cut)
		used = (size_t)snprintf(buf, size, "...");
	/* Components stand leaf first, each with its NUL: copy them from the last one back. */
	while (end > 0) {
		size_t start = end - 1, n;

		while (start > 0 && path->text[start - 1])
			start--;
		if (used + 1 + (end - start) >= size)
			break;
		buf[used++] = '/';
		n = strnlen(path->text + start, end - start);
		memcpy(buf + used, path->text + start, n);
		used += n;
		end = start;
	}
	buf[used] = '\0';
	return buf;
}

/* ---- lines ---- */

void eg_line_add(struct eg_line *line, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line->buf + line->used, EG_LINE_MAX - line->used, format, ap);
	va_end(ap);
	if (n > 0)
		line->used += (size_t)n < EG_LINE_MAX - line->used ? (size_t)n
								   : EG_LINE_MAX - line->used - 1;
}

void eg_line_add_word(struct eg_line *line, const char *key, const char *raw)
{
	char word[EG_LINE_WORD_SIZE];

	eg_line_add(line, " %s=%s", key, eg_event_escape(raw, word, sizeof(word)));
}

void eg_line_add_field(struct eg_line *line, const char *key, const char *raw, size_t size)
{
	char text[EG_ARG_SIZE + 1];
	size_t n = strnlen(raw, size < sizeof(text) ? size : sizeof(text) - 1);

	memcpy(text, raw, n);
	text[n] = '\0';
	eg_line_add_word(line, key, text);
}

static size_t escaped_length(const char *text)
{
	char one[4];
	size_t n = 0;

	for (; *text; text++)
		n += eg_line_escape((unsigned char)*text, one);
	return n;
}

void eg_line_add_path(struct eg_line *line, const char *key, const struct eg_path *path,
		      const char *empty)
{
	char text[EG_PATH_SIZE + 8], word[EG_LINE_PATH_SIZE];
	const char *from = eg_event_path(path, text, sizeof(text)), *next;
	size_t dots = 0;

	if (!path->len)
		from = path->cut ? "-" : empty;
	while (escaped_length(from) + dots >= sizeof(word) && (next = strchr(from + 1, '/'))) {
		from = next;
		dots = 3;
	}
	eg_line_add(line, " %s=%s%s", key, dots ? "..." : "",
		    eg_event_escape(from, word, sizeof(word) - dots));
}

void eg_line_add_feed(struct eg_line *line, const struct eg_rule *rule, const char *feed)
{
	if (rule->line < EG_LINE_FEEDS)
		return;
	eg_line_add_word(line, "feed", feed ? feed : "-");
	eg_line_add(line, " line=%u", rule->line & ((1U << EG_LINE_BITS) - 1));
}

/* The kernel's "pts0" is what people know as "pts/0". */
void eg_line_add_tty(struct eg_line *line, const char *raw)
{
	char name[EG_TTY_SIZE + 2];
	size_t n = strnlen(raw, EG_TTY_SIZE);

	if (n > 3 && !memcmp(raw, "pts", 3) && raw[3] >= '0' && raw[3] <= '9')
		(void)snprintf(name, sizeof(name), "pts/%.*s", (int)(n - 3), raw + 3);
	else
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, raw);
	eg_line_add_word(line, "tty", name);
}

/* Who did it, as far as the kernel knows: a packet has no process any more. */
static void add_process(struct eg_line *line, const struct eg_event *e)
{
	if (e->tgid)
		eg_line_add(line, " pid=%u ppid=%u", e->tgid, e->ppid);
	else
		eg_line_add(line, " pid=- ppid=-");
	eg_line_add_field(line, "comm", e->comm, sizeof(e->comm));
	eg_line_add_path(line, "exe", &e->exe, "-");
}

/* Keys and numbers take less than 512 bytes, two addresses and a rule less than 192; user, profile,
 * rhost, a feed and type or the name of a socket are words; comm and tty are short ones. */
_Static_assert(2 * INET6_ADDRSTRLEN + EG_RULE_TEXT_SIZE <= 192, "addresses and rule");
_Static_assert(512 + 192 + 5 * EG_LINE_WORD_SIZE + 2 * 4 * (EG_TTY_SIZE + 2) +
			       2 * EG_LINE_PATH_SIZE <=
		       EG_LINE_MAX,
	       "the longest line fits");

static const char *verdict_name(uint16_t verdict)
{
	if (verdict == EG_VERDICT_AUDIT)
		return "AUDIT";
	return verdict == EG_VERDICT_KILL ? "KILL" : "DENY";
}

int eg_event_format(const struct eg_event *e, const struct eg_event_session *session, char *buf)
{
	struct eg_line line = {.buf = buf};

	if (e->abi != EG_ABI_VERSION || e->kind != EG_EVENT_VERDICT)
		return -EPROTO;
	eg_line_add(&line, "%s %s session=%llu", verdict_name(e->verdict), eg_event_op_name(e->op),
		    (unsigned long long)e->session);
	eg_line_add_word(&line, "user", session->user);
	eg_line_add(&line, " uid=%u", e->tgid ? e->uid : session->uid);
	eg_line_add_word(&line, "profile", session->profile);
	eg_line_add_word(&line, "rhost", session->rhost);
	eg_line_add(&line, " rport=%u", session->rport);
	eg_line_add_tty(&line, e->tty);
	add_process(&line, e);
	if (!eg_line_add_socket(&line, e))
		eg_line_add_act(&line, e);
	else if (e->reason == EG_REASON_RULE && e->has_rule)
		eg_line_add_feed(&line, &e->rule, session->feed);
	eg_line_add(&line, " errno=%s", e->error == EPERM ? "EPERM" : e->error ? "?" : "0");
	return (int)line.used;
}
