/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a policy says about an address, a protocol and a port: one question for the hooks and the
 * packet layer, so that they cannot disagree.
 */
#ifndef EG_VERDICT_BPF_H
#define EG_VERDICT_BPF_H

#include <linux/in.h>
#include "policy.bpf.h"

enum { EG_IPPROTO_MPTCP = 262 }; /* include/uapi/linux/in.h; not in every libc's */

/* The other end: where a call or a packet goes to, or where a packet comes from. */
struct eg_target {
	__u16 family; /* EG_AF_INET or EG_AF_INET6; 0 = there is none */
	__u16 port;   /* host order */
	__u8 proto;   /* enum eg_proto */
	__u8 pad[3];
	__u8 addr[16];
};

/* A question, and its answer where eg_verdict denies. */
struct eg_query {
	__u32 policy; /* index; 0 = missing */
	__u32 own;    /* index of what the program has besides, see eg_view_own */
	__u32 flags;  /* EG_POLICY_* of policy, and EG_CUT */
	struct eg_target target;
	struct eg_rule rule;
	__u32 reason; /* enum eg_reason */
	__u16 rule_family;
	__u16 has_rule;
};

/*
 * The two halves of eg_verdict, global functions (verdict.bpf.c): the verifier looks at their loops
 * once and not at every use. One after the other and not one in the other, since together they
 * would have no room on the stack below a hook's.
 * inside: 1 = it is about the IPv4 address inside an IPv6 one.
 */
int eg_verdict_table(struct eg_query *query, int inside);
int eg_verdict_rule(struct eg_query *query, int said, int inside);

/* Does the policy deny binding the target's port? 1 or 0. Only proto and port of the target are
 * asked for. */
int eg_bind_verdict(struct eg_query *query);

enum eg_said {
	EG_SAID_NOTHING = 0, /* it depends on more than was asked with */
	EG_SAID_PASS,
	EG_SAID_REFUSE,
};

/*
 * What the networks of a policy that has some of the family say about an address, whatever protocol
 * and port: enum eg_said, with the rule that refuses in *ret; and whether they let it pass, 1 or 0.
 * The address is in network order, as it lies in memory.
 */
int eg_networks_say4(__u32 policy, __u32 addr, struct eg_rule *ret);
int eg_networks_pass6(__u32 policy, __u64 high, __u64 low);

/* IPPROTO_* as rules tell them apart. */
static __always_inline __u8 eg_proto_of(__u16 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case EG_IPPROTO_MPTCP:
		return EG_PROTO_TCP;
	case IPPROTO_UDP:
		return EG_PROTO_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return EG_PROTO_ICMP;
	case IPPROTO_SCTP:
		return EG_PROTO_SCTP;
	case IPPROTO_DCCP:
		return EG_PROTO_DCCP;
	case IPPROTO_UDPLITE:
		return EG_PROTO_UDPLITE;
	default:
		return EG_PROTO_OTHER;
	}
}

static __always_inline bool eg_has_ports(__u8 proto)
{
	return proto != EG_PROTO_OTHER && proto != EG_PROTO_ICMP;
}

static __always_inline __u32 eg_addr_word(const struct eg_target *target, int i)
{
	return ((const __u32 *)target->addr)[i];
}

/* 0.0.0.0, in either form. */
static __always_inline bool eg_is_any4(const struct eg_target *target)
{
	if (target->family == EG_AF_INET)
		return !eg_addr_word(target, 0);
	return !eg_addr_word(target, 0) && !eg_addr_word(target, 1) &&
	       eg_addr_word(target, 2) == bpf_htonl(0xffff) && !eg_addr_word(target, 3);
}

/* :: */
static __always_inline bool eg_is_any6(const struct eg_target *target)
{
	return target->family == EG_AF_INET6 && !eg_addr_word(target, 0) &&
	       !eg_addr_word(target, 1) && !eg_addr_word(target, 2) && !eg_addr_word(target, 3);
}

/* The IPv4 address that NAT64 (64:ff9b::/96) or 6to4 (2002::/16) makes of an IPv6 one; 0 = none. */
static __always_inline __u32 eg_embedded(const struct eg_target *target)
{
	__u32 v4;

	if (eg_addr_word(target, 0) == bpf_htonl(0x0064ff9b) && !eg_addr_word(target, 1) &&
	    !eg_addr_word(target, 2))
		return eg_addr_word(target, 3);
	if (target->addr[0] != 0x20 || target->addr[1] != 0x02)
		return 0;
	__builtin_memcpy(&v4, target->addr + 2, sizeof(v4));
	return v4;
}

/* Does the policy deny the target? 1 or 0. The target must be in its plain form
 * (eg_target_plain). */
static __always_inline int eg_verdict(struct eg_query *query)
{
	if (eg_verdict_rule(query, eg_verdict_table(query, 0), 0))
		return 1;
	if (query->target.family == EG_AF_INET || !eg_embedded(&query->target))
		return 0;
	return eg_verdict_rule(query, eg_verdict_table(query, 1), 1);
}

static __always_inline void eg_target_to_v4(struct eg_target *target, __u32 v4)
{
	__builtin_memset(target->addr, 0, sizeof(target->addr));
	*(__u32 *)target->addr = v4;
	target->family = EG_AF_INET;
}

/*
 * Brings an address to the form in which rules name it: v4-mapped is IPv4, and "any" is where the
 * kernel sends it, the address the socket is bound to (source, network order, 0 = none) or
 * loopback.
 */
static __always_inline void eg_target_plain(struct eg_target *target, __u32 source)
{
	if (target->family == EG_AF_INET6 && !eg_addr_word(target, 0) && !eg_addr_word(target, 1) &&
	    eg_addr_word(target, 2) == bpf_htonl(0xffff))
		eg_target_to_v4(target, eg_addr_word(target, 3));
	if (eg_is_any6(target))
		target->addr[15] = 1;
	else if (target->family == EG_AF_INET && !eg_addr_word(target, 0))
		eg_target_to_v4(target, source ? source : bpf_htonl(INADDR_LOOPBACK));
}

#endif
