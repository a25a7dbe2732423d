// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of the log, from files and from the journal. */
#include "ctl_log.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "learn.h"
#include "util.h"

#define STANDARD_INPUT "standard input"

enum {
	LOOK_MS = 250,	      /* how often a file that is followed is looked at */
	NEAR_BYTES = 1 << 20, /* of the end of a file, for who reads on from there */
	/* of the end, for who looks for the last ones: a second's work or less */
	LAST_BYTES = 8 << 20, /* of files */
	LAST_LINES = 20000,   /* of the journal */
};

/* What journalctl says last, when asked for it. */
static const char cursor_mark[] = "-- cursor: ";

/* A log that is read. */
struct reader {
	const struct eg_ctl_log *log;
	FILE *in;
	uint64_t lines;	  /* of the helper */
	uint64_t all;	  /* of anybody */
	size_t n;	  /* of buf; more than its size: the line is too long to be the helper's */
	bool head, waits; /* nothing was read yet; the last line may be going on */
	char buf[EG_RECORD_LINE_MAX];
	struct eg_record_line record;
};

/* ---- lines */

/* Reads on to the end of a line; false at the end of what there is. The last line need not have a
 * newline, unless the file is followed: then its end may be on its way. */
static bool read_line(struct reader *reader)
{
	int c;

	while ((c = getc_unlocked(reader->in)) != EOF && c != '\n') {
		if (reader->n < sizeof(reader->buf))
			reader->buf[reader->n] = (char)c;
		reader->n += reader->n <= sizeof(reader->buf);
	}
	return c == '\n' || (reader->n && !reader->waits);
}

/* What unpacks a log that begins so; NULL = it is not packed. */
static const char *unpacker_of(const char *head, size_t n)
{
	static const struct {
		const char *magic, *unpacker;
	} packed[] = {{"\x1f\x8b", "zcat"},
		      {"\xfd\x37zXZ", "xzcat"},
		      {"\x28\xb5\x2f\xfd", "zstdcat"},
		      {"BZh", "bzcat"}};

	for (size_t i = 0; i < EG_ARRAY_SIZE(packed); i++) {
		size_t length = strlen(packed[i].magic);

		if (n >= length && memcmp(head, packed[i].magic, length) == 0)
			return packed[i].unpacker;
	}
	return NULL;
}

/* Its lines are in there, and none would be found: that must not look like "nothing was done". */
static int refuse_packed(const struct eg_ctl_log *log, const char *name, const char *unpacker)
{
	char clean[EG_CTL_SAFE_SIZE];

	eg_ctl_safe(name, clean, sizeof(clean));
	warnx("%s: is compressed; unpack it: %s %s | ebpfguardctl %s ... -", clean, unpacker,
	      strcmp(name, STANDARD_INPUT) == 0 ? "FILE" : clean, log->command);
	return -EINVAL;
}

/* The journal's end, for who reads on from there. A message cannot look so: it has a time in front,
 * or blanks. */
static void note_cursor(const struct reader *reader, size_t n)
{
	struct eg_ctl_log_place *place = reader->log->place;
	size_t mark = sizeof(cursor_mark) - 1;

	if (!place || n <= mark || n - mark >= sizeof(place->cursor) ||
	    memcmp(reader->buf, cursor_mark, mark) != 0)
		return;
	memcpy(place->cursor, reader->buf + mark, n - mark);
	place->cursor[n - mark] = '\0';
}

