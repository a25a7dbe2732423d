// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The look-up behind every verdict about addresses and ports: a flat table or a trie for the
 * network, then, where its rules tell protocols or ports apart, a list that is searched by halves.
 */
#include "verdict.bpf.h"

/* Nobody else looks at the tables: they are defined here. */
#undef EG_MAP
#define EG_MAP
#include "flat.bpf.h"

/* ---- which policy is in force ---- */

/* What an administrator has ordered for a session; NULL: nothing. Nobody looks while there is no
 * order at all. */
static __always_inline struct eg_order *eg_order_of(__u64 session)
{
	__u32 zero = 0;
	struct eg_state *state = bpf_map_lookup_elem(&eg_state, &zero);

	if (!state || !*(volatile __u32 *)&state->n_orders)
		return NULL;
	return bpf_map_lookup_elem(&eg_orders, &session);
}

__noinline __u32 eg_slot_now(__u64 session, __u32 profile)
{
	struct eg_order *order = eg_order_of(session);
	__u32 slot = profile;

	if (!order)
		return slot;
	if (order->from && order->from == slot)
		slot = order->to;
	if (order->flags & EG_ORDER_QUARANTINE)
		slot |= EG_CUT;
	if (order->flags & EG_ORDER_ENDING)
		slot |= EG_ENDING;
	return slot;
}

__noinline int eg_view_look(struct eg_view *view)
{
	__u32 slot, cut;

	if (!view)
		return 0;
	slot = eg_slot_now(view->session, view->profile);
	cut = slot & EG_CUT;
	slot &= ~(__u32)(EG_CUT | EG_ENDING);
	view->flags = 0;
	eg_view_slot(view, slot);
	if (!cut)
		return 0;
	view->flags |= cut;
	view->audit &= ~(1U << EG_ON_EGRESS);
	view->kill &= ~(1U << EG_ON_EGRESS);
	return 0;
}

enum {
	EG_SEARCH_STEPS = 13, /* halves EG_LIST_MAX down to one */
	EG_FOUND = 0,
	EG_NO_RULE = 1,
	EG_MISSING = 2,	 /* what must be there is not */
	EG_NO_TABLE = 3, /* the networks are in tries */
};

/* The segment of a list that decides for `at`. */
static __always_inline int eg_search(__u32 policy, __u32 list, __u32 n, __u32 at,
				     struct eg_rule *ret)
{
	void *segments = bpf_map_lookup_elem(&eg_segments, &policy);
	/* Read back from memory at each step: the verifier then knows nothing of their values and
	 * takes the steps for one. */
	volatile __u32 low = 0, high = n;
	struct eg_segment *segment;
	__u32 key;

	if (!segments)
		return EG_MISSING;
	for (int i = 0; i < EG_SEARCH_STEPS; i++) {
		__u32 from = low, to = high, middle;

		if (to - from <= 1)
			break;
		middle = from + (to - from) / 2;
		key = list + middle;
		segment = bpf_map_lookup_elem(segments, &key);
		if (!segment)
			return EG_MISSING;
		if (segment->from <= at)
			low = middle;
		else
			high = middle;
	}
	key = list + low;
	segment = bpf_map_lookup_elem(segments, &key);
	if (!segment)
		return EG_MISSING;
	*ret = segment->rule;
	return EG_FOUND;
}

static __always_inline int eg_entry_rule(__u32 policy, const struct eg_entry *entry, __u32 at,
					 struct eg_rule *ret)
{
	if (entry->n)
		return eg_search(policy, entry->list, entry->n, at, ret);
	*ret = entry->rule;
	return EG_FOUND;
}

/* What a policy's trie says about an address. v6: of that family, addr its 16 bytes; else its 4. */
static __always_inline int eg_look(__u32 policy, const __u8 *addr, __u32 at, bool v6,
				   struct eg_rule *ret)
{
	struct eg_policy *of = bpf_map_lookup_elem(&eg_policies, &policy);
	struct eg_entry *entry;
	void *trie;

	if (!of)
		return EG_MISSING;
	if (!(of->flags & (v6 ? EG_POLICY_RULES6 : EG_POLICY_RULES4)))
		return EG_NO_RULE;
	if (v6) {
		struct eg_lpm6_key key = {.prefix_len = 128};

		trie = bpf_map_lookup_elem(&eg_tries6, &policy);
		if (!trie)
			return EG_MISSING;
		__builtin_memcpy(key.addr, addr, sizeof(key.addr));
		entry = bpf_map_lookup_elem(trie, &key);
	} else {
		struct eg_lpm4_key key = {.prefix_len = 32};

		trie = bpf_map_lookup_elem(&eg_tries4, &policy);
		if (!trie)
			return EG_MISSING;
		__builtin_memcpy(key.addr, addr, sizeof(key.addr));
		entry = bpf_map_lookup_elem(trie, &key);
	}
	return entry ? eg_entry_rule(policy, entry, at, ret) : EG_NO_RULE;
}

