// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl sessions: who is guarded. */
#include "ctl_sessions.h"

#include <stdio.h>

#include "abi.h"
#include "ctl_text.h"
#include "event.h"
#include "util.h"

enum { WORD_SIZE = 4 * EG_USER_SIZE };

const char *eg_ctl_session_state(const struct eg_msg_session *session)
{
	if (session->flags & EG_GUARD_MANAGER)
		return "manager";
	return session->closed ? "closed" : "open";
}

struct json_object *eg_ctl_session_json(const struct eg_msg_session *s, size_t n_processes)
{
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_number(json, "session", s->session);
	eg_ctl_json_add_text(json, "user", s->user);
	eg_ctl_json_add_number(json, "uid", s->uid);
	eg_ctl_json_add_text(json, "profile", s->profile);
	eg_ctl_json_add_text(json, "rhost", s->rhost);
	eg_ctl_json_add_text(json, "service", s->service);
	eg_ctl_json_add_text(json, "key", s->key);
	eg_ctl_json_add_time(json, "start", s->started_s);
	eg_ctl_json_add_text(json, "state", eg_ctl_session_state(s));
	eg_ctl_json_add_number(json, "refused", s->refused);
	eg_ctl_json_add_number(json, "audited", s->audited);
	eg_ctl_json_add_number(json, "processes", n_processes);
	if (s->leader)
		eg_ctl_json_add_number(json, "leader", s->leader);
	eg_ctl_json_add_number(json, "cgroup", s->cgroup);
	return json;
}

/* ---- the list ---- */

static void add_word(struct eg_ctl_row *row, size_t column, const char *text)
{
	char word[WORD_SIZE];

	eg_ctl_cell(row, column, "%s", eg_event_escape(text, word, sizeof(word)));
}

static void add_row(struct eg_ctl_table *table, const struct eg_msg_session *s, size_t n_processes)
{
	struct eg_ctl_row *row = eg_ctl_table_row(table);
	char since[EG_CTL_TIME_SIZE];

	row->color = s->refused ? EG_CTL_BAD : EG_CTL_PLAIN;
	eg_ctl_cell(row, 0, "%llu", (unsigned long long)s->session);
	add_word(row, 1, s->user);
	eg_ctl_cell(row, 2, "%u", s->uid);
	add_word(row, 3, s->rhost);
	add_word(row, 4, s->service);
	add_word(row, 5, s->profile);
	eg_ctl_cell(row, 6, "%s", eg_ctl_local_time(s->started_s, since, sizeof(since)));
	eg_ctl_cell(row, 7, "%llu", (unsigned long long)s->refused);
	eg_ctl_cell(row, 8, "%llu", (unsigned long long)s->audited);
	eg_ctl_cell(row, 9, "%zu", n_processes);
	eg_ctl_cell(row, 10, "%s", eg_ctl_session_state(s));
	add_word(row, 11, s->key);
}

static void print_sessions(const struct eg_ctl_sessions *list,
			   const struct eg_ctl_processes *processes)
{
	static const char *const names[] = {"SESSION", "USER",	  "UID",   "FROM",
					    "SERVICE", "PROFILE", "SINCE", "REFUSED",
					    "AUDITED", "PROCS",	  "STATE", "KEY"};
	struct eg_ctl_table table eg_ctl_auto_table = {.columns = EG_ARRAY_SIZE(names)};
	struct eg_ctl_row *header = eg_ctl_table_row(&table);

	header->color = EG_CTL_BOLD;
	for (size_t i = 0; i < EG_ARRAY_SIZE(names); i++)
		eg_ctl_cell(header, i, "%s", names[i]);
	for (size_t i = 0; i < list->n; i++)
		add_row(&table, &list->items[i],
			eg_ctl_processes_of(processes, list->items[i].session));
	eg_ctl_table_print(&table, "");
}

static void json_sessions(const struct eg_ctl_sessions *list,
			  const struct eg_ctl_processes *processes)
{
	struct json_object *json = eg_ctl_json_object(), *array = eg_ctl_json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct eg_msg_session *session = &list->items[i];
		size_t n = eg_ctl_processes_of(processes, session->session);

		eg_ctl_json_append(array, eg_ctl_session_json(session, n));
	}
	eg_ctl_json_add(json, "sessions", array);
	eg_ctl_json_print(json);
}

int eg_ctl_sessions(const struct eg_ctl_options *options, char **args)
{
	struct eg_ctl_sessions list eg_ctl_auto_sessions = {0};
	struct eg_ctl_processes processes eg_ctl_auto_processes = {0};

	(void)args;
	if (eg_ctl_sessions_ask(options, &list) < 0 ||
	    (list.n && eg_ctl_processes_ask(options, 0, &processes) < 0))
		return EG_CTL_FINDING;
	if (options->json)
		json_sessions(&list, &processes);
	else
		print_sessions(&list, &processes);
	return EG_CTL_FINE;
}
