/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A thread that never stops signalling another one, as alarms, children and lost readers of an
 * application's own do. The handlers are without SA_RESTART: every call of the module that can be
 * interrupted is.
 */
#ifndef EG_TESTS_PEST_H
#define EG_TESTS_PEST_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const int pest_signals[] = {SIGUSR1, SIGALRM, SIGPIPE, SIGCHLD};

enum {
	N_PEST_SIGNALS = sizeof(pest_signals) / sizeof(pest_signals[0]),
	/* Between two: some come in each open. One who only yields waits behind all of a busy
	 * machine. */
	PEST_US = 50,
};

struct pest {
	pthread_t target, thread;
	bool stop;
	struct sigaction old[N_PEST_SIGNALS];
};

/* What came, by index in pest_signals; and what did not come from the pest: a SIGPIPE by a send(),
 * an alarm. */
static struct {
	unsigned long n[N_PEST_SIGNALS];
	unsigned long n_strange;
} pested;

static inline void pest_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	for (int i = 0; i < N_PEST_SIGNALS; i++)
		pested.n[i] += pest_signals[i] == sig;
	pested.n_strange += info->si_code != SI_TKILL;
}

static inline void *pest_run(void *arg)
{
	struct pest *p = arg;

	for (int i = 0; !__atomic_load_n(&p->stop, __ATOMIC_SEQ_CST); i++) {
		(void)pthread_kill(p->target, pest_signals[i % N_PEST_SIGNALS]);
		(void)usleep(PEST_US);
	}
	return NULL;
}

/* Starts to pester the calling thread. Returns 0 or pthread_create's error. */
static inline int pest_start(struct pest *p)
{
	const struct sigaction sa = {.sa_sigaction = pest_handler, .sa_flags = SA_SIGINFO};

	*p = (struct pest){.target = pthread_self()};
	memset(&pested, 0, sizeof(pested));
	for (int i = 0; i < N_PEST_SIGNALS; i++)
		(void)sigaction(pest_signals[i], &sa, &p->old[i]); /* cannot fail for these */
	return pthread_create(&p->thread, NULL, pest_run, p);
}

/* Stops. Returns whether the handlers are still those of the start: nobody has put others there. */
static inline bool pest_stop(struct pest *p)
{
	bool ours = true;

	__atomic_store_n(&p->stop, true, __ATOMIC_SEQ_CST);
	(void)pthread_join(p->thread, NULL);
	for (int i = 0; i < N_PEST_SIGNALS; i++) {
		struct sigaction now;

		(void)sigaction(pest_signals[i], &p->old[i], &now);
		ours &= now.sa_sigaction == pest_handler && !(now.sa_flags & SA_RESTART);
	}
	return ours;
}

#endif
