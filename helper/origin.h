/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connection that a login came by, and where it comes from. */
#ifndef EG_ORIGIN_H
#define EG_ORIGIN_H

#include "helper.h"

/* ---- connection.c ---- */

/*
 * Port of the client, the second word of SSH_CONNECTION. 0 = not there, or not to be believed:
 * pam_env with user_readenv=1, as Debian 12's sshd has it, lets a user overwrite the variable, but
 * not PAM_RHOST. Pure.
 */
uint32_t eg_connection_port(const char *connection, const char *rhost);

/*
 * Marks the socket as the one that its session came in by. socket: what the module has passed,
 * borrowed, -1 = nothing; connection: SSH_CONNECTION, believed.
 * Returns 0; -ENOENT when the socket is not that connection; or another negative errno when it
 * could not be marked.
 */
int eg_connection_mark(struct eg_helper *helper, int socket, const char *connection,
		       uint64_t session);

/* ---- origin.c: where a login comes from ---- */

enum { EG_ORIGIN_PROFILES = 4 };

/* The guarded session a login was made in, and every policy that applies there. */
struct eg_origin {
	uint64_t session;
	uint32_t
		profiles[EG_ORIGIN_PROFILES]; /* slots, each once; the first is the session's own */
	size_t n_profiles;
	char profile_name[EG_PROFILE_SIZE]; /* of the first */
};

/*
 * Was this login made from within a guarded session of this host? Found by the client's end of the
 * connection: the socket says in which cgroup it was made. Not covered: a client in another network
 * namespace than the peer's.
 * socket: what the module has passed as the one that the login came by, borrowed, -1 = nothing.
 * Returns 1 and *ret; 0; or a negative errno with *reterr when the client is on this host and it
 * cannot be told whose it is: refuse then. Walks the kernel's table of TCP sockets when the
 * client's address is the host's own.
 */
int eg_origin_find(struct eg_helper *helper, const struct eg_peer *peer,
		   const struct eg_msg_open *request, int socket, struct eg_origin *ret,
		   struct eg_err *reterr);

#endif
