// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policies that are not what was compiled. */
#include "spoil.h"

#include <bpf/bpf.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "flat.h"
#include "util.h"

enum { TROUBLE = 2 };

/* The inner map of a policy, -1 when it has none. */
static int inner_of(const struct eg_bpf *bpf, enum eg_map outer, uint32_t policy)
{
	uint32_t id;

	if (bpf_map_lookup_elem(bpf->maps[outer], &policy, &id) < 0)
		return -1;
	return bpf_map_get_fd_by_id(id);
}

bool eg_spoil_entry(struct eg_bpf *bpf, uint32_t policy, bool line, struct eg_oracle *ret)
{
	int trie eg_auto_close = inner_of(bpf, EG_MAP_TRIES4, policy);
	struct eg_lpm4_key key, *from = NULL;
	struct eg_entry entry;

	/* The order is that of the tree: what is inside a network comes before it. */
	while (trie >= 0 && bpf_map_get_next_key(trie, from, &key) == 0) {
		from = &key;
		if (bpf_map_lookup_elem(trie, &key, &entry) < 0)
			err(TROUBLE, "look-up of a key that is there");
		if (entry.n || !entry.rule.line || (line && entry.rule.verdict == EG_VERDICT_ALLOW))
			continue;
		if (line)
			entry.rule.line++;
		else
			entry.rule.verdict = !entry.rule.verdict;
		if (bpf_map_update_elem(trie, &key, &entry, BPF_EXIST) < 0)
			err(TROUBLE, "update of a trie");
		*ret = (struct eg_oracle){.kind = EG_ORACLE_EGRESS, .family = AF_INET};
		memcpy(ret->addr, key.addr, sizeof(key.addr));
		return true;
	}
	return false;
}

bool eg_spoil_segment(struct eg_bpf *bpf, uint32_t policy, size_t n)
{
	int segments eg_auto_close = inner_of(bpf, EG_MAP_SEGMENTS, policy);
	uint32_t key = (uint32_t)n / 2;
	struct eg_segment segment;

	if (segments < 0 || !n || bpf_map_lookup_elem(segments, &key, &segment) < 0)
		return false;
	segment.rule.verdict = !segment.rule.verdict;
	if (bpf_map_update_elem(segments, &key, &segment, BPF_ANY) < 0)
		err(TROUBLE, "update of the segments");
	return true;
}

bool eg_spoil_table(struct eg_bpf *bpf, uint32_t index)
{
	struct eg_policy policy = {0};
	uint32_t key = 2 * index, id;
	uint8_t *table eg_auto_free = NULL;
	uint32_t zero = 0;
	int fd eg_auto_close = -1;

	if (bpf_map_lookup_elem(bpf->maps[EG_MAP_POLICIES], &index, &policy) < 0 ||
	    !(policy.flags & EG_POLICY_TABLE4) || policy.flat4.n_bounds < 2 ||
	    bpf_map_lookup_elem(bpf->maps[EG_MAP_FLAT_1 + policy.flat4.class - 1], &key, &id) < 0)
		return false;
	fd = bpf_map_get_fd_by_id(id);
	table = calloc(1, eg_flat_size(policy.flat4.class));
	if (!table || bpf_map_lookup_elem(fd, &zero, table) < 0)
		err(TROUBLE, "reading a table");
	table[policy.flat4.bounds + 2 * (2U << (policy.flat4.form >> EG_FLAT_WIDTH_SHIFT))]++;
	if (bpf_map_update_elem(fd, &zero, table, BPF_ANY) < 0)
		err(TROUBLE, "writing a table");
	return true;
}

void eg_spoil_lines(struct eg_policy_image *image)
{
	for (size_t i = 0; i < image->n_entries4; i++)
		image->entries4[i].value.rule.line += !!image->entries4[i].value.rule.line;
	for (size_t i = 0; i < image->n_entries6; i++)
		image->entries6[i].value.rule.line += !!image->entries6[i].value.rule.line;
}
