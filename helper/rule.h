/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One rule as people write it: a network, ports, a protocol. Pure: no I/O, no look-up, no
 * allocation.
 *
 *   10.0.0.0/8   [2001:db8::]/32:8000-8999   10.0.0.1:443/tcp   *:53/udp   10.0.0.0/8/icmp
 *
 * NETWORK[:PORT[-PORT]][/PROTOCOL]; an IPv6 network stands in brackets when ports follow; "*" is
 * every network of both families. Ports of bind: PORT[-PORT][/PROTOCOL] or *[/PROTOCOL].
 */
#ifndef EG_RULE_H
#define EG_RULE_H

#include "abi.h"
#include "cidr.h"

enum { EG_RULE_TEXT_SIZE = EG_CIDR_TEXT_SIZE + 24 }; /* longest rule, NUL included */

struct eg_rule_spec {
	struct eg_cidr net;	      /* family AF_UNSPEC = "*" */
	uint8_t protocol;	      /* EG_PROTO_TCP..EG_PROTO_UDPLITE, or EG_PROTO_ANY */
	uint16_t port_low, port_high; /* 0..65535 when none are named */
};

/*
 * Parse. text: NUL-terminated, borrowed; reterr: on failure a constant phrase that goes on from the
 * text. Returns 0 and fills *ret; -EINVAL, *ret untouched.
 * All ports of a named protocol are that protocol. All ports without one are refused in rules for
 * networks: it would read as other than no ports, which is icmp too, and be the same.
 */
int eg_rule_parse(const char *text, struct eg_rule_spec *ret, const char **reterr);
int eg_rule_parse_ports(const char *text, struct eg_rule_spec *ret, const char **reterr);

/* As eg_rule_parse, but host bits may be set and are cleared: names what a mistaken text probably
 * means. */
int eg_rule_parse_loose(const char *text, struct eg_rule_spec *ret, const char **reterr);

/* Canonical text, which parses to the same. buf: EG_RULE_TEXT_SIZE bytes. Returns buf. */
char *eg_rule_format(const struct eg_rule_spec *spec, char *buf);
char *eg_rule_format_ports(const struct eg_rule_spec *spec, char *buf);

/* Does the rule speak about this protocol and port? A rule that names ports matches protocols that
 * have them only. */
bool eg_rule_matches(const struct eg_rule_spec *spec, uint8_t proto, uint16_t port);

/* Does it name neither protocol nor ports? */
bool eg_rule_is_plain(const struct eg_rule_spec *spec);

/* Has the protocol (enum eg_proto) got ports? */
bool eg_rule_has_ports(uint8_t proto);

/* "tcp", "udp", ...; NULL for EG_PROTO_OTHER and ANY. And back: -EINVAL for another word. */
const char *eg_rule_protocol_name(uint8_t proto);
int eg_rule_protocol(const char *name, uint8_t *ret);

/* Decimal digits only, 0..65535, no leading zero. n: bytes of text. 0 or -EINVAL. */
int eg_rule_port(const char *text, size_t n, uint16_t *ret);

/* Total order, for qsort and for finding doubles. <0, 0, >0. */
int eg_rule_compare(const struct eg_rule_spec *a, const struct eg_rule_spec *b);

#endif
