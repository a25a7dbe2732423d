// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Charts of the page: bars as SVG, in the colours of its style sheet. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit.h"
#include "util.h"

/* In units of the drawing, which the page scales. */
enum {
	WIDTH = 960,
	HEIGHT = 220,
	LEFT = 56,
	TOP = 12,
	BOTTOM = 28,
	SLOT_MAX = 56, /* a bar wider than that looks like a wall */
	TICKS = 4,
	ROW = 26,
	BARS = 10,
	NAME = 190, /* where the bars begin */
	NAME_CHARS = 25,
	HALF = 470,
	NUMBER = 62,
};

void eg_audit_print_escaped(const char *text, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		/* What comes here is ASCII; should it not be, it must not be obeyed either. */
		if (c < 0x20 || c >= 0x7f || strchr("&<>\"'", c))
			(void)fprintf(out, "&#%d;", c < 0x20 || c >= 0x7f ? '?' : c);
		else
			(void)fputc(c, out);
	}
}

static double share(uint64_t n, uint64_t most, int length)
{
	return most ? (double)n / (double)most * length : 0;
}

/* ---- by time */

/* A number that the axis may end at: 1, 2 or 5 and zeros. */
static uint64_t even_top(uint64_t most)
{
	uint64_t unit = 1;

	while (most > unit * 10 && unit < UINT64_MAX / 100)
		unit *= 10;
	if (most <= unit * 2)
		return unit * 2 < TICKS ? TICKS : unit * 2;
	return most <= unit * 5 && unit * 5 >= TICKS ? (unit * 5 < TICKS ? TICKS : unit * 5)
						     : unit * 10;
}

/* "5", "2.5k", "1M": there is room for five characters. */
static void print_tick(double value, FILE *out)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t unit = 0;

	for (; value >= 1000 && unit + 1 < EG_ARRAY_SIZE(units); unit++)
		value /= 1000;
	(void)fprintf(out, "%g%s", value, units[unit]);
}

static void print_axis(uint64_t top, FILE *out)
{
	int height = HEIGHT - TOP - BOTTOM;

	for (int i = 0; i <= TICKS; i++) {
		double y = TOP + height - (double)height * i / TICKS;

		(void)fprintf(out,
			      "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			      "<text class=\"tick end\" x=\"%d\" y=\"%.1f\">",
			      LEFT, WIDTH, y, y, LEFT - 8, y + 4);
		print_tick((double)top * i / TICKS, out);
		(void)fputs("</text>\n", out);
	}
}

static void slot_label(int64_t time_s, bool days, char *buf, size_t size)
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, size, days ? "%b %d" : "%b %d %H:%M", &tm))
		buf[0] = '\0';
}

static void print_slot(const struct eg_audit_slot *slot, double x, double width, uint64_t top,
		       FILE *out)
{
	int height = HEIGHT - TOP - BOTTOM;
	double refused = share(slot->refused, top, height);
	double audited = share(slot->audited, top, height), y = TOP + height;
	char begin[48], end[48];

	(void)fprintf(out,
		      "<g><title>%s to %s: %" PRIu64 " refused, %" PRIu64 " audited</title>"
		      "<rect class=\"hit\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\"/>",
		      eg_audit_time(slot->begin_s * 1000, begin),
		      eg_audit_time(slot->end_s * 1000, end), slot->refused, slot->audited, x, TOP,
		      width, height);
	if (slot->refused)
		(void)fprintf(out,
			      "<rect class=\"refused\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
			      "height=\"%.2f\"/>",
			      x + width * .1, y - refused, width * .8, refused);
	if (slot->audited)
		(void)fprintf(out,
			      "<rect class=\"audited\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
			      "height=\"%.2f\"/>",
			      x + width * .1, y - refused - audited, width * .8, audited);
	(void)fputs("</g>\n", out);
}

