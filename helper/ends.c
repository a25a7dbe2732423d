// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which socket a login came by; see ends.h. */
#include "ends.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "proto.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* The address an end is at. A scope id is left out: the port tells links apart well enough. */
static bool parse_end(char *address, unsigned int port, struct eg_end *ret)
{
	struct eg_end end = {.port = (uint16_t)port};

	if (port > UINT16_MAX)
		return false;
	address[strcspn(address, "%")] = '\0';
	if (inet_pton(AF_INET, address, end.addr + sizeof(mapped)) == 1)
		memcpy(end.addr, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, address, end.addr) != 1)
		return false;
	*ret = end;
	return true;
}

bool eg_ends_parse(const char *connection, struct eg_end *ret_peer, struct eg_end *ret_own)
{
	char peer[EG_CONN_SIZE], own[EG_CONN_SIZE];
	unsigned int peer_port, own_port;

	_Static_assert(EG_CONN_SIZE == 128, "the widths below");
	return sscanf(connection, "%127s %u %127s %u", peer, &peer_port, own, &own_port) == 4 &&
	       parse_end(peer, peer_port, ret_peer) && parse_end(own, own_port, ret_own);
}

/* Is this socket's name, own or peer's, that end? */
static bool is_at(int fd, int (*name)(int, struct sockaddr *, socklen_t *),
		  const struct eg_end *end)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr = {0};
	socklen_t size = sizeof(addr);
	struct eg_end found = {0};

	if (name(fd, &addr.any, &size) < 0)
		return false;
	if (addr.any.sa_family == AF_INET) {
		memcpy(found.addr, mapped, sizeof(mapped));
		memcpy(found.addr + sizeof(mapped), &addr.in.sin_addr, sizeof(addr.in.sin_addr));
		found.port = ntohs(addr.in.sin_port);
	} else if (addr.any.sa_family == AF_INET6) {
		memcpy(found.addr, &addr.in6.sin6_addr, sizeof(found.addr));
		found.port = ntohs(addr.in6.sin6_port);
	} else {
		return false;
	}
	return found.port == end->port && !memcmp(found.addr, end->addr, sizeof(found.addr));
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

bool eg_ends_are_of(int fd, const char *connection)
{
	struct eg_end peer, own;

	return is_stream(fd) && eg_ends_parse(connection, &peer, &own) &&
	       is_at(fd, getpeername, &peer) && is_at(fd, getsockname, &own);
}

bool eg_ends_accepted(int fd)
{
	struct sockaddr_un own = {0}, other;
	socklen_t size = sizeof(own), other_size = sizeof(other);

	return is_stream(fd) && getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
	       own.sun_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path) &&
	       getpeername(fd, (struct sockaddr *)&other, &other_size) == 0;
}

bool eg_ends_came_by(int fd, const char *connection)
{
	struct eg_end peer, own;

	if (!connection[0])
		return false;
	return eg_ends_parse(connection, &peer, &own) ? eg_ends_are_of(fd, connection)
						      : eg_ends_accepted(fd);
}
