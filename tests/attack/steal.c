// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stealing what a program may: each operation here gets that program to do somebody else's work, or
 * passes for it. PROGRAM is a copy of this one at another path, or DYNAMIC, the same linked
 * dynamically; so all variables and functions are where they are here.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

enum { READY_FD = 50, DRIVE_SIZE = 512, PATH_SIZE = 256, PASSED_FD = 51 };

/* ---- the victim: does by itself nothing but wait ---- */

/* Words of an operation, as somebody else writes them into us. */
static char drive[DRIVE_SIZE] __attribute__((aligned(4096)));

static int run_line(char *line)
{
	char *word[WORDS_MAX] = {NULL}, *save = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " ", &save); w && n < WORDS_MAX - 1;
	     w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	return run_words(word);
}

/* Where a tracer sends us. */
static void driven(void)
{
	char text[40];

	printf("%s\n", outcome_text(run_line(drive), text));
	(void)fflush(NULL);
	_exit(0);
}

static int be_held(char **arg)
{
	(void)arg;
	(void)!write(READY_FD, "", 1);
	for (;;)
		(void)pause();
	return 0;
}

/* Until there are words: those of whoever gets at our memory. */
static int be_driven(char **arg)
{
	(void)arg;
	(void)!write(READY_FD, "", 1);
	while (!*(volatile char *)drive)
		(void)usleep(10000);
	return run_line(drive);
}

/* The same while a child borrows our memory. */
static int be_lent(char **arg)
{
	pid_t pid = vfork(); /* NOLINT: the point of it */

	(void)arg;
	if (pid == 0) {
		(void)!write(READY_FD, "", 1);
		while (!*(volatile char *)drive)
			(void)usleep(10000);
		_exit(0);
	}
	return run_line(drive);
}

/* What a program says that has done nothing for anybody. */
static int be_good(char **arg)
{
	(void)arg;
	return EPERM;
}

/* ---- getting at it ---- */

struct victim {
	pid_t pid;
	int out;
};

static void join(char *buf, char **word)
{
	*buf = '\0';
	for (; *word; word++)
		snprintf(buf + strlen(buf), DRIVE_SIZE - strlen(buf), "%s%s", *buf ? " " : "",
			 *word);
}

/* Starts PROGRAM WHAT; before: run in the child before exec. Returns when it says it is ready;
 * ready: false = do not wait. */
static struct victim start(const char *program, const char *what, int (*before)(void), bool ready)
{
	struct victim v = {0};
	int out[2], go[2];
	char byte;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 || (v.pid = fork()) < 0)
		err(TROUBLE, "start");
	if (v.pid == 0) {
		(void)dup2(out[1], 1);
		(void)dup2(go[1], READY_FD);
		if (before && before())
			_exit(126);
		(void)execl(program, program, what, NULL);
		_exit(127);
	}
	(void)close(out[1]);
	(void)close(go[1]);
	v.out = out[0];
	if (ready && read(go[0], &byte, 1) != 1)
		errx(TROUBLE, "%s %s does not start", program, what);
	(void)close(go[0]);
	return v;
}

static int poke(pid_t pid, char **word)
{
	char text[DRIVE_SIZE] __attribute__((aligned(8))) = "";

	join(text, word);
	for (size_t i = 0; i < strlen(text) + 1; i += sizeof(long)) {
		long value;

		memcpy(&value, text + i, sizeof(value));
		if (ptrace(PTRACE_POKEDATA, pid, drive + i, value) < 0)
			return errno;
	}
	return 0;
}

/* A stopped process goes on in driven(). */
static int send_there(pid_t pid)
{
#ifdef __x86_64__
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return errno;
	regs.rip = (uintptr_t)driven;
	regs.rsp = ((regs.rsp - 4096) & ~15ULL) - 8;
	regs.orig_rax = (unsigned long long)-1; /* no system call to begin anew */
	return outcome(ptrace(PTRACE_SETREGS, pid, 0, &regs));
#else
	(void)pid;
	return ENOSYS;
#endif
}

static int finish_victim(struct victim *v, int r)
{
	if (r)
		(void)kill(v->pid, SIGKILL);
	else
		return ended(v->pid, v->out);
	(void)waitpid(v->pid, NULL, 0);
	return r;
}

static int by_attach(char **arg)
{
	struct victim v = start(arg[0], "be-held", NULL, true);
	int r = outcome(ptrace(PTRACE_ATTACH, v.pid, 0, 0));

	if (!r)
		(void)waitpid(v.pid, NULL, __WALL);
	r = r ? r : poke(v.pid, arg + 1);
	r = r ? r : send_there(v.pid);
	return finish_victim(&v, r ? r : outcome(ptrace(PTRACE_DETACH, v.pid, 0, 0)));
}

