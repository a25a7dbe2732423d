// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl status, sessions and reload: asked of the running helper, over one connection with a
 * deadline.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "abi.h"
#include "action.h"
#include "ctl.h"
#include "event.h"
#include "hooks.h"
#include "proto.h"
#include "util.h"

enum {
	ANSWER_S = 5,	/* a helper that takes longer is taken for stuck */
	RELOAD_S = 120, /* a million rules take seconds, on a slow machine many */
	TIME_SIZE = 32,
};

/* Seconds since the epoch as local time without a blank, so that it is one column. Returns buf. */
static char *local_time(uint64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !localtime_r(&t, &tm) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		(void)snprintf(buf, size, "-");
	return buf;
}

/* ---- the helper ---- */

union answer {
	struct eg_msg head;
	struct eg_msg_refused refused;
	struct eg_msg_is_status status;
	struct eg_msg_session session;
	uint64_t room[EG_MSG_MAX / sizeof(uint64_t)];
};

/* A connection and until when we wait. */
struct line {
	int fd;
	int seconds; /* that an answer may take */
	int64_t deadline_ms;
};

static void line_close_p(struct line *line)
{
	eg_close_p(&line->fd);
}

#define auto_line __attribute__((cleanup(line_close_p)))

/* Says why the helper cannot be asked, and what to do. Returns -error. */
static int not_reached(const char *path, int error)
{
	char clean[EG_CTL_SAFE_SIZE];

	(void)eg_ctl_safe(path, clean, sizeof(clean));
	if (error == EACCES)
		warnx("%s: %s: only root may ask the helper", clean, strerror(error));
	else if (error == EPERM)
		warnx("%s: %s: is this shell in a guarded session? Those may not ask the helper",
		      clean, strerror(error));
	else
		warnx("cannot reach the helper at %s: %s; see: systemctl status ebpfguard.service "
		      "ebpfguard.socket",
		      clean, strerror(error));
	return -error;
}

