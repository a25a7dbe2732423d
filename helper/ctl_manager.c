// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * check: whose sessions get a stricter profile than the user's systemd manager? All sessions of a
 * user share that, it is matched without address and key, and any of them can have it run programs.
 * People that match can tell from others are tried out: who is found is really given the two.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl.h"
#include "match.h"
#include "match_idle.h"
#include "util.h"

enum {
	ASKS_MAX = 200000, /* takes seconds with the longest list of entries */
	PAIRS_MAX = 64,	   /* groups of which two are tried together */
};

/* What is known of two profiles. */
struct pair {
	bool known, said;
	const char *key; /* as eg_ctl_looser has it */
};

struct search {
	const struct eg_config *config;
	struct pair *pairs; /* owned: the manager's profile * n_profiles + the session's */
	int n_asks, found;
	/* the person at hand */
	size_t manager; /* profile */
	const struct eg_config_match *by;
};

static struct pair *compare(struct search *search, size_t session)
{
	const struct eg_config_profile *list = search->config->profiles;
	struct pair *pair = &search->pairs[search->manager * search->config->n_profiles + session];

	if (!pair->known)
		*pair = (struct pair){.known = true,
				      .key = eg_ctl_looser(&list[search->manager], &list[session])};
	return pair;
}

/* Says so once for two profiles: what mends one entry mends most. by: the entry that decides for
 * the session, NULL = none; then there is one for the manager. */
static void report(struct search *search, size_t session, const struct eg_config_match *by)
{
	const char *given = search->config->profiles[session].name;
	const char *manager = search->config->profiles[search->manager].name;
	struct pair *pair = compare(search, session);
	char where[64] = "";

	if (!pair->key || pair->said)
		return;
	pair->said = true;
	if (by && search->by)
		(void)snprintf(where, sizeof(where), " by line %u", search->by->line);
	search->found += eg_ctl_warn_at(
		search->config, by ? by->line : search->by->line,
		"sessions that get \"%s\"%s can have programs run by the user's systemd manager, "
		"which gets \"%s\"%s: it is not as strict, or not known to be, in %s; give it "
		"\"%s\", too, by an entry for the same people with service = \"systemd-user\"%s",
		given, by ? " here" : " because no entry matches", manager,
		search->by ? (by ? where : " here") : " because no entry matches", pair->key, given,
		search->by ? " above that one" : "");
}

static void ask(struct search *search, const struct eg_match_who *who)
{
	const struct eg_config_match *by = NULL;
	unsigned int lacks = eg_match_lacks(who->service);
	size_t session = 0;

	if ((who->rhost && lacks & EG_MATCH_RHOST) || (who->key && lacks & EG_MATCH_KEY))
		return; /* there is no such session */
	if (search->n_asks++ >= ASKS_MAX)
		return;
	(void)eg_match_find(search->config, who, &session, &by); /* groups are known */
	if (session != search->manager)
		report(search, session, by);
}

/* One of a network's addresses: its first. */
static const char *address_of(const struct eg_cidr *net, char buf[EG_CIDR_TEXT_SIZE])
{
	(void)eg_cidr_format(net, buf);
	buf[strcspn(buf, "/")] = '\0';
	return buf;
}

/* Each address and key that the entry names; none where it names none. */
static void ask_sources(struct search *search, const struct eg_config_match *match,
			struct eg_match_who who)
{
	size_t n_nets = match->rhost.set ? match->rhost.n : 1;
	size_t n_keys = match->key.set ? match->key.n : 1;
	char address[EG_CIDR_TEXT_SIZE];

	for (size_t i = 0; i < n_nets; i++) {
		if (match->rhost.set)
			who.rhost = address_of(&match->networks[i], address);
		for (size_t k = 0; k < n_keys; k++) {
			if (match->key.set)
				who.key = match->key.list[k].text;
			ask(search, &who);
		}
	}
}

static bool names(const struct eg_config_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++)
		if (strcmp(texts->list[i].text, text) == 0)
			return true;
	return false;
}

static bool is_for(const struct eg_config_match *match, const struct eg_match_who *who)
{
	bool member = !match->group.set;

	for (size_t i = 0; i < who->n_groups && !member; i++)
		member = names(&match->group, who->groups[i]);
	return member && (!match->user.set || names(&match->user, who->user));
}

/* All sessions that the person can have: by each entry's own criteria, and by sshd where it names
 * no service. What sshd gives nobody is no reason to warn. */
static void try_person(struct search *search, const char *user, const char *const *groups, size_t n)
{
	struct eg_match_who who = {.user = user,
				   .service = "systemd-user",
				   .groups = groups,
				   .n_groups = n,
				   .groups_known = true};

	(void)eg_match_find(search->config, &who, &search->manager, &search->by);
	who.service = "sshd";
	ask(search, &who);
	for (size_t i = 0; i < search->config->n_matches; i++) {
		const struct eg_config_match *match = &search->config->matches[i];

		if (!is_for(match, &who))
			continue;
		who.service = "sshd";
		if (!match->service.set)
			ask_sources(search, match, who);
		for (size_t k = 0; k < match->service.n; k++) {
			who.service = match->service.list[k].text;
			if (strcmp(who.service, "systemd-user") != 0)
				ask_sources(search, match, who);
		}
	}
}

/* The users that match names, with the groups they have here. */
static int try_users(struct search *search)
{
	int r = 0;

	for (size_t i = 0; i < search->config->n_matches; i++) {
		const struct eg_config_texts *users = &search->config->matches[i].user;

		for (size_t k = 0; k < users->n && !r; k++) {
			__attribute__((cleanup(eg_ctl_groups_done))) struct eg_ctl_groups groups = {
				0};
			const char *user = users->list[k].text;

			if (!eg_ctl_is_user(user))
				continue;
			r = eg_ctl_groups_find(user, &groups);
			if (!r)
				try_person(search, user, groups.names, groups.n);
		}
	}
	return r;
}

/* Somebody else: in none of the groups that match names, in one, and in two if these are few. */
static int try_others(struct search *search)
{
	const char **groups eg_auto_free = NULL;
	size_t n = 0;

	groups = eg_match_groups(search->config, &n);
	if (!groups)
		return -ENOMEM;
	try_person(search, "", NULL, 0);
	for (size_t i = 0; i < n && search->n_asks < ASKS_MAX; i++) {
		try_person(search, "", &groups[i], 1);
		for (size_t k = 0; k < i && n <= PAIRS_MAX && search->n_asks < ASKS_MAX; k++)
			try_person(search, "", (const char *[]){groups[i], groups[k]}, 2);
	}
	return 0;
}

int eg_ctl_find_managers(const struct eg_config *config)
{
	struct pair *pairs eg_auto_free = NULL;
	struct search search = {.config = config};
	int r;

	if (!config->n_matches)
		return 0;
	pairs = calloc(config->n_profiles * config->n_profiles, sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	search.pairs = pairs;
	r = try_others(&search);
	if (!r)
		r = try_users(&search);
	if (search.n_asks > ASKS_MAX)
		search.found += eg_ctl_warn_at(
			config, config->matches[0].line,
			"match: not all people were looked at for whether the user's systemd "
			"manager gets as strict a profile as their sessions: they are too many");
	return r < 0 ? r : search.found;
}
