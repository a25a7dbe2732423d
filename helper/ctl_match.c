// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Profiles and match, as explain and check see them: who gets which, and what of it was hardly
 * meant. The groups of a user are asked of this host, as NSS has them.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl.h"
#include "match.h"
#include "match_idle.h"
#include "util.h"

enum { GROUPS_MAX = 65536 }; /* NGROUPS_MAX: the kernel takes no more */

/* ---- explain ---- */

void eg_ctl_groups_done(struct eg_ctl_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		free((char *)groups->names[i]);
	free(groups->names);
}

/* Returns the ids, owned by the caller, and how many; NULL: no memory. */
static gid_t *group_ids(const struct passwd *user, int *ret_n)
{
	int n = 64;

	for (;;) {
		gid_t *ids = calloc((size_t)n, sizeof(*ids));
		int wanted = n;

		if (!ids || getgrouplist(user->pw_name, user->pw_gid, ids, &wanted) >= 0) {
			*ret_n = wanted;
			return ids;
		}
		free(ids);
		if (n >= GROUPS_MAX)
			return NULL;
		n = wanted > n ? wanted : 2 * n;
	}
}

int eg_ctl_groups_find(const char *name, struct eg_ctl_groups *ret)
{
	const struct passwd *user = getpwnam(name);
	gid_t *ids eg_auto_free = NULL;
	char clean[EG_CTL_SAFE_SIZE];
	int n = 0;

	if (!user) {
		warnx("%s: there is no such user here, so taken to be in no group",
		      eg_ctl_safe(name, clean, sizeof(clean)));
		return 0;
	}
	ids = group_ids(user, &n);
	ret->names = ids ? calloc((size_t)n + 1, sizeof(*ret->names)) : NULL;
	if (!ret->names)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		const struct group *group =
			getgrgid(ids[i]); /* cppcheck-suppress getgrgidCalled ; one thread */

		if (!group)
			continue;
		ret->names[ret->n] = strdup(group->gr_name);
		if (!ret->names[ret->n])
			return -ENOMEM;
		ret->n++;
	}
	return 0;
}

int eg_ctl_choose(const struct eg_config *config, const struct eg_ctl_options *options,
		  const char *user, const struct eg_config_profile **ret,
		  const struct eg_config_match **ret_match, struct eg_match_reason *ret_why)
{
	__attribute__((cleanup(eg_ctl_groups_done))) struct eg_ctl_groups groups = {0};
	struct eg_match_who who = {.user = user,
				   .service = options->service,
				   .rhost = options->rhost,
				   .key = options->key};
	size_t profile = 0;
	int r = eg_match_find(config, &who, &profile, ret_match);

	if (r == -EAGAIN) {
		r = eg_ctl_groups_find(user, &groups);
		if (r < 0)
			return r;
		who.groups = groups.names;
		who.n_groups = groups.n;
		who.groups_known = true;
		r = eg_match_find(config, &who, &profile, ret_match);
		r = r < 0 ? r : 1;
	}
	*ret = &config->profiles[profile];
	if (r >= 0 && *ret_match && ret_why)
		*ret_why = eg_match_explain(*ret_match, &who);
	return r;
}

/* ---- check ---- */

static int warn_impossible(const struct eg_config *config, const struct eg_config_match *match,
			   unsigned int lacks)
{
	const char *service = match->service.list[0].text;

	if (lacks & EG_MATCH_RHOST)
		return eg_ctl_warn_at(config, match->line,
				      "this entry of match never holds: it names rhost, and "
				      "sessions of the service \"%s\" come from no address",
				      service);
	return eg_ctl_warn_at(config, match->line,
			      "this entry of match never holds: it names key, and sessions of the "
			      "service \"%s\" have none",
			      service);
}

/* Entries that hold for nobody, or that those before them leave nobody for. ret: whether each is
 * one. */
static int find_idle(const struct eg_config *config, bool *ret)
{
	size_t work = EG_MATCH_WORK_MAX;
	int found = 0;

	for (size_t i = 0; i < config->n_matches; i++) {
		const struct eg_config_match *match = &config->matches[i], *by = NULL;
		unsigned int lacks = eg_match_impossible(match);
		int covered = lacks ? 0 : eg_match_covered(config, i, &work, &by);

		if (covered < 0)
			return covered;
		ret[i] = lacks || covered;
		if (lacks)
			found += warn_impossible(config, match, lacks);
		if (covered)
			found += eg_ctl_warn_at(config, match->line,
						"this entry of match never decides: whom it "
						"matches, %s line %u %s before it",
						covered > 1 ? "those from" : "the one on", by->line,
						covered > 1 ? "on do" : "does");
	}
	return found;
}

/* Profiles that no entry gives to anybody, and none that is given extends. */
static int find_unused(const struct eg_config *config, const bool *idle)
{
	bool used[EG_CONFIG_PROFILES_MAX] = {true};
	int found = 0;

	for (size_t i = 0; i < config->n_matches; i++)
		used[config->matches[i].profile] |= !idle[i];
	for (size_t i = config->n_profiles; i-- > 1;) /* what is extended stands before */
		used[config->profiles[i].parent] |= used[i];
	for (size_t i = 1; i < config->n_profiles; i++)
		if (!used[i])
			found += eg_ctl_warn_at(
				config, config->profiles[i].line,
				"nobody gets the profile \"%s\": add an entry to match, such as "
				"{ user = \"...\"; profile = \"%s\"; }",
				config->profiles[i].name, config->profiles[i].name);
	return found;
}

static int find_nobody(const struct eg_config *config, const struct eg_config_texts *texts,
		       bool (*is_there)(const char *name), const char *what)
{
	int found = 0;

	for (size_t i = 0; i < texts->n; i++)
		if (!is_there(texts->list[i].text))
			found += eg_ctl_warn_at(config, texts->list[i].line,
						"match: there is no %s \"%s\" on this host", what,
						texts->list[i].text);
	return found;
}

int eg_ctl_find_matches(const struct eg_config *config)
{
	bool *idle eg_auto_free = calloc(config->n_matches + 1, sizeof(*idle));
	int found;

	if (!idle)
		return -ENOMEM;
	found = find_idle(config, idle);
	if (found < 0)
		return found;
	found += find_unused(config, idle);
	for (size_t i = 0; i < config->n_matches; i++) {
		found += find_nobody(config, &config->matches[i].user, eg_ctl_is_user, "user");
		found += find_nobody(config, &config->matches[i].group, eg_ctl_is_group, "group");
	}
	return found;
}
