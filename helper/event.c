// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of a refusal. */
#include "event.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cidr.h"
#include "util.h"

static const char *const op_names[EG_OP_MAX] = {
	[EG_OP_CONNECT] = "connect",	   [EG_OP_SENDMSG] = "sendmsg",
	[EG_OP_SETUID] = "setuid",	   [EG_OP_EXEC] = "exec",
	[EG_OP_MOUNT] = "mount",	   [EG_OP_REMOUNT] = "remount",
	[EG_OP_UMOUNT] = "umount",	   [EG_OP_MOVE_MOUNT] = "move_mount",
	[EG_OP_PIVOT_ROOT] = "pivot_root", [EG_OP_FORK] = "fork",
};

const char *eg_event_op_name(uint16_t op)
{
	return op < EG_OP_MAX && op_names[op] ? op_names[op] : "?";
}

static size_t escape_one(unsigned char c, char *out)
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
		size_t n = escape_one((unsigned char)*text, one);

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

/* A line that grows. Its parts are bounded so that the longest fits: see the assertion below. */
struct line {
	char *buf;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
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

static void add_word(struct line *line, const char *key, const char *raw)
{
	char word[EG_LINE_WORD_SIZE];

	add(line, " %s=%s", key, eg_event_escape(raw, word, sizeof(word)));
}

/* Adds a fixed-size field of the record, which may lack its NUL. */
static void add_field(struct line *line, const char *key, const char *raw, size_t size)
{
	char text[EG_TTY_SIZE + 1];
	size_t n = strnlen(raw, size < sizeof(text) ? size : sizeof(text) - 1);

	memcpy(text, raw, n);
	text[n] = '\0';
	add_word(line, key, text);
}

static size_t escaped_length(const char *text)
{
	char one[4];
	size_t n = 0;

	for (; *text; text++)
		n += escape_one((unsigned char)*text, one);
	return n;
}

/*
 * The program's own name is last and what people look for: a path that gets too long by escaping is
 * cut at its front. A component is shorter than EG_NAME_SIZE, so the last one always fits. empty:
 * stands for a path without components.
 */
static void add_path(struct line *line, const char *key, const struct eg_path *path,
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
	add(line, " %s=%s%s", key, dots ? "..." : "",
	    eg_event_escape(from, word, sizeof(word) - dots));
}

/* The kernel's "pts0" is what people know as "pts/0". */
static void add_tty(struct line *line, const struct eg_event *e)
{
	char name[EG_TTY_SIZE + 2];
	size_t n = strnlen(e->tty, sizeof(e->tty));

	if (n > 3 && !memcmp(e->tty, "pts", 3) && e->tty[3] >= '0' && e->tty[3] <= '9')
		(void)snprintf(name, sizeof(name), "pts/%.*s", (int)(n - 3), e->tty + 3);
	else
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, e->tty);
	add_word(line, "tty", name);
}

static const char *protocol_name(uint16_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	case 262: /* IPPROTO_MPTCP, not in every libc */
		return "mptcp";
	default:
		return NULL;
	}
}

static void add_rule(struct line *line, const struct eg_event *e)
{
	struct eg_cidr net = {.family = e->family};
	unsigned int bits = e->family == AF_INET ? 32 : 128;
	char text[EG_CIDR_TEXT_SIZE];

	if (!e->has_rule || e->prefix_len > bits) {
		add(line, " rule=-");
		return;
	}
	net.prefix_len = e->prefix_len;
	for (unsigned int i = 0; i < e->prefix_len; i++)
		net.addr[i / 8] |= e->addr[i / 8] & (uint8_t)(0x80 >> i % 8);
	add(line, " rule=%s", eg_cidr_format(&net, text));
}

static void add_destination(struct line *line, const struct eg_event *e)
{
	const char *protocol = protocol_name(e->protocol);
	char text[INET6_ADDRSTRLEN] = "-";

	if (e->family != AF_INET && e->family != AF_INET6)
		return;
	if (protocol)
		add(line, " proto=%s", protocol);
	else
		add(line, " proto=%u", e->protocol);
	(void)inet_ntop(e->family, e->addr, text, sizeof(text)); /* "-" stays on failure */
	add(line, " dst=%s port=%u", text, e->port);
	add_rule(line, e);
}

static void add_object(struct line *line, const struct eg_event *e)
{
	switch (e->op) {
	case EG_OP_CONNECT:
	case EG_OP_SENDMSG:
		add_destination(line, e);
		break;
	case EG_OP_SETUID:
		add(line, " target=%u rule=setuid", e->target_id);
		break;
	case EG_OP_EXEC:
		add_path(line, "path", &e->object, "-");
		add(line, " target=%u rule=setuid", e->target_id);
		break;
	case EG_OP_FORK:
		break;
	default:
		/* Only remount does not say where: there no components do not mean the root. */
		add_path(line, "path", &e->object, e->op == EG_OP_REMOUNT ? "-" : "/");
		add_field(line, "type", e->arg, sizeof(e->arg));
		add(line, " rule=mount");
		break;
	}
}

/* Keys and numbers take less than 512 bytes; user, profile and rhost are words; comm, tty and type
 * are short ones. */
_Static_assert(512 + 3 * EG_LINE_WORD_SIZE + 3 * 4 * (EG_TTY_SIZE + 2) + 2 * EG_LINE_PATH_SIZE <=
		       EG_LINE_MAX,
	       "the longest line fits");

int eg_event_format(const struct eg_event *e, const struct eg_event_session *session, char *buf)
{
	struct line line = {.buf = buf};

	if (e->abi != EG_ABI_VERSION || e->kind != EG_EVENT_VERDICT)
		return -EPROTO;
	add(&line, "%s %s session=%llu", e->verdict == EG_VERDICT_AUDIT ? "AUDIT" : "DENY",
	    eg_event_op_name(e->op), (unsigned long long)e->session);
	add_word(&line, "user", session->user);
	add(&line, " uid=%u", e->uid);
	add_word(&line, "profile", session->profile);
	add_word(&line, "rhost", session->rhost);
	add(&line, " rport=%u", session->rport);
	add_tty(&line, e);
	add(&line, " pid=%u ppid=%u", e->tgid, e->ppid);
	add_field(&line, "comm", e->comm, sizeof(e->comm));
	add_path(&line, "exe", &e->exe, "-");
	add_object(&line, e);
	add(&line, " errno=%s", e->error == EPERM ? "EPERM" : e->error ? "?" : "0");
	return (int)line.used;
}
