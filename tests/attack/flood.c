// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* As many refusals as there can be in a short time: the same one, and many that differ; and some at
 * a pace. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "try.h"

enum { WAIT_US = 50000, SPIN_NS = 2000000 };

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

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Until then, to the microsecond: asleep for most of it. */
static void wait_until(int64_t ns)
{
	int64_t left = ns - now_ns();

	if (left > SPIN_NS)
		usleep((useconds_t)((left - SPIN_NS) / 1000));
	while (now_ns() < ns)
		;
}

/*
 * Connects to a port each, from 1024 on, once the file is there: a pause of so many microseconds
 * before each, or something between the two. Prints how many were refused, how many were not, and
 * the milliseconds it took. More than one pause, as "A-B,C-D": in turn.
 */
static int paced(char **arg)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	long n = atol(arg[1]), answers[2] = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const char *pause = arg[2];
	int64_t start, next;

	if (fd < 0 || inet_pton(AF_INET, arg[0], &to.sin_addr) != 1)
		err(TROUBLE, "socket or address");
	while (access(arg[3], F_OK) < 0)
		usleep(WAIT_US);
	start = next = now_ns();
	for (long i = 0; i < n; i++) {
		char *end;
		long low = strtol(pause, &end, 10);
		long high = *end == '-' ? strtol(end + 1, &end, 10) : low;

		pause = *end ? end + 1 : arg[2];
		/* From when it was due: who comes late does not come less often. */
		next += (low + (high > low ? random() % (high - low + 1) : 0)) * 1000;
		wait_until(next);
		to.sin_port = htons((uint16_t)(1024 + i % 60000));
		answers[connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno == EPERM]++;
	}
	printf("%ld %ld %lld\n", answers[1], answers[0], (long long)(now_ns() - start) / 1000000);
	exit(0);
}

const struct operation flood_ops[] = {
	{"refusals", 2, refusals, "ATTEMPTS FILE"},
	{"paced", 4, paced, "ADDRESS ATTEMPTS PAUSES FILE"},
	{0},
};
