// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A record of the log as a list of fields: how it is put together. */
#include "fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NS_IN_S = 1000000000, NS_IN_MS = 1000000, EVENT_SIZE = 32 };

void eg_fields_begin(struct eg_fields *fields, const char *word, const char *op)
{
	fields->word = word;
	fields->op = op;
	fields->n = 0;
	fields->used = 0;
}

static struct eg_field *add(struct eg_fields *fields, const char *key, enum eg_field_kind kind)
{
	static struct eg_field nowhere;
	struct eg_field *field = fields->n < EG_FIELDS_MAX ? &fields->list[fields->n++] : &nowhere;

	*field = (struct eg_field){.key = key, .kind = kind};
	return field;
}

/* Keeps a text; one that has no room or no bytes makes a field that is not known. */
static struct eg_field *keep(struct eg_fields *fields, const char *key, enum eg_field_kind kind,
			     const char *bytes, size_t n)
{
	struct eg_field *field = add(fields, key, kind);

	if (!n || n > EG_FIELDS_ROOM - fields->used) {
		field->kind = EG_FIELD_NONE;
		return field;
	}
	memcpy(fields->room + fields->used, bytes, n);
	field->at = fields->used;
	field->len = n;
	fields->used += n;
	return field;
}

void eg_fields_add_none(struct eg_fields *fields, const char *key)
{
	(void)add(fields, key, EG_FIELD_NONE);
}

void eg_fields_add_number(struct eg_fields *fields, const char *key, uint64_t number)
{
	add(fields, key, EG_FIELD_NUMBER)->number = number;
}

void eg_fields_add_known(struct eg_fields *fields, const char *key, uint64_t number)
{
	struct eg_field *field = add(fields, key, EG_FIELD_NUMBER);

	field->number = number;
	field->unknown = !number;
}

void eg_fields_add_text(struct eg_fields *fields, const char *key, const char *raw, size_t size)
{
	size_t most = size < EG_FIELDS_TEXT_MAX ? size : EG_FIELDS_TEXT_MAX;

	(void)keep(fields, key, EG_FIELD_TEXT, raw, raw ? strnlen(raw, most) : 0);
}

void eg_fields_add_word(struct eg_fields *fields, const char *key, const char *raw)
{
	eg_fields_add_text(fields, key, raw, EG_FIELDS_TEXT_MAX);
}

void eg_fields_add_format(struct eg_fields *fields, const char *key, const char *format, ...)
{
	char text[EG_FIELDS_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	eg_fields_add_word(fields, key, text);
}

void eg_fields_add_phrase(struct eg_fields *fields, const char *key, const char *text)
{
	(void)keep(fields, key, EG_FIELD_PHRASE, text, strnlen(text, EG_FIELDS_TEXT_MAX));
}

void eg_fields_add_path(struct eg_fields *fields, const char *key, const char *path)
{
	(void)keep(fields, key, EG_FIELD_PATH, path, strlen(path));
}

void eg_fields_add_args(struct eg_fields *fields, const char *key, const char *args, size_t n,
			bool cut, bool few)
{
	struct eg_field *field =
		keep(fields, key, few ? EG_FIELD_FEW_ARGS : EG_FIELD_ARGS, args, n);

	/* None could be read at all: that is said, too. */
	if (!field->len && cut)
		field->kind = few ? EG_FIELD_FEW_ARGS : EG_FIELD_ARGS;
	field->cut = cut;
}

void eg_fields_add_millis(struct eg_fields *fields, const char *key, uint64_t millis)
{
	add(fields, key, EG_FIELD_MILLIS)->number = millis;
}

void eg_fields_add_time(struct eg_fields *fields, const char *key, int64_t time_ns)
{
	int64_t ns = time_ns % NS_IN_S;
	time_t seconds = time_ns / NS_IN_S - (ns < 0);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm); /* zeroes for a time that no calendar has */
	eg_fields_add_format(fields, key, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
			     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			     (int)((ns < 0 ? ns + NS_IN_S : ns) / NS_IN_MS));
}

const struct eg_field *eg_fields_find(const struct eg_fields *fields, const char *key)
{
	for (size_t i = 0; i < fields->n; i++)
		if (!strcmp(fields->list[i].key, key))
			return &fields->list[i];
	return NULL;
}

static char *lower(const char *word, char *buf)
{
	size_t n = 0;

	for (; word[n] && n + 1 < EVENT_SIZE; n++)
		buf[n] = (char)(word[n] >= 'A' && word[n] <= 'Z' ? word[n] - 'A' + 'a' : word[n]);
	buf[n] = '\0';
	return buf;
}

const char *eg_fields_event(const struct eg_fields *fields, char *buf, char *verdict,
			    const char **ret_verdict)
{
	static const struct {
		const char *word, *event;
	} verdicts[] = {{"DENY", "refusal"},
			{"AUDIT", "refusal"},
			{"KILL", "refusal"},
			{"RESET", "flow"},
			{"BLOCK", "flow"}};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strcmp(fields->word, verdicts[i].word))
			continue;
		*ret_verdict = lower(fields->word, verdict);
		return strcpy(buf, verdicts[i].event);
	}
	*ret_verdict = NULL;
	return lower(fields->word, buf);
}
