/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a packet says of itself: the remote end, the protocol, and whether it is one that no policy
 * can judge. Of packet.bpf.c alone.
 */
#ifndef EG_HEADERS_BPF_H
#define EG_HEADERS_BPF_H

#include "socket.bpf.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

enum {
	EG_IP4_MIN = 20,
	EG_IP4_OPTIONS_MAX = 40, /* bytes */
	EG_IP6_HEADERS_MAX = 8,	 /* extension headers we walk; packets with more are dropped */
	EG_LSRR = 131,
	EG_SSRR = 137,
	EG_FRAG_OFFSET = 0x1fff,
};

/*
 * A packet as far as it matters. The headers are walked by global functions that keep where they
 * are in here: what the verifier reads back from memory it knows nothing of, and so it takes all
 * turns of their loops for one.
 */
struct eg_packet {
	struct eg_target peer;
	__u16 protocol; /* IPPROTO_* */
	__u16 out;	/* 1 = egress: the peer is the destination */
	__u32 reason;	/* to drop it whatever the policy says; 0 = none */
	__u32 at;	/* offset of the next header or option */
	__u32 next;	/* IPv6: what is there; IPv4: where the options end */
};

static __always_inline void eg_read_ports(struct __sk_buff *skb, __u32 at, struct eg_packet *packet)
{
	__be16 ports[2];

	packet->peer.proto = eg_proto_of(packet->protocol);
	if (!eg_has_ports(packet->peer.proto))
		return;
	if (bpf_skb_load_bytes(skb, at, ports, sizeof(ports))) {
		packet->reason = EG_REASON_MALFORMED;
		return;
	}
	packet->peer.port = bpf_ntohs(packet->out ? ports[1] : ports[0]);
}

/* A loose or strict source route among the options is a reason. */
__noinline int eg_walk_ip4(struct __sk_buff *skb, struct eg_packet *packet)
{
	if (!packet)
		return 0;
	packet->at = EG_IP4_MIN;
	for (int i = 0; i < EG_IP4_OPTIONS_MAX; i++) {
		__u8 option[2];

		if (packet->at + 1 >= packet->next ||
		    bpf_skb_load_bytes(skb, packet->at, option, sizeof(option)))
			return 0;
		if (option[0] == EG_LSRR || option[0] == EG_SSRR) {
			packet->reason = EG_REASON_SOURCE_ROUTE;
			return 0;
		}
		if (option[0] == 0) /* end of options */
			return 0;
		packet->at += option[0] == 1 || !option[1] ? 1 : option[1]; /* 1: no operation */
	}
	return 0;
}

static __always_inline bool eg_read_ip4(struct __sk_buff *skb, struct eg_packet *packet)
{
	struct iphdr ip;
	__u32 v4;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return false;
	packet->next = (__u32)ip.ihl * 4;
	v4 = packet->out ? ip.daddr : ip.saddr;
	packet->peer.family = EG_AF_INET;
	__builtin_memcpy(packet->peer.addr, &v4, sizeof(v4));
	packet->protocol = ip.protocol;
	/* Later fragments have no ports; without the first, which has them, they are worthless. */
	if (ip.frag_off & bpf_htons(EG_FRAG_OFFSET))
		packet->peer.proto = eg_proto_of(packet->protocol);
	else
		eg_read_ports(skb, packet->next, packet);
	if (packet->out && packet->next > EG_IP4_MIN)
		eg_walk_ip4(skb, packet);
	return true;
}

static __always_inline bool eg_is_extension(__u32 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH;
}

/* Extension headers up to the transport's. */
__noinline int eg_walk_ip6(struct __sk_buff *skb, struct eg_packet *packet)
{
	if (!packet)
		return 0;
	packet->at = sizeof(struct ipv6hdr);
	for (int i = 0; i < EG_IP6_HEADERS_MAX; i++) {
		__u32 next = packet->next;
		__u8 head[4];

		if (!eg_is_extension(next)) {
			packet->protocol = next;
			eg_read_ports(skb, packet->at, packet);
			return 0;
		}
		if (bpf_skb_load_bytes(skb, packet->at, head, sizeof(head)))
			break;
		packet->next = head[0];
		/* Fourth byte: segments left. None left is an answer to one that had. */
		if (next == IPPROTO_ROUTING && head[3] && packet->out) {
			packet->reason = EG_REASON_SOURCE_ROUTE;
			return 0;
		}
		if (next == IPPROTO_FRAGMENT && (head[2] || head[3] & 0xf8)) {
			packet->protocol = head[0];
			packet->peer.proto = eg_proto_of(head[0]);
			return 0;
		}
		if (next == IPPROTO_FRAGMENT)
			packet->at += 8;
		else if (next == IPPROTO_AH)
			packet->at += ((__u32)head[1] + 2) * 4;
		else
			packet->at += ((__u32)head[1] + 1) * 8;
	}
	packet->reason = EG_REASON_MALFORMED;
	return 0;
}

static __always_inline bool eg_read_ip6(struct __sk_buff *skb, struct eg_packet *packet)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
		return false;
	packet->peer.family = EG_AF_INET6;
	__builtin_memcpy(packet->peer.addr, packet->out ? &ip.daddr : &ip.saddr,
			 sizeof(packet->peer.addr));
	packet->next = ip.nexthdr;
	eg_walk_ip6(skb, packet);
	return true;
}

static __always_inline bool eg_read_packet(struct __sk_buff *skb, struct eg_packet *packet)
{
	bool read = false;

	if (skb->protocol == bpf_htons(ETH_P_IP))
		read = eg_read_ip4(skb, packet);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		read = eg_read_ip6(skb, packet);
	if (read)
		eg_target_plain(&packet->peer, 0);
	return read;
}

#endif
