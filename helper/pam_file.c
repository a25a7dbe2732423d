// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the files of PAM say of our module. */
#include "pam_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

enum { PATH_SIZE = 4096 };

#define BLANKS " \t\r\n"

/* ---- a line ---- */

/* The end of a word in brackets; its backslashes before brackets go. */
static char *unbracket(char *at, char **ret_end)
{
	char *to = at;

	for (; *at && *at != ']'; at++) {
		if (at[0] == '\\' && at[1] == ']')
			at++;
		*to++ = *at;
	}
	*ret_end = *at ? at + 1 : at;
	return to;
}

size_t eg_pam_split(char *line, char *words[EG_PAM_WORDS_MAX])
{
	size_t n = 0;
	char *at = line, *end;

	line[strcspn(line, "#")] = '\0';
	for (at += strspn(at, BLANKS); *at && n < EG_PAM_WORDS_MAX; at += strspn(at, BLANKS)) {
		if (*at == '[') {
			words[n++] = at + 1;
			end = unbracket(at + 1, &at);
			*end = '\0';
			continue;
		}
		words[n++] = at;
		at += strcspn(at, BLANKS);
		if (*at)
			*at++ = '\0';
	}
	return n;
}

/* Adds a list of names to another. */
static void add_list(char list[EG_PAM_LIST_SIZE], const char *names)
{
	size_t used = strlen(list), n = strlen(names);

	if (used + n + 2 > EG_PAM_LIST_SIZE)
		return;
	(void)snprintf(list + used, EG_PAM_LIST_SIZE - used, "%s%s", used ? "," : "", names);
}

static void take_argument(struct eg_pam_use *use, const char *word)
{
	if (!strcmp(word, "onerr=succeed"))
		use->onerr = true;
	else if (!strcmp(word, "onerr=fail"))
		use->onerr = false; /* the last one counts, as for the module */
	else if (!strncmp(word, "exempt_user=", 12))
		add_list(use->exempt_users, word + 12);
	else if (!strncmp(word, "exempt_group=", 13))
		add_list(use->exempt_groups, word + 13);
}

/* Ours, by whatever path? */
static bool is_ours(const char *module)
{
	const char *slash = strrchr(module, '/');

	return !strcmp(slash ? slash + 1 : module, EG_PAM_MODULE);
}

/* Does a failure of the module refuse the session? In brackets the one for session_err decides,
 * and what stands there in its place otherwise. */
static bool is_required(const char *control)
{
	const char *at = strstr(control, "session_err=");

	if (!strcasecmp(control, "required") || !strcasecmp(control, "requisite"))
		return true;
	if (at)
		at += strlen("session_err=");
	else if ((at = strstr(control, "default=")))
		at += strlen("default=");
	return at && (!strncmp(at, "bad", 3) || !strncmp(at, "die", 3));
}

void eg_pam_take_line(struct eg_pam_use *use, char *line, const char **ret_include)
{
	char *words[EG_PAM_WORDS_MAX];
	size_t n = eg_pam_split(line, words);
	const char *type = n ? words[0] + (*words[0] == '-') : "";

	*ret_include = NULL;
	if (n >= 2 && !strcmp(type, "@include")) {
		*ret_include = words[1];
		return;
	}
	if (n < 3 || strcasecmp(type, "session") != 0)
		return;
	if (!strcasecmp(words[1], "include") || !strcasecmp(words[1], "substack")) {
		*ret_include = words[2];
		return;
	}
	if (!is_ours(words[2]))
		return;
	if (!use->found)
		(void)snprintf(use->module, sizeof(use->module), "%s", words[2]);
	use->found = true;
	use->optional |= !is_required(words[1]);
	for (size_t i = 3; i < n; i++)
		take_argument(use, words[i]);
}

bool eg_pam_lists(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; n && *at; at += *at == ',') {
		size_t len = strcspn(at, ",");

		if (len == n && !memcmp(at, name, n))
			return true;
		at += len;
	}
	return false;
}

/* ---- files ---- */

static FILE *open_file(const char *const *dirs, const char *name)
{
	char path[PATH_SIZE];
	FILE *file = NULL;

	if (*name == '/')
		return fopen(name, "re");
	for (; *dirs && !file; dirs++) {
		(void)snprintf(path, sizeof(path), "%s/%s", *dirs, name);
		file = fopen(path, "re");
	}
	return file;
}

/* A line and those that a backslash at its end joins to it. False: there is none. */
static bool next_line(FILE *file, char **line, size_t *room)
{
	char *more eg_auto_free = NULL;
	size_t more_room = 0;
	ssize_t n = getline(line, room, file), k;

	while (n >= 2 && (*line)[n - 1] == '\n' && (*line)[n - 2] == '\\') {
		char *joined;

		(*line)[n - 2] = ' ';
		k = getline(&more, &more_room, file);
		if (k < 0)
			break;
		joined = realloc(*line, (size_t)(n + k) + 1);
		if (!joined)
			return false;
		*line = joined;
		*room = (size_t)(n + k) + 1;
		memcpy(joined + n - 1, more, (size_t)k + 1);
		n += k - 1;
	}
	return n >= 0;
}

static int read_at(const char *const *dirs, const char *name, int depth, struct eg_pam_use *use)
{
	FILE *file = open_file(dirs, name);
	char *line eg_auto_free = NULL;
	const char *include;
	size_t room = 0;

	if (!file)
		return -errno;
	while (next_line(file, &line, &room)) {
		eg_pam_take_line(use, line, &include);
		if (include && depth < EG_PAM_DEPTH_MAX)
			(void)read_at(dirs, include, depth + 1, use); /* says nothing then */
	}
	(void)fclose(file); /* opened for reading only */
	return 0;
}

int eg_pam_read(const char *const *dirs, const char *service, struct eg_pam_use *use)
{
	return read_at(dirs, service, 0, use);
}
