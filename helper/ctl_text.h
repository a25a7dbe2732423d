/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How ebpfguardctl's commands print for people: times, tables, colours. */
#ifndef EG_CTL_TEXT_H
#define EG_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EG_CTL_TIME_SIZE = 32,
	EG_CTL_COLUMNS_MAX = 16,
};

enum eg_ctl_color { EG_CTL_PLAIN = 0, EG_CTL_GOOD, EG_CTL_BAD, EG_CTL_BOLD };

/* Seconds since the epoch as local time without a blank, so that it is one column; "-" for 0.
 * Returns buf. */
char *eg_ctl_local_time(uint64_t seconds, char *buf, size_t size);

/* Is the standard output a terminal that has colours, and NO_COLOR not set? */
bool eg_ctl_has_colors(void);

/* Begins and ends a colour on the standard output: empty unless that is a terminal that has
 * colours, and NO_COLOR is not set. */
const char *eg_ctl_color(enum eg_ctl_color color);

/* A table whose columns are as wide as what is in them. Zeroed but for columns, it is empty. */
struct eg_ctl_row {
	char *cell[EG_CTL_COLUMNS_MAX]; /* fit to print; owned, NULL = empty */
	enum eg_ctl_color color;
};
struct eg_ctl_table {
	struct eg_ctl_row *rows; /* owned */
	size_t n, room;
	size_t columns;
};

/* A new row at the end, with empty cells; borrowed until the next. Out of memory ends the program.
 */
struct eg_ctl_row *eg_ctl_table_row(struct eg_ctl_table *table);

/* Fills a cell that is empty. Likewise. */
__attribute__((format(printf, 3, 4))) void eg_ctl_cell(struct eg_ctl_row *row, size_t column,
						       const char *format, ...);

/* Prints it on the standard output, with `indent` in front of each line. */
void eg_ctl_table_print(const struct eg_ctl_table *table, const char *indent);

void eg_ctl_table_done(struct eg_ctl_table *table);
#define eg_ctl_auto_table __attribute__((cleanup(eg_ctl_table_done)))

#endif
