// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules: text to network, ports and protocol, and back. cidr.c does the network; here the text is
 * cut where one part ends and the next begins.
 */
#include "rule.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { PORT_DIGITS = 5 };

static const char not_network[] =
	"is not an IPv4 or IPv6 network such as 10.0.0.0/8 or 2001:db8::/32";
static const char bad_protocol[] =
	"ends in a protocol that is none of tcp, udp, icmp, sctp, dccp, udplite";
static const char bad_ports[] =
	"needs a port or a range such as 443 or 8000-8999 behind the colon, from 0 to 65535 and "
	"without leading zeros";
static const char bad_bind[] =
	"is not a port such as 8080, a range such as 8000-8999 or \"*\" for all";
static const char reversed[] = "has a range of ports that ends before it begins";
static const char icmp_ports[] = "names ports, which icmp does not have";
static const char icmp_bind[] = "names icmp, which has no ports";
static const char every_port[] =
	"names every port; leave them out to mean all protocols, or name a protocol";
static const char no_brackets[] = "needs brackets around an IPv6 address that ports follow, as in "
				  "[2001:db8::]/32:443";
static const char open_bracket[] = "has a bracket that is not closed";
static const char not_ipv6[] = "has brackets around what is not an IPv6 address";

static const char *const protocol_names[EG_PROTO_MAX] = {
	[EG_PROTO_TCP] = "tcp",	  [EG_PROTO_UDP] = "udp",   [EG_PROTO_ICMP] = "icmp",
	[EG_PROTO_SCTP] = "sctp", [EG_PROTO_DCCP] = "dccp", [EG_PROTO_UDPLITE] = "udplite",
};

const char *eg_rule_protocol_name(uint8_t proto)
{
	return proto < EG_PROTO_MAX ? protocol_names[proto] : NULL;
}

