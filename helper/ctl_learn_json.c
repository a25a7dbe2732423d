// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl learn for programs: what is proposed and what is not as one JSON object. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_json.h"
#include "ctl_learn.h"
#include "util.h"

/* more: the names of those of which there are more than are kept. */
static void add_set(struct json_object *json, const char *key, const struct eg_learn_set *set,
		    struct json_object *more)
{
	struct json_object *array = eg_ctl_json_array();

	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->words[i], "-") != 0)
			eg_ctl_json_append(array, eg_ctl_json_word(set->words[i]));
	eg_ctl_json_add(json, key, array);
	if (set->more)
		eg_ctl_json_append(more, eg_ctl_json_word(key));
}

static struct json_object *json_of_choice(const struct eg_learn_choice *choice)
{
	const struct eg_learn_item *item = choice->item;
	struct json_object *json = eg_ctl_json_object(), *more = eg_ctl_json_array();

	eg_ctl_json_add_text(json, "list", eg_learn_list_name(item->list));
	eg_ctl_json_add_text(json, "element", item->text);
	eg_ctl_json_add_text(json, "why_not", choice->why_not);
	if (item->where)
		eg_ctl_json_add(json, "where", eg_ctl_json_word(item->where));
	eg_ctl_json_add_number(json, "count", item->count);
	eg_ctl_json_add_time(json, "first", (uint64_t)item->first_s);
	eg_ctl_json_add_time(json, "last", (uint64_t)item->last_s);
	add_set(json, "how", &item->how, more);
	add_set(json, "users", &item->users, more);
	add_set(json, "programs", &item->programs, more);
	add_set(json, "sessions", &item->sessions, more);
	eg_ctl_json_add(json, "more", more);
	return json;
}

static void add_missing(struct json_object *json, const struct eg_learn *learn)
{
	struct eg_learn_missing missing;

	eg_learn_gaps_sum(&learn->gaps, &missing);
	eg_ctl_json_add_number(json, "suppressed", learn->suppressed);
	eg_ctl_json_add_number(json, "lost", missing.lost);
	eg_ctl_json_add_number(json, "lost_without_end", missing.lost_open);
	eg_ctl_json_add_number(json, "unrecorded", missing.unrecorded);
	eg_ctl_json_add_number(json, "cut_lines", learn->broken);
	eg_ctl_json_add_number(json, "dropped", learn->dropped);
}

int eg_ctl_learn_json(const struct eg_learn *learn, eg_learn_look look)
{
	struct eg_learn_choice *choices eg_auto_free = NULL;
	struct json_object *json, *proposed, *others;
	int r = eg_learn_choose(learn, look, &choices);

	if (r < 0)
		return r;
	json = eg_ctl_json_object();
	proposed = eg_ctl_json_array();
	others = eg_ctl_json_array();
	if (learn->lines)
		eg_ctl_json_add(json, "profile", eg_ctl_json_word(learn->found_profile));
	eg_ctl_json_add_number(json, "lines", learn->lines);
	eg_ctl_json_add_time(json, "first", (uint64_t)learn->first_s);
	eg_ctl_json_add_time(json, "last", (uint64_t)learn->last_s);
	add_missing(json, learn);
	for (size_t i = 0; i < learn->n_items; i++)
		eg_ctl_json_append(choices[i].why_not ? others : proposed,
				   json_of_choice(&choices[i]));
	eg_ctl_json_add(json, "proposed", proposed);
	eg_ctl_json_add(json, "not_proposed", others);
	eg_ctl_json_print(json);
	return 0;
}
