// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A library that gets itself loaded into other people's programs, in place of another one or as an
 * auditor, and does there what STEAL="ADDR PORT" in the environment says: a TCP connection and a
 * few bytes that must come back. Prints the outcome as try does, and ends the program.
 * With EG_HONEST: the library whose place it takes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int eg_nothing(void);
unsigned int la_version(unsigned int version);

__attribute__((visibility("default"))) int eg_nothing(void)
{
	return 0;
}

#ifndef EG_HONEST
static int steal(const char *text)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct timeval limit = {.tv_sec = 3};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char addr[64] = "", buf[8];
	unsigned int port = 0;

	if (sscanf(text, "%63[^:]:%u", addr, &port) != 2 ||
	    inet_pton(AF_INET, addr, &to.sin_addr) != 1)
		return EINVAL;
	to.sin_port = htons((unsigned short)port);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || send(fd, "abc", 3, 0) < 0)
		return errno;
	return recv(fd, buf, sizeof(buf), 0) > 0 ? 0 : ETIMEDOUT;
}

__attribute__((constructor)) static void loaded(void)
{
	const char *text = getenv("STEAL");
	int r;

	if (!text)
		return;
	r = steal(text);
	dprintf(1, "%s\n", r ? strerrorname_np(r) : "ok");
	_exit(0);
}

/* For LD_AUDIT, which loads nothing without it. */
__attribute__((visibility("default"))) unsigned int la_version(unsigned int version)
{
	loaded();
	return version;
}
#endif
