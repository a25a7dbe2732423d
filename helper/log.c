// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages to syslog or stderr; records to syslog, journald, a file or stderr. */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log_file.h"
#include "log_socket.h"
#include "util.h"

#define NAME "ebpfguard-helper"

enum { SAY_MS = 60000, FRONT_SIZE = 512 };

static struct {
	bool to_stderr, debug;
	pthread_mutex_t lock; /* of syslog: threads have messages, too */
	struct eg_log_socket syslog, journal;
	struct eg_log_file file;
	struct eg_config_log config; /* its path is the file's */
	unsigned int waits;	     /* of both sockets, when eg_log_has_waited was asked */
	int64_t said_ms;	     /* that the file cannot be written; 0 = not yet */
} to = {.lock = PTHREAD_MUTEX_INITIALIZER,
	.syslog = {.path = "/dev/log", .fd = -1},
	.journal = {.path = "/run/systemd/journal/socket", .fd = -1},
	.file = {.fd = -1},
	.config = {.facility = EG_LOG_AUTHPRIV}};

void eg_log_open(bool to_stderr, bool debug)
{
	to.to_stderr = to_stderr;
	to.debug = debug;
}

static int facility(void)
{
	static const int facilities[EG_LOG_FACILITIES] = {
		[EG_LOG_AUTH] = LOG_AUTH,	  [EG_LOG_AUTHPRIV] = LOG_AUTHPRIV,
		[EG_LOG_DAEMON] = LOG_DAEMON,	  [EG_LOG_LOCAL0] = LOG_LOCAL0,
		[EG_LOG_LOCAL0 + 1] = LOG_LOCAL1, [EG_LOG_LOCAL0 + 2] = LOG_LOCAL2,
		[EG_LOG_LOCAL0 + 3] = LOG_LOCAL3, [EG_LOG_LOCAL0 + 4] = LOG_LOCAL4,
		[EG_LOG_LOCAL0 + 5] = LOG_LOCAL5, [EG_LOG_LOCAL0 + 6] = LOG_LOCAL6,
		[EG_LOG_LOCAL0 + 7] = LOG_LOCAL7,
	};

	return facilities[to.config.facility];
}

/* ---- stderr and syslog */

static const char *priority_name(int priority)
{
	static const char *const names[] = {"emerg",   "alert",	 "crit", "error",
					    "warning", "notice", "info", "debug"};

	return names[priority & LOG_PRIMASK];
}

static int to_stderr(int priority, const char *line)
{
	/* one call: threads log, too */
	return fprintf(stderr, "%s: %s\n", priority_name(priority), line) < 0 ? -EIO : 0;
}

/* Not syslog(3): that waits for a reader that is stopped, for ever. */
static int to_syslog(int priority, const char *line)
{
	char bytes[EG_LINE_MAX + FRONT_SIZE], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm = {0};
	int n, r;

	if (localtime_r(&now, &tm))
		(void)strftime(stamp, sizeof(stamp), "%h %e %T", &tm);
	n = snprintf(bytes, sizeof(bytes), "<%d>%s " NAME "[%d]: %s", facility() | priority, stamp,
		     (int)getpid(), line);
	if (n < 0)
		return -EINVAL;
	(void)pthread_mutex_lock(&to.lock);
	r = eg_log_socket_send(&to.syslog, bytes,
			       (size_t)n < sizeof(bytes) ? (size_t)n : sizeof(bytes) - 1);
	(void)pthread_mutex_unlock(&to.lock);
	return r;
}

void eg_log(int priority, const char *format, ...)
{
	char line[EG_LINE_MAX];
	va_list ap;

	if (priority == LOG_DEBUG && !to.debug)
		return;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	(void)eg_log_line(priority, line); /* who must know uses eg_log_anyhow */
}

int eg_log_line(int priority, const char *line)
{
	return to.to_stderr ? to_stderr(priority, line) : to_syslog(priority, line);
}

/* Not stdio: that would wait. Of systemd's unit it is a socket of journald's, which takes a
 * priority in front and may be stopped as well. */
static int to_stderr_now(int priority, const char *line)
{
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
	char bytes[EG_LINE_MAX + FRONT_SIZE];
	int n = snprintf(bytes, sizeof(bytes), "<%d>" NAME ": %s\n", priority, line);
	ssize_t sent;

	if (n < 0 || (size_t)n >= sizeof(bytes))
		return -EMSGSIZE;
	sent = send(STDERR_FILENO, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno == ENOTSOCK)
		sent = poll(&room, 1, 0) == 1 ? write(STDERR_FILENO, bytes, (size_t)n) : -1;
	return sent == n ? 0 : -EAGAIN;
}

int eg_log_anyhow(int priority, const char *line)
{
	int r = eg_log_line(priority, line);

	return r < 0 && !to.to_stderr ? to_stderr_now(priority, line) : r;
}

/* ---- the journal */

