// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Evidence from lines of AUDIT: what was done, how often, by whom. Bounded, however long a log. */
#include "learn.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "util.h"

/* ---- sets of names */

/* raw: NULL = not known, which is "-". */
static int set_add(struct eg_learn_set *set, const char *raw)
{
	char word[EG_LINE_PATH_SIZE];

	if (!raw)
		raw = "";
	eg_event_escape(raw, word, sizeof(word));
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(word, set->words[i]) == 0)
			return 0;
	if (set->n == EG_LEARN_SET_MAX) {
		set->more = true;
		return 0;
	}
	set->words[set->n] = strdup(word);
	return set->words[set->n] ? (set->n++, 0) : -ENOMEM;
}

static void set_done(struct eg_learn_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->words[i]);
}

/* ---- items */

static void item_free(struct eg_learn_item *item)
{
	set_done(&item->how);
	set_done(&item->users);
	set_done(&item->programs);
	set_done(&item->sessions);
	free(item->text);
	free(item->where);
	free(item);
}

/* Whether something may just be put into its list is a part of what it is: constants compare by
 * their address. */
static int compare_items(const void *va, const void *vb)
{
	const struct eg_learn_item *a = va, *b = vb;
	int order = (a->list > b->list) - (a->list < b->list);

	if (order == 0)
		order = (a->why_not > b->why_not) - (a->why_not < b->why_not);
	return order ? order : strcmp(a->text, b->text);
}

static int add_item(struct eg_learn *learn, const struct eg_learn_proposal *proposal,
		    struct eg_learn_item **ret)
{
	struct eg_learn_item *item = calloc(1, sizeof(*item));
	char feed[EG_LINE_PATH_SIZE];

	if (!learn->items)
		learn->items = calloc(EG_LEARN_ITEMS_MAX, sizeof(struct eg_learn_item *));
	if (!item || !learn->items) {
		free(item);
		return -ENOMEM;
	}
	item->list = proposal->list;
	item->why_not = proposal->why_not;
	item->text = strdup(proposal->text);
	if (proposal->feed &&
	    asprintf(&item->where, "%s:%" PRIu64,
		     eg_event_escape(proposal->feed, feed, sizeof(feed)), proposal->line) < 0)
		item->where = NULL; /* said without */
	if (!item->text || !tsearch(item, &learn->tree, compare_items)) {
		item_free(item);
		return -ENOMEM;
	}
	learn->items[learn->n_items++] = item;
	*ret = item;
	return 0;
}

/* The item of the proposal; NULL in *ret when there is room for no other. */
static int find_item(struct eg_learn *learn, struct eg_learn_proposal *proposal,
		     struct eg_learn_item **ret)
{
	const struct eg_learn_item key = {
		.list = proposal->list, .why_not = proposal->why_not, .text = proposal->text};
	struct eg_learn_item **found = tfind(&key, &learn->tree, compare_items);

	*ret = found ? *found : NULL;
	if (found || learn->n_items == EG_LEARN_ITEMS_MAX)
		return 0;
	return add_item(learn, proposal, ret);
}

