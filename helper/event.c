// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of a refusal. */
#include "event.h"

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
	[EG_OP_CONNECT] = "connect",	   [EG_OP_SENDMSG] = "sendmsg",
	[EG_OP_SETUID] = "setuid",	   [EG_OP_EXEC] = "exec",
	[EG_OP_MOUNT] = "mount",	   [EG_OP_REMOUNT] = "remount",
	[EG_OP_UMOUNT] = "umount",	   [EG_OP_MOVE_MOUNT] = "move_mount",
	[EG_OP_PIVOT_ROOT] = "pivot_root", [EG_OP_FORK] = "fork",
	[EG_OP_SOCKET] = "socket",	   [EG_OP_BIND] = "bind",
	[EG_OP_LISTEN] = "listen",	   [EG_OP_RECEIVE] = "receive",
	[EG_OP_SETSOCKOPT] = "setsockopt", [EG_OP_EGRESS] = "egress",
	[EG_OP_INGRESS] = "ingress",
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

/* ---- sockets ---- */

/* By number, without AF_, as systemd's RestrictAddressFamilies= has them. */
static const char *const family_names[] = {
	NULL,	    "UNIX",	  "INET",    "AX25",	  "IPX",     "APPLETALK", "NETROM",
	"BRIDGE",   "ATMPVC",	  "X25",     "INET6",	  "ROSE",    "DECnet",	  "NETBEUI",
	"SECURITY", "KEY",	  "NETLINK", "PACKET",	  "ASH",     "ECONET",	  "ATMSVC",
	"RDS",	    "SNA",	  "IRDA",    "PPPOX",	  "WANPIPE", "LLC",	  "IB",
	"MPLS",	    "CAN",	  "TIPC",    "BLUETOOTH", "IUCV",    "RXRPC",	  "ISDN",
	"PHONET",   "IEEE802154", "CAIF",    "ALG",	  "NFC",     "VSOCK",	  "KCM",
	"QIPCRTR",  "SMC",	  "XDP",     "MCTP",
};

static const char *protocol_name(uint16_t protocol)
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = {
		{IPPROTO_TCP, "tcp"},	       {IPPROTO_UDP, "udp"},   {IPPROTO_ICMP, "icmp"},
		{IPPROTO_ICMPV6, "ipv6-icmp"}, {IPPROTO_SCTP, "sctp"}, {IPPROTO_DCCP, "dccp"},
		{IPPROTO_UDPLITE, "udplite"},  {262, "mptcp"}, /* not in every libc */
	};

	for (size_t i = 0; i < EG_ARRAY_SIZE(names); i++)
		if (names[i].number == protocol)
			return names[i].name;
	return NULL;
}

static bool is_inet(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static void add_family(struct line *line, uint16_t family)
{
	if (family < EG_ARRAY_SIZE(family_names) && family_names[family])
		add(line, " family=AF_%s", family_names[family]);
	else
		add(line, " family=%u", family);
}

/* Other families number their protocols as they like. */
static void add_protocol(struct line *line, uint16_t family, uint16_t protocol)
{
	const char *name = !family || is_inet(family) ? protocol_name(protocol) : NULL;

	if (name)
		add(line, " proto=%s", name);
	else
		add(line, " proto=%u", protocol);
}

/* An end of a flow, "src" or "dst" and the key its port has. addr: NULL = not known. */
static void add_end(struct line *line, const char *key, uint16_t family, const uint8_t *addr,
		    const char *port_key, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "-";

	if (addr)
		(void)inet_ntop(family, addr, text, sizeof(text)); /* "-" stays on failure */
	add(line, " %s=%s %s=%u", key, text, port_key, port);
}

/* ---- rules ---- */

/* IPv4 addresses that IPv6 ones carry: the bytes in front, and where the address begins. */
static const struct carrier {
	uint8_t len, at, head[12];
} carriers[] = {
	{12, 12, {0x00, 0x64, 0xff, 0x9b}},		      /* NAT64 64:ff9b::/96 */
	{12, 12, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, /* v4-mapped */
	{2, 2, {0x20, 0x02}},				      /* 6to4 2002::/16 */
};

static const uint8_t *embedded(const uint8_t *addr)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(carriers); i++)
		if (!memcmp(addr, carriers[i].head, carriers[i].len))
			return addr + carriers[i].at;
	return NULL;
}

