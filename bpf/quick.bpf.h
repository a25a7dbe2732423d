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

enum { EG_QUICK_NOBODY = 0, EG_QUICK_UNSURE = -1 };

/* Looks up the current task's cgroup and remembers it (session.bpf.c). Always 0. */
int eg_quick_learn(void);

/* Whose is the task? Unsure also where it is not known yet: then the long way tells. Otherwise a
 * slot, that of its cgroup. */
static __always_inline int eg_quick_whose(struct task_struct *task)
{
	__u64 id = task->cgroups->dfl_cgrp->kn->id;
	__u64 word = *(volatile __u64 *)&eg_quick.words[eg_quick_place(id)];
	int slot;

	/* What is left is the id and the slot, if the counts are the same. */
	word ^= *(volatile __u64 *)&eg_quick.bindings;
	if (word >> EG_QUICK_SLOT_BITS != id >> EG_QUICK_BITS) {
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

/* ---- reading without a call ---- */

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/* Since 6.2. */
static __always_inline bool eg_can_peek(void)
{
	return bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast);
}

/* Eight bytes of the kernel's, or zero where there is no memory. Only where eg_can_peek: the call
 * below is none, the verifier puts nothing in its place. */
static __always_inline __u64 eg_peek(__u64 at)
{
	struct timespec64 *word =
		bpf_rdonly_cast((const void *)at, bpf_core_type_id_kernel(struct timespec64));

	return word->tv_sec;
}

/* The slot that the current task's label stands for; 0: it has none, or not where the kernel keeps
 * what is used often. */
static __always_inline __u32 eg_quick_label(struct task_struct *task)
{
	__u64 storage = (__u64)task->bpf_storage, data;
	/* The map as the kernel has it. */
	struct bpf_local_storage_map *map = (void *)&eg_labels;

	if (!storage)
		return 0;
	data = eg_peek(storage + bpf_core_field_offset(struct bpf_local_storage, cache) +
		       map->cache_idx * sizeof(void *));
	if (!data || eg_peek(data) != (__u64)map)
		return 0;
	return eg_peek(data + bpf_core_field_offset(struct bpf_local_storage_data, data) +
		       __builtin_offsetof(struct eg_label, guard.profile));
}

/* Does its label say the same as its cgroup? False also where it cannot be known without a call. */
static __always_inline bool eg_quick_agrees(struct task_struct *task, int slot)
{
	return slot > 0 && eg_can_peek() && eg_quick_label(task) == (__u32)slot;
}

#endif
