/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helper's log: syslog (LOG_AUTHPRIV) or stderr in the foreground. Only main, server, control,
 * session and manager call it; everything below returns its errors.
 */
#ifndef EG_LOG_H
#define EG_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* Where lines go from now on. to_stderr: with the priority in front; debug: LOG_DEBUG lines too. */
void eg_log_open(bool to_stderr, bool debug);

/* One line. Text from outside must have been escaped (eg_event_escape). priority: LOG_ERR,
 * LOG_WARNING, ... */
__attribute__((format(printf, 2, 3))) void eg_log(int priority, const char *format, ...);

#endif
