// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names of keys: is each that stands in the file one of the schema's, where it stands, and what was
 * probably meant where it is none.
 */
#include "config_apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* ---- find a key, or the group that it is in */

/*
 * How the row's path begins when this is a path in the file: what stands in a profile are the same
 * rows, without "profiles[]." in front. NULL: it does not stand there.
 */
static const char *as_in_row(const struct eg_config_key *key, const char *path)
{
	size_t n = strlen(EG_CONFIG_PROFILES_PREFIX);

	if (key->owner == EG_CONFIG_OF_NAMED || strncmp(path, EG_CONFIG_PROFILES_PREFIX, n) != 0)
		return path;
	if (key->owner == EG_CONFIG_OF_PROFILE || key->owner == EG_CONFIG_OF_GROUP)
		return path + n;
	return NULL;
}

static const struct eg_config_key *find_key(const char *path)
{
	const struct eg_config_schema *schema = eg_config_schema();

	for (size_t i = 0; i < schema->n; i++) {
		const struct eg_config_key *row = &schema->keys[i];
		const char *text = as_in_row(row, path);

		if (text && strcmp(row->path, text) == 0)
			return row;
	}
	return NULL;
}

/* Does a dotted path go on behind this much of it: into a group, or a list of them? */
static bool goes_on(const char *rest)
{
	return rest[0] == '.' || rest[0] == '[';
}

/* The first key that stands in the group, or list of groups, of this path, NULL when it is none.
 * *ret_list: it is a list. */
static const struct eg_config_key *find_group(const char *path, bool *ret_list)
{
	const struct eg_config_schema *schema = eg_config_schema();

	for (size_t i = 0; i < schema->n; i++) {
		const struct eg_config_key *row = &schema->keys[i];
		const char *text = as_in_row(row, path), *rest;
		size_t n = text ? strlen(text) : 0;

		if (!text || strncmp(row->path, text, n) != 0)
			continue;
		rest = row->path + n;
		*ret_list = rest[0] == '[';
		if (goes_on(rest))
			return row;
	}
	return NULL;
}

static const char *group_example(const struct eg_config_key *first)
{
	static const char *const examples[] = {
		[EG_CONFIG_WORD] = "a group such as { action = \"kill\"; }",
		[EG_CONFIG_BOOL] = "a group such as { deny = true; }",
		[EG_CONFIG_WORD_BOOL] = "a group such as { connect = \"all\"; }",
		[EG_CONFIG_PORTS] = "a group such as { deny = [ \"1-1023/tcp\" ]; }",
		[EG_CONFIG_SOCKETS] = "a group such as { allow = [ \"AF_PACKET\" ]; }",
		[EG_CONFIG_CAPABILITIES] = "a group such as { deny = [ \"SYS_ADMIN\" ]; }",
		[EG_CONFIG_TREES] = "a group such as { deny_read = [ \"/etc/shadow\" ]; }",
		[EG_CONFIG_SERVERS] = "a group such as { deny = [ \"/run/mysqld/mysqld.sock\" ]; }",
		[EG_CONFIG_DIGESTS] = "a group such as { deny = [ \"/tmp\" ]; }",
		[EG_CONFIG_USERS] = "a group such as { exempt = [ \"backup\" ]; }",
	};

	return examples[first->type];
}

/*
 * The i-th key's name as it is seen from a group: "setuid" for setuid.deny in the file itself,
 * "setuid.deny" in setuid. prefix: the group's path with its dot, or "". Returns buf, or NULL when
 * the key is not there or was named before.
 */
static const char *name_in_group(size_t i, const char *prefix, char buf[EG_CONFIG_PATH_SIZE])
{
	const struct eg_config_key *keys = eg_config_schema()->keys, *row = &keys[i];
	const char *text = as_in_row(row, prefix);
	size_t n = text ? strlen(text) : 0, len, j;

	if (!text || strncmp(row->path, text, n) != 0)
		return NULL;
	len = n + strcspn(row->path + n, ".[");
	for (j = 0; j < i; j++)
		if (strncmp(keys[j].path, row->path, len) == 0 &&
		    (!keys[j].path[len] || goes_on(keys[j].path + len)))
			return NULL;
	(void)snprintf(buf, EG_CONFIG_PATH_SIZE, "%.*s%.*s", (int)(text - prefix), prefix, (int)len,
		       row->path);
	return buf;
}

/* The known key that was probably meant: at most two edits away, and fewer than half of it. NULL =
 * none. */
