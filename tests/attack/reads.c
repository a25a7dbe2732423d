// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every way to read a file, and the ways to change one that files.c has not. What is asked is
 * whether what the file holds can be had: a read of some bytes follows each open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "try.h"

enum { PATH_SIZE = 512 };

/* Something of what a descriptor is open on. A directory is listed. */
static int taste(int fd)
{
	char byte;
	struct stat st;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		DIR *dir = fdopendir(fd);

		errno = 0;
		return dir && readdir(dir) ? 0 : errno ? errno : ENODATA;
	}
	return outcome(read(fd, &byte, 1) == 1 ? 0 : -1);
}

static int read_plain(char **arg)
{
	return taste(open(arg[0], O_RDONLY | O_CLOEXEC));
}

static int read_update(char **arg)
{
	return taste(open(arg[0], O_RDWR | O_CLOEXEC));
}

/* By a descriptor of the directory, not by a path. */
static int read_there(char **arg)
{
	int dir = open(arg[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? errno : taste(openat(dir, arg[1], O_RDONLY | O_CLOEXEC));
}

static int read_chdir(char **arg)
{
	return chdir(arg[0]) < 0 ? errno : taste(open(arg[1], O_RDONLY | O_CLOEXEC));
}

static int read_chroot(char **arg)
{
	return chroot(arg[0]) < 0 ? errno : taste(open(arg[1], O_RDONLY | O_CLOEXEC));
}

static int read_reopened(char **arg)
{
	char path[64];
	int fd = open(arg[0], O_PATH | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? errno : taste(open(path, O_RDONLY | O_CLOEXEC));
}

/* HANDLE-OF DIRECTORY: a handle is made of the file, and what the kernel remembers is forgotten. */
static int read_handle(char **arg)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + 128];
	} h = {.head = {.handle_bytes = 128}};
	int id, dir = open(arg[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (name_to_handle_at(AT_FDCWD, arg[0], &h.head, &id, 0) < 0)
		return errno;
	return taste(open_by_handle_at(dir, &h.head, O_RDONLY | O_CLOEXEC));
}

/* The handle in a file: of one that is not in the kernel's caches. */
static int save_handle(char **arg)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + 128];
	} h = {.head = {.handle_bytes = 128}};
	int id, fd = open(arg[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (name_to_handle_at(AT_FDCWD, arg[0], &h.head, &id, 0) < 0)
		return errno;
	return outcome(write(fd, &h, sizeof(h)) == sizeof(h) ? 0 : -1);
}

static int read_saved_handle(char **arg)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + 128];
	} h;
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	int dir = open(arg[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (read(fd, &h, sizeof(h)) != sizeof(h))
		return EBADMSG;
	return taste(open_by_handle_at(dir, &h.head, O_RDONLY | O_CLOEXEC));
}

static int read_uring(char **arg)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT,
				   .fd = AT_FDCWD,
				   .addr = (uint64_t)(uintptr_t)arg[0],
				   .open_flags = O_RDONLY};
	struct ring ring;
	int r = ring_make(&ring, 0);

	if (r)
		return r;
	r = ring_do(&ring, &sqe);
	return r < 0 ? -r : taste(r);
}

static int read_mapped(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	const char *map = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);

	return map == MAP_FAILED ? errno : outcome(map[0] ? 0 : -1);
}

static int read_sent(char **arg)
{
	int pipes[2], fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pipe(pipes) < 0)
		return errno;
	return outcome(sendfile(pipes[1], fd, NULL, 1));
}

/* Moved to where it may be read, and back. */
static int read_moved(char **arg)
{
	int r = outcome(rename(arg[0], arg[1]));

	if (r)
		return r;
	r = taste(open(arg[1], O_RDONLY | O_CLOEXEC));
	(void)rename(arg[1], arg[0]);
	return r;
}

static int read_exchanged(char **arg)
{
	int fd = open(arg[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600), r;

	(void)close(fd);
	r = outcome(renameat2(AT_FDCWD, arg[1], AT_FDCWD, arg[0], RENAME_EXCHANGE));
	if (!r) {
		r = taste(open(arg[1], O_RDONLY | O_CLOEXEC));
		(void)renameat2(AT_FDCWD, arg[1], AT_FDCWD, arg[0], RENAME_EXCHANGE);
	}
	(void)unlink(arg[1]);
	return r;
}

static int read_linked(char **arg)
{
	int r = outcome(link(arg[0], arg[1]));

	if (r)
		return r;
	r = taste(open(arg[1], O_RDONLY | O_CLOEXEC));
	(void)unlink(arg[1]);
	return r;
}

static int read_symlinked(char **arg)
{
	int r = outcome(symlink(arg[0], arg[1]));

	if (r)
		return r;
	r = taste(open(arg[1], O_RDONLY | O_CLOEXEC));
	(void)unlink(arg[1]);
	return r;
}

/* A file or tree bound to another place, in a mount namespace of our own. */
static int read_bound(char **arg)
{
	/* Not for everybody, where the name space is root's. */
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount(arg[0], arg[1], NULL, MS_BIND | MS_REC, NULL) < 0)
		return errno;
	return taste(open(arg[2], O_RDONLY | O_CLOEXEC));
}