/* Takes in what there is. name: for messages. 0, or a negative errno after saying why. */
static int take_in(struct reader *reader, const char *name)
{
	const struct eg_ctl_log *log = reader->log;
	char clean[EG_CTL_SAFE_SIZE];
	int r = 0;

	while (!r && read_line(reader)) {
		size_t n = reader->n > sizeof(reader->buf) ? 0 : reader->n;
		const char *unpacker = reader->head ? unpacker_of(reader->buf, n) : NULL;
		int err = eg_record_line_parse(reader->buf, n, log->now_s, &reader->record);

		if (unpacker)
			return refuse_packed(log, name, unpacker);
		reader->head = false;
		reader->n = 0;
		reader->all++;
		reader->lines += err != -ENOMSG;
		if (err != -ENOMSG)
			r = log->take(log->arg, &reader->record, err);
		else
			note_cursor(reader, n);
	}
	if (!r && ferror(reader->in))
		r = -errno;
	if (r < 0)
		warnx("%s: %s", eg_ctl_safe(name, clean, sizeof(clean)), strerror(-r));
	return r;
}

/* ---- files */

static int open_file(struct reader *reader, const char *path)
{
	char clean[EG_CTL_SAFE_SIZE];

	reader->in = fopen(path, "re");
	reader->n = 0;
	reader->head = true;
	if (reader->in)
		return 0;
	warn("%s", eg_ctl_safe(path, clean, sizeof(clean)));
	return -EIO;
}

static void close_file(struct reader *reader)
{
	if (reader->in && reader->in != stdin)
		(void)fclose(reader->in); /* only read */
	reader->in = NULL;
}

static int take_file(struct reader *reader, const char *path)
{
	int r = 0;

	if (strcmp(path, "-") == 0) {
		reader->in = stdin;
		reader->head = true;
		return take_in(reader, STANDARD_INPUT);
	}
	r = open_file(reader, path);
	if (!r)
		r = take_in(reader, path);
	close_file(reader);
	return r;
}

/* Has the path become another file, which is there? */
static bool was_replaced(const struct reader *reader, const char *path)
{
	struct stat there, here;

	return stat(path, &there) == 0 && fstat(fileno(reader->in), &here) == 0 &&
	       (there.st_ino != here.st_ino || there.st_dev != here.st_dev);
}

/* Was the file emptied under our feet, as logrotate's copytruncate does? */
static void look_for_begin(struct reader *reader)
{
	struct stat st;

	clearerr(reader->in);
	if (fstat(fileno(reader->in), &st) < 0 || st.st_size >= ftello(reader->in))
		return;
	rewind(reader->in);
	reader->n = 0;
}

/* Reads on from the place, and notes the next one. Lines that were written between the last look
 * and a rotation are missed. */
static int take_on(struct reader *reader, const char *path)
{
	struct eg_ctl_log_place *place = reader->log->place;
	off_t from = place->next;
	struct stat st;
	int r = open_file(reader, path);

	if (r < 0)
		return r;
	reader->waits = true;
	if (fstat(fileno(reader->in), &st) < 0)
		r = -errno;
	else if (!place->ino)
		from = st.st_size > NEAR_BYTES ? st.st_size - NEAR_BYTES : 0;
	else if (place->dev != st.st_dev || place->ino != st.st_ino || from > st.st_size)
		from = 0;
	if (!r && fseeko(reader->in, from, SEEK_SET) < 0)
		r = -errno;
	reader->head = !from;
	if (!r)
		r = take_in(reader, path);
	if (!r)
		*place = (struct eg_ctl_log_place){.dev = st.st_dev,
						   .ino = st.st_ino,
						   .next = ftello(reader->in) - (off_t)reader->n};
	close_file(reader);
	return r;
}

/* Until it is interrupted, or fails. From the end when no time was said. */
static int follow_file(struct reader *reader, const char *path)
{
	int r = open_file(reader, path);

	reader->waits = true;
	if (!r && !reader->log->since && fseeko(reader->in, 0, SEEK_END) == 0)
		reader->head = false;
	while (!r) {
		bool replaced = was_replaced(reader, path);

		/* What came before that is read first. */
		r = take_in(reader, path);
		if (!r && replaced) {
			close_file(reader);
			r = open_file(reader, path);
			continue;
		}
		if (!r) {
			(void)usleep(LOOK_MS * 1000);
			look_for_begin(reader);
		}
	}
	close_file(reader);
	return r;
}

