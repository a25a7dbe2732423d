// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Repeats of the same refusal, counted for one line. */
#include "fold.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { BUCKETS = 1024 };

struct eg_fold {
	struct eg_folded windows[EG_FOLD_MAX]; /* session 0 = a free one */
	uint16_t buckets[BUCKETS];	       /* as eg_folded.next */
	uint16_t free;
	unsigned int n;
};

/* A piece of a record, in bytes. */
struct piece {
	size_t from, n;
};

static size_t path_used(const struct eg_path *path)
{
	return path->len < sizeof(path->text) ? path->len : sizeof(path->text);
}

/* The pieces that make it the same as another: all but ts_ns, and tgid, tid and ppid, and of texts
 * what is used. */
enum { PIECES = 6 };
static void pieces_of(const struct eg_event *event, struct piece *ret)
{
	enum {
		SESSION = offsetof(struct eg_event, session),
		TGID = offsetof(struct eg_event, tgid),
		UID = offsetof(struct eg_event, uid),
		EXE = offsetof(struct eg_event, exe.text),
		OBJECT = offsetof(struct eg_event, object),
		OBJECT_TEXT = offsetof(struct eg_event, object.text),
		ARGS = offsetof(struct eg_event, args),
	};
	const struct piece pieces[PIECES] = {
		{0, offsetof(struct eg_event, ts_ns)},
		{SESSION, TGID - SESSION},
		{UID, EXE - UID + path_used(&event->exe)},
		{OBJECT, OBJECT_TEXT - OBJECT},
		{OBJECT_TEXT, path_used(&event->object)},
		{ARGS, event->n_args < sizeof(event->args) ? event->n_args : sizeof(event->args)},
	};

	_Static_assert(SESSION == offsetof(struct eg_event, ts_ns) + 8 && UID == TGID + 12 &&
			       OBJECT == EXE + EG_PATH_SIZE && ARGS == OBJECT_TEXT + EG_PATH_SIZE &&
			       ARGS + EG_EVENT_ARGS_SIZE == sizeof(struct eg_event),
		       "what is left out is the time, the process, and what is behind a text");
	memcpy(ret, pieces, sizeof(pieces));
}

/* FNV-1a, by words of four bytes: a session that finds kinds which share a bucket gains nothing, it
 * has 64. */
static uint64_t hash_of(const struct eg_event *event)
{
	struct piece pieces[PIECES];
	uint64_t hash = 0xcbf29ce484222325;

	pieces_of(event, pieces);
	for (size_t i = 0; i < PIECES; i++) {
		for (size_t at = 0; at < pieces[i].n; at += 4) {
			size_t left = pieces[i].n - at;
			uint32_t word = 0;

			memcpy(&word, (const char *)event + pieces[i].from + at,
			       left < sizeof(word) ? left : sizeof(word));
			hash = (hash ^ word) * 0x100000001b3;
		}
	}
	return hash ^ hash >> 32;
}

static bool is_same(const struct eg_event *a, const struct eg_event *b)
{
	struct piece of_a[PIECES], of_b[PIECES];

	pieces_of(a, of_a);
	pieces_of(b, of_b);
	for (size_t i = 0; i < PIECES; i++)
		if (of_a[i].n != of_b[i].n || memcmp((const char *)a + of_a[i].from,
						     (const char *)b + of_b[i].from, of_a[i].n))
			return false;
	return true;
}

__u64 *eg_fold_counter(struct eg_written *counts, const struct eg_event *event)
{
	__u64 *by_op = event->verdict == EG_VERDICT_AUDIT ? counts->audited : counts->refused;

	return &by_op[event->op < EG_OP_MAX ? event->op : EG_OP_NONE];
}

struct eg_fold *eg_fold_new(void)
{
	struct eg_fold *fold = calloc(1, sizeof(*fold));

	for (uint16_t i = 0; fold && i < EG_FOLD_MAX; i++)
		fold->windows[i].next = i + 1 < EG_FOLD_MAX ? i + 2 : 0;
	if (fold)
		fold->free = 1;
	return fold;
}

