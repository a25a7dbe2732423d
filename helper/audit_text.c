// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The log summed up, for a terminal. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit.h"

enum { TEXT_ROWS_MAX = 20, BAR = 40 };

static void print_number(FILE *out, const char *what, uint64_t n)
{
	(void)fprintf(out, "%-28s %10" PRIu64 "\n", what, n);
}

/* Of a table that has left rarer ones out it is not known how many there were. */
static void print_names(FILE *out, const char *what, const struct eg_tally *tally)
{
	if (tally->others)
		(void)fprintf(out, "%-28s more than %d\n", what, EG_TALLY_MAX);
	else
		print_number(out, what, tally->n);
}

static void print_summary(const struct eg_audit *audit, FILE *out)
{
	char begin[48], end[48];
	int64_t begin_ms, end_ms;

	eg_audit_range(audit, &begin_ms, &end_ms);
	(void)fprintf(out, "%s to %s\n\n", eg_audit_time(begin_ms, begin),
		      eg_audit_time(end_ms, end));
	print_number(out, "refused:", audit->refused);
	print_number(out, "  of these by a kill:", audit->killed);
	print_number(out, "audited, let through:", audit->audited);
	print_number(out, "flows ended by a reload:", audit->flows);
	print_names(out, "users:", &audit->tables[EG_AUDIT_USERS]);
	print_names(out, "destinations:", &audit->tables[EG_AUDIT_DESTINATIONS]);
	print_names(out, "sessions with refusals:", &audit->tables[EG_AUDIT_SESSIONS]);
	print_number(out, "sessions started:", audit->started);
	if (audit->suppressed + audit->lost + audit->broken == 0)
		return;
	(void)fputs("INCOMPLETE, besides these there were\n", out);
	print_number(out, "  not written (SUPPRESSED):", audit->suppressed);
	print_number(out, "  lost on the way (LOST):", audit->lost);
	print_number(out, "  lines that were cut:", audit->broken);
}

static void print_row(const struct eg_audit_head *head, const struct eg_tally_row *row, FILE *out)
{
	(void)fprintf(out, "%10" PRIu64 " %10" PRIu64 "  ", row->refused, row->audited);
	for (size_t i = 0; head->columns[i]; i++) {
		size_t n;
		const char *cell = eg_tally_cell(row, i, &n);

		(void)fprintf(out, "%s%.*s", i ? "  " : "", (int)n, cell);
	}
	(void)fputc('\n', out);
}

static void print_table(const struct eg_audit *audit, enum eg_audit_table table, FILE *out)
{
	const struct eg_audit_head *head = &eg_audit_heads[table];
	const struct eg_tally *tally = &audit->tables[table];
	uint64_t rest = tally->others;

	if (!tally->n)
		return;
	(void)fprintf(out, "\n%s\n%10s %10s  ", head->title,
		      table == EG_AUDIT_MISSING ? "MISSING" : "REFUSED",
		      table == EG_AUDIT_MISSING ? "" : "AUDITED");
	for (size_t i = 0; head->columns[i]; i++)
		(void)fprintf(out, "%s%s", i ? "  " : "", head->columns[i]);
	(void)fputc('\n', out);
	for (size_t i = 0; i < tally->n; i++)
		if (i < TEXT_ROWS_MAX)
			print_row(head, tally->rows[i], out);
		else
			rest += tally->rows[i]->refused + tally->rows[i]->audited;
	if (rest)
		(void)fprintf(out, "%10" PRIu64 " more, of others\n", rest);
}

static void print_hours(const struct eg_audit *audit, FILE *out)
{
	struct eg_audit_slot slots[EG_AUDIT_SLOTS_MAX];
	size_t n = eg_audit_slots(audit, slots);
	uint64_t most = 1;
	char when[48];

	for (size_t i = 0; i < n; i++)
		if (slots[i].refused + slots[i].audited > most)
			most = slots[i].refused + slots[i].audited;
	if (n)
		(void)fputs("\nRefused and audited by time\n", out);
	for (size_t i = 0; i < n; i++) {
		uint64_t count = slots[i].refused + slots[i].audited;
		int length = (int)((double)count / (double)most * BAR);

		if (!count)
			continue;
		(void)fprintf(out, "%-24s %10" PRIu64 "  ",
			      eg_audit_time(slots[i].begin_s * 1000, when), count);
		for (int j = 0; j < (length ? length : 1); j++)
			(void)fputc('#', out);
		(void)fputc('\n', out);
	}
	if (audit->outside)
		(void)fprintf(out, "%-24s %10" PRIu64 "\n", "at far other times", audit->outside);
}

void eg_audit_print_text(const struct eg_audit *audit, FILE *out)
{
	print_summary(audit, out);
	print_hours(audit, out);
	for (int table = 0; table < EG_AUDIT_TABLES; table++)
		print_table(audit, (enum eg_audit_table)table, out);
}
