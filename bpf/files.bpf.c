// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files that are not read or stay as they are: by rules of the policy (files.deny_read, deny_write,
 * allow), and by the built-in list, which has what others execute or believe (tampering).
 *
 * Hooks: file_open; path_truncate or file_truncate; path_mknod, path_mkdir, path_symlink,
 * path_link, path_rename, path_unlink, path_rmdir, path_chmod, path_chown; inode_setxattr,
 * inode_removexattr, inode_set_acl, inode_remove_acl, inode_file_setattr. Descriptors opened
 * elsewhere and passed in are judged in sockets.bpf.c, mounts over a place in mount.bpf.c, calls
 * that only some file systems have in tamper.bpf.c.
 *
 * Which rule is about a file: place.bpf.c. An ordinary user who could not change it anyway gets the
 * kernel's own answer and no record. Who leads a session is exempt from rules about places: atd
 * removes its job's file.
 * Not covered: what is open already; times; hard links to files in a tree that were made before.
 */
#include "record.bpf.h"

enum {
	/* include/uapi/linux/magic.h */
	EG_CGROUP_MAGIC = 0x27e0eb,
	EG_CGROUP2_MAGIC = 0x63677270,
	EG_FUSE_MAGIC = 0x65735546,
	EG_NFS_MAGIC = 0x6969,
	EG_9P_MAGIC = 0x01021997,
	EG_CEPH_MAGIC = 0x00c36400,

	EG_WRITE_BITS = 0022, /* of others: group, or an access list's mask, and the rest */
	EG_CAP_CHOWN = 0,
	EG_CAP_DAC_OVERRIDE = 1,
	EG_CAP_FOWNER = 3,
	EG_RENAME_EXCHANGE = 2, /* include/uapi/linux/fs.h */
};

/* These two are too large for an int. */
#define EG_CIFS_MAGIC 0xff534d42UL
#define EG_SMB2_MAGIC 0xfe534d42UL

/* ---- judging ---- */

/* What every policy refuses that has the flag: EG_POLICY_DENY_LEAVING or _TAMPERING. 0 = nothing of
 * the kind. */
static __always_inline __u32 eg_kept_flag(struct eg_change *change)
{
	struct dentry *dentry = (void *)change->dentry;
	unsigned long magic;

	if (change->access == EG_ACCESS_READ)
		return 0;
	magic = BPF_CORE_READ(dentry, d_sb, s_magic);
	if (magic == EG_CGROUP2_MAGIC || magic == EG_CGROUP_MAGIC)
		return eg_is_own_cgroup(change) ? 0 : EG_POLICY_DENY_LEAVING;
	return eg_is_kept_else(change) ? EG_POLICY_DENY_TAMPERING : 0;
}

/* Does the mount show other owners than the inodes have? */
static __always_inline bool eg_is_mapped(__u64 vfsmount)
{
	struct vfsmount___idmap *mnt = (void *)vfsmount;
	struct vfsmount___userns *old = (void *)vfsmount;
	struct mnt_idmap___map *map;

	if (!bpf_core_field_exists(mnt->mnt_idmap))
		return BPF_CORE_READ(old, mnt_userns, parent);
	map = (void *)BPF_CORE_READ(mnt, mnt_idmap);
	if (bpf_core_field_exists(map->uid_map))
		return BPF_CORE_READ(map, uid_map.nr_extents);
	return BPF_CORE_READ((struct mnt_idmap___owner *)map, owner, parent);
}

