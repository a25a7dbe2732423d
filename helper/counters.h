/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers that only grow while the helper runs: what sessions were refused, which rules did it, how
 * logins ended and how long they took. Pure: memory only, never logs, never blocks.
 *
 * A session's totals go when it ends, so what they have grown by is added up here, by profile.
 */
#ifndef EG_COUNTERS_H
#define EG_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "abi_event.h"
#include "proto.h"

enum {
	/* Names of profiles that sessions had since the start; what comes after these is counted
	 * under EG_COUNTERS_OTHER. Reloads may bring ever new ones. */
	EG_COUNTERS_PROFILES_MAX = 512,
	EG_COUNTERS_RULES_MAX = 1024,		       /* likewise: EG_METRIC_RULE_OTHER */
	EG_COUNTERS_SLOTS = 2 * EG_COUNTERS_RULES_MAX, /* of the table of rules */
	EG_COUNTERS_SOURCES_MAX = 128,		       /* files that rules stand in */
};

/* Stands for profiles and files that found no room: no name of either can be that. */
#define EG_COUNTERS_OTHER "(other)"

/* Of one profile. Those who count add to the members. */
struct eg_counters_profile {
	char name[EG_PROFILE_SIZE];
	uint64_t refused[EG_OP_MAX]; /* by enum eg_op */
	uint64_t audited[EG_OP_MAX];
	uint64_t killed, lost, packets, packets_audited; /* as in struct eg_totals */
	uint64_t opened, ended;				 /* sessions, user managers not counted */
};

/* How often a rule decided. hits 0: the slot is free. */
struct eg_counters_rule {
	uint64_t hits;
	uint32_t line;	 /* in its file, from 1; 0 for what has none */
	uint16_t kind;	 /* enum eg_metric_rule */
	uint16_t source; /* index in sources */
	uint16_t profile;
};

/* Zeroed, there is nothing yet. */
struct eg_counters {
	struct eg_counters_profile *profiles[EG_COUNTERS_PROFILES_MAX]; /* owned */
	size_t n_profiles;
	struct eg_counters_profile other; /* for those that found no room */
	struct eg_counters_rule rules[EG_COUNTERS_SLOTS];
	size_t n_rules; /* slots taken, EG_COUNTERS_RULES_MAX at most */
	uint64_t other_rules;
	char sources[EG_COUNTERS_SOURCES_MAX][EG_SOURCE_SIZE];
	size_t n_sources;
	uint64_t suppressed; /* lines of the log that were left out */
	uint32_t unsaid;     /* lines that neither the log nor syslog has taken */
	uint64_t exempt;     /* logins that were not to be guarded */
	uint64_t not_opened[EG_METRIC_REFUSED_MAX];
	uint64_t reloads[EG_METRIC_RELOADS]; /* by enum eg_metric_reload */
	uint64_t tried_s;		     /* CLOCK_REALTIME of the last; 0 = there was none */
	uint64_t logins[EG_METRIC_BUCKETS];  /* not cumulated; the last is for all above */
	uint64_t login_ns;		     /* all of them together */
};

/* The counters of a profile; of EG_COUNTERS_OTHER where there is no room or no memory. name:
 * NUL-terminated, borrowed, longer ones are cut. Never NULL; it stays where it is until
 * eg_counters_done. */
struct eg_counters_profile *eg_counters_of(struct eg_counters *counters, const char *name);

/* Its index in profiles; EG_COUNTERS_PROFILES_MAX when it has none, and is counted with others.
 * What eg_counters_of does is done before. */
size_t eg_counters_index(struct eg_counters *counters, const char *name);

/*
 * Adds what a session's totals have grown by since they were last seen. seen: as they were then,
 * zeroes for a new session; becomes *now. What has become less counts as not grown.
 */
void eg_counters_add(struct eg_counters_profile *profile, const struct eg_totals *now,
		     struct eg_totals *seen);

/*
 * What an earlier helper has accounted for of a session that is taken over: the attempts that are
 * in the log by its account, `written`. What is kept in no account (packets, kills, losses) counts
 * from now on, except where nothing was accounted for at all: then all of it is new.
 */
void eg_counters_adopt(const struct eg_totals *now, const struct eg_written *written,
		       struct eg_totals *ret_seen);

/*
 * Counts that a rule decided. source: the file it stands in, NUL-terminated, borrowed, "" for what
 * stands in none; one that is longer than EG_SOURCE_SIZE loses its beginning. line: there.
 */
void eg_counters_hit(struct eg_counters *counters, const char *profile, enum eg_metric_rule kind,
		     const char *source, uint32_t line);

/* Counts a login that was answered after that many ns; less than none is none. */
void eg_counters_login(struct eg_counters *counters, int64_t ns);

/* Which class of refusals that is: the negative errno of a session that could not be opened. */
enum eg_metric_refused eg_counters_why(int error);

/* Counts a reload that ended at now_s, CLOCK_REALTIME. */
void eg_counters_reload(struct eg_counters *counters, enum eg_metric_reload result, uint64_t now_s);

/* Up to which duration a bucket goes, in ms; 0 for the last, which has no end. */
uint32_t eg_counters_bucket_ms(size_t bucket);

/* Releases what it owns and zeroes it. */
void eg_counters_done(struct eg_counters *counters);

#endif
