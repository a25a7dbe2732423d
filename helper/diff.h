/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one configuration says otherwise than another. Pure: memory only, never logs.
 *
 * Compared is what is in force, not how it is written: lists are sets, a list that is not set is
 * its default, and a profile has what it takes over from another. Key by key, in the order of the
 * schema; of a list first what only the old one has, then what only the new one has, each in the
 * order of its file.
 */
#ifndef EG_DIFF_H
#define EG_DIFF_H

#include <stdlib.h>

#include "config.h"

enum eg_diff_what {
	EG_DIFF_VALUE, /* a single value: text, was; or a sentence: text */
	EG_DIFF_MORE,  /* an element that only the new one has: text, line */
	EG_DIFF_LESS,  /* one that only the old one has */
	/* the same of networks in feeds: text, line, file */
	EG_DIFF_NETWORK_MORE,
	EG_DIFF_NETWORK_LESS,
};

/* One difference. All texts are borrowed for the call, and hold what the files hold. */
struct eg_diff {
	enum eg_diff_what what;
	const char *key;	/* dotted, as in the manual; "rules[PROGRAM].allow" */
	const char *text, *was; /* was: NULL = there is none to speak of */
	const char *file;	/* the feed it is in; NULL = the configuration */
	unsigned int line;	/* 0 = not written: a default, or a name whose line is not kept */
};

/* Who hears of differences. */
struct eg_diff_ear {
	void (*tell)(void *data, const struct eg_diff *diff);
	void *data;
	/* it is the turn of the networks of deny_files or allow_files: to call eg_diff_networks, or
	 * not; NULL = nobody wants them. 0, or a negative errno that ends it all */
	int (*networks)(void *data, bool allow);
};

/* What the sessions of a profile would notice, but for the networks of its feeds. Returns 0, or
 * -ENOMEM with some of it told. */
int eg_diff_profiles(const struct eg_config_profile *old, const struct eg_config_profile *new,
		     const struct eg_diff_ear *ear);

/*
 * What deny_files or allow_files of a profile load: all networks of the one kind, those that stand
 * in several feeds once. Takes as long as sorting them, and nothing when the feeds are the same.
 * Returns 0 or -ENOMEM. In diff_feeds.c.
 */
int eg_diff_networks(const struct eg_config_profile *old, const struct eg_config_profile *new,
		     bool allow, const struct eg_diff_ear *ear);

/* Do both read the same, from the same places in memory? Then they differ alike from others. */
bool eg_diff_same_feeds(const struct eg_config_profile *a, const struct eg_config_profile *b,
			bool allow);

/* The keys that are for the file as a whole, and match: entries that are more or less, and where
 * those that both have change their order. Returns 0 or -ENOMEM. */
int eg_diff_whole(const struct eg_config *old, const struct eg_config *new,
		  const struct eg_diff_ear *ear);

/* The profile of this name; NULL = there is none. */
const struct eg_config_profile *eg_diff_profile(const struct eg_config *config, const char *name);

/* ---- for diff*.c */

/* An element of a list. */
struct eg_diff_item {
	const struct eg_config_rule *rule; /* NULL: text counts */
	const char *text;		   /* borrowed, as is the next */
	const char *shown;		   /* what is told in its place; NULL = the text */
	int (*compare)(const char *a, const char *b); /* of texts; NULL = byte by byte */
	unsigned int line;
};

/* Elements of one side, in the order of the file, each once. */
struct eg_diff_side {
	struct eg_diff_item *list; /* owned */
	size_t n;
};

/* Tells what only one of them has. ports: rules are those of bind. 0 or -ENOMEM. */
int eg_diff_sides(const struct eg_diff_ear *ear, const char *key, bool ports,
		  const struct eg_diff_side *old, const struct eg_diff_side *new);

/* The same elements, sorted, *ret to be released; and whether such a one has an element. 0 or
 * -ENOMEM. */
int eg_diff_sort(const struct eg_diff_side *side, struct eg_diff_side *ret);
bool eg_diff_has(const struct eg_diff_side *sorted, const struct eg_diff_item *item);

/* The feeds themselves, and their settings. key: "deny_files" or "allow_files". 0 or -ENOMEM. */
int eg_diff_feeds(const struct eg_diff_ear *ear, const char *key, bool allow,
		  const struct eg_config_feeds *old, const struct eg_config_feeds *new);

/* The entries of match (diff_match.c). 0 or -ENOMEM. */
int eg_diff_matches(const struct eg_diff_ear *ear, const struct eg_config *old,
		    const struct eg_config *new);

static inline void eg_diff_side_done(struct eg_diff_side *side)
{
	free(side->list);
}
#define eg_diff_auto_side __attribute__((cleanup(eg_diff_side_done)))

#endif
