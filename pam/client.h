/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Asks the helper, never longer than until a deadline (CLOCK_MONOTONIC, in ms, as in proto.h).
 * Every function that fails fills *reterr_why with a sentence that may hold bytes of the helper's:
 * escape it. Nothing here logs.
 */
#ifndef EG_PAM_CLIENT_H
#define EG_PAM_CLIENT_H

#include "common.h"
#include "proto.h"

#include <stdbool.h>
#include <stdint.h>

/* Who asks for a session. All borrowed, NUL-terminated; NULL counts as empty where that is allowed.
 */
struct eg_client_person {
	const char *user;	/* not empty, below EG_USER_SIZE bytes */
	const char *service;	/* not empty, below EG_SERVICE_SIZE */
	const char *rhost;	/* below EG_RHOST_SIZE */
	const char *connection; /* below EG_CONN_SIZE */
	const char *auth_info;	/* lines; those that do not fit EG_KEY_SIZE are left out */
};

/*
 * Connects to the helper and makes sure that root listens there: another user's socket could let
 * anybody in. path: absolute, fits sun_path. Returns the descriptor (non-blocking, O_CLOEXEC, at
 * least 3, owned by the caller), or fills *reterr_why: -ENOENT -ECONNREFUSED   nobody listens;
 * tried once -ETIMEDOUT              the queue of connections stayed full until the deadline
 *   -ENAMETOOLONG           path does not fit
 *   -EPERM                  the listener is not root's
 *   and the negative errno of socket, connect, getsockopt.
 */
int eg_client_connect(const char *path, int64_t deadline_ms, struct eg_why *reterr_why);

/* What the helper says first. */
struct eg_client_state {
	bool guarded;	   /* this process is in a guarded session already */
	uint64_t session;  /* its number, when guarded */
	bool takes_socket; /* with EG_MSG_OPEN; a helper from before an upgrade does not */
};

/*
 * Asks who is there, and whether this process is in a guarded session already.
 * Returns 0 and *ret; or fills *reterr_why: -EPROTO for another protocol or a wrong answer,
 * -ECONNRESET when the helper hangs up, -EACCES when it refuses, -ETIMEDOUT, errno of send or recv.
 */
int eg_client_version(int fd, int64_t deadline_ms, struct eg_client_state *ret,
		      struct eg_why *reterr_why);

/*
 * Did the helper end before it answered, and is there time left? Then it was killed or stops, and
 * the next one, for which systemd keeps the socket, can be asked the same. error: what a function
 * here returned. Blocks for a moment, so that to ask once more is no busy loop.
 */
bool eg_client_try_again(int error, int64_t deadline_ms);

/*
 * eg_client_connect and eg_client_version, again and again until the deadline while helpers hang
 * up. Returns the descriptor and *ret, or fails as they do.
 */
int eg_client_reach(const char *path, int64_t deadline_ms, struct eg_client_state *ret,
		    struct eg_why *reterr_why);

/*
 * Fills the message that asks for a session. Pure.
 * ret_msg: EG_MSG_OPEN, complete but for uid and flags. *ret_cut: lines of auth_info were left out.
 * Returns 0, or fills *reterr_why: -EINVAL for an empty user or service, -ENAMETOOLONG for a string
 * that does not fit.
 */
int eg_client_fill(const struct eg_client_person *person, struct eg_msg_open *ret_msg,
		   bool *ret_cut, struct eg_why *reterr_why);

/*
 * Asks for a session. takes_socket: as the helper says. passed: borrowed; to a helper that takes no
 * socket none is passed, and msg says so.
 * Returns 0 and *ret_opened once the helper says that the session is guarded; 1 when it says that
 * there is nothing to guard, which it may only for EG_OPEN_EXEMPT; otherwise as eg_client_version.
 */
int eg_client_open(int fd, bool takes_socket, struct eg_msg_open *msg,
		   const struct eg_passed *passed, int64_t deadline_ms,
		   struct eg_msg_opened *ret_opened, struct eg_why *reterr_why);

/* Tells the helper that PAM has closed this session. Returns 0 or fails as eg_client_version. */
int eg_client_close(int fd, uint64_t session, int64_t deadline_ms, struct eg_why *reterr_why);

#endif
