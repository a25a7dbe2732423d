/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that stay as they are or are not read, as other hooks ask about them.
 */
#ifndef EG_FILES_BPF_H
#define EG_FILES_BPF_H

#include "policy.bpf.h"

enum {
	EG_FMODE_READ = 1, /* include/linux/fs.h */
	EG_FMODE_WRITE = 2,
};

/* ---- place.bpf.c ---- */

/* A question about a file: what do a policy's rules say? Kernel pointers as numbers. */
struct eg_place_ask {
	__u64 dentry;
	__u64 mnt;    /* struct vfsmount; 0 = not known: only its own file system is looked at */
	__u16 policy; /* index; 0: the built-in list */
	__u16 own;    /* see eg_view_own: at each place it is asked first */
	__u16 ask;    /* enum eg_about, not EG_ASK_KEEP */
	__u16 keep;   /* 1 = it would lose its name: it must not be on the way to what is denied */
	/* Written by eg_place_judge. */
	__u32 line;
	__u8 found; /* 1 = a rule is about it; denied: that one denies */
	__u8 denied;
	__u8 nowhere; /* 1 = where the file is cannot be told, so no rule is known */
	__u8 pad;
};

/* 1 = denied or nowhere, 0 otherwise. */
int eg_place_judge(struct eg_place_ask *ask);

/* What is about to be done to a file. Kernel pointers as numbers. */
struct eg_change {
	__u64 dentry;
	__u64 mnt;   /* 0 = not known */
	__u64 inode; /* 0 = there is none yet */
	/* the inode that one must be allowed to write to for it; 0 = the kernel has asked */
	__u64 owner;
	__u16 access;  /* enum eg_access; READ: nothing is changed */
	__u8 reads;    /* 1 = it can be read after that, or by another name */
	__u8 attr;     /* 1 = owner is asked about mode and owner, not about content */
	__u8 keep;     /* 1 = what has the name now would lose it */
	__u8 received; /* 1 = the file is handed over by somebody else */
	__u8 refused;  /* the rest is written by eg_judge_change; eg_rank of the strictest */
	__u8 reading;  /* 1 = what is refused is reading it */
	__u8 trusted;
	__u8 records; /* 1 = a guard's policy has files whose opening is recorded */
	__u32 uid;    /* the caller's, for files */
	__u32 reason; /* enum eg_reason */
	__u32 line;
	struct eg_view view; /* who refuses */
};

/* ---- kept.bpf.c ---- */

/* Is it the file of a cgroup that the caller's own session is bound to, or of one below? 1 or 0. */
int eg_is_own_cgroup(struct eg_change *change);

/* Is it a device that must not be opened for writing? 1 or 0. */
int eg_is_kept_device(struct eg_change *change);

/* Is it a change that is tampering, the places of the built-in list aside? 1 or 0. */
int eg_is_kept_else(struct eg_change *change);

/* ---- files.bpf.c ---- */

/* Judges what is about to be done. 1 = refused, 0 otherwise. */
int eg_judge_change(struct eg_change *change);

/* Counts and reports what was refused. -EPERM, or 0 when the policy only audits. */
int eg_report_change(struct eg_change *change);

/* 0 or -EPERM. */
static __always_inline int eg_refuse_change(struct eg_change *change)
{
	return eg_judge_change(change) ? eg_report_change(change) : 0;
}

/* An open file somebody could read or write to. */
static __always_inline void eg_change_of_file(struct eg_change *change, struct file *file)
{
	change->access = file->f_mode & EG_FMODE_WRITE ? EG_ACCESS_WRITE : EG_ACCESS_READ;
	change->reads = file->f_mode & EG_FMODE_READ ? 1 : 0;
	change->dentry = (__u64)file->f_path.dentry;
	change->mnt = (__u64)file->f_path.mnt;
	change->inode = (__u64)file->f_inode;
}

#endif
