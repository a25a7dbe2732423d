/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which records are asked for. Pure. */
#ifndef EG_RECORD_MATCH_H
#define EG_RECORD_MATCH_H

#include "cidr.h"
#include "record_line.h"

/* What a record must have. Zeroed, all have it. Texts are raw and borrowed; NULL = any. */
struct eg_record_match {
	const char *session, *port; /* decimal, as in the log */
	const char *user, *profile, *key, *op;
	const char *verdict; /* or the event: "deny", "reset", "start", ... */
	const char *program; /* of a path: exe; of a name: the last component of it, or comm */
	const char *rule;    /* a part of the rule or of its feed */
	/* the other end, and the client's address; family 0 = any */
	struct eg_cidr peer, rhost;
	int64_t since_ms, until_ms; /* CLOCK_REALTIME; 0 = none */
};

/*
 * Is the record asked for? One that says that others are missing is when it says so of the session
 * and user and time, whatever else is asked: what is missing may be what is looked for.
 */
bool eg_record_matches(const struct eg_record_match *match, const struct eg_record_line *line);

/* Can a line that was cut be one that is asked for? Its time is known where syslog says it. */
bool eg_record_may_match(const struct eg_record_match *match, const struct eg_record_line *line);

/* Does it say that other records are missing: SUPPRESSED, LOST? */
bool eg_record_is_gap(const struct eg_record_line *line);

/* The field that has the address of the other end, "dst" or "src"; NULL = there is none. */
const char *eg_record_peer_key(const struct eg_record_line *line);

/* Is there such a verdict or event, and such an operation? */
bool eg_record_is_verdict(const char *text);
bool eg_record_is_op(const char *text);

#endif
