// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Egress by call: nothing is connected or sent to an address the policy denies.
 *
 * Hooks: socket_connect; socket_sendmsg, which also sees sendto with MSG_FASTOPEN (it never reaches
 * connect), write, and io_uring's operations; file_permission before 6.5, where splice and sendfile
 * pass nothing else. SCTP's lists of addresses: bind.bpf.c.
 * A send is judged by the address in the call and, where the kernel would use it, by the socket's
 * own peer: sockets are made elsewhere and handed in, and policies are tightened while flows are
 * open.
 * Not covered: what a raw socket writes into its own IP header; control messages of a sendmmsg
 * whose address is the one before, for which the kernel asks no second time; packets it sends by
 * itself. The packet layer (packet.bpf.c) sees those, but not for a process that root has moved out
 * of its cgroup: of what that one accepts, only its sends are judged.
 */
#include "brief.bpf.h"
#include "program.bpf.h"
#include "record.bpf.h"

enum {
	EG_CMSGS_MAX = 16, /* control messages we read; calls with more are refused */
};

/*
 * Reads an address as the socket's family will. An AF_INET6 datagram socket takes AF_INET
 * addresses; for sending, an AF_INET one takes AF_UNSPEC as AF_INET and a raw AF_INET6 one as
 * AF_INET6. Lengths and families the kernel refuses by itself are left to it: target->family stays
 * 0. Not inlined, for the stack's sake.
 */
static __noinline int eg_target_read(struct eg_target *target, struct sock *sk, __u64 addr, int len,
				     bool sending)
{
	__u16 family = sk->__sk_common.skc_family, unspec = 0;
	union eg_sockaddr sa = {};

	if (!eg_sockaddr_read(&sa, (const void *)addr, len))
		return 0;
	if (sending && family == EG_AF_INET)
		unspec = EG_AF_INET;
	else if (sending && sk->sk_type == EG_SOCK_RAW)
		unspec = EG_AF_INET6;
	if (sa.family == EG_AF_UNSPEC)
		sa.family = unspec;
	if (sa.family == EG_AF_INET)
		eg_target_in(target, &sa.in);
	else if (sa.family == EG_AF_INET6 && len >= EG_SIN6_LEN)
		eg_target_in6(target, &sa.in6);
	return 0;
}

/* Protocols without ports may have anything where others have theirs. */
static __always_inline void eg_target_proto(struct eg_target *target, __u16 protocol, __u16 type)
{
	target->proto = type == EG_SOCK_RAW ? EG_PROTO_OTHER : eg_proto_of(protocol);
	if (!eg_has_ports(target->proto))
		target->port = 0;
}

static __always_inline bool eg_is_connected(struct sock *sk)
{
	__u8 state = sk->__sk_common.skc_state;

	/* A closed stream socket keeps the address it had. */
	return sk->sk_type == EG_SOCK_STREAM ? state != EG_TCP_LISTEN && state != EG_TCP_CLOSE
					     : state == EG_TCP_ESTABLISHED;
}

/* Does the socket name the interface to send by? */
static __always_inline bool eg_has_interface(struct sock *sk)
{
	return sk->__sk_common.skc_bound_dev_if || BPF_CORE_READ((struct inet_sock *)sk, uc_index);
}

/* Is the socket bound to an IPv4 address, in IPv6's form? Then :: is 127.0.0.1 to it. */
static __noinline bool eg_is_bound_mapped(struct sock *sk)
{
	struct eg_target own = {.family = EG_AF_INET6};

	if (sk->__sk_common.skc_family != EG_AF_INET6)
		return false;
	BPF_CORE_READ_INTO(&own.addr, sk, __sk_common.skc_v6_rcv_saddr);
	return !eg_addr_word(&own, 0) && !eg_addr_word(&own, 1) &&
	       eg_addr_word(&own, 2) == bpf_htonl(0xffff);
}

/*
 * Brings the address of a call into its plain form. chosen: its control messages name a source or
 * an interface. Returns a reason to refuse, or 0: "any" by an interface goes to whatever address
 * that one has, which is not known here.
 */
