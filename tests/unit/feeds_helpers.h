/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A directory with two feeds and what is kept of them, for the tests of feeds on the disk. */
#ifndef EG_FEEDS_HELPERS_H
#define EG_FEEDS_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "feeds.h"

static char dir[] = "/tmp/eg-feeds-XXXXXX";
static char state_dir[64], feed_a[64], feed_b[64];

static inline int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
	(void)snprintf(feed_a, sizeof(feed_a), "%s/a", dir);
	(void)snprintf(feed_b, sizeof(feed_b), "%s/b", dir);
	return 0;
}

static inline int remove_dir(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Each test begins without feeds and copies. */
static inline int clean(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command) || mkdir(state_dir, 0700);
}

static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(close(fd), 0);
}

/* A configuration of these words; A and B stand for the feeds. */
static inline struct eg_config *config_of(const char *text)
{
	struct eg_config *config = NULL;
	struct eg_err err = {0};
	char full[1024];
	size_t n = 0;

	for (; *text; text++)
		if (*text == 'A' || *text == 'B')
			n += (size_t)snprintf(full + n, sizeof(full) - n, "\"%s\"",
					      *text == 'A' ? feed_a : feed_b);
		else
			full[n++] = *text;
	if (eg_config_parse(full, n, "conf", &config, &err) < 0)
		fail_msg("line %u: %s", err.line, err.text);
	return config;
}

/* What people hear, one line each. */
static char heard[4096];

static inline void hear(void *data, bool serious, const struct eg_err *what)
{
	size_t n = strlen(heard);
	char line[1024];

	(void)data;
	(void)snprintf(heard + n, sizeof(heard) - n, "%s %s\n", serious ? "ERR" : "WARNING",
		       eg_err_format(what, line, sizeof(line)));
}

/* Loads, and keeps what was loaded. r: what loading must return. Returns how many networks the
 * first feed has. */
static inline size_t load(const char *text, int r, struct eg_err *reterr)
{
	struct eg_config *config = config_of(text);
	struct eg_feeds feeds = {0};
	size_t n = 0;
	int got;

	*reterr = (struct eg_err){0};
	heard[0] = '\0';
	got = eg_feeds_load(config, geteuid(), state_dir, &feeds, reterr);
	if (got != r)
		fail_msg("%d, expected %d: %s: %s", got, r, reterr->file, reterr->text);
	if (!got) {
		n = config->profiles[0].feeds.list[0].networks->n;
		eg_feeds_keep(&feeds, state_dir);
		eg_feeds_tell(&feeds, hear, NULL);
	} else {
		assert_null(feeds.list);
		assert_null(config->profiles[0].feeds.list[0].networks);
		assert_string_not_equal(reterr->text, "");
	}
	eg_feeds_done(&feeds, config);
	assert_null(config->profiles[0].feeds.list[0].networks);
	eg_config_free(config);
	return n;
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

#endif
