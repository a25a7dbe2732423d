// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Repeats of a refusal: what is the same, windows, and what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fold.h"
#include "util.h"
#include "util.h"

enum { WINDOW = 5000 };

/* What was due. */
struct seen {
	unsigned int lines;
	uint64_t count, first_ns, last_ns;
	uint32_t tgid;
};

static void on_due(const struct eg_folded *folded, void *arg)
{
	struct seen *seen = arg;

	seen->lines++;
	seen->count += folded->count;
	seen->first_ns = folded->event.ts_ns;
	seen->last_ns = folded->last_ns;
	seen->tgid = folded->event.tgid;
}

static struct eg_event event_of(uint64_t session, uint16_t port, uint64_t ts_ns)
{
	return (struct eg_event){.kind = EG_EVENT_VERDICT,
				 .op = EG_OP_CONNECT,
				 .verdict = EG_VERDICT_DENY,
				 .session = session,
				 .port = port,
				 .ts_ns = ts_ns,
				 .tgid = (uint32_t)ts_ns};
}

static int setup(void **state)
{
	*state = eg_fold_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	eg_fold_free(*state);
	return 0;
}

/* Writes a record as the helper does: a repeat is counted, another begins a window. */
static bool give(struct eg_fold *fold, uint64_t session, uint16_t port, uint64_t ts_ns, int64_t ms)
{
	const struct eg_event event = event_of(session, port, ts_ns);

	if (eg_fold_repeat(fold, &event, ms))
		return true;
	eg_fold_begin(fold, &event, ms, WINDOW);
	return false;
}

static void test_window(void **state)
{
	struct eg_fold *fold = *state;
	struct seen seen = {0};

	assert_false(give(fold, 1, 80, 100, 0));
	assert_true(give(fold, 1, 80, 200, 10));
	assert_true(give(fold, 1, 80, 300, 4999));
	eg_fold_tick(fold, 4999, WINDOW, on_due, &seen);
	assert_int_equal(seen.lines, 0);
	eg_fold_tick(fold, 5000, WINDOW, on_due, &seen);
	assert_int_equal(seen.lines, 1);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.first_ns, 200); /* the record at 100 has its line */
	assert_int_equal(seen.last_ns, 300);
	assert_int_equal(seen.tgid, 200);
	/* The next window has begun; nothing comes in it, and the kind is forgotten. */
	assert_true(give(fold, 1, 80, 400, 9999));
	eg_fold_tick(fold, 10000, WINDOW, on_due, &seen);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.first_ns, 400);
	eg_fold_tick(fold, 15000, WINDOW, on_due, &seen);
	assert_int_equal(seen.lines, 2);
	assert_false(give(fold, 1, 80, 500, 15000));
}

/* Nobody has looked since it ended: then what comes is the first of a new one. */
static void test_window_late(void **state)
{
	assert_false(give(*state, 1, 80, 100, 0));
	assert_false(give(*state, 1, 80, 200, 5000));
	assert_true(give(*state, 1, 80, 300, 9999));
}

static void test_window_none(void **state)
{
	struct eg_event event = event_of(1, 80, 1);

	eg_fold_begin(*state, &event, 0, 0);
	assert_false(eg_fold_repeat(*state, &event, 0));
}

/* Each byte of a record but the time and the process makes it another. */
/* Which bytes of that record do not make it another: the time, the process, and what is behind a
 * text. */
static bool is_left_out(const struct eg_event *event, size_t i)
{
	const struct {
		size_t from, to;
	} out[] = {
		{offsetof(struct eg_event, ts_ns), offsetof(struct eg_event, session)},
		{offsetof(struct eg_event, tgid), offsetof(struct eg_event, uid)},
		{offsetof(struct eg_event, exe.text) + event->exe.len,
		 offsetof(struct eg_event, object)},
		{offsetof(struct eg_event, object.text) + event->object.len,
		 offsetof(struct eg_event, args)},
		{offsetof(struct eg_event, args) + event->n_args, sizeof(*event)},
	};

	for (size_t part = 0; part < EG_ARRAY_SIZE(out); part++)
		if (i >= out[part].from && i < out[part].to)
			return true;
	return false;
}

