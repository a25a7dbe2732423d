// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts of sessions in the daemon: account.c with the maps, the ring and the log it works on. */
#include "helper.h"

#include <string.h>
#include <time.h>

#include "event.h"
#include "inforce.h"
#include "log.h"
#include "util.h"

enum {
	/* Its counts do not become equal for so long, or there is no room for its last lines: then
	 * it ends all the same. */
	PATIENCE_S = 10,
};

/* ---- seams */

static int totals_get(void *arg, uint64_t session, struct eg_totals *ret)
{
	return eg_bpf_totals_get(((struct eg_helper *)arg)->bpf, session, ret);
}

static int written_get(void *arg, uint64_t session, struct eg_written *ret)
{
	return eg_bpf_written_get(((struct eg_helper *)arg)->bpf, session, ret);
}

static int written_put(void *arg, uint64_t session, const struct eg_written *written)
{
	return eg_bpf_written_put(((struct eg_helper *)arg)->bpf, session, written);
}

static int writing_put(void *arg, const struct eg_writing *writing)
{
	return eg_bpf_writing_put(((struct eg_helper *)arg)->bpf, writing);
}

static void positions(void *arg, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	eg_bpf_events_positions(((struct eg_helper *)arg)->bpf, ret_produced, ret_consumed);
}

static struct eg_account_of *find(void *arg, uint64_t number)
{
	struct eg_session *session = eg_session_find(arg, number);

	return session ? &session->account : NULL;
}

static int write_line(void *arg, const struct eg_event *event, const struct eg_account_line *how)
{
	struct eg_helper *helper = arg;
	struct eg_event_session who;
	struct eg_event_added added;
	struct eg_fields fields;

	eg_report_who(eg_session_find(helper, event->session), &who);
	who.feed = eg_in_force_feed(helper, event->profile, event->generation, event->rule.line);
	eg_report_added(helper, &added);
	added.count = how->count;
	added.last_ns = how->last_ns;
	added.replayed = how->replayed;
	/* One that is none of ours has no line, and will have none. */
	if (eg_event_make(event, &who, &added, &fields) < 0)
		return 0;
	return eg_log_record(LOG_NOTICE, &fields);
}

static int write_sum(void *arg, uint64_t number, const struct eg_account_sum *sum, bool must)
{
	struct eg_helper *helper = arg;
	int r = eg_report_sum(helper, number, eg_session_find(helper, number), sum, must);

	if (!r && !sum->lost)
		eg_metrics_suppressed(helper, eg_account_sum_count(sum));
	return r;
}

static const struct eg_account_seams seams = {
	.written_ms = eg_proto_now_ms,
	.totals_get = totals_get,
	.written_get = written_get,
	.written_put = written_put,
	.writing_put = writing_put,
	.positions = positions,
	.find = find,
	.line = write_line,
	.sum = write_sum,
};

/* ---- the daemon's part */

int eg_accounts_open(struct eg_helper *helper)
{
	return eg_account_init(&helper->account, &eg_limits_default, &seams, helper);
}

void eg_accounts_close(struct eg_helper *helper)
{
	eg_account_done(&helper->account);
}

void eg_accounts_configure(struct eg_helper *helper)
{
	const struct eg_config_log *log = &helper->config->log;

	helper->account.limits = (struct eg_limits){.rate = log->rate,
						    .session_rate = log->session_rate,
						    .session_burst = log->session_burst,
						    .window = log->window};
}

void eg_accounts_resume(struct eg_helper *helper)
{
	struct eg_writing earlier = {0};

	(void)eg_bpf_writing_get(helper->bpf, &earlier); /* an array has its entry */
	eg_account_resume(&helper->account, &earlier);
	if (helper->account.earlier.session)
		(void)eg_accounts_read(helper, 1); /* the loop says what fails */
	eg_account_resumed(&helper->account);
}

/* Of a session that is over: packets of what its sockets had queued. The kernel counts no more. */
static void on_unknown(struct eg_helper *helper, const struct eg_event *event, int64_t now_ms)
{
	static const struct eg_account_line once = {.count = 1};
	const struct eg_limits *limits = &helper->account.limits;

	if (!eg_limit_room(&helper->account.all, limits, true, now_ms) ||
	    !eg_limit_take(&helper->unknown_limit, limits, now_ms))
		return;
	eg_account_charge(&helper->account, now_ms);
	/* what the log does not take of these, nobody counts */
	(void)write_line(helper, event, &once);
}

void eg_accounts_event(struct eg_helper *helper, struct eg_session *session,
		       const struct eg_event *event)
{
	int64_t now_ms = helper->read_ms;

	if (session)
		eg_account_event(&helper->account, &session->account, event, now_ms);
	else
		on_unknown(helper, event, now_ms);
	/* There may be logins to answer. */
	if (eg_log_has_waited() && helper->read_max <= EG_ACCOUNTS_STEP)
		eg_bpf_events_stop(helper->bpf);
}

int eg_accounts_read(struct eg_helper *helper, unsigned int max)
{
	helper->read_ms = eg_proto_now_ms();
	helper->read_max = max;
	return eg_bpf_events_read(helper->bpf, max);
}

bool eg_accounts_take(struct eg_helper *helper, struct eg_session *session,
		      enum eg_account_kind kind)
{
	return eg_account_take(&helper->account, &session->account, kind, eg_proto_now_ms());
}

/* Settles what can be settled now. */
static bool settle(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_account *account = &helper->account;
	int64_t now_ms = eg_proto_now_ms();

	if (eg_limit_room(&account->all, &account->limits, false, now_ms) <
	    eg_account_last_lines(account))
		return false;
	if (eg_account_settle(account, &session->account, true, now_ms))
		return true;
	return eg_accounts_read(helper, EG_ACCOUNTS_STEP) == 0 &&
	       eg_account_settle(account, &session->account, true, now_ms);
}

bool eg_accounts_over(struct eg_helper *helper, struct eg_session *session)
{
	uint64_t now_ns = (uint64_t)eg_clock_ns(CLOCK_BOOTTIME);

	if (!session->over_ns)
		session->over_ns = now_ns;
	if (settle(helper, session))
		return true;
	if (now_ns - session->over_ns < (uint64_t)PATIENCE_S * 1000000000)
		return false;
	/* Never without what there is to be said. That the ring cannot be read, the loop says. */
	(void)eg_accounts_read(helper, EG_BPF_EVENTS_ALL);
	eg_account_give_up(&helper->account, &session->account, eg_proto_now_ms());
	return true;
}

void eg_accounts_tick(struct eg_helper *helper, int64_t now_ms)
{
	eg_account_tick(&helper->account, now_ms);
}

void eg_accounts_tick_of(struct eg_helper *helper, struct eg_session *session,
			 const struct eg_totals *totals, int64_t now_ms)
{
	eg_account_tick_of(&helper->account, &session->account, totals, now_ms);
}

void eg_accounts_flush(struct eg_helper *helper)
{
	unsigned long long others = 0;

	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			others +=
				eg_account_flush(&helper->account, &s->account, eg_proto_now_ms());
	if (others)
		eg_log(LOG_WARNING,
		       "stopping with no room for more lines: %llu about flows and strays are "
		       "missing in the log; refusals are counted on by the next helper",
		       others);
}
