// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Do the lines add up to what the kernel counted? The maps, the ring and the log are a small world
 * that outlives the helper, which may be killed at each step it takes in it.
 */
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

static uint32_t rnd(uint32_t n)
{
	world.seed = world.seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(world.seed >> 33) % n;
}

/* A point where the helper may be killed. */
static void point(void)
{
	if (!world.kill_one_in || rnd(world.kill_one_in))
		return;
	world.kills++;
	longjmp(killed, 1);
}

/* ---- seams: session numbers are indices + 1 ---- */

static int totals_get(void *arg, uint64_t session, struct eg_totals *ret)
{
	(void)arg;
	point();
	*ret = world.totals[session - 1];
	return 0;
}

static int written_get(void *arg, uint64_t session, struct eg_written *ret)
{
	(void)arg;
	point();
	*ret = world.written[session - 1];
	return 0;
}

static int written_put(void *arg, uint64_t session, const struct eg_written *written)
{
	(void)arg;
	point();
	world.written[session - 1] = *written;
	point();
	return 0;
}

static int writing_put(void *arg, const struct eg_writing *writing)
{
	(void)arg;
	point();
	world.writing = *writing;
	point();
	return 0;
}

static void positions(void *arg, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	(void)arg;
	*ret_produced = world.produced;
	*ret_consumed = world.consumed;
}

static struct eg_account_of *find(void *arg, uint64_t session)
{
	(void)arg;
	return &of[session - 1];
}

static int line(void *arg, const struct eg_event *event, const struct eg_account_line *how)
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

static int sum(void *arg, uint64_t session, const struct eg_account_sum *what, bool must)
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

static const struct eg_account_seams seams = {
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

static void count(const struct eg_event *event)
{
	struct eg_totals *totals = &world.totals[event->session - 1];

	if (event->verdict == EG_VERDICT_AUDIT)
		totals->audited[event->op]++;
	else
		totals->refused[event->op]++;
}

static void count_late(void)
{
	while (world.n_late)
		count(&world.late[--world.n_late]);
}

static void refuse(uint64_t session, uint16_t op, uint16_t verdict, uint16_t port)
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

static void refuse_some(void)
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

static void read_ring(uint32_t max)
{
	for (; max && world.consumed < world.produced; max--) {
		const struct eg_event *event = &world.ring[world.consumed % RING];

		eg_account_event(&account, &of[event->session - 1], event, world.now_ms);
		point();
		world.consumed++;
		point();
	}
}

static void let_go(void)
{
	for (size_t i = 0; i < SESSIONS; i++)
		eg_account_drop(&account, &of[i]);
	eg_account_done(&account);
}

static void start(void)
{
	assert_int_equal(eg_account_init(&account, &eg_limits_default, &seams, NULL), 0);
	for (size_t i = 0; i < SESSIONS; i++)
		of[i] = (struct eg_account_of){.number = i + 1, .due = true};
	eg_account_resume(&account, &world.writing);
	if (account.earlier.session)
		read_ring(1);
	eg_account_resumed(&account, world.now_ms);
}

static void tick(void)
{
	world.now_ms += 400;
	eg_account_tick(&account, world.now_ms);
	for (size_t i = 0; i < SESSIONS; i++)
		eg_account_tick_of(&account, &of[i], rnd(4) == 0, world.now_ms);
}

static void live(int *steps)
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
static void end_all(void)
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
static void run(uint64_t seed, unsigned int kill_one_in, int stop_at)
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

static void check(uint64_t seed)
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

static void test_exact(void **state)
{
	uint64_t full = 0, full_sums = 0, lines = 0, folded = 0, suppressed = 0, lost = 0,
		 others = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		run(seed, 0, -1);
		check(seed);
		full += world.refused_lines;
		full_sums += world.refused_sums;
		for (size_t i = 0; i < SESSIONS; i++) {
			static const struct eg_written none;
			const struct said *said = &world.said[i];

			assert_memory_equal(&said->replayed, &none, sizeof(none));
			lines += said->lines;
			folded += said->folded;
			suppressed += said->suppressed;
			lost += said->lost;
			others += said->others;
		}
	}
	/* All of it has been tried. */
	assert_true(full > 30 && full_sums > 30);
	assert_true(lines > 1000 && folded > 100 && suppressed > 100 && lost > 100 && others > 30);
}

/* Stopped and started again: nothing is said twice, nothing is missing. */
static void test_exact_stopped(void **state)
{
	static const struct eg_written none;

	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++) {
		run(seed, 0, (int)(seed * 5 % 300));
		check(seed);
		for (size_t i = 0; i < SESSIONS; i++)
			assert_memory_equal(&world.said[i].replayed, &none, sizeof(none));
	}
}

/*
 * One that stops keeps to the limit of all lines: what has no room is in no account, and the next
 * one counts it.
 */
