// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is an address one of this host's? The kernel knows: it binds sockets to no others. */
#include "address.h"
#include "util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Splits a scope off, and takes IPv4 out of its v4-mapped form. */
static bool parse(const char *text, union name *ret)
{
	char address[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
	size_t n = strcspn(text, "%");
	union name name = {0};

	if ((size_t)snprintf(address, sizeof(address), "%s", text) >= sizeof(address))
		return false;
	address[n] = '\0';
	if (inet_pton(AF_INET, address, &name.in.sin_addr) == 1) {
		name.in.sin_family = AF_INET;
		*ret = name;
		return true;
	}
	name = (union name){.in6.sin6_family = AF_INET6};
	if (inet_pton(AF_INET6, address, &name.in6.sin6_addr) != 1)
		return false;
	if (text[n])
		name.in6.sin6_scope_id = if_nametoindex(text + n + 1);
	*ret = name;
	if (IN6_IS_ADDR_V4MAPPED(&name.in6.sin6_addr)) {
		*ret = (union name){.in.sin_family = AF_INET};
		memcpy(&ret->in.sin_addr, name.in6.sin6_addr.s6_addr + 12,
		       sizeof(ret->in.sin_addr));
	}
	return true;
}

static bool is_loopback(const union name *name)
{
	if (name->any.sa_family == AF_INET)
		return ntohl(name->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&name->in6.sin6_addr);
}

bool eg_address_is_one(const char *text)
{
	union name name;

	return parse(text, &name);
}

bool eg_address_is_local(const char *text)
{
	int fd eg_auto_close = -1;
	union name name;

	if (!parse(text, &name))
		return false;
	if (is_loopback(&name))
		return true;
	fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno != EAFNOSUPPORT; /* a host without IPv6 has no such address */
	return bind(fd, &name.any,
		    name.any.sa_family == AF_INET ? sizeof(name.in) : sizeof(name.in6)) == 0 ||
	       errno != EADDRNOTAVAIL;
}
