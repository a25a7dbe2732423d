// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Errors as text. */
#include "eg_err.h"

#include <stdarg.h>
#include <stdio.h>

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

char *eg_err_format(const struct eg_err *err, char *buf, size_t size)
{
	size_t i;

	if (err->line)
		(void)snprintf(buf, size, "%s:%u: %s", err->file, err->line, err->text);
	else
		(void)snprintf(buf, size, "%s: %s", err->file, err->text);
	for (i = 0; i < size && buf[i]; i++) /* a path can hold anything; this stays one line */
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	return buf;
}
