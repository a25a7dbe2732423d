/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flat range tables: what one policy says about the addresses of one family, for look-ups that cost
 * the same at every size. A part of the contract in abi.h; helper/flat.c makes them, flat_find.h
 * reads them.
 *
 * An address is 128 bits, an IPv4 one in the first 32 of them with zeros behind. A *boundary* is
 * the first address from which on the policy says something else than before. The table has them
 * sorted; the *place* of an address is how many of them are not above it, and that tells what is
 * said: by the place being odd, or by a number (a kind) for each place.
 *
 * Nearly all boundaries of a list begin with the same bits (IPv6: 2000::/3). The addresses that do
 * are the window. How far an address is behind the first of them, cut by `shift` bits, is its
 * bucket; index[bucket] is how many boundaries in the window stand before the bucket, so a look-up
 * searches between that and the next. Of a boundary only as many bits are kept as tell those of a
 * bucket apart. The few boundaries beyond the window are a list of their own, whole, as if the
 * window were not there: there the place goes on from the one before the window to the one behind.
 *
 * A table is the only value of an array map, so that one look-up leads to it; an array that holds
 * arrays takes them of one size only, hence classes of sizes with an outer array for each. All
 * numbers are in the byte order of the host.
 */
#ifndef EG_ABI_FLAT_H
#define EG_ABI_FLAT_H

#include <linux/types.h>

/* Class and bytes: each is verified for itself wherever a table is looked up, so there are not more
 * than these. From 256 KiB on at most twice the one before, and less where it would be dear. 6.1
 * has no arrays above EG_FLAT_SMALL. */
#define EG_FLAT_CLASSES_SMALL(X)                                                                   \
	X(1, 1 << 12)                                                                              \
	X(2, 1 << 14)                                                                              \
	X(3, 1 << 16)                                                                              \
	X(4, 1 << 18)                                                                              \
	X(5, 1 << 19)                                                                              \
	X(6, 1 << 20)                                                                              \
	X(7, 1 << 21)                                                                              \
	X(8, 1 << 22)

/* The last one: the longest tables there are, of 2^21 boundaries of 16 bytes with kinds. */
#define EG_FLAT_CLASSES_LARGE(X)                                                                   \
	X(9, 19 << 18)                                                                             \
	X(10, 9 << 20)                                                                             \
	X(11, 18 << 20)                                                                            \
	X(12, 40 << 20)

enum {
	EG_FLAT_NONE = 0, /* class: there is no table */
	EG_FLAT_LAST_SMALL = 8,
	EG_FLAT_LAST = 12,
	/* from here on the helper writes a table through its memory. The kernel keeps those before
	 * where it has large pages, if that is not asked for. */
	EG_FLAT_MAPPED_FROM = 3,
	EG_FLAT_SMALL = 1 << 22, /* KMALLOC_MAX_SIZE, the most 6.1 takes for a value */
	EG_FLAT_INDEX_MIN = 4,	 /* bits */
	EG_FLAT_INDEX_MAX = 18,
	EG_FLAT_SKIP_MAX = 44,	    /* bits of the window; with the index less than 64 */
	EG_FLAT_OUTSIDE_MAX = 1030, /* boundaries beyond the window */
	EG_FLAT_SLACK = 16, /* bytes at a table's end that nothing is in: see eg_flat_find */
	EG_FLAT_KINDS_MAX = 1U << 16, /* different answers in one table */
};

/* What a table says about an address: kinds below EG_FLAT_LIST. */
enum eg_flat_answer {
	EG_FLAT_PASS = 0, /* a rule or nothing; nobody asks which */
	EG_FLAT_REFUSED,  /* by a rule, which the table does not know */
	EG_FLAT_DEFAULT,  /* refused because no rule allows it */
	EG_FLAT_LIST,	  /* a list decides; kind EG_FLAT_LIST + i stands for lists[i] */
	EG_FLAT_MISSING,  /* never in a table: it is broken */
};

/* Rules that tell protocols and ports apart, as in struct eg_entry. */
struct eg_flat_list {
	__u32 list; /* index of its first segment */
	__u32 n;    /* segments, 1..EG_LIST_MAX */
};
_Static_assert(sizeof(struct eg_flat_list) == 8, "ABI");

enum { EG_FLAT_WIDTH_SHIFT = 6, EG_FLAT_CUT = 63 };

/* struct eg_flat.flags. Without kinds, what is refused at odd places is refused by rules. */
enum {
	EG_FLAT_BY_DEFAULT = 1U << 0, /* without kinds: by default */
	EG_FLAT_KINDS8 = 1U << 1,     /* each place has a kind, of one byte */
	EG_FLAT_KINDS16 = 1U << 2,    /* of two */
};

/* How to read a table. Stands in the policy, not in the table: a look-up has that at hand. Offsets
 * are in bytes from the start of the table, where the index is: __u32[last + 2]. */
struct eg_flat {
	__u8 class; /* EG_FLAT_NONE, or 1..EG_FLAT_LAST */
	__u8 flags; /* EG_FLAT_* */
	__u8 shift; /* of the distance from `first`, the upper half of it or all of IPv4's */
	/* of a boundary in the window: log2 of its bytes less one, << EG_FLAT_WIDTH_SHIFT, and how
	 * many bits of the upper half are cut off at its end. Bytes: IPv4 2, 4: the distance.
	 * IPv6 4, 8: the distance's upper half, if the lower matters in none; 16: the address. */
	__u8 form;
	__u32 last; /* bucket; from the next on it is not the window */
	/* What stands before the first boundary, where a look-up begins, and how many of their size
	 * the table could have before that. Even, and so the place is odd where the index is. */
	__u32 bounds;  /* in the window */
	__u32 outside; /* beyond; IPv4 __u32, IPv6 two __u64, the high one first */
	__u32 n_bounds;
	__u32 n_outside;
	__u32 kinds; /* offset: n_bounds + 1 for the window's places, n_outside + 1 others */
	__u32 lists; /* offset: struct eg_flat_list[] */
	__u64 first; /* of the window: IPv4 the address, IPv6 its upper half */
};
_Static_assert(sizeof(struct eg_flat) == 40, "ABI");

#endif
