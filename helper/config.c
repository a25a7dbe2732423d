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

/* ---- schema */

static const char *const mode_words[] = {
	[EG_MODE_ENFORCE] = "enforce", [EG_MODE_AUDIT] = "audit", [EG_MODE_AUDIT + 1] = NULL};
/* All in the order of enum eg_action. */
static const char *const action_words[] = {"deny", "kill", "audit", NULL};
static const char *const profile_action_words[] = {"deny", "kill", NULL};
static const char *const switch_words[] = {"deny", "kill", "audit", "allow", NULL};
static const char *const verdict_words[] = {"allow", "deny", NULL};
static const char *const all_words[] = {"none", "all", NULL};
static const char *const root_users[] = {"root", NULL};
/* Those whose members are root in all but name. Not all groups: ssh-agent is setgid. */
static const char *const root_groups[] = {"root", "shadow", "disk", "kmem",    "sudo",
					  "adm",  "docker", "lxd",  "libvirt", NULL};

/* One row a setting, in the order in which they are applied. */
#define FIELD(f)   EG_CONFIG_OF_PROFILE, offsetof(struct eg_config_profile, f)
#define WHOLE(f)   EG_CONFIG_OF_FILE, offsetof(struct eg_config, f)
#define ACTION(on) EG_CONFIG_WORD, FIELD(actions[on]), EG_ACTION_PROFILE, 0
#define GROUP(f)   EG_CONFIG_OF_GROUP, offsetof(struct eg_config_group, f)
#define IN(key)	   EG_CONFIG_GROUPS_PREFIX key
#define NAMED(key) EG_CONFIG_PROFILES_PREFIX key
#define LABEL(f)   EG_CONFIG_LABEL, EG_CONFIG_OF_NAMED, offsetof(struct eg_config_profile, f)
#define WHO(key)   EG_CONFIG_MATCHES_PREFIX key
#define MATCH(f)   EG_CONFIG_OF_MATCH, offsetof(struct eg_config_match, f)
#define SCHEMA(ROW)                                                                                \
	ROW("mode", EG_CONFIG_WORD, FIELD(mode), EG_MODE_ENFORCE, 0, mode_words)                   \
	ROW("action", EG_CONFIG_WORD, FIELD(action), EG_ACTION_DENY, 0, profile_action_words)      \
	ROW("default", EG_CONFIG_WORD_BOOL, FIELD(default_deny), 0, 0, verdict_words)              \
	ROW("deny", EG_CONFIG_NETWORKS, FIELD(egress), 0, EG_CONFIG_RULES_MAX, NULL)               \
	ROW("allow", EG_CONFIG_NETWORKS, FIELD(egress), 1, EG_CONFIG_RULES_MAX, NULL)              \
	ROW("deny_files", EG_CONFIG_FEEDS, FIELD(feeds), 0, EG_FEEDS_MAX, NULL)                    \
	ROW("allow_files", EG_CONFIG_FEEDS, FIELD(feeds), 1, EG_FEEDS_MAX, NULL)                   \
	ROW("egress.action", ACTION(EG_ON_EGRESS), action_words)                                   \
	ROW("bind.deny", EG_CONFIG_PORTS, FIELD(bind), 0, EG_CONFIG_PORTS_MAX, NULL)               \
	ROW("bind.allow", EG_CONFIG_PORTS, FIELD(bind), 1, EG_CONFIG_PORTS_MAX, NULL)              \
	ROW("bind.action", ACTION(EG_ON_BIND), action_words)                                       \
	ROW("sockets.allow", EG_CONFIG_SOCKETS, FIELD(families), 0, 0, NULL)                       \
	ROW("sockets.action", ACTION(EG_ON_SOCKETS), action_words)                                 \
	ROW("setuid.deny", EG_CONFIG_BOOL, FIELD(deny_setuid), 0, 0, NULL)                         \
	ROW("setuid.users", EG_CONFIG_IDS, FIELD(setuid_users), 0, 0, root_users)                  \
	ROW("setuid.groups", EG_CONFIG_IDS, FIELD(setuid_groups), 0, 0, root_groups)               \
	ROW("setuid.allow", EG_CONFIG_PATHS, FIELD(setuid_allow), 0, 0, NULL)                      \
	ROW("setuid.action", ACTION(EG_ON_SETUID), action_words)                                   \
	ROW("mount.deny", EG_CONFIG_BOOL, FIELD(deny_mount), 0, 0, NULL)                           \
	ROW("mount.allow", EG_CONFIG_MOUNTS, FIELD(mount_allow), 0, 0, NULL)                       \
	ROW("mount.action", ACTION(EG_ON_MOUNT), action_words)                                     \
	ROW("capabilities.deny", EG_CONFIG_CAPABILITIES, FIELD(capabilities), 0, 0, NULL)          \
	ROW("capabilities.action", ACTION(EG_ON_CAPABILITIES), action_words)                       \
	ROW("unix.deny", EG_CONFIG_SERVERS, FIELD(unix_deny), 0, 0, NULL)                          \
	ROW("unix.services", EG_CONFIG_WORD_BOOL, FIELD(deny_services), 1, 0, verdict_words)       \
	ROW("unix.same_user", EG_CONFIG_WORD_BOOL, FIELD(deny_same_user), 1, 0, verdict_words)     \
	ROW("unix.action", ACTION(EG_ON_UNIX), action_words)                                       \
	ROW("files.deny_read", EG_CONFIG_TREES, FIELD(files_deny_read), 0, EG_CONFIG_FILES_MAX,    \
	    NULL)                                                                                  \
	ROW("files.deny_write", EG_CONFIG_TREES, FIELD(files_deny_write), 0, EG_CONFIG_FILES_MAX,  \
	    NULL)                                                                                  \
	ROW("files.allow", EG_CONFIG_TREES, FIELD(files_allow), 0, EG_CONFIG_FILES_MAX, NULL)      \
	ROW("files.action", ACTION(EG_ON_FILES), action_words)                                     \
	ROW("exec.deny_sha256", EG_CONFIG_DIGESTS, FIELD(exec_deny_sha256), 0,                     \
	    EG_CONFIG_DIGESTS_MAX, NULL)                                                           \
	ROW("exec.deny", EG_CONFIG_TREES, FIELD(exec_deny), 0, EG_CONFIG_FILES_MAX, NULL)          \
	ROW("exec.allow_only", EG_CONFIG_TREES, FIELD(exec_allow_only), 1, EG_CONFIG_FILES_MAX,    \
	    NULL)                                                                                  \
	ROW("exec.deny_sha256_files", EG_CONFIG_PATHS, FIELD(exec_deny_sha256_files), 0, 0, NULL)  \
	ROW("exec.action", ACTION(EG_ON_EXEC), action_words)                                       \
	ROW("leaving", ACTION(EG_ON_LEAVING), switch_words)                                        \
	ROW("tampering", ACTION(EG_ON_TAMPERING), switch_words)                                    \
	ROW("record.connect", EG_CONFIG_WORD_BOOL, FIELD(record_connect), 0, 0, all_words)         \
	ROW("record.exec", EG_CONFIG_BOOL, FIELD(record_exec), 0, 0, NULL)                         \
	ROW("record.open", EG_CONFIG_TREES, FIELD(record_open), 0, EG_CONFIG_FILES_MAX, NULL)      \
	ROW(IN("programs"), EG_CONFIG_PATHS, GROUP(programs), 0, 0, NULL)                          \
	ROW(IN("deny"), EG_CONFIG_NETWORKS, GROUP(egress), 0, EG_CONFIG_RULES_MAX, NULL)           \
	ROW(IN("allow"), EG_CONFIG_NETWORKS, GROUP(egress), 1, EG_CONFIG_RULES_MAX, NULL)          \
	ROW(IN("bind.deny"), EG_CONFIG_PORTS, GROUP(bind), 0, EG_CONFIG_PORTS_MAX, NULL)           \
	ROW(IN("bind.allow"), EG_CONFIG_PORTS, GROUP(bind), 1, EG_CONFIG_PORTS_MAX, NULL)          \
	ROW(IN("setuid.allow"), EG_CONFIG_PATHS, GROUP(setuid_allow), 0, 0, NULL)                  \
	ROW(IN("files.deny_read"), EG_CONFIG_TREES, GROUP(files_deny_read), 0,                     \
	    EG_CONFIG_FILES_MAX, NULL)                                                             \
	ROW(IN("files.deny_write"), EG_CONFIG_TREES, GROUP(files_deny_write), 0,                   \
	    EG_CONFIG_FILES_MAX, NULL)                                                             \
	ROW(IN("files.allow"), EG_CONFIG_TREES, GROUP(files_allow), 0, EG_CONFIG_FILES_MAX, NULL)  \
	ROW("strict", EG_CONFIG_BOOL, WHOLE(strict), 0, 0, NULL)                                   \
	ROW("managers.exempt", EG_CONFIG_USERS, WHOLE(managers_exempt), 0, 0, NULL)                \
	ROW(NAMED("name"), LABEL(name), 0, 0, NULL)                                                \
	ROW(NAMED("extends"), LABEL(extends), 0, 0, NULL)                                          \
	ROW(WHO("user"), EG_CONFIG_USERS, MATCH(user), 1, 0, NULL)                                 \
	ROW(WHO("group"), EG_CONFIG_MEMBERS, MATCH(group), 1, 0, NULL)                             \
	ROW(WHO("service"), EG_CONFIG_SERVICES, MATCH(service), 1, 0, NULL)                        \
	ROW(WHO("rhost"), EG_CONFIG_SOURCES, MATCH(rhost), 1, 0, NULL)                             \
	ROW(WHO("key"), EG_CONFIG_FINGERPRINTS, MATCH(key), 1, 0, NULL)                            \
	ROW(WHO("profile"), EG_CONFIG_LABEL, MATCH(name), 0, 0, NULL)

