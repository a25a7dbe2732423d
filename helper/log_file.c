// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A log file: opened only where root alone can write, appended to, followed when it is rotated. */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

enum { LOOK_MS = 1000 };

/* ---- may it be written? Whoever else can write it could forge or remove what is in it. */

static bool is_owners(const struct stat *st, unsigned int owner)
{
	return st->st_uid == 0 || st->st_uid == owner;
}

/* Directories from the root down: in none may others put another one in the place of what is next.
 * In the last, nobody may even add a file. */
static int check_directories(const char *path, unsigned int owner, const char **ret_why)
{
	char part[EG_PATH_TEXT_SIZE];
	const char *last = strrchr(path, '/');
	struct stat st;

	for (const char *at = path; at; at = at == last ? NULL : strchr(at + 1, '/')) {
		bool sticky;

		(void)snprintf(part, sizeof(part), "%.*s", at == path ? 1 : (int)(at - path), path);
		*ret_why = "its directory";
		if (stat(part, &st) < 0)
			return -errno;
		sticky = at != last && st.st_mode & S_ISVTX;
		*ret_why = "others than root can write in a directory above";
		if (!is_owners(&st, owner) || (st.st_mode & (S_IWGRP | S_IWOTH) && !sticky))
			return -EPERM;
	}
	return 0;
}

int eg_log_file_open(const char *path, unsigned int owner, const char **ret_why)
{
	/* A FIFO must not hold us up; a link could lead anywhere. */
	const int flags =
		O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd eg_auto_close = -1;
	struct stat st = {0};
	int r = check_directories(path, owner, ret_why);

	if (r < 0)
		return r;
	fd = open(path, flags, 0640);
	*ret_why = errno == ELOOP ? "a symbolic link is not followed" : "open";
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret_why = "not a regular file";
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_why = "others than root can write it";
	if (!is_owners(&st, owner) || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return eg_take_fd(&fd);
}

/* ---- writing */

/* An earlier helper, or a full disk, may have left a part of a line. */
static bool ends_in_part(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

void eg_log_file_set(struct eg_log_file *file, const char *path, int fd)
{
	eg_log_file_close(file);
	(void)snprintf(file->path, sizeof(file->path), "%s", path);
	file->fd = fd;
	file->broken = fd >= 0 && ends_in_part(fd);
	file->looked_ms = 0;
}

static bool is_still_there(const struct eg_log_file *file)
{
	struct stat is, was;

	return file->fd >= 0 && lstat(file->path, &is) == 0 && fstat(file->fd, &was) == 0 &&
	       is.st_dev == was.st_dev && is.st_ino == was.st_ino;
}

static int follow(struct eg_log_file *file, unsigned int owner, int64_t now_ms)
{
	const char *why;
	int fd;

	if (file->looked_ms && now_ms - file->looked_ms < LOOK_MS)
		return file->fd < 0 ? -EBADF : 0;
	file->looked_ms = now_ms;
	if (is_still_there(file))
		return 0;
	fd = eg_log_file_open(file->path, owner, &why);
	eg_log_file_close(file);
	file->fd = fd < 0 ? -1 : fd;
	file->broken = fd >= 0 && ends_in_part(fd);
	return fd < 0 ? fd : 0;
}

int eg_log_file_write(struct eg_log_file *file, char *line, size_t n, unsigned int owner,
		      int64_t now_ms)
{
	int r = follow(file, owner, now_ms);
	ssize_t written;

	if (r < 0)
		return r;
	if (file->broken && write(file->fd, "\n", 1) != 1)
		return -errno;
	file->broken = false;
	do
		written = write(file->fd, line, n);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)n)
		return 0;
	r = written < 0 ? -errno : -ENOSPC; /* a part of it: the next write would say why */
	file->broken = written > 0;
	/* all but the newline, which stands in front of the next: who reads it finds it whole */
	return written == (ssize_t)n - 1 && n > 1 ? 0 : r;
}

void eg_log_file_close(struct eg_log_file *file)
{
	eg_close_p(&file->fd);
	file->fd = -1;
}