/* Is it for somebody else to say who may write there: a server, or the user's own program? */
static __always_inline bool eg_is_for_others(struct inode *inode)
{
	switch (BPF_CORE_READ(inode, i_sb, s_magic)) {
	case EG_FUSE_MAGIC:
	case EG_NFS_MAGIC:
	case EG_CIFS_MAGIC:
	case EG_SMB2_MAGIC:
	case EG_9P_MAGIC:
	case EG_CEPH_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Could the caller change what this inode stands for at all? The path hooks come before the
 * kernel's own check of that. Where that cannot be told from the inode: perhaps. */
static __always_inline bool eg_could_write(const struct eg_change *change)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = (void *)change->owner;

	if (BPF_CORE_READ(inode, i_uid.val) == change->uid || eg_is_for_others(inode) ||
	    (change->mnt && eg_is_mapped(change->mnt)))
		return true;
	if (change->attr)
		return eg_has_cap(task, EG_CAP_FOWNER) || eg_has_cap(task, EG_CAP_CHOWN);
	return BPF_CORE_READ(inode, i_mode) & EG_WRITE_BITS ||
	       eg_has_cap(task, EG_CAP_DAC_OVERRIDE);
}

/* Asks about places under one policy, 0 for the built-in list. What it says is in ask. */
static __always_inline bool eg_place_refuses(struct eg_place_ask *ask,
					     const struct eg_change *change, __u32 policy,
					     __u32 own, __u16 about)
{
	ask->dentry = change->dentry;
	ask->mnt = change->mnt;
	ask->policy = policy;
	ask->own = policy ? own : 0;
	ask->ask = about;
	ask->keep = change->keep && about == EG_ASK_WRITE;
	return eg_place_judge(ask);
}

/* The reason why a change is kept from everybody guarded; 0 = it is not. flag: of eg_kept_flag. */
static __always_inline __u32 eg_kept_reason(struct eg_place_ask *ask, struct eg_change *change,
					    const struct eg_view *view, __u32 flag)
{
	if (view->flags & flag)
		return flag == EG_POLICY_DENY_LEAVING ? EG_REASON_OUTSIDE : EG_REASON_PROTECTED;
	/* What may not be read as a file may not be read as blocks of a disk. */
	if (change->access == EG_ACCESS_READ && view->flags & EG_POLICY_READS &&
	    view->flags & EG_POLICY_DENY_TAMPERING && eg_is_kept_device(change))
		return EG_REASON_PROTECTED;
	if (change->trusted || change->access == EG_ACCESS_READ ||
	    !(view->flags & EG_POLICY_DENY_TAMPERING) ||
	    !eg_place_refuses(ask, change, 0, 0, EG_ASK_WRITE))
		return 0;
	return EG_REASON_PROTECTED;
}

/* The reason why a rule of the policy refuses it; 0 = none does. What is asked last is in ask. */
static __always_inline __u32 eg_rule_reason(struct eg_place_ask *ask,
					    const struct eg_change *change,
					    const struct eg_view *view)
{
	bool refused = false;

	if (change->trusted)
		return 0;
	if (change->access != EG_ACCESS_READ && view->flags & EG_POLICY_WRITES)
		refused = eg_place_refuses(ask, change, view->policy, eg_view_own(view),
					   EG_ASK_WRITE);
	if (!refused && change->reads && view->flags & EG_POLICY_READS)
		refused =
			eg_place_refuses(ask, change, view->policy, eg_view_own(view), EG_ASK_READ);
	if (!refused)
		return 0;
	return ask->nowhere ? EG_REASON_NOWHERE : EG_REASON_PLACE;
}

static __always_inline __u16 eg_change_op(__u32 reason)
{
	return reason == EG_REASON_OUTSIDE ? EG_OP_CGROUP : EG_OP_FILE;
}

/* Notes a refusal, if it is stricter than what is noted: a restriction that only reports must not
 * hide another. ask: of the rule, NULL when it is none. */
static __always_inline void eg_change_note(struct eg_change *change, const struct eg_view *view,
					   __u32 reason, const struct eg_place_ask *ask)
{
	__u32 rank;

	if (!reason)
		return;
	rank = eg_rank(view, eg_on_of(eg_change_op(reason), reason));
	if (rank <= change->refused)
		return;
	change->refused = rank;
	change->view = *view;
	change->reason = reason;
	change->line = ask ? ask->line : 0;
	change->reading = ask && ask->ask == EG_ASK_READ;
}

/* What one guard says. flag: of eg_kept_flag. */
static __always_inline void eg_judge_guard(struct eg_change *change, const struct eg_guard *guard,
					   __u32 flag)
{
	struct eg_place_ask ask = {};
	struct eg_view view;

	eg_view_of(guard, &view);
	if (view.flags & EG_POLICY_RECORD_OPEN && !change->trusted)
		change->records = 1;
	if (view.policy) {
		eg_change_note(change, &view, eg_kept_reason(&ask, change, &view, flag), NULL);
		eg_change_note(change, &view, eg_rule_reason(&ask, change, &view), &ask);
	} else if (flag || !change->trusted) {
		eg_change_note(change, &view, EG_REASON_POLICY, NULL);
	}
}

__noinline int eg_judge_change(struct eg_change *change)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_who who;
	__u32 flag;

	if (!change)
		return 1;
	if (!eg_who_is(task, &who))
		return 0;
	change->uid = task->cred->fsuid.val;
	change->trusted = eg_is_trusted(&who);
	if (change->owner && !eg_could_write(change))
		return 0;
	flag = eg_kept_flag(change);
	/* Not a loop: 6.1 takes what clang makes of one for a way back. */
	if (who.guard[EG_BY_CGROUP])
		eg_judge_guard(change, who.guard[EG_BY_CGROUP], flag);
	if (who.guard[EG_BY_LABEL])
		eg_judge_guard(change, who.guard[EG_BY_LABEL], flag);
	return change->refused != 0;
}

