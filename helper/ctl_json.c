// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl's commands print with --json. */
#include "ctl_json.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "utf8.h"
#include "util.h"

/* What was asked for; without it there is no going on. */
static struct json_object *need(struct json_object *value)
{
	if (!value)
		errx(EG_CTL_FINDING, "out of memory");
	return value;
}

struct json_object *eg_ctl_json_object(void)
{
	return need(json_object_new_object());
}

struct json_object *eg_ctl_json_array(void)
{
	return need(json_object_new_array());
}

/* ---- text ---- */

struct json_object *eg_ctl_json_text(const char *bytes, size_t n)
{
	char *text eg_auto_free = malloc(4 * n + 1);
	size_t used = 0, len;
	uint32_t c;

	if (!text)
		(void)need(NULL);
	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = eg_utf8_decode(bytes + i, n - i, &c);
		if (len && c != '\\') {
			memcpy(text + used, bytes + i, len);
			used += len;
		} else {
			used += (size_t)sprintf(text + used, "\\x%02x", (unsigned char)bytes[i]);
		}
	}
	return need(json_object_new_string_len(text, (int)used));
}

struct json_object *eg_ctl_json_number(uint64_t value)
{
	return need(json_object_new_int64(value > INT64_MAX ? INT64_MAX : (int64_t)value));
}

struct json_object *eg_ctl_json_word(const char *word)
{
	return need(json_object_new_string(word));
}

/* ---- objects ---- */

void eg_ctl_json_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) < 0)
		(void)need(NULL);
}

void eg_ctl_json_add_text(struct json_object *object, const char *key, const char *text)
{
	if (text && *text)
		eg_ctl_json_add(object, key, eg_ctl_json_text(text, strlen(text)));
}

void eg_ctl_json_add_number(struct json_object *object, const char *key, uint64_t value)
{
	eg_ctl_json_add(object, key, eg_ctl_json_number(value));
}

void eg_ctl_json_add_bool(struct json_object *object, const char *key, bool value)
{
	eg_ctl_json_add(object, key, need(json_object_new_boolean(value)));
}

void eg_ctl_json_add_time(struct json_object *object, const char *key, uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (seconds && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		eg_ctl_json_add_text(object, key, text);
}

void eg_ctl_json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) < 0)
		(void)need(NULL);
}

/* ---- output ---- */

static void print_character(uint32_t c, FILE *out)
{
	if (c >= 0x10000)
		(void)fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
	else if (c >= 0x7f)
		(void)fprintf(out, "\\u%04x", c);
	else
		(void)fputc((int)c, out);
}

void eg_ctl_json_write(struct json_object *value, FILE *out)
{
	const char *text = json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t n, len;
	uint32_t c;

	if (!text)
		(void)need(NULL);
	n = strlen(text);
	for (size_t i = 0; i < n; i += len) {
		len = eg_utf8_decode(text + i, n - i, &c);
		if (!len) { /* what is in it went through eg_ctl_json_text */
			len = 1;
			c = '?';
		}
		print_character(c, out);
	}
	(void)fputc('\n', out);
	(void)json_object_put(value);
}

void eg_ctl_json_print(struct json_object *value)
{
	eg_ctl_json_write(value, stdout);
}
