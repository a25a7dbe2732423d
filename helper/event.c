// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The record of a refusal: the parts that every line has, then what each operation adds. */
#include "event_line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rule.h"
#include "util.h"

enum { NS_IN_MS = 1000000 };

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

char *eg_event_escape(const char *text, char *buf, size_t size)
{
	if (!*text)
		return strcpy(buf, "-");
	(void)eg_fields_escape(text, strlen(text), buf, size);
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

/* ---- records ---- */

void eg_line_add_path(struct eg_fields *line, const char *key, const struct eg_path *path,
		      const char *empty)
{
	char text[EG_PATH_SIZE + 8];

	if (!path->len && (path->cut || !strcmp(empty, "-")))
		eg_fields_add_none(line, key);
	else
		eg_fields_add_path(line, key,
				   path->len ? eg_event_path(path, text, sizeof(text)) : empty);
}

void eg_line_add_feed(struct eg_fields *line, const struct eg_rule *rule, const char *feed)
{
	if (rule->line < EG_LINE_FEEDS || rule->line == EG_LINE_UNKNOWN)
		return;
	eg_fields_add_word(line, "feed", feed);
	eg_fields_add_number(line, "line", rule->line & ((1U << EG_LINE_BITS) - 1));
}

/* The kernel's "pts0" is what people know as "pts/0". */
void eg_line_add_tty(struct eg_fields *line, const char *raw)
{
	char name[EG_TTY_SIZE + 2];
	size_t n = strnlen(raw, EG_TTY_SIZE);

	if (n > 3 && !memcmp(raw, "pts", 3) && raw[3] >= '0' && raw[3] <= '9')
		(void)snprintf(name, sizeof(name), "pts/%.*s", (int)(n - 3), raw + 3);
	else
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, raw);
	eg_fields_add_word(line, "tty", name);
}

/* Who did it, as far as the kernel knows: a packet has no process any more. */
static void add_process(struct eg_fields *line, const struct eg_event *e)
{
	if (e->tgid) {
		eg_fields_add_number(line, "pid", e->tgid);
		eg_fields_add_number(line, "ppid", e->ppid);
	} else {
		eg_fields_add_none(line, "pid");
		eg_fields_add_none(line, "ppid");
	}
	eg_fields_add_text(line, "comm", e->comm, sizeof(e->comm));
	eg_line_add_path(line, "exe", &e->exe, "-");
}

void eg_event_add_host(struct eg_fields *fields, const struct eg_event_added *added)
{
	eg_fields_add_word(fields, "host", added->host);
}

void eg_event_add_time(struct eg_fields *fields, const struct eg_event_added *added, uint64_t ts_ns)
{
	eg_fields_add_time(fields, "time", (int64_t)(ts_ns + (uint64_t)added->clock_offset_ns));
	eg_fields_add_millis(fields, "mono", ts_ns / NS_IN_MS);
}

void eg_event_add_end(struct eg_fields *fields, const struct eg_event_added *added, uint64_t ts_ns)
{
	eg_event_add_host(fields, added);
	eg_event_add_time(fields, added, ts_ns);
}

/* ---- refusals ---- */

/*
 * In any form. Keys, numbers and our own words take less than 1152 bytes, three addresses and a
 * rule less than 240; comm and tty have six bytes for each of theirs; words are user, profile,
 * rhost, a feed or type or the name of a socket, service, key, config and host.
 */
_Static_assert(3 * INET6_ADDRSTRLEN + EG_RULE_TEXT_SIZE <= 240, "addresses and rule");
_Static_assert(1152 + 240 + 8 * EG_LINE_WORD_SIZE + 6 * (EG_COMM_SIZE + EG_TTY_SIZE + 2) +
			       2 * EG_LINE_PATH_SIZE + EG_LINE_FEW_ARGS_SIZE <=
		       EG_LINE_MAX,
	       "the longest line fits");

static const char *verdict_name(uint16_t verdict)
{
	if (verdict == EG_VERDICT_AUDIT)
		return "AUDIT";
	return verdict == EG_VERDICT_KILL ? "KILL" : "DENY";
}

/* Who tried what. */
static void add_attempt(struct eg_fields *line, const struct eg_event *e,
			const struct eg_event_session *session)
{
	eg_fields_add_number(line, "session", e->session);
	eg_fields_add_word(line, "user", session->user);
	eg_fields_add_number(line, "uid", e->tgid ? e->uid : session->uid);
	eg_fields_add_word(line, "profile", session->profile);
	eg_fields_add_word(line, "rhost", session->rhost);
	eg_fields_add_known(line, "rport", session->rport);
	eg_line_add_tty(line, e->tty);
	add_process(line, e);
	if (!eg_line_add_socket(line, e))
		eg_line_add_act(line, e);
	else if (e->reason == EG_REASON_RULE && e->has_rule)
		eg_line_add_feed(line, &e->rule, session->feed);
	eg_fields_add_word(line, "errno", e->error == EPERM ? "EPERM" : e->error ? "?" : "0");
}

static void add_count(struct eg_fields *line, const struct eg_event_added *added)
{
	int64_t offset_ns = added->clock_offset_ns;

	eg_fields_add_number(line, "count", added->count ? added->count : 1);
	if (added->count > 1)
		eg_fields_add_time(line, "last", (int64_t)(added->last_ns + (uint64_t)offset_ns));
	if (added->replayed)
		eg_fields_add_word(line, "replayed", "yes");
}

static void add_unless(struct eg_fields *line, const char *key, uint64_t number, uint64_t none)
{
	if (number == none)
		eg_fields_add_none(line, key);
	else
		eg_fields_add_number(line, key, number);
}

static void add_arguments(struct eg_fields *line, const struct eg_event *e)
{
	size_t n = e->n_args < sizeof(e->args) ? e->n_args : sizeof(e->args);

	eg_fields_add_args(line, "args", e->args, n, e->args_cut, true);
}

int eg_event_make(const struct eg_event *e, const struct eg_event_session *session,
		  const struct eg_event_added *added, struct eg_fields *ret)
{
	bool packet = e->op == EG_OP_EGRESS || e->op == EG_OP_INGRESS;

	if (e->abi != EG_ABI_VERSION || e->kind != EG_EVENT_VERDICT)
		return -EPROTO;
	eg_fields_begin(ret, verdict_name(e->verdict), eg_event_op_name(e->op));
	add_attempt(ret, e, session);
	add_count(ret, added);
	eg_fields_add_word(ret, "layer", packet ? "packet" : "call");
	eg_line_add_own_end(ret, e);
	eg_fields_add_word(ret, "service", session->service);
	eg_fields_add_word(ret, "key", session->key);
	add_unless(ret, "loginuid", e->loginuid, UINT32_MAX); /* the kernel's for none */
	add_unless(ret, "audit_session", e->audit_session, UINT32_MAX);
	add_unless(ret, "cgroup", e->cgroup, 0);
	add_unless(ret, "generation", e->generation, 0);
	eg_fields_add_word(ret, "config", added->config);
	/* Feeds, files and programs have theirs where the rule is. */
	if (e->reason == EG_REASON_RULE && e->has_rule && e->rule.line &&
	    e->rule.line != EG_LINE_UNKNOWN && !eg_fields_find(ret, "line"))
		eg_fields_add_number(ret, "line", e->rule.line);
	eg_event_add_host(ret, added);
	add_arguments(ret, e);
	eg_event_add_time(ret, added, e->ts_ns);
	return 0;
}
