// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The log summed up: what is counted. */
#include "audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record_print.h"
#include "util.h"

enum { HOUR_S = 3600, HOUR_MS = HOUR_S * 1000, KEY_SIZE = 5 * EG_RECORD_WHAT_SIZE };

const struct eg_audit_head eg_audit_heads[EG_AUDIT_TABLES] = {
	[EG_AUDIT_USERS] = {"Users", "users", {"User"}, "Top users"},
	[EG_AUDIT_DESTINATIONS] = {"Destinations",
				   "destinations",
				   {"Destination"},
				   "Top destinations"},
	[EG_AUDIT_RULES] = {"Rules", "rules", {"Rule", "File and line"}, "Top rules"},
	[EG_AUDIT_PROGRAMS] = {"Programs", "programs", {"Program"}, "Top programs"},
	[EG_AUDIT_OTHERS] = {"Other objects", "others", {"Operation", "Object"}, NULL},
	[EG_AUDIT_SESSIONS] = {"Sessions",
			       "sessions",
			       {"Session", "User", "From", "Profile", "Key"},
			       NULL},
	[EG_AUDIT_MISSING] = {"Not in the log",
			      "missing",
			      {"What", "User", "Session", "Operation"},
			      NULL},
};

/* ---- hours */

/* Makes room for the hour. False: it is too far from the others. -ENOMEM in *ret_err. */
static bool reach(struct eg_audit *audit, int64_t hour, int *ret_err)
{
	int64_t first = audit->n_hours && audit->first_hour < hour ? audit->first_hour : hour;
	int64_t end = audit->n_hours ? audit->first_hour + (int64_t)audit->n_hours : hour + 1;
	size_t before, n;
	void *more;

	if (end <= hour)
		end = hour + 1;
	n = (size_t)(end - first);
	if (n > EG_AUDIT_HOURS_MAX)
		return false;
	if (n == audit->n_hours)
		return true;
	more = reallocarray(audit->hours, n, sizeof(*audit->hours));
	if (!more) {
		*ret_err = -ENOMEM;
		return false;
	}
	audit->hours = more;
	before = audit->n_hours ? (size_t)(audit->first_hour - first) : 0;
	memmove(audit->hours + before, audit->hours, audit->n_hours * sizeof(*audit->hours));
	memset(audit->hours, 0, before * sizeof(*audit->hours));
	memset(audit->hours + before + audit->n_hours, 0,
	       (n - before - audit->n_hours) * sizeof(*audit->hours));
	audit->first_hour = first;
	audit->n_hours = n;
	return true;
}

static int add_hour(struct eg_audit *audit, int64_t time_ms, uint64_t refused, uint64_t audited)
{
	int64_t hour = time_ms / HOUR_MS;
	int err = 0;

	if (!reach(audit, hour, &err)) {
		audit->outside += err ? 0 : refused + audited;
		return err;
	}
	audit->hours[hour - audit->first_hour][0] += refused;
	audit->hours[hour - audit->first_hour][1] += audited;
	return 0;
}

void eg_audit_range(const struct eg_audit *audit, int64_t *ret_begin_ms, int64_t *ret_end_ms)
{
	*ret_begin_ms = audit->match.since_ms ? audit->match.since_ms : audit->first_ms;
	*ret_end_ms = audit->match.until_ms ? audit->match.until_ms
		      : audit->match.since_ms && audit->now_ms > audit->last_ms ? audit->now_ms
										: audit->last_ms;
}

