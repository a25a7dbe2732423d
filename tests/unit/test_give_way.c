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
		;
	return (eg_clock_ns(CLOCK_MONOTONIC) - start) / MS;
}

struct work {
	int64_t took_ms;
	int error; /* errno after it, which was 77 before */
	bool blocked;
};

static void *run(void *arg)
{
	struct work *work = arg;
	struct eg_way way;
	sigset_t set;

	eg_way_begin(&way);
	assert_true(way.on);
	errno = 77;
	work->took_ms = compute(WORK_MS);
	work->error = errno;
	eg_way_end(&way);
	/* There is no timer any more whose signal would end us. */
	(void)compute(30);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &set);
	work->blocked = sigismember(&set, SIGRTMIN);
	return NULL;
}

static void in_thread(struct work *work)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, work), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
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

static void test_with_another(void **state)
{
	pid_t parent = getpid(), other;
	struct work work = {0};
	cpu_set_t before;

	(void)state;
	use_one_processor(&before);
	other = fork();
	if (other == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			for (;;)
				;
		_exit(1);
	}
	assert_true(other > 0);
	in_thread(&work);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	/* Half of the processor would be twice the time, a tenth is ten times. */
	if (work.took_ms < 4 * WORK_MS)
		fail_msg("%d ms of work took %d ms", WORK_MS, (int)work.took_ms);
	assert_int_equal(work.error, 77);
	assert_true(work.blocked);
}

/* Twice in a row, and somebody else's signal: nothing is left of the first. */
static void test_again(void **state)
{
	struct work work = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		in_thread(&work);
		assert_int_equal(work.error, 77);
		assert_true(work.blocked);
		assert_int_equal(raise(SIGRTMIN), 0); /* the handler is there, and does nothing */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_another),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests_name("give_way", tests, NULL, NULL);
}