static int by_seize(char **arg)
{
	struct victim v = start(arg[0], "be-held", NULL, true);
	int r = outcome(ptrace(PTRACE_SEIZE, v.pid, 0, 0));

	if (!r)
		r = outcome(ptrace(PTRACE_INTERRUPT, v.pid, 0, 0));
	if (!r)
		(void)waitpid(v.pid, NULL, __WALL);
	r = r ? r : poke(v.pid, arg + 1);
	r = r ? r : send_there(v.pid);
	return finish_victim(&v, r ? r : outcome(ptrace(PTRACE_DETACH, v.pid, 0, 0)));
}

static int trace_me(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

/* Traced into the exec, and left alone before it does anything. */
static int by_traceme(char **arg)
{
	struct victim v = start(arg[0], "be-driven", trace_me, false);
	int r;

	(void)waitpid(v.pid, NULL, __WALL);
	r = poke(v.pid, arg + 1);
	return finish_victim(&v, r ? r : outcome(ptrace(PTRACE_DETACH, v.pid, 0, 0)));
}

static int stop_self(void)
{
	(void)raise(SIGSTOP);
	return 0;
}

/* The same with a tracer that was there before. */
static int by_seize_exec(char **arg)
{
	struct victim v = start(arg[0], "be-driven", stop_self, false);
	int status = 0, r;

	(void)waitpid(v.pid, &status, WUNTRACED);
	r = outcome(ptrace(PTRACE_SEIZE, v.pid, 0, PTRACE_O_TRACEEXEC));
	(void)kill(v.pid, SIGCONT);
	while (!r && status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
		if (waitpid(v.pid, &status, __WALL) < 0 || WIFEXITED(status))
			return ECHILD;
		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			(void)ptrace(PTRACE_CONT, v.pid, 0, 0);
	}
	r = r ? r : poke(v.pid, arg + 1);
	return finish_victim(&v, r ? r : outcome(ptrace(PTRACE_DETACH, v.pid, 0, 0)));
}

static int write_mem(pid_t pid, char **word)
{
	char path[PATH_SIZE], text[DRIVE_SIZE];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	join(text, word);
	/* The first byte last: it is what is waited for. */
	if (fd < 0)
		return errno;
	r = outcome(pwrite(fd, text + 1, strlen(text), (off_t)(uintptr_t)(drive + 1)));
	r = r ? r : outcome(pwrite(fd, text, 1, (off_t)(uintptr_t)drive));
	(void)close(fd);
	return r;
}

static int by_mem(char **arg)
{
	struct victim v = start(arg[0], "be-driven", NULL, true);

	return finish_victim(&v, write_mem(v.pid, arg + 1));
}

static int by_vm_write(char **arg)
{
	struct victim v = start(arg[0], "be-driven", NULL, true);
	char text[DRIVE_SIZE];
	struct iovec here = {text, 0}, there = {drive, 0};

	join(text, arg + 1);
	here.iov_len = there.iov_len = strlen(text) + 1;
	return finish_victim(&v, outcome(process_vm_writev(v.pid, &here, 1, &there, 1, 0)));
}

/* Waits for a file, and says so by another, FILE.ready. */
static int after(char **arg)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s.ready", arg[0]);
	(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	while (access(arg[0], F_OK) < 0)
		(void)usleep(10000);
	return run_words(arg + 1);
}

/* As a script's interpreter: the operation is the script's second line, behind "# ". */
static int by_script(char **arg)
{
	char line[DRIVE_SIZE] = "";
	FILE *f = fopen(arg[0], "re");

	if (!f || !fgets(line, sizeof(line), f) || !fgets(line, sizeof(line), f))
		return ENOEXEC;
	line[strcspn(line, "\n")] = '\0';
	return run_line(line + 2);
}

/* Finds the child of the victim that borrows its memory, and writes to that. */
static int by_lent(char **arg)
{
	struct victim v = start(arg[0], "be-lent", NULL, true);
	char path[PATH_SIZE];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)v.pid, (int)v.pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		errx(TROUBLE, "no child");
	(void)fclose(f);
	return finish_victim(&v, write_mem(child, arg + 1));
}

