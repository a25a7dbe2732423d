/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that stay as they are, as other hooks ask about them.
 */
#ifndef EG_FILES_BPF_H
#define EG_FILES_BPF_H

#include "policy.bpf.h"

enum {
	EG_FMODE_WRITE = 2, /* include/linux/fs.h */
};

/* A change to a file that is about to happen. Kernel pointers as numbers. */
struct eg_change {
	__u64 dentry;
	__u64 mnt;		  /* 0 = not known */
	__u64 inode;		  /* 0 = there is none yet */
	__u64 session[EG_GUARDS]; /* the caller's; 0 = none */
	__u32 uid;		  /* the caller's, for files */
	__u16 access;		  /* enum eg_access */
	__u16 trusted;		  /* 1 = places are not kept from the caller, see eg_is_trusted */
	/* Written by eg_judge_change. */
	__u32 flag;   /* EG_POLICY_*: which restriction it comes under */
	__u32 reason; /* enum eg_reason */
};

/* 1 = one of the restrictions is about this change: flag and reason say which; 0 otherwise. */
int eg_judge_change(struct eg_change *change);

/* Fills in who asks. False: nobody that we guard. */
static __always_inline bool eg_change_who(struct eg_change *change, struct eg_who *who)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!eg_who_is(task, who))
		return false;
	for (int i = 0; i < EG_GUARDS; i++)
		if (who->guard[i])
			change->session[i] = who->guard[i]->session;
	change->uid = task->cred->fsuid.val;
	change->trusted = eg_is_trusted(who);
	return true;
}

/* Refuses the change if one of the guards' policies does. 0 or -EPERM. */
static __always_inline int eg_refuse_change(struct eg_change *change, const struct eg_who *who)
{
	struct eg_detail detail = {};
	struct eg_view view = {};

	if (!eg_judge_change(change) || !eg_flag_refuses(who, change->flag, &view))
		return 0;
	detail.op = change->flag == EG_POLICY_DENY_LEAVING ? EG_OP_CGROUP : EG_OP_FILE;
	detail.option = change->access;
	detail.reason = change->reason;
	detail.object.dentry = change->dentry;
	detail.object.mnt = change->mnt;
	return eg_refuse(&view, &detail);
}

/* An open file somebody could write to. */
static __always_inline void eg_change_of_file(struct eg_change *change, struct file *file)
{
	change->access = EG_ACCESS_WRITE;
	change->dentry = (__u64)file->f_path.dentry;
	change->mnt = (__u64)file->f_path.mnt;
	change->inode = (__u64)file->f_inode;
}

#endif
