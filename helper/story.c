// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What sessions do, as it is recorded: from the kernel side's ring to the log, and what was left
 * out. No line is held back: whoever turns recording on wants all of it. The helper takes a few
 * records at a time and does its other work between them; the ring is what gives way, and counts.
 */
#include "helper.h"

#include <string.h>
#include <time.h>

#include "event.h"
#include "log.h"
#include "util.h"

enum { STEP = 64 }; /* records before the loop looks at what else there is */

/* Of what the log does not take, the session says how much it is. */
static void count_unwritten(struct eg_session *session, const struct eg_told *told)
{
	if (session && told->kind < EG_STORY_MAX)
		session->unwritten[told->kind]++;
}

void eg_story_record(const struct eg_told *told, size_t size, void *arg)
{
	struct eg_helper *helper = arg;
	struct eg_session *session;
	struct eg_event_session who;
	struct eg_event_added added;
	struct eg_fields fields;

	if (size < offsetof(struct eg_told, text))
		return;
	session = eg_session_find(helper, told->session);
	eg_report_who(session, &who);
	eg_report_added(helper, &added);
	helper->story_ns = told->ts_ns;
	if (eg_event_make_told(told, size, &who, &added, &fields) == 0 &&
	    eg_log_record(LOG_INFO, &fields) < 0)
		count_unwritten(session, told);
	/* There may be logins to answer; and what is left in the ring can still be written. */
	if (eg_log_has_waited())
		eg_bpf_story_stop(helper->bpf);
}

static int read_some(struct eg_helper *helper, bool wait)
{
	uint64_t before = (uint64_t)eg_clock_ns(CLOCK_BOOTTIME);
	int r;

	/* What cannot be written stays in the ring, which counts what it has no room for. */
	if (!eg_log_has_room(wait))
		return 0;
	r = eg_bpf_story_read(helper->bpf, STEP);
	if (!r)
		helper->story_ns = before; /* there is nothing older in the ring */
	return r < 0 ? r : 0;
}

int eg_story_read(struct eg_helper *helper)
{
	return read_some(helper, true); /* the loop comes again at once */
}

/* Asked for one session after the other: a wait for each would add up. */
bool eg_story_is_told(struct eg_helper *helper, struct eg_session *session)
{
	if (!session->over_ns)
		session->over_ns = (uint64_t)eg_clock_ns(CLOCK_BOOTTIME);
	if (helper->story_ns < session->over_ns && read_some(helper, false) < 0)
		return true; /* it cannot be read: the loop says so */
	return helper->story_ns >= session->over_ns;
}

void eg_story_check(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_totals totals;

	if (eg_bpf_totals_get(helper->bpf, session->number, &totals) == 0)
		eg_story_compare(helper, session, &totals);
}

void eg_story_compare(struct eg_helper *helper, struct eg_session *session,
		      const struct eg_totals *totals)
{
	uint64_t missing[EG_STORY_MAX];

	for (int kind = 0; kind < EG_STORY_MAX; kind++)
		missing[kind] = totals->unrecorded[kind] + session->unwritten[kind];
	if (!memcmp(missing, session->unrecorded, sizeof(missing)))
		return;
	memcpy(session->unrecorded, missing, sizeof(missing));
	eg_report_lost(helper, session);
}