static void test_stopped_within_the_limit(void **state)
{
	(void)state;
	for (uint32_t rate = 1; rate <= 12; rate++) {
		const struct eg_limits few = {
			.rate = rate, .session_rate = 10, .session_burst = 50, .window = 5};
		uint64_t others = 0;

		world = (struct world){.seed = rate, .now_ms = 5000};
		start();
		account.limits = few;
		for (uint64_t session = 1; session <= SESSIONS; session++) {
			for (uint16_t i = 0; i < 8; i++)
				refuse(session, EG_OP_CONNECT, EG_VERDICT_DENY, i % 3);
			refuse(session, EG_OP_FILE, EG_VERDICT_AUDIT, 0);
		}
		count_late();
		read_ring(RING);
		for (size_t i = 0; i < SESSIONS; i++)
			eg_account_leave(&of[i], EG_ACCOUNT_FLOW, world.now_ms);
		/* in the same second */
		for (size_t i = 0; i < SESSIONS; i++)
			others += eg_account_flush(&account, &of[i], world.now_ms);
		assert_int_equal(world.lines, rate);
		for (size_t i = 0; i < SESSIONS; i++)
			others += world.said[i].others;
		assert_int_equal(others, SESSIONS);
		let_go();
		start();
		end_all();
		check(rate);
		for (size_t i = 0; i < SESSIONS; i++)
			assert_int_equal(world.said[i].plain.refused[EG_OP_CONNECT], 8);
		let_go();
	}
}

/* What waits for its line when a session ends leaves room for the session's last ones. */
static void test_over_within_the_limit(void **state)
{
	const struct eg_limits few = {
		.rate = 10, .session_rate = 10, .session_burst = 50, .window = 5};

	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	account.limits = few;
	for (uint16_t i = 0; i < 12; i++)
		refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, i % 6);
	count_late();
	read_ring(RING);
	assert_int_equal(world.lines, 6);
	assert_true(eg_limit_room(&account.all, &few, false, world.now_ms) >=
		    EG_ACCOUNT_LAST_LINES);
	assert_true(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_true(world.lines > 6 && world.lines + 1 <= few.rate); /* and END */
	assert_int_equal(world.said[0].plain.refused[EG_OP_CONNECT], 12);
	let_go();
}

static void test_killed(void **state)
{
	unsigned int kills = 0;
	uint64_t marked = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 70; seed++) {
		run(seed, 60 + (unsigned int)(seed % 7) * 300, -1);
		check(seed);
		kills += world.kills;
		for (size_t i = 0; i < SESSIONS; i++)
			for (int op = 0; op < EG_OP_MAX; op++)
				marked += world.said[i].replayed.refused[op];
	}
	assert_true(kills > 1000);
	assert_true(marked > 100);
}

/* ---- a killed helper's last line ---- */

/* One refusal, and a helper that is gone at a certain step of its line. */
static void leave(bool in_log, bool is_written, bool is_consumed)
{
	world = (struct world){.seed = 1, .now_ms = 5000};
	refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, 80);
	count_late();
	world.writing =
		(struct eg_writing){.session = 1, .ts_ns = world.clock, .op = EG_OP_CONNECT};
	world.writing.after.refused[EG_OP_CONNECT] = 1;
	world.said[0].plain.refused[EG_OP_CONNECT] = in_log;
	world.written[0].refused[EG_OP_CONNECT] = is_written;
	world.consumed = is_consumed;
}

static void test_last_line(void **state)
{
	static const struct {
		bool in_log, is_written, is_consumed;
		uint64_t plain, replayed;
	} cases[] = {
		{false, false, false, 0, 1}, {true, false, false, 1, 1}, /* nobody can know */
		{true, true, false, 1, 0},   {true, true, true, 1, 0},
		{true, false, true, 1, 1}, /* the map could not be written */
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		const struct said *said = &world.said[0];

		leave(cases[i].in_log, cases[i].is_written, cases[i].is_consumed);
		start();
		read_ring(10);
		end_all();
		let_go();
		assert_int_equal(said->plain.refused[EG_OP_CONNECT], cases[i].plain);
		assert_int_equal(said->replayed.refused[EG_OP_CONNECT], cases[i].replayed);
	}
}

/* ---- single rules ---- */

/* A flood is one line at once, one a window, and no more memory than that. */
static void test_flood_of_one_kind(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	for (int turn = 0; turn < 50; turn++) {
		for (int i = 0; i < 200; i++) {
			refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, 80);
			read_ring(1);
		}
		tick();
	}
	assert_int_equal(world.said[0].lines, 1 + 3);
	count_late();
	end_all();
	assert_int_equal(world.said[0].plain.refused[EG_OP_CONNECT], 10000);
	assert_int_equal(world.said[0].suppressed + world.said[0].lost, 0);
	let_go();
}

