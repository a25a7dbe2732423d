// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl's questions to the running helper, with their answers taken in; and reload. */
#include "ctl_remote.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "ctl_ask.h"
#include "ctl_json.h"
#include "util.h"

enum {
	RELOAD_S = 120, /* a million rules take seconds, on a slow machine many */
	/* more than there can be: not our helper */
	FEEDS_MAX = 1 << 16,
	PROCESSES_MAX = 1 << 22,
};

/* Makes room for n more elements of a list. items: address of the list's pointer. */
static int make_room(void *items, size_t used, size_t n, size_t *room, size_t size, size_t max)
{
	size_t wanted = *room ? *room : 64;
	void *list, *bigger;

	if (used + n > max)
		return -EPROTO;
	if (used + n <= *room)
		return 0;
	while (wanted < used + n)
		wanted *= 2;
	memcpy(&list, items, sizeof(list));
	bigger = realloc(list, wanted * size);
	if (!bigger)
		return -ENOMEM;
	memcpy(items, &bigger, sizeof(bigger));
	*room = wanted;
	return 0;
}

/* ---- lists ---- */

/* Takes in a list of answers of one type, whatever is in it so far is the caller's. Returns 0, or a
 * negative errno after saying why. */
static int collect(const struct eg_ctl_line *line, enum eg_msg_type type, void *list,
		   int (*append)(void *list, const union eg_ctl_answer *answer))
{
	union eg_ctl_answer answer;
	int r = 0;

	while (!r) {
		r = eg_ctl_hear(line, type, EG_MSG_OK, &answer);
		if (r < 0)
			return r;
		if (answer.head.type == EG_MSG_OK)
			return 0;
		r = append(list, &answer);
	}
	warnx("cannot take in the list: %s", strerror(-r));
	return r;
}

static int append_session(void *to, const union eg_ctl_answer *answer)
{
	struct eg_ctl_sessions *list = to;
	int r = make_room(&list->items, list->n, 1, &list->room, sizeof(*list->items),
			  EG_SESSIONS_MAX);

	if (!r)
		list->items[list->n++] = answer->session;
	return r;
}

static int compare_sessions(const void *va, const void *vb)
{
	const struct eg_msg_session *a = va, *b = vb;

	return (a->session > b->session) - (a->session < b->session);
}

const struct eg_msg_session *eg_ctl_sessions_find(const struct eg_ctl_sessions *sessions,
						  uint64_t number)
{
	const struct eg_msg_session key = {.session = number};

	return sessions->n
		       ? bsearch(&key, sessions->items, sessions->n, sizeof(key), compare_sessions)
		       : NULL;
}

bool eg_ctl_session_number(const char *text, uint64_t *ret)
{
	char clean[EG_CTL_SAFE_SIZE], *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && *ret)
		return true;
	warnx("%s: not the number of a session; see: ebpfguardctl sessions",
	      eg_ctl_safe(text, clean, sizeof(clean)));
	return false;
}

/* The whole list first, the table after: a slow terminal must not hold the helper up. */
int eg_ctl_sessions_ask(const struct eg_ctl_options *options, struct eg_ctl_sessions *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	int r = eg_ctl_ask_type(options, EG_MSG_SESSIONS, EG_CTL_ANSWER_S, &line);

	if (r < 0)
		return r;
	r = collect(&line, EG_MSG_SESSION, ret, append_session);
	if (!r && ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_sessions);
	return r;
}

void eg_ctl_sessions_done(struct eg_ctl_sessions *sessions)
{
	free(sessions->items);
	*sessions = (struct eg_ctl_sessions){0};
}

static int append_feed(void *to, const union eg_ctl_answer *answer)
{
	struct eg_ctl_feed_list *list = to;
	int r = make_room(&list->items, list->n, 1, &list->room, sizeof(*list->items), FEEDS_MAX);

	if (!r)
		list->items[list->n++] = answer->feed;
	return r;
}

int eg_ctl_feeds_ask(const struct eg_ctl_options *options, struct eg_ctl_feed_list *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	int r = eg_ctl_ask_type(options, EG_MSG_FEEDS, EG_CTL_ANSWER_S, &line);

	return r < 0 ? r : collect(&line, EG_MSG_FEED, ret, append_feed);
}

