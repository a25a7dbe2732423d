// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The three forms of a record, read back. */
#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <syslog.h>

#include "fields_encode.h"
#include "fuzz_lines.h"
#include "record_line.h"

enum { NOW_S = 1795305600 /* 2026-11-22 00:00:00 UTC */ };

/* ---- values */

static const char *raw_of(const struct eg_fields *fields, const struct eg_field *field)
{
	return fields->room + field->at;
}

static bool is_text(const struct eg_field *field)
{
	return field->kind == EG_FIELD_TEXT || field->kind == EG_FIELD_PHRASE ||
	       field->kind == EG_FIELD_PATH;
}

/* A text that came back, whole or cut: at its end, or a path at its front. */
static void check_text(const char *raw, size_t n, const char *got, bool path)
{
	size_t len = strlen(got), end = len;

	if (len == n && memcmp(raw, got, n) == 0)
		return;
	must(len >= 3);
	if (path) {
		/* "..." and what is left of its end, which may be cut again. */
		must(memcmp(got, "...", 3) == 0);
		got += 3;
		len -= 3;
		if (len <= n && memcmp(raw + n - len, got, len) == 0)
			return;
		must(len >= 3 && memcmp(got + len - 3, "...", 3) == 0);
		must(memmem(raw, n, got, len - 3));
		return;
	}
	must(memcmp(got + end - 3, "...", 3) == 0);
	must(len - 3 < n && memcmp(raw, got, len - 3) == 0);
}

static void check_number(const struct eg_field *field, const char *got)
{
	char text[48];

	if (field->kind == EG_FIELD_NUMBER)
		(void)snprintf(text, sizeof(text), "%" PRIu64, field->number);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64 ".%03u", field->number / 1000,
			       (unsigned int)(field->number % 1000));
	must(strcmp(text, got) == 0);
}

/* Those that came back are the first; all of them, where it does not say that they were cut. */
static void check_args(const struct eg_fields *fields, const struct eg_field *field,
		       const struct eg_record_line *line)
{
	const char *raw = raw_of(fields, field), *end = raw + field->len, *got = line->args;

	for (size_t i = 0; i < line->n_args; i++) {
		size_t n = strnlen(raw, (size_t)(end - raw)), len = strlen(got);

		must(raw < end);
		must(len <= n && memcmp(raw, got, len) == 0);
		must(len == n || (i + 1 == line->n_args && line->args_cut));
		got += len + 1;
		raw += n + 1;
	}
	must(line->args_cut || (raw >= end && !field->cut));
}

/* A field in the form that leaves out what is not known, or in kv, which has "-" or a number. */
static void check_field(const struct eg_fields *fields, const struct eg_field *field,
			const struct eg_record_line *line, bool kv)
{
	const char *raw = raw_of(fields, field), *got = eg_record_get(line, field->key);

	if (eg_fields_is_args(field)) {
		check_args(fields, field, line);
	} else if (!is_text(field)) {
		bool there = field->kind != EG_FIELD_NONE && (kv || !field->unknown);

		must(!got == !there);
		if (there)
			check_number(field, got);
	} else if (kv && field->len == 1 && *raw == '-') {
		must(!got); /* stands for what is not known there */
	} else {
		must(got);
		check_text(raw, field->len, got, field->kind == EG_FIELD_PATH);
	}
}

/* Years that have four digits, as all of a log's have. */
static bool has_time(const struct eg_fields *fields)
{
	const struct eg_field *time = eg_fields_find(fields, "time");
	const char *raw = time ? raw_of(fields, time) : "";

	return time && time->len == strlen("2026-11-21T10:00:00.123Z") &&
	       memcmp(raw, "1970", 4) >= 0;
}

static void check_back(const struct eg_fields *fields, const char *text, size_t n, bool believed,
		       bool kv)
{
	static struct eg_record_line line;
	int r = eg_record_line_parse(text, n, NOW_S, &line);
	char event[EG_FIELDS_EVENT_SIZE], verdict[EG_FIELDS_EVENT_SIZE];
	const char *is;

	must(r == 0 || r == -EBADMSG);
	if (believed && has_time(fields))
		must(r == 0);
	if (r < 0)
		return;
	must(strcmp(line.event, eg_fields_event(fields, event, verdict, &is)) == 0);
	must(!is == !line.verdict && (!is || strcmp(is, line.verdict) == 0));
	must(!fields->op == !line.op && (!line.op || strcmp(fields->op, line.op) == 0));
	for (size_t i = 0; i < fields->n; i++)
		check_field(fields, &fields->list[i], &line, kv);
}

/* ---- JSON: whatever else reads it */

