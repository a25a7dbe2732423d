// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The proof that the kernel enforces: peers logged "policy applied" for years on kernels where
 * nothing was. A child of ours is bound to a policy that denies TEST-NET-1 and tries it, with an
 * address beside it as the control. Of the packet layer only the way in can be seen alone: on the
 * way out the hooks are first. So the child is sent a datagram from a denied loopback address, and
 * one from an address beside it. Last it executes two files that are no programs, one of them with
 * a denied digest: whether the kernel can take digests is known by that only.
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fault.h"
#include "hooks.h"
#include "key.h"
#include "util.h"

enum {
	CHILD_REFUSED = 0,    /* denied address gave EPERM, the other did not */
	CHILD_REACHED = 1,    /* the denied connect was not refused */
	CHILD_CONTROL = 2,    /* the control was refused too */
	CHILD_TROUBLE = 3,    /* could not try */
	CHILD_PACKET = 4,     /* connects as they should be, and the denied packet came */
	CHILD_NO_PACKET = 5,  /* connects as they should be, and no packet came at all */
	CHILD_NO_DIGEST = 16, /* beside one of them: the kernel takes no SHA-256 digests */
	CHILD_MS = 5000,
	PACKET_MS = 500, /* for the packet that is allowed; both are sent before we look */
	LATE_MS = 20,	 /* for the other to come after all */
};

enum { DENIED = 'd', ALLOWED = 'a' }; /* what the two packets hold */

/* What the two files hold. */
static const char denied_text[] = "denied\n", allowed_text[] = "allowed\n";

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* include/uapi/linux/memfd.h, since 6.3 */
#endif

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

/* A datagram socket at a loopback address, or -1. */
static int udp_at(const char *address, struct sockaddr_in *ret)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t size = sizeof(in);
	int fd eg_auto_close = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &in.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&in, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &size) < 0)
		return -1;
	*ret = in;
	return eg_take_fd(&fd);
}

/* What comes within ms; 0 = nothing. */
static char receive(int fd, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	if (poll(&poll_fd, 1, ms) != 1 || recv(fd, &byte, 1, MSG_DONTWAIT) != 1)
		return 0;
	return byte;
}

static int judge_packets(int fd)
{
	char first = 0;

	if (fd >= 0)
		first = receive(fd, PACKET_MS);
	if (!first)
		return CHILD_NO_PACKET;
	return first == DENIED || receive(fd, LATE_MS) == DENIED ? CHILD_PACKET : CHILD_REFUSED;
}

/* A file that may be executed, in memory, or in dir where that is forbidden (vm.memfd_noexec). */
static int open_program(const char *dir, bool in_memory)
{
	int fd;

	if (!in_memory)
		return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
	fd = memfd_create("selftest", MFD_CLOEXEC | MFD_EXEC);
	return fd < 0 && errno == EINVAL ? memfd_create("selftest", MFD_CLOEXEC) : fd;
}

/* errno of executing a file that holds this text, of which the kernel can make nothing. */
static int try_exec(const char *dir, const char *text)
{
	static char *const none[] = {NULL};
	int error = EACCES;

	for (int in_memory = 1; in_memory >= 0 && error == EACCES; in_memory--) {
		int fd eg_auto_close = open_program(dir, in_memory);
		int again eg_auto_close = -1;
		char path[32];

		if (fd < 0 || write(fd, text, strlen(text)) < 0)
			continue;
		/* What is open for writing cannot be executed. */
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_RDONLY | O_CLOEXEC);
		eg_close_p(&fd);
		fd = -1;
		(void)syscall(SYS_execveat, again, "", none, none, AT_EMPTY_PATH);
		error = errno;
	}
	return error;
}

static bool denies_digests(const char *dir)
{
	return try_exec(dir, denied_text) == EPERM && try_exec(dir, allowed_text) == ENOEXEC;
}

/*
 * Runs in the child: enters the cgroup, says where to reach it, waits to be guarded, tries. It must
 * not outlive a helper that is killed: it has the lock too, and stands where systemd does not look
 * for what is left of the service, so no other helper could ever start.
 */
