// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What must be known of a configuration text before libconfig 1.5 reads it: integers that wrap,
 * @include, NUL, depth and comments that never end are refused, and each setting's line is noted,
 * because libconfig gives a string the line of the token after it. The tokens are cut off exactly
 * where libconfig's lexer does.
 */
#include "config_scan.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"

enum {
	STRING_MAX = 1024, /* bytes that one string stands for; no value needs more */
	NAMES_MAX = 32768,
	GROUP_MAX = 256, /* libconfig compares each with all others of its group */
	NODES_MAX = EG_CONFIG_RULES_MAX + NAMES_MAX, /* libconfig takes 150 bytes for each */
};

/* ---- messages */

int eg_config_fail(const struct eg_config_report *report, int err, unsigned int line,
		   const char *format, ...)
{
	struct eg_err *e = report->reterr;
	va_list args;

	(void)snprintf(e->file, sizeof(e->file), "%s", report->file); /* a long path is cut */
	e->line = line;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, args); /* so is a long text */
	va_end(args);
	return err;
}

int eg_config_fail_memory(const struct eg_config_report *report)
{
	(void)eg_config_fail(report, -ENOMEM, 0,
			     "not enough memory"); /* returns what it was given */
	return -ENOMEM;
}

char *eg_config_quote(char buf[EG_CONFIG_QUOTE_SIZE], const char *bytes, size_t n)
{
	size_t i, len = 0;

	buf[len++] = '"';
	for (i = 0; i < n && i < EG_CONFIG_QUOTE_MAX; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			buf[len++] = (char)c;
		else
			len += (size_t)sprintf(buf + len, "\\x%02X", c);
	}
	(void)strcpy(buf + len, n > EG_CONFIG_QUOTE_MAX ? "...\"" : "\"");
	return buf;
}

/* ---- scan */

/* <ctype.h> would ask the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

void eg_config_scan_done(struct eg_config_scan *scan)
{
	free(scan->lines);
	free(scan->names);
}

/* Makes room for one more; *size counts elements. Returns the array, moved or not, or NULL when
 * there is no memory. */
static void *grow(void *array, size_t *size, size_t used, size_t element_size)
{
	size_t wanted = *size ? *size * 2 : 64;

	if (used < *size)
		return array;
	array = reallocarray(array, wanted, element_size);
	if (array)
		*size = wanted;
	return array;
}

static int add_line(struct eg_config_scan *scan)
{
	unsigned int *lines = NULL;

	if (scan->n_lines == NODES_MAX)
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "more than %d values in one file", NODES_MAX);
	lines = grow(scan->lines, &scan->lines_size, scan->n_lines, sizeof(*lines));
	if (!lines)
		return eg_config_fail_memory(scan->report);
	scan->lines = lines;
	scan->lines[scan->n_lines++] = scan->line;
	return 0;
}

/* A value starts here: it has a line of its own unless it is the value of a name. */
static int scan_value(struct eg_config_scan *scan)
{
	bool named = scan->named;

	scan->named = false;
	return named ? 0 : add_line(scan);
}

static int scan_name(struct eg_config_scan *scan)
{
	static const char more[] =
		"*-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strspn(scan->at, more);
	struct eg_config_scan_name *names = NULL;
	const char *text = scan->at;

	scan->at += n;
	if ((n == 4 && strncasecmp(text, "true", n) == 0) ||
	    (n == 5 && strncasecmp(text, "false", n) == 0))
		return scan_value(scan);
	if (scan->n_names == NAMES_MAX)
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "more than %d settings in one file", NAMES_MAX);
	if (scan->open[scan->depth].n_names++ == GROUP_MAX)
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "more than %d settings in one group", GROUP_MAX);
	names = grow(scan->names, &scan->names_size, scan->n_names, sizeof(*names));
	if (!names)
		return eg_config_fail_memory(scan->report);
	scan->names = names;
	scan->names[scan->n_names++] = (struct eg_config_scan_name){
		.text = text, .n = n, .group = scan->open[scan->depth].group, .line = scan->line};
	scan->named = true;
	return add_line(scan);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* How long the escape at text is, which stands for one byte; 1 = libconfig takes the backslash for
 * itself. */
