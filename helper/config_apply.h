/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What config.c shares with config_apply.c, which puts a setting's value into the profile, and
 * config_words.c, which knows names. Pure.
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
};

/* A setting of the file. */
struct eg_config_key {
	const char *path; /* dotted */
	enum eg_config_type type;
	size_t offset; /* in struct eg_config_profile */
	int value;     /* default; NETWORKS and PORTS: 1 = the rules allow */
	int limit;     /* NETWORKS and PORTS: most of them, together with those applied before */
	const char *const *words; /* names of the values from 0, NULL-terminated */
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

/* Puts the key's default into the profile. Rules and sockets have none: zeroed is empty. */
void eg_config_apply_default(const struct eg_config_key *key, struct eg_config_profile *profile);

/* Puts a value into the profile; takes effect in part when it fails. 0, or -EINVAL or -ENOMEM with
 * the report filled. */
int eg_config_apply(const struct eg_config_report *report, const struct eg_config_key *key,
		    const config_setting_t *setting, struct eg_config_profile *profile);

/* Edit distance, capitals aside; two neighbours that have changed places count once. Both at most
 * EG_CONFIG_HINT_MAX long. */
unsigned int eg_config_distance(const char *a, const char *b);

/*
 * A name of sockets.allow. Exactly one of *ret_family (number) and *ret_protocol (EG_OPEN_*) is
 * set, the other is 0. Returns 0, or -EINVAL when nothing is named so.
 */
int eg_config_socket(const char *name, unsigned int *ret_family, uint32_t *ret_protocol);

/* The name that was probably meant, NULL when none is near. */
const char *eg_config_socket_nearest(const char *name);

#endif