__noinline int eg_report_change(struct eg_change *change)
{
	struct eg_detail detail = {};

	if (!change)
		return -EPERM;
	detail.op = eg_change_op(change->reason);
	/* Written and read: what is refused is said. */
	detail.option = change->reading && change->access == EG_ACCESS_WRITE ? EG_ACCESS_READ
									     : change->access;
	detail.reason = change->reason;
	detail.rule.line = change->line;
	detail.handed = change->received;
	detail.object.dentry = change->dentry;
	detail.object.mnt = change->mnt;
	return eg_refuse(&change->view, &detail);
}

/* ---- hooks ---- */

SEC("lsm/file_open")
int BPF_PROG(eg_file_open, struct file *file)
{
	struct eg_change change;

	if (eg_is_nobody(bpf_get_current_task_btf()) ||
	    !(file->f_mode & (EG_FMODE_READ | EG_FMODE_WRITE)))
		return 0;
	change = (struct eg_change){};
	eg_change_of_file(&change, file);
	if (eg_refuse_change(&change))
		return -EPERM;
	if (change.records)
		eg_tell_open(&change);
	return 0;
}

/* A change in a directory, to what is or will be there by that name. keep: it takes the name away
 * from what may be there; reads: what is there can be read elsewhere then. */
static __always_inline int eg_change_in(const struct path *dir, struct dentry *dentry, __u16 access,
					bool keep, bool reads)
{
	struct eg_change change;

	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	change = (struct eg_change){.access = access,
				    .keep = keep,
				    .reads = reads,
				    .dentry = (__u64)dentry,
				    .mnt = (__u64)dir->mnt,
				    .owner = (__u64)dir->dentry->d_inode};
	change.inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	if (!change.inode)
		change.inode = change.owner; /* whose file system it will be */
	return eg_refuse_change(&change);
}

static __always_inline int eg_change_at(const struct path *path, __u16 access, bool attr)
{
	struct eg_change change = {
		.access = access, .dentry = (__u64)path->dentry, .mnt = (__u64)path->mnt};

	change.inode = (__u64)path->dentry->d_inode;
	change.attr = attr;
	if (attr)
		change.owner = change.inode;
	return eg_refuse_change(&change);
}

/* What is made on the way to a place must be a directory: as such it is a place itself. */
SEC("lsm/path_mknod")
int BPF_PROG(eg_path_mknod, const struct path *dir, struct dentry *dentry)
{
	return eg_hook_result(eg_change_in(dir, dentry, EG_ACCESS_CREATE, true, false));
}

