// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Things made outside the session and used inside: handed over, fetched, put into a ring, or
 * brought along by a process that enters the session late.
 *
 *   scm|getfd|late|into WORDS -- OPERATION    WORDS: see prepare() in try.h
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int ask_broker(const char *broker, const char *verb, char **word)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char text[REQUEST_MAX];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", verb);
	int to = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	for (; *word && n < sizeof(text); word++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", *word);
	snprintf(a.sun_path, sizeof(a.sun_path), "/run/try/%s", broker);
	if (to < 0 || connect(to, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	return send(to, text, n < sizeof(text) ? n : sizeof(text), MSG_NOSIGNAL) < 0 ? -errno : to;
}

/* The broker that is the same user: from others no descriptor can be fetched. */
static const char *own_broker(void)
{
	return getuid() ? "alice" : "root";
}

/* Cuts "WORDS -- OPERATION" in two. Returns the operation. */
static char **cut(char **arg)
{
	while (*arg && strcmp(*arg, "--") != 0)
		arg++;
	if (!*arg)
		return NULL;
	*arg = NULL;
	return arg + 1;
}

/* Takes what the answer describes into premade. */
static int adopt(const struct broker_answer *answer, int fd)
{
	if (answer->ring.fd < 0) {
		premade.fd = fd;
		return 0;
	}
	premade.ring = answer->ring;
	premade.ring.fd = fd;
	return ring_map(&premade.ring);
}

/* Receives at most n bytes and possibly a descriptor (*ret_fd, else -1). Returns the number of
 * bytes or negative errno; *ret_truncated when a descriptor was withheld. */
static int receive_with(int from, void *bytes, size_t n, int *ret_fd, bool *ret_truncated)
{
	struct iovec iov = {.iov_base = bytes, .iov_len = n};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (got < 0)
		return -errno;
	*ret_fd = -1;
	*ret_truncated = msg.msg_flags & MSG_CTRUNC;
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return (int)got;
}

/* Handed over in a message. Withheld descriptors are no error, only a flag. */
static int try_scm(char **arg)
{
	struct broker_answer answer;
	char **op = cut(arg);
	int to = ask_broker(own_broker(), "give", arg), fd = -1, r;
	bool truncated = false;

	if (to < 0 || !op)
		return to < 0 ? -to : EINVAL;
	r = receive_with(to, &answer, sizeof(answer), &fd, &truncated);
	if (r < (int)sizeof(answer))
		return r < 0 ? -r : EBADMSG;
	if (answer.outcome)
		return answer.outcome;
	if (fd < 0)
		return truncated ? TRUNCATED : ENOMSG;
	r = adopt(&answer, fd);
	return r ? r : run_words(op);
}

/* Control: handed over by a process of our own session. */
static int try_scm_own(char **arg)
{
	int pair[2], fd = -1, r;
	char **op = cut(arg), byte;
	bool truncated;
	pid_t pid;

	if (!op || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return EINVAL;
	pid = fork();
	if (pid == 0) {
		r = prepare(arg);
		_exit(r ? r : send_with(pair[1], "", 1, premade.fd));
	}
	r = receive_with(pair[0], &byte, 1, &fd, &truncated);
	if (r < 1 || fd < 0)
		return r == 1 && truncated ? TRUNCATED : EBADMSG;
	premade.fd = fd;
	return run_words(op);
}

/* Received by a ring: recvmsg() is not called by us. */
static int try_scm_ring(char **arg)
{
	struct broker_answer answer;
	char **op = cut(arg);
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = &answer, .iov_len = sizeof(answer)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int to = ask_broker(own_broker(), "give", arg), fd, r;
	struct io_uring_sqe sqe = {.opcode = IORING_OP_RECVMSG, .fd = to, .len = 1};
	struct ring ring;

	sqe.addr = (uint64_t)(uintptr_t)&msg;
	if (to < 0 || !op)
		return to < 0 ? -to : EINVAL;
	r = ring_make(&ring, 0);
	if (!r && (r = ring_do(&ring, &sqe)) < 0)
		return -r;
	if (r < (int)sizeof(answer) || answer.outcome)
		return r < (int)sizeof(answer) ? EBADMSG : answer.outcome;
	if (msg.msg_controllen < sizeof(control))
		return msg.msg_flags & MSG_CTRUNC ? TRUNCATED : ENOMSG;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	r = adopt(&answer, fd);
	return r ? r : run_words(op);
}

/* Fetched out of a process that is ours to trace. */
static int try_getfd(char **arg)
{
	struct broker_answer answer;
	char **op = cut(arg);
	int to = ask_broker(own_broker(), "keep", arg), fd, pidfd;

	if (to < 0 || !op)
		return to < 0 ? -to : EINVAL;
	if (recv(to, &answer, sizeof(answer), 0) != sizeof(answer))
		return EBADMSG;
	if (answer.outcome)
		return answer.outcome;
	pidfd = (int)syscall(SYS_pidfd_open, answer.pid, 0);
	if (pidfd < 0)
		return errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, answer.fd, 0);
	if (fd < 0)
		return errno;
	int r = adopt(&answer, fd);

	return r ? r : run_words(op);
}

/* Brought along: the process that makes the attempt is moved into our session by root. */
static int try_late(char **arg)
{
	struct broker_answer answer;
	int to = ask_broker("root", "late", arg);

	if (to < 0)
		return -to;
	return recv(to, &answer, sizeof(answer), 0) == sizeof(answer) ? answer.outcome : EBADMSG;
}

/* Put into our ring by another ring. */
static int try_into(char **arg)
{
	struct broker_answer answer;
	char **op = cut(arg);
	char verb[32];
	int to, r = ring_make(&premade.ring, 0);

	if (!r)
		r = ring_register(&premade.ring, -1);
	if (r || !op)
		return r ? r : EINVAL;
	snprintf(verb, sizeof(verb), "into %d", premade.ring.fd);
	to = ask_broker(own_broker(), verb, arg);
	if (to < 0)
		return -to;
	if (recv(to, &answer, sizeof(answer), 0) != sizeof(answer))
		return EBADMSG;
	return answer.outcome ? answer.outcome : run_words(op);
}

const struct operation pass_ops[] = {
	{"scm", 3, try_scm, "WORDS -- OPERATION..."},
	{"scm-own", 3, try_scm_own, "WORDS -- OPERATION..."},
	{"scm-ring", 3, try_scm_ring, "WORDS -- OPERATION..."},
	{"getfd", 3, try_getfd, "WORDS -- OPERATION..."},
	{"late", 3, try_late, "WORDS -- OPERATION..."},
	{"into", 3, try_into, "WORDS -- OPERATION..."},
	{0},
};
