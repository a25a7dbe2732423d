// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What feeds say otherwise than others: which there are, their settings, the networks they list. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diff.h"
#include "feed_networks.h"
#include "util.h"

enum { NUMBER_SIZE = 16, KEY_SIZE = 4096 + 32 };

/* ---- the feeds themselves */

static int take(const struct eg_config_feeds *feeds, bool allow, struct eg_diff_side *ret)
{
	ret->list = calloc(feeds->n + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < feeds->n; i++)
		if (feeds->list[i].allow == allow)
			ret->list[ret->n++] = (struct eg_diff_item){.text = feeds->list[i].path,
								    .line = feeds->list[i].line};
	return 0;
}

static const struct eg_config_feed *find(const struct eg_config_feeds *feeds,
					 const struct eg_config_feed *as)
{
	for (size_t i = 0; i < feeds->n; i++)
		if (feeds->list[i].allow == as->allow && strcmp(feeds->list[i].path, as->path) == 0)
			return &feeds->list[i];
	return NULL;
}

static void diff_settings(const struct eg_diff_ear *ear, const char *key,
			  const struct eg_config_feed *old, const struct eg_config_feed *new)
{
	char name[KEY_SIZE], was[NUMBER_SIZE], is[NUMBER_SIZE];
	struct eg_diff diff = {.what = EG_DIFF_VALUE, .key = name};

	if (old->strict != new->strict) {
		(void)snprintf(name, sizeof(name), "%s[%s].strict", key, old->path);
		diff.was = old->strict ? "true" : "false";
		diff.text = new->strict ? "true" : "false";
		ear->tell(ear->data, &diff);
	}
	if (old->shrink != new->shrink) {
		(void)snprintf(name, sizeof(name), "%s[%s].shrink", key, old->path);
		(void)snprintf(was, sizeof(was), "%u", old->shrink);
		(void)snprintf(is, sizeof(is), "%u", new->shrink);
		diff.was = was;
		diff.text = is;
		ear->tell(ear->data, &diff);
	}
}

int eg_diff_feeds(const struct eg_diff_ear *ear, const char *key, bool allow,
		  const struct eg_config_feeds *old, const struct eg_config_feeds *new)
{
	struct eg_diff_side before eg_diff_auto_side = {0}, after eg_diff_auto_side = {0};

	if (take(old, allow, &before) < 0 || take(new, allow, &after) < 0)
		return -ENOMEM;
	if (eg_diff_sides(ear, key, false, &before, &after) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < old->n; i++) {
		const struct eg_config_feed *same = find(new, &old->list[i]);

		if (same && same->allow == allow)
			diff_settings(ear, key, &old->list[i], same);
	}
	return 0;
}

/* ---- their networks */

/* A network, and which of the feeds it is in. */
struct entry {
	struct eg_network network;
	uint32_t feed; /* index */
};

struct entries {
	struct entry *list; /* owned */
	size_t n;
};

static void entries_done(struct entries *entries)
{
	free(entries->list);
}

static int compare_entries(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int order = eg_cidr_compare(&a->network.net, &b->network.net);

	if (order == 0)
		order = (a->feed > b->feed) - (a->feed < b->feed);
	return order ? order
		     : (a->network.line > b->network.line) - (a->network.line < b->network.line);
}

/* All networks of the one kind, sorted, each once: where it stands first. */
static int collect(const struct eg_config_feeds *feeds, bool allow, struct entries *ret)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < feeds->n; i++)
		if (feeds->list[i].allow == allow && feeds->list[i].networks)
			n += feeds->list[i].networks->n;
	ret->list = calloc(n + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < feeds->n; i++) {
		const struct eg_networks *networks = feeds->list[i].networks;

		for (size_t j = 0; feeds->list[i].allow == allow && networks && j < networks->n;
		     j++)
			ret->list[ret->n++] = (struct entry){networks->list[j], (uint32_t)i};
	}
	qsort(ret->list, ret->n, sizeof(*ret->list), compare_entries);
	for (size_t i = 0; i < ret->n; i++)
		if (!kept ||
		    eg_cidr_compare(&ret->list[kept - 1].network.net, &ret->list[i].network.net))
			ret->list[kept++] = ret->list[i];
	ret->n = kept;
	return 0;
}

static void tell(const struct eg_diff_ear *ear, enum eg_diff_what what, bool allow,
		 const struct eg_config_feeds *feeds, const struct entry *entry)
{
	char text[EG_CIDR_TEXT_SIZE];
	struct eg_diff diff = {.what = what,
			       .key = allow ? "allow_files" : "deny_files",
			       .text = eg_cidr_format(&entry->network.net, text),
			       .file = feeds->list[entry->feed].path,
			       .line = entry->network.line};

	ear->tell(ear->data, &diff);
}

/* The next feed of the kind from the i-th on; NULL = there is no other. */
static const struct eg_config_feed *next(const struct eg_config_feeds *feeds, bool allow, size_t *i)
{
	while (*i < feeds->n && feeds->list[*i].allow != allow)
		++*i;
	return *i < feeds->n ? &feeds->list[(*i)++] : NULL;
}

static bool lists_same(const struct eg_networks *a, const struct eg_networks *b)
{
	if (a == b)
		return true;
	return a && b && a->n == b->n &&
	       (!a->n || memcmp(a->list, b->list, a->n * sizeof(*a->list)) == 0);
}

/* Are they the same feeds one by one, to `same`? */
static bool are_pairs(const struct eg_config_feeds *a, const struct eg_config_feeds *b, bool allow,
		      bool (*same)(const struct eg_networks *a, const struct eg_networks *b))
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct eg_config_feed *one = next(a, allow, &i), *other = next(b, allow, &j);

		if (!one || !other)
			return !one && !other;
		if (!same(one->networks, other->networks))
			return false;
	}
}

static bool is_one(const struct eg_networks *a, const struct eg_networks *b)
{
	return a == b;
}

bool eg_diff_same_feeds(const struct eg_config_profile *a, const struct eg_config_profile *b,
			bool allow)
{
	return are_pairs(&a->feeds, &b->feeds, allow, is_one);
}

int eg_diff_networks(const struct eg_config_profile *old, const struct eg_config_profile *new,
		     bool allow, const struct eg_diff_ear *ear)
{
	__attribute__((cleanup(entries_done))) struct entries before = {0}, after = {0};
	size_t i = 0, j = 0;

	if (are_pairs(&old->feeds, &new->feeds, allow, lists_same))
		return 0;
	if (collect(&old->feeds, allow, &before) < 0 || collect(&new->feeds, allow, &after) < 0)
		return -ENOMEM;
	while (i < before.n || j < after.n) {
		int order = i == before.n  ? 1
			    : j == after.n ? -1
					   : eg_cidr_compare(&before.list[i].network.net,
							     &after.list[j].network.net);

		if (order < 0)
			tell(ear, EG_DIFF_NETWORK_LESS, allow, &old->feeds, &before.list[i]);
		else if (order > 0)
			tell(ear, EG_DIFF_NETWORK_MORE, allow, &new->feeds, &after.list[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}