/* ---- the journal */

/* From when on: a time, or behind what was read last. False: it is too long. */
static bool print_begin(const struct eg_ctl_log *log, char *buf, size_t size)
{
	bool goes_on = log->place && *log->place->cursor;
	const char *since = log->since ? log->since : "";
	int n = snprintf(buf, size, goes_on ? "--after-cursor=%s" : "--since=%s",
			 goes_on ? log->place->cursor : since);

	return (size_t)n < size;
}

/* In the child. Fields that begin with _ are journald's own findings: no user can set them. */
static void become_journalctl(const struct eg_ctl_log *log, int out)
{
	char begin[4096], until[4096], lines[32];
	char *args[16] = {"journalctl", "--output=short-iso", "--utc", "--all", "--no-pager"};
	size_t n = 5;

	if (log->since)
		args[n++] = begin;
	if (log->place)
		args[n++] = "--show-cursor";
	if (log->until)
		args[n++] = until;
	if (log->follow)
		args[n++] = "--follow";
	if (log->follow)
		args[n++] = log->since ? "--no-tail" : "--lines=0";
	if (log->cut)
		args[n++] = lines;
	args[n++] = "_SYSTEMD_UNIT=ebpfguard.service";
	args[n++] = "_UID=0";
	args[n++] = "SYSLOG_IDENTIFIER=ebpfguard-helper";
	/* colours of its own would be a part of the lines */
	(void)snprintf(lines, sizeof(lines), "--lines=%d", LAST_LINES);
	if (setenv("SYSTEMD_COLORS", "0", 1) == 0 && print_begin(log, begin, sizeof(begin)) &&
	    (size_t)snprintf(until, sizeof(until), "--until=%s", log->until ? log->until : "") <
		    sizeof(until) &&
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

static int take_pipe(struct reader *reader, int *from)
{
	int r;

	reader->in = fdopen(*from, "re");
	if (!reader->in)
		return -ENOMEM;
	*from = -1;
	r = take_in(reader, "journalctl");
	close_file(reader); /* ends it, should it still have something to say */
	return r;
}

static int take_journal(struct reader *reader)
{
	eg_auto_close int from = -1, to = -1;
	int ends[2], r;
	pid_t child, here = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return warn("cannot make a pipe"), -errno;
	from = ends[0];
	to = ends[1];
	child = fork();
	if (child < 0)
		return warn("cannot fork"), -EAGAIN;
	if (child == 0) {
		/* One that follows a quiet journal would not notice that nobody listens. */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != here)
			_exit(127);
		become_journalctl(reader->log, to);
	}
	eg_close_p(&to);
	to = -1;
	r = take_pipe(reader, &from);
	eg_close_p(&from);
	from = -1;
	if (wait_for(child) < 0)
		return -EIO;
	if (reader->log->cut)
		*reader->log->cut = reader->all >= LAST_LINES;
	if (!r && !reader->lines)
		warnx("the journal has no lines of the helper's for that time. It keeps them for "
		      "root and the group adm only; where log.destination is another, or it is "
		      "kept elsewhere, give the log as a file");
	return r;
}

/* ---- as configured */

bool eg_ctl_log_is_known(const struct eg_ctl_options *options, char *const *files)
{
	struct eg_config *config eg_ctl_auto_config = NULL;
	struct eg_err error;
	int r = files[0] ? 0
			 : eg_config_load(options->config, geteuid(), &config, NULL, NULL, &error);

	if (!r || (r == -ENOENT && !options->config_given))
		return true;
	eg_ctl_print_error(&error);
	warnx("so it is not known where the log is%s",
	      options->config_given ? "" : "; the journal is asked");
	return !options->config_given;
}

char *eg_ctl_log_source(const struct eg_ctl_options *options)
{
	struct eg_config *config eg_ctl_auto_config = NULL;
	struct eg_err error;

	if (eg_config_load(options->config, geteuid(), &config, NULL, NULL, &error) < 0 ||
	    config->log.destination != EG_LOG_FILE)
		return NULL;
	return strdup(config->log.file.text ? config->log.file.text : EG_LOG_FILE_DEFAULT);
}

bool eg_ctl_log_in_files(const struct eg_ctl_options *options, char *const *files)
{
	char *source eg_auto_free = files[0] ? NULL : eg_ctl_log_source(options);

	return files[0] || source;
}

/* The end of a file: so many bytes at most. A line of which this is a part is none. */
static int take_end(struct reader *reader, const char *path, off_t most)
{
	int r = open_file(reader, path);
	off_t from = 0;
	struct stat st;

	if (r < 0)
		return r;
	if (fstat(fileno(reader->in), &st) < 0)
		r = -errno;
	else if (st.st_size > most)
		from = st.st_size - most;
	if (from && fseeko(reader->in, from, SEEK_SET) < 0)
		r = -errno;
	reader->head = !from;
	*reader->log->cut = *reader->log->cut || from;
	if (!r)
		r = take_in(reader, path);
	close_file(reader);
	return r;
}

/* The end of both together. */
static int take_ends(struct reader *reader, const char *before, const char *path)
{
	off_t left = LAST_BYTES;
	struct stat st;
	int r = 0;

	*reader->log->cut = false;
	if (stat(path, &st) == 0)
		left -= st.st_size < left ? st.st_size : left;
	if (access(before, F_OK) == 0)
		r = take_end(reader, before, left);
	return r ? r : take_end(reader, path, LAST_BYTES);
}

/* The helper's own file, and before it what logrotate has put beside it and not packed. */
static int take_source(struct reader *reader, const char *path)
{
	char *before eg_auto_free = NULL;
	int r = 0;

	if (reader->log->follow && !reader->log->since)
		return follow_file(reader, path);
	if (reader->log->place)
		return take_on(reader, path);
	if (asprintf(&before, "%s.1", path) < 0)
		return -ENOMEM;
	if (reader->log->cut)
		return take_ends(reader, before, path);
	if (access(before, F_OK) == 0)
		r = take_file(reader, before);
	if (r)
		return r;
	return reader->log->follow ? follow_file(reader, path) : take_file(reader, path);
}

int eg_ctl_log_read(const struct eg_ctl_options *options, const struct eg_ctl_log *log)
{
	struct reader *reader eg_auto_free = calloc(1, sizeof(*reader));
	char *source eg_auto_free = log->files[0] ? NULL : eg_ctl_log_source(options);
	int r = 0;

	if (!reader)
		return warnx("%s", strerror(ENOMEM)), -ENOMEM;
	reader->log = log;
	if (log->files[0] && log->follow && strcmp(log->files[0], "-") != 0)
		return follow_file(reader, log->files[0]);
	if (!log->files[0])
		return source ? take_source(reader, source) : take_journal(reader);
	for (size_t i = 0; log->files[i] && !r; i++)
		r = take_file(reader, log->files[i]);
	return r;
}

bool eg_ctl_log_time(const char *option, const char *text, const struct eg_ctl_options *options,
		     int64_t now_s, char *const *files, int64_t *ret)
{
	char clean[EG_CTL_SAFE_SIZE];
	int64_t time_s = 0;
	int err = text ? eg_learn_since(text, now_s, &time_s) : 0;

	if (err == -ERANGE) {
		warnx("%s: %s: there is no such day", option,
		      eg_ctl_safe(text, clean, sizeof(clean)));
		return false;
	}
	*ret = err ? 0 : time_s;
	if (!err || !eg_ctl_log_in_files(options, files))
		return true;
	warnx("%s: %s: no time that is understood for files; expected \"YYYY-MM-DD "
	      "[HH:MM[:SS]]\", today, yesterday, now, \"2h ago\" or -2h (s, min, h, d)",
	      option, eg_ctl_safe(text, clean, sizeof(clean)));
	return false;
}
