// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tampering: no hold on the kernel, on the helper, or on another's terminal, by a session's tasks,
 * root's included. A lockdown for one session, and what lockdown leaves open.
 *
 * Hooks: bpf, perf_event_open, kernel_read_file and kernel_load_data (modules, kexec), locked_down
 * (/dev/mem, kcore, msr, tracefs ...), inode_mknod, file_ioctl (TIOCSTI, TIOCLINUX, and chattr for
 * files.bpf.c), task_kill, file_send_sigiotask, task_setrlimit, task_setscheduler, task_setnice,
 * task_setioprio (the helper and process 1). Elsewhere: files in files.bpf.c, capabilities in
 * capable.bpf.c, ptrace in leave.bpf.c, sockets in services.bpf.c.
 */
#include "files.bpf.h"

enum {
	/* enum kernel_read_file_id, include/linux/kernel_read_file.h; firmware is loaded on behalf
	 * of whoever opens a device */
	EG_READING_FIRMWARE = 1,
	EG_S_IFMT = 0170000, /* include/uapi/linux/stat.h */
	EG_S_IFCHR = 0020000,
	EG_S_IFBLK = 0060000,
	EG_TIOCSTI = 0x5412,   /* asm-generic/ioctls.h */
	EG_TIOCLINUX = 0x541c, /* pastes what is selected */
	/* include/uapi/linux/fs.h */
	EG_FS_IOC_SETFLAGS = 0x40086602,
	EG_FS_IOC32_SETFLAGS = 0x40046602,
	EG_FS_IOC_FSSETXATTR = 0x401c5820,
	/* ext4.h has numbers of its own for the same */
	EG_FS_IOC_SETVERSION = 0x40087602,
	EG_FS_IOC32_SETVERSION = 0x40047602,
	EG_EXT4_IOC_SETVERSION = 0x40086604,
	EG_EXT4_IOC32_SETVERSION = 0x40046604,
	EG_FS_IOC_ENABLE_VERITY = 0x40806685, /* include/uapi/linux/fsverity.h */
	/* include/uapi/linux/magic.h, btrfs.h: calls that make and remove directories, and such as
	 * tell what files hold */
	EG_BTRFS_IOC_SNAP_CREATE = 0x50009401,
	EG_BTRFS_IOC_SUBVOL_CREATE = 0x5000940e,
	EG_BTRFS_IOC_SNAP_DESTROY = 0x5000940f,
	EG_BTRFS_IOC_SNAP_CREATE_V2 = 0x50009417,
	EG_BTRFS_IOC_SUBVOL_CREATE_V2 = 0x50009418,
	EG_BTRFS_IOC_SNAP_DESTROY_V2 = 0x5000943f,
	EG_BTRFS_IOC_SEND = 0x40489426,
	EG_INIT = 1,
	EG_CAP_SYS_ADMIN = 21, /* include/uapi/linux/capability.h */
	EG_CAP_BPF = 39,
};

/* These are too large for an int. */
#define EG_BTRFS_MAGIC		    0x9123683eUL
#define EG_BTRFS_IOC_TREE_SEARCH    0xd0009411U
#define EG_BTRFS_IOC_TREE_SEARCH_V2 0xc0709411U

/* Refuses, when the policy of the current task does not allow tampering. */
static __always_inline int eg_tamper(struct eg_detail *detail)
{
	struct eg_view view = {};
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who) ||
	    !eg_flag_refuses(&who, EG_POLICY_DENY_TAMPERING, EG_ON_TAMPERING, &view))
		return 0;
	detail->reason = EG_REASON_PROTECTED;
	return eg_refuse(&view, detail);
}

static __always_inline int eg_tamper_kernel(__u32 what, __u32 target)
{
	struct eg_detail detail = {.op = EG_OP_KERNEL, .option = what, .target_id = target};

	return eg_tamper(&detail);
}

/* ---- the kernel ---- */

/* kernel/bpf/syscall.c, an int; 0 = anybody may use bpf() */
extern const void sysctl_unprivileged_bpf_disabled __ksym __weak;

/* A user's systemd tries what it may do each time it starts. Since 6.6 the kernel asks here before
 * it says no itself to who has neither capability: that is no news. */
