// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests to open a session, and how they wait: until it is known what has changed on the host
 * before they came (refresh.h), and, when the profile depends on them, for the user's groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "event.h"
#include "fault.h"
#include "origin.h"
#include "refresh.h"
#include "server.h"
#include "util.h"

/* A request to open that waits, first for the one, then for the other. */
struct eg_wait {
	struct eg_msg_open open;
	struct eg_passed passed; /* owned */
	struct eg_refresh_wait *refresh;
	struct eg_lookup *lookup;
	uint32_t generation; /* of the configuration whose groups are looked up */
	int64_t since_ms;
};

/* Counts it as well. */
static void log_refusal(struct eg_helper *helper, const struct eg_msg_open *request,
			const struct eg_peer *peer, enum eg_metric_refused why, int error,
			const char *reason)
{
	helper->metrics.counters.not_opened[why]++;
	eg_report_refused_open(helper, request->user, peer, error, reason);
}

/* An answer is about to be sent. */
static void answered(struct eg_helper *helper, const struct eg_client *client)
{
	eg_counters_login(&helper->metrics.counters,
			  eg_clock_ns(CLOCK_MONOTONIC) - client->asked_ns);
}

static int refuse(struct eg_helper *helper, const struct eg_client *client,
		  const struct eg_msg_open *open, enum eg_metric_refused why, int error,
		  const char *reason)
{
	log_refusal(helper, open, &client->peer, why, error, reason);
	answered(helper, client);
	return eg_server_refuse(client->source.fd, error, "%s", reason);
}

static int answer_not_guarded(struct eg_helper *helper, const struct eg_client *client)
{
	struct eg_msg none;

	helper->metrics.counters.exempt++;
	answered(helper, client);
	eg_proto_head(&none, EG_MSG_NOT_GUARDED, sizeof(none));
	return eg_server_send(client->source.fd, &none);
}

/* Answers an open. */
static int open_session(struct eg_helper *helper, struct eg_client *client,
			const struct eg_msg_open *open, const struct eg_passed *passed,
			const struct eg_groups *groups)
{
	struct eg_msg_opened answer = {0};
	char path[EG_CGROUP_PATH_SIZE];
	struct eg_session *session;
	struct eg_err err = {0};
	const char *reason = "";
	int level = 0, r;

	r = eg_peer_prove_leaf(helper, &client->peer, passed->dir, path, sizeof(path), &level,
			       &reason);
	if (r < 0)
		return refuse(helper, client, open, EG_METRIC_CALLER, r, reason);
	r = eg_session_open(helper, open, &client->peer, groups, passed, path, level, &session,
			    &err);
	if (r < 0)
		return refuse(helper, client, open, eg_counters_why(r), r,
			      err.text[0] ? err.text : strerror(-r));
	if (!session)
		return answer_not_guarded(helper, client);
	answer.session = session->number;
	(void)snprintf(answer.profile, sizeof(answer.profile), "%s", session->record.profile_name);
	eg_proto_head(&answer, EG_MSG_OPENED, sizeof(answer));
	answered(helper, client);
	r = eg_fault(open_answer) ?: eg_server_send(client->source.fd, &answer);
	(void)eg_fault(open_answered);
	if (r < 0) {
		log_refusal(helper, open, &client->peer, EG_METRIC_HANGUP, r,
			    "the answer could not be sent; the binding is undone");
		eg_report_end(helper, session); /* its start has been written */
		eg_session_undo(helper, session, &client->peer);
		return r;
	}
	eg_counters_of(&helper->metrics.counters, session->record.profile_name)->opened++;
	return 0;
}

/* ---- opens that wait ---- */

static void close_if(struct eg_helper *helper, struct eg_client *client, int error)
{
	if (error >= 0)
		return;
	eg_server_log(helper, "closing the connection of pid %d: %s", (int)client->peer.pid,
		      strerror(-error));
	eg_server_drop(helper, client, error);
}

static void release(struct eg_wait *wait)
{
	eg_passed_done(&wait->passed);
	free(wait);
}

