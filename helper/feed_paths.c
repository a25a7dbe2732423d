// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the feeds of a configuration are: what sessions must not write. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "feeds.h"
#include "place_tree.h"

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the path as places take it; one with ".." as what is there, or not at all. 0 or -ENOMEM. */
static int add(const char *path, char **paths, size_t *n)
{
	char plain[PATH_MAX];

	errno = ENOMEM; /* strdup */
	paths[*n] = eg_place_plain(path, plain, sizeof(plain)) == 0 ? strdup(plain)
								    : realpath(path, NULL);
	if (paths[*n])
		(*n)++;
	else if (errno == ENOMEM)
		return -ENOMEM;
	return 0;
}

/* All of them. paths: room enough. 0 or -ENOMEM. */
static int add_all(const struct eg_config *config, char **paths, size_t *n)
{
	int r = 0;

	for (size_t i = 0; i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];
		const struct eg_config_texts *digests = &profile->exec_deny_sha256_files;

		for (size_t k = 0; k < profile->feeds.n && !r; k++)
			r = add(profile->feeds.list[k].path, paths, n);
		for (size_t k = 0; k < digests->n && !r; k++)
			r = add(digests->list[k].text, paths, n);
	}
	return r;
}

char **eg_feeds_paths(const struct eg_config *config, size_t *ret_n)
{
	size_t n = 0, different = 0;
	char **paths;

	for (size_t i = 0; i < config->n_profiles; i++)
		n += config->profiles[i].feeds.n + config->profiles[i].exec_deny_sha256_files.n;
	paths = calloc(n + 1, sizeof(*paths));
	if (!paths)
		return NULL;
	n = 0;
	if (add_all(config, paths, &n) < 0) {
		eg_feeds_paths_done(paths, n);
		return NULL;
	}
	qsort(paths, n, sizeof(*paths), compare_paths);
	for (size_t i = 0; i < n; i++) {
		if (different && strcmp(paths[different - 1], paths[i]) == 0)
			free(paths[i]);
		else
			paths[different++] = paths[i];
	}
	*ret_n = different;
	return paths;
}

void eg_feeds_paths_done(char **paths, size_t n)
{
	for (size_t i = 0; paths && i < n; i++)
		free(paths[i]);
	free(paths);
}

bool eg_feeds_have_same_paths(const struct eg_config *a, const struct eg_config *b)
{
	size_t n_a = 0, n_b = 0;
	char **of_a = a ? eg_feeds_paths(a, &n_a) : NULL, **of_b = eg_feeds_paths(b, &n_b);
	bool same = (of_a || !a) && of_b && n_a == n_b;

	for (size_t i = 0; same && i < n_a; i++)
		same = strcmp(of_a[i], of_b[i]) == 0;
	eg_feeds_paths_done(of_a, n_a);
	eg_feeds_paths_done(of_b, n_b);
	return same;
}