size_t eg_audit_slots(const struct eg_audit *audit, struct eg_audit_slot *slots)
{
	static const int lengths[] = {1, 2, 3, 4, 6, 12, 24, 48, 7 * 24, 14 * 24, 28 * 24, 56 * 24};
	int64_t begin_ms, end_ms, first, span, length = lengths[EG_ARRAY_SIZE(lengths) - 1];
	size_t n;

	eg_audit_range(audit, &begin_ms, &end_ms);
	if (!audit->n_hours || end_ms < begin_ms)
		return 0;
	first = begin_ms / HOUR_MS;
	span = end_ms / HOUR_MS - first + 1;
	for (size_t i = EG_ARRAY_SIZE(lengths); i-- > 0;)
		if (span <= (int64_t)lengths[i] * EG_AUDIT_SLOTS_MAX)
			length = lengths[i];
	n = (size_t)((span + length - 1) / length);
	if (n > EG_AUDIT_SLOTS_MAX)
		return 0; /* longer than any report is */
	for (size_t i = 0; i < n; i++)
		slots[i] = (struct eg_audit_slot){.begin_s = (first + (int64_t)i * length) * HOUR_S,
						  .end_s = (first + (int64_t)(i + 1) * length) *
							   HOUR_S};
	for (size_t i = 0; i < audit->n_hours; i++) {
		int64_t at = (audit->first_hour + (int64_t)i - first) / length;

		if (audit->first_hour + (int64_t)i < first || at >= (int64_t)n)
			continue;
		slots[at].refused += audit->hours[i][0];
		slots[at].audited += audit->hours[i][1];
	}
	return n;
}

/* ---- tables */

/* The row with these cells. */
static int add(struct eg_audit *audit, enum eg_audit_table table, const char *const *cells,
	       const uint64_t counts[2], int64_t time_ms)
{
	char key[KEY_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; cells[i] && used < sizeof(key); i++)
		used += (size_t)snprintf(key + used, sizeof(key) - used, "%s%s", i ? "\t" : "",
					 cells[i]);
	return eg_tally_add(&audit->tables[table], key, counts[0], counts[1], time_ms);
}

static int add_rule(struct eg_audit *audit, const struct eg_record_line *line,
		    const uint64_t counts[2])
{
	char rule[EG_RECORD_WHAT_SIZE], *where;

	eg_record_rule(line, rule);
	where = strstr(rule, " (");
	if (where) {
		*where = '\0';
		where += 2;
		where[strlen(where) - 1] = '\0'; /* the parenthesis */
	}
	return add(audit, EG_AUDIT_RULES, (const char *[]){rule, where ? where : "-", NULL}, counts,
		   line->time_ms);
}

static int add_session(struct eg_audit *audit, const struct eg_record_line *line,
		       const uint64_t counts[2])
{
	char cells[5][EG_RECORD_WHAT_SIZE];

	return add(audit, EG_AUDIT_SESSIONS,
		   (const char *[]){eg_record_word(line, "session", cells[0]),
				    eg_record_word(line, "user", cells[1]),
				    eg_record_word(line, "rhost", cells[2]),
				    eg_record_word(line, "profile", cells[3]),
				    eg_record_word(line, "key", cells[4]), NULL},
		   counts, line->time_ms);
}

static int add_object(struct eg_audit *audit, const struct eg_record_line *line,
		      const uint64_t counts[2])
{
	const char *peer = eg_record_peer_key(line);
	char what[EG_RECORD_WHAT_SIZE];

	eg_record_what(line, what);
	if (peer && eg_record_get(line, peer))
		return add(audit, EG_AUDIT_DESTINATIONS, (const char *[]){what, NULL}, counts,
			   line->time_ms);
	return add(audit, EG_AUDIT_OTHERS, (const char *[]){line->op, what, NULL}, counts,
		   line->time_ms);
}

