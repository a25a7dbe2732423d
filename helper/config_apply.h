/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files config*.c share: the schema (config_schema.c), the names of its keys
 * (config_names.c), what puts a setting's value where it belongs (config_apply.c, config_texts.c
 * and those of one key each), and config_words.c, which knows names of other things. Pure.
 */
#ifndef EG_CONFIG_APPLY_H
#define EG_CONFIG_APPLY_H

#include <libconfig.h>

#include "config_scan.h"

enum {
	EG_CONFIG_HINT_MAX = 32,   /* longest name that a suggestion is sought for */
	EG_CONFIG_PATH_SIZE = 128, /* dotted key, with numbers of groups, NUL included */
	EG_CONFIG_WHAT_SIZE = EG_CONFIG_PATH_SIZE + 16, /* with that of an element */
};

enum eg_config_type {
	EG_CONFIG_WORD,	     /* one of words, stored as unsigned int */
	EG_CONFIG_WORD_BOOL, /* one of two words, stored as bool */
	EG_CONFIG_BOOL,
	EG_CONFIG_NETWORKS, /* rules for addresses, in a struct eg_config_rules */
	EG_CONFIG_PORTS,    /* rules for bind, likewise */
	EG_CONFIG_SOCKETS,  /* families and protocols */
	EG_CONFIG_FEEDS,    /* files that list networks, in a struct eg_config_feeds */
	/* lists of strings, in a struct eg_config_texts */
	EG_CONFIG_IDS,		/* users or groups, by name or number */
	EG_CONFIG_USERS,	/* names of users */
	EG_CONFIG_PATHS,	/* absolute paths */
	EG_CONFIG_TREES,	/* absolute paths, of files and of all below directories */
	EG_CONFIG_MOUNTS,	/* types of file systems, absolute paths */
	EG_CONFIG_SERVERS,	/* names that unix sockets were bound to */
	EG_CONFIG_DIGESTS,	/* SHA-256 in hex */
	EG_CONFIG_MEMBERS,	/* names of groups of users */
	EG_CONFIG_SERVICES,	/* names of PAM services */
	EG_CONFIG_SOURCES,	/* addresses and networks without ports */
	EG_CONFIG_FINGERPRINTS, /* of keys */
	EG_CONFIG_CAPABILITIES, /* a bitmap, stored as uint64_t */
	EG_CONFIG_FEED_PATH,	/* an absolute path, stored as char * */
	EG_CONFIG_PERCENT,	/* 0 to 100, stored as unsigned int */
	EG_CONFIG_COUNT,	/* 1 to limit, stored as unsigned int */
	EG_CONFIG_SECONDS,	/* 0 to limit, likewise */
	EG_CONFIG_PATH,		/* an absolute path, in a struct eg_config_text */
	EG_CONFIG_LABEL,	/* a profile's name, stored as char[EG_CONFIG_LABEL_SIZE] */
};

/* Whose setting it is. */
enum eg_config_owner {
	EG_CONFIG_OF_PROFILE,
	EG_CONFIG_OF_FILE,
	EG_CONFIG_OF_FEED,  /* EG_CONFIG_FEEDS_PREFIX; the same keys in allow_files */
	EG_CONFIG_OF_GROUP, /* path begins with EG_CONFIG_GROUPS_PREFIX */
	EG_CONFIG_OF_NAMED, /* of a profile that is not "default": EG_CONFIG_PROFILES_PREFIX */
	EG_CONFIG_OF_MATCH, /* EG_CONFIG_MATCHES_PREFIX; a list of strings may be one string */
};

#define EG_CONFIG_FEEDS_PREFIX	  "deny_files[]."
#define EG_CONFIG_GROUPS	  "rules"
#define EG_CONFIG_GROUPS_PREFIX	  EG_CONFIG_GROUPS "[]."
#define EG_CONFIG_PROFILES	  "profiles"
#define EG_CONFIG_PROFILES_PREFIX EG_CONFIG_PROFILES "[]."
#define EG_CONFIG_MATCHES	  "match"
#define EG_CONFIG_MATCHES_PREFIX  EG_CONFIG_MATCHES "[]."

