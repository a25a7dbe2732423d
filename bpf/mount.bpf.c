// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Mount: no change to what is mounted where, inside a session.
 *
 * Hooks: sb_mount (mount, bind, propagation, move by mount(2)), sb_remount, sb_umount, move_mount
 * (also the end of fsopen/fsmount and open_tree), sb_pivotroot.
 * Not covered yet: mount_setattr, open_tree clones and fsmount descriptors that are never attached.
 */
#include "policy.bpf.h"

/* Judges one attempt at dentry/mnt; both may be NULL. */
static __always_inline int eg_judge_mount(__u16 op, struct dentry *dentry, struct vfsmount *mnt,
					  const char *fstype)
{
	struct eg_detail detail = {.op = op};
	struct eg_view view = {};
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	if (!eg_flag_refuses(&who, EG_POLICY_DENY_MOUNT, &view))
		return 0;
	detail.arg = fstype;
	detail.object.dentry = (__u64)dentry;
	detail.object.mnt = (__u64)mnt;
	return eg_refuse(&view, &detail);
}

SEC("lsm/sb_mount")
int BPF_PROG(eg_sb_mount, const char *dev_name, const struct path *path, const char *type,
	     unsigned long flags)
{
	return eg_judge_mount(EG_OP_MOUNT, path->dentry, path->mnt, type);
}

/* The hook knows the file system, not where it is mounted. */
SEC("lsm/sb_remount")
int BPF_PROG(eg_sb_remount, struct super_block *sb)
{
	return eg_judge_mount(EG_OP_REMOUNT, NULL, NULL, NULL);
}

SEC("lsm/sb_umount")
int BPF_PROG(eg_sb_umount, struct vfsmount *mnt, int flags)
{
	return eg_judge_mount(EG_OP_UMOUNT, mnt->mnt_root, mnt, NULL);
}

SEC("lsm/move_mount")
int BPF_PROG(eg_move_mount, const struct path *from_path, const struct path *to_path)
{
	return eg_judge_mount(EG_OP_MOVE_MOUNT, to_path->dentry, to_path->mnt, NULL);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(eg_sb_pivotroot, const struct path *old_path, const struct path *new_path)
{
	return eg_judge_mount(EG_OP_PIVOT_ROOT, new_path->dentry, new_path->mnt, NULL);
}
