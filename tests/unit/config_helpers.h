/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tests of the configuration share: texts to configurations and messages, long texts, mutants,
 * and the files that describe it. Wants cmocka.h before it.
 */
#ifndef EG_TEST_CONFIG_HELPERS_H
#define EG_TEST_CONFIG_HELPERS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "util.h"

enum { MESSAGE_SIZE = 1024, WHOLE_SIZE = 1 << 20 };

/* Parses n bytes as the file "f". line: the message, empty when there is none. */
static inline int parse(const char *text, size_t n, struct eg_config **ret, char line[MESSAGE_SIZE])
{
	struct eg_err err = {0};
	int r = eg_config_parse(text, n, "f", ret, &err);

	line[0] = '\0';
	if (r < 0)
		(void)eg_err_format(&err, line, MESSAGE_SIZE);
	return r;
}

static inline struct eg_config *must_parse(const char *text)
{
	struct eg_config *conf = NULL;
	char line[MESSAGE_SIZE];

	if (parse(text, strlen(text), &conf, line) < 0)
		fail_msg("%s in: %.200s", line, text);
	return conf;
}

/* The text is refused with this message. */
static inline void check_wrong(const char *text, const char *message)
{
	struct eg_config *conf = NULL;
	char line[MESSAGE_SIZE];

	if (parse(text, strlen(text), &conf, line) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_string_equal(line, message);
	assert_null(conf);
}

/* ---- long texts */

/* A text of before, n times a unit with its number in place of each '#', separated by `separator`,
 * and after; owned by the caller. */
static inline char *numbered(const char *before, const char *unit, const char *separator,
			     unsigned int n, const char *after)
{
	size_t size = strlen(before) + strlen(after) + 1 +
		      (strlen(unit) + strlen(separator) + 32) * (size_t)n;
	char *text = malloc(size), *at = text;

	assert_non_null(text);
	at += sprintf(at, "%s", before);
	for (unsigned int i = 0; i < n; i++) {
		at += sprintf(at, "%s", i ? separator : "");
		for (const char *c = unit; *c; c++)
			at += *c == '#' ? sprintf(at, "%u", i) : sprintf(at, "%c", *c);
	}
	(void)strcpy(at, after);
	return text;
}

/* What is said about such a text, a line each: message, or "" when it is taken. */
static inline void check_numbered(const char *before, const char *unit, unsigned int n,
				  const char *after, const char *message)
{
	eg_auto_free char *text = numbered(before, unit, ",\n", n, after);
	struct eg_config *conf = NULL;
	char line[MESSAGE_SIZE];

	(void)parse(text, strlen(text), &conf, line);
	assert_string_equal(line, message);
	eg_config_free(conf);
}

/* A text of `before`, n times `unit`, `after`; owned by the caller. */
static inline char *repeat(const char *before, const char *unit, size_t n, const char *after)
{
	size_t n_unit = strlen(unit), n_before = strlen(before), i;
	char *text = malloc(n_before + n_unit * n + strlen(after) + 1);

	assert_non_null(text);
	memcpy(text, before, n_before);
	for (i = 0; i < n; i++)
		memcpy(text + n_before + i * n_unit, unit, n_unit);
	(void)strcpy(text + n_before + n * n_unit, after);
	return text;
}

static inline void check_repeat(const char *before, const char *unit, size_t n, const char *after,
				const char *message)
{
	eg_auto_free char *text = repeat(before, unit, n, after);
	struct eg_config *conf = NULL;
	char line[1024];

	(void)parse(text, strlen(text), &conf, line);
	assert_string_equal(line, message);
	eg_config_free(conf);
}

/* ---- mutations: never a crash, always 0 or a message that is one clean line */

static inline void check_mutant(const char *text, size_t n)
{
	eg_auto_free char *exact =
		malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
	struct eg_config *conf = NULL;
	char line[MESSAGE_SIZE];
	size_t i;
	int r;

	assert_non_null(exact);
	memcpy(exact, text, n);
	r = parse(exact, n, &conf, line);
	eg_config_free(conf);
	if (r == 0)
		return;
	if (r != -EINVAL)
		fail_msg("%d for %.*s", r, (int)n, text);
	assert_true(strlen(line) > 6);
	assert_null(strstr(line, "one way only"));
	for (i = 0; line[i]; i++)
		assert_in_range(line[i], ' ', '~');
}

static inline void mutate(const char *original)
{
	size_t i, bit, n = strlen(original);
	eg_auto_free char *text = strdup(original);

	assert_non_null(text);
	for (i = 0; i < n; i++) {
		check_mutant(text, i);
		check_mutant(text + i, n - i);
		for (bit = 0; bit < 8; bit++) {
			text[i] = (char)(original[i] ^ (1 << bit));
			check_mutant(text, n);
		}
		memmove(text + i, original + i + 1, n - i);
		check_mutant(text, n - 1);
		memcpy(text, original, n + 1);
	}
}

/* ---- the files that describe it */

static const char sample_path[] __attribute__((unused)) = "conf/ebpfguard.conf";
static const char page_path[] __attribute__((unused)) = "conf/ebpfguard.conf.5";

/* Owned by the caller. */
static inline char *read_whole(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, WHOLE_SIZE);

	if (!f)
		fail_msg("%s: run this from the top of the tree", path);
	assert_non_null(text);
	(void)fread(text, 1, WHOLE_SIZE - 1, f);
	(void)fclose(f);
	return text;
}

/* What stands between the first `start` and the next `end`, start included; owned by the caller. */
static inline char *between(const char *text, const char *start, const char *end)
{
	const char *from = strstr(text, start), *to = from ? strstr(from + 1, end) : NULL;

	if (!to)
		fail_msg("there is no \"%s\" before \"%s\"", start, end);
	return strndup(from, (size_t)(to - from));
}

/* Cuts a row of a table of mdoc, ".It a Ta b Ta c", into n cells; fails unless it has so many. */
static inline void cut_row(char *row, char *cells[], size_t n)
{
	char *rest = row + strlen(".It ");

	assert_int_equal(strncmp(row, ".It ", 4), 0);
	for (size_t i = 0; i < n; i++) {
		char *end;

		if (!rest)
			fail_msg("a row of the page has less than %zu cells", n);
		end = strstr(rest, " Ta ");
		cells[i] = rest;
		rest = end ? end + strlen(" Ta ") : NULL;
		if (end)
			*end = '\0';
	}
	if (rest)
		fail_msg("a row of the page has more than %zu cells: %s", n, rest);
}

#endif
