// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Profiles: the top-level keys are "default", and each group of `profiles` is another, with the
 * same rows of the schema. What a profile extends is applied anew from where it is written: so each
 * key is replaced as a whole, keeps its line, and no profile shares memory with another.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct profiles {
	const struct eg_config_report *report;
	const struct eg_config_schema *schema;
	struct eg_config *config;
	const config_setting_t **written; /* owned: by index, the group each is written in */
	size_t n_entries, n_policies;	  /* so far */
};

/* What stands before a key in messages, by the profile it is written in. */
static const char *where(size_t i, char buf[EG_CONFIG_PATH_SIZE])
{
	buf[0] = '\0';
	if (i)
		(void)snprintf(buf, EG_CONFIG_PATH_SIZE, EG_CONFIG_PROFILES "[%zu].", i - 1);
	return buf;
}

/* ---- what is inherited */

/* Where a key of the i-th profile is set: in itself, or in the nearest it extends. NULL = nowhere.
 * *ret_at: in which. */
static const config_setting_t *find_setting(const struct profiles *profiles, size_t i,
					    const char *path, size_t *ret_at)
{
	for (;;) {
		const config_setting_t *setting =
			config_setting_lookup((config_setting_t *)profiles->written[i], path);
		size_t parent = profiles->config->profiles[i].parent;

		*ret_at = i;
		if (setting || parent == i)
			return setting;
		i = parent;
	}
}

static size_t count_entries(const config_setting_t *setting)
{
	size_t n = 0;
	int i, length = config_setting_is_aggregate(setting) ? config_setting_length(setting) : 0;

	for (i = 0; i < length; i++)
		n += 1 + count_entries(eg_config_element(setting, i));
	return n;
}

/* Every profile has its own copy of what it inherits: without an end to that, a file that fits
 * could need any memory. */
static int count_setting(struct profiles *profiles, const config_setting_t *setting, size_t i)
{
	profiles->n_entries += count_entries(setting);
	if (profiles->n_entries <= EG_CONFIG_ENTRIES_MAX)
		return 0;
	return eg_config_fail(profiles->report, -EINVAL, profiles->config->profiles[i].line,
			      "the lists of all profiles have more than %d entries, counting in "
			      "each what it extends",
			      EG_CONFIG_ENTRIES_MAX);
}

static int apply_key(struct profiles *profiles, const struct eg_config_key *row, size_t i)
{
	struct eg_config_profile *profile = &profiles->config->profiles[i];
	char before[EG_CONFIG_PATH_SIZE], path[EG_CONFIG_PATH_SIZE + 32];
	struct eg_config_key key = *row;
	const config_setting_t *setting;
	size_t at = 0;
	int err;

	eg_config_apply_default(row, profile);
	setting = find_setting(profiles, i, row->path, &at);
	if (!setting)
		return 0;
	err = count_setting(profiles, setting, i);
	if (err < 0)
		return err;
	(void)snprintf(path, sizeof(path), "%s%s", where(at, before), row->path);
	key.path = path;
	return eg_config_apply(profiles->report, &key, setting, profile);
}

static int apply_groups(struct profiles *profiles, size_t i)
{
	struct eg_config_profile *profile = &profiles->config->profiles[i];
	char before[EG_CONFIG_PATH_SIZE];
	const config_setting_t *setting;
	size_t at = 0;
	int err = 0;

	setting = find_setting(profiles, i, EG_CONFIG_GROUPS, &at);
	if (setting)
		err = count_setting(profiles, setting, i);
	if (setting && err == 0)
		err = eg_config_apply_groups(profiles->report, profiles->schema, where(at, before),
					     setting, profile);
	profiles->n_policies += 1 + profile->n_groups;
	if (err < 0 || profiles->n_policies <= EG_CONFIG_POLICIES_MAX)
		return err;
	return eg_config_fail(
		profiles->report, -EINVAL, profile->line,
		"profiles and the groups of their rules are more than %d, counting in "
		"each what it extends",
		EG_CONFIG_POLICIES_MAX);
}

/* ---- names */

static int find_parent(const struct profiles *profiles, size_t i)
{
	struct eg_config_profile *list = profiles->config->profiles;
	char before[EG_CONFIG_PATH_SIZE];
	const config_setting_t *setting;

	list[i].parent = i;
	if (!list[i].extends[0])
		return 0;
	for (size_t j = 0; j < i; j++)
		if (strcmp(list[j].name, list[i].extends) == 0) {
			list[i].parent = j;
			return 0;
		}
	setting = config_setting_lookup((config_setting_t *)profiles->written[i], "extends");
	return eg_config_fail(profiles->report, -EINVAL, eg_config_line(setting),
			      "%sextends: no profile \"%s\" stands above this one; a profile can "
			      "extend \"%s\" and those before it in the list",
			      where(i, before), list[i].extends, list[0].name);
}

