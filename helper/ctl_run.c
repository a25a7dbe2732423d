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

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

void eg_ctl_run_watch(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction stop = {.sa_handler = on_signal}; /* and nothing is restarted */

	for (size_t i = 0; i < EG_ARRAY_SIZE(numbers); i++)
		(void)sigaction(numbers[i], &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

bool eg_ctl_run_stopped(void)
{
	return stopped;
}

/* The child's side. in, out, errors: descriptors, -1 = nothing. */
static void become(const char *const *argv, int in, int out, int errors)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(in >= 0 ? in : null, 0) < 0 || dup2(out >= 0 ? out : null, 1) < 0 ||
	    dup2(errors >= 0 ? errors : null, 2) < 0)
		_exit(NO_PROGRAM);
	(void)signal(SIGPIPE, SIG_DFL);
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
	size_t kept = word ? strlen(word) : 0;
	char rest[512] = "";

	for (;;) {
		struct pollfd p = {.fd = child->out, .events = POLLIN};
		int64_t left = deadline - eg_proto_now_ms();
		bool full;
		ssize_t n;

		buf[*used] = '\0';
		if (word && strstr(buf, word))
			return true;
		if (word && *used + 1 >= size) {
			memmove(buf, buf + *used - kept, kept);
			*used = kept;
		}
		full = *used + 1 >= size;
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
static int start(const char *const *argv, bool in, bool errors, struct eg_ctl_child *ret)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	pid_t child;
	int r = 0;

	if ((in && pipe2(to, O_CLOEXEC) < 0) || pipe2(from, O_CLOEXEC) < 0)
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
	return start(argv, true, true, ret);
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
	int r = start(argv, false, errors, &child);

	if (r < 0)
		return r;
	(void)eg_ctl_child_says(&child, NULL, out, size, &used, timeout_ms);
	/* Behind its last word it has the rest of its time to end. */
	r = wait_until(child.pid, deadline);
	eg_close_p(&child.out);
	return r;
}
