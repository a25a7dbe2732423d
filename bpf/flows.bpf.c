// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Flows that were open before a policy was tightened, or a session cut off: an iterator over TCP
 * sockets names those that are denied now, for the helper to reset (helper/flows.c). The packet
 * layer (packet.bpf.c) drops their packets in any case; this is for the program at their end, which
 * would wait.
 * Goes by the cgroup a socket was made in and by its mark.
 */
#include "socket.bpf.h"

/* The guards of a TCP socket: of the cgroup that it was made in, and its mark. */
static __always_inline bool eg_flow_guards(struct sock *sk, struct eg_guard *ret_bound,
					   struct eg_guard *ret_mark)
{
	struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;
	const struct eg_guard *bound = cgroup ? eg_guard_of_cgroup(cgroup) : NULL;
	struct eg_guard *mark = bpf_sk_storage_get(&eg_marks, sk, NULL, 0);
	int guards = 0;

	if (bound) {
		*ret_bound = *bound;
		guards++;
	}
	barrier_var(guards); /* see eg_who_is */
	if (mark) {
		*ret_mark = *mark;
		guards++;
	}
	return guards;
}

/* Does the guard, if it is one, deny the target now, and not only audit? Answers go into *flow. */
static __always_inline bool eg_flow_denied(const struct eg_guard *guard,
					   const struct eg_file_id *program,
					   const struct eg_target *target,
					   struct eg_denied_flow *flow)
{
	struct eg_query query = {};
	struct eg_view view;

	if (!guard->session)
		return false;
	eg_view_of(guard, &view);
	if (eg_audits(&view, EG_ON_EGRESS))
		return false;
	query.target = *target;
	query.policy = view.policy;
	query.own = eg_view_own_of(&view, program);
	query.flags = view.flags;
	if (!eg_verdict(&query))
		return false;
	flow->session = view.session;
	flow->profile = view.profile;
	flow->rule = query.rule;
	flow->reason = query.reason;
	flow->rule_family = query.rule_family;
	flow->generation = view.generation;
	return true;
}

/* Lists the TCP sockets of sessions, in the reader's network namespace, whose peer is denied now.
 */
SEC("iter/tcp")
int eg_iter_flows(struct bpf_iter__tcp *ctx)
{
	struct eg_denied_flow flow = {};
	struct eg_guard bound = {}, mark = {};
	struct eg_file_id program = {}, *noted;
	struct eg_target target = {};
	struct sock_common *common = ctx->sk_common;
	struct sock *sk;

	if (!common)
		return 0;
	sk = (struct sock *)bpf_skc_to_tcp_sock(common);
	if (!sk || !eg_flow_guards(sk, &bound, &mark))
		return 0;
	eg_target_peer(&target, sk);
	if (!target.family)
		return 0; /* not connected */
	eg_target_plain(&target, 0);
	target.proto = EG_PROTO_TCP;
	noted = bpf_sk_storage_get(&eg_programs, sk, NULL, 0);
	if (noted)
		program = *noted;
	if (!eg_flow_denied(&bound, &program, &target, &flow) &&
	    !eg_flow_denied(&mark, &program, &target, &flow))
		return 0;
	flow.cookie = bpf_get_socket_cookie(sk);
	flow.uid = ctx->uid;
	flow.family = sk->__sk_common.skc_family;
	flow.lport = sk->__sk_common.skc_num;
	flow.rport = bpf_ntohs(sk->__sk_common.skc_dport);
	flow.interface = sk->__sk_common.skc_bound_dev_if;
	if (flow.family == EG_AF_INET) {
		*(__u32 *)flow.laddr = sk->__sk_common.skc_rcv_saddr;
		*(__u32 *)flow.raddr = sk->__sk_common.skc_daddr;
	} else {
		BPF_CORE_READ_INTO(&flow.laddr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&flow.raddr, sk, __sk_common.skc_v6_daddr);
	}
	bpf_seq_write(ctx->meta->seq, &flow, sizeof(flow));
	return 0;
}
