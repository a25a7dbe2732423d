// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Refreshes beside the loop (refresh.h). The thread tells that it is done by closing its end of a
 * pipe. */
#include "refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fault.h"
#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "util.h"

/* Who waits. */
struct eg_refresh_wait {
	eg_refresh_fn fn;
	void *arg;
	uint64_t run; /* the number of the run that is his */
	struct eg_refresh_wait *next;
};

struct eg_refresh {
	struct eg_source
		done; /* readable when the run has ended; its descriptor -1: none goes on */
	struct eg_helper *helper;
	pthread_t thread;
	bool threaded; /* there is a thread to be joined */
	int out;       /* the thread's end */
	bool renewed[EG_PROFILES_MAX];
	uint64_t run;		       /* number of the one that goes on, or of the last */
	struct eg_refresh_wait *waits; /* owned, in the order in which they came */
};

bool eg_refresh_goes_on(const struct eg_helper *helper)
{
	return helper->refresh && helper->refresh->done.fd >= 0;
}

/* ---- a run ---- */

static void *run(void *arg)
{
	struct eg_refresh *refresh = arg;
	int out = refresh->out;

	eg_in_force_refresh(refresh->helper, refresh->renewed);
	eg_close_p(&out);
	return NULL;
}

static void on_done(struct eg_helper *helper, struct eg_source *source, uint32_t events);

/* 0, or a negative errno and there is no run. */
static int begin(struct eg_helper *helper)
{
	struct eg_refresh *refresh = helper->refresh;
	int pair[2], r;

	if (eg_fault(open_refresh) < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	refresh->done = (struct eg_source){.fd = pair[0], .handle = on_done};
	refresh->out = pair[1];
	r = eg_loop_add(helper, &refresh->done, EPOLLIN);
	if (r < 0) {
		eg_close_p(&pair[0]);
		eg_close_p(&pair[1]);
		refresh->done.fd = -1;
		return r;
	}
	refresh->run++;
	memset(refresh->renewed, 0, sizeof(refresh->renewed));
	r = eg_fault(open_refresh_thread) ?: -pthread_create(&refresh->thread, NULL, run, refresh);
	refresh->threaded = !r;
	if (r < 0) {
		eg_log(LOG_WARNING,
		       "cannot look files up in the background: %s; logins and events wait for it",
		       strerror(-r));
		(void)run(refresh); /* the loop hears of its end as of a thread's */
	}
	return 0;
}

static struct eg_refresh *get(struct eg_helper *helper)
{
	if (!helper->refresh) {
		helper->refresh = calloc(1, sizeof(*helper->refresh));
		if (helper->refresh) {
			helper->refresh->helper = helper;
			helper->refresh->done.fd = -1;
		}
	}
	return helper->refresh;
}

/* Who came before that run began is told. He may be gone from the list meanwhile, or have others
 * taken from it, so it is looked at from its start each time. */
static void tell(struct eg_helper *helper, uint64_t ended, int error)
{
	struct eg_refresh *refresh = helper->refresh;

	while (refresh->waits && refresh->waits->run <= ended) {
		struct eg_refresh_wait *wait = refresh->waits;

		refresh->waits = wait->next;
		wait->fn(helper, wait->arg, error);
		free(wait);
	}
}

static void on_done(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_refresh *refresh = helper->refresh;
	int r = 0;

	(void)events;
	if (refresh->threaded)
		(void)pthread_join(refresh->thread, NULL); /* only fails for one that is none */
	refresh->threaded = false;
	eg_in_force_renewed(helper, refresh->renewed);
	/* It goes on until all are told: who asks meanwhile gets the next one. */
	tell(helper, refresh->run, 0);
	eg_close_p(&source->fd);
	source->fd = -1;
	/* A reload before the next run, or logins without end could keep it out. */
	eg_reload_go_on(helper);
	if (refresh->waits && !eg_refresh_goes_on(helper))
		r = begin(helper);
	if (r < 0)
		tell(helper, ++refresh->run, r);
}

/* ---- from outside ---- */

int eg_refresh_ask(struct eg_helper *helper, eg_refresh_fn fn, void *arg,
		   struct eg_refresh_wait **ret)
{
	struct eg_refresh *refresh = get(helper);
	struct eg_refresh_wait *wait = refresh ? calloc(1, sizeof(*wait)) : NULL, **at;
	int r = 0;

	if (!wait)
		return -ENOMEM;
	*wait = (struct eg_refresh_wait){.fn = fn, .arg = arg, .run = refresh->run + 1};
	if (!eg_refresh_goes_on(helper))
		r = begin(helper);
	if (r < 0) {
		free(wait);
		return r;
	}
	for (at = &refresh->waits; *at; at = &(*at)->next)
		;
	*at = wait;
	*ret = wait;
	return 0;
}

void eg_refresh_forget(struct eg_helper *helper, struct eg_refresh_wait *wait)
{
	struct eg_refresh_wait **at;

	if (!wait)
		return;
	for (at = &helper->refresh->waits; *at != wait; at = &(*at)->next)
		;
	*at = wait->next;
	free(wait);
}

void eg_refresh_start(struct eg_helper *helper)
{
	int r = eg_refresh_goes_on(helper) ? 0 : get(helper) ? begin(helper) : -ENOMEM;

	if (r < 0)
		eg_log(LOG_ERR, "cannot see whether files that rules are about have changed: %s",
		       strerror(-r));
}

void eg_refresh_close(struct eg_helper *helper)
{
	struct eg_refresh *refresh = helper->refresh;

	if (!refresh)
		return;
	if (eg_refresh_goes_on(helper) && refresh->threaded)
		(void)pthread_join(refresh->thread, NULL);
	eg_close_p(&refresh->done.fd);
	while (refresh->waits)
		eg_refresh_forget(helper, refresh->waits);
	free(refresh);
	helper->refresh = NULL;
}
