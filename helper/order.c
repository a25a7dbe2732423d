// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Orders for sessions, see order.h: quarantine, release and tighten. One is in force before it is
 * answered; those that can deny open flows wait for flows.c besides, and not for long: the packet
 * layer drops their packets at once.
 */
#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "fault.h"
#include "inforce.h"
#include "log.h"
#include "util.h"

enum {
	SETTLE_MS = 3000, /* flows.c may have thousands of namespaces to visit */
};

/* ---- jobs ---- */

static uint32_t loginuid_of(pid_t pid)
{
	char path[64], text[16] = "";
	int fd eg_auto_close = -1;
	unsigned int uid;

	(void)snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || sscanf(text, "%u", &uid) != 1)
		return (uint32_t)-1; /* a kernel without audit */
	return uid;
}

static void job_free(struct eg_order_job *job)
{
	eg_close_p(&job->timer.fd);
	eg_close_p(&job->fd);
	free(job);
}

static struct eg_order_job *job_new(struct eg_helper *helper, const struct eg_client *client,
				    const struct eg_msg_order *order)
{
	struct eg_order_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->helper = helper;
	job->timer.fd = -1;
	job->what = (enum eg_do)order->what;
	job->answer.session = order->session;
	job->by = (struct eg_order_by){.pid = client->peer.pid,
				       .uid = client->peer.uid,
				       .loginuid = loginuid_of(client->peer.pid)};
	job->fd = fcntl(client->source.fd, F_DUPFD_CLOEXEC, 0);
	if (job->fd < 0) {
		free(job);
		return NULL;
	}
	job->next = helper->orders;
	helper->orders = job;
	return job;
}

static void job_drop(struct eg_order_job *job)
{
	struct eg_order_job **at = &job->helper->orders;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	job_free(job);
}

void eg_order_answer(struct eg_order_job *job)
{
	eg_proto_head(&job->answer, EG_MSG_ORDERED, sizeof(job->answer));
	/* who has hung up does not need it */
	(void)eg_server_send(job->fd, &job->answer);
	job_drop(job);
}

/* Says no on a job's connection, which ends. */
static void job_refuse(struct eg_order_job *job, int error, const char *text)
{
	(void)eg_server_refuse(job->fd, error, "%s", text);
	job_drop(job);
}

static void job_count(struct eg_order_job *job, const struct eg_order_set *set)
{
	job->answer.sessions = (uint32_t)set->n_sessions;
	job->answer.managers = (uint32_t)(set->n - set->n_sessions);
}

/* ---- open flows ---- */

static bool waits_for_flows(const struct eg_order_job *job)
{
	return job->what == EG_DO_QUARANTINE || job->what == EG_DO_TIGHTEN;
}

/* Of a manager it cannot be told which session a flow is for: it is one that was cut off. */
static bool is_for(const struct eg_order_job *job, uint64_t session)
{
	struct eg_order_set set eg_order_auto_set = {0};

	return eg_order_collect(job->helper, job->answer.session, true, &set) == 0 &&
	       eg_order_set_has(&set, eg_session_find(job->helper, session));
}

void eg_order_flow(struct eg_helper *helper, uint64_t session, int error)
{
	for (struct eg_order_job *job = helper->orders; job; job = job->next) {
		if (!waits_for_flows(job) || !is_for(job, session))
			continue;
		if (error)
			job->answer.left++;
		else
			job->answer.reset++;
	}
}

void eg_order_settled(struct eg_helper *helper)
{
	for (struct eg_order_job *job = helper->orders, *next; job; job = next) {
		next = job->next;
		if (waits_for_flows(job))
			eg_order_answer(job);
	}
}

void eg_order_tick(struct eg_helper *helper, int64_t now_ms)
{
	for (struct eg_order_job *job = helper->orders, *next; job; job = next) {
		next = job->next;
		if (!waits_for_flows(job) || now_ms < job->deadline_ms)
			continue;
		job->answer.unsettled = 1;
		eg_order_answer(job);
	}
}

/* The last step of an order that denies more than there was before. */
static void look_for_flows(struct eg_order_job *job)
{
	job->deadline_ms = eg_proto_now_ms() + SETTLE_MS;
	eg_flows_reset(job->helper);
}

/* ---- quarantine and release ---- */

