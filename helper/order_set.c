// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whom an order is for, see order.h, and what the log says of it. */
#include "order.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"

/* ---- whom it is for ---- */

bool eg_order_set_has(const struct eg_order_set *set, const struct eg_session *session)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->list[i] == session)
			return true;
	return false;
}

static void add(struct eg_order_set *set, struct eg_session *session)
{
	if (session && !eg_order_set_has(set, session))
		set->list[set->n++] = session;
}

static void add_opened_from(struct eg_helper *helper, uint64_t number, struct eg_order_set *set)
{
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			if (s->record.origin_session == number)
				add(set, s);
}

/* But for the first, which may be one: somebody has named it. */
static void put_managers_last(struct eg_order_set *set)
{
	size_t n = set->n ? 1 : 0;

	for (size_t i = n; i < set->n; i++) {
		struct eg_session *session = set->list[i];

		if (session->record.flags & EG_GUARD_MANAGER)
			continue;
		set->list[i] = set->list[n];
		set->list[n++] = session;
	}
	set->n_sessions = n;
}

int eg_order_collect(struct eg_helper *helper, uint64_t number, bool managers,
		     struct eg_order_set *ret)
{
	ret->list =
		calloc(helper->n_sessions + helper->n_managers + 1, sizeof(struct eg_session *));
	if (!ret->list)
		return -ENOMEM;
	add(ret, eg_session_find(helper, number));
	add_opened_from(helper, number, ret); /* it may have ended, and those go on */
	for (size_t i = 0; i < ret->n; i++) {
		if (managers)
			add(ret, eg_manager_find(helper, ret->list[i]->record.uid));
		add_opened_from(helper, ret->list[i]->number, ret);
	}
	put_managers_last(ret);
	return 0;
}

void eg_order_set_remove(struct eg_order_set *set, const struct eg_order_set *other)
{
	size_t n = 0, n_sessions = set->n_sessions;

	for (size_t i = 0; i < set->n; i++) {
		if (!eg_order_set_has(other, set->list[i]))
			set->list[n++] = set->list[i];
		else if (i < n_sessions)
			set->n_sessions--;
	}
	set->n = n;
}

void eg_order_set_done(struct eg_order_set *set)
{
	free(set->list);
	*set = (struct eg_order_set){0};
}

/* ---- the log ---- */

void eg_order_report(const char *word, const struct eg_order_job *job,
		     const struct eg_order_set *set, const char *before)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct eg_session *session = set->list[i];
		struct eg_fields fields;

		eg_fields_begin(&fields, word, NULL);
		eg_fields_add_number(&fields, "session", session->number);
		eg_fields_add_word(&fields, "user", session->record.user);
		eg_fields_add_number(&fields, "uid", session->record.uid);
		eg_fields_add_word(&fields, "profile", session->record.profile_name);
		eg_fields_add_number(&fields, "order", job->answer.session);
		eg_fields_add_number(&fields, "by_uid", job->by.uid);
		if (job->by.loginuid == (uint32_t)-1)
			eg_fields_add_none(&fields, "by_loginuid");
		else
			eg_fields_add_number(&fields, "by_loginuid", job->by.loginuid);
		eg_fields_add_number(&fields, "by_pid", (uint64_t)job->by.pid);
		if (!i && before)
			eg_fields_add_word(&fields, "before", before);
		if (!i && job->what == EG_DO_KILL)
			eg_fields_add_number(&fields, "processes", job->answer.processes);
		(void)eg_report_put(job->helper, LOG_NOTICE, &fields);
	}
}
