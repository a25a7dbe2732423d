// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Records as JSON objects: reading the helper's lines of that format, and writing them. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "record_line.h"
#include "utf8.h"
#include "util.h"

enum { DEPTH = 3 }; /* an object, an array in it, a text */

static void put_object(struct json_object **object)
{
	(void)json_object_put(*object); /* NULL is fine; what is left lives elsewhere */
}

static void free_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* ---- reading */

/* A text as it was before the helper made UTF-8 of it: a backslash is the begin of \xHH. NULL: it
 * is none of the helper's. */
static const char *store_text(struct eg_record_line *line, const char *text, size_t n)
{
	char *to = eg_record_reserve(line, n);
	size_t used = 0;

	for (size_t i = 0; to && i < n; i++) {
		bool escaped = text[i] == '\\';
		int c = escaped ? eg_record_escaped(text + i, n - i) : text[i];

		if (!c || (escaped && c < 0))
			return NULL;
		to[used++] = (char)c;
		i += escaped ? 3 : 0;
	}
	if (to)
		eg_record_shorten(line, to, used);
	return to;
}

static const char *store(struct eg_record_line *line, struct json_object *value)
{
	return store_text(line, json_object_get_string(value),
			  (size_t)json_object_get_string_len(value));
}

static int read_args(struct eg_record_line *line, struct json_object *array)
{
	size_t n = json_object_array_length(array);

	if (line->args)
		return -EBADMSG;
	line->args = line->store + line->used;
	line->args_at = line->n_fields;
	for (size_t i = 0; i < n; i++) {
		struct json_object *arg = json_object_array_get_idx(array, i);

		if (!json_object_is_type(arg, json_type_string) || !store(line, arg))
			return -EBADMSG;
		line->n_args++;
	}
	return 0;
}

/* Digits as they stand in the line. */
static int add_number(struct eg_record_line *line, const char *key, struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
	char *copy = eg_record_reserve(line, strlen(text));

	if (!copy)
		return -EBADMSG;
	memcpy(copy, text, strlen(text));
	return eg_record_add(line, key, copy, EG_RECORD_NUMBER);
}

static int add_text(struct eg_record_line *line, const char *key, struct json_object *value)
{
	const char *text = store(line, value);

	return text ? eg_record_add(line, key, text, EG_RECORD_TEXT) : -EBADMSG;
}

/* Keys and operations are printed as they are. */
static bool is_key(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static int read_member(struct eg_record_line *line, const char *name, struct json_object *value)
{
	const char *key = store_text(line, name, strlen(name));
	bool args = strcmp(name, "args") == 0;

	if (!key || !is_key(name) || args != json_object_is_type(value, json_type_array))
		return -EBADMSG;
	switch (json_object_get_type(value)) {
	case json_type_array:
		return read_args(line, value);
	case json_type_boolean:
		if (strcmp(key, "args_cut") == 0) {
			if (!line->args) /* it stands behind them */
				return -EBADMSG;
			line->args_cut = json_object_get_boolean(value);
			return 0;
		}
		return eg_record_add(line, key, json_object_get_boolean(value) ? "yes" : "no",
				     EG_RECORD_YES);
	case json_type_int:
	case json_type_double:
		return add_number(line, key, value);
	case json_type_string:
		return add_text(line, key, value);
	default:
		return -EBADMSG;
	}
}

/* The whole text must be one object. NULL: it is not. */
static struct json_object *parse(const char *text, size_t n)
{
	struct json_tokener *tokener __attribute__((cleanup(free_tokener))) =
		json_tokener_new_ex(DEPTH);
	struct json_object *object __attribute__((cleanup(put_object))) = NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)n);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != n ||
	    !json_object_is_type(object, json_type_object))
		return NULL;
	return eg_take_ptr(&object);
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* What a line was about that has been cut cannot be told: its end may hold anything. */
int eg_record_parse_json(const char *text, size_t n, struct eg_record_line *ret)
{
	struct json_object *object __attribute__((cleanup(put_object))) = parse(text, n);
	const struct eg_record_kind_row *row;
	const char *event = object ? text_of(object, "event") : NULL;

	ret->kind = EG_RECORD_KINDS;
	if (!object)
		return -EBADMSG;
	row = event ? eg_record_kind_of_event(event, text_of(object, "verdict")) : NULL;
	if (!row)
		return -ENOMSG;
	ret->kind = row->kind;
	ret->event = row->event;
	ret->verdict = row->verdict;
	json_object_object_foreach(object, key, value)
	{
		if (strcmp(key, "event") == 0 || (row->verdict && strcmp(key, "verdict") == 0))
			continue;
		if (row->kind != EG_RECORD_FLOW && strcmp(key, "op") == 0) {
			ret->op = value ? store(ret, value) : NULL;
			if (!ret->op || !is_key(ret->op))
				return -EBADMSG;
			continue;
		}
		if (read_member(ret, key, value) < 0)
			return -EBADMSG;
	}
	if (row->kind == EG_RECORD_REFUSAL && !ret->op)
		return -EBADMSG;
	return eg_record_is_whole(ret) ? 0 : -EBADMSG;
}

