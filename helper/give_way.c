// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Work that gives way; see give_way.h. */
#include "give_way.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util.h"

#ifndef sigev_notify_thread_id /* glibc 2.36 has the member, not the name */
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum {
	SHARE = 9,
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	PIECE_NS = 5 * NS_PER_MS,     /* computed between two interruptions */
	PAUSE_MAX_NS = 90 * NS_PER_MS /* a call of the kernel's may have taken longer than that */
};

/* What has been since the last time. */
static void look(struct eg_way *way)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_THREAD, &usage); /* always there */
	way->preempted = usage.ru_nivcsw;
	way->cpu_ns = eg_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	way->now_ns = eg_clock_ns(CLOCK_MONOTONIC);
}

/* In the thread, wherever it is: no more than system calls. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	struct eg_way *way = info->si_value.sival_ptr, before;
	int saved = errno;
	int64_t computed, waited;
	struct timespec pause = {0};

	(void)number;
	(void)context;
	if (info->si_code != SI_TIMER)
		return; /* somebody else's */
	before = *way;
	look(way);
	computed = way->cpu_ns - before.cpu_ns;
	waited = way->now_ns - before.now_ns - computed;
	if (way->preempted != before.preempted && waited > 0) {
		pause.tv_nsec = SHARE * (computed < waited ? computed : waited);
		if (pause.tv_nsec > PAUSE_MAX_NS)
			pause.tv_nsec = PAUSE_MAX_NS;
		(void)nanosleep(&pause, NULL); /* shorter is fine */
		way->now_ns = eg_clock_ns(CLOCK_MONOTONIC);
	}
	errno = saved;
}

static void block(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGRTMIN);
	(void)pthread_sigmask(how, &set, NULL); /* fails for a wrong `how` only */
}

void eg_way_begin(struct eg_way *way)
{
	const struct sigaction action = {.sa_sigaction = on_signal,
					 .sa_flags = SA_SIGINFO | SA_RESTART};
	const struct itimerspec every = {.it_interval.tv_nsec = PIECE_NS,
					 .it_value.tv_nsec = PIECE_NS};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGRTMIN,
				 .sigev_value.sival_ptr = way,
				 .sigev_notify_thread_id = gettid()};

	*way = (struct eg_way){.on = false};
	if (sigaction(SIGRTMIN, &action, NULL) < 0 ||
	    timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &way->timer) < 0)
		return;
	way->on = true;
	look(way);
	block(SIG_UNBLOCK);
	(void)timer_settime(way->timer, 0, &every, NULL); /* fails for what is no timer only */
}

void eg_way_end(struct eg_way *way)
{
	block(SIG_BLOCK);
	if (way->on)
		(void)timer_delete(way->timer);
	way->on = false;
}