static const char *nearest(const char *path, const char *prefix, char buf[EG_CONFIG_PATH_SIZE])
{
	size_t i, n = strlen(prefix), n_keys = eg_config_schema()->n;
	char name[EG_CONFIG_PATH_SIZE];
	unsigned int best = 3;

	if (strlen(path) > EG_CONFIG_HINT_MAX)
		return NULL;
	for (i = 0; i < n_keys; i++) {
		unsigned int edits;

		if (!name_in_group(i, prefix, name) || strlen(name) > EG_CONFIG_HINT_MAX)
			continue;
		edits = eg_config_distance(path, name);
		if (edits >= best || 2 * edits >= strlen(name) - n)
			continue;
		best = edits;
		(void)strcpy(buf, name);
	}
	return best < 3 ? buf : NULL;
}

/* Does it stand at the top of the file only? */
static bool is_of_file(const char *path)
{
	bool list = false;
	const struct eg_config_key *key = find_key(path);

	if (!key)
		key = find_group(path, &list);
	return key && key->owner != EG_CONFIG_OF_PROFILE && key->owner != EG_CONFIG_OF_GROUP;
}

static int fail_unknown(const struct eg_config_report *report, const config_setting_t *setting,
			const char *path, const char *prefix)
{
	char known[EG_ERR_TEXT_SIZE] = "", name[EG_CONFIG_PATH_SIZE], quoted[EG_CONFIG_QUOTE_SIZE];
	size_t i, len = 0, n = strlen(EG_CONFIG_PROFILES_PREFIX), n_keys = eg_config_schema()->n;
	bool inside = strncmp(prefix, EG_CONFIG_PROFILES_PREFIX, n) == 0;

	eg_config_quote(quoted, path, strlen(path));
	if (inside && is_of_file(path + n))
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is for the whole file; set it outside of profiles",
				      quoted, path + n);
	if (nearest(path, prefix, name))
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "unknown key %s; did you mean \"%s\"?", quoted, name);
	for (i = 0; i < n_keys && len < sizeof(known); i++)
		if (name_in_group(i, prefix, name))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						len ? ", " : "", inside ? name + n : name);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "unknown key %s; known here: %.256s", quoted, known);
}

/* ---- every name in the file */

/* What an element of a list of groups looks like. */
static const char *element_example(const struct eg_config_key *first)
{
	static const char *const examples[] = {
		[EG_CONFIG_OF_GROUP] = "{ programs = [ \"/usr/bin/git\" ]; "
				       "allow = [ \"10.0.0.0/8\" ]; }",
		[EG_CONFIG_OF_NAMED] = "{ name = \"ops\"; extends = \"default\"; "
				       "mode = \"audit\"; }",
		[EG_CONFIG_OF_MATCH] = "{ group = \"wheel\"; profile = \"ops\"; }",
	};

	return examples[first->owner];
}

/* The same for each group of a list. */
static int check_groups(const struct eg_config_report *report, const config_setting_t *list,
			const char *path, const struct eg_config_key *first)
{
	int i, err = 0, n = config_setting_length(list);
	char below[EG_CONFIG_PATH_SIZE + 3], what[EG_CONFIG_WHAT_SIZE], expected[128];

	(void)snprintf(expected, sizeof(expected), "a list of groups such as ( %s )",
		       element_example(first));
	if (!config_setting_is_list(list))
		return eg_config_fail_type(report, list, path, expected);
	(void)snprintf(expected, sizeof(expected), "a group such as %s", element_example(first));
	(void)snprintf(below, sizeof(below), "%s[].", path);
	for (i = 0; i < n && err == 0; i++) {
		const config_setting_t *group = eg_config_element(list, i);

		(void)snprintf(what, sizeof(what), "%s[%d]", path, i);
		if (!config_setting_is_group(group))
			return eg_config_fail_type(report, group, what, expected);
		err = eg_config_check_keys(report, group, below);
	}
	return err;
}

int eg_config_check_keys(const struct eg_config_report *report, const config_setting_t *group,
			 const char *prefix)
{
	int i, err = 0, n = config_setting_length(group);

	for (i = 0; i < n && err == 0; i++) {
		const config_setting_t *setting = eg_config_element(group, i);
		const struct eg_config_key *first = NULL;
		char path[EG_CONFIG_PATH_SIZE], below[EG_CONFIG_PATH_SIZE + 1];
		bool list = false;

		(void)snprintf(path, sizeof(path), "%s%s", prefix, config_setting_name(setting));
		if (find_key(path)) /* a path that was cut is longer than any key */
			continue;
		first = find_group(path, &list);
		if (!first)
			return fail_unknown(report, setting, path, prefix);
		if (list) {
			err = check_groups(report, setting, path, first);
			continue;
		}
		if (!config_setting_is_group(setting))
			return eg_config_fail_type(report, setting, path, group_example(first));
		(void)snprintf(below, sizeof(below), "%s.", path);
		err = eg_config_check_keys(report, setting, below);
	}
	return err;
}
