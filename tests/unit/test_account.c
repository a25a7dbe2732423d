// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Do the lines add up to what the kernel counted, whatever happens to the helper meanwhile? */
#include "account_world.h"

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

/* Six lines where ten a second are allowed, and as many repeats that wait. */
static const struct eg_limits few = {
	.rate = 10, .session_rate = 10, .session_burst = 50, .window = 5};

static void start_with_few(int64_t slow_ms)
{
	world = (struct world){.seed = 1, .now_ms = 5000, .slow_ms = slow_ms};
	start();
	account.limits = few;
	for (uint16_t i = 0; i < 12; i++)
		refuse(1, EG_OP_CONNECT, EG_VERDICT_DENY, i % 6);
	count_late();
	read_ring(RING);
	assert_int_equal(world.lines, 6);
}

/* What waits for its line when a session ends leaves room for the session's last ones. */
static void test_over_within_the_limit(void **state)
{
	(void)state;
	start_with_few(0);
	assert_true(eg_limit_room(&account.all, &few, false, world.now_ms) >=
		    EG_ACCOUNT_LAST_LINES);
	assert_true(eg_account_settle(&account, &of[0], true, world.now_ms));
	assert_true(world.lines > 6 && world.lines + 1 <= few.rate); /* and END */
	assert_int_equal(world.said[0].plain.refused[EG_OP_CONNECT], 12);
	let_go();
}

/* A line counts for the second in which it was written, not for the one in which it was to be. */
static void test_slow_writes(void **state)
{
	(void)state;
	start_with_few(600);
	assert_int_equal(eg_limit_room(&account.all, &few, false, 6500), few.rate - 6);
	assert_int_equal(eg_limit_room(&account.all, &few, false, 6800), few.rate);
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
			tick_of(s, true);
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
	tick_of(0, true);
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
		cmocka_unit_test(test_slow_writes),
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
