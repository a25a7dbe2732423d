// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses, sockets, and the question whether what was sent has been answered. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dccp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "try.h"

#ifndef SOL_DCCP
#define SOL_DCCP 269
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { ECHO_REQUEST = 8, ECHO_REPLY = 0, ECHO6_REQUEST = 128, ECHO6_REPLY = 129, SERVICE = 42 };

int outcome(long r)
{
	return r < 0 ? errno : 0;
}

int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct address parse(const char *host, const char *port)
{
	struct address a = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.sa;
	uint16_t p = htons((uint16_t)atoi(port));
	char plain[64] = "";
	const char *scope = strchr(host, '%');

	strncat(plain, host, scope ? (size_t)(scope - host) : sizeof(plain) - 1);
	if (inet_pton(AF_INET, plain, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = p;
		a.len = sizeof(*in);
	} else if (inet_pton(AF_INET6, plain, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = p;
		in6->sin6_scope_id = scope ? if_nametoindex(scope + 1) : 0;
		a.len = sizeof(*in6);
	} else {
		errx(TROUBLE, "not an address: %s", host);
	}
	return a;
}

struct sockaddr *sockaddr_of(struct address *a)
{
	return (struct sockaddr *)&a->sa;
}

int limit_ms(void)
{
	const char *text = getenv("TRY_LIMIT_MS");

	return text ? atoi(text) : 3000;
}

/* What connects as it sends waits as connect() does. */
void limit_waiting(int fd)
{
	const struct timeval limit = {.tv_sec = limit_ms() / 1000,
				      .tv_usec = limit_ms() % 1000 * 1000};

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int make_socket(int family, const char *proto, int *ret)
{
	static const struct {
		const char *name;
		int type, proto, proto6;
	} kinds[] = {
		{"tcp", SOCK_STREAM, 0, 0},
		{"udp", SOCK_DGRAM, 0, 0},
		{"mptcp", SOCK_STREAM, IPPROTO_MPTCP, IPPROTO_MPTCP},
		{"udplite", SOCK_DGRAM, IPPROTO_UDPLITE, IPPROTO_UDPLITE},
		{"sctp", SOCK_STREAM, IPPROTO_SCTP, IPPROTO_SCTP},
		{"sctp-many", SOCK_SEQPACKET, IPPROTO_SCTP, IPPROTO_SCTP},
		{"dccp", SOCK_DCCP, IPPROTO_DCCP, IPPROTO_DCCP},
		{"ping", SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_ICMPV6},
		{"raw-icmp", SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMPV6},
		{"raw-udp", SOCK_RAW, IPPROTO_UDP, IPPROTO_UDP},
		{"raw", SOCK_RAW, IPPROTO_RAW, IPPROTO_RAW},
	};
	uint32_t service = htonl(SERVICE);
	size_t i = 0;
	int fd;

	while (strcmp(kinds[i].name, proto) != 0)
		if (++i == sizeof(kinds) / sizeof(kinds[0]))
			errx(TROUBLE, "no protocol %s", proto);
	fd = socket(family, kinds[i].type | SOCK_CLOEXEC,
		    family == AF_INET6 ? kinds[i].proto6 : kinds[i].proto);
	if (fd < 0)
		return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT || errno == EAFNOSUPPORT
			       ? ABSENT - errno
			       : errno;
	if (kinds[i].type == SOCK_DCCP)
		(void)setsockopt(fd, SOL_DCCP, DCCP_SOCKOPT_SERVICE, &service, sizeof(service));
	limit_waiting(fd);
	*ret = fd;
	return 0;
}

/* What a blocking call says when SO_SNDTIMEO is over. */
static int or_silent(int error)
{
	return error == EINPROGRESS || error == EALREADY || error == EAGAIN ? SILENT : error;
}

int connect_in_time(int fd, const void *sa, socklen_t len)
{
	return or_silent(outcome(connect(fd, sa, len)));
}

static int number_of(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	(void)getsockopt(fd, SOL_SOCKET, option, &value, &len);
	return value;
}

static bool is_ping(int fd)
{
	int family = number_of(fd, SO_DOMAIN), proto = number_of(fd, SO_PROTOCOL);

	return (family == AF_INET || family == AF_INET6) &&
	       (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6);
}

static uint16_t checksum(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An echo request carries our number as its identifier: a raw socket sees everybody's replies. */
size_t message_for(int fd, char buf[static 64])
{
	unsigned char *p = (unsigned char *)buf;
	uint16_t id = (uint16_t)getpid(), sum;

	memset(buf, 0, 64);
	if (!is_ping(fd)) {
		memcpy(buf, "ping", 4);
		memcpy(buf + 4, &id, sizeof(id));
		return 16;
	}
	p[0] = number_of(fd, SO_DOMAIN) == AF_INET6 ? ECHO6_REQUEST : ECHO_REQUEST;
	memcpy(p + 4, &id, sizeof(id));
	if (p[0] == ECHO_REQUEST) {
		sum = checksum(p, 16);
		p[2] = (unsigned char)(sum >> 8);
		p[3] = (unsigned char)sum;
	}
	return 16;
}

int send_to(int fd, const void *sa, socklen_t len, int flags)
{
	char buf[64];
	size_t n = message_for(fd, buf);

	return or_silent(outcome(sendto(fd, buf, n, flags | MSG_NOSIGNAL, sa, len)));
}

/* Is this our answer? A ping socket rewrites the identifier, so that it can only be ours. */
static bool is_answer(int fd, const unsigned char *p, size_t n)
{
	uint16_t id = (uint16_t)getpid();
	bool raw = number_of(fd, SO_TYPE) == SOCK_RAW;

	if (!is_ping(fd))
		return n >= 6 && !memcmp(p, "ping", 4) && !memcmp(p + 4, &id, sizeof(id));
	if (raw && number_of(fd, SO_DOMAIN) == AF_INET) {
		size_t header = (size_t)(p[0] & 15) * 4;

		if (n < header + 8)
			return false;
		p += header;
	}
	return (p[0] == ECHO_REPLY || p[0] == ECHO6_REPLY) &&
	       (!raw || !memcmp(p + 4, &id, sizeof(id)));
}

int answered(int fd)
{
	int64_t end = now_ms() + limit_ms(), left;
	unsigned char buf[2048];

	while ((left = end - now_ms()) > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			break;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return errno;
		if (n == 0)
			return ECONNRESET; /* closed without an answer */
		if (n > 0 && is_answer(fd, buf, (size_t)n))
			return 0;
	}
	return SILENT;
}

int exchange(int fd)
{
	int r = send_to(fd, NULL, 0, 0);

	return r ? r : answered(fd);
}
