/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CONTRACT, a part of abi.h: what the programs remember, so that the questions of every call are
 * each one look at a table: whose cgroup is this, does the task's label say the same, may its
 * session reach that address. It is a memory and nothing more: what it does not know is looked up
 * where it stands, and that decides.
 *
 * Each word is one of 64 bits, written whole, with the count it was learned under in its upper
 * bits. The helper counts up behind each change of what words are about: then none from before is
 * an answer any more. Zeros are none either, for the count is never 0.
 */
#ifndef EG_ABI_QUICK_H
#define EG_ABI_QUICK_H

#include <linux/types.h>

enum {
	EG_QUICK_CGROUP_BITS = 14,
	EG_QUICK_CGROUPS = 1U << EG_QUICK_CGROUP_BITS,
	EG_QUICK_TASKS = 1U << 12,
	EG_QUICK_PEERS = 1U << 12,

	/*
	 * A word, from its lowest bit on: a slot of eg_profiles; what it is about, which with the
	 * word's place is all of it; the count.
	 */
	EG_QUICK_SLOT_BITS = 8,
	EG_QUICK_WHAT_BITS = 32,
	EG_QUICK_COUNT_BITS = 24,
	EG_QUICK_COUNT_SHIFT = EG_QUICK_SLOT_BITS + EG_QUICK_WHAT_BITS,
};
_Static_assert(EG_QUICK_COUNT_SHIFT + EG_QUICK_COUNT_BITS == 64, "a word");
_Static_assert(EG_PROFILES_MAX <= 1U << EG_QUICK_SLOT_BITS, "a slot fits");

/* eg_quick.count begins with ONE. From WIPING, which no word has, it goes back there when all words
 * are wiped. */
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
	EG_BRIEF_RULES,	     /* look among them */
	EG_BRIEF_OPEN = 255, /* there is no rule about this family */
};

/* That a task's label stands for the word's slot. A label never changes but with the count. */
struct eg_quick_task {
	__u64 word;  /* about: its tid */
	__u64 start; /* task_struct.start_boottime ^ word: halves of two tasks are none */
};

/*
 * cgroups: the slot that a cgroup or the nearest bound one above it stands for, 0 = nobody's. About
 * the upper part of its id. (Ids of more than 46 bits have no word: no host has made so many. A
 * user's manager that the kernel side binds is too young to have one.)
 * peers: that the slot's policy lets TCP and UDP reach an IPv4 address, whatever the port. About
 * the address, as it lies in memory.
 * Written by the kernel side, but for count and briefs, which are the helper's. Bindings change
 * before the count does; a brief is zero before the count changes, and that before the policy.
 */
struct eg_quick {
	__u64 count;				 /* where a word has it, and zeros */
	struct eg_brief briefs[EG_PROFILES_MAX]; /* by slot */
	__u64 cgroups[EG_QUICK_CGROUPS];
	struct eg_quick_task tasks[EG_QUICK_TASKS];
	__u64 peers[EG_QUICK_PEERS];
};
_Static_assert(sizeof(struct eg_quick) == 8 + 4 * EG_PROFILES_MAX + 8 * EG_QUICK_CGROUPS +
						  16 * EG_QUICK_TASKS + 8 * EG_QUICK_PEERS,
	       "ABI");

/* The place of a cgroup's word is the lowest bits of this. Ids are counted up, but each file of a
 * cgroup takes one as well: their own lowest bits would be the same for many. */
static inline __u32 eg_quick_mix(__u64 id)
{
	return (__u32)(id ^ id >> EG_QUICK_CGROUP_BITS);
}

/* And of a peer's: as it lies in memory, an address differs most in its upper bits. */
static inline __u32 eg_quick_peer_mix(__u32 addr, __u32 slot)
{
	return addr >> 20 ^ addr >> 8 ^ slot;
}

#endif
