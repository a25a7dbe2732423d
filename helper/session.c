// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Live sessions: opened when the kernel guards them, ended when no task of theirs is left, wherever
 * it went.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#include "attribute.h"
#include "fault.h"
#include "log.h"
#include "order.h"
#include "refresh.h"
#include "util.h"
#include "watch.h"

static struct eg_session **bucket_of(struct eg_helper *helper, uint64_t number)
{
	return &helper->buckets[number % EG_BUCKETS];
}

struct eg_session *eg_session_find(struct eg_helper *helper, uint64_t number)
{
	struct eg_session *session = *bucket_of(helper, number);

	while (session && session->number != number)
		session = session->next;
	return session;
}

/* ---- watching ---- */

static void on_cgroup_events(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_session *session =
		(struct eg_session *)((char *)source - offsetof(struct eg_session, events));
	bool was_empty = session->empty;
	int populated = eg_cgroup2_populated(source->fd);

	(void)events;
	session->empty = populated == 0 || populated == -ENODEV;
	session->unseen = false;
	/* The file of a removed cgroup is readable for ever: watched on, it would keep the loop
	 * spinning. */
	if (populated == -ENODEV)
		eg_session_unwatch(session);
	if (!session->empty)
		session->over_ns = 0;
	if (session->empty)
		helper->reap_due = true;
	else if (was_empty && session->record.flags & EG_GUARD_MANAGER)
		(void)eg_bpf_label_all(
			helper->bpf); /* without labels its cgroup still binds them */
}

void eg_session_unwatch(struct eg_session *session)
{
	eg_close_p(&session->events.fd);
	session->events.fd = -1;
}

int eg_session_watch(struct eg_helper *helper, struct eg_session *session, int dirfd)
{
	int fd eg_auto_close = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	eg_session_unwatch(session);
	session->events.fd = eg_take_fd(&fd);
	session->events.handle = on_cgroup_events;
	r = eg_fault(open_watch_loop) ?: eg_loop_add(helper, &session->events, EPOLLPRI);
	if (r < 0)
		return r;
	/* It may have emptied before we watched: the first look is ours to take. */
	on_cgroup_events(helper, &session->events, 0);
	return 0;
}

void eg_session_filter(struct eg_helper *helper, struct eg_session *session, int dirfd)
{
	int r = eg_fault(adopt_packets) ?: eg_bpf_packets_attach(helper->bpf, dirfd);

	if (r < 0 && !session->unfiltered)
		eg_log(LOG_ERR,
		       "session %llu has no packet filter: %s; its calls are judged, but not the "
		       "flows it has open, nor peers that connect in",
		       (unsigned long long)session->number, strerror(-r));
	session->unfiltered = r < 0;
}

/* ---- the table ---- */

static int64_t boot_s(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &ts); /* this clock is always there */
	return ts.tv_sec;
}

/* Seconds since it was opened. Of one that was taken over, the wall clock has to say how old it was
 * then. */
static void set_age(struct eg_session *session)
{
	int64_t age = time(NULL) - (time_t)session->record.started_s;

	session->age_s = age > 0 ? age : 0;
	session->aged_s = boot_s();
}

int64_t eg_session_age_s(const struct eg_session *session)
{
	return session->age_s + boot_s() - session->aged_s;
}

struct eg_session *eg_session_add(struct eg_helper *helper, uint64_t number,
				  const struct eg_record *record)
{
	struct eg_session **bucket = bucket_of(helper, number);
	struct eg_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->number = number;
	session->account.number = number;
	session->record = *record;
	session->events.fd = -1;
	session->born_ms = eg_proto_now_ms();
	set_age(session);
	session->next = *bucket;
	*bucket = session;
	session->person = (struct eg_person){.uid = record->uid,
					     .manager = record->flags & EG_GUARD_MANAGER,
					     .name = session->record.user};
	eg_people_add(&helper->people, &session->person);
	if (record->flags & EG_GUARD_MANAGER)
		helper->n_managers++;
	else
		helper->n_sessions++;
	return session;
}

static void forget(struct eg_helper *helper, struct eg_session *session)
{
	struct eg_session **at = bucket_of(helper, session->number);

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	eg_people_take_out(&helper->people, &session->person);
	if (session->record.flags & EG_GUARD_MANAGER)
		helper->n_managers--;
	else
		helper->n_sessions--;
	eg_close_p(&session->events.fd);
	eg_account_drop(&helper->account, &session->account);
	free(session);
}

