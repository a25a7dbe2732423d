// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The end of a session by order: every process that carries its label, wherever it was moved, and
 * all in its cgroup; its leader, on whom the connection hangs, among them. In steps of the loop,
 * each a walk over the host's tasks. From the first on none of them can fork (EG_ORDER_ENDING), so
 * there are only fewer. It is always a cgroup that is killed: the session's, and one to which those
 * are moved who are elsewhere (order_move.c).
 *
 * Not covered: what the user's manager runs, although it was asked to from within the session.
 */
#include "order.h"

#include <errno.h>
#include <poll.h>
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
	size_t used;
	int error; /* why some of them are not being killed, 0 = they are */
};

/* A pidfd is readable once its process has ended, be it waited for or not. */
static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

/* Is this who was found, and alive? The number may be another's by now: what counts is the label
 * of who is held. */
static bool lives(struct eg_helper *helper, const struct eg_member *member)
{
	int pidfd eg_auto_close = (int)syscall(SYS_pidfd_open, (pid_t)member->tgid, 0);
	struct eg_guard label;

	return pidfd >= 0 && eg_bpf_label_get(helper->bpf, pidfd, &label) == 0 &&
	       label.session == member->session && !has_ended(pidfd);
}

/* Is the process in this cgroup, or below? "" is none. */
static bool is_in(const char *cgroup, unsigned int pid)
{
	char path[EG_CGROUP_PATH_SIZE];
	size_t n = strlen(cgroup);

	return n && eg_cgroup2_of_pid((pid_t)pid, path, sizeof(path)) == 0 &&
	       !strncmp(path, cgroup, n) && (!path[n] || path[n] == '/');
}

static void count(struct found *found, unsigned int pid)
{
	if (found->n++ < NAMED)
		found->used += (size_t)snprintf(found->names + found->used,
						sizeof(found->names) - found->used, " %u", pid);
}

static void note(struct found *found, int error)
{
	if (error < 0 && error != -ESRCH && error != -ENODEV) /* gone meanwhile */
		found->error = error;
}

/* Not a manager's: scopes of other sessions are below it. -1: there is none to be killed. */
static int open_leaf(struct eg_helper *helper, const struct eg_session *session, char *ret_path,
		     size_t size)
{
	int dir eg_auto_close = -1;

	ret_path[0] = '\0';
	if (session->record.flags & EG_GUARD_MANAGER || !session->record.cgroup)
		return -1;
	dir = eg_cgroup2_open_id(&helper->cgroup2, session->record.cgroup);
	if (dir < 0 || eg_cgroup2_path(&helper->cgroup2, dir, ret_path, size) < 0)
		return -1; /* removed: nobody is in it */
	return eg_take_fd(&dir);
}

/* One session: who is not in its cgroup is moved, then that is killed, which misses nobody in it.
 * Where the kernel refuses that, as of a cgroup that was made threaded, the next step moves all. */
static void kill_session(struct eg_order_job *job, const struct eg_session *session,
			 const struct eg_member *members, size_t n, struct found *found)
{
	struct eg_helper *helper = job->helper;
	char leaf[EG_CGROUP_PATH_SIZE];
	int dir eg_auto_close = open_leaf(helper, session, leaf, sizeof(leaf));
	int r;

	if (job->move_all)
		leaf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const struct eg_member *member = &members[i];

		if (member->tid != member->tgid || member->session != session->number ||
		    !lives(helper, member))
			continue;
		count(found, member->tgid);
		if (!is_in(leaf, member->tgid))
			note(found, eg_order_move(helper, member->tgid));
	}
	r = dir < 0 ? 0 : eg_order_kill_in(dir);
	job->move_all |= r < 0 && r != -ENODEV;
}

static int kill_all(struct eg_order_job *job, const struct eg_order_set *set, struct found *ret)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_members(job->helper->bpf, &members, &n);

	for (size_t i = 0; i < set->n; i++)
		kill_session(job, set->list[i], members, n, ret);
	note(ret, eg_order_kill_moved(job->helper, set));
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
	char why[128] = "";

	(void)put_ending(job->helper, set, false); /* gone with the session already */
	eg_order_move_done(job->helper);
	answer->survivors = found->n;
	if (found->error)
		(void)snprintf(why, sizeof(why),
			       "; some cannot be moved to where they would be: %s",
			       strerror(-found->error));
	if (found->n) {
		(void)snprintf(answer->text, sizeof(answer->text), "still there:%s%s%s",
			       found->names, found->n > NAMED ? " and others" : "", why);
		eg_log(LOG_WARNING, "session %llu: %u processes would not be killed;%s%s%s",
		       (unsigned long long)answer->session, found->n, found->names,
		       found->n > NAMED ? " and others" : "", why);
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
		r = kill_all(job, &set, &found);
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
		r = kill_all(job, &set, &found);
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