/* Connects and sends one request. Returns 0, or a negative errno with the reason printed. */
static int ask(const struct eg_ctl_options *options, enum eg_msg_type type, struct line *ret)
{
	const struct timeval limit = {
		.tv_sec = ANSWER_S}; /* also bounds connect when the backlog is full */
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct eg_msg request;
	size_t n = strlen(options->socket);
	int r;

	if (n >= sizeof(addr.sun_path))
		return not_reached(options->socket, ENAMETOOLONG);
	memcpy(addr.sun_path, options->socket, n);
	ret->seconds = type == EG_MSG_RELOAD ? RELOAD_S : ANSWER_S;
	ret->deadline_ms = eg_proto_now_ms() + ret->seconds * 1000;
	ret->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (ret->fd < 0 ||
	    setsockopt(ret->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(ret->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return not_reached(options->socket, errno == EAGAIN ? ETIMEDOUT : errno);
	eg_proto_head(&request, type, sizeof(request));
	r = eg_proto_send(ret->fd, &request, -1, ret->deadline_ms);
	return r < 0 ? not_reached(options->socket, -r) : 0;
}

static void say_refused(const struct eg_msg_refused *refused)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (refused->error == EALREADY)
		warnx("the helper refused: this shell is in a guarded session; ask from outside");
	else
		warnx("the helper refused: %s", eg_ctl_safe(refused->text, clean, sizeof(clean)));
}

/*
 * Receives one answer of an expected type; other is a second one that is fine, 0 = none.
 * Returns 0, or a negative errno with the reason printed.
 */
static int hear(const struct line *line, enum eg_msg_type type, uint16_t other, union answer *ret)
{
	ssize_t n = eg_proto_recv(line->fd, ret, sizeof(*ret), NULL, line->deadline_ms);

	if (n == -ETIMEDOUT)
		warnx("no answer from the helper within %d seconds; see: systemctl status "
		      "ebpfguard",
		      line->seconds);
	else if (n == 0 || n == -ECONNRESET)
		warnx("the helper closed the connection without an answer; see: journalctl -u "
		      "ebpfguard");
	else if (n < 0)
		warnx("cannot read the helper's answer: %s; does its version differ from "
		      "ours, " EG_VERSION "?",
		      strerror((int)-n));
	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	if (ret->head.type == type || (other && ret->head.type == other))
		return 0;
	if (ret->head.type == EG_MSG_REFUSED)
		say_refused(&ret->refused);
	else
		warnx("the helper gave an answer of type %u, which does not belong to the question",
		      ret->head.type);
	return -EPROTO;
}

/* ---- status ---- */

static void print_actions(const char *what, uint32_t restrictions)
{
	char names[EG_ACTION_LIST_SIZE];

	if (restrictions)
		(void)printf("%s: %s\n", what, eg_action_list(restrictions, names));
}

static void print_policy(const struct eg_msg_is_status *status)
{
	char since[TIME_SIZE];

	if (!status->generation) {
		(void)puts("mode: none\npolicy: none (sessions that are not exempt are refused)");
		return;
	}
	if (eg_action_is_all(status->audit)) {
		(void)puts("mode: audit (reports, refuses nothing)");
	} else {
		(void)puts("mode: enforce");
		print_actions("reports only", status->audit);
		print_actions("kills", status->kill);
	}
	(void)printf("policy: generation %u, in force since %s\n", status->generation,
		     local_time(status->loaded_s, since, sizeof(since)));
}

static void print_helper(const struct eg_msg_is_status *status)
{
	char product[4 * sizeof(status->product)], kernel[4 * sizeof(status->kernel)];
	char started[TIME_SIZE];

	(void)printf("version: %s, ABI %u\n",
		     eg_event_escape(status->product, product, sizeof(product)), status->abi);
	(void)printf("running since: %s\n",
		     local_time(status->started_s, started, sizeof(started)));
	(void)printf("kernel: %s\n", eg_event_escape(status->kernel, kernel, sizeof(kernel)));
}

/* Said only where something is amiss. A manager that is not running has no packets: it is fine. */
static void print_packets(const struct eg_msg_is_status *status)
{
	unsigned int all = status->sessions + status->managers;

	if (status->unfiltered)
		(void)printf("packets: filtered for %u of %u sessions and managers (see the log)\n",
			     all > status->unfiltered ? all - status->unfiltered : 0, all);
}

/* One line for each hook; what is weaker without it is known to us as it is to the helper. */
static void print_missing(const struct eg_msg_is_status *status)
{
	char names[sizeof(status->hooks_missing)], clean[4 * sizeof(names)], *at = names;

	(void)snprintf(names, sizeof(names), "%s", status->hooks_missing);
	for (char *name = strsep(&at, " "); name; name = strsep(&at, " ")) {
		const struct eg_hook *hook = eg_hooks_optional(name);

		if (*name)
			(void)printf("missing: %s%s%s\n", eg_ctl_safe(name, clean, sizeof(clean)),
				     hook ? ": " : "", hook ? hook->weaker : "");
	}
}

/* What runs for users and is not guarded: a line each. */
static void print_gaps(const char *gaps)
{
	char line[EG_GAPS_SIZE], clean[4 * EG_GAPS_SIZE];

	while (*gaps) {
		size_t n = strcspn(gaps, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)n, gaps);
		(void)printf("not guarded: %s\n", eg_ctl_safe(line, clean, sizeof(clean)));
		gaps += n + (gaps[n] == '\n');
	}
}

static void print_status(const struct eg_msg_is_status *status)
{
	char error[4 * EG_TEXT_SIZE];

	(void)printf("enforcing: %s\n",
		     status->enforcing
			     ? "yes (at its start the helper saw a denied connect refused)"
			     : "no (the helper has not seen the kernel refuse anything)");
	print_policy(status);
	(void)printf("prefixes: %u IPv4, %u IPv6\n", status->prefixes4, status->prefixes6);
	(void)printf("sessions: %u\n", status->sessions);
	(void)printf("managers: %u\n", status->managers);
	print_packets(status);
	print_gaps(status->gaps);
	(void)printf("lost: %llu\n", (unsigned long long)status->lost);
	print_helper(status);
	print_missing(status);
	(void)printf("last error: %s\n",
		     status->last_error[0] ? eg_ctl_safe(status->last_error, error, sizeof(error))
					   : "none");
}

int eg_ctl_status(const struct eg_ctl_options *options, char **args)
{
	struct line line auto_line = {.fd = -1};
	union answer answer;

	(void)args;
	if (ask(options, EG_MSG_STATUS, &line) < 0 || hear(&line, EG_MSG_IS_STATUS, 0, &answer) < 0)
		return EG_CTL_FINDING;
	print_status(&answer.status);
	return answer.status.enforcing && answer.status.generation &&
			       !answer.status.last_error[0] && !answer.status.unfiltered
		       ? EG_CTL_FINE
		       : EG_CTL_FINDING;
}

/* ---- sessions ---- */

enum { COLUMNS = 11, CELL_SIZE = 4 * EG_USER_SIZE };

struct row {
	char cell[COLUMNS][CELL_SIZE];
};

static const char *state_of(const struct eg_msg_session *session)
{
	if (session->flags & EG_GUARD_MANAGER)
		return "manager";
	return session->closed ? "closed" : "open";
}

static void fill_row(const struct eg_msg_session *s, struct row *row)
{
	(void)snprintf(row->cell[0], CELL_SIZE, "%llu", (unsigned long long)s->session);
	(void)eg_event_escape(s->user, row->cell[1], CELL_SIZE);
	(void)snprintf(row->cell[2], CELL_SIZE, "%u", s->uid);
	(void)eg_event_escape(s->rhost, row->cell[3], CELL_SIZE);
	(void)eg_event_escape(s->service, row->cell[4], CELL_SIZE);
	(void)eg_event_escape(s->profile, row->cell[5], CELL_SIZE);
	(void)local_time(s->started_s, row->cell[6], CELL_SIZE);
	(void)snprintf(row->cell[7], CELL_SIZE, "%llu", (unsigned long long)s->refused);
	(void)snprintf(row->cell[8], CELL_SIZE, "%llu", (unsigned long long)s->audited);
	(void)snprintf(row->cell[9], CELL_SIZE, "%s", state_of(s));
	(void)eg_event_escape(s->key, row->cell[10], CELL_SIZE);
}

static void print_row(const struct row *row, const int *widths)
{
	for (size_t i = 0; i < COLUMNS - 1; i++)
		(void)printf("%-*s  ", widths[i], row->cell[i]);
	(void)puts(row->cell[COLUMNS - 1]); /* last: no blanks behind it */
}

static void widen(const struct row *row, int *widths)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int n = (int)strlen(row->cell[i]);

		if (n > widths[i])
			widths[i] = n;
	}
}

