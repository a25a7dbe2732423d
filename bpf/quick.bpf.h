/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is it nobody's that we guard? The first question of every hook, and for most of a host's tasks
 * the only one: a few loads, no call.
 *
 * By cgroup: eg_quick remembers what eg_guard_of_cgroup found, for cgroups in which somebody asked:
 * users make cgroups without end, and take no entry in a map of others with it. By label: a task
 * that never had one has no storage at all, wherever it came from and wherever it was moved.
 */
#ifndef EG_QUICK_BPF_H
#define EG_QUICK_BPF_H

/* Pinned as map_eg_quick; the helper maps it (helper/quick.c). */
extern struct eg_quick eg_quick SEC(".data.quick");

enum { EG_QUICK_NONE = -1 };

/* What is remembered of a cgroup: the slot, 0 = nobody's, EG_QUICK_NONE = nothing. */
static __always_inline int eg_quick_slot(__u64 id)
{
	__u64 word = *(volatile __u64 *)&eg_quick.words[eg_quick_place(id)];

	if (word >> EG_QUICK_COUNT_SHIFT != *(volatile __u64 *)&eg_quick.bindings ||
	    (__u32)(word >> EG_QUICK_SLOT_BITS) != id >> EG_QUICK_BITS)
		return EG_QUICK_NONE;
	return word & ((1U << EG_QUICK_SLOT_BITS) - 1);
}

/* Looks up the current task's cgroup and remembers it (session.bpf.c). Always 0. */
int eg_quick_learn(void);

/* False also where it is not known yet: then the long way tells. */
static __always_inline bool eg_is_nobody(struct task_struct *task)
{
	int slot = eg_quick_slot(task->cgroups->dfl_cgrp->kn->id);

	if (!slot)
		return !task->bpf_storage;
	if (slot == EG_QUICK_NONE)
		eg_quick_learn();
	return false;
}

#endif
