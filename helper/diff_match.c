// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What match says otherwise: entries by what they say, and the order of those that stay. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cidr.h"
#include "diff.h"
#include "util.h"

/* ---- an entry as text */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* networks: of rhost, else NULL. counts: not as it is written but as it counts, so networks in one
 * way, and elements in one order. 0 or -ENOMEM. */
static int print_criterion(FILE *out, const char *name, const struct eg_config_texts *texts,
			   const struct eg_cidr *networks, bool counts, const char **separator)
{
	eg_auto_free const char **list = calloc(texts->n + 1, sizeof(*list));
	char(*nets)[EG_CIDR_TEXT_SIZE] eg_auto_free = calloc(texts->n + 1, sizeof(*nets));

	if (!list || !nets)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		list[i] = networks && counts ? eg_cidr_format(&networks[i], nets[i])
					     : texts->list[i].text;
	if (counts)
		qsort(list, texts->n, sizeof(*list), compare_texts);
	if (texts->n)
		(void)fprintf(out, "%s%s", *separator, name);
	for (size_t i = 0; i < texts->n; i++)
		(void)fprintf(out, "%s%s", i ? " or " : " ", list[i]);
	if (texts->n)
		*separator = ", ";
	return 0;
}

/* "user alice or bob, rhost 10.0.0.0/8: ops", owned by the caller; NULL: no memory. */
static char *as_text(const struct eg_config_match *match, bool counts)
{
	const struct {
		const char *name;
		const struct eg_config_texts *texts;
		const struct eg_cidr *networks;
	} criteria[] = {{"user", &match->user, NULL},
			{"group", &match->group, NULL},
			{"service", &match->service, NULL},
			{"rhost", &match->rhost, match->networks},
			{"key", &match->key, NULL}};
	const char *separator = "";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < EG_ARRAY_SIZE(criteria) && !err; i++)
		err = print_criterion(out, criteria[i].name, criteria[i].texts,
				      criteria[i].networks, counts, &separator);
	(void)fprintf(out, "%s: %s", *separator ? "" : "everybody", match->name);
	if (fclose(out) == 0 && !err)
		return text;
	free(text);
	return NULL;
}

/* Entries in the order of the file; their texts are owned. */
static void entries_done(struct eg_diff_side *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free((char *)entries->list[i].text);
		free((char *)entries->list[i].shown);
	}
	free(entries->list);
}

static int take(const struct eg_config *config, struct eg_diff_side *ret)
{
	ret->list = calloc(config->n_matches + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (; ret->n < config->n_matches; ret->n++) {
		const struct eg_config_match *match = &config->matches[ret->n];
		struct eg_diff_item *item = &ret->list[ret->n];

		item->line = match->line;
		item->text = as_text(match, true);
		item->shown = item->text ? as_text(match, false) : NULL;
		if (!item->shown) {
			free((char *)item->text);
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---- order */

/* The first entry that both have and that does not come where the other has it. */
static int diff_order(const struct eg_diff_ear *ear, const struct eg_diff_side *old,
		      const struct eg_diff_side *new)
{
	struct eg_diff_side sorted_old eg_diff_auto_side = {0}, sorted_new eg_diff_auto_side = {0};
	struct eg_diff diff = {.what = EG_DIFF_VALUE, .key = "match"};
	char text[64];
	size_t i = 0;

	if (eg_diff_sort(old, &sorted_old) < 0 || eg_diff_sort(new, &sorted_new) < 0)
		return -ENOMEM;
	for (size_t j = 0; j < new->n; j++) {
		if (!eg_diff_has(&sorted_old, &new->list[j]))
			continue;
		while (i < old->n && !eg_diff_has(&sorted_new, &old->list[i]))
			i++;
		if (i == old->n)
			return 0; /* one stands there twice, and so never decides again */
		if (strcmp(old->list[i++].text, new->list[j].text) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "another order, from the entry on line %u on",
			       new->list[j].line);
		diff.text = text;
		ear->tell(ear->data, &diff);
		return 0;
	}
	return 0;
}

int eg_diff_matches(const struct eg_diff_ear *ear, const struct eg_config *old,
		    const struct eg_config *new)
{
	__attribute__((cleanup(entries_done))) struct eg_diff_side before = {0}, after = {0};

	if (take(old, &before) < 0 || take(new, &after) < 0 ||
	    eg_diff_sides(ear, "match", false, &before, &after) < 0)
		return -ENOMEM;
	return diff_order(ear, &before, &after);
}
