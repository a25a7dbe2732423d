/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the socket hooks share: how they ask, and how they read addresses.
 */
#ifndef EG_SOCKET_BPF_H
#define EG_SOCKET_BPF_H

#include <linux/in.h>
#include <linux/in6.h>
#include "verdict.bpf.h"

/* What a hook asks about, for both guards of the task, and what it is told. */
struct eg_ask {
	struct eg_guard guard[EG_GUARDS];
	__u32 guards; /* bit i: guard[i] is there */
	__u16 op;     /* enum eg_op */
	__u16 family; /* of the socket */
	__u16 type;   /* SOCK_* */
	__u16 protocol;
	__u16 level; /* of a socket option */
	__u16 option;
	__u8 by_peer;  /* 1 = target is the socket's own peer, not one the call names */
	__u8 reported; /* 1 = under audit, this call has its record */
	__u16 pad;
	struct eg_target target;
	/* Written by the judge that refuses; of two guards that do, the one that enforces. In this
	 * order there is no gap, and the stacks of the hooks have no room for one. */
	__u32 reason; /* enum eg_reason; for eg_judge_reason written by who asks */
	struct eg_view view;
	struct eg_rule rule;
	__u16 rule_family;
	__u16 has_rule;
};
_Static_assert(sizeof(struct eg_ask) == 120, "no gap");

/*
 * The judges (socket.bpf.c), global functions so that the verifier looks at them once. Each is 1
 * with the last part of *ask written when one of the guards' policies refuses, and 0 otherwise.
 */
int eg_judge_kind(struct eg_ask *ask);	 /* family, type, protocol */
int eg_judge_target(struct eg_ask *ask); /* target: the other end */
int eg_judge_port(struct eg_ask *ask);	 /* target: what is bound */
int eg_judge_reason(struct eg_ask *ask); /* always, for ask->reason */

/*
 * Reports what a judge refused. 1 = the call is refused; 0 = that policy only audits, and the hook
 * goes on to its next question: the other guard's policy may enforce. A call has one record.
 * sock: the struct socket, for our own end in the record; 0 = that is not told.
 */
int eg_socket_refuse(struct eg_ask *ask, __u64 sock);

/* The struct socket of a sock as a number, which is all that a global function takes. */
static __always_inline __u64 eg_socket_of(struct sock *sk)
{
	return (__u64)BPF_CORE_READ(sk, sk_socket);
}

static __always_inline bool eg_kind_refused(struct eg_ask *ask)
{
	return eg_judge_kind(ask) && eg_socket_refuse(ask, 0);
}

static __always_inline bool eg_target_refused(struct eg_ask *ask, struct sock *sk)
{
	return eg_judge_target(ask) && eg_socket_refuse(ask, eg_socket_of(sk));
}

static __always_inline bool eg_port_refused(struct eg_ask *ask)
{
	return eg_judge_port(ask) && eg_socket_refuse(ask, 0);
}

/* sk: NULL = there is none, or its ends do not matter. */
static __always_inline bool eg_refused_for(struct eg_ask *ask, __u32 reason, struct sock *sk)
{
	ask->reason = reason;
	return eg_judge_reason(ask) && eg_socket_refuse(ask, sk ? eg_socket_of(sk) : 0);
}

/* Begins a question, for who has asked eg_is_nobody before. False, with nothing written: nobody's
 * that we guard. */
static __always_inline bool eg_ask_guards(struct eg_ask *ask)
{
	struct eg_who who;

	if (!eg_who_look(bpf_get_current_task_btf(), &who))
		return false;
	__builtin_memset(ask, 0, sizeof(*ask));
	if (who.guard[EG_BY_CGROUP]) {
		ask->guard[EG_BY_CGROUP] = *who.guard[EG_BY_CGROUP];
		ask->guards |= 1U << EG_BY_CGROUP;
	}
	if (who.guard[EG_BY_LABEL]) {
		ask->guard[EG_BY_LABEL] = *who.guard[EG_BY_LABEL];
		ask->guards |= 1U << EG_BY_LABEL;
	}
	return true;
}

/* The same for who has not asked before: whose task is it? */
static __always_inline bool eg_ask_who(struct eg_ask *ask)
{
	return !eg_is_nobody(bpf_get_current_task_btf()) && eg_ask_guards(ask);
}

