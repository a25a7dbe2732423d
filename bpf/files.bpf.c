// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files that stay as they are: what others execute or believe, the kernel's own file systems,
 * devices that lead around every file, and the cgroups of others.
 *
 * Hooks: file_open for writing; path_truncate or file_truncate; path_mknod, path_mkdir,
 * path_symlink, path_link, path_rename, path_unlink, path_rmdir, path_chmod, path_chown;
 * inode_setxattr, inode_removexattr, inode_set_acl, inode_file_setattr. Descriptors opened for
 * writing elsewhere and passed in are judged in sockets.bpf.c, mounts over a place in mount.bpf.c.
 *
 * A place is known by the identity of a directory and a name in it (eg_places), looked for on the
 * way from the file up to the root of its file system: by whatever path, mount or root directory it
 * is reached, its parents there are the same. An ordinary user who could not write there anyway
 * gets the kernel's own answer and no record. Who leads a session may change them: atd removes its
 * job's file.
 * Not covered: hard links to single files made before; what is nowhere in the list.
 */
#include "files.bpf.h"

enum {
	EG_WALK_MAX = 64, /* directories up; nothing protected lies deeper, and nothing can be put
			     there */

	/* include/uapi/linux/magic.h; configfs, pstore, efivarfs and debugfs' kin */
	EG_PROC_MAGIC = 0x9fa0,
	EG_CGROUP_MAGIC = 0x27e0eb,
	EG_CGROUP2_MAGIC = 0x63677270,
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
	EG_WRITE_BITS = 0022, /* of others: group, or an access list's mask, and the rest */

	/* include/uapi/linux/major.h, miscdevice.h */
	EG_MEM_MAJOR = 1,
	EG_VCS_MAJOR = 7, /* screens of the consoles */
	EG_MISC_MAJOR = 10,
	EG_INPUT_MAJOR = 13,
	EG_UINPUT_MINOR = 223,

	EG_CAP_DAC_OVERRIDE = 1,
	EG_CAP_FOWNER = 3,
	EG_CAP_CHOWN = 0,
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

/* ---- places ---- */

static __always_inline void eg_place_of(struct eg_place_key *key, struct inode *inode)
{
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->gen = BPF_CORE_READ(inode, i_generation);
}

/* A walk upwards, a step at a time: bpf_loop, so that the verifier looks at one step only. */
struct eg_climb {
	__u64 at;     /* struct dentry */
	__u32 above;  /* 1 = beyond the first step: at a directory above what would be changed */
	__u32 renews; /* 1 = what is there would lose its name */
	__u32 found;
	__u32 pad;
};

/* Is the directory entry itself a place? */
static __always_inline bool eg_is_place(const struct eg_climb *climb, struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct eg_place_key key = {};
	__u32 *flags;

	if (inode) {
		eg_place_of(&key, inode);
		flags = bpf_map_lookup_elem(&eg_places, &key);
		/* Without the tree it is a directory on the way to one: it must keep its name. */
		if (flags && (*flags & EG_PLACE_TREE || (!climb->above && climb->renews)))
			return true;
	}
	eg_place_of(&key, BPF_CORE_READ(dentry, d_parent, d_inode));
	if (bpf_probe_read_kernel_str(key.name, sizeof(key.name),
				      BPF_CORE_READ(dentry, d_name.name)) <= 1)
		return false;
	return bpf_map_lookup_elem(&eg_places, &key);
}

static long eg_climb_places(__u32 i, void *arg)
{
	struct eg_climb *climb = arg;
	struct dentry *dentry = (void *)climb->at, *parent;

	if (eg_is_place(climb, dentry)) {
		climb->found = 1;
		return 1;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	climb->above = 1;
	climb->at = (__u64)parent;
	return parent == dentry;
}

/* Is it a place, or below one? 1 or 0. */
__noinline int eg_below_place(struct eg_change *change)
{
	struct eg_climb climb = {};

	if (!change)
		return 1;
	climb.at = change->dentry;
	climb.renews = change->access == EG_ACCESS_RENAME || change->access == EG_ACCESS_REMOVE;
	bpf_loop(EG_WALK_MAX, eg_climb_places, &climb, 0);
	return climb.found != 0;
}

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
	struct eg_state *state = bpf_map_lookup_elem(&eg_state, &zero);

	return tgid == EG_INIT || (state && state->helper && tgid == state->helper);
}

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
	struct inode *inode;