/* Those that were opened from within a session that ends belong to the one that it was opened from
 * within: an order for that one is for them. */
static void hand_on(struct eg_helper *helper, const struct eg_session *session)
{
	for (size_t i = 0; session->record.origin_session && i < EG_BUCKETS; i++) {
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next) {
			if (s->record.origin_session != session->number)
				continue;
			s->record.origin_session = session->record.origin_session;
			/* or a helper that starts anew does not know of it */
			(void)eg_bpf_record_put(helper->bpf, s->number, &s->record, false);
		}
	}
}

void eg_session_drop(struct eg_helper *helper, struct eg_session *session)
{
	hand_on(helper, session);
	eg_metrics_look(helper, session);
	/* The binding first, the record last: a helper killed in between finds the record and
	 * finishes. */
	if (session->record.cgroup)
		(void)eg_bpf_unbind(helper->bpf, session->record.cgroup); /* gone already is fine */
	eg_bpf_order_drop(helper->bpf, session->number);
	eg_bpf_record_drop(helper->bpf, session->number);
	forget(helper, session);
}

void eg_session_free_all(struct eg_helper *helper)
{
	for (size_t i = 0; i < EG_BUCKETS; i++)
		while (helper->buckets[i])
			forget(helper, helper->buckets[i]);
}

/* ---- ending ---- */

/* Removes the leaf; logind's scope goes by itself once it is empty. False: there is no descriptor
 * or no memory to look for it just now. */
static bool remove_leaf(struct eg_helper *helper, const struct eg_session *session)
{
	int fd eg_auto_close = eg_cgroup2_open_id(&helper->cgroup2, session->record.cgroup);
	char path[EG_CGROUP_PATH_SIZE];

	if (fd < 0)
		return fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM;
	if (eg_cgroup2_path(&helper->cgroup2, fd, path, sizeof(path)) < 0 ||
	    !eg_cgroup2_is_leaf(path))
		return true;
	if (unlinkat(helper->cgroup2.root_fd, path + 1, AT_REMOVEDIR) < 0 && errno != ENOENT)
		eg_log(LOG_WARNING, "cannot remove the empty cgroup %s: %s; it stays, unused", path,
		       strerror(errno));
	return true;
}

static bool has_member(const struct eg_member *members, size_t n, uint64_t session)
{
	for (size_t i = 0; i < n; i++)
		if (members[i].session == session)
			return true;
	return false;
}

/* May there be a task of its label, though its cgroup is taken for empty? */
static bool may_have_tasks(struct eg_helper *helper, const struct eg_session *session)
{
	struct eg_totals totals;

	return session->unseen || eg_bpf_totals_get(helper->bpf, session->number, &totals) < 0 ||
	       totals.left;
}

static void end_session(struct eg_helper *helper, struct eg_session *session)
{
	eg_story_check(helper, session);
	eg_report_end(helper, session);
	eg_report_unsaid(session);
	eg_counters_of(&helper->metrics.counters, session->record.profile_name)->ended++;
	eg_session_drop(helper, session);
}

/* Calls fn for each session that has gone empty, managers or others. fn may drop the one it is
 * called for, no other. */
static void each_empty(struct eg_helper *helper, bool managers,
		       void (*fn)(struct eg_helper *, struct eg_session *, void *), void *arg)
{
	for (size_t i = 0; i < EG_BUCKETS; i++) {
		struct eg_session *session = helper->buckets[i], *next;

		for (; session; session = next) {
			next = session->next;
			if (session->empty &&
			    !!(session->record.flags & EG_GUARD_MANAGER) == managers)
				fn(helper, session, arg);
		}
	}
}

/* Labelled tasks of the host, when one of those that are taken for empty may have some; looked for
 * otherwise, it would cost each logout what all sessions together have. */
struct members {
	struct eg_member *list;
	size_t n;
	bool known; /* else there are none but in the sessions' cgroups */
};

static void ask_if_wanted(struct eg_helper *helper, struct eg_session *session, void *arg)
{
	bool *wanted = arg;

	*wanted = *wanted || may_have_tasks(helper, session);
}

