// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules with protocols and ports to lists of segments.
 *
 * Protocol and port are one number, as in eg_segment.from, so each rule is up to five ranges of it.
 * All places where a range begins or ends cut the numbers into cells; then each rule, the strongest
 * first, takes the cells of its ranges that nobody has taken. A chain of "next free cell" makes
 * that fast: a cell is passed once.
 */
#include "policy_lists.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

enum {
	END = EG_PROTO_MAX << 16, /* behind the last number */
	RANGES = 5,		  /* protocols with ports */
	PORTS_SHIFT = 16,
	NO_RULE = 0, /* eg_lists_work.rule counts from 1 */
};

struct range {
	uint32_t from, to; /* to: first number that is not in it */
};

struct eg_rule eg_lists_default(uint8_t verdict)
{
	return (struct eg_rule){.verdict = verdict,
				.protocol = EG_PROTO_ANY,
				.port_low = 0,
				.port_high = UINT16_MAX};
}

static struct range range_of(uint8_t proto, const struct eg_rule *rule)
{
	uint32_t base = (uint32_t)proto << PORTS_SHIFT;

	return (struct range){base | rule->port_low, (base | rule->port_high) + 1};
}

/* What a rule is for. Returns how many ranges. */
static size_t rule_ranges(const struct eg_rule *rule, struct range ret[RANGES])
{
	static const uint8_t with_ports[RANGES] = {EG_PROTO_TCP, EG_PROTO_UDP, EG_PROTO_SCTP,
						   EG_PROTO_DCCP, EG_PROTO_UDPLITE};
	size_t i;

	if (rule->protocol != EG_PROTO_ANY) {
		ret[0] = range_of(rule->protocol, rule);
		return 1;
	}
	if (rule->port_low == 0 && rule->port_high == UINT16_MAX) {
		ret[0] = (struct range){0, END};
		return 1;
	}
	for (i = 0; i < RANGES; i++)
		ret[i] = range_of(with_ports[i], rule);
	return RANGES;
}

/* ---- cells */