static __always_inline bool eg_is_no_anyway(struct task_struct *task)
{
	int disabled = 0;

	if (eg_has_cap(task, EG_CAP_BPF) || eg_has_cap(task, EG_CAP_SYS_ADMIN))
		return false;
	if (&sysctl_unprivileged_bpf_disabled)
		bpf_probe_read_kernel(&disabled, sizeof(disabled),
				      &sysctl_unprivileged_bpf_disabled);
	return disabled;
}

SEC("lsm/bpf")
int BPF_PROG(eg_bpf_call, int cmd)
{
	struct eg_detail detail = {.op = EG_OP_KERNEL, .option = EG_KERNEL_BPF, .target_id = cmd};

	detail.silent = eg_is_no_anyway(bpf_get_current_task_btf());
	return eg_hook_result(eg_tamper(&detail));
}

/* Its arguments differ between kernels; none is needed. */
SEC("lsm/perf_event_open")
int BPF_PROG(eg_perf_event_open)
{
	return eg_hook_result(eg_tamper_kernel(EG_KERNEL_PERF, 0));
}

SEC("lsm/kernel_read_file")
int BPF_PROG(eg_kernel_read_file, struct file *file, int id)
{
	return eg_hook_result(id > EG_READING_FIRMWARE && eg_tamper_kernel(EG_KERNEL_LOAD, id));
}

SEC("lsm/kernel_load_data")
int BPF_PROG(eg_kernel_load_data, int id)
{
	return eg_hook_result(id > EG_READING_FIRMWARE && eg_tamper_kernel(EG_KERNEL_LOAD, id));
}

SEC("lsm/locked_down")
int BPF_PROG(eg_locked_down, int what)
{
	return eg_hook_result(eg_tamper_kernel(EG_KERNEL_LOCKDOWN, what));
}

/* A character device 0:0 is what overlayfs writes for a removed file. */
SEC("lsm/inode_mknod")
int BPF_PROG(eg_inode_mknod, struct inode *dir, struct dentry *dentry, unsigned short mode,
	     unsigned int dev)
{
	struct eg_detail detail = {
		.op = EG_OP_KERNEL, .option = EG_KERNEL_MKNOD, .object.dentry = (__u64)dentry};
	__u32 type = mode & EG_S_IFMT;

	if ((type != EG_S_IFCHR && type != EG_S_IFBLK) || (type == EG_S_IFCHR && !dev))
		return 0;
	return eg_hook_result(eg_tamper(&detail));
}

/* chattr(1), on a file open for reading. */
static __always_inline int eg_judge_flags(struct file *file)
{
	struct eg_change change = {};

	eg_change_of_file(&change, file);
	change.access = EG_ACCESS_ATTR;
	change.reads = 0;
	return eg_refuse_change(&change);
}

/* Subvolumes come and go in the directory that is open; the name is not known yet. So it is judged
 * as if the directory itself was moved: a rule is about it, or what a rule is about is below. */
static __always_inline int eg_judge_subvolume(struct file *file)
{
	struct eg_change change = {};

	eg_change_of_file(&change, file);
	change.access = EG_ACCESS_CREATE;
	change.reads = 0;
	change.keep = 1;
	return eg_refuse_change(&change);
}

/* Something about files of which no single one can be told; for policies with one of the flags. */
static __noinline int eg_judge_all(struct file *file, __u32 flags, __u32 access)
{
	struct eg_detail detail = {.op = EG_OP_FILE, .option = access, .reason = EG_REASON_PLACE};
	struct eg_view view = {};
	struct eg_who who;

	if (!eg_who_is(bpf_get_current_task_btf(), &who) ||
	    !eg_flag_refuses(&who, flags, EG_ON_FILES, &view))
		return 0;
	detail.object.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	detail.object.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	return eg_refuse(&view, &detail);
}

/* Like the blocks of a disk, for who may have them: every file's. */
static __always_inline int eg_judge_tree(struct file *file)
{
	if (!eg_has_cap(bpf_get_current_task_btf(), EG_CAP_SYS_ADMIN))
		return 0;
	return eg_judge_all(file, EG_POLICY_READS, EG_ACCESS_READ);
}

/* The generation is a part of what rules and exceptions know a file by: an owner who could set it
 * would make one file unknown, and another what it is not. */
static __always_inline int eg_judge_version(struct file *file)
{
	return eg_judge_all(file,
			    EG_POLICY_READS | EG_POLICY_WRITES | EG_POLICY_RUNS |
				    EG_POLICY_RUNS_ONLY | EG_POLICY_BY_PROGRAM | EG_POLICY_PROGRAMS,
			    EG_ACCESS_ATTR);
}

