// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The guard of a cgroup that is not the current task's. */
#include "policy.bpf.h"

/* The same steps as eg_guard_of_cgroup, for a cgroup that is only a number to the verifier. */
__noinline int eg_guard_find(__u64 cgroup, struct eg_guard *ret)
{
	struct cgroup *at = (void *)cgroup;
	struct eg_state *state;
	__u32 zero = 0, depth = 0;
	int own, found = 0;

	if (!at || !ret)
		return 0;
	state = bpf_map_lookup_elem(&eg_state, &zero);
	if (!state)
		return 0;
	own = BPF_CORE_READ(at, level);
	for (__u32 i = 0; i < EG_LEVELS_MAX && i < state->n_levels; i++) {
		__u32 level = state->levels[i];
		struct cgroup *ancestor = at;
		struct eg_guard *guard;
		__u64 id;

		if (own < 0 || level > (__u32)own || level < depth)
			continue;
		if (level < (__u32)own &&
		    bpf_probe_read_kernel(&ancestor, sizeof(ancestor), &at->ancestors[level]))
			continue;
		id = BPF_CORE_READ(ancestor, kn, id);
		guard = bpf_map_lookup_elem(&eg_sessions, &id);
		if (!guard)
			continue;
		*ret = *guard;
		depth = level;
		found = 1;
	}
	return found;
}
