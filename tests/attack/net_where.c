// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where an attempt is made from: each operation here changes the caller, and then runs another
 * one. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <linux/sched.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"

enum { TEXT_SIZE = 40, CGROUP_SIZE = 4096 };

static int outcome_of_text(const char *text)
{
	char buf[40];

	for (int i = 0; i < 200; i++)
		if (strerrorname_np(i) && !strcmp(text, outcome_text(i, buf)))
			return i;
	if (!strcmp(text, "silent"))
		return SILENT;
	return !strcmp(text, "CTRUNC") ? TRUNCATED : EPROTO;
}

int ended(pid_t pid, int pipe_fd)
{
	char text[TEXT_SIZE] = "";
	ssize_t n = read(pipe_fd, text, sizeof(text) - 1);

	(void)waitpid(pid, NULL, 0);
	text[strcspn(text, "\n")] = '\0';
	return n > 0 ? outcome_of_text(text) : ECHILD;
}

int in_child(char **arg, uint64_t flags, int fd)
{
	struct clone_args clone = {.flags = flags, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd};
	char text[TEXT_SIZE];
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return errno;
	pid = (pid_t)syscall(SYS_clone3, &clone, sizeof(clone));
	if (pid < 0)
		return errno;
	if (pid == 0) {
		const char *word = outcome_text(run_words(arg), text);

		(void)!write(pipe_fd[1], word, strlen(word));
		_exit(0);
	}
	(void)close(pipe_fd[1]);
	return ended(pid, pipe_fd[0]);
}

static int in_fork(char **arg)
{
	return in_child(arg, 0, 0);
}

/* Shares our memory until it ends. */
static int in_vfork(char **arg)
{
	static int result = ECHILD;
	pid_t pid = vfork(); /* NOLINT: the point of it */

	if (pid == 0) {
		result = run_words(arg);
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
	return result;
}

static void *thread(void *arg)
{
	return (void *)(intptr_t)run_words(arg);
}

static int in_thread(char **arg)
{
	pthread_t t;
	void *result;

	if (pthread_create(&t, NULL, thread, arg) || pthread_join(t, &result))
		return ECHILD;
	return (int)(intptr_t)result;
}

/* Another program; prefix: what runs it. */
static int in_program(char **prefix, char **arg)
{
	char *word[2 * WORDS_MAX] = {NULL}, self[256] = "";
	int pipe_fd[2], n = 0;
	pid_t pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || pipe2(pipe_fd, O_CLOEXEC) < 0)
		return errno;
	while (*prefix)
		word[n++] = *prefix++;
	word[n++] = self;
	while (*arg && n < 2 * WORDS_MAX - 1)
		word[n++] = *arg++;
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipe_fd[1], 1);
		(void)execvp(word[0], word);
		_exit(127);
	}
	(void)close(pipe_fd[1]);
	return pid < 0 ? errno : ended(pid, pipe_fd[0]);
}

static int in_exec(char **arg)
{
	return in_program((char *[]){NULL}, arg);
}

/* The user's systemd runs it, in a cgroup outside the session's. */
static int in_manager(char **arg)
{
	return in_program((char *[]){"systemd-run", "--user", "--pipe", "--wait", "--quiet",
				     "--collect", "-pDelegate=yes", NULL},
			  arg);
}

/* The same, but the process that runs it is ours: systemd moves it. */
static int in_scope(char **arg)
{
	return in_program(
		(char *[]){"systemd-run", "--user", "--scope", "--quiet", "--collect", NULL}, arg);
}

static int as_user(char **arg)
{
	int r = outcome(setuid((uid_t)atoi(arg[0])));

	return r ? r : run_words(arg + 1);
}

/* ---- namespaces ---- */

static int in_namespace(char **arg, int flags)
{
	int r = outcome(unshare(flags | (getuid() ? CLONE_NEWUSER : 0)));

	return r ? r : run_words(arg);
}

static int in_userns(char **arg)
{
	return in_namespace(arg, CLONE_NEWUSER);
}

static int in_cgroupns(char **arg)
{
	return in_namespace(arg, CLONE_NEWCGROUP);
}

