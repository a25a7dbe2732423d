// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways to get a port, and to be reached on it. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* Where a socket of ours can be reached from here: loopback in place of "any". */
static void dialable(struct address *a)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa;

	if (a->sa.ss_family == AF_INET && !in->sin_addr.s_addr)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (a->sa.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
	else if (a->sa.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) &&
		 !in6->sin6_addr.s6_addr32[3])
		in6->sin6_addr.s6_addr32[3] = htonl(INADDR_LOOPBACK);
}

/* Does something sent to the socket's own address arrive at it? */
int reachable(int fd)
{
	static const char *const names[] = {
		[SOCK_STREAM] = "tcp", [SOCK_DGRAM] = "udp", [SOCK_DCCP] = "dccp"};
	struct address a = {.len = sizeof(a.sa)};
	int type = 0, proto = 0, client, r;
	socklen_t len = sizeof(type), proto_len = sizeof(proto);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	(void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	(void)getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &proto_len);
	if (getsockname(fd, sockaddr_of(&a), &a.len) < 0)
		return errno;
	dialable(&a);
	r = make_socket(a.sa.ss_family,
			proto == IPPROTO_SCTP	   ? "sctp"
			: proto == IPPROTO_UDPLITE ? "udplite"
						   : names[type],
			&client);
	if (!r)
		r = connect_in_time(client, &a.sa, a.len);
	if (!r && type == SOCK_DGRAM)
		r = send_to(client, NULL, 0, 0);
	if (!r && poll(&p, 1, limit_ms()) <= 0)
		r = SILENT;
	return r;
}

static bool listens(const char *proto)
{
	return strncmp(proto, "udp", 3) != 0;
}

static int finish(int fd, const char *proto)
{
	int r = listens(proto) ? outcome(listen(fd, 1)) : 0;

	return r ? r : reachable(fd);
}

static int try_port(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	socklen_t len = arg[3] ? (socklen_t)atoi(arg[3]) : a.len;
	int fd, one = 1, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (r)
		return r;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	r = outcome(bind(fd, sockaddr_of(&a), len));
	return r ? r : finish(fd, arg[0]);
}

/* For AF_INET sockets AF_UNSPEC means AF_INET here, if the address is 0.0.0.0. */
static int try_port_unspec(char **arg)
{
	struct address a = parse("0.0.0.0", arg[1]);
	int fd, r = make_socket(AF_INET, arg[0], &fd);

	a.sa.ss_family = AF_UNSPEC;
	if (!r)
		r = outcome(bind(fd, sockaddr_of(&a), a.len));
	return r ? r : finish(fd, arg[0]);
}

/* listen() on a socket without an address picks a port: no bind() is seen. */
static int try_listen_unbound(char **arg)
{
	int fd, r = make_socket(atoi(arg[1]) == 6 ? AF_INET6 : AF_INET, arg[0], &fd);

	if (!r)
		r = outcome(listen(fd, 1));
	return r ? r : reachable(fd);
}

/* A port for later: bind() picks none, listen() or sending does. */
static int try_no_port(char **arg)
{
	struct address a = parse(arg[1], "0");
	int fd, one = 1, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (!r)
		r = outcome(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)));
	if (!r)
		r = outcome(bind(fd, sockaddr_of(&a), a.len));
	if (!r && !listens(arg[0])) {
		a = parse("127.0.0.1", "7000");
		r = send_to(fd, &a.sa, a.len, 0);
		return r ? r : answered(fd);
	}
	return r ? r : finish(fd, arg[0]);
}

/* A socket that was bound elsewhere. */
static int try_use_listen(char **arg)
{
	int r = outcome(listen(premade.fd, 1));

	(void)arg;
	return r ? r : reachable(premade.fd);
}

const struct operation bind_ops[] = {
	{"port", 3, try_port, "PROTO ADDR PORT [LEN]"},
	{"port-unspec", 2, try_port_unspec, "PROTO PORT"},
	{"listen-unbound", 2, try_listen_unbound, "PROTO 4|6"},
	{"no-port", 2, try_no_port, "PROTO ADDR"},
	{"use-listen", 0, try_use_listen, ""},
	{0},
};
