// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The other side: what answers the attempts. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

enum { FDS_MAX = 900 };

/* What each descriptor is for. */
enum role { LISTENING, DATAGRAMS, CONNECTED };

static struct pollfd fds[FDS_MAX];
static enum role roles[FDS_MAX];
static nfds_t n_fds;

static void add(int fd, enum role role)
{
	if (n_fds == FDS_MAX) {
		(void)close(fd);
		return;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	roles[n_fds] = role;
	fds[n_fds++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Accepts TCP and closes at once, swallows UDP, on a port of every address until killed. */
static int serve(char **arg)
{
	struct address any = parse("::", arg[0]);
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char buf[2048];
	int one = 1;

	if (make_socket(AF_INET6, "tcp", &p[0].fd) || make_socket(AF_INET6, "udp", &p[1].fd))
		errx(TROUBLE, "socket");
	(void)setsockopt(p[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	for (int i = 0; i < 2; i++)
		if (bind(p[i].fd, sockaddr_of(&any), any.len) < 0)
			err(TROUBLE, "bind");
	if (listen(p[0].fd, 64) < 0)
		err(TROUBLE, "listen");
	for (;;) {
		(void)poll(p, 2, -1);
		if (p[0].revents)
			(void)close(accept(p[0].fd, NULL, NULL));
		if (p[1].revents)
			(void)recv(p[1].fd, buf, sizeof(buf), 0);
	}
}

/* ---- echo ---- */

/* Listens for a protocol on a port of every address; what the kernel lacks is left out. */
static int listen_on(const char *proto, const char *port, bool datagrams)
{
	struct address any = parse("::", port);
	int fd, one = 1;

	if (make_socket(AF_INET6, proto, &fd)) {
		any = parse("0.0.0.0", port);
		if (make_socket(AF_INET, proto, &fd))
			return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	if (bind(fd, sockaddr_of(&any), any.len) < 0)
		err(TROUBLE, "bind %s %s", proto, port);
	if (!datagrams && listen(fd, 128) < 0)
		err(TROUBLE, "listen %s %s", proto, port);
	add(fd, datagrams ? DATAGRAMS : LISTENING);
	return fd;
}

/* The groups of tests/vm, denied and allowed, on the interface that can do multicast. */
static void join_groups(int fd)
{
	static const char *const groups[] = {"239.18.4.5", "239.10.1.2", "ff15:bad::1",
					     "ff15:900d::1"};
	unsigned int index = if_nametoindex("veth0");

	for (size_t i = 0; index && i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct address a = parse(groups[i], "0");
		struct group_req join = {.gr_interface = index};

		memcpy(&join.gr_group, &a.sa, a.len);
		(void)setsockopt(fd, a.sa.ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
				 MCAST_JOIN_GROUP, &join, sizeof(join));
	}
}

static void listen_on_vsock(const char *port)
{
	struct sockaddr_vm a = {.svm_family = AF_VSOCK,
				.svm_cid = VMADDR_CID_ANY,
				.svm_port = (unsigned int)atoi(port)};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 16))
		add(fd, LISTENING);
	else if (fd >= 0)
		(void)close(fd);
}

/* Answers from the address it was sent to, unless that is many. */
static void echo_datagram(int fd)
{
	struct address from = {.len = sizeof(from.sa)};
	char buf[2048], control[256];
	struct iovec iov = {.iov_base = buf, .iov_len = sizeof(buf)};
	struct msghdr msg = {.msg_name = &from.sa,
			     .msg_namelen = sizeof(from.sa),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	size_t used = 0;

	if (n < 0)
		return;
	iov.iov_len = (size_t)n;
	/* Of what came along, keep where it was sent to, without the interface it came by. */
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c && !used; c = CMSG_NXTHDR(&msg, c)) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(c);

		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
			continue;
		used = CMSG_SPACE(sizeof(*info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
		memmove(control, c, used);
	}
	msg.msg_controllen = used;
	if (sendmsg(fd, &msg, 0) < 0) { /* a group or a broadcast address cannot be the source */
		msg.msg_controllen = 0;
		(void)sendmsg(fd, &msg, 0);
	}
}

/* Returns false at the end of the connection. */
static bool echo_stream(int fd)
{
	char buf[2048];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	(void)send(fd, buf, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return true;
}

static void turn(nfds_t i)
{
	int fd;

	if (roles[i] == DATAGRAMS) {
		echo_datagram(fds[i].fd);
	} else if (roles[i] == LISTENING) {
		fd = accept(fds[i].fd, NULL, NULL);
		if (fd >= 0)
			add(fd, CONNECTED);
	} else if (!echo_stream(fds[i].fd)) {
		(void)close(fds[i].fd);
		fds[i] = fds[--n_fds];
		roles[i] = roles[n_fds];
	}
}

static int echo_forever(void)
{
	for (;;) {
		(void)poll(fds, n_fds, -1);
		/* From the end: what is closed is filled from there. */
		for (nfds_t i = n_fds; i-- > 0;)
			if (fds[i].revents)
				turn(i);
	}
	return 0;
}

/* Says again what it is told, over every protocol it can, until killed. */
static int echo(char **arg)
{
	for (; *arg; arg++) {
		if (listen_on("mptcp", *arg, false) < 0) /* serves TCP as well */
			(void)listen_on("tcp", *arg, false);
		join_groups(listen_on("udp", *arg, true));
		(void)listen_on("udplite", *arg, true);
		(void)listen_on("sctp", *arg, false);
		(void)listen_on("dccp", *arg, false);
		listen_on_vsock(*arg);
	}
	return echo_forever();
}

/* The same for TCP and UDP only: for inside a session, where other sockets would be attempts. */
static int echo_basic(char **arg)
{
	(void)listen_on("tcp", arg[0], false);
	(void)listen_on("udp", arg[0], true);
	return echo_forever();
}

const struct operation serve_ops[] = {
	{"serve", 1, serve, "PORT"},
	{"echo", 1, echo, "PORT..."},
	{"echo-basic", 1, echo_basic, "PORT"},
	{0},
};
