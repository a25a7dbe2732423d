/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Are the fields of a record those ebpfguard.conf(5) has for its kind, of the types it says? */
#ifndef EG_TEST_PAGE_HELPERS_H
#define EG_TEST_PAGE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "event.h"
#include "util.h"

static inline const char *page(void)
{
	static char text[1 << 18];
	FILE *in;
	size_t n;

	if (*text)
		return text;
	in = fopen("conf/ebpfguard.conf.5", "re");
	assert_non_null(in);
	n = fread(text, 1, sizeof(text) - 1, in);
	assert_in_range(n, 1, sizeof(text) - 2);
	assert_int_equal(fclose(in), 0);
	return text;
}

/* Is the key one of the words before end? "recorded_exec ..." stands for all that begin so. */
static inline bool is_among(const char *words, const char *end, const char *key)
{
	for (const char *word = words; word < end; word += strcspn(word, " ,[]\n")) {
		size_t n, most = strlen(key);

		word += strspn(word, " ,[]\n");
		n = strcspn(word, " ,[]\n");
		if (n == most && !memcmp(word, key, n))
			return true;
		if (strncmp(word + n, " ...", 4) != 0)
			continue;
		while (n && word[n - 1] != '_')
			n--;
		if (n && n < most && !memcmp(word, key, n))
			return true;
	}
	return false;
}

static inline bool is_op(const char *key)
{
	for (uint16_t op = 0; op < EG_OP_MAX; op++)
		if (!strcmp(key, eg_event_op_name(op)))
			return true;
	return false;
}

/* Does the table have a row for the key, with this type? */
static inline bool has_row(const char *key, const char *type)
{
	const char *row = strstr(page(), "\n.It event Ta text Ta ");

	assert_non_null(row);
	for (; row && !strncmp(row, "\n.It ", 5); row = strchr(row + 1, '\n')) {
		const char *end = strstr(row, " Ta ");

		assert_non_null(end);
		if (is_among(row + 5, end, key) && !strncmp(end + 4, type, strlen(type)) &&
		    end[4 + strlen(type)] == ' ')
			return true;
	}
	return false;
}

/* The types in another kind of record, which the page has in words. */
static inline bool has_words(const char *word, const char *key, const char *type)
{
	static const struct {
		const char *word, *key, *type;
	} others[] = {
		{"START", "cgroup", "text"},   {"STRAY", "cgroup", "text"},
		{"EXIT", "signal", "text"},    {"REFUSED", "errno", "number"},
		{"REFUSED", "type", "number"},
	};
	static const char *const counts[] = {"END", "SUPPRESSED", "LOST", "UNRECORDED"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(others); i++)
		if (!strcmp(word, others[i].word) && !strcmp(key, others[i].key))
			return !strcmp(type, others[i].type);
	for (size_t i = 0; i < EG_ARRAY_SIZE(counts); i++)
		if (!strcmp(word, counts[i]) && is_op(key))
			return !strcmp(type, "number");
	return has_row(key, type);
}

/* What the page lists for this kind of record; "" when it does not have it. */
static inline const char *list_in_page(const char *word, const char *op)
{
	static char list[512];
	const char *item = strstr(page(), ".Ss Fields of each kind\n");

	assert_non_null(item);
	while ((item = strstr(item + 1, "\n.It Sy "))) {
		const char *end = strchr(item + 1, '\n');

		if (!is_among(item + 8, end, word) ||
		    (!strcmp(word, "REFUSED") && !is_among(item + 8, end, op)))
			continue;
		(void)snprintf(list, sizeof(list), "%s", end);
		end = strstr(list, "\n.It");
		if (!end)
			end = strstr(list, "\n.El");
		assert_non_null(end);
		list[end - list] = '\0';
		return list;
	}
	return "";
}

static inline void assert_in_page(const struct eg_fields *fields)
{
	const char *list = list_in_page(fields->word, fields->op), *end = list + strlen(list);
	bool adds = strstr(list, "what the operation adds"), excused = false; /* exe to errno */
	bool counts = strstr(list, "a number for each operation");

	if (!*list)
		fail_msg("the page does not have the kind %s", fields->word);
	for (size_t i = 0; i < fields->n; i++) {
		const char *key = fields->list[i].key;
		enum eg_field_kind is = fields->list[i].kind;
		bool number = is == EG_FIELD_NUMBER || is == EG_FIELD_MILLIS;
		bool args = is == EG_FIELD_ARGS || is == EG_FIELD_FEW_ARGS;
		const char *type = args ? "array" : number ? "number" : "text";

		excused = adds && (excused || !strcmp(key, "exe")) && strcmp(key, "errno") != 0;
		if (is != EG_FIELD_NONE && !has_words(fields->word, key, type))
			fail_msg("the page has no %s of type %s in %s", key, type, fields->word);
		if (!excused && !(counts && is_op(key)) && !is_among(list, end, key))
			fail_msg("the page has no %s among the fields of %s", key, fields->word);
	}
}

#endif