static __always_inline int eg_judge_btrfs(struct file *file, unsigned int cmd)
{
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != EG_BTRFS_MAGIC)
		return 0;
	switch (cmd) {
	case EG_BTRFS_IOC_SNAP_CREATE:
	case EG_BTRFS_IOC_SUBVOL_CREATE:
	case EG_BTRFS_IOC_SNAP_DESTROY:
	case EG_BTRFS_IOC_SNAP_CREATE_V2:
	case EG_BTRFS_IOC_SUBVOL_CREATE_V2:
	case EG_BTRFS_IOC_SNAP_DESTROY_V2:
		return eg_judge_subvolume(file);
	case EG_BTRFS_IOC_SEND:
	case EG_BTRFS_IOC_TREE_SEARCH:
	case EG_BTRFS_IOC_TREE_SEARCH_V2:
		return eg_judge_tree(file);
	default:
		return 0;
	}
}

static __always_inline int eg_judge_ioctl(struct file *file, unsigned int cmd)
{
	switch (cmd) {
	case EG_TIOCSTI:
	case EG_TIOCLINUX:
		return eg_tamper_kernel(EG_KERNEL_TTY, cmd);
	case EG_FS_IOC_SETFLAGS:
	case EG_FS_IOC32_SETFLAGS:
	case EG_FS_IOC_FSSETXATTR:
	case EG_FS_IOC_ENABLE_VERITY:
		return eg_judge_flags(file);
	case EG_FS_IOC_SETVERSION:
	case EG_FS_IOC32_SETVERSION:
	case EG_EXT4_IOC_SETVERSION:
	case EG_EXT4_IOC32_SETVERSION:
		return eg_judge_version(file);
	default:
		return eg_judge_btrfs(file, cmd);
	}
}

SEC("lsm/file_ioctl")
int BPF_PROG(eg_file_ioctl, struct file *file, unsigned int cmd)
{
	return eg_hook_result(eg_judge_ioctl(file, cmd));
}

/* Since 6.8 the calls of 32-bit programs have a hook of their own. */
SEC("lsm/file_ioctl_compat")
int BPF_PROG(eg_file_ioctl_compat, struct file *file, unsigned int cmd)
{
	return eg_hook_result(eg_judge_ioctl(file, cmd));
}

/* ---- the helper, and process 1, which takes orders by signal ---- */

static __always_inline bool eg_is_helper(struct task_struct *task)
{
	__u32 zero = 0;
	__u32 *helper = bpf_map_lookup_elem(&eg_helper, &zero);

	return helper && *helper && task->tgid == (int)*helper;
}

static __always_inline int eg_tamper_process(struct task_struct *task, __u16 op, __u32 option)
{
	struct eg_detail detail = {.op = op, .option = option, .target_id = task->tgid};

	if (task->tgid != EG_INIT && !eg_is_helper(task))
		return 0;
	return eg_tamper(&detail);
}

SEC("lsm/task_kill")
int BPF_PROG(eg_task_kill, struct task_struct *task, void *info, int sig)
{
	/* Signal 0 only asks whether there is such a process. */
	return eg_hook_result(sig && eg_tamper_process(task, EG_OP_SIGNAL, sig));
}

/* Whoever causes it: the owner of a file is asked for its input's signals, and the helper wants
 * none. */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(eg_file_send_sigiotask, struct task_struct *task)
{
	return eg_hook_result(eg_is_helper(task));
}

SEC("lsm/task_setrlimit")
int BPF_PROG(eg_task_setrlimit, struct task_struct *task)
{
	return eg_hook_result(eg_tamper_process(task, EG_OP_PROCESS, 0));
}

SEC("lsm/task_setscheduler")
int BPF_PROG(eg_task_setscheduler, struct task_struct *task)
{
	return eg_hook_result(eg_tamper_process(task, EG_OP_PROCESS, 0));
}

SEC("lsm/task_setnice")
int BPF_PROG(eg_task_setnice, struct task_struct *task)
{
	return eg_hook_result(eg_tamper_process(task, EG_OP_PROCESS, 0));
}

SEC("lsm/task_setioprio")
int BPF_PROG(eg_task_setioprio, struct task_struct *task)
{
	return eg_hook_result(eg_tamper_process(task, EG_OP_PROCESS, 0));
}
