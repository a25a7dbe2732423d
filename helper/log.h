/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The helper's log: messages, which always go to syslog, and records, which go where the
 * configuration says (group `log`); in the foreground all of them go to stderr. Only main, server,
 * control, session, manager, report and the like call it; everything below returns its errors.
 *
 * Nothing here waits for long: who reads the other end of a socket may be stopped or slow, and is
 * given half a second, once.
 */
#ifndef EG_LOG_H
#define EG_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "config.h"
#include "fields.h"

/* Where messages go from now on, and records until eg_log_set. to_stderr: with the priority in
 * front; debug: LOG_DEBUG lines too. */
void eg_log_open(bool to_stderr, bool debug);

/* One message. Text from outside must have been escaped (eg_event_escape). priority: LOG_ERR,
 * LOG_WARNING, ... Threads may call it. What syslog does not take is dropped. */
__attribute__((format(printf, 2, 3))) void eg_log(int priority, const char *format, ...);

/* The same for a line as it is. Returns 0, or a negative errno: syslog has not taken it. */
int eg_log_line(int priority, const char *line);

/* Likewise, and what syslog does not take goes to stderr, which is the unit's, if it can be written
 * without waiting: for what must not get lost unseen. Returns 0, or a negative errno: nobody has
 * taken it. */
int eg_log_anyhow(int priority, const char *line);

/*
 * Opens what a configuration's records will need: the file, when they go to one. Returns 0 and
 * *ret_fd (-1 = none is needed), owned by the caller; or a negative errno with *reterr, which names
 * file and line of the configuration.
 */
int eg_log_prepare(const struct eg_config *config, int *ret_fd, struct eg_err *reterr);

/* From now on records are written like this. config: copied; fd: of eg_log_prepare, taken; -1 with
 * a file as the destination: it is tried again. */
void eg_log_set(const struct eg_config_log *config, int fd);

/* Has the destination room for another record? For who can leave it where it is meanwhile; see
 * eg_log_socket_has_room. wait: EG_LOG_ROOM_MS at most, else not at all. */
bool eg_log_has_room(bool wait);

/*
 * Writes a record. priority: LOG_NOTICE, ... Returns 0; or a negative errno, and it is not in the
 * log: -EAGAIN when nobody reads at the other end, -ENOSPC, ... A file that cannot be written is
 * said once a minute. Not for threads.
 */
int eg_log_record(int priority, const struct eg_fields *fields);

/* Has one had to wait since this was last asked? For who writes many one after the other: a reader
 * that is slow, and not stopped, makes each of them wait. Not for threads. */
bool eg_log_has_waited(void);

#endif
