// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests to open a session, and how they wait when the profile depends on the user's groups. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "log.h"
#include "server.h"
#include "util.h"

/* A request to open that waits for the user's groups. */
struct eg_wait {
	struct eg_msg_open open;
	int passed; /* owned */
	struct eg_lookup *lookup;
	uint32_t generation; /* of the configuration whose groups are looked up */
};

static void log_refusal(const struct eg_msg_open *request, const struct eg_peer *peer, int error,
			const char *reason)
{
	char user[512];

	eg_log(LOG_ERR, "REFUSED open user=%s pid=%d uid=%u errno=%d reason=\"%s\"",
	       eg_event_escape(request->user, user, sizeof(user)), (int)peer->pid,
	       (unsigned int)peer->uid, -error, reason);
}

/* Answers an open. passed: the leaf's directory, borrowed. */
static int open_session(struct eg_helper *helper, struct eg_client *client,
			const struct eg_msg_open *open, int passed, const struct eg_groups *groups)
{
	struct eg_msg_opened answer = {0};
	char path[EG_CGROUP_PATH_SIZE];
	struct eg_session *session;
	struct eg_err err = {0};
	const char *reason = "";
	int level = 0, r;

	r = eg_peer_prove_leaf(helper, &client->peer, passed, path, sizeof(path), &level, &reason);
	if (r < 0) {
		log_refusal(open, &client->peer, r, reason);
		return eg_server_refuse(client->source.fd, r, "%s", reason);
	}
	r = eg_session_open(helper, open, &client->peer, groups, passed, path, level, &session,
			    &err);
	if (r < 0) {
		log_refusal(open, &client->peer, r, err.text);
		return eg_server_refuse(client->source.fd, r, "%s", err.text);
	}
	if (!session) {
		struct eg_msg none;

		eg_proto_head(&none, EG_MSG_NOT_GUARDED, sizeof(none));
		return eg_server_send(client->source.fd, &none);
	}
	answer.session = session->number;
	(void)snprintf(answer.profile, sizeof(answer.profile), "%s", session->record.profile_name);
	eg_proto_head(&answer, EG_MSG_OPENED, sizeof(answer));
	r = eg_server_send(client->source.fd, &answer);
	if (r < 0) {
		log_refusal(open, &client->peer, r,
			    "the answer could not be sent; the binding is undone");
		eg_session_undo(helper, session, &client->peer);
	}
	return r;
}

/* ---- opens that wait for the user's groups ---- */

static int ask_groups(struct eg_helper *helper, struct eg_client *client);

static void close_if(struct eg_helper *helper, struct eg_client *client, int error)
{
	if (error >= 0)
		return;
	eg_server_log(helper, "closing the connection of pid %d: %s", (int)client->peer.pid,
		      strerror(-error));
	eg_server_drop(helper, client);
}

static void on_groups(struct eg_helper *helper, void *arg, int error,
		      const struct eg_groups *groups)
{
	struct eg_client *client = arg;
	struct eg_wait *wait = client->wait;
	int r = error;

	wait->lookup = NULL;
	if (!r && wait->generation != helper->generation) {
		r = ask_groups(helper, client); /* other groups may count now */
		if (!r)
			return;
	}
	client->wait = NULL;
	if (r < 0) {
		log_refusal(&wait->open, &client->peer, r, "cannot look up the user's groups");
		r = eg_server_refuse(client->source.fd, r, "cannot look up the groups of %s: %s",
				     wait->open.user, strerror(-r));
	} else {
		r = open_session(helper, client, &wait->open, wait->passed, groups);
	}
	eg_close_p(&wait->passed);
	free(wait);
	close_if(helper, client, r);
}

static int ask_groups(struct eg_helper *helper, struct eg_client *client)
{
	struct eg_wait *wait = client->wait;
	size_t n = 0;
	const char **names eg_auto_free = eg_match_groups(helper->config, &n);

	wait->generation = helper->generation;
	return names ? eg_lookup_start(helper, wait->open.user, names, n, on_groups, client,
				       &wait->lookup)
		     : -ENOMEM;
}

/* The request waits, with a descriptor of its own for the leaf. */
static int wait_for_groups(struct eg_helper *helper, struct eg_client *client,
			   const struct eg_msg_open *open, int passed)
{
	int fd = fcntl(passed, F_DUPFD_CLOEXEC, 0), r = fd < 0 ? -errno : 0;

	client->wait = fd < 0 ? NULL : calloc(1, sizeof(*client->wait));
	if (client->wait) {
		*client->wait = (struct eg_wait){.open = *open, .passed = fd};
		r = ask_groups(helper, client);
	} else if (!r) {
		r = -ENOMEM;
	}
	if (!r)
		return 0;
	eg_close_p(&fd);
	free(client->wait);
	client->wait = NULL;
	log_refusal(open, &client->peer, r, "cannot look up the user's groups");
	return eg_server_refuse(client->source.fd, r, "cannot look up the groups of %s: %s",
				open->user, strerror(-r));
}

void eg_opening_end(struct eg_client *client)
{
	struct eg_wait *wait = client->wait;

	if (!wait)
		return;
	client->wait = NULL;
	log_refusal(&wait->open, &client->peer, -ETIMEDOUT,
		    "the user's groups were not known in time: does NSS answer? See getent group");
	eg_lookup_forget(wait->lookup);
	eg_close_p(&wait->passed);
	free(wait);
}

int eg_opening(struct eg_helper *helper, struct eg_client *client, const void *request, int passed)
{
	const struct eg_groups unknown = {0};

	if (passed < 0 || client->wait)
		return -EBADMSG;
	if (eg_session_needs_groups(helper, request))
		return wait_for_groups(helper, client, request, passed);
	return open_session(helper, client, request, passed, &unknown);
}
