/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /etc/ebpfguard.conf as a checked struct. Only config*.c know libconfig.
 *
 * One schema table drives parsing, defaults and the messages. Nothing is ever half applied: a
 * caller has a complete configuration or an error that names file and line.
 */
#ifndef EG_CONFIG_H
#define EG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "eg_err.h"
#include "rule.h"

#define EG_CONFIG_FILE "/etc/ebpfguard.conf"

enum {
	EG_CONFIG_SIZE_MAX = 64 << 20, /* bytes of one file: a million IPv6 networks fit */
	EG_CONFIG_DEPTH_MAX = 8,       /* nesting; libconfig's parser recurses */
	EG_CONFIG_RULES_MAX = 1000000, /* entries of deny and allow together, in one profile */
	EG_CONFIG_PORTS_MAX = 4096,    /* entries of bind.deny and bind.allow together */
	EG_CONFIG_TEXTS_MAX = 256,     /* entries of one list of names or paths */
	EG_CONFIG_FILES_MAX = 100000,  /* entries of the lists of files together, in one profile */
	EG_CONFIG_DIGESTS_MAX = 65536, /* entries of exec.deny_sha256; feeds have more */
	EG_CONFIG_NAME_MAX = 255,      /* bytes of a user's or group's name */
	/* profiles, "default" included: half of the kernel's slots, so that a reload that gives all
	 * of them new names has room beside those in force; see slots.h */
	EG_CONFIG_PROFILES_MAX = (EG_PROFILES_MAX - EG_PROFILE_FIRST) / 2,
	/* profiles and groups of programs of all of them: each is a policy, and twice as many are
	 * needed while a reload swaps */
	EG_CONFIG_POLICIES_MAX = 500,
	EG_CONFIG_ENTRIES_MAX = 2000000, /* of all profiles' lists, what they inherit included */
	EG_CONFIG_MATCHES_MAX = 4096,
	EG_CONFIG_LABEL_SIZE = EG_RECORD_PROFILE_SIZE, /* a profile's name and NUL */
};

enum eg_mode { EG_MODE_ENFORCE = 0, EG_MODE_AUDIT = 1 };

/* What is done about an attempt, as the keys named "action" have it, and "leaving" and "tampering".
 * The order is that of the words in config_schema.c. */
enum eg_action {
	EG_ACTION_DENY = 0,
	EG_ACTION_KILL,	   /* refused, and the process is killed */
	EG_ACTION_AUDIT,   /* reported only; of a restriction, not of the profile */
	EG_ACTION_ALLOW,   /* no attempt at all; "leaving" and "tampering" only */
	EG_ACTION_PROFILE, /* the key is not set: what the profile's says */
};

/* What the kernel looks networks up in, as egress.lookup has it, in the order of the words. */
enum eg_nets_in {
	EG_NETS_IN_AUTO = 0, /* what is cheaper */
	EG_NETS_IN_TABLE,    /* a flat range table, where there can be one */
	EG_NETS_IN_TRIE,     /* a longest-prefix trie */
};

/* One entry of deny or allow, or of bind.deny or bind.allow. */
struct eg_config_rule {
	struct eg_rule_spec spec; /* bind: its network is "any" */
	bool allow;
	unsigned int line; /* where it is written */
};

/* Rules of one kind, in file order, deny first; the same one never twice in a list. */
struct eg_config_rules {
	struct eg_config_rule *list; /* owned */
	size_t n;
};

/* One string of a list: of the right form, but whether there is such a user or file is not looked
 * at here. */
struct eg_config_text {
	char *text;	   /* owned */
	unsigned int line; /* where it is written */
};

/* A list of names or paths, in file order; the same one never twice. */
struct eg_config_texts {
	struct eg_config_text *list; /* owned */
	size_t n;
	/* the key stands in the file, so its default does not apply. Not set: n is 0, and it is for
	 * who reads the list to take the default */
	bool set;
	unsigned int line; /* of the key, when it is set */
};

struct eg_networks; /* feed_networks.h */