#define ROW_KEY(...)	    {__VA_ARGS__},
#define ROW_NAME(path, ...) path,
static const struct eg_config_key schema[] = {SCHEMA(ROW_KEY)};
static const char *const key_names[] = {SCHEMA(ROW_NAME) NULL};
static const struct eg_config_schema rows = {.keys = schema, .n = EG_ARRAY_SIZE(schema)};

const struct eg_config_schema *eg_config_schema(void)
{
	return &rows;
}

const char *const *eg_config_keys(void)
{
	return key_names;
}

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
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(schema); i++) {
		const char *text = as_in_row(&schema[i], path);

		if (text && strcmp(schema[i].path, text) == 0)
			return &schema[i];
	}
	return NULL;
}

const char *const *eg_config_default_users(void)
{
	return root_users;
}

const char *const *eg_config_default_groups(void)
{
	return root_groups;
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
	size_t i;

	for (i = 0; i < EG_ARRAY_SIZE(schema); i++) {
		const char *text = as_in_row(&schema[i], path), *rest;
		size_t n = text ? strlen(text) : 0;

		if (!text || strncmp(schema[i].path, text, n) != 0)
			continue;
		rest = schema[i].path + n;
		*ret_list = rest[0] == '[';
		if (goes_on(rest))
			return &schema[i];
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
	const char *text = as_in_row(&schema[i], prefix);
	size_t n = text ? strlen(text) : 0, len, j;

	if (!text || strncmp(schema[i].path, text, n) != 0)
		return NULL;
	len = n + strcspn(schema[i].path + n, ".[");
	for (j = 0; j < i; j++)
		if (strncmp(schema[j].path, schema[i].path, len) == 0 &&
		    goes_on(schema[j].path + len))
			return NULL;
	(void)snprintf(buf, EG_CONFIG_PATH_SIZE, "%.*s%.*s", (int)(text - prefix), prefix, (int)len,
		       schema[i].path);
	return buf;
}

/* The known key that was probably meant: at most two edits away, and fewer than half of it. NULL =
 * none. */
static const char *nearest(const char *path, const char *prefix, char buf[EG_CONFIG_PATH_SIZE])
{
	unsigned int best = 3;
	char name[EG_CONFIG_PATH_SIZE];
	size_t i, n = strlen(prefix);

	if (strlen(path) > EG_CONFIG_HINT_MAX)
		return NULL;
	for (i = 0; i < EG_ARRAY_SIZE(schema); i++) {
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
	size_t i, len = 0, n = strlen(EG_CONFIG_PROFILES_PREFIX);
	bool inside = strncmp(prefix, EG_CONFIG_PROFILES_PREFIX, n) == 0;

	eg_config_quote(quoted, path, strlen(path));
	if (inside && is_of_file(path + n))
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "%s: %s is for the whole file; set it outside of profiles",
				      quoted, path + n);
	if (nearest(path, prefix, name))
		return eg_config_fail(report, -EINVAL, eg_config_line(setting),
				      "unknown key %s; did you mean \"%s\"?", quoted, name);
	for (i = 0; i < EG_ARRAY_SIZE(schema) && len < sizeof(known); i++)
		if (name_in_group(i, prefix, name))
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
						len ? ", " : "", inside ? name + n : name);
	return eg_config_fail(report, -EINVAL, eg_config_line(setting),
			      "unknown key %s; known here: %.256s", quoted, known);
}

/* ---- apply */

static int check_keys(const struct eg_config_report *report, const config_setting_t *group,
		      const char *prefix);

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
		err = check_keys(report, group, below);
	}
	return err;
}

/* Refuses what the schema does not name. Descends into groups of the schema only. */
static int check_keys(const struct eg_config_report *report, const config_setting_t *group,
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
		err = check_keys(report, setting, below);
	}
	return err;
}

static int apply(const struct eg_config_report *report, const config_t *tree,
		 struct eg_config *config)
{
	const config_setting_t *root = config_root_setting(tree);
	int err = check_keys(report, root, "");
	size_t i;

	for (i = 0; i < rows.n && err == 0; i++) {
		const config_setting_t *setting;

		if (schema[i].owner != EG_CONFIG_OF_FILE)
			continue;
		eg_config_apply_default(&schema[i], config);
		setting = config_lookup(tree, schema[i].path);
		if (setting)
			err = eg_config_apply(report, &schema[i], setting, config);
	}
	if (err == 0)
		err = eg_config_apply_profiles(report, &rows, root, config);
	if (err == 0)
		err = eg_config_apply_matches(report, &rows, root, config);
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