/* A setting of the file. */
struct eg_config_key {
	const char *path; /* dotted */
	enum eg_config_type type;
	enum eg_config_owner owner;
	/* in the struct of its owner: eg_config_profile, eg_config, eg_config_feed,
	 * eg_config_group, eg_config_profile again, eg_config_match */
	size_t offset;
	/* default; NETWORKS, PORTS and FEEDS: 1 = they allow; lists of strings: 1 = an empty one
	 * is refused */
	int value;
	/* COUNT, SECONDS: the greatest; NETWORKS, PORTS, FEEDS and TREES: most of them, together
	 * with those of the others of its kind; other lists of strings: most of them, 0 =
	 * EG_CONFIG_TEXTS_MAX */
	int limit;
	/* NULL-terminated; WORD and WORD_BOOL: names of the values from 0; lists of strings: what
	 * applies where the setting is missing */
	const char *const *words;
};

/* Scans and parses a text (config_tree.c). text: ends in a newline (libconfig 1.5 refuses a comment
 * that ends with the file) and NUL. tree: initialized. 0, or -EINVAL or -ENOMEM with the report
 * filled. */
int eg_config_parse_text(const struct eg_config_report *report, config_t *tree, const char *text);

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

/* How messages name the i-th element of the key's list, or its value when that is one string (i is
 * -1). buf: EG_CONFIG_WHAT_SIZE bytes. Returns buf. */
char *eg_config_what(char *buf, const struct eg_config_key *key, int i);

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

/* The rows of the schema, in the order in which they are applied. */
struct eg_config_schema {
	const struct eg_config_key *keys;
	size_t n;
};
const struct eg_config_schema *eg_config_schema(void);

/* Refuses names that the schema does not have, in a group and the groups in it (config_names.c),
 * but for those of feeds. prefix: the group's path with its dot, or "". 0, or -EINVAL with the
 * report filled. */
int eg_config_check_keys(const struct eg_config_report *report, const config_setting_t *group,
			 const char *prefix);

/* Feeds (config_feeds.c): a list of paths, and of groups with a path and more; and such a path. */
int eg_config_apply_feeds(const struct eg_config_report *report, const struct eg_config_key *key,
			  const config_setting_t *setting, void *owner);
int eg_config_apply_file(const struct eg_config_report *report, const struct eg_config_key *key,
			 const config_setting_t *setting, void *owner);

/* Releases what the list owns and zeroes it. */
void eg_config_feeds_done(struct eg_config_feeds *feeds);

/*
 * rules (config_groups.c): a list of groups, each with the keys that are OF_GROUP. Their names must
 * have been checked. where: stands before "rules" in messages. 0, or -EINVAL or -ENOMEM with the
 * report filled; what was applied is the profile's either way.
 */
int eg_config_apply_groups(const struct eg_config_report *report,
			   const struct eg_config_schema *schema, const char *where,
			   const config_setting_t *setting, struct eg_config_profile *profile);

/*
 * The top-level keys, profiles and match (config_profiles.c, config_match.c), with names checked
 * before. Fill config->profiles, of which [0] is there with its name, and config->matches. 0, or
 * -EINVAL or -ENOMEM with the report filled; what was applied is the configuration's either way.
 */
int eg_config_apply_profiles(const struct eg_config_report *report,
			     const struct eg_config_schema *schema, const config_setting_t *root,
			     struct eg_config *config);
int eg_config_apply_matches(const struct eg_config_report *report,
			    const struct eg_config_schema *schema, const config_setting_t *root,
			    struct eg_config *config);

/* Releases the matches. */
void eg_config_matches_done(struct eg_config *config);

/* Releases the profile's groups. */
void eg_config_groups_done(struct eg_config_profile *profile);

/* Releases what a list owns, not the list. */
void eg_config_texts_done(struct eg_config_texts *texts);

/* Prints a string of the configuration, in quotes: whatever is in it comes back when it is read.
 * In config_print.c. */
void eg_config_print_string(FILE *out, const char *text);

/* Edit distance, capitals aside; two neighbours that have changed places count once. Both at most
 * EG_CONFIG_HINT_MAX long. */
unsigned int eg_config_distance(const char *a, const char *b);

/*
 * A name of sockets.allow. Exactly one of *ret_family (number) and *ret_protocol (EG_OPEN_*) is
 * set, the other is 0. Returns 0, or -EINVAL when nothing is named so.
 */
int eg_config_socket(const char *name, unsigned int *ret_family, uint32_t *ret_protocol);

/* The other way: the first of a family's names; that of one EG_OPEN_*. NULL for what has none. */
const char *eg_config_family_name(unsigned int number);
const char *eg_config_protocol_name(uint32_t open);

/* The name that was probably meant, NULL when none is near: of sockets.allow, or a capability's
 * without "CAP_". */
const char *eg_config_socket_nearest(const char *name);
const char *eg_config_capability_nearest(const char *name);

#endif
