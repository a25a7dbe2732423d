/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is it nobody's that we guard? The first question of every hook, and for most of a host's tasks
 * the only one: a few loads of what is remembered (abi_quick.h), no call.
 *
 * By cgroup: users make cgroups without end, and take no entry in a map of others with it. By
 * label: a task that never had one has no storage at all, wherever it was moved.
 */
#ifndef EG_QUICK_BPF_H
#define EG_QUICK_BPF_H

/* Pinned as map_eg_quick; the helper maps it (helper/quick.c). */
extern struct eg_quick eg_quick SEC(".data.quick");

enum { EG_QUICK_NOBODY = 0, EG_QUICK_UNSURE = -1 };

/* The count, before what a word that is learned will vouch for, in whatever order this processor
 * likes to read. EG_QUICK_WIPING: learn nothing. */
static __always_inline __u64 eg_quick_begin(void)
{
	__u64 none = 0;

	/* Added, and not known: the compiler would take "or", which kernels make a loop. */
	barrier_var(none);
	return __sync_fetch_and_add(&eg_quick.count, none);
}

/* Has the count gone on? Then what was written meanwhile must go: counts come again one day. */
static __always_inline bool eg_quick_is_late(__u64 count)
{
	return eg_quick_begin() != count;
}

static __always_inline __u64 eg_quick_word(__u64 count, __u64 what, __u64 slot)
{
	return count | what << EG_QUICK_SLOT_BITS | slot;
}

/* The barrier keeps the last step the one that the verifier needs to see: 6.1 forgets what it knew
 * of the two sides of an exclusive or. */
static __always_inline volatile __u64 *eg_quick_cgroup(__u64 id)
{
	__u32 place = eg_quick_mix(id);

	barrier_var(place);
	return &eg_quick.cgroups[place & (EG_QUICK_CGROUPS - 1)];
}

static __always_inline volatile __u64 *eg_quick_peer(__u32 addr, __u32 slot)
{
	__u32 place = eg_quick_peer_mix(addr, slot);

	barrier_var(place);
	return &eg_quick.peers[place & (EG_QUICK_PEERS - 1)];
}

/* quick.bpf.c. Looks up the current task's cgroup and remembers it. Always 0. */
int eg_quick_learn(void);

/* Does the current task's label stand for the slot? Looks it up and remembers it. 1 or 0. */
int eg_quick_join(__u32 slot);

/* Whose is the task? Unsure also where it is not known yet: then the long way tells. Otherwise a
 * slot, that of its cgroup. */
static __always_inline int eg_quick_whose(struct task_struct *task)
{
	__u64 id = task->cgroups->dfl_cgrp->kn->id;
	__u64 word = *eg_quick_cgroup(id);
	int slot;

	/* What is left is the id and the slot, if the counts are the same. */
	word ^= *(volatile __u64 *)&eg_quick.count;
	if (word >> EG_QUICK_SLOT_BITS != id >> EG_QUICK_CGROUP_BITS) {
		eg_quick_learn();
		return EG_QUICK_UNSURE;
	}
	slot = word & ((1U << EG_QUICK_SLOT_BITS) - 1);
	if (slot)
		return slot;
	return task->bpf_storage ? EG_QUICK_UNSURE : EG_QUICK_NOBODY;
}

static __always_inline bool eg_is_nobody(struct task_struct *task)
{
	return eg_quick_whose(task) == EG_QUICK_NOBODY;
}

/* Does the label of the current task, whose cgroup stands for this slot, say the same? */
static __always_inline bool eg_quick_agrees(struct task_struct *task, __u32 slot)
{
	__u32 tid = task->pid;
	struct eg_quick_task *known = &eg_quick.tasks[tid & (EG_QUICK_TASKS - 1)];
	__u64 word = *(volatile __u64 *)&known->word;

	if (word != eg_quick_word(*(volatile __u64 *)&eg_quick.count, tid, slot) ||
	    (*(volatile __u64 *)&known->start ^ word) != task->start_boottime)
		return eg_quick_join(slot);
	return true;
}

/* May the slot's sessions reach this IPv4 address, as far as it is remembered? */
static __always_inline bool eg_quick_reaches(__u32 slot, __u32 addr)
{
	__u64 count = *(volatile __u64 *)&eg_quick.count;

	return *eg_quick_peer(addr, slot) == eg_quick_word(count, addr, slot);
}

#endif
