// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A record of the log as a datagram for journald: fields with their bytes as they are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fields_encode.h"

/* Control characters go with a length in front: a newline would end the value and begin a field. */
static bool is_plain(const char *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value[i] < 0x20)
			return false;
	return true;
}

static void put_value(struct eg_out *out, const char *value, size_t n)
{
	uint8_t len[8];

	if (is_plain(value, n)) {
		eg_out_put(out, "=", 1);
	} else {
		for (size_t i = 0; i < sizeof(len); i++)
			len[i] = (uint8_t)((uint64_t)n >> 8 * i); /* the least first */
		eg_out_put(out, "\n", 1);
		eg_out_put(out, len, sizeof(len));
	}
	eg_out_put(out, value, n);
	eg_out_put(out, "\n", 1);
}

static void put_line(struct eg_out *out, const char *key, const char *value)
{
	eg_out_put(out, key, strlen(key));
	put_value(out, value, strlen(value));
}

static void put_number(struct eg_out *out, const char *key, int number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", number);
	put_line(out, key, text);
}

static void put_key(struct eg_out *out, const char *key)
{
	eg_out_put(out, "EBPFGUARD_", 10);
	for (; *key; key++) {
		char c = (char)(*key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key);

		eg_out_put(out, &c, 1);
	}
}

static void put_field(struct eg_out *out, const struct eg_fields *fields,
		      const struct eg_field *field)
{
	char buf[EG_LINE_ARGS_SIZE + 16];
	struct eg_out text = {.buf = buf, .size = sizeof(buf)};

	put_key(out, field->key);
	if (field->kind == EG_FIELD_NUMBER || field->kind == EG_FIELD_MILLIS ||
	    eg_fields_is_args(field)) {
		eg_fields_put_simple(&text, fields, field);
		put_value(out, buf, text.used);
	} else {
		put_value(out, fields->room + field->at, field->len);
	}
}

ssize_t eg_fields_journal(const struct eg_fields *fields, const char *message, int priority,
			  int facility, bool args, char *buf, size_t size)
{
	struct eg_out out = {.buf = buf, .size = size};
	char event[EG_FIELDS_EVENT_SIZE], verdict[EG_FIELDS_EVENT_SIZE];
	const char *is;

	put_line(&out, "MESSAGE", message);
	put_number(&out, "PRIORITY", priority);
	put_number(&out, "SYSLOG_FACILITY", facility);
	put_line(&out, "SYSLOG_IDENTIFIER", "ebpfguard-helper");
	put_line(&out, "EBPFGUARD_EVENT", eg_fields_event(fields, event, verdict, &is));
	if (is)
		put_line(&out, "EBPFGUARD_VERDICT", is);
	if (fields->op)
		put_line(&out, "EBPFGUARD_OP", fields->op);
	for (size_t i = 0; i < fields->n; i++) {
		const struct eg_field *field = &fields->list[i];

		if (eg_fields_is_known(field) && (args || !eg_fields_is_args(field)))
			put_field(&out, fields, field);
	}
	return out.full ? -EMSGSIZE : (ssize_t)out.used;
}
