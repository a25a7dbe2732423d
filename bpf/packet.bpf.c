// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The packet layer: what leaves by a session's sockets or comes in to them, by the same policies as
 * the calls. It catches what no hook sees: flows open before a policy was tightened, denied peers
 * that connect in, splice and sendfile on 6.1, what raw sockets write, and whatever the hooks
 * missed.
 *
 * Programs: cgroup_skb egress and ingress, attached by the helper to each bound cgroup; and another
 * two for the root of all cgroups, attached once a stray (stray.bpf.c) has made a socket.
 * Hooks: inet_conn_request.
 * Goes by the cgroup a socket was made in and by its mark: other sockets made outside are the
 * hooks' business. Sees destinations as NAT has left them.
 * Not covered: packet and XDP sockets, which are refused when made (sockets.bpf.c).
 */
#include "headers.bpf.h"

enum {
	EG_DROP = 0,
	EG_PASS = 1,
};

/* ---- whose ---- */

/* The guard of the socket's cgroup or its nearest bound ancestor. */
static __always_inline struct eg_guard *eg_guard_of_skb(struct __sk_buff *skb)
{
	struct eg_guard *guard = NULL, *found;
	struct eg_state *state;
	__u32 zero = 0, depth = 0, n;

	state = bpf_map_lookup_elem(&eg_state, &zero);
	if (!state)
		return NULL;
	n = state->n_levels;
	for (__u32 i = 0; i < EG_LEVELS_MAX && i < n; i++) {
		__u32 level = state->levels[i];
		__u64 id;

		if (level < depth)
			continue;
		id = bpf_skb_ancestor_cgroup_id(skb, level);
		found = id ? bpf_map_lookup_elem(&eg_sessions, &id) : NULL;
		if (found) {
			guard = found;
			depth = level;
		}
	}
	return guard;
}

/* ---- judging ---- */

/* What the guards of a socket say of a packet: the one that refuses, and why. */
struct eg_judged {
	struct eg_view view;
	struct eg_query query;
	__u32 refused;
	__u32 pad;
};

/* Asks one more guard. Of two that refuse, the one that enforces is kept, else the first. */
static __always_inline void eg_judge_packet(struct eg_judged *judged, const struct eg_guard *guard,
					    const struct eg_file_id *program,
					    const struct eg_packet *packet)
{
	struct eg_query query = {};
	struct eg_view view;

	eg_view_of(guard, &view);
	query.policy = view.policy;
	query.own = eg_view_own_of(&view, program);
	query.flags = view.flags;
	query.target = packet->peer;
	query.reason = packet->reason;
	if (!packet->reason && !eg_verdict(&query))
		return;
	if (judged->refused && !eg_audits(&judged->view, EG_ON_EGRESS))
		return;
	judged->view = view;
	judged->query = query;
	judged->refused = 1;
}

/* ---- refusing ---- */

/* The socket of a packet and our end of it, as far as its record tells. */
struct eg_origin {
	__u64 cookie;
	__u64 cgroup; /* id of the one it was made in */
	__u8 addr[16];
	__u16 port;
	__u16 has_addr;
	__u32 pad;
};

/* Is this the first packet of its flow since the policy came into force? Counts the others. */
static __always_inline bool eg_is_new_flow(const struct eg_origin *origin,
					   const struct eg_view *view,
					   const struct eg_packet *packet, __u16 op)
{
	struct eg_flow flow = {.session = view->session,
			       .generation = view->generation,
			       .port = packet->peer.port,
			       .proto = packet->peer.proto,
			       .direction = op};
	const bool audit = eg_audits(view, EG_ON_EGRESS);
	__u64 one = 1, *count;

	__builtin_memcpy(flow.addr, packet->peer.addr, sizeof(flow.addr));
	if (audit) {
		struct eg_flow raw = flow;

		/* Was the call reported? For a raw socket it knew neither port nor protocol. */
		raw.proto = EG_PROTO_OTHER;
		raw.port = 0;
		if (bpf_map_lookup_elem(&eg_flows, &flow) || bpf_map_lookup_elem(&eg_flows, &raw))
			return false;
	}
	flow.cookie = origin->cookie;
	if (!audit) /* what an order has refused since is news */
		flow.direction |= EG_FLOW_REFUSED;
	count = bpf_map_lookup_elem(&eg_flows, &flow);
	if (count) {
		__sync_fetch_and_add(count, 1);
		return false;
	}
	/* (int): see eg_note_flow */
	return (int)bpf_map_update_elem(&eg_flows, &flow, &one, BPF_NOEXIST) != -EEXIST;
}

