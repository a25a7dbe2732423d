// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rules: groups of programs with rules of their own, each with the keys that the schema has for a
 * group.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "util.h"

/* The i-th group's keys. In messages their names have its number: rules[0].deny[3]. */
static int apply_group(const struct eg_config_report *report, const struct eg_config_schema *schema,
		       const char *where, const config_setting_t *setting, int i,
		       struct eg_config_group *group)
{
	int err = 0;
	size_t k;

	group->line = eg_config_line(setting);
	for (k = 0; k < schema->n && err == 0; k++) {
		const char *name = schema->keys[k].path + strlen(EG_CONFIG_GROUPS_PREFIX);
		struct eg_config_key key = schema->keys[k];
		const config_setting_t *value;
		char path[EG_CONFIG_PATH_SIZE];

		if (key.owner != EG_CONFIG_OF_GROUP)
			continue;
		value = config_setting_lookup((config_setting_t *)setting, name);
		if (!value)
			continue;
		(void)snprintf(path, sizeof(path), "%s" EG_CONFIG_GROUPS "[%d].%s", where, i, name);
		key.path = path;
		err = eg_config_apply(report, &key, value, group);
	}
	return err;
}

/* Two groups for one program would leave open which of them counts. */
static int check_programs_once(const struct eg_config_report *report, const char *where,
			       const struct eg_config_profile *profile, size_t i)
{
	const struct eg_config_texts *programs = &profile->groups[i].programs, *others;
	char quoted[EG_CONFIG_QUOTE_SIZE];
	size_t j, a, b;

	for (j = 0; j < i; j++)
		for (others = &profile->groups[j].programs, a = 0; a < others->n; a++)
			for (b = 0; b < programs->n; b++) {
				const char *text = programs->list[b].text;

				if (strcmp(others->list[a].text, text) != 0)
					continue;
				return eg_config_fail(
					report, -EINVAL, programs->list[b].line,
					"%s" EG_CONFIG_GROUPS
					"[%zu].programs[%zu]: %s has rules of its own already, on "
					"line %u; a program is named once",
					where, i, b, eg_config_quote(quoted, text, strlen(text)),
					others->list[a].line);
			}
	return 0;
}

int eg_config_apply_groups(const struct eg_config_report *report,
			   const struct eg_config_schema *schema, const char *where,
			   const config_setting_t *setting, struct eg_config_profile *profile)
{
	int i, err, n_groups = config_setting_length(setting);

	if (n_groups > EG_PROGRAM_POLICIES_MAX)
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s" EG_CONFIG_GROUPS
				      ": %d groups are too many; one profile takes %d",
				      where, n_groups, EG_PROGRAM_POLICIES_MAX);
	profile->groups = calloc((size_t)n_groups + 1, sizeof(*profile->groups));
	if (!profile->groups)
		return eg_config_fail_memory(report);
	for (i = 0; i < n_groups; i++) {
		const config_setting_t *element = eg_config_element(setting, i);

		profile->n_groups++;
		err = apply_group(report, schema, where, element, i, &profile->groups[i]);
		if (err < 0)
			return err;
		if (!profile->groups[i].programs.n)
			return eg_config_fail(report, -EINVAL, eg_config_line(element),
					      "%s" EG_CONFIG_GROUPS
					      "[%d]: names no programs; add programs = "
					      "[ \"/usr/bin/git\" ];",
					      where, i);
		err = check_programs_once(report, where, profile, (size_t)i);
		if (err < 0)
			return err;
	}
	return 0;
}

void eg_config_groups_done(struct eg_config_profile *profile)
{
	size_t i;

	for (i = 0; i < profile->n_groups; i++) {
		struct eg_config_group *group = &profile->groups[i];

		eg_config_texts_done(&group->programs);
		eg_config_texts_done(&group->setuid_allow);
		eg_config_texts_done(&group->files_deny_read);
		eg_config_texts_done(&group->files_deny_write);
		eg_config_texts_done(&group->files_allow);
		free(group->egress.list);
		free(group->bind.list);
	}
	free(profile->groups);
	profile->groups = NULL;
	profile->n_groups = 0;
}
