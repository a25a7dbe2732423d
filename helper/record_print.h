/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records for people: one line each, in columns; and the parts of it that a report counts. Pure.
 * Whatever a user has chosen becomes one word of printable ASCII.
 */
#ifndef EG_RECORD_PRINT_H
#define EG_RECORD_PRINT_H

#include "record_line.h"

enum { EG_RECORD_WHAT_SIZE = 2048 };

/* Prints the names of the columns. */
void eg_record_print_head(FILE *out);

/* Prints a record, in local time. colours: for a terminal that has them. */
void eg_record_print(const struct eg_record_line *line, bool colours, FILE *out);

/*
 * What a record is about, in words: where to ("18.4.5.6:443/tcp"), a path, what else the operation
 * has. buf: EG_RECORD_WHAT_SIZE bytes, as in all of these; what does not fit is cut. Returns buf.
 */
char *eg_record_what(const struct eg_record_line *line, char *buf);

/* The rule with file and line where these are known, "18.0.0.0/9 (/srv/drop.txt:31)". */
char *eg_record_rule(const struct eg_record_line *line, char *buf);

/* The program: its path, or its name where that is not known. */
char *eg_record_program(const struct eg_record_line *line, char *buf);

/* A field as a word, "-" for one that is not known. */
char *eg_record_word(const struct eg_record_line *line, const char *key, char *buf);

#endif
