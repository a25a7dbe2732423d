// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When a ring is read: at once by who wakes, by the clock while records come, and never so that one
 * is left for which nobody wakes. The last is tried against a model of both sides, step by step. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "pace.h"

#define MS 1000000LL

static void test_starts_due(void **state)
{
	struct eg_pace pace = {0};

	(void)state;
	assert_true(eg_pace_is_due(&pace, 1));
	assert_int_equal(eg_pace_wait_ms(&pace, 1), 0);
	assert_true(eg_pace_look(&pace, EG_RING_EMPTY, 0, 1));
	assert_false(pace.asleep); /* not before the kernel side knows */
	eg_pace_sleep(&pace, EG_RING_EMPTY, 1);
	assert_true(pace.asleep);
	assert_false(eg_pace_is_due(&pace, 1000 * MS));
	assert_int_equal(eg_pace_wait_ms(&pace, 1000 * MS), -1);
}

static void test_is_woken_at_once(void **state)
{
	struct eg_pace pace = {.asleep = true, .so_far = 100};

	(void)state;
	eg_pace_wake(&pace, 50 * MS);
	assert_true(eg_pace_is_due(&pace, 50 * MS));
	/* One came: there may be more soon. */
	assert_false(eg_pace_look(&pace, EG_RING_EMPTY, 200, 50 * MS));
	assert_false(eg_pace_is_due(&pace, 50 * MS + EG_PACE_NS - 1));
	assert_true(eg_pace_is_due(&pace, 50 * MS + EG_PACE_NS));
	/* None has. */
	assert_true(eg_pace_look(&pace, EG_RING_EMPTY, 200, 50 * MS + EG_PACE_NS));
}

static void test_waits_long_enough(void **state)
{
	struct eg_pace pace = {.due_ns = 10 * MS};

	(void)state;
	assert_int_equal(eg_pace_wait_ms(&pace, 10 * MS), 0);
	assert_int_equal(eg_pace_wait_ms(&pace, 11 * MS), 0);
	assert_int_equal(eg_pace_wait_ms(&pace, 10 * MS - 1), 1);
	assert_int_equal(eg_pace_wait_ms(&pace, 9 * MS), 1);
	assert_int_equal(eg_pace_wait_ms(&pace, 9 * MS - 1), 2);
}

static void test_what_is_left(void **state)
{
	struct eg_pace pace = {0};

	(void)state;
	/* Stopped in the middle: others have their turn, and then it goes on. */
	assert_false(eg_pace_look(&pace, EG_RING_MORE, 64, 5 * MS));
	assert_true(eg_pace_is_due(&pace, 5 * MS));
	/* Also where nothing could be taken. */
	assert_false(eg_pace_look(&pace, EG_RING_MORE, 64, 5 * MS));
	assert_true(eg_pace_is_due(&pace, 5 * MS));
	/* Who writes a record is not waited for by looking without end, and not slept on. */
	assert_false(eg_pace_look(&pace, EG_RING_BUSY, 64, 5 * MS));
	assert_false(eg_pace_is_due(&pace, 5 * MS));
	assert_true(eg_pace_is_due(&pace, 5 * MS + EG_PACE_NS));
}

static void test_sleep_is_called_off(void **state)
{
	struct eg_pace pace = {0};

	(void)state;
	assert_true(eg_pace_look(&pace, EG_RING_EMPTY, 0, MS));
	eg_pace_sleep(&pace, EG_RING_MORE, MS);
	assert_true(eg_pace_is_due(&pace, MS));
	assert_true(eg_pace_look(&pace, EG_RING_EMPTY, 0, MS));
	eg_pace_sleep(&pace, EG_RING_BUSY, MS);
	assert_false(pace.asleep);
	assert_true(eg_pace_is_due(&pace, MS + EG_PACE_NS));
}

static void test_failure_is_tried_again_later(void **state)
{
	struct eg_pace pace = {0};

	(void)state;
	eg_pace_fail(&pace, MS);
	assert_false(eg_pace_is_due(&pace, MS + EG_PACE_NS));
	assert_true(eg_pace_is_due(&pace, MS + EG_PACE_FAILED_NS));
}

