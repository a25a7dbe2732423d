/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A record of the log as data: its first words and a list of fields, each a key and a typed value,
 * in the order in which they are written; and the three forms it is written in. Pure: memory only,
 * never logs, never blocks.
 *
 * Values are kept raw. Each form escapes them in its own way, so that whatever a user puts into a
 * name, a path or an argument makes no line, no field and no effect on a terminal.
 */
#ifndef EG_FIELDS_H
#define EG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	/* longest line, NUL included: rsyslog takes 8 KiB with what it writes in front */
	EG_LINE_MAX = 7680,
	EG_LINE_WORD_SIZE = 320,  /* longest text in it when escaped, NUL included; a longer one is
				     cut at its end */
	EG_LINE_PATH_SIZE = 1152, /* longest path; a longer one loses its first components, as the
				     kernel side cuts */
	/* arguments of a program, quotes and escapes included; of a process that was refused
	 * something, which have the fewest claims on the line */
	EG_LINE_ARGS_SIZE = 3584,
	EG_LINE_FEW_ARGS_SIZE = 640,
	/* a record in the journal's own form: every value as long as it can be */
	EG_JOURNAL_MAX = 32768,
	EG_FIELDS_MAX = 128,
	EG_FIELDS_ROOM = 16384, /* bytes of all texts of one record */
	EG_FIELDS_TEXT_MAX =
		512, /* raw bytes that are kept of one text; path and arguments apart */
};

enum eg_field_kind {
	EG_FIELD_NONE,	 /* not known: "-", or absent */
	EG_FIELD_TEXT,	 /* bytes of any kind */
	EG_FIELD_PHRASE, /* text of our own with blanks in it: kv has it in quotes */
	EG_FIELD_NUMBER,
	EG_FIELD_MILLIS, /* thousandths, as a number with three decimals */
	EG_FIELD_PATH,	 /* text that is cut at its front */
	EG_FIELD_ARGS,	 /* words of any bytes but NUL, which ends each */
	EG_FIELD_FEW_ARGS,
};

struct eg_field {
	const char *key; /* static, [a-z0-9_] */
	enum eg_field_kind kind;
	bool unknown;	 /* NUMBER: of no meaning; kv writes it nevertheless, the others do not */
	bool cut;	 /* ARGS: there is more of them */
	size_t at, len;	 /* of a text, in room */
	uint64_t number; /* NUMBER, MILLIS */
};

struct eg_fields {
	const char *word; /* the first, in capitals: "DENY"; static */
	const char *op;	  /* the second: "connect"; NULL = there is none; static */
	size_t n, used;
	struct eg_field list[EG_FIELDS_MAX];
	char room[EG_FIELDS_ROOM];
};

/* ---- making one. What finds no room is dropped or stands as not known: the limits above and the
 * number of fields of each record are such that this does not happen. */

/* word, op: as in the struct. */
void eg_fields_begin(struct eg_fields *fields, const char *word, const char *op);

void eg_fields_add_none(struct eg_fields *fields, const char *key);
void eg_fields_add_number(struct eg_fields *fields, const char *key, uint64_t number);

/* The same where 0 stands for not known: "0" in kv, absent elsewhere. */
void eg_fields_add_known(struct eg_fields *fields, const char *key, uint64_t number);

/* raw: up to its NUL or size bytes, EG_FIELDS_TEXT_MAX at most; empty or NULL = not known. */
void eg_fields_add_text(struct eg_fields *fields, const char *key, const char *raw, size_t size);
void eg_fields_add_word(struct eg_fields *fields, const char *key, const char *raw);
__attribute__((format(printf, 3, 4))) void
eg_fields_add_format(struct eg_fields *fields, const char *key, const char *format, ...);
void eg_fields_add_phrase(struct eg_fields *fields, const char *key, const char *text);

/* path: absolute or "...", with NUL; it is kept whole. */
void eg_fields_add_path(struct eg_fields *fields, const char *key, const char *path);

/* args: n bytes, each ended by NUL (the last may lack it). few: EG_LINE_FEW_ARGS_SIZE. */
void eg_fields_add_args(struct eg_fields *fields, const char *key, const char *args, size_t n,
			bool cut, bool few);

/* Thousandths, such as milliseconds. */
void eg_fields_add_millis(struct eg_fields *fields, const char *key, uint64_t millis);

/* RFC 3339 in UTC with milliseconds. time_ns: CLOCK_REALTIME. */
void eg_fields_add_time(struct eg_fields *fields, const char *key, int64_t time_ns);

/* ---- reading it */

/* NULL when there is none with this key. */
const struct eg_field *eg_fields_find(const struct eg_fields *fields, const char *key);

/* How programs name the record: "refusal" for DENY, AUDIT and KILL, "flow" for RESET and BLOCK,
 * else the first word in small letters. *ret_verdict: for these five, the first word in small
 * letters, else NULL. buf: 32 bytes each. Returns buf. */
const char *eg_fields_event(const struct eg_fields *fields, char *buf, char *verdict,
			    const char **ret_verdict);

/* ---- writing it */

/*
 * One line without newline, NUL-terminated. buf: size bytes, EG_LINE_MAX so that every record fits.
 * kv: words and key=value by blanks. json: one object, RFC 8259, in ASCII but for what is valid
 * UTF-8 and printable; bytes that are not valid UTF-8, and backslashes, are the text "\xHH" there.
 * Returns the length, or -EMSGSIZE when it does not fit.
 */
int eg_fields_kv(const struct eg_fields *fields, char *buf, size_t size);
int eg_fields_json(const struct eg_fields *fields, char *buf, size_t size);

/*
 * A datagram for journald: MESSAGE=message, PRIORITY, SYSLOG_FACILITY (the number, as LOG_FAC has
 * it), SYSLOG_IDENTIFIER, and each field that is known as EBPFGUARD_KEY=, raw. args: whether to
 * have arguments in it, which are written as in kv. message: NUL-terminated, borrowed.
 * Returns its length, or -EMSGSIZE when size is too small.
 */
ssize_t eg_fields_journal(const struct eg_fields *fields, const char *message, int priority,
			  int facility, bool args, char *buf, size_t size);

/* ---- escaping */

/*
 * Escapes n bytes for kv: those outside 0x21..0x7e, '"', '\\' and '=' become \xHH. buf: size bytes,
 * at least 8; what does not fit is cut at a whole character and marked by "...". NUL-terminated.
 * Returns the length.
 */
size_t eg_fields_escape(const char *text, size_t n, char *buf, size_t size);

#endif
