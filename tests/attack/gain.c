// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gaining what one does not have: groups, capabilities, another program's identity. What a gain
 * must be checked for is asked by is-euid, is-egid and has-cap, which the wrappers here run with
 * what they have gained.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "try.h"

/* Not by getgrnam(): a static program has no name services. */
static gid_t gid_of(const char *word)
{
	FILE *f = fopen("/etc/group", "re");
	gid_t gid = (gid_t)atoi(word);
	struct group buf, *g;
	char line[1024];

	while (f && !fgetgrent_r(f, &buf, line, sizeof(line), &g))
		if (!strcmp(g->gr_name, word))
			gid = g->gr_gid;
	if (f)
		(void)fclose(f);
	return gid;
}

static int try_setgid(char **arg)
{
	return outcome(setgid(gid_of(arg[0])));
}

static int try_setegid(char **arg)
{
	return outcome(setregid((gid_t)-1, gid_of(arg[0])));
}

static int try_setregid(char **arg)
{
	return outcome(setregid(gid_of(arg[0]), (gid_t)-1));
}

static int try_setresgid(char **arg)
{
	return outcome(setresgid((gid_t)-1, (gid_t)-1, gid_of(arg[0])));
}

/* setfsgid reports nothing: ask for the value afterwards. */
static int try_setfsgid(char **arg)
{
	gid_t wanted = gid_of(arg[0]);

	(void)setfsgid(wanted);
	return (gid_t)setfsgid((gid_t)-1) == wanted ? 0 : EPERM;
}

static int try_setgroups(char **arg)
{
	gid_t list[2] = {getgid(), gid_of(arg[0])};

	return outcome(setgroups(2, list));
}

/* ---- capabilities ---- */

struct caps {
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[2];
};

static int caps_get(struct caps *c)
{
	memset(c, 0, sizeof(*c));
	c->head.version = _LINUX_CAPABILITY_VERSION_3;
	return outcome(syscall(SYS_capget, &c->head, c->data));
}

static int caps_set(struct caps *c)
{
	return outcome(syscall(SYS_capset, &c->head, c->data));
}

static int has_cap(char **arg)
{
	struct caps c;
	int n = atoi(arg[0]), r = caps_get(&c);

	return r ? r : c.data[n / 32].effective & 1U << n % 32 ? 0 : EPERM;
}

static int is_euid(char **arg)
{
	return geteuid() == (uid_t)atoi(arg[0]) ? 0 : EPERM;
}

static int is_egid(char **arg)
{
	return getegid() == gid_of(arg[0]) ? 0 : EPERM;
}

/* For an interpreter line, which passes one word only. */
static int is_root(char **arg)
{
	(void)arg;
	return geteuid() ? EPERM : 0;
}

/* alice's ids, but every capability: what a program with file capabilities could be. */
static int demoted(char **arg)
{
	struct caps c;

	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0 || caps_get(&c))
		err(TROUBLE, "demoting");
	for (int i = 0; i < 2; i++)
		c.data[i].effective = c.data[i].permitted;
	if (caps_set(&c))
		err(TROUBLE, "capset");
	return run_words(arg);
}

/* alice with one inheritable capability and none permitted, as pam_cap makes her. */
static int inheriting(char **arg)
{
	struct caps c;
	int n = atoi(arg[0]);

	if (caps_get(&c))
		err(TROUBLE, "capget");
	c.data[n / 32].inheritable |= 1U << n % 32;
	if (caps_set(&c) || setgroups(0, NULL) < 0 || setresgid(1000, 1000, 1000) < 0 ||
	    setresuid(1000, 1000, 1000) < 0)
		err(TROUBLE, "becoming alice");
	return run_words(arg + 1);
}

/* uid 0 without capabilities: the next exec gives root all of them back. */
static int capless(char **arg)
{
	struct caps c;

	if (caps_get(&c))
		err(TROUBLE, "capget");
	memset(c.data, 0, sizeof(c.data));
	if (caps_set(&c))
		err(TROUBLE, "capset");
	return run_words(arg);
}