/* lengths: of its texts; those that are too long are taken to be as long as can be. */
static void check_same(struct eg_fold *fold, uint16_t exe, uint16_t object, uint16_t args)
{
	struct eg_event event = event_of(1, 80, 100), clean;

	event.exe.len = exe;
	event.object.len = object;
	event.n_args = args;
	clean = event;
	eg_fold_begin(fold, &event, 0, WINDOW);
	for (size_t i = 0; i < sizeof(event); i++) {
		((char *)&event)[i] ^= 1;
		if (eg_fold_repeat(fold, &event, 1) != is_left_out(&clean, i))
			fail_msg("byte %zu, texts of %u, %u and %u", i, exe, object, args);
		((char *)&event)[i] ^= 1;
	}
	eg_fold_flush(fold, 1, NULL, NULL);
}

static void test_same(void **state)
{
	check_same(*state, 0, 0, 0);
	check_same(*state, 14, 0, 7);
	check_same(*state, 15, 9, 8);
	check_same(*state, EG_PATH_SIZE, EG_PATH_SIZE, EG_EVENT_ARGS_SIZE);
}

static void test_full_session(void **state)
{
	struct eg_fold *fold = *state;

	for (uint16_t port = 0; port < EG_FOLD_SESSION_MAX + 2; port++)
		assert_false(give(fold, 1, port, 1, 0));
	assert_true(give(fold, 1, EG_FOLD_SESSION_MAX - 1, 2, 0));
	assert_false(give(fold, 1, EG_FOLD_SESSION_MAX, 2, 0));
	assert_false(give(fold, 2, 1, 1, 0));
	assert_true(give(fold, 2, 1, 2, 0));
}

static void test_full(void **state)
{
	enum { SESSIONS = EG_FOLD_MAX / EG_FOLD_SESSION_MAX };
	struct eg_fold *fold = *state;
	struct seen seen = {0};

	for (int round = 0; round < 3; round++) {
		for (uint64_t session = 1; session <= SESSIONS; session++)
			for (uint16_t port = 0; port < EG_FOLD_SESSION_MAX; port++) {
				assert_false(give(fold, session, port, 1, 0));
				assert_true(give(fold, session, port, 2, 0));
			}
		assert_false(give(fold, SESSIONS + 1, 1, 1, 0));
		assert_false(give(fold, SESSIONS + 1, 1, 1, 0));
		for (uint64_t session = 1; session <= SESSIONS; session++)
			eg_fold_flush(fold, session, on_due, &seen);
		assert_int_equal(seen.lines, (round + 1) * EG_FOLD_MAX);
	}
}

static void test_flush(void **state)
{
	struct eg_fold *fold = *state;
	struct eg_written sum = {0};
	struct seen seen = {0};

	for (uint64_t session = 1; session <= 2; session++)
		for (uint64_t i = 0; i < 3 + session; i++)
			(void)give(fold, session, 80, i, 0);
	(void)give(fold, 1, 81, 1, 0);
	eg_fold_sum(fold, 1, &sum);
	assert_int_equal(sum.refused[EG_OP_CONNECT], 3);
	eg_fold_flush(fold, 1, on_due, &seen);
	assert_int_equal(seen.lines, 1);
	assert_int_equal(seen.count, 3);
	eg_fold_flush(fold, 1, on_due, &seen);
	assert_int_equal(seen.lines, 1);
	assert_false(give(fold, 1, 80, 1, 0));
	eg_fold_sum(fold, 2, &sum);
	assert_int_equal(sum.refused[EG_OP_CONNECT], 3 + 4);
	eg_fold_flush(fold, 2, NULL, NULL);
	assert_false(give(fold, 2, 80, 1, 0));
}

static void test_counter(void **state)
{
	struct eg_event event = event_of(1, 80, 1);
	struct eg_written sum = {0};

	(void)state;
	assert_ptr_equal(eg_fold_counter(&sum, &event), &sum.refused[EG_OP_CONNECT]);
	event.verdict = EG_VERDICT_KILL;
	assert_ptr_equal(eg_fold_counter(&sum, &event), &sum.refused[EG_OP_CONNECT]);
	event.verdict = EG_VERDICT_AUDIT;
	assert_ptr_equal(eg_fold_counter(&sum, &event), &sum.audited[EG_OP_CONNECT]);
	event.op = EG_OP_MAX; /* as the kernel side counts it */
	assert_ptr_equal(eg_fold_counter(&sum, &event), &sum.audited[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test(test_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
