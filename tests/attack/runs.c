// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every way to have a file become code: what exec.deny, exec.allow_only and exec.deny_sha256 are
 * about. "run-by" executes a program that prints an outcome, by ways that via (gain.c) has not;
 * what it makes on the way is gone afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "try.h"

enum { PATH_SIZE = 512, SAID_SIZE = 4096 };

/* A name nobody has, where everybody may write. */
static const char *spare(const char *dir)
{
	static char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/spare-%d", dir, (int)getpid());
	return path;
}

/* Copies a program into an open file, and adds n bytes to it. 0 or errno. */
static int copy_into(int to, const char *from, size_t n)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t r = 1;

	if (fd < 0 || to < 0)
		return errno;
	while (r > 0)
		r = sendfile(to, fd, NULL, 1 << 20);
	(void)close(fd);
	while (!r && n--)
		r = write(to, "x", 1) == 1 ? 0 : -1;
	return r < 0 || fchmod(to, 0755) < 0 ? errno : 0;
}

static int copy_to(const char *to, const char *from, size_t n)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	int r = copy_into(fd, from, n);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Executes what is open; first for reading only, since what can be written cannot be executed. */
static int exec_open(int fd, char **word)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return errno;
	(void)close(fd);
	(void)syscall(SYS_execveat, again, "", word, environ, AT_EMPTY_PATH);
	return errno;
}

/* ---- ways: each returns errno if it returns; what is in `made` goes afterwards ---- */

static char made[PATH_SIZE];

static int exec_made(char **word)
{
	(void)execv(made, word);
	return errno;
}

static int run_relative(char **word)
{
	char dir[PATH_SIZE], base[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s", word[0]);
	snprintf(base, sizeof(base), "%s", word[0]);
	if (chdir(dirname(dir)) < 0)
		return errno;
	(void)execv(basename(base), word);
	return errno;
}

static int run_root(char **word)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/self/root%s", word[0]);
	(void)execv(path, word);
	return errno;
}