void eg_ctl_feed_list_done(struct eg_ctl_feed_list *list)
{
	free(list->items);
	*list = (struct eg_ctl_feed_list){0};
}

static int append_processes(void *to, const union eg_ctl_answer *answer)
{
	const struct eg_msg_process *msg = &answer->process;
	struct eg_ctl_processes *list = to;
	int r;

	if (msg->n > EG_PROCESSES_MAX)
		return -EPROTO;
	r = make_room(&list->items, list->n, msg->n, &list->room, sizeof(*list->items),
		      PROCESSES_MAX);
	for (uint32_t i = 0; i < msg->n && !r; i++)
		list->items[list->n++] = msg->list[i];
	return r;
}

static int compare_processes(const void *va, const void *vb)
{
	const struct eg_process *a = va, *b = vb;

	if (a->session != b->session)
		return a->session < b->session ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

int eg_ctl_processes_ask(const struct eg_ctl_options *options, uint64_t session,
			 struct eg_ctl_processes *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	struct eg_msg_about request = {.session = session};
	int r;

	eg_proto_head(&request, EG_MSG_PROCESSES, sizeof(request));
	r = eg_ctl_ask(options, &request, EG_CTL_ANSWER_S, &line);
	if (!r)
		r = collect(&line, EG_MSG_PROCESS, ret, append_processes);
	if (!r && ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_processes);
	return r;
}

void eg_ctl_processes_done(struct eg_ctl_processes *list)
{
	free(list->items);
	*list = (struct eg_ctl_processes){0};
}

static int compare_session_of(const void *key, const void *item)
{
	const uint64_t *session = key;
	const struct eg_process *process = item;

	return (*session > process->session) - (*session < process->session);
}

size_t eg_ctl_processes_of(const struct eg_ctl_processes *list, uint64_t session)
{
	const struct eg_process *found = list->n ? bsearch(&session, list->items, list->n,
							   sizeof(*list->items), compare_session_of)
						 : NULL;
	const struct eg_process *first = found, *behind = found;

	/* Any of them: the others stand beside it. */
	while (first && first > list->items && first[-1].session == session)
		first--;
	while (behind && behind < list->items + list->n && behind->session == session)
		behind++;
	return (size_t)(behind - first);
}

const struct eg_process *eg_ctl_processes_find(const struct eg_ctl_processes *list, uint32_t pid)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].pid == pid)
			return &list->items[i];
	return NULL;
}

/* ---- single answers ---- */

int eg_ctl_status_ask(const struct eg_ctl_options *options, struct eg_msg_is_status *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	union eg_ctl_answer answer;
	int r = eg_ctl_ask_type(options, EG_MSG_STATUS, EG_CTL_ANSWER_S, &line);

	if (!r)
		r = eg_ctl_hear(&line, EG_MSG_IS_STATUS, 0, &answer);
	if (!r)
		*ret = answer.status;
	return r;
}

int eg_ctl_details_ask(const struct eg_ctl_options *options, uint64_t session,
		       struct eg_msg_is_details *ret)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	struct eg_msg_about request = {.session = session};
	union eg_ctl_answer answer;
	int r;

	eg_proto_head(&request, EG_MSG_DETAILS, sizeof(request));
	r = eg_ctl_ask(options, &request, EG_CTL_ANSWER_S, &line);
	if (!r)
		r = eg_ctl_hear(&line, EG_MSG_IS_DETAILS, 0, &answer);
	if (!r)
		*ret = answer.details;
	return r;
}

/* ---- reload ---- */

int eg_ctl_reload(const struct eg_ctl_options *options, char **args)
{
	struct eg_ctl_line line eg_ctl_auto_line = {.fd = -1};
	union eg_ctl_answer answer;
	struct json_object *json;

	(void)args;
	if (eg_ctl_ask_type(options, EG_MSG_RELOAD, RELOAD_S, &line) < 0 ||
	    eg_ctl_hear(&line, EG_MSG_OK, 0, &answer) < 0)
		return EG_CTL_FINDING;
	if (options->json) {
		json = eg_ctl_json_object();
		eg_ctl_json_add_bool(json, "reloaded", true);
		eg_ctl_json_print(json);
	} else {
		(void)puts("reloaded");
	}
	return EG_CTL_FINE;
}