/* Others' floods leave room for a session that is quiet. */
static void test_quiet_session(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	account.limits.session_rate = 60;
	for (int i = 0; i < 4000; i++) {
		refuse(1 + (uint64_t)i % 3, EG_OP_CONNECT, EG_VERDICT_DENY, (uint16_t)i);
		read_ring(1);
		world.now_ms++;
	}
	refuse(4, EG_OP_CONNECT, EG_VERDICT_DENY, 80);
	read_ring(1);
	assert_int_equal(world.said[3].lines, 1);
	let_go();
}

/* A flood of many sessions that does not end is summed up all the same. */
static void test_endless_flood(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	account.limits.rate = 8;
	for (int i = 0; i < 70000; i++) {
		refuse(1 + (uint64_t)i % SESSIONS, EG_OP_CONNECT, EG_VERDICT_DENY, (uint16_t)i);
		read_ring(1);
		world.now_ms++;
		for (size_t s = 0; i % 1000 == 950 && s < SESSIONS; s++)
			eg_account_tick_of(&account, &of[s], true, world.now_ms);
	}
	for (size_t s = 0; s < SESSIONS; s++)
		assert_int_equal(world.said[s].suppressed, 1);
	let_go();
}

/* Not over: what waits in memory is no loss. */
static void test_settle_waiting(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	for (int i = 0; i < 5; i++)
		refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, 80);
	count_late();
	assert_false(eg_account_settle(&account, &of[0], false, world.now_ms));
	read_ring(10);
	assert_true(eg_account_settle(&account, &of[0], false, world.now_ms));
	assert_int_equal(world.said[0].lost, 0);
	assert_int_equal(world.said[0].lines, 1);
	assert_true(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_int_equal(world.said[0].lines, 2);
	let_go();
}

/* A record that was read and is not counted yet: it does not end with that. */
static void test_settle_early(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000};
	start();
	refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, 80);
	count_late();
	world.totals[0].refused[EG_OP_CONNECT] = 0;
	read_ring(1);
	assert_false(eg_account_settle(&account, &of[0], true, world.now_ms));
	world.totals[0].refused[EG_OP_CONNECT] = 1;
	assert_true(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_int_equal(world.said[0].lost, 0);
	let_go();
}

/* The log takes nothing: what was left out stays known, and is said when it does. */
static void test_stuck(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000, .is_stuck = true};
	start();
	for (uint16_t i = 0; i < 3; i++)
		refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, i);
	count_late();
	read_ring(3);
	eg_account_leave(&of[0], EG_ACCOUNT_FLOW, world.now_ms);
	for (int i = 0; i < 30; i++)
		tick();
	assert_false(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_int_equal(world.written[0].refused[EG_OP_CONNECT], 0);
	world.is_stuck = false;
	assert_true(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_int_equal(world.written[0].refused[EG_OP_CONNECT], 3);
	assert_int_equal(world.said[0].suppressed, 1);
	assert_int_equal(world.said[0].others, 1);
	let_go();
}

/* Nor does it take what tells of a loss: that is looked for again. */
static void test_stuck_loss(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000, .is_stuck = true};
	start();
	world.totals[0].refused[EG_OP_FORK] = 2;
	assert_false(eg_account_settle(&account, &of[0], false, world.now_ms));
	world.is_stuck = false;
	eg_account_tick_of(&account, &of[0], true, world.now_ms);
	assert_int_equal(world.said[0].lost, 1);
	assert_int_equal(world.written[0].refused[EG_OP_FORK], 2);
	let_go();
}

/* Neither the ring nor the log is to be waited for: all is said for all that. */
static void test_give_up(void **state)
{
	(void)state;
	world = (struct world){.seed = 1, .now_ms = 5000, .is_stuck = true};
	start();
	for (uint16_t i = 0; i < 20; i++)
		refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, i);
	count_late();
	read_ring(8);
	assert_false(eg_account_settle(&account, &of[0], true, world.now_ms));
	eg_account_give_up(&account, &of[0], world.now_ms);
	assert_memory_equal(&world.written[0], &world.totals[0], sizeof(world.written[0]));
	assert_int_equal(world.said[0].plain.refused[EG_OP_CONNECT], 20);
	assert_int_equal(world.said[0].suppressed, 1);
	assert_int_equal(world.said[0].lost, 1);
	let_go();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_exact_stopped),
		cmocka_unit_test(test_stopped_within_the_limit),
		cmocka_unit_test(test_over_within_the_limit),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_last_line),
		cmocka_unit_test(test_flood_of_one_kind),
		cmocka_unit_test(test_quiet_session),
		cmocka_unit_test(test_endless_flood),
		cmocka_unit_test(test_settle_waiting),
		cmocka_unit_test(test_settle_early),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_stuck_loss),
		cmocka_unit_test(test_give_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
