/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The look-up in a flat range table (abi_flat.h): for the BPF programs, and as it is for the tests
 * and benchmarks.
 *
 * All that is read is compared with the size of the table just before, whatever shape and index
 * say: the verifier asks for that, and a broken table answers EG_FLAT_MISSING.
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
	__u64 size; /* bytes of its class: in BPF programs a constant on each path */
	struct eg_flat_address key;
	__u64 base; /* offset of the first boundary */
};

/* Is `a` at most `b`? 1 or 0. */
static __always_inline __u64 eg_flat_at_most(__u64 a, __u64 b)
{
	/* the borrow of b - a */
	__u64 borrow = (~b & a) | ((~b | a) & (b - a));

	eg_flat_keep(borrow);
	return 1 - (borrow >> 63);
}

/* Is a boundary at most the key? 2: out of the table. key: what is to be compared, see width. */
static __always_inline __u64 eg_flat_compare(const struct eg_flat_search *search, __u64 i,
					     const int width)
{
	__u64 off = search->base + (i << width), diff;
	const __u8 *at;

	eg_flat_keep(off);
	if (off > search->size - (1U << width))
		return 2;
	at = search->table + off;
	if (width == 4) {
		__u64 high = *(const __u64 *)at;

		if (high == search->key.high)
			return eg_flat_at_most(*(const __u64 *)(at + 8), search->key.low);
		return eg_flat_at_most(high, search->key.high);
	}
	if (width == 3)
		return eg_flat_at_most(*(const __u64 *)at, search->key.high);
	diff = (width == 1 ? *(const __u16 *)at : *(const __u32 *)at) - search->key.high - 1;
	eg_flat_keep(diff);
	return diff >> 63;
}

/* Counts boundaries at most the key among n from `place` on, by halves. Returns place + them, or
 * ~0 for a broken table. */
static __always_inline __u64 eg_flat_halve(const struct eg_flat_search *search, __u64 place,
					   __u64 n, const int width)
{
	EG_FLAT_NO_UNROLL
	for (int i = 0; i < EG_FLAT_STEPS; i++) {
		__u64 half = (n + 1) >> 1, at_most;

		if (!n)
			break;
		at_most = eg_flat_compare(search, place + half - 1, width);
		if (at_most > 1)
			return ~0ULL;
		/* Those behind what was looked at stay in, where they do no harm: there is one way
		 * through this loop for each n. */
		place += half & -at_most;
		n -= half;
	}
	return n ? ~0ULL : place;
}

/* The place in the window. */
static __always_inline __u64 eg_flat_inside(const struct eg_flat *flat,
					    struct eg_flat_search *search, const int v6)
{
	__u64 rest = search->key.high << (flat->skip & 63), from, to;
	__u32 bits = flat->index_bits & 31;
	__u64 off = rest >> ((64 - bits) & 63) << 2;

	eg_flat_keep(off);
	if (off > search->size - 8)
		return ~0ULL;
	from = *(const __u32 *)(search->table + off);
	to = *(const __u32 *)(search->table + off + 4);
	rest <<= bits;
	search->base = flat->bounds;
	if (!v6 && flat->width == 1) {
		search->key.high = rest >> 48;
		return eg_flat_halve(search, from, to - from, 1);
	}
	if (flat->width == 2) {
		search->key.high = rest >> 32;
		return eg_flat_halve(search, from, to - from, 2);
	}
	if (v6 && flat->width == 3) {
		search->key.high = rest;
		return eg_flat_halve(search, from, to - from, 3);
	}
	if (v6 && flat->width == 4)
		return eg_flat_halve(search, from, to - from, 4);
	return ~0ULL;
}

/* What a kind says, of a table with kinds. */
static __always_inline int eg_flat_kind(const struct eg_flat *flat,
					const struct eg_flat_search *search, __u64 place,
					struct eg_flat_list *ret)
{
	__u64 wide = flat->flags & EG_FLAT_KINDS16 ? 1 : 0;
	__u64 off = flat->kinds + (place << wide), kind;

	eg_flat_keep(off);
	if (off > search->size - 2)
		return EG_FLAT_MISSING;
	if (wide)
		kind = *(const __u16 *)(search->table + off);
	else
		kind = *(search->table + off);
	if (kind < EG_FLAT_LIST)
		return kind;
	off = flat->lists + ((kind - EG_FLAT_LIST) << 3);
	eg_flat_keep(off);
	if (off > search->size - sizeof(*ret))
		return EG_FLAT_MISSING;
	ret->list = *(const __u32 *)(search->table + off);
	ret->n = *(const __u32 *)(search->table + off + 4);
	return EG_FLAT_LIST;
}

/*
 * What a table says about an address. v6: of that family, a constant. size: bytes of the table.
 * Returns enum eg_flat_answer; for EG_FLAT_LIST *ret is filled in.
 */
static __always_inline int eg_flat_find(const struct eg_flat *flat, const __u8 *table, __u64 size,
					const struct eg_flat_address *address, const int v6,
					struct eg_flat_list *ret)
{
	struct eg_flat_search search = {.table = table, .size = size, .key = *address};
	__u32 skip = flat->skip & 63;
	__u64 place;

	/* in two steps: no skip, no bits */
	if (address->high >> 1 >> (63 - skip) == flat->window) {
		place = eg_flat_inside(flat, &search, v6);
		if (place == ~0ULL)
			return EG_FLAT_MISSING;
	} else {
		search.base = flat->outside;
		place = eg_flat_halve(&search, 0, flat->n_outside, 4);
		if (place == ~0ULL)
			return EG_FLAT_MISSING;
		if (flat->flags & (EG_FLAT_KINDS8 | EG_FLAT_KINDS16))
			place += flat->n_bounds + 1;
	}
	if (flat->flags & (EG_FLAT_KINDS8 | EG_FLAT_KINDS16))
		return eg_flat_kind(flat, &search, place, ret);
	if (!(place & 1))
		return EG_FLAT_PASS;
	return flat->flags & EG_FLAT_BY_DEFAULT ? EG_FLAT_DEFAULT : EG_FLAT_REFUSED;
}

#endif
