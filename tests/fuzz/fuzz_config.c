// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration: any text. What is taken is printed, and that is taken for the same. */
#include "fuzz.h"

#include <errno.h>

#include "config.h"
#include "../unit/config_dump.h"

const unsigned int eg_fuzz_mutations = 40000;

static void check_error(const struct eg_err *err, int r, const char *text, size_t n)
{
	char line[EG_ERR_TEXT_SIZE + EG_PATH_TEXT_SIZE + 32];

	must(r == -EINVAL);
	must(strcmp(err->file, "fuzz.conf") == 0);
	must(err->text[0]);
	must(err->line <= eg_fuzz_lines(text, n) + 1);
	(void)eg_err_format(err, line, sizeof(line));
	must(eg_fuzz_is_line(line, strlen(line)));
}

/* All of them are printed as the top of a file. */
static void check_profile(const struct eg_config *conf, size_t i)
{
	struct eg_config *again = NULL;
	struct eg_err err = {0};
	char *text = NULL, *first, *second;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	must(out);
	eg_config_print(&conf->profiles[i], 0, out);
	must(fclose(out) == 0);
	must(eg_config_parse(text, n, "printed", &again, &err) == 0);
	first = dump(conf, (int)i);
	second = dump(again, 0);
	must(strcmp(first, second) == 0);
	free(first);
	free(second);
	free(text);
	eg_config_free(again);
}

/* Lines of feeds have numbers of their own, each of one feed. */
static void check_feeds(const struct eg_config_profile *profile)
{
	unsigned int line = 0;

	for (size_t i = 0; i <= profile->feeds.n; i++) {
		uint32_t number = EG_LINE_FEEDS + ((uint32_t)i << EG_LINE_BITS) + 5;
		const struct eg_config_feed *feed = eg_config_feed_of(profile, number, &line);

		must(feed == (i < profile->feeds.n ? &profile->feeds.list[i] : NULL));
		must(!feed || line == 5);
	}
	must(!eg_config_feed_of(profile, 5, &line));
}

/* Bounds that others rely on. */
static void check_whole(const struct eg_config *conf)
{
	must(conf->n_profiles >= 1 && conf->n_profiles <= EG_CONFIG_PROFILES_MAX);
	must(strcmp(conf->profiles[0].name, "default") == 0);
	must(conf->n_matches <= EG_CONFIG_MATCHES_MAX);
	for (size_t i = 0; i < conf->n_matches; i++)
		must(conf->matches[i].profile < conf->n_profiles);
	for (size_t i = 0; i < conf->n_profiles; i++) {
		must(conf->profiles[i].parent < conf->n_profiles);
		must(conf->profiles[i].feeds.n <= EG_FEEDS_MAX);
		check_feeds(&conf->profiles[i]);
		must(conf->profiles[i].n_groups <= EG_PROGRAM_POLICIES_MAX);
	}
	must(conf->log.rate >= 1 && conf->log.session_rate >= 1 && conf->log.session_burst >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eg_config *conf = NULL;
	struct eg_err err = {0};
	/* It need not end in NUL. */
	char *text = malloc(size ? size : 1);
	int r;

	must(text);
	if (size)
		memcpy(text, data, size);
	r = eg_config_parse(text, size, "fuzz.conf", &conf, &err);
	must((r == 0) == (conf != NULL));
	if (r < 0) {
		check_error(&err, r, text, size);
	} else {
		must(!err.text[0]);
		check_whole(conf);
		for (size_t i = 0; i < conf->n_profiles; i++)
			check_profile(conf, i);
		eg_config_free(conf);
	}
	free(text);
	return 0;
}