static int grow(uint32_t **array, size_t size)
{
	uint32_t *bigger = reallocarray(*array, size, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	return 0;
}

static int work_reserve(struct eg_lists_work *work, size_t n)
{
	size_t size = work->size ? work->size : 64;

	if (n <= work->size)
		return 0;
	while (size < n)
		size *= 2;
	if (grow(&work->cuts, size) < 0 || grow(&work->next, size) < 0 ||
	    grow(&work->rule, size) < 0)
		return -ENOMEM;
	work->size = size;
	return 0;
}

static int compare_cuts(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

/* Finds the cells: n_cuts of them, all free. */
static int cut(struct eg_lists_work *work, const struct eg_rule *rules, size_t n,
	       const struct eg_segment *base, size_t n_base)
{
	struct range ranges[RANGES];
	size_t i, j, n_ranges, n_cuts = 0, kept = 1;

	if (work_reserve(work, 2 * RANGES * n + n_base + 2) < 0)
		return -ENOMEM;
	work->cuts[n_cuts++] = 0;
	for (i = 0; base && i < n_base; i++)
		work->cuts[n_cuts++] = base[i].from;
	for (i = 0; i < n; i++) {
		n_ranges = rule_ranges(&rules[i], ranges);
		for (j = 0; j < n_ranges; j++) {
			work->cuts[n_cuts++] = ranges[j].from;
			work->cuts[n_cuts++] = ranges[j].to;
		}
	}
	qsort(work->cuts, n_cuts, sizeof(*work->cuts), compare_cuts);
	for (i = 1; i < n_cuts; i++)
		if (work->cuts[i] != work->cuts[kept - 1] && work->cuts[i] < END)
			work->cuts[kept++] = work->cuts[i];
	work->n_cuts = kept;
	for (i = 0; i <= kept; i++) {
		work->next[i] = (uint32_t)i;
		work->rule[i] = NO_RULE;
	}
	return 0;
}

/* The cell that begins at a cut. */
static uint32_t cell_at(const struct eg_lists_work *work, uint32_t from)
{
	size_t low = 0, high = work->n_cuts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (work->cuts[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* The first free cell from this one on; n_cuts when there is none. Shortens the way for others. */
static uint32_t next_free(struct eg_lists_work *work, uint32_t cell)
{
	while (work->next[cell] != cell) {
		work->next[cell] = work->next[work->next[cell]];
		cell = work->next[cell];
	}
	return cell;
}

static void take_cells(struct eg_lists_work *work, const struct range *range, uint32_t rule)
{
	uint32_t end = cell_at(work, range->to), cell;

	for (cell = next_free(work, cell_at(work, range->from)); cell < end;
	     cell = next_free(work, cell)) {
		work->rule[cell] = rule;
		work->next[cell] = cell + 1;
	}
}

/* ---- lists */

/* Goes on with a segment; one that says what the last one says is part of it. */
static void append(struct eg_lists *lists, uint32_t from, const struct eg_rule *rule)
{
	if (lists->n_list && memcmp(&lists->list[lists->n_list - 1].rule, rule, sizeof(*rule)) == 0)
		return;
	lists->list[lists->n_list++] = (struct eg_segment){.from = from, .rule = *rule};
}

static int list_reserve(struct eg_lists *lists, size_t n)
{
	struct eg_segment *bigger = NULL;

	if (n <= lists->list_size)
		return 0;
	bigger = reallocarray(lists->list, n, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	lists->list = bigger;
	lists->list_size = n;
	return 0;
}

int eg_lists_flatten(struct eg_lists *lists, const struct eg_rule *rules, size_t n,
		     const struct eg_entry *base)
{
	const struct eg_segment *under = base->n ? &lists->segments[base->list] : NULL;
	struct eg_lists_work *work = &lists->work;
	size_t i, j, at = 0;

	if (cut(work, rules, n, under, base->n) < 0 || list_reserve(lists, work->n_cuts) < 0)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct range ranges[RANGES];
		size_t n_ranges = rule_ranges(&rules[i], ranges);

		for (j = 0; j < n_ranges; j++)
			take_cells(work, &ranges[j], (uint32_t)i + 1);
	}
	lists->n_list = 0;
	for (i = 0; i < work->n_cuts; i++) {
		while (under && at + 1 < base->n && under[at + 1].from <= work->cuts[i])
			at++;
		if (work->rule[i] != NO_RULE)
			append(lists, work->cuts[i], &rules[work->rule[i] - 1]);
		else
			append(lists, work->cuts[i], under ? &under[at].rule : &base->rule);
	}
	return 0;
}

/* FNV-1a over the bytes: a segment has no padding that is not zero. */
static uint32_t hash_list(const struct eg_segment *list, size_t n)
{
	const uint8_t *bytes = (const uint8_t *)list;
	uint32_t hash = 2166136261U;
	size_t i;

	for (i = 0; i < n * sizeof(*list); i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

/* Where this list is in the table, or the free slot where it belongs. */
static struct eg_lists_slot *find_slot(const struct eg_lists *lists, uint32_t hash)
{
	size_t mask = lists->slots_size - 1, i = hash & mask;

	for (; lists->slots[i].n; i = (i + 1) & mask) {
		const struct eg_lists_slot *slot = &lists->slots[i];

		if (slot->hash == hash && slot->n == lists->n_list &&
		    memcmp(&lists->segments[slot->list], lists->list,
			   slot->n * sizeof(*lists->list)) == 0)
			break;
	}
	return &lists->slots[i];
}

/* Keeps half of the slots free: a walk from where a list should be is then short. */
static int slots_reserve(struct eg_lists *lists)
{
	size_t i, at, size = lists->slots_size ? lists->slots_size * 2 : 64;
	struct eg_lists_slot *slots = NULL;

	if (2 * (lists->n_lists + 1) <= lists->slots_size)
		return 0;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < lists->slots_size; i++) {
		if (!lists->slots[i].n)
			continue;
		for (at = lists->slots[i].hash & (size - 1); slots[at].n;
		     at = (at + 1) & (size - 1))
			;
		slots[at] = lists->slots[i];
	}
	free(lists->slots);
	lists->slots = slots;
	lists->slots_size = size;
	return 0;
}

static int segments_reserve(struct eg_lists *lists)
{
	size_t n = lists->n_segments + lists->n_list;
	size_t size = lists->segments_size ? lists->segments_size : 64;
	struct eg_segment *bigger = NULL;

	if (n > EG_SEGMENTS_MAX)
		return -E2BIG;
	if (n <= lists->segments_size)
		return 0;
	while (size < n)
		size *= 2;
	bigger = reallocarray(lists->segments, size, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	lists->segments = bigger;
	lists->segments_size = size;
	return 0;
}

int eg_lists_store(struct eg_lists *lists, uint32_t *ret, uint32_t *ret_n)
{
	uint32_t hash = hash_list(lists->list, lists->n_list);
	struct eg_lists_slot *slot = NULL;
	int err = slots_reserve(lists);

	if (err < 0)
		return err;
	slot = find_slot(lists, hash);
	if (!slot->n) {
		err = segments_reserve(lists);
		if (err < 0)
			return err;
		*slot = (struct eg_lists_slot){.hash = hash,
					       .list = (uint32_t)lists->n_segments,
					       .n = (uint32_t)lists->n_list};
		memcpy(&lists->segments[lists->n_segments], lists->list,
		       lists->n_list * sizeof(*lists->list));
		lists->n_segments += lists->n_list;
		lists->n_lists++;
	}
	*ret = slot->list;
	*ret_n = slot->n;
	return 0;
}

void eg_lists_take(struct eg_lists *lists, struct eg_segment **ret, size_t *ret_n)
{
	*ret = eg_take_ptr(&lists->segments);
	*ret_n = lists->n_segments;
	lists->n_segments = 0;
	lists->segments_size = 0;
}

void eg_lists_done(struct eg_lists *lists)
{
	free(lists->segments);
	free(lists->slots);
	free(lists->work.cuts);
	free(lists->work.next);
	free(lists->work.rule);
	free(lists->list);
	*lists = (struct eg_lists){0};
}
