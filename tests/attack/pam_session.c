// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pam_login, in the session, as the user: another program, as a shell is. */
#include "pam_session.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void count(unsigned int *counter)
{
	(void)__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

uint64_t now_ns(int clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

unsigned int now_ms(void)
{
	return (unsigned int)(now_ns(CLOCK_MONOTONIC) / 1000000U);
}

bool has_ended(int fd, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&poll_fd, 1, ms) == 1 && read(fd, &byte, 1) <= 0;
}

/* errno of a UDP connect, 0 when it worked. */
static int try_connect(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0 || inet_pton(AF_INET, address, &in.sin_addr) != 1)
		err(TROUBLE, "socket for %s", address);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		r = errno;
	(void)close(fd);
	return r;
}

static void say_unguarded(const char *address, int error)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)fprintf(stderr, "UNGUARDED at %lld.%03ld: uid %u, %s: %s\n", (long long)ts.tv_sec,
		      ts.tv_nsec / 1000000, getuid(), address,
		      error ? strerrorname_np(error) : "connected");
}

int session(char **word)
{
	struct counters *counters =
		mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(word[0]), 0);
	int hold = atoi(word[1]), pause_ms = atoi(word[2]);
	unsigned int stay_ms = (unsigned int)atoi(word[3]), since = now_ms();
	bool goes_on = true;

	if (counters == MAP_FAILED)
		err(TROUBLE, "mmap");
	while (goes_on) {
		int r = try_connect(word[4]);

		if (r != EPERM) {
			count(&counters->unguarded);
			say_unguarded(word[4], r);
		}
		if (try_connect(word[5]) == EPERM)
			count(&counters->tight);
		count(&counters->tries);
		goes_on = (hold >= 0 || now_ms() - since < stay_ms) && !has_ended(hold, pause_ms);
	}
	return 0;
}
