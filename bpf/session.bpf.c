// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Session identity: labels that follow every task of a session from binding and fork on, wherever
 * it is moved, and the binding of user managers at the instant their cgroup is made.
 *
 * Hooks: task_alloc, bprm_committed_creds; tracepoint cgroup_mkdir; task iterators for the helper.
 * Not covered here: writes to cgroup files, which move a task elsewhere. The label makes leaving
 * pointless, and stray.bpf.c knows its sockets.
 */
#define EG_DEFINE_MAPS
#include "program.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum {
	/* include/uapi/linux/sched.h; the last: a bit of clone_flags */
	EG_CLONE_VM = 0x100,
	EG_CLONE_PARENT = 0x8000,
	EG_CLONE_THREAD = 0x10000,
	EG_CLONE_INTO_CGROUP = 33,
	EG_SIGKILL = 9,
	EG_INIT = 1,
};

/* What a child inherits. A label wins: it says where the task came from. */
static __always_inline void eg_inherit(const struct eg_who *who, struct eg_label *to)
{
	const struct eg_guard *guard = who->guard[EG_BY_LABEL];
	struct eg_guard *label = &to->guard;

	if (!guard) {
		guard = who->guard[EG_BY_CGROUP];
		barrier_var(guard); /* else clang asks for both at once, see eg_who_is */
		if (!guard)
			return;
	}
	label->session = guard->session;
	label->profile = guard->profile;
	label->flags = guard->flags & ~(EG_GUARD_LEADER | EG_GUARD_SERVES | EG_GUARD_FRESH);
	if (guard->flags & EG_GUARD_LEADER)
		label->flags |= EG_GUARD_FRESH;
}

/* May a child be put into another cgroup? The user's systemd does so with every service, and what
 * binds its cgroup binds those below. */
static __noinline int eg_clone_away(const struct eg_who *who)
{
	const struct eg_guard *guard = who->guard[EG_BY_CGROUP];
	struct eg_detail detail = {.op = EG_OP_CGROUP, .reason = EG_REASON_OUTSIDE};
	struct eg_view view = {};

	if (guard && (guard->flags & EG_GUARD_MANAGER))
		return 0;
	if (!eg_flag_refuses(who, EG_POLICY_DENY_LEAVING, EG_ON_LEAVING, &view))
		return 0;
	return eg_refuse(&view, &detail);
}

/*
 * A copy is the same program. A child that borrows our memory is none: it can be traced, and then
 * we are to lose ours, which is looked for above it (eg_program_lose); so one that is not put there
 * costs us ours now. A thread's is that of its main thread.
 */
static __always_inline void eg_inherit_program(__u64 clone_flags, struct eg_label *to)
{
	if (!(clone_flags & EG_CLONE_VM))
		eg_program_current(&to->program);
	else if (clone_flags & EG_CLONE_PARENT && !(clone_flags & EG_CLONE_THREAD))
		eg_program_forget(bpf_get_current_task_btf()->group_leader);
}

/* Is an administrator ending one of the sessions? What forks faster than it is killed would never
 * end. */
static __always_inline bool eg_is_ending(const struct eg_who *who)
{
	for (int i = 0; i < EG_GUARDS; i++)
		if (who->guard[i] &&
		    eg_slot_now(who->guard[i]->session, who->guard[i]->profile) & EG_ENDING)
			return true;
	return false;
}

