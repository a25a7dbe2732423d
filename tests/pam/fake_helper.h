/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A helper that does what a script says: a thread behind a real socket. It binds nothing. */
#ifndef EG_TESTS_FAKE_HELPER_H
#define EG_TESTS_FAKE_HELPER_H

#include "proto.h"

#include <pthread.h>
#include <stdbool.h>

/* What it does when asked. Where a script says nothing about a step, that step is answered well. */
enum script {
	GRANT,
	REFUSE, /* with a text that tries to forge a log line */
	GUARDED,
	SILENT_VERSION,
	SILENT_OPEN,
	SILENT_CLOSE,
	LATE_OPEN, /* grants late_ms later */
	HANG_UP_ACCEPT,
	HANG_UP_VERSION,
	HANG_UP_BETWEEN, /* once it has told its version: the question to guard meets no reader */
	HANG_UP_OPEN,
	KILLED_VERSION, /* hangs up the first time, and is another one after */
	KILLED_OPEN,
	KILLED_ANSWER, /* the same, and the other one finds the caller guarded */
	HANG_UP_CLOSE,
	REFUSE_VERSION,
	REFUSE_CLOSE,
	GARBAGE_VERSION,
	GARBAGE_OPEN,
	EMPTY_OPEN, /* a message of no bytes */
	SHORT_OPEN,
	LONG_OPEN,
	UNTERMINATED_OPEN,
	TYPE_OPEN,   /* EG_MSG_OK, which is an answer to something else */
	NUMBER_OPEN, /* grants session 0 */
	NOT_GUARDED, /* there is nothing to guard */
	PROTO_VERSION,
	PROTO_OPEN,
	ABI_VERSION,
	NONSENSE_VERSION, /* guarded = 2 */
	FDS_VERSION,	  /* two descriptors with the answer */
	OLD_VERSION,	  /* of before an upgrade: takes no socket, and hangs up when one comes */
	FDS_OPEN,
	DEAF,	      /* listens, never accepts, queue full */
	DEAF_A_WHILE, /* as DEAF, accepts after 300 ms */
	NOT_ROOT,     /* uid 65534 listens */
	NOBODY,	      /* the socket is there, nobody listens */
	NO_SOCKET,
};

struct fake_helper {
	enum script script;
	char dir[64];
	char path[96];
	int listen_fd;
	int stop[2];  /* pipe */
	int fill[64]; /* connections that fill the queue */
	int n_fill;
	pthread_t thread;
	bool running;
	int late_ms; /* of LATE_OPEN; FAKE_LATE_MS unless a test sets another */

	/* What it saw; read after fake_stop. */
	int n_version, n_open, n_close;
	uint64_t closed; /* session of the last EG_MSG_CLOSE */
	int n_bad_open; /* opens whose directory was not a fresh leaf with the asking process in it,
			   and alone */
	int n_low_fds;	/* descriptors 0..2 the asking process had when a message of its came (only
			   when it is another process) */
	struct eg_msg_open open; /* the last one */
	int n_sockets;		 /* opens that a socket came with */
	uint64_t socket_ino;	 /* the last of these */
};

#define FAKE_SESSION 17
#define FAKE_LATE_MS 400

/* Makes the socket in a new directory and starts. Returns 0 or -1. */
int fake_start(struct fake_helper *h, enum script script);

/* Another script from the next message on. Only between calls of the module. */
void fake_script(struct fake_helper *h, enum script script);

/* Stops, removes the socket, closes everything. */
void fake_stop(struct fake_helper *h);

#endif
