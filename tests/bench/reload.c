// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A reload of a feed of a million lines, natively: from the file to the table in the kernel, by the
 * functions the helper calls, each with its milliseconds (CPU time of this thread: what others do
 * on this machine does not count). The lines are in no order, and an older feed is the last good
 * one.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feeds.h"
#include "key.h"
#include "structures.h"
#include "unit/flat_made.h"
#include "util.h"

enum { LINES = 1000000, ROUNDS = 3, SUM_SIZE = 32, GOAL_MS = 1500 };

/* Networks of 20 to 32 bits, each once. */
static void write_feed(const char *path, size_t seed)
{
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "%s", path);
	fprintf(f, "# a list\n");
	for (size_t i = 0; i < LINES; i++) {
		/* a bijection of i, so none stands twice */
		uint32_t n = (uint32_t)((i * 2 + 1) * 2654435761U + seed * 4096), length;

		length = 20 + (uint32_t)(made_bits(&(size_t){i}) % 13);
		n = n >> (32 - length) << (32 - length);
		fprintf(f, "%u.%u.%u.%u/%u\n", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255,
			length);
	}
	if (fclose(f) != 0)
		err(1, "%s", path);
}

static void write_settings(const char *path, const char *feed)
{
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "%s", path);
	fprintf(f, "deny_files = ( \"%s\" );\n", feed);
	if (fclose(f) != 0)
		err(1, "%s", path);
}

enum step { PARSE, COMPILE, SUM, TABLE, PUT, KEEP, FREE, STEPS };
static const char *const names[STEPS] = {"parse", "compile", "sum", "table", "put", "keep", "free"};

static int64_t start;
static void note(double ms[STEPS], enum step step)
{
	int64_t now = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID);

	ms[step] = (double)(now - start) / 1e6;
	start = now;
}

/* What is put into maps, as the helper sums it up: load.c. */
static void sum(const struct eg_policy_image *image)
{
	uint8_t digest[SUM_SIZE];

	eg_key_sha256(image->entries4, image->n_entries4 * sizeof(*image->entries4), digest);
}

static void reload(struct structures *s, const char *conf, const char *state, double ms[STEPS])
{
	struct eg_config *config = NULL;
	struct eg_policy_image image = {0};
	struct eg_feeds feeds = {0};
	struct eg_err reterr = {0};
	struct structures_entries entries;
	struct structures_times times = {0};
	int fd;

	start = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (eg_config_load(conf, geteuid(), &config, NULL, NULL, &reterr) < 0 ||
	    eg_feeds_load(config, geteuid(), state, &feeds, &reterr) < 0)
		errx(1, "%s:%u: %s", reterr.file, reterr.line, reterr.text);
	note(ms, PARSE);
	if (eg_policy_compile(&config->profiles[0], &image, &reterr) < 0)
		errx(1, "%s:%u: %s", reterr.file, reterr.line, reterr.text);
	note(ms, COMPILE);
	sum(&image);
	note(ms, SUM);
	entries = (struct structures_entries){image.entries4, NULL, image.n_entries4};
	fd = structures_table(s, 1, &entries, NULL, &times);
	note(ms, TABLE);
	ms[PUT] = (double)times.put / 1e6; /* waits for programs: not of this thread's time */
	start = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	eg_feeds_keep(&feeds, state);
	note(ms, KEEP);
	(void)close(fd);
	eg_policy_done(&image);
	eg_feeds_done(&feeds, config);
	eg_config_free(config);
	note(ms, FREE);
}

static double total_of(const double ms[STEPS])
{
	double total = 0;

	for (int step = 0; step < STEPS; step++)
		total += step == FREE ? 0 : ms[step]; /* that is in force already */
	return total;
}

int main(void)
{
	char dir[] = "/tmp/eg_reload.XXXXXX", conf[64], feed[64], state[64], command[80];
	double ms[STEPS], best[STEPS] = {0};
	struct structures s;

	if (!mkdtemp(dir))
		err(1, "%s", dir);
	(void)snprintf(conf, sizeof(conf), "%s/conf", dir);
	(void)snprintf(feed, sizeof(feed), "%s/feed", dir);
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	if (mkdir(state, 0700) < 0)
		err(1, "%s", state);
	umask(077);
	structures_open(&s);
	write_settings(conf, feed);
	for (int round = 0; round <= ROUNDS; round++) {
		write_feed(feed, (size_t)round);
		reload(&s, conf, state, ms);
		/* the first has no last good one */
		if (round && (best[0] <= 0 || total_of(ms) < total_of(best)))
			memcpy(best, ms, sizeof(best));
	}
	printf("reload IPv4 %d total %.0f ms goal %d", LINES, total_of(best), GOAL_MS);
	for (int step = 0; step < STEPS; step++)
		printf(" %s %.0f", names[step], best[step]);
	printf("\n");
	structures_close(&s);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0;
}
