// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source routing: the packet is addressed to an allowed host and sent to another one first, which
 * the sender names in an option or a header of its own. What judges the address given to connect
 * or sendto sees the allowed one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/in6.h>
#include <linux/seg6.h>
#include <stdlib.h>
#include <string.h>

#include "try.h"

#ifndef IPV6_2292RTHDR
#define IPV6_2292RTHDR 5
#endif

enum {
	OPTION_LSRR = 131,
	OPTION_SSRR = 137,
	LSRR_SIZE = 8, /* with one hop, padded */
	SEGMENTS_SIZE = 8 + 2 * 16,
	MOBILE_SIZE = 8 + 16,
	ROUTING_MOBILE = 2,
	ROUTING_SEGMENTS = 4,
};

/* Loose or strict source route by one hop. The kernel appends the destination. */
static void hop4(unsigned char *opt, const char *kind, const char *hop)
{
	struct address a = parse(hop, "0");

	opt[0] = 1; /* no operation: aligns */
	opt[1] = !strcmp(kind, "ssrr") ? OPTION_SSRR : OPTION_LSRR;
	opt[2] = 7;
	opt[3] = 4;
	memcpy(opt + 4, &((struct sockaddr_in *)&a.sa)->sin_addr, 4);
}

/* Segment routing by one hop. The first segment is the last to be visited, and the kernel puts the
 * destination there. */
static void hop6(unsigned char *bytes, const char *hop, const char *last)
{
	struct address a = parse(hop, "0"), b = parse(last, "0");
	struct ipv6_sr_hdr *head = (struct ipv6_sr_hdr *)bytes;

	memset(bytes, 0, SEGMENTS_SIZE);
	head->hdrlen = (SEGMENTS_SIZE >> 3) - 1;
	head->type = ROUTING_SEGMENTS;
	head->segments_left = 1;
	head->first_segment = 1;
	memcpy(bytes + 8, &((struct sockaddr_in6 *)&b.sa)->sin6_addr, 16);
	memcpy(bytes + 24, &((struct sockaddr_in6 *)&a.sa)->sin6_addr, 16);
}

/* To a mobile node at its care-of address: the only kind that control messages take. */
static void hop6_mobile(unsigned char *bytes, const char *hop)
{
	struct address a = parse(hop, "0");

	memset(bytes, 0, MOBILE_SIZE);
	bytes[1] = (MOBILE_SIZE >> 3) - 1;
	bytes[2] = ROUTING_MOBILE;
	bytes[3] = 1; /* segments left */
	memcpy(bytes + 8, &((struct sockaddr_in6 *)&a.sa)->sin6_addr, 16);
}

/* The whole option or header: returns level, type and size of what a control message takes. */
static size_t hop_of(char **arg, unsigned char *bytes, int *level, int *type)
{
	if (!strcmp(arg[1], "lsrr") || !strcmp(arg[1], "ssrr")) {
		hop4(bytes, arg[1], arg[2]);
		*level = IPPROTO_IP;
		*type = IP_RETOPTS;
		return LSRR_SIZE;
	}
	*level = IPPROTO_IPV6;
	*type = strstr(arg[1], "2292") ? IPV6_2292RTHDR : IPV6_RTHDR;
	if (!strncmp(arg[1], "mobile", 6)) {
		hop6_mobile(bytes, arg[2]);
		return MOBILE_SIZE;
	}
	hop6(bytes, arg[2], arg[3]);
	return SEGMENTS_SIZE;
}

static size_t as_control(struct msghdr *msg, void *buf, size_t size, int level, int type,
			 const void *bytes, size_t n)
{
	struct cmsghdr *c;

	memset(buf, 0, size);
	msg->msg_control = buf;
	msg->msg_controllen = CMSG_SPACE(n);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), bytes, n);
	return msg->msg_controllen;
}