/* What could not be done for it. */
static const char no_refresh[] = "cannot see whether files that rules are about have changed";
static const char no_groups[] = "cannot look up the user's groups";

/* It waits no longer: there is no answer, or it is no. what: one of these. 0 or a negative errno of
 * sending. */
static int give_up(struct eg_helper *helper, struct eg_client *client, int error, const char *what)
{
	struct eg_wait *wait = client->wait;
	int r;

	client->wait = NULL;
	log_refusal(helper, &wait->open, &client->peer,
		    what == no_groups ? EG_METRIC_GROUPS : EG_METRIC_FILES, error, what);
	answered(helper, client);
	r = eg_server_refuse(client->source.fd, error, "%s: %s", what, strerror(-error));
	release(wait);
	return r;
}

static void finish(struct eg_helper *helper, struct eg_client *client,
		   const struct eg_groups *groups)
{
	struct eg_wait *wait = client->wait;
	int r;

	client->wait = NULL;
	r = open_session(helper, client, &wait->open, &wait->passed, groups);
	release(wait);
	close_if(helper, client, r);
}

static int ask_refresh(struct eg_helper *helper, struct eg_client *client);

static void on_groups(struct eg_helper *helper, void *arg, int error,
		      const struct eg_groups *groups)
{
	struct eg_client *client = arg;
	struct eg_wait *wait = client->wait;
	const char *what = no_groups;
	int r = error;

	wait->lookup = NULL;
	if (!r && wait->generation != helper->generation) {
		/* Other groups may count now, and other files. */
		what = no_refresh;
		r = ask_refresh(helper, client);
	} else if (!r) {
		finish(helper, client, groups);
	}
	if (r < 0)
		close_if(helper, client, give_up(helper, client, r, what));
}

static int ask_groups(struct eg_helper *helper, struct eg_client *client)
{
	struct eg_wait *wait = client->wait;
	size_t n = 0;
	const char **names eg_auto_free = eg_match_groups(helper->config, &n);

	wait->generation = helper->generation;
	return names ? eg_fault(open_groups)
			       ?: eg_lookup_start(helper, wait->open.user, names, n, on_groups,
						  client, &wait->lookup)
		     : -ENOMEM;
}

static void on_refreshed(struct eg_helper *helper, void *arg, int error)
{
	const struct eg_groups unknown = {0};
	struct eg_client *client = arg;
	struct eg_wait *wait = client->wait;
	const char *what = no_refresh;
	int r = error;

	wait->refresh = NULL;
	if (!r && !eg_session_needs_groups(helper, &wait->open)) {
		finish(helper, client, &unknown);
		return;
	}
	if (!r) {
		what = no_groups;
		r = ask_groups(helper, client);
	}
	if (r < 0)
		close_if(helper, client, give_up(helper, client, r, what));
}

static int ask_refresh(struct eg_helper *helper, struct eg_client *client)
{
	return eg_refresh_ask(helper, on_refreshed, client, &client->wait->refresh);
}

/* The request waits, and takes what came with it. */
static int wait_for_all(struct eg_helper *helper, struct eg_client *client,
			const struct eg_msg_open *open, struct eg_passed *passed)
{
	int r = eg_fault(open_wait) < 0 ? -errno : 0;

	client->wait = r < 0 ? NULL : calloc(1, sizeof(*client->wait));
	if (!client->wait) {
		r = r < 0 ? r : -ENOMEM;
		log_refusal(helper, open, &client->peer, EG_METRIC_LIMIT, r,
			    "the request cannot wait");
		answered(helper, client);
		return eg_server_refuse(client->source.fd, r, "the request cannot wait: %s",
					strerror(-r));
	}
	*client->wait =
		(struct eg_wait){.open = *open, .passed = *passed, .since_ms = eg_proto_now_ms()};
	*passed = EG_PASSED_NONE;
	client->deadline_ms = client->wait->since_ms + EG_WAIT_MS;
	r = ask_refresh(helper, client);
	return r < 0 ? give_up(helper, client, r, no_refresh) : 0;
}

