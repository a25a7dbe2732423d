// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Entries of match that decide for nobody, see match_idle.h. An entry holds for whoever has one of
 * each of its lists; so it is taken apart into these, and each is looked for in the entries before.
 */
#include "match_idle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"
#include "match.h"
#include "util.h"

enum {
	STEPS_MAX = 1 << 16, /* how often an entry before is asked, for one entry */
	LACKS_WORK = 11,     /* comparisons of eg_match_lacks */
};

/* ---- services ---- */

unsigned int eg_match_lacks(const char *service)
{
	/* Only sshd says which key it was. Of the others those are here that set no PAM_RHOST, or,
	 * as sudo, a name at most. */
	static const struct {
		const char *name;
		unsigned int lacks;
	} known[] = {
		{"systemd-user", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"cron", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"crond", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"atd", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"su", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"su-l", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"runuser", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"runuser-l", EG_MATCH_RHOST | EG_MATCH_KEY},
		{"sudo", EG_MATCH_KEY},
		{"sudo-i", EG_MATCH_KEY},
		{"login", EG_MATCH_KEY},
	};

	for (size_t i = 0; service && i < EG_ARRAY_SIZE(known); i++)
		if (strcmp(known[i].name, service) == 0)
			return known[i].lacks;
	return 0;
}

static unsigned int wants(const struct eg_config_match *match)
{
	return (match->rhost.set ? EG_MATCH_RHOST : 0U) | (match->key.set ? EG_MATCH_KEY : 0U);
}

unsigned int eg_match_impossible(const struct eg_config_match *match)
{
	unsigned int first = 0;

	for (size_t i = match->service.n; i-- > 0;) {
		first = eg_match_lacks(match->service.list[i].text) & wants(match);
		if (!first)
			return 0;
	}
	return first;
}

/* ---- one of each ---- */

enum { USER, GROUP, SERVICE, KEY, N_LISTS };

struct search {
	const struct eg_config_match *entry;
	const struct eg_config_match *before; /* the first that has a say */
	const char *one[N_LISTS];	      /* NULL: the entry does not ask for it */
	struct eg_cidr *nets;		      /* room for those of all entries */
	size_t steps;
	size_t *work; /* comparisons that are left */
};

/* Is there so much work left? Then it is taken; else what is left is, so that nothing more is
 * tried. */
static bool spend(const struct search *search, size_t n)
{
	bool enough = *search->work >= n;

	*search->work -= enough ? n : *search->work;
	return enough;
}

static const struct eg_config_texts *list_of(const struct eg_config_match *match, size_t i)
{
	const struct eg_config_texts *const lists[N_LISTS] = {[USER] = &match->user,
							      [GROUP] = &match->group,
							      [SERVICE] = &match->service,
							      [KEY] = &match->key};

	return lists[i];
}

/* false also when there is no work left: then less seems to be covered than is. */
static bool has_text(const struct search *search, const struct eg_config_texts *texts,
		     const char *text)
{
	return spend(search, texts->n) && eg_match_text(texts, text);
}

/* Does the entry hold for such a person, coming from somewhere? */
static bool takes(const struct search *search, const struct eg_config_match *match)
{
	for (size_t i = 0; i < N_LISTS; i++)
		if (list_of(match, i)->set && !has_text(search, list_of(match, i), search->one[i]))
			return false;
	return true;
}

static int compare_nets(const void *a, const void *b)
{
	return eg_cidr_compare(a, b);
}

/* Are the entry's networks in the n that there are? */
static bool are_covered(const struct search *search, size_t n)
{
	const struct eg_config_match *entry = search->entry;

	if (!entry->rhost.set)
		return false;
	for (size_t width = 1; width < n; width *= 2) /* to sort them */
		if (!spend(search, n))
			return false;
	if (!spend(search, n * entry->rhost.n))
		return false;
	qsort(search->nets, n, sizeof(*search->nets), compare_nets);
	for (size_t i = 0; i < entry->rhost.n; i++)
		if (!eg_cidr_covered(&entry->networks[i], search->nets, n))
			return false;
	return true;
}

/* Do the entries before hold for such a person, from wherever the entry lets him come? Nobody is
 * such a person where the service is without what the entry names. */
static bool is_taken(struct search *search, const struct eg_config *config)
{
	size_t n = 0;

	if (!spend(search, LACKS_WORK))
		return false;
	if (eg_match_lacks(search->one[SERVICE]) & wants(search->entry))
		return true;
	for (const struct eg_config_match *match = config->matches; match < search->entry;
	     match++) {
		if (search->steps++ >= STEPS_MAX || !spend(search, 1))
			return false;
		if (!takes(search, match))
			continue;
		if (!search->before || match < search->before)
			search->before = match;
		if (!match->rhost.set)
			return true;
		memcpy(search->nets + n, match->networks, match->rhost.n * sizeof(*search->nets));
		n += match->rhost.n;
	}
	return are_covered(search, n);
}

/* The same for all who have one of each of the entry's lists, from the i-th on. */
static bool are_taken(struct search *search, const struct eg_config *config, size_t i)
{
	const struct eg_config_texts *list;

	if (i == N_LISTS)
		return is_taken(search, config);
	list = list_of(search->entry, i);
	search->one[i] = NULL;
	if (!list->set)
		return are_taken(search, config, i + 1);
	for (size_t k = 0; k < list->n; k++) {
		search->one[i] = list->list[k].text;
		if (!are_taken(search, config, i + 1))
			return false;
	}
	return true;
}

/* ---- one entry before */

static bool takes_all(const struct search *search, const struct eg_config_match *match)
{
	for (size_t i = 0; i < N_LISTS; i++) {
		const struct eg_config_texts *outer = list_of(match, i),
					     *inner = list_of(search->entry, i);

		if (outer->set && !inner->set)
			return false;
		for (size_t k = 0; outer->set && k < inner->n; k++)
			if (!has_text(search, outer, inner->list[k].text))
				return false;
	}
	return true;
}

static bool covers(struct search *search, const struct eg_config_match *match)
{
	if (!spend(search, 1) || !takes_all(search, match))
		return false;
	if (!match->rhost.set)
		return true;
	memcpy(search->nets, match->networks, match->rhost.n * sizeof(*search->nets));
	return are_covered(search, match->rhost.n);
}

/* ---- doors */

int eg_match_covered(const struct eg_config *config, size_t index, size_t *work,
		     const struct eg_config_match **ret)
{
	struct search search = {.entry = &config->matches[index], .work = work};
	struct eg_cidr *nets eg_auto_free = NULL;
	size_t room = 1;

	for (size_t i = 0; i < index; i++)
		room += config->matches[i].rhost.n;
	search.nets = nets = calloc(room, sizeof(*nets));
	if (!nets)
		return -ENOMEM;
	for (size_t i = 0; i < index; i++)
		if (covers(&search, &config->matches[i])) {
			*ret = &config->matches[i];
			return 1;
		}
	if (!are_taken(&search, config, 0) || !search.before)
		return 0;
	*ret = search.before;
	return 2;
}
