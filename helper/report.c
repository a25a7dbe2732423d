// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the helper adds to every record of the log, and the records that are made here: those that
 * frame a session, its start, what was left out, who left, its end with totals; and what is
 * refused by the helper itself.
 */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "event.h"
#include "log.h"
#include "util.h"

/* ---- for all records ---- */

void eg_report_added(struct eg_helper *helper, struct eg_event_added *ret)
{
	/* A name may change while we run. Too long a one is cut. */
	if (gethostname(helper->host, sizeof(helper->host) - 1) < 0)
		helper->host[0] = '\0';
	*ret = (struct eg_event_added){.host = helper->host,
				       .config = helper->config ? helper->config->file : NULL,
				       .now_ns = (uint64_t)eg_clock_ns(CLOCK_BOOTTIME)};
	ret->clock_offset_ns = eg_clock_ns(CLOCK_REALTIME) - (int64_t)ret->now_ns;
}

void eg_report_who(const struct eg_session *session, struct eg_event_session *ret)
{
	*ret = (struct eg_event_session){.user = ""};
	if (!session)
		return;
	ret->user = session->record.user;
	ret->profile = session->record.profile_name;
	ret->rhost = session->record.rhost;
	ret->rport = session->record.rport;
	ret->uid = session->record.uid;
	ret->service = session->record.service;
	ret->key = session->record.key;
}

/* Ends the record and writes it. 0, or a negative errno when its destination has not taken it. */
static int put(struct eg_helper *helper, int priority, struct eg_fields *fields)
{
	struct eg_event_added added;

	eg_report_added(helper, &added);
	eg_event_add_end(fields, &added, added.now_ns);
	return eg_log_record(priority, fields);
}

/* What its destination does not take is said as the helper's own messages are: nobody counts it. */
int eg_report_put(struct eg_helper *helper, int priority, struct eg_fields *fields)
{
	char line[EG_LINE_MAX];
	int r = put(helper, priority, fields);

	if (r < 0 && eg_fields_kv(fields, line, sizeof(line)) > 0)
		r = eg_log_line(priority, line);
	helper->metrics.counters.unsaid += r < 0;
	return r;
}

/* ---- sessions ---- */

void eg_report_start(struct eg_helper *helper, const struct eg_session *session, const char *path)
{
	const struct eg_record *rec = &session->record;
	struct eg_fields fields;

	eg_fields_begin(&fields, "START", NULL);
	eg_fields_add_number(&fields, "session", session->number);
	eg_fields_add_word(&fields, "user", rec->user);
	eg_fields_add_number(&fields, "uid", rec->uid);
	eg_fields_add_word(&fields, "profile", rec->profile_name);
	eg_fields_add_word(&fields, "rhost", rec->rhost);
	eg_fields_add_known(&fields, "rport", rec->rport);
	eg_fields_add_word(&fields, "service", rec->service);
	eg_fields_add_word(&fields, "key", rec->key);
	eg_fields_add_number(&fields, "pid", rec->leader);
	if (rec->origin_session)
		eg_fields_add_number(&fields, "origin", rec->origin_session);
	else
		eg_fields_add_none(&fields, "origin");
	eg_fields_add_path(&fields, "cgroup", path);
	(void)eg_report_put(helper, LOG_NOTICE, &fields);
}

/* A number as a record's other fields need it: session and user. */
static void begin(struct eg_fields *fields, const char *word, uint64_t number,
		  const struct eg_session *session)
{
	eg_fields_begin(fields, word, NULL);
	eg_fields_add_number(fields, "session", number);
	eg_fields_add_word(fields, "user", session ? session->record.user : NULL);
}

static void add_if(struct eg_fields *fields, const char *key, uint64_t n)
{
	if (n)
		eg_fields_add_number(fields, key, n);
}

