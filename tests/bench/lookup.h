/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CONTRACT between lookup.bpf.c and what runs its programs. */
#ifndef EG_LOOKUP_H
#define EG_LOOKUP_H

#include <linux/types.h>

enum {
	LOOKUP_ASKED = 1 << 18, /* addresses; a power of two */
	LOOKUP_OTHER = 2,	/* policy that is asked before the clock runs, see cold */
	LOOKUP_SHAPES = 64,	/* policies a shape can be kept for, twice: of each family */
};

/* An address to look up, as struct eg_flat_address. */
struct lookup_address {
	__u64 high, low;
};

/* What a run is to do, and what came of it. */
struct lookup_run {
	__u32 policy;
	__u32 first;	  /* address */
	__u32 n;	  /* addresses, at most LOOKUP_ASKED */
	__u64 sum;	  /* of answers, so that they are needed */
	__u64 ns;	  /* cold: of the look-ups alone, and of reading the clock */
	__u32 differ;	  /* compare: answers that are not the same */
	__u32 which;	  /* the last of them */
	__u32 trie, flat; /* its answers */
	__u32 pad;
};

#endif
