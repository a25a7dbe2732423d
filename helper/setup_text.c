// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lines of ebpfguardctl setup, see setup_text.h. */
#include "setup_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam_file.h"
#include "util.h"

/* What stood there, in the mark of a line of ours; "-": nothing did. */
#define WAS EG_SETUP_MARK ", before: "

/* Does a line go on in the next? A comment may for libpam, too. */
static bool goes_on(const char *at, size_t n)
{
	return n >= 2 && at[n - 1] == '\n' && at[n - 2] == '\\';
}

/* Length of a line, its end included. */
static size_t line_of(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? (size_t)(end - at) + 1 : strlen(at);
}

/* Does the line end in the mark? */
static bool is_marked(const char *at, size_t n)
{
	size_t mark = strlen(EG_SETUP_MARK);

	while (n && isspace((unsigned char)at[n - 1]))
		n--;
	return n >= mark && !memcmp(at + n - mark, EG_SETUP_MARK, mark);
}

/* ---- a service of PAM ---- */

/* Files that distributions have for the sessions of all services: Debian; Fedora; Arch. */
static const char *const commons[] = {"common-session",	     "password-auth", "system-auth",
				      "system-remote-login", "system-login",  NULL};

/* What one line is to us. */
struct seen {
	bool common, ours;
};

static struct seen look_at(const char *at, size_t n)
{
	char *line eg_auto_free = strndup(at, n);
	struct eg_pam_use *use eg_auto_free = calloc(1, sizeof(*use));
	const char *include = NULL;
	struct seen seen = {0};

	if (!line || !use)
		return seen;
	eg_pam_take_line(use, line, &include);
	seen.ours = use->found;
	for (size_t i = 0; include && commons[i] && !seen.common; i++)
		seen.common = !strcmp(include, commons[i]);
	return seen;
}

int eg_setup_pam_add(const char *text, const char *args, char **ret)
{
	const char *at, *behind = NULL;
	const char *gap;

	for (at = text; *at; at += line_of(at)) {
		struct seen seen = look_at(at, line_of(at));

		if (seen.ours)
			return -EEXIST;
		if (goes_on(at, line_of(at)) || (!at[line_of(at)] && at[line_of(at) - 1] == '\\'))
			return -ENOTSUP;
		if (seen.common && !behind)
			behind = at + line_of(at);
	}
	if (!behind)
		behind = at;
	gap = behind > text && behind[-1] != '\n' ? "\n" : "";
	if (asprintf(ret, "%.*s%ssession required " EG_PAM_MODULE "%s%s " EG_SETUP_MARK "\n%s",
		     (int)(behind - text), text, gap, *args ? " " : "", args, behind) < 0)
		return -ENOMEM;
	return 0;
}

int eg_setup_pam_remove(const char *text, char **ret)
{
	char *out = malloc(strlen(text) + 1), *to = out;
	int removed = 0;

	if (!out)
		return -ENOMEM;
	for (const char *at = text; *at; at += line_of(at)) {
		size_t n = line_of(at);

		if (is_marked(at, n)) {
			removed++;
			continue;
		}
		memcpy(to, at, n);
		to += n;
	}
	*to = '\0';
	*ret = out;
	return removed;
}

/* ---- the configuration ---- */

/* Goes over what libconfig takes for one thing: a comment, a string, a character. */
static const char *skip(const char *at)
{
	const char *end;

	if (*at == '#' || !strncmp(at, "//", 2))
		return at + strcspn(at, "\n");
	if (!strncmp(at, "/*", 2)) {
		end = strstr(at + 2, "*/");
		return end ? end + 2 : at + strlen(at);
	}
	if (*at != '"')
		return at + 1;
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* The word "mode" outside of all groups; NULL: there is none. */
static const char *find_mode(const char *text)
{
	bool fresh = true; /* may a name begin here? */
	int depth = 0;

	for (const char *at = text; *at; at = skip(at)) {
		if (strchr("{[(", *at))
			depth++;
		else if (strchr("}])", *at))
			depth--;
		else if (!depth && fresh && !strncmp(at, "mode", 4) && strchr(" \t\r\n=:/#", at[4]))
			return at;
		fresh = !isalnum((unsigned char)*at) && !strchr("_-*", *at);
	}
	return NULL;
}

/* Is there nothing on its line but: mode = "..."; with a comment behind? */
static bool stands_alone(const char *text, const char *mode)
{
	const char *at = mode;

	while (at > text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (at > text && at[-1] != '\n')
		return false;
	at = mode + 4;
	at += strspn(at, " \t");
	if (*at != '=' && *at != ':')
		return false;
	at += 1 + strspn(at + 1, " \t");
	if (*at != '"')
		return false;
	at = skip(at);
	at += strspn(at, " \t");
	at += *at == ';' || *at == ',';
	at += strspn(at, " \t\r");
	return !*at || *at == '\n' || *at == '#';
}

/* The line of a place in the text. */
static const char *start_of(const char *text, const char *at)
{
	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* Puts a line in the place of n bytes. */
static int put(const char *text, const char *at, size_t n, const char *line, char **ret)
{
	if (asprintf(ret, "%.*s%s%s", (int)(at - text), text, line, at + n) < 0)
		return -ENOMEM;
	return 0;
}

int eg_setup_mode_set(const char *text, const char *mode, char **ret)
{
	char *plain eg_auto_free = NULL, *line eg_auto_free = NULL;
	const char *found, *start;
	size_t n;
	int r = eg_setup_mode_undo(text, &plain);

	/* What stood there at first is what there is to go back to. */
	if (r < 0)
		return r;
	if (plain)
		text = plain;
	found = find_mode(text);
	if (found && !stands_alone(text, found))
		return -ENOTSUP;
	start = found ? start_of(text, found) : text;
	n = found ? line_of(start) : 0;
	if (asprintf(&line, "mode = \"%s\"; " WAS "%.*s\n", mode,
		     found ? (int)strcspn(start, "\n") : 1, found ? start : "-") < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return put(text, start, n, line, ret);
}

int eg_setup_mode_undo(const char *text, char **ret)
{
	char *line eg_auto_free = NULL;
	const char *at, *was;

	for (at = text; *at; at += line_of(at)) {
		size_t n = line_of(at);

		was = strncmp(at, "mode = \"", 8) ? NULL : strstr(at, WAS);
		if (!was || was >= at + n)
			continue;
		was += strlen(WAS);
		if (was[0] == '-' && (was[1] == '\n' || !was[1]))
			line = strdup("");
		else
			line = strndup(was, (size_t)(at + n - was));
		if (!line || put(text, at, n, line, ret) < 0)
			return -ENOMEM;
		return 1;
	}
	return 0;
}
