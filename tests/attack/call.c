// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The call alone: "ok" when it returned success, whether or not anybody listens. For tests that ask
 * for the verdict only; the other files want an answer.
 */
#include <err.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "try.h"

/* One that must be there. */
static int socket_of(int family, const char *proto)
{
	int fd, r = make_socket(family, proto, &fd);
	char text[40];

	if (r)
		errx(TROUBLE, "socket: %s", outcome_text(r, text));
	return fd;
}

static int try_connect(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(a.sa.ss_family, arg[0]);

	return outcome(connect(fd, sockaddr_of(&a), a.len));
}

static int try_sendto(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(a.sa.ss_family, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, sockaddr_of(&a), a.len));
}

static int try_sendmsg(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(a.sa.ss_family, arg[0]);
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct msghdr msg = {
		.msg_name = &a.sa, .msg_namelen = a.len, .msg_iov = &iov, .msg_iovlen = 1};

	return outcome(sendmsg(fd, &msg, 0));
}

/* The first message is allowed, the second is the attempt: sendmmsg says how many went. */
static int try_sendmmsg(char **arg)
{
	struct address good = parse(arg[1], arg[3]), bad = parse(arg[2], arg[3]);
	int fd = socket_of(bad.sa.ss_family, arg[0]), n;
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr msg[2] = {
		{.msg_hdr = {.msg_name = &good.sa,
			     .msg_namelen = good.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1}},
		{.msg_hdr = {.msg_name = &bad.sa,
			     .msg_namelen = bad.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1}},
	};

	n = sendmmsg(fd, msg, 2, 0);
	if (n == 2)
		return 0;
	/* The error of the second is reported by the next call. */
	return n == 1 ? outcome(sendmsg(fd, &msg[1].msg_hdr, 0)) : errno;
}

static int try_fastopen(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(a.sa.ss_family, "tcp");

	return outcome(sendto(fd, "x", 1, MSG_FASTOPEN, sockaddr_of(&a), a.len));
}

/* An IPv4 address given to an AF_INET6 datagram socket. */
static int try_v4_on_v6(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(AF_INET6, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, sockaddr_of(&a), a.len));
}

/* AF_UNSPEC on an AF_INET datagram socket means AF_INET. */
static int try_unspec(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(AF_INET, arg[0]);

	a.sa.ss_family = AF_UNSPEC;
	return outcome(sendto(fd, "x", 1, 0, sockaddr_of(&a), a.len));
}

/* sockaddr_in6 without its scope id is legal. */
static int try_short_in6(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = socket_of(AF_INET6, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, sockaddr_of(&a), 24));
}

const struct operation call_ops[] = {
	{"connect", 3, try_connect, "PROTO ADDR PORT"},
	{"sendto", 3, try_sendto, "PROTO ADDR PORT"},
	{"sendmsg", 3, try_sendmsg, "PROTO ADDR PORT"},
	{"sendmmsg", 4, try_sendmmsg, "udp ALLOWED DENIED PORT"},
	{"fastopen", 3, try_fastopen, "tcp ADDR PORT"},
	{"v4-on-v6", 3, try_v4_on_v6, "udp ADDR PORT"},
	{"unspec", 3, try_unspec, "udp ADDR PORT"},
	{"short-in6", 3, try_short_in6, "udp ADDR PORT"},
	{0},
};
