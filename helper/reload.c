// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reloads beside the loop. Parsing and compiling a million rules takes seconds, and freeing the old
 * ones, or those of a load that is refused, waits for the kernel; logins and events must not wait
 * for that. So a thread prepares, the loop swaps, and another thread settles: never both at a time,
 * and the loop leaves alone what theirs is (inforce.h). A thread tells that it is done by closing
 * its end of a pipe. Where there are few processors, it gives way to logins (give_way.h).
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "attribute.h"
#include "fault.h"
#include "give_way.h"
#include "inforce.h"
#include "log.h"
#include "notify.h"
#include "refresh.h"
#include "util.h"

enum {
	WAITERS_MAX = EG_CLIENTS_MAX,
};

/* The thread's; NONE has none, and comes before the others. */
enum step { NONE, PREPARE, SETTLE };

struct eg_reload {
	struct eg_source done; /* readable when the thread has ended */
	pthread_t thread;
	int out; /* the thread's end */
	struct eg_load load;
	/* what the loop took out of the table before the step; the thread has the kernel drop it */
	uint32_t left[EG_PROFILES_MAX];
	size_t n_left;
	int error;	/* of the load */
	enum step step; /* the one that runs, or ran last */
	bool ended;	/* it has; the next waits for a refresh to end */
	bool again;	/* there was another request meanwhile: with what is there then */
	int waiters[WAITERS_MAX], next_waiters[WAITERS_MAX]; /* owned; the latter for `again` */
	size_t n_waiters, n_next;
};

/* ---- who waits ---- */

static void answer(int fd, int error, const char *text)
{
	struct eg_msg_refused refused = {.error = -error};
	struct eg_msg ok;

	/* a client that has gone needs no answer, and one that does not read gets none */
	if (!error) {
		eg_proto_head(&ok, EG_MSG_OK, sizeof(ok));
		(void)eg_proto_send(fd, &ok, NULL, eg_proto_now_ms());
		return;
	}
	(void)snprintf(refused.text, sizeof(refused.text), "%s", text);
	eg_proto_head(&refused, EG_MSG_REFUSED, sizeof(refused));
	(void)eg_proto_send(fd, &refused, NULL, eg_proto_now_ms());
}

static void answer_all(struct eg_helper *helper, struct eg_reload *reload, int error)
{
	for (size_t i = 0; i < reload->n_waiters; i++) {
		answer(reload->waiters[i], error, helper->last_error);
		eg_close_p(&reload->waiters[i]);
	}
	reload->n_waiters = 0;
}

static void add_waiter(int *list, size_t *n, int fd)
{
	if (fd < 0)
		return;
	if (*n < WAITERS_MAX) {
		list[(*n)++] = fd;
		return;
	}
	answer(fd, -EAGAIN, "too many wait for a reload");
	(void)close(fd);
}

/* ---- steps ---- */

static void work(struct eg_reload *reload)
{
	struct eg_bpf *bpf = reload->load.helper->bpf;

	/* Where that fails, it goes when its slot is used again. */
	for (size_t i = 0; i < reload->n_left; i++)
		(void)eg_bpf_profile_drop(bpf, reload->left[i]);
	if (reload->step == SETTLE)
		eg_load_settle(&reload->load);
	else
		reload->error = eg_load_prepare(&reload->load);
}

static void *run(void *arg)
{
	struct eg_reload *reload = arg;

	eg_way_begin();
	work(reload);
	eg_way_end();
	eg_close_p(&reload->out);
	return NULL;
}

static void on_done(struct eg_helper *helper, struct eg_source *source, uint32_t events);

/* Runs a step in a thread, or, when there can be none, here. No refresh goes on: what sessions had
 * that have ended since leaves the table, and makes room. A load compares with the table, so it
 * begins after that: what is dropped is not there to be kept. */
static void start(struct eg_helper *helper, struct eg_reload *reload, enum step step)
{
	int pair[2] = {-1, -1}, r = 0;

	reload->step = step;
	reload->n_left = eg_in_force_sweep(helper, reload->left);
	if (step == PREPARE) {
		eg_load_begin(&reload->load, helper, helper->config_file, true);
		reload->error = 0;
	}
	if (eg_fault(reload_pipe) < 0 || pipe2(pair, O_CLOEXEC) < 0)
		r = -errno;
	reload->done = (struct eg_source){.fd = pair[0], .handle = on_done};
	reload->out = pair[1];
	if (!r)
		r = eg_loop_add(helper, &reload->done, EPOLLIN);
	if (!r)
		r = eg_fault(reload_thread) ?: -pthread_create(&reload->thread, NULL, run, reload);
	if (!r)
		return;
	eg_log(LOG_WARNING, "cannot reload in the background: %s; logins wait for it",
	       strerror(-r));
	eg_close_p(&reload->done.fd);
	reload->done.fd = -1;
	work(reload);
	eg_close_p(&reload->out);
	on_done(helper, &reload->done, 0);
}

