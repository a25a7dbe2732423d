/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What ebpfguardctl's commands about sessions share. */
#ifndef EG_CTL_SESSIONS_H
#define EG_CTL_SESSIONS_H

#include "ctl_json.h"
#include "ctl_remote.h"

/* "open", "closed" or "manager". */
const char *eg_ctl_session_state(const struct eg_msg_session *session);

/* What the helper's list says of it, by the names that the log has. */
struct json_object *eg_ctl_session_json(const struct eg_msg_session *session, size_t n_processes);

/*
 * The last n events that the log has of a session (ctl_recent.c). Reads the end of the log only.
 * json: NULL = prints them, and when there are less, and may be more, which command shows all; else
 * the object that gets them as `events`, and then `events_cut`.
 * Returns how many lines there were, or a negative errno after saying why on stderr.
 */
int eg_ctl_events_last(const struct eg_ctl_options *options, const struct eg_msg_session *session,
		       size_t n, struct json_object *json);

/* A destination that sessions are refused. */
struct eg_ctl_destination {
	char text[128]; /* "ADDRESS:PORT/PROTOCOL", fit to print */
	uint64_t refused;
};

/* Those with most refusals that the log has since then, most first. ret: room for max. To be asked
 * again and again by one command: reads only what is new. Returns how many, or a negative errno
 * without a word: a screen is drawn meanwhile. */
int eg_ctl_events_destinations(const struct eg_ctl_options *options, uint64_t since_s,
			       struct eg_ctl_destination *ret, size_t max);

#endif
