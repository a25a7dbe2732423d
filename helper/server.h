/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Private to server.c and opening.c: a connection to one of the sockets. */
#ifndef EG_SERVER_H
#define EG_SERVER_H

#include "helper.h"

struct eg_wait;

/* eg_client.guarded_by of peers in sessions of other versions, all of them */
#define EG_GUARDED_ELSEWHERE UINT64_MAX

struct eg_client {
	struct eg_source source;
	enum eg_door door;
	struct eg_peer peer;
	uint64_t guarded_by; /* session of a guarded peer, 0 = not guarded */
	int64_t deadline_ms;
	int64_t asked_ns;     /* when an EG_MSG_OPEN came, CLOCK_MONOTONIC */
	struct eg_wait *wait; /* opening.c: a request that waits; NULL = none */
	struct eg_client *next;
};

/* Sends what can be sent at once. 0 or a negative errno. */
int eg_server_send(int fd, const void *msg);

/* Says no, and why: error is a negative errno. 0 or a negative errno of sending. */
__attribute__((format(printf, 3, 4))) int eg_server_refuse(int fd, int error, const char *format,
							   ...);

/* A line that a peer can cause: these are limited, or a guarded root could flood the log. */
__attribute__((format(printf, 2, 3))) void eg_server_log(struct eg_helper *helper,
							 const char *format, ...);

/*
 * Closes the connection and releases it. why, for the line about a request that still waits: a
 * negative errno; -ENOTCONN: the caller has hung up, -ETIMEDOUT: its time is over, -EUSERS: others
 * need the room, -ESHUTDOWN: the helper ends.
 */
void eg_server_drop(struct eg_helper *helper, struct eg_client *client, int why);

/*
 * An EG_MSG_OPEN. passed: what came with it; what is kept is taken out. Answers later, when the
 * rules are about the files that are there now and the user's groups are known, and never when the
 * module hangs up before that: it refuses the login. 0, or a negative errno closes the connection.
 */
int eg_opening(struct eg_helper *helper, struct eg_client *client, const void *request,
	       struct eg_passed *passed);

/* The connection ends: whatever it waits for. why: as eg_server_drop. Logs a refusal. */
void eg_opening_end(struct eg_helper *helper, struct eg_client *client, int why);

#endif