/* ---- writing */

static void print_unit(uint32_t c, FILE *out)
{
	if (c > 0xffff) {
		(void)fprintf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
			      0xdc00 + ((c - 0x10000) & 0x3ff));
		return;
	}
	if (c < 0x20 || c >= 0x7f)
		(void)fprintf(out, "\\u%04x", c);
	else if (c == '"')
		(void)fputs("\\\"", out);
	else
		(void)fputc((int)c, out);
}

/* json-c 0.16 looks for half a pair in the lower 16 bits of what it has made of a whole one. */
static bool is_misread(uint32_t c)
{
	return c > 0xffff && (c & 0xf800) == 0xd800;
}

/* A text in quotes. What a terminal would do something about is escaped, in any language. */
static void print_text(const char *text, FILE *out)
{
	size_t left = strlen(text), n;

	(void)fputc('"', out);
	for (; left; text += n, left -= n) {
		uint32_t c = 0;

		n = eg_utf8_decode(text, left, &c);
		if (is_misread(c))
			n = 0; /* its bytes, then, as of no character */
		if (!n || c == '\\')
			(void)fprintf(out, "\\\\x%02x", (unsigned char)*text);
		else
			print_unit(c, out);
		n += !n;
	}
	(void)fputc('"', out);
}

static void print_key(const char *key, FILE *out)
{
	(void)fputc(',', out);
	print_text(key, out);
	(void)fputc(':', out);
}

static void print_args(const struct eg_record_line *line, FILE *out)
{
	const char *arg = line->args;

	(void)fputs(",\"args\":[", out);
	for (size_t i = 0; i < line->n_args; i++, arg += strlen(arg) + 1) {
		if (i)
			(void)fputc(',', out);
		print_text(arg, out);
	}
	(void)fputs(line->args_cut ? "],\"args_cut\":true" : "]", out);
}

/* A number as JSON has it: the log's has no zeros in front, but for 0 itself. One that is greater
 * than any of the helper's would be another one to who reads it. */
static bool is_number(const char *text)
{
	static const char greatest[] = "18446744073709551615";
	size_t whole = strspn(text, "0123456789"), most = sizeof(greatest) - 1;
	const char *rest = text + whole;

	if (!whole || (*text == '0' && whole > 1) || whole > most ||
	    (whole == most && strncmp(text, greatest, most) > 0))
		return false;
	return !*rest ||
	       (*rest == '.' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static void print_field(const struct eg_record_field *field, FILE *out)
{
	print_key(field->key, out);
	if (field->type == EG_RECORD_YES)
		(void)fputs(strcmp(field->value, "yes") == 0 ? "true" : "false", out);
	else if (field->type == EG_RECORD_NUMBER && is_number(field->value))
		(void)fputs(field->value, out);
	else
		print_text(field->value, out);
}

void eg_record_print_json(const struct eg_record_line *line, FILE *out)
{
	(void)fprintf(out, "{\"event\":\"%s\"", line->event);
	if (line->verdict)
		(void)fprintf(out, ",\"verdict\":\"%s\"", line->verdict);
	if (line->op) {
		print_key("op", out);
		print_text(line->op, out);
	}
	for (size_t i = 0; i < line->n_fields; i++) {
		if (line->args && i == line->args_at)
			print_args(line, out);
		print_field(&line->fields[i], out);
	}
	(void)fputs("}\n", out);
}
