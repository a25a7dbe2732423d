// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records for people. */
#include "record_print.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "record_match.h"
#include "util.h"

/* ---- words */

char *eg_record_word(const struct eg_record_line *line, const char *key, char *buf)
{
	const char *value = eg_record_get(line, key);

	return eg_event_escape(value ? value : "", buf, EG_RECORD_WHAT_SIZE);
}

char *eg_record_program(const struct eg_record_line *line, char *buf)
{
	return eg_record_word(line, eg_record_get(line, "exe") ? "exe" : "comm", buf);
}

char *eg_record_rule(const struct eg_record_line *line, char *buf)
{
	const char *at = eg_record_get(line, "feed");
	char word[EG_LINE_PATH_SIZE];
	size_t n;

	eg_record_word(line, "rule", buf);
	if (!at)
		at = eg_record_get(line, "config");
	if (!at || !eg_record_get(line, "line"))
		return buf;
	n = strlen(buf);
	(void)snprintf(buf + n, EG_RECORD_WHAT_SIZE - n, " (%s:%llu)",
		       eg_event_escape(at, word, sizeof(word)),
		       (unsigned long long)eg_record_number(line, "line"));
	return buf;
}

/* ---- what it is about */

struct text {
	char *buf; /* EG_RECORD_WHAT_SIZE bytes */
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->buf + text->used, EG_RECORD_WHAT_SIZE - text->used, format, ap);
	va_end(ap);
	if (n > 0)
		text->used += (size_t)n < EG_RECORD_WHAT_SIZE - text->used
				      ? (size_t)n
				      : EG_RECORD_WHAT_SIZE - text->used - 1;
}

static void add_word(struct text *text, const char *before, const char *raw)
{
	char word[EG_LINE_PATH_SIZE];

	add(text, "%s%s", before, eg_event_escape(raw, word, sizeof(word)));
}

/* Is it in a column of its own, or of no interest beside it? */
static bool is_elsewhere(const struct eg_record_line *line, const char *key)
{
	static const char columns[] =
		" session user rhost rport tty ppid comm exe rule feed config line count last "
		"layer "
		"sport service key loginuid audit_session host time mono replayed ";
	/* what matters more where there is nothing else */
	static const char details[] = " uid pid profile reason errno cgroup generation ";
	char word[64];

	(void)snprintf(word, sizeof(word), " %s ", key);
	if (strstr(columns, word))
		return true;
	return (line->kind == EG_RECORD_REFUSAL || line->kind == EG_RECORD_FLOW ||
		eg_record_is_gap(line)) &&
	       strstr(details, word);
}

static void add_others(struct text *text, const struct eg_record_line *line)
{
	for (size_t i = 0; i < line->n_fields; i++) {
		if (is_elsewhere(line, line->fields[i].key))
			continue;
		add(text, "%s%s", text->used ? " " : "", line->fields[i].key);
		add_word(text, "=", line->fields[i].value);
	}
}

/* ADDR:PORT/PROTO. */
static bool add_end(struct text *text, const struct eg_record_line *line, const char *key)
{
	const char *addr = eg_record_get(line, key), *proto = eg_record_get(line, "proto");
	const char *port = eg_record_get(line, "port");
	bool v6 = addr && strchr(addr, ':');

	if (!addr)
		return false;
	add_word(text, v6 && port ? "[" : "", addr);
	add(text, "%s", v6 && port ? "]" : "");
	if (port && strcmp(port, "0") != 0)
		add_word(text, ":", port);
	if (proto)
		add_word(text, "/", proto);
	return true;
}

static bool add_socket(struct text *text, const struct eg_record_line *line)
{
	const char *peer = eg_record_peer_key(line);

	if (line->op && (strcmp(line->op, "bind") == 0 || strcmp(line->op, "listen") == 0))
		peer = "src";
	return peer && eg_record_get(line, "proto") && add_end(text, line, peer);
}

static bool add_path(struct text *text, const struct eg_record_line *line)
{
	const char *path = eg_record_get(line, "path"), *access = eg_record_get(line, "access");
	const char *target = eg_record_get(line, "target");

	if (!path)
		return false;
	if (access)
		add_word(text, "", access);
	add_word(text, access ? " " : "", path);
	if (target)
		add_word(text, " as uid ", target);
	return true;
}

static void add_arguments(struct text *text, const struct eg_record_line *line)
{
	const char *arg = line->args;

	for (size_t i = 0; i < line->n_args; i++, arg += strlen(arg) + 1)
		add_word(text, i ? " " : "", arg);
	if (line->args_cut)
		add(text, " ...");
}

