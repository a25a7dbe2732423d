/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A line of the helper's log, in either format, as one record. Pure: memory only, never logs; the
 * caller brings lines and time.
 *
 * Nothing is believed but a whole line of the helper's own form, alone or at the place where syslog
 * has the message: user-controlled text is escaped there and makes neither a line nor a field.
 * Whether the helper has written it only the source of the lines can tell.
 */
#ifndef EG_RECORD_LINE_H
#define EG_RECORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	EG_RECORD_LINE_MAX = 32768, /* bytes of a line; the helper's are shorter */
	EG_RECORD_FIELDS_MAX = 96,  /* END has one for each operation */
};

enum eg_record_kind {
	EG_RECORD_REFUSAL, /* DENY, AUDIT, KILL */
	EG_RECORD_FLOW,	   /* RESET, BLOCK */
	EG_RECORD_START,
	EG_RECORD_END,
	EG_RECORD_SUPPRESSED,
	EG_RECORD_LOST,
	EG_RECORD_UNRECORDED,
	EG_RECORD_STRAY,
	EG_RECORD_EXEC,
	EG_RECORD_EXIT,
	EG_RECORD_CONNECT,
	EG_RECORD_SEND,
	EG_RECORD_OPEN,
	EG_RECORD_QUARANTINE,
	EG_RECORD_RELEASE,
	EG_RECORD_KILLED,
	EG_RECORD_TIGHTEN,
	EG_RECORD_REFUSED,
	EG_RECORD_ENFORCING,
	EG_RECORD_POLICY,
	EG_RECORD_KINDS,
};

enum eg_record_type { EG_RECORD_TEXT, EG_RECORD_NUMBER, EG_RECORD_YES /* "yes" or "no" */ };

/* Texts are in the record's store: raw, without NUL. What is not known ("-") has no field. */
struct eg_record_field {
	const char *key, *value;
	enum eg_record_type type;
};

/* Refers to itself: it must not be copied or moved. */
struct eg_record_line {
	enum eg_record_kind kind;
	const char *event;   /* "refusal", "flow", "start", ...; constant */
	const char *verdict; /* "deny", "audit", "kill", "reset", "block", constant; NULL = none */
	const char *op;	     /* of a refusal: "connect", ...; of REFUSED: of what; NULL = none */
	int64_t time_ms;     /* CLOCK_REALTIME; of a line that was cut, what syslog says, or 0 */
	struct eg_record_field fields[EG_RECORD_FIELDS_MAX]; /* in the order of the line */
	size_t n_fields;
	/* n_args texts, one behind the other, each with its NUL; NULL = not known. Where they stand
	 * among the fields: before the one with index args_at. */
	const char *args;
	size_t n_args, args_at;
	bool args_cut; /* there were more, or the last goes on */
	size_t used;   /* of store */
	char store[2 * EG_RECORD_LINE_MAX];
};

/*
 * Takes a line apart: n bytes without newline, which may hold anything. It is the message alone or
 * behind what syslog puts in front: a time (RFC 3339, or "Nov  2 10:11:12" of this or last year by
 * now_s, in local time), a host and the helper's tag, as rsyslog and journalctl have them. The
 * message is in the kv format or a JSON object.
 * Returns 0 and *ret; -ENOMSG for a line of somebody else's, or of the helper's that is no record;
 * -EBADMSG for one that has been cut or is none of the helper's after all: of it *ret has kind,
 * time and the fields that stand before the fault and are whole, with a time of 0 when that is
 * not known.
 */
int eg_record_line_parse(const char *text, size_t n, int64_t now_s, struct eg_record_line *ret);

/* The raw value of a field; NULL = not known, or this kind has none. */
const char *eg_record_get(const struct eg_record_line *line, const char *key);

/* The same for a number: 0 when there is none. */
uint64_t eg_record_number(const struct eg_record_line *line, const char *key);

/* How many events the line stands for: count=, or 1. */
uint64_t eg_record_count(const struct eg_record_line *line);

/* Prints the record as one JSON object and a newline, in ASCII: bytes of a text that are not valid
 * UTF-8 become the text \xHH, as does a backslash there. */
void eg_record_print_json(const struct eg_record_line *line, FILE *out);

/* ---- between record_line.c and record_json.c */

/* The kind with this first word of a kv line, or event of JSON; NULL = none. *ret_verdict: NULL
 * when the word is none. n: of word. */
struct eg_record_kind_row {
	const char *word, *event, *verdict;
	enum eg_record_kind kind;
	const char *head; /* the keys that kv lines begin with, in this order */
	bool free;	  /* a line that is none may be a sentence that begins so */
};
const struct eg_record_kind_row *eg_record_kind_of_word(const char *word, size_t n);
const struct eg_record_kind_row *eg_record_kind_of_event(const char *event, const char *verdict);

/* Room for n bytes and a NUL, which is set; NULL = there is none. */
char *eg_record_reserve(struct eg_record_line *line, size_t n);

/* Gives back what the last reserved text has not used: it has n bytes, and gets its NUL there.
 * Arguments stand one behind the other. */
void eg_record_shorten(struct eg_record_line *line, char *text, size_t n);

/* The byte that the \xHH at the begin of n bytes stands for; -EINVAL: it is none that the helper
 * writes. */
int eg_record_escaped(const char *text, size_t n);

/* Adds a field, of which key and value are in the store. 0, or -EBADMSG when there is one of this
 * key already, or too many. */
int eg_record_add(struct eg_record_line *line, const char *key, const char *value,
		  enum eg_record_type type);

/* Is all there that a whole record of its kind has? Sets the time. */
bool eg_record_is_whole(struct eg_record_line *line);

/* Reads a message that is a JSON object. 0 or -ENOMSG or -EBADMSG, as above. */
int eg_record_parse_json(const char *text, size_t n, struct eg_record_line *ret);

#endif