/* One entry of deny_files or allow_files: a file that lists networks. */
struct eg_config_feed {
	char *path;	   /* owned; absolute */
	unsigned int line; /* where it is written */
	bool allow;
	bool strict;	     /* a bad line refuses the file; else the line is passed over */
	unsigned int shrink; /* percent of its entries it may have lost since the last good one */
	/* what it says, borrowed: feeds.c fills it in; NULL = not read, and not to be compiled */
	const struct eg_networks *networks;
};

/* Feeds of a profile, in file order, deny first; the same file never twice. */
struct eg_config_feeds {
	struct eg_config_feed *list; /* owned */
	size_t n;		     /* at most EG_FEEDS_MAX */
};

/* One entry of rules: what some programs may besides, or may not. Over what the profile says. */
struct eg_config_group {
	struct eg_config_texts programs; /* absolute paths; a program is in one group only */
	struct eg_config_rules egress, bind;
	struct eg_config_texts setuid_allow; /* these as in the profile */
	struct eg_config_texts files_deny_read, files_deny_write, files_allow;
	unsigned int line; /* where the group begins */
};

/*
 * A profile: what applies to the sessions that get it. "default" is made of the top-level keys, the
 * others of what stands in `profiles`. Each is complete: what it takes over from another is in it,
 * with the lines where that is written.
 */
struct eg_config_profile {
	char name[EG_CONFIG_LABEL_SIZE];
	char extends[EG_CONFIG_LABEL_SIZE]; /* empty: nothing */
	size_t parent;			    /* index of what it extends; its own when nothing */
	unsigned int line;		    /* where it begins; 0 for "default" */
	enum eg_mode mode;
	bool mode_set;	       /* it stands in the file, here or in what is extended */
	enum eg_action action; /* DENY or KILL */
	/* by enum eg_restriction, as they are written: what is in force is eg_action_of's to say */
	enum eg_action actions[EG_ON_MAX];
	bool default_deny; /* for addresses no rule names */
	enum eg_nets_in lookup;
	bool deny_setuid;
	bool deny_mount;
	struct eg_config_rules egress, bind;
	struct eg_config_feeds feeds; /* deny_files, allow_files */
	/* sockets.allow: families besides the four usual ones (bit n = AF n), and EG_OPEN_* */
	uint64_t families;
	uint32_t protocols;
	/* names, or numbers without leading zeros; defaults: eg_config_default_users, _groups */
	struct eg_config_texts setuid_users, setuid_groups;
	struct eg_config_texts setuid_allow; /* absolute paths */
	struct eg_config_texts mount_allow;  /* absolute paths; types, without a dot or slash */
	struct eg_config_texts unix_deny;    /* absolute paths; abstract names with their '@' */
	uint64_t capabilities;		     /* capabilities.deny: bit n = capability n is denied */
	/* files.deny_read, .deny_write, .allow: absolute paths of files and trees, without ".." */
	struct eg_config_texts files_deny_read, files_deny_write, files_allow;
	struct eg_config_texts exec_deny, exec_allow_only; /* likewise */
	struct eg_config_texts exec_deny_sha256;	   /* 64 hex digits each */
	struct eg_config_texts exec_deny_sha256_files;	   /* absolute paths of feeds, see feed.h */
	bool deny_services, deny_same_user;		   /* unix.services, unix.same_user */
	struct eg_config_group *groups;			   /* owned: rules; in file order */
	size_t n_groups;				   /* at most EG_PROGRAM_POLICIES_MAX */
	bool record_exec, record_connect;
	struct eg_config_texts record_open; /* absolute paths */
};

/* An entry of match: who gets a profile. A list that is not set is no criterion. Of one that is,
 * any element may hold; all that are set must. */
struct eg_config_match {
	struct eg_config_texts user, group, service;
	struct eg_config_texts key;   /* "SHA256:..." */
	struct eg_config_texts rhost; /* addresses and networks */
	struct eg_cidr *networks;     /* owned: the same, parsed */
	char name[EG_CONFIG_LABEL_SIZE];
	size_t profile; /* its index in eg_config.profiles */
	unsigned int line;
};

