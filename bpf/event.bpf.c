// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What every record of an event has: zeroes, its kind, and who it is about. */
#include "policy.bpf.h"

/*
 * Ring memory still holds what stood there before. In pieces, kept apart by barriers, because
 * clang's BPF back end unrolls a memset of up to 1024 bytes and has no function to call for more.
 */
__noinline int eg_event_init(struct eg_event *e, __u16 kind)
{
	if (!e)
		return 0;
	__builtin_memset(e, 0, __builtin_offsetof(struct eg_event, exe));
	barrier();
	__builtin_memset(&e->exe, 0, sizeof(e->exe));
	barrier();
	__builtin_memset(&e->object, 0, sizeof(e->object));
	e->abi = EG_ABI_VERSION;
	e->kind = kind;
	return 0;
}

__noinline int eg_event_who(struct eg_event *e)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tty_struct *tty = task->signal->tty;
	struct file *exe;

	if (!e)
		return 0;
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
	return 0;
}
