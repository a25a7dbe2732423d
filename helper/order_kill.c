// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The end of a session by order: every process that carries its label, wherever it was moved, and
 * all in its cgroup; its leader, on whom the connection hangs, among them. In steps of the loop,
 * each a walk over the host's tasks. From the first on none of them can fork (EG_ORDER_ENDING), so
 * there are only fewer.
 *
 * Not covered: what the user's manager runs, although it was asked to from within the session.
 */
#include "order.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "log.h"
#include "util.h"

enum {
	STEP_MS = 20,
	END_MS = 4000, /* who has not ended by then is waiting for a device, or has a debugger */
	NAMED = 8,     /* of those, in the answer */
};

/* Of one walk. */
struct found {
	uint32_t n;		/* processes that have not ended */
	char names[NAMED * 12]; /* of the first of them: their numbers */
};

/* A pidfd is readable once its process has ended, be it waited for or not. */
static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

/* The number may be another's by now: what counts is the label of who is held. */
static bool kill_one(struct eg_helper *helper, const struct eg_member *member)
{
	int pidfd eg_auto_close = (int)syscall(SYS_pidfd_open, (pid_t)member->tgid, 0);
	struct eg_guard label;

	if (pidfd < 0 || eg_bpf_label_get(helper->bpf, pidfd, &label) < 0 ||
	    label.session != member->session || has_ended(pidfd))
		return false;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0); /* seen by the next step */
	return true;
}

static bool is_in(const struct eg_order_set *set, uint64_t session)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->list[i]->number == session)
			return true;
	return false;
}

/* The cgroup's own way, which misses nobody in it. Not a manager's: scopes of other sessions are
 * below it. */
static void kill_leaf(struct eg_helper *helper, const struct eg_session *session)
{
	int dir eg_auto_close = -1, file eg_auto_close = -1;

	if (session->record.flags & EG_GUARD_MANAGER || !session->record.cgroup)
		return;
	dir = eg_cgroup2_open_id(&helper->cgroup2, session->record.cgroup);
	if (dir >= 0)
		file = openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	/* what fails leaves them to their labels */
	if (file >= 0 && write(file, "1", 1) < 0)
		eg_log(LOG_DEBUG, "cgroup.kill of session %llu: %s",
		       (unsigned long long)session->number, strerror(errno));
}

static int kill_all(struct eg_helper *helper, const struct eg_order_set *set, struct found *ret)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0, used = 0;
	int r = eg_bpf_members(helper->bpf, &members, &n);

	for (size_t i = 0; i < n; i++) {
		if (members[i].tid != members[i].tgid || !is_in(set, members[i].session) ||
		    !kill_one(helper, &members[i]))
			continue;
		if (ret->n++ < NAMED)
			used += (size_t)snprintf(ret->names + used, sizeof(ret->names) - used,
						 " %u", members[i].tgid);
	}
	for (size_t i = 0; i < set->n; i++)
		kill_leaf(helper, set->list[i]);
	return r;
}

/* No more processes of the set. Sessions opened since are in it. */
static int put_ending(struct eg_helper *helper, const struct eg_order_set *set, bool ending)
{
	int first = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct eg_order order;
		uint32_t before;
		int r;

		(void)eg_bpf_order_get(helper->bpf, set->list[i]->number, &order);
		before = order.flags;
		order.flags &= ~(uint32_t)EG_ORDER_ENDING;
		if (ending)
			order.flags |= EG_ORDER_ENDING;
		if (order.flags == before)
			continue; /* a change needs memory */
		r = eg_bpf_order_put(helper->bpf, set->list[i]->number, &order);
		first = first ? first : r;
	}
	return first;
}

bool eg_order_is_ending(struct eg_helper *helper, const struct eg_session *session)
{
	struct eg_order order;

	/* Without a job it is what a helper that was killed has left. */
	return helper->orders && eg_bpf_order_get(helper->bpf, session->number, &order) == 0 &&
	       order.flags & EG_ORDER_ENDING;
}

/* Whoever is left may live: a manager that is guarded on goes on to serve. */
static void end(struct eg_order_job *job, const struct eg_order_set *set, const struct found *found)
{
	struct eg_msg_ordered *answer = &job->answer;

	(void)put_ending(job->helper, set, false); /* gone with the session already */
	answer->survivors = found->n;
	if (found->n) {
		(void)snprintf(answer->text, sizeof(answer->text), "still there:%s%s", found->names,
			       found->n > NAMED ? " and others" : "");
		eg_log(LOG_WARNING, "session %llu: %u processes would not be killed;%s%s",
		       (unsigned long long)answer->session, found->n, found->names,
		       found->n > NAMED ? " and others" : "");
	}
	eg_order_answer(job);
}

static void step(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_order_job *job =
		(struct eg_order_job *)((char *)source - offsetof(struct eg_order_job, timer));
	struct eg_order_set set eg_order_auto_set = {0};
	struct found found = {0};
	uint64_t ticks;
	int r;

	(void)events;
	if (read(source->fd, &ticks, sizeof(ticks)) < 0)
		return; /* EAGAIN: already read */
	r = eg_order_collect(helper, job->answer.session, false, &set);
	/* Whom there is no memory to keep from forking is killed all the same. */
	(void)put_ending(helper, &set, true);
	if (!r)
		r = kill_all(helper, &set, &found);
	if ((r < 0 || found.n) && eg_proto_now_ms() < job->deadline_ms)
		return;
	if (r < 0) {
		found.n = job->answer.processes;
		(void)snprintf(found.names, sizeof(found.names), " not known");
	}
	end(job, &set, &found);
}

static int start_timer(struct eg_order_job *job)
{
	const struct itimerspec tick = {.it_interval.tv_nsec = STEP_MS * 1000000L,
					.it_value.tv_nsec = STEP_MS * 1000000L};

	job->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	job->timer.handle = step;
	if (job->timer.fd < 0 || timerfd_settime(job->timer.fd, 0, &tick, NULL) < 0)
		return -errno;
	return eg_loop_add(job->helper, &job->timer, EPOLLIN);
}

int eg_order_kill(struct eg_order_job *job)
{
	struct eg_helper *helper = job->helper;
	struct eg_order_set set eg_order_auto_set = {0};
	struct found found = {0};
	int r = eg_order_collect(helper, job->answer.session, false, &set);

	if (!r)
		r = start_timer(job);
	(void)put_ending(helper, &set, true); /* as in step */
	if (!r)
		r = eg_bpf_label_all(helper->bpf);
	if (!r)
		r = kill_all(helper, &set, &found);
	if (r < 0) {
		(void)put_ending(helper, &set, false);
		return r;
	}
	job->deadline_ms = eg_proto_now_ms() + END_MS;
	job->answer.sessions = (uint32_t)set.n;
	job->answer.processes = found.n;
	eg_order_report("KILLED", job, &set, NULL);
	return 0;
}
