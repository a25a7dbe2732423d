/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ebpfguardctl's commands, and what they share. Each reads its arguments, prints its answer and
 * says on stderr why there is none.
 */
#ifndef EG_CTL_H
#define EG_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config.h"
#include "feeds.h"
#include "match.h"
#include "proto.h"

enum {
	/* exit status */
	EG_CTL_FINE = 0,
	EG_CTL_FINDING = 1, /* also: denied, refused, not reached */
	EG_CTL_USAGE = 2,

	/* A message's text, "file:line: " included, with every byte escaped. */
	EG_CTL_SAFE_SIZE = 4 * (EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 16),
};

/* What the command line says apart from the command and its arguments. Borrowed from argv. */
struct eg_ctl_options {
	const char *config;  /* path */
	bool config_given;   /* on the command line, and not what it is by default */
	const char *program; /* path, for explain; NULL = any */
	const char *socket;  /* path of control.sock */
	/* who asks, for explain; rhost and key: NULL = none */
	const char *service, *rhost, *key;
	/* which lines of the log, for learn, events and report; NULL = not said */
	const char *since, *until, *user, *profile;
	const char *session, *verdict, *op, *dst, *port, *rule;
	const char *last;		      /* how many, for events; NULL = all */
	const char *html;		      /* path, for report; NULL = text */
	const char *output;		      /* path, for metrics; NULL = stdout */
	const char *snapshots;		      /* how many, for top; NULL = it is a screen */
	bool follow;			      /* for events: what comes */
	bool json;			      /* what is printed is JSON */
	bool force;			      /* for tighten: to one that is looser, too */
	const char *exempt_user, *trial_user; /* for setup; NULL = not said */
	bool enforce, yes, undo;	      /* likewise */
};

/*
 * Makes text of others fit to print: bytes outside 0x20..0x7e become \xHH, blanks stay. What does
 * not fit is left out. Pure.
 * text: NUL-terminated, borrowed; buf: size bytes, at least one.
 * Returns buf.
 */
char *eg_ctl_safe(const char *text, char *buf, size_t size);

/*
 * Puts a file of that mode there as a whole, in place of what there was (ctl_save.c). print writes
 * its content. Returns 0; -EOPNOTSUPP where there is something that is no regular file, such as a
 * link or /dev/null, which would be gone for everybody; or another negative errno. Says nothing.
 */
int eg_ctl_save(const char *path, unsigned int mode, void (*print)(const void *arg, FILE *out),
		const void *arg);

/* What the error of eg_ctl_save is, for people. */
const char *eg_ctl_save_error(int error);

/* Prints an error of the configuration to stderr, without "ebpfguardctl: " in front: an editor
 * finds file and line at the start. */
void eg_ctl_print_error(const struct eg_err *error);

/* From now on findings and errors of the configuration are kept, for eg_ctl_findings_take, in place
 * of being printed. */
void eg_ctl_findings_keep(void);

/* Keeps one, raw; false: none are kept, and it is to be printed. line: 0 = of the file. */
bool eg_ctl_finding_keep(const char *severity, const char *file, unsigned int line,
			 const char *text);

/* What was kept, as a JSON array of objects, the caller's. */
struct json_object *eg_ctl_findings_take(void);

/* Loads a configuration, or says on stderr why not and returns NULL. Free with eg_config_free. */
struct eg_config *eg_ctl_load(const char *path);

/* Would the helper take all of it, feeds of networks aside? Says on stderr why not. */
bool eg_ctl_is_right(const struct eg_config *config);

/* Frees one at the end of its scope. */
void eg_ctl_config_free(struct eg_config **config);
#define eg_ctl_auto_config __attribute__((cleanup(eg_ctl_config_free)))

/* Reads the feeds of networks that it names, and says on stderr what is wrong about them. Returns
 * how many lines were passed over or the like, or a negative errno. */
int eg_ctl_feeds_load(struct eg_config *config, struct eg_feeds *ret);

/* Releases them at the end of their scope, after which the configuration must not be asked. */
void eg_ctl_feeds_done(struct eg_feeds *feeds);
#define eg_ctl_auto_feeds __attribute__((cleanup(eg_ctl_feeds_done)))

/* One finding of check, to stderr: where, and what. Returns 1; 0 when that was said before, of
 * another profile that has the same from the same line. */
__attribute__((format(printf, 3, 4))) int
eg_ctl_warn_at(const struct eg_config *config, unsigned int line, const char *format, ...);

struct eg_ctl_idle; /* ctl_idle.h */

/* Which rules of the profile for networks and ports never decide, and which do, into idle. Returns
 * 0, or -ENOMEM. */
int eg_ctl_find_rules(struct eg_ctl_idle *idle, const struct eg_config_profile *profile);

/* Rules, those of programs too, that deny this host or where this shell was logged in from, as a
 * whole or in part. Returns how many findings. */
int eg_ctl_find_near(const struct eg_config *config, const struct eg_config_profile *profile);

/* Which exceptions of files.allow and exec.allow_only what denies the same path, or that nothing
 * denies any, leaves without effect, and which not, into idle. Returns 0, or -ENOMEM. */
int eg_ctl_find_files(struct eg_ctl_idle *idle, const struct eg_config_profile *profile);

/* Finds regular files among those that the profile's lists of files deny, and in the trees, that
 * have names besides those found there. Reads directories. Returns how many findings, or -ENOMEM.
 */
int eg_ctl_find_links(const struct eg_config *config, const struct eg_config_profile *profile);