/* By a flow label, which is made with control messages of its own and then named in the address. */
static int route_by_label(int fd, struct address *to, const void *bytes, size_t n)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&to->sa;
	struct {
		struct in6_flowlabel_req request;
		char control[128];
	} label = {.request = {.flr_dst = in6->sin6_addr,
			       .flr_action = IPV6_FL_A_GET,
			       .flr_share = IPV6_FL_S_EXCL,
			       .flr_flags = IPV6_FL_F_CREATE}};
	struct msghdr msg = {0};
	socklen_t size = sizeof(label.request);
	int one = 1;

	size += (socklen_t)as_control(&msg, label.control, sizeof(label.control), IPPROTO_IPV6,
				      IPV6_RTHDR, bytes, n);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &label, size) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, &one, sizeof(one)) < 0)
		return errno;
	in6->sin6_flowinfo = label.request.flr_label; /* written by the first call */
	return 0;
}

/* For all that the socket sends. */
static int try_route_option(char **arg)
{
	struct address a = parse(arg[3], arg[4]);
	unsigned char bytes[64];
	char control[128];
	struct msghdr msg = {0};
	int fd, level, type, r = make_socket(a.sa.ss_family, arg[0], &fd);
	size_t n = hop_of(arg, bytes, &level, &type);

	if (r)
		return r;
	if (!strcmp(arg[1], "mobile-flowlabel")) {
		r = route_by_label(fd, &a, bytes, n);
	} else if (!strcmp(arg[1], "mobile-pktoptions")) {
		n = as_control(&msg, control, sizeof(control), IPPROTO_IPV6, IPV6_2292RTHDR, bytes,
			       n);
		r = outcome(setsockopt(fd, IPPROTO_IPV6, 6 /* IPV6_2292PKTOPTIONS */, control,
				       (socklen_t)n));
	} else if (type == IP_RETOPTS) {
		r = outcome(setsockopt(fd, level, IP_OPTIONS, bytes, (socklen_t)n));
	} else {
		r = outcome(setsockopt(fd, level, type, bytes, (socklen_t)n));
	}
	if (!r)
		r = send_to(fd, &a.sa, a.len, 0);
	return r ? r : answered(fd);
}

/* For one message. */
static int try_route_message(char **arg)
{
	struct address a = parse(arg[3], arg[4]);
	unsigned char bytes[64];
	char control[128], buf[64];
	struct iovec iov = {.iov_base = buf};
	struct msghdr msg = {
		.msg_name = &a.sa, .msg_namelen = a.len, .msg_iov = &iov, .msg_iovlen = 1};
	int fd, level, type, r = make_socket(a.sa.ss_family, arg[0], &fd);
	size_t n = hop_of(arg, bytes, &level, &type);

	if (r)
		return r;
	iov.iov_len = message_for(fd, buf);
	(void)as_control(&msg, control, sizeof(control), level, type, bytes, n);
	r = outcome(sendmsg(fd, &msg, 0));
	return r ? r : answered(fd);
}

/* The same behind so many harmless control messages that whoever reads only the first misses it. */
static int try_route_hidden(char **arg)
{
	struct address a = parse(arg[3], arg[4]);
	unsigned char bytes[64];
	char control[4096], buf[64], last[128];
	struct iovec iov = {.iov_base = buf};
	struct msghdr msg = {.msg_name = &a.sa,
			     .msg_namelen = a.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control};
	struct msghdr one = {0};
	int fd, level, type, ttl = 64, r = make_socket(a.sa.ss_family, arg[0], &fd);
	size_t n = hop_of(arg, bytes, &level, &type), at = 0;

	if (r)
		return r;
	iov.iov_len = message_for(fd, buf);
	for (int i = atoi(arg[5]); i > 0; i--, at += CMSG_SPACE(sizeof(ttl)))
		(void)as_control(&one, control + at, CMSG_SPACE(sizeof(ttl)), level,
				 level == IPPROTO_IP ? IP_TTL : IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	n = as_control(&one, last, sizeof(last), level, type, bytes, n);
	memcpy(control + at, last, n);
	msg.msg_controllen = at + n;
	r = outcome(sendmsg(fd, &msg, 0));
	return r ? r : answered(fd);
}

const struct operation route_ops[] = {
	{"route-option", 5, try_route_option,
	 "PROTO lsrr|ssrr|segments|mobile-pktoptions HOP ADDR PORT"},
	{"route-message", 5, try_route_message, "PROTO lsrr|ssrr|mobile|mobile2292 HOP ADDR PORT"},
	{"route-hidden", 6, try_route_hidden, "PROTO lsrr|mobile HOP ADDR PORT HOW-MANY"},
	{0},
};
