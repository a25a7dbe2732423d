// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How it comes to be remembered whose cgroup it is, and what a label says. */
#include "policy.bpf.h"

struct eg_quick eg_quick SEC(".data.quick") = {.count = EG_QUICK_ONE};

__noinline int eg_quick_learn(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 count = eg_quick_begin();
	struct cgroup *cgroup = task->cgroups->dfl_cgrp;
	const struct eg_guard *guard = eg_guard_of_cgroup(cgroup);
	__u64 id = eg_cgroup_id(cgroup), upper = id >> EG_QUICK_CGROUP_BITS;
	__u64 slot = guard ? guard->profile : 0;
	volatile __u64 *word = eg_quick_cgroup(id);

	/* Slot 0 of a guard names no policy, see EG_PROFILE_NONE: not to be taken for nobody's. */
	if (count == EG_QUICK_WIPING || upper >> EG_QUICK_WHAT_BITS || slot >> EG_QUICK_SLOT_BITS ||
	    (guard && !slot))
		return 0;
	*word = eg_quick_word(count, upper, slot);
	if (eg_quick_is_late(count))
		*word = 0;
	return 0;
}

__noinline int eg_quick_join(__u32 slot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 count = eg_quick_begin();
	struct eg_label *label = bpf_task_storage_get(&eg_labels, task, NULL, 0);
	__u32 tid = task->pid;
	volatile struct eg_quick_task *known = &eg_quick.tasks[tid & (EG_QUICK_TASKS - 1)];
	__u64 word = eg_quick_word(count, tid, slot);

	if (!label || label->guard.profile != slot)
		return 0;
	if (count == EG_QUICK_WIPING || slot >> EG_QUICK_SLOT_BITS)
		return 1;
	known->start = task->start_boottime ^ word;
	known->word = word;
	if (eg_quick_is_late(count))
		known->word = 0;
	return 1;
}