/* Not inlined: clang would test the reservation twice, and 6.1's verifier loses it between. */
static __noinline bool eg_packet_report(const struct eg_origin *origin, const struct eg_view *view,
					const struct eg_detail *detail, __u16 verdict)
{
	struct eg_event *e = bpf_ringbuf_reserve(&eg_events, sizeof(*e), 0);

	if (!e)
		return false;
	eg_event_fill(e, view, detail, verdict);
	e->cgroup = origin->cgroup;
	e->has_src = origin->has_addr;
	e->sport = origin->port;
	__builtin_memcpy(e->src, origin->addr, sizeof(e->src));
	/* bpf_get_socket_uid tells a uid of the socket's user namespace, which anybody can choose.
	 */
	e->uid = e->gid = e->loginuid = e->audit_session = (__u32)-1;
	eg_event_submit(e);
	return true;
}

static __always_inline int eg_packet_refuse(const struct eg_origin *origin,
					    const struct eg_judged *judged,
					    const struct eg_packet *packet, __u16 op)
{
	const struct eg_view *view = &judged->view;
	const struct eg_query *query = &judged->query;
	bool audit = eg_audits(view, EG_ON_EGRESS), lost = false, first;
	struct eg_totals *totals;
	__u64 session = view->session;

	first = eg_is_new_flow(origin, view, packet, op);
	if (first) {
		struct eg_detail detail = {
			.op = op,
			.family = packet->peer.family,
			.protocol = packet->protocol,
			.port = packet->peer.port,
			.rule = query->rule,
			.reason = query->reason,
			.has_rule = query->has_rule,
			.has_addr = 1,
			.rule_family = query->rule_family,
		};

		__builtin_memcpy(detail.addr, packet->peer.addr, sizeof(detail.addr));
		lost = !eg_packet_report(origin, view, &detail,
					 audit ? EG_VERDICT_AUDIT : EG_VERDICT_DENY);
	}
	totals = bpf_map_lookup_elem(&eg_totals, &session);
	if (totals) {
		__sync_fetch_and_add(audit ? &totals->packets_audited : &totals->packets, 1);
		if (first && audit)
			__sync_fetch_and_add(&totals->audited[op & (EG_OP_MAX - 1)], 1);
		else if (first)
			__sync_fetch_and_add(&totals->refused[op & (EG_OP_MAX - 1)], 1);
		if (lost)
			__sync_fetch_and_add(&totals->lost, 1);
	}
	return audit ? EG_PASS : EG_DROP;
}

/* Has `ebpfguard-helper --unload` ended all enforcement? It takes the levels of bindings back. */
static __always_inline bool eg_is_lifted(void)
{
	__u32 zero = 0;
	struct eg_state *state = bpf_map_lookup_elem(&eg_state, &zero);

	return state && !state->n_levels;
}

/* The guard that a socket was blocked for. Without ret, notes one. */
static __always_inline bool eg_blocked_guard(struct __sk_buff *skb, struct eg_guard *note,
					     struct eg_guard *ret)
{
	struct bpf_sock *sk = skb->sk;
	struct eg_guard *guard;

