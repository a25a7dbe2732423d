// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Networks to runs of addresses. They come in the order of a trie, so those around the one at hand
 * are a stack; a run begins with each network, and behind each, where the one around it goes on.
 */
#include "flat_runs.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "give_way.h"

enum {
	DEPTH = 129, /* networks around an address, one of each length */
	LISTS_MAX = EG_FLAT_KINDS_MAX - EG_FLAT_LIST,
};

struct address {
	uint64_t high, low;
};

/* A network that holds the one at hand. */
struct node {
	struct address last; /* its last address */
	uint16_t kind;
};

/* An entry of either family. */
struct item {
	struct address first;
	unsigned int length;
	const struct eg_entry *entry;
};

struct sweep {
	const struct eg_policy_entry4 *entries4; /* one of these, the other is NULL */
	const struct eg_policy_entry6 *entries6;
	size_t n;
	struct eg_flat_runs runs;
	uint32_t *slots;   /* owned: hash table of index in runs.lists + 1; 0 = free */
	size_t slots_size; /* power of two */
	struct node around[DEPTH];
	size_t depth;
};

/* ---- entries */

static const struct eg_entry *entry_at(const struct sweep *sweep, size_t i)
{
	return sweep->entries6 ? &sweep->entries6[i].value : &sweep->entries4[i].value;
}

static struct item item_at(const struct sweep *sweep, size_t i)
{
	struct item item = {.entry = entry_at(sweep, i)};
	uint64_t halves[2];
	uint32_t v4;

	if (!sweep->entries6) {
		memcpy(&v4, sweep->entries4[i].key.addr, sizeof(v4));
		item.first.high = (uint64_t)be32toh(v4) << 32;
		item.length = sweep->entries4[i].key.prefix_len;
		return item;
	}
	memcpy(halves, sweep->entries6[i].key.addr, sizeof(halves));
	item.first = (struct address){be64toh(halves[0]), be64toh(halves[1])};
	item.length = sweep->entries6[i].key.prefix_len;
	return item;
}

/* The address with all bits behind a length set. */
static struct address last_of(const struct item *item)
{
	struct address last = {item->first.high, UINT64_MAX};

	if (item->length < 64)
		last.high |= UINT64_MAX >> item->length;
	else if (item->length < 128)
		last.low = item->first.low | UINT64_MAX >> (item->length - 64);
	else
		last.low = item->first.low;
	return last;
}

static int compare(const struct address *a, const struct address *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return (a->low > b->low) - (a->low < b->low);
}

/* Is it as the compiler makes them: in order, none twice, nothing set behind its length? */
static bool is_sound(const struct sweep *sweep, const struct item *item, const struct item *before)
{
	unsigned int longest = sweep->entries6 ? 128 : 32;
	struct address last;
	int order;

	if (item->length > longest)
		return false;
	last = last_of(item);
	if (item->length < 64 ? (last.high ^ item->first.high) != UINT64_MAX >> item->length ||
					item->first.low
			      : item->length < 128 && (last.low ^ item->first.low) !=
							      UINT64_MAX >> (item->length - 64))
		return false;
	if (!before)
		return true;
	order = compare(&before->first, &item->first);
	return order < 0 || (order == 0 && before->length < item->length);
}

/* ---- what an entry says */

static int find_list(struct sweep *sweep, const struct eg_entry *entry, uint16_t *ret)
{
	size_t mask = sweep->slots_size - 1, i = entry->list * 2654435761U & mask;
	struct eg_flat_runs *runs = &sweep->runs;

	for (; sweep->slots[i]; i = (i + 1) & mask) {
		const struct eg_flat_list *list = &runs->lists[sweep->slots[i] - 1];

		if (list->list == entry->list && list->n == entry->n) {
			*ret = (uint16_t)(EG_FLAT_LIST + sweep->slots[i] - 1);
			return 0;
		}
	}
	if (runs->n_lists == LISTS_MAX)
		return -E2BIG;
	*ret = (uint16_t)(EG_FLAT_LIST + runs->n_lists);
	runs->lists[runs->n_lists++] = (struct eg_flat_list){.list = entry->list, .n = entry->n};
	sweep->slots[i] = (uint32_t)runs->n_lists;
	return 0;
}

static int find_kind(struct sweep *sweep, const struct eg_entry *entry, uint16_t *ret)
{
	if (entry->n)
		return find_list(sweep, entry, ret);
	if (entry->rule.verdict == EG_VERDICT_ALLOW)
		*ret = EG_FLAT_PASS;
	else
		*ret = entry->rule.line ? EG_FLAT_REFUSED : EG_FLAT_DEFAULT;
	return 0;
}

