// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl events: the records of the log that are asked for, one line each. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl_log.h"
#include "ctl_text.h"
#include "record_match.h"
#include "record_print.h"
#include "util.h"

enum { LAST_MAX = 100000, GAPS_MAX = 65536 };

struct events {
	struct eg_record_match match;
	bool json, colours;
	uint64_t shown, broken;
	/* the last ones, as they will be printed: a ring; NULL = all are printed at once */
	char **last; /* owned, as is each */
	size_t room, n;
};

/* ---- what is asked for */

static bool complain(const char *option, const char *text, const char *what)
{
	char clean[EG_CTL_SAFE_SIZE];

	warnx("%s: %s: %s", option, eg_ctl_safe(text, clean, sizeof(clean)), what);
	return false;
}

static bool is_number(const char *option, const char *text, unsigned long long most)
{
	char *end = NULL;
	unsigned long long number;

	if (!text)
		return true;
	errno = 0;
	number = strtoull(text, &end, 10);
	/* As the log has it: without a sign, blanks or zeros in front. */
	if (errno || *end || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1]) ||
	    number > most)
		return complain(option, text, "is not such a number");
	return true;
}

static bool to_network(const char *option, const char *text, struct eg_cidr *ret)
{
	const char *why;

	return !text || eg_cidr_parse(text, ret, &why) == 0 || complain(option, text, why);
}

static bool is_known(const char *option, const char *text, bool (*known)(const char *text))
{
	return !text || known(text) || complain(option, text, "there is no such one");
}

bool eg_ctl_log_match(const struct eg_ctl_options *options, int64_t now_s, char *const *files,
		      struct eg_record_match *ret)
{
	struct eg_record_match match = {.session = options->session,
					.port = options->port,
					.user = options->user,
					.profile = options->profile,
					.key = options->key,
					.op = options->op,
					.verdict = options->verdict,
					.program = options->program,
					.rule = options->rule};
	int64_t since_s = 0, until_s = 0;

	if (!eg_ctl_log_time("--since", options->since, options, now_s, files, &since_s) ||
	    !eg_ctl_log_time("--until", options->until, options, now_s, files, &until_s) ||
	    !is_number("--session", match.session, INT64_MAX) ||
	    !is_number("--port", match.port, UINT16_MAX) ||
	    !to_network("--dst", options->dst, &match.peer) ||
	    !to_network("--rhost", options->rhost, &match.rhost) ||
	    !is_known("--verdict", match.verdict, eg_record_is_verdict) ||
	    !is_known("--op", match.op, eg_record_is_op))
		return false;
	match.since_ms = since_s * 1000;
	match.until_ms = until_s * 1000;
	*ret = match;
	return true;
}

/* ---- lines */

static void print(const struct events *events, const struct eg_record_line *line, FILE *out)
{
	if (events->json)
		eg_record_print_json(line, out);
	else
		eg_record_print(line, events->colours, out);
}

/* The record as it will be printed, behind what stands before. NULL: no memory. */
static char *format(const struct events *events, const struct eg_record_line *line,
		    const char *before)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	(void)fputs(before, out);
	print(events, line, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* An event takes the place of the oldest. What says that some are missing goes with the one before
 * it: the last ones shall not be all of that kind. */
static int keep(struct events *events, const struct eg_record_line *line)
{
	bool gap = eg_record_is_gap(line);
	char **place = &events->last[(events->n - (gap && events->n)) % events->room], *text;

	if (gap && *place && strlen(*place) > GAPS_MAX)
		return 0; /* nobody believes that it is all by now */
	text = format(events, line, gap && *place ? *place : "");
	if (!text)
		return -ENOMEM;
	free(*place);
	*place = text;
	events->n += !gap || !events->n;
	return 0;
}

static int take(void *arg, const struct eg_record_line *line, int err)
{
	struct events *events = arg;

	if (err == -EBADMSG) {
		events->broken += eg_record_may_match(&events->match, line);
		return 0;
	}
	if (!eg_record_matches(&events->match, line))
		return 0;
	events->shown += !eg_record_is_gap(line);
	if (events->last)
		return keep(events, line);
	print(events, line, stdout);
	return ferror(stdout) ? 1 : 0; /* main says so */
}

static void print_kept(const struct events *events)
{
	size_t first = events->n > events->room ? events->n - events->room : 0;

	for (size_t i = first; i < events->n; i++)
		(void)fputs(events->last[i % events->room], stdout);
}

static void done(struct events *events)
{
	for (size_t i = 0; events->last && i < events->room; i++)
		free(events->last[i]);
	free(events->last);
}

/* ---- the command */

static int prepare(const struct eg_ctl_options *options, char **files, int64_t now_s,
		   struct events *ret)
{
	ret->json = options->json;
	ret->colours = eg_ctl_has_colors();
	if (!eg_ctl_log_is_known(options, files))
		return EG_CTL_FINDING;
	if (!eg_ctl_log_match(options, now_s, files, &ret->match) ||
	    !is_number("-n", options->last, LAST_MAX))
		return EG_CTL_USAGE;
	if (options->follow && files[0] && files[1]) {
		warnx("events: --follow is for one file");
		return EG_CTL_USAGE;
	}
	ret->room = options->last ? strtoul(options->last, NULL, 10) : 0;
	if (options->last && !ret->room)
		return complain("-n", options->last, "is not such a number"), EG_CTL_USAGE;
	if (ret->room)
		ret->last = calloc(ret->room, sizeof(char *));
	if (ret->room && !ret->last)
		return warnx("%s", strerror(ENOMEM)), EG_CTL_FINDING;
	if (options->follow)
		(void)setvbuf(stdout, NULL, _IOLBF, 0); /* else it comes late */
	return EG_CTL_FINE;
}

int eg_ctl_events(const struct eg_ctl_options *options, char **args)
{
	__attribute__((cleanup(done))) struct events events = {0};
	struct eg_ctl_log log = {.command = "events",
				 .files = args,
				 .since = options->since,
				 .now_s = time(NULL),
				 .follow = options->follow,
				 .take = take,
				 .arg = &events};
	int status = prepare(options, args, log.now_s, &events), r;

	if (status != EG_CTL_FINE)
		return status;
	if (!events.match.until_ms)
		log.until = options->until; /* only the journal understands it */
	if (!events.json)
		eg_record_print_head(stdout);
	r = eg_ctl_log_read(options, &log);
	if (events.last)
		print_kept(&events);
	(void)fflush(stdout); /* main looks whether it could be written */
	if (events.broken)
		warnx("INCOMPLETE: %llu lines have been cut, or are not the helper's, and are not "
		      "shown",
		      (unsigned long long)events.broken);
	return r == 0 && events.shown ? EG_CTL_FINE : EG_CTL_FINDING;
}
