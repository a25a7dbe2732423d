// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where a login comes from. `ssh localhost` in a guarded session must not be a way out of it, so
 * the client's end of the connection is looked for on this host: the socket says in which cgroup it
 * was made. That holds through `ssh -L` too, where sshd made it inside the first session. When it
 * cannot be told although the client is here, the login is refused.
 *
 * A client that hangs up before it is looked for leaves no trace, and what it has sent by then
 * would still be done: so without a trace the server's end must still be connected.
 *
 * Not covered: clients in other network namespaces than sshd's. To be routed there takes a root who
 * may set the network up.
 */
#include "origin.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "address.h"
#include "ends.h"
#include "fault.h"
#include "order.h"
#include "util.h"
#include "versions.h"

/* ---- the network namespace of the peer ---- */

/* What has to be found out in there. */
struct view {
	char address[EG_RHOST_SIZE]; /* of the client, text */
	int netns;		     /* to go to, -1 = ours */
	int error;		     /* 0 or a negative errno */
	bool local;		     /* the host has the address */
	int diag;		     /* eg_diag_open, when it has */
};

static void *look(void *arg)
{
	struct view *view = arg;

	if (view->netns >= 0 && setns(view->netns, CLONE_NEWNET) < 0) {
		view->error = -errno;
		return NULL;
	}
	view->local = eg_address_is_local(view->address);
	if (view->local)
		view->diag = eg_diag_open();
	if (view->diag < 0 && view->local)
		view->error = view->diag;
	return NULL;
}

/* Is the process in our network namespace? */
static bool is_ours(int netns)
{
	struct stat own, its;

	return stat("/proc/self/ns/net", &own) == 0 && fstat(netns, &its) == 0 &&
	       own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

/* Looks from where the peer is: sshd may run in a namespace of its own. setns(2) acts on one thread
 * only, so the one that goes there never comes back. 0 or a negative errno. */
static int look_from(const struct eg_peer *peer, struct view *view)
{
	char path[64];
	int netns eg_auto_close = -1;
	pthread_t thread;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)peer->pid);
	netns = eg_fault(open_origin_netns) ?: open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return -errno;
	view->netns = is_ours(netns) ? -1 : netns;
	if (view->netns < 0) {
		(void)look(view);
		return view->error;
	}
	r = pthread_create(&thread, NULL, look, view);
	if (r)
		return -r;
	(void)pthread_join(thread, NULL); /* only fails for a thread that is none */
	return view->error;
}

/* ---- whose socket ---- */

/* As of a task: by the cgroup and by the label. session 0 = not guarded this way. */
struct guards {
	struct eg_guard cgroup, label;
	bool elsewhere; /* guarded, but by another version: what it forbids there is not known */
};

/* Has the process this socket open? */
static bool holds(pid_t pid, uint32_t inode)
{
	char name[64], wanted[32], target[32];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	(void)snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	(void)snprintf(wanted, sizeof(wanted), "socket:[%u]", inode);
	dir = opendir(name);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		found = !strcmp(target, wanted);
	}
	if (dir)
		(void)closedir(dir); /* opened for reading only */
	return found;
}

/* Is this member of a session outside of the session's cgroup: moved, by root or into a scope of
 * the user's manager? */
static bool is_stray(struct eg_helper *helper, const struct eg_member *member)
{
	char path[EG_CGROUP_PATH_SIZE];
	struct eg_guard guard;

	return member->tid == member->tgid &&
	       eg_cgroup2_of_pid((pid_t)member->tgid, path, sizeof(path)) == 0 &&
	       !(eg_peer_guard_above(helper, path, &guard) == 1 &&
		 guard.session == member->session);
}

/* The label of the stray that has this socket open. 1, 0 or a negative errno. */
static int label_of_stray(struct eg_helper *helper, uint32_t inode, struct eg_guard *ret)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_members(helper->bpf, &members, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		pid_t pid = (pid_t)members[i].tgid;
		int pidfd eg_auto_close = -1;

		if (!is_stray(helper, &members[i]) || !holds(pid, inode))
			continue;
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (pidfd < 0)
			return -errno;
		r = eg_bpf_label_get(helper->bpf, pidfd, ret);
		return r < 0 ? r : 1;
	}
	return r;
}

