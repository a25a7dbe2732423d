// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A thread that gives way, on one processor with a process that wants all of it. Only lower bounds
 * of time are tested: a busy machine makes everything longer.
 */
#include "give_way.h"
#include "util.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORK_MS = 60, MS = 1000000 };

/* Computes for so long, of this thread's time; how long that took. */
static int64_t compute(int64_t ms)
{
	int64_t start = eg_clock_ns(CLOCK_MONOTONIC);
	int64_t end = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID) + ms * MS;

	while (eg_clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		eg_way_give();
	return (eg_clock_ns(CLOCK_MONOTONIC) - start) / MS;
}

static void *run(void *arg)
{
	int64_t *took_ms = arg;

	eg_way_begin();
	*took_ms = compute(WORK_MS);
	eg_way_end();
	return NULL;
}

static int64_t in_thread(void)
{
	pthread_t thread;
	int64_t took_ms = 0;

	assert_int_equal(pthread_create(&thread, NULL, run, &took_ms), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return took_ms;
}

/* This process and its children on one processor, of those it may use. */
static void use_one_processor(cpu_set_t *ret_before)
{
	cpu_set_t one;

	assert_int_equal(sched_getaffinity(0, sizeof(*ret_before), ret_before), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, ret_before)) {
			CPU_SET(i, &one);
			break;
		}
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Starts somebody who wants all of the processor. */
static pid_t start_another(void)
{
	pid_t parent = getpid(), other = fork();

	if (other == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			for (;;)
				;
		_exit(1);
	}
	assert_true(other > 0);
	return other;
}

static void test_with_another(void **state)
{
	int64_t way_ms, usual_ms;
	cpu_set_t before;
	pid_t other;

	(void)state;
	use_one_processor(&before);
	other = start_another();
	way_ms = in_thread();
	usual_ms = compute(WORK_MS); /* as any other: of this thread it was never said */
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	print_message("# %d ms of work: %d ms, usually %d ms\n", WORK_MS, (int)way_ms,
		      (int)usual_ms);
	/* Half of the processor would be twice the time, a tenth is ten times. */
	assert_true(way_ms >= 4 * (int64_t)WORK_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_another),
	};

	return cmocka_run_group_tests_name("give_way", tests, NULL, NULL);
}
