// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Refreshes beside the loop: who gets which run. The thread is real; what it looks up, the loop and
 * reloads are stood in for here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <semaphore.h>
#include <string.h>
#include <cmocka.h>

#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "refresh.h"

enum { SLOT = 7, PATIENCE_MS = 20000 };

/* What the stand-ins are told, and tell. */
static struct {
	sem_t begun, may_end;
	int runs;	/* the thread's: read only while none goes on */
	int told_sum;	/* times that the loop heard that slot SLOT is renewed */
	int reloads;	/* times that a reload might have gone on */
	bool free_then; /* no run went on at that moment */
	bool nothing_new;
	int loop_error;
	struct eg_source *source;
} fake;

void eg_in_force_refresh(struct eg_helper *helper, bool renewed[EG_PROFILES_MAX])
{
	(void)helper;
	fake.runs++;
	(void)sem_post(&fake.begun);
	while (sem_wait(&fake.may_end) < 0)
		;
	if (!fake.nothing_new)
		renewed[SLOT] = true;
}

void eg_in_force_renewed(struct eg_helper *helper, const bool renewed[EG_PROFILES_MAX])
{
	(void)helper;
	fake.told_sum += renewed[SLOT];
}

void eg_reload_go_on(struct eg_helper *helper)
{
	fake.reloads++;
	fake.free_then = !eg_refresh_goes_on(helper);
}

int eg_loop_add(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	(void)helper;
	(void)events;
	fake.source = source;
	return fake.loop_error;
}

void eg_log(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

/* ---- a loop */

static void wait_begun(void)
{
	while (sem_wait(&fake.begun) < 0)
		;
}

/* The run may end, and the loop hears of it. */
static void end_run(struct eg_helper *helper)
{
	struct pollfd p = {.fd = fake.source->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 0), 0); /* it has not ended by itself */
	(void)sem_post(&fake.may_end);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	fake.source->handle(helper, fake.source, (uint32_t)p.revents);
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return sem_init(&fake.begun, 0, 0) || sem_init(&fake.may_end, 0, 0);
}

/* Somebody who waits, and what he does when he is called. */
struct waiter {
	int called, error;
	struct eg_refresh_wait *wait;
	struct waiter *forgets, *asks;
};

static void on_refreshed(struct eg_helper *helper, void *arg, int error)
{
	struct waiter *waiter = arg;

	waiter->called++;
	waiter->error = error;
	waiter->wait = NULL;
	if (waiter->forgets) {
		eg_refresh_forget(helper, waiter->forgets->wait);
		waiter->forgets->wait = NULL;
	}
	if (waiter->asks)
		assert_int_equal(
			eg_refresh_ask(helper, on_refreshed, waiter->asks, &waiter->asks->wait), 0);
}

static void ask(struct eg_helper *helper, struct waiter *waiter)
{
	assert_int_equal(eg_refresh_ask(helper, on_refreshed, waiter, &waiter->wait), 0);
}

/* ---- the cases */

static void test_ask_one(void **state)
{
	struct eg_helper helper = {0};
	struct waiter a = {0};

	(void)state;
	assert_false(eg_refresh_goes_on(&helper));
	ask(&helper, &a);
	wait_begun();
	assert_true(eg_refresh_goes_on(&helper));
	assert_int_equal(a.called, 0);
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(a.error, 0);
	assert_false(eg_refresh_goes_on(&helper));
	assert_int_equal(fake.told_sum, 1);
	assert_int_equal(fake.runs, 1);
	eg_refresh_close(&helper);
}

/* What was looked at before they came says nothing of now; and one more run does for all. */
static void test_ask_during_a_run_gets_the_next(void **state)
{
	struct eg_helper helper = {0};
	struct waiter a = {0}, b = {0}, c = {0};

	(void)state;
	ask(&helper, &a);
	wait_begun();
	ask(&helper, &b);
	ask(&helper, &c);
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called + c.called, 0);
	assert_true(eg_refresh_goes_on(&helper));
	wait_begun();
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 1);
	assert_int_equal(c.called, 1);
	assert_false(eg_refresh_goes_on(&helper));
	assert_int_equal(fake.runs, 2);
	eg_refresh_close(&helper);
}

/* Nor is the run enough that has just ended for who asks as he is told, or for who came during
 * it. */