SEC("lsm/path_mkdir")
int BPF_PROG(eg_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return eg_hook_result(eg_change_in(dir, dentry, EG_ACCESS_CREATE, false, false));
}

SEC("lsm/path_symlink")
int BPF_PROG(eg_path_symlink, const struct path *dir, struct dentry *dentry)
{
	return eg_hook_result(eg_change_in(dir, dentry, EG_ACCESS_LINK, true, false));
}

SEC("lsm/path_unlink")
int BPF_PROG(eg_path_unlink, const struct path *dir, struct dentry *dentry)
{
	return eg_hook_result(eg_change_in(dir, dentry, EG_ACCESS_REMOVE, true, false));
}

SEC("lsm/path_rmdir")
int BPF_PROG(eg_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return eg_hook_result(eg_change_in(dir, dentry, EG_ACCESS_REMOVE, true, false));
}

/* A second name: neither for what is protected nor among it. */
SEC("lsm/path_link")
int BPF_PROG(eg_path_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	return eg_hook_result(eg_change_in(new_dir, old_dentry, EG_ACCESS_LINK, false, true) ||
			      eg_change_in(new_dir, new_dentry, EG_ACCESS_CREATE, true, false));
}

/* In an exchange both are moved. */
SEC("lsm/path_rename")
int BPF_PROG(eg_path_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	return eg_hook_result(eg_change_in(old_dir, old_dentry, EG_ACCESS_RENAME, true, true) ||
			      eg_change_in(new_dir, new_dentry, EG_ACCESS_RENAME, true,
					   flags & EG_RENAME_EXCHANGE));
}

/* Up to 6.1 for every way to cut a file; since then for truncate() alone. */
SEC("lsm/path_truncate")
int BPF_PROG(eg_path_truncate, const struct path *path)
{
	return eg_hook_result(eg_change_at(path, EG_ACCESS_TRUNCATE, false));
}

SEC("lsm/file_truncate")
int BPF_PROG(eg_file_truncate, struct file *file)
{
	return eg_hook_result(eg_change_at(&file->f_path, EG_ACCESS_TRUNCATE, false));
}

SEC("lsm/path_chmod")
int BPF_PROG(eg_path_chmod, const struct path *path)
{
	return eg_hook_result(eg_change_at(path, EG_ACCESS_ATTR, true));
}

SEC("lsm/path_chown")
int BPF_PROG(eg_path_chown, const struct path *path)
{
	return eg_hook_result(eg_change_at(path, EG_ACCESS_ATTR, true));
}

/* These come after the kernel's own check. */
static __always_inline int eg_change_attr(struct dentry *dentry)
{
	struct eg_change change = {.access = EG_ACCESS_ATTR, .dentry = (__u64)dentry};

	change.inode = (__u64)dentry->d_inode;
	return eg_refuse_change(&change);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(eg_inode_setxattr, void *idmap, struct dentry *dentry)
{
	return eg_hook_result(eg_change_attr(dentry));
}

SEC("lsm/inode_removexattr")
int BPF_PROG(eg_inode_removexattr, void *idmap, struct dentry *dentry)
{
	return eg_hook_result(eg_change_attr(dentry));
}

/* Since 6.17, for what FS_IOC_SETFLAGS does as well (tamper.bpf.c). */
SEC("lsm/inode_file_setattr")
int BPF_PROG(eg_inode_file_setattr, struct dentry *dentry)
{
	return eg_hook_result(eg_change_attr(dentry));
}

/* Since 6.2; before, access lists were attributes like others. */
SEC("lsm/inode_set_acl")
int BPF_PROG(eg_inode_set_acl, void *idmap, struct dentry *dentry)
{
	return eg_hook_result(eg_change_attr(dentry));
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(eg_inode_remove_acl, void *idmap, struct dentry *dentry)
{
	return eg_hook_result(eg_change_attr(dentry));
}