/* The same with what the program has besides: each has its rule with the longest prefix, so the
 * longer of the two decides, at equal length the program's. One without a line is no rule. */
static __always_inline int eg_look_both(const struct eg_query *query, const __u8 *addr, __u32 at,
					bool v6, struct eg_rule *ret)
{
	int found = eg_look(query->policy, addr, at, v6, ret), by_program;
	struct eg_rule own = {};

	if (!query->own || found == EG_MISSING)
		return found;
	by_program = eg_look(query->own, addr, at, v6, &own);
	if (by_program == EG_MISSING)
		return EG_MISSING;
	if (by_program == EG_NO_RULE || !own.line ||
	    (found == EG_FOUND && own.prefix_len < ret->prefix_len))
		return found;
	*ret = own;
	return EG_FOUND;
}

/* Writes the answer. A rule without a line that denies is the default. */
static __always_inline int eg_deny(struct eg_query *query, int found, const struct eg_rule *rule,
				   __u16 family)
{
	query->rule = *rule;
	query->rule_family = family;
	query->has_rule = found == EG_FOUND && rule->line;
	query->reason = found == EG_MISSING ? EG_REASON_POLICY
			: rule->line	    ? EG_REASON_RULE
					    : EG_REASON_DEFAULT;
	return 1;
}

/* ---- tables ---- */

/* Eight bytes of an address, host order. */
static __always_inline __u64 eg_addr_half(const struct eg_target *target, int i)
{
	return (__u64)bpf_ntohl(eg_addr_word(target, i)) << 32 |
	       bpf_ntohl(eg_addr_word(target, i + 1));
}

/* The rule of a table's answer that refuses, as far as it knows it: which line that is, it does not
 * (helper/attribute.h). False: the answer is another. */
static __always_inline bool eg_table_rule(int answer, struct eg_rule *ret)
{
	if (answer != EG_FLAT_REFUSED && answer != EG_FLAT_DEFAULT)
		return false;
	*ret = (struct eg_rule){.verdict = EG_VERDICT_DENY,
				.line = answer == EG_FLAT_REFUSED ? EG_LINE_UNKNOWN : 0};
	return true;
}

/* What a table says, as an answer to the query. */
static __always_inline int eg_table_answer(struct eg_query *query, int answer,
					   const struct eg_flat_list *list)
{
	__u32 at = (__u32)query->target.proto << 16 | query->target.port;

	if (eg_table_rule(answer, &query->rule))
		return EG_FOUND;
	switch (answer) {
	case EG_FLAT_PASS:
		return EG_NO_RULE;
	case EG_FLAT_LIST:
		return eg_search(query->policy, list->list, list->n, at, &query->rule);
	default:
		return EG_MISSING;
	}
}

/* For both families: each class of tables has a way of its own through here for each. */
__noinline int eg_verdict_table(struct eg_query *query, int inside)
{
	struct eg_flat_address address = {};
	struct eg_flat_list list = {};
	struct eg_policy *of;
	__u32 index;
	int answer;
	bool v6;

	if (!query)
		return EG_MISSING;
	index = query->policy;
	of = bpf_map_lookup_elem(&eg_policies, &index);
	if (!of || !index || query->flags & EG_CUT)
		return EG_NO_TABLE;
	v6 = query->target.family != EG_AF_INET && !inside;
	if (!(of->flags & (v6 ? EG_POLICY_TABLE6 : EG_POLICY_TABLE4)))
		return EG_NO_TABLE;
	if (v6) {
		address.high = eg_addr_half(&query->target, 0);
		address.low = eg_addr_half(&query->target, 2);
		answer = eg_flat_look(&of->flat6, index, &address, 1, &list);
	} else {
		address.high = (__u64)bpf_ntohl(inside ? eg_embedded(&query->target)
						       : eg_addr_word(&query->target, 0))
			       << 32;
		answer = eg_flat_look(&of->flat4, index, &address, 0, &list);
	}
	return eg_table_answer(query, answer, &list);
}

/* Does the entry of a trie let pass, whatever protocol and port? NULL: there is no rule. */
static __always_inline bool eg_entry_passes(const struct eg_entry *entry)
{
	return !entry || (!entry->n && entry->rule.verdict == EG_VERDICT_ALLOW);
}

__noinline int eg_networks_say4(__u32 policy, __u32 addr, struct eg_rule *ret)
{
	struct eg_policy *of = bpf_map_lookup_elem(&eg_policies, &policy);
	struct eg_lpm4_key key = {.prefix_len = 32};
	struct eg_flat_address address = {};
	struct eg_flat_list list;
	struct eg_entry *entry;
	void *trie;
	int answer;

	if (!of || !policy || !ret)
		return EG_SAID_NOTHING;
	if (of->flags & EG_POLICY_TABLE4) {
		address.high = (__u64)bpf_ntohl(addr) << 32;
		answer = eg_flat_look(&of->flat4, policy, &address, 0, &list);
		if (answer == EG_FLAT_PASS)
			return EG_SAID_PASS;
		return eg_table_rule(answer, ret) ? EG_SAID_REFUSE : EG_SAID_NOTHING;
	}
	trie = bpf_map_lookup_elem(&eg_tries4, &policy);
	if (!trie)
		return EG_SAID_NOTHING;
	__builtin_memcpy(key.addr, &addr, sizeof(key.addr));
	entry = bpf_map_lookup_elem(trie, &key);
	if (eg_entry_passes(entry))
		return EG_SAID_PASS;
	if (entry->n)
		return EG_SAID_NOTHING;
	*ret = entry->rule;
	return EG_SAID_REFUSE;
}

