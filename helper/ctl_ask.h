/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How ebpfguardctl's commands ask the running helper: one connection, one question, a deadline. */
#ifndef EG_CTL_ASK_H
#define EG_CTL_ASK_H

#include <stdint.h>

#include "ctl.h"
#include "proto.h"

enum { EG_CTL_ANSWER_S = 5 /* a helper that takes longer is taken for stuck */ };

/* Room for any answer. */
union eg_ctl_answer {
	struct eg_msg head;
	struct eg_msg_refused refused;
	struct eg_msg_is_status status;
	struct eg_msg_session session;
	struct eg_msg_ordered ordered;
	struct eg_msg_feed feed;
	struct eg_msg_process process;
	struct eg_msg_is_details details;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
};

/* A connection and until when we wait. */
struct eg_ctl_line {
	int fd;	     /* owned; -1 = none */
	int seconds; /* that an answer may take */
	int64_t deadline_ms;
};

/* Closes it at the end of its scope. */
void eg_ctl_line_close(struct eg_ctl_line *line);
#define eg_ctl_auto_line __attribute__((cleanup(eg_ctl_line_close)))

/*
 * Connects to the helper at options->socket and sends one request. request: a whole message, its
 * head filled (eg_proto_head), borrowed; seconds: that the answer may take.
 * Returns 0 and *ret, to be closed either way, or a negative errno after saying why on stderr.
 */
int eg_ctl_ask(const struct eg_ctl_options *options, const void *request, int seconds,
	       struct eg_ctl_line *ret);

/* The same for a request that is no more than its type. */
int eg_ctl_ask_type(const struct eg_ctl_options *options, enum eg_msg_type type, int seconds,
		    struct eg_ctl_line *ret);

/*
 * Receives one answer of an expected type; other is a second one that is fine, 0 = none. Blocks
 * until the line's deadline at most.
 * Returns 0, or a negative errno after saying why on stderr: -EPROTO also for a refusal.
 */
int eg_ctl_hear(const struct eg_ctl_line *line, enum eg_msg_type type, uint16_t other,
		union eg_ctl_answer *ret);

#endif