void eg_audit_print_hours(const struct eg_audit *audit, FILE *out)
{
	struct eg_audit_slot slots[EG_AUDIT_SLOTS_MAX];
	size_t n = eg_audit_slots(audit, slots), every;
	uint64_t most = 0;
	double width;
	char label[32];

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		if (slots[i].refused + slots[i].audited > most)
			most = slots[i].refused + slots[i].audited;
	most = even_top(most);
	width = (double)(WIDTH - LEFT) / (double)n;
	if (width > SLOT_MAX)
		width = SLOT_MAX;
	every = (size_t)(100 / width) + 1;
	(void)fprintf(out,
		      "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"hours-title\">"
		      "<title id=\"hours-title\">Refused and audited attempts by time</title>\n",
		      WIDTH, HEIGHT);
	print_axis(most, out);
	for (size_t i = 0; i < n; i++) {
		double x = LEFT + width * (double)i;

		print_slot(&slots[i], x, width, most, out);
		if (i % every || x > WIDTH - 80)
			continue;
		slot_label(slots[i].begin_s, slots[i].end_s - slots[i].begin_s >= 86400, label,
			   sizeof(label));
		(void)fprintf(out, "<text class=\"tick\" x=\"%.2f\" y=\"%d\">%s</text>\n", x,
			      HEIGHT - 8, label);
	}
	(void)fputs("</svg>\n", out);
}

/* ---- by name */

static void print_name(const struct eg_tally_row *row, int y, FILE *out)
{
	size_t n;
	const char *name = eg_tally_cell(row, 0, &n);
	bool cut = n > NAME_CHARS;

	(void)fprintf(out, "<text class=\"name end\" x=\"%d\" y=\"%d\">", NAME - 8, y + 17);
	/* Of a path its end says more. */
	if (cut)
		(void)fputs("&#8230;", out);
	eg_audit_print_escaped(cut ? name + n - NAME_CHARS + 1 : name, cut ? NAME_CHARS - 1 : n,
			       out);
	(void)fputs("</text>", out);
}

static void print_bar(const struct eg_tally_row *row, int y, uint64_t most, FILE *out)
{
	int length = HALF - NAME - NUMBER;
	double refused = share(row->refused, most, length);
	double audited = share(row->audited, most, length);
	size_t n;
	const char *name = eg_tally_cell(row, 0, &n);

	(void)fputs("<g><title>", out);
	eg_audit_print_escaped(name, n, out);
	(void)fprintf(out, ": %" PRIu64 " refused, %" PRIu64 " audited</title>", row->refused,
		      row->audited);
	print_name(row, y, out);
	(void)fprintf(out,
		      "<rect class=\"refused\" x=\"%d\" y=\"%d\" width=\"%.2f\" height=\"%d\"/>"
		      "<rect class=\"audited\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\"/>"
		      "<text class=\"count\" x=\"%.2f\" y=\"%d\">%" PRIu64 "</text></g>\n",
		      NAME, y + 4, refused, ROW - 8, NAME + refused, y + 4, audited, ROW - 8,
		      NAME + refused + audited + 6, y + 17, row->refused + row->audited);
}

void eg_audit_print_bars(const struct eg_audit *audit, enum eg_audit_table table, FILE *out)
{
	const struct eg_audit_head *head = &eg_audit_heads[table];
	const struct eg_tally *tally = &audit->tables[table];
	size_t n = tally->n < BARS ? tally->n : BARS;
	uint64_t most = n ? tally->rows[0]->refused + tally->rows[0]->audited : 0;

	if (!n)
		return;
	(void)fprintf(out,
		      "<svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-labelledby=\"%s-title\">"
		      "<title id=\"%s-title\">%s, by refused and audited attempts</title>\n",
		      HALF, n * ROW, head->id, head->id, head->chart);
	for (size_t i = 0; i < n; i++)
		print_bar(tally->rows[i], (int)i * ROW, most, out);
	(void)fputs("</svg>\n", out);
}
