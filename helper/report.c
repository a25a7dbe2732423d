// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lines that frame a session in the log: its start, what was left out, who left, its end with
 * totals. */
#include "helper.h"

#include <stdio.h>
#include <time.h>

#include "event.h"
#include "log.h"

void eg_report_start(const struct eg_session *session, const char *path)
{
	const struct eg_record *rec = &session->record;
	char user[512], service[128], rhost[512], where[1024], origin[24] = "-";

	if (rec->origin_session)
		(void)snprintf(origin, sizeof(origin), "%llu",
			       (unsigned long long)rec->origin_session);
	eg_log(LOG_NOTICE,
	       "START session=%llu user=%s uid=%u profile=%s rhost=%s rport=%u service=%s key=%s "
	       "pid=%u origin=%s cgroup=%s",
	       (unsigned long long)session->number, eg_event_escape(rec->user, user, sizeof(user)),
	       rec->uid, rec->profile_name, eg_event_escape(rec->rhost, rhost, sizeof(rhost)),
	       rec->rport, eg_event_escape(rec->service, service, sizeof(service)),
	       rec->key[0] ? rec->key : "-", rec->leader, origin,
	       eg_event_escape(path, where, sizeof(where)));
}

void eg_report_summary(const struct eg_session *session, uint64_t left_out)
{
	char user[512];

	eg_log(LOG_NOTICE, "SUPPRESSED session=%llu user=%s count=%llu",
	       (unsigned long long)session->number,
	       eg_event_escape(session->record.user, user, sizeof(user)),
	       (unsigned long long)left_out);
}

void eg_report_stray(const struct eg_session *session, const struct eg_event *event,
		     const char *path)
{
	char user[512], where[1024];

	eg_log(LOG_NOTICE, "STRAY session=%llu user=%s pid=%u cgroup=%s",
	       (unsigned long long)event->session,
	       session ? eg_event_escape(session->record.user, user, sizeof(user)) : "-",
	       event->tgid, eg_event_escape(path, where, sizeof(where)));
}

void eg_report_lost(const struct eg_session *session)
{
	const uint64_t *n = session->unrecorded;
	char user[512];

	eg_log(LOG_WARNING, "LOST session=%llu user=%s exec=%llu exit=%llu connect=%llu open=%llu",
	       (unsigned long long)session->number,
	       eg_event_escape(session->record.user, user, sizeof(user)),
	       (unsigned long long)n[EG_STORY_EXEC], (unsigned long long)n[EG_STORY_EXIT],
	       (unsigned long long)n[EG_STORY_CONNECT], (unsigned long long)n[EG_STORY_OPEN]);
}

/* What was recorded of a session and what of it is missing, by kind. buf: room for all of it. */
static void sum_story(const struct eg_totals *totals, char *buf, size_t size)
{
	static const char *const words[EG_STORY_MAX] = {"exec", "exit", "connect", "open"};
	size_t used = 0;

	buf[0] = '\0';
	for (int kind = 0; kind < EG_STORY_MAX; kind++)
		if (totals->recorded[kind] && used < size)
			used += (size_t)snprintf(buf + used, size - used, " recorded_%s=%llu",
						 words[kind],
						 (unsigned long long)totals->recorded[kind]);
	for (int kind = 0; kind < EG_STORY_MAX; kind++)
		if (totals->unrecorded[kind] && used < size)
			used += (size_t)snprintf(buf + used, size - used, " unrecorded_%s=%llu",
						 words[kind],
						 (unsigned long long)totals->unrecorded[kind]);
}

/* What happened, by operation, and the packets. buf: room for all of it. */
static void sum_up(const struct eg_totals *totals, uint64_t *ret_refused, uint64_t *ret_audited,
		   char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (uint16_t op = 0; op < EG_OP_MAX; op++) {
		uint64_t n = totals->refused[op] + totals->audited[op];

		*ret_refused += totals->refused[op];
		*ret_audited += totals->audited[op];
		if (n && used < size)
			used += (size_t)snprintf(buf + used, size - used, " %s=%llu",
						 eg_event_op_name(op), (unsigned long long)n);
	}
	if (totals->killed && used < size)
		used += (size_t)snprintf(buf + used, size - used, " killed=%llu",
					 (unsigned long long)totals->killed);
	if (totals->packets && used < size)
		used += (size_t)snprintf(buf + used, size - used, " packets=%llu",
					 (unsigned long long)totals->packets);
	if (totals->packets_audited && used < size)
		(void)snprintf(buf + used, size - used, " packets_audited=%llu",
			       (unsigned long long)totals->packets_audited);
}

void eg_report_end(struct eg_helper *helper, struct eg_session *session)
{
	const struct eg_record *rec = &session->record;
	uint64_t refused = 0, audited = 0, left_out = eg_limit_summary(&session->limit, 0, true);
	struct eg_totals totals = {0};
	char user[512], by_op[1024], story[384];

	if (left_out)
		eg_report_summary(session, left_out);
	/* zeroes stand when it is gone */
	(void)eg_bpf_totals_get(helper->bpf, session->number, &totals);
	sum_up(&totals, &refused, &audited, by_op, sizeof(by_op));
	sum_story(&totals, story, sizeof(story));
	eg_log(LOG_NOTICE,
	       "END session=%llu user=%s uid=%u profile=%s seconds=%lld refused=%llu audited=%llu "
	       "lost=%llu%s%s",
	       (unsigned long long)session->number, eg_event_escape(rec->user, user, sizeof(user)),
	       rec->uid, rec->profile_name, (long long)(time(NULL) - (time_t)rec->started_s),
	       (unsigned long long)refused, (unsigned long long)audited,
	       (unsigned long long)totals.lost, by_op, story);
}
