// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * /etc/ebpfguard.conf to a checked struct, in three steps, each refusing what the next would get
 * wrong.
 *
 * First our own lexer (config_scan.c) reads the text for what libconfig 1.5 lets through, follows
 * or gets wrong: integers that wrap, @include, NUL, depth, comments that never end. It also notes
 * the line of every setting, because libconfig gives a string the line of the token after it. Then
 * libconfig parses. Last, the schema table is applied: unknown keys, types, values, defaults.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_apply.h"
#include "util.h"

/* ---- apply */

static int apply(const struct eg_config_report *report, const config_t *tree,
		 struct eg_config *config)
{
	const config_setting_t *root = config_root_setting(tree);
	const struct eg_config_schema *schema = eg_config_schema();
	int err = eg_config_check_keys(report, root, "");
	size_t i;

	for (i = 0; i < schema->n && err == 0; i++) {
		const struct eg_config_key *key = &schema->keys[i];
		const config_setting_t *setting;

		if (key->owner != EG_CONFIG_OF_FILE)
			continue;
		eg_config_apply_default(key, config);
		setting = config_lookup(tree, key->path);
		if (setting)
			err = eg_config_apply(report, key, setting, config);
	}
	if (err == 0)
		err = eg_config_apply_profiles(report, schema, root, config);
	if (err == 0)
		err = eg_config_apply_matches(report, schema, root, config);
	return err;
}

/* ---- doors */

static void config_free_p(struct eg_config **config)
{
	eg_config_free(*config);
}

static struct eg_config *config_new(const char *name)
{
	struct eg_config *config = calloc(1, sizeof(*config));
	struct eg_config_profile *profiles = calloc(1, sizeof(*profiles));

	if (!config || !profiles) {
		free(profiles);
		free(config);
		return NULL;
	}
	config->profiles = profiles;
	config->n_profiles = 1;
	(void)snprintf(config->file, sizeof(config->file), "%s", name); /* a long path is cut */
	(void)strcpy(profiles[0].name, "default");
	return config;
}

static void profile_done(struct eg_config_profile *profile)
{
	free(profile->egress.list);
	free(profile->bind.list);
	eg_config_feeds_done(&profile->feeds);
	eg_config_texts_done(&profile->setuid_users);
	eg_config_texts_done(&profile->setuid_groups);
	eg_config_texts_done(&profile->setuid_allow);
	eg_config_texts_done(&profile->mount_allow);
	eg_config_texts_done(&profile->unix_deny);
	eg_config_texts_done(&profile->exec_deny);
	eg_config_texts_done(&profile->exec_allow_only);
	eg_config_texts_done(&profile->exec_deny_sha256);
	eg_config_texts_done(&profile->exec_deny_sha256_files);
	eg_config_texts_done(&profile->record_open);
	eg_config_texts_done(&profile->files_deny_read);
	eg_config_texts_done(&profile->files_deny_write);
	eg_config_texts_done(&profile->files_allow);
	eg_config_groups_done(profile);
}

void eg_config_free(struct eg_config *config)
{
	size_t i;

	if (!config)
		return;
	for (i = 0; i < config->n_profiles; i++)
		profile_done(&config->profiles[i]);
	eg_config_matches_done(config);
	eg_config_texts_done(&config->managers_exempt);
	free(config->log.file.text);
	free(config->profiles);
	free(config);
}

static int check_bytes(const struct eg_config_report *report, const char *text, size_t n)
{
	const char *nul = n ? memchr(text, 0, n) : NULL;
	unsigned int line = 1;
	const char *at;

	if (n > EG_CONFIG_SIZE_MAX)
		return eg_config_fail(report, -EINVAL, 0, "larger than %d bytes",
				      EG_CONFIG_SIZE_MAX);
	if (!nul)
		return 0;
	for (at = text; at < nul; at++)
		line += *at == '\n';
	return eg_config_fail(report, -EINVAL, line, "NUL byte; a configuration is plain text");
}

/* The text as eg_config_parse_text wants it, owned by the caller; NULL when there is no memory. */
static char *copy_text(const char *text, size_t n)
{
	char *copy = malloc(n + 2);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, text, n);
	(void)strcpy(copy + n, "\n");
	return copy;
}

int eg_config_parse(const char *text, size_t n, const char *name, struct eg_config **ret,
		    struct eg_err *reterr)
{
	__attribute__((cleanup(config_free_p))) struct eg_config *config = config_new(name);
	__attribute__((cleanup(config_destroy))) config_t tree = {0};
	const struct eg_config_report report = {.file = name, .reterr = reterr};
	eg_auto_free char *copy = NULL;
	int err;

	if (!config)
		return eg_config_fail_memory(&report);
	err = check_bytes(&report, text, n);
	if (err < 0)
		return err;
	copy = copy_text(text, n);
	if (!copy)
		return eg_config_fail_memory(&report);
	config_init(&tree);
	err = eg_config_parse_text(&report, &tree, copy);
	if (err < 0)
		return err;
	err = apply(&report, &tree, config);
	if (err < 0)
		return err;
	*ret = eg_take_ptr(&config);
	return 0;
}
