// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Arguments of processes, which lie in their own memory: who reads them waits for the lock of that.
 * A process can keep it for ever: a thread reads /proc/self/mem where a file of FUSE is mapped that
 * nobody answers for, another calls mmap. So a child reads, which can be left behind, even where no
 * signal ends it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl_host.h"
#include "util.h"

enum {
	WAIT_MS = 1000, /* for the arguments of one process */
	LATE_MAX = 3,	/* times; then nobody's are asked for any more */
};

/* The child, and our end of the line to it. pid 0: there is none. */
static struct {
	pid_t pid;
	int fd;
	unsigned int late;
} reader = {.fd = -1};

struct answer {
	int32_t n; /* bytes, or a negative errno */
	char args[EG_CTL_ARGS_SIZE + 1];
};

/* In the child. It keeps nothing open that others wait for the end of, such as our stdout. */
static void serve(const struct eg_ctl_host *host, int line)
{
	struct answer answer;
	uint32_t pid;

	if (dup2(line, STDIN_FILENO) < 0 || close_range(1, ~0U, 0) < 0)
		_exit(1);
	while (recv(STDIN_FILENO, &pid, sizeof(pid), 0) == sizeof(pid)) {
		answer.n = (int32_t)eg_ctl_process_file(host, pid, "cmdline", answer.args,
							sizeof(answer.args));
		if (send(STDIN_FILENO, &answer,
			 sizeof(answer.n) + (answer.n > 0 ? (size_t)answer.n : 0),
			 MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

static int start(const struct eg_ctl_host *host)
{
	int ends[2];
	pid_t pid;

	if (reader.pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		serve(host, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return -EAGAIN;
	}
	reader.pid = pid;
	reader.fd = ends[0];
	return 0;
}

/* It may not end for long: nobody waits for it. */
static void give_up(void)
{
	(void)kill(reader.pid, SIGKILL);
	(void)waitpid(reader.pid, NULL, WNOHANG);
	eg_close_p(&reader.fd);
	reader.fd = -1;
	reader.pid = 0;
	reader.late++;
}

static bool ask(uint32_t pid, struct answer *ret)
{
	int64_t deadline = eg_proto_now_ms() + WAIT_MS, left = WAIT_MS;
	struct pollfd p = {.fd = reader.fd, .events = POLLIN};
	int n = 0;

	if (send(reader.fd, &pid, sizeof(pid), MSG_NOSIGNAL) < 0)
		return false;
	for (; left > 0 && n <= 0; left = deadline - eg_proto_now_ms())
		n = poll(&p, 1, (int)left);
	return n > 0 && recv(reader.fd, ret, sizeof(*ret), MSG_DONTWAIT) >= (ssize_t)sizeof(ret->n);
}

int eg_ctl_process_args(const struct eg_ctl_host *host, struct eg_ctl_process *process)
{
	struct answer answer;
	int r = reader.late < LATE_MAX ? start(host) : -ETIMEDOUT;

	process->n_args = 0;
	process->args[0] = '\0';
	if (r < 0)
		return r;
	if (!ask(process->pid, &answer)) {
		give_up();
		return -ETIMEDOUT;
	}
	if (answer.n < 0)
		return answer.n;
	memcpy(process->args, answer.args, (size_t)answer.n);
	process->args[answer.n] = '\0';
	process->n_args = (size_t)answer.n;
	/* what a longer title was before, as sshd's: empty arguments at the end say nothing */
	while (process->n_args > 1 && !process->args[process->n_args - 1] &&
	       !process->args[process->n_args - 2])
		process->n_args--;
	return 0;
}