/* Its socket, by the same right as its memory. The victim has connected: PROTO ADDR PORT. */
static int by_socket(char **arg)
{
	char *words[] = {"be-connected", arg[1], arg[2], arg[3], NULL};
	int out[2], go[2], pidfd, fd, r;
	char byte;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return errno;
	if (pid == 0) {
		(void)dup2(go[1], READY_FD);
		(void)dup2(open("/dev/null", O_WRONLY), 1);
		(void)execl(arg[0], arg[0], words[0], words[1], words[2], words[3], NULL);
		_exit(127);
	}
	(void)close(go[1]);
	if (read(go[0], &byte, 1) != 1) {
		(void)waitpid(pid, NULL, 0);
		return ECONNREFUSED;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, PASSED_FD, 0);
	r = fd < 0 ? errno : exchange(fd);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
}

static int connected(char **arg)
{
	struct address a = parse(arg[1], arg[2]);
	int fd, r = make_socket(a.sa.ss_family, arg[0], &fd);

	r = r ? r : connect_in_time(fd, sockaddr_of(&a), a.len);
	if (!r && dup2(fd, PASSED_FD) < 0)
		r = errno;
	return r;
}

static int be_connected(char **arg)
{
	int r = connected(arg);

	if (r)
		return r;
	(void)!write(READY_FD, "", 1);
	for (;;)
		(void)pause();
}

/* The program connects and executes another with the socket. */
static int connect_and_exec(char **arg)
{
	int r = connected(arg + 1);

	if (r)
		return r;
	(void)execl(arg[0], arg[0], "use-passed", NULL);
	return errno;
}

static int use_passed(char **arg)
{
	(void)arg;
	limit_waiting(PASSED_FD);
	return exchange(PASSED_FD);
}

/* Makes a socket and executes another program, which connects it. */
static int socket_and_exec(char **arg)
{
	struct address a = parse(arg[2], arg[3]);
	int fd, r = make_socket(a.sa.ss_family, arg[1], &fd);

	if (r)
		return r;
	(void)dup2(fd, PASSED_FD);
	(void)execl(arg[0], arg[0], "connect-passed", arg[2], arg[3], NULL);
	return errno;
}

static int connect_passed(char **arg)
{
	struct address a = parse(arg[0], arg[1]);
	int r = connect_in_time(PASSED_FD, sockaddr_of(&a), a.len);

	limit_waiting(PASSED_FD);
	return r ? r : exchange(PASSED_FD);
}

/* Connects and goes on as long as it works, but no longer than that. */
static int stay(char **arg)
{
	int r = connected(arg + 1), left = atoi(arg[0]) * 10;

	while (!r && left--) {
		r = exchange(PASSED_FD);
		(void)usleep(100000);
	}
	return r;
}

/* The same without sending: until something happens to the socket. */
static int stay_idle(char **arg)
{
	int r = connected(arg + 1), left = atoi(arg[0]);
	struct timeval second = {.tv_sec = 1};
	char byte;

	(void)setsockopt(PASSED_FD, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	while (!r && left--)
		if (recv(PASSED_FD, &byte, 1, 0) < 0 && errno != EAGAIN)
			r = errno;
	return r;
}

/* Executes this very process into another program: no child in between. */
static int becomes(char **arg)
{
	(void)execv(arg[0], arg);
	return errno;
}

const struct operation steal_ops[] = {
	{"be-held", 0, be_held, ""},
	{"be-driven", 0, be_driven, ""},
	{"be-lent", 0, be_lent, ""},
	{"be-good", 0, be_good, ""},
	{"be-connected", 3, be_connected, "PROTO ADDR PORT"},
	{"by-attach", 2, by_attach, "PROGRAM OPERATION..."},
	{"by-seize", 2, by_seize, "PROGRAM OPERATION..."},
	{"by-traceme", 2, by_traceme, "PROGRAM OPERATION..."},
	{"by-seize-exec", 2, by_seize_exec, "PROGRAM OPERATION..."},
	{"by-mem", 2, by_mem, "PROGRAM OPERATION..."},
	{"by-script", 1, by_script, "SCRIPT"},
	{"after", 2, after, "FILE OPERATION..."},
	{"by-vm-write", 2, by_vm_write, "PROGRAM OPERATION..."},
	{"by-lent", 2, by_lent, "PROGRAM OPERATION..."},
	{"by-socket", 4, by_socket, "PROGRAM PROTO ADDR PORT"},
	{"connect-and-exec", 4, connect_and_exec, "OTHER PROTO ADDR PORT"},
	{"use-passed", 0, use_passed, ""},
	{"socket-and-exec", 4, socket_and_exec, "OTHER PROTO ADDR PORT"},
	{"connect-passed", 2, connect_passed, "ADDR PORT"},
	{"stay", 4, stay, "SECONDS PROTO ADDR PORT"},
	{"stay-idle", 4, stay_idle, "SECONDS PROTO ADDR PORT"},
	{"becomes", 1, becomes, "PROGRAM [WORD...]"},
	{0},
};
