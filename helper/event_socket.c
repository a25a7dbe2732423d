// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The record of a refusal that is about sockets: addresses, and the rule that decided. */
#include "event_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "rule.h"
#include "util.h"

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

static void add_family(struct eg_fields *line, uint16_t family)
{
	if (family < EG_ARRAY_SIZE(family_names) && family_names[family])
		eg_fields_add_format(line, "family", "AF_%s", family_names[family]);
	else
		eg_fields_add_format(line, "family", "%u", family);
}

/* Other families number their protocols as they like. */
static void add_protocol(struct eg_fields *line, uint16_t family, uint16_t protocol)
{
	const char *name = !family || is_inet(family) ? protocol_name(protocol) : NULL;

	if (name)
		eg_fields_add_word(line, "proto", name);
	else
		eg_fields_add_format(line, "proto", "%u", protocol);
}

/* An end of a flow, "src" or "dst" and the key its port has. addr: NULL = not known. */
static void add_end(struct eg_fields *line, const char *key, uint16_t family, const uint8_t *addr,
		    const char *port_key, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (addr)
		(void)inet_ntop(family, addr, text, sizeof(text)); /* it stays empty on failure */
	eg_fields_add_word(line, key, text);
	eg_fields_add_number(line, port_key, port);
}

void eg_line_add_peer(struct eg_fields *line, uint16_t family, uint16_t protocol,
		      const uint8_t *addr, uint16_t port)
{
	add_protocol(line, family, protocol);
	add_end(line, "dst", family, is_inet(family) ? addr : NULL, "port", port);
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

	if (!addr || rule->line == EG_LINE_UNKNOWN)
		return false;
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
		[EG_REASON_DEFAULT] = "default",       [EG_REASON_FAMILY] = "sockets",
		[EG_REASON_PROTOCOL] = "sockets",      [EG_REASON_FOREIGN] = "foreign-socket",
		[EG_REASON_RING] = "io_uring",	       [EG_REASON_SOURCE_ROUTE] = "source-route",
		[EG_REASON_MALFORMED] = "malformed",   [EG_REASON_POLICY] = "",
		[EG_REASON_QUARANTINE] = "quarantine",
	};

	if (reason == EG_REASON_RULE)
		return NULL;
	return reason < EG_ARRAY_SIZE(names) && names[reason] ? names[reason] : "";
}

static void add_rule(struct eg_fields *line, const struct eg_event *e)
{
	const char *reason = reason_name(e->reason);
	char text[EG_RULE_TEXT_SIZE];
	struct eg_rule_spec spec;

	if (!reason && e->has_rule &&
	    spec_of(&e->rule, e->family, e->has_addr ? e->addr : NULL, e->rule_family, &spec))
		reason = eg_rule_format(&spec, text);
	eg_fields_add_word(line, "rule", reason);
}

/* Rules of bind are about ports only. */
static void add_bind_rule(struct eg_fields *line, const struct eg_event *e)
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
	eg_fields_add_word(line, "rule", reason);
}

/* ---- what it was about ---- */

/* The peer's end, or for bind and listen our own; of a socket that is none of the internet's, its
 * family. */
static void add_socket(struct eg_fields *line, const struct eg_event *e, const char *end)
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

static void add_option(struct eg_fields *line, const struct eg_event *e)
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
		eg_fields_add_word(line, "level", e->level == IPPROTO_IP ? "ip" : "ipv6");
	else
		eg_fields_add_format(line, "level", "%u", e->level);
	if (name)
		eg_fields_add_word(line, "option", name);
	else
		eg_fields_add_format(line, "option", "%u", e->option);
	add_rule(line, e);
}

bool eg_line_add_socket(struct eg_fields *line, const struct eg_event *e)
{
	switch (e->op) {
	case EG_OP_CONNECT:
	case EG_OP_SENDMSG:
	case EG_OP_SOCKET:
	case EG_OP_EGRESS:
		add_socket(line, e, "dst");
		return true;
	case EG_OP_BIND:
	case EG_OP_LISTEN:
	case EG_OP_INGRESS:
		add_socket(line, e, "src");
		return true;
	case EG_OP_RECEIVE:
		if (e->reason == EG_REASON_RING) {
			eg_fields_add_word(line, "type", "io_uring");
			eg_fields_add_word(line, "rule", "io_uring");
		} else {
			add_socket(line, e, "dst");
		}
		return true;
	case EG_OP_SETSOCKOPT:
		add_option(line, e);
		return true;
	default:
		return false;
	}
}

/* bind and listen have it already; of a packet that came in, the other end was the source. */
void eg_line_add_own_end(struct eg_fields *line, const struct eg_event *e)
{
	bool incoming = e->op == EG_OP_INGRESS;
	const char *key = incoming ? "dst" : "src", *port_key = incoming ? "dport" : "sport";

	/* Of others it stands where the address would. */
	if (is_inet(e->family) && !eg_fields_find(line, "family") && eg_fields_find(line, "proto"))
		add_family(line, e->family);
	if (!eg_fields_find(line, incoming ? "src" : "dst"))
		return;
	if (e->has_src && is_inet(e->family)) {
		add_end(line, key, e->family, e->src, port_key, e->sport);
	} else {
		eg_fields_add_none(line, key);
		eg_fields_add_none(line, port_key);
	}
}

/* ---- flows that a reload has denied ---- */

void eg_event_make_flow(const struct eg_denied_flow *flow, const struct eg_event_session *session,
			const char *blocked, const struct eg_event_added *added,
			struct eg_fields *ret)
{
	const uint8_t *laddr = flow->laddr, *raddr = flow->raddr;
	const char *rule = reason_name(flow->reason);
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
	eg_fields_begin(ret, blocked ? "BLOCK" : "RESET", NULL);
	eg_fields_add_number(ret, "session", flow->session);
	eg_fields_add_word(ret, "user", session->user);
	eg_fields_add_number(ret, "uid", flow->uid);
	eg_fields_add_word(ret, "profile", session->profile);
	eg_fields_add_word(ret, "rhost", session->rhost);
	eg_fields_add_word(ret, "proto", "tcp");
	add_end(ret, "src", family, laddr, "sport", flow->lport);
	add_end(ret, "dst", family, raddr, "port", flow->rport);
	eg_fields_add_word(ret, "rule", rule);
	if (flow->reason == EG_REASON_RULE)
		eg_line_add_feed(ret, &flow->rule, session->feed);
	if (blocked)
		eg_fields_add_word(ret, "reason", blocked);
	eg_event_add_end(ret, added, added->now_ns);
}