void eg_fold_free(struct eg_fold *fold)
{
	free(fold);
}

static struct eg_folded *find(struct eg_fold *fold, const struct eg_event *event, uint64_t hash)
{
	for (uint16_t i = fold->buckets[hash % BUCKETS]; i; i = fold->windows[i - 1].next) {
		struct eg_folded *folded = &fold->windows[i - 1];

		if (folded->hash == hash && is_same(&folded->event, event))
			return folded;
	}
	return NULL;
}

static void drop(struct eg_fold *fold, struct eg_folded *folded)
{
	uint16_t index = (uint16_t)(folded - fold->windows + 1);
	uint16_t *at = &fold->buckets[folded->hash % BUCKETS];

	while (*at != index)
		at = &fold->windows[*at - 1].next;
	*at = folded->next;
	folded->event.session = 0;
	folded->count = 0;
	folded->next = fold->free;
	fold->free = index;
	fold->n--;
}

bool eg_fold_repeat(struct eg_fold *fold, const struct eg_event *event, int64_t now_ms)
{
	struct eg_folded *folded = fold->n ? find(fold, event, hash_of(event)) : NULL;

	if (!folded)
		return false;
	if (!folded->count && now_ms >= folded->ends_ms) {
		drop(fold, folded);
		return false;
	}
	if (!folded->count++)
		folded->event = *event;
	folded->last_ns = event->ts_ns;
	return true;
}

static unsigned int count_of(const struct eg_fold *fold, uint64_t session)
{
	unsigned int n = 0;

	for (size_t i = 0; i < EG_FOLD_MAX && fold->n; i++)
		n += fold->windows[i].event.session == session;
	return n;
}

void eg_fold_begin(struct eg_fold *fold, const struct eg_event *event, int64_t now_ms,
		   int64_t window_ms)
{
	struct eg_folded *folded;
	uint64_t hash;
	uint16_t index = fold->free;

	if (!index || window_ms <= 0 || !event->session)
		return;
	hash = hash_of(event);
	if (find(fold, event, hash) || count_of(fold, event->session) >= EG_FOLD_SESSION_MAX)
		return;
	folded = &fold->windows[index - 1];
	fold->free = folded->next;
	fold->n++;
	*folded = (struct eg_folded){.event = *event,
				     .ends_ms = now_ms + window_ms,
				     .hash = hash,
				     .next = fold->buckets[hash % BUCKETS]};
	fold->buckets[hash % BUCKETS] = index;
}

void eg_fold_tick(struct eg_fold *fold, int64_t now_ms, int64_t window_ms, eg_fold_fn fn, void *arg)
{
	for (size_t i = 0; i < EG_FOLD_MAX && fold->n; i++) {
		struct eg_folded *folded = &fold->windows[i];

		if (!folded->event.session || now_ms < folded->ends_ms)
			continue;
		if (!folded->count) {
			drop(fold, folded);
			continue;
		}
		fn(folded, arg);
		folded->count = 0;
		folded->ends_ms = now_ms + window_ms;
	}
}

void eg_fold_flush(struct eg_fold *fold, uint64_t session, eg_fold_fn fn, void *arg)
{
	for (size_t i = 0; i < EG_FOLD_MAX && fold->n; i++) {
		struct eg_folded *folded = &fold->windows[i];

		if (!folded->event.session || folded->event.session != session)
			continue;
		if (folded->count && fn)
			fn(folded, arg);
		drop(fold, folded);
	}
}

void eg_fold_sum(const struct eg_fold *fold, uint64_t session, struct eg_written *sum)
{
	for (size_t i = 0; i < EG_FOLD_MAX && fold->n; i++) {
		const struct eg_folded *folded = &fold->windows[i];

		if (folded->event.session == session)
			*eg_fold_counter(sum, &folded->event) += folded->count;
	}
}