/* Control: dropping capabilities. */
static int drop_caps(char **arg)
{
	struct caps c;

	(void)arg;
	if (caps_get(&c))
		err(TROUBLE, "capget");
	memset(c.data, 0, sizeof(c.data));
	return caps_set(&c);
}

/* Control: away from root for a while and back, as many programs do. */
static int euid_and_back(char **arg)
{
	int r = outcome(seteuid((uid_t)atoi(arg[0])));

	return r ? r : outcome(seteuid(0));
}

/* Gives a file capabilities, as setcap(8) does; for the world. CAP: number; HOW: ep, ei. */
static int file_caps(char **arg)
{
	int n = atoi(arg[1]);
	bool inheritable = strchr(arg[2], 'i') != NULL;
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};

	*(inheritable ? &data.data[n / 32].inheritable : &data.data[n / 32].permitted) = 1U
											 << n % 32;
	return outcome(setxattr(arg[0], "security.capability", &data, sizeof(data), 0));
}

/* ---- another copy of this program, by every way to execute it ---- */

static void execute(const char *how, char **word)
{
	char path[64];
	int fd;

	if (!strcmp(how, "path")) {
		(void)execv(word[0], word);
		return;
	}
	fd = open(word[0], O_PATH); /* stays open: an interpreter must find it */
	if (fd < 0)
		return;
	if (!strcmp(how, "fd")) {
		(void)syscall(SYS_execveat, fd, "", word, environ, AT_EMPTY_PATH);
	} else if (!strcmp(how, "proc")) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)execv(path, word);
	} else if (!strcmp(how, "at")) {
		(void)syscall(SYS_execveat, AT_FDCWD, word[0], word, environ, 0);
	} else {
		errno = EINVAL;
	}
}

/* The outcome is exec's, or else what the operation prints there. */
static int via(char **arg)
{
	int out[2], failed[2], error = 0, r;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return errno;
	if (pid == 0) {
		(void)dup2(out[1], 1);
		execute(arg[0], arg + 1);
		error = errno;
		(void)!write(failed[1], &error, sizeof(error));
		_exit(127);
	}
	(void)close(out[1]);
	(void)close(failed[1]);
	if (read(failed[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	r = ended(pid, out[0]);
	return error ? error : r;
}

/* ---- user namespaces; unshare() is "userns" of net_where.c ---- */

static int clone3_userns(char **arg)
{
	return in_child(arg, CLONE_NEWUSER, 0);
}

/* clone(), the older call. */
static int clone_userns(char **arg)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	int status;

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(run_words(arg));
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

const struct operation gain_ops[] = {
	{"setgid", 1, try_setgid, "GID"},
	{"setegid", 1, try_setegid, "GID"},
	{"setregid", 1, try_setregid, "GID"},
	{"setresgid", 1, try_setresgid, "GID"},
	{"setfsgid", 1, try_setfsgid, "GID"},
	{"setgroups", 1, try_setgroups, "GID"},
	{"is-euid", 1, is_euid, "UID"},
	{"is-egid", 1, is_egid, "GID"},
	{"is-root", 0, is_root, ""},
	{"has-cap", 1, has_cap, "NUMBER"},
	{"demoted", 1, demoted, "OPERATION..."},
	{"inheriting", 2, inheriting, "NUMBER OPERATION..."},
	{"capless", 1, capless, "OPERATION..."},
	{"drop-caps", 0, drop_caps, ""},
	{"euid-and-back", 1, euid_and_back, "UID"},
	{"file-caps", 3, file_caps, "FILE NUMBER ep|ei"},
	{"via", 2, via, "path|fd|proc|at PROGRAM [OPERATION...]"},
	{"clone3-userns", 1, clone3_userns, "OPERATION..."},
	{"clone-userns", 1, clone_userns, "OPERATION..."},
	{0},
};
