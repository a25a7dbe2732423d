// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Strays: processes of a session that were moved to a cgroup which no guard binds. Their calls are
 * judged by their label. For their packets there are programs at the root of all cgroups, from the
 * first socket that one of them makes until a while after the last session that had any has ended:
 * a host without strays pays nothing for them.
 */
#include "helper.h"

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

/* After that the kernel has given up what sockets without a process had in their queues. */
enum { LINGER_MS = 15 * 60 * 1000 };

static void filter(struct eg_helper *helper, uint64_t number)
{
	struct eg_session *session = eg_session_find(helper, number);
	int r;

	if (session)
		session->strayed = true;
	if (helper->strays_filtered)
		return;
	r = eg_bpf_strays_attach(helper->bpf, helper->cgroup2.root_fd);
	helper->strays_filtered = !r;
	helper->strays_seen_ms = eg_proto_now_ms();
	if (r < 0 && !helper->strays_failed)
		eg_log(LOG_ERR,
		       "processes moved out of session %llu have no packet filter: %s; their calls "
		       "are judged, and who connects in, but not the flows they have open",
		       (unsigned long long)number, strerror(-r));
	helper->strays_failed = r < 0;
}

/* Is this a leaf that is not bound? Then a login is on its way: su, in a session. */
static bool is_login(struct eg_helper *helper, uint64_t cgroup, const char *path)
{
	struct eg_guard guard;

	return eg_cgroup2_is_leaf(path) &&
	       eg_bpf_binding_get(helper->bpf, cgroup, &guard) == -ENOENT;
}

void eg_stray_event(struct eg_helper *helper, const struct eg_event *event)
{
	struct eg_session *session = eg_session_find(helper, event->session);
	char path[EG_CGROUP_PATH_SIZE] = "-";
	int fd eg_auto_close = -1;

	if (event->profile == EG_PROFILE_SELFTEST)
		return;
	if (event->op == EG_OP_SOCKET) {
		filter(helper, event->session);
		return;
	}
	if (event->cgroup == helper->ending)
		return; /* moved by us, to be killed there */
	fd = eg_cgroup2_open_id(&helper->cgroup2, event->cgroup);
	if (fd >= 0 && eg_cgroup2_path(&helper->cgroup2, fd, path, sizeof(path)) < 0)
		(void)strcpy(path, "-"); /* removed since */
	if (is_login(helper, event->cgroup, path))
		return;
	if (session && !eg_accounts_take(helper, session, EG_ACCOUNT_STRAY))
		return;
	eg_report_stray(helper, session, event, path);
}

void eg_stray_settle(struct eg_helper *helper)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r;

	/* At start they wait until it is known whose they are. What fails is said by the loop. */
	if (helper->config)
		(void)eg_accounts_read(helper, EG_BPF_EVENTS_ALL);
	r = eg_bpf_members(helper->bpf, &members, &n);
	if (r < 0)
		eg_log(LOG_WARNING,
		       "cannot list labelled tasks: %s; flows of processes that were moved out of "
		       "their session may go on",
		       strerror(-r));
	for (size_t i = 0; i < n; i++)
		if (members[i].stray)
			filter(helper, members[i].session);
}

void eg_stray_adopt(struct eg_helper *helper)
{
	if (!helper->strays_filtered &&
	    eg_bpf_strays_attached(helper->bpf, helper->cgroup2.root_fd))
		filter(helper, 0); /* an older build's programs are replaced */
	for (size_t i = 0; helper->strays_filtered && i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			s->strayed = true; /* or not: nobody has written it down */
	/* what fails is said when the loop reads */
	(void)eg_accounts_read(helper, EG_BPF_EVENTS_ALL);
}

void eg_stray_tick(struct eg_helper *helper, int64_t now_ms)
{
	if (!helper->strays_filtered)
		return;
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			if (s->strayed)
				helper->strays_seen_ms = now_ms;
	if (now_ms - helper->strays_seen_ms < LINGER_MS)
		return;
	if (eg_bpf_strays_detach(helper->bpf, helper->cgroup2.root_fd) == 0)
		helper->strays_filtered = false;
	/* else it is tried again in a second; that they stay costs time, and nothing else */
}
