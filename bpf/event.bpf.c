// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What every record of an event has: zeroes, its kind, and who it is about. */
#include "path.bpf.h"

/* Ring memory still holds what stood there before. Of the texts at the end only what is used is
 * ever looked at: see struct eg_event. */
__noinline int eg_event_init(struct eg_event *e, __u16 kind)
{
	if (!e)
		return 0;
	__builtin_memset(e, 0, __builtin_offsetof(struct eg_event, exe));
	__builtin_memset(&e->exe, 0, __builtin_offsetof(struct eg_path, text));
	__builtin_memset(&e->object, 0, __builtin_offsetof(struct eg_path, text));
	e->abi = EG_ABI_VERSION;
	e->kind = kind;
	return 0;
}

/* The arguments as the process has them now: what it says of itself. Not those of a process whose
 * memory is elsewhere just now, which would have to be waited for. */
static __always_inline void eg_event_args(struct eg_event *e, struct mm_struct *mm)
{
	unsigned long start = mm->arg_start, end = mm->arg_end;
	__u64 n = end > start ? end - start : 0;

	e->args_cut = n > sizeof(e->args);
	if (n > sizeof(e->args))
		n = sizeof(e->args);
	barrier_var(n);
	if (n > sizeof(e->args))
		return;
	if (bpf_probe_read_user(e->args, n, (const void *)start))
		e->args_cut = 1;
	else
		e->n_args = n;
}

/*
 * The program's path. In the mount that it is in by loads of what the kernel says the types are,
 * each a twentieth of a probe. Where that one is mounted by probes: a mount is found from a pointer
 * into the middle of its struct.
 */
static __always_inline void eg_event_exe(struct eg_path *out, struct file *exe)
{
	struct dentry *dentry = exe->f_path.dentry;
	struct eg_where where = {}; /* from the mount's root on */

	out->cut = 1;
	/* Its root is read each time: the stack below a hook has no room for it. */
	for (int i = 0; i < EG_PATH_DEPTH && dentry != exe->f_path.mnt->mnt_root; i++) {
		struct dentry *parent = dentry->d_parent;

		if (dentry == parent) {
			out->cut = 0;
			return;
		}
		if (!eg_path_add(out, dentry->d_name.name))
			return;
		dentry = parent;
	}
	if (dentry != exe->f_path.mnt->mnt_root)
		return;
	bpf_probe_read_kernel(&where.mnt, sizeof(where.mnt), &exe->f_path.mnt);
	eg_path_walk(out, &where);
}

__noinline int eg_event_source(struct eg_event *e, __u64 sock)
{
	struct sock *sk = BPF_CORE_READ((struct socket *)sock, sk);
	__u32 words[4] = {};

	if (!e || !sk)
		return 0;
	e->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == EG_AF_INET)
		words[0] = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	else
		BPF_CORE_READ_INTO(&words, sk, __sk_common.skc_v6_rcv_saddr);
	/* IPv4 on a socket of AF_INET6 is told as IPv4, and so is our end of it. */
	if (e->family == EG_AF_INET && words[2] == bpf_htonl(0xffff)) {
		words[0] = words[3];
		words[2] = words[3] = 0;
	}
	__builtin_memcpy(e->src, words, sizeof(e->src));
	e->has_src = e->sport || words[0] || words[1] || words[2] || words[3];
	return 0;
}

__noinline int eg_event_who(struct eg_event *e)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tty_struct *tty = task->signal->tty;
	struct mm_struct *mm = task->mm;
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
	if (!mm)
		return 0;
	eg_event_args(e, mm);
	exe = mm->exe_file;
	if (exe)
		eg_event_exe(&e->exe, exe);
	return 0;
}
