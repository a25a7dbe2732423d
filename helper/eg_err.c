// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Errors as text. */
#include "eg_err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void fill(struct eg_err *err, unsigned int line,
						       const char *format, va_list ap)
{
	*err = (struct eg_err){.line = line};
	(void)vsnprintf(err->text, sizeof(err->text), format, ap);
}

int eg_err_fail(struct eg_err *err, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fill(err, 0, format, ap);
	va_end(ap);
	return error;
}

int eg_err_fail_at(struct eg_err *err, int error, unsigned int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fill(err, line, format, ap);
	va_end(ap);
	return error;
}

void eg_err_append(struct eg_err *err, const char *format, ...)
{
	char more[EG_ERR_TEXT_SIZE / 2 + EG_PATH_TEXT_SIZE / 2];
	size_t n = strlen(err->text), n_more, room;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(more, sizeof(more), format, ap);
	va_end(ap);
	n_more = strlen(more);
	room = sizeof(err->text) - 1 - n_more;
	memcpy(err->text + (n < room ? n : room), more, n_more + 1);
}

char *eg_err_format(const struct eg_err *err, char *buf, size_t size)
{
	size_t i;

	if (!err->file[0])
		(void)snprintf(buf, size, "%s", err->text);
	else if (err->line)
		(void)snprintf(buf, size, "%s:%u: %s", err->file, err->line, err->text);
	else
		(void)snprintf(buf, size, "%s: %s", err->file, err->text);
	for (i = 0; i < size && buf[i]; i++) /* a path can hold anything; this stays one line */
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	return buf;
}
