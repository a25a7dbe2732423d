// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The short way's look at the rules, what it remembers of them, and how it refuses. */
#include "brief.bpf.h"

/* Loaded whole: the helper may write it between two loads. */
static __always_inline struct eg_brief eg_brief_of(__u32 slot)
{
	union {
		struct eg_brief brief;
		__u32 word;
	} now = {.word = *(volatile __u32 *)&eg_quick.briefs[slot & (EG_PROFILES_MAX - 1)]};

	return now.brief;
}

static __always_inline void eg_brief_learn(__u64 count, __u32 slot, __u32 addr)
{
	volatile __u64 *word = eg_quick_peer(addr, slot);

	if (count == EG_QUICK_WIPING)
		return;
	*word = eg_quick_word(count, addr, slot);
	if (eg_quick_is_late(count))
		*word = 0;
}

__noinline int eg_brief_says4(__u32 slot, __u32 addr, struct eg_brief_no *ret)
{
	__u64 count = eg_quick_begin();
	struct eg_brief brief = eg_brief_of(slot);
	int said = EG_SAID_NOTHING;

	if (!brief.policy || !addr || !ret)
		return said;
	if (brief.ipv4 == EG_BRIEF_OPEN)
		said = EG_SAID_PASS;
	else if (brief.ipv4 == EG_BRIEF_RULES)
		said = eg_networks_say4(brief.policy, addr, &ret->rule);
	if (said == EG_SAID_PASS)
		eg_brief_learn(count, slot, addr);
	else
		ret->policy = brief.policy;
	return said;
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

__noinline int eg_brief_refuse(__u32 slot, struct eg_brief_no *no)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 id = eg_cgroup_id(task->cgroups->dfl_cgrp);
	const struct eg_guard *guard = bpf_map_lookup_elem(&eg_sessions, &id);
	struct eg_detail detail = {.op = EG_OP_CONNECT,
				   .family = EG_AF_INET,
				   .has_addr = 1,
				   .rule_family = EG_AF_INET};
	struct eg_view view = {};

	if (!guard || !no || guard->profile != slot)
		return 0;
	/* While there is a brief there is no order. */
	view.session = guard->session;
	eg_view_slot(&view, slot);
	if (view.policy != no->policy || eg_audits(&view, EG_ON_EGRESS))
		return 0;
	detail.protocol = no->protocol;
	detail.port = bpf_ntohs(no->port);
	detail.rule = no->rule;
	detail.has_rule = no->rule.line != 0;
	detail.reason = no->rule.line ? EG_REASON_RULE : EG_REASON_DEFAULT;
	__builtin_memcpy(detail.addr, &no->addr, sizeof(no->addr));
	eg_refuse_on(&view, &detail, no->sock);
	return 1;
}
