// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Find the socket that a login came by. */
#include "socket.h"

#include "common.h"
#include "ends.h"
#include "util.h"

#include <dirent.h>
#include <string.h>

enum { LOOKS_MAX = 4096 /* descriptors; sshd has about ten */ };

/* A duplicate, and that looked at once more: another thread may have closed what had the number. */
static int take(int fd, const char *connection)
{
	eg_auto_close int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (own < 0)
		return -errno;
	return eg_ends_came_by(own, connection) ? eg_take_fd(&own) : -ENOENT;
}

/* Returns the duplicate, -ENOENT when there is no such socket, or another negative errno. */
static int look_through(DIR *dir, const char *connection)
{
	struct dirent *entry;

	for (int i = 0; i < LOOKS_MAX; i++) {
		int fd;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? -errno : -ENOENT;
		fd = atoi(entry->d_name); /* 0 for . and .., which costs a look */
		if (eg_ends_came_by(fd, connection))
			return take(fd, connection);
	}
	return -E2BIG;
}

int eg_socket_find(const char *connection, bool *ret_looked)
{
	eg_auto_close int fd = -1;
	DIR *dir;
	int r;

	*ret_looked = true;
	if (!connection || !*connection)
		return -1;
	fd = eg_fd_above_stdio(open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	dir = fd < 0 ? NULL : fdopendir(fd);
	*ret_looked = dir;
	if (!dir)
		return -1;
	(void)eg_take_fd(&fd); /* the stream's now */
	r = look_through(dir, connection);
	(void)closedir(dir); /* opened for reading only */
	*ret_looked = r >= 0 || r == -ENOENT;
	return r < 0 ? -1 : r;
}