/* Whose packets nobody drops: that is tried once more, and else said. */
static void look_for_gaps(struct eg_order_job *job, const struct eg_order_set *set)
{
	struct eg_helper *helper = job->helper;
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct eg_session *session = set->list[i];
		int fd eg_auto_close = -1;

		if (session->unfiltered && session->record.cgroup)
			fd = eg_cgroup2_open_id(&helper->cgroup2, session->record.cgroup);
		if (fd >= 0)
			eg_session_filter(helper, session, fd);
		n += session->unfiltered || (session->strayed && !helper->strays_filtered);
	}
	if (n)
		(void)snprintf(job->answer.text, sizeof(job->answer.text),
			       "%zu without a packet filter: calls are refused, but flows that are "
			       "open and peers that connect in are not stopped; see ebpfguardctl "
			       "status, or kill the session",
			       n);
}

static void quarantine(struct eg_order_job *job)
{
	struct eg_helper *helper = job->helper;
	struct eg_order_set set eg_order_auto_set = {0};
	int r = eg_order_collect(helper, job->answer.session, true, &set);

	/* the packets of its strays, too */
	eg_stray_settle(helper);
	if (!r)
		r = eg_order_cut(helper, &set);
	if (r < 0) {
		job_refuse(job, r, "cannot put it into the kernel's table: nothing is cut off");
		return;
	}
	look_for_gaps(job, &set);
	job_count(job, &set);
	eg_order_report("QUARANTINE", job, &set, NULL);
	look_for_flows(job);
}

static void release(struct eg_order_job *job)
{
	struct eg_helper *helper = job->helper;
	struct eg_order_set set eg_order_auto_set = {0};
	int64_t r = eg_order_collect(helper, job->answer.session, true, &set);
	char text[EG_TEXT_SIZE];

	if (!r && !eg_order_is_cut(helper, set.list[0])) {
		job_refuse(job, -ENOENT, "the session is not in quarantine");
		return;
	}
	if (!r)
		r = eg_order_keep_others(helper, &set);
	if (r > 0) {
		(void)snprintf(text, sizeof(text),
			       "it is cut off with session %" PRId64
			       ", whose quarantine is for it as well: release that one",
			       r);
		job_refuse(job, -EBUSY, text);
		return;
	}
	if (!r)
		r = eg_order_uncut(helper, &set);
	if (r < 0) {
		job_refuse(job, (int)r, "cannot change the kernel's table");
		return;
	}
	job_count(job, &set);
	eg_order_report("RELEASE", job, &set, NULL);
	eg_order_answer(job);
}

/* ---- tighten ---- */

/*
 * For one session, in three steps: an order that changes nothing but names the slot that it will be
 * about, the record, which keeps the new slot alive, and the order. A helper that is killed between
 * two of them leaves what eg_order_mend can tell.
 */
static int tighten_one(struct eg_helper *helper, struct eg_session *session, uint32_t from,
		       const struct eg_in_force *to)
{
	struct eg_record record = session->record;
	struct eg_order order, before, still;
	struct eg_guard bound = {0};
	int r;

	(void)eg_bpf_order_get(helper->bpf, session->number, &order);
	before = order;
	if (record.cgroup)
		(void)eg_bpf_binding_get(helper->bpf, record.cgroup, &bound);
	r = eg_order_swap(&order, &record, bound.profile, from, to->slot, to->name);
	if (r < 0)
		return r;
	still = order;
	still.to = before.from ? before.to : still.from;
	r = eg_bpf_order_put(helper->bpf, session->number, &still);
	if (!r)
		r = eg_bpf_record_put(helper->bpf, session->number, &record, false);
	if (!r)
		r = eg_bpf_order_put(helper->bpf, session->number, &order);
	if (r < 0) {
		(void)eg_bpf_order_put(helper->bpf, session->number, &before);
		(void)eg_bpf_record_put(helper->bpf, session->number, &session->record, false);
		return r;
	}
	eg_metrics_look(helper, session); /* what was counted was of the other profile */
	session->record = record;
	return 0;
}

/* Those that were tightened stay in the set; the first is the one that was named. */
static int tighten_all(struct eg_order_job *job, struct eg_order_set *set,
		       const struct eg_in_force *to)
{
	uint32_t from = set->list[0]->record.profile;
	size_t n = 0, n_sessions = 0;

	for (size_t i = 0; i < set->n; i++) {
		int r = tighten_one(job->helper, set->list[i], from, to);

		if (r < 0 && !i)
			return r;
		if (r < 0) {
			job->answer.apart += r != -ENOENT;
			continue;
		}
		n_sessions += i < set->n_sessions;
		set->list[n++] = set->list[i];
	}
	set->n = n;
	set->n_sessions = n_sessions;
	return 0;
}

