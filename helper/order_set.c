// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whom an order is for, see order.h, and what the log says of it. */
#include "order.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"

/* ---- whom it is for ---- */

bool eg_order_is_within(struct eg_helper *helper, const struct eg_session *session, uint64_t number)
{
	/* As deep as there are sessions, should records name one another in a ring. */
	for (size_t i = helper->n_sessions + helper->n_managers; session && i; i--) {
		/* It may have ended, and those opened from within it go on. */
		if (session->number == number || session->record.origin_session == number)
			return true;
		session = eg_session_find(helper, session->record.origin_session);
	}
	return false;
}

bool eg_order_set_has(const struct eg_order_set *set, const struct eg_session *session)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->list[i] == session)
			return true;
	return false;
}

int eg_order_collect(struct eg_helper *helper, uint64_t number, bool managers,
		     struct eg_order_set *ret)
{
	ret->list =
		calloc(helper->n_sessions + helper->n_managers + 1, sizeof(struct eg_session *));
	if (!ret->list)
		return -ENOMEM;
	if (eg_session_find(helper, number))
		ret->list[ret->n++] = eg_session_find(helper, number);
	for (size_t i = 0; i < EG_BUCKETS; i++)
		for (struct eg_session *s = helper->buckets[i]; s; s = s->next)
			if (s->number != number && eg_order_is_within(helper, s, number))
				ret->list[ret->n++] = s;
	ret->n_sessions = ret->n;
	for (size_t i = 0; managers && i < ret->n_sessions; i++) {
		struct eg_session *manager = eg_manager_find(helper, ret->list[i]->record.uid);

		if (manager && !eg_order_set_has(ret, manager))
			ret->list[ret->n++] = manager;
	}
	return 0;
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
		eg_report_put(job->helper, LOG_NOTICE, &fields);
	}
}
