/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Datagrams to a local socket: syslog's or journald's. */
#ifndef EG_LOG_SOCKET_H
#define EG_LOG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EG_LOG_WAIT_MS = 500,	    /* a reader may be behind for as long */
	EG_LOG_ROOM_MS = 20,	    /* who can come back later waits no longer */
	EG_LOG_PATIENCE_MS = 10000, /* and comes back for as long */
};

struct eg_log_socket {
	const char *path;   /* static */
	int fd;		    /* owned; -1 = not connected */
	bool stuck;	    /* the last one found no room in all that time: do not wait again */
	unsigned int waits; /* how often sending had to wait */
	int64_t full_ms;    /* since when eg_log_socket_has_room has found none; 0 = it has */
};

/*
 * Sends n bytes as one datagram, connecting when that is not done, and anew when the other end has
 * been restarted. Waits EG_LOG_WAIT_MS at most for a reader that is behind, and not at all after
 * that was in vain, until there is room again.
 * Returns 0; -EAGAIN; -EMSGSIZE; or the negative errno of socket, connect or send.
 */
int eg_log_socket_send(struct eg_log_socket *to, const char *bytes, size_t n);

/*
 * Is there room for another? Waits wait_ms at most. For who has a buffer of its own, and can
 * come back later: after EG_LOG_PATIENCE_MS without any the answer is yes, too, and what is sent
 * then is lost. now_ms: any clock that does not jump, not 0.
 */
bool eg_log_socket_has_room(struct eg_log_socket *to, int wait_ms, int64_t now_ms);

#endif
