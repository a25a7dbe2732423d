/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a record of the ring buffers to a record of the log (fields.h), which knows how to write
 * what users control so that no line, field or terminal sequence can be forged. Pure: never logs,
 * never blocks.
 */
#ifndef EG_EVENT_H
#define EG_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "abi_event.h"
#include "fields.h"

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
	const char *service; /* of PAM */
	const char *key;     /* "SHA256:..." */
};

/* What the caller adds to a record, whatever it is about. Zeroed, a record says that it is not
 * known. Strings are borrowed, raw. */
struct eg_event_added {
	const char *host;	 /* name of this host */
	const char *config;	 /* path of the configuration in force */
	int64_t clock_offset_ns; /* CLOCK_REALTIME less CLOCK_BOOTTIME */
	uint64_t now_ns;	 /* CLOCK_BOOTTIME: when it was, for records that do not know */
	/* refusals: how many attempts it stands for, of which the event is the first; 0 and 1 are
	 * the same */
	uint64_t count;
	uint64_t last_ns; /* CLOCK_BOOTTIME of the last of them; written where count is above 1 */
	bool replayed;	  /* it may be in the log already, written by a helper that was killed */
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
 * Makes the record of an EG_EVENT_VERDICT: verdict and operation, then the fields in fixed order.
 * e: borrowed, may hold anything (it is checked); session, added: borrowed.
 * Returns 0 and *ret; -EPROTO for another ABI or a kind that is not a verdict, with *ret as it was.
 */
int eg_event_make(const struct eg_event *e, const struct eg_event_session *session,
		  const struct eg_event_added *added, struct eg_fields *ret);

/*
 * Makes the record of what a session did: EXEC, EXIT, CONNECT, SEND or OPEN. told: size bytes,
 * borrowed, may hold anything. Returns 0 and *ret; -EPROTO for another ABI, an unknown kind or
 * lengths that cannot be.
 */
int eg_event_make_told(const struct eg_told *told, size_t size,
		       const struct eg_event_session *session, const struct eg_event_added *added,
		       struct eg_fields *ret);

/*
 * Makes the record of what became of an open flow that a reload has denied: RESET, or BLOCK and the
 * reason why it could only be blocked (a word, borrowed; NULL = it was reset). flow may hold
 * anything.
 */
void eg_event_make_flow(const struct eg_denied_flow *flow, const struct eg_event_session *session,
			const char *blocked, const struct eg_event_added *added,
			struct eg_fields *ret);

/* Adds what every record ends with: the host, and when it was. ts_ns: CLOCK_BOOTTIME. */
void eg_event_add_end(struct eg_fields *fields, const struct eg_event_added *added, uint64_t ts_ns);

/* The same in two parts, for a record with something between. */
void eg_event_add_host(struct eg_fields *fields, const struct eg_event_added *added);
void eg_event_add_time(struct eg_fields *fields, const struct eg_event_added *added,
		       uint64_t ts_ns);

#endif
