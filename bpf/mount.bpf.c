// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Mount: no change to what is mounted where, inside a session, new mount namespaces included.
 *
 * Hooks: sb_mount (mount, bind, propagation, move by mount(2)), sb_remount, sb_umount, move_mount
 * (also the end of fsopen/fsmount and open_tree), sb_pivotroot; sb_set_mnt_opts for fsconfig, which
 * makes the file system that fsmount hands out without any hook. What has no hook at all
 * (mount_setattr, open_tree clones, fsopen, fsmount, fspick) needs CAP_SYS_ADMIN and is refused in
 * capable.bpf.c.
 *
 * mount.allow names exceptions: types of file systems, and places. A type opens mounting and
 * unmounting of file systems of that type, not what has no type of its own: binds, moves, changes
 * of propagation. A place opens everything there but pivot_root.
 *
 * An overlay is refused wherever rules about files apply, unless mount.allow names it: the kernel
 * reads (up to 6.1) and changes what it is made of without a hook that tells us where that is.
 *
 * Where mounting is not denied, places that must stay as they are (files.bpf.c) may not be covered
 * either, but in a mount namespace of a user namespace of one's own, which nobody else sees.
 */
#include "files.bpf.h"

enum {
	EG_NR_FSCONFIG = 431, /* asm-generic/unistd.h: the same on every architecture */
	/* include/uapi/linux/mount.h: with one of these mount(2) has no use for its type */
	EG_MS_NO_TYPE = 4096 /* MS_BIND */ | 8192 /* MS_MOVE */ | 1 << 17 /* MS_UNBINDABLE */ |
			1 << 18 /* MS_PRIVATE */ | 1 << 19 /* MS_SLAVE */ | 1 << 20 /* MS_SHARED */,
	EG_MS_REMOUNT = 32,
};

/* An attempt. Kernel pointers as numbers; 0 = not known. */
struct eg_mounting {
	__u64 dentry; /* the place */
	__u64 mnt;
	__u64 type; /* const char *: the file system's, when the attempt is about one */
	__u16 op;
	__u8 fixed;  /* 1 = no exception applies */
	__u8 layers; /* 1 = judged as an overlay, by the rules about files */
	__u32 policy;
};

/* Is the type among those that mount.allow names? "fuse.sshfs" is "fuse". */
static __always_inline bool eg_type_allowed(const struct eg_mounting *at)
{
	struct eg_name_key key = {.policy = at->policy, .kind = EG_NAME_FSTYPE};
	char name[32] = {};

	if (!at->type || bpf_probe_read_kernel_str(name, sizeof(name), (void *)at->type) <= 1)
		return false;
	for (__u32 i = 0; i < sizeof(name) && name[i] && name[i] != '.'; i++)
		key.name[i] = name[i];
	return bpf_map_lookup_elem(&eg_names, &key);
}

static __always_inline bool eg_target_allowed(const struct eg_mounting *at)
{
	struct eg_item_key key = {.policy = at->policy, .kind = EG_ITEM_TARGET};
	struct dentry *dentry = (void *)at->dentry;
	struct inode *inode;

	if (!dentry)
		return false;
	inode = BPF_CORE_READ(dentry, d_inode);
	key.a = BPF_CORE_READ(inode, i_ino);
	key.b = (__u64)BPF_CORE_READ(inode, i_sb, s_dev) << 32 | BPF_CORE_READ(inode, i_generation);
	return bpf_map_lookup_elem(&eg_items, &key);
}

/* Does mount.allow name the attempt? 1 or 0. */
__noinline int eg_mount_excepted(const struct eg_mounting *at)
{
	return at && !at->fixed && (eg_type_allowed(at) || eg_target_allowed(at));
}

static __always_inline bool eg_is_overlay(__u64 type)
{
	static const char overlay[8] = "overlay";
	char name[9] = {};

	if (!type || bpf_probe_read_kernel_str(name, sizeof(name), (void *)type) <= 0)
		return false;
	for (__u32 i = 0; i < sizeof(overlay); i++)
		if (name[i] != overlay[i])
			return false;
	return true;
}

static __always_inline bool eg_mount_denied(struct eg_mounting *at, const struct eg_view *view)
{
	if (at->layers ? !(view->flags & (EG_POLICY_READS | EG_POLICY_WRITES))
		       : view->policy && !(view->flags & EG_POLICY_DENY_MOUNT))
		return false;
	at->policy = view->policy;
	return !view->policy || !(view->flags & EG_POLICY_MOUNTS) || !eg_mount_excepted(at);
}

