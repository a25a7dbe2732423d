// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What runs for users without a login: managers of users who linger or are logged in some other
 * way, cron, atd. The first are guarded, for the others PAM has to ask; what is not guarded is
 * said.
 *
 * Accounts are looked up in /etc/passwd only. NSS could ask the network, and logins would wait.
 */
#include "helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inforce.h"
#include "log.h"
#include "pam_file.h"
#include "util.h"

#define LINGER_DIR "/var/lib/systemd/linger"
#define PAM_DIR	   "/etc/pam.d"

struct survey {
	struct eg_helper *helper;
	struct eg_gaps gaps;
};

/* Says each line that was not there before. */
static void say_new(const char *before, char *now)
{
	for (char *line = now, *end; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		if (!*end)
			break;
		*end = '\0';
		if (!strstr(before, line))
			eg_log(LOG_WARNING, "not guarded: %s", line);
		*end = '\n';
	}
}

/* ---- accounts ---- */

/* The account with that uid, or, when name is not NULL, of that name. entry: filled, borrows buf.
 */
static bool find_account(const char *name, uint32_t uid, struct passwd *entry, char *buf,
			 size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *found = NULL;

	while (file && fgetpwent_r(file, entry, buf, size, &found) == 0)
		if (name ? !strcmp(entry->pw_name, name) : entry->pw_uid == uid)
			break;
	if (file)
		(void)fclose(file); /* opened for reading only */
	return found;
}

/* Name of a user whose manager runs, in `name` (size bytes): as logind noted it where the account
 * is not in /etc/passwd, else the number. */
static void name_of(uint32_t uid, char *name, size_t size)
{
	char path[64], line[512], buf[4096];
	struct passwd account;
	FILE *file = NULL;

	(void)snprintf(name, size, "%u", uid);
	if (find_account(NULL, uid, &account, buf, sizeof(buf))) {
		(void)snprintf(name, size, "%s", account.pw_name);
		return;
	}
	(void)snprintf(path, sizeof(path), "/run/systemd/users/%u", uid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "NAME=", 5) && line[5])
			(void)snprintf(name, size, "%.*s", (int)size - 1, line + 5);
	}
	if (file)
		(void)fclose(file); /* opened for reading only */
}

/* By name, or as the group of the account. */
static bool is_member(const struct group *group, const char *user)
{
	struct passwd account;
	char buf[4096];

	for (char **name = group->gr_mem; *name; name++)
		if (!strcmp(*name, user))
			return true;
	return find_account(user, 0, &account, buf, sizeof(buf)) && account.pw_gid == group->gr_gid;
}

static bool is_exempt(const struct eg_config *config, const char *user)
{
	for (size_t i = 0; i < config->managers_exempt.n; i++)
		if (!strcmp(config->managers_exempt.list[i].text, user))
			return true;
	return false;
}

/* ---- managers ---- */

/* The groups that match names and that list the user in /etc/group. list: n of names; those of
 * other groups go. Returns how many are left. */
static size_t groups_of(const char *user, const char **list, size_t n)
{
	FILE *file = fopen("/etc/group", "re");
	struct group entry, *found;
	size_t kept = 0;
	char buf[65536];

	while (file && fgetgrent_r(file, &entry, buf, sizeof(buf), &found) == 0)
		for (size_t i = kept; i < n; i++) {
			const char *name = list[i];

			if (strcmp(entry.gr_name, name) != 0 || !is_member(&entry, user))
				continue;
			list[i] = list[kept];
			list[kept++] = name;
			break;
		}
	if (file)
		(void)fclose(file); /* opened for reading only */
	return kept;
}

/* The profile of a manager that no login has asked for. */
static int match(struct eg_helper *helper, const char *user, const struct eg_in_force **ret)
{
	struct eg_groups groups = {0};
	struct eg_match_who who = eg_manager_who(user, &groups);
	const char **names eg_auto_free = NULL;
	size_t n;
	int r = eg_in_force_match(helper, &who, ret);

	if (r != -EAGAIN)
		return r;
	names = eg_match_groups(helper->config, &n);
	if (!names)
		return -ENOMEM;
	groups = (struct eg_groups){.names = names, .n = groups_of(user, names, n), .known = true};
	who = eg_manager_who(user, &groups);
	return eg_in_force_match(helper, &who, ret);
}

static void keep_guarded(struct survey *survey, uint32_t uid, const char *user)
{
	struct eg_helper *helper = survey->helper;
	struct eg_session *manager = eg_manager_find(helper, uid);
	const struct eg_in_force *entry;
	int r;

	if (!uid || is_exempt(helper->config, user))
		return;
	if (manager && !manager->empty)
		return; /* its cgroup is watched: should it be made anew, we hear */
	r = match(helper, user, &entry);
	if (!r)
		r = eg_manager_guard(helper, uid, user, entry->name, entry->slot);
	if (r < 0)
		eg_gaps_add(&survey->gaps, EG_METRIC_MANAGER, "user@%u.service: %s", uid,
			    strerror(-r));
}

