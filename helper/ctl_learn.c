// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ebpfguardctl learn: where the lines come from. The journal, asked for what the helper's unit has
 * said, which nobody else can say for it; or log files, which hold what anybody has told syslog.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "learn.h"
#include "util.h"

#define STANDARD_INPUT "standard input"

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

/* ---- lines */

/*
 * Reads a line into buf, without its newline. Returns how many bytes; 0 also for one that is longer
 * than size, and so not the helper's; -1 at the end.
 */
static ssize_t read_line(FILE *in, char *buf, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		if (n < size)
			buf[n] = (char)c;
		n += n <= size;
	}
	if (c == EOF && !n)
		return -1;
	return n > size ? 0 : (ssize_t)n;
}

/* What unpacks a log that begins so, with zeros behind the end; NULL = it is not packed. */
static const char *unpacker_of(const char *head)
{
	static const struct {
		const char *magic, *unpacker;
	} packed[] = {{"\x1f\x8b", "zcat"},
		      {"\xfd\x37zXZ", "xzcat"},
		      {"\x28\xb5\x2f\xfd", "zstdcat"},
		      {"BZh", "bzcat"}};

	for (size_t i = 0; i < EG_ARRAY_SIZE(packed); i++)
		if (memcmp(head, packed[i].magic, strlen(packed[i].magic)) == 0)
			return packed[i].unpacker;
	return NULL;
}

/* Its lines are in there, and none would be found: that must not look like "nothing was done". */
static int refuse_packed(const char *name, const char *unpacker)
{
	char clean[EG_CTL_SAFE_SIZE];

	eg_ctl_safe(name, clean, sizeof(clean));
	warnx("%s: is compressed; unpack it: %s %s | ebpfguardctl learn ... -", clean, unpacker,
	      strcmp(name, STANDARD_INPUT) == 0 ? "FILE" : clean);
	return -EINVAL;
}

/* Takes all of it in. name: for messages. 0, or a negative errno after saying why. */
static int take_in(struct eg_learn *learn, FILE *in, const char *name)
{
	char buf[EG_LEARN_LINE_MAX] = "", clean[EG_CTL_SAFE_SIZE];
	ssize_t n = read_line(in, buf, sizeof(buf));
	const char *unpacker = unpacker_of(buf);
	int r = 0;

	if (unpacker)
		return refuse_packed(name, unpacker);
	for (; !r && n >= 0; n = read_line(in, buf, sizeof(buf)))
		r = eg_learn_take(learn, buf, (size_t)n);
	if (!r && ferror(in))
		r = -errno;
	if (r)
		warnx("%s: %s", eg_ctl_safe(name, clean, sizeof(clean)), strerror(-r));
	return r;
}

static int take_file(struct eg_learn *learn, const char *path)
{
	char clean[EG_CTL_SAFE_SIZE];
	FILE *in;
	int r;

	if (strcmp(path, "-") == 0)
		return take_in(learn, stdin, STANDARD_INPUT);
	in = fopen(path, "re");
	if (!in) {
		r = -errno;
		warnx("%s: %s", eg_ctl_safe(path, clean, sizeof(clean)), strerror(-r));
		return r;
	}
	r = take_in(learn, in, path);
	(void)fclose(in); /* only read */
	return r;
}

/* ---- the journal */

/* In the child. Fields that begin with _ are journald's own findings: no user can set them. */
static void become_journalctl(const char *since, int out)
{
	char option[4096];
	char *args[] = {"journalctl",
			option,
			"--output=short-iso",
			"--utc",
			"--all",
			"--no-pager",
			"_SYSTEMD_UNIT=ebpfguard.service",
			"_UID=0",
			"SYSLOG_IDENTIFIER=ebpfguard-helper",
			NULL};

	if ((size_t)snprintf(option, sizeof(option), "--since=%s", since) < sizeof(option) &&
	    dup2(out, STDOUT_FILENO) >= 0)
		(void)execvp(args[0], args);
	warn("cannot run journalctl");
	_exit(127);
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	warnx("journalctl has failed; logs that are not in the journal can be given as files");
	return -EIO;
}

static int take_journal(struct eg_learn *learn, const char *since)
{
	eg_auto_close int from = -1, to = -1;
	int ends[2], r;
	pid_t child;
	FILE *in;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return warn("cannot make a pipe"), -errno;
	from = ends[0];
	to = ends[1];
	child = fork();
	if (child < 0)
		return warn("cannot fork"), -EAGAIN;
	if (child == 0)
		become_journalctl(since, to);
	eg_close_p(&to);
	to = -1;
	in = fdopen(from, "re");
	r = in ? take_in(learn, in, "journalctl") : -ENOMEM;
	if (in) {
		(void)fclose(in); /* only read; ends it, should it still have something to say */
		from = -1;
	} else {
		eg_close_p(&from);
		from = -1;
	}
	return wait_for(child) < 0 ? -EIO : r;
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

static int print(const struct eg_learn *learn)
{
	int err;

	if (learn->n_others && !learn->profile)
		return ask_which(learn);
	if (learn->n_others && !learn->lines && !learn->dropped)
		return none_of(learn);
	err = eg_learn_print(learn, look, stdout);
	if (err < 0)
		warnx("%s", strerror(-err));
	return err == 0 && learn->lines ? EG_CTL_FINE : EG_CTL_FINDING;
}

/* Of files the lines are picked by us, so we must understand the time. The journal's other ways to
 * write one are left to it, but for days that it may take for others. */
static bool understands(const struct eg_ctl_options *options, bool files, struct eg_learn *learn)
{
	char clean[EG_CTL_SAFE_SIZE];
	int64_t since_s = 0;
	int err = options->since ? eg_learn_since(options->since, learn->now_s, &since_s) : 0;

	if (err == -ERANGE) {
		warnx("--since: %s: there is no such day",
		      eg_ctl_safe(options->since, clean, sizeof(clean)));
		return false;
	}
	if (!files)
		return true;
	learn->since_s = since_s;
	if (err == 0)
		return true;
	warnx("--since: %s: no time that is understood for files; expected \"YYYY-MM-DD "
	      "[HH:MM[:SS]]\", today, yesterday, now, \"2h ago\" or -2h (s, min, h, d)",
	      eg_ctl_safe(options->since, clean, sizeof(clean)));
	return false;
}

int eg_ctl_learn(const struct eg_ctl_options *options, char **args)
{
	__attribute__((cleanup(eg_learn_done))) struct eg_learn learn = {
		.user = options->user, .profile = options->profile, .now_s = time(NULL)};
	int r = 0;

	if (!args[0] && !options->since) {
		warnx("learn: --since is missing, such as --since yesterday");
		return EG_CTL_USAGE;
	}
	if (!understands(options, args[0], &learn))
		return EG_CTL_USAGE;
	if (!args[0])
		r = take_journal(&learn, options->since);
	for (size_t i = 0; args[i] && !r; i++)
		r = take_file(&learn, args[i]);
	return r < 0 ? EG_CTL_FINDING : print(&learn);
}