static void tighten(struct eg_order_job *job, const char *profile)
{
	struct eg_helper *helper = job->helper;
	const struct eg_in_force *to = eg_in_force_find(helper, profile);
	struct eg_order_set set eg_order_auto_set = {0};
	char before[EG_PROFILE_SIZE];
	int r;

	if (!to || !to->profile) {
		job_refuse(job, -ENOENT, "no such profile is in force");
		return;
	}
	r = eg_order_collect(helper, job->answer.session, true, &set);
	eg_stray_settle(helper);
	if (!r) {
		(void)snprintf(before, sizeof(before), "%s", set.list[0]->record.profile_name);
		r = tighten_all(job, &set, to);
	}
	if (r < 0) {
		job_refuse(job, r,
			   r == -EBUSY ? "another session was tightened before, and this one with "
					 "it: what applies here cannot be put in its place"
				       : "cannot put it into the kernel's table");
		return;
	}
	look_for_gaps(job, &set);
	job_count(job, &set);
	eg_order_report("TIGHTEN", job, &set, before);
	look_for_flows(job);
}

/* ---- all of them ---- */

int eg_order(struct eg_helper *helper, struct eg_client *client, const void *request,
	     struct eg_passed *passed)
{
	const struct eg_msg_order *order = request;
	struct eg_order_job *job;
	int r;

	(void)passed;
	if (order->what < EG_DO_QUARANTINE || order->what > EG_DO_TIGHTEN)
		return -EBADMSG;
	if (!eg_session_find(helper, order->session))
		return eg_server_refuse(client->source.fd, -ESRCH, "there is no session %llu",
					(unsigned long long)order->session);
	job = job_new(helper, client, order);
	if (!job)
		return -ENOMEM;
	switch (job->what) {
	case EG_DO_QUARANTINE:
		quarantine(job);
		break;
	case EG_DO_RELEASE:
		release(job);
		break;
	case EG_DO_TIGHTEN:
		tighten(job, order->profile);
		break;
	case EG_DO_KILL:
		r = eg_order_kill(job);
		if (r < 0)
			job_refuse(job, r, strerror(-r));
		break;
	}
	return 0;
}

uint32_t eg_order_slot(struct eg_helper *helper, const struct eg_session *session)
{
	struct eg_order order;

	(void)eg_bpf_order_get(helper->bpf, session->number, &order);
	return order.from && order.to == session->record.profile ? order.from
								 : session->record.profile;
}

/* What a helper that was killed has left behind half done. */
static void repair(struct eg_helper *helper, const struct eg_session *session)
{
	struct eg_guard bound = {0};
	struct eg_order order;
	bool changed;

	(void)eg_bpf_order_get(helper->bpf, session->number, &order);
	if (session->record.cgroup)
		(void)eg_bpf_binding_get(helper->bpf, session->record.cgroup, &bound);
	changed = eg_order_mend(&order, &session->record, bound.profile);
	if (order.flags & EG_ORDER_ENDING) {
		eg_log(LOG_WARNING,
		       "session %llu was being killed when the helper ended: kill it once more, "
		       "some of it may have been left",
		       (unsigned long long)session->number);
		/* or its processes could never make others */
		order.flags &= ~(uint32_t)EG_ORDER_ENDING;
		changed = true;
	}
	if (changed && eg_bpf_order_put(helper->bpf, session->number, &order) < 0)
		eg_log(LOG_ERR,
		       "an order for session %llu was half carried out, and cannot be put right: "
		       "give it once more",
		       (unsigned long long)session->number);
}

void eg_order_adopt(struct eg_helper *helper)
{
	uint64_t number = 0, gone[64];
	struct eg_record record;
	size_t n = 0;

	/* By the records: a session that there was no memory for is guarded on. */
	while (n < EG_ARRAY_SIZE(gone) && eg_bpf_order_next(helper->bpf, &number) == 0)
		if (eg_bpf_record_get(helper->bpf, number, &record) == -ENOENT)
			gone[n++] = number;
	for (size_t i = 0; i < n; i++)
		eg_bpf_order_drop(helper->bpf, gone[i]);
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (const struct eg_session *s = helper->buckets[i]; s; s = s->next)
			repair(helper, s);
	eg_order_move_done(helper);
	if ((eg_fault(adopt_orders) ?: eg_bpf_orders_count(helper->bpf)) < 0)
		eg_log(LOG_ERR, "cannot tell how many sessions have orders: those may not hold");
}

bool eg_order_may_cut(struct eg_helper *helper)
{
	uint64_t number = 0;

	return helper->flows || helper->flows_ticks || eg_bpf_order_next(helper->bpf, &number) == 0;
}

void eg_order_close(struct eg_helper *helper)
{
	for (struct eg_order_job *job = helper->orders, *next; job; job = next) {
		next = job->next;
		job_free(job);
	}
	helper->orders = NULL;
}
