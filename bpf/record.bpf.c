// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Recording: what a session does, not only what it is refused. Nothing is decided here.
 *
 * Hooks: tracepoints sched_process_exec, sched_process_exit; the hooks of sockets and files tell
 * what they let through (egress.bpf.c, bind.bpf.c, files.bpf.c).
 * The records have a ring of their own, so that a session cannot push refusals out by doing much.
 * Each is counted in eg_totals whether it finds room or not: what is missing is known to the last
 * one.
 * Not covered: a process that is forked and never executes anything; an exec that fails; what is
 * sent on a socket that is connected, or was handed in; connections that come in.
 */
#include "record.bpf.h"

enum {
	/* Drafts of one CPU: as many programs can be interrupted there by one another. */
	EG_DRAFTS = 4,

	EG_SIGNAL_GROUP_EXIT = 4, /* include/linux/sched/signal.h */
};

/* ---- drafts ---- */

/*
 * A record that grows: most are a tenth of what they could be, and only that goes to the ring. Too
 * large for the stack.
 */
struct eg_draft {
	__u32 busy; /* 1 = somebody's: he may have been interrupted by who asks now */
	__u32 used; /* bytes of told.text */
	struct eg_path path;
	struct eg_told told;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EG_DRAFTS);
	__type(key, __u32);
	__type(value, struct eg_draft);
} eg_drafts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EG_STORY_SIZE);
} eg_story SEC(".maps");

static __always_inline struct eg_draft *eg_draft_take(void)
{
	for (int i = 0; i < EG_DRAFTS; i++) {
		__u32 key = i;
		struct eg_draft *draft = bpf_map_lookup_elem(&eg_drafts, &key);

		if (draft && !__sync_lock_test_and_set(&draft->busy, 1))
			return draft;
	}
	return NULL;
}

/* Begins a record: what is known of the process. */
static __always_inline void eg_draft_init(struct eg_draft *draft, struct task_struct *task,
					  __u16 kind, __u64 session)
{
	struct tty_struct *tty = task->signal->tty;
	struct eg_told *told = &draft->told;

	__builtin_memset(told, 0, __builtin_offsetof(struct eg_told, text));
	draft->used = 0;
	told->abi = EG_ABI_VERSION;
	told->kind = kind;
	told->ts_ns = bpf_ktime_get_boot_ns();
	told->session = session;
	told->tgid = task->tgid;
	told->ppid = task->group_leader->real_parent->tgid;
	told->uid = task->real_cred->uid.val;
	bpf_get_current_comm(told->comm, sizeof(told->comm));
	if (tty)
		bpf_probe_read_kernel_str(told->tty, sizeof(told->tty), &tty->name);
}

/* Adds a path, EG_TOLD_EXE or behind it EG_TOLD_PATH. A function of its own for the walk's sake.
 * Always 0. */
__noinline int eg_draft_path(struct eg_draft *draft, const struct eg_where *where, __u32 text)
{
	__u32 at, n;

	if (!draft || !where || text > EG_TOLD_PATH)
		return 0;
	if (!where->dentry)
		return 0;
	draft->path.len = 0;
	eg_path_walk(&draft->path, where);
	at = draft->used;
	n = draft->path.len;
	barrier_var(at);
	barrier_var(n);
	if (at > EG_PATH_SIZE || n > EG_PATH_SIZE)
		return 0;
	if (bpf_probe_read_kernel(draft->told.text + at, n, draft->path.text))
		n = 0;
	draft->told.len[text] = n;
	draft->told.cut |= draft->path.cut << text;
	draft->used = at + n;
	return 0;
}

static __always_inline void eg_draft_exe(struct eg_draft *draft, struct task_struct *task)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct eg_where where = {};

	if (!exe)
		return;
	where.dentry = (__u64)BPF_CORE_READ(exe, f_path.dentry);
	where.mnt = (__u64)BPF_CORE_READ(exe, f_path.mnt);
	eg_draft_path(draft, &where, EG_TOLD_EXE);
}

