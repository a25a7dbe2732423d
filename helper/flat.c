// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Plans and writes flat range tables; flat_runs.c makes of networks what they are made from. */
#include "flat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flat_runs.h"

enum {
	WINDOW_FROM = 64,  /* boundaries from which on a window is looked for */
	BEYOND = 32,	   /* one in so many may stand beyond it */
	BEYOND_MAX = 1024, /* and no more than these */
	BUCKET_MAX = 4,	   /* log2 of boundaries in a bucket, on the average */
	BUCKET_MIN = -1,   /* more buckets than these are of no use */
	BITS = 64,	   /* of half an address */
	WIDEST = 4,	   /* log2 of bytes */
};

/* The runs in the window. */
struct part {
	size_t from, to;     /* runs that begin behind the window's first address, and in it */
	size_t first;	     /* the run its first address is in */
	bool whole;	     /* nothing is beyond */
	bool at_end;	     /* there are addresses behind it */
	uint64_t start, end; /* upper halves; end: behind it, where there is something */
};

size_t eg_flat_size(unsigned int class)
{
	static const size_t sizes[] = {
#define SIZE_OF(number, size) [number] = (size),
		EG_FLAT_CLASSES_SMALL(SIZE_OF) EG_FLAT_CLASSES_LARGE(SIZE_OF)
#undef SIZE_OF
	};

	return class < sizeof(sizes) / sizeof(*sizes) ? sizes[class] : 0;
}

/* ---- the window */

