// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sd_notify(3) in ten lines: the helper links no libsystemd. */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util.h"

/* flags: MSG_DONTWAIT where it is no matter whether this one arrives. */
static void notify(const char *state, int flags)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd eg_auto_close = -1;
	size_t n = path ? strlen(path) : 0;

	if (!n || n >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, n);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | flags,
			     (struct sockaddr *)&addr,
			     /* systemd's time-out tells */
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

void eg_notify_ready(void)
{
	notify("READY=1", 0);
}

void eg_notify_reloading(void)
{
	notify("RELOADING=1", 0);
}

void eg_notify_stopping(void)
{
	notify("STOPPING=1", 0);
}

int64_t eg_notify_alive_every_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID"), *text = getenv("WATCHDOG_USEC");
	unsigned long long us;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9' || (pid && atol(pid) != (long)getpid()))
		return 0;
	errno = 0;
	us = strtoull(text, &end, 10);
	if (*end || errno || us / 1000 > INT64_MAX)
		return 0;
	return us / 3000 ? (int64_t)(us / 3000) : us != 0;
}

void eg_notify_alive(void)
{
	/* Were systemd stuck, we would not be: the next one may arrive. */
	notify("WATCHDOG=1", MSG_DONTWAIT);
}