/* Is there such a user or group? Where a source of names does not answer, there is. */
bool eg_ctl_is_user(const char *name);
bool eg_ctl_is_group(const char *name);

/* A user's groups by name; those that have none are left out. */
struct eg_ctl_groups {
	const char **names; /* owned, as is each */
	size_t n;
};

/* Asks this host. 0, or -ENOMEM; release it either way. Who is nobody here is in no group, which
 * is said on stderr. */
int eg_ctl_groups_find(const char *user, struct eg_ctl_groups *ret);
void eg_ctl_groups_done(struct eg_ctl_groups *groups);

/* Entries of match that never decide, profiles that nobody gets, and users and groups that are not
 * there. Returns how many findings, or -ENOMEM. */
int eg_ctl_find_matches(const struct eg_config *config);

/*
 * Is a profile at least as strict as another? Pure. NULL: it is, by what is written. Else the key
 * in which it is not, or is not known to be: lists are compared entry by entry, not by what they
 * cover.
 */
const char *eg_ctl_looser(const struct eg_config_profile *of, const struct eg_config_profile *than);

/* Sessions whose user's manager gets a profile that is not as strict. Asks for the groups of users
 * that match names. Returns how many findings, or -ENOMEM. */
int eg_ctl_find_managers(const struct eg_config *config);

/*
 * Which profile the user gets, with the service, address and key of the options. Groups are looked
 * up only where they decide; who is not there is in none, which is said on stderr.
 * *ret_match: the entry that decides, NULL = none; *ret_why: what made it hold. All borrowed from
 * config; ret_why may be NULL. Returns 0, 1 when it has looked up groups, or -ENOMEM.
 */
int eg_ctl_choose(const struct eg_config *config, const struct eg_ctl_options *options,
		  const char *user, const struct eg_config_profile **ret,
		  const struct eg_config_match **ret_match, struct eg_match_reason *ret_why);

/*
 * The group of a profile that has rules for a program, which the helper would find by the file that
 * it is: through links, and of a script for its interpreter. What is odd about it is said on
 * stderr. NULL: none has. A program that is not there is found by its path.
 */
const struct eg_config_group *eg_ctl_group_of(const struct eg_config *config,
					      const struct eg_config_profile *profile,
					      const char *program);

struct eg_policy_target; /* policy.h */

/* ADDR:PORT/PROTO or ADDR/icmp, and PORT/PROTO. Return 0, or -EINVAL with the reason on stderr. */
int eg_ctl_target_peer(const char *text, struct eg_policy_target *ret);
int eg_ctl_target_own(const char *text, struct eg_policy_target *ret);

/* The sessions there are now, by number. */
struct eg_ctl_sessions {
	struct eg_msg_session *items; /* owned */
	size_t n, room;
};

/* Asks the helper for them. Returns 0 with *ret, or a negative errno after saying why on stderr;
 * *ret is to be released either way. */
int eg_ctl_sessions_ask(const struct eg_ctl_options *options, struct eg_ctl_sessions *ret);
void eg_ctl_sessions_done(struct eg_ctl_sessions *sessions);
#define eg_ctl_auto_sessions __attribute__((cleanup(eg_ctl_sessions_done)))

/* The one of this number, borrowed; NULL = there is none. */
const struct eg_msg_session *eg_ctl_sessions_find(const struct eg_ctl_sessions *sessions,
						  uint64_t number);

/* A session's number: digits, and not 0. False after saying on stderr that it is none. */
bool eg_ctl_session_number(const char *text, uint64_t *ret);

/*
 * The commands. args: as many as the command takes at most, NULL after the last.
 * Return the exit status. check, explain, learn, events and report look at files and the journal
 * and nothing else; the others ask the helper and wait five seconds for it at most, reload two
 * minutes. diff does both. setup changes PAM's files and the configuration, and takes its time.
 */
int eg_ctl_check(const struct eg_ctl_options *options, char **args);	/* [FILE] */
int eg_ctl_explain(const struct eg_ctl_options *options, char **args);	/* USER [connect TARGET] */
int eg_ctl_diff(const struct eg_ctl_options *options, char **args);	/* FILE */
int eg_ctl_learn(const struct eg_ctl_options *options, char **args);	/* [FILE]... */
int eg_ctl_events(const struct eg_ctl_options *options, char **args);	/* [FILE]... */
int eg_ctl_report(const struct eg_ctl_options *options, char **args);	/* [FILE]... */
int eg_ctl_status(const struct eg_ctl_options *options, char **args);	/* none */
int eg_ctl_sessions(const struct eg_ctl_options *options, char **args); /* none */
int eg_ctl_session(const struct eg_ctl_options *options, char **args);	/* NUMBER */
int eg_ctl_top(const struct eg_ctl_options *options, char **args);	/* none */
int eg_ctl_reload(const struct eg_ctl_options *options, char **args);	/* none */
int eg_ctl_quarantine(const struct eg_ctl_options *options, char **args); /* SESSION */
int eg_ctl_release(const struct eg_ctl_options *options, char **args);	  /* SESSION */
int eg_ctl_kill(const struct eg_ctl_options *options, char **args);	  /* SESSION */
int eg_ctl_tighten(const struct eg_ctl_options *options, char **args);	  /* SESSION PROFILE */
int eg_ctl_setup(const struct eg_ctl_options *options, char **args);	  /* [SERVICE]... */
int eg_ctl_metrics(const struct eg_ctl_options *options, char **args);	  /* none */

#endif
