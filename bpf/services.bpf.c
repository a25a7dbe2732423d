// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Services: no unix sockets of who would do the work for a session, outside of it.
 *
 * Hooks: unix_stream_connect, unix_may_send. A server is known by the name it bound, which hard
 * links, symlinks and mounts do not change, and by the cgroup its socket was made in.
 *   unix.services	the built-in list: container engines, systemd, and for uid 0 the system bus
 *   unix.deny		names the administrator has added
 *   unix.same_user	servers of the same user that this session's policies do not guard: tmux,
 *			screen, an ssh ControlMaster or agent of another login
 * sshd's monitor may use the system bus: pam_systemd does, at logout; but not in root's sessions,
 * where the monitor itself connects to whatever unix socket the client forwards to. There it is
 * refused without a record.
 * Not covered: sockets that are passed in connected; what a service not on the list does for its
 * clients. Of root's servers only those in user.slice are "the same user's": all of the host's
 * daemons are root's.
 */
#include "policy.bpf.h"

enum {
	EG_PATH_AT = 2, /* offsetof(struct sockaddr_un, sun_path) */
	EG_SLICE_LEVEL = 1,
};

/* A server, for both guards. */
struct eg_server {
	struct eg_guard guard[EG_GUARDS]; /* the caller's */
	__u32 guards;			  /* bit i: guard[i] is there */
	__u32 same_user;		  /* 1 = it is, and is less guarded than one of ours */
	__u32 root;			  /* 1 = the caller is uid 0 */
	__u16 trusted;
	__u16 leader;
	struct eg_name_key key; /* the name it bound */
	/* Written by eg_judge_server. */
	struct eg_view view;
	__u32 reason; /* enum eg_reason */
	__u32 silent; /* 1 = no record of it */
};

/* The name a socket was bound to, an abstract one with '@' in front. */
static __always_inline void eg_name_of(struct eg_name_key *key, struct sock *sk)
{
	struct unix_address *addr = BPF_CORE_READ((struct unix_sock *)sk, addr);
	const char *path;
	__u32 n;
	int len;

	key->kind = EG_NAME_SOCKET;
	if (!addr)
		return;
	len = BPF_CORE_READ(addr, len) - EG_PATH_AT;
	path = (const char *)addr + bpf_core_field_offset(struct unix_address, name) + EG_PATH_AT;
	if (len <= 0)
		return;
	if (bpf_probe_read_kernel_str(key->name, sizeof(key->name), path) > 1)
		return;
	n = len - 1; /* abstract: any bytes, NUL among them */
	if (n > sizeof(key->name) - 4)
		n = sizeof(key->name) - 4;
	key->name[0] = '@';
	bpf_probe_read_kernel(key->name + 1, n, path + 1);
}

static __always_inline bool eg_is_named(struct eg_server *server, __u32 policy, __u32 *ret_flags)
{
	__u32 *flags;

	server->key.policy = policy;
	flags = bpf_map_lookup_elem(&eg_names, &server->key);
	if (!flags)
		return false;
	*ret_flags = *flags;
	return true;
}

/* The reason why this policy refuses the server; 0 = it does not. */
static __always_inline __u32 eg_server_denied(struct eg_server *server, const struct eg_view *view)
{
	__u32 flags = 0;

	if (!view->policy)
		return EG_REASON_POLICY;
	if (view->flags & EG_POLICY_UNIX_NAMES && eg_is_named(server, view->policy, &flags))
		return EG_REASON_NAME;
	if (view->flags & EG_POLICY_DENY_SERVICES && eg_is_named(server, 0, &flags) &&
	    (!(flags & EG_SOCKET_ROOT) || (server->root && !server->trusted))) {
		/* pam_systemd asks the bus at each logout of root, too. */
		server->silent = flags & EG_SOCKET_ROOT && server->leader;
		return EG_REASON_SERVICE;
	}
	return view->flags & EG_POLICY_DENY_SAME_USER && server->same_user ? EG_REASON_SAME_USER
									   : 0;
}

