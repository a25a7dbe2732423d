/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ends of a connection, as SSH_CONNECTION names them and as a socket has them. Linked into the
 * module, which looks for the socket that a login came by, and the helper, which does not take its
 * word for it.
 */
#ifndef EG_ENDS_H
#define EG_ENDS_H

#include <stdbool.h>
#include <stdint.h>

/* One end of a connection; IPv4 as v4-mapped, which is how an AF_INET6 socket names it. */
struct eg_end {
	uint8_t addr[16];
	uint16_t port; /* host order */
};

/* SSH_CONNECTION: both ends, the client's first. False: it names no addresses. Pure. */
bool eg_ends_parse(const char *connection, struct eg_end *ret_peer, struct eg_end *ret_own);

/* Is the descriptor a stream socket between the two ends that SSH_CONNECTION names? Any number will
 * do for fd. Never blocks. */
bool eg_ends_are_of(int fd, const char *connection);

/* Is the descriptor a unix stream socket that was accepted? It has the listener's name. As above.
 */
bool eg_ends_accepted(int fd);

/*
 * May this be what a login came by: the connection that SSH_CONNECTION tells of, or, when that
 * names no addresses, an accepted unix socket? As above. An empty connection is no connection.
 */
bool eg_ends_came_by(int fd, const char *connection);

#endif
