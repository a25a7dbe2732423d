// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the log says of the sessions there are now: for ebpfguardctl session and top. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl_log.h"
#include "ctl_sessions.h"
#include "ctl_text.h"
#include "record_print.h"
#include "tally.h"
#include "util.h"

enum { TIME_SIZE = 32 };

/* As journalctl takes it. */
static const char *time_text(uint64_t seconds, char buf[TIME_SIZE])
{
	(void)snprintf(buf, TIME_SIZE, "@%llu", (unsigned long long)seconds);
	return buf;
}

/* ---- the last events of one session */

struct last {
	struct eg_record_match match;
	char **lines; /* owned, as is each; a ring */
	size_t room, n;
	bool colours, json;
	bool begun; /* there was a record from before the session: nothing of it stands before */
};

static int take_last(void *arg, const struct eg_record_line *line, int err)
{
	struct last *last = arg;
	char **place = &last->lines[last->n % last->room], *text = NULL;
	size_t size;
	FILE *out;

	last->begun = last->begun || (!err && line->time_ms < last->match.since_ms);
	if (err || !eg_record_matches(&last->match, line))
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	if (last->json)
		eg_record_print_json(line, out);
	else
		eg_record_print(line, last->colours, out);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	free(*place);
	*place = text;
	last->n++;
	return 0;
}

static void last_done(struct last *last)
{
	for (size_t i = 0; last->lines && i < last->room; i++)
		free(last->lines[i]);
	free(last->lines);
}

/* There may be more of them than were looked for. */
static void print_cut(const struct eg_ctl_options *options, const struct eg_msg_session *session)
{
	time_t started = (time_t)session->started_s;
	char since[TIME_SIZE] = "-", config[EG_CTL_SAFE_SIZE];
	struct tm tm;

	if (localtime_r(&started, &tm))
		(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	(void)printf("(only the end of the log was read; for all of them: ebpfguardctl%s%s "
		     "--session %llu --since \"%s\" events)\n",
		     options->config_given ? " -c " : "",
		     options->config_given ? eg_ctl_safe(options->config, config, sizeof(config))
					   : "",
		     (unsigned long long)session->session, since);
}

static void print_last(const struct last *last)
{
	for (size_t i = last->n > last->room ? last->n - last->room : 0; i < last->n; i++)
		(void)fputs(last->lines[i % last->room], stdout);
}

/* What the log's lines are as JSON, they are as one object. */
static void add_last(const struct last *last, bool cut, struct json_object *to)
{
	struct json_object *array = eg_ctl_json_array(), *one;

	for (size_t i = last->n > last->room ? last->n - last->room : 0; i < last->n; i++) {
		one = json_tokener_parse(last->lines[i % last->room]);
		if (one)
			eg_ctl_json_append(array, one);
	}
	eg_ctl_json_add(to, "events", array);
	eg_ctl_json_add_bool(to, "events_cut", cut);
}

int eg_ctl_events_last(const struct eg_ctl_options *options, const struct eg_msg_session *session,
		       size_t n, struct json_object *json)
{
	__attribute__((cleanup(last_done))) struct last last = {.lines = calloc(n, sizeof(char *)),
								.room = n,
								.colours = eg_ctl_has_colors(),
								.json = json};
	char since[TIME_SIZE], number[TIME_SIZE], *no_files[] = {NULL};
	bool cut = false;
	const struct eg_ctl_log log = {.command = "session",
				       .files = no_files,
				       .since = time_text(session->started_s, since),
				       .now_s = time(NULL),
				       .cut = &cut,
				       .take = take_last,
				       .arg = &last};
	int r;

	if (!last.lines)
		return -ENOMEM;
	/* Numbers begin anew when the host does. */
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)session->session);
	last.match.session = number;
	last.match.since_ms = (int64_t)session->started_s * 1000;
	r = eg_ctl_log_read(options, &log);
	cut = !r && cut && last.n < n && !last.begun;
	if (json)
		add_last(&last, cut, json);
	else
		print_last(&last);
	if (cut && !json)
		print_cut(options, session);
	return r < 0 ? r : (int)(last.n < n ? last.n : n);
}

/* ---- destinations */

/* What was counted so far: up to that place. */
struct counted {
	struct eg_ctl_log_place place;
	struct eg_tally tally;
	struct eg_record_match match;
	uint64_t since_s;
};

static int take_destination(void *arg, const struct eg_record_line *line, int err)
{
	struct counted *counted = arg;
	char what[EG_RECORD_WHAT_SIZE];

	if (err || line->kind != EG_RECORD_REFUSAL || strcmp(line->verdict, "audit") == 0 ||
	    !eg_record_get(line, "dst") || !eg_record_matches(&counted->match, line))
		return 0;
	return eg_tally_add(&counted->tally, eg_record_what(line, what), eg_record_count(line), 0,
			    line->time_ms);
}

/* Reads on. A screen is drawn meanwhile: nothing is said of errors. */
static int read_on(const struct eg_ctl_options *options, struct counted *counted)
{
	char since[TIME_SIZE], *no_files[] = {NULL};
	const struct eg_ctl_log log = {.command = "top",
				       .files = no_files,
				       .since = time_text(counted->since_s, since),
				       .now_s = time(NULL),
				       .place = &counted->place,
				       .take = take_destination,
				       .arg = counted};
	int err eg_auto_close = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	int null eg_auto_close = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r;

	if (err < 0 || null < 0 || dup2(null, STDERR_FILENO) < 0)
		return -errno;
	r = eg_ctl_log_read(options, &log);
	(void)dup2(err, STDERR_FILENO); /* it was one */
	return r;
}

int eg_ctl_events_destinations(const struct eg_ctl_options *options, uint64_t since_s,
			       struct eg_ctl_destination *ret, size_t max)
{
	static struct counted counted; /* of a command that goes on */
	size_t n;
	int r;

	if (counted.since_s != since_s) {
		eg_tally_done(&counted.tally);
		counted = (struct counted){.match.since_ms = (int64_t)since_s * 1000,
					   .since_s = since_s};
	}
	r = read_on(options, &counted);
	if (r < 0)
		return r;
	eg_tally_sort(&counted.tally);
	for (n = 0; n < max && n < counted.tally.n; n++) {
		(void)snprintf(ret[n].text, sizeof(ret[n].text), "%s", counted.tally.rows[n]->key);
		ret[n].refused = counted.tally.rows[n]->refused;
	}
	return (int)n;
}
