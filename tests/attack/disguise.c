// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Passing for a program that may: what is executed stands at its place, runs where we are root, or
 * opens files of ours in place of its own. PROGRAM and DYNAMIC are as in steal.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

enum { PATH_SIZE = 256 };

/* ---- where it runs ---- */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		(void)close(fd);
	return outcome(n);
}

/* In name spaces of our own, where we are root. */
static int own_spaces(int flags)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | flags) < 0)
		return errno;
	(void)put("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %d 1", (int)uid);
	if (put("/proc/self/uid_map", map))
		return errno;
	snprintf(map, sizeof(map), "0 %d 1", (int)gid);
	return put("/proc/self/gid_map", map);
}

static int in_userns(char **arg)
{
	int r = own_spaces(0);

	return r ? r : run_words(arg);
}

/* One file over another, for those in our mount name space. */
static int mounted_over(char **arg)
{
	int r = own_spaces(CLONE_NEWNS);

	r = r ? r : outcome(mount(arg[0], arg[1], NULL, MS_BIND, NULL));
	return r ? r : run_words(arg + 2);
}

/* Another root, with everything that is here in it but for one file. */
static int other_root(char **arg)
{
	int r = own_spaces(CLONE_NEWNS);

	r = r ? r : outcome(mount(arg[0], arg[1], NULL, MS_BIND, NULL));
	r = r ? r : outcome(mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL));
	r = r ? r : outcome(chroot("/mnt"));
	return r ? r : run_words(arg + 2);
}

/* What was traced keeps what it is, as /proc has it: then something else is mapped. */
static int pass_for(char **arg)
{
	struct prctl_mm_map map = {0};
	char line[1024], self[PATH_SIZE] = "";
	unsigned long long f[52] = {0};
	FILE *maps, *stat = fopen("/proc/self/stat", "re");
	char *at, *rest = NULL;
	int r = own_spaces(0);

	if (r)
		return r;
	(void)!readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (!stat || !fgets(line, sizeof(line), stat))
		return errno;
	at = strrchr(line, ')') + 1;
	for (int i = 3; i < 52; i++) {
		char *token = strtok_r(i == 3 ? at : NULL, " ", &rest);

		f[i] = token ? strtoull(token, NULL, 10) : 0;
	}
	/* Our own text and data as anonymous copies of themselves: no file is mapped any more. */
	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char perms[8];
		void *copy;
		size_t n;

		if (!strstr(line, self) || sscanf(line, "%lx-%lx %7s", &from, &to, perms) != 3)
			continue;
		n = to - from;
		copy = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (copy == MAP_FAILED)
			return errno;
		memcpy(copy, (void *)from, n); // NOLINT: an address of ours
		if (mprotect(copy, n,
			     (perms[0] == 'r' ? PROT_READ : 0) |
				     (perms[1] == 'w' ? PROT_WRITE : 0) |
				     (perms[2] == 'x' ? PROT_EXEC : 0)) < 0 ||
		    mremap(copy, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)from) == MAP_FAILED)
			return errno;
	}
	map.start_code = f[26];
	map.end_code = f[27];
	map.start_stack = f[28];
	map.start_data = f[45];
	map.end_data = f[46];
	map.start_brk = f[47];
	map.brk = (uintptr_t)sbrk(0);
	map.arg_start = f[48];
	map.arg_end = f[49];
	map.env_start = f[50];
	map.env_end = f[51];
	map.exe_fd = (uint32_t)open(arg[0], O_RDONLY | O_CLOEXEC);
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return errno;
	memset(self, 0, sizeof(self));
	(void)!readlink("/proc/self/exe", self, sizeof(self) - 1);
	return strcmp(self, arg[0]) != 0 ? ENOEXEC : run_words(arg + 1);
}

/* A child that shares our root and working directory. */
static int sharing_fs(char **arg)
{
	return in_child(arg, CLONE_FS, 0);
}

/* ---- files of ours in place of those that it opens ---- */

static int install_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static void pass_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	(void)sendmsg(sock, &msg, 0);
}

static int take_passed(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) < 0 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/* Answers openat: the first with what it asks for, the loader's cache, the second with our file.
 * Whom we answer is not looked into. */
static void supervise(int listener, const char *file)
{
	struct seccomp_notif req;
	struct seccomp_notif_resp resp;

	for (int n = 0;; n++) {
		memset(&req, 0, sizeof(req));
		memset(&resp, 0, sizeof(resp));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
			return;
		if (n == 1) {
			struct seccomp_notif_addfd add = {.id = req.id,
							  .flags = SECCOMP_ADDFD_FLAG_SEND,
							  .srcfd = (uint32_t)open(file, O_RDONLY)};

			(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
			continue;
		}
		resp.id = req.id;
		resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

/* FILE DYNAMIC WORD...: a library for the one it is linked with. */
static int supervised(char **arg)
{
	int out[2], pair[2], listener, r;
	pid_t pid, supervisor;

	if (pipe2(out, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0)
		return errno;
	if (pid == 0) {
		(void)dup2(out[1], 1);
		listener = install_filter();
		if (listener < 0)
			_exit(126);
		pass_fd(pair[1], listener);
		(void)close(listener);
		(void)execv(arg[1], arg + 1);
		_exit(127);
	}
	(void)close(pair[1]);
	(void)close(out[1]);
	listener = take_passed(pair[0]);
	supervisor = fork();
	if (supervisor == 0) {
		supervise(listener, arg[0]);
		_exit(0);
	}
	(void)close(listener);
	r = ended(pid, out[0]);
	(void)kill(supervisor, SIGKILL);
	(void)waitpid(supervisor, NULL, 0);
	return r;
}

/* NAME=VALUE in the environment of what follows. */
static int with_env(char **arg)
{
	return putenv(arg[0]) ? errno : run_words(arg + 1);
}

const struct operation disguise_ops[] = {
	{"in-userns", 1, in_userns, "OPERATION..."},
	{"mounted-over", 3, mounted_over, "FILE PLACE OPERATION..."},
	{"other-root", 3, other_root, "FILE PLACE OPERATION..."},
	{"pass-for", 2, pass_for, "PROGRAM OPERATION..."},
	{"sharing-fs", 1, sharing_fs, "OPERATION..."},
	{"supervised", 3, supervised, "FILE DYNAMIC WORD..."},
	{"with-env", 2, with_env, "NAME=VALUE OPERATION..."},
	{0},
};
