// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Capabilities: what a session's tasks may not use even where they have them.
 *
 * Hook: capable. The kernel's own answer comes first, so what reaches us would be granted. Four
 * restrictions meet here:
 *   capabilities.deny	a ceiling, whatever the uid and the user namespace
 *   mount.deny		the system calls that have no hook of their own and need CAP_SYS_ADMIN
 *   setuid.deny	what one may do in a user namespace because one's uid made it (setns)
 *   tampering		modules, reboot, kexec, raw I/O, audit rules
 * sshd's monitor is exempt from the ceiling, or logins would break, and the process it forks for
 * the user is as far as it must be to become the user.
 */
#include "policy.bpf.h"

enum {
	/* include/uapi/linux/capability.h */
	EG_CAP_KILL = 5,
	EG_CAP_SETGID = 6,
	EG_CAP_SETUID = 7,
	EG_CAP_SYS_MODULE = 16,
	EG_CAP_SYS_RAWIO = 17,
	EG_CAP_SYS_CHROOT = 18,
	EG_CAP_SYS_ADMIN = 21,
	EG_CAP_SYS_BOOT = 22,
	EG_CAP_AUDIT_WRITE = 29,
	EG_CAP_AUDIT_CONTROL = 30,
	EG_CAP_MAC_OVERRIDE = 32,
	EG_CAP_MAC_ADMIN = 33,
	EG_CAPS = 64,

	/* asm-generic/unistd.h: from 424 on system calls have one number on every architecture */
	EG_NR_OPEN_TREE = 428,
	EG_NR_FSOPEN = 430,
	EG_NR_FSCONFIG = 431,
	EG_NR_FSMOUNT = 432,
	EG_NR_FSPICK = 433,
	EG_NR_MOUNT_SETATTR = 442,
	EG_NR_OPEN_TREE_ATTR = 467,
	EG_NR_COMMON = 424,
	EG_NR_X32 = 0x40000000, /* x86: set for the x32 ABI, which has the same numbers */

	EG_OPT_NOAUDIT = 1U << 1, /* CAP_OPT_NOAUDIT: the kernel asks for itself, and goes on */
};

static const __u64 eg_fresh_caps = 1ULL << EG_CAP_KILL | 1ULL << EG_CAP_SETGID |
				   1ULL << EG_CAP_SETUID | 1ULL << EG_CAP_SYS_CHROOT |
				   1ULL << EG_CAP_AUDIT_WRITE;

static const __u64 eg_tampering_caps = 1ULL << EG_CAP_SYS_MODULE | 1ULL << EG_CAP_SYS_RAWIO |
				       1ULL << EG_CAP_SYS_BOOT | 1ULL << EG_CAP_AUDIT_CONTROL |
				       1ULL << EG_CAP_MAC_OVERRIDE | 1ULL << EG_CAP_MAC_ADMIN;

/* A capability about to be used. */
struct eg_use {
	__u32 cap;
	__u32 owner; /* 1 = granted for owning the user namespace, not for having the capability */
	__u32 initial; /* 1 = in the initial user namespace */
	__u32 exempt;  /* 1 = the ceiling is not for this task */
	long syscall;  /* of the caller, see eg_syscall */
};

/* Does the policy deny the calls that only this capability guards? */
static __always_inline bool eg_call_denied(const struct eg_use *use, __u32 flags)
{
	long nr = use->syscall;

	if (use->cap != EG_CAP_SYS_ADMIN || !(flags & EG_POLICY_DENY_MOUNT))
		return false;
	switch (nr) {
	case EG_NR_OPEN_TREE:
	case EG_NR_FSPICK:
	case EG_NR_MOUNT_SETATTR:
	case EG_NR_OPEN_TREE_ATTR:
		return true;
	case EG_NR_FSOPEN:
	case EG_NR_FSCONFIG:
	case EG_NR_FSMOUNT:
		/* With exceptions these go on: sb_set_mnt_opts and move_mount know the type. */
		return !(flags & EG_POLICY_MOUNTS);
	default:
		return nr == -2;
	}
}

