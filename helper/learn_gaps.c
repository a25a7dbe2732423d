// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What never reached the log, by session. END tells it of the whole session, and comes last: of
 * sessions that go on, and of those whose end is not in the log, the lines before it do.
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn.h"
#include "util.h"

struct eg_learn_gap {
	char *key;	     /* owned: host and number of the session */
	uint64_t lost;	     /* counted by lines of LOST... */
	uint64_t lost_end;   /* ...and by END, which counts some of the same */
	uint64_t unrecorded; /* counted up from line to line */
	int64_t end_ms;	     /* of END; 0 = there is none yet */
	bool other;	     /* END is of another profile than is asked for */
};

static int compare_gaps(const void *va, const void *vb)
{
	const struct eg_learn_gap *a = va, *b = vb;

	return strcmp(a->key, b->key);
}

static void gap_free(struct eg_learn_gap *gap)
{
	free(gap->key);
	free(gap);
}

/* NULL: there is none, and no room or memory. is_new: make one. */
static struct eg_learn_gap *find(struct eg_learn_gaps *gaps, char *key, bool is_new)
{
	struct eg_learn_gap asked = {.key = key},
			    **found = tfind(&asked, &gaps->tree, compare_gaps);
	struct eg_learn_gap *gap;

	if (found || !is_new || gaps->n == EG_LEARN_GAPS_MAX)
		return found ? *found : NULL;
	if (!gaps->list)
		gaps->list = calloc(EG_LEARN_GAPS_MAX, sizeof(struct eg_learn_gap *));
	gap = gaps->list ? calloc(1, sizeof(*gap)) : NULL;
	if (!gap)
		return NULL;
	gap->key = strdup(key);
	if (!gap->key || !tsearch(gap, &gaps->tree, compare_gaps)) {
		gap_free(gap);
		return NULL;
	}
	gaps->list[gaps->n++] = gap;
	return gap;
}

static void add(struct eg_learn_missing *to, const struct eg_learn_gap *gap)
{
	uint64_t lost = gap->lost > gap->lost_end ? gap->lost : gap->lost_end;

	if (gap->other)
		return;
	to->lost += lost;
	to->lost_open += gap->end_ms ? 0 : lost;
	to->unrecorded += gap->unrecorded;
}

/* The number is another session's from here on: numbers begin anew when the host does. */
static void settle(struct eg_learn_gaps *gaps, struct eg_learn_gap *gap)
{
	char *key = gap->key;

	add(&gaps->settled, gap);
	*gap = (struct eg_learn_gap){.key = key};
}

static uint64_t unrecorded(const struct eg_record_line *line)
{
	static const char *const keys[2][4] = {
		{"exec", "exit", "connect", "open"},
		{"unrecorded_exec", "unrecorded_exit", "unrecorded_connect", "unrecorded_open"}};
	uint64_t n = 0;

	for (int i = 0; i < 4; i++)
		n += eg_record_number(line, keys[line->kind == EG_RECORD_END][i]);
	return n;
}

/* A line of LOST, UNRECORDED or END. */
static void take(struct eg_learn_gap *gap, const struct eg_record_line *line, bool other)
{
	uint64_t n = line->kind == EG_RECORD_LOST ? 0 : unrecorded(line);

	if (line->kind == EG_RECORD_LOST)
		gap->lost += eg_record_count(line);
	if (n > gap->unrecorded)
		gap->unrecorded = n;
	if (line->kind != EG_RECORD_END)
		return;
	gap->lost_end = eg_record_number(line, "lost");
	gap->end_ms = line->time_ms;
	gap->other = other;
}

int eg_learn_gaps_take(struct eg_learn_gaps *gaps, const struct eg_record_line *line, bool other)
{
	const char *host = eg_record_get(line, "host"), *number = eg_record_get(line, "session");
	bool is_new = line->kind == EG_RECORD_LOST || line->kind == EG_RECORD_UNRECORDED ||
		      (line->kind == EG_RECORD_END &&
		       (eg_record_number(line, "lost") || unrecorded(line)));
	char *key eg_auto_free = NULL;
	struct eg_learn_gap *gap, alone = {0};

	if (asprintf(&key, "%s %s", host ? host : "-", number ? number : "-") < 0) {
		key = NULL;
		return -ENOMEM;
	}
	gap = find(gaps, key, is_new);
	if (gap && (line->kind == EG_RECORD_START || (gap->end_ms && line->time_ms > gap->end_ms)))
		settle(gaps, gap);
	if (line->kind == EG_RECORD_START || (!gap && !is_new))
		return 0;
	if (!gap && gaps->n < EG_LEARN_GAPS_MAX)
		return -ENOMEM;
	take(gap ? gap : &alone, line, other);
	if (!gap)
		add(&gaps->settled, &alone); /* its lines are not compared: too much, if anything */
	return 0;
}

void eg_learn_gaps_sum(const struct eg_learn_gaps *gaps, struct eg_learn_missing *ret)
{
	*ret = gaps->settled;
	for (size_t i = 0; i < gaps->n; i++)
		add(ret, gaps->list[i]);
}

static void keep(void *node)
{
	(void)node; /* gaps->list owns them */
}

void eg_learn_gaps_done(struct eg_learn_gaps *gaps)
{
	tdestroy(gaps->tree, keep);
	for (size_t i = 0; i < gaps->n; i++)
		gap_free(gaps->list[i]);
	free(gaps->list);
	*gaps = (struct eg_learn_gaps){0};
}