int eg_rule_protocol(const char *name, uint8_t *ret)
{
	uint8_t i;

	for (i = EG_PROTO_TCP; i < EG_PROTO_MAX; i++)
		if (strcmp(protocol_names[i], name) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

bool eg_rule_has_ports(uint8_t proto)
{
	return proto >= EG_PROTO_TCP && proto < EG_PROTO_MAX && proto != EG_PROTO_ICMP;
}

static bool names_ports(const struct eg_rule_spec *spec)
{
	return spec->port_low != 0 || spec->port_high != UINT16_MAX;
}

bool eg_rule_is_plain(const struct eg_rule_spec *spec)
{
	return spec->protocol == EG_PROTO_ANY && !names_ports(spec);
}

bool eg_rule_matches(const struct eg_rule_spec *spec, uint8_t proto, uint16_t port)
{
	if (spec->protocol != EG_PROTO_ANY && spec->protocol != proto)
		return false;
	if (!names_ports(spec))
		return true;
	return eg_rule_has_ports(proto) && port >= spec->port_low && port <= spec->port_high;
}

/* ---- parse */

int eg_rule_port(const char *text, size_t n, uint16_t *ret)
{
	unsigned int port = 0;
	size_t i;

	if (n == 0 || n > PORT_DIGITS || (text[0] == '0' && n > 1))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	if (port > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

/* PORT[-PORT], n bytes. bad: what to say when it is not. */
static int parse_ports(const char *text, size_t n, const char *bad, struct eg_rule_spec *spec,
		       const char **reterr)
{
	const char *dash = memchr(text, '-', n);
	size_t n_low = dash ? (size_t)(dash - text) : n;

	*reterr = bad;
	if (eg_rule_port(text, n_low, &spec->port_low) < 0)
		return -EINVAL;
	spec->port_high = spec->port_low;
	if (dash && eg_rule_port(dash + 1, n - n_low - 1, &spec->port_high) < 0)
		return -EINVAL;
	*reterr = reversed;
	return spec->port_high < spec->port_low ? -EINVAL : 0;
}

/*
 * "/PROTOCOL" at the end: what begins with a letter behind the last slash, as no prefix length
 * does. *ret_n: bytes before it. -EINVAL when the word is no protocol's.
 */
static int cut_protocol(const char *text, struct eg_rule_spec *spec, size_t *ret_n)
{
	const char *slash = strrchr(text, '/');

	*ret_n = strlen(text);
	if (!slash || (slash[1] | 0x20) < 'a' || (slash[1] | 0x20) > 'z')
		return 0;
	*ret_n = (size_t)(slash - text);
	return eg_rule_protocol(slash + 1, &spec->protocol);
}

/* Where the colon before the ports stands in n bytes: their number, or n when there are no ports.
 * An IPv6 address without brackets is all network, and has two colons at least. */
static size_t find_colon(const char *text, size_t n)
{
	const char *start = text[0] == '[' ? memchr(text, ']', n) : text;
	const char *colon = start ? memchr(start, ':', n - (size_t)(start - text)) : NULL;

	if (!colon)
		return n;
	if (start == text && memchr(colon + 1, ':', n - (size_t)(colon + 1 - text)))
		return n;
	return (size_t)(colon - text);
}

/* The network in n bytes, without brackets, into buf; a phrase when it cannot be one, else NULL. */
static const char *copy_network(const char *text, size_t n, char buf[EG_RULE_TEXT_SIZE])
{
	const char *close = memchr(text, ']', n), *slash = memchr(text, '/', n);

	if (text[0] == '[') {
		if (!close)
			return open_bracket;
		if (!memchr(text, ':', (size_t)(close - text)) || (slash && slash < close))
			return not_ipv6;
		if (close + 1 < text + n && close[1] != '/')
			return not_network;
	} else if (slash && memchr(text, ':', (size_t)(slash - text)) &&
		   memchr(slash, ':', n - (size_t)(slash - text))) {
		return no_brackets;
	}
	if (n == 0 || n >= EG_RULE_TEXT_SIZE)
		return not_network;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (text[0] == '[') {
		size_t inside = (size_t)(close - text) - 1;

		memmove(buf, buf + 1, inside);
		memmove(buf + inside, buf + inside + 2, n - inside - 1); /* NUL included */
	}
	return NULL;
}

static int parse_network(const char *text, size_t n, bool loose, struct eg_rule_spec *spec,
			 const char **reterr)
{
	char network[EG_RULE_TEXT_SIZE];
	const char *why = NULL;

	if (n == 1 && text[0] == '*')
		return 0;
	why = copy_network(text, n, network);
	if (why) {
		*reterr = why;
		return -EINVAL;
	}
	return loose ? eg_cidr_parse_loose(network, &spec->net, reterr)
		     : eg_cidr_parse(network, &spec->net, reterr);
}

static int parse(const char *text, bool loose, struct eg_rule_spec *ret, const char **reterr)
{
	struct eg_rule_spec spec = {.protocol = EG_PROTO_ANY, .port_high = UINT16_MAX};
	size_t n, n_network;

	*reterr = bad_protocol;
	if (cut_protocol(text, &spec, &n) < 0)
		return -EINVAL;
	n_network = find_colon(text, n);
	if (parse_network(text, n_network, loose, &spec, reterr) < 0)
		return -EINVAL;
	if (n_network < n) {
		if (parse_ports(text + n_network + 1, n - n_network - 1, bad_ports, &spec, reterr) <
		    0)
			return -EINVAL;
		*reterr = icmp_ports;
		if (spec.protocol == EG_PROTO_ICMP)
			return -EINVAL;
		*reterr = every_port;
		if (eg_rule_is_plain(&spec))
			return -EINVAL;
	}
	*ret = spec;
	return 0;
}

/* parse() names what could go wrong before it does: nobody hears of it when nothing did. */
static int parse_or_say(const char *text, bool loose, struct eg_rule_spec *ret, const char **reterr)
{
	const char *why = NULL;
	int err = parse(text, loose, ret, &why);

	if (err < 0)
		*reterr = why;
	return err;
}

int eg_rule_parse(const char *text, struct eg_rule_spec *ret, const char **reterr)
{
	return parse_or_say(text, false, ret, reterr);
}

int eg_rule_parse_loose(const char *text, struct eg_rule_spec *ret, const char **reterr)
{
	return parse_or_say(text, true, ret, reterr);
}

int eg_rule_parse_ports(const char *text, struct eg_rule_spec *ret, const char **reterr)
{
	struct eg_rule_spec spec = {.protocol = EG_PROTO_ANY, .port_high = UINT16_MAX};
	const char *why = NULL;
	size_t n;

	if (cut_protocol(text, &spec, &n) < 0)
		why = bad_protocol;
	else if (spec.protocol == EG_PROTO_ICMP)
		why = icmp_bind;
	else if ((n == 1 && text[0] == '*') || parse_ports(text, n, bad_bind, &spec, &why) == 0)
		why = NULL;
	if (why) {
		*reterr = why;
		return -EINVAL;
	}
	*ret = spec;
	return 0;
}

/* ---- format */

static size_t format_ports(const struct eg_rule_spec *spec, char *buf, size_t size)
{
	if (spec->port_low == spec->port_high)
		return (size_t)snprintf(buf, size, "%u", spec->port_low);
	return (size_t)snprintf(buf, size, "%u-%u", spec->port_low, spec->port_high);
}

static void format_protocol(const struct eg_rule_spec *spec, char *buf, size_t size)
{
	const char *name = eg_rule_protocol_name(spec->protocol);

	(void)snprintf(buf, size, "%s%s", name ? "/" : "", name ? name : "");
}

char *eg_rule_format(const struct eg_rule_spec *spec, char *buf)
{
	bool brackets = spec->net.family == AF_INET6 && names_ports(spec);
	char network[EG_CIDR_TEXT_SIZE] = "*";
	size_t n_address, len;

	if (spec->net.family != AF_UNSPEC)
		(void)eg_cidr_format(&spec->net, network);
	n_address = strcspn(network, "/");
	len = (size_t)snprintf(buf, EG_RULE_TEXT_SIZE, "%s%.*s%s%s", brackets ? "[" : "",
			       (int)n_address, network, brackets ? "]" : "", network + n_address);
	if (names_ports(spec)) {
		buf[len++] = ':';
		len += format_ports(spec, buf + len, EG_RULE_TEXT_SIZE - len);
	}
	format_protocol(spec, buf + len, EG_RULE_TEXT_SIZE - len);
	return buf;
}

char *eg_rule_format_ports(const struct eg_rule_spec *spec, char *buf)
{
	size_t len = 1;

	if (names_ports(spec))
		len = format_ports(spec, buf, EG_RULE_TEXT_SIZE);
	else
		(void)strcpy(buf, "*");
	format_protocol(spec, buf + len, EG_RULE_TEXT_SIZE - len);
	return buf;
}

int eg_rule_compare(const struct eg_rule_spec *a, const struct eg_rule_spec *b)
{
	int order = eg_cidr_compare(&a->net, &b->net);

	if (order == 0)
		order = (int)a->protocol - (int)b->protocol;
	if (order == 0)
		order = (int)a->port_low - (int)b->port_low;
	return order ? order : (int)a->port_high - (int)b->port_high;
}
