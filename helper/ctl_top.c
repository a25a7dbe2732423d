// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl top: sessions by what they are refused, anew each second. A screen, or snapshots as
 * text or JSON.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "ctl_log.h"
#include "ctl_sessions.h"
#include "event.h"
#include "util.h"

enum {
	PERIOD_MS = 1000,
	SNAPSHOTS_MAX = 1000000,
	LINE_SIZE = 128,
	DESTINATIONS_MAX = 8,
	HEAD_LINES = 2, /* above the sessions */
};

enum sort { BY_RATE = 0, BY_REFUSED, BY_USER, BY_NUMBER };
static const char *const sort_names[] = {"rate", "refused", "user", "number"};

struct row {
	const struct eg_msg_session *session; /* borrowed from top.now */
	double rate;			      /* refusals a second */
};

struct top {
	const struct eg_ctl_options *options;
	struct eg_ctl_sessions now, before;
	int64_t now_ms, before_ms;
	struct row *rows; /* owned, as many as now.n */
	struct eg_ctl_destination destinations[DESTINATIONS_MAX];
	int n_destinations;
	enum sort sort;
	uint64_t refused;
	double rate;
	uint64_t started_s; /* CLOCK_REALTIME; destinations count from then */
};

static volatile sig_atomic_t stopped; /* by which signal */

static void on_signal(int number)
{
	stopped = number;
}

/* ---- what is shown ---- */

static enum sort compared_by; /* qsort passes nothing on; one thread */

static int compare(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;
	int r = 0;

	if (compared_by == BY_RATE)
		r = (a->rate < b->rate) - (a->rate > b->rate);
	if (!r && compared_by <= BY_REFUSED)
		r = (a->session->refused < b->session->refused) -
		    (a->session->refused > b->session->refused);
	if (compared_by == BY_USER)
		r = strcmp(a->session->user, b->session->user);
	if (!r)
		r = (a->session->session > b->session->session) -
		    (a->session->session < b->session->session);
	return r;
}

static void sort_rows(struct top *top)
{
	compared_by = top->sort;
	if (top->now.n)
		qsort(top->rows, top->now.n, sizeof(*top->rows), compare);
}

/* Rates since the look before; the first has none. */
static void fill_rows(struct top *top)
{
	double seconds = (double)(top->now_ms - top->before_ms) / 1000;

	top->refused = 0;
	top->rate = 0;
	for (size_t i = 0; i < top->now.n; i++) {
		const struct eg_msg_session *s = &top->now.items[i],
					    *old = eg_ctl_sessions_find(&top->before, s->session);
		uint64_t more = s->refused;

		if (old)
			more = s->refused > old->refused ? s->refused - old->refused : 0;
		top->rows[i] = (struct row){.session = s};
		if (top->before_ms && seconds > 0)
			top->rows[i].rate = (double)more / seconds;
		top->refused += s->refused;
		top->rate += top->rows[i].rate;
	}
}

/* Asks anew. Returns 0, or a negative errno after saying why. */
static int look(struct top *top)
{
	int r;

	eg_ctl_sessions_done(&top->before);
	top->before = top->now;
	top->before_ms = top->now_ms;
	top->now = (struct eg_ctl_sessions){0};
	r = eg_ctl_sessions_ask(top->options, &top->now);
	if (r < 0)
		return r;
	top->now_ms = eg_proto_now_ms();
	free(top->rows);
	top->rows = calloc(top->now.n + 1, sizeof(*top->rows));
	if (!top->rows) {
		warnx("out of memory");
		return -ENOMEM;
	}
	fill_rows(top);
	sort_rows(top);
	top->n_destinations = eg_ctl_events_destinations(top->options, top->started_s,
							 top->destinations, DESTINATIONS_MAX);
	return 0;
}

static void top_done(struct top *top)
{
	eg_ctl_sessions_done(&top->now);
	eg_ctl_sessions_done(&top->before);
	free(top->rows);
}
#define auto_top __attribute__((cleanup(top_done)))

/* ---- lines: 79 columns, fit to print ---- */

#define COLUMNS "%-8s %-15.15s %-20.20s %-14.14s %10s %7s"

static void format_header(char line[LINE_SIZE])
{
	(void)snprintf(line, LINE_SIZE, COLUMNS, "SESSION", "USER", "FROM", "PROFILE", "REFUSED",
		       "/S");
}

