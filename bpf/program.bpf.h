/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the hooks do to the program of a process; program.bpf.c has the rules of it.
 */
#ifndef EG_PROGRAM_BPF_H
#define EG_PROGRAM_BPF_H

#include "policy.bpf.h"

enum { EG_SHARERS = 3 }; /* processes that borrow their parent's memory, one from the other */

/* May the current process, which is executing something, be what it executes? unsafe: that of its
 * linux_binprm. 1 or 0. */
int eg_program_is_alone(__u32 unsafe);

/* leader: main thread of a process. */
static __always_inline void eg_program_forget(struct task_struct *leader)
{
	struct eg_label *label = bpf_task_storage_get(&eg_labels, leader, NULL, 0);

	if (!label)
		return;
	label->program.ino = 0;
	label->program.dev = 0;
	label->program.gen = 0;
}

/*
 * Somebody else has got hold of a process: it is no program any more, nor are those whose memory it
 * shares. They are above it: who borrows memory is given no program (eg_task_alloc), so those below
 * have none.
 */
static __always_inline void eg_program_lose(struct task_struct *task)
{
	__u64 mm = (__u64)task->mm;

	eg_program_forget(task->group_leader);
	for (int i = 0; i < EG_SHARERS && mm; i++) {
		struct task_struct *parent = task->real_parent;

		if (!parent || (__u64)parent->mm != mm)
			return;
		eg_program_forget(parent->group_leader);
		task = parent;
	}
}

/* Has a program rules of its own under one of the guards? */
static __always_inline bool eg_program_is_listed(const struct eg_who *who,
						 const struct eg_file_id *program)
{
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view view;

		if (!who->guard[i])
			continue;
		eg_view_of(who->guard[i], &view);
		if (view.flags & EG_POLICY_BY_PROGRAM && eg_rules_of(view.policy, program))
			return true;
	}
	return false;
}

/* Puts the current process's program on a socket that it has made or connects. Without memory for
 * it the socket is judged as anybody's. Not inlined: who calls it has little stack left. */
static __noinline __attribute__((unused)) int eg_program_carry(struct sock *sk)
{
	struct eg_file_id program = {}, *before;
	int some = eg_program_current(&program);

	before = bpf_sk_storage_get(&eg_programs, sk, NULL, 0);
	if (before)
		*before = program;
	else if (some)
		bpf_sk_storage_get(&eg_programs, sk, &program, BPF_SK_STORAGE_GET_F_CREATE);
	return 0;
}

#endif