/* The order is that of the words in config_schema.c. */
enum eg_log_format { EG_LOG_KV = 0, EG_LOG_JSON };
enum eg_log_destination { EG_LOG_SYSLOG = 0, EG_LOG_JOURNAL, EG_LOG_FILE };
enum eg_log_facility {
	EG_LOG_AUTH = 0,
	EG_LOG_AUTHPRIV,
	EG_LOG_DAEMON,
	EG_LOG_LOCAL0, /* to local7 */
	EG_LOG_FACILITIES = EG_LOG_LOCAL0 + 8,
};

#define EG_LOG_FILE_DEFAULT "/var/log/ebpfguard/ebpfguard.log"

/* log: how records are written, and where to. */
struct eg_config_log {
	unsigned int format, facility, destination; /* enums */
	struct eg_config_text file; /* an absolute path; NULL: EG_LOG_FILE_DEFAULT, line 0 */
	unsigned int rate;	    /* lines a second, of all sessions together */
	unsigned int session_rate, session_burst; /* lines a second of one; at once */
	unsigned int window;			  /* seconds repeats are folded over; 0 = not */
};

struct eg_config {
	char file[EG_PATH_TEXT_SIZE];
	bool strict; /* refuse to start where the kernel lacks an optional hook */
	struct eg_config_texts managers_exempt; /* names of users */
	struct eg_config_log log;
	struct eg_config_profile *profiles; /* owned; [0] is "default" */
	size_t n_profiles;
	struct eg_config_match *matches; /* owned: in file order, see match.h */
	size_t n_matches;
};

/*
 * Parses a configuration text. Pure: memory only, never logs.
 * text: n bytes, need not end in NUL, borrowed; name: what to call it in errors, borrowed.
 * Returns 0 and *ret (free with eg_config_free); -EINVAL with *reterr filled when the text is not
 * acceptable;
 * -ENOMEM (also with a text in *reterr).
 */
int eg_config_parse(const char *text, size_t n, const char *name, struct eg_config **ret,
		    struct eg_err *reterr);

/*
 * Reads and parses a file: opened once, then judged by that descriptor: a regular file of root (or
 * of `owner`) that neither group nor others can write, EG_CONFIG_SIZE_MAX at most. Blocks on the
 * disk only.
 * owner: uid that must own it besides root; tests and an unprivileged `ebpfguardctl check` pass
 * their own.
 * ret_text, ret_n: when not NULL, the bytes that were parsed, owned by the caller: what the helper
 * keeps as last good.
 * Returns 0, -EINVAL, -EPERM (ownership or mode), -EFBIG, -ENODATA (not a byte in it), -ENOMEM or
 * the negative errno of open or read; each with *reterr filled.
 */
int eg_config_load(const char *path, unsigned int owner, struct eg_config **ret, char **ret_text,
		   size_t *ret_n, struct eg_err *reterr);

/* Releases a configuration; NULL is fine. */
void eg_config_free(struct eg_config *config);

/*
 * Prints what of a profile is not at its default, as the text of a configuration; what reads it
 * gets the same profile, where no list was cut. most: elements of one list, 0 = all of them; a
 * comment says how many more there are.
 */
void eg_config_print(const struct eg_config_profile *profile, size_t most, FILE *out);

/*
 * Where a rule of the profile is written, from its number as eg_rule.line has it. Returns the feed
 * and its line in *ret_line; NULL, with *ret_line as it was, for a line of the configuration and
 * for a number that is none of the profile's feeds.
 */
const struct eg_config_feed *eg_config_feed_of(const struct eg_config_profile *profile,
					       uint32_t line, unsigned int *ret_line);

/* What applies where setuid.users or setuid.groups is not set: names, NULL-terminated. A host need
 * not have all of the groups. */
const char *const *eg_config_default_users(void);
const char *const *eg_config_default_groups(void);

/* What is wrong about the text as a key's fingerprint, to go on from it; NULL = nothing. A constant
 * phrase. */
const char *eg_config_bad_fingerprint(const char *text);

/* Key names in the schema, for the test that keeps page, sample and schema in step:
 * NULL-terminated, dotted; "rules[]." stands before those of a group of rules, "deny_files[]."
 * before those of a file in it or in allow_files, "profiles[]." and "match[]." before those that
 * only stand there. */
const char *const *eg_config_keys(void);

#endif
