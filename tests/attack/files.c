// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every way to change a file, or what a name stands for. What succeeds is undone: the file has the
 * same contents and mode afterwards, a new name is gone.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "try.h"

enum { PATH_SIZE = 512, CONTENTS_MAX = 16 << 20 };

struct saved {
	struct stat st;
	char *bytes;
	ssize_t n;
};

/* A name nobody has, on the same file system. */
static void spare(const char *path, char ret[static PATH_SIZE])
{
	const char *dir = !strncmp(path, "/run/", 5)	      ? "/run/try"
			  : !strncmp(path, "/sys/fs/bpf", 11) ? "/sys/fs/bpf"
							      : "/srv/try";

	if (!strncmp(path, "/srv/fs/", 8)) /* each is a file system */
		snprintf(ret, PATH_SIZE, "%.*s/try/spare-%d", 8 + (int)strcspn(path + 8, "/"), path,
			 (int)getpid());
	else
		snprintf(ret, PATH_SIZE, "%s/spare-%d", dir, (int)getpid());
}

/* Keeps what a file holds; returns errno. */
static int save(const char *path, struct saved *s)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	s->bytes = malloc(CONTENTS_MAX);
	if (fd < 0 || !s->bytes || fstat(fd, &s->st) < 0)
		return errno;
	s->n = read(fd, s->bytes, CONTENTS_MAX);
	(void)close(fd);
	return s->n < 0 ? errno : s->n == CONTENTS_MAX ? EFBIG : 0;
}

/* Puts it there again, as a new file or over the old one. */
static int put(const char *path, const struct saved *s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, s->bytes, (size_t)s->n) != s->n ||
	    fchown(fd, s->st.st_uid, s->st.st_gid) < 0 || fchmod(fd, s->st.st_mode & 07777) < 0)
		return errno;
	return outcome(close(fd));
}

/* ---- opening ---- */

static int file_write(char **arg)
{
	return outcome(open(arg[0], O_WRONLY | O_CLOEXEC));
}

static int file_update(char **arg)
{
	return outcome(open(arg[0], O_RDWR | O_APPEND | O_CLOEXEC));
}

static int file_read(char **arg)
{
	return outcome(open(arg[0], O_RDONLY | O_CLOEXEC));
}

static int file_empty(char **arg)
{
	struct saved s;
	int r = save(arg[0], &s), fd;

	if (r)
		return r;
	fd = open(arg[0], O_RDONLY | O_TRUNC | O_CLOEXEC);
	return fd < 0 ? errno : put(arg[0], &s);
}

static int file_truncate(char **arg)
{
	struct stat st;
	int r = outcome(stat(arg[0], &st));

	return r ? r : outcome(truncate(arg[0], st.st_size));
}

static int file_create(char **arg)
{
	int r = outcome(open(arg[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

	if (!r)
		(void)unlink(arg[0]);
	return r;
}

/* Again, through a descriptor that could not write. */
static int file_reopen(char **arg)
{
	char path[64];
	int fd = open(arg[0], O_PATH | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return outcome(fd < 0 ? -1 : open(path, O_WRONLY | O_CLOEXEC));
}

static int file_chdir(char **arg)
{
	int r = outcome(chdir(arg[0]));

	return r ? r : outcome(open(arg[1], O_WRONLY | O_CLOEXEC));
}

static int file_chroot(char **arg)
{
	int r = outcome(chroot(arg[0]));

	return r ? r : outcome(open(arg[1], O_WRONLY | O_CLOEXEC));
}

static int uring_file(struct io_uring_sqe *sqe)
{
	struct ring ring;
	int r = ring_make(&ring, 0);

	if (r)
		return r;
	r = ring_do(&ring, sqe);
	return r < 0 ? -r : 0;
}

static int uring_open(char **arg)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT,
				   .fd = AT_FDCWD,
				   .addr = (uint64_t)(uintptr_t)arg[0],
				   .open_flags = O_WRONLY};

	return uring_file(&sqe);
}

/* ---- names ---- */

static int file_remove(char **arg)
{
	struct saved s;
	int r = save(arg[0], &s);

	if (!r)
		r = outcome(unlink(arg[0]));
	return r ? r : put(arg[0], &s);
}

static int uring_remove(char **arg)
{
	struct saved s;
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uint64_t)(uintptr_t)arg[0]};
	int r = save(arg[0], &s);

	if (!r)
		r = uring_file(&sqe);
	return r ? r : put(arg[0], &s);
}

/* The usual way to replace a file. */
static int file_replace(char **arg)
{
	char other[PATH_SIZE];
	struct saved s;
	int r = save(arg[0], &s);

	spare(arg[0], other);
	if (!r)
		r = put(other, &s);
	if (!r)
		r = outcome(rename(other, arg[0]));
	(void)unlink(other);
	return r;
}

/* Renamed to a name that is not there yet. */
static int file_rename_in(char **arg)
{
	char other[PATH_SIZE];
	int r;

	spare(arg[0], other);
	(void)close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	r = outcome(rename(other, arg[0]));
	(void)unlink(r ? other : arg[0]);
	return r;
}

