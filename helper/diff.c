// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a profile says otherwise than another, by the schema's rows. */
#include "diff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capability.h"
#include "config_apply.h"
#include "policy.h"
#include "util.h"

enum { KEY_SIZE = EG_CONFIG_PATH_SIZE + 4096 }; /* with a program's path */

/* ---- lists */

static int compare_items(const void *va, const void *vb)
{
	const struct eg_diff_item *a = va, *b = vb;

	if (a->rule && b->rule)
		return eg_rule_compare(&a->rule->spec, &b->rule->spec);
	return a->compare ? a->compare(a->text, b->text) : strcmp(a->text, b->text);
}

/* The next component of a path, "." and doubled slashes left out; *ret_n: its length, 0 = none. */
static const char *next_part(const char *path, size_t *ret_n)
{
	do {
		path += strspn(path, "/");
		*ret_n = strcspn(path, "/");
		if (*ret_n != 1 || *path != '.')
			return path;
		path++;
	} while (true);
}

/* By the place they are about. */
static int compare_paths(const char *a, const char *b)
{
	size_t n_a, n_b;
	int order;

	for (;; a += n_a, b += n_b) {
		a = next_part(a, &n_a);
		b = next_part(b, &n_b);
		order = memcmp(a, b, n_a < n_b ? n_a : n_b);
		if (order || n_a != n_b)
			return order ? order : n_a < n_b ? -1 : 1;
		if (!n_a)
			return 0;
	}
}

static void tell_item(const struct eg_diff_ear *ear, const char *key, bool ports,
		      enum eg_diff_what what, const struct eg_diff_item *item)
{
	struct eg_diff diff = {.what = what,
			       .key = key,
			       .text = item->shown ? item->shown : item->text,
			       .line = item->line};
	char text[EG_RULE_TEXT_SIZE];

	if (item->rule)
		diff.text = ports ? eg_rule_format_ports(&item->rule->spec, text)
				  : eg_rule_format(&item->rule->spec, text);
	ear->tell(ear->data, &diff);
}

/* Most lists are the same, in the same order, and need no sorting. */
static bool are_same(const struct eg_diff_side *a, const struct eg_diff_side *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (compare_items(&a->list[i], &b->list[i]))
			return false;
	return true;
}

