// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl check: files that rules are about and that have names elsewhere. No hook can find a
 * hard link that was made before the rule, so people are told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "ctl.h"
#include "util.h"

enum {
	FILES_MAX = 200000, /* looked at, in all trees together */
	DEPTH_MAX = 64,
	SHOWN_MAX = 20,
};

/* A name of a file that has several. */
struct name {
	dev_t dev;
	ino_t ino;
	nlink_t links;
	unsigned int line;
	char *path; /* owned */
};

struct search {
	const char **allowed; /* owned, sorted */
	size_t n_allowed;
	struct name *names; /* owned */
	size_t n, room, looked;
	bool cut;  /* there is more than was looked at */
	bool deep; /* and further down */
	/* the first place that may not be looked at, owned; NULL = there is none */
	char *hidden;
	unsigned int hidden_line;
	int error;
};

static void search_done(struct search *search)
{
	for (size_t i = 0; i < search->n; i++)
		free(search->names[i].path);
	free(search->names);
	free(search->allowed);
	free(search->hidden);
}

static void note(struct search *search, const char *path, const struct stat *st, unsigned int line)
{
	struct name *to;

	if (search->n == search->room) {
		size_t room = search->room ? 2 * search->room : 64;
		void *more = reallocarray(search->names, room, sizeof(*search->names));

		if (!more) {
			search->error = -ENOMEM;
			return;
		}
		search->names = more;
		search->room = room;
	}
	to = &search->names[search->n];
	*to = (struct name){.dev = st->st_dev,
			    .ino = st->st_ino,
			    .links = st->st_nlink,
			    .line = line,
			    .path = strdup(path)};
	if (to->path)
		search->n++;
	else
		search->error = -ENOMEM;
}

static int compare_paths(const void *va, const void *vb)
{
	return strcmp(*(const char *const *)va, *(const char *const *)vb);
}

/* Trees that are allowed are not looked at. */
static bool is_allowed(const struct search *search, const char *path)
{
	return search->n_allowed && bsearch(&path, search->allowed, search->n_allowed,
					    sizeof(*search->allowed), compare_paths);
}

static int sort_allowed(struct search *search, const struct eg_config_texts *texts)
{
	search->allowed = calloc(texts->n + 1, sizeof(*search->allowed));
	if (!search->allowed)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		search->allowed[search->n_allowed++] = texts->list[i].text;
	qsort(search->allowed, search->n_allowed, sizeof(*search->allowed), compare_paths);
	return 0;
}

static void look(struct search *search, int dir, const char *name, const char *path,
		 unsigned int line, int depth);

static void look_below(struct search *search, int fd, const char *path, unsigned int line,
		       int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	while (dir && !search->error && !search->cut && (entry = readdir(dir))) {
		char *below eg_auto_free = NULL;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&below, "%s/%s", strcmp(path, "/") ? path : "", entry->d_name) < 0) {
			below = NULL;
			search->error = -ENOMEM;
			break;
		}
		if (!is_allowed(search, below))
			look(search, dirfd(dir), entry->d_name, below, line, depth + 1);
	}
	if (dir)
		(void)closedir(dir); /* opened for reading only */
	else
		(void)close(fd);
}

/* What is not there has no names. */
static void not_seen(struct search *search, const char *path, unsigned int line)
{
	if (search->hidden || (errno != EACCES && errno != EPERM))
		return;
	search->hidden = strdup(path);
	search->hidden_line = line;
	if (!search->hidden)
		search->error = -ENOMEM;
}

/* What may not be looked at is left out: who checks without being root sees less. A rule's own path
 * is followed where it is a link, as the helper does. */
static void look(struct search *search, int dir, const char *name, const char *path,
		 unsigned int line, int depth)
{
	struct stat st;
	int fd;

	if (search->looked++ == FILES_MAX) {
		search->cut = true;
		return;
	}
	if (depth > DEPTH_MAX) {
		search->deep = true;
		return;
	}
	if (fstatat(dir, name, &st, depth ? AT_SYMLINK_NOFOLLOW : 0) < 0) {
		not_seen(search, path, line);
		return;
	}
	if (S_ISREG(st.st_mode) && st.st_nlink > 1)
		note(search, path, &st, line);
	if (!S_ISDIR(st.st_mode))
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
	if (fd >= 0)
		look_below(search, fd, path, line, depth);
	else
		not_seen(search, path, line);
}

/* By file, then by path. */
static int compare_names(const void *va, const void *vb)
{
	const struct name *a = va, *b = vb;

	if (a->dev != b->dev)
		return (a->dev > b->dev) - (a->dev < b->dev);
	if (a->ino != b->ino)
		return (a->ino > b->ino) - (a->ino < b->ino);
	return strcmp(a->path, b->path);
}

/* Says which files have names that were not seen. Returns how many. */
static int report(const struct eg_config *config, const struct search *search)
{
	int found = 0;

	for (size_t i = 0, next; i < search->n; i = next) {
		const struct name *name = &search->names[i];
		nlink_t seen = 1;

		for (next = i + 1; next < search->n && search->names[next].dev == name->dev &&
				   search->names[next].ino == name->ino;
		     next++)
			seen += strcmp(search->names[next].path, search->names[next - 1].path) != 0;
		if (seen >= name->links)
			continue;
		if (++found <= SHOWN_MAX)
			eg_ctl_warn_at(config, name->line,
				       "%s has %lu names; a hard link elsewhere is not covered",
				       name->path, (unsigned long)name->links);
	}
	if (found > SHOWN_MAX)
		eg_ctl_warn_at(config, search->names[0].line,
			       "%d more %s names elsewhere that are not covered", found - SHOWN_MAX,
			       found - SHOWN_MAX == 1 ? "file has" : "files have");
	return found;
}

/* Says what was not looked at. Returns how many findings. */
static int report_unseen(const struct eg_config *config, const struct search *search,
			 unsigned int line)
{
	if (search->cut)
		eg_ctl_warn_at(config, line,
			       "hard links were looked for in the first %d files only", FILES_MAX);
	if (search->deep)
		eg_ctl_warn_at(config, line, "hard links were looked for %d directories down only",
			       DEPTH_MAX);
	if (search->hidden)
		eg_ctl_warn_at(config, search->hidden_line,
			       "hard links could not be looked for in %s, and maybe elsewhere, for "
			       "lack of permission: run check as root",
			       search->hidden);
	return search->cut + search->deep + !!search->hidden;
}

int eg_ctl_find_links(const struct eg_config *config, const struct eg_config_profile *profile)
{
	const struct eg_config_texts *lists[] = {&profile->files_deny_read,
						 &profile->files_deny_write};
	__attribute__((cleanup(search_done))) struct search search = {0};
	int found;

	search.error = sort_allowed(&search, &profile->files_allow);
	for (size_t i = 0; i < EG_ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->n && !search.error; j++) {
			const struct eg_config_text *text = &lists[i]->list[j];

			look(&search, AT_FDCWD, text->text, text->text, text->line, 0);
		}
	if (search.error)
		return search.error;
	if (search.n)
		qsort(search.names, search.n, sizeof(*search.names), compare_names);
	found = report(config, &search);
	return found +
	       report_unseen(config, &search, lists[0]->n ? lists[0]->line : lists[1]->line);
}