/* Gives loopback an address. */
static int add_address(const char *host)
{
	struct address a = parse(host, "0");
	struct ifreq flags = {.ifr_name = "lo", .ifr_flags = IFF_UP}, ifr = {.ifr_name = "lo:1"};
	struct in6_ifreq ifr6 = {.ifr6_prefixlen = 128, .ifr6_ifindex = 1};
	int fd = socket(a.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&ifr.ifr_addr, &a.sa, sizeof(struct sockaddr));
	memcpy(&ifr6.ifr6_addr, (char *)&a.sa + 8, 16);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &flags) < 0)
		return errno;
	return outcome(
		ioctl(fd, SIOCSIFADDR, a.sa.ss_family == AF_INET ? (void *)&ifr : (void *)&ifr6));
}

/* A network of one's own, in which the address is ours and a server listens. */
static int in_netns(char **arg)
{
	char *serve[] = {"echo-basic", "7000", NULL};
	int r = outcome(unshare(CLONE_NEWNET | (getuid() ? CLONE_NEWUSER : 0)));
	pid_t pid;

	if (!r)
		r = add_address(arg[0]);
	if (r)
		return r;
	pid = fork();
	if (pid == 0)
		_exit(run_words(serve));
	/* An attempt that finds no server yet would be refused by the wrong one. */
	for (int i = 0; i < 100; i++) {
		r = run_words((char *[]){"link", "tcp", "127.0.0.1", "7000", NULL});
		if (!r)
			break;
		(void)usleep(20000);
	}
	if (!r)
		r = run_words(arg + 1);
	(void)kill(pid, SIGKILL);
	return r;
}

/* ---- cgroups ---- */

static int own_cgroup(char *dir)
{
	char line[CGROUP_SIZE - 64] = "";
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (!f || !fgets(line, sizeof(line), f))
		return errno;
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	snprintf(dir, CGROUP_SIZE, "/sys/fs/cgroup%s", line + 3);
	return 0;
}

/* Below our own: what goes by one exact cgroup loses us. */
static int in_subcgroup(char **arg)
{
	char dir[CGROUP_SIZE], sub[CGROUP_SIZE + 32];
	int r = own_cgroup(dir), fd;

	if (r)
		return r;
	snprintf(sub, sizeof(sub), "%s/try-%d", dir, (int)getpid());
	if (mkdir(sub, 0755) < 0 || (fd = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return errno;
	r = in_child(arg, CLONE_INTO_CGROUP, fd);
	(void)rmdir(sub);
	return r;
}

/* A child that starts in somebody else's. */
static int in_other_cgroup(char **arg)
{
	const char *dir = "/sys/fs/cgroup/try-stray";
	int fd;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? errno : in_child(arg, CLONE_INTO_CGROUP, fd);
}

/* Moved out by root, from outside. */
static int as_stray(char **arg)
{
	struct broker_answer answer;
	int to = ask_broker("root", "move", (char *[]){NULL});

	if (to < 0)
		return -to;
	if (recv(to, &answer, sizeof(answer), 0) != sizeof(answer))
		return EBADMSG;
	return answer.outcome ? answer.outcome : run_words(arg);
}

const struct operation where_ops[] = {
	{"fork", 1, in_fork, "OPERATION..."},
	{"vfork", 1, in_vfork, "OPERATION..."},
	{"thread", 1, in_thread, "OPERATION..."},
	{"exec-self", 1, in_exec, "OPERATION..."},
	{"manager", 1, in_manager, "OPERATION..."},
	{"scope", 1, in_scope, "OPERATION..."},
	{"as", 2, as_user, "UID OPERATION..."},
	{"userns", 1, in_userns, "OPERATION..."},
	{"cgroupns", 1, in_cgroupns, "OPERATION..."},
	{"netns", 2, in_netns, "ADDR OPERATION..."},
	{"subcgroup", 1, in_subcgroup, "OPERATION..."},
	{"other-cgroup", 1, in_other_cgroup, "OPERATION..."},
	{"stray", 1, as_stray, "OPERATION..."},
	{0},
};
