// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that ebpfguardctl runs, see ctl_run.h. */
#include "ctl_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto.h"
#include "util.h"

enum {
	NO_PROGRAM = 127,
	BY_SIGNAL = 128,
	LOOK_MS = 20, /* between two looks whether it has ended */
};

/* The child's side. in, out, errors: descriptors, -1 = nothing, or as ours. */
static void become(const char *const *argv, int in, int out, int errors)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(in >= 0 ? in : null, 0) < 0 || (out >= 0 && dup2(out, 1) < 0) ||
	    (errors >= 0 && dup2(errors, 2) < 0))
		_exit(NO_PROGRAM);
	(void)execvp(argv[0], (char *const *)argv);
	_exit(NO_PROGRAM);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}

/* Waits until the deadline, then kills. */
static int wait_until(pid_t child, int64_t deadline_ms)
{
	bool late = false;
	int status = 0;
	pid_t r;

	while ((r = waitpid(child, &status, WNOHANG)) == 0 || (r < 0 && errno == EINTR)) {
		if (eg_proto_now_ms() < deadline_ms) {
			(void)poll(NULL, 0, LOOK_MS);
			continue;
		}
		late = true;
		(void)kill(child, SIGKILL);
		deadline_ms = INT64_MAX;
	}
	if (r < 0)
		return -errno;
	return late ? -ETIMEDOUT : status_of(status);
}

bool eg_ctl_child_says(const struct eg_ctl_child *child, const char *word, char *buf, size_t size,
		       size_t *used, int timeout_ms)
{
	int64_t deadline = eg_proto_now_ms() + timeout_ms;
	char rest[512];

	for (;;) {
		struct pollfd p = {.fd = child->out, .events = POLLIN};
		int64_t left = deadline - eg_proto_now_ms();
		bool full = *used + 1 >= size;
		ssize_t n;

		buf[*used] = '\0';
		if (word && strstr(buf, word))
			return true;
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		/* What has no room is read all the same: else the child waits for ever. */
		n = read(child->out, full ? rest : buf + *used,
			 full ? sizeof(rest) : size - 1 - *used);
		if (n <= 0)
			return false;
		*used += full ? 0 : (size_t)n;
	}
}

/* in: has it something to read? */
static int start(const char *const *argv, bool in, bool out, bool errors, struct eg_ctl_child *ret)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	pid_t child;
	int r = 0;

	if ((in && pipe2(to, O_CLOEXEC) < 0) || (out && pipe2(from, O_CLOEXEC) < 0))
		r = -errno;
	child = r ? -1 : fork();
	if (child == 0)
		become(argv, to[0], from[1], errors ? from[1] : -1);
	if (child < 0 && !r)
		r = -errno;
	eg_close_p(&to[0]);
	eg_close_p(&from[1]);
	if (r < 0) {
		eg_close_p(&to[1]);
		eg_close_p(&from[0]);
		return r;
	}
	*ret = (struct eg_ctl_child){.pid = child, .in = to[1], .out = from[0]};
	return 0;
}

int eg_ctl_child_start(const char *const *argv, struct eg_ctl_child *ret)
{
	return start(argv, true, true, true, ret);
}

int eg_ctl_child_end(struct eg_ctl_child *child, int timeout_ms)
{
	int r;

	if (!child->pid)
		return 0;
	eg_close_p(&child->in);
	eg_close_p(&child->out);
	r = wait_until(child->pid, eg_proto_now_ms() + timeout_ms);
	*child = (struct eg_ctl_child)EG_CTL_CHILD_NONE;
	return r;
}

int eg_ctl_run(const char *const *argv, char *out, size_t size, bool errors, int timeout_ms)
{
	int64_t deadline = eg_proto_now_ms() + timeout_ms;
	struct eg_ctl_child child = EG_CTL_CHILD_NONE;
	size_t used = 0;
	int r = start(argv, false, out != NULL, errors && out, &child);

	if (r < 0)
		return r;
	if (out)
		(void)eg_ctl_child_says(&child, NULL, out, size, &used, timeout_ms);
	/* Behind its last word it has the rest of its time to end. */
	r = wait_until(child.pid, deadline);
	eg_close_p(&child.out);
	return r;
}
