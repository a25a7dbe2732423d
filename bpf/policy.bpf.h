/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is current, which policy applies, and the one way to refuse: what every restriction is
 * made of.
 *
 * When things go wrong:
 *   task neither labelled nor below a bound cgroup    allow: not ours
 *   guarded, and its profile or policy is missing     deny
 *   guarded, and a table, trie or list that must be there is missing   deny
 *   a call cannot be read to its end                  deny
 *   ring buffer full                                  the verdict stands, the loss is counted
 *   a child cannot be labelled                        the fork fails
 */
#ifndef EG_POLICY_BPF_H
#define EG_POLICY_BPF_H

#include "kernel_types.h"
#include <linux/bpf.h>
#include <asm-generic/errno-base.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "abi_event.h"

#include "maps.bpf.h"
#include "quick.bpf.h"
#include "wake.bpf.h"

/* ---- who is it ---- */

/* A task can be guarded twice over: by the cgroup it is in and by the label it carries. Both
 * apply. */
enum { EG_BY_CGROUP, EG_BY_LABEL, EG_GUARDS };

struct eg_who {
	const struct eg_guard *guard[EG_GUARDS]; /* NULL = not guarded this way */
};

static __always_inline __u64 eg_cgroup_id(const struct cgroup *cgroup)
{
	return cgroup->kn->id;
}

static __always_inline struct kernfs_node *eg_kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___renamed *renamed = (void *)kn;

	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	return BPF_CORE_READ(kn, parent);
}

/*
 * The guard of a cgroup or of its nearest bound ancestor. Only the levels where bindings stand are
 * tested, through ancestors[], so a user who nests hundreds of cgroups gains nothing by it.
 */
static __always_inline const struct eg_guard *eg_guard_of_cgroup(struct cgroup *cgroup)
{
	const struct eg_guard *guard = NULL;
	struct eg_state *state;
	__u32 zero = 0, depth, n;
	__u64 own_id;
	int own;

	state = bpf_map_lookup_elem(&eg_state, &zero);
	if (!state)
		return NULL;
	own = cgroup->level;
	/* Not in the loop: each time a trusted pointer is followed, kernels from 6.7 on (until they
	 * sort it) search all of their BTF for what the type may say about that. */
	own_id = eg_cgroup_id(cgroup);
	n = state->n_levels;
	depth = 0;
	for (__u32 i = 0; i < EG_LEVELS_MAX && i < n; i++) {
		__u32 level = state->levels[i];
		struct cgroup *ancestor = NULL;
		const struct eg_guard *found;
		__u64 id;

		if (own < 0 || level > (__u32)own || level < depth)
			continue;
		if (level == (__u32)own) {
			id = own_id;
		} else {
			if (bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
						  &cgroup->ancestors[level]))
				continue;
			id = BPF_CORE_READ(ancestor, kn, id);
		}
		found = bpf_map_lookup_elem(&eg_sessions, &id);
		if (found) {
			guard = found;
			depth = level;
		}
	}
	return guard;
}

/*
 * The same for any cgroup, as a number; *ret is written when there is one (cgroup.bpf.c): a global
 * function, so that a hook that needs a second guard does not double what the verifier has to do.
 * 1 = found.
 */
int eg_guard_find(__u64 cgroup, struct eg_guard *ret);

/* The long way: for who has asked eg_is_nobody before. */
static __always_inline bool eg_who_look(struct task_struct *task, struct eg_who *who)
{
	int guards = 0;

	who->guard[EG_BY_CGROUP] = eg_guard_of_cgroup(task->cgroups->dfl_cgrp);
	who->guard[EG_BY_LABEL] = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	/* Counted, because clang makes "a || b" of two pointers an OR, which the verifier
	 * refuses. */
	if (who->guard[EG_BY_CGROUP])
		guards++;
	barrier_var(guards);
	if (who->guard[EG_BY_LABEL])
		guards++;
	return guards;
}

/* False: nobody's that we guard. What a hook prepares for the answer costs the whole host: those
 * that are called often and prepare something ask eg_is_nobody first of all. */
static __always_inline bool eg_who_is(struct task_struct *task, struct eg_who *who)
{
	return !eg_is_nobody(task) && eg_who_look(task, who);
}

/* Is the guard one of the caller's own: the same session? */
static __always_inline bool eg_is_own(const struct eg_who *who, const struct eg_guard *guard)
{
	for (int i = 0; i < EG_GUARDS; i++)
		if (who->guard[i] && who->guard[i]->session == guard->session)
			return true;
	return false;
}

