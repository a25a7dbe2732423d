/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The log summed up: who was refused what, how often, by which rule, when; and what is missing. As
 * text for a terminal, or as one page. Pure: the caller brings records and time.
 */
#ifndef EG_AUDIT_H
#define EG_AUDIT_H

#include <stdio.h>

#include "record_line.h"
#include "record_match.h"
#include "tally.h"

enum {
	EG_AUDIT_HOURS_MAX = 24 * 366 * 4, /* in a report; what is outside is counted */
	EG_AUDIT_SLOTS_MAX = 96,	   /* in the chart */
	EG_AUDIT_ROWS_MAX = 100,	   /* of a table */
};

/* In the order of the tables. */
enum eg_audit_table {
	EG_AUDIT_USERS,
	EG_AUDIT_DESTINATIONS,
	EG_AUDIT_RULES,
	EG_AUDIT_PROGRAMS,
	EG_AUDIT_OTHERS, /* operation and object, where it is no destination */
	EG_AUDIT_SESSIONS,
	EG_AUDIT_MISSING, /* refused: how many are missing */
	EG_AUDIT_TABLES,
};

/* Zeroed but for what is asked for, it is empty. */
struct eg_audit {
	struct eg_record_match match; /* asked for */
	int64_t now_ms;
	/* found: */
	struct eg_tally tables[EG_AUDIT_TABLES], hosts;
	uint64_t refused, killed, audited; /* killed are refused, too */
	uint64_t flows;			   /* open ones that a reload has denied */
	uint64_t started;		   /* sessions */
	uint64_t suppressed, lost, broken; /* what is missing; broken: lines */
	int64_t first_ms, last_ms;	   /* of what is counted; 0 = nothing is */
	/* refusals by hour: refused, audited */
	uint64_t (*hours)[2]; /* owned */
	size_t n_hours;
	int64_t first_hour; /* since 1970 */
	uint64_t outside;   /* of hours */
};

/* What a table is called, and its columns, NULL after the last; counts and times come behind. */
extern const struct eg_audit_head {
	const char *title, *id, *columns[EG_TALLY_CELLS_MAX + 1];
	const char *chart; /* NULL = it has none */
} eg_audit_heads[EG_AUDIT_TABLES];

/* Takes in a record, and what eg_record_line_parse says of it. 0 or -ENOMEM. */
int eg_audit_take(struct eg_audit *audit, const struct eg_record_line *line, int err);

/* A bar of the chart. */
struct eg_audit_slot {
	int64_t begin_s, end_s;
	uint64_t refused, audited;
};

/* Refusals by time, in slots of equal length, at most EG_AUDIT_SLOTS_MAX; from --since to --until
 * or now where these are known. Returns how many, 0 when there is nothing. */
size_t eg_audit_slots(const struct eg_audit *audit, struct eg_audit_slot *slots);

/* Sorts what was found, before it is printed. */
void eg_audit_finish(struct eg_audit *audit);

/* Local time, by minutes, with its zone. buf: 48 bytes. Returns buf. */
char *eg_audit_time(int64_t time_ms, char *buf);

/* From when to when, as asked for or as found. 0 = nothing is known. */
void eg_audit_range(const struct eg_audit *audit, int64_t *ret_begin_ms, int64_t *ret_end_ms);

void eg_audit_print_text(const struct eg_audit *audit, FILE *out);

/* One page that needs nothing else: no scripts, no other files. All text in it is escaped. */
void eg_audit_print_html(const struct eg_audit *audit, FILE *out);

/* Parts of the page, in audit_svg.c. */
void eg_audit_print_escaped(const char *text, size_t n, FILE *out);
void eg_audit_print_hours(const struct eg_audit *audit, FILE *out);
void eg_audit_print_bars(const struct eg_audit *audit, enum eg_audit_table table, FILE *out);

/* Releases what it owns. */
void eg_audit_done(struct eg_audit *audit);

#endif
