/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way: what a session's policy allows, and there is nothing to report about, passes
 * after a few loads. It only ever lets pass; whatever it cannot tell goes the long way, which
 * decides.
 *
 * Only for an ordinary member whose cgroup and label agree, over TCP and UDP, to addresses that mean
 * themselves: not "any", not an IPv4 address in another form.
 */
#ifndef EG_BRIEF_BPF_H
#define EG_BRIEF_BPF_H

#include "socket.bpf.h"

/* Loaded whole: the helper may write it between two loads. */
static __always_inline struct eg_brief eg_brief_of(int slot)
{
	union {
		struct eg_brief brief;
		__u32 word;
	} now = {.word = *(volatile __u32 *)&eg_quick.briefs[slot & (EG_PROFILES_MAX - 1)]};

	return now.brief;
}

static __always_inline bool eg_brief_allows4(struct eg_brief brief, __u32 addr)
{
	if (!addr)
		return false;
	if (brief.ipv4 == EG_BRIEF_TABLE)
		return eg_table_passes4(brief.policy, addr);
	return brief.ipv4 == EG_BRIEF_OPEN;
}

/* The two halves of the address, as they lie in memory. */
static __always_inline bool eg_brief_allows6(struct eg_brief brief, __u64 high, __u64 low)
{
	__u16 first = bpf_ntohs((__u16)high);

	/* ::/16 has "any", loopback and v4-mapped in it, the other two what relays make IPv4 of:
	 * 64:ff9b::/96 and 2002::/16. */
	if (!first || first == 0x64 || first == 0x2002)
		return false;
	if (brief.ipv6 == EG_BRIEF_TABLE)
		return eg_table_passes6(brief.policy, high, low);
	return brief.ipv6 == EG_BRIEF_OPEN;
}

/* Is it TCP or UDP as everybody uses them? Nothing else is of these families, types and
 * protocols. */
static __always_inline bool eg_brief_socket(struct sock *sk)
{
	__u16 type = sk->sk_type, protocol = sk->sk_protocol;

	return (type == EG_SOCK_STREAM && protocol == IPPROTO_TCP) ||
	       (type == EG_SOCK_DGRAM && protocol == IPPROTO_UDP);
}

/* Does the policy allow this address, of the socket's own family? */
static __always_inline bool eg_brief_address(struct eg_brief brief, struct sock *sk, __u64 at,
					     int len)
{
	__u64 head = eg_peek(at); /* family, port, and IPv4's address */

	if ((__u16)head != sk->__sk_common.skc_family)
		return false;
	if ((__u16)head == EG_AF_INET)
		return len >= EG_SIN_LEN && eg_brief_allows4(brief, head >> 32);
	if ((__u16)head != EG_AF_INET6 || len < EG_SIN6_LEN)
		return false;
	return eg_brief_allows6(brief, eg_peek(at + 8), eg_peek(at + 16));
}

/* And the peer, which is where the socket sends what is not addressed otherwise? */
static __always_inline bool eg_brief_peer(struct eg_brief brief, struct sock *sk)
{
	__u64 at = (__u64)sk + bpf_core_field_offset(struct sock, __sk_common.skc_v6_daddr);

	if (sk->__sk_common.skc_family == EG_AF_INET)
		return eg_brief_allows4(brief, sk->__sk_common.skc_daddr);
	return sk->__sk_common.skc_family == EG_AF_INET6 &&
	       eg_brief_allows6(brief, eg_peek(at), eg_peek(at + 8));
}

/* Is the connect allowed? slot: eg_quick_whose. */
static __always_inline bool eg_brief_connect(struct task_struct *task, int slot,
					     struct socket *sock, struct sockaddr *address, int len)
{
	struct eg_brief brief;
	struct sock *sk;

	if (!eg_quick_agrees(task, slot))
		return false;
	brief = eg_brief_of(slot);
	sk = sock->sk;
	if (!brief.policy || !sk || !eg_brief_socket(sk))
		return false;
	return eg_brief_address(brief, sk, (__u64)address, len);
}

/* And the send? Where bytes of a stream go that has an address with them depends on more. */
static __always_inline bool eg_brief_sendmsg(struct task_struct *task, int slot,
					     struct socket *sock, struct msghdr *msg)
{
	struct eg_brief brief;
	struct sock *sk;

	if (!eg_quick_agrees(task, slot))
		return false;
	brief = eg_brief_of(slot);
	sk = sock->sk;
	if (!brief.policy || !sk || msg->msg_controllen || !eg_brief_socket(sk))
		return false;
	if (!msg->msg_name)
		return eg_brief_peer(brief, sk);
	return sk->sk_type == EG_SOCK_DGRAM &&
	       eg_brief_address(brief, sk, (__u64)msg->msg_name, msg->msg_namelen);
}

#endif
