// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * try OPERATION [ARG...]: makes one attempt and prints its outcome as one word: "ok" or the name of
 * the errno.
 *
 * Every denial in the tests is one of these run inside a session, next to the same one run outside
 * as the control. The exit status is 0 whatever the outcome; 2 when the attempt could not be made
 * at all.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TROUBLE = 2, CONNECT_MS = 10000 };

/* ---- addresses ---- */

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

static struct address parse(const char *host, const char *port)
{
	struct address a = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.sa;
	uint16_t p = htons((uint16_t)atoi(port));

	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = p;
		a.len = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = p;
		a.len = sizeof(*in6);
	} else {
		errx(TROUBLE, "not an address: %s", host);
	}
	return a;
}

static int make_socket(int family, const char *proto)
{
	int type = !strcmp(proto, "tcp") ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(TROUBLE, "socket");
	return fd;
}

/* Result of a call that returned r: 0 or the errno. */
static int outcome(long r)
{
	return r < 0 ? errno : 0;
}

/* ---- network ---- */

static int try_connect(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(a.sa.ss_family, arg[0]);

	return outcome(connect(fd, (struct sockaddr *)&a.sa, a.len));
}

static int try_sendto(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(a.sa.ss_family, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&a.sa, a.len));
}

static int try_sendmsg(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(a.sa.ss_family, arg[0]);
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct msghdr msg = {
		.msg_name = &a.sa, .msg_namelen = a.len, .msg_iov = &iov, .msg_iovlen = 1};

	return outcome(sendmsg(fd, &msg, 0));
}

/* The first message is allowed, the second is the attempt: sendmmsg says how many went. */
static int try_sendmmsg(char **arg)
{
	struct address good = parse(arg[1], arg[3]), bad = parse(arg[2], arg[3]);
	int fd = make_socket(bad.sa.ss_family, arg[0]), n;
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct mmsghdr msg[2] = {
		{.msg_hdr = {.msg_name = &good.sa,
			     .msg_namelen = good.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1}},
		{.msg_hdr = {.msg_name = &bad.sa,
			     .msg_namelen = bad.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1}},
	};

	n = sendmmsg(fd, msg, 2, 0);
	if (n == 2)
		return 0;
	/* The error of the second is reported by the next call. */
	return n == 1 ? outcome(sendmsg(fd, &msg[1].msg_hdr, 0)) : errno;
}

static int try_fastopen(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(a.sa.ss_family, "tcp");

	return outcome(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&a.sa, a.len));
}

/* An IPv4 address given to an AF_INET6 datagram socket. */
static int try_v4_on_v6(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(AF_INET6, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&a.sa, a.len));
}

/* AF_UNSPEC on an AF_INET datagram socket means AF_INET. */
static int try_unspec(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(AF_INET, arg[0]);

	a.sa.ss_family = AF_UNSPEC;
	return outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&a.sa, a.len));
}

/* sockaddr_in6 without its scope id is legal. */
static int try_short_in6(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd = make_socket(AF_INET6, arg[0]);

	return outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&a.sa, 24));
}

