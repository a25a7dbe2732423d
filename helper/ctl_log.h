/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the helper's log is, and its lines one by one: the journal, asked for what the helper's
 * unit has said, which nobody else can say for it; a file of the helper's own; or log files, which
 * hold what anybody has told syslog.
 */
#ifndef EG_CTL_LOG_H
#define EG_CTL_LOG_H

#include "ctl.h"
#include "record_line.h"
#include "record_match.h"

/* Where a log was read up to. Zeroed: it was not. */
struct eg_ctl_log_place {
	/* a file: which, and where the first line that was not read begins */
	dev_t dev;
	ino_t ino;
	off_t next;
	char cursor[512]; /* the journal: journalctl's name for the last line */
};

/* What is to be read, and what becomes of it. All borrowed. */
struct eg_ctl_log {
	const char *command; /* whose: for messages */
	char **files; /* NULL after the last, "-" is the standard input; none: as configured */
	/*
	 * As on the command line, for the journal; NULL = not said. The journal goes by when it got
	 * a line, and we by what happened: repeats are written up to log.window later, and what is
	 * left when the helper is stopped by the next one. So there is no until where take can tell
	 * by the line's time.
	 */
	const char *since, *until;
	int64_t now_s;
	bool follow; /* wait for more, without end; of files one only */
	/* as configured: reads on from there, or of a file what is near the end, of the journal
	 * what since says; NULL = all of it, and of the file before it */
	struct eg_ctl_log_place *place;
	/* as configured: only what is near the end is read, however long the log is, and *cut says
	 * whether there was more before it; NULL = all of it. Not with place */
	bool *cut;
	/* Takes a line, and what eg_record_line_parse says of it, of which -ENOMSG is passed over.
	 * Returns 0 to go on, 1 to stop, or a negative errno. */
	int (*take)(void *arg, const struct eg_record_line *line, int err);
	void *arg;
};

/* Reads all of it. Returns 0, 1 when it was stopped, or a negative errno after saying on stderr why
 * not. Waits for the journal and the standard input as long as they last. */
int eg_ctl_log_read(const struct eg_ctl_options *options, const struct eg_ctl_log *log);

/*
 * Can it be told where the log is? To be asked once, before anything of it is read. Not when the
 * command line names a configuration that cannot be read: the journal would answer for a log that
 * is somewhere else. The default one need not be there; when it is and cannot be read, the journal
 * is asked, and that is said. files: as in eg_ctl_log. Returns false after saying why on stderr.
 */
bool eg_ctl_log_is_known(const struct eg_ctl_options *options, char *const *files);

/* The file that the configuration has the log in; NULL = in none: ask the journal. Owned by the
 * caller. Says nothing of a configuration that cannot be read: then the journal is asked. */
char *eg_ctl_log_source(const struct eg_ctl_options *options);

/* Do the lines come from files: those of the command line, or that one? */
bool eg_ctl_log_in_files(const struct eg_ctl_options *options, char *const *files);

/*
 * Reads --since or --until. *ret: 0 = not said, or in a way that only the journal understands.
 * files: as in eg_ctl_log. Unless it is the journal that is asked, we must understand it.
 * Returns whether it can be gone on; else it was said on stderr why not.
 */
bool eg_ctl_log_time(const char *option, const char *text, const struct eg_ctl_options *options,
		     int64_t now_s, char *const *files, int64_t *ret);

/* Which records the options ask for. files: as above. Returns false after saying on stderr which
 * option is wrong. */
bool eg_ctl_log_match(const struct eg_ctl_options *options, int64_t now_s, char *const *files,
		      struct eg_record_match *ret);

#endif
