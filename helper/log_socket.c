// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Datagrams to syslog or journald, without ever waiting for long. */
#include "log_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util.h"

static int open_socket(struct eg_log_socket *to)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd eg_auto_close = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", to->path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	to->fd = eg_take_fd(&fd);
	return 0;
}

static int send_once(struct eg_log_socket *to, const char *bytes, size_t n)
{
	ssize_t sent;

	do
		sent = send(to->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int send_patiently(struct eg_log_socket *to, const char *bytes, size_t n)
{
	struct pollfd room = {.fd = to->fd, .events = POLLOUT};
	int r = send_once(to, bytes, n);

	/* A signal ends the wait early: then it is as if the reader was stuck. */
	if ((r == -EAGAIN || r == -ENOBUFS) && !to->stuck) {
		to->waits++;
		if (poll(&room, 1, EG_LOG_WAIT_MS) > 0)
			r = send_once(to, bytes, n);
	}
	to->stuck = r == -EAGAIN || r == -ENOBUFS;
	return r == -ENOBUFS ? -EAGAIN : r;
}

int eg_log_socket_send(struct eg_log_socket *to, const char *bytes, size_t n)
{
	int r = to->fd >= 0 ? send_patiently(to, bytes, n) : -ENOTCONN;

	if (!r || r == -EAGAIN || r == -EMSGSIZE)
		return r;
	/* Whoever listened is gone; somebody else may. */
	eg_close_p(&to->fd);
	to->fd = -1;
	r = open_socket(to);
	return r < 0 ? r : send_patiently(to, bytes, n);
}

bool eg_log_socket_has_room(struct eg_log_socket *to, int wait_ms, int64_t now_ms)
{
	struct pollfd room = {.fd = to->fd, .events = POLLOUT};

	/* An error is an event, too: sending finds out which. */
	if (to->fd < 0 || poll(&room, 1, wait_ms) != 0) {
		to->full_ms = 0;
		return true;
	}
	if (!to->full_ms)
		to->full_ms = now_ms;
	return now_ms - to->full_ms >= EG_LOG_PATIENCE_MS;
}
