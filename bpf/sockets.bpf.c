// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sockets: which may be made, which may be taken over from outside, and no source routes.
 *
 * Hooks: socket_create; file_receive (SCM_RIGHTS, pidfd_getfd and whatever else installs a file
 * somebody else opened, of other files those that files.bpf.c keeps); socket_setsockopt.
 * Not covered: files that reach a session's io_uring by MSG_RING, which no hook sees. So no
 * io_uring is let in, and a foreign socket in a ring of the session's own is judged by its peer at
 * each send.
 */
#include "files.bpf.h"
#include "socket.bpf.h"

SEC("lsm/socket_create")
int BPF_PROG(eg_socket_create, int family, int type, int protocol, int kern)
{
	struct eg_ask ask;

	if (kern || !eg_ask_who(&ask))
		return 0;
	ask.op = EG_OP_SOCKET;
	ask.family = family;
	ask.type = type;
	ask.protocol = protocol;
	return eg_hook_result(eg_kind_refused(&ask));
}

/* ---- files from outside ---- */

enum { EG_ANON_INODE_MAGIC = 0x09041934 }; /* include/uapi/linux/magic.h */

/* Is the file an io_uring? All of its kind have this name on the file system of anonymous inodes.
 */
static __always_inline bool eg_is_ring(struct file *file)
{
	static const char ring[] = "[io_uring]";
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	char name[sizeof(ring)] = {};

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != EG_ANON_INODE_MAGIC)
		return false;
	if (bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name)) !=
	    sizeof(ring))
		return false;
	for (__u32 i = 0; i < sizeof(ring); i++)
		if (name[i] != ring[i])
			return false;
	return true;
}

/*
 * Was the socket made where our guards do not reach? By the cgroup it was made in and by its mark:
 * a socket made by another session with the same profile is as good as one's own. Not inlined, for
 * the stack's sake.
 */
static __noinline int eg_is_foreign(const struct eg_ask *ask, struct sock *sk)
{
	const struct eg_guard *mark = bpf_sk_storage_get(&eg_marks, sk, NULL, 0), *bound = NULL;
	struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;
	struct eg_guard by_mark = {}, by_cgroup = {}; /* session 0 and slot 0 are nobody's */

	if (cgroup)
		bound = eg_guard_of_cgroup(cgroup);
	if (mark)
		by_mark = *mark;
	if (bound)
		by_cgroup = *bound;
	for (int i = 0; i < EG_GUARDS; i++)
		if (ask->guards & 1U << i && (ask->guard[i].profile == EG_PROFILE_NONE ||
					      (!eg_is_alike(&ask->guard[i], &by_cgroup) &&
					       !eg_is_alike(&ask->guard[i], &by_mark))))
			return 1;
	return 0;
}

/* A file that was opened where nobody judged it: it must not be one that stays as it is. Not
 * inlined, like its neighbour: their frames together are too large. */
static __noinline int eg_receive_file(struct file *file)
{
	struct eg_change change = {};

	if (!(file->f_mode & (EG_FMODE_READ | EG_FMODE_WRITE)))
		return 0;
	eg_change_of_file(&change, file);
	change.received = 1;
	return eg_refuse_change(&change);
}

/* sock: NULL for an io_uring. */
static __noinline int eg_receive_socket(struct socket *sock)
{
	struct eg_ask ask;
	struct sock *sk;

	if (!eg_ask_who(&ask))
		return 0;
	ask.op = EG_OP_RECEIVE;
	if (!sock)
		return eg_refused_for(&ask, EG_REASON_RING, NULL);
	sk = sock->sk;
	if (!sk)
		return 0; /* closed: nothing can be done with it */
	eg_ask_socket(&ask, sk, EG_OP_RECEIVE);
	if (eg_kind_refused(&ask))
		return 1;
	return eg_is_inet(ask.family) && eg_is_foreign(&ask, sk) &&
	       eg_refused_for(&ask, EG_REASON_FOREIGN, sk);
}

SEC("lsm/file_receive")
int BPF_PROG(eg_file_receive, struct file *file)
{
	struct socket *sock;

	if (eg_is_nobody(bpf_get_current_task_btf()))
		return 0;
	sock = bpf_sock_from_file(file);
	if (sock || eg_is_ring(file))
		return eg_hook_result(eg_receive_socket(sock));
	return eg_hook_result(eg_receive_file(file));
}

/* ---- source routes ---- */

/* IPV6_FLOWLABEL_MGR takes control messages of its own, a routing header among them. */
static __always_inline bool eg_sets_route(int level, int option)
{
	if (level == EG_SOL_IP)
		return option == IP_OPTIONS;
	return level == EG_SOL_IPV6 &&
	       (option == IPV6_RTHDR || option == IPV6_2292RTHDR || option == IPV6_2292PKTOPTIONS ||
		option == IPV6_FLOWLABEL_MGR);
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(eg_socket_setsockopt, struct socket *sock, int level, int optname)
{
	struct eg_ask ask;
	struct sock *sk;

	if (!eg_sets_route(level, optname))
		return 0;
	sk = eg_asked_sock(&ask, sock, EG_OP_SETSOCKOPT);
	if (!sk || !eg_is_inet(ask.family))
		return 0;
	ask.level = level;
	ask.option = optname;
	return eg_hook_result(eg_refused_for(&ask, EG_REASON_SOURCE_ROUTE, sk));
}