	if (!change)
		return 0;
	inode = (void *)change->inode;
	if (!eg_guard_find((__u64)eg_cgroup_of_file(inode), &guard))
		return 0;
	return guard.session == change->session[0] || guard.session == change->session[1];
}

/* ---- judging ---- */

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

/* Devices by which one gets at what files hide: disks, memory, other people's screens and keys. */
static __always_inline bool eg_is_kept_device(struct inode *inode)
{
	__u32 type = BPF_CORE_READ(inode, i_mode) & EG_S_IFMT, rdev, major, minor;

	if (type == EG_S_IFBLK)
		return true;
	if (type != EG_S_IFCHR)
		return false;
	rdev = BPF_CORE_READ(inode, i_rdev);
	major = rdev >> 20;
	minor = rdev & 0xfffff;
	return (major == EG_MEM_MAJOR && (minor == 1 || minor == 2 || minor == 4)) ||
	       major == EG_VCS_MAJOR || major == EG_INPUT_MAJOR ||
	       (major == EG_MISC_MAJOR && minor == EG_UINPUT_MINOR);
}

static __always_inline int eg_change_is(struct eg_change *change, __u32 flag, __u32 reason)
{
	change->flag = flag;
	change->reason = reason;
	return 1;
}

__noinline int eg_judge_change(struct eg_change *change)
{
	struct dentry *dentry;
	unsigned long magic;

	if (!change)
		return 1;
	dentry = (void *)change->dentry;
	magic = BPF_CORE_READ(dentry, d_sb, s_magic);
	if (magic == EG_CGROUP2_MAGIC || magic == EG_CGROUP_MAGIC)
		return eg_is_own_cgroup(change)
			       ? 0
			       : eg_change_is(change, EG_POLICY_DENY_LEAVING, EG_REASON_OUTSIDE);
	change->flag = EG_POLICY_DENY_TAMPERING;
	change->reason = EG_REASON_PROTECTED;
	if (magic == EG_PROC_MAGIC)
		return eg_is_kept_proc(change);
	if (eg_is_kernel_fs(magic))
		return 1;
	if (change->access == EG_ACCESS_WRITE && change->inode &&
	    eg_is_kept_device((struct inode *)change->inode))
		return 1;
	return !change->trusted && (eg_is_foreign_key(change) || eg_below_place(change));
}

/* ---- hooks ---- */

SEC("lsm/file_open")
int BPF_PROG(eg_file_open, struct file *file)
{
	struct eg_change change = {};
	struct eg_who who;

	if (!(file->f_mode & EG_FMODE_WRITE) || !eg_change_who(&change, &who))
		return 0;
	eg_change_of_file(&change, file);
	return eg_refuse_change(&change, &who) ? -EPERM : 0;
}

/* Could the caller change what this inode stands for at all? The path hooks come before the
 * kernel's own check of that. attr: its mode or owner, not its content. */
static __always_inline bool eg_could_write(const struct eg_change *change, struct inode *inode,
					   bool attr)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (BPF_CORE_READ(inode, i_uid.val) == change->uid)
		return true;
	if (attr)
		return eg_has_cap(task, EG_CAP_FOWNER) || eg_has_cap(task, EG_CAP_CHOWN);
	return BPF_CORE_READ(inode, i_mode) & EG_WRITE_BITS ||
	       eg_has_cap(task, EG_CAP_DAC_OVERRIDE);
}

/* A change in a directory, to what is or will be there by that name. */
static __always_inline int eg_change_in(const struct path *dir, struct dentry *dentry, __u16 access)
{
	struct eg_change change = {
		.access = access, .dentry = (__u64)dentry, .mnt = (__u64)dir->mnt};
	struct inode *parent = dir->dentry->d_inode;
	struct eg_who who;

	if (!eg_change_who(&change, &who) || !eg_could_write(&change, parent, false))
		return 0;
	change.inode = (__u64)BPF_CORE_READ(dentry, d_inode);
	if (!change.inode)
		change.inode = (__u64)parent; /* whose file system it will be */
	return eg_refuse_change(&change, &who);
}

