// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How a session begins: which profile, bound and labelled, or all of it undone. */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "inforce.h"
#include "key.h"
#include "log.h"
#include "match.h"
#include "order.h"
#include "origin.h"
#include "util.h"

static void fill_record(struct eg_record *record, const struct eg_msg_open *request,
			const struct eg_peer *peer, uint64_t cgroup)
{
	*record = (struct eg_record){
		.cgroup = cgroup,
		.started_s = (uint64_t)time(NULL),
		.uid = request->uid,
		.flags = EG_GUARD_OPENING,
		.leader = (uint32_t)peer->pid,
		.rport = eg_connection_port(request->connection, request->rhost),
	};
	(void)snprintf(record->user, sizeof(record->user), "%s", request->user);
	(void)snprintf(record->service, sizeof(record->service), "%s", request->service);
	(void)snprintf(record->rhost, sizeof(record->rhost), "%s", request->rhost);
	/* no key, no fingerprint: the field stays empty */
	(void)eg_key_fingerprint(request->auth_info, record->key);
}

static int check_limits(struct eg_helper *helper, const char *user, struct eg_err *err)
{
	if (!helper->config)
		return eg_err_fail(err, -ENOENT,
				   "there is no valid configuration: run ebpfguardctl check");
	if (helper->n_sessions >= EG_OPEN_SESSIONS_MAX)
		return eg_err_fail(err, -ENOSPC, "%d sessions are guarded already, more do not fit",
				   EG_OPEN_SESSIONS_MAX);
	if (eg_people_sessions(&helper->people, user) >= EG_SESSIONS_PER_USER)
		return eg_err_fail(err, -EUSERS, "this user has %d guarded sessions already",
				   EG_SESSIONS_PER_USER);
	return 0;
}

/* That there is none is no error: su and cron have none. Not being told may cost the person the
 * connection, should a policy deny its client. */
static void mark_connection(struct eg_helper *helper, const struct eg_session *session,
			    const struct eg_msg_open *request, int socket)
{
	int r = session->record.rport
			? eg_fault(open_mark)
				  ?: eg_connection_mark(helper, socket, request->connection,
							session->number)
			: 0;

	if (r == -ENOENT && !(request->flags & EG_OPEN_LOOKED))
		r = -ENODATA; /* by an older module, or one that could not look */
	if (r < 0 && r != -ENOENT)
		eg_log(LOG_WARNING,
		       "session %llu: cannot mark the connection it came in by: %s; it is judged "
		       "like others",
		       (unsigned long long)session->number, strerror(-r));
}

/*
 * A session opened in another one is under that one's policies besides its own: its labels carry
 * what its cgroup does not. A task has one of each, so three different ones do not fit.
 */
static int take_origin(struct eg_record *record, const struct eg_origin *origin, struct eg_err *err)
{
	record->origin_session = origin->session;
	record->origin = record->profile;
	for (size_t i = 0; i < origin->n_profiles; i++) {
		if (origin->profiles[i] == record->profile || origin->profiles[i] == record->origin)
			continue;
		if (record->origin != record->profile)
			return eg_err_fail(
				err, -ELOOP,
				"nested too deep under different profiles: session %llu, where "
				"it comes from, has others already",
				(unsigned long long)origin->session);
		record->origin = origin->profiles[i];
	}
	return 0;
}

/* What a login is matched by. record: for its key. */
static struct eg_match_who who_of(const struct eg_record *record, const struct eg_groups *groups)
{
	return (struct eg_match_who){.user = record->user,
				     .service = record->service,
				     .rhost = record->rhost,
				     .key = record->key,
				     .groups = groups->names,
				     .n_groups = groups->n,
				     .groups_known = groups->known};
}

int eg_session_needs_groups(struct eg_helper *helper, const struct eg_msg_open *request)
{
	const struct eg_groups unknown = {0};
	const struct eg_peer nobody = {0};
	struct eg_record record;
	struct eg_match_who who;
	size_t index;

	if (!helper->config || request->flags & EG_OPEN_EXEMPT)
		return 0;
	fill_record(&record, request, &nobody, 0);
	who = who_of(&record, &unknown);
	if (eg_match_find(helper->config, &who, &index, NULL) == -EAGAIN)
		return 1;
	who = eg_manager_who(request->user, &unknown);
	return eg_match_find(helper->config, &who, &index, NULL) == -EAGAIN;
}

