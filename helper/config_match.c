// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * match: a list of groups that say who gets which profile. What they mean is match.c's.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* The profile that was probably meant, NULL when none is near. */
static const char *nearest(const struct eg_config *config, const char *name)
{
	const char *meant = NULL;
	unsigned int best = 3;

	for (size_t i = 0; i < config->n_profiles; i++) {
		const char *known = config->profiles[i].name;
		unsigned int edits = best;

		if (strlen(name) <= EG_CONFIG_HINT_MAX && strlen(known) <= EG_CONFIG_HINT_MAX)
			edits = eg_config_distance(name, known);
		if (edits >= best || 2 * edits >= strlen(known))
			continue;
		best = edits;
		meant = known;
	}
	return meant;
}

static int find_profile(const struct eg_config_report *report, const config_setting_t *group, int i,
			const struct eg_config *config, struct eg_config_match *match)
{
	const config_setting_t *setting = config_setting_get_member(group, "profile");
	const char *meant;

	if (!setting)
		return eg_config_fail(report, -EINVAL, match->line,
				      EG_CONFIG_MATCHES
				      "[%d]: names no profile; add profile = \"%s\";",
				      i, config->profiles[config->n_profiles - 1].name);
	for (size_t j = 0; j < config->n_profiles; j++)
		if (strcmp(config->profiles[j].name, match->name) == 0) {
			match->profile = j;
			return 0;
		}
	meant = nearest(config, match->name);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      EG_CONFIG_MATCHES "[%d].profile: there is no profile \"%s\"%s%s%s", i,
			      match->name, meant ? "; did you mean \"" : "", meant ? meant : "",
			      meant ? "\"?" : "");
}

/* what: how messages name the text. */
static int parse_network(const struct eg_config_report *report, const char *what,
			 const struct eg_config_text *text, struct eg_cidr *ret)
{
	char quoted[EG_CONFIG_QUOTE_SIZE], network[EG_CIDR_TEXT_SIZE];
	const char *why = NULL, *loose_why = NULL;
	struct eg_cidr loose = {0};

	if (eg_cidr_parse(text->text, ret, &why) == 0)
		return 0;
	eg_config_quote(quoted, text->text, strlen(text->text));
	if (eg_cidr_parse_loose(text->text, &loose, &loose_why) == 0)
		return eg_config_fail(report, -EINVAL, text->line, "%s: %s %s; the network is %s",
				      what, quoted, why, eg_cidr_format(&loose, network));
	return eg_config_fail(report, -EINVAL, text->line, "%s: %s %s", what, quoted, why);
}

static int parse_networks(const struct eg_config_report *report, const struct eg_config_key *key,
			  const config_setting_t *setting, struct eg_config_match *match)
{
	bool alone = config_setting_get_string(setting);
	char what[EG_CONFIG_WHAT_SIZE];
	int err = 0;

	match->networks = calloc(match->rhost.n + 1, sizeof(*match->networks));
	if (!match->networks)
		return eg_config_fail_memory(report);
	for (size_t j = 0; j < match->rhost.n && err == 0; j++)
		err = parse_network(report, eg_config_what(what, key, alone ? -1 : (int)j),
				    &match->rhost.list[j], &match->networks[j]);
	return err;
}

/* Behind one that everybody matches the others would never be asked. */
static int check_catch_all(const struct eg_config_report *report, int i, bool last,
			   const struct eg_config_match *match)
{
	if (last || match->user.set || match->group.set || match->service.set || match->rhost.set ||
	    match->key.set)
		return 0;
	return eg_config_fail(report, -EINVAL, match->line,
			      EG_CONFIG_MATCHES
			      "[%d]: matches everybody, and so nobody is left for those behind it; "
			      "move it to the end, or add user, group, service, rhost or key",
			      i);
}

static int apply_match(const struct eg_config_report *report, const struct eg_config_schema *schema,
		       const config_setting_t *group, int i, struct eg_config_match *match)
{
	size_t n = strlen(EG_CONFIG_MATCHES_PREFIX), k;
	int err = 0;

	match->line = eg_config_line(group);
	for (k = 0; k < schema->n && err == 0; k++) {
		struct eg_config_key key = schema->keys[k];
		const config_setting_t *setting;
		char path[EG_CONFIG_PATH_SIZE];

		if (key.owner != EG_CONFIG_OF_MATCH)
			continue;
		setting = config_setting_get_member(group, key.path + n);
		(void)snprintf(path, sizeof(path), EG_CONFIG_MATCHES "[%d].%s", i, key.path + n);
		key.path = path;
		if (setting)
			err = eg_config_apply(report, &key, setting, match);
		if (setting && err == 0 && key.type == EG_CONFIG_SOURCES)
			err = parse_networks(report, &key, setting, match);
	}
	return err;
}

int eg_config_apply_matches(const struct eg_config_report *report,
			    const struct eg_config_schema *schema, const config_setting_t *root,
			    struct eg_config *config)
{
	const config_setting_t *list = config_setting_get_member(root, EG_CONFIG_MATCHES);
	int i, err = 0, n = list ? config_setting_length(list) : 0;

	if (n > EG_CONFIG_MATCHES_MAX)
		return eg_config_fail(report, -EINVAL, eg_config_line(list),
				      EG_CONFIG_MATCHES ": %d entries are too many; it takes %d", n,
				      EG_CONFIG_MATCHES_MAX);
	config->matches = calloc((size_t)n + 1, sizeof(*config->matches));
	if (!config->matches)
		return eg_config_fail_memory(report);
	for (i = 0; i < n && err == 0; i++) {
		const config_setting_t *group = eg_config_element(list, i);
		struct eg_config_match *match = &config->matches[config->n_matches++];

		err = apply_match(report, schema, group, i, match);
		if (err == 0)
			err = find_profile(report, group, i, config, match);
		if (err == 0)
			err = check_catch_all(report, i, i == n - 1, match);
	}
	return err;
}

void eg_config_matches_done(struct eg_config *config)
{
	for (size_t i = 0; i < config->n_matches; i++) {
		struct eg_config_match *match = &config->matches[i];

		eg_config_texts_done(&match->user);
		eg_config_texts_done(&match->group);
		eg_config_texts_done(&match->service);
		eg_config_texts_done(&match->key);
		eg_config_texts_done(&match->rhost);
		free(match->networks);
	}
	free(config->matches);
	config->matches = NULL;
	config->n_matches = 0;
}