/* Adds the arguments, which the process has not had the time to change. */
static __always_inline void eg_draft_args(struct eg_draft *draft, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	__u64 left = end > start ? end - start : 0;
	__u32 at = draft->used, n;

	if (left > EG_ARGS_SIZE)
		draft->told.cut |= 1U << EG_TOLD_ARGS;
	n = left < EG_ARGS_SIZE ? left : EG_ARGS_SIZE;
	barrier_var(at);
	barrier_var(n);
	if (at > 2 * EG_PATH_SIZE || n > EG_ARGS_SIZE)
		return;
	if (bpf_probe_read_user(draft->told.text + at, n, (const void *)start)) {
		draft->told.cut |= 1U << EG_TOLD_ARGS;
		return;
	}
	draft->told.len[EG_TOLD_ARGS] = n;
	draft->used = at + n;
}

/* Wakes the helper if it is to be for a record that has been written: here it is not in our hands
 * when that one is submitted, so by an empty one that is taken back. Always 0. */
__noinline int eg_story_wake(__u32 size)
{
	struct eg_wake *wake = eg_wake_due(EG_RING_STORY, size);
	void *nothing;

	if (!wake)
		return 0;
	nothing = bpf_ringbuf_reserve(&eg_story, 8, 0);
	if (!nothing) /* for the next one to do */
		return 0;
	eg_wake_done(wake, EG_STORY_SIZE);
	bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* Counts a record, sends it off, and gives the draft back. draft: NULL = there was none free. */
static __always_inline void eg_story_put(struct eg_draft *draft, __u64 session, __u32 kind)
{
	struct eg_totals *totals = bpf_map_lookup_elem(&eg_totals, &session);
	bool written = false;
	__u32 used = 0;

	if (draft) {
		used = draft->used;
		barrier_var(used);
		if (used <= EG_TOLD_SIZE)
			written = !bpf_ringbuf_output(
				&eg_story, &draft->told,
				__builtin_offsetof(struct eg_told, text) + used, BPF_RB_NO_WAKEUP);
		barrier();
		*(volatile __u32 *)&draft->busy = 0;
	}
	if (written)
		eg_story_wake(__builtin_offsetof(struct eg_told, text) + used);
	kind &= EG_STORY_MAX - 1;
	if (!totals)
		return;
	__sync_fetch_and_add(&totals->recorded[kind], 1);
	if (!written)
		__sync_fetch_and_add(&totals->unrecorded[kind], 1);
}

/* ---- programs ---- */

/* Process -> the session its programs are recorded in. Made at exec, on the first thread. */
struct eg_teller {
	__u64 session;
	__u32 ended; /* 1 = its end is told */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct eg_teller);
} eg_tellers SEC(".maps");

/* The session that wants to know what its programs are; 0 = none does. A label says where the
 * process comes from, so it comes first. */