/* What of a session was not written or has not come, by operation. */
static void add_gap(struct text *text, const struct eg_record_line *line)
{
	const char *between = " (";

	add(text, "INCOMPLETE: %llu %s", (unsigned long long)eg_record_count(line),
	    line->kind == EG_RECORD_LOST ? "lost on the way to the helper" : "not written");
	for (size_t i = 0; i < line->n_fields; i++) {
		const struct eg_record_field *field = &line->fields[i];

		if (is_elsewhere(line, field->key) || field->type != EG_RECORD_NUMBER)
			continue;
		add(text, "%s%s %s", between, field->key, field->value);
		between = ", ";
	}
	add(text, "%s", *between == ',' ? ")" : "");
}

char *eg_record_what(const struct eg_record_line *line, char *buf)
{
	const char *profile = eg_record_get(line, "profile");
	struct text text = {.buf = buf};

	buf[0] = '\0';
	if (eg_record_is_gap(line))
		add_gap(&text, line);
	else if (line->kind == EG_RECORD_START)
		add_word(&text, "profile=", profile ? profile : "");
	else if (line->kind == EG_RECORD_EXEC && line->n_args)
		add_arguments(&text, line);
	else if (!add_socket(&text, line) && !add_path(&text, line))
		add_others(&text, line);
	if (!text.used)
		add(&text, "-");
	return buf;
}

/* ---- lines */

enum { TIME_SIZE = 32 };

static const char *local(int64_t time_ms, char buf[TIME_SIZE])
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(buf, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm))
		(void)strcpy(buf, "-");
	return buf;
}

static const char *colour_of(const struct eg_record_line *line)
{
	static const struct {
		const char *word, *colour;
	} colours[] = {{"deny", "\033[31m"},	   {"kill", "\033[1;31m"},
		       {"audit", "\033[33m"},	   {"reset", "\033[31m"},
		       {"block", "\033[31m"},	   {"quarantine", "\033[1;31m"},
		       {"suppressed", "\033[35m"}, {"lost", "\033[35m"},
		       {"start", "\033[32m"},	   {"end", "\033[32m"}};
	const char *word = line->verdict ? line->verdict : line->event;

	for (size_t i = 0; i < EG_ARRAY_SIZE(colours); i++)
		if (strcmp(word, colours[i].word) == 0)
			return colours[i].colour;
	return NULL;
}

static void print_verdict(const struct eg_record_line *line, bool colours, FILE *out)
{
	const char *word = line->verdict ? line->verdict : line->event;
	const char *colour = colours ? colour_of(line) : NULL;

	(void)fputs(colour ? colour : "", out);
	for (size_t i = 0; word[i]; i++)
		(void)fputc(toupper((unsigned char)word[i]), out);
	(void)fputs(colour ? "\033[0m" : "", out);
	(void)fprintf(out, "%*s", strlen(word) < 10 ? (int)(10 - strlen(word)) : 0, "");
}

/* The least widths: what is longer shifts the rest of its line. */
#define COLUMNS "%-10s %7s %-15s %-20s %-24s "

void eg_record_print_head(FILE *out)
{
	(void)fprintf(out, "%-19s %-10s %-8s " COLUMNS "%5s %-24s %s\n", "TIME", "VERDICT", "OP",
		      "USER", "SESSION", "FROM", "PROGRAM", "WHAT", "COUNT", "RULE", "KEY");
}

/* The line of a helper that was killed may stand in the log, too: that is to be seen. */
static char *what_and_whether(const struct eg_record_line *line, char *buf)
{
	struct text text = {.buf = eg_record_what(line, buf)};

	text.used = strlen(buf);
	if (eg_record_get(line, "replayed"))
		add(&text, " replayed");
	return buf;
}

void eg_record_print(const struct eg_record_line *line, bool colours, FILE *out)
{
	char user[EG_RECORD_WHAT_SIZE], session[EG_RECORD_WHAT_SIZE], rhost[EG_RECORD_WHAT_SIZE];
	char program[EG_RECORD_WHAT_SIZE], what[EG_RECORD_WHAT_SIZE], rule[EG_RECORD_WHAT_SIZE];
	char key[EG_RECORD_WHAT_SIZE], when[TIME_SIZE];

	(void)fprintf(out, "%s ", local(line->time_ms, when));
	print_verdict(line, colours, out);
	(void)fprintf(out, " %-8s " COLUMNS, line->op ? line->op : "-",
		      eg_record_word(line, "user", user), eg_record_word(line, "session", session),
		      eg_record_word(line, "rhost", rhost), eg_record_program(line, program),
		      what_and_whether(line, what));
	if (eg_record_is_gap(line))
		(void)fprintf(out, "%5s ", "-"); /* which was said */
	else
		(void)fprintf(out, "%5llu ", (unsigned long long)eg_record_count(line));
	(void)fprintf(out, "%-24s %s\n", eg_record_rule(line, rule),
		      eg_record_word(line, "key", key));
}
