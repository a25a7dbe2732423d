// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Getting into other processes, and what can be done to them from afar.
 *
 * WHO is a number, "child" (see with-child), or a name under which "hold" has left its number. All
 * copies of this program that are not setuid have held[] at the same address: it is linked
 * without PIE.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

enum { HELD_FD = 100, HELD_PIPE = 101, PATH_SIZE = 256 };

static char held[4096] __attribute__((aligned(4096))) = "held";
static pid_t child;

pid_t pid_of(const char *who)
{
	char path[PATH_SIZE];
	pid_t pid = 0;
	FILE *f;

	if (!strcmp(who, "child"))
		return child;
	if (*who >= '0' && *who <= '9')
		return (pid_t)atoi(who);
	snprintf(path, sizeof(path), "/run/try/%s.pid", who);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &pid) != 1)
		errx(TROUBLE, "who is %s?", who);
	(void)fclose(f);
	return pid;
}

/* ---- the other side ---- */

/* A terminal of its own; its name is left in /run/try/NAME.pty. */
static void hold_terminal(const char *name)
{
	char path[PATH_SIZE];
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *f;

	snprintf(path, sizeof(path), "/run/try/%s.pty", name);
	f = fopen(path, "we");
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || !f)
		err(TROUBLE, "terminal");
	fprintf(f, "%s\n", ptsname(master));
	(void)fclose(f);
}

/* Waits to be attacked, until killed. With "userns" as second word in name spaces of its own. */
static int hold(char **arg)
{
	char path[PATH_SIZE], final[PATH_SIZE];
	int pipe_fd[2];
	FILE *f;

	if (arg[1] && unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) < 0)
		err(TROUBLE, "unshare");
	if (dup2(open("/dev/null", O_RDWR), HELD_FD) < 0)
		err(TROUBLE, "fd");
	if (chdir("/") < 0 || pipe(pipe_fd) < 0 || dup2(pipe_fd[0], HELD_PIPE) < 0)
		err(TROUBLE, "holding");
	hold_terminal(arg[0]);
	snprintf(path, sizeof(path), "/run/try/%s.new", arg[0]);
	snprintf(final, sizeof(final), "/run/try/%s.pid", arg[0]);
	f = fopen(path, "we");
	if (!f)
		err(TROUBLE, "%s", path);
	fprintf(f, "%d\n", (int)getpid());
	(void)fclose(f);
	(void)rename(path, final);
	for (;;)
		(void)pause();
}

/* Control: a child of ours is attacked. */
static int with_child(char **arg)
{
	int ready[2], r;
	char byte = 0;

	if (pipe(ready) < 0 || (child = fork()) < 0)
		return errno;
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(open("/dev/null", O_RDWR), HELD_FD);
		(void)!write(ready[1], &byte, 1);
		for (;;)
			(void)pause();
	}
	(void)!read(ready[0], &byte, 1);
	r = run_words(arg);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return r;
}

/* ---- ptrace and what asks the same question ---- */

static int attach(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	int r = outcome(ptrace(PTRACE_ATTACH, pid, 0, 0));

	if (r)
		return r;
	(void)waitpid(pid, NULL, __WALL);
	return outcome(ptrace(PTRACE_DETACH, pid, 0, 0));
}

static int seize(char **arg)
{
	return outcome(ptrace(PTRACE_SEIZE, pid_of(arg[0]), 0, 0));
}

static int proc_open(const char *who, const char *name, int flags)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid_of(who), name);
	return open(path, flags | O_CLOEXEC);
}

static int mem_write(char **arg)
{
	int fd = proc_open(arg[0], "mem", O_RDWR);

	if (fd < 0)
		return errno;
	return outcome(pwrite(fd, "HELD", 4, (off_t)(uintptr_t)held));
}

static int mem_read(char **arg)
{
	int fd = proc_open(arg[0], "mem", O_RDONLY);
	char buf[4];

	if (fd < 0)
		return errno;
	return outcome(pread(fd, buf, sizeof(buf), (off_t)(uintptr_t)held));
}

static int vm_write(char **arg)
{
	struct iovec here = {"HELD", 4}, there = {held, 4};

	return outcome(process_vm_writev(pid_of(arg[0]), &here, 1, &there, 1, 0));
}

static int vm_read(char **arg)
{
	char buf[4];
	struct iovec here = {buf, 4}, there = {held, 4};

	return outcome(process_vm_readv(pid_of(arg[0]), &here, 1, &there, 1, 0));
}

static int pidfd_of(const char *who)
{
	return (int)syscall(SYS_pidfd_open, pid_of(who), 0);
}

