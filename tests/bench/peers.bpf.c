// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What others do at a hook, as stand-ins written from what they publish, to be measured beside
 * ours; and programs that do nothing, which is what any program costs.
 *
 * Teleport ("enhanced session recording", restricted networks): the cgroup's id by the helper, looked
 * up in a hash; then the allowed networks, then the denied ones, a trie each.
 * eBPFGuard: the executable of every task, by probe reads; its inode looked up in a hash of what is
 * denied, then that of all executables.
 */
#include "kernel_types.h"
#include <linux/bpf.h>
#include <linux/in.h>
#include <asm-generic/errno-base.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum { AF_INET = 2, NETWORKS_MAX = 1 << 20, EVERY_EXECUTABLE = 1 };

struct network {
	__u32 length;
	__u32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} restricted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NETWORKS_MAX + 1);
	__type(key, struct network);
	__type(value, __u32);
} allowed SEC(".maps"), denied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} denied_executables SEC(".maps");

/* ---- nothing ---- */

SEC("lsm/socket_connect")
int BPF_PROG(empty_connect, struct socket *sock, struct sockaddr *address, int size)
{
	return 0;
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(empty_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(empty_file_open, struct file *file)
{
	return 0;
}

SEC("lsm/task_alloc")
int BPF_PROG(empty_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	return 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(empty_exec, struct linux_binprm *bprm)
{
	return 0;
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(empty_setuid, struct cred *new, const struct cred *old, int flags)
{
	return 0;
}

/* ---- Teleport's order ---- */

static __always_inline int judge_networks(const struct sockaddr *address)
{
	__u64 cgroup = bpf_get_current_cgroup_id();
	struct network key = {.length = 32};
	struct sockaddr_in in = {};

	if (!bpf_map_lookup_elem(&restricted, &cgroup))
		return 0;
	if (bpf_probe_read_kernel(&in, sizeof(in), address) || in.sin_family != AF_INET)
		return 0;
	key.address = in.sin_addr.s_addr;
	if (!bpf_map_lookup_elem(&allowed, &key))
		return -EPERM;
	if (bpf_map_lookup_elem(&denied, &key))
		return -EPERM;
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(teleport_connect, struct socket *sock, struct sockaddr *address, int size)
{
	return judge_networks(address);
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(teleport_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	const struct sockaddr *address = BPF_CORE_READ(msg, msg_name);

	return address ? judge_networks(address) : 0;
}

/* ---- eBPFGuard's executable ---- */

static __always_inline int judge_executable(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 inode = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino), every = EVERY_EXECUTABLE;

	if (bpf_map_lookup_elem(&denied_executables, &inode))
		return -EPERM;
	if (bpf_map_lookup_elem(&denied_executables, &every))
		return -EPERM;
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(ebpfguard_connect, struct socket *sock, struct sockaddr *address, int size)
{
	return judge_executable();
}

SEC("lsm/file_open")
int BPF_PROG(ebpfguard_file_open, struct file *file)
{
	return judge_executable();
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(ebpfguard_setuid, struct cred *new, const struct cred *old, int flags)
{
	return judge_executable();
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