/* Which profile: that of the person, or, for who is exempt, that of the session he comes from. */
static int choose_profile(struct eg_helper *helper, const struct eg_msg_open *request,
			  const struct eg_origin *origin, const struct eg_groups *groups,
			  struct eg_record *record, struct eg_err *err)
{
	const struct eg_match_who who = who_of(record, groups);
	const struct eg_in_force *entry;
	int r;

	if (request->flags & EG_OPEN_EXEMPT) {
		record->profile = origin->profiles[0];
		(void)snprintf(record->profile_name, sizeof(record->profile_name), "%s",
			       origin->profile_name);
	} else {
		r = eg_fault(open_profile) ?: eg_in_force_match(helper, &who, &entry);
		if (r < 0)
			return eg_err_fail(err, r, "cannot tell which profile it gets: %s",
					   strerror(-r));
		record->profile = entry->slot;
		(void)snprintf(record->profile_name, sizeof(record->profile_name), "%s",
			       entry->name);
	}
	return origin->session ? take_origin(record, origin, err) : 0;
}

/* Binds and labels, in this order: whatever the leader forks from the first on inherits. */
static int bind_leaf(struct eg_helper *helper, struct eg_session *session,
		     const struct eg_peer *peer, int dirfd, int level, struct eg_err *err)
{
	struct eg_guard guard = {.session = session->number, .profile = session->record.profile};
	int r = eg_fault(open_watch) ?: eg_session_watch(helper, session, dirfd);

	if (r < 0)
		return eg_err_fail(err, r, "cannot watch the session's cgroup: %s", strerror(-r));
	r = eg_fault(open_bind)
		    ?: eg_bpf_bind(helper->bpf, session->record.cgroup, (unsigned int)level,
				   &guard);
	if (r < 0)
		return eg_err_fail(err, r, "cannot bind the session's cgroup: %s", strerror(-r));
	guard.flags = EG_GUARD_LEADER;
	/* For root sshd forks no process of the user's: the leader is the user's. */
	if (!session->record.uid && !strncmp(session->record.service, "ssh", 3))
		guard.flags |= EG_GUARD_SERVES;
	if (session->record.origin)
		guard.profile = session->record.origin;
	r = eg_fault(open_label) ?: eg_bpf_label_put(helper->bpf, peer->pidfd, &guard);
	if (r < 0)
		return eg_err_fail(err, r, "cannot label the session's leader: %s", strerror(-r));
	r = eg_fault(open_packets) ?: eg_bpf_packets_attach(helper->bpf, dirfd);
	if (r < 0)
		return eg_err_fail(
			err, r, "cannot attach the packet filter to the session's cgroup: %s%s",
			strerror(-r),
			r == -EPERM ? "; a BPF program of a cgroup above allows no others, as "
				      "IPAccounting= of some versions of systemd makes"
				    : "");
	return 0;
}

/* The user's manager, which pam_systemd has just started: by the profile for it, or, when the
 * person is exempt and this session is guarded for where it comes from, by the session's. */
static int guard_manager(struct eg_helper *helper, const struct eg_msg_open *request,
			 const struct eg_session *session, const struct eg_groups *groups,
			 struct eg_err *err)
{
	const struct eg_record *record = &session->record;
	const struct eg_match_who who = eg_manager_who(record->user, groups);
	const struct eg_in_force *entry;
	int r;

	if (request->flags & EG_OPEN_EXEMPT) {
		r = eg_manager_guard(helper, record->uid, record->user, record->profile_name,
				     record->profile);
	} else {
		r = eg_in_force_match(helper, &who, &entry);
		if (!r)
			r = eg_manager_guard(helper, record->uid, record->user, entry->name,
					     entry->slot);
	}
	return r < 0 ? eg_err_fail(err, r, "cannot guard the user's manager: %s", strerror(-r)) : 0;
}

/* What is ordered for the session where this one comes from holds for its user's manager too: it
 * would be a way out. */
static int order_manager(struct eg_helper *helper, const struct eg_session *session,
			 struct eg_err *err)
{
	const struct eg_session *manager = eg_manager_find(helper, session->record.uid);
	int r = eg_fault(open_manager_order);

