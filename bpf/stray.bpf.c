// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Strays: labelled tasks in a cgroup that is not bound for their label's profile, where root or PID
 * 1 has moved them, or because their session was opened from within another. Their calls are judged
 * by the label as ever. Their sockets belong to a cgroup whose packets are judged by another
 * policy, or by none: so they are marked, and the packet layer goes by the marks too.
 *
 * Hooks: socket_post_create; tracepoint cgroup_attach_task, for the log.
 * The further connections of an MPTCP socket, which the kernel makes by itself to addresses that
 * the peer announces, would carry no mark: strays get no such socket.
 */
#include "program.bpf.h"
#include "socket.bpf.h"

/* Tells the helper. Not inlined: see eg_packet_report. */
static __noinline bool eg_stray_tell(const struct eg_guard *label, __u64 cgroup, __u32 tgid,
				     __u16 op)
{
	struct eg_event *e = bpf_ringbuf_reserve(&eg_events, sizeof(*e), 0);

	if (!e)
		return false;
	eg_event_init(e, EG_EVENT_STRAY);
	e->ts_ns = bpf_ktime_get_boot_ns();
	e->op = op;
	e->session = label->session;
	e->profile = label->profile;
	e->cgroup = cgroup;
	e->tgid = tgid;
	eg_event_submit(e);
	return true;
}

/* Called after the move, once for a process, in the hierarchies of cgroup v1 too. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(eg_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	struct cgroup *now = task->cgroups->dfl_cgrp;
	const struct eg_guard *bound;
	struct eg_guard *found, label;

	found = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	if (!found || (__u64)now != (__u64)cgroup)
		return 0;
	label = *found;
	bound = eg_guard_of_cgroup(now);
	/* The mover still has the kernel's lock for cgroups: who takes it next finds this done. */
	if (!bound || bound->session != label.session)
		eg_note_left(label.session);
	if (!bound || !eg_is_alike(bound, &label))
		eg_stray_tell(&label, eg_cgroup_id(now), task->tgid, EG_OP_NONE);
	return 0;
}

/* A socket that cannot be marked must not be. */
static __always_inline int eg_mark_failed(const struct eg_guard *label, int family, int protocol,
					  __u32 reason)
{
	struct eg_detail detail = {
		.op = EG_OP_SOCKET, .family = family, .protocol = protocol, .reason = reason};
	struct eg_view view;

	eg_view_of(label, &view);
	/* What its packets may do is at stake, too. */
	if (!eg_audits(&view, EG_ON_EGRESS))
		view.audit = 0;
	return eg_refuse(&view, &detail);
}

SEC("lsm/socket_post_create")
int BPF_PROG(eg_mark_create, struct socket *sock, int family, int type, int protocol, int kern)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cgroup *cgroup = task->cgroups->dfl_cgrp;
	struct eg_guard *label, mark = {};
	const struct eg_guard *bound;
	struct sock *sk;

	/* The second question spares the host the call behind it. */
	if (!eg_is_inet(family) || !task->bpf_storage)
		return 0;
	label = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	if (!label)
		return 0;
	sk = sock->sk;
	if (!sk)
		return 0;
	eg_program_carry(sk);
	bound = eg_guard_of_cgroup(cgroup);
	if (bound && eg_is_alike(bound, label))
		return 0;
	/* Sockets of the kernel's own count: those that serve an MPTCP socket are made like this.
	 */
	mark.session = label->session;
	mark.profile = label->profile;
	if (protocol == EG_IPPROTO_MPTCP &&
	    eg_mark_failed(&mark, family, protocol, EG_REASON_PROTOCOL))
		return -EPERM;
	if (!bpf_sk_storage_get(&eg_marks, sk, &mark, BPF_SK_STORAGE_GET_F_CREATE))
		return eg_hook_result(eg_mark_failed(&mark, family, protocol, EG_REASON_POLICY));
	/* A bound cgroup has packet programs already. */
	if (!bound && !(label->flags & EG_GUARD_MARKED) &&
	    eg_stray_tell(&mark, eg_cgroup_id(cgroup), task->tgid, EG_OP_SOCKET))
		label->flags |= EG_GUARD_MARKED;
	return 0;
}
