// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Briefs (bpf/abi_quick.h): the little of a policy that lets what it allows pass the short way. */
#include "bpf_maps.h"

#include <bpf/bpf.h>
#include <sys/socket.h>

#include "quick.h"

enum {
	/* there is more to ask, or to report, than a brief says */
	NOT_BRIEF = EG_POLICY_BY_PROGRAM | EG_POLICY_RECORD_CONNECT,
};

#define BOTH_FAMILIES (1ULL << AF_INET | 1ULL << AF_INET6)

static struct eg_brief brief_of(struct eg_bpf *bpf, uint32_t slot)
{
	static const struct eg_brief none;
	struct eg_brief brief = {0};
	struct eg_profile profile;
	struct eg_policy policy;

	if (eg_bpf_profile_get(bpf, slot, &profile) < 0 || !profile.policy ||
	    bpf_map_lookup_elem(bpf->maps[EG_MAP_POLICIES], &profile.policy, &policy) < 0)
		return none;
	if (policy.flags & NOT_BRIEF || (policy.families & BOTH_FAMILIES) != BOTH_FAMILIES)
		return none;
	brief.policy = (uint16_t)profile.policy;
	brief.ipv4 = policy.flags & EG_POLICY_RULES4 ? EG_BRIEF_RULES : EG_BRIEF_OPEN;
	brief.ipv6 = policy.flags & EG_POLICY_RULES6 ? EG_BRIEF_RULES : EG_BRIEF_OPEN;
	return brief;
}

static void put(struct eg_bpf *bpf, uint32_t slot, struct eg_brief brief)
{
	__atomic_store(&bpf->quick->briefs[slot], &brief, __ATOMIC_SEQ_CST);
}

void eg_bpf_forget(struct eg_bpf *bpf)
{
	(void)pthread_mutex_lock(&bpf->state_lock); /* fails for what is no mutex only */
	eg_quick_forget(bpf->quick);
	(void)pthread_mutex_unlock(&bpf->state_lock);
}

void eg_bpf_brief_forget(struct eg_bpf *bpf, uint32_t slot)
{
	put(bpf, slot, (struct eg_brief){0});
	eg_bpf_forget(bpf);
}

/* With the lock of eg_state: an order that is given meanwhile either is seen here, or takes back
 * what is put here. */
static void tell(struct eg_bpf *bpf, uint32_t from, uint32_t to)
{
	struct eg_state state = {0};
	bool plain;

	(void)pthread_mutex_lock(&bpf->state_lock);
	plain = eg_bpf_state_get(bpf->maps[EG_MAP_STATE], &state) == 0 && !state.n_orders;
	for (uint32_t slot = from; slot < to; slot++)
		put(bpf, slot, plain ? brief_of(bpf, slot) : (struct eg_brief){0});
	if (!plain)
		eg_quick_forget(bpf->quick);
	(void)pthread_mutex_unlock(&bpf->state_lock);
}

void eg_bpf_brief_tell(struct eg_bpf *bpf, uint32_t slot)
{
	tell(bpf, slot, slot + 1);
}

void eg_bpf_briefs_tell(struct eg_bpf *bpf)
{
	tell(bpf, 0, EG_PROFILES_MAX);
}