static __always_inline __u32 eg_target_settle(struct eg_ask *ask, struct sock *sk, bool chosen)
{
	bool any6 = eg_is_any6(&ask->target);

	if (any6 && eg_is_bound_mapped(sk)) {
		eg_target_to_v4(&ask->target, bpf_htonl(INADDR_LOOPBACK));
	} else if (eg_is_any4(&ask->target) && (chosen || eg_has_interface(sk))) {
		return EG_REASON_MALFORMED;
	} else {
		eg_target_plain(&ask->target, eg_source(sk));
	}
	eg_target_proto(&ask->target, ask->protocol, ask->type);
	return 0;
}

/* Is it the connection that one of the guards' sessions came in by? */
static __always_inline bool eg_is_own_connection(const struct eg_ask *ask, struct sock *sk)
{
	__u64 *session = bpf_sk_storage_get(&eg_connections, sk, NULL, 0);

	if (!session)
		return false;
	for (int i = 0; i < EG_GUARDS; i++)
		if (ask->guards & 1U << i && ask->guard[i].session == *session)
			return true;
	return false;
}

/* ---- control messages ---- */

static __always_inline bool eg_is_source_route(__u32 level, __u32 type)
{
	if (level == EG_SOL_IP)
		return type == IP_RETOPTS;
	return level == EG_SOL_IPV6 && (type == IPV6_RTHDR || type == IPV6_2292RTHDR);
}

/* struct cmsghdr as the kernel has it, also for 32-bit callers. */
struct eg_cmsg {
	__u64 len;
	__u32 level;
	__u32 type;
};

/*
 * Returns a reason to refuse the call, or 0. *ret_chosen: 1 = they name a source or an interface.
 * A function of its own, and given numbers: 6.4 stopped taking a msghdr for an argument.
 */
static __noinline int eg_control_read(__u32 *ret_chosen, __u64 at, __u64 left)
{
	for (int i = 0; i < EG_CMSGS_MAX; i++) {
		struct eg_cmsg cmsg;

		if (left < sizeof(cmsg))
			return 0;
		if (bpf_probe_read_kernel(&cmsg, sizeof(cmsg), (const void *)at))
			return EG_REASON_MALFORMED;
		if (cmsg.len < sizeof(cmsg) || cmsg.len > left)
			return 0; /* EINVAL, says the kernel */
		if (eg_is_source_route(cmsg.level, cmsg.type))
			return EG_REASON_SOURCE_ROUTE;
		if (cmsg.level == EG_SOL_SCTP &&
		    (cmsg.type == EG_SCTP_DSTADDRV4 || cmsg.type == EG_SCTP_DSTADDRV6))
			return EG_REASON_MALFORMED; /* further addresses: sctp_connectx is judged */
		if ((cmsg.level == EG_SOL_IP && cmsg.type == IP_PKTINFO) ||
		    (cmsg.level == EG_SOL_IPV6 &&
		     (cmsg.type == IPV6_PKTINFO || cmsg.type == IPV6_2292PKTINFO)))
			*ret_chosen = 1;
		cmsg.len = (cmsg.len + 7) & ~7ULL;
		if (cmsg.len > left)
			return 0;
		left -= cmsg.len;
		at += cmsg.len;
	}
	return left < sizeof(struct eg_cmsg) ? 0 : EG_REASON_MALFORMED;
}

/* ---- hooks ---- */

static __always_inline bool eg_connect_refused(struct socket *sock, struct sockaddr *address,
					       int addrlen)
{
	struct eg_ask ask;
	struct sock *sk = eg_guarded_sock(&ask, sock, EG_OP_CONNECT);
	__u32 reason;

	if (!sk)
		return false;
	if (eg_kind_refused(&ask))
		return true;
	if (!eg_is_inet(ask.family))
		return false;
	eg_program_carry(sk);
	eg_target_read(&ask.target, sk, (__u64)address, addrlen, false);
	if (!ask.target.family)
		return false;
	reason = eg_target_settle(&ask, sk, false);
	if (reason)
		return eg_refused_for(&ask, reason, sk);
	if (eg_target_refused(&ask, sk))
		return true;
	eg_tell_target(&ask, 0);
	return false;
}

/* The arguments are read when they are wanted, and for most of the host's calls they are not. */
SEC("lsm/socket_connect")
int eg_socket_connect(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int whose = eg_quick_whose(task), said;

	if (whose == EG_QUICK_NOBODY)
		return 0;
	said = eg_brief_connect(task, whose, (void *)ctx[0], (void *)ctx[1], ctx[2]);
	if (said)
		return eg_hook_result(said == EG_SAID_REFUSE);
	return eg_hook_result(eg_connect_refused((void *)ctx[0], (void *)ctx[1], ctx[2]));
}

