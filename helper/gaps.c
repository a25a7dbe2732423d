// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "gaps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MORE_SIZE = 48 /* bytes of the last line */ };

void eg_gaps_add(struct eg_gaps *gaps, enum eg_metric_unguarded kind, const char *format, ...)
{
	size_t used = strlen(gaps->text), room = sizeof(gaps->text) - MORE_SIZE - used;
	char *at = gaps->text + used;
	va_list ap;
	int n;

	gaps->n[kind]++;
	va_start(ap, format);
	n = vsnprintf(at, room, format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 1 < room) {
		memcpy(at + n, "\n", sizeof("\n"));
		return;
	}
	*at = '\0';
	gaps->more++;
}

void eg_gaps_end(struct eg_gaps *gaps)
{
	size_t used = strlen(gaps->text);

	if (gaps->more)
		(void)snprintf(gaps->text + used, sizeof(gaps->text) - used,
			       "%" PRIu64 " more than these\n", gaps->more);
}
