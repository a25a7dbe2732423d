// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Is one profile at least as strict as another? Said only where it follows from what is written: of
 * lists that the stricter one denies all that the other does, and allows nothing besides. Adding a
 * denial or taking an exception away makes nothing looser, since the narrowest rule decides and of
 * equal ones the denial.
 */
#include <stdlib.h>
#include <string.h>

#include "action.h"
#include "ctl.h"
#include "util.h"

/* ---- lists: is every element of the first in the second? Without memory it is not known. */

static int compare_texts(const void *a, const void *b)
{
	return strcmp((*(const struct eg_config_text *const *)a)->text,
		      (*(const struct eg_config_text *const *)b)->text);
}

static bool has_texts(const struct eg_config_texts *few, const struct eg_config_texts *many)
{
	eg_auto_free const struct eg_config_text **sorted =
		calloc(many->n + 1, sizeof(struct eg_config_text *));

	if (!sorted)
		return false;
	for (size_t i = 0; i < many->n; i++)
		sorted[i] = &many->list[i];
	qsort(sorted, many->n, sizeof(*sorted), compare_texts);
	for (size_t i = 0; i < few->n; i++) {
		const struct eg_config_text *text = &few->list[i];

		if (!bsearch(&text, sorted, many->n, sizeof(*sorted), compare_texts))
			return false;
	}
	return true;
}

static int compare_rules(const void *a, const void *b)
{
	return eg_rule_compare(&(*(const struct eg_config_rule *const *)a)->spec,
			       &(*(const struct eg_config_rule *const *)b)->spec);
}

static bool has_rules(const struct eg_config_rules *few, const struct eg_config_rules *many,
		      bool allow)
{
	eg_auto_free const struct eg_config_rule **sorted =
		calloc(many->n + 1, sizeof(struct eg_config_rule *));
	size_t n = 0;

	if (!sorted)
		return false;
	for (size_t i = 0; i < many->n; i++)
		if (many->list[i].allow == allow)
			sorted[n++] = &many->list[i];
	qsort(sorted, n, sizeof(*sorted), compare_rules);
	for (size_t i = 0; i < few->n; i++) {
		const struct eg_config_rule *rule = &few->list[i];

		if (rule->allow == allow &&
		    !bsearch(&rule, sorted, n, sizeof(*sorted), compare_rules))
			return false;
	}
	return true;
}

static bool has_feeds(const struct eg_config_feeds *few, const struct eg_config_feeds *many,
		      bool allow)
{
	for (size_t i = 0; i < few->n; i++) {
		bool found = few->list[i].allow != allow;

		for (size_t k = 0; k < many->n && !found; k++)
			found = many->list[k].allow == allow &&
				strcmp(many->list[k].path, few->list[i].path) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* ---- restrictions: is the first at least as strict as the second? */

/* Denials of what the second denies, and no exceptions that it has not. */
static bool rules_hold(const struct eg_config_rules *of, const struct eg_config_rules *than)
{
	return has_rules(than, of, false) && has_rules(of, than, true);
}

static bool any(const struct eg_config_rules *rules, bool allow)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->list[i].allow == allow)
			return true;
	return false;
}

/* Feeds stand deny first. */
static bool denies_some(const struct eg_config_profile *profile)
{
	return profile->default_deny || any(&profile->egress, false) ||
	       (profile->feeds.n && !profile->feeds.list[0].allow);
}

static bool denies_all(const struct eg_config_profile *profile)
{
	return profile->default_deny && !any(&profile->egress, true) &&
	       !(profile->feeds.n && profile->feeds.list[profile->feeds.n - 1].allow);
}

static bool egress_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	if (!denies_some(than) || denies_all(of))
		return true;
	return of->default_deny >= than->default_deny && rules_hold(&of->egress, &than->egress) &&
	       has_feeds(&than->feeds, &of->feeds, false) &&
	       has_feeds(&of->feeds, &than->feeds, true);
}

static bool bind_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	return !any(&than->bind, false) || rules_hold(&of->bind, &than->bind);
}

static bool sockets_hold(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	return !(of->families & ~than->families) && !(of->protocols & ~than->protocols);
}

/* Lists that are not set stand for the same names in both. */
static bool ids_hold(const struct eg_config_texts *of, const struct eg_config_texts *than)
{
	return of->set == than->set && has_texts(than, of);
}

static bool setuid_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	return !than->deny_setuid ||
	       (of->deny_setuid && ids_hold(&of->setuid_users, &than->setuid_users) &&
		ids_hold(&of->setuid_groups, &than->setuid_groups) &&
		has_texts(&of->setuid_allow, &than->setuid_allow));
}

/* The exceptions count where mounts are not denied, too: overlays over files that are. */
static bool mount_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	bool files = than->files_deny_read.n || than->files_deny_write.n;

	return of->deny_mount >= than->deny_mount &&
	       ((!than->deny_mount && !files) || has_texts(&of->mount_allow, &than->mount_allow));
}

