// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who asks, proven. uid 0 is not authority here: guarded root has it too. What counts is where the
 * kernel says the peer is, and what a descriptor shows.
 */
#include "helper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fault.h"
#include "util.h"
#include "versions.h"

#ifndef SO_PEERPIDFD /* Linux 6.5 */
#define SO_PEERPIDFD 77
#endif

/*
 * SO_PEERPIDFD pins the process that connected. Before 6.5 the pid is looked up now: it could have
 * been reused since the connect, so an open is also checked against the leaf, which holds nobody
 * but the caller.
 */
int eg_peer_of(int fd, struct eg_peer *ret)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int pidfd = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	if (cred.pid <= 0)
		return -ESRCH; /* from a pid namespace we cannot see into */
	size = sizeof(pidfd);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) {
		if (errno != ENOPROTOOPT)
			return -errno; /* it has exited: its number may be somebody else's by now */
		pidfd = (int)syscall(SYS_pidfd_open, cred.pid, 0);
	}
	if (pidfd < 0)
		return -errno;
	*ret = (struct eg_peer){.pid = cred.pid, .uid = cred.uid, .pidfd = pidfd};
	return 0;
}

/* A pidfd is readable once its process has exited. */
static bool is_alive(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 0;
}

/* The guard of this cgroup, not one above it. 1, 0 or a negative errno. */
static int guard_at(struct eg_helper *helper, uint64_t id, struct eg_guard *ret)
{
	int r = eg_bpf_binding_get(helper->bpf, id, ret);

	if (r != -ENOENT)
		return r < 0 ? r : 1;
	*ret = (struct eg_guard){0};
	return eg_versions_bind(helper, id);
}

int eg_peer_guard_above(struct eg_helper *helper, const char *path, struct eg_guard *ret)
{
	char part[EG_CGROUP_PATH_SIZE];

	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
		return -ENAMETOOLONG;
	while (part[0] && strcmp(part, "/")) {
		int fd eg_auto_close = eg_cgroup2_open_path(&helper->cgroup2, part);
		uint64_t id;
		int r = fd < 0 ? fd : eg_cgroup2_id(fd, &id);

		if (!r)
			r = guard_at(helper, id, ret);
		if (r)
			return r;
		*strrchr(part, '/') = '\0';
	}
	return 0;
}

int eg_peer_guard(struct eg_helper *helper, const struct eg_peer *peer, struct eg_guard *ret)
{
	char path[EG_CGROUP_PATH_SIZE];
	int r = eg_bpf_label_get(helper->bpf, peer->pidfd, ret);

	if (r != -ENOENT)
		return r < 0 ? r : 1;
	*ret = (struct eg_guard){0};
	r = eg_versions_label(helper, peer->pidfd);
	if (r)
		return r;
	r = eg_cgroup2_of_pid(peer->pid, path, sizeof(path));
	if (r < 0)
		return r;
	/*
	 * Both answers above are about whoever has the number now. If the peer still lives it is
	 * the one, else a guarded process could exit and have its number taken by a stranger who is
	 * not guarded.
	 */
	return is_alive(peer->pidfd) ? eg_peer_guard_above(helper, path, ret) : -ESRCH;
}

int eg_peer_prove_leaf(struct eg_helper *helper, const struct eg_peer *peer, int dirfd,
		       char *ret_path, size_t size, int *ret_level, const char **ret_reason)
{
	struct eg_guard guard;
	struct stat st;
	uint64_t id;
	int r;

	*ret_reason = "the descriptor passed is not a cgroup2 directory";
	r = eg_fault(open_prove) ?: eg_cgroup2_id(dirfd, &id);
	if (r < 0)
		return r;
	*ret_reason = "the cgroup is not root's alone";
	if (fstat(dirfd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	*ret_reason = "the cgroup is not at a place where sessions have theirs";
	*ret_level = eg_cgroup2_path(&helper->cgroup2, dirfd, ret_path, size);
	if (*ret_level < 0)
		return *ret_level;
	if (!eg_cgroup2_is_leaf(ret_path))
		return -EPERM;
	*ret_reason = "the cgroup is guarded already";
	r = eg_peer_guard_above(helper, ret_path, &guard);
	if (r)
		return r < 0 ? r : -EEXIST;
	*ret_reason = "the caller is not the only process in the cgroup it passed";
	r = eg_cgroup2_holds_only(dirfd, peer->pid);
	return r < 0 ? r : r ? 0 : -EPERM;
}
