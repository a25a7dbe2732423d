// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* As many refusals as there can be in a short time: the same one, and many that differ. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "try.h"

enum { WAIT_US = 50000 };

/* The i-th attempt: most connect to one place, some send there, some connect to one of many. */
static int attempt(int fd, long i)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	bool sends = i % 5 == 3, varies = i % 5 == 4;

	to.sin_addr.s_addr = htonl(0x12040506 + (varies ? (uint32_t)(i % 4096) : 0));
	if (sends)
		return (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

/* Attempts, once the file is there. Prints how many were refused, of connects and of sendmsgs. */
static int refusals(char **arg)
{
	long n = atol(arg[0]), refused[2] = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		err(TROUBLE, "socket");
	while (access(arg[1], F_OK) < 0)
		usleep(WAIT_US);
	for (long i = 0; i < n; i++)
		if (attempt(fd, i) < 0 && errno == EPERM)
			refused[i % 5 == 3]++;
	printf("%ld %ld\n", refused[0], refused[1]);
	exit(0);
}

const struct operation flood_ops[] = {
	{"refusals", 2, refusals, "ATTEMPTS FILE"},
	{0},
};
