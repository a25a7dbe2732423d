// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ways to send without connecting, and the forms an address can be given in. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "try.h"

static int send_and_wait(int fd, const void *sa, socklen_t len, int flags)
{
	int r = send_to(fd, sa, len, flags);

	return r ? r : answered(fd);
}

static int message_to(int fd, struct address *a, struct msghdr *msg, struct iovec *iov, char *buf)
{
	*iov = (struct iovec){.iov_base = buf, .iov_len = message_for(fd, buf)};
	msg->msg_name = &a->sa;
	msg->msg_namelen = a->len;
	msg->msg_iov = iov;
	msg->msg_iovlen = 1;
	return 0;
}

static int try_datagram(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);

	return r ? r : send_and_wait(fd, &a.sa, a.len, 0);
}

static int try_message(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);
	struct msghdr msg = {0};
	struct iovec iov;
	char buf[64];

	if (r)
		return r;
	message_to(fd, &a, &msg, &iov, buf);
	r = outcome(sendmsg(fd, &msg, 0));
	return r ? r : answered(fd);
}

/* A second socket on the first one's port: gets what the first, being connected, does not. */
static int share_port(int fd, int second, int family)
{
	struct address any = parse(family == AF_INET6 ? "::" : "0.0.0.0", "0");
	int one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, sockaddr_of(&any), any.len) < 0 ||
	    getsockname(fd, sockaddr_of(&any), &any.len) < 0)
		return errno;
	return outcome(bind(second, sockaddr_of(&any), any.len));
}

/* A connected socket's datagram can still name another destination. */
static int try_aside(char **arg)
{
	struct address peer = parse(arg[1], arg[3]), a = parse(arg[2], arg[3]);
	int fd, second = -1, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (!r)
		r = make_socket(a.sa.ss_family, arg[0], &second);
	if (!r)
		r = share_port(fd, second, a.sa.ss_family);
	if (!r)
		r = outcome(connect(fd, sockaddr_of(&peer), peer.len));
	if (!r)
		r = send_to(fd, &a.sa, a.len, 0);
	return r ? r : answered(second);
}

/* The first message goes to an allowed address, the second is the attempt. */
static int try_second(char **arg)
{
	struct address to[2] = {parse(arg[1], arg[3]), parse(arg[2], arg[3])};
	int fd, r = make_socket(to[1].sa.ss_family, arg[0], &fd), n;
	struct mmsghdr msg[2] = {0};
	struct iovec iov[2];
	char buf[2][64];

	if (r)
		return r;
	for (int i = 0; i < 2; i++)
		message_to(fd, &to[i], &msg[i].msg_hdr, &iov[i], buf[i]);
	n = sendmmsg(fd, msg, 2, 0);
	if (n < 0)
		return errno;
	r = answered(fd);
	/* sendmmsg says how many went; the error of the second is what the next call gives. */
	if (n == 1 && !r)
		return outcome(sendmsg(fd, &msg[1].msg_hdr, 0));
	return r ? r : answered(fd);
}

/* Connects as it sends, by sendto: never passes connect(). MPTCP has it since 6.2. */
static int try_fastopen_sendto(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);

	if (!r)
		r = send_and_wait(fd, &a.sa, a.len, MSG_FASTOPEN);
	return r == EOPNOTSUPP ? ABSENT - r : r;
}

static int try_fastopen_sendmsg(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);
	struct msghdr msg = {0};
	struct iovec iov;
	char buf[64];

	if (r)
		return r;
	message_to(fd, &a, &msg, &iov, buf);
	r = outcome(sendmsg(fd, &msg, MSG_FASTOPEN));
	if (r == EINPROGRESS)
		return SILENT;
	return r ? r : answered(fd);
}

/* ---- forms ---- */

/* An address given with a length that is not its own: 24 leaves out the scope id, up to 128 is
 * legal everywhere. The tail is no zeros. */
static int try_length(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	socklen_t len = (socklen_t)atoi(arg[4]);
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (r)
		return r;
	memset((char *)&a.sa + a.len, 0x5a, sizeof(a.sa) - a.len);
	if (!strcmp(arg[0], "sendto"))
		return send_and_wait(fd, &a.sa, len, 0);
	r = connect_in_time(fd, &a.sa, len);
	return r ? r : exchange(fd);
}

/* An address whose family field says something else (0 = AF_UNSPEC), on a socket of a family that
 * may be a third: AF_INET datagrams take AF_UNSPEC, AF_INET6 ones take AF_INET. */
static int try_family(char **arg)
{
	int socket_family = atoi(arg[0]) == 6 ? AF_INET6 : AF_INET, fd;
	struct address a = parse(arg[4], arg[5]);
	int r = make_socket(socket_family, arg[2], &fd);

	if (r)
		return r;
	if (!strcmp(arg[1], "unspec"))
		a.sa.ss_family = AF_UNSPEC;
	if (!strcmp(arg[3], "sendto"))
		return send_and_wait(fd, &a.sa, a.len, 0);
	r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : exchange(fd);
}