static int take_fd(char **arg)
{
	return outcome(syscall(SYS_pidfd_getfd, pidfd_of(arg[0]), HELD_FD, 0));
}

/* PID 1 has no HELD_FD, but standard input. */
static int take_fd_0(char **arg)
{
	return outcome(syscall(SYS_pidfd_getfd, pidfd_of(arg[0]), 0, 0));
}

/* What reads from the other end of it takes orders from us. */
static int proc_pipe(char **arg)
{
	int fd = proc_open(arg[0], "fd/101" /* HELD_PIPE */, O_WRONLY | O_NONBLOCK);

	return outcome(fd < 0 ? -1 : write(fd, "x", 1));
}

/* Any file below /proc/WHO, opened for reading: fd/100, environ, root/etc/passwd, ns/mnt, maps. */
static int proc_file(char **arg)
{
	int fd = proc_open(arg[0], arg[1], O_RDONLY | O_NONBLOCK);
	char byte;

	if (fd < 0)
		return errno;
	/* environ, maps and the like may ask on reading only. */
	if (read(fd, &byte, 1) < 0 && errno != EINVAL && errno != EAGAIN && errno != EISDIR)
		return errno;
	return 0;
}

static int compare(char **arg)
{
	return outcome(syscall(SYS_kcmp, getpid(), pid_of(arg[0]), KCMP_FS, 0, 0) < 0 ? -1 : 0);
}

static int advise(char **arg)
{
	struct iovec there = {held, 4096};

	return outcome(syscall(SYS_process_madvise, pidfd_of(arg[0]), &there, 1, MADV_COLD, 0));
}

static int move_pages_of(char **arg)
{
	void *page = held;
	int node = 0, status;

	return outcome(syscall(SYS_move_pages, pid_of(arg[0]), 1, &page, &node, &status,
			       2 /* MPOL_MF_MOVE */));
}

static int robust_list(char **arg)
{
	void *head;
	size_t len;

	return outcome(syscall(SYS_get_robust_list, pid_of(arg[0]), &head, &len));
}

/* ---- name spaces ---- */

static int flag_of(const char *ns)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},	{"uts", CLONE_NEWUTS},
		{"net", CLONE_NEWNET},	 {"pid", CLONE_NEWPID}, {"cgroup", CLONE_NEWCGROUP},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, ns))
			return kinds[i].flag;
	errx(TROUBLE, "no such name space: %s", ns);
}

int open_ns(const char *ns, const char *who)
{
	char name[32];

	snprintf(name, sizeof(name), "ns/%s", ns);
	return proc_open(who, name, O_RDONLY);
}

static int enter_by_file(char **arg)
{
	int fd = open_ns(arg[0], arg[1]), r;

	if (fd < 0)
		return errno;
	r = outcome(setns(fd, flag_of(arg[0])));
	return r || !arg[2] ? r : run_words(arg + 2);
}

static int enter_by_pidfd(char **arg)
{
	int r = outcome(setns(pidfd_of(arg[1]), flag_of(arg[0])));

	return r || !arg[2] ? r : run_words(arg + 2);
}

/* Handed over by somebody else. */
static int enter_by_fd(char **arg)
{
	int r = outcome(setns(premade.fd, flag_of(arg[0])));

	return r || !arg[1] ? r : run_words(arg + 1);
}

/* ---- signals ---- */

static int send_kill(char **arg)
{
	return outcome(kill(pid_of(arg[0]), atoi(arg[1])));
}

static int send_tgkill(char **arg)
{
	pid_t pid = pid_of(arg[0]);

	return outcome(syscall(SYS_tgkill, pid, pid, atoi(arg[1])));
}

static int send_tkill(char **arg)
{
	return outcome(syscall(SYS_tkill, pid_of(arg[0]), atoi(arg[1])));
}

static int send_pidfd(char **arg)
{
	return outcome(syscall(SYS_pidfd_send_signal, pidfd_of(arg[0]), atoi(arg[1]), NULL, 0));
}

static int send_queued(char **arg)
{
	siginfo_t info = {.si_signo = atoi(arg[1]), .si_code = SI_QUEUE};

	return outcome(syscall(SYS_rt_sigqueueinfo, pid_of(arg[0]), atoi(arg[1]), &info));
}

static int send_tg_queued(char **arg)
{
	siginfo_t info = {.si_signo = atoi(arg[1]), .si_code = SI_QUEUE};
	pid_t pid = pid_of(arg[0]);

	return outcome(syscall(SYS_rt_tgsigqueueinfo, pid, pid, atoi(arg[1]), &info));
}

/* ---- limits and scheduling: what is set is what was there ---- */