/* Has a stray of another version's session this socket open? 1, 0 or a negative errno. */
static int is_of_version(struct eg_helper *helper, uint32_t inode)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_versions_members(helper, &members, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (members[i].stray && members[i].tid == members[i].tgid &&
		    holds((pid_t)members[i].tgid, inode))
			r = 1;
	return r;
}

/* The guard of the cgroup with this id, which may be gone by now. As eg_peer_guard. */
static int guard_of_cgroup(struct eg_helper *helper, uint64_t id, struct eg_guard *ret)
{
	char path[EG_CGROUP_PATH_SIZE];
	int fd eg_auto_close = -1;
	int r = eg_bpf_binding_get(helper->bpf, id, ret);

	if (r != -ENOENT)
		return r < 0 ? r : 1;
	*ret = (struct eg_guard){0};
	r = eg_versions_bind(helper, id);
	if (r)
		return r;
	fd = eg_cgroup2_open_id(&helper->cgroup2, id);
	if (fd == -ESTALE)
		return 0;
	r = fd < 0 ? fd : eg_cgroup2_path(&helper->cgroup2, fd, path, sizeof(path));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return eg_peer_guard_above(helper, path, ret);
}

/* ---- the client's end of a TCP connection ---- */

struct search {
	struct eg_helper *helper;
	struct eg_end client, own;
	bool closed; /* it was there, and its process has hung up */
	bool exact;  /* found, and not merely a socket at the client's end */
	bool found;
	struct guards guards;
};

static bool is_same(const struct eg_end *a, const struct eg_end *b)
{
	return a->port == b->port && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/*
 * Takes the socket between just these two ends. When its packets are translated on their way it has
 * another far end: then one at the client's end will do, a guarded one before others.
 */
static int consider(const struct eg_diag_socket *socket, void *arg)
{
	struct search *search = arg;
	bool exact = is_same(&socket->remote, &search->own);
	struct guards guards = {0};
	int r;

	if (!is_same(&socket->local, &search->client) || (search->exact && !exact))
		return 0;
	if (!socket->cgroup) {
		search->closed |= exact;
		return 0;
	}
	r = guard_of_cgroup(search->helper, socket->cgroup, &guards.cgroup);
	guards.elsewhere = r == 1 && !guards.cgroup.session;
	if (r >= 0 && socket->inode)
		r = label_of_stray(search->helper, socket->inode, &guards.label);
	if (r == 0 && socket->inode && !guards.elsewhere) {
		r = is_of_version(search->helper, socket->inode);
		guards.elsewhere = r == 1;
	}
	if (r < 0)
		return r;
	if ((exact && !search->exact) || guards.cgroup.session || guards.label.session ||
	    guards.elsewhere)
		search->guards = guards;
	search->exact = exact;
	search->found = true;
	return 0;
}

/* Is the peer's end of the connection still connected? 0 or a negative errno. */
static int check_connected(int socket, const char *connection)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (!eg_ends_are_of(socket, connection))
		return -ENOENT;
	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return -errno;
	return info.tcpi_state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
}

/* Whoever made the connection. 0 or a negative errno. */
static int by_socket(struct eg_helper *helper, int socket, const char *connection, int diag,
		     struct guards *ret)
{
	struct search search = {.helper = helper};
	int r;

	if (!eg_ends_parse(connection, &search.client, &search.own))
		return -EINVAL;
	r = eg_fault(open_origin_search)
		    ?: eg_diag_at_port(diag, search.client.port, consider, &search);
	if (r < 0)
		return r;
	if (search.closed)
		return -ENOTCONN;
	*ret = search.guards;
	if (search.found)
		return 0;
	/* Nobody is at the other end: it is elsewhere after all, or hung up just now. Of one that
	 * is cut off the packet that says so is dropped, and the peer's end stays connected. */
	return eg_order_may_cut(helper) ? -ECONNABORTED : check_connected(socket, connection);
}

/* ---- a unix socket: `ssh .host` and the like ---- */

/* sshd -i behind a socket of systemd's: who connected there? No socket is none, if it was looked
 * for. 0 or a negative errno. */
static int by_unix_socket(struct eg_helper *helper, const struct eg_msg_open *request, int socket,
			  struct guards *ret)
{
	struct eg_peer client = {.pidfd = -1};
	int r;

