/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps, who is current, which policy applies, and the one way to refuse: what every restriction is
 * made of.
 *
 * When things go wrong:
 *   task neither labelled nor below a bound cgroup    allow: not ours
 *   guarded, and its profile or policy is missing     deny
 *   guarded, and a trie or list that must be there is missing   deny
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
#include "abi.h"

/* session.bpf.c defines the maps; in the other objects they are extern and bpftool's linker joins
 * them. */
#ifdef EG_DEFINE_MAPS
#define EG_MAP
#else
#define EG_MAP extern
#endif

/* cgroup id -> who guards it. Written by the helper and by eg_cgroup_mkdir. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__type(key, __u64);
	__type(value, struct eg_guard);
} eg_sessions SEC(".maps");

/* task -> who guards it, wherever it is moved to. Written by the helper (leader), the label
 * iterator and at fork. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct eg_guard);
} eg_labels SEC(".maps");

/* uid -> guard for that user's manager (user@UID.service), should it be made anew. Written by the
 * helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct eg_guard);
} eg_managers SEC(".maps");

/* slot -> policy in force. The only value a reload swaps. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_PROFILES_MAX);
	__type(key, __u32);
	__type(value, struct eg_profile);
} eg_profiles SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__type(value, struct eg_policy);
} eg_policies SEC(".maps");

/* policy -> trie of networks. The helper makes the tries; these are only their shape (sizes, not
 * types: clang leaves out types that are only reached through an inner map's pointers). */
struct eg_lpm4 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, EG_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct eg_lpm4_key));
	__uint(value_size, sizeof(struct eg_entry));
};

struct eg_lpm6 {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, EG_PREFIXES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct eg_lpm6_key));
	__uint(value_size, sizeof(struct eg_entry));
};

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_lpm4);
} eg_tries4 SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_lpm6);
} eg_tries6 SEC(".maps");

/* policy -> its lists, one after the other. The helper makes each as large as it must be. */
struct eg_list {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct eg_segment));
};

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EG_POLICIES_MAX);
	__type(key, __u32);
	__array(values, struct eg_list);
} eg_segments SEC(".maps");

/* Small sets of numbers of each policy: ids not to be gained, files that are exceptions. Written by
 * the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_ITEMS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_item_key);
	__type(value, __u32);
} eg_items SEC(".maps");

/* The same for names. Written by the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_name_key);
	__type(value, __u32);
} eg_names SEC(".maps");

/* What nobody guarded may change. Written by the helper at start and at each reload. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_PLACES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct eg_place_key);
	__type(value, __u32);
} eg_places SEC(".maps");

/* Flows the packet layer, or a hook under audit, has reported. The oldest give way: then a flow
 * that goes on is reported once more. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EG_FLOWS_MAX);
	__type(key, struct eg_flow);
	__type(value, __u64);
} eg_flows SEC(".maps");

/* socket -> session that came in by it. Written by the helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} eg_connections SEC(".maps");

/* socket -> whose policy blocked it: outlives the session, as what its queue holds does. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct eg_guard);
} eg_blocked SEC(".maps");

/* socket -> label of the task that made it, where its cgroup stands for another profile or for
 * none: the packet layer goes by both. Sockets that it accepts have it too. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct eg_guard);
} eg_marks SEC(".maps");

/* session number -> counts. The entry is the helper's; the numbers are ours. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_totals);
} eg_totals SEC(".maps");

/* session number -> who it is. The helper's notebook: no program reads it, but it must outlive the
 * helper. */
EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EG_SESSIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct eg_record);
} eg_records SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eg_state);
} eg_state SEC(".maps");

EG_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EG_EVENTS_SIZE);
} eg_events SEC(".maps");

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
	int own;

	state = bpf_map_lookup_elem(&eg_state, &zero);
	if (!state)
		return NULL;
	own = cgroup->level;
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
			id = eg_cgroup_id(cgroup);
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

static __always_inline bool eg_who_is(struct task_struct *task, struct eg_who *who)
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

/* Is the guard one of the caller's own: the same session? */
static __always_inline bool eg_is_own(const struct eg_who *who, const struct eg_guard *guard)
{
	for (int i = 0; i < EG_GUARDS; i++)
		if (who->guard[i] && who->guard[i]->session == guard->session)
			return true;
	return false;
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

/* ---- which policy ---- */

/* One guard's policy as a program looks at it. */
struct eg_view {
	__u64 session;
	__u32 profile;
	__u32 policy; /* index; 0 = missing: everything a program asks about is denied */
	__u32 flags;  /* EG_POLICY_* */
	__u32 generation;
};

static __always_inline void eg_view_of(const struct eg_guard *guard, struct eg_view *view)
{
	struct eg_profile *profile;
	struct eg_policy *policy;
	__u32 slot = guard->profile;

	view->session = guard->session;
	view->profile = slot;
	view->policy = 0;
	view->flags = 0;
	view->generation = 0;
	profile = bpf_map_lookup_elem(&eg_profiles, &slot);
	if (!profile)
		return;
	/* One load of both halves: a reload may swap the value between two. */
	union {
		struct eg_profile both;
		__u64 word;
	} now = {.word = *(volatile __u64 *)profile};
	__u32 index = now.both.policy;

	policy = bpf_map_lookup_elem(&eg_policies, &index);
	if (!index || !policy)
		return;
	view->policy = index;
	view->flags = policy->flags;
	view->generation = now.both.generation;
}

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
	__u16 silent;	 /* 1 = the kernel asks for itself and goes on: no record, no count */
	const char *arg; /* kernel string or NULL */
	struct eg_where object; /* what it was about */
};

