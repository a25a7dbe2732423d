/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asks the kernel about TCP sockets (sock_diag): which one is at an end of a connection, and whose
 * it is. Never logs. */
#ifndef EG_DIAG_H
#define EG_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "ends.h"

/* A TCP socket, not listening. */
struct eg_diag_socket {
	struct eg_end local, remote;
	uint64_t cgroup; /* id of the cgroup it was made in; 0 = closed, only its name is left */
	uint32_t inode;	 /* as in /proc/PID/fd; 0 = no process has it open */
};

/* Asks in the caller's network namespace; the descriptor goes on asking there, whoever uses it.
 * Returns it, owned by the caller, or a negative errno. */
int eg_diag_open(void);

/*
 * Calls found for each TCP socket whose local port is this one, of both families, bound to a device
 * or not. Walks the kernel's table of sockets. found returns 0 to go on or a negative errno, which
 * ends the walk. Blocks for as long as the kernel walks, and a second at most when it is silent.
 * Returns 0, what found returned, or a negative errno.
 */
int eg_diag_at_port(int fd, uint16_t port,
		    int (*found)(const struct eg_diag_socket *socket, void *arg), void *arg);

#endif
