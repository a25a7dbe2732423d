/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A small world for the tests of account.c: the maps, the ring and the log, which outlive the
 * helper, and a helper that may be killed at each step it takes in it.
 */
#ifndef EG_ACCOUNT_WORLD_H
#define EG_ACCOUNT_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "account.h"
#include "util.h"

enum { SESSIONS = 4, RING = 48, LATE_MAX = 64, OPS = 4 };

static const uint16_t ops[OPS] = {EG_OP_CONNECT, EG_OP_SENDMSG, EG_OP_SETUID, EG_OP_FILE};

/* What is said of a session. */
struct said {
	struct eg_written plain, replayed;
	uint64_t others, lines, folded, suppressed, lost;
};

static struct world {
	struct eg_totals totals[SESSIONS];
	struct eg_written written[SESSIONS];
	struct eg_writing writing;
	struct eg_event ring[RING];
	uint64_t produced, consumed;
	struct eg_event late[LATE_MAX]; /* in the ring, and not counted yet */
	size_t n_late;
	struct said said[SESSIONS];
	uint64_t clock, seed;
	int64_t now_ms;
	int64_t slow_ms;	  /* that long a line takes */
	unsigned int kill_one_in; /* steps; 0 = never */
	unsigned int kills;
	bool is_full;  /* the log takes not all lines */
	bool is_stuck; /* it takes none */
	unsigned int refused_lines, refused_sums;
	unsigned int lines; /* that were written, of all kinds */
} world;

static struct eg_account account;
static struct eg_account_of of[SESSIONS];
static jmp_buf killed;

static inline uint32_t rnd(uint32_t n)
{
	world.seed = world.seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(world.seed >> 33) % n;
}

/* A point where the helper may be killed. */
static inline void point(void)
{
	if (!world.kill_one_in || rnd(world.kill_one_in))
		return;
	world.kills++;
	longjmp(killed, 1);
}

/* ---- seams: session numbers are indices + 1 ---- */

static inline int totals_get(void *arg, uint64_t session, struct eg_totals *ret)
{
	(void)arg;
	point();
	*ret = world.totals[session - 1];
	return 0;
}

static inline int written_get(void *arg, uint64_t session, struct eg_written *ret)
{
	(void)arg;
	point();
	*ret = world.written[session - 1];
	return 0;
}

static inline int written_put(void *arg, uint64_t session, const struct eg_written *written)
{
	(void)arg;
	point();
	world.written[session - 1] = *written;
	point();
	return 0;
}

static inline int writing_put(void *arg, const struct eg_writing *writing)
{
	(void)arg;
	point();
	world.writing = *writing;
	point();
	return 0;
}

static inline void positions(void *arg, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	(void)arg;
	*ret_produced = world.produced;
	*ret_consumed = world.consumed;
}

static inline struct eg_account_of *find(void *arg, uint64_t session)
{
	(void)arg;
	return &of[session - 1];
}

static inline int line(void *arg, const struct eg_event *event, const struct eg_account_line *how)
{
	struct said *said = &world.said[event->session - 1];

	(void)arg;
	point();
	if (world.is_stuck || (world.is_full && !rnd(5))) {
		world.refused_lines++;
		return -ENOSPC;
	}
	*eg_fold_counter(how->replayed ? &said->replayed : &said->plain, event) += how->count;
	said->lines++;
	world.lines++;
	said->folded += how->last_ns != 0;
	assert_true(how->count == 1 || how->last_ns > event->ts_ns);
	point();
	return 0;
}

static inline int sum(void *arg, uint64_t session, const struct eg_account_sum *what, bool must)
{
	struct said *said = &world.said[session - 1];
	struct eg_written *to = what->replayed ? &said->replayed : &said->plain;

	(void)arg;
	point();
	if (!must && (world.is_stuck || (world.is_full && !rnd(3)))) {
		world.refused_sums++;
		return -ENOSPC;
	}
	for (int op = 0; op < EG_OP_MAX; op++) {
		to->refused[op] += what->counts.refused[op];
		to->audited[op] += what->counts.audited[op];
	}
	said->others += what->others[EG_ACCOUNT_STRAY] + what->others[EG_ACCOUNT_FLOW];
	said->lost += what->lost;
	world.lines++;
	said->suppressed += !what->lost;
	point();
	return 0;
}

static inline int64_t written_ms(void)
{
	return world.now_ms + world.slow_ms;
}

static const struct eg_account_seams seams = {
	.written_ms = written_ms,
	.totals_get = totals_get,
	.written_get = written_get,
	.written_put = written_put,
	.writing_put = writing_put,
	.positions = positions,
	.find = find,
	.line = line,
	.sum = sum,
};

/* ---- the kernel's side ---- */

static inline void count(const struct eg_event *event)
{
	struct eg_totals *totals = &world.totals[event->session - 1];

	if (event->verdict == EG_VERDICT_AUDIT)
		totals->audited[event->op]++;
	else
		totals->refused[event->op]++;
}

static inline void count_late(void)
{
	while (world.n_late)
		count(&world.late[--world.n_late]);
}