static int check_name(const struct profiles *profiles, size_t i)
{
	const struct eg_config_profile *list = profiles->config->profiles;
	const config_setting_t *setting =
		config_setting_lookup((config_setting_t *)profiles->written[i], "name");
	char before[EG_CONFIG_PATH_SIZE];
	size_t j;

	if (!setting)
		return eg_config_fail(profiles->report, -EINVAL, list[i].line,
				      EG_CONFIG_PROFILES "[%zu]: has no name; add name = \"ops\";",
				      i - 1);
	for (j = 0; j < i && strcmp(list[j].name, list[i].name) != 0; j++)
		;
	if (j == i)
		return 0;
	if (j == 0)
		return eg_config_fail(profiles->report, -EINVAL, eg_config_line(setting),
				      "%sname: \"%s\" is what the keys outside of profiles make; "
				      "choose another name",
				      where(i, before), list[i].name);
	return eg_config_fail(profiles->report, -EINVAL, eg_config_line(setting),
			      "%sname: \"%s\" is the name of the profile on line %u",
			      where(i, before), list[i].name, list[j].line);
}

/* Its name, and what it extends. */
static int apply_named(struct profiles *profiles, size_t i)
{
	struct eg_config_profile *profile = &profiles->config->profiles[i];
	size_t n = strlen(EG_CONFIG_PROFILES_PREFIX), k;
	int err = 0;

	profile->line = eg_config_line(profiles->written[i]);
	for (k = 0; k < profiles->schema->n && err == 0; k++) {
		struct eg_config_key key = profiles->schema->keys[k];
		char before[EG_CONFIG_PATH_SIZE], path[EG_CONFIG_PATH_SIZE + 32];
		const config_setting_t *setting;

		if (key.owner != EG_CONFIG_OF_NAMED)
			continue;
		setting = config_setting_lookup((config_setting_t *)profiles->written[i],
						key.path + n);
		(void)snprintf(path, sizeof(path), "%s%s", where(i, before), key.path + n);
		key.path = path;
		if (setting)
			err = eg_config_apply(profiles->report, &key, setting, profile);
	}
	if (err == 0)
		err = check_name(profiles, i);
	return err == 0 ? find_parent(profiles, i) : err;
}

/* ---- doors */

static int apply_profile(struct profiles *profiles, size_t i)
{
	int err = i ? apply_named(profiles, i) : 0;
	size_t k, at;

	profiles->config->profiles[i].mode_set = find_setting(profiles, i, "mode", &at);
	for (k = 0; k < profiles->schema->n && err == 0; k++)
		if (profiles->schema->keys[k].owner == EG_CONFIG_OF_PROFILE)
			err = apply_key(profiles, &profiles->schema->keys[k], i);
	return err == 0 ? apply_groups(profiles, i) : err;
}

/* Room for n more than "default". */
static int make_room(const struct eg_config_report *report, struct eg_config *config, size_t n)
{
	struct eg_config_profile *list =
		reallocarray(config->profiles, n + 1, sizeof(*config->profiles));

	if (!list)
		return eg_config_fail_memory(report);
	memset(list + 1, 0, n * sizeof(*list));
	config->profiles = list;
	return 0;
}

int eg_config_apply_profiles(const struct eg_config_report *report,
			     const struct eg_config_schema *schema, const config_setting_t *root,
			     struct eg_config *config)
{
	const config_setting_t *list = config_setting_get_member(root, EG_CONFIG_PROFILES);
	size_t n = list ? (size_t)config_setting_length(list) : 0, i;
	eg_auto_free const config_setting_t **written = calloc(n + 1, sizeof(*written));
	struct profiles profiles = {
		.report = report, .schema = schema, .config = config, .written = written};
	int err;

	if (!written)
		return eg_config_fail_memory(report);
	if (n + 1 > EG_CONFIG_PROFILES_MAX)
		return eg_config_fail(report, -EINVAL, eg_config_line(list),
				      EG_CONFIG_PROFILES ": %zu profiles are too many; besides "
							 "\"default\" there can be %d",
				      n, EG_CONFIG_PROFILES_MAX - 1);
	err = make_room(report, config, n);
	written[0] = root;
	for (i = 0; i <= n && err == 0; i++) {
		if (i)
			written[i] = eg_config_element(list, (int)i - 1);
		config->n_profiles = i + 1;
		err = apply_profile(&profiles, i);
	}
	return err;
}