static int same_prlimit(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	struct rlimit limit;
	int r = outcome(prlimit(pid, RLIMIT_NOFILE, NULL, &limit));

	return r ? r : outcome(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int same_scheduler(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	struct sched_param p;
	int policy = sched_getscheduler(pid);

	if (policy < 0 || sched_getparam(pid, &p) < 0)
		return errno;
	return outcome(sched_setscheduler(pid, policy, &p));
}

static int same_param(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	struct sched_param p;

	return outcome(sched_getparam(pid, &p) < 0 ? -1 : sched_setparam(pid, &p));
}

static int same_attr(char **arg)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {0};
	pid_t pid = pid_of(arg[0]);

	if (syscall(SYS_sched_getattr, pid, &attr, sizeof(attr), 0) < 0)
		return errno;
	attr.flags = 0;
	return outcome(syscall(SYS_sched_setattr, pid, &attr, 0));
}

static int same_priority(char **arg)
{
	id_t pid = (id_t)pid_of(arg[0]);
	int nice = getpriority(PRIO_PROCESS, pid);

	return outcome(setpriority(PRIO_PROCESS, pid, nice));
}

static int same_io_priority(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	long prio = syscall(SYS_ioprio_get, 1, pid);

	return prio < 0 ? errno : outcome(syscall(SYS_ioprio_set, 1, pid, prio));
}

static int same_affinity(char **arg)
{
	pid_t pid = pid_of(arg[0]);
	cpu_set_t set;

	if (sched_getaffinity(pid, sizeof(set), &set) < 0)
		return errno;
	return outcome(sched_setaffinity(pid, sizeof(set), &set));
}

/* A number below /proc/WHO, read and written back: oom_score_adj and its like. */
static int same_proc(char **arg)
{
	char buf[64];
	int fd = proc_open(arg[0], arg[1], O_RDWR);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	return outcome(n < 0 ? -1 : pwrite(fd, buf, (size_t)n, 0));
}

/* ---- terminals ---- */

/* Types into the terminal of a holder. */
static int type_into(char **arg)
{
	char path[PATH_SIZE], name[PATH_SIZE] = "";
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "/run/try/%s.pty", arg[0]);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		(void)fclose(f);
	name[strcspn(name, "\n")] = '\0';
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); /* no name: ENOENT */
	return outcome(fd < 0 ? -1 : ioctl(fd, TIOCSTI, "x"));
}

const struct operation trace_ops[] = {
	{"hold", 1, hold, "NAME [userns]"},
	{"with-child", 1, with_child, "OPERATION..."},
	{"attach", 1, attach, "WHO"},
	{"seize", 1, seize, "WHO"},
	{"mem-write", 1, mem_write, "WHO"},
	{"mem-read", 1, mem_read, "WHO"},
	{"vm-write", 1, vm_write, "WHO"},
	{"vm-read", 1, vm_read, "WHO"},
	{"take-fd", 1, take_fd, "WHO"},
	{"take-fd-0", 1, take_fd_0, "WHO"},
	{"proc-pipe", 1, proc_pipe, "WHO"},
	{"proc-file", 2, proc_file, "WHO NAME"},
	{"kcmp", 1, compare, "WHO"},
	{"madvise", 1, advise, "WHO"},
	{"move-pages", 1, move_pages_of, "WHO"},
	{"robust-list", 1, robust_list, "WHO"},
	{"enter-file", 2, enter_by_file, "NS WHO [OPERATION...]"},
	{"enter-pidfd", 2, enter_by_pidfd, "NS WHO [OPERATION...]"},
	{"enter-fd", 1, enter_by_fd, "NS [OPERATION...]"},
	{"kill", 2, send_kill, "WHO SIGNAL"},
	{"tgkill", 2, send_tgkill, "WHO SIGNAL"},
	{"tkill", 2, send_tkill, "WHO SIGNAL"},
	{"pidfd-signal", 2, send_pidfd, "WHO SIGNAL"},
	{"sigqueue", 2, send_queued, "WHO SIGNAL"},
	{"tgsigqueue", 2, send_tg_queued, "WHO SIGNAL"},
	{"same-prlimit", 1, same_prlimit, "WHO"},
	{"same-scheduler", 1, same_scheduler, "WHO"},
	{"same-param", 1, same_param, "WHO"},
	{"same-attr", 1, same_attr, "WHO"},
	{"same-priority", 1, same_priority, "WHO"},
	{"same-io-priority", 1, same_io_priority, "WHO"},
	{"same-affinity", 1, same_affinity, "WHO"},
	{"same-proc", 2, same_proc, "WHO NAME"},
	{"type-into", 1, type_into, "HOLDER"},
	{0},
};