static void refused(struct eg_helper *helper, struct eg_reload *reload)
{
	if (reload->load.looked_up) /* in parts, which may be others than those in force have */
		helper->place_watch.settled = false;
	if (!reload->load.err.text[0])
		(void)snprintf(reload->load.err.text, sizeof(reload->load.err.text), "%s",
			       strerror(-reload->error));
	(void)eg_err_format(&reload->load.err, helper->last_error, sizeof(helper->last_error));
	eg_counters_reload(&helper->metrics.counters, EG_METRIC_NOT_LOADED, (uint64_t)time(NULL));
	eg_log(LOG_ERR, "%s; %s", helper->last_error,
	       helper->config ? "the policy in force stays" : "there is none in force");
}

static void go_on(struct eg_helper *helper, struct eg_reload *reload);

static void request(struct eg_helper *helper, struct eg_reload *reload)
{
	eg_notify_reloading();
	reload->step = NONE;
	go_on(helper, reload);
}

static void over(struct eg_helper *helper, struct eg_reload *reload)
{
	eg_load_done(&reload->load);
	eg_attribution_settled(helper);
	answer_all(helper, reload, reload->error);
	if (reload->again) {
		reload->again = false;
		memcpy(reload->waiters, reload->next_waiters, sizeof(reload->waiters));
		reload->n_waiters = reload->n_next;
		reload->n_next = 0;
		request(helper, reload);
		return;
	}
	free(reload);
	helper->reload = NULL;
	eg_notify_ready();
}

/* Prepared: puts it in force. Who waits is told when what it replaced is gone, too, or what of it
 * came to nothing. */
static void prepared(struct eg_helper *helper, struct eg_reload *reload)
{
	if (!reload->error)
		reload->error = eg_load_swap(&reload->load);
	if (reload->error) {
		refused(helper, reload);
		start(helper, reload, SETTLE);
		return;
	}
	/* Of a profile whose policy the kernel side did not take; the others are in force. */
	reload->error = reload->load.unswapped;
	helper->last_error[0] = '\0';
	if (reload->error)
		(void)eg_err_format(&reload->load.err, helper->last_error,
				    sizeof(helper->last_error));
	eg_counters_reload(&helper->metrics.counters,
			   reload->error ? EG_METRIC_NOT_LOADED : EG_METRIC_LOADED,
			   (uint64_t)time(NULL));
	start(helper, reload, SETTLE);
	/* What has changed since it was prepared, which logins meanwhile may have had already. */
	eg_refresh_start(helper);
}

/* A refresh has the table and the configuration in force: the next step changes those. Also the
 * first: a profile is not to be refused for the room that those of ended sessions take. */
static void go_on(struct eg_helper *helper, struct eg_reload *reload)
{
	reload->ended = eg_refresh_goes_on(helper);
	if (reload->ended)
		return;
	if (reload->step == SETTLE)
		over(helper, reload);
	else if (reload->step == PREPARE)
		prepared(helper, reload);
	else
		start(helper, reload, PREPARE);
}

void eg_reload_go_on(struct eg_helper *helper)
{
	if (helper->reload && helper->reload->ended)
		go_on(helper, helper->reload);
}

static void on_done(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	struct eg_reload *reload =
		(struct eg_reload *)((char *)source - offsetof(struct eg_reload, done));

	(void)events;
	if (source->fd >= 0) {
		(void)pthread_join(reload->thread, NULL); /* only fails for one that is none */
		eg_close_p(&source->fd);
		source->fd = -1;
	}
	go_on(helper, reload);
}

/* ---- from outside ---- */

void eg_reload(struct eg_helper *helper, int waiter)
{
	struct eg_reload *reload = helper->reload;

	if (reload) {
		reload->again = true;
		add_waiter(reload->next_waiters, &reload->n_next, waiter);
		return;
	}
	reload = eg_fault(reload_begin) ? NULL : calloc(1, sizeof(*reload));
	if (!reload) {
		eg_log(LOG_ERR, "cannot reload: %s; the policy in force stays", strerror(ENOMEM));
		answer(waiter, -ENOMEM, "out of memory");
		eg_close_p(&waiter);
		return;
	}
	helper->reload = reload;
	reload->done.fd = -1;
	add_waiter(reload->waiters, &reload->n_waiters, waiter);
	request(helper, reload);
}

void eg_reload_close(struct eg_helper *helper)
{
	struct eg_reload *reload = helper->reload;

	if (!reload)
		return;
	if (reload->done.fd >= 0)
		(void)pthread_join(reload->thread, NULL);
	eg_close_p(&reload->done.fd);
	for (size_t i = 0; i < reload->n_waiters; i++)
		eg_close_p(&reload->waiters[i]);
	for (size_t i = 0; i < reload->n_next; i++)
		eg_close_p(&reload->next_waiters[i]);
	if (reload->step != NONE)
		eg_load_done(&reload->load);
	free(reload);
	helper->reload = NULL;
}