static int run_dirfd(char **word)
{
	char dir[PATH_SIZE], base[PATH_SIZE];
	int fd;

	snprintf(dir, sizeof(dir), "%s", word[0]);
	snprintf(base, sizeof(base), "%s", word[0]);
	fd = open(dirname(dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)syscall(SYS_execveat, fd, basename(base), word, environ, 0);
	return errno;
}

static int run_memfd(char **word)
{
	int fd = memfd_create("try", MFD_CLOEXEC);
	int r = copy_into(fd, word[0], 0);

	return r ? r : exec_open(fd, word);
}

static int run_tmpfile(char **word)
{
	int fd = open("/run/try", O_TMPFILE | O_RDWR | O_CLOEXEC, 0755);
	int r = copy_into(fd, word[0], 0);

	return r ? r : exec_open(fd, word);
}

static int run_deleted(char **word)
{
	int fd = -1, r = copy_to(made, word[0], 0);

	if (!r)
		fd = open(made, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(made) < 0)
		return errno;
	(void)syscall(SYS_execveat, fd, "", word, environ, AT_EMPTY_PATH);
	return errno;
}

static int run_copied(char **word)
{
	int r = copy_to(made, word[0], 0);

	return r ? r : exec_made(word);
}

static int run_changed(char **word)
{
	int r = copy_to(made, word[0], 1);

	return r ? r : exec_made(word);
}

static int run_linked(char **word)
{
	return link(word[0], made) < 0 ? errno : exec_made(word);
}

/* Another file gets its name. */
static int run_replaced(char **word)
{
	int r = copy_to(made, word[0], 0);

	if (r || rename(made, word[0]) < 0)
		return r ? r : errno;
	(void)execv(word[0], word);
	return errno;
}

/* No name is looked up: root only. */
static int run_handle(char **word)
{
	struct {
		struct file_handle head;
		unsigned char bytes[128];
	} handle = {.head.handle_bytes = 128};
	int mount, dir = open("/srv", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (name_to_handle_at(AT_FDCWD, word[0], &handle.head, &mount, 0) < 0)
		return errno;
	fd = open_by_handle_at(dir, &handle.head, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	(void)syscall(SYS_execveat, fd, "", word, environ, AT_EMPTY_PATH);
	return errno;
}

static int run_spawn(char **word)
{
	int status, r;
	pid_t pid;

	r = posix_spawn(&pid, word[0], NULL, NULL, word, environ);
	if (r)
		return r;
	(void)waitpid(pid, &status, 0);
	_exit(0); /* it has printed its outcome */
}

static const struct {
	const char *name;
	int (*run)(char **word);
} ways[] = {
	{"relative", run_relative}, {"root", run_root},	      {"dirfd", run_dirfd},
	{"memfd", run_memfd},	    {"tmpfile", run_tmpfile}, {"deleted", run_deleted},
	{"copied", run_copied},	    {"changed", run_changed}, {"linked", run_linked},
	{"replaced", run_replaced}, {"handle", run_handle},   {"spawn", run_spawn},
};

/* The outcome is exec's, or else what the operation prints there. */
static int run(char **arg)
{
	int out[2], failed[2], error = ENOSYS, r;
	pid_t pid;

	snprintf(made, sizeof(made), "%s", spare("/srv/try"));
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return errno;
	if (pid == 0) {
		(void)dup2(out[1], 1);
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			if (!strcmp(ways[i].name, arg[0]))
				error = ways[i].run(arg + 1);
		(void)!write(failed[1], &error, sizeof(error));
		_exit(127);
	}
	(void)close(out[1]);
	(void)close(failed[1]);
	if (read(failed[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	r = ended(pid, out[0]);
	(void)unlink(made);
	return error ? error : r;
}

/* A copy at a place of its own. */
static int copy_run(char **arg)
{
	char *word[WORDS_MAX] = {"via", "path", arg[0]};
	int r = copy_to(arg[0], arg[1], 0);

	for (int i = 2; i < WORDS_MAX - 2 && arg[i]; i++)
		word[i + 1] = arg[i];
	if (!r)
		r = run_words(word);
	(void)unlink(arg[0]);
	return r;
}

/*
 * Runs a program with arguments, "NAME=VALUE" words before it are its environment. A dynamic loader
 * does not give the errno of what it could not map, but says so: that is EPERM here.
 */
static int loads(char **arg)
{
	static const char *const complaints[] = {"failed to map segment", "cannot be preloaded",
						 "Operation not permitted"};
	char said[SAID_SIZE] = "";
	size_t used = 0;
	int pipe_fd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		return errno;
	if (pid == 0) {
		for (; arg[0] && strchr(arg[0], '='); arg++)
			(void)putenv(arg[0]);
		(void)dup2(pipe_fd[1], 1);
		(void)dup2(pipe_fd[1], 2);
		(void)execv(arg[0], arg);
		_exit(errno);
	}
	(void)close(pipe_fd[1]);
	while (used < SAID_SIZE - 1 &&
	       (n = read(pipe_fd[0], said + used, SAID_SIZE - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	(void)close(pipe_fd[0]);
	(void)waitpid(pid, &status, 0);
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
		if (strstr(said, complaints[i]))
			return EPERM;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

/* ---- mapping ---- */

static int map_open(int fd, int prot, int flags)
{
	const void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, prot, flags, fd, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int map_exec(char **arg)
{
	return map_open(open(arg[0], O_RDONLY | O_CLOEXEC), PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static int map_shared(char **arg)
{
	return map_open(open(arg[0], O_RDONLY | O_CLOEXEC), PROT_EXEC, MAP_SHARED);
}

/* All that can be read is executable. */
static int map_implied(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	return personality(READ_IMPLIES_EXEC) < 0 ? errno : map_open(fd, PROT_READ, MAP_PRIVATE);
}

static void *map_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
}

static int map_later(char **arg)
{
	void *at = map_read(arg[0]);

	return at == MAP_FAILED ? errno : outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int map_later_pkey(char **arg)
{
	void *at = map_read(arg[0]);

	return at == MAP_FAILED ? errno : outcome(pkey_mprotect(at, 4096, PROT_EXEC, -1));
}

/* Written to before: what is mapped is a copy, still of that file. */
static int map_copied(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return errno;
	*(volatile char *)at = *at;
	return outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int map_memfd(char **arg)
{
	int fd = memfd_create("try", MFD_CLOEXEC), r;

	(void)arg;
	r = fd < 0 || ftruncate(fd, 4096) < 0 ? errno : 0;
	return r ? r : map_open(fd, PROT_READ | PROT_EXEC, MAP_SHARED);
}

static int map_nothing(char **arg)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	return at == MAP_FAILED ? errno : outcome(munmap(at, 4096));
}

const struct operation run_ops[] = {
	{"run-by", 2, run,
	 "relative|root|dirfd|memfd|tmpfile|deleted|copied|changed|linked|replaced|handle|"
	 "spawn PROGRAM [OPERATION...]"},
	{"copy-run", 2, copy_run, "TO PROGRAM [OPERATION...]"},
	{"loads", 1, loads, "[NAME=VALUE...] PROGRAM [ARG...]"},
	{"map-exec", 1, map_exec, "FILE"},
	{"map-shared", 1, map_shared, "FILE"},
	{"map-implied", 1, map_implied, "FILE"},
	{"map-later", 1, map_later, "FILE"},
	{"map-later-pkey", 1, map_later_pkey, "FILE"},
	{"map-copied", 1, map_copied, "FILE"},
	{"map-memfd", 0, map_memfd, ""},
	{"map-nothing", 0, map_nothing, ""},
	{0},
};
