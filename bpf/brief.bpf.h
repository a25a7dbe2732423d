/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way: what a session's policy allows, and there is nothing to report about, passes
 * after a few loads. It only ever lets pass; whatever it cannot tell goes the long way, which
 * decides.
 *
 * Only for an ordinary member whose cgroup and label agree, over TCP and UDP, to addresses that
 * mean themselves: not "any", not an IPv4 address in another form.
 */
#ifndef EG_BRIEF_BPF_H
#define EG_BRIEF_BPF_H

#include "socket.bpf.h"

/* quick.bpf.c. Does the brief of the slot allow the address, network order, as it lies in memory?
 * An IPv4 one that it does is remembered. 1; 0: no, or not known. */
int eg_brief_allows4(__u32 slot, __u32 addr);
int eg_brief_allows6(__u32 slot, __u64 high, __u64 low);

/* Is it TCP or UDP as everybody uses them? Nothing else is of these types and protocols. */
static __always_inline bool eg_brief_socket(struct sock *sk)
{
	__u16 type = sk->sk_type, protocol = sk->sk_protocol;

	if (type == EG_SOCK_STREAM)
		return protocol == IPPROTO_TCP;
	return type == EG_SOCK_DGRAM && protocol == IPPROTO_UDP;
}

static __always_inline bool eg_brief_reaches4(__u32 slot, __u32 addr)
{
	return eg_quick_reaches(slot, addr) || eg_brief_allows4(slot, addr);
}

static __always_inline bool eg_brief_reaches6(__u32 slot, __u64 at)
{
	struct in6_addr addr;

	if (bpf_probe_read_kernel(&addr, sizeof(addr), (const void *)at))
		return false;
	return eg_brief_allows6(slot, (__u64)addr.s6_addr32[1] << 32 | addr.s6_addr32[0],
				(__u64)addr.s6_addr32[3] << 32 | addr.s6_addr32[2]);
}

/* Is the connect allowed? slot: eg_quick_whose. */
static __always_inline bool eg_brief_connect(struct task_struct *task, int slot,
					     struct socket *sock, struct sockaddr *address, int len)
{
	struct sock *sk;
	__u16 family;

	if (slot <= 0 || !eg_quick_agrees(task, slot))
		return false;
	sk = sock->sk;
	if (!sk || !eg_brief_socket(sk))
		return false;
	family = address->sa_family;
	if (family != sk->__sk_common.skc_family)
		return false;
	if (family == EG_AF_INET)
		return len >= EG_SIN_LEN &&
		       eg_brief_reaches4(slot, ((struct sockaddr_in *)address)->sin_addr.s_addr);
	return family == EG_AF_INET6 && len >= EG_SIN6_LEN &&
	       eg_brief_reaches6(slot, (__u64)address +
					       __builtin_offsetof(struct sockaddr_in6, sin6_addr));
}

/* The peer is where the socket sends what is not addressed otherwise. */
static __always_inline bool eg_brief_peer(__u32 slot, struct sock *sk)
{
	if (sk->__sk_common.skc_family == EG_AF_INET)
		return eg_brief_reaches4(slot, sk->__sk_common.skc_daddr);
	return sk->__sk_common.skc_family == EG_AF_INET6 &&
	       eg_brief_reaches6(slot, (__u64)&sk->__sk_common.skc_v6_daddr);
}

static __always_inline bool eg_brief_name(__u32 slot, struct sock *sk, __u64 at, int len)
{
	struct sockaddr_in name;

	if (len < EG_SIN_LEN || bpf_probe_read_kernel(&name, sizeof(name), (const void *)at) ||
	    name.sin_family != sk->__sk_common.skc_family)
		return false;
	if (name.sin_family == EG_AF_INET)
		return eg_brief_reaches4(slot, name.sin_addr.s_addr);
	return name.sin_family == EG_AF_INET6 && len >= EG_SIN6_LEN &&
	       eg_brief_reaches6(slot, at + __builtin_offsetof(struct sockaddr_in6, sin6_addr));
}

/* Is the send? Where bytes of a stream go that has an address with them depends on more. */
static __always_inline bool eg_brief_sendmsg(struct task_struct *task, int slot,
					     struct socket *sock, struct msghdr *msg)
{
	struct sock *sk;

	if (slot <= 0 || !eg_quick_agrees(task, slot))
		return false;
	sk = sock->sk;
	if (!sk || msg->msg_controllen || !eg_brief_socket(sk))
		return false;
	if (!msg->msg_name)
		return eg_brief_peer(slot, sk);
	return sk->sk_type == EG_SOCK_DGRAM &&
	       eg_brief_name(slot, sk, (__u64)msg->msg_name, msg->msg_namelen);
}

#endif
