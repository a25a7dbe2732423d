// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers that only grow: see counters.h. */
#include "counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

_Static_assert((int)EG_METRIC_OPS == (int)EG_OP_MAX, "contract");

/* ---- profiles ---- */

static struct eg_counters_profile *new_profile(struct eg_counters *counters, const char *name)
{
	struct eg_counters_profile *profile = NULL;

	if (counters->n_profiles < EG_COUNTERS_PROFILES_MAX)
		profile = calloc(1, sizeof(*profile));
	if (!profile) {
		(void)snprintf(counters->other.name, EG_PROFILE_SIZE, EG_COUNTERS_OTHER);
		return &counters->other;
	}
	(void)snprintf(profile->name, sizeof(profile->name), "%s", name);
	counters->profiles[counters->n_profiles++] = profile;
	return profile;
}

/* Its index; EG_COUNTERS_PROFILES_MAX: it has none. */
static size_t index_of(const struct eg_counters *counters, const char *name)
{
	size_t i = 0;

	while (i < counters->n_profiles &&
	       strncmp(counters->profiles[i]->name, name, EG_PROFILE_SIZE - 1))
		i++;
	return i < counters->n_profiles ? i : EG_COUNTERS_PROFILES_MAX;
}

struct eg_counters_profile *eg_counters_of(struct eg_counters *counters, const char *name)
{
	size_t i = index_of(counters, name);

	return i < EG_COUNTERS_PROFILES_MAX ? counters->profiles[i] : new_profile(counters, name);
}

size_t eg_counters_index(struct eg_counters *counters, const char *name)
{
	(void)eg_counters_of(counters, name);
	return index_of(counters, name);
}

/* ---- totals ---- */

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void eg_counters_add(struct eg_counters_profile *profile, const struct eg_totals *now,
		     struct eg_totals *seen)
{
	for (size_t op = 0; op < EG_OP_MAX; op++) {
		profile->refused[op] += grown(now->refused[op], seen->refused[op]);
		profile->audited[op] += grown(now->audited[op], seen->audited[op]);
	}
	profile->killed += grown(now->killed, seen->killed);
	profile->lost += grown(now->lost, seen->lost);
	profile->packets += grown(now->packets, seen->packets);
	profile->packets_audited += grown(now->packets_audited, seen->packets_audited);
	*seen = *now;
}

void eg_counters_adopt(const struct eg_totals *now, const struct eg_written *written,
		       struct eg_totals *ret_seen)
{
	static const struct eg_written nothing;

	*ret_seen = (struct eg_totals){0};
	if (!memcmp(written, &nothing, sizeof(nothing)))
		return;
	*ret_seen = *now;
	memcpy(ret_seen->refused, written->refused, sizeof(ret_seen->refused));
	memcpy(ret_seen->audited, written->audited, sizeof(ret_seen->audited));
}

/* ---- rules ---- */

/* The index of a file's name. A full table's last stands for all that found no room. */
static uint16_t source_of(struct eg_counters *counters, const char *source)
{
	size_t n = strlen(source), i = 0;
	const char *tail = n < EG_SOURCE_SIZE ? source : source + n - (EG_SOURCE_SIZE - 1);

	while (i < counters->n_sources && strcmp(counters->sources[i], tail))
		i++;
	if (i == counters->n_sources) {
		bool last = i >= EG_COUNTERS_SOURCES_MAX - 1;

		i = last ? EG_COUNTERS_SOURCES_MAX - 1 : i;
		(void)snprintf(counters->sources[i], EG_SOURCE_SIZE, "%s",
			       last ? EG_COUNTERS_OTHER : tail);
		counters->n_sources = i + 1;
	}
	return (uint16_t)i;
}

static size_t hash_of(const struct eg_counters_rule *rule)
{
	uint64_t key = (uint64_t)rule->line << 32 | (uint64_t)rule->source << 18 |
		       (uint64_t)rule->profile << 4 | rule->kind;

	return (size_t)(key * 0x9e3779b97f4a7c15U >> 40) % EG_COUNTERS_SLOTS;
}

void eg_counters_hit(struct eg_counters *counters, const char *profile, enum eg_metric_rule kind,
		     const char *source, uint32_t line)
{
	struct eg_counters_rule rule = {.line = line, .kind = (uint16_t)kind};
	size_t at;

	rule.profile = (uint16_t)eg_counters_index(counters, profile);
	rule.source = source_of(counters, source);
	at = hash_of(&rule);
	/* Half of the slots stay free, so the search ends. */
	for (; counters->rules[at].hits; at = (at + 1) % EG_COUNTERS_SLOTS) {
		struct eg_counters_rule *have = &counters->rules[at];

		if (have->line == rule.line && have->kind == rule.kind &&
		    have->source == rule.source && have->profile == rule.profile) {
			have->hits++;
			return;
		}
	}
	if (counters->n_rules == EG_COUNTERS_RULES_MAX) {
		counters->other_rules++;
		return;
	}
	counters->n_rules++;
	rule.hits = 1;
	counters->rules[at] = rule;
}

/* ---- logins ---- */

static const uint32_t bucket_ms[EG_METRIC_BUCKETS - 1] = {1,   2,   5,	  10,	20,   50,   100,
							  200, 500, 1000, 2000, 5000, 10000};

uint32_t eg_counters_bucket_ms(size_t bucket)
{
	return bucket < EG_ARRAY_SIZE(bucket_ms) ? bucket_ms[bucket] : 0;
}

void eg_counters_login(struct eg_counters *counters, int64_t ns)
{
	size_t bucket = 0;

	ns = ns > 0 ? ns : 0;
	while (bucket < EG_ARRAY_SIZE(bucket_ms) && ns > (int64_t)bucket_ms[bucket] * 1000000)
		bucket++;
	counters->logins[bucket]++;
	counters->login_ns += (uint64_t)ns;
}

enum eg_metric_refused eg_counters_why(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EUSERS:
	case -ENOMEM:
		return EG_METRIC_LIMIT;
	case -ENOENT:
		return EG_METRIC_CONFIGURATION;
	default:
		return EG_METRIC_SETUP;
	}
}

/* ---- the rest ---- */

void eg_counters_reload(struct eg_counters *counters, enum eg_metric_reload result, uint64_t now_s)
{
	counters->reloads[result]++;
	counters->tried_s = now_s;
}

void eg_counters_done(struct eg_counters *counters)
{
	for (size_t i = 0; i < counters->n_profiles; i++)
		free(counters->profiles[i]);
	*counters = (struct eg_counters){0};
}
