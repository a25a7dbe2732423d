// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The judges behind the socket hooks: is this kind of socket open, is this address denied, may this
 * port be bound; for both guards of a task.
 */
#include "socket.bpf.h"

/* Keeps the strictest guard, the first of equals. */
static __always_inline bool eg_outranks(const struct eg_view *view, const struct eg_ask *ask,
					__u32 reason, __u32 *worst)
{
	__u32 rank = eg_rank(view, eg_on_of(ask->op, reason));

	if (rank <= *worst)
		return false;
	*worst = rank;
	return true;
}

/* Bit i: guard i is there, and says something that the one before has not said. Both guards of an
 * ordinary member are the same session. Not inlined, for the stack's sake. */
static __noinline __u32 eg_counting(const struct eg_ask *ask)
{
	__u32 both = 1U << EG_BY_CGROUP | 1U << EG_BY_LABEL;

	if (ask->guards == both && eg_is_alike(&ask->guard[0], &ask->guard[1]))
		return 1U;
	return ask->guards;
}

/* ---- families and protocols ---- */

enum {
	EG_OPEN_ALWAYS = 0,
	EG_OPEN_NEVER = 1U << 31,
};

/* What a profile must name for such an IP socket: EG_OPEN_*. protocol 0 = the type's own. */
static __always_inline __u32 eg_open_bit(__u16 type, __u16 protocol)
{
	switch (type) {
	case EG_SOCK_STREAM:
		if (!protocol || protocol == IPPROTO_TCP || protocol == EG_IPPROTO_MPTCP)
			return EG_OPEN_ALWAYS;
		return protocol == IPPROTO_SCTP ? EG_OPEN_SCTP : EG_OPEN_NEVER;
	case EG_SOCK_DGRAM:
		if (!protocol || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
		    protocol == IPPROTO_ICMPV6)
			return EG_OPEN_ALWAYS;
		return protocol == IPPROTO_UDPLITE ? EG_OPEN_UDPLITE : EG_OPEN_NEVER;
	case EG_SOCK_SEQPACKET:
		return !protocol || protocol == IPPROTO_SCTP ? EG_OPEN_SCTP : EG_OPEN_NEVER;
	case EG_SOCK_DCCP:
		return EG_OPEN_DCCP;
	case EG_SOCK_RAW:
		return EG_OPEN_RAW;
	default:
		return EG_OPEN_NEVER;
	}
}

/* The reason why the policy does not open such a socket; 0 = it does. */
static __always_inline __u32 eg_closed(const struct eg_ask *ask, __u32 index)
{
	struct eg_policy *policy = bpf_map_lookup_elem(&eg_policies, &index);
	__u32 bit;

	if (!index || !policy)
		return EG_REASON_POLICY;
	if (ask->family >= EG_FAMILIES ||
	    !(policy->families >> (ask->family & (EG_FAMILIES - 1)) & 1))
		return EG_REASON_FAMILY;
	if (!eg_is_inet(ask->family))
		return 0;
	bit = eg_open_bit(ask->type, ask->protocol);
	return !bit || (policy->protocols & bit) ? 0 : EG_REASON_PROTOCOL;
}

__noinline int eg_judge_kind(struct eg_ask *ask)
{
	__u32 worst = 0, guards;

	if (!ask)
		return 1;
	guards = eg_counting(ask);
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view view;
		__u32 reason;

		if (!(guards & 1U << i))
			continue;
		eg_view_of(&ask->guard[i], &view);
		/* Of the others it depends on where they send to. */
		if (view.flags & EG_CUT && !eg_is_inet(ask->family) && !eg_is_local(ask->family))
			reason = EG_REASON_QUARANTINE;
		else
			reason = eg_closed(ask, view.policy);
		if (!reason || !eg_outranks(&view, ask, reason, &worst))
			continue;
		ask->view = view;
		ask->reason = reason;
	}
	return worst != 0;
}

/* ---- addresses and ports ---- */

