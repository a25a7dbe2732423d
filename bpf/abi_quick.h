/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT, a part of abi.h: what the programs remember of cgroups, so that the answer to "whose
 * task is this" is one look at a table. It is a memory and nothing more: what it does not know is
 * looked up in eg_sessions, which decides.
 */
#ifndef EG_ABI_QUICK_H
#define EG_ABI_QUICK_H

#include <linux/types.h>

enum {
	EG_QUICK_BITS = 14,
	EG_QUICK_WORDS = 1U << EG_QUICK_BITS,

	/*
	 * A word, from its lowest bit on: the slot of the profile that its cgroup or the nearest
	 * bound one above it stands for, 0 = nobody's; the upper part of the id, which with the
	 * word's place is all of it; and the count in eg_quick.bindings before it was looked up.
	 * That is never 0, so zeros are no answer. Longer ids have no word: there are none before
	 * a host has made a million million cgroups.
	 */
	EG_QUICK_SLOT_BITS = 8,
	EG_QUICK_ID_BITS = 32,
	EG_QUICK_COUNT_BITS = 24,
	EG_QUICK_COUNT_SHIFT = EG_QUICK_SLOT_BITS + EG_QUICK_ID_BITS,
};
_Static_assert(EG_QUICK_COUNT_SHIFT + EG_QUICK_COUNT_BITS == 64, "a word");
_Static_assert(EG_PROFILES_MAX <= 1U << EG_QUICK_SLOT_BITS, "a slot fits");

/*
 * The place of a cgroup's word. Ids are counted up, but each file of a cgroup takes one as well: the
 * lowest bits alone would be the same for many.
 */
static inline __u32 eg_quick_place(__u64 id)
{
	return (id ^ id >> EG_QUICK_BITS) & (EG_QUICK_WORDS - 1);
}

/*
 * bindings: the count, where a word has it, and zeros. Counted up by the helper behind each change of
 * eg_sessions: no word from before counts any more. (A user's manager that the kernel side binds is
 * too young to have a word.) From EG_QUICK_WIPING, which no word has, it goes back to EG_QUICK_ONE
 * when the words are wiped.
 * words: written by the kernel side, whole; wiped by the helper.
 * briefs: by slot; written by the helper.
 */
#define EG_QUICK_ONE	(1ULL << EG_QUICK_COUNT_SHIFT)
#define EG_QUICK_WIPING (0ULL - EG_QUICK_ONE)

/*
 * All that the hooks need of a policy to let pass what it allows over TCP and UDP. Zero: ask the
 * long way. So it is while the policy is swapped, while there is an order of an administrator, and
 * for policies of which more must be known: rules for programs of their own, connections to record.
 * Never more permissive than the policy that eg_profiles has for the slot, and loaded whole.
 */
struct eg_brief {
	__u16 policy; /* index; 0 = none */
	__u8 ipv4;    /* EG_BRIEF_*, of each family's networks */
	__u8 ipv6;
};
_Static_assert(sizeof(struct eg_brief) == 4, "ABI");

enum {
	EG_BRIEF_NONE = 0,   /* ask the long way */
	EG_BRIEF_TABLE,	     /* they are in a table, see abi_flat.h */
	EG_BRIEF_OPEN = 255, /* there is no rule about this family */
};

struct eg_quick {
	__u64 bindings;
	struct eg_brief briefs[EG_PROFILES_MAX];
	__u64 words[EG_QUICK_WORDS];
};
_Static_assert(sizeof(struct eg_quick) == 8 + 4 * EG_PROFILES_MAX + 8 * EG_QUICK_WORDS, "ABI");

#endif
