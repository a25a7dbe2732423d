/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What config.c shares with config_apply.c and config_texts.c, which put a setting's value where it
 * belongs, and config_words.c, which knows names. Pure.
 */
#ifndef EG_CONFIG_APPLY_H
#define EG_CONFIG_APPLY_H

#include <libconfig.h>

#include "config_scan.h"

enum { EG_CONFIG_HINT_MAX = 32 }; /* longest name that a suggestion is sought for */

enum eg_config_type {
	EG_CONFIG_WORD,	     /* one of words, stored as unsigned int */
	EG_CONFIG_WORD_BOOL, /* one of two words, stored as bool */
	EG_CONFIG_BOOL,
	EG_CONFIG_NETWORKS, /* rules for addresses, in a struct eg_config_rules */
	EG_CONFIG_PORTS,    /* rules for bind, likewise */
	EG_CONFIG_SOCKETS,  /* families and protocols */
	/* lists of strings, in a struct eg_config_texts */
	EG_CONFIG_IDS,		/* users or groups, by name or number */
	EG_CONFIG_USERS,	/* names of users */
	EG_CONFIG_PATHS,	/* absolute paths */
	EG_CONFIG_TREES,	/* absolute paths, of files and of all below directories */
	EG_CONFIG_MOUNTS,	/* types of file systems, absolute paths */
	EG_CONFIG_SERVERS,	/* names that unix sockets were bound to */
	EG_CONFIG_DIGESTS,	/* SHA-256 in hex */
	EG_CONFIG_CAPABILITIES, /* a bitmap, stored as uint64_t */
};

/* Whose setting it is. */
enum eg_config_owner {
	EG_CONFIG_OF_PROFILE,
	EG_CONFIG_OF_FILE,
	EG_CONFIG_OF_GROUP, /* path begins with EG_CONFIG_GROUPS_PREFIX */
};

#define EG_CONFIG_GROUPS	"rules"
#define EG_CONFIG_GROUPS_PREFIX EG_CONFIG_GROUPS "[]."

/* A setting of the file. */
struct eg_config_key {
	const char *path; /* dotted */
	enum eg_config_type type;
	enum eg_config_owner owner;
	/* in the struct of its owner: eg_config_profile, eg_config, eg_config_group */
	size_t offset;
	/* default; NETWORKS and PORTS: 1 = the rules allow; lists of strings: 1 = an empty one is
	 * refused */
	int value;
	/* NETWORKS, PORTS and TREES: most of them, together with those of the others of its kind;
	 * other lists of strings: most of them, 0 = EG_CONFIG_TEXTS_MAX */
	int limit;
	/* NULL-terminated; WORD and WORD_BOOL: names of the values from 0; lists of strings: what
	 * applies where the setting is missing */
	const char *const *words;
};

static inline config_setting_t *eg_config_element(const config_setting_t *setting, int i)
{
	return config_setting_get_elem(setting, (unsigned int)i);
}

/* The line the scan has found for a setting: config.c puts it into the hook. */
static inline unsigned int eg_config_line(const config_setting_t *setting)
{
	return (unsigned int)(uintptr_t)config_setting_get_hook(setting);
}

/* Reports a value of the wrong type or form. what: the setting as people name it. -EINVAL. */
int eg_config_fail_type(const struct eg_config_report *report, const config_setting_t *setting,
			const char *what, const char *expected);

/* Is it an array or a list? libconfig takes either. */
bool eg_config_is_list(const config_setting_t *setting);

/* The string of the i-th element of a list, borrowed; NULL with the report filled when it is not a
 * string. expected: what it should be. */
const char *eg_config_element_text(const struct eg_config_report *report,
				   const struct eg_config_key *key, const config_setting_t *element,
				   int i, const char *expected);

/* Reports that the i-th element, text, stands in its list before. -EINVAL. */
int eg_config_fail_twice(const struct eg_config_report *report, const struct eg_config_key *key,
			 int i, const char *text, unsigned int line, unsigned int first_line);

/* Puts the key's default where it belongs. Not for rules, sockets and lists: zeroed they are empty,
 * and a list not set. owner: the profile or the configuration, as the key says. */
void eg_config_apply_default(const struct eg_config_key *key, void *owner);

/* Puts a value where it belongs; takes effect in part when it fails. owner: likewise. 0, or -EINVAL
 * or -ENOMEM with the report filled. */
int eg_config_apply(const struct eg_config_report *report, const struct eg_config_key *key,
		    const config_setting_t *setting, void *owner);

/* The same for lists of strings and for capabilities. */
int eg_config_apply_texts(const struct eg_config_report *report, const struct eg_config_key *key,
			  const config_setting_t *setting, void *owner);
int eg_config_apply_capabilities(const struct eg_config_report *report,
				 const struct eg_config_key *key, const config_setting_t *setting,
				 void *owner);

/*
 * rules (config_groups.c): a list of groups, each with those of the n keys that are OF_GROUP. Their
 * names must have been checked. 0, or -EINVAL or -ENOMEM with the report filled; what was applied
 * is the profile's either way.
 */
int eg_config_apply_groups(const struct eg_config_report *report, const struct eg_config_key *keys,
			   size_t n, const config_setting_t *setting,
			   struct eg_config_profile *profile);

/* Releases the profile's groups. */
void eg_config_groups_done(struct eg_config_profile *profile);

/* Releases what a list owns, not the list. */
void eg_config_texts_done(struct eg_config_texts *texts);

/* Edit distance, capitals aside; two neighbours that have changed places count once. Both at most
 * EG_CONFIG_HINT_MAX long. */
unsigned int eg_config_distance(const char *a, const char *b);

/*
 * A name of sockets.allow. Exactly one of *ret_family (number) and *ret_protocol (EG_OPEN_*) is
 * set, the other is 0. Returns 0, or -EINVAL when nothing is named so.
 */
int eg_config_socket(const char *name, unsigned int *ret_family, uint32_t *ret_protocol);

/* The name that was probably meant, NULL when none is near: of sockets.allow, or a capability's
 * without "CAP_". */
const char *eg_config_socket_nearest(const char *name);
const char *eg_config_capability_nearest(const char *name);

#endif