static int run(char **arg)
{
	int pipe_fd[2], error = 0, status;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return errno;
	pid = fork();
	if (!pid) {
		(void)execl(arg[0], arg[0], NULL);
		error = errno;
		(void)!write(pipe_fd[1], &error, sizeof(error));
		_exit(0);
	}
	(void)close(pipe_fd[1]);
	(void)!read(pipe_fd[0], &error, sizeof(error));
	(void)waitpid(pid, &status, 0);
	return error;
}

/*
 * As often as can be until a file is there: can it be had even once? STOP is who renames meanwhile.
 * Mixed: a number of another kind than refused.
 */
static int read_often(char **arg)
{
	char ready[PATH_SIZE];
	int last = ENODATA, n = 0;

	snprintf(ready, sizeof(ready), "%s.ready", arg[1]);
	(void)close(open(ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	for (; access(arg[1], F_OK) < 0; n++) {
		int fd = open(arg[0], O_RDONLY | O_CLOEXEC);

		if (fd >= 0)
			return 0;
		if (n && errno != last)
			return errno;
		last = errno;
	}
	return n < 100 ? ETIME : last;
}

/* DIR NAME N STOP: a new file over the name, N times. */
static int replace_often(char **arg)
{
	char fresh[PATH_SIZE], path[PATH_SIZE];
	int n = atoi(arg[2]), r = 0;

	snprintf(fresh, sizeof(fresh), "%s/fresh", arg[0]);
	snprintf(path, sizeof(path), "%s/%s", arg[0], arg[1]);
	for (int i = 0; i < n && !r; i++) {
		int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		if (fd < 0 || write(fd, "secret\n", 7) != 7)
			return errno;
		(void)close(fd);
		r = outcome(rename(fresh, path));
		if (i % 50 == 0)
			(void)usleep(1000);
	}
	(void)close(open(arg[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	return r;
}

/* A directory in place of one: made beside it, then renamed. */
static int dir_replaced(char **arg)
{
	char spare[PATH_SIZE];
	int r;

	snprintf(spare, sizeof(spare), "/srv/try/spare-%d", (int)getpid());
	r = outcome(rename(arg[0], spare));
	if (!r) {
		r = outcome(mkdir(arg[0], 0755));
		(void)rmdir(arg[0]);
		(void)rename(spare, arg[0]);
	}
	return r;
}

static int dir_rmdir(char **arg)
{
	int r = outcome(rmdir(arg[0]));

	if (!r)
		(void)mkdir(arg[0], 0777);
	return r;
}

static int dir_mkdir(char **arg)
{
	int r = outcome(mkdir(arg[0], 0755));

	if (!r)
		(void)rmdir(arg[0]);
	return r;
}

static int fd_read(char **arg)
{
	(void)arg;
	return taste(premade.fd);
}

static int fd_read_again(char **arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", premade.fd);
	return taste(open(path, O_RDONLY | O_CLOEXEC));
}

static int write_allocated(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : outcome(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1));
}

/* A file without a name gets one. */
static int write_tmpfile(char **arg)
{
	char path[64];
	int fd = open("/srv/try", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = outcome(linkat(AT_FDCWD, path, AT_FDCWD, arg[0], AT_SYMLINK_FOLLOW));
	if (!r)
		(void)unlink(arg[0]);
	return r;
}

const struct operation read_ops[] = {
	{"read", 1, read_plain, "FILE"},
	{"read-update", 1, read_update, "FILE"},
	{"read-there", 2, read_there, "DIR NAME"},
	{"read-chdir", 2, read_chdir, "DIR NAME"},
	{"read-chroot", 2, read_chroot, "DIR FILE"},
	{"read-reopened", 1, read_reopened, "FILE"},
	{"read-handle", 2, read_handle, "FILE DIR"},
	{"save-handle", 2, save_handle, "FILE HANDLE"},
	{"read-saved-handle", 2, read_saved_handle, "HANDLE DIR"},
	{"read-uring", 1, read_uring, "FILE"},
	{"read-mapped", 1, read_mapped, "FILE"},
	{"read-sent", 1, read_sent, "FILE"},
	{"read-moved", 2, read_moved, "FILE TO"},
	{"read-exchanged", 2, read_exchanged, "FILE WITH"},
	{"read-linked", 2, read_linked, "FILE TO"},
	{"read-symlinked", 2, read_symlinked, "FILE AT"},
	{"read-bound", 3, read_bound, "FROM TO FILE"},
	{"run", 1, run, "PROGRAM"},
	{"read-often", 2, read_often, "FILE STOP"},
	{"replace-often", 4, replace_often, "DIR NAME N STOP"},
	{"dir-replaced", 1, dir_replaced, "DIR"},
	{"dir-rmdir", 1, dir_rmdir, "DIR"},
	{"dir-mkdir", 1, dir_mkdir, "DIR"},
	{"fd-read", 0, fd_read, ""},
	{"fd-read-again", 0, fd_read_again, ""},
	{"write-allocated", 1, write_allocated, "FILE"},
	{"write-tmpfile", 1, write_tmpfile, "FILE"},
	{0},
};
