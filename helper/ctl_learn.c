// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ebpfguardctl learn: an allow list from what sessions did, and what this host says of it. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl_learn.h"
#include "ctl_log.h"
#include "util.h"

/* ---- paths */

static bool is_only_roots(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Can nobody but root put another program there? What cannot be looked at counts as no. */
static bool is_below_root(const char *path)
{
	char *above eg_auto_free = strdup(path), *slash;
	struct stat st;

	while (above && (slash = strrchr(above, '/'))) {
		*slash = '\0';
		if (stat(*above ? above : "/", &st) < 0 || !is_only_roots(&st))
			return false;
	}
	return above;
}

/* What the log tells of may have gone since, or be another thing by now. */
static const char *look(enum eg_learn_list list, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return "there is nothing by this name any more";
		return errno == EACCES ? "it may not be looked at; run this as root"
				       : "it cannot be looked at";
	}
	if (list == EG_LEARN_FILES && S_ISDIR(st.st_mode))
		return "it is a directory, and all in it would be allowed";
	if (list != EG_LEARN_SETUID)
		return NULL;
	if (!is_only_roots(&st))
		return "it is not root's, or others than root can write it";
	return is_below_root(path) ? NULL
				   : "others than root can write a directory above it, and put "
				     "another program there";
}

/* ---- the command */

static int say_others(const struct eg_learn *learn)
{
	for (size_t i = 0; i < learn->n_others; i++)
		(void)fprintf(stderr, " %s", learn->others[i]);
	(void)fputc('\n', stderr);
	return EG_CTL_FINDING;
}

/* Sessions of several profiles did different things: which is meant? */
static int ask_which(const struct eg_learn *learn)
{
	(void)fprintf(stderr,
		      "ebpfguardctl: there are lines of several profiles, and one list for all "
		      "would allow each what the others did; choose with --profile: %s",
		      learn->found_profile);
	return say_others(learn);
}

static int none_of(const struct eg_learn *learn)
{
	char clean[EG_CTL_SAFE_SIZE];

	(void)fprintf(stderr, "ebpfguardctl: there are no lines of profile %s; there are of:",
		      eg_ctl_safe(learn->profile, clean, sizeof(clean)));
	return say_others(learn);
}

static int print(const struct eg_ctl_options *options, const struct eg_learn *learn)
{
	int err;

	if (learn->n_others && !learn->profile)
		return ask_which(learn);
	if (learn->n_others && !learn->lines && !learn->dropped)
		return none_of(learn);
	err = options->json ? eg_ctl_learn_json(learn, look) : eg_learn_print(learn, look, stdout);
	if (err < 0)
		warnx("%s", strerror(-err));
	return err == 0 && learn->lines ? EG_CTL_FINE : EG_CTL_FINDING;
}

static int take(void *arg, const struct eg_record_line *line, int err)
{
	return eg_learn_take(arg, line, err);
}

int eg_ctl_learn(const struct eg_ctl_options *options, char **args)
{
	__attribute__((cleanup(eg_learn_done))) struct eg_learn learn = {
		.user = options->user, .profile = options->profile, .now_s = time(NULL)};
	const struct eg_ctl_log log = {.command = "learn",
				       .files = args,
				       .since = options->since,
				       .now_s = learn.now_s,
				       .take = take,
				       .arg = &learn};

	if (!args[0] && !options->since) {
		warnx("learn: --since is missing, such as --since yesterday");
		return EG_CTL_USAGE;
	}
	if (!eg_ctl_log_is_known(options, args))
		return EG_CTL_FINDING;
	if (!eg_ctl_log_time("--since", options->since, options, learn.now_s, args, &learn.since_s))
		return EG_CTL_USAGE;
	return eg_ctl_log_read(options, &log) < 0 ? EG_CTL_FINDING : print(options, &learn);
}
