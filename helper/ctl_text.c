// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How ebpfguardctl's commands print for people. */
#include "ctl_text.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

char *eg_ctl_local_time(uint64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !localtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		(void)snprintf(buf, size, "-");
	return buf;
}

bool eg_ctl_has_colors(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

const char *eg_ctl_color(enum eg_ctl_color color)
{
	static const char *const codes[] = {
		[EG_CTL_PLAIN] = "\033[0m",
		[EG_CTL_GOOD] = "\033[32m",
		[EG_CTL_BAD] = "\033[31m",
		[EG_CTL_BOLD] = "\033[1m",
	};

	return eg_ctl_has_colors() ? codes[color] : "";
}

/* ---- tables ---- */

struct eg_ctl_row *eg_ctl_table_row(struct eg_ctl_table *table)
{
	struct eg_ctl_row *row;

	if (table->n == table->room) {
		size_t room = table->room ? 2 * table->room : 16;
		void *bigger = realloc(table->rows, room * sizeof(*table->rows));

		if (!bigger)
			errx(EG_CTL_FINDING, "out of memory");
		table->rows = bigger;
		table->room = room;
	}
	row = &table->rows[table->n++];
	*row = (struct eg_ctl_row){.color = EG_CTL_PLAIN};
	return row;
}

void eg_ctl_cell(struct eg_ctl_row *row, size_t column, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&row->cell[column], format, ap) < 0)
		errx(EG_CTL_FINDING, "out of memory");
	va_end(ap);
}

static const char *text_of(const struct eg_ctl_row *row, size_t column)
{
	return row->cell[column] ? row->cell[column] : "";
}

void eg_ctl_table_print(const struct eg_ctl_table *table, const char *indent)
{
	int widths[EG_CTL_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < table->n; i++)
		for (size_t k = 0; k < table->columns; k++) {
			int n = (int)strlen(text_of(&table->rows[i], k));

			if (n > widths[k])
				widths[k] = n;
		}
	for (size_t i = 0; i < table->n; i++) {
		const struct eg_ctl_row *row = &table->rows[i];

		(void)printf("%s%s", indent, row->color ? eg_ctl_color(row->color) : "");
		for (size_t k = 0; k + 1 < table->columns; k++)
			(void)printf("%-*s  ", widths[k], text_of(row, k));
		/* last: no blanks behind it */
		(void)printf("%s%s\n", text_of(row, table->columns - 1),
			     row->color ? eg_ctl_color(EG_CTL_PLAIN) : "");
	}
}

void eg_ctl_table_done(struct eg_ctl_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		for (size_t k = 0; k < table->columns; k++)
			free(table->rows[i].cell[k]);
	free(table->rows);
	*table = (struct eg_ctl_table){0};
}
