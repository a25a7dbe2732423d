// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What ebpfguardctl asks of the running helper. */
#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "action.h"
#include "hooks.h"
#include "inforce.h"
#include "util.h"
#include "versions.h"

enum { ANSWER_MS = 1000 }; /* a list of sessions may fill the socket: the reader has that long */

static void sum(const struct eg_totals *totals, uint64_t *refused, uint64_t *audited)
{
	*refused = 0;
	*audited = 0;
	for (size_t op = 0; op < EG_OP_MAX; op++) {
		*refused += totals->refused[op];
		*audited += totals->audited[op];
	}
}

static uint64_t all_lost(struct eg_helper *helper)
{
	struct eg_totals totals;
	uint64_t number = 0, lost = 0;

	while (eg_bpf_record_next(helper->bpf, &number) == 0)
		if (eg_bpf_totals_get(helper->bpf, number, &totals) == 0)
			lost += totals.lost;
	return lost;
}

static uint32_t count_unfiltered(const struct eg_helper *helper)
{
	uint32_t n = 0;

	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (const struct eg_session *s = helper->buckets[i]; s; s = s->next)
			n += s->unfiltered;
	return n;
}

/* Names, separated by blanks; what does not fit is left out whole. */
static void list_missing(const struct eg_helper *helper, char *buf, size_t size)
{
	size_t n, used = 0;
	const struct eg_hook *const *missing = eg_bpf_missing(helper->bpf, &n);

	buf[0] = '\0';
	for (size_t i = 0; i < n && used + strlen(missing[i]->name) + 2 < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? " " : "",
					 missing[i]->name);
}

/* For which restrictions of the default profile this action is in force. */
static uint32_t actions(const struct eg_helper *helper, enum eg_action action)
{
	return helper->config ? eg_action_mask(&helper->config->profiles[0], action) : 0;
}

int eg_control_status(struct eg_helper *helper, int fd)
{
	const struct eg_in_force *first = eg_in_force_find(helper, "default");
	struct eg_msg_is_status msg = {
		.abi = EG_ABI_VERSION,
		.enforcing = helper->enforcing,
		.audit = actions(helper, EG_ACTION_AUDIT),
		.kill = actions(helper, EG_ACTION_KILL),
		.generation = helper->config ? helper->generation : 0,
		.started_s = (uint64_t)helper->started_s,
		.loaded_s = (uint64_t)helper->loaded_s,
		.sessions = (uint32_t)helper->n_sessions,
		.managers = (uint32_t)helper->n_managers,
		.prefixes4 = first ? first->prefixes4 : 0,
		.prefixes6 = first ? first->prefixes6 : 0,
		.unfiltered = count_unfiltered(helper),
		.lost = all_lost(helper),
		.product = EG_VERSION,
	};
	struct utsname uts;

	if (uname(&uts) == 0)
		(void)snprintf(msg.kernel, sizeof(msg.kernel), "%.63s", uts.release);
	eg_versions_status(helper, &msg);
	list_missing(helper, msg.hooks_missing, sizeof(msg.hooks_missing));
	(void)snprintf(msg.last_error, sizeof(msg.last_error), "%s", helper->last_error);
	(void)snprintf(msg.gaps, sizeof(msg.gaps), "%s", helper->gaps.text);
	eg_proto_head(&msg, EG_MSG_IS_STATUS, sizeof(msg));
	return eg_proto_send(fd, &msg, NULL, eg_proto_now_ms() + ANSWER_MS);
}

static void describe(struct eg_helper *helper, const struct eg_session *session,
		     struct eg_msg_session *ret)
{
	const struct eg_record *rec = &session->record;
	struct eg_totals totals = {0};

	*ret = (struct eg_msg_session){
		.session = session->number,
		.cgroup = rec->cgroup,
		.started_s = rec->started_s,
		.uid = rec->uid,
		.leader = rec->leader,
		.flags = rec->flags,
		.closed = rec->closed,
	};
	/* zeroes stand when it just ended */
	(void)eg_bpf_totals_get(helper->bpf, session->number, &totals);
	sum(&totals, &ret->refused, &ret->audited);
	(void)snprintf(ret->user, sizeof(ret->user), "%s", rec->user);
	(void)snprintf(ret->service, sizeof(ret->service), "%s", rec->service);
	(void)snprintf(ret->rhost, sizeof(ret->rhost), "%s", rec->rhost);
	(void)snprintf(ret->profile, sizeof(ret->profile), "%s", rec->profile_name);
	(void)snprintf(ret->key, sizeof(ret->key), "%s", rec->key);
	eg_proto_head(ret, EG_MSG_SESSION, sizeof(*ret));
}

int eg_control_sessions(struct eg_helper *helper, int fd)
{
	int64_t deadline = eg_proto_now_ms() + ANSWER_MS;
	struct eg_msg ok;

	for (size_t i = 0; i < EG_BUCKETS; i++) {
		for (const struct eg_session *s = helper->buckets[i]; s; s = s->next) {
			struct eg_msg_session msg;
			int r;

			describe(helper, s, &msg);
			r = eg_proto_send(fd, &msg, NULL, deadline);
			if (r < 0)
				return r;
		}
	}
	eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
	return eg_proto_send(fd, &ok, NULL, deadline);
}
