// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check: would the helper take the configuration, and what would it do that was hardly
 * meant? Read from the file; besides that, only whether there are the users, groups and programs it
 * names.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "config.h"
#include "ctl.h"
#include "ctl_json.h"
#include "ctl_idle.h"
#include "feed.h"
#include "policy.h"
#include "program.h"
#include "util.h"

/* Is the list what the profile extended has, from the same lines? Then it was looked at there. */
static bool is_inherited(const struct eg_config_texts *texts, const struct eg_config_texts *parents)
{
	if (texts == parents || texts->n != parents->n || texts->line != parents->line)
		return false;
	for (size_t i = 0; i < texts->n; i++)
		if (texts->list[i].line != parents->list[i].line ||
		    strcmp(texts->list[i].text, parents->list[i].text) != 0)
			return false;
	return true;
}

/* Would the helper put it in force? Says why not: too many rules for the kernel's tables. */
static bool compiles(const struct eg_config *config, const struct eg_config_profile *profile)
{
	struct eg_policy_image image = {0};
	struct eg_err error = {0};
	int err = eg_policy_compile(profile, &image, &error);

	eg_policy_done(&image);
	if (err < 0) {
		if (!error.file[0])
			(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		eg_ctl_print_error(&error);
	}
	return err == 0;
}

/* Are the feeds as the helper wants them? */
static bool has_feeds(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_profile *parent = &config->profiles[profile->parent];
	struct eg_digests digests = {0};
	struct eg_err error = {0};
	int err;

	if (is_inherited(&profile->exec_deny_sha256_files, &parent->exec_deny_sha256_files) &&
	    is_inherited(&profile->exec_deny_sha256, &parent->exec_deny_sha256))
		return true;
	err = eg_feed_digests(config->file, profile, geteuid(), &digests, &error);
	eg_digests_done(&digests);
	if (err < 0)
		eg_ctl_print_error(&error);
	return err == 0;
}

bool eg_ctl_is_user(const char *name)
{
	errno = 0;
	return getpwnam(name) || (errno && errno != ENOENT && errno != ESRCH);
}

bool eg_ctl_is_group(const char *name)
{
	errno = 0;
	return getgrnam(name) || (errno && errno != ENOENT && errno != ESRCH);
}

/* Are there all that a list names? Where a source of names does not answer, nothing is said. */
static bool are_there(const struct eg_config *config, const struct eg_config_texts *texts,
		      bool (*is_there)(const char *name), const char *what)
{
	for (size_t i = 0; i < texts->n; i++) {
		const struct eg_config_text *text = &texts->list[i];
		struct eg_err error = {.line = text->line};

		if (text->text[strspn(text->text, "0123456789")] == '\0' || is_there(text->text))
			continue;
		(void)snprintf(error.file, sizeof(error.file), "%s", config->file);
		(void)snprintf(error.text, sizeof(error.text), "%s \"%s\"", what, text->text);
		eg_ctl_print_error(&error);
		return false;
	}
	return true;
}

/* Would the helper find the ids that it must refuse? */
static bool resolves(const struct eg_config *config, const struct eg_config_profile *profile)
{
	return are_there(config, &profile->setuid_users, eg_ctl_is_user,
			 "setuid.users: there is no user") &&
	       are_there(config, &profile->setuid_groups, eg_ctl_is_group,
			 "setuid.groups: there is no group");
}

/* Programs the helper takes for none: a name that is misspelt lets nobody do anything, which is
 * found out late. What is there is taken by its identity, a link's by what it leads to. */
static int find_no_program(const struct eg_config *config, const struct eg_config_texts *programs,
			   const char *key, bool with_rules)
{
	struct stat st = {0};
	int found = 0;

	for (size_t i = 0; i < programs->n; i++) {
		const struct eg_config_text *program = &programs->list[i];
		const char *trouble = stat(program->text, &st) < 0
					      ? strerror(errno)
					      : eg_program_trouble(program->text, &st, with_rules);

		if (trouble)
			found += eg_ctl_warn_at(config, program->line, "%s: %s has no effect: %s",
						key, program->text, trouble);
	}
	return found;
}

/* A program that two groups name by two paths; the helper refuses that. */
static int find_same_program(const struct eg_config *config,
			     const struct eg_config_profile *profile, size_t i)
{
	const struct eg_config_texts *programs = &profile->groups[i].programs, *others;
	struct stat a = {0}, b = {0};

	for (size_t j = 0; j < i; j++)
		for (size_t k = 0; k < programs->n; k++)
			for (size_t m = 0; m < profile->groups[j].programs.n; m++) {
				others = &profile->groups[j].programs;
				if (stat(programs->list[k].text, &a) < 0 ||
				    stat(others->list[m].text, &b) < 0 || a.st_ino != b.st_ino ||
				    a.st_dev != b.st_dev)
					continue;
				return eg_ctl_warn_at(
					config, programs->list[k].line,
					"%s is the same file as %s on line %u, which has rules of "
					"its own already; a program is named once",
					programs->list[k].text, others->list[m].text,
					others->list[m].line);
			}
	return 0;
}

/* Exceptions, from what nothing denies? */
static void find_idle(struct eg_ctl_idle *idle, unsigned int list,
		      const struct eg_config_texts *texts, bool denies, const char *key,
		      const char *group)
{
	struct eg_ctl_entry entry;

	if (!texts->n)
		return;
	entry = eg_ctl_entry_text(list | EG_CTL_IDLE_LIST, texts->list);
	if (denies)
		eg_ctl_idle_live(idle, entry);
	else
		eg_ctl_idle_add(idle, entry, "%s has no effect without %s.deny = true", key, group);
}

static int find_in_groups(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	const struct eg_config *config = idle->config;
	int found = 0;

	for (size_t i = 0; i < profile->n_groups; i++) {
		const struct eg_config_group *group = &profile->groups[i];

		found += find_no_program(config, &group->programs, "rules[].programs", true);
		found += find_no_program(config, &group->setuid_allow, "rules[].setuid.allow",
					 false);
		found += find_same_program(config, profile, i);
		find_idle(idle, EG_CTL_IDLE_SETUID | EG_CTL_IDLE_GROUP, &group->setuid_allow,
			  profile->deny_setuid, "rules[].setuid.allow", "setuid");
	}
	return found;
}

static bool names_root(const struct eg_config_texts *users)
{
	for (size_t i = 0; i < users->n; i++)
		if (!strcmp(users->list[i].text, "root") || !strcmp(users->list[i].text, "0"))
			return true;
	return false;
}

/* Does mount.allow open what rules about files refuse? */
static bool opens_overlay(const struct eg_config_profile *profile)
{
	if (!profile->files_deny_read.n && !profile->files_deny_write.n)
		return false;
	for (size_t i = 0; i < profile->mount_allow.n; i++)
		if (!strcmp(profile->mount_allow.list[i].text, "overlay"))
			return true;
	return false;
}

/* Exceptions that say nothing, and a setuid.deny that is none. */
static int find_gain_and_mount(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	const struct eg_config *config = idle->config;
	int found = find_no_program(config, &profile->setuid_allow, "setuid.allow", false);

	find_idle(idle, EG_CTL_IDLE_SETUID, &profile->setuid_allow, profile->deny_setuid,
		  "setuid.allow", "setuid");
	find_idle(idle, EG_CTL_IDLE_MOUNT, &profile->mount_allow,
		  profile->deny_mount || opens_overlay(profile), "mount.allow", "mount");
	if (profile->deny_setuid && profile->setuid_users.set &&
	    !names_root(&profile->setuid_users)) {
		found +=
			eg_ctl_warn_at(config, profile->setuid_users.line,
				       "setuid.users does not name root: sessions may become root");
	}
	return found;
}

static int find_no_user(const struct eg_config *config)
{
	const struct eg_config_texts *users = &config->managers_exempt;
	int found = 0;

	for (size_t i = 0; i < users->n; i++) {
		if (eg_ctl_is_user(users->list[i].text))
			continue;
		found += eg_ctl_warn_at(config, users->list[i].line,
					"managers.exempt: there is no user \"%s\"",
					users->list[i].text);
	}
	return found;
}

/* Who writes audit at the top hardly means it for all but one profile, which refuses. */
static int find_enforcing(const struct eg_config *config, const struct eg_config_profile *profile)
{
	if (config->profiles[0].mode != EG_MODE_AUDIT || profile->mode_set || profile->extends[0])
		return 0;
	return eg_ctl_warn_at(config, profile->line,
			      "profile %s enforces, though the file says audit: give it mode = "
			      "\"audit\", or extends = \"default\"; where that is meant, mode = "
			      "\"enforce\"",
			      profile->name);
}

/* Returns how many findings besides those of idle, or a negative errno. */
static int find_in_profile(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	const struct eg_config *config = idle->config;
	const struct eg_config_profile *parent = &config->profiles[profile->parent];
	int found = eg_ctl_find_rules(idle, profile), links = 0;

	if (found == 0)
		found = eg_ctl_find_files(idle, profile);
	if (found < 0)
		return found;
	found = eg_ctl_find_near(config, profile);
	found += find_enforcing(config, profile);
	found += find_gain_and_mount(idle, profile);
	found += find_in_groups(idle, profile);
	if (!is_inherited(&profile->files_deny_read, &parent->files_deny_read) ||
	    !is_inherited(&profile->files_deny_write, &parent->files_deny_write) ||
	    !is_inherited(&profile->files_allow, &parent->files_allow))
		links = eg_ctl_find_links(config, profile);
	return links < 0 ? links : found + links;
}

static int find_in_profiles(const struct eg_config *config)
{
	__attribute__((cleanup(eg_ctl_idle_done))) struct eg_ctl_idle idle = {.config = config};
	int found = 0, told;

	for (size_t i = 0; i < config->n_profiles; i++) {
		int more = find_in_profile(&idle, &config->profiles[i]);

		if (more < 0)
			return more;
		found += more;
	}
	told = eg_ctl_idle_tell(&idle);
	return told < 0 ? told : found + told;
}

static int find_all(const struct eg_config *config)
{
	int (*const finders[])(const struct eg_config *config) = {
		eg_ctl_find_matches, eg_ctl_find_managers, find_in_profiles, find_no_user};
	int found = 0;

	for (size_t i = 0; i < EG_ARRAY_SIZE(finders); i++) {
		int more = finders[i](config);

		if (more < 0)
			return more;
		found += more;
	}
	return found;
}

bool eg_ctl_is_right(const struct eg_config *config)
{
	for (size_t i = 0; i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];

		if (!compiles(config, profile) || !resolves(config, profile) ||
		    !has_feeds(config, profile))
			return false;
	}
	return true;
}

