// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The log summed up, as a page: numbers, charts, tables. It loads nothing and runs nothing, which
 * its policy says to the browser as well; the one style sheet is allowed by its hash.
 */
#include <inttypes.h>
#include <string.h>

#include "audit.h"
#include "util.h"

/* tests/test_ctl_report.sh compares it with the hash of the style below. */
#define STYLE_SHA256 "DGvZUAqrPclTsBMTrunGCwJfQlBtLKZao1UIK4NubHA="

static const char style[] =
	"\n"
	":root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--text:#1c2430;--soft:#5b6675;"
	"--line:#dfe3e8;--refused:#c8382f;--audited:#d99a1c;--warn:#fff4e0;--warn-line:#d99a1c}\n"
	"@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2029;--text:#e4e9f0;"
	"--soft:#97a3b3;--line:#2c3440;--refused:#ef6a60;--audited:#e5b04a;--warn:#2c2414;"
	"--warn-line:#b98319}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--page);color:var(--text);"
	"font:15px/1.5 system-ui,\"DejaVu Sans\",sans-serif}\n"
	"main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}\n"
	"h1{font-size:26px;line-height:1.2;margin:0}\n"
	"h2{font-size:17px;margin:0 0 12px}\n"
	".soft{color:var(--soft)}\n"
	".lead{color:var(--soft);margin:6px 0 24px}\n"
	".numbers{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;"
	"margin:0 0 16px;padding:0}\n"
	".numbers div{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:14px 16px}\n"
	".numbers dt{color:var(--soft);font-size:13px}\n"
	".numbers dd{margin:2px 0 0;font-size:27px;font-weight:600;line-height:1.2;"
	"font-variant-numeric:tabular-nums}\n"
	".numbers .bad dd{color:var(--refused)}\n"
	".numbers .let dd{color:var(--audited)}\n"
	".warning{background:var(--warn);border:1px solid var(--warn-line);border-left-width:5px;"
	"border-radius:8px;padding:12px 16px;margin:0 0 16px}\n"
	".charts{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin:0 0 16px}\n"
	"section{background:var(--card);border:1px solid var(--line);border-radius:8px;"
	"padding:18px 20px;min-width:0;break-inside:avoid}\n"
	"section.wide{grid-column:1/-1}\n"
	"section.table{margin:0 0 16px;overflow-x:auto;break-inside:auto}\n"
	"svg{display:block;width:100%;height:auto}\n"
	"svg text{fill:var(--text);font-size:12px}\n"
	"svg .tick{fill:var(--soft);font-size:11px}\n"
	"svg .end{text-anchor:end}\n"
	"svg .count{font-weight:600;font-variant-numeric:tabular-nums}\n"
	"svg .grid{stroke:var(--line);stroke-width:1}\n"
	"svg .hit{fill:transparent}\n"
	"svg .refused{fill:var(--refused)}\n"
	"svg .audited{fill:var(--audited)}\n"
	".key{display:flex;gap:18px;margin:8px 0 0;padding:0;list-style:none;color:var(--soft);"
	"font-size:13px}\n"
	".key li::before{content:\"\";display:inline-block;width:11px;height:11px;"
	"border-radius:2px;margin-right:6px;background:var(--refused)}\n"
	".key li+li::before{background:var(--audited)}\n"
	"table{border-collapse:collapse;width:100%;font-size:14px}\n"
	"th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);"
	"vertical-align:top}\n"
	"th{color:var(--soft);font-weight:600;font-size:13px;white-space:nowrap}\n"
	"tbody tr:last-child td{border-bottom:0}\n"
	"td{overflow-wrap:anywhere}\n"
	"td.when{white-space:nowrap;color:var(--soft);width:1%}\n"
	"th.number,td.number{text-align:right;font-variant-numeric:tabular-nums;"
	"white-space:nowrap;width:1%;padding:6px 24px 6px 12px}\n"
	"@media "
	"(max-width:760px){.charts{grid-template-columns:1fr}.numbers{grid-template-columns:1fr "
	"1fr}}\n"
	"@media print{:root{--page:#fff}main{max-width:none;padding:0}}\n";

/* ---- the head */

