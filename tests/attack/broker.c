// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See broker.h. */
#include "broker.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where strays are moved to: out of everybody's session. */
#define STRAY "/sys/fs/cgroup/try-stray"

int send_with(int to, const void *bytes, size_t n, int fd)
{
	struct iovec iov = {.iov_base = (void *)bytes, .iov_len = n};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	return outcome(sendmsg(to, &msg, MSG_NOSIGNAL));
}

/* ---- making ---- */

static int connected(char **word)
{
	struct address a = parse(word[1], word[2]);
	int r = make_socket(a.sa.ss_family, word[0], &premade.fd);

	return r ? r : connect_in_time(premade.fd, &a.sa, a.len);
}

static int bound(char **word)
{
	struct address a = parse(word[1], word[2]);
	int r = make_socket(a.sa.ss_family, word[0], &premade.fd);

	return r ? r : outcome(bind(premade.fd, sockaddr_of(&a), a.len));
}

/* One end; the other says again what it hears. */
static int pair(void)
{
	int fds[2];
	char buf[64];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return errno;
	premade.fd = fds[0];
	if (fork() == 0) {
		(void)alarm(30);
		(void)close(fds[0]);
		while ((n = recv(fds[1], buf, sizeof(buf), 0)) > 0)
			(void)send(fds[1], buf, (size_t)n, MSG_NOSIGNAL);
		_exit(0);
	}
	(void)close(fds[1]);
	return 0;
}

/* What is no socket of the network. *ret_known: was it one of ours? */
static int prepare_other(char **word, bool *ret_known)
{
	*ret_known = true;
	if (!strcmp(word[0], "file"))
		return outcome(premade.fd = open(word[1], (int)strtol(word[2], NULL, 0)));
	if (!strcmp(word[0], "detached"))
		return detached_mount(word[1]);
	if (!strcmp(word[0], "tree"))
		return detached_tree(word[1]);
	if (!strcmp(word[0], "ns"))
		return outcome(premade.fd = open_ns(word[1], word[2]));
	if (!strcmp(word[0], "pair"))
		return pair();
	*ret_known = false;
	return 0;
}

int prepare(char **word)
{
	bool polled = !strncmp(word[0], "polled-", 7);
	const char *what = word[0] + (polled ? 7 : 0);
	bool known;
	int r = prepare_other(word, &known);

	if (known)
		return r;
	if (!strcmp(what, "free"))
		return make_socket(atoi(word[2]) == 6 ? AF_INET6 : AF_INET, word[1], &premade.fd);
	if (!strcmp(what, "bound"))
		return bound(word + 1);
	if (!strcmp(what, "packet"))
		return outcome(premade.fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	if (strcmp(what, "ring") != 0 && strcmp(what, "ring-with") != 0)
		return connected(word);
	r = ring_make(&premade.ring, polled ? RING_POLLED : 0);
	if (!r && !strcmp(what, "ring-with")) {
		r = prepare(word + 1);
		if (!r)
			r = ring_register(&premade.ring, premade.fd);
	}
	return r;
}

/* ---- requests ---- */

static pid_t asker(int client)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	(void)getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	return cred.pid;
}

static void wait_for_end(int client)
{
	struct pollfd p = {.fd = client, .events = POLLIN};

	(void)poll(&p, 1, 60 * SECOND);
}

static int write_pid(const char *dir, pid_t pid)
{
	char path[4200];
	int fd, r;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = fd < 0 || dprintf(fd, "%d", (int)pid) < 0 ? errno : 0;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Moves the asker out of its session's cgroup. */
static int move_out(pid_t pid)
{
	if (mkdir(STRAY, 0755) < 0 && errno != EEXIST)
		return errno;
	return write_pid(STRAY, pid);
}

/* Moves a process into the asker's cgroup. */
static int move_in(pid_t asking, pid_t pid)
{
	char path[64], line[4000] = "", dir[4100];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)asking);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		return errno;
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	snprintf(dir, sizeof(dir), "/sys/fs/cgroup%s", line + 3);
	return write_pid(dir, pid);
}

/* "late WORDS -- OPERATION": a process makes something, is moved into the asker's session, and then
 * makes the attempt. */
