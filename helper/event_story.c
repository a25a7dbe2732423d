// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The records of what a session did: programs with their arguments and ends, connections, files. */
#include "event_line.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

enum { HEAD = offsetof(struct eg_told, text), NS_IN_MS = 1000000 };

/* The texts of a record, found and checked. */
struct texts {
	const char *at[EG_TOLD_TEXTS];
};

static bool find_texts(const struct eg_told *told, size_t size, struct texts *ret)
{
	static const size_t most[EG_TOLD_TEXTS] = {
		[EG_TOLD_EXE] = EG_PATH_SIZE,
		[EG_TOLD_PATH] = EG_PATH_SIZE,
		[EG_TOLD_ARGS] = EG_ARGS_SIZE,
	};
	size_t used = 0;

	for (int i = 0; i < EG_TOLD_TEXTS; i++) {
		if (told->len[i] > most[i])
			return false;
		ret->at[i] = told->text + used;
		used += told->len[i];
	}
	return HEAD + used <= size;
}

/* ---- parts ---- */

static void add_path(struct eg_fields *line, const char *key, const struct eg_told *told,
		     const struct texts *texts, enum eg_text text, const char *empty)
{
	struct eg_path path = {.len = told->len[text], .cut = told->cut >> text & 1};

	memcpy(path.text, texts->at[text], path.len);
	eg_line_add_path(line, key, &path, empty);
}

static void add_program(struct eg_fields *line, const struct eg_told *told,
			const struct texts *texts)
{
	eg_fields_add_text(line, "comm", told->comm, sizeof(told->comm));
	add_path(line, "exe", told, texts, EG_TOLD_EXE, "-");
}

/* ---- kinds ---- */

static void add_exec(struct eg_fields *line, const struct eg_told *told, const struct texts *texts)
{
	add_path(line, "exe", told, texts, EG_TOLD_EXE, "-");
	add_path(line, "cwd", told, texts, EG_TOLD_PATH, "/");
	eg_fields_add_number(line, "argc", told->number);
	eg_fields_add_args(line, "args", texts->at[EG_TOLD_ARGS], told->len[EG_TOLD_ARGS],
			   told->cut >> EG_TOLD_ARGS & 1, false);
}

static void add_exit(struct eg_fields *line, const struct eg_told *told, const struct texts *texts)
{
	uint64_t ms =
		told->ts_ns > told->started_ns ? (told->ts_ns - told->started_ns) / NS_IN_MS : 0;
	int status = (int)told->number;
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	(void)texts;
	eg_fields_add_text(line, "comm", told->comm, sizeof(told->comm));
	eg_fields_add_millis(line, "seconds", ms);
	if (!WIFSIGNALED(status))
		eg_fields_add_number(line, "status", (uint64_t)WEXITSTATUS(status));
	else if (name)
		eg_fields_add_word(line, "signal", name);
	else
		eg_fields_add_format(line, "signal", "%d", WTERMSIG(status)); /* a realtime one */
	if (WIFSIGNALED(status))
		eg_fields_add_word(line, "core", WCOREDUMP(status) ? "yes" : "no");
}

static void add_connect(struct eg_fields *line, const struct eg_told *told,
			const struct texts *texts)
{
	add_program(line, told, texts);
	eg_line_add_peer(line, told->family, told->protocol, told->addr, told->port);
}

static void add_open(struct eg_fields *line, const struct eg_told *told, const struct texts *texts)
{
	static const char *const words[] = {NULL, "read", "write", "read+write"};

	add_program(line, told, texts);
	eg_fields_add_word(line, "access", words[told->number & (EG_TOLD_READ | EG_TOLD_WRITE)]);
	add_path(line, "path", told, texts, EG_TOLD_PATH, "/");
}

static const struct {
	const char *word;
	void (*add)(struct eg_fields *line, const struct eg_told *told, const struct texts *texts);
} kinds[EG_STORY_MAX] = {
	[EG_STORY_EXEC] = {"EXEC", add_exec},
	[EG_STORY_EXIT] = {"EXIT", add_exit},
	[EG_STORY_CONNECT] = {"CONNECT", add_connect},
	[EG_STORY_OPEN] = {"OPEN", add_open},
};

/* In any form: keys and numbers take less than 640 bytes; words are the user and the host. */
_Static_assert(640 + 2 * EG_LINE_WORD_SIZE + 6 * (EG_COMM_SIZE + EG_TTY_SIZE + 2) +
			       2 * EG_LINE_PATH_SIZE + EG_LINE_ARGS_SIZE <=
		       EG_LINE_MAX,
	       "the longest line fits");

int eg_event_make_told(const struct eg_told *told, size_t size,
		       const struct eg_event_session *session, const struct eg_event_added *added,
		       struct eg_fields *ret)
{
	struct texts texts;
	bool sends;

	if (size < HEAD || told->abi != EG_ABI_VERSION || told->kind >= EG_STORY_MAX ||
	    !find_texts(told, size, &texts))
		return -EPROTO;
	sends = told->kind == EG_STORY_CONNECT && told->number == EG_OP_SENDMSG;
	eg_fields_begin(ret, sends ? "SEND" : kinds[told->kind].word, NULL);
	eg_fields_add_number(ret, "session", told->session);
	eg_fields_add_word(ret, "user", session->user);
	eg_fields_add_number(ret, "uid", told->uid);
	eg_line_add_tty(ret, told->tty);
	eg_fields_add_number(ret, "pid", told->tgid);
	eg_fields_add_number(ret, "ppid", told->ppid);
	kinds[told->kind].add(ret, told, &texts);
	eg_event_add_end(ret, added, told->ts_ns);
	return 0;
}