static int to_journal(int priority, const struct eg_fields *fields, const char *line)
{
	static char bytes[EG_JOURNAL_MAX]; /* the main thread's */
	int r = -EMSGSIZE;

	/* Long ones go without the arguments. Those are in the line, too, which is shorter. */
	for (int args = 1; args >= 0 && r == -EMSGSIZE; args--) {
		ssize_t n = eg_fields_journal(fields, line, priority, facility() >> 3, args, bytes,
					      sizeof(bytes));

		r = n < 0 ? (int)n : eg_log_socket_send(&to.journal, bytes, (size_t)n);
	}
	return r;
}

/* ---- a file */

static void say(const char *path, int error)
{
	int64_t now = eg_clock_ns(CLOCK_BOOTTIME) / 1000000;

	if (to.said_ms && now - to.said_ms < SAY_MS)
		return;
	to.said_ms = now;
	eg_log(LOG_ERR, "cannot write %s: %s; what happens meanwhile is counted, and missing there",
	       path, strerror(-error));
}

/* What rsyslog writes in front, so that who reads the one can read the other. */
static size_t put_front(char *buf, size_t size)
{
	char host[256] = "-", stamp[32] = "";
	struct timespec ts = {0};
	struct tm tm = {0};
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	if (gethostname(host, sizeof(host) - 1) < 0)
		(void)strcpy(host, "-");
	n = snprintf(buf, size, "%s.%06ldZ %s " NAME "[%d]: ", stamp, ts.tv_nsec / 1000, host,
		     (int)getpid());
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static int to_file(const char *line)
{
	char bytes[EG_LINE_MAX + FRONT_SIZE];
	size_t n = to.config.format == EG_LOG_KV ? put_front(bytes, FRONT_SIZE) : 0;
	size_t len = strlen(line);
	int r;

	memcpy(bytes + n, line, len);
	bytes[n + len] = '\n';
	r = eg_log_file_write(&to.file, bytes, n + len + 1, geteuid(),
			      eg_clock_ns(CLOCK_BOOTTIME) / 1000000);
	if (r < 0)
		say(to.file.path, r);
	return r;
}

/* ---- records */

static const char *path_of(const struct eg_config_log *config)
{
	return config->file.text ? config->file.text : EG_LOG_FILE_DEFAULT;
}

int eg_log_prepare(const struct eg_config *config, int *ret_fd, struct eg_err *reterr)
{
	const char *path = path_of(&config->log), *why = "";
	int fd = -1;

	if (config->log.destination == EG_LOG_FILE) {
		fd = eg_log_file_open(path, geteuid(), &why);
		if (fd < 0) {
			(void)snprintf(reterr->file, sizeof(reterr->file), "%s", config->file);
			reterr->line = config->log.file.line;
			(void)snprintf(reterr->text, sizeof(reterr->text),
				       "log.file: cannot write %s: %s (%s)", path, strerror(-fd),
				       why);
			return fd;
		}
	}
	*ret_fd = fd;
	return 0;
}

void eg_log_set(const struct eg_config_log *config, int fd)
{
	const char *path = path_of(config);

	to.config = *config;
	to.config.file = (struct eg_config_text){0}; /* it is the configuration's */
	to.said_ms = 0;
	eg_log_file_set(&to.file, path, fd);
}

bool eg_log_has_room(bool wait)
{
	int wait_ms = wait ? EG_LOG_ROOM_MS : 0;
	bool room = true;

	if (to.to_stderr || to.config.destination == EG_LOG_FILE)
		return true;
	if (to.config.destination == EG_LOG_JOURNAL)
		return eg_log_socket_has_room(&to.journal, wait_ms,
					      eg_clock_ns(CLOCK_BOOTTIME) / 1000000);
	(void)pthread_mutex_lock(&to.lock);
	room = eg_log_socket_has_room(&to.syslog, wait_ms, eg_clock_ns(CLOCK_BOOTTIME) / 1000000);
	(void)pthread_mutex_unlock(&to.lock);
	return room;
}

bool eg_log_has_waited(void)
{
	unsigned int before = to.waits;

	(void)pthread_mutex_lock(&to.lock);
	to.waits = to.syslog.waits + to.journal.waits;
	(void)pthread_mutex_unlock(&to.lock);
	return to.waits != before;
}

int eg_log_record(int priority, const struct eg_fields *fields)
{
	char line[EG_LINE_MAX];
	int n = to.config.format == EG_LOG_JSON ? eg_fields_json(fields, line, sizeof(line))
						: eg_fields_kv(fields, line, sizeof(line));

	if (n < 0)
		return n;
	if (to.to_stderr)
		return to_stderr(priority, line);
	switch (to.config.destination) {
	case EG_LOG_JOURNAL:
		return to_journal(priority, fields, line);
	case EG_LOG_FILE:
		return to_file(line);
	default:
		return to_syslog(priority, line);
	}
}