static __always_inline __u64 eg_exec_session(struct task_struct *task)
{
	struct eg_who who;

	if (!eg_who_is(task, &who))
		return 0;
	for (int i = EG_GUARDS - 1; i >= 0; i--) {
		struct eg_view view;

		if (!who.guard[i])
			continue;
		eg_view_of(who.guard[i], &view);
		if (view.flags & EG_POLICY_RECORD_EXEC)
			return view.session;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(eg_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct eg_teller teller = {}, *known;
	struct eg_where cwd = {};
	struct eg_draft *draft;
	__u64 session;

	session = eg_exec_session(task);
	if (!session)
		return 0;
	teller.session = session;
	known = bpf_task_storage_get(&eg_tellers, task, &teller, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known)
		known->session = session;
	else
		eg_story_put(NULL, session, EG_STORY_EXIT); /* its end will not be told */
	draft = eg_draft_take();
	if (draft) {
		eg_draft_init(draft, task, EG_STORY_EXEC, session);
		draft->told.number = bprm->argc;
		eg_draft_exe(draft, task);
		cwd.dentry = (__u64)BPF_CORE_READ(task, fs, pwd.dentry);
		cwd.mnt = (__u64)BPF_CORE_READ(task, fs, pwd.mnt);
		eg_draft_path(draft, &cwd, EG_TOLD_PATH);
		eg_draft_args(draft, task);
	}
	eg_story_put(draft, session, EG_STORY_EXEC);
	return 0;
}

/* What wait() will say. */
static __always_inline __u32 eg_exit_status(struct task_struct *leader)
{
	if (leader->signal->flags & EG_SIGNAL_GROUP_EXIT)
		return leader->signal->group_exit_code;
	return leader->exit_code;
}

/*
 * Called for each thread, when it no longer counts as alive. The last one tells; where two come at
 * once each may see that none is left, and the first of them does.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(eg_process_exit, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct eg_teller *teller = bpf_task_storage_get(&eg_tellers, leader, NULL, 0);
	struct eg_draft *draft;
	__u64 session;

	if (!teller || task->signal->live.counter)
		return 0;
	if (__sync_lock_test_and_set(&teller->ended, 1))
		return 0;
	session = teller->session;
	draft = eg_draft_take();
	if (draft) {
		eg_draft_init(draft, task, EG_STORY_EXIT, session);
		draft->told.started_ns = leader->start_boottime;
		draft->told.number = eg_exit_status(leader);
	}
	eg_story_put(draft, session, EG_STORY_EXIT);
	return 0;
}

/* ---- connections ---- */

static __always_inline __u64 eg_target_session(const struct eg_ask *ask)
{
	for (int i = EG_GUARDS - 1; i >= 0; i--) {
		struct eg_view view;

		if (!(ask->guards & 1U << i))
			continue;
		eg_view_of(&ask->guard[i], &view);
		if (view.flags & EG_POLICY_RECORD_CONNECT)
			return view.session;
	}
	return 0;
}

/* Was this peer of the socket told before? The memory is the one of reported flows, whose oldest
 * give way: then it is told once more. */
static __always_inline bool eg_is_told(const struct eg_ask *ask, __u64 session, __u64 cookie)
{
	struct eg_flow flow = {.session = session,
			       .cookie = cookie,
			       .port = ask->target.port,
			       .proto = ask->target.proto,
			       .direction = EG_OP_SENDMSG};
	__u64 none = 0;

	__builtin_memcpy(flow.addr, ask->target.addr, sizeof(flow.addr));
	/* Before 6.4 the call that the verifier puts there returns an int: the upper half is not
	 * told. */
	return (int)bpf_map_update_elem(&eg_flows, &flow, &none, BPF_NOEXIST) == -EEXIST;
}

__noinline int eg_tell_target(struct eg_ask *ask, __u64 cookie)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_draft *draft;
	__u64 session;

	if (!ask || !ask->target.family)
		return 0;
	session = eg_target_session(ask);
	if (!session || (cookie && eg_is_told(ask, session, cookie)))
		return 0;
	draft = eg_draft_take();
	if (draft) {
		eg_draft_init(draft, task, EG_STORY_CONNECT, session);
		draft->told.number = ask->op;
		draft->told.family = ask->target.family;
		draft->told.protocol = ask->protocol;
		draft->told.port = ask->target.port;
		__builtin_memcpy(draft->told.addr, ask->target.addr, sizeof(draft->told.addr));
		eg_draft_exe(draft, task);
	}
	eg_story_put(draft, session, EG_STORY_CONNECT);
	return 0;
}

/* ---- files ---- */

/* Does one of the policies name it? A file whose place cannot be told may be one of those that are
 * named. Writes the session. */
static __always_inline bool eg_is_recorded(const struct eg_change *change, __u64 *session)
{
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return false;
	for (int i = EG_GUARDS - 1; i >= 0; i--) {
		struct eg_place_ask ask = {
			.dentry = change->dentry, .mnt = change->mnt, .ask = EG_ASK_RECORD};
		struct eg_view view;

		if (!who.guard[i])
			continue;
		eg_view_of(who.guard[i], &view);
		if (!view.policy || !(view.flags & EG_POLICY_RECORD_OPEN))
			continue;
		ask.policy = view.policy;
		*session = view.session;
		if (eg_place_judge(&ask))
			return true;
	}
	return false;
}

__noinline int eg_tell_open(struct eg_change *change)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_where file = {};
	struct eg_draft *draft;
	__u64 session = 0;

	if (!change || !eg_is_recorded(change, &session))
		return 0;
	draft = eg_draft_take();
	if (draft) {
		eg_draft_init(draft, task, EG_STORY_OPEN, session);
		draft->told.number = (change->reads ? EG_TOLD_READ : 0) |
				     (change->access == EG_ACCESS_WRITE ? EG_TOLD_WRITE : 0);
		eg_draft_exe(draft, task);
		file.dentry = change->dentry;
		file.mnt = change->mnt;
		eg_draft_path(draft, &file, EG_TOLD_PATH);
	}
	eg_story_put(draft, session, EG_STORY_OPEN);
	return 0;
}
