/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel structs our programs read: every field here is kernel surface we depend on, and
 * nothing else is.
 *
 * Only the fields we touch are named; clang records each access (preserve_access_index) and libbpf
 * moves it to where the running kernel has the field. A ___suffix marks a variant: libbpf ignores
 * what follows three underscores.
 */
#ifndef EG_KERNEL_TYPES_H
#define EG_KERNEL_TYPES_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/in6.h>

typedef __u32 uid_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/linux/uidgid.h */
typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

/* include/linux/kernfs.h: 6.15 renamed parent to __parent */
struct kernfs_node {
	const char *name;
	__u64 id;
	unsigned short flags; /* KERNFS_DIR */
	void *priv;	      /* of a directory of cgroupfs: its struct cgroup */
	struct kernfs_node *parent;
};

struct kernfs_node___renamed {
	struct kernfs_node *__parent;
};

/* include/linux/cgroup-defs.h; ancestors[] since 6.1 */
struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[0];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

/* include/linux/capability.h: two __u32 up to 6.2, one __u64 since. We read the eight bytes either
 * way. */
struct kernel_cap_t___any {
	__u64 val;
};

/* include/linux/user_namespace.h */
struct user_namespace {
	struct user_namespace *parent; /* NULL: the initial one */
};

/* include/linux/cred.h; gid[] is sorted */
struct group_info {
	int ngroups;
	kgid_t gid[0];
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	struct kernel_cap_t___any cap_permitted;
	struct kernel_cap_t___any cap_effective;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

/* include/linux/dcache.h, path.h, mount.h, fs.h and fs/mount.h */
struct qstr {
	const unsigned char *name;
};

struct super_block;
struct inode;

struct dentry {
	unsigned int d_flags; /* DCACHE_* */
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

/* A mount may show other owners than the disk has. 6.2 made mnt_idmap of mnt_userns, 6.8 took the
 * name space out of it. */
struct vfsmount___userns {
	struct user_namespace *mnt_userns;
};

struct uid_gid_map {
	__u32 nr_extents;
};

struct mnt_idmap___owner {
	struct user_namespace *owner;
};

struct mnt_idmap___map {
	struct uid_gid_map uid_map;
};

struct vfsmount___idmap {
	struct mnt_idmap___map *mnt_idmap;
};

struct mnt_namespace {
	struct user_namespace *user_ns;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_generation;
	__u32 i_rdev;
	struct super_block *i_sb;
	void *i_private; /* kernfs: its node */
};

struct file {
	unsigned int f_mode; /* FMODE_* */
	struct path f_path;
	struct inode *f_inode;
};

/* include/linux/mm_types.h */
struct vm_area_struct {
	struct file *vm_file;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	__u32 s_dev; /* dev_t: 12 bits of major, 20 of minor */
	struct dentry *s_root;
	struct file_system_type *s_type;
	unsigned long s_magic;
	struct user_namespace *s_user_ns; /* of who has mounted it first */
};

/* include/linux/pid.h, fs/proc/internal.h */
struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	struct hlist_head tasks[4]; /* [0]: the task with this number, by its pid_links[0] */
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

/* include/linux/binfmts.h */
struct linux_binprm {
	int argc;
	unsigned int secureexec : 1; /* the loader is told so: AT_SECURE */
	struct file *file;
	struct cred *cred;
	int unsafe; /* LSM_UNSAFE_* */
};

/* include/linux/tty.h, sched/signal.h, mm_types.h, sched.h */
struct tty_struct {
	char name[64];
};

/* include/linux/types.h */
typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	struct tty_struct *tty;
	atomic_t live;	    /* threads that have not begun to exit */
	unsigned int flags; /* SIGNAL_GROUP_EXIT */
	int group_exit_code;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};

/* include/linux/nsproxy.h, pid_namespace.h, fs_struct.h, seccomp.h */
struct mnt_namespace;
struct task_struct;

struct pid_namespace {
	struct task_struct *child_reaper; /* its process 1 */
	unsigned int level;		  /* 0: the initial one */
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
};

struct fs_struct {
	struct path root, pwd;
};

struct seccomp {
	int mode; /* 0: no filter */
};

struct task_struct {
	struct mm_struct *mm;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	__u64 start_boottime;
	int exit_code;
	struct hlist_node pid_links[4];
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct signal_struct *signal;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct seccomp seccomp;
	kuid_t loginuid;
	unsigned int sessionid;
	struct css_set *cgroups;
	struct bpf_local_storage *bpf_storage; /* NULL: no program ever stored anything */
};

/* include/net/sock.h, net/inet_sock.h, linux/tcp.h, linux/net.h, linux/socket.h */
struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport; /* network order */
	__u16 skc_num;	 /* our port, host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	kuid_t sk_uid; /* who made it */
	__u16 sk_type;
	__u16 sk_protocol;
	struct sock_cgroup_data sk_cgrp_data;
	struct bpf_local_storage *sk_bpf_storage; /* as bpf_storage of a task */
};

struct inet_sock {
	struct sock sk;
	__u32 inet_saddr;
	int uc_index; /* IP_UNICAST_IF */
};

struct tcp_sock;

/* include/linux/skbuff.h, net/request_sock.h */
struct sk_buff {
	__u16 protocol; /* ETH_P_*, network order */
};

struct request_sock {
	struct sock_common __req_common; /* of the peer: daddr, dport */
};

/* include/net/af_unix.h, include/uapi/linux/un.h */
struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; /* of name, as it was bound */
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr; /* NULL: not bound */
};

/* arch/.../include/asm/ptrace.h: where the number of the system call is */
struct pt_regs;

struct pt_regs___x86 {
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	int syscallno;
};

struct socket {
	short type;
	struct file *file; /* NULL: a socket of the kernel's own */
	struct sock *sk;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	void *msg_control; /* kernel memory by the time of security_socket_sendmsg */
	unsigned long msg_controllen;
};

struct sockaddr {
	unsigned short sa_family;
};

/* kernel/bpf/task_iter.c, include/linux/bpf.h */
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	uid_t uid;
};

#pragma clang attribute pop

/* include/linux/socket.h: not in a UAPI header a BPF program can include */
enum {
	EG_AF_UNSPEC = 0,
	EG_AF_UNIX = 1,
	EG_AF_INET = 2,
	EG_AF_INET6 = 10,
	EG_AF_NETLINK = 16,
	EG_AF_ALG = 38,
	EG_FAMILIES = 64, /* AF_MAX is 46 in 7.2; bits of eg_policy.families */
};

/* include/linux/net.h: enum sock_type */
enum {
	EG_SOCK_STREAM = 1,
	EG_SOCK_DGRAM = 2,
	EG_SOCK_RAW = 3,
	EG_SOCK_SEQPACKET = 5,
	EG_SOCK_DCCP = 6,
};

/* include/net/tcp_states.h */
enum {
	EG_TCP_ESTABLISHED = 1,
	EG_TCP_CLOSE = 7,
	EG_TCP_LISTEN = 10,
};

#endif