/* Not inlined, like eg_cover: their frames together are too large. */
__noinline int eg_judge_mount(struct eg_mounting *at)
{
	struct eg_detail detail = {};
	struct eg_view view = {};
	struct eg_who who;
	__u32 worst = 0;

	if (!at || !eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;
		__u32 rank;

		if (!who.guard[i])
			continue;
		eg_view_of(who.guard[i], &one);
		if (!eg_mount_denied(at, &one))
			continue;
		rank = eg_rank(&one, at->layers ? EG_ON_FILES : EG_ON_MOUNT);
		if (rank <= worst)
			continue;
		view = one;
		worst = rank;
	}
	if (!worst)
		return 0;
	detail.op = at->op;
	if (at->layers)
		detail.reason = EG_REASON_LAYER;
	detail.arg = (const char *)at->type;
	detail.object.dentry = at->dentry;
	detail.object.mnt = at->mnt;
	return eg_refuse(&view, &detail);
}

/* An overlay shows its layers' files as others: not where rules are about files. */
static __always_inline int eg_judge_layers(struct eg_mounting *at)
{
	if (!eg_is_overlay(at->type))
		return 0;
	at->layers = 1;
	return eg_judge_mount(at);
}

/* Would a place that others rely on be covered? */
static __noinline int eg_cover(const struct path *path)
{
	struct eg_change change = {.access = EG_ACCESS_RENAME,
				   .keep = 1,
				   .dentry = (__u64)path->dentry,
				   .mnt = (__u64)path->mnt};

	if (bpf_get_current_task_btf()->cred->user_ns->parent)
		return 0;
	change.inode = (__u64)path->dentry->d_inode;
	return eg_refuse_change(&change);
}

static __always_inline __u64 eg_type_of(struct super_block *sb)
{
	return (__u64)BPF_CORE_READ(sb, s_type, name);
}

SEC("lsm/sb_mount")
int BPF_PROG(eg_sb_mount, const char *dev_name, const struct path *path, const char *type,
	     unsigned long flags)
{
	struct eg_mounting at = {
		.op = EG_OP_MOUNT, .dentry = (__u64)path->dentry, .mnt = (__u64)path->mnt};

	if (flags & EG_MS_REMOUNT)
		at.type = eg_type_of(path->mnt->mnt_sb);
	else if (!(flags & EG_MS_NO_TYPE))
		at.type = (__u64)type;
	return eg_hook_result(eg_judge_mount(&at) || eg_judge_layers(&at) || eg_cover(path));
}

/* The hook knows the file system, not where it is mounted. */
SEC("lsm/sb_remount")
int BPF_PROG(eg_sb_remount, struct super_block *sb)
{
	struct eg_mounting at = {.op = EG_OP_REMOUNT, .type = eg_type_of(sb)};

	return eg_hook_result(eg_judge_mount(&at));
}

/* By the place that is covered, which is what mount.allow names. */
SEC("lsm/sb_umount")
int BPF_PROG(eg_sb_umount, struct vfsmount *mnt, int flags)
{
	struct mount *real = (void *)((__u64)mnt - bpf_core_field_offset(struct mount, mnt));
	struct eg_mounting at = {.op = EG_OP_UMOUNT, .type = eg_type_of(mnt->mnt_sb)};
	struct mount *parent = BPF_CORE_READ(real, mnt_parent);

	at.dentry = (__u64)BPF_CORE_READ(real, mnt_mountpoint);
	at.mnt = (__u64)parent + bpf_core_field_offset(struct mount, mnt);
	return eg_hook_result(eg_judge_mount(&at));
}

/* Of a mount that is nowhere yet its type counts; moving one that is somewhere is not mounting. */
SEC("lsm/move_mount")
int BPF_PROG(eg_move_mount, const struct path *from_path, const struct path *to_path)
{
	struct mount *real =
		(void *)((__u64)from_path->mnt - bpf_core_field_offset(struct mount, mnt));
	struct eg_mounting at = {.op = EG_OP_MOVE_MOUNT,
				 .dentry = (__u64)to_path->dentry,
				 .mnt = (__u64)to_path->mnt};

	if (BPF_CORE_READ(real, mnt_parent) == real)
		at.type = eg_type_of(from_path->mnt->mnt_sb);
	return eg_hook_result(eg_judge_mount(&at) || eg_cover(to_path));
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(eg_sb_pivotroot, const struct path *old_path, const struct path *new_path)
{
	struct eg_mounting at = {.op = EG_OP_PIVOT_ROOT,
				 .fixed = 1,
				 .dentry = (__u64)new_path->dentry,
				 .mnt = (__u64)new_path->mnt};

	return eg_hook_result(eg_judge_mount(&at));
}

/* For fsconfig() alone: mount(2) has its own hook, and a mount the kernel makes by itself (autofs,
 * NFS below a mount) is nobody's attempt. */
SEC("lsm/sb_set_mnt_opts")
int BPF_PROG(eg_sb_set_mnt_opts, struct super_block *sb)
{
	struct eg_mounting at = {.op = EG_OP_MOUNT, .type = eg_type_of(sb)};

	if (eg_syscall(bpf_get_current_task_btf()) != EG_NR_FSCONFIG)
		return 0;
	return eg_hook_result(eg_judge_mount(&at) || eg_judge_layers(&at));
}
