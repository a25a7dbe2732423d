/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The accomplice outside of every session: a server on a unix socket that makes sockets and rings
 * and hands them over, moves processes, and connects in from elsewhere.
 *
 * One request a connection, in words; one struct broker_answer, with a descriptor if need be.
 * What has been made lives until the asker hangs up.
 */
#ifndef BROKER_H
#define BROKER_H

#include "try.h"

enum { REQUEST_MAX = 512, SECOND = 1000 };

struct broker_answer {
	int outcome;	  /* of what was asked */
	int pid, fd;	  /* "keep": where to take it from */
	struct ring ring; /* "give": how to map it */
};

/* Sends bytes and, unless it is -1, a descriptor. 0 or errno. */
int send_with(int to, const void *bytes, size_t n, int fd);

/* Sends a request, verb and words up to NULL, to /run/try/BROKER; the answer is to come on the
 * connection that is returned. Negative errno otherwise. */
int ask_broker(const char *broker, const char *verb, char **word);

#endif