static bool capabilities_hold(const struct eg_config_profile *of,
			      const struct eg_config_profile *than)
{
	return !(than->capabilities & ~of->capabilities);
}

static bool unix_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	return of->deny_services >= than->deny_services &&
	       of->deny_same_user >= than->deny_same_user &&
	       has_texts(&than->unix_deny, &of->unix_deny);
}

static bool files_hold(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	bool denies = than->files_deny_read.n || than->files_deny_write.n;

	return !denies || (has_texts(&than->files_deny_read, &of->files_deny_read) &&
			   has_texts(&than->files_deny_write, &of->files_deny_write) &&
			   has_texts(&of->files_allow, &than->files_allow));
}

static bool exec_holds(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	bool only = !than->exec_allow_only.set ||
		    (of->exec_allow_only.set &&
		     has_texts(&of->exec_allow_only, &than->exec_allow_only));

	return only && has_texts(&than->exec_deny, &of->exec_deny) &&
	       has_texts(&than->exec_deny_sha256, &of->exec_deny_sha256) &&
	       has_texts(&than->exec_deny_sha256_files, &of->exec_deny_sha256_files);
}

/* ---- rules of programs: the same groups. Another one may only be missing, and only give. */

static bool same_texts(const struct eg_config_texts *a, const struct eg_config_texts *b)
{
	return a->n == b->n && has_texts(a, b);
}

static bool same_rules(const struct eg_config_rules *a, const struct eg_config_rules *b)
{
	return a->n == b->n && has_rules(a, b, false) && has_rules(a, b, true);
}

static bool same_group(const struct eg_config_group *a, const struct eg_config_group *b)
{
	return same_texts(&a->programs, &b->programs) && same_rules(&a->egress, &b->egress) &&
	       same_rules(&a->bind, &b->bind) && same_texts(&a->setuid_allow, &b->setuid_allow) &&
	       same_texts(&a->files_deny_read, &b->files_deny_read) &&
	       same_texts(&a->files_deny_write, &b->files_deny_write) &&
	       same_texts(&a->files_allow, &b->files_allow);
}

static bool has_group(const struct eg_config_profile *profile, const struct eg_config_group *group)
{
	for (size_t i = 0; i < profile->n_groups; i++)
		if (same_group(&profile->groups[i], group))
			return true;
	return false;
}

static bool only_gives(const struct eg_config_group *group)
{
	static const struct eg_config_rules none;

	return has_rules(&group->egress, &none, false) && has_rules(&group->bind, &none, false) &&
	       !group->files_deny_read.n && !group->files_deny_write.n;
}

static bool groups_hold(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	for (size_t i = 0; i < of->n_groups; i++)
		if (!has_group(than, &of->groups[i]))
			return false;
	for (size_t i = 0; i < than->n_groups; i++)
		if (!only_gives(&than->groups[i]) && !has_group(of, &than->groups[i]))
			return false;
	return true;
}

/* ---- doors */

static const struct {
	const char *key;
	/* NULL: there is only what is done about it */
	bool (*holds)(const struct eg_config_profile *of, const struct eg_config_profile *than);
} restrictions[EG_ON_MAX] = {
	[EG_ON_EGRESS] = {"deny, allow and default", egress_holds},
	[EG_ON_BIND] = {"bind", bind_holds},
	[EG_ON_SOCKETS] = {"sockets", sockets_hold},
	[EG_ON_SETUID] = {"setuid", setuid_holds},
	[EG_ON_MOUNT] = {"mount", mount_holds},
	[EG_ON_CAPABILITIES] = {"capabilities", capabilities_hold},
	[EG_ON_UNIX] = {"unix", unix_holds},
	[EG_ON_LEAVING] = {"leaving", NULL},
	[EG_ON_TAMPERING] = {"tampering", NULL},
	[EG_ON_FILES] = {"files", files_hold},
	[EG_ON_EXEC] = {"exec", exec_holds},
};

/* 0: it is not refused. */
static int rank(const struct eg_config_profile *profile, enum eg_restriction on)
{
	enum eg_action action = eg_action_of(profile, on);

	return action == EG_ACTION_KILL ? 2 : action == EG_ACTION_DENY;
}

const char *eg_ctl_looser(const struct eg_config_profile *of, const struct eg_config_profile *than)
{
	bool refuses = false;

	if (of == than)
		return NULL;
	if (of->mode == EG_MODE_AUDIT && than->mode != EG_MODE_AUDIT)
		return "mode";
	for (unsigned int i = 0; i < EG_ON_MAX; i++) {
		enum eg_restriction on = (enum eg_restriction)i;

		if (!rank(than, on))
			continue;
		refuses = true;
		if (rank(of, on) < rank(than, on) ||
		    (restrictions[i].holds && !restrictions[i].holds(of, than)))
			return restrictions[i].key;
	}
	return refuses && !groups_hold(of, than) ? "rules" : NULL;
}
