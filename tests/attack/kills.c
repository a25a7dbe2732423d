// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attempts that are to cost the process its life: does it die, and had it any use of the call
 * before?
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "try.h"

enum { SPINNERS = 3, STACK_SIZE = 1 << 18 };

/* What a child leaves behind, in memory its parent shares. */
static struct {
	volatile int marked; /* 1 = an instruction ran after the attempt */
	volatile int outcome;
	volatile int64_t begun;		     /* ns, when the attempt was about to be made */
	volatile int64_t last[SPINNERS + 1]; /* ns, when each of the other threads ran */
} * left;

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void share(void)
{
	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (left == MAP_FAILED)
		err(TROUBLE, "mmap");
}

static void attempt(char **arg)
{
	int r;

	left->begun = now_ns();
	r = run_words(arg);
	left->marked = 1;
	left->outcome = r;
	_exit(0);
}

/* The outcome of one child: KILLED, MARKED, or that of its attempt. */
static int verdict(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return left->marked ? MARKED : KILLED;
	if (!WIFEXITED(status))
		return ECHILD;
	return left->marked ? left->outcome : WEXITSTATUS(status) ? ECHILD : 0;
}

/* Again and again, until one survives. */
static int die_often(char **arg, void (*die)(char **))
{
	int times = atoi(arg[0]), r = KILLED, status;

	share();
	for (int i = 0; i < times && r == KILLED; i++) {
		pid_t pid;

		memset((void *)left, 0, sizeof(*left));
		pid = fork();
		if (pid < 0)
			return errno;
		if (pid == 0)
			die(arg + 1);
		if (waitpid(pid, &status, 0) < 0)
			return errno;
		r = verdict(status);
	}
	return r;
}

static int dying(char **arg)
{
	return die_often(arg, attempt);
}

/* ---- one thread of several ---- */

static void *spin(void *arg)
{
	volatile int64_t *last = arg;

	for (;;)
		*last = now_ns();
	return NULL;
}

static void *attempt_thread(void *arg)
{
	attempt(arg);
	return NULL;
}

/* The attempt is made by one thread, and the others, the first one among them, go on meanwhile. */
static void attempt_beside(char **arg)
{
	pthread_t thread;

	for (size_t i = 1; i <= SPINNERS; i++)
		if (pthread_create(&thread, NULL, spin, (void *)&left->last[i]))
			_exit(TROUBLE);
	for (size_t i = 1; i <= SPINNERS; i++)
		while (!left->last[i])
			(void)sched_yield();
	if (pthread_create(&thread, NULL, attempt_thread, arg))
		_exit(TROUBLE);
	(void)spin((void *)&left->last[0]);
}

/* How long the other threads ran on after the attempt began goes to the standard error. */
static int dying_threads(char **arg)
{
	char *once[WORDS_MAX] = {(char[]){"1"}};
	int times = atoi(arg[0]), r = KILLED, i;
	int64_t longest = 0;

	for (i = 1; i < WORDS_MAX - 1 && arg[i]; i++)
		once[i] = arg[i];
	for (i = 0; i < times && r == KILLED; i++) {
		r = die_often(once, attempt_beside);
		for (size_t k = 0; r == KILLED && k <= SPINNERS; k++)
			if (left->last[k] - left->begun > longest)
				longest = left->last[k] - left->begun;
		(void)munmap((void *)left, sizeof(*left));
	}
	if (r == KILLED)
		warnx("%d times: other threads ran for up to %lld us from the beginning of the "
		      "call",
		      times, (long long)longest / 1000);
	return r;
}

/* ---- who is near ---- */

static int attempt_shared(void *arg)
{
	attempt(arg);
	return 0;
}

/* A child by vfork(), one that shares memory and files, or process 1 of a pid namespace: only the
 * child is to die. */
static int beside(char **arg)
{
	static char stack[STACK_SIZE];
	int flags = CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, status;
	pid_t pid;

	share();
	if (!strcmp(arg[0], "vfork"))
		flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
	else if (!strcmp(arg[0], "fork"))
		flags = SIGCHLD;
	else if (!strcmp(arg[0], "pidns"))
		flags = CLONE_NEWPID | SIGCHLD;
	pid = clone(attempt_shared, stack + sizeof(stack), flags, arg + 1);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return verdict(status);
}

/* ---- another program ---- */

static int execute(char **arg)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return errno;
	(void)execv(arg[0], arg);
	return errno;
}

const struct operation kill_ops[] = {
	{"dying", 2, dying, "TIMES OPERATION..."},
	{"dying-threads", 2, dying_threads, "TIMES OPERATION..."},
	{"beside", 2, beside, "vfork|share|fork|pidns OPERATION..."},
	{"execute", 1, execute, "PROGRAM [ARG...]"},
	{0},
};