	if (!r && manager)
		r = eg_order_inherit(helper, session->record.origin_session, manager);

	return r < 0 ? eg_err_fail(err, r, "cannot cut the user's manager off: %s", strerror(-r))
		     : 0;
}

/* Nothing is missing: from here on a helper that starts anew takes it over, before it took it
 * back. */
static int declare_whole(struct eg_helper *helper, struct eg_session *session, struct eg_err *err)
{
	int r;

	session->record.flags &= ~(uint32_t)EG_GUARD_OPENING;
	r = eg_fault(open_whole)
		    ?: eg_bpf_record_put(helper->bpf, session->number, &session->record, false);
	return r < 0 ? eg_err_fail(err, r, "cannot record that the session is guarded: %s",
				   strerror(-r))
		     : 0;
}

int eg_session_open(struct eg_helper *helper, const struct eg_msg_open *request,
		    const struct eg_peer *peer, const struct eg_groups *groups,
		    const struct eg_passed *passed, const char *path, int level,
		    struct eg_session **ret, struct eg_err *reterr)
{
	struct eg_session *session;
	struct eg_origin origin = {0};
	struct eg_record record;
	uint64_t cgroup, number;
	int r = eg_fault(open_origin)
			?: eg_origin_find(helper, peer, request, passed->socket, &origin, reterr);

	*ret = NULL;
	if (r < 0 || (!r && request->flags & EG_OPEN_EXEMPT))
		return r;
	r = check_limits(helper, request->user, reterr);
	if (r < 0)
		return r;
	r = eg_fault(open_cgroup) ?: eg_cgroup2_id(passed->dir, &cgroup);
	if (r < 0)
		return eg_err_fail(reterr, r, "cannot read the cgroup's id: %s", strerror(-r));
	fill_record(&record, request, peer, cgroup);
	r = choose_profile(helper, request, &origin, groups, &record, reterr);
	if (r < 0)
		return r;
	r = eg_fault(open_number) ?: eg_bpf_session_number(helper->bpf, &number);
	if (!r)
		r = eg_fault(open_record) ?: eg_bpf_record_put(helper->bpf, number, &record, true);
	if (r < 0)
		return eg_err_fail(reterr, r, "cannot record the session: %s", strerror(-r));
	session = eg_fault(open_table) ? NULL : eg_session_add(helper, number, &record);
	if (!session) {
		eg_bpf_record_drop(helper->bpf, number);
		return eg_err_fail(reterr, -ENOMEM, "out of memory");
	}
	/* before the binding: there is no instant in which it is judged */
	mark_connection(helper, session, request, passed->socket);
	r = eg_fault(open_order) ?: eg_order_inherit(helper, record.origin_session, session);
	if (r < 0)
		(void)eg_err_fail(reterr, r,
				  "cannot take over what is ordered for session %llu: %s",
				  (unsigned long long)record.origin_session, strerror(-r));
	else
		r = bind_leaf(helper, session, peer, passed->dir, level, reterr);
	if (!r)
		r = guard_manager(helper, request, session, groups, reterr);
	if (!r)
		r = order_manager(helper, session, reterr);
	if (!r)
		r = declare_whole(helper, session, reterr);
	if (r < 0) {
		eg_session_undo(helper, session, peer);
		return r;
	}
	eg_report_start(helper, session, path);
	eg_account_charge(&helper->account, eg_proto_now_ms());
	*ret = session;
	return 0;
}

void eg_session_undo(struct eg_helper *helper, struct eg_session *session,
		     const struct eg_peer *peer)
{
	struct eg_session *manager = eg_manager_find(helper, session->record.uid);

	(void)eg_bpf_label_drop(helper->bpf, peer->pidfd); /* it may not have got one */
	eg_session_drop(helper, session);
	if (manager)
		eg_manager_settle(helper, manager);
}

void eg_session_closed(struct eg_helper *helper, struct eg_session *session)
{
	session->record.closed = 1;
	/* Only people read this flag; a failure changes nothing about the guard. */
	(void)eg_bpf_record_put(helper->bpf, session->number, &session->record, false);
	eg_log(LOG_DEBUG, "CLOSE session=%llu", (unsigned long long)session->number);
}
