// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bind: which ports a session may take, by protocol.
 *
 * Hooks: socket_bind, socket_listen, sctp_bind_connect (SCTP's lists of addresses, to bind and to
 * connect).
 * Not covered: no hook sees the port the kernel picks. Binding to port 0 and listening on a socket
 * that is not bound are judged as port 0; a port picked for an outgoing socket is not a bind.
 */
#include "record.bpf.h"

/* Has the socket a port to bind? */
static __always_inline bool eg_binds_port(struct eg_ask *ask)
{
	ask->target.proto = eg_proto_of(ask->protocol);
	return eg_is_inet(ask->family) && ask->type != EG_SOCK_RAW &&
	       eg_has_ports(ask->target.proto);
}

/* Reads the address to bind. 1, or 0 when the kernel refuses it by itself. Not inlined, for the
 * stack's sake. */
static __noinline int eg_port_read(struct eg_target *target, __u16 family, __u64 addr, int len)
{
	union eg_sockaddr sa = {};

	if (!eg_sockaddr_read(&sa, (const void *)addr, len))
		return 0;
	if (family == EG_AF_INET6 && sa.family == EG_AF_INET6)
		eg_target_in6(target, &sa.in6);
	else
		eg_target_in(target, &sa.in); /* bind(2) takes AF_UNSPEC for AF_INET */
	return 1;
}

SEC("lsm/socket_bind")
int BPF_PROG(eg_socket_bind, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct eg_ask ask;
	struct sock *sk = eg_asked_sock(&ask, sock, EG_OP_BIND);

	if (!sk)
		return 0;
	if (eg_kind_refused(&ask))
		return -EPERM;
	if (!eg_binds_port(&ask) || !eg_port_read(&ask.target, ask.family, (__u64)address, addrlen))
		return 0;
	return eg_hook_result(eg_port_refused(&ask));
}

SEC("lsm/socket_listen")
int BPF_PROG(eg_socket_listen, struct socket *sock, int backlog)
{
	struct eg_ask ask;
	struct sock *sk = eg_asked_sock(&ask, sock, EG_OP_LISTEN);

	if (!sk)
		return 0;
	if (eg_kind_refused(&ask))
		return -EPERM;
	if (!eg_binds_port(&ask))
		return 0;
	ask.target.family = ask.family;
	ask.target.port = sk->__sk_common.skc_num;
	if (ask.family == EG_AF_INET6)
		BPF_CORE_READ_INTO(&ask.target.addr, sk, __sk_common.skc_v6_rcv_saddr);
	else
		*(__u32 *)ask.target.addr = sk->__sk_common.skc_rcv_saddr;
	return eg_hook_result(eg_port_refused(&ask));
}

/* ---- SCTP ---- */

enum {
	EG_SCTP_ADDRS_MAX = 8, /* addresses of one call we read; calls with more are refused */
};

/* Who asks, and about what. Not inlined either. */
static __noinline int eg_sctp_ask(struct eg_ask *ask, struct sock *sk, __u16 op)
{
	if (!eg_ask_who(ask))
		return 0;
	eg_ask_socket(ask, sk, op);
	return 1;
}

/* Reads one address of a list, whose socket may be bound to it or connect there. Returns its size,
 * or 0 when the kernel refuses it by itself. Not inlined, for the stack's sake. */
static __noinline int eg_sctp_read(struct eg_ask *ask, __u64 at, int left)
{
	struct eg_target *target = &ask->target;
	union eg_sockaddr sa = {};
	int size = sizeof(sa.in);

	if (!eg_sockaddr_read(&sa, (const void *)at, left))
		return 0;
	__builtin_memset(target, 0, sizeof(*target));
	target->proto = EG_PROTO_SCTP;
	if (sa.family == EG_AF_INET6) {
		size = sizeof(sa.in6);
		eg_target_in6(target, &sa.in6);
	} else {
		eg_target_in(target, &sa.in);
	}
	if (ask->op == EG_OP_CONNECT)
		eg_target_plain(target, 0);
	return size;
}

/*
 * A packed list of addresses, to bind (bindx) or to connect to (connectx, a send that connects).
 * Not judged: choosing among addresses that are known already, and what a peer's packet asks for,
 * which comes in whatever task was interrupted.
 */
SEC("lsm/sctp_bind_connect")
int BPF_PROG(eg_sctp_bind_connect, struct sock *sk, int optname, struct sockaddr *address,
	     int addrlen)
{
	__u64 at = (__u64)address;
	bool binds = optname == EG_SCTP_BINDX_ADD;
	struct eg_ask ask;
	int left = addrlen;

	if (!binds && optname != EG_SCTP_CONNECTX && optname != EG_SCTP_SENDMSG_CONNECT)
		return 0;
	if (!eg_sctp_ask(&ask, sk, binds ? EG_OP_BIND : EG_OP_CONNECT))
		return 0;
	for (int i = 0; i < EG_SCTP_ADDRS_MAX; i++) {
		int size = eg_sctp_read(&ask, at, left);

		if (!size)
			return 0;
		/* Read back: a variable of its own has no room. */
		if (ask.op == EG_OP_BIND ? eg_port_refused(&ask) : eg_target_refused(&ask, sk))
			return -EPERM;
		if (ask.op == EG_OP_CONNECT)
			eg_tell_target(&ask, 0);
		at += size;
		left -= size;
		if (left < EG_SIN_LEN)
			return 0;
	}
	return eg_hook_result(eg_refused_for(&ask, EG_REASON_MALFORMED, sk));
}