/* A task of this session is to be looked for outside of its cgroup: see struct eg_totals. */
static __always_inline void eg_note_left(__u64 session)
{
	struct eg_totals *totals = bpf_map_lookup_elem(&eg_totals, &session);

	if (totals)
		totals->left = 1;
}

/* A child of process 1 that is about to become a user's manager: bound by its cgroup, but not
 * labelled, as whatever is forked in there is. */
static __always_inline bool eg_is_starter(const struct eg_who *who)
{
	const struct eg_guard *bound = who->guard[EG_BY_CGROUP];

	return bound && bound->flags & EG_GUARD_MANAGER && !who->guard[EG_BY_LABEL];
}

/* A leader that does nothing its user asks for: sshd's monitor, cron, atd, what starts a manager.
 * Of the guards only the label can say so. */
static __always_inline bool eg_is_trusted(const struct eg_who *who)
{
	const struct eg_guard *label = who->guard[EG_BY_LABEL];

	if (eg_is_starter(who))
		return true;
	return label && (label->flags & (EG_GUARD_LEADER | EG_GUARD_SERVES)) == EG_GUARD_LEADER;
}

/* In its own user namespace. */
static __always_inline bool eg_has_cap(struct task_struct *task, int cap)
{
	__u64 effective = 0;

	bpf_probe_read_kernel(&effective, sizeof(effective), &task->cred->cap_effective);
	return effective >> cap & 1;
}

/* The number of the system call a task is in; -1 in none, -2 when we cannot tell. */
static __always_inline long eg_syscall(struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct pt_regs___x86 *x86 = (void *)regs;
	struct pt_regs___arm64 *arm64 = (void *)regs;

	if (!regs)
		return -2;
	if (bpf_core_field_exists(x86->orig_ax))
		return BPF_CORE_READ(x86, orig_ax);
	if (bpf_core_field_exists(arm64->syscallno))
		return BPF_CORE_READ(arm64, syscallno);
	return -2;
}

static __always_inline void eg_file_id_of(struct eg_file_id *id, struct inode *inode)
{
	id->ino = BPF_CORE_READ(inode, i_ino);
	id->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	id->gen = BPF_CORE_READ(inode, i_generation);
}

#include "view.bpf.h"

/* ---- how to refuse ---- */

/* A place in the file tree: kernel pointers as numbers, only ever read by probes. */
struct eg_where {
	__u64 dentry; /* 0 = nowhere */
	__u64 mnt;    /* struct vfsmount */
};

/* What a restriction knows about the attempt it refuses. Zero what does not apply. */
struct eg_detail {
	__u16 op; /* enum eg_op */
	__u16 family;
	__u16 protocol;
	__u16 port;
	__u8 addr[16];
	__u32 target_id;
	struct eg_rule rule;
	__u32 reason; /* enum eg_reason */
	__u8 has_rule;
	__u8 has_addr;
	__u16 rule_family;
	__u32 option;	 /* see eg_event */
	__u16 level;	 /* of a socket option */
	__u8 silent;	 /* 1 = the kernel asks for itself and goes on: no record, no count */
	__u8 handed;	 /* 1 = somebody else hands it over: not a reason to kill */
	const char *arg; /* kernel string or NULL */
	struct eg_where object; /* what it was about */
};

/*
 * Parts of an event (event.bpf.c, path.bpf.c). Global functions, so that the verifier looks at them
 * once and not at every use. Always 0.
 */

/* Walks a path from the leaf up, across mounts, and adds it to *out: len is 0, or says what is
 * there of its tail. Without a dentry it begins at the mount's root. */
int eg_path_walk(struct eg_path *out, const struct eg_where *where);

/* Zeroes a reserved record, and says what it is. */
int eg_event_init(struct eg_event *e, __u16 kind);

/* Who asks: the current task, as people are told of it. */
int eg_event_who(struct eg_event *e);

/* Our own end of a socket, as far as it has one; e->family is set. sock: a struct socket. */
int eg_event_source(struct eg_event *e, __u64 sock);

/* The part of a record that does not depend on who asked. */
static __always_inline void eg_event_fill(struct eg_event *e, const struct eg_view *view,
					  const struct eg_detail *detail, __u16 verdict)
{
	eg_event_init(e, EG_EVENT_VERDICT);
	e->ts_ns = bpf_ktime_get_boot_ns();
	e->op = detail->op;
	e->session = view->session;
	e->profile = view->profile;
	e->generation = view->generation;
	e->verdict = verdict;
	e->error = verdict == EG_VERDICT_AUDIT ? 0 : EPERM;
	e->target_id = detail->target_id;
	e->family = detail->family;
	e->protocol = detail->protocol;
	e->port = detail->port;
	__builtin_memcpy(e->addr, detail->addr, sizeof(e->addr));
	e->rule = detail->rule;
	e->reason = detail->reason;
	e->has_rule = detail->has_rule;
	e->has_addr = detail->has_addr;
	e->rule_family = detail->rule_family;
	e->level = detail->level;
	e->option = detail->option;
}

