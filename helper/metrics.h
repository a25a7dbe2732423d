/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of the running helper is measured: takes it to counters.h from where it happens, and answers
 * EG_MSG_METRICS. In the kernel, sessions' totals are the truth; they are looked at once in a
 * while, when asked, and a last time before a session's go.
 */
#ifndef EG_METRICS_H
#define EG_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "counters.h"

struct eg_event;
struct eg_helper;
struct eg_session;
struct eg_totals;

enum { EG_METRICS_ANSWERS_MAX = 4 /* answers that are being sent at a time */ };

struct eg_metrics {
	struct eg_counters counters;
	atomic_uint answers; /* being sent, by threads */
};

/* Adds what the session has been refused since it was last looked at. */
void eg_metrics_look(struct eg_helper *helper, struct eg_session *session);
/* The same by totals that the kernel has given just now. */
void eg_metrics_add(struct eg_helper *helper, struct eg_session *session,
		    const struct eg_totals *now);

/* A session that an earlier helper guarded: what that one has accounted for does not count. */
void eg_metrics_adopt(struct eg_helper *helper, struct eg_session *session);

/* A record of a refusal: which rule it was. session: NULL = not known any more. */
void eg_metrics_event(struct eg_helper *helper, const struct eg_session *session,
		      const struct eg_event *event);

/* Lines were left out of the log. */
void eg_metrics_suppressed(struct eg_helper *helper, uint64_t lines);

/*
 * Answers EG_MSG_METRICS on fd, borrowed. Does not block: what there is is copied, and a thread
 * with a descriptor of its own sends it, a second long at most. Returns 0, also when it says no
 * because too many answers are on their way; or a negative errno.
 */
int eg_metrics_answer(struct eg_helper *helper, int fd);

#endif