static size_t escape(const char *text)
{
	if ((text[1] | 0x20) == 'x' && is_hex(text[2]) && is_hex(text[3]))
		return 4;
	return text[1] && strchr("nrtf\\\"", text[1]) ? 2 : 1;
}

static int scan_string(struct eg_config_scan *scan)
{
	size_t n = 0;

	scan->at++;
	if (scan->after_string)
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "two strings side by side; is a comma missing between them?");
	for (; *scan->at != '"'; scan->at++, n++) {
		if (*scan->at == '\n')
			return eg_config_fail(scan->report, -EINVAL, scan->line,
					      "this string is not closed on its line");
		if (n == STRING_MAX)
			return eg_config_fail(scan->report, -EINVAL, scan->line,
					      "this string is longer than %d bytes", STRING_MAX);
		if (*scan->at != '\\')
			continue;
		if (strncasecmp(scan->at, "\\x00", 4) ==
		    0) /* libconfig would end the string there */
			return eg_config_fail(scan->report, -EINVAL, scan->line,
					      "\\x00 in a string");
		scan->at += escape(scan->at) - 1;
	}
	scan->at++;
	return scan_value(scan);
}

/* Length of an exponent such as "e+5"; 0 = there is none. */
static size_t exponent(const char *text)
{
	size_t sign =
		text[0] == 'e' || text[0] == 'E' ? 1U + (text[1] == '+' || text[1] == '-') : 0;
	size_t digits = sign ? strspn(text + sign, "0123456789") : 0;

	return digits ? sign + digits : 0;
}

/* libconfig gives an integer that does not fit its low 32 bits. */
static int check_integer(struct eg_config_scan *scan, const char *text, size_t n, bool wide,
			 int base)
{
	char digits[EG_CONFIG_QUOTE_SIZE], *end = NULL;
	long long value, min = wide ? LLONG_MIN : INT_MIN, max = wide ? LLONG_MAX : INT_MAX;

	errno = 0;
	value = strtoll(text, &end, base);
	if (errno == 0 && value >= min && value <= max)
		return 0;
	return eg_config_fail(scan->report, -EINVAL, scan->line,
			      "%s is out of range; integers go from %lld to %lld",
			      eg_config_quote(digits, text, n), min, max);
}

/* Cuts the token off where libconfig's lexer does: the longest of integer, hexadecimal integer,
 * float. */
static int scan_number(struct eg_config_scan *scan)
{
	static const char hex_digits[] = "0123456789abcdefABCDEF";
	const char *text = scan->at, *digits = text + (*text == '-' || *text == '+');
	size_t n_hex = strncasecmp(text, "0x", 2) == 0 ? strspn(text + 2, hex_digits) : 0;
	bool hex = n_hex > 0;
	size_t n = hex ? 2 + n_hex : strspn(digits, "0123456789");
	size_t longs = 0;

	scan->at = digits + n;
	if (!hex && *scan->at == '.') {
		scan->at += 1 + strspn(scan->at + 1, "0123456789");
		scan->at += exponent(scan->at);
		return scan_value(scan);
	}
	if (!hex && exponent(scan->at)) {
		scan->at += exponent(scan->at);
		return scan_value(scan);
	}
	longs = strspn(scan->at, "L");
	scan->at += longs > 2 ? 2 : longs;
	if (check_integer(scan, text, (size_t)(scan->at - text), longs > 0, hex ? 16 : 10) < 0)
		return -EINVAL;
	return scan_value(scan);
}

static int scan_comment(struct eg_config_scan *scan)
{
	const char *end = strstr(scan->at + 2, "*/");
	const char *at;

	if (!end) /* libconfig would take the rest of the file for a comment and say nothing */
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "this comment is not closed");
	for (at = scan->at; at < end; at++)
		scan->line += *at == '\n';
	scan->at = end + 2;
	return 0;
}

static int scan_open(struct eg_config_scan *scan)
{
	int err;

	if (scan->depth == EG_CONFIG_DEPTH_MAX)
		return eg_config_fail(scan->report, -EINVAL, scan->line, "nested deeper than %d",
				      EG_CONFIG_DEPTH_MAX);
	err = scan_value(scan);
	if (err < 0)
		return err;
	scan->open[++scan->depth] = (struct eg_config_scan_open){
		.bracket = *scan->at++, .group = ++scan->n_groups, .line = scan->line};
	return 0;
}