/* The strictest refusal so far, of all policies and restrictions; of equals the first. */
struct eg_worst {
	struct eg_view view;
	__u32 rank; /* 0 = there is none */
	__u16 op;
	__u16 reason;
};

static __always_inline void eg_weigh(struct eg_worst *worst, const struct eg_view *view, __u16 op,
				     __u16 reason)
{
	__u32 rank = eg_rank(view, eg_on_of(op, reason));

	if (rank <= worst->rank)
		return;
	worst->view = *view;
	worst->rank = rank;
	worst->op = op;
	worst->reason = reason;
}

/* Weighs each restriction by which the policy refuses this use: one that is only audited must not
 * hide another. A global function: the verifier looks at its ways once and not for each guard.
 * Always 0. */
__noinline int eg_judge_use(const struct eg_use *use, const struct eg_view *view,
			    struct eg_worst *worst)
{
	struct eg_policy *policy;
	__u32 index;

	if (!use || !view || !worst)
		return 0;
	index = view->policy;
	policy = bpf_map_lookup_elem(&eg_policies, &index);
	if (!index || !policy) {
		if (!use->exempt)
			eg_weigh(worst, view, EG_OP_CAPABILITY, EG_REASON_POLICY);
		return 0;
	}
	if (!use->exempt && policy->capabilities >> (use->cap & (EG_CAPS - 1)) & 1)
		eg_weigh(worst, view, EG_OP_CAPABILITY, EG_REASON_CEILING);
	if (policy->flags & EG_POLICY_DENY_TAMPERING && use->initial && !use->exempt &&
	    eg_tampering_caps >> (use->cap & (EG_CAPS - 1)) & 1)
		eg_weigh(worst, view, EG_OP_CAPABILITY, EG_REASON_PROTECTED);
	if (use->owner && policy->flags & EG_POLICY_DENY_SETUID)
		eg_weigh(worst, view, EG_OP_USERNS, EG_REASON_RULE);
	if (eg_call_denied(use, policy->flags))
		eg_weigh(worst, view, EG_OP_MOUNT_ATTR, EG_REASON_RULE);
	return 0;
}

static __always_inline void eg_use_of(struct eg_use *use, struct task_struct *task,
				      const struct cred *cred, struct user_namespace *ns, int cap)
{
	__u64 effective = 0;

	use->cap = cap;
	use->initial = !ns->parent;
	use->syscall = eg_syscall(task);
	if (use->syscall >= 0)
		use->syscall &= ~(long)EG_NR_X32;
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	use->owner = ns != cred->user_ns && !(effective >> (cap & (EG_CAPS - 1)) & 1);
}

/* Is the ceiling not for this task? */
static __always_inline bool eg_is_exempt(const struct eg_who *who, int cap)
{
	const struct eg_guard *label = who->guard[EG_BY_LABEL];

	if (!label)
		return eg_is_starter(who);
	return label->flags & EG_GUARD_LEADER ||
	       (label->flags & EG_GUARD_FRESH && eg_fresh_caps >> (cap & (EG_CAPS - 1)) & 1);
}

SEC("lsm/capable")
int BPF_PROG(eg_capable, const struct cred *cred, struct user_namespace *ns, int cap,
	     unsigned int opts)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_detail detail = {};
	struct eg_worst worst = {};
	struct eg_use use = {};
	struct eg_who who;

	if (!eg_who_is(task, &who))
		return 0;
	eg_use_of(&use, task, cred, ns, cap);
	use.exempt = eg_is_exempt(&who, cap);
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;

		if (!who.guard[i])
			continue;
		eg_view_of(who.guard[i], &one);
		eg_judge_use(&use, &one, &worst);
	}
	if (!worst.rank)
		return 0;
	detail.op = worst.op;
	detail.reason = worst.reason;
	if (worst.op == EG_OP_MOUNT_ATTR)
		detail.option = use.syscall;
	detail.target_id = cap;
	detail.silent = !!(opts & EG_OPT_NOAUDIT);
	return eg_hook_result(eg_refuse(&worst.view, &detail));
}
