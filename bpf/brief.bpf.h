/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The short way: what a session's policy allows, and there is nothing to report about, passes
 * after a few loads; and a connect to an IPv4 address that its rules refuse, whatever the port, is
 * refused and reported without asking twice. Whatever it cannot tell goes the long way, which
 * decides.
 *
 * Only for an ordinary member whose cgroup and label agree, over TCP and UDP, to addresses that
 * mean themselves: not "any", not an IPv4 address in another form.
 */
#ifndef EG_BRIEF_BPF_H
#define EG_BRIEF_BPF_H

#include "socket.bpf.h"

/* A refusal that is to be reported. */
struct eg_brief_no {
	struct eg_rule rule;
	__u32 policy; /* index */
	__u32 addr;   /* network order, as in memory */
	__u16 port;   /* likewise */
	__u16 protocol;
	__u64 sock; /* the struct socket */
};

/*
 * brief.bpf.c. What does the brief of the slot say about the address, network order, as it lies in
 * memory? The IPv4 one: enum eg_said. That it passes is remembered; that it does not is in *ret as
 * rule and policy. The IPv6 one, two halves: 1 = it passes.
 */
int eg_brief_says4(__u32 slot, __u32 addr, struct eg_brief_no *ret);
int eg_brief_allows6(__u32 slot, __u64 high, __u64 low);

/* Refuses and reports a connect. 0: that is the long way's, for the policy
 * reports it in another way, or the cgroup is below the one that is bound. */
int eg_brief_refuse(__u32 slot, struct eg_brief_no *no);

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
	struct eg_brief_no no;

	if (eg_quick_reaches(slot, addr))
		return true;
	__builtin_memset(&no, 0, sizeof(no));
	return eg_brief_says4(slot, addr, &no) == EG_SAID_PASS;
}

static __always_inline bool eg_brief_reaches6(__u32 slot, __u64 at)
{
	struct in6_addr addr;

	if (bpf_probe_read_kernel(&addr, sizeof(addr), (const void *)at))
		return false;
	return eg_brief_allows6(slot, (__u64)addr.s6_addr32[1] << 32 | addr.s6_addr32[0],
				(__u64)addr.s6_addr32[3] << 32 | addr.s6_addr32[2]);
}

static __always_inline int eg_brief_connect4(__u32 slot, struct socket *sock, struct sock *sk,
					     struct sockaddr_in *to)
{
	__u32 addr = to->sin_addr.s_addr;
	struct eg_brief_no no;
	int said;

	if (eg_quick_reaches(slot, addr))
		return EG_SAID_PASS;
	__builtin_memset(&no, 0, sizeof(no));
	said = eg_brief_says4(slot, addr, &no);
	if (said != EG_SAID_REFUSE)
		return said;
	no.addr = addr;
	no.port = to->sin_port;
	no.protocol = sk->sk_protocol;
	no.sock = (__u64)sock;
	/* The kernel's own sockets, which have no file, are not refused. */
	return sock->file && eg_brief_refuse(slot, &no) ? EG_SAID_REFUSE : EG_SAID_NOTHING;
}

/* What is to be said about a connect? enum eg_said, and when that is to refuse it, it is reported.
 * slot: eg_quick_whose. */
static __always_inline int eg_brief_connect(struct task_struct *task, int slot, struct socket *sock,
					    struct sockaddr *address, int len)
{
	struct sock *sk;
	__u16 family;

	if (slot <= 0 || !eg_quick_agrees(task, slot))
		return EG_SAID_NOTHING;
	sk = sock->sk;
	if (!sk || !eg_brief_socket(sk))
		return EG_SAID_NOTHING;
	family = address->sa_family;
	if (family != sk->__sk_common.skc_family)
		return EG_SAID_NOTHING;
	if (family == EG_AF_INET && len >= EG_SIN_LEN)
		return eg_brief_connect4(slot, sock, sk, (struct sockaddr_in *)address);
	if (family == EG_AF_INET6 && len >= EG_SIN6_LEN &&
	    eg_brief_reaches6(slot,
			      (__u64)address + __builtin_offsetof(struct sockaddr_in6, sin6_addr)))
		return EG_SAID_PASS;
	return EG_SAID_NOTHING;
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

/* Is a send allowed? None is refused here: there is more to ask. Where bytes of a stream go that
 * has an address with them depends on more. */
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
