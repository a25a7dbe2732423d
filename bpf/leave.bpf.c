// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Leaving: no hold on processes outside of one's own session, by which they would do the work.
 *
 * Hook: ptrace_access_check, which PTRACE_ATTACH, /proc/PID/mem, process_vm_writev, pidfd_getfd and
 * what is below /proc/PID/fd and /proc/PID/ns all pass.
 * The rest of leaving is elsewhere: cgroup files in files.bpf.c, children cloned into another
 * cgroup in session.bpf.c, sockets in services.bpf.c. Not covered: root reading about other
 * processes (ps, ss, lsof), which lets it write to their pipes by /proc/PID/fd; who traces us from
 * outside, by which nothing is gained.
 */
#include "program.bpf.h"

/* PTRACE_MODE_*, include/linux/ptrace.h; FSCREDS: by a file of /proc */
enum { EG_PTRACE_ATTACH = 2, EG_PTRACE_NOAUDIT = 4, EG_PTRACE_FSCREDS = 8 };

static __always_inline bool eg_is_of_session(const struct eg_who *who, struct task_struct *task)
{
	const struct eg_guard *label = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	struct eg_guard guard = {};
	__u64 cgroup = 0;

	if (label && eg_is_own(who, label))
		return true;
	bpf_probe_read_kernel(&cgroup, sizeof(cgroup), &task->cgroups->dfl_cgrp);
	return eg_guard_find(cgroup, &guard) && eg_is_own(who, &guard);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(eg_ptrace_access_check, struct task_struct *child, unsigned int mode)
{
	struct eg_detail detail = {.op = EG_OP_PTRACE, .reason = EG_REASON_OUTSIDE};
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_view view = {};
	struct eg_who who;

	if (mode & EG_PTRACE_ATTACH)
		eg_program_lose(child); /* whoever asks */
	if (!eg_who_is(task, &who))
		return 0;
	if (!(mode & EG_PTRACE_ATTACH) && !task->cred->euid.val)
		return 0;
	if (eg_is_of_session(&who, child) ||
	    !eg_flag_refuses(&who, EG_POLICY_DENY_LEAVING, EG_ON_LEAVING, &view))
		return 0;
	detail.target_id = child->tgid;
	/* Looking into /proc is what ps does to all it finds: refused, and no news. */
	detail.silent = mode & EG_PTRACE_NOAUDIT ||
			(mode & (EG_PTRACE_ATTACH | EG_PTRACE_FSCREDS)) == EG_PTRACE_FSCREDS;
	return eg_hook_result(eg_refuse(&view, &detail));
}
