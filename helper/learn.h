/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From what sessions did under audit to an allow list: lines of the log to evidence, evidence to
 * the text of a configuration. Pure: memory only, never logs; the caller brings lines and time.
 * What is believed to be a line is said in record_line.h.
 */
#ifndef EG_LEARN_H
#define EG_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "record_line.h"

enum {
	EG_LEARN_ITEMS_MAX = 4096,  /* different things; a port list of one network takes no more */
	EG_LEARN_SET_MAX = 5,	    /* names that are given for one of them */
	EG_LEARN_GAPS_MAX = 4096,   /* sessions of which something is missing */
	EG_LEARN_PROFILES_MAX = 16, /* profiles that are named when there are several */
	EG_LEARN_TEXT_SIZE = 2048,
};

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
	/* where in a feed stands what why_not is about; raw, borrowed from the record; NULL = in
	 * none */
	const char *feed;
	uint64_t line;
};

/* What would let a line of AUDIT through, and nothing else as far as a list can say that. 0, or
 * -EBADMSG when the line lacks what its operation has. */
int eg_learn_propose(const struct eg_record_line *line, struct eg_learn_proposal *ret);

/* ---- what is missing (learn_gaps.c) */

struct eg_learn_missing {
	uint64_t lost;	     /* events that never reached the helper... */
	uint64_t lost_open;  /* ...of these, of sessions without END so far */
	uint64_t unrecorded; /* of what was to be recorded, which is nothing to learn from */
};

struct eg_learn_gap;

/* Zeroed, nothing is missing. */
struct eg_learn_gaps {
	struct eg_learn_gap **list; /* owned, as is each */
	size_t n;
	void *tree; /* of tsearch: the same */
	/* of sessions whose number has become another one's, or for which there was no room */
	struct eg_learn_missing settled;
};

/*
 * Takes in a whole line of START, LOST, UNRECORDED or END, each session's in their order. other:
 * it is an END of another profile than is asked for; the session does not count then, which no
 * line but this one tells. 0 or -ENOMEM.
 */
int eg_learn_gaps_take(struct eg_learn_gaps *gaps, const struct eg_record_line *line, bool other);

void eg_learn_gaps_sum(const struct eg_learn_gaps *gaps, struct eg_learn_missing *ret);
void eg_learn_gaps_done(struct eg_learn_gaps *gaps);

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
	uint64_t suppressed;	   /* lines that the helper left out */
	struct eg_learn_gaps gaps; /* what never reached it */
	int64_t first_s, last_s;
};

/* Takes in a line, and what eg_record_line_parse says of it. 0 or -ENOMEM. Memory does not grow
 * with the number of lines, but with that of different things up to EG_LEARN_ITEMS_MAX. */
int eg_learn_take(struct eg_learn *learn, const struct eg_record_line *line, int err);

/* What becomes of an item. */
struct eg_learn_choice {
	const struct eg_learn_item *item;
	const char *why_not; /* constant: why it is not proposed; NULL = it is */
};

/*
 * Decides about all items, sorted by list and text. look: why a path must not just be put into its
 * list, by what it is on this host: constant text; NULL = it may. Asked for lists of paths only.
 * *ret: learn->n_items, to be freed by the caller; they borrow from learn. 0 or -ENOMEM. In
 * learn_print.c, as the next two.
 */
typedef const char *(*eg_learn_look)(enum eg_learn_list list, const char *path);
int eg_learn_choose(const struct eg_learn *learn, eg_learn_look look, struct eg_learn_choice **ret);

/* The list by its name in the configuration, such as "files.allow"; NULL for EG_LEARN_NONE. */
const char *eg_learn_list_name(enum eg_learn_list list);

/*
 * Prints the evidence as a part of a configuration: what is found in lists, all else in comments.
 * look: as above. Returns 0 or -ENOMEM.
 */
int eg_learn_print(const struct eg_learn *learn, eg_learn_look look, FILE *out);

/* Releases what it owns. */
void eg_learn_done(struct eg_learn *learn);

#endif
