// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What match says otherwise: entries by what they say, and the order of those that stay. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diff.h"
#include "util.h"

/* ---- an entry as text */

static void print_criterion(FILE *out, const char *name, const struct eg_config_texts *texts,
			    const char **separator)
{
	if (!texts->set)
		return;
	(void)fprintf(out, "%s%s", *separator, name);
	for (size_t i = 0; i < texts->n; i++)
		(void)fprintf(out, "%s%s", i ? " or " : " ", texts->list[i].text);
	*separator = ", ";
}

/* "user alice or bob, rhost 10.0.0.0/8: ops", owned by the caller; NULL: no memory. */
static char *as_text(const struct eg_config_match *match)
{
	const char *separator = "";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_criterion(out, "user", &match->user, &separator);
	print_criterion(out, "group", &match->group, &separator);
	print_criterion(out, "service", &match->service, &separator);
	print_criterion(out, "rhost", &match->rhost, &separator);
	print_criterion(out, "key", &match->key, &separator);
	(void)fprintf(out, "%s: %s", *separator ? "" : "everybody", match->name);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* Entries in the order of the file, which owns each text, and the same sorted. */
struct entries {
	char **texts;
	struct eg_diff_side sorted;
};

static void entries_done(struct entries *entries)
{
	for (size_t i = 0; entries->texts && i < entries->sorted.n; i++)
		free(entries->texts[i]);
	free(entries->texts);
	free(entries->sorted.list);
}

static int take(const struct eg_config *config, struct entries *ret)
{
	ret->texts = calloc(config->n_matches + 1, sizeof(*ret->texts));
	ret->sorted.list = calloc(config->n_matches + 1, sizeof(*ret->sorted.list));
	if (!ret->texts || !ret->sorted.list)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_matches; i++) {
		char *text = as_text(&config->matches[i]);

		if (!text)
			return -ENOMEM;
		ret->texts[i] = text;
		ret->sorted.list[ret->sorted.n++] =
			(struct eg_diff_item){.text = text, .line = config->matches[i].line};
	}
	return 0;
}

/* ---- order */

static int compare(const void *va, const void *vb)
{
	const struct eg_diff_item *a = va, *b = vb;

	return strcmp(a->text, b->text);
}

static bool has(const struct eg_diff_side *sorted, const char *text)
{
	struct eg_diff_item key = {.text = text};

	return sorted->n && bsearch(&key, sorted->list, sorted->n, sizeof(*sorted->list), compare);
}

/* The first entry that both have and that does not come where the other has it. The entries are
 * all different: one that says the same as another before it would never decide. */
static void diff_order(const struct eg_diff_ear *ear, const struct entries *old,
		       const struct entries *new, const struct eg_config *config)
{
	size_t i = 0;

	for (size_t j = 0; j < new->sorted.n; j++) {
		struct eg_diff diff = {.what = EG_DIFF_VALUE, .key = "match"};
		char text[64];

		if (!has(&old->sorted, new->texts[j]))
			continue;
		while (i < old->sorted.n && !has(&new->sorted, old->texts[i]))
			i++;
		if (i == old->sorted.n)
			return; /* one stands there twice */
		if (strcmp(old->texts[i++], new->texts[j]) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "another order, from the entry on line %u on",
			       config->matches[j].line);
		diff.text = text;
		ear->tell(ear->data, &diff);
		return;
	}
}

int eg_diff_matches(const struct eg_diff_ear *ear, const struct eg_config *old,
		    const struct eg_config *new)
{
	__attribute__((cleanup(entries_done))) struct entries before = {0}, after = {0};

	if (take(old, &before) < 0 || take(new, &after) < 0)
		return -ENOMEM;
	qsort(before.sorted.list, before.sorted.n, sizeof(*before.sorted.list), compare);
	qsort(after.sorted.list, after.sorted.n, sizeof(*after.sorted.list), compare);
	eg_diff_sides(ear, "match", false, &before.sorted, &after.sorted);
	diff_order(ear, &before, &after, new);
	return 0;
}