	if (!sk)
		return false;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return false;
	guard = bpf_sk_storage_get(&eg_blocked, sk, note, note ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (!guard)
		return false;
	if (ret)
		*ret = *guard;
	return true;
}

/*
 * The mark of the packet's socket. Not bpf_skc_to_mptcp_sock, to find that of the MPTCP socket it
 * serves: 6.1 takes a null pointer for a socket that is being closed (tried: the machine panics).
 */
static __always_inline bool eg_mark_of_skb(struct __sk_buff *skb, struct eg_guard *ret)
{
	struct bpf_sock *sk = skb->sk;
	struct eg_guard *mark;

	if (!sk)
		return false;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return false;
	mark = bpf_sk_storage_get(&eg_marks, sk, NULL, 0);
	if (!mark)
		return false;
	*ret = *mark;
	return true;
}

/* The program that the packet's socket is of. */
static __always_inline void eg_program_of_skb(struct __sk_buff *skb, struct eg_file_id *ret)
{
	struct bpf_sock *sk = skb->sk;
	struct eg_file_id *program;

	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	program = bpf_sk_storage_get(&eg_programs, sk, NULL, 0);
	if (program)
		*ret = *program;
}

/* Our end of a packet, by its header; the port, which may be deep inside, by the socket. */
static __always_inline void eg_own_of_skb(struct __sk_buff *skb, const struct eg_packet *packet,
					  struct eg_origin *origin)
{
	struct bpf_sock *sk = skb->sk;