/* ---- runs */

/* A run begins. One at the same address is over before it has begun. */
static void begin_run(struct eg_flat_runs *runs, const struct address *at, uint16_t kind)
{
	size_t last = runs->n - 1;

	if (runs->high[last] == at->high && (!runs->low || runs->low[last] == at->low)) {
		if (last && runs->kind[last - 1] == kind)
			runs->n--;
		else
			runs->kind[last] = kind;
		return;
	}
	if (runs->kind[last] == kind)
		return;
	runs->high[runs->n] = at->high;
	if (runs->low)
		runs->low[runs->n] = at->low;
	runs->kind[runs->n++] = kind;
}

/* The innermost network is over. */
static void end_network(struct sweep *sweep)
{
	struct address next = sweep->around[--sweep->depth].last;

	if (++next.low == 0 && ++next.high == 0)
		return; /* nothing is behind it */
	begin_run(&sweep->runs, &next,
		  sweep->depth ? sweep->around[sweep->depth - 1].kind : EG_FLAT_PASS);
}

static int sweep_entries(struct sweep *sweep)
{
	struct item before = {0};
	size_t i;

	for (i = 0; i < sweep->n; i++) {
		struct item item = item_at(sweep, i);
		uint16_t kind = EG_FLAT_PASS;
		int err;

		eg_way_give();
		if (!is_sound(sweep, &item, i ? &before : NULL))
			return -EINVAL;
		err = find_kind(sweep, item.entry, &kind);
		if (err < 0)
			return err;
		while (sweep->depth &&
		       compare(&sweep->around[sweep->depth - 1].last, &item.first) < 0)
			end_network(sweep);
		begin_run(&sweep->runs, &item.first, kind);
		sweep->around[sweep->depth++] = (struct node){.last = last_of(&item), .kind = kind};
		before = item;
	}
	while (sweep->depth)
		end_network(sweep);
	return 0;
}

static int reserve_lists(struct sweep *sweep)
{
	size_t i, n = 0;

	for (i = 0; i < sweep->n; i++)
		n += entry_at(sweep, i)->n != 0;
	if (!n)
		return 0;
	if (n > LISTS_MAX)
		n = LISTS_MAX;
	for (sweep->slots_size = 16; sweep->slots_size < 2 * n;)
		sweep->slots_size *= 2;
	sweep->slots = calloc(sweep->slots_size, sizeof(*sweep->slots));
	sweep->runs.lists = calloc(n, sizeof(*sweep->runs.lists));
	return sweep->slots && sweep->runs.lists ? 0 : -ENOMEM;
}

/* Each network begins a run and ends one. */
static int reserve_runs(struct sweep *sweep)
{
	struct eg_flat_runs *runs = &sweep->runs;
	size_t n = 2 * sweep->n + 1;

	runs->high = malloc(n * sizeof(*runs->high));
	runs->kind = malloc(n * sizeof(*runs->kind));
	if (sweep->entries6)
		runs->low = malloc(n * sizeof(*runs->low));
	if (!runs->high || !runs->kind || (sweep->entries6 && !runs->low))
		return -ENOMEM;
	runs->high[0] = 0;
	runs->kind[0] = EG_FLAT_PASS;
	if (runs->low)
		runs->low[0] = 0;
	runs->n = 1;
	return 0;
}

static int make_runs(struct sweep *sweep, struct eg_flat_runs *ret)
{
	int err = reserve_lists(sweep);

	if (err == 0)
		err = reserve_runs(sweep);
	if (err == 0)
		err = sweep_entries(sweep);
	free(sweep->slots);
	if (err < 0) {
		eg_flat_runs_done(&sweep->runs);
		return err;
	}
	*ret = sweep->runs;
	return 0;
}

int eg_flat_runs4(const struct eg_policy_entry4 *entries, size_t n, struct eg_flat_runs *ret)
{
	static const struct eg_policy_entry4 none;
	struct sweep sweep = {.entries4 = entries ? entries : &none, .n = n};

	return make_runs(&sweep, ret);
}

int eg_flat_runs6(const struct eg_policy_entry6 *entries, size_t n, struct eg_flat_runs *ret)
{
	static const struct eg_policy_entry6 none;
	struct sweep sweep = {.entries6 = entries ? entries : &none, .n = n};

	return make_runs(&sweep, ret);
}

void eg_flat_runs_done(struct eg_flat_runs *runs)
{
	free(runs->high);
	free(runs->low);
	free(runs->kind);
	free(runs->lists);
	*runs = (struct eg_flat_runs){0};
}
