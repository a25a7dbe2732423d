// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP sockets as the kernel lists them. A dump and not the exact look-up the kernel offers too:
 * that one does not find sockets bound to a device, nor those whose packets are translated on their
 * way.
 */
#include "diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

enum {
	/* The kernel answers within our own calls: this is for silence, not for a busy machine. */
	SILENT_MS = 1000,
	DIAG_SIZE = 32768,
	STATES = ~(1U << TCP_LISTEN | 1U << TCP_CLOSE) & 0xfff,
};

struct walk {
	int (*found)(const struct eg_diag_socket *socket, void *arg);
	void *arg;
	uint16_t port;
};

int eg_diag_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static int ask(int fd, uint8_t family, uint16_t port)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			 .nlmsg_seq = family},
		.body = {.sdiag_family = family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = STATES,
			 .id.idiag_sport = htons(port)},
	};

	return sendto(fd, &request, sizeof(request), MSG_NOSIGNAL, (const struct sockaddr *)&kernel,
		      sizeof(kernel)) < 0
		       ? -errno
		       : 0;
}

static void take_end(struct eg_end *end, uint8_t family, const __be32 *addr, __be16 port)
{
	*end = (struct eg_end){.port = ntohs(port)};
	if (family == AF_INET) {
		end->addr[10] = end->addr[11] = 0xff;
		memcpy(end->addr + 12, addr, 4);
	} else {
		memcpy(end->addr, addr, sizeof(end->addr));
	}
}

/* What is asked of every socket comes without asking: the cgroup, since Linux 5.8. */
static int take_socket(const struct nlmsghdr *head, const struct walk *walk)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(head);
	struct eg_diag_socket socket = {0};
	int left;

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return -EBADMSG;
	take_end(&socket.local, msg->idiag_family, msg->id.idiag_src, msg->id.idiag_sport);
	take_end(&socket.remote, msg->idiag_family, msg->id.idiag_dst, msg->id.idiag_dport);
	if (socket.local.port != walk->port)
		return 0;
	socket.inode = msg->idiag_inode;
	left = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof(*msg)));
	for (const struct rtattr *attr = (const void *)(msg + 1); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left))
		if (attr->rta_type == INET_DIAG_CGROUP_ID &&
		    RTA_PAYLOAD(attr) >= sizeof(socket.cgroup))
			memcpy(&socket.cgroup, RTA_DATA(attr), sizeof(socket.cgroup));
	return walk->found(&socket, walk->arg);
}

/* One datagram of the answer. 1 = there is more to come, 0 = that was all, or a negative errno. */
static int take_answer(const void *buf, size_t n, uint8_t family, const struct walk *walk)
{
	unsigned int left = (unsigned int)n;

	for (const struct nlmsghdr *head = buf; NLMSG_OK(head, left);
	     head = NLMSG_NEXT(head, left)) {
		int error = 0, r;

		if (head->nlmsg_seq != family)
			continue;
		if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR) {
			if (head->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
				memcpy(&error, NLMSG_DATA(head), sizeof(error));
			return error < 0 ? error : 0;
		}
		r = take_socket(head, walk);
		if (r < 0)
			return r;
	}
	return 1;
}

static int dump(int fd, uint8_t family, const struct walk *walk)
{
	char buf[DIAG_SIZE] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	int r = ask(fd, family, walk->port);

	while (r >= 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, SILENT_MS);
		ssize_t n;

		if (!ready)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		r = n < 0 ? 1 : take_answer(buf, (size_t)n, family, walk);
		if (!r)
			return 0;
	}
	return r;
}

int eg_diag_at_port(int fd, uint16_t port,
		    int (*found)(const struct eg_diag_socket *socket, void *arg), void *arg)
{
	const struct walk walk = {.found = found, .arg = arg, .port = port};
	int r = dump(fd, AF_INET, &walk);

	if (r < 0)
		return r;
	r = dump(fd, AF_INET6, &walk);
	return r == -ENOENT || r == -EAFNOSUPPORT ? 0 : r; /* a kernel without IPv6 */
}
