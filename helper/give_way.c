// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Work that gives way; see give_way.h. */
#include "give_way.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "util.h"

enum {
	SHARE = 9,
	TURNS = 256, /* of a loop, between two looks: microseconds each */
	NS_PER_MS = 1000000,
	PIECE_NS = 5 * NS_PER_MS,     /* computed at least, before it sleeps */
	PAUSE_MAX_NS = 90 * NS_PER_MS /* a call of the kernel's may have taken longer than that */
};

static _Thread_local struct {
	bool on;
	unsigned int turns;
	/* when it last slept, or might have: how often the kernel had taken the processor away,
	 * what it had computed, and when that was */
	long preempted;
	int64_t cpu_ns, now_ns;
} way;

/* What has been since the last time begins now. */
static void note(int64_t cpu_ns)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_THREAD, &usage); /* always there */
	way.preempted = usage.ru_nivcsw;
	way.cpu_ns = cpu_ns;
	way.now_ns = eg_clock_ns(CLOCK_MONOTONIC);
}

void eg_way_begin(void)
{
	way.on = true;
	way.turns = 0;
	note(eg_clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

void eg_way_end(void)
{
	way.on = false;
}

static void look(void)
{
	int64_t cpu_ns = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID), now_ns = way.now_ns;
	int64_t computed = cpu_ns - way.cpu_ns, waited;
	long preempted = way.preempted;
	struct timespec pause = {0};

	if (computed < PIECE_NS)
		return;
	note(cpu_ns);
	waited = way.now_ns - now_ns - computed;
	if (way.preempted == preempted || waited <= 0)
		return;
	pause.tv_nsec = SHARE * (computed < waited ? computed : waited);
	if (pause.tv_nsec > PAUSE_MAX_NS)
		pause.tv_nsec = PAUSE_MAX_NS;
	(void)nanosleep(&pause, NULL); /* shorter is fine */
	way.now_ns = eg_clock_ns(CLOCK_MONOTONIC);
}

void eg_way_give(void)
{
	if (!way.on || ++way.turns < TURNS)
		return;
	way.turns = 0;
	look();
}
