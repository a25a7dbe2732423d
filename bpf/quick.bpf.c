// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How it comes to be remembered whose cgroup it is, what a label says, and what may be reached. */
#include "brief.bpf.h"

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

/* Loaded whole: the helper may write it between two loads. */
static __always_inline struct eg_brief eg_brief_of(__u32 slot)
{
	union {
		struct eg_brief brief;
		__u32 word;
	} now = {.word = *(volatile __u32 *)&eg_quick.briefs[slot & (EG_PROFILES_MAX - 1)]};

	return now.brief;
}

__noinline int eg_brief_allows4(__u32 slot, __u32 addr)
{
	volatile __u64 *word = eg_quick_peer(addr, slot);
	__u64 count = eg_quick_begin();
	struct eg_brief brief = eg_brief_of(slot);

	if (!brief.policy || !addr ||
	    !(brief.ipv4 == EG_BRIEF_OPEN ||
	      (brief.ipv4 == EG_BRIEF_RULES && eg_networks_pass4(brief.policy, addr))))
		return 0;
	if (count == EG_QUICK_WIPING)
		return 1;
	*word = eg_quick_word(count, addr, slot);
	if (eg_quick_is_late(count))
		*word = 0;
	return 1;
}

__noinline int eg_brief_allows6(__u32 slot, __u64 high, __u64 low)
{
	struct eg_brief brief = eg_brief_of(slot);
	__u16 first = bpf_ntohs((__u16)high);

	/* ::/16 has "any", loopback and v4-mapped in it, the other two what relays make IPv4 of:
	 * 64:ff9b::/96 and 2002::/16. */
	if (!brief.policy || !first || first == 0x64 || first == 0x2002)
		return 0;
	return brief.ipv6 == EG_BRIEF_OPEN ||
	       (brief.ipv6 == EG_BRIEF_RULES && eg_networks_pass6(brief.policy, high, low));
}