static int late(int client, char **word)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	int up[2], down[2], r = 0;
	char **op = word;
	char byte = 0;
	pid_t pid;

	(void)getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	while (*op && strcmp(*op, "--") != 0)
		op++;
	if (!*op || pipe(up) < 0 || pipe(down) < 0 || (pid = fork()) < 0)
		return EINVAL;
	*op++ = NULL;
	if (pid == 0) {
		(void)alarm(30);
		if (cred.uid &&
		    (setgroups(0, NULL) < 0 || setgid(cred.gid) < 0 || setuid(cred.uid) < 0))
			_exit(TROUBLE);
		r = prepare(word);
		(void)!write(up[1], &r, sizeof(r));
		if (r || read(down[0], &byte, 1) != 1)
			_exit(0);
		r = run_words(op);
		(void)!write(up[1], &r, sizeof(r));
		_exit(0);
	}
	(void)close(up[1]);
	if (read(up[0], &r, sizeof(r)) != sizeof(r))
		r = ECHILD;
	if (!r)
		r = move_in(cred.pid, pid);
	if (!r && (write(down[1], &byte, 1) != 1 || read(up[0], &r, sizeof(r)) != sizeof(r)))
		r = ECHILD;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
}

/* Puts a socket of ours into the asker's ring, ring to ring: the asker receives no descriptor.
 * Rings cannot be sent, so we fetch its ring. word: its number, and what to make. */
static int into_ring(pid_t asking, char **word)
{
	int pidfd = (int)syscall(SYS_pidfd_open, asking, 0);
	int ring_fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(word[0]), 0);
	struct io_uring_sqe sqe = {.opcode = IORING_OP_MSG_RING,
				   .fd = ring_fd,
				   .addr = 1 /* IORING_MSG_SEND_FD */,
				   .addr3 = 0,	    /* our slot */
				   .file_index = 1, /* their slot 0 */
				   .msg_ring_flags =
					   1 /* IORING_MSG_RING_CQE_SKIP: no word of it */};
	int r = ring_fd < 0 ? errno : prepare(word + 1), fd = premade.fd;
	bool ring = premade.ring.fd >= 0;

	if (ring)
		fd = premade.ring.fd;
	if (!r)
		r = ring_make(&premade.ring, 0);
	if (!r)
		r = ring_register(&premade.ring, fd);
	if (ring && abs(r) == EBADF)
		return ABSENT - EBADF; /* no ring in a ring's table: from there it would be sent */
	if (!r)
		r = ring_do(&premade.ring, &sqe);
	return r < 0 ? -r : r;
}

/* "link PROTO SOURCE ADDR PORT": connects from one of our addresses. */
static int link_from(char **word)
{
	struct address source = parse(word[1], "0"), a = parse(word[2], word[3]);
	int fd, r = make_socket(a.sa.ss_family, word[0], &fd);

	if (!r)
		r = outcome(bind(fd, sockaddr_of(&source), source.len));
	if (!r)
		r = connect_in_time(fd, &a.sa, a.len);
	return r ? r : exchange(fd);
}

static void serve_one(int client)
{
	char text[REQUEST_MAX + 1] = "", *word[WORDS_MAX] = {NULL}, *save = NULL;
	struct broker_answer answer = {.ring = {.fd = -1}};
	int fd = -1, n = 0;

	if (recv(client, text, REQUEST_MAX, 0) <= 0)
		return;
	for (char *w = strtok_r(text, " ", &save); w && n < WORDS_MAX - 1;
	     w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	if (n >= 2 && (!strcmp(word[0], "give") || !strcmp(word[0], "keep"))) {
		answer.outcome = prepare(word + 1);
		answer.ring = premade.ring;
		answer.pid = getpid();
		answer.fd = premade.ring.fd >= 0 ? premade.ring.fd : premade.fd;
		if (!strcmp(word[0], "give") && !answer.outcome)
			fd = answer.fd;
	} else if (n == 1 && !strcmp(word[0], "move")) {
		answer.outcome = move_out(asker(client));
	} else if (n >= 4 && !strcmp(word[0], "late")) {
		answer.outcome = late(client, word + 1);
	} else if (n >= 3 && !strcmp(word[0], "into")) {
		answer.outcome = into_ring(asker(client), word + 1);
	} else if (n >= 5 && !strcmp(word[0], "link")) {
		answer.outcome = link_from(word + 1);
	} else {
		answer.outcome = EBADMSG;
	}
	if (send_with(client, &answer, sizeof(answer), fd) && fd >= 0) {
		answer.outcome = ABSENT - errno; /* there are things that cannot be sent */
		(void)send_with(client, &answer, sizeof(answer), -1);
	}
	wait_for_end(client);
}

/* Serves until killed. */
static int broker(char **arg)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), client;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", arg[0]);
	(void)unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0 ||
	    chmod(a.sun_path, 0666) < 0)
		err(TROUBLE, "%s", arg[0]);
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		if (fork() > 0) {
			(void)close(client);
			continue;
		}
		(void)signal(SIGCHLD, SIG_DFL);
		serve_one(client);
		_exit(0);
	}
}

const struct operation broker_ops[] = {
	{"broker", 1, broker, "SOCKET"},
	{0},
};