	if (socket < 0)
		return request->flags & EG_OPEN_LOOKED ? 0 : -ENODATA;
	if (!eg_ends_accepted(socket))
		return -EINVAL;
	r = eg_peer_of(socket, &client);
	if (!r)
		r = eg_peer_guard(helper, &client, &ret->label);
	ret->elsewhere = r == 1 && !ret->label.session;
	eg_close_p(&client.pidfd);
	return r < 0 ? r : 0;
}

/* ---- all of it ---- */

static void add_profile(struct eg_origin *origin, uint32_t slot)
{
	if (!slot)
		return;
	for (size_t i = 0; i < origin->n_profiles; i++)
		if (origin->profiles[i] == slot)
			return;
	origin->profiles[origin->n_profiles++] = slot; /* two for each guard, so there is room */
}

/* Takes in a guard, and the policies of its session: a cgroup's guard names but one of them. */
static void add_guard(struct eg_helper *helper, const struct eg_guard *guard,
		      struct eg_origin *origin)
{
	struct eg_session *session = eg_session_find(helper, guard->session);

	if (!guard->session)
		return;
	if (!origin->session)
		origin->session = guard->session;
	if (session && session->number == origin->session)
		(void)snprintf(origin->profile_name, sizeof(origin->profile_name), "%s",
			       session->record.profile_name);
	add_profile(origin, session ? session->record.profile : guard->profile);
	add_profile(origin, session ? session->record.origin : 0);
}

/*
 * SSH_CONNECTION where it is to be believed, PAM_RHOST otherwise: a client here that is not told of
 * cannot be found.
 */
static int by_address(struct eg_helper *helper, const struct eg_peer *peer,
		      const struct eg_msg_open *request, int socket, struct guards *ret,
		      struct eg_err *err)
{
	bool believed = eg_connection_port(request->connection, request->rhost);
	const char *from = believed ? request->connection : request->rhost;
	struct view view = {.diag = -1};
	int diag eg_auto_close = -1;
	int r;

	(void)snprintf(view.address, sizeof(view.address), "%.*s", (int)strcspn(from, " "), from);
	if (!eg_address_is_one(view.address))
		return 0;
	r = look_from(peer, &view);
	diag = view.diag;
	if (r < 0)
		return eg_err_fail(err, r, "cannot look from where the caller is: %s",
				   strerror(-r));
	if (!view.local)
		return 0;
	if (!believed)
		return !request->connection[0] && strncmp(request->service, "ssh", 3)
			       ? 0
			       : eg_err_fail(
					 err, -EINVAL,
					 "the client is on this host, but SSH_CONNECTION does not "
					 "tell which connection is its own");
	r = by_socket(helper, socket, request->connection, diag, ret);
	if (r == -ENOTCONN)
		return eg_err_fail(err, r, "the client is on this host and has hung up");
	return r < 0 ? eg_err_fail(err, r,
				   "the client is on this host, but its socket cannot be found: %s",
				   strerror(-r))
		     : r;
}

int eg_origin_find(struct eg_helper *helper, const struct eg_peer *peer,
		   const struct eg_msg_open *request, int socket, struct eg_origin *ret,
		   struct eg_err *reterr)
{
	struct eg_end client, own;
	struct guards guards = {0};
	int r;

	*ret = (struct eg_origin){0};
	if (request->connection[0] && !eg_ends_parse(request->connection, &client, &own)) {
		r = by_unix_socket(helper, request, socket, &guards);
		if (r < 0)
			return eg_err_fail(
				reterr, r,
				"the client came by a unix socket, but who it is cannot be "
				"found: %s",
				strerror(-r));
	} else {
		r = by_address(helper, peer, request, socket, &guards, reterr);
	}
	if (r < 0)
		return r;
	if (guards.elsewhere)
		return eg_err_fail(
			reterr, -EXDEV,
			"the client is in a session of this host that was opened before the last "
			"upgrade, under another version, whose policy cannot be carried over: "
			"come from elsewhere, or open that session anew");
	add_guard(helper, &guards.label, ret); /* says where it came from, the cgroup where to */
	add_guard(helper, &guards.cgroup, ret);
	return ret->session != 0;
}