/*
 * What a rule was about, made from the address it matched. rule_family: AF_INET when that is inside
 * an IPv6 one. False when there is no such rule: then the record is not believed.
 */
static bool spec_of(const struct eg_rule *rule, uint16_t family, const uint8_t *addr,
		    uint16_t rule_family, struct eg_rule_spec *ret)
{
	bool any = rule->protocol == EG_PROTO_ANY;

	if (family == AF_INET6 && rule_family == AF_INET) {
		addr = embedded(addr);
		family = AF_INET;
	}
	if (!addr || !is_inet(family) || rule->prefix_len > (family == AF_INET ? 32 : 128) ||
	    rule->port_low > rule->port_high || (!any && !eg_rule_protocol_name(rule->protocol)))
		return false;
	*ret = (struct eg_rule_spec){
		.net = {.family = family, .prefix_len = rule->prefix_len},
		.protocol = rule->protocol,
		.port_low = rule->port_low,
		.port_high = rule->port_high,
	};
	for (unsigned int i = 0; i < rule->prefix_len; i++)
		ret->net.addr[i / 8] |= addr[i / 8] & (uint8_t)(0x80 >> i % 8);
	return true;
}

/* What stands for a rule where none of the lists decided; NULL where one did. */
static const char *reason_name(uint32_t reason)
{
	static const char *const names[] = {
		[EG_REASON_DEFAULT] = "default",     [EG_REASON_FAMILY] = "sockets",
		[EG_REASON_PROTOCOL] = "sockets",    [EG_REASON_FOREIGN] = "foreign-socket",
		[EG_REASON_RING] = "io_uring",	     [EG_REASON_SOURCE_ROUTE] = "source-route",
		[EG_REASON_MALFORMED] = "malformed", [EG_REASON_POLICY] = "-",
	};

	if (reason == EG_REASON_RULE)
		return NULL;
	return reason < EG_ARRAY_SIZE(names) ? names[reason] : "-";
}

static void add_rule(struct line *line, const struct eg_event *e)
{
	const char *reason = reason_name(e->reason);
	char text[EG_RULE_TEXT_SIZE];
	struct eg_rule_spec spec;

	if (!reason && e->has_rule &&
	    spec_of(&e->rule, e->family, e->has_addr ? e->addr : NULL, e->rule_family, &spec))
		reason = eg_rule_format(&spec, text);
	add(line, " rule=%s", reason ? reason : "-");
}

/* Rules of bind are about ports only. */
static void add_bind_rule(struct line *line, const struct eg_event *e)
{
	static const uint8_t no_addr[16];
	const char *reason = reason_name(e->reason);
	struct eg_rule rule = e->rule;
	char text[EG_RULE_TEXT_SIZE];
	struct eg_rule_spec spec;

	rule.prefix_len = 0;
	if (!reason && e->has_rule && spec_of(&rule, AF_INET, no_addr, 0, &spec)) {
		spec.net.family = AF_UNSPEC;
		reason = eg_rule_format_ports(&spec, text);
	}
	add(line, " rule=%s", reason ? reason : "-");
}

/* ---- what it was about ---- */

/* The peer's end, or for bind and listen our own; of a socket that is none of the internet's, its
 * family. */
static void add_socket(struct line *line, const struct eg_event *e, const char *end)
{
	if (e->op == EG_OP_SOCKET || (e->family && !is_inet(e->family)))
		add_family(line, e->family);
	add_protocol(line, e->family, e->protocol);
	if (e->op != EG_OP_SOCKET && (!e->family || is_inet(e->family)))
		add_end(line, end, e->family, e->has_addr ? e->addr : NULL, "port", e->port);
	if (e->op == EG_OP_BIND || e->op == EG_OP_LISTEN)
		add_bind_rule(line, e);
	else
		add_rule(line, e);
}

