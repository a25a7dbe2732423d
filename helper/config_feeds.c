// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * deny_files and allow_files: files that list networks, each a path, or a group with the path and
 * how the file is judged.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static const char example[] = "a path in quotes such as \"/etc/ebpfguard/drop.txt\", or a group "
			      "such as { file = \"/etc/ebpfguard/drop.txt\"; strict = true; }";

int eg_config_apply_file(const struct eg_config_report *report, const struct eg_config_key *key,
			 const config_setting_t *setting, void *owner)
{
	const char *text = config_setting_get_string(setting);
	char **path = (void *)((char *)owner + key->offset);
	char quoted[EG_CONFIG_QUOTE_SIZE];

	if (!text)
		return eg_config_fail_type(report, setting, key->path, example);
	if (text[0] != '/')
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is not an absolute path such as "
				      "/etc/ebpfguard/drop.txt",
				      key->path, eg_config_quote(quoted, text, strlen(text)));
	*path = strdup(text);
	return *path ? 0 : eg_config_fail_memory(report);
}

/* ---- one of the list */

/* The next row of a feed's keys from the i-th of the schema on, its name in *ret_name; NULL at the
 * end. */
static const struct eg_config_key *next_row(size_t *i, const char **ret_name)
{
	const struct eg_config_schema *schema = eg_config_schema();

	while (*i < schema->n) {
		const struct eg_config_key *row = &schema->keys[(*i)++];

		if (row->owner != EG_CONFIG_OF_FEED)
			continue;
		*ret_name = row->path + strlen(EG_CONFIG_FEEDS_PREFIX);
		return row;
	}
	return NULL;
}

static int fail_unknown(const struct eg_config_report *report, const config_setting_t *setting,
			const char *what)
{
	const char *name = config_setting_name(setting), *known;
	char quoted[EG_CONFIG_QUOTE_SIZE], all[EG_CONFIG_PATH_SIZE] = "";
	size_t i = 0, len = 0;

	while (next_row(&i, &known) && len < sizeof(all))
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "",
					known);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "%s: unknown key %s; known here: %s", what,
			      eg_config_quote(quoted, name, strlen(name)), all);
}

/* setting: in the group of a feed, or its path alone, which has no name and is its first key. what:
 * the feed as people know it. */
static int apply_key(const struct eg_config_report *report, const config_setting_t *setting,
		     const char *what, struct eg_config_feed *feed)
{
	const char *name = config_setting_name(setting), *known;
	const struct eg_config_key *row;
	char path[EG_CONFIG_WHAT_SIZE + 16];
	size_t i = 0;

	while ((row = next_row(&i, &known))) {
		struct eg_config_key key = *row;

		if (name && strcmp(name, known) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s%s", what, name ? "." : "",
			       name ? name : "");
		key.path = path;
		return eg_config_apply(report, &key, setting, feed);
	}
	return fail_unknown(report, setting, what);
}

static int apply_feed(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *element, int i, struct eg_config_feed *feed)
{
	int err = 0, n = config_setting_length(element);
	const struct eg_config_key *row;
	char what[EG_CONFIG_WHAT_SIZE];
	const char *name;
	size_t at = 0;

	eg_config_what(what, key, i);
	*feed = (struct eg_config_feed){.line = eg_config_line(element), .allow = key->value};
	while ((row = next_row(&at, &name)))
		eg_config_apply_default(row, feed);
	if (!config_setting_is_group(element))
		return apply_key(report, element, what, feed);
	for (int k = 0; k < n && err == 0; k++)
		err = apply_key(report, eg_config_element(element, k), what, feed);
	if (err == 0 && !feed->path)
		err = eg_config_fail(report, -EINVAL, feed->line,
				     "%s: names no file; add file = \"/etc/ebpfguard/drop.txt\";",
				     what);
	return err;
}

/* ---- the list */

/* Also in the other list: what it should mean that a file both denies and allows is not known. */
static int check_once(const struct eg_config_report *report, const struct eg_config_key *key, int i,
		      const struct eg_config_feeds *feeds)
{
	const struct eg_config_feed *last = &feeds->list[feeds->n - 1], *feed;

	for (feed = feeds->list; feed < last; feed++) {
		char quoted[EG_CONFIG_QUOTE_SIZE];

		if (strcmp(feed->path, last->path) != 0)
			continue;
		if (feed->allow == last->allow)
			return eg_config_fail_twice(report, key, i, last->path, last->line,
						    feed->line);
		return eg_config_fail(report, -EINVAL, last->line,
				      "%s[%d]: %s stands in deny_files already, on line %u; a file "
				      "is named once",
				      key->path, i,
				      eg_config_quote(quoted, last->path, strlen(last->path)),
				      feed->line);
	}
	return 0;
}

int eg_config_apply_feeds(const struct eg_config_report *report, const struct eg_config_key *key,
			  const config_setting_t *setting, void *owner)
{
	struct eg_config_feeds *feeds = (void *)((char *)owner + key->offset);
	int err = 0, n = config_setting_length(setting);
	struct eg_config_feed *list = NULL;

	if (!eg_config_is_list(setting))
		return eg_config_fail_type(
			report, setting, key->path,
			"a list of files such as ( \"/etc/ebpfguard/drop.txt\" )");
	if (feeds->n + (size_t)n > (size_t)key->limit)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %zu files are too many; deny_files and allow_files "
				      "together take %d",
				      key->path, feeds->n + (size_t)n, key->limit);
	list = reallocarray(feeds->list, feeds->n + (size_t)n + 1, sizeof(*list));
	if (!list)
		return eg_config_fail_memory(report);
	feeds->list = list;
	for (int i = 0; i < n && err == 0; i++) {
		err = apply_feed(report, key, eg_config_element(setting, i), i,
				 &feeds->list[feeds->n++]);
		if (err == 0 && feeds->list[feeds->n - 1].path)
			err = check_once(report, key, i, feeds);
	}
	return err;
}

void eg_config_feeds_done(struct eg_config_feeds *feeds)
{
	for (size_t i = 0; i < feeds->n; i++)
		free(feeds->list[i].path);
	free(feeds->list);
	*feeds = (struct eg_config_feeds){0};
}

/* ---- lines as rules have them */

const struct eg_config_feed *eg_config_feed_of(const struct eg_config_profile *profile,
					       uint32_t line, unsigned int *ret_line)
{
	size_t feed = (line - EG_LINE_FEEDS) >> EG_LINE_BITS;

	if (line < EG_LINE_FEEDS || feed >= profile->feeds.n)
		return NULL;
	*ret_line = line & ((1U << EG_LINE_BITS) - 1);
	return &profile->feeds.list[feed];
}
