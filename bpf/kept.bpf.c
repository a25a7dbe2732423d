// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What stays as it is besides the places of the built-in list: who may log in as somebody else, the
 * kernel's own file systems, devices that lead around every file, and the cgroups of others. Asked
 * by files.bpf.c, which has the hooks.
 */
#include "files.bpf.h"

enum {
	EG_WALK_MAX = 64, /* directories of /proc up; none is as deep */

	/* include/uapi/linux/magic.h; configfs, pstore, efivarfs and debugfs' kin */
	EG_PROC_MAGIC = 0x9fa0,
	EG_SYSFS_MAGIC = 0x62656572,
	EG_DEBUGFS_MAGIC = 0x64626720,
	EG_TRACEFS_MAGIC = 0x74726163,
	EG_SECURITYFS_MAGIC = 0x73636673,
	EG_CONFIGFS_MAGIC = 0x62656570,
	EG_BINFMTFS_MAGIC = 0x42494e4d,
	EG_PSTOREFS_MAGIC = 0x6165676c,
	EG_RESCTRL_MAGIC = 0x7655821,

	EG_S_IFMT = 0170000, /* include/uapi/linux/stat.h */
	EG_S_IFCHR = 0020000,
	EG_S_IFBLK = 0060000,

	/* include/uapi/linux/major.h, miscdevice.h */
	EG_MEM_MAJOR = 1,
	EG_VCS_MAJOR = 7, /* screens of the consoles */
	EG_MISC_MAJOR = 10,
	EG_INPUT_MAJOR = 13,
	EG_SG_MAJOR = 21,  /* SCSI_GENERIC_MAJOR */
	EG_MTD_MAJOR = 90, /* MTD_CHAR_MAJOR */
	EG_WATCHDOG_MINOR = 130,
	EG_UINPUT_MINOR = 223,

	EG_INIT = 1,
};

/* These two are too large for an int. */
#define EG_BPFFS_MAGIC	  0xcafe4a11UL
#define EG_EFIVARFS_MAGIC 0xde5e81e4UL

/* ---- names ---- */

enum { EG_WORD_SIZE = 20 };

static __always_inline void eg_word_of(char word[EG_WORD_SIZE], struct dentry *dentry)
{
	/* What does not fit is none of our words either way. */
	bpf_probe_read_kernel_str(word, EG_WORD_SIZE, BPF_CORE_READ(dentry, d_name.name));
}

static __always_inline bool eg_is_word(const char word[EG_WORD_SIZE], const char *other, __u32 n)
{
	for (__u32 i = 0; i < n; i++)
		if (word[i] != other[i])
			return false;
	return true;
}

#define EG_IS(word, literal) eg_is_word(word, literal, sizeof(literal))

/* ---- keys ---- */

/* Does it decide who may log in as somebody else? What sshd reads in another's ~/.ssh, or another
 * directory put in its place. */
static __always_inline bool eg_is_foreign_key(const struct eg_change *change)
{
	struct dentry *dentry = (void *)change->dentry;
	struct dentry *dir = BPF_CORE_READ(dentry, d_parent);
	char name[EG_WORD_SIZE] = {}, parent[EG_WORD_SIZE] = {};
	bool moved = change->access == EG_ACCESS_RENAME || change->access == EG_ACCESS_LINK;

	eg_word_of(name, dentry);
	eg_word_of(parent, dir);
	if (!(moved && EG_IS(name, ".ssh")) &&
	    !(EG_IS(parent, ".ssh") &&
	      (EG_IS(name, "authorized_keys") || EG_IS(name, "authorized_keys2") ||
	       EG_IS(name, "environment") || EG_IS(name, "rc"))))
		return false;
	return !change->uid || BPF_CORE_READ(dir, d_inode, i_uid.val) != change->uid;
}

/* ---- /proc ---- */

