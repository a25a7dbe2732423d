// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl explain is asked about: destinations and ports as the command line has them. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <string.h>

#include "ctl.h"
#include "policy.h"
#include "util.h"

static int bad_target(const char *text, const char *why, const char *expected)
{
	char clean[EG_CTL_SAFE_SIZE];

	warnx("%s: %s; expected %s", eg_ctl_safe(text, clean, sizeof(clean)), why, expected);
	return -EINVAL;
}

static int bad_peer(const char *text, const char *why)
{
	return bad_target(text, why,
			  "ADDR:PORT/PROTO such as 192.0.2.1:443/tcp or [2001:db8::1]:53/udp, or "
			  "ADDR/icmp");
}

/* Address without its brackets into ret: IPv6 has them when a port follows, IPv4 has not. */
static int parse_host(const char *text, size_t n, bool port, struct eg_policy_target *ret,
		      const char **ret_why)
{
	bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
	char host[INET6_ADDRSTRLEN];
	struct eg_cidr cidr = {0};
	const char *why; /* speaks of networks */

	*ret_why = "not an address";
	if (brackets) {
		text++;
		n -= 2;
	}
	if (!n || n >= sizeof(host) || memchr(text, '/', n))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (port && !brackets && strchr(host, ':')) {
		*ret_why = "an IPv6 address needs brackets";
		return -EINVAL;
	}
	if (brackets && !strchr(host, ':')) {
		*ret_why = "brackets are for IPv6 addresses";
		return -EINVAL;
	}
	if (eg_cidr_parse(host, &cidr, &why) < 0)
		return -EINVAL;
	ret->family = cidr.family;
	memcpy(ret->addr, cidr.addr, sizeof(ret->addr));
	return 0;
}

int eg_ctl_target_peer(const char *text, struct eg_policy_target *ret)
{
	const char *slash = strrchr(text, '/'), *end = slash, *colon, *why;

	if (!slash)
		return bad_peer(text, "no protocol");
	if (eg_rule_protocol(slash + 1, &ret->proto) < 0)
		return bad_peer(text, "the protocol is none of tcp udp icmp sctp dccp udplite");
	if (eg_rule_has_ports(ret->proto)) {
		colon = memrchr(text, ':', (size_t)(slash - text));
		if (!colon || memchr(colon, ']', (size_t)(slash - colon)))
			return bad_peer(text, "no port");
		if (eg_rule_port(colon + 1, (size_t)(slash - colon - 1), &ret->port) < 0)
			return bad_peer(text, "the port is not a number from 0 to 65535");
		end = colon;
	}
	if (parse_host(text, (size_t)(end - text), end != slash, ret, &why) < 0)
		return bad_peer(text, why);
	return 0;
}

int eg_ctl_target_own(const char *text, struct eg_policy_target *ret)
{
	static const char expected[] = "PORT/PROTO such as 8080/tcp";
	const char *slash = strrchr(text, '/');

	if (!slash)
		return bad_target(text, "no protocol", expected);
	if (eg_rule_protocol(slash + 1, &ret->proto) < 0 || !eg_rule_has_ports(ret->proto))
		return bad_target(text, "the protocol is none of tcp udp sctp dccp udplite",
				  expected);
	if (eg_rule_port(text, (size_t)(slash - text), &ret->port) < 0)
		return bad_target(text, "the port is not a number from 0 to 65535", expected);
	return 0;
}