/* The first run from `from` on that begins at this address or behind. */
static size_t run_at(const struct eg_flat_runs *runs, size_t from, uint64_t high)
{
	size_t to = runs->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (runs->high[middle] < high)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Halves the addresses for as long as one half has nearly all boundaries. */
static void find_window(struct eg_flat_plan *plan)
{
	const struct eg_flat_runs *runs = &plan->runs;
	size_t from = 1, to = runs->n, n = to - from, beyond = n / BEYOND;
	unsigned int skip_max = runs->low ? EG_FLAT_SKIP_MAX : 32 - EG_FLAT_INDEX_MIN;

	if (beyond > BEYOND_MAX)
		beyond = BEYOND_MAX;
	while (n >= WINDOW_FROM && plan->skip < skip_max) {
		uint64_t middle = (plan->window << 1 | 1) << (BITS - 1 - plan->skip);
		size_t split = run_at(runs, from, middle);
		bool upper = split <= from || (split < to && to - split > split - from);

		if (split > to)
			split = to;
		if (n - (upper ? to - split : split - from) > beyond)
			return;
		plan->window = plan->window << 1 | upper;
		plan->skip++;
		if (upper)
			from = split;
		else
			to = split;
	}
}

static struct part find_part(const struct eg_flat_plan *plan)
{
	const struct eg_flat_runs *runs = &plan->runs;
	unsigned int skip = plan->skip;
	struct part part = {.from = 1, .to = runs->n, .whole = skip == 0};

	if (part.whole)
		return part;
	part.start = plan->window << (BITS - skip);
	part.end = (plan->window + 1) << (BITS - skip);
	part.at_end = part.end != 0;
	part.from = run_at(runs, 0, part.start);
	part.to = part.at_end ? run_at(runs, part.from, part.end) : runs->n;
	if (part.from < runs->n && runs->high[part.from] == part.start &&
	    (!runs->low || runs->low[part.from] == 0))
		part.from++; /* there is a run 0, so the one before has its first address */
	part.first = part.from - 1;
	return part;
}

/* Without kinds, boundaries are where it changes between passing and refusing; before the first
 * one it passes. */
static bool has_first(const struct eg_flat_plan *plan, const struct part *part)
{
	return !plan->has_kinds && plan->runs.kind[part->first] != EG_FLAT_PASS;
}

/* ---- beyond the window */

/* Where the boundaries beyond go, and the kinds of their places; NULL: they are counted. */
struct beyond {
	void *to;
	bool v6;
	void (*put)(void *kinds, size_t place, uint16_t kind);
	void *kinds;
	size_t n;
	uint16_t kind; /* of the last */
};

static void put_whole(void *bounds, size_t i, uint64_t high, uint64_t low)
{
	((uint64_t *)bounds)[2 * i] = high;
	((uint64_t *)bounds)[2 * i + 1] = low;
}

static void add_beyond(struct beyond *beyond, uint64_t high, uint64_t low, uint16_t kind)
{
	if (kind == beyond->kind)
		return;
	if (beyond->to && !beyond->v6)
		((uint32_t *)beyond->to)[beyond->n] = (uint32_t)(high >> 32);
	else if (beyond->to)
		put_whole(beyond->to, beyond->n, high, low);
	beyond->n++;
	beyond->kind = kind;
	if (beyond->put)
		beyond->put(beyond->kinds, beyond->n, kind);
}

static void walk_beyond(const struct eg_flat_plan *plan, const struct part *part,
			struct beyond *beyond)
{
	const struct eg_flat_runs *runs = &plan->runs;
	size_t i, last = part->to - 1; /* the run the first address behind is in */

	if (part->whole)
		return;
	beyond->kind = plan->has_kinds ? runs->kind[0] : EG_FLAT_PASS;
	if (beyond->put)
		beyond->put(beyond->kinds, 0, beyond->kind);
	for (i = 0; i < part->from; i++)
		if (runs->high[i] < part->start)
			add_beyond(beyond, runs->high[i], runs->low ? runs->low[i] : 0,
				   runs->kind[i]);
	if (!part->at_end)
		return;
	if (part->to < runs->n && runs->high[part->to] == part->end &&
	    (!runs->low || runs->low[part->to] == 0))
		last = part->to;
	add_beyond(beyond, part->end, 0, runs->kind[last]);
	for (i = last + 1; i < runs->n; i++)
		add_beyond(beyond, runs->high[i], runs->low ? runs->low[i] : 0, runs->kind[i]);
}

/* ---- the plan */

static size_t align(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static unsigned int log2_of(size_t n)
{
	unsigned int bits = 0;

	while (n >>= 1)
		bits++;
	return bits;
}

/* How many bits from the first on matter in boundaries of the window. */
static unsigned int find_length(const struct eg_flat_runs *runs, const struct part *part)
{
	uint64_t high = 0, low = 0;
	size_t i;

	for (i = part->from; i < part->to; i++) {
		high |= runs->high[i];
		low |= runs->low ? runs->low[i] : 0;
	}
	if (low)
		return 2 * BITS - (unsigned int)__builtin_ctzll(low);
	return high ? BITS - (unsigned int)__builtin_ctzll(high) : 0;
}

/* How boundaries of the window are kept: log2 of their bytes, and the bits cut off at their end. */
static unsigned int find_width(const struct eg_flat_plan *plan, unsigned int shift,
			       unsigned int *ret_cut)
{
	unsigned int cut = shift > 32 ? shift - 32 : 0;

	*ret_cut = 0;
	if (!plan->runs.low)
		return shift <= 16 ? 1 : 2;
	if (plan->length > BITS)
		return WIDEST;
	if (plan->length > BITS - cut)
		return 3;
	*ret_cut = cut;
	return 2;
}

/* Room for boundaries behind *at. Returns the number of what stands before the first: even. */
static uint32_t lay_bounds(size_t *at, size_t n, unsigned int width)
{
	size_t first = align(*at, 16) >> width;

	first += first % 2 == 0;
	*at = (first + n) << width;
	return (uint32_t)first - 1;
}

/* Lays the table out for so many bits. */
static void lay_out(struct eg_flat_plan *plan, unsigned int index_bits)
{
	struct eg_flat *flat = &plan->flat;
	size_t buckets = (size_t)1 << index_bits, at = (buckets + 1) * sizeof(uint32_t);
	unsigned int bits = plan->runs.low ? BITS : 32, cut = 0, width, out;

	flat->last = (uint32_t)buckets - 1;
	flat->shift = (uint8_t)(bits - plan->skip - index_bits);
	width = find_width(plan, flat->shift, &cut);
	out = plan->runs.low ? WIDEST : 2;
	flat->form = (uint8_t)((width - 1) << EG_FLAT_WIDTH_SHIFT | cut);
	flat->bounds = lay_bounds(&at, flat->n_bounds, width);
	flat->outside = lay_bounds(&at, flat->n_outside, out);
	flat->kinds = (uint32_t)at;
	if (plan->has_kinds)
		at += ((size_t)flat->n_bounds + flat->n_outside + 2)
		      << !!(flat->flags & EG_FLAT_KINDS16);
	flat->lists = (uint32_t)(at = align(at, 16));
	plan->used = at + plan->runs.n_lists * sizeof(*plan->runs.lists);
	flat->class = EG_FLAT_NONE;
	for (unsigned int class = 1; class <= EG_FLAT_LAST && !flat->class; class ++)
		if (plan->used + EG_FLAT_SLACK <= eg_flat_size(class))
			flat->class = (uint8_t) class;
}

/* The smallest class, and in it as many buckets as there is room for. */
static int choose_index(struct eg_flat_plan *plan)
{
	int n = (int)log2_of(plan->flat.n_bounds + 1U), low = n - BUCKET_MAX, high = n - BUCKET_MIN;
	unsigned int best = 0, class = EG_FLAT_LAST + 1;
	int most = (plan->runs.low ? BITS - 1 : 32) - (int)plan->skip;

	if (most > EG_FLAT_INDEX_MAX)
		most = EG_FLAT_INDEX_MAX;
	if (high > most)
		high = most;
	if (low > high)
		low = high;
	for (int bits = low; bits <= high || bits <= EG_FLAT_INDEX_MIN; bits++) {
		if (bits < EG_FLAT_INDEX_MIN)
			continue;
		lay_out(plan, (unsigned int)bits);
		if (plan->flat.class && plan->flat.class <= class) {
			class = plan->flat.class;
			best = (unsigned int)bits;
		}
	}
	if (!best)
		return -E2BIG;
	lay_out(plan, best);
	return 0;
}

static void find_flags(struct eg_flat_plan *plan)
{
	bool refused = false, by_default = false;
	size_t i;

	for (i = 0; i < plan->runs.n; i++) {
		refused = refused || plan->runs.kind[i] == EG_FLAT_REFUSED;
		by_default = by_default || plan->runs.kind[i] == EG_FLAT_DEFAULT;
	}
	plan->has_kinds = plan->runs.n_lists || (refused && by_default);
	if (plan->has_kinds)
		plan->flat.flags = plan->runs.n_lists + EG_FLAT_LIST > UINT8_MAX + 1U
					   ? EG_FLAT_KINDS16
					   : EG_FLAT_KINDS8;
	else if (by_default)
		plan->flat.flags = EG_FLAT_BY_DEFAULT;
}

static int finish(struct eg_flat_plan *plan)
{
	struct beyond beyond = {0};
	struct part part;

	find_flags(plan);
	find_window(plan);
	part = find_part(plan);
	walk_beyond(plan, &part, &beyond);
	plan->flat.first = plan->runs.low ? part.start : part.start >> 32;
	plan->flat.n_outside = (uint32_t)beyond.n;
	plan->flat.n_bounds = (uint32_t)(part.to - part.from + has_first(plan, &part));
	plan->length = find_length(&plan->runs, &part);
	return choose_index(plan);
}

/* Besides those that find_window leaves out, one where the window ends. */
_Static_assert((int)BEYOND_MAX + 2 <= (int)EG_FLAT_OUTSIDE_MAX, "they have room");

static int take(int err, struct eg_flat_plan *plan, struct eg_flat_plan *ret)
{
	if (err == 0)
		err = finish(plan);
	if (err < 0) {
		eg_flat_plan_done(plan);
		return err;
	}
	*ret = *plan;
	return 0;
}

int eg_flat_plan4(const struct eg_policy_entry4 *entries, size_t n, struct eg_flat_plan *ret)
{
	struct eg_flat_plan plan = {0};

	return take(eg_flat_runs4(entries, n, &plan.runs), &plan, ret);
}

int eg_flat_plan6(const struct eg_policy_entry6 *entries, size_t n, struct eg_flat_plan *ret)
{
	struct eg_flat_plan plan = {0};

	return take(eg_flat_runs6(entries, n, &plan.runs), &plan, ret);
}

void eg_flat_plan_done(struct eg_flat_plan *plan)
{
	eg_flat_runs_done(&plan->runs);
	*plan = (struct eg_flat_plan){0};
}

/* ---- the table */

static void put8(void *kinds, size_t place, uint16_t kind)
{
	((uint8_t *)kinds)[place] = (uint8_t)kind;
}

static void put16(void *kinds, size_t place, uint16_t kind)
{
	((uint16_t *)kinds)[place] = kind;
}

/* What is kept of a boundary. */
static void put_boundary(const struct eg_flat *flat, bool v6, uint8_t *bounds, size_t i,
			 uint64_t high, uint64_t low)
{
	unsigned int width = (flat->form >> EG_FLAT_WIDTH_SHIFT) + 1U;
	uint64_t distance = (v6 ? high : high >> 32) - flat->first;

	if (width == 1)
		((uint16_t *)bounds)[i] = (uint16_t)distance;
	else if (width == 2)
		((uint32_t *)bounds)[i] = (uint32_t)(distance >> (flat->form & EG_FLAT_CUT));
	else if (width == 3)
		((uint64_t *)bounds)[i] = distance;
	else
		put_whole(bounds, i, high, low);
}

size_t eg_flat_bound_at(const struct eg_flat *flat, size_t i)
{
	return (flat->bounds + i + 1) << ((flat->form >> EG_FLAT_WIDTH_SHIFT) + 1);
}

/* Boundaries of the window and the index: each bucket's entry is written when the first boundary
 * behind it comes. */
static void write_bounds(const struct eg_flat_plan *plan, const struct part *part, uint8_t *to)
{
	const struct eg_flat *flat = &plan->flat;
	const struct eg_flat_runs *runs = &plan->runs;
	uint32_t *index = (uint32_t *)to, n = 0;
	uint8_t *bounds = to + eg_flat_bound_at(flat, 0);
	size_t i, bucket = 0, at;
	bool v6 = runs->low;

	if (has_first(plan, part)) /* in bucket 0, which begins with it */
		put_boundary(flat, v6, bounds, n++, part->start, 0);
	for (i = part->from; i < part->to; i++) {
		at = ((v6 ? runs->high[i] : runs->high[i] >> 32) - flat->first) >> flat->shift;
		for (; bucket < at; bucket++)
			index[bucket + 1] = n;
		put_boundary(flat, v6, bounds, n++, runs->high[i], v6 ? runs->low[i] : 0);
	}
	for (; bucket <= flat->last; bucket++)
		index[bucket + 1] = n;
}

static void write_kinds(const struct eg_flat_plan *plan, const struct part *part, uint8_t *to,
			void (*put)(void *kinds, size_t place, uint16_t kind))
{
	size_t i, place = 0;

	for (i = part->first; i < part->to; i = i == part->first ? part->from : i + 1)
		put(to + plan->flat.kinds, place++, plan->runs.kind[i]);
}

void eg_flat_write(const struct eg_flat_plan *plan, void *to)
{
	const struct eg_flat *flat = &plan->flat;
	uint8_t *table = to;
	bool wide = flat->flags & EG_FLAT_KINDS16;
	struct part part = find_part(plan);
	struct beyond beyond = {.v6 = plan->runs.low != NULL};

	beyond.to = table + ((flat->outside + (size_t)1) << (beyond.v6 ? WIDEST : 2));
	write_bounds(plan, &part, table);
	if (plan->has_kinds) {
		write_kinds(plan, &part, table, wide ? put16 : put8);
		beyond.put = wide ? put16 : put8;
		beyond.kinds = table + flat->kinds + (((size_t)flat->n_bounds + 1) << wide);
	}
	walk_beyond(plan, &part, &beyond);
	if (plan->runs.n_lists)
		memcpy(table + flat->lists, plan->runs.lists,
		       plan->runs.n_lists * sizeof(*plan->runs.lists));
}