static int child(const struct eg_helper *helper, pid_t parent, int dirfd, int line)
{
	int procs eg_auto_close = openat(dirfd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	int udp eg_auto_close = -1;
	struct sockaddr_in at = {0};
	char byte;
	int denied;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return CHILD_TROUBLE;
	if (procs < 0 || write(procs, "0", 1) != 1)
		return CHILD_TROUBLE;
	udp = udp_at("127.0.0.1", &at);
	if (send(line, &at, sizeof(at), MSG_NOSIGNAL) != sizeof(at) || recv(line, &byte, 1, 0) != 1)
		return CHILD_TROUBLE;
	denied = try_connect("192.0.2.1");
	if (try_connect("198.51.100.1") == EPERM)
		return CHILD_CONTROL;
	if (denied != EPERM)
		return CHILD_REACHED;
	return judge_packets(udp) | (denies_digests(helper->state_dir) ? 0 : CHILD_NO_DIGEST);
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

/* Policy of the self-test's own slot. Nothing else is denied, and sockets are open as usual. */
static int put_policy(struct eg_helper *helper)
{
	struct eg_rule deny = {
		.verdict = EG_VERDICT_DENY, .protocol = EG_PROTO_ANY, .port_high = UINT16_MAX};
	struct eg_policy_entry4 entries[] = {
		{.key = {.prefix_len = 32, .addr = {127, 0, 0, 2}}, .value.rule = deny},
		{.key = {.prefix_len = 24, .addr = {192, 0, 2, 0}}, .value.rule = deny},
	};
	struct eg_policy_image image = {.policy = {.flags = EG_POLICY_RULES4 | EG_POLICY_HASHES,
						   .families = 1ULL << AF_UNIX | 1ULL << AF_INET |
							       1ULL << AF_INET6 |
							       1ULL << AF_NETLINK},
					.entries4 = entries,
					.n_entries4 = EG_ARRAY_SIZE(entries)};
	struct eg_hash digest;
	int r;

	for (size_t i = 0; i < EG_ARRAY_SIZE(entries); i++)
		entries[i].value.rule.prefix_len = (uint8_t)entries[i].key.prefix_len;
	eg_key_sha256(denied_text, strlen(denied_text), digest.sha256);
	r = eg_digests_add(&image.digests, &digest, 0);
	if (r >= 0)
		r = eg_bpf_policy_put(helper->bpf, EG_PROFILE_SELFTEST, &image, 0);
	eg_digests_done(&image.digests);
	return r;
}

/* Should loopback be down, nothing comes, which the child tells. */
static void send_from(const char *source, const struct sockaddr_in *to, char byte)
{
	struct sockaddr_in own;
	int fd eg_auto_close = udp_at(source, &own);

	if (fd >= 0)
		(void)sendto(fd, &byte, 1, MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof(*to));
}

/* Guards the child, once it is in the cgroup and has said so, and lets it try. */
static int try_child(struct eg_helper *helper, int dirfd, int line, pid_t pid)
{
	struct sockaddr_in at;
	struct pollfd poll_fd = {.fd = line, .events = POLLIN};
	bool there =
		poll(&poll_fd, 1, CHILD_MS) == 1 && recv(line, &at, sizeof(at), 0) == sizeof(at);
	int r = there ? eg_fault(test_packets) ?: eg_bpf_packets_attach(helper->bpf, dirfd) : -EIO;
	int outcome;

	if (!r) {
		send_from("127.0.0.2", &at, DENIED);
		send_from("127.0.0.3", &at, ALLOWED);
	}
	if (r || send(line, "g", 1, MSG_NOSIGNAL) != 1)
		(void)kill(pid, SIGKILL); /* it waits for that; its outcome is trouble */
	outcome = wait_child(pid);
	helper->digests_seen = !(outcome & CHILD_NO_DIGEST);
	switch (outcome & ~CHILD_NO_DIGEST) {
	case CHILD_REFUSED:
		helper->packets_seen = true;
		return 0;
	case CHILD_NO_PACKET:
		return 0;
	case CHILD_REACHED:
		return -ENOTRECOVERABLE;
	case CHILD_PACKET:
		return -ENOTUNIQ;
	default:
		return r ? r : -EIO;
	}
}

static int run(struct eg_helper *helper, int dirfd, uint64_t id, int level)
{
	struct eg_guard guard = {.profile = EG_PROFILE_SELFTEST};
	pid_t parent = getpid(), pid;
	int line[2], r;

	if (eg_fault(test_line) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return -errno;
	/* It may be bound still, by a helper that was killed here. */
	r = eg_fault(test_bind) ?: eg_bpf_rebind(helper->bpf, id, (unsigned int)level, &guard);
	pid = r < 0 || eg_fault(test_fork) < 0 ? -1 : fork();
	if (pid == 0) {
		(void)close(line[0]);
		_exit(child(helper, parent, dirfd, line[1]));
	}
	(void)close(line[1]);
	if (pid > 0)
		r = try_child(helper, dirfd, line[0], pid);
	else if (!r)
		r = -EAGAIN;
	(void)close(line[0]);
	(void)eg_fault(test_unbind);
	(void)eg_bpf_unbind(helper->bpf, id);
	return r;
}

static const char *failure(int error)
{
	if (error == -ENOTRECOVERABLE)
		return "a denied connect of our own child was NOT refused";
	if (error == -ENOTUNIQ)
		return "a packet from a denied address was NOT kept from our own child";
	return NULL;
}

/* Where the module makes leaves, too. Who is in one may look at his own cgroup, whatever our umask
 * is. */
static int make_leaf_dir(int root_fd)
{
	if (mkdirat(root_fd, EG_LEAF_DIR, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return fchmodat(root_fd, EG_LEAF_DIR, 0755, 0) < 0 ? -errno : 0;
}

int eg_selftest(struct eg_helper *helper, struct eg_err *reterr)
{
	static const char name[] =
		EG_LEAF_DIR "/selftest"; /* one helper at a time: main.c has the lock */
	char path[EG_CGROUP_PATH_SIZE];
	int dirfd eg_auto_close = -1;
	uint64_t id;
	int level = 0, r = eg_fault(test_policy) ?: put_policy(helper);

	if (!r)
		r = make_leaf_dir(helper->cgroup2.root_fd);
	if (!r && mkdirat(helper->cgroup2.root_fd, name, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (!r) {
		dirfd = eg_fault(test_cgroup) ?: eg_cgroup2_open_path(&helper->cgroup2, name);
		r = dirfd < 0 ? dirfd : eg_cgroup2_id(dirfd, &id);
	}
	if (!r) {
		level = eg_cgroup2_path(&helper->cgroup2, dirfd, path, sizeof(path));
		r = level < 0 ? level : run(helper, dirfd, id, level);
	}
	(void)unlinkat(helper->cgroup2.root_fd, name, AT_REMOVEDIR);
	if (!r && !helper->digests_seen)
		eg_bpf_lacks(helper->bpf, &eg_hook_digests);
	if (failure(r))
		(void)snprintf(reterr->text, sizeof(reterr->text),
			       "self-test: %s; the kernel does not enforce", failure(r));
	else if (r < 0)
		(void)snprintf(reterr->text, sizeof(reterr->text),
			       "self-test could not run in %.200s/%s: %s", helper->cgroup2.root,
			       name, strerror(-r));
	return r;
}
