// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl asks of the running helper in more detail: feeds, processes, one session. */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "feeds.h"
#include "inforce.h"
#include "server.h"
#include "util.h"
#include "versions.h"

/* A list may fill the socket: the reader has that long. */
enum { ANSWER_MS = 1000 };

_Static_assert((int)EG_OPS_SIZE == (int)EG_OP_MAX, "every operation has its counter");

static int send_ok(int fd, int64_t deadline_ms)
{
	struct eg_msg ok;

	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	return eg_proto_send(fd, &ok, NULL, deadline_ms);
}

/* ---- feeds ---- */

static const struct eg_feed *find_feed(const struct eg_feeds *feeds,
				       const struct eg_config_feed *as)
{
	for (size_t i = 0; i < feeds->n; i++)
		if (feeds->list[i].as.allow == as->allow &&
		    !strcmp(feeds->list[i].as.path, as->path))
			return &feeds->list[i];
	return NULL;
}

static void describe_feed(const struct eg_config_profile *profile, const struct eg_feed *feed,
			  struct eg_msg_feed *ret)
{
	*ret = (struct eg_msg_feed){
		.bytes = feed->bytes,
		.mtime_s = (uint64_t)feed->mtime_s,
		.networks = (uint32_t)feed->n_networks,
		.bad = (uint32_t)feed->networks.n_bad,
		.allow = feed->as.allow,
		.last_good = feed->last_good,
	};
	(void)snprintf(ret->profile, sizeof(ret->profile), "%s", profile->name);
	(void)snprintf(ret->path, sizeof(ret->path), "%s", feed->as.path);
	eg_proto_head(ret, EG_MSG_FEED, sizeof(*ret));
}

void eg_inquiry_feeds_note(struct eg_helper *helper, const struct eg_feeds *feeds)
{
	const struct eg_config *config = helper->config;
	size_t n = 0, filled = 0;

	free(eg_take_ptr(&helper->feeds));
	helper->n_feeds = 0;
	for (size_t i = 0; i < config->n_profiles; i++)
		n += config->profiles[i].feeds.n;
	helper->feeds = n ? calloc(n, sizeof(*helper->feeds)) : NULL;
	for (size_t i = 0; i < config->n_profiles && helper->feeds; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];

		for (size_t k = 0; k < profile->feeds.n; k++) {
			const struct eg_feed *feed = find_feed(feeds, &profile->feeds.list[k]);

			if (feed)
				describe_feed(profile, feed, &helper->feeds[filled++]);
		}
	}
	helper->n_feeds = filled;
}

int eg_inquiry_feeds(struct eg_helper *helper, int fd)
{
	int64_t deadline = eg_proto_now_ms() + ANSWER_MS;
	int r = 0;

	for (size_t i = 0; i < helper->n_feeds && !r; i++)
		r = eg_proto_send(fd, &helper->feeds[i], NULL, deadline);
	return r ? r : send_ok(fd, deadline);
}

/* ---- processes ---- */

/* Threads of one process stand together then. */
static int compare_members(const void *va, const void *vb)
{
	const struct eg_member *a = va, *b = vb;

	if (a->session != b->session)
		return a->session < b->session ? -1 : 1;
	return (a->tgid > b->tgid) - (a->tgid < b->tgid);
}

/* flags: for all of them, EG_PROCESS_*. */
static int send_processes(int fd, struct eg_member *members, size_t n, uint64_t session,
			  uint32_t flags, int64_t deadline)
{
	struct eg_msg_process msg = {0};
	int r = 0;

	if (n)
		qsort(members, n, sizeof(*members), compare_members);
	eg_proto_head(&msg, EG_MSG_PROCESS, sizeof(msg));
	for (size_t i = 0; i < n && !r; i++) {
		const struct eg_member *m = &members[i];

		if ((session && m->session != session) ||
		    (i && !compare_members(m, m - 1))) /* another thread of the same */
			continue;
		msg.list[msg.n++] = (struct eg_process){
			.session = flags & EG_PROCESS_VERSION ? 0 : m->session,
			.pid = m->tgid,
			.flags = flags | (m->stray ? EG_PROCESS_STRAY : 0) |
				 (m->flags & EG_GUARD_MANAGER ? EG_PROCESS_MANAGER : 0),
		};
		if (msg.n < EG_PROCESSES_MAX)
			continue;
		r = eg_proto_send(fd, &msg, NULL, deadline);
		msg.n = 0;
	}
	return r || !msg.n ? r : eg_proto_send(fd, &msg, NULL, deadline);
}

/* Those of sessions under other versions. */
static int send_others(struct eg_helper *helper, int fd, int64_t deadline)
{
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_versions_members(helper, &members, &n);

	if (r < 0)
		return eg_server_refuse(fd, r, "cannot list the tasks of other versions: %s",
					strerror(-r));
	return send_processes(fd, members, n, 0, EG_PROCESS_VERSION, deadline);
}

int eg_inquiry_processes(struct eg_helper *helper, int fd, uint64_t session)
{
	int64_t deadline = eg_proto_now_ms() + ANSWER_MS;
	struct eg_member *members eg_auto_free = NULL;
	size_t n = 0;
	int r = eg_bpf_members(helper->bpf, &members, &n);

	if (r < 0)
		return eg_server_refuse(fd, r, "cannot list the tasks of sessions: %s",
					strerror(-r));
	r = send_processes(fd, members, n, session, 0, deadline);
	if (!r && !session)
		r = send_others(helper, fd, deadline);
	return r ? r : send_ok(fd, deadline);
}

/* ---- one session ---- */

static void find_cgroup(const struct eg_helper *helper, const struct eg_session *session, char *buf,
			size_t size)
{
	int fd eg_auto_close = -1;

	buf[0] = '\0';
	if (session->record.cgroup)
		fd = eg_cgroup2_open_id(&helper->cgroup2, session->record.cgroup);
	if (fd >= 0 && eg_cgroup2_path(&helper->cgroup2, fd, buf, size) < 0)
		buf[0] = '\0'; /* removed since */
}

int eg_inquiry_details(struct eg_helper *helper, int fd, uint64_t number)
{
	const struct eg_session *session = eg_session_find(helper, number);
	struct eg_msg_is_details msg = {.session = number};
	struct eg_totals totals = {0};
	struct eg_order order = {0};

	if (!session)
		return eg_server_refuse(fd, -ENOENT, "there is no session %llu",
					(unsigned long long)number);
	msg.origin = session->record.origin_session;
	msg.rport = session->record.rport;
	msg.unfiltered = session->unfiltered;
	(void)eg_bpf_order_get(helper->bpf, number, &order); /* zeroes stand when there is none */
	msg.orders = order.flags;
	/* zeroes stand when it just ended */
	(void)eg_bpf_totals_get(helper->bpf, number, &totals);
	memcpy(msg.refused, totals.refused, sizeof(msg.refused));
	memcpy(msg.audited, totals.audited, sizeof(msg.audited));
	msg.killed = totals.killed;
	msg.lost = totals.lost;
	msg.packets = totals.packets;
	msg.packets_audited = totals.packets_audited;
	find_cgroup(helper, session, msg.cgroup, sizeof(msg.cgroup));
	eg_proto_head(&msg, EG_MSG_IS_DETAILS, sizeof(msg));
	return eg_proto_send(fd, &msg, NULL, eg_proto_now_ms() + ANSWER_MS);
}