static int file_rename_away(char **arg)
{
	char other[PATH_SIZE];
	int r;

	spare(arg[0], other);
	r = outcome(rename(arg[0], other));
	if (!r)
		(void)rename(other, arg[0]);
	return r;
}

static int file_exchange(char **arg)
{
	char other[PATH_SIZE];
	struct saved s;
	int r = save(arg[0], &s);

	spare(arg[0], other);
	if (!r)
		r = put(other, &s);
	if (!r)
		r = outcome(renameat2(AT_FDCWD, other, AT_FDCWD, arg[0], RENAME_EXCHANGE));
	(void)unlink(other);
	return r;
}

/* A second name for it, by which it could be changed. */
static int file_link(char **arg)
{
	char other[PATH_SIZE];
	int r;

	spare(arg[0], other);
	r = outcome(link(arg[0], other));
	(void)unlink(other);
	return r;
}

/* Something else gets that name. */
static int file_link_in(char **arg)
{
	char other[PATH_SIZE];
	int r;

	spare(arg[0], other);
	(void)close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	r = outcome(link(other, arg[0]));
	(void)unlink(other);
	if (!r)
		(void)unlink(arg[0]);
	return r;
}

static int file_symlink(char **arg)
{
	int r = outcome(symlink("/nowhere", arg[0]));

	if (!r)
		(void)unlink(arg[0]);
	return r;
}

static int file_mkdir(char **arg)
{
	int r = outcome(mkdir(arg[0], 0700));

	if (!r)
		(void)rmdir(arg[0]);
	return r;
}

static int file_pipe(char **arg)
{
	int r = outcome(mkfifo(arg[0], 0600));

	if (!r)
		(void)unlink(arg[0]);
	return r;
}

static int file_socket(char **arg)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int r, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", arg[0]);
	r = outcome(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	if (!r)
		(void)unlink(arg[0]);
	return r;
}

/* ---- attributes ---- */

static int file_chmod(char **arg)
{
	struct stat st;
	int r = outcome(stat(arg[0], &st));

	return r ? r : outcome(chmod(arg[0], st.st_mode & 07777));
}

static int file_chown(char **arg)
{
	struct stat st;
	int r = outcome(stat(arg[0], &st));

	return r ? r : outcome(chown(arg[0], st.st_uid, st.st_gid));
}

static int file_xattr(char **arg)
{
	int r = outcome(setxattr(arg[0], "trusted.try", "x", 1, 0));

	return r ? r : outcome(removexattr(arg[0], "trusted.try"));
}

/* chattr(1)'s flags, for which a descriptor need not be able to write. */
static int file_flags(char **arg)
{
	int flags, fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return errno == ENOTTY ? ABSENT - ENOTTY : errno;
	return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* ---- an open file, handed over by somebody else ---- */

static int fd_nothing(char **arg)
{
	(void)arg;
	return outcome(fcntl(premade.fd, F_GETFL));
}

/* Nothing is written, but the kernel asks all the same. */
static int fd_write(char **arg)
{
	return outcome(write(premade.fd, arg[0], strlen(arg[0])));
}

static int fd_truncate(char **arg)
{
	struct stat st;

	(void)arg;
	return outcome(fstat(premade.fd, &st) < 0 ? -1 : ftruncate(premade.fd, st.st_size));
}

static int fd_reopen(char **arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", premade.fd);
	return outcome(open(path, O_WRONLY | O_CLOEXEC));
}

const struct operation file_ops[] = {
	{"file-write", 1, file_write, "FILE"},
	{"file-update", 1, file_update, "FILE"},
	{"file-read", 1, file_read, "FILE"},
	{"file-empty", 1, file_empty, "FILE"},
	{"file-truncate", 1, file_truncate, "FILE"},
	{"file-create", 1, file_create, "FILE"},
	{"file-reopen", 1, file_reopen, "FILE"},
	{"file-chdir", 2, file_chdir, "DIR NAME"},
	{"file-chroot", 2, file_chroot, "DIR FILE"},
	{"file-remove", 1, file_remove, "FILE"},
	{"file-replace", 1, file_replace, "FILE"},
	{"file-rename-in", 1, file_rename_in, "FILE"},
	{"file-rename-away", 1, file_rename_away, "FILE"},
	{"file-exchange", 1, file_exchange, "FILE"},
	{"file-link", 1, file_link, "FILE"},
	{"file-link-in", 1, file_link_in, "FILE"},
	{"file-symlink", 1, file_symlink, "FILE"},
	{"file-mkdir", 1, file_mkdir, "FILE"},
	{"file-pipe", 1, file_pipe, "FILE"},
	{"file-socket", 1, file_socket, "FILE"},
	{"file-chmod", 1, file_chmod, "FILE"},
	{"file-chown", 1, file_chown, "FILE"},
	{"file-xattr", 1, file_xattr, "FILE"},
	{"file-flags", 1, file_flags, "FILE"},
	{"uring-open", 1, uring_open, "FILE"},
	{"uring-remove", 1, uring_remove, "FILE"},
	{"fd-nothing", 0, fd_nothing, ""},
	{"fd-write", 1, fd_write, "TEXT"},
	{"fd-truncate", 0, fd_truncate, ""},
	{"fd-reopen", 0, fd_reopen, ""},
	{0},
};
