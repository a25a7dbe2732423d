// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The schema of /etc/ebpfguard.conf: one row for each key there is, which drives parsing, defaults
 * and messages. A key that is added here wants an entry in the manual page and in the sample and a
 * row in tests/unit/test_config_keys.c, which fails without.
 */
#include "config_apply.h"

#include <stddef.h>

#include "util.h"

static const char *const mode_words[] = {
	[EG_MODE_ENFORCE] = "enforce", [EG_MODE_AUDIT] = "audit", [EG_MODE_AUDIT + 1] = NULL};
/* All in the order of enum eg_action. */
static const char *const action_words[] = {"deny", "kill", "audit", NULL};
static const char *const profile_action_words[] = {"deny", "kill", NULL};
static const char *const switch_words[] = {"deny", "kill", "audit", "allow", NULL};
static const char *const verdict_words[] = {"allow", "deny", NULL};
static const char *const lookup_words[] = {"auto", "table", "trie", NULL};
/* In the order of the enums eg_log_... */
static const char *const format_words[] = {"kv", "json", NULL};
static const char *const destination_words[] = {"syslog", "journal", "file", NULL};
static const char *const facility_words[] = {"auth",   "authpriv", "daemon", "local0",
					     "local1", "local2",   "local3", "local4",
					     "local5", "local6",   "local7", NULL};
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
#define OF_FEED(f) EG_CONFIG_OF_FEED, offsetof(struct eg_config_feed, f)
#define FEED(key)  EG_CONFIG_FEEDS_PREFIX key
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
	ROW(FEED("file"), EG_CONFIG_FEED_PATH, OF_FEED(path), 0, 0, NULL)                          \
	ROW(FEED("strict"), EG_CONFIG_BOOL, OF_FEED(strict), 0, 0, NULL)                           \
	ROW(FEED("shrink"), EG_CONFIG_PERCENT, OF_FEED(shrink), 50, 0, NULL)                       \
	ROW("egress.action", ACTION(EG_ON_EGRESS), action_words)                                   \
	ROW("egress.lookup", EG_CONFIG_WORD, FIELD(lookup), EG_NETS_IN_AUTO, 0, lookup_words)      \
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
	ROW("log.format", EG_CONFIG_WORD, WHOLE(log.format), EG_LOG_KV, 0, format_words)           \
	ROW("log.facility", EG_CONFIG_WORD, WHOLE(log.facility), EG_LOG_AUTHPRIV, 0,               \
	    facility_words)                                                                        \
	ROW("log.destination", EG_CONFIG_WORD, WHOLE(log.destination), EG_LOG_SYSLOG, 0,           \
	    destination_words)                                                                     \
	ROW("log.file", EG_CONFIG_PATH, WHOLE(log.file), 0, 0, NULL)                               \
	ROW("log.rate", EG_CONFIG_COUNT, WHOLE(log.rate), 100, 100000, NULL)                       \
	ROW("log.session_rate", EG_CONFIG_COUNT, WHOLE(log.session_rate), 10, 100000, NULL)        \
	ROW("log.session_burst", EG_CONFIG_COUNT, WHOLE(log.session_burst), 50, 100000, NULL)      \
	ROW("log.window", EG_CONFIG_SECONDS, WHOLE(log.window), 5, 3600, NULL)                     \
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

const char *const *eg_config_default_users(void)
{
	return root_users;
}

const char *const *eg_config_default_groups(void)
{
	return root_groups;
}