/* However records come, there is no more than a wake-up a millisecond: by a record, or by the
 * clock. gap_ns: between two records. */
static void count(int64_t gap_ns)
{
	struct eg_pace pace = {.asleep = true};
	int64_t end = 1000 * MS, now = 0, next = 0;
	uint64_t written = 0;
	unsigned int wakeups = 0;

	while (now < end) {
		/* Sleeps until the clock or a record wakes. */
		if (pace.asleep) {
			now = next;
			eg_pace_wake(&pace, now);
		} else if (eg_pace_wait_ms(&pace, now) > 0) {
			now += eg_pace_wait_ms(&pace, now) * MS;
		}
		wakeups++;
		for (; next <= now; next += gap_ns)
			written += 8;
		if (eg_pace_look(&pace, EG_RING_EMPTY, written, now))
			eg_pace_sleep(&pace, EG_RING_EMPTY, now);
	}
	if (wakeups > 1002)
		fail_msg("%u wake-ups in a second, a record each %lld ns", wakeups,
			 (long long)gap_ns);
}

static void test_one_wakeup_a_millisecond(void **state)
{
	(void)state;
	for (int64_t gap_ns = 1000; gap_ns < 20 * MS; gap_ns += gap_ns / 16 + 1)
		count(gap_ns);
	count(EG_PACE_NS);
	count(EG_PACE_NS + 1);
}

/*
 * Both sides as they run at the same time: a writer puts records into the ring, each in three steps
 * (its place, its look at eg_wake, its end), the reader reads and goes to sleep in three (the look,
 * the word, the second look). Every order of so many steps: whenever the reader sleeps and the
 * writer is between two records, nothing is left unread, or he is woken.
 */
struct both {
	struct eg_pace pace;
	int placed, ended, read; /* records */
	int writer, reader;	 /* the step each does next */
	bool armed;		 /* eg_wake.left is 0 */
	bool wakes;		 /* the record being written does */
	bool called;		 /* the reader is woken */
};

static enum eg_ring_left left(const struct both *both)
{
	if (both->read == both->placed)
		return EG_RING_EMPTY;
	return both->read == both->ended ? EG_RING_BUSY : EG_RING_MORE;
}

static void write_step(struct both *both)
{
	switch (both->writer++) {
	case 0:
		both->placed++;
		break;
	case 1:
		both->wakes = both->armed;
		both->armed = false;
		break;
	default:
		both->ended++;
		both->called = both->called || both->wakes;
		both->writer = 0;
	}
}

/* Time is of no interest here: who is not asleep may look at any time. */
static void read_step(struct both *both)
{
	switch (both->reader++) {
	case 0:
		if (both->pace.asleep && !both->called) {
			both->reader = 0;
			break;
		}
		if (both->called)
			eg_pace_wake(&both->pace, 0);
		both->called = false;
		both->read = both->ended;
		if (!eg_pace_look(&both->pace, left(both), (uint64_t)both->read, 0))
			both->reader = 0;
		break;
	case 1:
		both->armed = true;
		break;
	default:
		eg_pace_sleep(&both->pace, left(both), 0);
		both->reader = 0;
	}
}

static unsigned int sleeps;

static void try_all(struct both both, int depth)
{
	if (both.pace.asleep && !both.writer && !both.called) {
		sleeps++;
		if (both.read != both.ended)
			fail_msg("%d of %d records are read, and nobody wakes", both.read,
				 both.ended);
	}
	for (int who = 0; depth && who < 2; who++) {
		struct both next = both;

		if (who)
			write_step(&next);
		else
			read_step(&next);
		try_all(next, depth - 1);
	}
}

static void test_no_wakeup_is_lost(void **state)
{
	(void)state;
	try_all((struct both){.pace.so_far = 0}, 18);
	assert_true(sleeps > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_due),
		cmocka_unit_test(test_is_woken_at_once),
		cmocka_unit_test(test_waits_long_enough),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_sleep_is_called_off),
		cmocka_unit_test(test_failure_is_tried_again_later),
		cmocka_unit_test(test_one_wakeup_a_millisecond),
		cmocka_unit_test(test_no_wakeup_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
