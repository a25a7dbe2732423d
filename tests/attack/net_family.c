// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Families that are no internet ones, and protocols that become another. */
#include <errno.h>
#include <linux/if_alg.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef IPPROTO_SMC
#define IPPROTO_SMC 256
#endif

static int absent_or(int error)
{
	return error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT
		       ? ABSENT - error
		       : error;
}

/* The socket alone, for families whose other end no test machine has. */
static int try_socket(char **arg)
{
	int fd = socket(atoi(arg[0]), atoi(arg[1]) | SOCK_CLOEXEC, atoi(arg[2]));

	return fd < 0 ? absent_or(errno) : 0;
}

static int try_socketpair(char **arg)
{
	int fd[2], r = outcome(socketpair(atoi(arg[0]), atoi(arg[1]), 0, fd));

	return r ? absent_or(r) : 0;
}

/* To the host of a virtual machine, or here to ourselves: an agent there may serve anything. */
static int try_vsock(char **arg)
{
	struct sockaddr_vm a = {.svm_family = AF_VSOCK,
				.svm_cid = VMADDR_CID_LOCAL,
				.svm_port = (unsigned int)atoi(arg[1])};
	int type = !strcmp(arg[0], "dgram") ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return absent_or(errno);
	limit_waiting(fd);
	r = connect_in_time(fd, &a, sizeof(a));
	return r ? r : exchange(fd);
}

/* Hashing, done by the kernel: no way out, but a large attack surface. */
static int try_alg(char **arg)
{
	struct sockaddr_alg a = {.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256"};
	unsigned char digest[32];
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), op;

	(void)arg;
	if (fd < 0)
		return absent_or(errno);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return errno;
	op = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (op < 0 || send(op, "x", 1, 0) < 0)
		return errno;
	return read(op, digest, sizeof(digest)) == sizeof(digest) ? 0 : EIO;
}

/* Shared memory between a program and a device. */
static int try_xdp(char **arg)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	(void)arg;
	if (fd < 0)
		return absent_or(errno);
	return outcome(getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len));
}

/* SMC connects over TCP first, and stays there when the other side has no such hardware: by family,
 * by protocol, or by turning a TCP socket into one. */
static int try_smc(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int family = a.sa.ss_family, fd, r;

	if (!strcmp(arg[0], "family"))
		fd = socket(AF_SMC, SOCK_STREAM | SOCK_CLOEXEC, family == AF_INET6 ? 1 : 0);
	else if (!strcmp(arg[0], "protocol"))
		fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SMC);
	else
		fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return absent_or(errno);
	if (!strcmp(arg[0], "ulp") && setsockopt(fd, IPPROTO_TCP, TCP_ULP, "smc", 4) < 0)
		return errno == ENOENT ? ABSENT - errno : errno;
	limit_waiting(fd);
	r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : exchange(fd);
}

/* Control: a question to the kernel, answered. */
static int try_netlink(char **arg)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg gen;
	} ask = {.head = {.nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	char buf[8192];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	(void)arg;
	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, buf, sizeof(buf), 0) <= 0)
		return errno;
	return ((struct nlmsghdr *)buf)->nlmsg_type == RTM_NEWLINK ? 0 : EIO;
}

const struct operation family_ops[] = {
	{"socket", 3, try_socket, "FAMILY TYPE PROTOCOL (numbers)"},
	{"socketpair", 2, try_socketpair, "FAMILY TYPE (numbers)"},
	{"vsock", 2, try_vsock, "stream|dgram PORT"},
	{"alg", 0, try_alg, ""},
	{"xdp", 0, try_xdp, ""},
	{"smc", 3, try_smc, "family|protocol|ulp ADDR PORT"},
	{"netlink", 0, try_netlink, ""},
	{0},
};