SEC("lsm/task_alloc")
int BPF_PROG(eg_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	struct eg_label label = {};
	struct eg_totals *totals;
	struct eg_who who;
	__u64 session;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	if (eg_is_ending(&who))
		return -EPERM;
	if (clone_flags >> EG_CLONE_INTO_CGROUP & 1 && eg_clone_away(&who))
		return -EPERM;
	eg_inherit(&who, &label);
	if (clone_flags >> EG_CLONE_INTO_CGROUP & 1)
		eg_note_left(label.guard.session);
	eg_inherit_program(clone_flags, &label);
	if (bpf_task_storage_get(&eg_labels, task, &label, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return 0;
	session = label.guard.session;
	totals = bpf_map_lookup_elem(&eg_totals, &session);
	if (totals)
		__sync_fetch_and_add(&totals->refused[EG_OP_FORK], 1);
	return -ENOMEM;
}

/* What a task is from now on. AT_SECURE is what eg_bprm_creds_from_file sets for programs that have
 * rules of their own: one that gets some later has its program from its next exec on. */
static __always_inline void eg_note_program(struct linux_binprm *bprm, struct eg_label *label)
{
	bool secure = BPF_CORE_READ_BITFIELD(bprm, secureexec);
	struct eg_file_id program = {};

	if (secure && eg_program_is_alone(bprm->unsafe))
		eg_program_id_of(&program, bprm->file->f_inode);
	label->program = program;
}

/* A leader, or a child of one, that becomes another program is an ordinary member. */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(eg_bprm_committed_creds, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_label *noted;
	struct eg_guard *label;

	if (!task->bpf_storage)
		return 0;
	noted = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	if (!noted)
		return 0;
	eg_note_program(bprm, noted);
	label = &noted->guard;
	/* What starts a manager is two programs of systemd's, the first of them root's. */
	if (label->flags & EG_GUARD_MANAGER && !task->cred->uid.val)
		return 0;
	if (label->flags & (EG_GUARD_LEADER | EG_GUARD_FRESH))
		label->flags &= ~(EG_GUARD_LEADER | EG_GUARD_SERVES | EG_GUARD_FRESH);
	return 0;
}

/*
 * Does a session, or all that a user runs, hang on this process? sshd's monitor, and the process
 * that serves the client, which asks it for forwardings; the same of cron and su; and the user's
 * manager with who starts it. It is a process of its own that the manager starts anything in.
 */
static __always_inline bool eg_is_carrier(struct task_struct *task, const struct eg_guard *label)
{
	if (label && label->flags & (EG_GUARD_LEADER | EG_GUARD_FRESH))
		return true;
	return (!label || label->flags & EG_GUARD_MANAGER) && task->real_parent->tgid == EG_INIT;
}

/* bpf_send_signal refuses for a process that is ending already, and for process 1. The label is the
 * thread's own, for a sleepable program has no way to the others: carriers have one thread. */
__noinline int eg_kill_current(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct eg_guard *label = bpf_task_storage_get(&eg_labels, task, NULL, 0);

	if (eg_is_carrier(task, label))
		return 0;
	return bpf_send_signal(EG_SIGKILL) == 0;
}

/* ---- user managers ---- */

enum {
	EG_MANAGER_LEVEL = 3, /* user.slice/user-UID.slice/user@UID.service */
	EG_UNIT_NAME = 32,    /* "user@4294967295.service" and its NUL fit */
	EG_UID_DIGITS = 10,
	EG_UNIT_HEAD = 5, /* "user@", "user-" */
};

/* The UID in "user@UID.service" (separator '@') or "user-UID.slice" ('-'); -1 for any other name.
 */
static __always_inline __s64 eg_unit_uid(struct kernfs_node *kn, char separator, const char *tail,
					 __u32 tail_size)
{
	char name[EG_UNIT_NAME] = {};
	__u64 uid = 0;
	__u32 i;

	if (bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(kn, name)) <= 0)
		return -1;
	if (name[0] != 'u' || name[1] != 's' || name[2] != 'e' || name[3] != 'r' ||
	    name[4] != separator)
		return -1;
	for (i = EG_UNIT_HEAD; i < EG_UNIT_HEAD + EG_UID_DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			break;
		uid = uid * 10 + (name[i] - '0');
	}
	if (i == EG_UNIT_HEAD || uid > 0xffffffffULL)
		return -1;
	for (__u32 k = 0; k < tail_size; k++)
		if (name[(i + k) & (EG_UNIT_NAME - 1)] != tail[k])
			return -1;
	return uid;
}

/*
 * Is this the cgroup of a user's manager, user.slice/user-UID.slice/user@UID.service? Every name on
 * the way counts: a delegated unit, or a guarded root, can make directories of the last name
 * elsewhere.
 */
static __always_inline __s64 eg_manager_uid(struct kernfs_node *kn)
{
	static const char service[] = ".service", slice[] = ".slice", top[] = "user.slice";
	struct kernfs_node *parent = eg_kernfs_parent(kn);
	__s64 uid = eg_unit_uid(kn, '@', service, sizeof(service));
	char name[sizeof(top)] = {};

	if (uid < 0 || eg_unit_uid(parent, '-', slice, sizeof(slice)) != uid)
		return -1;
	if (bpf_probe_read_kernel_str(name, sizeof(name),
				      BPF_CORE_READ(eg_kernfs_parent(parent), name)) != sizeof(top))
		return -1;
	for (__u32 i = 0; i < sizeof(top); i++)
		if (name[i] != top[i])
			return -1;
	return uid;
}

/* Called before the new cgroup can hold a task, so a manager that is made anew never runs
 * unguarded. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(eg_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct eg_guard *template, guard;
	struct eg_event *e;
	__s64 uid;
	__u64 id;
	__u32 key;

	if (cgroup->level != EG_MANAGER_LEVEL)
		return 0;
	uid = eg_manager_uid(cgroup->kn);
	if (uid < 0)
		return 0;
	key = uid;
	template = bpf_map_lookup_elem(&eg_managers, &key);
	if (!template)
		return 0;
	guard = *template;
	id = eg_cgroup_id(cgroup);
	bpf_map_update_elem(&eg_sessions, &id, &guard, BPF_ANY);
	e = bpf_ringbuf_reserve(&eg_events, sizeof(*e), 0);
	if (!e)
		return 0; /* the helper finds it when it next looks at this user */
	eg_event_init(e, EG_EVENT_MANAGER);
	e->ts_ns = bpf_ktime_get_boot_ns();
	e->session = guard.session;
	e->profile = guard.profile;
	e->cgroup = id;
	e->uid = key;
	eg_event_submit(e);
	return 0;
}

/* ---- iterators, read by the helper ---- */

/* Labels the tasks that were in a cgroup before it was bound. Those forked since are labelled by
 * their parent. */
SEC("iter/task")
int eg_iter_label(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	const struct eg_guard *guard;
	struct eg_label label = {};

	if (!task)
		return 0;
	guard = eg_guard_of_cgroup(task->cgroups->dfl_cgrp);
	if (!guard)
		return 0;
	label.guard.session = guard->session;
	label.guard.profile = guard->profile;
	label.guard.flags = guard->flags;
	/* Nobody in a user's manager is root without a label but who starts it: eg_is_starter. */
	if (guard->flags & EG_GUARD_MANAGER && !task->real_cred->uid.val)
		label.guard.flags |= EG_GUARD_LEADER;
	/* F_CREATE keeps a label that is there. */
	bpf_task_storage_get(&eg_labels, task, &label, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

/* Lists every labelled task as struct eg_member. */
SEC("iter/task")
int eg_iter_members(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct eg_member member = {};
	struct eg_guard *label;

	if (!task)
		return 0;
	label = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	if (!label)
		return 0;
	member.session = label->session;
	member.tgid = task->tgid;
	member.tid = task->pid;
	member.flags = label->flags;
	member.stray = !eg_guard_of_cgroup(task->cgroups->dfl_cgrp);
	bpf_seq_write(ctx->meta->seq, &member, sizeof(member));
	return 0;
}