static char closing(char bracket)
{
	if (bracket == '(')
		return ')';
	return (char)(bracket == '[' ? ']' : '}');
}

static int scan_close(struct eg_config_scan *scan)
{
	const struct eg_config_scan_open *open = &scan->open[scan->depth];

	if (scan->depth == 0)
		return eg_config_fail(scan->report, -EINVAL, scan->line, "\"%c\" closes nothing",
				      *scan->at);
	if (*scan->at != closing(open->bracket))
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "\"%c\" cannot close the \"%c\" on line %u; expected \"%c\"",
				      *scan->at, open->bracket, open->line, closing(open->bracket));
	scan->depth--;
	scan->named = false;
	scan->at++;
	return 0;
}

static int scan_unexpected(struct eg_config_scan *scan)
{
	char character[EG_CONFIG_QUOTE_SIZE];

	if (strncmp(scan->at, "@include", 8) == 0)
		return eg_config_fail(scan->report, -EINVAL, scan->line,
				      "@include is not allowed; all settings stand in this file");
	return eg_config_fail(scan->report, -EINVAL, scan->line,
			      "unexpected %s; strings are written in double quotes",
			      eg_config_quote(character, scan->at, 1));
}

/* Blanks, comments and separators: true when one was there. */
static bool scan_skip(struct eg_config_scan *scan)
{
	if (*scan->at == '#' || strncmp(scan->at, "//", 2) == 0) {
		scan->at += strcspn(scan->at, "\n");
		return true;
	}
	if (!strchr(" \t\r\f\n=:,;", *scan->at))
		return false;
	scan->line += *scan->at == '\n';
	if (strchr("=:,;", *scan->at))
		scan->after_string = false;
	scan->at++;
	return true;
}

static int scan_token(struct eg_config_scan *scan)
{
	bool signed_number = (*scan->at == '-' || *scan->at == '+') &&
			     (scan->at[1] == '.' || is_digit(scan->at[1]));
	int err;

	if (scan_skip(scan))
		return 0;
	if (strncmp(scan->at, "/*", 2) == 0)
		return scan_comment(scan);
	if (*scan->at == '"') {
		err = scan_string(scan);
		scan->after_string = true;
		return err;
	}
	scan->after_string = false;
	if (strchr("([{", *scan->at))
		return scan_open(scan);
	if (strchr(")]}", *scan->at))
		return scan_close(scan);
	if (signed_number || *scan->at == '.' || is_digit(*scan->at))
		return scan_number(scan);
	if (starts_name(*scan->at))
		return scan_name(scan);
	return scan_unexpected(scan);
}

static int compare_names(const void *va, const void *vb)
{
	const struct eg_config_scan_name *a = va, *b = vb;
	int order;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	order = memcmp(a->text, b->text, a->n);
	return order ? order : (a->text > b->text) - (a->text < b->text);
}

/* libconfig refuses these too, but knows neither the name nor where it stood first. */
static int check_names_once(struct eg_config_scan *scan)
{
	const struct eg_config_scan_name *first = NULL, *again = NULL, *name;
	char quoted[EG_CONFIG_QUOTE_SIZE];

	if (scan->n_names == 0)
		return 0;
	qsort(scan->names, scan->n_names, sizeof(*scan->names), compare_names);
	for (name = scan->names + 1; name < scan->names + scan->n_names; name++) {
		if (name[-1].group != name->group || name[-1].n != name->n ||
		    memcmp(name[-1].text, name->text, name->n) != 0)
			continue;
		if (again && again->text < name->text)
			continue;
		again = name;
		first = name - 1;
	}
	if (!again)
		return 0;
	return eg_config_fail(scan->report, -EINVAL, again->line,
			      "%s is set twice; first on line %u",
			      eg_config_quote(quoted, again->text, again->n), first->line);
}

int eg_config_scan(struct eg_config_scan *scan)
{
	int err;

	while (scan->at < scan->end) {
		err = scan_token(scan);
		if (err < 0)
			return err;
	}
	if (scan->depth)
		return eg_config_fail(scan->report, -EINVAL, scan->open[scan->depth].line,
				      "\"%c\" is not closed", scan->open[scan->depth].bracket);
	return check_names_once(scan);
}