static void print_sessions(const struct eg_ctl_sessions *list)
{
	static const struct row header = {{"SESSION", "USER", "UID", "FROM", "SERVICE", "PROFILE",
					   "SINCE", "REFUSED", "AUDITED", "STATE", "KEY"}};
	int widths[COLUMNS] = {0};
	struct row row;

	widen(&header, widths);
	for (size_t i = 0; i < list->n; i++) {
		fill_row(&list->items[i], &row);
		widen(&row, widths);
	}
	print_row(&header, widths);
	for (size_t i = 0; i < list->n; i++) {
		fill_row(&list->items[i], &row);
		print_row(&row, widths);
	}
}

static int append(struct eg_ctl_sessions *list, const struct eg_msg_session *session)
{
	if (list->n == EG_SESSIONS_MAX)
		return -EPROTO; /* more than there can be: not our helper */
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *bigger = realloc(list->items, room * sizeof(*list->items));

		if (!bigger)
			return -ENOMEM;
		list->items = bigger;
		list->room = room;
	}
	list->items[list->n++] = *session;
	return 0;
}

static int compare_sessions(const void *va, const void *vb)
{
	const struct eg_msg_session *a = va, *b = vb;

	return (a->session > b->session) - (a->session < b->session);
}

/* Takes in the whole list, whatever is in it so far is the caller's. Returns 0, or a negative errno
 * after saying why. */
static int collect(const struct line *line, struct eg_ctl_sessions *list)
{
	union answer answer;
	int r = 0;

	while (!r) {
		r = hear(line, EG_MSG_SESSION, EG_MSG_OK, &answer);
		if (r < 0)
			return r;
		if (answer.head.type == EG_MSG_OK)
			return 0;
		r = append(list, &answer.session);
	}
	warnx("cannot take in the list: %s", strerror(-r));
	return r;
}

/* The whole list first, the table after: a slow terminal must not hold the helper up. */
int eg_ctl_sessions_ask(const struct eg_ctl_options *options, struct eg_ctl_sessions *ret)
{
	struct line line auto_line = {.fd = -1};
	int r = ask(options, EG_MSG_SESSIONS, &line);

	if (r < 0)
		return r;
	r = collect(&line, ret);
	if (!r && ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_sessions);
	return r;
}

void eg_ctl_sessions_done(struct eg_ctl_sessions *sessions)
{
	free(sessions->items);
	*sessions = (struct eg_ctl_sessions){0};
}

int eg_ctl_sessions(const struct eg_ctl_options *options, char **args)
{
	struct eg_ctl_sessions list eg_ctl_auto_sessions = {0};

	(void)args;
	if (eg_ctl_sessions_ask(options, &list) < 0)
		return EG_CTL_FINDING;
	print_sessions(&list);
	return EG_CTL_FINE;
}

/* ---- reload ---- */

int eg_ctl_reload(const struct eg_ctl_options *options, char **args)
{
	struct line line auto_line = {.fd = -1};
	union answer answer;

	(void)args;
	if (ask(options, EG_MSG_RELOAD, &line) < 0 || hear(&line, EG_MSG_OK, 0, &answer) < 0)
		return EG_CTL_FINDING;
	(void)puts("reloaded");
	return EG_CTL_FINE;
}