/* The task a directory of /proc is about; 0 when it is about none. */
static __always_inline __u32 eg_proc_tgid(struct inode *inode)
{
	struct proc_inode *proc =
		(void *)((__u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	struct hlist_node *link = BPF_CORE_READ(proc, pid, tasks[0].first);
	struct task_struct *task;

	if (!link)
		return 0;
	task = (void *)((__u64)link - bpf_core_field_offset(struct task_struct, pid_links));
	return BPF_CORE_READ(task, tgid);
}

static __always_inline bool eg_is_kept_process(__u32 tgid)
{
	__u32 zero = 0;
	__u32 *helper = bpf_map_lookup_elem(&eg_helper, &zero);

	return tgid == EG_INIT || (helper && *helper && tgid == *helper);
}

/* A walk upwards, a step at a time: bpf_loop, so that the verifier looks at one step only. */
struct eg_climb {
	__u64 at; /* struct dentry */
	__u64 found;
};

/* Stops at the entry that is in the root directory. */
static long eg_climb_top(__u32 i, void *arg)
{
	struct eg_climb *climb = arg;
	struct dentry *dentry = (void *)climb->at;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	if (parent == BPF_CORE_READ(parent, d_parent)) {
		climb->found = 1;
		return 1;
	}
	climb->at = (__u64)parent;
	return 0;
}

/* Would a write in /proc reach the kernel, the helper or process 1? 1 or 0. */
__noinline int eg_is_kept_proc(struct eg_change *change)
{
	char name[EG_WORD_SIZE] = {};
	struct eg_climb climb = {};
	struct dentry *top;

	if (!change)
		return 1;
	climb.at = change->dentry;
	bpf_loop(EG_WALK_MAX, eg_climb_top, &climb, 0);
	if (!climb.found)
		return 1;
	top = (void *)climb.at;
	eg_word_of(name, top);
	if (name[0] >= '0' && name[0] <= '9')
		return eg_is_kept_process(eg_proc_tgid(BPF_CORE_READ(top, d_inode)));
	return !EG_IS(name, "pressure");
}

/* ---- cgroups ---- */

enum { EG_KERNFS_DIR = 1 }; /* include/linux/kernfs.h */

/* The cgroup whose directory, or file, this is. */
static __always_inline struct cgroup *eg_cgroup_of_file(struct inode *inode)
{
	struct kernfs_node *kn = BPF_CORE_READ(inode, i_private);

	if (!(BPF_CORE_READ(kn, flags) & EG_KERNFS_DIR))
		kn = eg_kernfs_parent(kn);
	return BPF_CORE_READ(kn, priv);
}

/* Is the file of a cgroup that the caller's own session is bound to, or of one below? 1 or 0. */
__noinline int eg_is_own_cgroup(struct eg_change *change)
{
	struct eg_guard guard = {};
	struct eg_who who;

	if (!change || !eg_guard_find((__u64)eg_cgroup_of_file((void *)change->inode), &guard) ||
	    !eg_who_is(bpf_get_current_task_btf(), &who))
		return 0;
	return eg_is_own(&who, &guard);
}

static __always_inline bool eg_is_kernel_fs(unsigned long magic)
{
	switch (magic) {
	case EG_SYSFS_MAGIC:
	case EG_DEBUGFS_MAGIC:
	case EG_TRACEFS_MAGIC:
	case EG_SECURITYFS_MAGIC:
	case EG_CONFIGFS_MAGIC:
	case EG_BINFMTFS_MAGIC:
	case EG_PSTOREFS_MAGIC:
	case EG_RESCTRL_MAGIC:
	case EG_BPFFS_MAGIC:
	case EG_EFIVARFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static __always_inline bool eg_is_listed_major(__u32 major)
{
	struct eg_item_key key = {.kind = EG_ITEM_MAJOR, .a = major};

	return bpf_map_lookup_elem(&eg_items, &key);
}

/*
 * Devices by which one gets at what files hide: disks, also those that are asked in their own
 * words (sg, bsg, nvme, mtd), memory, other people's screens and keys; and watchdogs, which end
 * everything when they are left alone. Numbers that the kernel gives out as it goes are listed by
 * the helper.
 */
__noinline int eg_is_kept_device(struct eg_change *change)
{
	struct inode *inode;
	__u32 type, rdev, major, minor;

	if (!change || !change->inode)
		return 0;
	inode = (void *)change->inode;
	type = BPF_CORE_READ(inode, i_mode) & EG_S_IFMT;
	if (type == EG_S_IFBLK)
		return 1;
	if (type != EG_S_IFCHR)
		return 0;
	rdev = BPF_CORE_READ(inode, i_rdev);
	major = rdev >> 20;
	minor = rdev & 0xfffff;
	if (major == EG_MEM_MAJOR)
		return minor == 1 || minor == 2 || minor == 4;
	if (major == EG_MISC_MAJOR)
		return minor == EG_UINPUT_MINOR || minor == EG_WATCHDOG_MINOR;
	return major == EG_VCS_MAJOR || major == EG_INPUT_MAJOR || major == EG_SG_MAJOR ||
	       major == EG_MTD_MAJOR || eg_is_listed_major(major);
}

/* Is it a change that is tampering, the places of the built-in list aside? 1 or 0. */
__noinline int eg_is_kept_else(struct eg_change *change)
{
	struct dentry *dentry;
	unsigned long magic;

	if (!change)
		return 1;
	dentry = (void *)change->dentry;
	magic = BPF_CORE_READ(dentry, d_sb, s_magic);
	if (magic == EG_PROC_MAGIC)
		return eg_is_kept_proc(change);
	if (eg_is_kernel_fs(magic))
		return 1;
	if (change->access == EG_ACCESS_WRITE && eg_is_kept_device(change))
		return 1;
	return !change->trusted && eg_is_foreign_key(change);
}