/* Accepts TCP and swallows UDP on a port of every address until killed. */
static int serve(char **arg)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)atoi(arg[0]))};
	struct pollfd fds[2] = {{.fd = make_socket(AF_INET6, "tcp"), .events = POLLIN},
				{.fd = make_socket(AF_INET6, "udp"), .events = POLLIN}};
	char buf[2048];
	int one = 1;

	(void)setsockopt(fds[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	for (int i = 0; i < 2; i++)
		if (bind(fds[i].fd, (struct sockaddr *)&any, sizeof(any)) < 0)
			err(TROUBLE, "bind");
	if (listen(fds[0].fd, 64) < 0)
		err(TROUBLE, "listen");
	for (;;) {
		(void)poll(fds, 2, -1);
		if (fds[0].revents)
			(void)close(accept(fds[0].fd, NULL, NULL));
		if (fds[1].revents)
			(void)recv(fds[1].fd, buf, sizeof(buf), 0);
	}
}

/* ---- identity ---- */

static int try_setuid(char **arg)
{
	return outcome(setuid((uid_t)atoi(arg[0])));
}

static int try_setreuid(char **arg)
{
	return outcome(setreuid((uid_t)atoi(arg[0]), (uid_t)-1));
}

static int try_setresuid(char **arg)
{
	return outcome(setresuid((uid_t)-1, (uid_t)atoi(arg[0]), (uid_t)-1));
}

/* setfsuid reports nothing: ask for the value afterwards. */
static int try_setfsuid(char **arg)
{
	uid_t wanted = (uid_t)atoi(arg[0]);

	(void)setfsuid(wanted);
	return (uid_t)setfsuid((uid_t)-1) == wanted ? 0 : EPERM;
}

/*
 * Drops to uid 1000 but keeps CAP_SETUID, then wants root back: what a program with a file
 * capability could do. Only root can make the attempt.
 */
static int try_regain(char **arg)
{
	(void)arg;
	if (syscall(SYS_prctl, 8 /* PR_SET_KEEPCAPS */, 1, 0, 0, 0) < 0 ||
	    setresuid(1000, 1000, 1000) < 0)
		err(TROUBLE, "dropping");
	struct {
		uint32_t version;
		int pid;
	} head = {0x20080522, 0};
	struct {
		uint32_t effective, permitted, inheritable;
	} data[2] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		err(TROUBLE, "capget");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		err(TROUBLE, "capset");
	return outcome(setresuid(0, 0, 0));
}

/* Outcome of exec itself: a pipe that closes on exec tells. */
static int try_exec(char **arg)
{
	int pipe_fd[2], error = 0, status;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		err(TROUBLE, "pipe2");
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		(void)execv(arg[0], arg);
		error = errno;
		(void)!write(pipe_fd[1], &error, sizeof(error));
		_exit(127);
	}
	(void)close(pipe_fd[1]);
	if (read(pipe_fd[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	(void)waitpid(pid, &status, 0);
	return error;
}

/* ---- mounts: in a namespace of their own where the kernel lets us: controls leave nothing ---- */

static int try_mount(char **arg)
{
	return outcome(mount("none", arg[0], "tmpfs", 0, NULL));
}

static int try_bind(char **arg)
{
	return outcome(mount(arg[0], arg[1], NULL, MS_BIND, NULL));
}

static int try_remount(char **arg)
{
	return outcome(mount(NULL, arg[0], NULL, MS_REMOUNT, NULL));
}

static int try_umount(char **arg)
{
	return outcome(umount2(arg[0], MNT_DETACH));
}

/* In a child with a mount namespace of its own: where it works, only the child's root has
 * changed. */
static int try_pivot(char **arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(errno);
		_exit(outcome(syscall(SYS_pivot_root, arg[0], arg[1])));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		err(TROUBLE, "child");
	return WEXITSTATUS(status);
}

/* fsopen, fsconfig, fsmount, move_mount: the new way to mount. The outcome is move_mount's. */
static int try_fsmount(char **arg)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno;
	fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (fd < 0)
		return errno;
	return outcome(syscall(SYS_move_mount, fd, "", AT_FDCWD, arg[0], MOVE_MOUNT_F_EMPTY_PATH));
}

/* ---- looking ---- */

/* Number of entries of a pinned map. */
static int count(char **arg)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)arg[0]};
	char key[256] = {0}, next[256] = {0};
	bool first = true;
	unsigned int n = 0;
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));

	if (fd < 0)
		err(TROUBLE, "%s", arg[0]);
	for (;;) {
		union bpf_attr step = {.map_fd = (uint32_t)fd,
				       .key = first ? 0 : (uint64_t)(uintptr_t)key,
				       .next_key = (uint64_t)(uintptr_t)next};

		if (syscall(SYS_bpf, BPF_MAP_GET_NEXT_KEY, &step, sizeof(step)) < 0)
			break;
		memcpy(key, next, sizeof(key));
		first = false;
		n++;
	}
	printf("%u\n", n);
	exit(0);
}

static const struct operation {
	const char *name;
	int args; /* at least */
	int (*run)(char **arg);
	const char *synopsis;
} operations[] = {
	{"connect", 3, try_connect, "tcp|udp ADDR PORT"},
	{"sendto", 3, try_sendto, "tcp|udp ADDR PORT"},
	{"sendmsg", 3, try_sendmsg, "tcp|udp ADDR PORT"},
	{"sendmmsg", 4, try_sendmmsg, "udp ALLOWED DENIED PORT"},
	{"fastopen", 3, try_fastopen, "tcp ADDR PORT"},
	{"v4-on-v6", 3, try_v4_on_v6, "udp ADDR PORT"},
	{"unspec", 3, try_unspec, "udp ADDR PORT"},
	{"short-in6", 3, try_short_in6, "udp ADDR PORT"},
	{"serve", 1, serve, "PORT"},
	{"setuid", 1, try_setuid, "UID"},
	{"setreuid", 1, try_setreuid, "UID"},
	{"setresuid", 1, try_setresuid, "UID"},
	{"setfsuid", 1, try_setfsuid, "UID"},
	{"regain", 0, try_regain, ""},
	{"exec", 1, try_exec, "PROGRAM [ARG...]"},
	{"mount", 1, try_mount, "DIR"},
	{"bind", 2, try_bind, "DIR DIR"},
	{"remount", 1, try_remount, "DIR"},
	{"umount", 1, try_umount, "DIR"},
	{"pivot", 2, try_pivot, "DIR DIR"},
	{"fsmount", 1, try_fsmount, "DIR"},
	{"count", 1, count, "PINNED-MAP"},
};

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof(operations) / sizeof(operations[0]); i++) {
		const struct operation *op = &operations[i];
		int error;

		if (strcmp(op->name, argv[1]) || argc - 2 < op->args)
			continue;
		error = op->run(argv + 2);
		puts(error ? strerrorname_np(error) : "ok");
		return 0;
	}
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		fprintf(stderr, "usage: try %s %s\n", operations[i].name, operations[i].synopsis);
	return TROUBLE;
}