/* Fills in what is known of the socket. */
static __always_inline void eg_ask_socket(struct eg_ask *ask, struct sock *sk, __u16 op)
{
	ask->op = op;
	ask->family = sk->__sk_common.skc_family;
	ask->type = sk->sk_type;
	ask->protocol = sk->sk_protocol;
}

/* include/linux/socket.h */
enum { EG_SOL_IP = 0, EG_SOL_IPV6 = 41, EG_SOL_SCTP = 132 };

/* include/uapi/linux/sctp.h, which a BPF program cannot include: options, and control messages */
enum {
	EG_SCTP_BINDX_ADD = 100,
	EG_SCTP_CONNECTX = 110,
	EG_SCTP_SENDMSG_CONNECT = 126,
	EG_SCTP_DSTADDRV4 = 7,
	EG_SCTP_DSTADDRV6 = 8,
};

static __always_inline bool eg_is_inet(__u16 family)
{
	return family == EG_AF_INET || family == EG_AF_INET6;
}

/* Sockets that reach nobody but this kernel and processes of this host. */
static __always_inline bool eg_is_local(__u16 family)
{
	return family == EG_AF_UNIX || family == EG_AF_NETLINK || family == EG_AF_ALG;
}

/* The socket of a call, and who makes it, for who has asked eg_is_nobody before. NULL: not ours to
 * judge: nobody's that we guard, closed under us, or a socket of the kernel's own (NFS sends as
 * whoever reads the file). */
static __always_inline struct sock *eg_guarded_sock(struct eg_ask *ask, struct socket *sock,
						    __u16 op)
{
	struct sock *sk;

	if (!eg_ask_guards(ask))
		return NULL;
	sk = sock->sk;
	if (!sk || !sock->file)
		return NULL;
	eg_ask_socket(ask, sk, op);
	return sk;
}

/* The same for who has not asked before. */
static __always_inline struct sock *eg_asked_sock(struct eg_ask *ask, struct socket *sock, __u16 op)
{
	return eg_is_nobody(bpf_get_current_task_btf()) ? NULL : eg_guarded_sock(ask, sock, op);
}

/* ---- addresses as callers write them ---- */

/* Both layouts of the address a caller may pass, and its family alone. */
union eg_sockaddr {
	__u16 family;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum {
	EG_SIN_LEN = sizeof(struct sockaddr_in),
	EG_SIN6_LEN = 24, /* SIN6_LEN_RFC2133, net/ipv6: without the scope id */
};

/* Copies what can be judged of an address of len bytes. False: too short, the kernel refuses it. */
static __always_inline bool eg_sockaddr_read(union eg_sockaddr *sa, const void *addr, int len)
{
	if (len >= EG_SIN6_LEN)
		return !bpf_probe_read_kernel(sa, EG_SIN6_LEN, addr);
	return len >= EG_SIN_LEN && !bpf_probe_read_kernel(sa, EG_SIN_LEN, addr);
}

static __always_inline void eg_target_in(struct eg_target *target, const struct sockaddr_in *in)
{
	target->family = EG_AF_INET;
	target->port = bpf_ntohs(in->sin_port);
	__builtin_memcpy(target->addr, &in->sin_addr, sizeof(in->sin_addr));
}

static __always_inline void eg_target_in6(struct eg_target *target, const struct sockaddr_in6 *in6)
{
	target->family = EG_AF_INET6;
	target->port = bpf_ntohs(in6->sin6_port);
	__builtin_memcpy(target->addr, &in6->sin6_addr, sizeof(in6->sin6_addr));
}

/* The peer a socket is connected to. */
static __always_inline void eg_target_peer(struct eg_target *target, struct sock *sk)
{
	target->port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (sk->__sk_common.skc_family == EG_AF_INET) {
		__u32 v4 = sk->__sk_common.skc_daddr;

		if (!v4)
			return;
		__builtin_memcpy(target->addr, &v4, sizeof(v4));
		target->family = EG_AF_INET;
		return;
	}
	BPF_CORE_READ_INTO(&target->addr, sk, __sk_common.skc_v6_daddr);
	if (eg_addr_word(target, 0) || eg_addr_word(target, 1) || eg_addr_word(target, 2) ||
	    eg_addr_word(target, 3))
		target->family = EG_AF_INET6;
}

/* The local IPv4 address of a socket: where 0.0.0.0 goes. */
static __always_inline __u32 eg_source(struct sock *sk)
{
	return BPF_CORE_READ((struct inet_sock *)sk, inet_saddr);
}

#endif