	if (skb->protocol == bpf_htons(ETH_P_IP))
		origin->has_addr =
			packet->peer.family == EG_AF_INET &&
			!bpf_skb_load_bytes(skb,
					    packet->out ? __builtin_offsetof(struct iphdr, saddr)
							: __builtin_offsetof(struct iphdr, daddr),
					    origin->addr, sizeof(__u32));
	else
		origin->has_addr =
			packet->peer.family == EG_AF_INET6 &&
			!bpf_skb_load_bytes(skb,
					    packet->out ? __builtin_offsetof(struct ipv6hdr, saddr)
							: __builtin_offsetof(struct ipv6hdr, daddr),
					    origin->addr, sizeof(origin->addr));
	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (sk)
		origin->port = sk->src_port;
}

/* What of the guards is set applies; with note, a refusal outlives the binding. */
static __always_inline int eg_packet_by(struct __sk_buff *skb, const struct eg_guard *bound,
					const struct eg_guard *mark, bool note, __u16 op)
{
	struct eg_packet packet = {.out = op == EG_OP_EGRESS};
	struct eg_file_id program = {};
	struct eg_judged judged = {};
	struct eg_origin origin = {};

	if (!eg_read_packet(skb, &packet))
		packet.reason = EG_REASON_MALFORMED;
	eg_program_of_skb(skb, &program);
	if (bound)
		eg_judge_packet(&judged, bound, &program, &packet);
	if (mark)
		eg_judge_packet(&judged, mark, &program, &packet);
	if (!judged.refused)
		return EG_PASS;
	if (note) {
		struct eg_guard guard = {.session = judged.view.session,
					 .profile = judged.view.profile};

		/* No profile at all denies everything, as the order did, which ends with the
		 * session. */
		if (judged.view.flags & EG_CUT)
			guard.profile = EG_PROFILE_NONE;

		/* without memory it is guarded while bound */
		eg_blocked_guard(skb, &guard, NULL);
	}
	origin.cookie = bpf_get_socket_cookie(skb);
	origin.cgroup = bpf_skb_cgroup_id(skb);
	eg_own_of_skb(skb, &packet, &origin);
	return eg_packet_refuse(&origin, &judged, &packet, op);
}

/*
 * By the binding of the socket's cgroup, and by its mark where that names another profile. When the
 * binding is gone, the session has ended, and what still comes is what its sockets' queues hold: of
 * those that were blocked it stays there.
 */
static __always_inline int eg_packet_verdict(struct __sk_buff *skb, __u16 op)
{
	struct eg_guard *bound = eg_guard_of_skb(skb), guard = {}, mark = {};

	if (bound) {
		guard = *bound;
		if (eg_mark_of_skb(skb, &mark) && !eg_is_alike(&mark, &guard))
			return eg_packet_by(skb, &guard, &mark, true, op);
	} else if (!eg_blocked_guard(skb, NULL, &guard) || eg_is_lifted()) {
		return EG_PASS;
	}
	return eg_packet_by(skb, &guard, NULL, bound, op);
}

SEC("cgroup_skb/egress")
int eg_packet_out(struct __sk_buff *skb)
{
	return eg_packet_verdict(skb, EG_OP_EGRESS);
}

SEC("cgroup_skb/ingress")
int eg_packet_in(struct __sk_buff *skb)
{
	return eg_packet_verdict(skb, EG_OP_INGRESS);
}

/* ---- strays ---- */

/* At the root of all cgroups, for every packet of the host: the sockets with a mark, but for those
 * that the programs of a bound cgroup see or have blocked. */
static __always_inline int eg_stray_verdict(struct __sk_buff *skb, __u16 op)
{
	struct eg_guard mark = {};

	if (!eg_mark_of_skb(skb, &mark) || eg_guard_of_skb(skb) ||
	    eg_blocked_guard(skb, NULL, NULL) || eg_is_lifted())
		return EG_PASS;
	return eg_packet_by(skb, &mark, NULL, false, op);
}

SEC("cgroup_skb/egress")
int eg_stray_out(struct __sk_buff *skb)
{
	return eg_stray_verdict(skb, EG_OP_EGRESS);
}

SEC("cgroup_skb/ingress")
int eg_stray_in(struct __sk_buff *skb)
{
	return eg_stray_verdict(skb, EG_OP_INGRESS);
}

/* Our end of a connection that is asked for. */
static __always_inline void eg_own_of_request(struct sk_buff *skb, struct request_sock *req,
					      struct eg_origin *origin)
{
	origin->port = req->__req_common.skc_num;
	origin->has_addr = 1;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		*(__u32 *)origin->addr = req->__req_common.skc_rcv_saddr;
	else
		BPF_CORE_READ_INTO(&origin->addr, req, __req_common.skc_v6_rcv_saddr);
}

/* The peer that asks for a connection. By the packet's protocol: a listener of AF_INET6 is asked by
 * IPv4 too. */
static __always_inline void eg_read_request(struct eg_packet *packet, const struct sock *listener,
					    struct sk_buff *skb, struct request_sock *req)
{
	packet->protocol = listener->sk_protocol;
	packet->peer.proto = eg_proto_of(packet->protocol);
	packet->peer.port = bpf_ntohs(req->__req_common.skc_dport);
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		*(__u32 *)packet->peer.addr = req->__req_common.skc_daddr;
		packet->peer.family = EG_AF_INET;
	} else {
		BPF_CORE_READ_INTO(&packet->peer.addr, req, __req_common.skc_v6_daddr);
		packet->peer.family = EG_AF_INET6;
	}
	eg_target_plain(&packet->peer, 0);
}

/* A peer connects in to a marked listener: what the packet layer drops unless it is not there yet.
 * Runs with no task of its own. */
SEC("lsm/inet_conn_request")
int BPF_PROG(eg_conn_request, const struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	struct eg_file_id program = {}, *noted;
	struct eg_guard *found, mark;
	struct eg_packet packet = {};
	struct eg_judged judged = {};
	struct eg_origin origin = {};

	/* Most of a host's sockets have nothing stored. */
	if (!sk->sk_bpf_storage)
		return 0;
	found = bpf_sk_storage_get(&eg_marks, (void *)sk, NULL, 0);
	if (!found)
		return 0;
	mark = *found;
	noted = bpf_sk_storage_get(&eg_programs, (void *)sk, NULL, 0);
	if (noted)
		program = *noted;
	eg_read_request(&packet, sk, skb, req);
	eg_judge_packet(&judged, &mark, &program, &packet);
	if (!judged.refused)
		return 0;
	origin.cookie = bpf_get_socket_cookie((void *)sk);
	origin.cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
	eg_own_of_request(skb, req, &origin);
	return eg_hook_result(eg_packet_refuse(&origin, &judged, &packet, EG_OP_INGRESS) ==
			      EG_DROP);
}
