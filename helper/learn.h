/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From what sessions did under audit to an allow list: lines of the log to evidence, evidence to
 * the text of a configuration. Pure: memory only, never logs; the caller brings lines and time.
 *
 * Nothing is believed but a whole line of the helper's own form, at the place where syslog has the
 * message: user-controlled text is escaped there and makes neither a line nor a field. Whether the
 * helper has written it only the source of the lines can tell.
 */
#ifndef EG_LEARN_H
#define EG_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	EG_LEARN_LINE_MAX = 16384,  /* bytes of a line; the helper's are half of that at most */
	EG_LEARN_FIELDS_MAX = 12,   /* of an operation; none has as many */
	EG_LEARN_ITEMS_MAX = 4096,  /* different things; a port list of one network takes no more */
	EG_LEARN_SET_MAX = 5,	    /* names that are given for one of them */
	EG_LEARN_PROFILES_MAX = 16, /* profiles that are named when there are several */
	EG_LEARN_TEXT_SIZE = 2048,
};

/* ---- lines */

/* A word of a line as it stands there, escaped; borrowed from it. */
struct eg_learn_word {
	const char *at;
	size_t n;
};

enum eg_learn_kind { EG_LEARN_AUDIT, EG_LEARN_SUPPRESSED, EG_LEARN_END };

/* A line of the helper's, taken apart. */
struct eg_learn_line {
	enum eg_learn_kind kind;
	int64_t time_s;				     /* CLOCK_REALTIME */
	struct eg_learn_word session, user, profile; /* SUPPRESSED: no profile */
	/* AUDIT: */
	struct eg_learn_word op, comm, exe;
	struct eg_learn_field {
		struct eg_learn_word key, value;
	} fields[EG_LEARN_FIELDS_MAX]; /* what the operation adds; without errno */
	size_t n_fields;
	/* SUPPRESSED: lines left out; END: events that were lost */
	uint64_t count;
};

/*
 * Takes a line apart: n bytes without newline, which may hold anything. Before the message stand a
 * time (RFC 3339, or "Nov  2 10:11:12" of this or last year by now_s, in local time), a host and
 * the helper's tag, as rsyslog and journalctl have them.
 * Returns 0 and *ret; -ENOMSG for a line of somebody else's, or of the helper's about something
 * else; -EBADMSG for one that has been cut or is none of the helper's after all, of which *ret has
 * the time, and the user unless that is empty.
 */
int eg_learn_line_parse(const char *text, size_t n, int64_t now_s, struct eg_learn_line *ret);

bool eg_learn_word_is(const struct eg_learn_word *word, const char *text);

/* A field of the operation's; NULL = it has none of this name. */
const struct eg_learn_word *eg_learn_field(const struct eg_learn_line *line, const char *key);

/* Undoes the escapes. buf: size bytes. Returns 0, or -ERANGE when it does not fit. */
int eg_learn_unescape(const struct eg_learn_word *word, char *buf, size_t size);

/* ---- time (learn_time.c) */

/* The time at the begin of a line. *ret_used: its length. 0 or -EINVAL. */
int eg_learn_stamp(const char *text, size_t n, int64_t now_s, int64_t *ret, size_t *ret_used);

/*
 * What people write: "YYYY-MM-DD [HH:MM[:SS]]", "today", "yesterday", "now", "N{s,min,h,d} ago" and
 * "-N{s,min,h,d}". Local time. 0; -ERANGE for a date that no calendar has, such as 2026-02-30; or
 * -EINVAL.
 */
int eg_learn_since(const char *text, int64_t now_s, int64_t *ret);

/* ---- proposals (learn_propose.c) */

/* The lists of the configuration that can hold an exception, in the order they are printed. */
enum eg_learn_list {
	EG_LEARN_ALLOW,
	EG_LEARN_BIND,
	EG_LEARN_SOCKETS,
	EG_LEARN_SETUID,
	EG_LEARN_MOUNT,
	EG_LEARN_FILES,
	EG_LEARN_EXEC,
	EG_LEARN_NONE, /* no list has exceptions from what refuses it */
	EG_LEARN_LISTS,
};

struct eg_learn_proposal {
	enum eg_learn_list list;
	/* the element, raw: it is to be quoted; NONE: what was done */
	char text[EG_LEARN_TEXT_SIZE];
	const char *why_not; /* constant: why it must not just be put there; NULL = it may */
	/* where in a feed stands what why_not is about; as in the log, empty = in none */
	struct eg_learn_word feed, line;
};

/* What would let a line of AUDIT through, and nothing else as far as a list can say that. 0, or
 * -EBADMSG when the line lacks what its operation has. */
int eg_learn_propose(const struct eg_learn_line *line, struct eg_learn_proposal *ret);

/* ---- evidence */

/* The first few of many names, as they stand in the log. */
struct eg_learn_set {
	char *words[EG_LEARN_SET_MAX]; /* owned */
	size_t n;
	bool more;
};

/* Something that was done. */
struct eg_learn_item {
	enum eg_learn_list list;
	char *text; /* owned; as in the proposal */
	const char *why_not;
	char *where; /* owned: "FEED:LINE" of the first line that has it; NULL = in no feed */
	uint64_t count;
	int64_t first_s, last_s;
	struct eg_learn_set how, users, programs, sessions;
};

/* Evidence. Zeroed but for what is asked for, it is empty. */
struct eg_learn {
	/* asked for; borrowed; NULL and 0 = all */
	const char *user, *profile;
	int64_t since_s, now_s;
	/* found: */
	struct eg_learn_item **items; /* owned, as is each; in the order in which they came */
	size_t n_items;
	void *tree;		/* of tsearch: the same items */
	char found_profile[64]; /* whose lines these are; empty = there was none yet */
	char *others
		[EG_LEARN_PROFILES_MAX]; /* owned: profiles besides, or besides the one asked for */
	size_t n_others;
	uint64_t lines;		   /* of AUDIT that are in the items */
	uint64_t broken, dropped;  /* lines that were cut or forged; that found no room */
	uint64_t suppressed, lost; /* lines and events that the helper or the kernel left out */
	int64_t first_s, last_s;
};

/* Takes in a line, n bytes without newline. 0 or -ENOMEM. Memory does not grow with the number of
 * lines, but with that of different things up to EG_LEARN_ITEMS_MAX. */
int eg_learn_take(struct eg_learn *learn, const char *text, size_t n);

/*
 * Prints the evidence as a part of a configuration: what is found in lists, all else in comments.
 * look: why a path must not just be put into its list, by what it is on this host: constant text;
 * NULL = it may. Asked for lists of paths only.
 * Returns 0 or -ENOMEM. In learn_print.c.
 */
typedef const char *(*eg_learn_look)(enum eg_learn_list list, const char *path);
int eg_learn_print(const struct eg_learn *learn, eg_learn_look look, FILE *out);

/* Releases what it owns. */
void eg_learn_done(struct eg_learn *learn);

#endif