/*
 * Removes the leaf first: that takes the kernel's lock for cgroups, so that whoever emptied it by
 * moving the last task elsewhere is done, and eg_cgroup_attach has noted it.
 */
static bool is_surely_over(struct eg_helper *helper, const struct eg_session *session,
			   const struct members *members)
{
	return remove_leaf(helper, session) && (members->known || !may_have_tasks(helper, session));
}

static void end_if_over(struct eg_helper *helper, struct eg_session *session, void *arg)
{
	const struct members *members = arg;

	if (has_member(members->list, members->n, session->number))
		session->over_ns = 0;
	else if (!eg_order_is_ending(helper, session) && eg_story_is_told(helper, session) &&
		 eg_accounts_over(helper, session) && is_surely_over(helper, session, members))
		end_session(helper, session);
	else
		/* it says whom else an order is for, or some lines are still to be written */
		helper->reap_due = true;
}

static void settle(struct eg_helper *helper, struct eg_session *manager, void *arg)
{
	(void)arg;
	eg_manager_settle(helper, manager);
}

void eg_session_reap(struct eg_helper *helper)
{
	struct members members = {0};
	int r;

	helper->reap_due = false;
	each_empty(helper, false, ask_if_wanted, &members.known);
	r = members.known ? eg_bpf_members(helper->bpf, &members.list, &members.n) : 0;
	if (r < 0) {
		eg_log(LOG_WARNING, "cannot list labelled tasks: %s; trying again in a second",
		       strerror(-r));
		return;
	}
	each_empty(helper, false, end_if_over, &members);
	free(members.list);
	each_empty(helper, true, settle, NULL);
}

/* ---- events ---- */

void eg_session_event(const struct eg_event *event, void *arg)
{
	struct eg_helper *helper = arg;
	struct eg_session *session;
	struct eg_event filled;

	if (event->kind == EG_EVENT_MANAGER) {
		eg_manager_made(helper, event);
		return;
	}
	if (event->kind == EG_EVENT_STRAY) {
		eg_stray_event(helper, event);
		return;
	}
	if (event->profile == EG_PROFILE_SELFTEST)
		return;
	event = eg_attribute_event(helper, event, &filled);
	session = eg_session_find(helper, event->session);
	eg_metrics_event(helper, session, event);
	eg_accounts_event(helper, session, event);
}

/*
 * Looks at a cgroup without having been told: the kernel delays a notification that follows another
 * within 10 ms, and forgets it when the cgroup is removed meanwhile, as after a login that fails at
 * once.
 */
static void look_again(struct eg_helper *helper, struct eg_session *session)
{
	if (!session->empty && session->events.fd >= 0)
		on_cgroup_events(helper, &session->events, 0);
}

/* Once a second; looks: this time it is looked at, too. What the kernel has counted is read once,
 * for all who ask: with thousands of sessions that is what a second costs. */
static void tick_of(struct eg_helper *helper, struct eg_session *session, bool looks,
		    int64_t now_ms)
{
	struct eg_totals totals;

	if (looks)
		look_again(helper, session);
	if (!looks || eg_bpf_totals_get(helper->bpf, session->number, &totals) < 0) {
		eg_accounts_tick_of(helper, session, NULL, now_ms);
	} else {
		eg_accounts_tick_of(helper, session, &totals, now_ms);
		eg_story_compare(helper, session, &totals);
		eg_metrics_add(helper, session, &totals);
	}
	/* Strays: no cgroup tells when the last of them ends. */
	if (session->empty && session->record.cgroup)
		helper->reap_due = true;
}

void eg_session_tick(struct eg_helper *helper, int64_t now_ms)
{
	helper->ticks++;
	eg_accounts_tick(helper, now_ms);
	eg_attribution_tick(helper);
	eg_stray_tick(helper, now_ms);
	eg_watch_tick(helper, now_ms, helper->ticks % EG_SURVEY_TICKS == 0);
	if (helper->ticks % EG_SURVEY_TICKS == 0) {
		eg_survey(helper);
		eg_adopt_sweep(helper);
		eg_refresh_start(helper);
	}
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			tick_of(helper, s, (i + helper->ticks) % EG_LOOK_TICKS == 0, now_ms);
}
