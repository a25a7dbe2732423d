// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The proof that the kernel enforces: peers logged "policy applied" for years on kernels where
 * nothing was. A child of ours is bound to a policy that denies TEST-NET-1 and tries it, with an
 * address beside it as the control.
 */
#include "helper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util.h"

enum {
	CHILD_REFUSED = 0, /* denied address gave EPERM, the other did not */
	CHILD_REACHED = 1, /* the denied connect was not refused */
	CHILD_CONTROL = 2, /* the control was refused too */
	CHILD_TROUBLE = 3, /* could not try */
	CHILD_MS = 5000,
};

/* errno of a UDP connect, 0 when it worked. No packet leaves: UDP's connect only looks for a
 * route. */
static int try_connect(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd eg_auto_close = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &in.sin_addr) != 1)
		return EIO;
	return connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ? errno : 0;
}

/* Runs in the child: enters the cgroup, waits to be guarded, tries. */
static int child(int dirfd, int go)
{
	int procs eg_auto_close = openat(dirfd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	char byte;
	int denied;

	if (procs < 0 || write(procs, "0", 1) != 1 || read(go, &byte, 1) != 1)
		return CHILD_TROUBLE;
	denied = try_connect("192.0.2.1");
	if (try_connect("198.51.100.1") == EPERM)
		return CHILD_CONTROL;
	return denied == EPERM ? CHILD_REFUSED : CHILD_REACHED;
}

static int wait_child(pid_t pid)
{
	int64_t deadline = eg_proto_now_ms() + CHILD_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (eg_proto_now_ms() > deadline) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return CHILD_TROUBLE;
		}
		(void)poll(NULL, 0, 5);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_TROUBLE;
}

/* Policy of the self-test's own slot. */
static int put_policy(struct eg_helper *helper)
{
	struct eg_policy_entry4 entry = {
		.key = {.prefix_len = 24, .addr = {192, 0, 2, 0}},
		.value = {.verdict = EG_VERDICT_DENY, .prefix_len = 24},
	};
	struct eg_policy_image image = {
		.flags = EG_POLICY_RULES4, .entries4 = &entry, .n_entries4 = 1};

	return eg_bpf_policy_put(helper->bpf, EG_PROFILE_SELFTEST, &image, 0);
}

static int run(struct eg_helper *helper, int dirfd, uint64_t id, int level)
{
	struct eg_guard guard = {.profile = EG_PROFILE_SELFTEST};
	int go[2], r, outcome;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	/* It may be bound still, by a helper that was killed here. */
	r = eg_bpf_rebind(helper->bpf, id, (unsigned int)level, &guard);
	pid = r < 0 ? -1 : fork();
	if (pid == 0)
		_exit(child(dirfd, go[0]));
	(void)close(go[0]);
	if (pid > 0) {
		if (write(go[1], "g", 1) != 1)
			(void)kill(pid, SIGKILL); /* it waits for that; its outcome is trouble */
		outcome = wait_child(pid);
		r = outcome == CHILD_REFUSED   ? 0
		    : outcome == CHILD_REACHED ? -ENOTRECOVERABLE
					       : -EIO;
	} else if (!r) {
		r = -EAGAIN;
	}
	(void)close(go[1]);
	(void)eg_bpf_unbind(helper->bpf, id);
	return r;
}

int eg_selftest(struct eg_helper *helper, struct eg_err *reterr)
{
	static const char name[] =
		EG_LEAF_DIR "/selftest"; /* one helper at a time: main.c has the lock */
	char path[EG_CGROUP_PATH_SIZE];
	int dirfd eg_auto_close = -1;
	uint64_t id;
	int level = 0, r = put_policy(helper);

	if (!r && mkdirat(helper->cgroup2.root_fd, EG_LEAF_DIR, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (!r && mkdirat(helper->cgroup2.root_fd, name, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (!r) {
		dirfd = eg_cgroup2_open_path(&helper->cgroup2, name);
		r = dirfd < 0 ? dirfd : eg_cgroup2_id(dirfd, &id);
	}
	if (!r) {
		level = eg_cgroup2_path(&helper->cgroup2, dirfd, path, sizeof(path));
		r = level < 0 ? level : run(helper, dirfd, id, level);
	}
	(void)unlinkat(helper->cgroup2.root_fd, name, AT_REMOVEDIR);
	if (r == -ENOTRECOVERABLE)
		(void)snprintf(reterr->text, sizeof(reterr->text),
			       "self-test: a denied connect of our own child was NOT refused; the "
			       "kernel does not enforce");
	else if (r < 0)
		(void)snprintf(reterr->text, sizeof(reterr->text),
			       "self-test could not run in %.200s/%s: %s", helper->cgroup2.root,
			       name, strerror(-r));
	return r;
}