int eg_survey_guard(struct eg_helper *helper, uint32_t uid)
{
	const struct eg_in_force *entry;
	char user[EG_USER_SIZE];
	int r;

	if (!helper->config)
		return -ENOENT;
	name_of(uid, user, sizeof(user));
	r = match(helper, user, &entry);
	return r < 0 ? r : eg_manager_guard(helper, uid, user, entry->name, entry->slot);
}

/* Managers that run: directories user.slice/user-UID.slice/user@UID.service. */
static void survey_running(struct survey *survey)
{
	int fd = eg_cgroup2_open_path(&survey->helper->cgroup2, "user.slice");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[128], user[EG_USER_SIZE];
		unsigned int uid;
		char end;

		if (sscanf(entry->d_name, "user-%u.slic%c", &uid, &end) != 2 || end != 'e')
			continue;
		(void)snprintf(path, sizeof(path), "user-%u.slice/user@%u.service", uid, uid);
		if (faccessat(fd, path, F_OK, 0) < 0)
			continue;
		name_of(uid, user, sizeof(user));
		keep_guarded(survey, uid, user);
	}
	if (dir)
		(void)closedir(dir);
	else
		eg_close_p(&fd);
}

/* Users who linger: their managers start at boot. Each is a file of that name. */
static void survey_lingering(struct survey *survey)
{
	DIR *dir = opendir(LINGER_DIR);
	struct dirent *entry;

	if (!dir && errno != ENOENT)
		eg_gaps_add(&survey->gaps, EG_METRIC_MANAGER,
			    "managers of users who linger: cannot read " LINGER_DIR ": %s",
			    strerror(errno));
	while (dir && (entry = readdir(dir))) {
		struct passwd account;
		char buf[4096];

		if (entry->d_name[0] == '.')
			continue;
		if (find_account(entry->d_name, 0, &account, buf, sizeof(buf)))
			keep_guarded(survey, account.pw_uid, entry->d_name);
		else if (!is_exempt(survey->helper->config, entry->d_name))
			eg_gaps_add(
				&survey->gaps, EG_METRIC_MANAGER,
				"manager of lingering user %.32s until it runs: not in /etc/passwd",
				entry->d_name);
	}
	if (dir)
		(void)closedir(dir); /* opened for reading only */
}

bool eg_survey_lingers(const char *user)
{
	char path[sizeof(LINGER_DIR) + EG_USER_SIZE];

	(void)snprintf(path, sizeof(path), LINGER_DIR "/%s", user);
	return *user && !strchr(user, '/') && access(path, F_OK) == 0;
}

/* Those that stopped, of users who linger no more. */
static void settle_all(struct eg_helper *helper)
{
	for (size_t i = 0; i < EG_BUCKETS; i++) {
		for (struct eg_session *s = helper->buckets[i], *next; s; s = next) {
			next = s->next;
			if (s->record.flags & EG_GUARD_MANAGER)
				eg_manager_settle(helper, s);
		}
	}
}

/* ---- what PAM has to ask for ---- */

/* Has the file of a service, or one it includes, a line with our module? */
static bool asks_us(const char *service)
{
	static const char *const dirs[] = {PAM_DIR, NULL};
	struct eg_pam_use use = {0};

	return eg_pam_read(dirs, service, &use) == 0 && use.found;
}

static void survey_services(struct survey *survey)
{
	static const char *const services[] = {"cron", "crond", "atd"};

	for (size_t i = 0; i < EG_ARRAY_SIZE(services); i++) {
		char path[sizeof(PAM_DIR) + 16];

		(void)snprintf(path, sizeof(path), PAM_DIR "/%s", services[i]);
		if (access(path, F_OK) == 0 && !asks_us(services[i]))
			eg_gaps_add(&survey->gaps, EG_METRIC_JOBS,
				    "jobs of %s: %s has no " EG_PAM_MODULE " line", services[i],
				    path);
	}
}

void eg_survey(struct eg_helper *helper)
{
	struct survey survey = {.helper = helper};

	if (!helper->config) {
		eg_gaps_add(&survey.gaps, EG_METRIC_MANAGER,
			    "managers without a session: there is no valid configuration");
	} else {
		survey_running(&survey);
		survey_lingering(&survey);
		settle_all(helper);
	}
	survey_services(&survey);
	eg_gaps_end(&survey.gaps);
	say_new(helper->gaps.text, survey.gaps.text);
	helper->gaps = survey.gaps;
}
