// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets with a header of one's own. The sender needs CAP_NET_RAW. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "try.h"

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	char data[64];
};

/* A UDP socket whose port the raw packet names as its own: there the answer comes. */
static int open_answer(int family, uint16_t *ret_port)
{
	struct address any = parse(family == AF_INET6 ? "::" : "0.0.0.0", "0");
	int fd, r = make_socket(family, "udp", &fd);

	if (r || bind(fd, sockaddr_of(&any), any.len) < 0 ||
	    getsockname(fd, sockaddr_of(&any), &any.len) < 0)
		return -1;
	*ret_port = family == AF_INET6 ? ((struct sockaddr_in6 *)&any.sa)->sin6_port
				       : ((struct sockaddr_in *)&any.sa)->sin_port;
	return fd;
}

static uint16_t ip_checksum(const struct iphdr *ip)
{
	const uint16_t *word = (const uint16_t *)ip;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(*ip) / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* IPv4 and UDP, without the UDP checksum, which is optional. Returns the packet's size. */
static size_t fill(struct packet *p, int answer, uint16_t port, const char *from,
		   struct address *to)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&to->sa;
	struct address source = parse(from, "0");
	size_t n = message_for(answer, p->data), size = sizeof(p->ip) + sizeof(p->udp) + n;

	p->ip = (struct iphdr){.version = 4,
			       .ihl = 5,
			       .ttl = 64,
			       .protocol = IPPROTO_UDP,
			       .tot_len = htons((uint16_t)size),
			       .saddr = ((struct sockaddr_in *)&source.sa)->sin_addr.s_addr,
			       .daddr = in->sin_addr.s_addr};
	p->ip.check = ip_checksum(&p->ip);
	p->udp = (struct udphdr){
		.source = port, .dest = in->sin_port, .len = htons((uint16_t)(sizeof(p->udp) + n))};
	return size;
}

/*
 * A whole IPv4 packet. It is routed by the address given to sendto and travels with the one in the
 * header, which may be another.
 */
static int try_header(char **arg)
{
	struct address given = parse(arg[1], arg[3]), written = parse(arg[2], arg[3]);
	struct packet p = {0};
	uint16_t port;
	int answer = open_answer(AF_INET, &port), fd, r = make_socket(AF_INET, "raw", &fd);
	size_t size = fill(&p, answer, port, arg[0], &written);

	if (r)
		return r;
	r = outcome(sendto(fd, &p, size, 0, sockaddr_of(&given), given.len));
	return r ? r : answered(answer);
}

/* Sum of a UDP packet over IPv6, where it is not optional. */
static uint16_t udp6_checksum(const struct ip6_hdr *ip, const void *udp, size_t n)
{
	const uint16_t *word = (const uint16_t *)&ip->ip6_src;
	uint32_t sum = htons((uint16_t)n) + htons(IPPROTO_UDP);

	for (size_t i = 0; i < 16; i++)
		sum += word[i];
	word = udp;
	for (size_t i = 0; i < n / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The same for IPv6, where IPPROTO_RAW means a header of one's own. */
static int try_header6(char **arg)
{
	struct address from = parse(arg[0], "0"), given = parse(arg[1], "0");
	struct address written = parse(arg[2], arg[3]);
	struct {
		struct ip6_hdr ip;
		struct udphdr udp;
		char data[64];
	} p = {.ip = {.ip6_flow = htonl(6U << 28), .ip6_hlim = 64, .ip6_nxt = IPPROTO_UDP}};
	int fd, answer, r = make_socket(AF_INET6, "raw", &fd);
	size_t n;

	if (r)
		return r;
	answer = open_answer(AF_INET6, &p.udp.source);
	n = sizeof(p.udp) + message_for(answer, p.data);
	p.ip.ip6_plen = htons((uint16_t)n);
	p.ip.ip6_src = ((struct sockaddr_in6 *)&from.sa)->sin6_addr;
	p.ip.ip6_dst = ((struct sockaddr_in6 *)&written.sa)->sin6_addr;
	p.udp.dest = ((struct sockaddr_in6 *)&written.sa)->sin6_port;
	p.udp.len = htons((uint16_t)n);
	p.udp.check = udp6_checksum(&p.ip, &p.udp, n);
	r = outcome(sendto(fd, &p, sizeof(p.ip) + n, 0, sockaddr_of(&given), given.len));
	return r ? r : answered(answer);
}

/* UDP on a raw socket: the kernel writes the IP header. On AF_INET6, family 0 passes for
 * AF_INET6. */
static int try_raw_udp(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int family = a.sa.ss_family, fd, answer, r = make_socket(family, "raw-udp", &fd),
	    offset = 6;
	struct {
		struct udphdr udp;
		char data[64];
	} p = {.udp = {.dest = ((struct sockaddr_in *)&a.sa)->sin_port}};
	size_t n;

	if (r)
		return r;
	answer = open_answer(family, &p.udp.source);
	n = message_for(answer, p.data);
	p.udp.len = htons((uint16_t)(sizeof(p.udp) + n));
	if (family == AF_INET6) {
		/* IPv6 wants the UDP checksum; the kernel fills it in. The port is a protocol
		 * here. */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &offset, sizeof(offset));
		((struct sockaddr_in6 *)&a.sa)->sin6_port = 0;
	}
	if (!strcmp(arg[0], "unspec"))
		a.sa.ss_family = AF_UNSPEC;
	r = outcome(sendto(fd, &p, sizeof(p.udp) + n, 0, sockaddr_of(&a), a.len));
	return r ? r : answered(answer);
}

/* An Ethernet frame: below all that routes or filters. */
static int try_packet(char **arg)
{
	struct address to = parse(arg[2], arg[3]);
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_ifindex = (int)if_nametoindex(arg[0]),
				 .sll_halen = 6,
				 /* the client's, see tests/vm/guest/vm-network */
				 .sll_addr = {2, 0, 0, 0, 0, 2}};
	struct packet p = {0};
	uint16_t port;
	int answer = open_answer(AF_INET, &port), fd = socket(AF_PACKET, SOCK_DGRAM, 0), r;
	size_t size = fill(&p, answer, port, arg[1], &to);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? ABSENT - errno : errno;
	r = outcome(sendto(fd, &p, size, 0, (struct sockaddr *)&ll, sizeof(ll)));
	return r ? r : answered(answer);
}

const struct operation raw_ops[] = {
	{"header", 4, try_header, "SOURCE ADDR-GIVEN ADDR-WRITTEN PORT"},
	{"header6", 4, try_header6, "SOURCE ADDR-GIVEN ADDR-WRITTEN PORT"},
	{"raw-udp", 3, try_raw_udp, "inet|unspec ADDR PORT"},
	{"packet", 4, try_packet, "INTERFACE SOURCE ADDR PORT"},
	{0},
};
