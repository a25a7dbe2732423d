// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A record of the log as a line: words, or a JSON object. Both bound each value as it is when
 * escaped, so that the longest record fits a line.
 */
#include "fields_encode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

static const char hex[] = "0123456789abcdef";

/* ---- one unit of text: a byte, or in JSON a character */

enum { UNIT_SIZE = 8 };

/* What stands for the unit that text begins with: n bytes, at least one. Returns its length, and in
 * *ret_used how many bytes it was. */
typedef size_t (*unit_fn)(const unsigned char *text, size_t n, char out[UNIT_SIZE],
			  size_t *ret_used);

static size_t kv_unit(const unsigned char *text, size_t n, char out[UNIT_SIZE], size_t *ret_used)
{
	unsigned char c = *text;

	(void)n;
	*ret_used = 1;
	if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

/* In quotes a blank splits nothing. */
static size_t quoted_unit(const unsigned char *text, size_t n, char out[UNIT_SIZE],
			  size_t *ret_used)
{
	size_t len = kv_unit(text, n, out, ret_used);

	if (*text != ' ')
		return len;
	out[0] = ' ';
	return 1;
}

/* Would a terminal or a viewer do something with it? Controls, C1 among them, ends of lines, and
 * what turns the direction of text. */
static bool acts(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static size_t json_unit(const unsigned char *text, size_t n, char out[UNIT_SIZE], size_t *ret_used)
{
	uint32_t c = 0;

	*ret_used = eg_utf8_decode((const char *)text, n, &c);
	if (!*ret_used || c == '\\') { /* the text \xHH, its backslash escaped */
		*ret_used = 1;
		memcpy(out, "\\\\x", 3);
		out[3] = hex[*text >> 4];
		out[4] = hex[*text & 15];
		return 5;
	}
	if (acts(c)) {
		memcpy(out, "\\u", 2);
		for (int i = 0; i < 4; i++)
			out[2 + i] = hex[c >> (12 - 4 * i) & 15];
		return 6;
	}
	if (c == '"')
		out[0] = '\\';
	memcpy(out + (c == '"'), text, *ret_used);
	return *ret_used + (c == '"');
}

/* ---- a buffer that fills */

void eg_out_put(struct eg_out *out, const void *bytes, size_t n)
{
	if (out->full || n >= out->size - out->used) {
		out->full = true;
		return;
	}
	memcpy(out->buf + out->used, bytes, n);
	out->used += n;
}

void eg_out_putf(struct eg_out *out, const char *format, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		out->full = true;
	else
		eg_out_put(out, text, (size_t)n);
}

static int finish(struct eg_out *out)
{
	if (out->full)
		return -EMSGSIZE;
	out->buf[out->used] = '\0';
	return (int)out->used;
}

/* ---- texts, as each form bounds them */

static size_t length(unit_fn unit, const char *text, size_t n)
{
	const unsigned char *at = (const unsigned char *)text;
	char one[UNIT_SIZE];
	size_t len = 0, used;

	for (size_t i = 0; i < n; i += used)
		len += unit(at + i, n - i, one, &used);
	return len;
}

/* At most `most` bytes; false when there would be more: then what is there is its beginning. */
static bool put_some(struct eg_out *out, unit_fn unit, const char *text, size_t n, size_t most)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used;

	for (size_t i = 0; i < n; i += used) {
		char one[UNIT_SIZE];
		size_t len = unit(at + i, n - i, one, &used);

		if (len > most)
			return false;
		most -= len;
		eg_out_put(out, one, len);
	}
	return true;
}

static void put_text(struct eg_out *out, unit_fn unit, const char *text, size_t n, size_t most)
{
	if (length(unit, text, n) <= most) {
		(void)put_some(out, unit, text, n, most);
		return;
	}
	(void)put_some(out, unit, text, n, most - 3);
	eg_out_put(out, "...", 3);
}

/* The last component of a path is what people look for: what is too long loses its first ones. */
static void put_path(struct eg_out *out, unit_fn unit, const char *path, size_t n)
{
	const char *end = path + n, *next;
	size_t most = EG_LINE_PATH_SIZE - 1;

	if (length(unit, path, n) <= most) {
		(void)put_some(out, unit, path, n, most);
		return;
	}
	most -= 3;
	while (length(unit, path, (size_t)(end - path)) > most &&
	       (next = memchr(path + 1, '/', (size_t)(end - path - 1))))
		path = next;
	eg_out_put(out, "...", 3);
	put_text(out, unit, path, (size_t)(end - path), most);
}

bool eg_fields_is_args(const struct eg_field *field)
{
	return field->kind == EG_FIELD_ARGS || field->kind == EG_FIELD_FEW_ARGS;
}

/* Each argument in quotes, with `between` between them. Returns whether all of them are there. */
static bool put_args(struct eg_out *out, unit_fn unit, const struct eg_fields *fields,
		     const struct eg_field *field, const char *between)
{
	size_t left = field->kind == EG_FIELD_ARGS ? EG_LINE_ARGS_SIZE : EG_LINE_FEW_ARGS_SIZE;
	const char *at = fields->room + field->at, *end = at + field->len;

	while (at < end) {
		size_t n = strnlen(at, (size_t)(end - at)), before = out->used;
		bool whole;

		if (left < 16) /* two quotes, what is between, and something in them */
			return false;
		if (at > fields->room + field->at)
			eg_out_put(out, between, strlen(between));
		eg_out_put(out, "\"", 1);
		whole = put_some(out, unit, at, n, left - 4);
		eg_out_put(out, "\"", 1);
		if (!whole || out->full)
			return false;
		left -= out->used - before;
		at += n + 1;
	}
	return !field->cut;
}

/* ---- kv */

void eg_fields_put_simple(struct eg_out *out, const struct eg_fields *fields,
			  const struct eg_field *field)
{
	if (field->kind == EG_FIELD_NUMBER)
		eg_out_putf(out, "%" PRIu64, field->number);
	else if (field->kind == EG_FIELD_MILLIS)
		eg_out_putf(out, "%" PRIu64 ".%03u", field->number / 1000,
			    (unsigned int)(field->number % 1000));
	/* What was cut says so outside of the quotes, where no user can write. */
	else if (!put_args(out, quoted_unit, fields, field, " "))
		eg_out_put(out, "...", 3);
}

static void kv_value(struct eg_out *out, const struct eg_fields *fields,
		     const struct eg_field *field)
{
	const char *text = fields->room + field->at;

	switch (field->kind) {
	case EG_FIELD_NONE:
		eg_out_put(out, "-", 1);
		break;
	case EG_FIELD_TEXT:
		put_text(out, kv_unit, text, field->len, EG_LINE_WORD_SIZE - 1);
		break;
	case EG_FIELD_PHRASE:
		eg_out_put(out, "\"", 1);
		put_text(out, quoted_unit, text, field->len, EG_LINE_WORD_SIZE - 1);
		eg_out_put(out, "\"", 1);
		break;
	case EG_FIELD_PATH:
		put_path(out, kv_unit, text, field->len);
		break;
	default:
		eg_fields_put_simple(out, fields, field);
	}
}

int eg_fields_kv(const struct eg_fields *fields, char *buf, size_t size)
{
	struct eg_out out = {.buf = buf, .size = size};

	eg_out_putf(&out, "%s%s%s", fields->word, fields->op ? " " : "",
		    fields->op ? fields->op : "");
	for (size_t i = 0; i < fields->n; i++) {
		eg_out_putf(&out, " %s=", fields->list[i].key);
		kv_value(&out, fields, &fields->list[i]);
	}
	return finish(&out);
}

size_t eg_fields_escape(const char *text, size_t n, char *buf, size_t size)
{
	struct eg_out out = {.buf = buf, .size = size};

	put_text(&out, kv_unit, text, n, size - 1);
	buf[out.used] = '\0';
	return out.used;
}

/* ---- JSON */

static void json_value(struct eg_out *out, const struct eg_fields *fields,
		       const struct eg_field *field)
{
	const char *text = fields->room + field->at;

	if (field->kind == EG_FIELD_NUMBER || field->kind == EG_FIELD_MILLIS) {
		kv_value(out, fields, field); /* JSON's numbers look the same */
	} else if (eg_fields_is_args(field)) {
		bool whole;

		eg_out_put(out, "[", 1);
		whole = put_args(out, json_unit, fields, field, ",");
		eg_out_put(out, "]", 1);
		if (!whole)
			eg_out_putf(out, ",\"%s_cut\":true", field->key);
	} else {
		eg_out_put(out, "\"", 1);
		if (field->kind == EG_FIELD_PATH)
			put_path(out, json_unit, text, field->len);
		else
			put_text(out, json_unit, text, field->len, EG_LINE_WORD_SIZE - 1);
		eg_out_put(out, "\"", 1);
	}
}

bool eg_fields_is_known(const struct eg_field *field)
{
	return field->kind != EG_FIELD_NONE && !field->unknown;
}

int eg_fields_json(const struct eg_fields *fields, char *buf, size_t size)
{
	struct eg_out out = {.buf = buf, .size = size};
	char event[EG_FIELDS_EVENT_SIZE], verdict[EG_FIELDS_EVENT_SIZE];
	const char *is;

	eg_out_putf(&out, "{\"event\":\"%s\"", eg_fields_event(fields, event, verdict, &is));
	if (is)
		eg_out_putf(&out, ",\"verdict\":\"%s\"", is);
	if (fields->op)
		eg_out_putf(&out, ",\"op\":\"%s\"", fields->op);
	for (size_t i = 0; i < fields->n; i++) {
		if (!eg_fields_is_known(&fields->list[i]))
			continue;
		eg_out_putf(&out, ",\"%s\":", fields->list[i].key);
		json_value(&out, fields, &fields->list[i]);
	}
	eg_out_put(&out, "}", 1);
	return finish(&out);
}
