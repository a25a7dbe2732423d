// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the feeds of a configuration are: what sessions must not write. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "feeds.h"
#include "place_tree.h"

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The path as places take it; one with ".." as what is there. NULL: nothing is, or no memory. */
static char *place_of(const char *path)
{
	char plain[PATH_MAX];

	return eg_place_plain(path, plain, sizeof(plain)) == 0 ? strdup(plain)
							       : realpath(path, NULL);
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
	for (size_t i = 0; i < config->n_profiles; i++) {
		const struct eg_config_profile *profile = &config->profiles[i];
		const struct eg_config_texts *digests = &profile->exec_deny_sha256_files;

		for (size_t k = 0; k < profile->feeds.n; k++)
			if ((paths[n] = place_of(profile->feeds.list[k].path)))
				n++;
		for (size_t k = 0; k < digests->n; k++)
			if ((paths[n] = place_of(digests->list[k].text)))
				n++;
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
	for (size_t i = 0; i < n; i++)
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
