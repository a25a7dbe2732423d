/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who gets which profile. Pure: memory only, never asks for names of users or groups.
 *
 * The entries of match are asked in the order of the file, and the first whose criteria all hold
 * decides; whom none matches gets "default". Of a criterion that is a list any element may hold.
 * Names and keys are compared byte by byte. rhost is compared as an address: what is none, as a
 * host's name, is in no network; a v4-mapped one is IPv4; a scope ("%eth0") is passed over.
 */
#ifndef EG_MATCH_H
#define EG_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/* Who asks. NULL is as good as "": nobody and nothing is called so. All borrowed. */
struct eg_match_who {
	const char *user;
	const char *service; /* of PAM; "systemd-user" for a user's manager */
	const char *rhost;
	const char *key;	   /* "SHA256:..." */
	const char *const *groups; /* names, the user's own group included */
	size_t n_groups;
	bool groups_known; /* else groups is not looked at */
};

/*
 * Finds the profile. ret_match: may be NULL; which entry decided, borrowed from config, NULL when
 * none did. ret_profile: its index in config->profiles.
 * Returns 0; -EAGAIN, with nothing written, when groups are not known and the entry that decides
 * depends on them. Groups have a say only where all other criteria of an entry hold: most people
 * are judged without.
 */
int eg_match_find(const struct eg_config *config, const struct eg_match_who *who,
		  size_t *ret_profile, const struct eg_config_match **ret_match);

/* What made an entry hold: of each criterion the first element that does, borrowed from the entry.
 * NULL: the criterion is not set. */
struct eg_match_reason {
	const char *user, *group, *service, *rhost, *key;
};

/* Why an entry decides that eg_match_find has found for the same who. */
struct eg_match_reason eg_match_explain(const struct eg_config_match *match,
					const struct eg_match_who *who);

/* The element of the list that is the text, borrowed from it; NULL: none is. text: may be NULL. */
const char *eg_match_text(const struct eg_config_texts *texts, const char *text);

/*
 * The groups that match names: each once, sorted. Returns an array of *ret_n names, to be freed;
 * the names are borrowed from config. NULL: no memory.
 */
const char **eg_match_groups(const struct eg_config *config, size_t *ret_n);

#endif