/* The record of a refusal. Not being able to write it changes nothing about the verdict. sock: as
 * eg_refuse_on has it. */
static __always_inline bool eg_event_write(const struct eg_view *view,
					   const struct eg_detail *detail, __u16 verdict,
					   __u64 sock)
{
	struct eg_event *e = bpf_ringbuf_reserve(&eg_events, sizeof(*e), 0);

	if (!e)
		return false;
	eg_event_fill(e, view, detail, verdict);
	eg_event_who(e);
	if (detail->arg)
		bpf_probe_read_kernel_str(e->arg, sizeof(e->arg), detail->arg);
	if (detail->object.dentry) {
		struct eg_where where = detail->object;

		eg_path_walk(&e->object, &where);
	}
	if (sock)
		eg_event_source(e, sock);
	eg_event_submit(e);
	return true;
}

/* Sends SIGKILL to the current process with all its threads, unless a session hangs on it
 * (session.bpf.c). 1 = it is on its way, and what the process runs next is its end. */
int eg_kill_current(void);

/* Does the policy kill for this? Not for what is no fault of the process: what others hand over, or
 * a part of the policy or memory that is missing. */
static __always_inline bool eg_kills(const struct eg_view *view, enum eg_restriction on,
				     const struct eg_detail *detail)
{
	return view->kill >> on & 1 && detail->reason != EG_REASON_POLICY && !detail->handed;
}

/* What a hook returns. Clang 19 makes a negation of "refused ? -EPERM : 0", EPERM being 1, and then
 * the verifier of 6.12 no longer knows what is returned: kept apart by a barrier. */
static __always_inline int eg_hook_result(bool refused)
{
	if (!refused)
		return 0;
	barrier();
	return -EPERM;
}

/* Counts, reports and returns what the hook must return: -EPERM, or 0 when the policy only
 * audits. sock: the struct socket it was tried on, 0 = none; not in *detail, which lies on stacks
 * that have no room for it. */
static __always_inline int eg_refuse_on(const struct eg_view *view, const struct eg_detail *detail,
					__u64 sock)
{
	enum eg_restriction on = eg_on_of(detail->op, detail->reason);
	bool audit = eg_audits(view, on);
	__u32 op = detail->op < EG_OP_MAX ? detail->op : 0;
	__u16 verdict = audit ? EG_VERDICT_AUDIT : EG_VERDICT_DENY;
	__u64 session = view->session;
	struct eg_totals *totals = bpf_map_lookup_elem(&eg_totals, &session);
	int result;
	bool written;

	if (detail->silent)
		return audit ? 0 : -EPERM;
	if (eg_kills(view, on, detail) && eg_kill_current())
		verdict = EG_VERDICT_KILL;
	written = eg_event_write(view, detail, verdict, sock);
	if (totals) {
		if (audit)
			__sync_fetch_and_add(&totals->audited[op & (EG_OP_MAX - 1)], 1);
		else
			__sync_fetch_and_add(&totals->refused[op & (EG_OP_MAX - 1)], 1);
		if (verdict == EG_VERDICT_KILL)
			__sync_fetch_and_add(&totals->killed, 1);
		if (!written)
			__sync_fetch_and_add(&totals->lost, 1);
	}
	/* Kept apart from what the hook makes of it, or clang folds both into an unknown number. */
	result = audit ? 0 : -EPERM;
	barrier_var(result);
	return result;
}

static __always_inline int eg_refuse(const struct eg_view *view, const struct eg_detail *detail)
{
	return eg_refuse_on(view, detail, 0);
}

/*
 * For restrictions that are one flag of the policy: does one of the guards refuse? Fills *view with
 * the strictest, the first of equals.
 */
static __always_inline bool eg_flag_refuses(const struct eg_who *who, __u32 flag,
					    enum eg_restriction on, struct eg_view *view)
{
	__u32 worst = 0;

	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;
		__u32 rank;

		if (!who->guard[i])
			continue;
		eg_view_of(who->guard[i], &one);
		rank = eg_rank(&one, on);
		if ((one.policy && !(one.flags & flag)) || rank <= worst)
			continue;
		*view = one;
		worst = rank;
	}
	return worst != 0;
}

#endif
