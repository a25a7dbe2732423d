// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Evidence from lines of AUDIT: what was done, how often, by whom. Bounded, however long a log. */
#include "learn.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "util.h"

/* ---- sets of names */

static int set_add(struct eg_learn_set *set, const struct eg_learn_word *word)
{
	char *copy;

	for (size_t i = 0; i < set->n; i++)
		if (eg_learn_word_is(word, set->words[i]))
			return 0;
	if (set->n == EG_LEARN_SET_MAX) {
		set->more = true;
		return 0;
	}
	/* strndup, but gcc's analyzer would take the elements for leaks. */
	if (asprintf(&copy, "%.*s", (int)word->n, word->at) < 0)
		return -ENOMEM;
	set->words[set->n++] = copy;
	return 0;
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

	if (!learn->items)
		learn->items = calloc(EG_LEARN_ITEMS_MAX, sizeof(struct eg_learn_item *));
	if (!item || !learn->items) {
		free(item);
		return -ENOMEM;
	}
	item->list = proposal->list;
	item->why_not = proposal->why_not;
	item->text = strdup(proposal->text);
	if (proposal->feed.n &&
	    asprintf(&item->where, "%.*s:%.*s", (int)proposal->feed.n, proposal->feed.at,
		     (int)proposal->line.n, proposal->line.at) < 0)
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
static int add_evidence(struct eg_learn_item *item, const struct eg_learn_line *line)
{
	const struct eg_learn_word *access = eg_learn_field(line, "access");
	/* A packet has no program any more. */
	const struct eg_learn_word *program =
		eg_learn_word_is(&line->exe, "-") ? &line->comm : &line->exe;

	if (!item->count || line->time_s < item->first_s)
		item->first_s = line->time_s;
	if (!item->count || line->time_s > item->last_s)
		item->last_s = line->time_s;
	item->count++;
	if (set_add(&item->how, access ? access : &line->op) < 0 ||
	    set_add(&item->users, &line->user) < 0 || set_add(&item->programs, program) < 0 ||
	    set_add(&item->sessions, &line->session) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- whose lines */

static bool is_user(const struct eg_learn *learn, const struct eg_learn_word *user)
{
	char word[EG_LINE_WORD_SIZE];

	return !learn->user ||
	       eg_learn_word_is(user, eg_event_escape(learn->user, word, sizeof(word)));
}

/* Another profile than the first that was found: a list for both would open for each what only the
 * other did. */
static int note_other(struct eg_learn *learn, const struct eg_learn_word *profile)
{
	for (size_t i = 0; i < learn->n_others; i++)
		if (eg_learn_word_is(profile, learn->others[i]))
			return 0;
	if (learn->n_others == EG_LEARN_PROFILES_MAX)
		return 0;
	learn->others[learn->n_others] = strndup(profile->at, profile->n);
	if (!learn->others[learn->n_others])
		return -ENOMEM;
	learn->n_others++;
	return 0;
}

/* Is it the one that is learnt about? 1, 0 or -ENOMEM. */
static int is_profile(struct eg_learn *learn, const struct eg_learn_word *profile)
{
	if (learn->profile && !eg_learn_word_is(profile, learn->profile))
		return note_other(learn, profile) < 0 ? -ENOMEM : 0;
	if (!learn->found_profile[0])
		memcpy(learn->found_profile, profile->at, profile->n);
	if (eg_learn_word_is(profile, learn->found_profile))
		return 1;
	return note_other(learn, profile) < 0 ? -ENOMEM : 0;
}

/* ---- lines */

static int take_audit(struct eg_learn *learn, const struct eg_learn_line *line)
{
	struct eg_learn_proposal proposal;
	struct eg_learn_item *item = NULL;
	int r;

	if (line->profile.n >= sizeof(learn->found_profile) ||
	    eg_learn_propose(line, &proposal) < 0) {
		learn->broken++;
		return 0;
	}
	r = is_profile(learn, &line->profile);
	if (r <= 0)
		return r;
	r = find_item(learn, &proposal, &item);
	if (r < 0)
		return r;
	if (!item) {
		learn->dropped++;
		return 0;
	}
	if (!learn->lines || line->time_s < learn->first_s)
		learn->first_s = line->time_s;
	if (!learn->lines || line->time_s > learn->last_s)
		learn->last_s = line->time_s;
	learn->lines++;
	return add_evidence(item, line);
}

int eg_learn_take(struct eg_learn *learn, const char *text, size_t n)
{
	struct eg_learn_line line;
	int r = eg_learn_line_parse(text, n, learn->now_s, &line);

	if ((r < 0 && r != -EBADMSG) || (learn->since_s && line.time_s < learn->since_s) ||
	    (line.user.n && !is_user(learn, &line.user)))
		return 0;
	if (r == -EBADMSG) {
		learn->broken++;
		return 0;
	}
	switch (line.kind) {
	case EG_LEARN_AUDIT:
		return take_audit(learn, &line);
	case EG_LEARN_SUPPRESSED:
		learn->suppressed += line.count;
		break;
	case EG_LEARN_END:
		if (!learn->profile || eg_learn_word_is(&line.profile, learn->profile))
			learn->lost += line.count;
		break;
	}
	return 0;
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
	*learn = (struct eg_learn){0};
}