static int take_refusal(struct eg_audit *audit, const struct eg_record_line *line)
{
	bool audited = strcmp(line->verdict, "audit") == 0;
	uint64_t n = eg_record_count(line);
	const uint64_t counts[2] = {audited ? 0 : n, audited ? n : 0};
	char user[EG_RECORD_WHAT_SIZE], program[EG_RECORD_WHAT_SIZE];
	int r;

	audit->refused += counts[0];
	audit->audited += counts[1];
	audit->killed += strcmp(line->verdict, "kill") == 0 ? n : 0;
	r = add(audit, EG_AUDIT_USERS, (const char *[]){eg_record_word(line, "user", user), NULL},
		counts, line->time_ms);
	if (!r)
		r = add(audit, EG_AUDIT_PROGRAMS,
			(const char *[]){eg_record_program(line, program), NULL}, counts,
			line->time_ms);
	if (!r)
		r = add_object(audit, line, counts);
	if (!r)
		r = add_rule(audit, line, counts);
	if (!r)
		r = add_session(audit, line, counts);
	return r ? r : add_hour(audit, line->time_ms, counts[0], counts[1]);
}

/* By operation; what the operations do not add up to stands as "-". */
static int take_gap(struct eg_audit *audit, const struct eg_record_line *line)
{
	static const char *const not_ops = " session uid count mono ";
	bool lost = line->kind == EG_RECORD_LOST;
	uint64_t n = eg_record_count(line), said = 0;
	char user[EG_RECORD_WHAT_SIZE], session[EG_RECORD_WHAT_SIZE], word[64];
	const char *cells[] = {lost ? "lost on the way to the helper" : "not written",
			       eg_record_word(line, "user", user),
			       eg_record_word(line, "session", session), "-", NULL};
	int r = 0;

	*(lost ? &audit->lost : &audit->suppressed) += n;
	for (size_t i = 0; i < line->n_fields && !r; i++) {
		const struct eg_record_field *field = &line->fields[i];
		uint64_t counts[2] = {eg_record_number(line, field->key), 0};

		(void)snprintf(word, sizeof(word), " %s ", field->key);
		if (field->type != EG_RECORD_NUMBER || strstr(not_ops, word) || !counts[0])
			continue;
		said += counts[0];
		cells[3] = field->key;
		r = add(audit, EG_AUDIT_MISSING, cells, counts, line->time_ms);
	}
	cells[3] = "-";
	if (!r && said < n)
		r = add(audit, EG_AUDIT_MISSING, cells, (uint64_t[]){n - said, 0}, line->time_ms);
	return r;
}

int eg_audit_take(struct eg_audit *audit, const struct eg_record_line *line, int err)
{
	char host[EG_RECORD_WHAT_SIZE];

	if (err == -EBADMSG) {
		audit->broken += eg_record_may_match(&audit->match, line);
		return 0;
	}
	if (err < 0 || !eg_record_matches(&audit->match, line))
		return 0;
	if (!audit->first_ms || line->time_ms < audit->first_ms)
		audit->first_ms = line->time_ms;
	if (line->time_ms > audit->last_ms)
		audit->last_ms = line->time_ms;
	if (eg_tally_add(&audit->hosts, eg_record_word(line, "host", host), 1, 0, line->time_ms) <
	    0)
		return -ENOMEM;
	audit->flows += line->kind == EG_RECORD_FLOW;
	audit->started += line->kind == EG_RECORD_START;
	if (eg_record_is_gap(line))
		return take_gap(audit, line);
	return line->kind == EG_RECORD_REFUSAL ? take_refusal(audit, line) : 0;
}

/* ---- the end */

void eg_audit_finish(struct eg_audit *audit)
{
	for (int i = 0; i < EG_AUDIT_TABLES; i++)
		eg_tally_sort(&audit->tables[i]);
	eg_tally_sort(&audit->hosts);
}

char *eg_audit_time(int64_t time_ms, char *buf)
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (!time_ms || !localtime_r(&t, &tm) || !strftime(buf, 48, "%Y-%m-%d %H:%M %Z", &tm))
		(void)strcpy(buf, "-");
	return buf;
}

void eg_audit_done(struct eg_audit *audit)
{
	for (int i = 0; i < EG_AUDIT_TABLES; i++)
		eg_tally_done(&audit->tables[i]);
	eg_tally_done(&audit->hosts);
	free(audit->hours);
	audit->hours = NULL;
}
