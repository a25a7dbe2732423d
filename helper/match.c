// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who gets which profile, see match.h.
 */
#include "match.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"
#include "util.h"

/* ---- one criterion: a list that is not set is none */

const char *eg_match_text(const struct eg_config_texts *texts, const char *text)
{
	for (size_t i = 0; text && *text && i < texts->n; i++)
		if (strcmp(texts->list[i].text, text) == 0)
			return texts->list[i].text;
	return NULL;
}

static bool holds(const struct eg_config_texts *texts, const char *text)
{
	return !texts->set || eg_match_text(texts, text);
}

/* The first network that holds the address, NULL when there is no address or none does. */
static const char *find_network(const struct eg_config_match *match, const struct eg_cidr *address)
{
	for (size_t i = 0; address && i < match->rhost.n; i++)
		if (eg_cidr_contains(&match->networks[i], address->family, address->addr))
			return match->rhost.list[i].text;
	return NULL;
}

static bool comes_from(const struct eg_config_match *match, const struct eg_cidr *address)
{
	return !match->rhost.set || find_network(match, address);
}

/* The first of the entry's groups that the user is in. */
static const char *find_group(const struct eg_config_texts *texts, const struct eg_match_who *who)
{
	for (size_t i = 0; i < texts->n; i++)
		for (size_t k = 0; k < who->n_groups; k++)
			if (strcmp(texts->list[i].text, who->groups[k]) == 0)
				return texts->list[i].text;
	return NULL;
}

/* ---- doors */

int eg_match_find(const struct eg_config *config, const struct eg_match_who *who,
		  size_t *ret_profile, const struct eg_config_match **ret_match)
{
	const struct eg_config_match *found = NULL;
	struct eg_cidr address = {0};
	bool from = eg_cidr_parse_host(who->rhost, &address) == 0;

	for (size_t i = 0; i < config->n_matches && !found; i++) {
		const struct eg_config_match *match = &config->matches[i];

		if (!holds(&match->user, who->user) || !holds(&match->service, who->service) ||
		    !holds(&match->key, who->key) || !comes_from(match, from ? &address : NULL))
			continue;
		if (match->group.set && !who->groups_known)
			return -EAGAIN;
		if (!match->group.set || find_group(&match->group, who))
			found = match;
	}
	*ret_profile = found ? found->profile : 0;
	if (ret_match)
		*ret_match = found;
	return 0;
}

struct eg_match_reason eg_match_explain(const struct eg_config_match *match,
					const struct eg_match_who *who)
{
	struct eg_cidr address = {0};
	bool from = eg_cidr_parse_host(who->rhost, &address) == 0;

	return (struct eg_match_reason){.user = eg_match_text(&match->user, who->user),
					.group = find_group(&match->group, who),
					.service = eg_match_text(&match->service, who->service),
					.rhost = find_network(match, from ? &address : NULL),
					.key = eg_match_text(&match->key, who->key)};
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **eg_match_groups(const struct eg_config *config, size_t *ret_n)
{
	const char **names;
	size_t n = 0, i, j;

	for (i = 0; i < config->n_matches; i++)
		n += config->matches[i].group.n;
	names = calloc(n + 1, sizeof(*names));
	if (!names)
		return NULL;
	for (n = 0, i = 0; i < config->n_matches; i++)
		for (j = 0; j < config->matches[i].group.n; j++)
			names[n++] = config->matches[i].group.list[j].text;
	qsort(names, n, sizeof(*names), compare_names);
	for (i = 0, j = 0; i < n; i++)
		if (j == 0 || strcmp(names[j - 1], names[i]) != 0)
			names[j++] = names[i];
	*ret_n = j;
	return names;
}