/* On a connected AF_INET6 datagram socket, AF_UNSPEC means "no address": it goes to the peer. */
static int try_unspec_connected(char **arg)
{
	struct address peer = parse(arg[1], arg[3]), a = parse(arg[2], arg[3]);
	int fd, r = make_socket(AF_INET6, arg[0], &fd);

	if (!r)
		r = outcome(connect(fd, sockaddr_of(&peer), peer.len));
	a.sa.ss_family = AF_UNSPEC;
	return r ? r : send_and_wait(fd, &a.sa, a.len, 0);
}

/* A control message about the packet: the interface to send by, or the address to send from. */
static void add_pktinfo(struct msghdr *msg, char *control, const char *how, int index,
			const struct in6_addr *mapped)
{
	struct in_pktinfo info = {.ipi_ifindex = index};
	struct in6_pktinfo info6 = {.ipi6_addr = *mapped};
	bool six = !strcmp(how, "pktinfo6");
	struct cmsghdr *c = (struct cmsghdr *)control;

	if (!strcmp(how, "pktinfo")) {
		info.ipi_ifindex = 0;
		info.ipi_spec_dst.s_addr = mapped->s6_addr32[3];
	}
	c->cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = six ? CMSG_LEN(sizeof(info6)) : CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), six ? (void *)&info6 : (void *)&info,
	       six ? sizeof(info6) : sizeof(info));
	msg->msg_control = control;
	msg->msg_controllen = six ? CMSG_SPACE(sizeof(info6)) : CMSG_SPACE(sizeof(info));
}

/*
 * To "any" means to the address the packet is sent from, and there are more ways to choose that
 * than bind(): naming it (pktinfo, pktinfo6), or an interface that has it (interface: in the
 * message; unicast: for the socket).
 */
static int try_any_by(char **arg)
{
	struct address any = parse(arg[3], arg[4]), source = parse(arg[2], "0");
	const struct in6_addr *mapped = &((struct sockaddr_in6 *)&source.sa)->sin6_addr;
	int index = (int)if_nametoindex(arg[1]), fd;
	uint32_t network_order = htonl((uint32_t)index);
	char buf[64], control[128] = {0};
	struct msghdr msg = {0};
	struct iovec iov;
	int r = make_socket(any.sa.ss_family, "udp", &fd);

	if (r)
		return r;
	message_to(fd, &any, &msg, &iov, buf);
	if (!strcmp(arg[0], "unicast"))
		r = outcome(setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &network_order,
				       sizeof(network_order)));
	else
		add_pktinfo(&msg, control, arg[0], index, mapped);
	if (!r)
		r = outcome(sendmsg(fd, &msg, 0));
	return r ? r : answered(fd);
}

/* Connected by way of such an interface. */
static int try_any_connected(char **arg)
{
	struct address any = parse(arg[1], arg[2]);
	uint32_t index = htonl(if_nametoindex(arg[0]));
	int fd, r = make_socket(any.sa.ss_family, "udp", &fd);

	if (!r)
		r = outcome(setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index)));
	if (!r)
		r = connect_in_time(fd, &any.sa, any.len);
	return r ? r : exchange(fd);
}

/* Interface to send by, and leave to broadcast. */
static void prepare_many(int fd, const char *interface)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)if_nametoindex(interface)};
	int one = 1, index = v4.imr_ifindex;

	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &v4, sizeof(v4));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
}

/* To everybody on a network, or in a group. */
static int try_many(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, "udp", &fd);

	if (r)
		return r;
	prepare_many(fd, arg[0]);
	return send_and_wait(fd, &a.sa, a.len, 0);
}

/* To everybody on a link, whatever its addresses are: 255.255.255.255 by a bound interface. */
static int try_limited_broadcast(char **arg)
{
	struct address a = parse("255.255.255.255", arg[1]);
	int fd, r = make_socket(AF_INET, "udp", &fd), one = 1;

	if (r)
		return r;
	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	r = outcome(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, arg[0], (socklen_t)strlen(arg[0])));
	return r ? r : send_and_wait(fd, &a.sa, a.len, 0);
}

const struct operation send_ops[] = {
	{"datagram", 3, try_datagram, "PROTO ADDR PORT"},
	{"message", 3, try_message, "PROTO ADDR PORT"},
	{"aside", 4, try_aside, "PROTO CONNECTED DENIED PORT"},
	{"second", 4, try_second, "PROTO ALLOWED DENIED PORT"},
	{"fastopen-sendto", 3, try_fastopen_sendto, "tcp|mptcp ADDR PORT"},
	{"fastopen-sendmsg", 3, try_fastopen_sendmsg, "tcp|mptcp ADDR PORT"},
	{0},
};

const struct operation form_ops[] = {
	{"length", 5, try_length, "connect|sendto PROTO ADDR PORT LEN"},
	{"family", 6, try_family, "4|6 unspec|inet PROTO connect|sendto ADDR PORT"},
	{"unspec-connected", 4, try_unspec_connected, "PROTO CONNECTED OTHER PORT"},
	{"any-by", 5, try_any_by, "pktinfo|pktinfo6|interface|unicast INTERFACE MAPPED ANY PORT"},
	{"any-connected", 3, try_any_connected, "INTERFACE ANY PORT"},
	{"many", 3, try_many, "INTERFACE GROUP PORT"},
	{"limited-broadcast", 2, try_limited_broadcast, "INTERFACE PORT"},
	{0},
};