/* Operations share names: what they are called stands once. */
static void add_ops(struct eg_fields *fields, const __u64 *refused, const __u64 *audited)
{
	for (uint16_t op = 0; op < EG_OP_MAX; op++) {
		const char *name = eg_event_op_name(op);
		uint64_t n = refused[op] + audited[op];
		bool said = false;

		for (uint16_t k = 0; k < EG_OP_MAX; k++) {
			if (k == op || strcmp(eg_event_op_name(k), name) != 0)
				continue;
			said = said || k < op;
			n += refused[k] + audited[k];
		}
		if (!said)
			add_if(fields, name, n);
	}
}

int eg_report_sum(struct eg_helper *helper, uint64_t number, struct eg_session *session,
		  const struct eg_account_sum *sum, bool must)
{
	int priority = sum->lost ? LOG_WARNING : LOG_NOTICE;
	static const char *const others[] = {
		[EG_ACCOUNT_STRAY] = "stray", [EG_ACCOUNT_FLOW] = "flow"};
	struct eg_fields fields;

	begin(&fields, sum->lost ? "LOST" : "SUPPRESSED", number, session);
	eg_fields_add_number(&fields, "count", eg_account_sum_count(sum));
	add_ops(&fields, sum->counts.refused, sum->counts.audited);
	for (int kind = 0; kind < EG_ACCOUNT_KINDS; kind++)
		add_if(&fields, others[kind], sum->others[kind]);
	if (sum->replayed)
		eg_fields_add_word(&fields, "replayed", "yes");
	if (!must)
		return put(helper, priority, &fields);
	if (eg_report_put(helper, priority, &fields) < 0 && session) {
		session->unsaid_sums++;
		session->unsaid_count += eg_account_sum_count(sum);
	}
	return 0;
}

void eg_report_stray(struct eg_helper *helper, const struct eg_session *session,
		     const struct eg_event *event, const char *path)
{
	struct eg_fields fields;

	begin(&fields, "STRAY", event->session, session);
	eg_fields_add_number(&fields, "pid", event->tgid);
	if (strcmp(path, "-") == 0)
		eg_fields_add_none(&fields, "cgroup");
	else
		eg_fields_add_path(&fields, "cgroup", path);
	(void)eg_report_put(helper, LOG_NOTICE, &fields);
}

void eg_report_lost(struct eg_helper *helper, const struct eg_session *session)
{
	const uint64_t *n = session->unrecorded;
	struct eg_fields fields;

	begin(&fields, "UNRECORDED", session->number, session);
	eg_fields_add_number(&fields, "exec", n[EG_STORY_EXEC]);
	eg_fields_add_number(&fields, "exit", n[EG_STORY_EXIT]);
	eg_fields_add_number(&fields, "connect", n[EG_STORY_CONNECT]);
	eg_fields_add_number(&fields, "open", n[EG_STORY_OPEN]);
	(void)eg_report_put(helper, LOG_WARNING, &fields);
}

/* What was recorded of a session and what of it is missing, by kind. */
static void add_story(struct eg_fields *fields, const struct eg_totals *totals,
		      const struct eg_session *session)
{
	static const char *const recorded[EG_STORY_MAX] = {"recorded_exec", "recorded_exit",
							   "recorded_connect", "recorded_open"};
	static const char *const unrecorded[EG_STORY_MAX] = {
		"unrecorded_exec", "unrecorded_exit", "unrecorded_connect", "unrecorded_open"};

	for (int kind = 0; kind < EG_STORY_MAX; kind++)
		add_if(fields, recorded[kind], totals->recorded[kind]);
	for (int kind = 0; kind < EG_STORY_MAX; kind++)
		add_if(fields, unrecorded[kind],
		       totals->unrecorded[kind] + session->unwritten[kind]);
}