/* True: refused, with view and reason written. Not a global function: 6.1 looks up no key in what
 * such a one is passed. */
static __noinline bool eg_judge_server(struct eg_server *server)
{
	__u32 worst = 0;

	for (int i = 0; i < EG_GUARDS; i++) {
		struct eg_view one;
		__u32 reason, rank;

		if (!(server->guards & 1U << i))
			continue;
		eg_view_of(&server->guard[i], &one);
		reason = eg_server_denied(server, &one);
		rank = eg_rank(&one, EG_ON_UNIX);
		if (!reason || rank <= worst)
			continue;
		server->view = one;
		server->reason = reason;
		worst = rank;
	}
	return worst != 0;
}

/* Is the cgroup below user.slice? */
static __always_inline bool eg_in_user_slice(struct cgroup *cgroup)
{
	static const char slice[] = "user.slice";
	struct cgroup *ancestor = NULL;
	char name[sizeof(slice)] = {};

	if (cgroup->level <= EG_SLICE_LEVEL ||
	    bpf_probe_read_kernel(&ancestor, sizeof(ancestor), &cgroup->ancestors[EG_SLICE_LEVEL]))
		return false;
	if (bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(ancestor, kn, name)) !=
	    sizeof(slice))
		return false;
	for (__u32 i = 0; i < sizeof(slice); i++)
		if (name[i] != slice[i])
			return false;
	return true;
}

/* Is the server one of the caller's own user, and guarded less than the caller? The user's manager
 * is guarded by what the configuration says for it. */
static __always_inline bool eg_is_loose(const struct eg_who *who, const struct cred *cred,
					struct sock *sk)
{
	struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;
	struct eg_guard origin = {};
	__u64 number = 0; /* what the verifier takes as no pointer */
	__u32 uid = sk->sk_uid.val;

	if (uid != cred->uid.val && uid != cred->euid.val)
		return false;
	if (!uid && !(cgroup && eg_in_user_slice(cgroup)))
		return false;
	bpf_probe_read_kernel(&number, sizeof(number), &sk->sk_cgrp_data.cgroup);
	if (!eg_guard_find(number, &origin))
		return true;
	if (origin.flags & EG_GUARD_MANAGER)
		return false;
	for (int i = 0; i < EG_GUARDS; i++)
		if (who->guard[i] && !eg_is_alike(who->guard[i], &origin))
			return true;
	return false;
}

static __always_inline int eg_ask_server(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct eg_detail detail = {.op = EG_OP_UNIX};
	struct eg_server server;
	const struct cred *cred;
	struct eg_who who;

	if (!sk || !eg_who_is(task, &who))
		return 0;
	__builtin_memset(&server, 0, sizeof(server));
	cred = task->cred;
	for (int i = 0; i < EG_GUARDS; i++) {
		if (!who.guard[i])
			continue;
		server.guard[i] = *who.guard[i];
		server.guards |= 1U << i;
	}
	server.root = !cred->euid.val || !cred->uid.val;
	server.trusted = eg_is_trusted(&who);
	server.leader = who.guard[EG_BY_LABEL] && who.guard[EG_BY_LABEL]->flags & EG_GUARD_LEADER;
	server.same_user = eg_is_loose(&who, cred, sk);
	eg_name_of(&server.key, sk);
	if (!eg_judge_server(&server))
		return 0;
	detail.reason = server.reason;
	detail.silent = server.silent;
	detail.arg = server.key.name;
	return eg_refuse(&server.view, &detail);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(eg_unix_stream_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	return eg_hook_result(eg_ask_server(other));
}

/* Datagrams, when they are sent or connected. */
SEC("lsm/unix_may_send")
int BPF_PROG(eg_unix_may_send, struct socket *sock, struct socket *other)
{
	return eg_hook_result(eg_ask_server(other->sk));
}