enum { SLOW_MS = 1000 }; /* who hangs up before need not have waited for anybody */

/* Why there was no answer, and, when somebody is late, who. */
static void tell_end(const struct eg_wait *wait, int why, char *buf, size_t size)
{
	static const char groups[] = "the user's groups were not known yet: does NSS answer? See "
				     "getent group";
	static const char files[] = "the files that rules are about were not looked up yet: do "
				    "their file systems answer?";
	long long ms = eg_proto_now_ms() - wait->since_ms;
	const char *late = wait->lookup ? groups : files;

	if ((why == -ENOTCONN || why == -ECONNRESET) && ms < SLOW_MS)
		(void)snprintf(buf, size, "the caller hung up after %lld ms", ms);
	else if (why == -ENOTCONN || why == -ECONNRESET)
		(void)snprintf(buf, size, "the caller hung up after %lld ms, when %s", ms, late);
	else if (why == -ETIMEDOUT)
		(void)snprintf(buf, size, "time is over: after %lld ms %s", ms, late);
	else if (why == -EUSERS)
		(void)snprintf(
			buf, size,
			"too many connections: the oldest is dropped, this one, which waited "
			"for %lld ms",
			ms);
	else if (why == -ESHUTDOWN)
		(void)snprintf(buf, size, "the helper ends, and the login was still being opened");
	else
		(void)snprintf(buf, size, "the connection is closed: %s", strerror(-why));
}

/* The class of that. */
static enum eg_metric_refused class_of(const struct eg_wait *wait, int why)
{
	if (why == -ETIMEDOUT)
		return wait->lookup ? EG_METRIC_GROUPS : EG_METRIC_FILES;
	if (why == -EUSERS)
		return EG_METRIC_LIMIT;
	return why == -ESHUTDOWN ? EG_METRIC_SHUTDOWN : EG_METRIC_HANGUP;
}

void eg_opening_end(struct eg_helper *helper, struct eg_client *client, int why)
{
	struct eg_wait *wait = client->wait;
	char reason[256];

	if (!wait)
		return;
	client->wait = NULL;
	tell_end(wait, why, reason, sizeof(reason));
	log_refusal(helper, &wait->open, &client->peer, class_of(wait, why), why, reason);
	eg_lookup_forget(wait->lookup);
	eg_refresh_forget(helper, wait->refresh);
	release(wait);
}

/*
 * Who is exempt needs no rules, and no other look at where he comes from, unless that is a guarded
 * session: which rules apply there is looked at when he need not wait any more. 0 or a negative
 * errno, the answer is sent; 1: he is like others.
 */
static int open_exempt(struct eg_helper *helper, struct eg_client *client,
		       const struct eg_msg_open *open, const struct eg_passed *passed)
{
	char path[EG_CGROUP_PATH_SIZE];
	struct eg_origin origin;
	struct eg_err err = {0};
	const char *reason = "";
	int level = 0, r;

	r = eg_peer_prove_leaf(helper, &client->peer, passed->dir, path, sizeof(path), &level,
			       &reason);
	if (r < 0)
		return refuse(helper, client, open, EG_METRIC_CALLER, r, reason);
	r = eg_origin_find(helper, &client->peer, open, passed->socket, &origin, &err);
	if (r < 0)
		return refuse(helper, client, open, EG_METRIC_SETUP, r, err.text);
	return r ? 1 : answer_not_guarded(helper, client);
}

int eg_opening(struct eg_helper *helper, struct eg_client *client, const void *request,
	       struct eg_passed *passed)
{
	const struct eg_msg_open *open = request;
	int r = 1;

	if (passed->dir < 0 || client->wait)
		return -EBADMSG;
	client->asked_ns = eg_clock_ns(CLOCK_MONOTONIC);
	if (open->flags & EG_OPEN_EXEMPT)
		r = open_exempt(helper, client, open, passed);
	return r == 1 ? wait_for_all(helper, client, open, passed) : r;
}