static void format_title(const struct top *top, char line[LINE_SIZE])
{
	(void)snprintf(line, LINE_SIZE, "ebpfguard: %zu sessions, refused %llu, %.1f/s; by %s",
		       top->now.n, (unsigned long long)top->refused, top->rate,
		       sort_names[top->sort]);
}

static void format_row(const struct row *row, char line[LINE_SIZE])
{
	const struct eg_msg_session *s = row->session;
	char user[4 * EG_USER_SIZE], from[4 * EG_RHOST_SIZE], profile[4 * EG_PROFILE_SIZE];
	char number[24], refused[24], rate[24];

	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)s->session);
	(void)snprintf(refused, sizeof(refused), "%llu", (unsigned long long)s->refused);
	(void)snprintf(rate, sizeof(rate), "%.1f", row->rate);
	(void)snprintf(line, LINE_SIZE, COLUMNS, number,
		       eg_event_escape(s->user, user, sizeof(user)),
		       eg_event_escape(s->rhost, from, sizeof(from)),
		       eg_event_escape(s->profile, profile, sizeof(profile)), refused, rate);
}

static void format_destination(const struct eg_ctl_destination *destination, char line[LINE_SIZE])
{
	(void)snprintf(line, LINE_SIZE, "%-64.64s %10llu", destination->text,
		       (unsigned long long)destination->refused);
}

/* ---- snapshots ---- */

static void print_snapshot(const struct top *top)
{
	char line[LINE_SIZE];

	format_title(top, line);
	(void)puts(line);
	format_header(line);
	(void)puts(line);
	for (size_t i = 0; i < top->now.n; i++) {
		format_row(&top->rows[i], line);
		(void)puts(line);
	}
	for (int i = 0; i < top->n_destinations; i++) {
		format_destination(&top->destinations[i], line);
		(void)printf("%s%s\n", i ? "" : "DESTINATIONS\n", line);
	}
	(void)putchar('\n');
}

static struct json_object *tenths(double rate)
{
	return json_object_new_double((double)(uint64_t)(rate * 10 + 0.5) / 10);
}

static void json_snapshot(const struct top *top)
{
	struct json_object *json = eg_ctl_json_object(), *list = eg_ctl_json_array(), *one;

	eg_ctl_json_add_time(json, "time", (uint64_t)time(NULL));
	eg_ctl_json_add_number(json, "refused", top->refused);
	eg_ctl_json_add(json, "refused_per_s", tenths(top->rate));
	for (size_t i = 0; i < top->now.n; i++) {
		const struct eg_msg_session *s = top->rows[i].session;

		one = eg_ctl_json_object();
		eg_ctl_json_add_number(one, "session", s->session);
		eg_ctl_json_add_text(one, "user", s->user);
		eg_ctl_json_add_text(one, "rhost", s->rhost);
		eg_ctl_json_add_text(one, "profile", s->profile);
		eg_ctl_json_add_number(one, "refused", s->refused);
		eg_ctl_json_add(one, "refused_per_s", tenths(top->rows[i].rate));
		eg_ctl_json_append(list, one);
	}
	eg_ctl_json_add(json, "sessions", list);
	list = eg_ctl_json_array();
	for (int i = 0; i < top->n_destinations; i++) {
		one = eg_ctl_json_object();
		eg_ctl_json_add_text(one, "destination", top->destinations[i].text);
		eg_ctl_json_add_number(one, "refused", top->destinations[i].refused);
		eg_ctl_json_append(list, one);
	}
	eg_ctl_json_add(json, "destinations", list);
	eg_ctl_json_print(json);
}

static int snapshots(struct top *top, unsigned long n)
{
	const struct timespec period = {.tv_sec = PERIOD_MS / 1000};

	for (unsigned long i = 0; i < n; i++) {
		if (i)
			(void)nanosleep(&period, NULL);
		if (look(top) < 0)
			return EG_CTL_FINDING;
		if (top->options->json)
			json_snapshot(top);
		else
			print_snapshot(top);
		if (fflush(stdout) != 0)
			break; /* main says so */
	}
	return EG_CTL_FINE;
}

/* ---- the screen ---- */