static __always_inline int eg_judge(struct eg_ask *ask, bool port)
{
	__u32 worst = 0, guards = eg_counting(ask);

	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_query query = {};
		struct eg_view view;

		if (!(guards & 1U << i))
			continue;
		eg_view_of(&ask->guard[i], &view);
		query.policy = view.policy;
		query.own = eg_view_own(&view);
		query.flags = view.flags;
		query.target = ask->target;
		if (!(port ? eg_bind_verdict(&query) : eg_verdict(&query)) ||
		    !eg_outranks(&view, ask, query.reason, &worst))
			continue;
		ask->view = view;
		ask->rule = query.rule;
		ask->reason = query.reason;
		ask->rule_family = query.rule_family;
		ask->has_rule = query.has_rule;
	}
	return worst != 0;
}

__noinline int eg_judge_target(struct eg_ask *ask)
{
	return ask ? eg_judge(ask, false) : 1;
}

__noinline int eg_judge_port(struct eg_ask *ask)
{
	return ask ? eg_judge(ask, true) : 1;
}

/* ---- reasons that are not in the policy ---- */

__noinline int eg_judge_reason(struct eg_ask *ask)
{
	__u32 worst = 0, guards;

	if (!ask)
		return 1;
	guards = eg_counting(ask);
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view view;

		if (!(guards & 1U << i))
			continue;
		eg_view_of(&ask->guard[i], &view);
		if (!eg_outranks(&view, ask, ask->reason, &worst))
			continue;
		ask->view = view;
	}
	return worst != 0;
}

/* ---- refusing ---- */

/*
 * Under audit the call goes on: neither its packets nor those that answer are to be reported a
 * second time. True: the flow was noted before.
 */
static __always_inline bool eg_note_flow(const struct eg_ask *ask)
{
	struct eg_flow flow = {.session = ask->view.session,
			       .generation = ask->view.generation,
			       .port = ask->target.port,
			       .proto = ask->target.proto,
			       .direction = EG_OP_EGRESS};
	__u64 none = 0;

	bool known;

	__builtin_memcpy(flow.addr, ask->target.addr, sizeof(flow.addr));
	/* Before 6.4 the call that the verifier puts there returns an int: the upper half is not
	 * told. */
	known = (int)bpf_map_update_elem(&eg_flows, &flow, &none, BPF_NOEXIST) == -EEXIST;
	flow.direction = EG_OP_INGRESS;
	bpf_map_update_elem(&eg_flows, &flow, &none, BPF_NOEXIST);
	return known;
}

/* Under audit, is there nothing new to report? Sends on a connection are part of what its connect
 * was reported for. */
static __always_inline bool eg_is_old_news(struct eg_ask *ask)
{
	bool known = false, reported = ask->reported;

	if (!eg_audits(&ask->view, eg_on_of(ask->op, ask->reason)))
		return false;
	ask->reported = 1;
	if (ask->target.family && (ask->op == EG_OP_CONNECT || ask->op == EG_OP_SENDMSG))
		known = eg_note_flow(ask);
	return reported || (known && ask->by_peer);
}

__noinline int eg_socket_refuse(struct eg_ask *ask, __u64 sock)
{
	struct eg_detail detail = {};

	if (!ask)
		return 1;
	if (eg_is_old_news(ask))
		return 0;
	detail.op = ask->op;
	detail.family = ask->family;
	detail.protocol = ask->protocol;
	detail.level = ask->level;
	detail.option = ask->option;
	detail.handed = ask->op == EG_OP_RECEIVE;
	detail.reason = ask->reason;
	detail.rule = ask->rule;
	detail.rule_family = ask->rule_family;
	detail.has_rule = ask->has_rule;
	if (ask->target.family) {
		detail.family = ask->target.family;
		detail.port = ask->target.port;
		detail.has_addr = 1;
		__builtin_memcpy(detail.addr, ask->target.addr, sizeof(detail.addr));
	}
	return eg_refuse_on(&ask->view, &detail, sock) != 0;
}
