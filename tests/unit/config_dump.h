/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All of a configuration as lines of text, straight from the structs, so that a test sees which
 * fields a key has changed and that it has changed no other. What is not set has no line.
 */
#ifndef EG_TEST_CONFIG_DUMP_H
#define EG_TEST_CONFIG_DUMP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

static inline void dump_texts(FILE *out, const char *of, const char *name,
			      const struct eg_config_texts *texts)
{
	if (!texts->set)
		return;
	(void)fprintf(out, "%s%s", of, name);
	for (size_t i = 0; i < texts->n; i++)
		(void)fprintf(out, " %s", texts->list[i].text);
	(void)fprintf(out, "\n");
}

/* ports: of bind. */
static inline void dump_rules(FILE *out, const char *of, const char *name, bool ports,
			      const struct eg_config_rules *rules)
{
	char text[EG_RULE_TEXT_SIZE];

	for (size_t i = 0; i < rules->n; i++)
		(void)fprintf(out, "%s%s %c%s\n", of, name, rules->list[i].allow ? '+' : '-',
			      ports ? eg_rule_format_ports(&rules->list[i].spec, text)
				    : eg_rule_format(&rules->list[i].spec, text));
}

static inline void dump_group(FILE *out, size_t i, const struct eg_config_group *group)
{
	char of[32];

	(void)snprintf(of, sizeof(of), "rules[%zu].", i);
	dump_texts(out, of, "programs", &group->programs);
	dump_rules(out, of, "egress", false, &group->egress);
	dump_rules(out, of, "bind", true, &group->bind);
	dump_texts(out, of, "setuid_allow", &group->setuid_allow);
	dump_texts(out, of, "files_deny_read", &group->files_deny_read);
	dump_texts(out, of, "files_deny_write", &group->files_deny_write);
	dump_texts(out, of, "files_allow", &group->files_allow);
}

static inline void dump_profile_texts(FILE *out, const struct eg_config_profile *profile)
{
	dump_texts(out, "", "setuid_users", &profile->setuid_users);
	dump_texts(out, "", "setuid_groups", &profile->setuid_groups);
	dump_texts(out, "", "setuid_allow", &profile->setuid_allow);
	dump_texts(out, "", "mount_allow", &profile->mount_allow);
	dump_texts(out, "", "unix_deny", &profile->unix_deny);
	dump_texts(out, "", "files_deny_read", &profile->files_deny_read);
	dump_texts(out, "", "files_deny_write", &profile->files_deny_write);
	dump_texts(out, "", "files_allow", &profile->files_allow);
	dump_texts(out, "", "exec_deny", &profile->exec_deny);
	dump_texts(out, "", "exec_allow_only", &profile->exec_allow_only);
	dump_texts(out, "", "exec_deny_sha256", &profile->exec_deny_sha256);
	dump_texts(out, "", "exec_deny_sha256_files", &profile->exec_deny_sha256_files);
	dump_texts(out, "", "record_open", &profile->record_open);
}

/* What is in force for its sessions: not its name and where it has this from. */
static inline void dump_profile(FILE *out, const struct eg_config_profile *profile)
{
	(void)fprintf(out, "mode %d\naction %d\n", profile->mode, profile->action);
	for (int on = 0; on < EG_ON_MAX; on++)
		(void)fprintf(out, "actions[%d] %d\n", on, profile->actions[on]);
	(void)fprintf(out, "default_deny %d\ndeny_setuid %d\ndeny_mount %d\n",
		      profile->default_deny, profile->deny_setuid, profile->deny_mount);
	(void)fprintf(out, "lookup %d\n", profile->lookup);
	(void)fprintf(out, "deny_services %d\ndeny_same_user %d\n", profile->deny_services,
		      profile->deny_same_user);
	(void)fprintf(out, "families %llx\nprotocols %x\ncapabilities %llx\n",
		      (unsigned long long)profile->families, profile->protocols,
		      (unsigned long long)profile->capabilities);
	(void)fprintf(out, "record_exec %d\nrecord_connect %d\n", profile->record_exec,
		      profile->record_connect);
	dump_rules(out, "", "egress", false, &profile->egress);
	dump_rules(out, "", "bind", true, &profile->bind);
	for (size_t i = 0; i < profile->feeds.n; i++) {
		const struct eg_config_feed *feed = &profile->feeds.list[i];

		(void)fprintf(out, "feeds %c%s strict %d shrink %u\n", feed->allow ? '+' : '-',
			      feed->path, feed->strict, feed->shrink);
	}
	dump_profile_texts(out, profile);
	for (size_t i = 0; i < profile->n_groups; i++)
		dump_group(out, i, &profile->groups[i]);
}

static inline void dump_match(FILE *out, size_t i, const struct eg_config_match *match)
{
	char of[32], network[EG_CIDR_TEXT_SIZE];

	(void)snprintf(of, sizeof(of), "match[%zu].", i);
	dump_texts(out, of, "user", &match->user);
	dump_texts(out, of, "group", &match->group);
	dump_texts(out, of, "service", &match->service);
	dump_texts(out, of, "rhost", &match->rhost);
	for (size_t j = 0; j < match->rhost.n; j++)
		(void)fprintf(out, "%snetwork %s\n", of,
			      eg_cidr_format(&match->networks[j], network));
	dump_texts(out, of, "key", &match->key);
	(void)fprintf(out, "%sprofile %zu\n", of, match->profile);
}

static inline void dump_log(FILE *out, const struct eg_config_log *log)
{
	(void)fprintf(out, "log.format %u\nlog.facility %u\nlog.destination %u\n", log->format,
		      log->facility, log->destination);
	(void)fprintf(out, "log.rate %u\nlog.session_rate %u\nlog.session_burst %u\n", log->rate,
		      log->session_rate, log->session_burst);
	(void)fprintf(out, "log.window %u\n", log->window);
	if (log->file.text)
		(void)fprintf(out, "log.file %u:%s\n", log->file.line, log->file.text);
}

/* The i-th profile, or all of the file (i is -1); owned by the caller. */
static inline char *dump(const struct eg_config *conf, int i)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_true(i < (int)conf->n_profiles);
	if (i >= 0)
		dump_profile(out, &conf->profiles[i]);
	for (size_t j = 0; i < 0 && j < conf->n_profiles; j++) {
		(void)fprintf(out, "profiles[%zu] %s of %zu %s\n", j, conf->profiles[j].name,
			      conf->profiles[j].parent, conf->profiles[j].extends);
		dump_profile(out, &conf->profiles[j]);
	}
	if (i < 0)
		(void)fprintf(out, "strict %d\n", conf->strict);
	if (i < 0)
		dump_texts(out, "", "managers_exempt", &conf->managers_exempt);
	if (i < 0)
		dump_log(out, &conf->log);
	for (size_t j = 0; i < 0 && j < conf->n_matches; j++)
		dump_match(out, j, &conf->matches[j]);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif
