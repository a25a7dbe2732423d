/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a record of the ring buffer to a line for syslog. Pure: never logs, never blocks.
 *
 * Every value a user controls (names, comm, paths, tty) goes through eg_event_escape, so that no
 * line, field or terminal sequence can be forged.
 */
#ifndef EG_EVENT_H
#define EG_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "abi_event.h"

enum {
	/* longest line, NUL included: rsyslog takes 8 KiB with what it writes in front */
	EG_LINE_MAX = 7680,
	EG_LINE_WORD_SIZE = 320,  /* longest name in it when escaped, NUL included; a longer one is
				     cut at its end */
	EG_LINE_PATH_SIZE = 1152, /* longest path; a longer one loses its first components, as the
				     kernel side cuts */
	EG_LINE_ARGS_SIZE = 4096, /* arguments of a program, quotes and escapes included */
};

/* What the helper knows about a session and the kernel does not. Strings are borrowed, raw, may be
 * empty. */
struct eg_event_session {
	const char *user;
	const char *profile;
	const char *rhost;
	uint32_t rport;
	uint32_t uid; /* for records of the packet layer, which have no process */
	/* path of the feed that eg_rule.line is of, see eg_config_feed_of; NULL = of none, or not
	 * known */
	const char *feed;
};

/* "connect", "setuid", ...; "?" for a number we do not know. */
const char *eg_event_op_name(uint16_t op);

/*
 * Copies text so that it is one word: bytes outside 0x21..0x7e, '"', '\\' and '=' become \xHH;
 * empty becomes "-". buf: size bytes, at least 8. What does not fit is cut at a whole character and
 * marked by "...". Returns buf.
 */
char *eg_event_escape(const char *text, char *buf, size_t size);

/*
 * Turns a walked path round: "/usr/bin/sudo"; ".../bin/sudo" when it was cut; "-" when it has no
 * components: not known, or the root. Not escaped. buf: size bytes, at least EG_PATH_SIZE + 8.
 * Malformed lengths give what can be read. Returns buf.
 */
char *eg_event_path(const struct eg_path *path, char *buf, size_t size);

/*
 * Formats one EG_EVENT_VERDICT record: verdict and operation first, then key=value in fixed order.
 * e: borrowed, may hold anything (it is checked); session: borrowed; buf: EG_LINE_MAX bytes.
 * Returns the length; -EPROTO for another ABI or a kind that is not a verdict.
 */
int eg_event_format(const struct eg_event *e, const struct eg_event_session *session, char *buf);

/*
 * Formats a record of what a session did: its kind first, EXEC, EXIT, CONNECT, SEND or OPEN, then
 * key=value in fixed order; the arguments of a program come last, each in quotes. told: size bytes,
 * borrowed, may hold anything; time_ns: when it was, CLOCK_REALTIME; buf: EG_LINE_MAX bytes.
 * Returns the length; -EPROTO for another ABI, an unknown kind or lengths that cannot be.
 */
int eg_event_format_told(const struct eg_told *told, size_t size,
			 const struct eg_event_session *session, int64_t time_ns, char *buf);

/*
 * Formats what became of an open flow that a reload has denied: RESET, or BLOCK and the reason why
 * it could only be blocked (a word, borrowed; NULL = it was reset). flow may hold anything; buf:
 * EG_LINE_MAX bytes. Returns the length.
 */
int eg_event_format_flow(const struct eg_denied_flow *flow, const struct eg_event_session *session,
			 const char *blocked, char *buf);

#endif
