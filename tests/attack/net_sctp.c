// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SCTP's own ways: several addresses at once, connecting and binding by socket option. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

/* As linux/sctp.h has them, which does not compile by itself everywhere. */
#ifndef SOL_SCTP
#define SOL_SCTP 132
#endif
enum {
	SCTP_SOCKOPT_BINDX_ADD = 100,
	SCTP_SOCKOPT_CONNECTX = 110,
	SCTP_DSTADDRV4 = 7,
	SCTP_RTOINFO = 0,
	SCTP_PEER_ADDR_PARAMS = 9,
	SPP_HB_DEMAND = 1 << 2,
	SCTP_GET_PEER_ADDR_INFO = 15,
};

struct sctp_rtoinfo {
	int assoc_id;
	uint32_t initial, max, min; /* ms */
};

struct sctp_paddrinfo {
	int assoc_id;
	struct sockaddr_storage address;
	int state;
	uint32_t cwnd, srtt, rto, mtu;
} __attribute__((packed, aligned(4)));

struct sctp_paddrparams {
	int assoc_id;
	struct sockaddr_storage address;
	uint32_t interval;
	uint16_t max_retries;
	uint32_t mtu, delay, flags, flow_label;
	uint8_t dscp;
} __attribute__((packed, aligned(4)));

enum { RTO_INITIAL_MS = 400, RTO_MIN_MS = 200 };

/* Has a heartbeat, sent to that address of the peer on demand, been answered? Only then is its
 * time-out measured, and on the way here that is the shortest one. */
static int reached(int fd, const struct address *a)
{
	struct sctp_paddrparams params = {.flags = SPP_HB_DEMAND};
	int64_t end = now_ms() + limit_ms();

	memcpy(&params.address, &a->sa, a->len);
	if (setsockopt(fd, SOL_SCTP, SCTP_PEER_ADDR_PARAMS, &params, sizeof(params)) < 0)
		return errno;
	while (now_ms() < end) {
		struct sctp_paddrinfo info = {0};
		socklen_t len = sizeof(info);

		memcpy(&info.address, &a->sa, a->len);
		if (getsockopt(fd, SOL_SCTP, SCTP_GET_PEER_ADDR_INFO, &info, &len) < 0)
			return errno;
		if (info.rto && info.rto < RTO_INITIAL_MS)
			return 0;
		(void)usleep(50000);
	}
	return SILENT;
}

/* Addresses one behind the other, each with its own length, as the kernel wants them. */
static socklen_t pack(char *buf, char **host, const char *port)
{
	socklen_t n = 0;

	for (; *host; host++) {
		struct address a = parse(*host, port);

		memcpy(buf + n, &a.sa, a.len);
		n += a.len;
	}
	return n;
}

/* connectx: a list of addresses of one peer; it is reached by whichever answers. */
static int try_connectx(char **arg)
{
	struct address first = parse(arg[1], arg[0]);
	char buf[256];
	socklen_t n = pack(buf, arg + 1, arg[0]);
	int fd, r = make_socket(first.sa.ss_family, "sctp", &fd);

	if (r)
		return r;
	if (setsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_CONNECTX, buf, n) < 0)
		return errno == EINPROGRESS ? SILENT : errno;
	return exchange(fd);
}

/* A further address of the peer by control message, with the first packet of an association. The
 * kernel takes it for confirmed. */
static int try_sctp_extra(char **arg)
{
	struct address a = parse(arg[0], arg[2]), extra = parse(arg[1], arg[2]);
	char buf[64], control[CMSG_SPACE(4)] = {0};
	struct iovec iov = {.iov_base = buf};
	struct msghdr msg = {.msg_name = &a.sa,
			     .msg_namelen = a.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct sctp_rtoinfo soon = {
		.initial = RTO_INITIAL_MS, .max = 2 * RTO_INITIAL_MS, .min = RTO_MIN_MS};
	int fd, r = make_socket(a.sa.ss_family, "sctp-many", &fd);

	if (r)
		return r;
	iov.iov_len = message_for(fd, buf);
	c->cmsg_level = IPPROTO_SCTP;
	c->cmsg_type = SCTP_DSTADDRV4;
	c->cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(c), &((struct sockaddr_in *)&extra.sa)->sin_addr, 4);
	(void)setsockopt(fd, SOL_SCTP, SCTP_RTOINFO, &soon, sizeof(soon));
	r = outcome(sendmsg(fd, &msg, MSG_NOSIGNAL));
	if (!r)
		r = answered(fd);
	return r ? r : reached(fd, &extra);
}

/* bindx, then a connection to it from here. */
static int try_bindx(char **arg)
{
	struct address a = parse(arg[1], arg[0]);
	char buf[256];
	socklen_t n = pack(buf, arg + 1, arg[0]);
	int fd, client, r = make_socket(a.sa.ss_family, "sctp", &fd);

	if (!r)
		r = outcome(setsockopt(fd, SOL_SCTP, SCTP_SOCKOPT_BINDX_ADD, buf, n));
	if (!r)
		r = outcome(listen(fd, 1));
	if (!r)
		r = make_socket(a.sa.ss_family, "sctp", &client);
	return r ? r : connect_in_time(client, &a.sa, a.len);
}

const struct operation sctp_ops[] = {
	{"connectx", 2, try_connectx, "PORT ADDR..."},
	{"sctp-extra", 3, try_sctp_extra, "ADDR EXTRA-ADDR PORT"},
	{"bindx", 2, try_bindx, "PORT ADDR..."},
	{0},
};
