// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What check finds about paths: exceptions that name just what is denied, and those from nothing.
 * Paths are compared as they are written, for they need not be there. Which path is below which is
 * not looked at: links and mounts make that another question.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "ctl.h"
#include "ctl_idle.h"
#include "place_tree.h"
#include "util.h"

/* ---- which paths a list names ---- */

struct path {
	char *plain; /* owned */
	unsigned int line;
};

struct paths {
	struct path *list; /* owned; sorted */
	size_t n;
};

static void paths_done(struct paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->list[i].plain);
	free(paths->list);
}

static int compare_paths(const void *va, const void *vb)
{
	const struct path *a = va, *b = vb;

	return strcmp(a->plain, b->plain);
}

static int paths_init(struct paths *paths, const struct eg_config_texts *texts)
{
	char plain[PATH_MAX];

	paths->list = calloc(texts->n + 1, sizeof(*paths->list));
	if (!paths->list)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++) {
		if (eg_place_plain(texts->list[i].text, plain, sizeof(plain)) < 0)
			continue; /* names nothing */
		paths->list[paths->n].line = texts->list[i].line;
		paths->list[paths->n].plain = strdup(plain);
		if (!paths->list[paths->n].plain)
			return -ENOMEM;
		paths->n++;
	}
	qsort(paths->list, paths->n, sizeof(*paths->list), compare_paths);
	return 0;
}

/* The line that names the path; 0: none does. */
static unsigned int line_of(const struct paths *paths, const char *text)
{
	char plain[PATH_MAX];
	const struct path wanted = {.plain = plain}, *found;

	if (eg_place_plain(text, plain, sizeof(plain)) < 0)
		return 0;
	found = bsearch(&wanted, paths->list, paths->n, sizeof(*paths->list), compare_paths);
	return found ? found->line : 0;
}

/* ---- files.allow ---- */

/* What stands beside exceptions: of a profile, or of a group of its programs. */
struct denied {
	struct paths read, write;
	/* somebody for whom the exceptions count is denied such a thing, maybe elsewhere */
	bool reads, writes;
};

static void denied_done(struct denied *denied)
{
	paths_done(&denied->read);
	paths_done(&denied->write);
}

/* An exception is one from both lists, as far as there is anything to be excepted from. Has it an
 * effect? */
static bool find_same(struct eg_ctl_idle *idle, struct eg_ctl_entry entry, const char *key,
		      const struct denied *denied)
{
	unsigned int read = line_of(&denied->read, entry.text);
	unsigned int write = line_of(&denied->write, entry.text);

	if ((denied->reads && !read) || (denied->writes && !write)) {
		eg_ctl_idle_live(idle, entry);
		return true;
	}
	eg_ctl_idle_add(
		idle, entry,
		"%s %s has no effect: files.%s on line %u names the same, and what denies wins",
		key, entry.text, read ? "deny_read" : "deny_write", read ? read : write);
	return false;
}

static void find_allowed(struct eg_ctl_idle *idle, unsigned int group, const char *key,
			 const struct eg_config_texts *allow, const struct denied *denied)
{
	unsigned int list = EG_CTL_IDLE_FILES | group;
	bool live = false;

	if (allow->n && !denied->reads && !denied->writes) {
		eg_ctl_idle_add(idle, eg_ctl_entry_text(list | EG_CTL_IDLE_LIST, allow->list),
				"%s has no effect without files.deny_read or files.deny_write",
				key);
		return;
	}
	for (size_t i = 0; i < allow->n; i++)
		live |= find_same(idle, eg_ctl_entry_text(list, &allow->list[i]), key, denied);
	if (live)
		eg_ctl_idle_live(idle, eg_ctl_entry_text(list | EG_CTL_IDLE_LIST, allow->list));
}

static int find_in_group(struct eg_ctl_idle *idle, const struct eg_config_profile *profile,
			 const struct eg_config_group *group)
{
	__attribute__((cleanup(denied_done))) struct denied denied = {
		.reads = profile->files_deny_read.n || group->files_deny_read.n,
		.writes = profile->files_deny_write.n || group->files_deny_write.n};

	if (paths_init(&denied.read, &group->files_deny_read) < 0 ||
	    paths_init(&denied.write, &group->files_deny_write) < 0)
		return -ENOMEM;
	find_allowed(idle, EG_CTL_IDLE_GROUP, "rules[].files.allow", &group->files_allow, &denied);
	return 0;
}

static int find_in_profile(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	__attribute__((cleanup(denied_done))) struct denied denied = {
		.reads = profile->files_deny_read.n, .writes = profile->files_deny_write.n};

	for (size_t i = 0; i < profile->n_groups; i++) { /* the nearer path counts, whosever */
		denied.reads |= profile->groups[i].files_deny_read.n > 0;
		denied.writes |= profile->groups[i].files_deny_write.n > 0;
	}
	if (paths_init(&denied.read, &profile->files_deny_read) < 0 ||
	    paths_init(&denied.write, &profile->files_deny_write) < 0)
		return -ENOMEM;
	find_allowed(idle, 0, "files.allow", &profile->files_allow, &denied);
	return 0;
}

/* ---- exec.allow_only ---- */

static int find_not_run(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	__attribute__((cleanup(paths_done))) struct paths denied = {0};
	const struct eg_config_texts *only = &profile->exec_allow_only;

	if (paths_init(&denied, &profile->exec_deny) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < only->n; i++) {
		struct eg_ctl_entry entry = eg_ctl_entry_text(EG_CTL_IDLE_EXEC, &only->list[i]);
		unsigned int line = line_of(&denied, entry.text);

		if (line)
			eg_ctl_idle_add(idle, entry,
					"exec.allow_only %s lets nothing be executed: exec.deny on "
					"line %u names the same, and what denies wins",
					entry.text, line);
		else
			eg_ctl_idle_live(idle, entry);
	}
	return 0;
}

int eg_ctl_find_files(struct eg_ctl_idle *idle, const struct eg_config_profile *profile)
{
	int r = find_in_profile(idle, profile);

	if (r == 0)
		r = find_not_run(idle, profile);
	for (size_t i = 0; i < profile->n_groups && r == 0; i++)
		r = find_in_group(idle, profile, &profile->groups[i]);
	return r;
}
