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

/* SSH_CONNECTION: both ends, the client's first. False: it names no addresses. Pure. */
bool eg_connection_ends(const char *text, struct eg_end *ret_peer, struct eg_end *ret_own);

/*
 * The first of the peer's sockets that is wanted; arg is passed on. Needs CAP_SYS_PTRACE.
 * Returns a duplicate, owned by the caller; -ENOENT; or another negative errno when some could not
 * be looked at.
 */
int eg_connection_socket(const struct eg_peer *peer, bool (*wanted)(int fd, const void *arg),
			 const void *arg);

/* The peer's socket that is the connection SSH_CONNECTION tells of. As eg_connection_socket. */
int eg_connection_find(const struct eg_peer *peer, const char *connection);

/*
 * Looks for the connection among the peer's descriptors, and marks it as the one its session came
 * in by. connection: SSH_CONNECTION, believed. Needs CAP_SYS_PTRACE.
 * Returns 0; -ENOENT when there is none; or another negative errno when it could not be looked for
 * or marked.
 */
int eg_connection_mark(struct eg_helper *helper, const struct eg_peer *peer, const char *connection,
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
 * Returns 1 and *ret; 0; or a negative errno with *reterr when the client is on this host and it
 * cannot be told whose it is: refuse then. Walks the kernel's table of TCP sockets when the
 * client's address is the host's own.
 */
int eg_origin_find(struct eg_helper *helper, const struct eg_peer *peer,
		   const struct eg_msg_open *request, struct eg_origin *ret, struct eg_err *reterr);

#endif
