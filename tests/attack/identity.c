// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Becoming somebody else, or staying privileged: what setuid.deny is about. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

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

const struct operation identity_ops[] = {
	{"setuid", 1, try_setuid, "UID"},
	{"setreuid", 1, try_setreuid, "UID"},
	{"setresuid", 1, try_setresuid, "UID"},
	{"setfsuid", 1, try_setfsuid, "UID"},
	{"regain", 0, try_regain, ""},
	{"exec", 1, try_exec, "PROGRAM [ARG...]"},
	{0},
};
