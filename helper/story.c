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

enum { STEP = 64 }; /* records before the loop looks at what else there is */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	(void)clock_gettime(clock, &ts); /* these clocks are always there */
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void eg_story_record(const struct eg_told *told, size_t size, void *arg)
{
	struct eg_helper *helper = arg;
	struct eg_event_session who = {.user = "", .profile = "", .rhost = ""};
	struct eg_session *session;
	char line[EG_LINE_MAX];
	int64_t time_ns;

	if (size < offsetof(struct eg_told, text))
		return;
	session = eg_session_find(helper, told->session);
	if (session)
		who.user = session->record.user;
	time_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + (int64_t)told->ts_ns;
	helper->story_ns = told->ts_ns;
	if (eg_event_format_told(told, size, &who, time_ns, line) >= 0)
		eg_log(LOG_INFO, "%s", line);
}

int eg_story_read(struct eg_helper *helper)
{
	uint64_t before = (uint64_t)clock_ns(CLOCK_BOOTTIME);
	int r = eg_bpf_story_read(helper->bpf, STEP);

	if (!r)
		helper->story_ns = before; /* there is nothing older in the ring */
	return r < 0 ? r : 0;
}

bool eg_story_is_told(struct eg_helper *helper, struct eg_session *session)
{
	if (!session->over_ns)
		session->over_ns = (uint64_t)clock_ns(CLOCK_BOOTTIME);
	if (helper->story_ns < session->over_ns && eg_story_read(helper) < 0)
		return true; /* it cannot be read: the loop says so */
	return helper->story_ns >= session->over_ns;
}

void eg_story_check(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_totals totals;

	if (eg_bpf_totals_get(helper->bpf, session->number, &totals) < 0 ||
	    !memcmp(totals.unrecorded, session->unrecorded, sizeof(session->unrecorded)))
		return;
	memcpy(session->unrecorded, totals.unrecorded, sizeof(session->unrecorded));
	eg_report_lost(session);
}