static __always_inline int eg_change_at(const struct path *path, __u16 access, bool attr)
{
	struct eg_change change = {
		.access = access, .dentry = (__u64)path->dentry, .mnt = (__u64)path->mnt};
	struct inode *inode = path->dentry->d_inode;
	struct eg_who who;

	if (!eg_change_who(&change, &who) || (attr && !eg_could_write(&change, inode, true)))
		return 0;
	change.inode = (__u64)inode;
	return eg_refuse_change(&change, &who);
}

SEC("lsm/path_mknod")
int BPF_PROG(eg_path_mknod, const struct path *dir, struct dentry *dentry)
{
	return eg_change_in(dir, dentry, EG_ACCESS_CREATE) ? -EPERM : 0;
}

SEC("lsm/path_mkdir")
int BPF_PROG(eg_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return eg_change_in(dir, dentry, EG_ACCESS_CREATE) ? -EPERM : 0;
}

SEC("lsm/path_symlink")
int BPF_PROG(eg_path_symlink, const struct path *dir, struct dentry *dentry)
{
	return eg_change_in(dir, dentry, EG_ACCESS_LINK) ? -EPERM : 0;
}

SEC("lsm/path_unlink")
int BPF_PROG(eg_path_unlink, const struct path *dir, struct dentry *dentry)
{
	return eg_change_in(dir, dentry, EG_ACCESS_REMOVE) ? -EPERM : 0;
}

SEC("lsm/path_rmdir")
int BPF_PROG(eg_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return eg_change_in(dir, dentry, EG_ACCESS_REMOVE) ? -EPERM : 0;
}

/* A second name: neither for what is protected nor among it. */
SEC("lsm/path_link")
int BPF_PROG(eg_path_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	return eg_change_in(new_dir, old_dentry, EG_ACCESS_LINK) ||
			       eg_change_in(new_dir, new_dentry, EG_ACCESS_CREATE)
		       ? -EPERM
		       : 0;
}

SEC("lsm/path_rename")
int BPF_PROG(eg_path_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry)
{
	return eg_change_in(old_dir, old_dentry, EG_ACCESS_RENAME) ||
			       eg_change_in(new_dir, new_dentry, EG_ACCESS_RENAME)
		       ? -EPERM
		       : 0;
}

/* Up to 6.1 for every way to cut a file; since then for truncate() alone. */
SEC("lsm/path_truncate")
int BPF_PROG(eg_path_truncate, const struct path *path)
{
	return eg_change_at(path, EG_ACCESS_TRUNCATE, false) ? -EPERM : 0;
}

SEC("lsm/file_truncate")
int BPF_PROG(eg_file_truncate, struct file *file)
{
	return eg_change_at(&file->f_path, EG_ACCESS_TRUNCATE, false) ? -EPERM : 0;
}

SEC("lsm/path_chmod")
int BPF_PROG(eg_path_chmod, const struct path *path)
{
	return eg_change_at(path, EG_ACCESS_ATTR, true) ? -EPERM : 0;
}

SEC("lsm/path_chown")
int BPF_PROG(eg_path_chown, const struct path *path)
{
	return eg_change_at(path, EG_ACCESS_ATTR, true) ? -EPERM : 0;
}

/* These three come after the kernel's own check. */
static __always_inline int eg_change_attr(struct dentry *dentry)
{
	struct eg_change change = {.access = EG_ACCESS_ATTR, .dentry = (__u64)dentry};
	struct eg_who who;

	if (!eg_change_who(&change, &who))
		return 0;
	change.inode = (__u64)dentry->d_inode;
	return eg_refuse_change(&change, &who);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(eg_inode_setxattr, void *idmap, struct dentry *dentry)
{
	return eg_change_attr(dentry) ? -EPERM : 0;
}

SEC("lsm/inode_removexattr")
int BPF_PROG(eg_inode_removexattr, void *idmap, struct dentry *dentry)
{
	return eg_change_attr(dentry) ? -EPERM : 0;
}

/* Since 6.17, for what FS_IOC_SETFLAGS does as well (tamper.bpf.c). */
SEC("lsm/inode_file_setattr")
int BPF_PROG(eg_inode_file_setattr, struct dentry *dentry)
{
	return eg_change_attr(dentry) ? -EPERM : 0;
}

/* Since 6.2; before, access lists were attributes like others. */
SEC("lsm/inode_set_acl")
int BPF_PROG(eg_inode_set_acl, void *idmap, struct dentry *dentry)
{
	return eg_change_attr(dentry) ? -EPERM : 0;
}