static void draw(const struct top *top)
{
	int below = top->n_destinations > 0 ? top->n_destinations + 1 : 0;
	int room = LINES - HEAD_LINES - below;
	char line[LINE_SIZE];

	(void)erase();
	format_title(top, line);
	(void)mvaddnstr(0, 0, line, COLS);
	if (COLS >= 80 && (int)strlen(line) < COLS - 8)
		(void)mvaddstr(0, COLS - 7, "q quits");
	(void)attron(A_REVERSE);
	format_header(line);
	(void)mvaddnstr(1, 0, line, COLS);
	(void)attroff(A_REVERSE);
	for (size_t i = 0; i < top->now.n && (int)i < room; i++) {
		format_row(&top->rows[i], line);
		(void)mvaddnstr(HEAD_LINES + (int)i, 0, line, COLS);
	}
	for (int i = 0; i < top->n_destinations && room > 0; i++) {
		format_destination(&top->destinations[i], line);
		if (!i)
			(void)mvaddnstr(LINES - below, 0, "DESTINATIONS", COLS);
		(void)mvaddnstr(LINES - below + 1 + i, 0, line, COLS);
	}
	(void)refresh();
}

/* Waits for a key until the next look is due. Returns false when it is time to end. */
static bool wait_for_key(struct top *top)
{
	int64_t left = top->now_ms + PERIOD_MS - eg_proto_now_ms();
	int key;

	while (!stopped && left > 0) {
		timeout((int)left);
		key = getch();
		left = top->now_ms + PERIOD_MS - eg_proto_now_ms();
		if (key == 'q' || key == 'Q')
			return false;
		if (key == 's')
			top->sort = (top->sort + 1) % EG_ARRAY_SIZE(sort_names);
		if (key == 's' || key == KEY_RESIZE) {
			sort_rows(top);
			draw(top);
		}
	}
	return !stopped;
}

/* What is said on stderr meanwhile would be lost with the screen: it waits in a file. Returns what
 * stderr was. */
static int hold_errors(void)
{
	int fd eg_auto_close = memfd_create("stderr", MFD_CLOEXEC);
	int was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0 && was >= 0)
		(void)dup2(fd, STDERR_FILENO);
	return was;
}

static void release_errors(int was)
{
	char text[4096];
	ssize_t n = 0;

	if (was < 0)
		return;
	if (lseek(STDERR_FILENO, 0, SEEK_SET) == 0)
		n = read(STDERR_FILENO, text, sizeof(text));
	(void)dup2(was, STDERR_FILENO);
	(void)close(was);
	if (n > 0)
		(void)fprintf(stderr, "%.*s", (int)n, text);
}

static int screen(struct top *top)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct sigaction action = {.sa_handler = on_signal};
	int status = EG_CTL_FINE, errors;
	SCREEN *terminal;

	for (size_t i = 0; i < EG_ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
	errors = hold_errors();
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		release_errors(errors);
		warnx("top: this terminal cannot show a screen: see the variable TERM, or -b");
		return EG_CTL_FINDING;
	}
	(void)cbreak();
	(void)noecho();
	(void)keypad(stdscr, true);
	(void)curs_set(0);
	do {
		if (look(top) < 0) {
			status = EG_CTL_FINDING;
			break;
		}
		draw(top);
	} while (wait_for_key(top));
	(void)endwin();
	delscreen(terminal);
	release_errors(errors);
	if (stopped) { /* as if there had been no handler */
		(void)signal(stopped, SIG_DFL);
		(void)raise(stopped);
	}
	return status;
}

int eg_ctl_top(const struct eg_ctl_options *options, char **args)
{
	struct top top auto_top = {.options = options, .started_s = (uint64_t)time(NULL)};
	char *end, *const no_files[] = {NULL};
	unsigned long n = 1;

	(void)args;
	if (options->snapshots) {
		n = strtoul(options->snapshots, &end, 10);
		if (*options->snapshots < '0' || *options->snapshots > '9' || *end || !n ||
		    n > SNAPSHOTS_MAX) {
			warnx("--snapshots: expected a number from 1 to %d", SNAPSHOTS_MAX);
			return EG_CTL_USAGE;
		}
	}
	if (!options->snapshots && !options->json &&
	    (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))) {
		warnx("top: this is no terminal; for text: ebpfguardctl -b 1 top");
		return EG_CTL_USAGE;
	}
	if (!eg_ctl_log_is_known(options, no_files))
		return EG_CTL_FINDING;
	return options->snapshots || options->json ? snapshots(&top, n) : screen(&top);
}
