// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Egress: no connect and no datagram to an address the policy denies.
 *
 * Hooks: socket_connect, socket_sendmsg (which also sees sendto with MSG_FASTOPEN: it never reaches
 * connect).
 * Not covered yet: sockets connected elsewhere and passed in, other protocol families, flows that
 * were open before the policy was tightened.
 */
#include "policy.bpf.h"
#include <linux/in.h>
#include <linux/in6.h>

/* A destination, whatever form it came in. */
struct eg_dest {
	__u16 family; /* EG_AF_INET or EG_AF_INET6; 0 = nothing to judge */
	__u16 port;   /* host order */
	__u8 addr[16];
};

/* Both layouts of the address a caller may pass, and its length for family alone. */
union eg_sockaddr {
	__u16 family;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum {
	EG_SIN_LEN = sizeof(struct sockaddr_in),
	EG_SIN6_LEN = 24, /* SIN6_LEN_RFC2133, net/ipv6: without the scope id */
};

static __always_inline bool eg_is_mapped(const __u8 *addr)
{
	const __u32 *word = (const void *)addr;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

static __always_inline void eg_dest_in(struct eg_dest *dest, const struct sockaddr_in *in)
{
	dest->family = EG_AF_INET;
	dest->port = bpf_ntohs(in->sin_port);
	__builtin_memcpy(dest->addr, &in->sin_addr, 4);
}

/*
 * Reads the destination as the socket's family will. sk_family is AF_INET or AF_INET6; addr is
 * kernel memory of len bytes. An AF_INET6 datagram socket takes AF_INET addresses, an AF_INET one
 * takes AF_UNSPEC as AF_INET when sending. Lengths the kernel refuses by itself (EINVAL) are left
 * to it.
 */
static __always_inline void eg_dest_read(struct eg_dest *dest, __u16 sk_family, const void *addr,
					 int len, bool sending)
{
	union eg_sockaddr sa = {};

	if (len < EG_SIN_LEN)
		return;
	if (len >= EG_SIN6_LEN) {
		if (bpf_probe_read_kernel(&sa, EG_SIN6_LEN, addr))
			return;
	} else if (bpf_probe_read_kernel(&sa, EG_SIN_LEN, addr)) {
		return;
	}
	if (sa.family == EG_AF_INET ||
	    (sa.family == EG_AF_UNSPEC && sending && sk_family == EG_AF_INET)) {
		eg_dest_in(dest, &sa.in);
	} else if (sa.family == EG_AF_INET6 && len >= EG_SIN6_LEN) {
		dest->port = bpf_ntohs(sa.in6.sin6_port);
		__builtin_memcpy(dest->addr, &sa.in6.sin6_addr, 16);
		dest->family = EG_AF_INET6;
		if (eg_is_mapped(dest->addr)) {
			__u32 v4;

			__builtin_memcpy(&v4, dest->addr + 12, 4);
			__builtin_memset(dest->addr, 0, sizeof(dest->addr));
			__builtin_memcpy(dest->addr, &v4, 4);
			dest->family = EG_AF_INET;
		}
	}
}

/* Looks the destination up in one trie. Returns false when the trie must be there and is not. */
static __always_inline bool eg_lookup(const struct eg_view *view, const struct eg_dest *dest,
				      struct eg_rule **ret)
{
	__u32 index = view->policy;
	void *trie;

	*ret = NULL;
	if (dest->family == EG_AF_INET) {
		struct eg_lpm4_key key = {.prefix_len = 32};

		if (!(view->flags & EG_POLICY_RULES4))
			return true;
		trie = bpf_map_lookup_elem(&eg_tries4, &index);
		if (!trie)
			return false;
		__builtin_memcpy(key.addr, dest->addr, sizeof(key.addr));
		*ret = bpf_map_lookup_elem(trie, &key);
	} else {
		struct eg_lpm6_key key = {.prefix_len = 128};

		if (!(view->flags & EG_POLICY_RULES6))
			return true;
		trie = bpf_map_lookup_elem(&eg_tries6, &index);
		if (!trie)
			return false;
		__builtin_memcpy(key.addr, dest->addr, sizeof(key.addr));
		*ret = bpf_map_lookup_elem(trie, &key);
	}
	return true;
}

/* Does this policy deny the destination? A missing policy or trie does. */
static __always_inline bool eg_dest_denied(const struct eg_view *view, const struct eg_dest *dest,
					   struct eg_rule *ret)
{
	struct eg_rule *rule;

	__builtin_memset(ret, 0, sizeof(*ret));
	if (!view->policy || !eg_lookup(view, dest, &rule))
		return true;
	if (!rule)
		return false;
	*ret = *rule;
	return rule->verdict != EG_VERDICT_ALLOW;
}

static __always_inline int eg_judge(const struct eg_who *who, struct sock *sk,
				    const struct eg_dest *dest, __u16 op)
{
	struct eg_detail detail = {};
	struct eg_view refusing = {};
	bool refused = false;

	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view view;
		struct eg_rule rule;

		if (!who->guard[i])
			continue;
		eg_view_of(who->guard[i], &view);
		if (!eg_dest_denied(&view, dest, &rule))
			continue;
		if (!refused || (refusing.flags & EG_POLICY_AUDIT)) {
			refusing = view;
			detail.rule = rule;
		}
		refused = true;
	}
	if (!refused)
		return 0;
	detail.op = op;
	detail.family = dest->family;
	detail.protocol = sk->sk_protocol;
	detail.port = dest->port;
	detail.has_rule = detail.rule.verdict != EG_VERDICT_ALLOW;
	__builtin_memcpy(detail.addr, dest->addr, sizeof(detail.addr));
	return eg_refuse(&refusing, &detail);
}

static __always_inline bool eg_is_inet(__u16 family)
{
	return family == EG_AF_INET || family == EG_AF_INET6;
}

SEC("lsm/socket_connect")
int BPF_PROG(eg_socket_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct eg_dest dest = {};
	struct eg_who who;
	struct sock *sk;
	__u16 family;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0; /* closed under us: the call fails by itself */
	family = sk->__sk_common.skc_family;
	if (!eg_is_inet(family))
		return 0;
	eg_dest_read(&dest, family, address, addrlen, false);
	if (!dest.family)
		return 0;
	return eg_judge(&who, sk, &dest, EG_OP_CONNECT);
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(eg_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	struct eg_dest dest = {};
	struct eg_who who;
	struct sock *sk;
	__u16 family;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0; /* closed under us: the call fails by itself */
	family = sk->__sk_common.skc_family;
	if (!eg_is_inet(family) || !msg->msg_name)
		return 0;
	eg_dest_read(&dest, family, msg->msg_name, msg->msg_namelen, true);
	if (!dest.family)
		return 0;
	return eg_judge(&who, sk, &dest, EG_OP_SENDMSG);
}
