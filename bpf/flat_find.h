/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The look-up in a flat range table (abi_flat.h): for the BPF programs, and as it is for the tests
 * and benchmarks.
 *
 * All that is read is compared with the size of the table just before, whatever shape and index
 * say: the verifier asks for that, and a broken table answers EG_FLAT_MISSING. This runs for each
 * packet, so instructions count.
 */
#ifndef EG_FLAT_FIND_H
#define EG_FLAT_FIND_H

#include "abi_flat.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* The compiler must not know a value from here on: otherwise it compares one form of an offset and
 * adds another, or makes branches of what is arithmetic so that there are none to mispredict. */
#define eg_flat_keep(x) __asm__ volatile("" : "+r"(x))

#ifdef __clang__
#define EG_FLAT_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define EG_FLAT_NO_UNROLL
#endif

struct eg_flat_address {
	__u64 high, low; /* host order; IPv4: in the upper half of high */
};

/* A table, and what is looked for in it. */
struct eg_flat_search {
	const __u8 *table;
	__u64 limit; /* what begins at most there, and is no longer than the slack, is in it */
	struct eg_flat_address key;
	__u64 at;     /* the boundary before those that may count; in the end, the last that does */
	__u64 n;      /* how many may, and one */
	__u32 origin; /* where `at` is with none: the place is what it is more */
	__u32 places; /* before that one, if they have kinds */
};

/* Is a boundary at most the key? All ones or none; without branches, as none could be foreseen. */
static __always_inline __u64 eg_flat_at_most(const __u8 *at, const struct eg_flat_address *key,
					     const int width)
{
	__u64 high = key->high, low, borrow, a, b;

	if (width == 1) {
		borrow = *(const __u16 *)at - (high + 1);
	} else if (width == 2) {
		borrow = *(const __u32 *)at - (high + 1);
	} else if (width == 3) {
		/* Where the key is less, key - boundary borrows from the next bit. */
		a = *(const __u64 *)at;
		borrow = ~((~high & a) | ((~high | a) & (high - a)));
	} else {
		a = *(const __u64 *)at;
		b = *(const __u64 *)(at + 8);
		low = key->low;
		borrow = ((~low & b) | ((~low | b) & (low - b))) >> 63;
		borrow = ~((~high & a) | ((~high | a) & (high - a - borrow)));
	}
	eg_flat_keep(borrow);
	return (__s64)borrow >> 63;
}

/* Finds the last boundary that is at most the key, by halves. Returns 1, or 0 when the table is
 * broken. */
static __always_inline int eg_flat_halve(struct eg_flat_search *search, const int width)
{
	__u64 at = search->at, n = search->n, half, off;

	eg_flat_keep(at);
	/* There are no more than have room. From there the verifier sees n come down to one. */
	if (n > search->limit >> width)
		return 0;
	EG_FLAT_NO_UNROLL
	while (n > 1) {
		half = n >> 1;
		off = (at + half) << width;
		eg_flat_keep(off);
		if (off > search->limit)
			return 0;
		/* Those behind it stay in even if it is above, where they do no harm: then there is
		 * one way through this loop for each n. */
		half &= eg_flat_at_most(search->table + off, &search->key, width);
		at += half;
		n = (n + 1) >> 1;
	}
	search->at = at;
	return 1;
}

/* Sets out for the boundaries of a bucket. Returns their width, 0 = broken. */
static __always_inline int eg_flat_inside(const struct eg_flat *flat, struct eg_flat_search *search,
					  __u64 bucket, __u64 distance, const int v6)
{
	int width = (flat->form >> EG_FLAT_WIDTH_SHIFT) + 1;
	__u64 off = bucket << 2, from;

	eg_flat_keep(off);
	if (off > search->limit)
		return 0;
	from = *(const __u32 *)(search->table + off);
	search->n = *(const __u32 *)(search->table + off + 4) - from + 1;
	search->origin = flat->bounds;
	search->at = search->origin + from;
	search->places = 0;
	if (!v6 && width == 1)
		search->key.high = distance & 0xffff;
	else if (v6 && width == 2)
		search->key.high = (__u32)(distance >> (flat->form & EG_FLAT_CUT));
	else if (!v6 || width == 3)
		search->key.high = distance;
	return width;
}