static void add_option(struct line *line, const struct eg_event *e)
{
	static const struct {
		uint16_t level;
		uint32_t option;
		const char *name;
	} options[] = {
		{IPPROTO_IP, 4, "IP_OPTIONS"},
		{IPPROTO_IPV6, 57, "IPV6_RTHDR"},
		{IPPROTO_IPV6, 5, "IPV6_2292RTHDR"},
		{IPPROTO_IPV6, 6, "IPV6_2292PKTOPTIONS"},
		{IPPROTO_IPV6, 32, "IPV6_FLOWLABEL_MGR"},
	};
	const char *name = NULL;

	for (size_t i = 0; i < EG_ARRAY_SIZE(options); i++)
		if (options[i].level == e->level && options[i].option == e->option)
			name = options[i].name;
	if (e->level == IPPROTO_IP || e->level == IPPROTO_IPV6)
		add(line, " level=%s", e->level == IPPROTO_IP ? "ip" : "ipv6");
	else
		add(line, " level=%u", e->level);
	if (name)
		add(line, " option=%s", name);
	else
		add(line, " option=%u", e->option);
	add_rule(line, e);
}

static void add_object(struct line *line, const struct eg_event *e)
{
	switch (e->op) {
	case EG_OP_CONNECT:
	case EG_OP_SENDMSG:
	case EG_OP_SOCKET:
	case EG_OP_EGRESS:
		add_socket(line, e, "dst");
		break;
	case EG_OP_BIND:
	case EG_OP_LISTEN:
	case EG_OP_INGRESS:
		add_socket(line, e, "src");
		break;
	case EG_OP_RECEIVE:
		if (e->reason == EG_REASON_RING)
			add(line, " type=io_uring rule=io_uring");
		else
			add_socket(line, e, "dst");
		break;
	case EG_OP_SETSOCKOPT:
		add_option(line, e);
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

/* Who did it, as far as the kernel knows: a packet has no process any more. */
static void add_process(struct line *line, const struct eg_event *e)
{
	if (e->tgid)
		add(line, " pid=%u ppid=%u", e->tgid, e->ppid);
	else
		add(line, " pid=- ppid=-");
	add_field(line, "comm", e->comm, sizeof(e->comm));
	add_path(line, "exe", &e->exe, "-");
}

/* Keys and numbers take less than 512 bytes, two addresses and a rule less than 192; user, profile
 * and rhost are words; comm, tty and type are short ones. */
_Static_assert(2 * INET6_ADDRSTRLEN + EG_RULE_TEXT_SIZE <= 192, "addresses and rule");
_Static_assert(512 + 192 + 3 * EG_LINE_WORD_SIZE + 3 * 4 * (EG_TTY_SIZE + 2) +
			       2 * EG_LINE_PATH_SIZE <=
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
	add(&line, " uid=%u", e->tgid ? e->uid : session->uid);
	add_word(&line, "profile", session->profile);
	add_word(&line, "rhost", session->rhost);
	add(&line, " rport=%u", session->rport);
	add_tty(&line, e);
	add_process(&line, e);
	add_object(&line, e);
	add(&line, " errno=%s", e->error == EPERM ? "EPERM" : e->error ? "?" : "0");
	return (int)line.used;
}

int eg_event_format_flow(const struct eg_denied_flow *flow, const struct eg_event_session *session,
			 const char *blocked, char *buf)
{
	const uint8_t *laddr = flow->laddr, *raddr = flow->raddr;
	const char *rule = reason_name(flow->reason);
	struct line line = {.buf = buf};
	uint16_t family = flow->family;
	char text[EG_RULE_TEXT_SIZE];
	struct eg_rule_spec spec;

	/* v4-mapped ends are IPv4, as in all other lines. */
	if (family == AF_INET6 && !memcmp(raddr, carriers[1].head, carriers[1].len)) {
		family = AF_INET;
		laddr += carriers[1].at;
		raddr += carriers[1].at;
	}
	if (!rule && spec_of(&flow->rule, family, raddr, (uint16_t)flow->rule_family, &spec))
		rule = eg_rule_format(&spec, text);
	add(&line, "%s session=%llu", blocked ? "BLOCK" : "RESET",
	    (unsigned long long)flow->session);
	add_word(&line, "user", session->user);
	add(&line, " uid=%u", flow->uid);
	add_word(&line, "profile", session->profile);
	add_word(&line, "rhost", session->rhost);
	add(&line, " proto=tcp");
	add_end(&line, "src", family, laddr, "sport", flow->lport);
	add_end(&line, "dst", family, raddr, "port", flow->rport);
	add(&line, " rule=%s", rule ? rule : "-");
	if (blocked)
		add_word(&line, "reason", blocked);
	return (int)line.used;
}