/*
 * Walks a path from the leaf up, across mounts, into *out (path.bpf.c): a global function, so that
 * the verifier looks at its loop once and not at every use. Always 0.
 */
int eg_path_walk(struct eg_path *out, const struct eg_where *where);

static __always_inline void eg_event_who(struct eg_event *e, struct task_struct *task)
{
	struct tty_struct *tty = task->signal->tty;
	struct file *exe;

	e->cgroup = eg_cgroup_id(task->cgroups->dfl_cgrp);
	e->tgid = task->tgid;
	e->tid = task->pid;
	e->ppid = task->real_parent->tgid;
	e->uid = task->real_cred->uid.val;
	e->gid = task->real_cred->gid.val;
	e->loginuid = task->loginuid.val;
	e->audit_session = task->sessionid;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	if (tty)
		bpf_probe_read_kernel_str(e->tty, sizeof(e->tty), &tty->name);
	exe = BPF_CORE_READ(task, mm, exe_file);
	if (exe) {
		struct eg_where where = {
			.dentry = (__u64)BPF_CORE_READ(exe, f_path.dentry),
			.mnt = (__u64)BPF_CORE_READ(exe, f_path.mnt),
		};

		eg_path_walk(&e->exe, &where);
	}
}

/*
 * Zeroes a reserved record: ring memory still holds what stood there before. In pieces, kept apart
 * by barriers, because clang's BPF back end unrolls a memset of up to 1024 bytes and has no
 * function to call for more.
 */
static __always_inline void eg_event_init(struct eg_event *e, __u16 kind)
{
	__builtin_memset(e, 0, __builtin_offsetof(struct eg_event, exe));
	barrier();
	__builtin_memset(&e->exe, 0, sizeof(e->exe));
	barrier();
	__builtin_memset(&e->object, 0, sizeof(e->object));
	e->abi = EG_ABI_VERSION;
	e->kind = kind;
}

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
	e->error = verdict == EG_VERDICT_DENY ? EPERM : 0;
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

/* The record of a refusal. Not being able to write it changes nothing about the verdict. */
static __always_inline bool eg_event_write(const struct eg_view *view,
					   const struct eg_detail *detail, __u16 verdict)
{
	struct eg_event *e = bpf_ringbuf_reserve(&eg_events, sizeof(*e), 0);

	if (!e)
		return false;
	eg_event_fill(e, view, detail, verdict);
	eg_event_who(e, bpf_get_current_task_btf());
	if (detail->arg)
		bpf_probe_read_kernel_str(e->arg, sizeof(e->arg), detail->arg);
	if (detail->object.dentry) {
		struct eg_where where = detail->object;

		eg_path_walk(&e->object, &where);
	}
	bpf_ringbuf_submit(e, 0);
	return true;
}

/* Counts, reports and returns what the hook must return: -EPERM, or 0 when the policy only
 * audits. */
static __always_inline int eg_refuse(const struct eg_view *view, const struct eg_detail *detail)
{
	/* A policy that is missing cannot ask for audit: see the table at the top. */
	bool audit = view->policy && (view->flags & EG_POLICY_AUDIT);
	__u32 op = detail->op < EG_OP_MAX ? detail->op : 0;
	__u64 session = view->session;
	struct eg_totals *totals = bpf_map_lookup_elem(&eg_totals, &session);
	bool written;

	if (detail->silent)
		return audit ? 0 : -EPERM;
	written = eg_event_write(view, detail, audit ? EG_VERDICT_AUDIT : EG_VERDICT_DENY);
	if (totals) {
		if (audit)
			__sync_fetch_and_add(&totals->audited[op & (EG_OP_MAX - 1)], 1);
		else
			__sync_fetch_and_add(&totals->refused[op & (EG_OP_MAX - 1)], 1);
		if (!written)
			__sync_fetch_and_add(&totals->lost, 1);
	}
	return audit ? 0 : -EPERM;
}

/*
 * For restrictions that are one flag of the policy: does one of the guards refuse? Fills *view with
 * the first that enforces, else with one that audits.
 */
static __always_inline bool eg_flag_refuses(const struct eg_who *who, __u32 flag,
					    struct eg_view *view)
{
	bool refused = false;

	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;

		if (!who->guard[i])
			continue;
		eg_view_of(who->guard[i], &one);
		if (one.policy && !(one.flags & flag))
			continue;
		if (!refused || (view->flags & EG_POLICY_AUDIT))
			*view = one;
		refused = true;
	}
	return refused;
}

#endif