__noinline int eg_networks_pass6(__u32 policy, __u64 high, __u64 low)
{
	struct eg_policy *of = bpf_map_lookup_elem(&eg_policies, &policy);
	struct eg_lpm6_key key = {.prefix_len = 128};
	struct eg_flat_address address = {};
	struct eg_flat_list list;
	void *trie;

	if (!of || !policy)
		return 0;
	if (of->flags & EG_POLICY_TABLE6) {
		address.high = bpf_be64_to_cpu(high);
		address.low = bpf_be64_to_cpu(low);
		return eg_flat_look(&of->flat6, policy, &address, 1, &list) == EG_FLAT_PASS;
	}
	trie = bpf_map_lookup_elem(&eg_tries6, &policy);
	if (!trie)
		return 0;
	__builtin_memcpy(key.addr, &high, sizeof(high));
	__builtin_memcpy(key.addr + sizeof(high), &low, sizeof(low));
	return eg_entry_passes(bpf_map_lookup_elem(trie, &key));
}

/* ---- verdicts ---- */

/* The rule for the address, or for the one inside, from what the table has said or from tries. */
static __always_inline int eg_rule_of(const struct eg_query *query, int said, bool v6, __u32 v4,
				      struct eg_rule *ret)
{
	__u32 at = (__u32)query->target.proto << 16 | query->target.port;

	if (said == EG_NO_TABLE)
		return eg_look_both(query, v6 ? query->target.addr : (const __u8 *)&v4, at, v6,
				    ret);
	if (said == EG_FOUND)
		*ret = query->rule;
	return said;
}

__noinline int eg_verdict_rule(struct eg_query *query, int said, int inside)
{
	struct eg_rule rule = {};
	int found;

	if (!query)
		return 1;
	if (query->flags & EG_CUT) {
		eg_deny(query, EG_NO_RULE, &rule, 0);
		query->reason = EG_REASON_QUARANTINE;
		return 1;
	}
	if (!query->policy)
		return eg_deny(query, EG_MISSING, &rule, 0);
	if (!inside && query->target.family != EG_AF_INET) {
		found = eg_rule_of(query, said, true, 0, &rule);
		if (found == EG_MISSING || (found == EG_FOUND && rule.verdict != EG_VERDICT_ALLOW))
			return eg_deny(query, found, &rule, EG_AF_INET6);
		return 0;
	}
	found = eg_rule_of(query, said, false,
			   inside ? eg_embedded(&query->target) : eg_addr_word(&query->target, 0),
			   &rule);
	if (found == EG_NO_RULE || (found == EG_FOUND && rule.verdict == EG_VERDICT_ALLOW))
		return 0;
	/* Whatever relays it will send to the address inside: a rule about it counts. The default
	 * does not, the IPv6 address has an answer of its own. */
	if (inside && found == EG_FOUND && !rule.line)
		return 0;
	return eg_deny(query, found, &rule, EG_AF_INET);
}

/* What one policy says about a port. */
static __noinline int eg_look_port(__u32 policy, __u32 at, struct eg_rule *ret)
{
	struct eg_policy *of = bpf_map_lookup_elem(&eg_policies, &policy);

	if (!policy || !of)
		return EG_MISSING;
	return of->bind_n ? eg_search(policy, of->bind_list, of->bind_n, at, ret) : EG_NO_RULE;
}

static __always_inline __u32 eg_width(const struct eg_rule *rule)
{
	return rule->port_high - rule->port_low;
}

__noinline int eg_bind_verdict(struct eg_query *query)
{
	struct eg_rule rule = {}, own = {};
	int found, by_program = EG_NO_RULE;
	__u32 at;

	if (!query)
		return 1;
	at = (__u32)query->target.proto << 16 | query->target.port;
	found = eg_look_port(query->policy, at, &rule);
	if (found != EG_MISSING && query->own)
		by_program = eg_look_port(query->own, at, &own);
	/* As in eg_look_both: the narrower range, at equal width the program's. */
	if (by_program == EG_MISSING ||
	    (by_program == EG_FOUND && own.line &&
	     (found == EG_NO_RULE || !rule.line || eg_width(&own) <= eg_width(&rule)))) {
		rule = own;
		found = by_program;
	}
	if (found == EG_NO_RULE || (found == EG_FOUND && rule.verdict == EG_VERDICT_ALLOW))
		return 0;
	return eg_deny(query, found, &rule, 0);
}
