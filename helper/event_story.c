// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of what a session did: programs with their arguments, their ends, connections, files. */
#include "event_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { HEAD = offsetof(struct eg_told, text), NS_IN_S = 1000000000, NS_IN_MS = 1000000 };

/* The texts of a record, found and checked. */
struct texts {
	const char *at[EG_TOLD_TEXTS];
};

static bool find_texts(const struct eg_told *told, size_t size, struct texts *ret)
{
	size_t used = 0;

	for (int i = 0; i < EG_TOLD_TEXTS; i++) {
		ret->at[i] = told->text + used;
		used += told->len[i];
	}
	return told->len[EG_TOLD_EXE] <= EG_PATH_SIZE && told->len[EG_TOLD_PATH] <= EG_PATH_SIZE &&
	       told->len[EG_TOLD_ARGS] <= EG_ARGS_SIZE && HEAD + used <= size;
}

/* ---- parts ---- */

static void add_time(struct eg_line *line, int64_t time_ns)
{
	time_t seconds = time_ns / NS_IN_S;
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm); /* zeroes for a time that no calendar has */
	eg_line_add(line, " time=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		    (int)(time_ns % NS_IN_S / NS_IN_MS));
}

static void add_path(struct eg_line *line, const char *key, const struct eg_told *told,
		     const struct texts *texts, enum eg_text text, const char *empty)
{
	struct eg_path path = {.len = told->len[text], .cut = told->cut >> text & 1};

	memcpy(path.text, texts->at[text], path.len);
	eg_line_add_path(line, key, &path, empty);
}

/* One argument in quotes; left: what it may take, quotes and all. False: it did not fit, and what
 * is there is its beginning. */
static bool add_argument(struct eg_line *line, const char *arg, size_t n, size_t *left)
{
	bool whole = true;

	eg_line_add(line, "\"");
	*left -= 2;
	for (size_t i = 0; i < n && whole; i++) {
		char one[4] = " ";
		/* A blank splits nothing inside quotes. */
		size_t len = arg[i] == ' ' ? 1 : eg_line_escape((unsigned char)arg[i], one);

		whole = len <= *left;
		if (!whole)
			break;
		*left -= len;
		eg_line_add(line, "%.*s", (int)len, one);
	}
	eg_line_add(line, "\"");
	return whole;
}

/* What was cut says so outside of the quotes, where no user can write. */
static void add_arguments(struct eg_line *line, const struct eg_told *told, const char *args)
{
	size_t left = EG_LINE_ARGS_SIZE, at = 0, len = told->len[EG_TOLD_ARGS];
	bool whole = !(told->cut >> EG_TOLD_ARGS & 1);

	eg_line_add(line, " argc=%u args=%s", told->number, len || !whole ? "" : "-");
	while (at < len) {
		size_t n = strnlen(args + at, len - at);

		/* Blank, quotes and the three dots must fit. */
		if (left < 8) {
			whole = false;
			break;
		}
		if (at) {
			eg_line_add(line, " ");
			left--;
		}
		if (!add_argument(line, args + at, n, &left)) {
			whole = false;
			break;
		}
		at += n + 1;
	}
	if (!whole)
		eg_line_add(line, "...");
}

static void add_program(struct eg_line *line, const struct eg_told *told, const struct texts *texts)
{
	eg_line_add_field(line, "comm", told->comm, sizeof(told->comm));
	add_path(line, "exe", told, texts, EG_TOLD_EXE, "-");
}

/* ---- kinds ---- */

static void add_exec(struct eg_line *line, const struct eg_told *told, const struct texts *texts)
{
	add_path(line, "exe", told, texts, EG_TOLD_EXE, "-");
	add_path(line, "cwd", told, texts, EG_TOLD_PATH, "/");
	add_arguments(line, told, texts->at[EG_TOLD_ARGS]);
}

static void add_exit(struct eg_line *line, const struct eg_told *told, const struct texts *texts)
{
	uint64_t ms =
		told->ts_ns > told->started_ns ? (told->ts_ns - told->started_ns) / NS_IN_MS : 0;
	int status = (int)told->number;
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	(void)texts;
	eg_line_add_field(line, "comm", told->comm, sizeof(told->comm));
	eg_line_add(line, " seconds=%llu.%03u", (unsigned long long)(ms / 1000),
		    (unsigned int)(ms % 1000));
	if (!WIFSIGNALED(status))
		eg_line_add(line, " status=%d", WEXITSTATUS(status));
	else if (name)
		eg_line_add(line, " signal=%s", name);
	else
		eg_line_add(line, " signal=%d", WTERMSIG(status)); /* a realtime one */
	if (WIFSIGNALED(status))
		eg_line_add(line, " core=%s", WCOREDUMP(status) ? "yes" : "no");
}

static void add_connect(struct eg_line *line, const struct eg_told *told, const struct texts *texts)
{
	add_program(line, told, texts);
	eg_line_add_peer(line, told->family, told->protocol, told->addr, told->port);
}

static void add_open(struct eg_line *line, const struct eg_told *told, const struct texts *texts)
{
	static const char *const words[] = {"-", "read", "write", "read+write"};

	add_program(line, told, texts);
	eg_line_add(line, " access=%s", words[told->number & (EG_TOLD_READ | EG_TOLD_WRITE)]);
	add_path(line, "path", told, texts, EG_TOLD_PATH, "/");
}

static const struct {
	const char *word;
	void (*add)(struct eg_line *line, const struct eg_told *told, const struct texts *texts);
} kinds[EG_STORY_MAX] = {
	[EG_STORY_EXEC] = {"EXEC", add_exec},
	[EG_STORY_EXIT] = {"EXIT", add_exit},
	[EG_STORY_CONNECT] = {"CONNECT", add_connect},
	[EG_STORY_OPEN] = {"OPEN", add_open},
};

/* Keys and numbers take less than 512 bytes; the user is a word, comm and tty are short ones. */
_Static_assert(512 + EG_LINE_WORD_SIZE + 2 * 4 * (EG_TTY_SIZE + 2) + 2 * EG_LINE_PATH_SIZE +
			       EG_LINE_ARGS_SIZE <=
		       EG_LINE_MAX,
	       "the longest line fits");

int eg_event_format_told(const struct eg_told *told, size_t size,
			 const struct eg_event_session *session, int64_t time_ns, char *buf)
{
	struct eg_line line = {.buf = buf};
	struct texts texts;
	bool sends;

	if (size < HEAD || told->abi != EG_ABI_VERSION || told->kind >= EG_STORY_MAX ||
	    !find_texts(told, size, &texts))
		return -EPROTO;
	sends = told->kind == EG_STORY_CONNECT && told->number == EG_OP_SENDMSG;
	eg_line_add(&line, "%s session=%llu", sends ? "SEND" : kinds[told->kind].word,
		    (unsigned long long)told->session);
	eg_line_add_word(&line, "user", session->user);
	eg_line_add(&line, " uid=%u", told->uid);
	eg_line_add_tty(&line, told->tty);
	eg_line_add(&line, " pid=%u ppid=%u", told->tgid, told->ppid);
	add_time(&line, time_ns);
	kinds[told->kind].add(&line, told, &texts);
	return (int)line.used;
}
