/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A socketpair for each test of messages over one. */
#ifndef EG_TEST_WIRE_HELPERS_H
#define EG_TEST_WIRE_HELPERS_H

#include "proto_helpers.h"

struct wire {
	int fd[2];
	int before; /* descriptors open before the test */
};

static inline int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static inline int wire_setup(void **state)
{
	static struct wire w;

	w.before = count_fds();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w.fd) < 0)
		return -1;
	*state = &w;
	return 0;
}

static inline int wire_teardown(void **state)
{
	struct wire *w = *state;

	for (int i = 0; i < 2; i++)
		if (w->fd[i] >= 0)
			(void)close(w->fd[i]);
	return count_fds() == w->before ? 0 : -1; /* a leaked descriptor fails the test */
}

static inline int64_t soon(int ms)
{
	return eg_proto_now_ms() + ms;
}

#define WIRE(f) cmocka_unit_test_setup_teardown(f, wire_setup, wire_teardown)

#endif
