// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The look-up of the product, asked by a test: the same functions as its hooks and packet programs
 * call, over its own pinned maps. Run by BPF_PROG_TEST_RUN. A tc program, as "syscall" ones sleep,
 * and LPM tries don't work there on 6.1 and 6.12.
 */
#define EG_DEFINE_MAPS
#include "verdict.bpf.c"
#include "oracle.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EG_ORACLE_QUERIES);
	__type(key, __u32);
	__type(value, struct eg_oracle);
} eg_oracle SEC(".maps");

static __always_inline void eg_oracle_answer(struct eg_oracle *oracle)
{
	struct eg_guard guard = {.session = 1, .profile = oracle->slot};
	struct eg_query query = {};
	struct eg_view view;

	eg_view_of(&guard, &view);
	query.policy = view.policy;
	query.flags = view.flags;
	query.target.family = oracle->family;
	query.target.port = oracle->port;
	query.target.proto = oracle->proto;
	__builtin_memcpy(query.target.addr, oracle->addr, sizeof(query.target.addr));
	if (oracle->kind == EG_ORACLE_BIND) {
		oracle->denied = eg_bind_verdict(&query);
	} else {
		eg_target_plain(&query.target, oracle->source);
		oracle->denied = eg_verdict(&query);
	}
	oracle->generation = view.generation;
	oracle->reason = query.reason;
	oracle->rule = query.rule;
	oracle->rule_family = query.rule_family;
	oracle->has_rule = query.has_rule;
	oracle->done = 1;
}

/* Answers what is in eg_oracle. Returns how many. */
SEC("tc")
int eg_oracle_run(struct __sk_buff *skb)
{
	for (__u32 i = 0; i < EG_ORACLE_QUERIES; i++) {
		__u32 key = i;
		struct eg_oracle *oracle = bpf_map_lookup_elem(&eg_oracle, &key);

		if (!oracle || oracle->kind == EG_ORACLE_END)
			return i;
		eg_oracle_answer(oracle);
	}
	return EG_ORACLE_QUERIES;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
