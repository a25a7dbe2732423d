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
	barrier();
	__builtin_memset(e->args, 0, sizeof(e->args));
	e->abi = EG_ABI_VERSION;
	e->kind = kind;
	return 0;
}

/* The arguments as the process has them now: what it says of itself. Not those of a process whose
 * memory is elsewhere just now, which would have to be waited for. */
static __always_inline void eg_event_args(struct eg_event *e, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
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
	eg_event_args(e, task);
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