static void test_ask_when_told_gets_the_next(void **state)
{
	struct eg_helper helper = {0};
	struct waiter b = {0}, c = {0}, a = {.asks = &b};

	(void)state;
	ask(&helper, &a);
	wait_begun();
	ask(&helper, &c);
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called + c.called, 0);
	wait_begun();
	end_run(&helper);
	assert_int_equal(b.called, 1);
	assert_int_equal(c.called, 1);
	assert_int_equal(fake.runs, 2);
	eg_refresh_close(&helper);
}

static void test_forget(void **state)
{
	struct eg_helper helper = {0};
	struct waiter b = {0}, c = {0}, d = {0}, a = {.forgets = &c};

	(void)state;
	ask(&helper, &a);
	wait_begun();
	eg_refresh_forget(&helper, a.wait);
	end_run(&helper);
	assert_int_equal(a.called, 0);
	ask(&helper, &a);
	ask(&helper, &b);
	ask(&helper, &c);
	ask(&helper, &d);
	eg_refresh_forget(&helper, b.wait);
	wait_begun();
	end_run(&helper); /* a's; c would be told with the next */
	wait_begun();
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(b.called, 0);
	assert_int_equal(c.called, 0);
	assert_int_equal(d.called, 1);
	eg_refresh_forget(&helper, NULL);
	eg_refresh_close(&helper);
}

static void test_start_during_a_run(void **state)
{
	struct eg_helper helper = {0};

	(void)state;
	eg_refresh_start(&helper);
	wait_begun();
	eg_refresh_start(&helper);
	end_run(&helper);
	assert_false(eg_refresh_goes_on(&helper));
	assert_int_equal(fake.runs, 1);
	assert_int_equal(fake.told_sum, 1);
	fake.nothing_new = true;
	eg_refresh_start(&helper);
	wait_begun();
	end_run(&helper);
	assert_int_equal(fake.runs, 2);
	assert_int_equal(fake.told_sum, 1);
	eg_refresh_close(&helper);
}

/* Logins without end must not keep a reload out. */
static void test_reload_goes_before_the_next_run(void **state)
{
	struct eg_helper helper = {0};
	struct waiter a = {0}, b = {0};

	(void)state;
	ask(&helper, &a);
	wait_begun();
	ask(&helper, &b);
	assert_int_equal(fake.reloads, 0);
	end_run(&helper);
	assert_int_equal(fake.reloads, 1);
	assert_true(fake.free_then);
	assert_true(eg_refresh_goes_on(&helper));
	wait_begun();
	end_run(&helper);
	assert_int_equal(fake.reloads, 2);
	eg_refresh_close(&helper);
}

static void test_no_run(void **state)
{
	struct eg_helper helper = {0};
	struct waiter a = {0}, b = {0};

	(void)state;
	fake.loop_error = -ENOSPC;
	assert_int_equal(eg_refresh_ask(&helper, on_refreshed, &a, &a.wait), -ENOSPC);
	assert_false(eg_refresh_goes_on(&helper));
	fake.loop_error = 0;
	ask(&helper, &a);
	wait_begun();
	ask(&helper, &b);
	fake.loop_error = -ENOSPC;
	end_run(&helper);
	assert_int_equal(a.called, 1);
	assert_int_equal(a.error, 0);
	assert_int_equal(b.called, 1); /* for him there can be none */
	assert_int_equal(b.error, -ENOSPC);
	assert_false(eg_refresh_goes_on(&helper));
	fake.loop_error = 0;
	ask(&helper, &b);
	wait_begun();
	end_run(&helper);
	assert_int_equal(b.called, 2);
	assert_int_equal(b.error, 0);
	eg_refresh_close(&helper);
}

static void test_close_during_a_run(void **state)
{
	struct eg_helper helper = {0};
	struct waiter a = {0}, b = {0};

	(void)state;
	eg_refresh_close(&helper);
	ask(&helper, &a);
	wait_begun();
	ask(&helper, &b);
	(void)sem_post(&fake.may_end);
	eg_refresh_close(&helper);
	assert_int_equal(a.called + b.called, 0);
	assert_false(eg_refresh_goes_on(&helper));
	assert_int_equal(fake.runs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ask_one, set_up),
		cmocka_unit_test_setup(test_ask_during_a_run_gets_the_next, set_up),
		cmocka_unit_test_setup(test_ask_when_told_gets_the_next, set_up),
		cmocka_unit_test_setup(test_forget, set_up),
		cmocka_unit_test_setup(test_start_during_a_run, set_up),
		cmocka_unit_test_setup(test_reload_goes_before_the_next_run, set_up),
		cmocka_unit_test_setup(test_no_run, set_up),
		cmocka_unit_test_setup(test_close_during_a_run, set_up),
	};

	return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