/* The same for those beyond the window: few, so that the verifier takes few steps. */
static __always_inline int eg_flat_outside(const struct eg_flat *flat,
					   struct eg_flat_search *search, const int v6)
{
	if (flat->n_outside > EG_FLAT_OUTSIDE_MAX)
		return 0;
	search->n = (__u64)flat->n_outside + 1;
	search->origin = flat->outside;
	search->at = search->origin;
	search->places = flat->n_bounds + 1;
	return v6 ? 4 : 2;
}

/* What a kind says, of a table with kinds. */
static __always_inline int eg_flat_kind(const struct eg_flat *flat,
					const struct eg_flat_search *search,
					struct eg_flat_list *ret)
{
	__u64 place = search->at - search->origin + search->places;
	__u64 wide = flat->flags & EG_FLAT_KINDS16 ? 1 : 0;
	__u64 off = flat->kinds + (place << wide), kind;

	eg_flat_keep(off);
	if (off > search->limit)
		return EG_FLAT_MISSING;
	if (wide)
		kind = *(const __u16 *)(search->table + off);
	else
		kind = *(search->table + off);
	if (kind < EG_FLAT_LIST)
		return kind;
	off = flat->lists + ((kind - EG_FLAT_LIST) << 3);
	eg_flat_keep(off);
	if (off > search->limit)
		return EG_FLAT_MISSING;
	ret->list = *(const __u32 *)(search->table + off);
	ret->n = *(const __u32 *)(search->table + off + 4);
	return EG_FLAT_LIST;
}

/*
 * What a table says about an address. v6: of that family, a constant. size: bytes of the table; in
 * BPF programs a constant on each path.
 * Returns enum eg_flat_answer; for EG_FLAT_LIST *ret is filled in.
 */
static __always_inline int eg_flat_find(const struct eg_flat *flat, const __u8 *table, __u64 size,
					const struct eg_flat_address *address, const int v6,
					struct eg_flat_list *ret)
{
	struct eg_flat_search search = {
		.table = table, .limit = size - EG_FLAT_SLACK, .key = *address};
	__u64 distance, bucket;
	int width;

	/* Before the window it wraps around, and is too far. */
	if (v6) {
		distance = search.key.high - flat->first;
	} else {
		search.key.high >>= 32;
		distance = (__u32)search.key.high - (__u32)flat->first;
	}
	bucket = distance >> (flat->shift & 63);
	if (bucket <= flat->last)
		width = eg_flat_inside(flat, &search, bucket, distance, v6);
	else
		width = eg_flat_outside(flat, &search, v6);
	if (width == 1 && !v6) {
		if (!eg_flat_halve(&search, 1))
			return EG_FLAT_MISSING;
	} else if (width == 2) {
		if (!eg_flat_halve(&search, 2))
			return EG_FLAT_MISSING;
	} else if (width == 3 && v6) {
		if (!eg_flat_halve(&search, 3))
			return EG_FLAT_MISSING;
	} else if (width != 4 || !v6 || !eg_flat_halve(&search, 4)) {
		return EG_FLAT_MISSING;
	}
	if (flat->flags & (EG_FLAT_KINDS8 | EG_FLAT_KINDS16))
		return eg_flat_kind(flat, &search, ret);
	/* Even where it began, so odd where the place is: refused, and two for by default. */
	return (search.at & 1) << (flat->flags & EG_FLAT_BY_DEFAULT);
}

_Static_assert(EG_FLAT_PASS == 0 && EG_FLAT_REFUSED == 1, "the place says it");
_Static_assert(EG_FLAT_DEFAULT == EG_FLAT_REFUSED << EG_FLAT_BY_DEFAULT, "and the flag");

#endif
