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

enum { PATH_SIZE = 128, SHRINK = 50 /* percent, where nothing else is said */, PERCENT = 100 };

static const char example[] = "a path in quotes such as \"/etc/ebpfguard/drop.txt\", or a group "
			      "such as { file = \"/etc/ebpfguard/drop.txt\"; strict = true; }";

/* ---- the keys of a group. name: of the setting, as people know it */

static int set_file(const struct eg_config_report *report, const config_setting_t *setting,
		    const char *name, struct eg_config_feed *feed)
{
	const char *text = config_setting_get_string(setting);
	char quoted[EG_CONFIG_QUOTE_SIZE];

	if (!text)
		return eg_config_fail_type(report, setting, name, example);
	if (text[0] != '/')
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is not an absolute path such as "
				      "/etc/ebpfguard/drop.txt",
				      name, eg_config_quote(quoted, text, strlen(text)));
	feed->path = strdup(text);
	return feed->path ? 0 : eg_config_fail_memory(report);
}

static int set_strict(const struct eg_config_report *report, const config_setting_t *setting,
		      const char *name, struct eg_config_feed *feed)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return eg_config_fail_type(report, setting, name, "true or false");
	feed->strict = config_setting_get_bool(setting);
	return 0;
}

static int set_shrink(const struct eg_config_report *report, const config_setting_t *setting,
		      const char *name, struct eg_config_feed *feed)
{
	int percent = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT)
		return eg_config_fail_type(report, setting, name,
					   "percent, a number from 0 to 100");
	if (percent < 0 || percent > PERCENT)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: expected percent, a number from 0 to 100, got %d", name,
				      percent);
	feed->shrink = (unsigned int)percent;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(const struct eg_config_report *report, const config_setting_t *setting,
		   const char *name, struct eg_config_feed *feed);
} keys[] = {{"file", set_file}, {"strict", set_strict}, {"shrink", set_shrink}};

/* what: the group as people know it */
static int apply_key(const struct eg_config_report *report, const config_setting_t *setting,
		     const char *what, struct eg_config_feed *feed)
{
	const char *name = config_setting_name(setting);
	char full[PATH_SIZE + 16], quoted[EG_CONFIG_QUOTE_SIZE];

	for (size_t i = 0; i < EG_ARRAY_SIZE(keys); i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		(void)snprintf(full, sizeof(full), "%s.%s", what, keys[i].name);
		return keys[i].set(report, setting, full, feed);
	}
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "%s: unknown key %s; known here: file, strict, shrink", what,
			      eg_config_quote(quoted, name, strlen(name)));
}

/* ---- the list */

static int apply_feed(const struct eg_config_report *report, const struct eg_config_key *key,
		      const config_setting_t *element, int i, struct eg_config_feed *feed)
{
	int err = 0, n = config_setting_length(element);
	char what[PATH_SIZE];

	(void)snprintf(what, sizeof(what), "%s[%d]", key->path, i);
	*feed = (struct eg_config_feed){
		.line = eg_config_line(element), .allow = key->value, .shrink = SHRINK};
	if (!config_setting_is_group(element))
		return set_file(report, element, what, feed);
	for (int k = 0; k < n && err == 0; k++)
		err = apply_key(report, eg_config_element(element, k), what, feed);
	if (err == 0 && !feed->path)
		err = eg_config_fail(report, -EINVAL, feed->line,
				     "%s: names no file; add file = \"/etc/ebpfguard/drop.txt\";",
				     what);
	return err;
}

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
		if (err == 0)
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