static void print_head(const struct eg_audit *audit, FILE *out)
{
	int64_t begin_ms, end_ms;
	char begin[48], end[48], now[48];

	eg_audit_range(audit, &begin_ms, &end_ms);
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'sha256-" STYLE_SHA256 "'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n"
		    "<title>ebpfguard: what sessions were refused</title>\n<style>",
		    out);
	(void)fputs(style, out);
	(void)fputs("</style>\n</head>\n<body>\n<main>\n<h1>What sessions were refused</h1>\n"
		    "<p class=\"lead\">",
		    out);
	for (size_t i = 0; i < audit->hosts.n && i < 3; i++) {
		(void)fputs(i ? ", " : "", out);
		eg_audit_print_escaped(audit->hosts.rows[i]->key, strlen(audit->hosts.rows[i]->key),
				       out);
	}
	if (audit->hosts.n > 3)
		(void)fprintf(out, " and %zu more hosts", audit->hosts.n - 3);
	(void)fprintf(out, " &middot; %s to %s &middot; made by ebpfguardctl report, %s</p>\n",
		      eg_audit_time(begin_ms, begin), eg_audit_time(end_ms, end),
		      eg_audit_time(audit->now_ms, now));
}

/* In groups of three, with narrow blanks that break no line. */
static void print_grouped(FILE *out, uint64_t n)
{
	if (n >= 1000) {
		print_grouped(out, n / 1000);
		(void)fprintf(out, "&#8239;%03u", (unsigned int)(n % 1000));
	} else {
		(void)fprintf(out, "%u", (unsigned int)n);
	}
}

/* class: how it looks when it is not 0. */
static void print_number(FILE *out, const char *id, const char *what, uint64_t n, const char *class)
{
	(void)fprintf(out, "<div class=\"%s\"><dt>%s</dt><dd id=\"%s-number\">", n ? class : "",
		      what, id);
	print_grouped(out, n);
	(void)fputs("</dd></div>\n", out);
}

/* How many names a table has; when it has left rarer ones out that is not known. */
static void print_names(FILE *out, const char *id, const char *what, const struct eg_tally *tally)
{
	if (!tally->others) {
		print_number(out, id, what, tally->n, "");
		return;
	}
	(void)fprintf(out, "<div><dt>%s</dt><dd id=\"%s-number\">more than ", what, id);
	print_grouped(out, EG_TALLY_MAX);
	(void)fputs("</dd></div>\n", out);
}

static void print_numbers(const struct eg_audit *audit, FILE *out)
{
	const struct eg_tally *tables = audit->tables;

	(void)fputs("<dl class=\"numbers\">\n", out);
	print_number(out, "refused", "Refused", audit->refused, "bad");
	print_number(out, "killed", "Killed for it", audit->killed, "bad");
	print_number(out, "audited", "Audited, let through", audit->audited, "let");
	print_number(out, "flows", "Flows ended by a reload", audit->flows, "");
	print_names(out, "users", "Users", &tables[EG_AUDIT_USERS]);
	print_names(out, "destinations", "Destinations", &tables[EG_AUDIT_DESTINATIONS]);
	print_names(out, "sessions", "Sessions with refusals", &tables[EG_AUDIT_SESSIONS]);
	print_number(out, "started", "Sessions begun", audit->started, "");
	(void)fputs("</dl>\n", out);
}

static void print_missing(const struct eg_audit *audit, FILE *out)
{
	if (audit->suppressed + audit->lost + audit->broken == 0)
		return;
	(void)fprintf(
		out,
		"<p class=\"warning\" role=\"note\"><strong>This is not all.</strong> Besides "
		"what is counted here, %" PRIu64 " attempts were counted and not written one "
		"by one, %" PRIu64 " records were lost on the way to the helper, and %" PRIu64
		" lines of the log were cut.</p>\n",
		audit->suppressed, audit->lost, audit->broken);
}

/* ---- charts */

static void print_chart(const struct eg_audit *audit, enum eg_audit_table table, FILE *out)
{
	if (!audit->tables[table].n)
		return;
	(void)fprintf(out, "<section><h2>%s</h2>\n", eg_audit_heads[table].chart);
	eg_audit_print_bars(audit, table, out);
	(void)fputs("</section>\n", out);
}