static void check_json(const char *text, size_t n)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	must(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)n);
	must(json_object_is_type(object, json_type_object));
	must(json_tokener_get_parse_end(tokener) == n);
	for (size_t i = 0; i < n; i++)
		must((unsigned char)text[i] >= ' ' && text[i] != '\x7f');
	(void)json_object_put(object);
	json_tokener_free(tokener);
}

/* ---- journal */

struct journal {
	const char *at, *end;
	const char *key, *value;
	size_t key_n, n;
};

/* The next field: KEY=value, or KEY and eight bytes of length. */
static bool next_field(struct journal *in)
{
	const char *newline, *equals;
	uint64_t n = 0;

	if (in->at == in->end)
		return false;
	newline = memchr(in->at, '\n', (size_t)(in->end - in->at));
	must(newline);
	equals = memchr(in->at, '=', (size_t)(newline - in->at));
	in->key = in->at;
	if (equals) {
		in->key_n = (size_t)(equals - in->at);
		in->value = equals + 1;
		in->n = (size_t)(newline - in->value);
	} else {
		in->key_n = (size_t)(newline - in->at);
		must(in->end - newline > 9);
		for (int i = 0; i < 8; i++)
			n |= (uint64_t)(uint8_t)newline[1 + i] << 8 * i;
		in->value = newline + 9;
		must(n < (uint64_t)(in->end - in->value));
		in->n = (size_t)n;
	}
	must(in->value[in->n] == '\n');
	in->at = in->value + in->n + 1;
	must(in->key_n && strspn(in->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") >= in->key_n);
	return true;
}

static void must_be(struct journal *in, const char *key, const char *value)
{
	must(next_field(in));
	must(in->key_n == strlen(key) && memcmp(in->key, key, in->key_n) == 0);
	if (value)
		must(in->n == strlen(value) && memcmp(in->value, value, in->n) == 0);
}

/* Texts are there with all that is kept of them. */
static void check_journal_field(struct journal *in, const struct eg_fields *fields,
				const struct eg_field *field)
{
	char key[64] = "EBPFGUARD_";

	for (const char *c = field->key; *c; c++)
		key[strlen(key)] = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	must_be(in, key, NULL);
	if (is_text(field))
		must(in->n == field->len && memcmp(in->value, raw_of(fields, field), in->n) == 0);
	else
		must(eg_fuzz_is_line(in->value, in->n));
}

static void check_journal(const struct eg_fields *fields, const char *message, bool args)
{
	static char buf[EG_JOURNAL_MAX];
	ssize_t n = eg_fields_journal(fields, message, LOG_NOTICE, 10, args, buf, sizeof(buf));
	struct journal in = {.at = buf, .end = buf + n};
	char event[EG_FIELDS_EVENT_SIZE], verdict[EG_FIELDS_EVENT_SIZE];
	const char *is;

	must(n > 0 && n < (ssize_t)sizeof(buf));
	must_be(&in, "MESSAGE", message);
	must_be(&in, "PRIORITY", "5");
	must_be(&in, "SYSLOG_FACILITY", "10");
	must_be(&in, "SYSLOG_IDENTIFIER", "ebpfguard-helper");
	must_be(&in, "EBPFGUARD_EVENT", eg_fields_event(fields, event, verdict, &is));
	if (is)
		must_be(&in, "EBPFGUARD_VERDICT", is);
	if (fields->op)
		must_be(&in, "EBPFGUARD_OP", fields->op);
	for (size_t i = 0; i < fields->n; i++)
		if (eg_fields_is_known(&fields->list[i]) &&
		    (args || !eg_fields_is_args(&fields->list[i])))
			check_journal_field(&in, fields, &fields->list[i]);
	must(in.at == in.end);
}

void check_lines(const struct eg_fields *fields, bool believed)
{
	static char kv[EG_LINE_MAX], json[EG_LINE_MAX];
	int n = eg_fields_kv(fields, kv, sizeof(kv));
	int n_json = eg_fields_json(fields, json, sizeof(json));

	must(n > 0 && (size_t)n == strlen(kv) && eg_fuzz_is_line(kv, (size_t)n));
	must(n_json > 0 && (size_t)n_json == strlen(json));
	check_json(json, (size_t)n_json);
	check_back(fields, kv, (size_t)n, believed, true);
	check_back(fields, json, (size_t)n_json, believed, false);
	check_journal(fields, kv, true);
	check_journal(fields, json, false);
	/* What has no room says so. */
	must(eg_fields_kv(fields, kv, (size_t)n) == -EMSGSIZE);
	must(eg_fields_json(fields, json, (size_t)n_json) == -EMSGSIZE);
}