/* All that there is to say of it, for programs. */
static void json_findings(const char *path, bool valid, int warnings)
{
	struct json_object *json = eg_ctl_json_object();

	eg_ctl_json_add_text(json, "file", path);
	eg_ctl_json_add_bool(json, "valid", valid);
	eg_ctl_json_add_number(json, "warnings", (uint64_t)warnings);
	eg_ctl_json_add(json, "findings", eg_ctl_findings_take());
	eg_ctl_json_print(json);
}

static void print_summary(const char *path, int found)
{
	char clean[EG_CTL_SAFE_SIZE];

	if (found)
		(void)printf("%s: valid, %d warning%s\n", eg_ctl_safe(path, clean, sizeof(clean)),
			     found, found > 1 ? "s" : "");
	else
		(void)printf("%s: fine\n", eg_ctl_safe(path, clean, sizeof(clean)));
}

int eg_ctl_check(const struct eg_ctl_options *options, char **args)
{
	const char *path = args[0] ? args[0] : options->config;
	struct eg_config *config eg_ctl_auto_config = NULL;
	struct eg_feeds feeds eg_ctl_auto_feeds = {0};
	int found, bad;

	if (options->json)
		eg_ctl_findings_keep();
	config = eg_ctl_load(path);
	bad = config ? eg_ctl_feeds_load(config, &feeds) : -EINVAL;
	if (bad < 0 || !eg_ctl_is_right(config)) {
		if (options->json)
			json_findings(path, false, bad > 0 ? bad : 0);
		return EG_CTL_FINDING;
	}
	found = find_all(config);
	if (found < 0) {
		warnx("%s", strerror(-found));
		return EG_CTL_FINDING;
	}
	found += bad;
	if (options->json)
		json_findings(path, true, found);
	else
		print_summary(path, found);
	return found ? EG_CTL_FINDING : EG_CTL_FINE;
}