/* The address in the call: where a datagram goes, and where a fast open connects to. */
static __always_inline bool eg_name_refused(struct eg_ask *ask, struct sock *sk,
					    const struct msghdr *msg, bool chosen)
{
	__u32 reason;

	if (!msg->msg_name)
		return false;
	eg_target_read(&ask->target, sk, (__u64)msg->msg_name, msg->msg_namelen, true);
	if (!ask->target.family)
		return false;
	reason = eg_target_settle(ask, sk, chosen);
	return reason ? eg_refused_for(ask, reason, sk) : eg_target_refused(ask, sk);
}

/* The socket's own peer, which is where bytes go that are not addressed otherwise. */
static __always_inline bool eg_peer_refused(struct eg_ask *ask, struct sock *sk)
{
	__builtin_memset(&ask->target, 0, sizeof(ask->target));
	if (!eg_is_connected(sk))
		return false;
	eg_target_peer(&ask->target, sk);
	if (!ask->target.family)
		return false;
	eg_target_plain(&ask->target, 0);
	eg_target_proto(&ask->target, ask->protocol, ask->type);
	ask->by_peer = 1;
	return eg_judge_target(ask) && !eg_is_own_connection(ask, sk) &&
	       eg_socket_refuse(ask, eg_socket_of(sk));
}

static __always_inline bool eg_sendmsg_refused(struct socket *sock, struct msghdr *msg)
{
	struct eg_ask ask;
	struct sock *sk = eg_guarded_sock(&ask, sock, EG_OP_SENDMSG);
	__u32 reason = 0, chosen = 0;

	if (!sk)
		return false;
	if (eg_kind_refused(&ask))
		return true;
	if (!eg_is_inet(ask.family))
		return false;
	if (msg->msg_controllen)
		reason = eg_control_read(&chosen, (__u64)msg->msg_control, msg->msg_controllen);
	if (reason && eg_refused_for(&ask, reason, sk))
		return true;
	if (eg_name_refused(&ask, sk, msg, chosen))
		return true;
	/* On a connection TCP passes over the address. */
	if (ask.target.family && !(ask.type == EG_SOCK_STREAM && eg_is_connected(sk)))
		eg_tell_target(&ask, bpf_get_socket_cookie(sk));
	/* A datagram that is addressed goes there and nowhere else. */
	if (ask.target.family && ask.type != EG_SOCK_STREAM)
		return false;
	return eg_peer_refused(&ask, sk);
}

/* As eg_socket_connect. */
SEC("lsm/socket_sendmsg")
int eg_socket_sendmsg(unsigned long long *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int whose = eg_quick_whose(task);

	if (whose == EG_QUICK_NOBODY ||
	    eg_brief_sendmsg(task, whose, (void *)ctx[0], (void *)ctx[1]))
		return 0;
	return eg_hook_result(eg_sendmsg_refused((void *)ctx[0], (void *)ctx[1]));
}

enum {
	EG_MAY_WRITE = 2,    /* include/linux/fs.h */
	EG_S_IFMT = 0170000, /* include/uapi/linux/stat.h */
	EG_S_IFSOCK = 0140000,
};

/* Before 6.5 splice and sendfile give a socket its bytes without sendmsg. The helper leaves this
 * out on later kernels: it is asked for every read and write of the host. */
SEC("lsm/file_permission")
int BPF_PROG(eg_file_permission, struct file *file, int mask)
{
	struct eg_ask ask;
	struct socket *sock;
	struct sock *sk;

	if (!(mask & EG_MAY_WRITE) || (file->f_inode->i_mode & EG_S_IFMT) != EG_S_IFSOCK)
		return 0;
	sock = bpf_sock_from_file(file);
	if (!sock)
		return 0;
	sk = eg_asked_sock(&ask, sock, EG_OP_SENDMSG);
	if (!sk || eg_is_local(ask.family))
		return 0;
	if (!eg_is_inet(ask.family))
		return eg_hook_result(eg_kind_refused(&ask));
	return eg_hook_result(eg_peer_refused(&ask, sk));
}