static void print_charts(const struct eg_audit *audit, FILE *out)
{
	if (audit->refused + audit->audited == 0) {
		(void)fputs("<section class=\"table\"><h2>Nothing was refused</h2></section>\n",
			    out);
		return;
	}
	(void)fputs("<div class=\"charts\">\n<section class=\"wide\"><h2>By time</h2>\n", out);
	eg_audit_print_hours(audit, out);
	(void)fputs("<ul class=\"key\"><li>refused</li><li>audited, let through</li></ul>"
		    "\n",
		    out);
	if (audit->outside)
		(void)fprintf(out,
			      "<p class=\"soft\">Not in the chart: %" PRIu64
			      " at far other times</p>\n",
			      audit->outside);
	(void)fputs("</section>\n", out);
	for (int table = 0; table < EG_AUDIT_TABLES; table++)
		if (eg_audit_heads[table].chart)
			print_chart(audit, (enum eg_audit_table)table, out);
	(void)fputs("</div>\n", out);
}

/* ---- tables */

static void print_row(const struct eg_audit_head *head, const struct eg_tally_row *row,
		      bool missing, FILE *out)
{
	char first[48], last[48];

	(void)fputs("<tr>", out);
	for (size_t i = 0; head->columns[i]; i++) {
		size_t n;
		const char *cell = eg_tally_cell(row, i, &n);

		(void)fputs("<td>", out);
		eg_audit_print_escaped(cell, n, out);
		(void)fputs("</td>", out);
	}
	(void)fprintf(out, "<td class=\"number\">%" PRIu64 "</td>", row->refused);
	if (!missing)
		(void)fprintf(out, "<td class=\"number\">%" PRIu64 "</td>", row->audited);
	(void)fprintf(out, "<td class=\"when\">%s</td><td class=\"when\">%s</td></tr>\n",
		      eg_audit_time(row->first_ms, first), eg_audit_time(row->last_ms, last));
}

static void print_columns(const struct eg_audit_head *head, bool missing, FILE *out)
{
	(void)fprintf(out,
		      "<section class=\"table\"><h2 id=\"%s\">%s</h2>\n"
		      "<table aria-labelledby=\"%s\"><thead><tr>",
		      head->id, head->title, head->id);
	for (size_t i = 0; head->columns[i]; i++)
		(void)fprintf(out, "<th scope=\"col\">%s</th>", head->columns[i]);
	(void)fprintf(out,
		      "<th scope=\"col\" class=\"number\">%s</th>%s<th scope=\"col\">First</th>"
		      "<th scope=\"col\">Last</th></tr></thead>\n<tbody>\n",
		      missing ? "How many" : "Refused",
		      missing ? "" : "<th scope=\"col\" class=\"number\">Audited</th>");
}

static void print_table(const struct eg_audit *audit, enum eg_audit_table table, FILE *out)
{
	const struct eg_tally *tally = &audit->tables[table];
	bool missing = table == EG_AUDIT_MISSING;
	uint64_t rest = tally->others;

	if (!tally->n)
		return;
	print_columns(&eg_audit_heads[table], missing, out);
	for (size_t i = 0; i < tally->n; i++)
		if (i < EG_AUDIT_ROWS_MAX)
			print_row(&eg_audit_heads[table], tally->rows[i], missing, out);
		else
			rest += tally->rows[i]->refused + tally->rows[i]->audited;
	(void)fputs("</tbody></table>\n", out);
	if (rest)
		(void)fprintf(out, "<p class=\"soft\">and %" PRIu64 " more, of others</p>\n", rest);
	(void)fputs("</section>\n", out);
}

void eg_audit_print_html(const struct eg_audit *audit, FILE *out)
{
	print_head(audit, out);
	print_missing(audit, out);
	print_numbers(audit, out);
	print_charts(audit, out);
	for (int table = 0; table < EG_AUDIT_TABLES; table++)
		print_table(audit, (enum eg_audit_table)table, out);
	(void)fputs("</main>\n</body>\n</html>\n", out);
}