static inline void refuse(uint64_t session, uint16_t op, uint16_t verdict, uint16_t port)
{
	struct eg_event event = {.kind = EG_EVENT_VERDICT,
				 .op = op,
				 .verdict = verdict,
				 .session = session,
				 .port = port,
				 .ts_ns = ++world.clock};

	if (world.produced - world.consumed == RING) {
		world.totals[session - 1].lost++;
		count(&event);
		return;
	}
	world.ring[world.produced++ % RING] = event;
	if (!rnd(8) && world.n_late < LATE_MAX)
		world.late[world.n_late++] = event;
	else
		count(&event);
}

static inline void refuse_some(void)
{
	uint64_t session = 1 + rnd(SESSIONS);
	uint16_t op = ops[rnd(OPS)];
	uint16_t verdict = rnd(5) ? EG_VERDICT_DENY : EG_VERDICT_AUDIT;
	uint32_t n = rnd(4) ? rnd(4) : rnd(80), ports = 1 + (rnd(2) ? 0 : rnd(400));

	for (uint32_t i = 0; i < n; i++)
		refuse(session, op, verdict, (uint16_t)rnd(ports));
	if (!rnd(20))
		world.totals[session - 1].refused[EG_OP_FORK]++; /* without a record */
}

/* ---- the helper ---- */

static inline void read_ring(uint32_t max)
{
	for (; max && world.consumed < world.produced; max--) {
		const struct eg_event *event = &world.ring[world.consumed % RING];

		eg_account_event(&account, &of[event->session - 1], event, world.now_ms);
		point();
		world.consumed++;
		point();
	}
}

static inline void let_go(void)
{
	for (size_t i = 0; i < SESSIONS; i++)
		eg_account_drop(&account, &of[i]);
	eg_account_done(&account);
}

static inline void start(void)
{
	assert_int_equal(eg_account_init(&account, &eg_limits_default, &seams, NULL), 0);
	for (size_t i = 0; i < SESSIONS; i++)
		of[i] = (struct eg_account_of){.number = i + 1, .due = true};
	eg_account_resume(&account, &world.writing);
	if (account.earlier.session)
		read_ring(1);
	eg_account_resumed(&account);
}

static inline void tick_of(size_t i, bool look)
{
	struct eg_totals totals;
	bool has = look && totals_get(NULL, of[i].number, &totals) == 0;

	eg_account_tick_of(&account, &of[i], has ? &totals : NULL, world.now_ms);
}

static inline void tick(void)
{
	world.now_ms += 400;
	eg_account_tick(&account, world.now_ms);
	for (size_t i = 0; i < SESSIONS; i++)
		tick_of(i, rnd(4) == 0);
}

static inline void live(int *steps)
{
	for (; *steps; --*steps) {
		refuse_some();
		if (rnd(2))
			read_ring(rnd(64));
		if (!rnd(6))
			tick();
		if (!rnd(8))
			count_late();
		if (!rnd(10))
			(void)eg_account_take(&account, &of[rnd(SESSIONS)], EG_ACCOUNT_FLOW,
					      world.now_ms);
	}
}

/* All tasks are gone: each session is asked about until it is done. */
static inline void end_all(void)
{
	count_late();
	for (size_t i = 0; i < SESSIONS; i++) {
		int turns = 0;

		while (!eg_account_settle(&account, &of[i], true, world.now_ms)) {
			assert_true(++turns < RING);
			read_ring(4);
		}
	}
}

/* What a helper does that is killed may be anything; nothing of it is lost. */
static inline void run(uint64_t seed, unsigned int kill_one_in, int stop_at)
{
	static int steps, is_over, to_stop;

	world = (struct world){
		.seed = seed, .kill_one_in = kill_one_in, .now_ms = 5000, .is_full = seed % 3 == 0};
	steps = 300;
	to_stop = stop_at;
	is_over = 0;
	while (!is_over) {
		if (!setjmp(killed)) {
			start();
			if (to_stop >= 0 && steps > to_stop) {
				int part = steps - to_stop;

				steps = to_stop;
				live(&part);
				for (size_t i = 0; i < SESSIONS; i++)
					(void)eg_account_flush(&account, &of[i], world.now_ms);
				to_stop = -1;
			} else {
				live(&steps);
				end_all();
				is_over = 1;
			}
		}
		let_go();
	}
}

static inline void check(uint64_t seed)
{
	for (size_t i = 0; i < SESSIONS; i++) {
		const struct said *said = &world.said[i];

		assert_memory_equal(&world.written[i], &world.totals[i], sizeof(world.written[i]));
		for (int op = 0; op < EG_OP_MAX; op++) {
			uint64_t refused = world.totals[i].refused[op],
				 audited = world.totals[i].audited[op];

			if (said->plain.refused[op] > refused ||
			    said->plain.audited[op] > audited ||
			    said->plain.refused[op] + said->replayed.refused[op] < refused ||
			    said->plain.audited[op] + said->replayed.audited[op] < audited)
				fail_msg("seed %llu session %zu op %d: refused %llu+%llu of %llu, "
					 "audited %llu+%llu of %llu",
					 (unsigned long long)seed, i + 1, op,
					 (unsigned long long)said->plain.refused[op],
					 (unsigned long long)said->replayed.refused[op],
					 (unsigned long long)refused,
					 (unsigned long long)said->plain.audited[op],
					 (unsigned long long)said->replayed.audited[op],
					 (unsigned long long)audited);
		}
	}
}

#endif