int eg_diff_sort(const struct eg_diff_side *side, struct eg_diff_side *ret)
{
	ret->list = calloc(side->n + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (ret->n = 0; ret->n < side->n; ret->n++)
		ret->list[ret->n] = side->list[ret->n];
	qsort(ret->list, ret->n, sizeof(*ret->list), compare_items);
	return 0;
}

bool eg_diff_has(const struct eg_diff_side *sorted, const struct eg_diff_item *item)
{
	return bsearch(item, sorted->list, sorted->n, sizeof(*sorted->list), compare_items);
}

/* What one side has and the other has not. */
static int tell_missing(const struct eg_diff_ear *ear, const char *key, bool ports,
			enum eg_diff_what what, const struct eg_diff_side *of,
			const struct eg_diff_side *in)
{
	struct eg_diff_side sorted eg_diff_auto_side = {0};

	if (eg_diff_sort(in, &sorted) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < of->n; i++)
		if (!eg_diff_has(&sorted, &of->list[i]))
			tell_item(ear, key, ports, what, &of->list[i]);
	return 0;
}

int eg_diff_sides(const struct eg_diff_ear *ear, const char *key, bool ports,
		  const struct eg_diff_side *old, const struct eg_diff_side *new)
{
	int err;

	if (are_same(old, new))
		return 0;
	err = tell_missing(ear, key, ports, EG_DIFF_LESS, old, new);
	return err ? err : tell_missing(ear, key, ports, EG_DIFF_MORE, new, old);
}

static int side_new(struct eg_diff_side *side, size_t room)
{
	side->list = calloc(room + 1, sizeof(*side->list));
	return side->list ? 0 : -ENOMEM;
}

static int take_rules(const struct eg_config_key *row, const struct eg_config_rules *rules,
		      struct eg_diff_side *ret)
{
	if (side_new(ret, rules->n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < rules->n; i++)
		if (rules->list[i].allow == (bool)row->value)
			ret->list[ret->n++] = (struct eg_diff_item){.rule = &rules->list[i],
								    .line = rules->list[i].line};
	return 0;
}

/* A list that is not set is its default. */
static int take_texts(const struct eg_config_key *row, const struct eg_config_texts *texts,
		      struct eg_diff_side *ret)
{
	size_t words = 0;

	while (!texts->set && row->words && row->words[words])
		words++;
	if (side_new(ret, texts->n + words) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < words; i++)
		ret->list[ret->n++].text = row->words[i];
	for (size_t i = 0; i < texts->n; i++)
		ret->list[ret->n++] = (struct eg_diff_item){.text = texts->list[i].text,
							    .line = texts->list[i].line};
	for (size_t i = 0; i < ret->n; i++) /* others count byte by byte */
		ret->list[i].compare = row->type == EG_CONFIG_TREES	? compare_paths
				       : row->type == EG_CONFIG_DIGESTS ? strcasecmp
									: NULL;
	return 0;
}

static int take_bits(uint64_t bits, const char *(*name)(unsigned int number),
		     struct eg_diff_side *ret)
{
	for (unsigned int i = 0; i < 64; i++) {
		const char *text = bits >> i & 1 ? name(i) : NULL;

		if (text)
			ret->list[ret->n++].text = text;
	}
	return 0;
}

static const char *protocol_name(unsigned int number)
{
	return number < 32 ? eg_config_protocol_name(1U << number) : NULL;
}

static int take(const struct eg_config_key *row, const void *owner, struct eg_diff_side *ret)
{
	const struct eg_config_profile *profile = owner; /* sockets are of a profile only */
	const void *field = (const char *)owner + row->offset;

	switch (row->type) {
	case EG_CONFIG_NETWORKS:
	case EG_CONFIG_PORTS:
		return take_rules(row, field, ret);
	case EG_CONFIG_SOCKETS:
		if (side_new(ret, 96) < 0)
			return -ENOMEM;
		(void)take_bits(profile->families, eg_config_family_name, ret);
		return take_bits(profile->protocols, protocol_name, ret);
	case EG_CONFIG_CAPABILITIES:
		return side_new(ret, 64) < 0
			       ? -ENOMEM
			       : take_bits(*(const uint64_t *)field, eg_capability_name, ret);
	default:
		return take_texts(row, field, ret);
	}
}

/* ---- values */

static void tell_value(const struct eg_diff_ear *ear, const char *key, const char *was,
		       const char *text)
{
	struct eg_diff diff = {.what = EG_DIFF_VALUE, .key = key, .text = text, .was = was};

	ear->tell(ear->data, &diff);
}

/* An action that is the profile's has no word of its own. */
static const char *word_of(const struct eg_config_key *row, unsigned int value)
{
	for (unsigned int i = 0; row->words[i]; i++)
		if (i == value)
			return row->words[i];
	return "not set";
}

/* A restriction's own action that is the profile's, before and after, is as good as none. */
static bool does_same(const struct eg_config_key *row, unsigned int was, unsigned int is,
		      const struct eg_config_profile *old, const struct eg_config_profile *new)
{
	size_t first = offsetof(struct eg_config_profile, actions);

	if (was == is)
		return true;
	if (row->owner != EG_CONFIG_OF_PROFILE || row->offset < first ||
	    row->offset >= first + sizeof(old->actions) || old->action != new->action)
		return false;
	return (was == EG_ACTION_PROFILE ? old->action : was) ==
	       (is == EG_ACTION_PROFILE ? new->action : is);
}

/* exec.allow_only: there being a list is more than what is in it. */
static void diff_being(const struct eg_diff_ear *ear, const char *key,
		       const struct eg_config_texts *old, const struct eg_config_texts *new)
{
	static const char *const words[] = {"not set (every one)", "set (only these)"};

	if (old->set != new->set)
		tell_value(ear, key, words[old->set], words[new->set]);
}

/* Is it a list of strings that must not be empty, so that none at all means something else? */
static bool has_being(const struct eg_config_key *row)
{
	return row->type == EG_CONFIG_TREES && row->value;
}

static void diff_number(const struct eg_diff_ear *ear, const char *key, unsigned int old,
			unsigned int new)
{
	char was[16], is[16];

	(void)snprintf(was, sizeof(was), "%u", old);
	(void)snprintf(is, sizeof(is), "%u", new);
	if (old != new)
		tell_value(ear, key, was, is);
}

/* The one there is: log.file. */
static void diff_path(const struct eg_diff_ear *ear, const char *key,
		      const struct eg_config_text *old, const struct eg_config_text *new)
{
	const char *was = old->text ? old->text : EG_LOG_FILE_DEFAULT;
	const char *is = new->text ? new->text : EG_LOG_FILE_DEFAULT;

	if (strcmp(was, is) != 0)
		tell_value(ear, key, was, is);
}

/* ---- rows */

static int diff_list(const struct eg_diff_ear *ear, const struct eg_config_key *row,
		     const char *key, const void *old, const void *new)
{
	struct eg_diff_side before eg_diff_auto_side = {0}, after eg_diff_auto_side = {0};

	if (take(row, old, &before) < 0 || take(row, new, &after) < 0)
		return -ENOMEM;
	if (has_being(row))
		diff_being(ear, key, (const void *)((const char *)old + row->offset),
			   (const void *)((const char *)new + row->offset));
	return eg_diff_sides(ear, key, row->type == EG_CONFIG_PORTS, &before, &after);
}

/* Compares one key of two owners of a kind. key: its name for who hears of it. 0 or -ENOMEM. */
static int diff_row(const struct eg_diff_ear *ear, const struct eg_config_key *row, const char *key,
		    const void *old, const void *new)
{
	const void *was = (const char *)old + row->offset, *is = (const char *)new + row->offset;
	int err;

	switch (row->type) {
	case EG_CONFIG_WORD:
		if (!does_same(row, *(const unsigned int *)was, *(const unsigned int *)is, old,
			       new))
			tell_value(ear, key, word_of(row, *(const unsigned int *)was),
				   word_of(row, *(const unsigned int *)is));
		return 0;
	case EG_CONFIG_WORD_BOOL:
		if (*(const bool *)was != *(const bool *)is)
			tell_value(ear, key, row->words[*(const bool *)was],
				   row->words[*(const bool *)is]);
		return 0;
	case EG_CONFIG_BOOL:
		if (*(const bool *)was != *(const bool *)is)
			tell_value(ear, key, *(const bool *)was ? "true" : "false",
				   *(const bool *)is ? "true" : "false");
		return 0;
	case EG_CONFIG_COUNT:
	case EG_CONFIG_SECONDS:
		diff_number(ear, key, *(const unsigned int *)was, *(const unsigned int *)is);
		return 0;
	case EG_CONFIG_PATH:
		diff_path(ear, key, was, is);
		return 0;
	case EG_CONFIG_FEEDS:
		err = eg_diff_feeds(ear, key, row->value, was, is);
		return !err && ear->networks ? ear->networks(ear->data, row->value) : err;
	default:
		return diff_list(ear, row, key, old, new);
	}
}

static int diff_rows(const struct eg_diff_ear *ear, enum eg_config_owner owner, const void *old,
		     const void *new)
{
	const struct eg_config_schema *schema = eg_config_schema();
	int err = 0;

	for (size_t i = 0; i < schema->n && !err; i++)
		if (schema->keys[i].owner == owner)
			err = diff_row(ear, &schema->keys[i], schema->keys[i].path, old, new);
	return err;
}

/* ---- rules: what they say for each program, whatever group it is in */

/* Groups are the same for all programs that have the same two. NULL: it is in none. */
static int diff_groups(const struct eg_diff_ear *ear, const char *program,
		       const struct eg_config_group *old, const struct eg_config_group *new)
{
	static const struct eg_config_group none;
	const struct eg_config_schema *schema = eg_config_schema();
	const size_t skip = strlen(EG_CONFIG_GROUPS_PREFIX);
	char key[KEY_SIZE];
	int err = 0;

	for (size_t i = 0; i < schema->n && !err; i++) {
		const struct eg_config_key *row = &schema->keys[i];

		if (row->owner != EG_CONFIG_OF_GROUP ||
		    row->offset == offsetof(struct eg_config_group, programs))
			continue;
		(void)snprintf(key, sizeof(key), EG_CONFIG_GROUPS "[%s].%s", program,
			       row->path + skip);
		err = diff_row(ear, row, key, old ? old : &none, new ? new : &none);
	}
	return err;
}

/* The programs of one group, each with the group that it is in on the other side. */
static int diff_group(const struct eg_diff_ear *ear, const struct eg_config_group *group,
		      const struct eg_config_profile *other, bool is_new)
{
	const struct eg_config_texts *programs = &group->programs;
	eg_auto_free const struct eg_config_group **others =
		calloc(programs->n + 1, sizeof(struct eg_config_group *));
	int err = 0;

	if (!others)
		return -ENOMEM;
	for (size_t i = 0; i < programs->n && !err; i++) {
		struct eg_diff diff = {.what = is_new ? EG_DIFF_MORE : EG_DIFF_LESS,
				       .key = EG_CONFIG_GROUPS_PREFIX "programs",
				       .text = programs->list[i].text,
				       .line = programs->list[i].line};
		bool said = false;

		others[i] = eg_policy_group_of(other, diff.text);
		for (size_t j = 0; j < i; j++)
			said |= others[j] == others[i];
		if (!others[i])
			ear->tell(ear->data, &diff);
		/* Where both sides have it, the new one's turn tells. */
		if (said || (others[i] && !is_new))
			continue;
		err = is_new ? diff_groups(ear, diff.text, others[i], group)
			     : diff_groups(ear, diff.text, group, NULL);
	}
	return err;
}

/* ---- doors */

int eg_diff_profiles(const struct eg_config_profile *old, const struct eg_config_profile *new,
		     const struct eg_diff_ear *ear)
{
	int err = diff_rows(ear, EG_CONFIG_OF_PROFILE, old, new);

	for (size_t i = 0; i < old->n_groups && !err; i++)
		err = diff_group(ear, &old->groups[i], new, false);
	for (size_t i = 0; i < new->n_groups && !err; i++)
		err = diff_group(ear, &new->groups[i], old, true);
	return err;
}

int eg_diff_whole(const struct eg_config *old, const struct eg_config *new,
		  const struct eg_diff_ear *ear)
{
	int err = diff_rows(ear, EG_CONFIG_OF_FILE, old, new);

	return err ? err : eg_diff_matches(ear, old, new);
}

const struct eg_config_profile *eg_diff_profile(const struct eg_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_profiles; i++)
		if (strcmp(config->profiles[i].name, name) == 0)
			return &config->profiles[i];
	return NULL;
}
