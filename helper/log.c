// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Syslog or stderr. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static bool log_to_stderr;
static bool log_debug;

void eg_log_open(bool to_stderr, bool debug)
{
	log_to_stderr = to_stderr;
	log_debug = debug;
	if (!to_stderr)
		openlog("ebpfguard-helper", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
}

static const char *priority_name(int priority)
{
	static const char *const names[] = {"emerg",   "alert",	 "crit", "error",
					    "warning", "notice", "info", "debug"};

	return names[priority & LOG_PRIMASK];
}

void eg_log(int priority, const char *format, ...)
{
	va_list ap;

	if (priority == LOG_DEBUG && !log_debug)
		return;
	va_start(ap, format);
	if (log_to_stderr) {
		flockfile(stderr); /* threads log, too */
		(void)fprintf(stderr, "%s: ", priority_name(priority));
		(void)vfprintf(stderr, format, ap);
		(void)fputc('\n', stderr);
		funlockfile(stderr);
	} else {
		vsyslog(priority, format, ap);
	}
	va_end(ap);
}