/* What somebody should know of a line besides what was done. */
static int add_evidence(struct eg_learn_item *item, const struct eg_record_line *line,
			int64_t time_s)
{
	const char *access = eg_record_get(line, "access"), *exe = eg_record_get(line, "exe");

	if (!item->count || time_s < item->first_s)
		item->first_s = time_s;
	if (!item->count || time_s > item->last_s)
		item->last_s = time_s;
	item->count += eg_record_count(line);
	/* A packet has no program any more. */
	if (set_add(&item->how, access ? access : line->op) < 0 ||
	    set_add(&item->users, eg_record_get(line, "user")) < 0 ||
	    set_add(&item->programs, exe ? exe : eg_record_get(line, "comm")) < 0 ||
	    set_add(&item->sessions, eg_record_get(line, "session")) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- whose lines */

/* Another profile than the first that was found: a list for both would open for each what only the
 * other did. */
static int note_other(struct eg_learn *learn, const char *profile)
{
	for (size_t i = 0; i < learn->n_others; i++)
		if (strcmp(profile, learn->others[i]) == 0)
			return 0;
	if (learn->n_others == EG_LEARN_PROFILES_MAX)
		return 0;
	learn->others[learn->n_others] = strdup(profile);
	if (!learn->others[learn->n_others])
		return -ENOMEM;
	learn->n_others++;
	return 0;
}

/* Is it the one that is learnt about? 1, 0 or -ENOMEM. */
static int is_profile(struct eg_learn *learn, const char *profile)
{
	if (learn->profile && strcmp(profile, learn->profile) != 0)
		return note_other(learn, profile) < 0 ? -ENOMEM : 0;
	if (!learn->found_profile[0])
		(void)strcpy(learn->found_profile, profile); /* its size was looked at */
	if (strcmp(profile, learn->found_profile) == 0)
		return 1;
	return note_other(learn, profile) < 0 ? -ENOMEM : 0;
}

/* ---- lines */

static int take_audit(struct eg_learn *learn, const struct eg_record_line *line)
{
	char profile[EG_LINE_WORD_SIZE];
	const char *raw = eg_record_get(line, "profile");
	struct eg_learn_proposal proposal;
	struct eg_learn_item *item = NULL;
	int64_t time_s = line->time_ms / 1000;
	int r;

	eg_event_escape(raw ? raw : "", profile, sizeof(profile));
	if (strlen(profile) >= sizeof(learn->found_profile) ||
	    eg_learn_propose(line, &proposal) < 0) {
		learn->broken++;
		return 0;
	}
	r = is_profile(learn, profile);
	if (r <= 0)
		return r;
	r = find_item(learn, &proposal, &item);
	if (r < 0)
		return r;
	if (!item) {
		learn->dropped++;
		return 0;
	}
	if (!learn->lines || time_s < learn->first_s)
		learn->first_s = time_s;
	if (!learn->lines || time_s > learn->last_s)
		learn->last_s = time_s;
	learn->lines++;
	return add_evidence(item, line, time_s);
}

/* Does a line of this kind say that something is missing? */
static bool is_gap(enum eg_record_kind kind)
{
	return kind == EG_RECORD_SUPPRESSED || kind == EG_RECORD_LOST ||
	       kind == EG_RECORD_UNRECORDED || kind == EG_RECORD_END;
}

/* Does it count for what is asked for, as far as it tells? */
static bool is_asked_for(const struct eg_learn *learn, const struct eg_record_line *line, int err)
{
	const char *user = eg_record_get(line, "user");

	if (err < 0 && err != -EBADMSG)
		return false;
	/* Of kinds without lines of AUDIT what was cut makes no difference. */
	if (!is_gap(line->kind) && (line->kind != EG_RECORD_START || err) &&
	    line->kind != EG_RECORD_KINDS &&
	    (line->kind != EG_RECORD_REFUSAL || strcmp(line->verdict, "audit") != 0))
		return false;
	if (learn->since_s && (line->time_ms || err == 0) && line->time_ms / 1000 < learn->since_s)
		return false;
	return !learn->user || !user || strcmp(user, learn->user) == 0;
}

int eg_learn_take(struct eg_learn *learn, const struct eg_record_line *line, int err)
{
	const char *profile;

	if (!is_asked_for(learn, line, err))
		return 0;
	if (err == -EBADMSG) {
		learn->broken++;
		return 0;
	}
	if (line->kind == EG_RECORD_REFUSAL)
		return take_audit(learn, line);
	if (line->kind == EG_RECORD_SUPPRESSED) {
		learn->suppressed += eg_record_count(line);
		return 0;
	}
	profile = eg_record_get(line, "profile");
	return eg_learn_gaps_take(&learn->gaps, line,
				  learn->profile && line->kind == EG_RECORD_END &&
					  (!profile || strcmp(profile, learn->profile) != 0));
}

static void keep(void *node)
{
	(void)node; /* learn->items owns them */
}

void eg_learn_done(struct eg_learn *learn)
{
	tdestroy(learn->tree, keep);
	for (size_t i = 0; i < learn->n_items; i++)
		item_free(learn->items[i]);
	free(learn->items);
	for (size_t i = 0; i < learn->n_others; i++)
		free(learn->others[i]);
	eg_learn_gaps_done(&learn->gaps);
	*learn = (struct eg_learn){0};
}
