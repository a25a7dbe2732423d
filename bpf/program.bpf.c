// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules for programs of their own: who runs what, and has nobody else a hand in it.
 *
 * A process is what it has executed, by file identity, noted at exec in the label of its main
 * thread. An exception must not be somebody else's, so a process is no program of ours (none) when
 *   it was traced at exec, shared its root and working directory, or had a seccomp filter, by which
 *   a supervisor can hand it other files than it opens;
 *   it is not in the mount, user and pid namespaces and at the root of process 1: elsewhere other
 *   libraries may be in the places of the real ones;
 *   its loader was not told to ignore the environment (AT_SECURE: LD_PRELOAD, LD_LIBRARY_PATH,
 *   LD_AUDIT, GCONV_PATH): it is told so when a policy in force has rules for the program;
 *   it has been traced since, or its memory was open to another process (ptrace_access_check);
 *   it is a child that shares its parent's memory, as vfork's does until it executes something.
 * Children that are copies, and threads, are what their parent is. Of a script its interpreter
 * counts; of a program that the dynamic loader was told to run, the loader.
 *
 * Hooks: bprm_committed_creds (session.bpf.c), bprm_creds_from_file (setuid.bpf.c), task_alloc
 * (session.bpf.c), ptrace_access_check (leave.bpf.c), ptrace_traceme, socket_post_create
 * (stray.bpf.c), socket_connect (egress.bpf.c).
 * PR_SET_MM_EXE_FILE changes what /proc and our records call the program, and nothing here.
 * Not covered: what a program can be told to do, by arguments, its own variables and its own files;
 * root, who can replace the program and its libraries. What a connection brings in can be read by
 * whoever gets hold of its socket; sending by it is judged by who sends.
 */
#include "program.bpf.h"

/* include/linux/security.h */
enum { EG_UNSAFE_SHARE = 1, EG_UNSAFE_PTRACE = 2 };

__noinline int eg_program_current(struct eg_file_id *ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct eg_label *label;

	if (!ret)
		return 0;
	label = bpf_task_storage_get(&eg_labels, task->group_leader, NULL, 0);
	if (!label || !label->program.ino)
		return 0;
	*ret = label->program;
	return 1;
}

__noinline int eg_program_rules(__u32 policy)
{
	struct eg_file_id program = {};

	return eg_program_current(&program) ? eg_rules_of(policy, &program) : 0;
}

/* Does the current process see the files that process 1 does? */
static __always_inline bool eg_is_at_home(struct task_struct *task)
{
	struct pid_namespace *pids = BPF_CORE_READ(task, nsproxy, pid_ns_for_children);
	struct task_struct *init;

	if (BPF_CORE_READ(task, cred, user_ns, parent) || !pids || BPF_CORE_READ(pids, level))
		return false;
	init = BPF_CORE_READ(pids, child_reaper);
	return BPF_CORE_READ(task, nsproxy, mnt_ns) == BPF_CORE_READ(init, nsproxy, mnt_ns) &&
	       BPF_CORE_READ(task, fs, root.mnt) == BPF_CORE_READ(init, fs, root.mnt) &&
	       BPF_CORE_READ(task, fs, root.dentry) == BPF_CORE_READ(init, fs, root.dentry);
}

__noinline int eg_program_is_alone(__u32 unsafe)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (unsafe & (EG_UNSAFE_SHARE | EG_UNSAFE_PTRACE) || task->seccomp.mode)
		return 0;
	return eg_is_at_home(task);
}

/* By PTRACE_TRACEME the parent becomes the tracer; nobody is asked for ATTACH then. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(eg_ptrace_traceme, struct task_struct *parent)
{
	eg_program_lose(bpf_get_current_task_btf());
	return 0;
}