/* What happened, by operation, and the packets. */
static void add_totals(struct eg_fields *fields, const struct eg_totals *totals)
{
	uint64_t refused = 0, audited = 0;

	for (uint16_t op = 0; op < EG_OP_MAX; op++) {
		refused += totals->refused[op];
		audited += totals->audited[op];
	}
	eg_fields_add_number(fields, "refused", refused);
	eg_fields_add_number(fields, "audited", audited);
	eg_fields_add_number(fields, "lost", totals->lost);
	add_ops(fields, totals->refused, totals->audited);
	add_if(fields, "killed", totals->killed);
	add_if(fields, "packets", totals->packets);
	add_if(fields, "packets_audited", totals->packets_audited);
}

void eg_report_end(struct eg_helper *helper, struct eg_session *session)
{
	const struct eg_record *rec = &session->record;
	struct eg_totals totals = {0};
	struct eg_fields fields;

	/* They go first (eg_bpf_record_drop): a helper that was killed then has said this with the
	 * numbers; zeroes would stand behind it. */
	if (eg_bpf_totals_get(helper->bpf, session->number, &totals) == -ENOENT)
		return;
	begin(&fields, "END", session->number, session);
	eg_fields_add_number(&fields, "uid", rec->uid);
	eg_fields_add_word(&fields, "profile", rec->profile_name);
	eg_fields_add_number(&fields, "seconds", (uint64_t)eg_session_age_s(session));
	add_totals(&fields, &totals);
	add_story(&fields, &totals, session);
	session->unsaid_end = eg_report_put(helper, LOG_NOTICE, &fields) < 0;
	eg_account_charge(&helper->account, eg_proto_now_ms());
}

void eg_report_unsaid(struct eg_session *session)
{
	char user[4 * EG_RECORD_USER_SIZE], sums[96] = "", line[EG_LINE_MAX];

	if (!session->unsaid_end && !session->unsaid_sums)
		return;
	if (session->unsaid_sums)
		(void)snprintf(sums, sizeof(sums), "%llu lines that count %llu events",
			       (unsigned long long)session->unsaid_sums,
			       (unsigned long long)session->unsaid_count);
	(void)snprintf(
		line, sizeof(line),
		"session %llu of user %s is over, and neither the log nor syslog took %s%s%s: "
		"that is missing there",
		(unsigned long long)session->number,
		eg_event_escape(session->record.user, user, sizeof(user)),
		session->unsaid_end ? "its END" : "", session->unsaid_end && sums[0] ? " and " : "",
		sums);
	/* Lost for good when that is not taken either, but for the metrics. */
	(void)eg_log_anyhow(LOG_WARNING, line);
	session->unsaid_end = false;
	session->unsaid_sums = session->unsaid_count = 0;
}

/* ---- what the helper refuses ---- */

void eg_report_refused_open(struct eg_helper *helper, const char *user, const struct eg_peer *peer,
			    int error, const char *reason)
{
	struct eg_fields fields;

	eg_fields_begin(&fields, "REFUSED", "open");
	eg_fields_add_word(&fields, "user", user);
	eg_fields_add_number(&fields, "pid", (uint64_t)peer->pid);
	eg_fields_add_number(&fields, "uid", peer->uid);
	eg_fields_add_number(&fields, "errno", (uint64_t)-error);
	eg_fields_add_phrase(&fields, "reason", reason);
	(void)eg_report_put(helper, LOG_ERR, &fields);
}

void eg_report_refused_request(struct eg_helper *helper, uint16_t type, const struct eg_peer *peer,
			       uint64_t session, const char *reason)
{
	struct eg_fields fields;

	if (!eg_limit_take(&helper->door_limit, &eg_limits_default, eg_proto_now_ms()))
		return;
	eg_fields_begin(&fields, "REFUSED", "request");
	eg_fields_add_number(&fields, "type", type);
	eg_fields_add_number(&fields, "pid", (uint64_t)peer->pid);
	eg_fields_add_number(&fields, "uid", peer->uid);
	eg_fields_add_number(&fields, "session", session);
	eg_fields_add_phrase(&fields, "reason", reason);
	(void)eg_report_put(helper, LOG_WARNING, &fields);
}
