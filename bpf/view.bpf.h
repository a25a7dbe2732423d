/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which policy applies to a guard now, with what an administrator has ordered; part of
 * policy.bpf.h, which includes it.
 */
#ifndef EG_VIEW_BPF_H
#define EG_VIEW_BPF_H

/* ---- which policy ---- */

/* One guard's policy as a program looks at it. */
struct eg_view { /* small: it lies on every stack */
	__u64 session;
	__u16 profile;
	__u16 policy; /* index; 0 = missing: everything a program asks about is denied */
	__u32 flags;  /* EG_POLICY_* and EG_CUT */
	__u32 generation;
	__u16 audit; /* as in struct eg_policy */
	__u16 kill;
};

/* A file as rules know it. */
static __always_inline void eg_program_id_of(struct eg_file_id *id, const struct inode *inode)
{
	id->ino = inode->i_ino;
	id->dev = inode->i_sb->s_dev;
	id->gen = inode->i_generation;
}

/* The rules that a program has of its own under a policy: their index, 0 = none. */
static __always_inline __u32 eg_rules_of(__u32 policy, const struct eg_file_id *program)
{
	struct eg_item_key key = {.policy = policy, .kind = EG_ITEM_RULES};
	__u32 *index;

	if (!program->ino)
		return 0;
	key.a = program->ino;
	key.b = (__u64)program->dev << 32 | program->gen;
	index = bpf_map_lookup_elem(&eg_items, &key);
	return index ? *index : 0;
}

/*
 * program.bpf.c. The program of the current process, none when somebody else had a hand in it: 1
 * and *ret, or 0. And the index of the rules that it has of its own under a policy, 0 = none.
 */
int eg_program_current(struct eg_file_id *ret);
int eg_program_rules(__u32 policy);

/* Takes a policy's values over. False: there is none of that index. */
static __always_inline bool eg_view_fill(struct eg_view *view, __u32 index)
{
	struct eg_policy *policy = bpf_map_lookup_elem(&eg_policies, &index);

	if (!index || !policy)
		return false;
	view->policy = index;
	view->flags = policy->flags;
	view->audit = policy->audit;
	view->kill = policy->kill;
	return true;
}

/* Takes over what is in force for a slot, orders aside. */
static __always_inline void eg_view_slot(struct eg_view *view, __u32 slot)
{
	struct eg_profile *profile = bpf_map_lookup_elem(&eg_profiles, &slot);

	view->profile = slot;
	if (!profile)
		return;
	/* One load of both halves: a reload may swap the value between two. */
	union {
		struct eg_profile both;
		__u64 word;
	} now = {.word = *(volatile __u64 *)profile};

	if (eg_view_fill(view, now.both.policy))
		view->generation = now.both.generation;
}

enum {
	/* eg_slot_now and view.flags, beside the slot and EG_POLICY_*: an administrator has cut the
	 * session off, EG_ORDER_QUARANTINE. Then nothing about egress is audited, nor killed
	 * for. */
	EG_CUT = 1U << 31,
	EG_ENDING = 1U << 30, /* eg_slot_now: EG_ORDER_ENDING */
};
_Static_assert(EG_POLICY_TABLE6 < EG_ENDING && EG_PROFILES_MAX < EG_ENDING, "bits of their own");

/*
 * Fills in the policy of view->profile that is in force now, or of the one that an order has put in
 * its place; view->policy stays 0 when it is missing. A global function (verdict.bpf.c): the
 * verifier looks at it once and not at every use. Always 0.
 */
int eg_view_look(struct eg_view *view);

/* The slot that a session's guard stands for, orders included, with EG_CUT and EG_ENDING.
 * Likewise. */
__u32 eg_slot_now(__u64 session, __u32 profile);

/* Do two guards say the same? Not inlined, for the stack's sake. */
static __noinline __attribute__((unused)) bool eg_is_alike(const struct eg_guard *a,
							   const struct eg_guard *b)
{
	if (a->session == b->session)
		return a->profile == b->profile;
	return eg_slot_now(a->session, a->profile) == eg_slot_now(b->session, b->profile);
}

/* What a guard says. */
static __always_inline void eg_view_of(const struct eg_guard *guard, struct eg_view *view)
{
	__builtin_memset(view, 0, sizeof(*view));
	view->session = guard->session;
	view->profile = guard->profile;
	eg_view_look(view);
}

/* What the current process's program has besides, which is asked first: an index, 0 = nothing. */
static __always_inline __u32 eg_view_own(const struct eg_view *view)
{
	return view->flags & EG_POLICY_BY_PROGRAM ? eg_program_rules(view->policy) : 0;
}

/* The same for the program that has made a socket, where it is not that of the current process that
 * counts. */
static __always_inline __attribute__((unused)) __u32
eg_view_own_of(const struct eg_view *view, const struct eg_file_id *program)
{
	return view->flags & EG_POLICY_BY_PROGRAM ? eg_rules_of(view->policy, program) : 0;
}

/* Does the policy only report this? One that is missing cannot ask for that: see the table at the
 * top. */
static __always_inline bool eg_audits(const struct eg_view *view, enum eg_restriction on)
{
	return view->policy && view->audit >> on & 1;
}

/* How strict the policy is there, one of EG_RANK_*. */
static __always_inline __u32 eg_rank(const struct eg_view *view, enum eg_restriction on)
{
	if (eg_audits(view, on))
		return EG_RANK_AUDIT;
	return view->kill >> on & 1 ? EG_RANK_KILL : EG_RANK_DENY;
}

/* Which restriction a refusal comes under: its reason says so, or else what was tried. */
static __always_inline enum eg_restriction eg_on_of(__u16 op, __u32 reason)
{
	switch (reason) {
	case EG_REASON_FAMILY:
	case EG_REASON_PROTOCOL:
		return EG_ON_SOCKETS;
	case EG_REASON_OUTSIDE:
		return EG_ON_LEAVING;
	case EG_REASON_PROTECTED:
		return EG_ON_TAMPERING;
	case EG_REASON_CEILING:
		return EG_ON_CAPABILITIES;
	case EG_REASON_LAYER:
		return EG_ON_FILES;
	case EG_REASON_QUARANTINE:
		return EG_ON_EGRESS;
	}
	switch (op) {
	case EG_OP_BIND:
	case EG_OP_LISTEN:
		return EG_ON_BIND;
	case EG_OP_SOCKET:
		return EG_ON_SOCKETS;
	case EG_OP_SETUID:
	case EG_OP_EXEC:
	case EG_OP_SETGID:
	case EG_OP_SETGROUPS:
	case EG_OP_CAPSET:
	case EG_OP_USERNS:
		return EG_ON_SETUID;
	case EG_OP_MOUNT:
	case EG_OP_REMOUNT:
	case EG_OP_UMOUNT:
	case EG_OP_MOVE_MOUNT:
	case EG_OP_PIVOT_ROOT:
	case EG_OP_MOUNT_ATTR:
		return EG_ON_MOUNT;
	case EG_OP_CAPABILITY:
		return EG_ON_CAPABILITIES;
	case EG_OP_UNIX:
		return EG_ON_UNIX;
	case EG_OP_FORK:
	case EG_OP_CGROUP:
	case EG_OP_PTRACE:
		return EG_ON_LEAVING;
	case EG_OP_SIGNAL:
	case EG_OP_PROCESS:
	case EG_OP_KERNEL:
		return EG_ON_TAMPERING;
	case EG_OP_FILE:
		return EG_ON_FILES;
	case EG_OP_RUN:
		return EG_ON_EXEC;
	default:
		return EG_ON_EGRESS;
	}
}

#endif
