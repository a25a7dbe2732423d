// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reloads and refreshes beside the loop, both with their threads: which steps may run at the same
 * time. What they do is stood in for: the table in force is a number, which the steps of the loop
 * change, and which must not change while a refresh has it. Under ThreadSanitizer it is seen also
 * where it was only by luck.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "attribute.h"
#include "helper.h"
#include "inforce.h"
#include "log.h"
#include "notify.h"
#include "refresh.h"

enum { SLOT = 5, SOURCES = 8, ROUNDS = 400, PATIENCE_MS = 20000, BAD = -EINVAL };

static struct {
	int table;		  /* of the loop; a refresh reads it */
	int torn;		  /* times that it changed under a refresh */
	int prepared;		  /* of the load that goes on: prepare wrote it, swap reads it */
	int begun, swapped, done; /* loads */
	atomic_int busy;	  /* threads of loads */
	int crowded;		  /* times that there were two of them */
	atomic_bool refuse, hold; /* hold: a refresh does not end */
	atomic_int refused;
	pthread_t loop;
	int untaken_by_kernel; /* -errno: a policy of the next load is not put in force */
	bool in_the_way;       /* a profile that nobody has: leaves the table with the next sweep */
	bool untaken;	       /* it has left, and the kernel still has it */
	int dropped;	       /* profiles */
	int late;	       /* times that a load found the kernel still having one */
	bool full;	       /* a load has what is to be dropped */
	int waited;	       /* times that the loop waited for the kernel */
	struct eg_source *sources[SOURCES];
} fake;

static void rest(void)
{
	(void)usleep((useconds_t)(rand() % 300));
}

/* ---- what the steps do */

void eg_in_force_refresh(struct eg_helper *helper, bool renewed[EG_PROFILES_MAX])
{
	int before = fake.table;

	(void)helper;
	renewed[1] = true;
	do
		(void)usleep(200);
	while (fake.hold);
	fake.torn += fake.table != before;
}

void eg_in_force_renewed(struct eg_helper *helper, const bool renewed[EG_PROFILES_MAX])
{
	(void)helper;
	(void)renewed;
}

void eg_load_begin(struct eg_load *load, struct eg_helper *helper, const char *path, bool keep)
{
	*load = (struct eg_load){.helper = helper, .path = path, .keep = keep};
	fake.late += fake.in_the_way; /* it would rely on what is dropped next */
	fake.begun++;
}

static void be_busy(void)
{
	if (atomic_fetch_add(&fake.busy, 1))
		fake.crowded++;
	(void)usleep(300);
	(void)atomic_fetch_sub(&fake.busy, 1);
}

int eg_load_prepare(struct eg_load *load)
{
	be_busy();
	load->looked_up = fake.full = true;
	fake.late += fake.untaken || fake.in_the_way;
	fake.prepared++;
	if (!fake.refuse)
		return 0;
	fake.refused++;
	return BAD;
}

int eg_load_swap(struct eg_load *load)
{
	load->unswapped = fake.untaken_by_kernel;
	if (load->unswapped)
		(void)eg_err_fail(&load->err, load->unswapped, "one is not taken");
	fake.swapped++;
	fake.table += fake.prepared;
	return 0;
}

/* What drops a policy does: not the loop, where logins wait for it. */
static void wait_for_kernel(void)
{
	fake.waited += pthread_equal(pthread_self(), fake.loop) != 0;
}

void eg_load_settle(struct eg_load *load)
{
	(void)load;
	be_busy();
	wait_for_kernel();
	fake.full = false;
}

void eg_attribution_settled(struct eg_helper *helper)
{
	(void)helper;
}

void eg_load_done(struct eg_load *load)
{
	if (fake.full)
		wait_for_kernel();
	fake.done++;
	memset(load, 0, sizeof(*load));
}

size_t eg_in_force_sweep(struct eg_helper *helper, uint32_t slots[EG_PROFILES_MAX])
{
	size_t n = fake.in_the_way;

	(void)helper;
	fake.table++;
	fake.in_the_way = false;
	fake.untaken |= n;
	slots[0] = SLOT;
	return n;
}

int eg_bpf_profile_drop(struct eg_bpf *bpf, uint32_t slot)
{
	(void)bpf;
	assert_int_equal(slot, SLOT);
	wait_for_kernel();
	fake.untaken = false;
	fake.dropped++;
	return 0;
}

void eg_notify_ready(void)
{
}

void eg_notify_reloading(void)
{
}

void eg_log(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

/* ---- a loop */

int eg_loop_add(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	(void)helper;
	(void)events;
	for (size_t i = 0; i < SOURCES; i++)
		if (!fake.sources[i] || fake.sources[i] == source) {
			fake.sources[i] = source;
			return 0;
		}
	return -ENOSPC;
}

/* Takes what is there, waiting for it if wanted. False: nothing goes on. */
static bool turn(struct eg_helper *helper, int wait_ms)
{
	struct pollfd fds[SOURCES] = {0};
	size_t n = 0;

	for (size_t i = 0; i < SOURCES; i++) {
		bool live =
			(helper->reload && fake.sources[i] == (struct eg_source *)helper->reload) ||
			(helper->refresh && fake.sources[i] == (struct eg_source *)helper->refresh);

		fds[i].fd = live && fake.sources[i]->fd >= 0 ? fake.sources[i]->fd : -1;
		fds[i].events = POLLIN;
		n += fds[i].fd >= 0;
		if (!live)
			fake.sources[i] = NULL;
	}
	if (!n)
		return false;
	assert_true(poll(fds, SOURCES, wait_ms) >= (wait_ms == PATIENCE_MS));
	for (size_t i = 0; i < SOURCES; i++)
		if (fds[i].revents) {
			fake.sources[i]->handle(helper, fake.sources[i], POLLIN);
			break; /* one at a time, as the helper */
		}
	return true;
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.loop = pthread_self();
	return 0;
}

static void on_refreshed(struct eg_helper *helper, void *arg, int error)
{
	(void)helper;
	assert_int_equal(error, 0);
	--*(int *)arg;
}

/* The answer that a client got: its type; 0 = none yet. */
static int answer_at(int fd)
{
	union {
		struct eg_msg head;
		uint64_t align;
		char bytes[EG_MSG_MAX];
	} buf;

	return recv(fd, &buf, sizeof(buf), MSG_DONTWAIT) > 0 ? buf.head.type : 0;
}

/* ---- the cases */

static void reload_once(struct eg_helper *helper, int type)
{
	int pair[2], type_seen;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	eg_reload(helper, pair[0]);
	assert_int_equal(answer_at(pair[1]), 0);
	while (turn(helper, PATIENCE_MS))
		;
	type_seen = answer_at(pair[1]);
	(void)close(pair[1]);
	assert_int_equal(type_seen, type);
	assert_null(helper->reload);
}

static void test_reload(void **state)
{
	struct eg_helper helper = {.place_watch.settled = true};

	(void)state;
	reload_once(&helper, EG_MSG_OK);
	assert_int_equal(fake.swapped, 1);
	assert_true(helper.place_watch.settled);
	fake.refuse = true;
	reload_once(&helper, EG_MSG_REFUSED);
	assert_int_equal(fake.swapped, 1);
	assert_false(helper.place_watch.settled); /* it may have disturbed what is known */
	assert_int_equal(fake.begun, 2);
	assert_int_equal(fake.done, 2);
	assert_int_equal(fake.waited, 0);
	eg_refresh_close(&helper);
}

/* Who waits hears of a profile that did not get its policy, though the others did. */
static void test_one_is_not_taken(void **state)
{
	struct eg_helper helper = {0};

	(void)state;
	fake.untaken_by_kernel = -ENOENT;
	reload_once(&helper, EG_MSG_REFUSED);
	assert_int_equal(fake.swapped, 1);
	assert_string_not_equal(helper.last_error, "");
	fake.untaken_by_kernel = 0;
	reload_once(&helper, EG_MSG_OK);
	assert_string_equal(helper.last_error, "");
	eg_refresh_close(&helper);
}

/* What sessions had that have ended makes room for what is loaded: also when a refresh, which reads
 * the table, goes on as the reload begins. And no login waits while the kernel drops it. */
static void test_room_is_made_first(void **state)
{
	struct eg_helper helper = {0};
	struct eg_refresh_wait *wait;
	int waiting = 1;

	(void)state;
	fake.in_the_way = true;
	reload_once(&helper, EG_MSG_OK);
	assert_int_equal(fake.dropped, 1);
	fake.in_the_way = true;
	fake.hold = true;
	assert_int_equal(eg_refresh_ask(&helper, on_refreshed, &waiting, &wait), 0);
	eg_reload(&helper, -1);
	for (int i = 0; i < 100; i++)
		(void)turn(&helper, 1);
	fake.hold = false;
	while (turn(&helper, PATIENCE_MS))
		;
	assert_int_equal(waiting, 0);
	assert_int_equal(fake.dropped, 2);
	assert_int_equal(fake.swapped, 2);
	assert_int_equal(fake.late, 0);
	assert_int_equal(fake.waited, 0);
	eg_refresh_close(&helper);
}

static void test_steps_wait_for_refreshes(void **state)
{
	struct eg_helper helper = {0};
	int waiting = 0;

	(void)state;
	srand(1);
	/* until there was something to see, however slow the machine is */
	for (int i = 0; i < ROUNDS || fake.swapped < 6 || fake.refused < 2; i++) {
		struct eg_refresh_wait *wait;

		fake.refuse = rand() % 4 == 0;
		if (rand() % 2) {
			waiting++;
			assert_int_equal(eg_refresh_ask(&helper, on_refreshed, &waiting, &wait), 0);
		}
		if (rand() % 8 == 0)
			eg_reload(&helper, -1);
		rest();
		(void)turn(&helper, 0);
	}
	while (turn(&helper, PATIENCE_MS))
		;
	assert_int_equal(waiting, 0);
	assert_int_equal(fake.torn, 0);
	assert_int_equal(fake.crowded, 0);
	assert_int_equal(fake.begun, fake.done);
	assert_null(helper.reload);
	eg_refresh_close(&helper);
}

/* A refresh that begins while a load is prepared, and goes on when it has been: the source's
 * descriptor is gone. */
static void prepare_under_refresh(struct eg_helper *helper, int *waiting)
{
	struct eg_refresh_wait *wait;

	fake.hold = true;
	++*waiting;
	eg_reload(helper, -1);
	assert_int_equal(eg_refresh_ask(helper, on_refreshed, waiting, &wait), 0);
	for (int i = 0; ((struct eg_source *)helper->reload)->fd >= 0; i++) {
		assert_true(i < PATIENCE_MS);
		(void)turn(helper, 1);
	}
	assert_int_equal(fake.prepared, 1);
	assert_int_equal(fake.swapped, 0);
}

static void test_swap_waits_for_a_refresh(void **state)
{
	struct eg_helper helper = {0};
	int waiting = 0;

	(void)state;
	prepare_under_refresh(&helper, &waiting);
	fake.hold = false;
	while (turn(&helper, PATIENCE_MS))
		;
	assert_int_equal(waiting, 0);
	assert_int_equal(fake.swapped, 1);
	assert_int_equal(fake.done, 1);
	eg_refresh_close(&helper);
}

static void test_close_before_the_swap(void **state)
{
	struct eg_helper helper = {0};
	int waiting = 0;

	(void)state;
	prepare_under_refresh(&helper, &waiting);
	fake.hold = false;
	eg_refresh_close(&helper);
	eg_reload_close(&helper);
	assert_int_equal(waiting, 1);
	assert_int_equal(fake.swapped, 0);
	assert_int_equal(fake.done, 1);
}

/* Whatever goes on, or waits for the other. */
static void test_close_at_any_time(void **state)
{
	(void)state;
	srand(2);
	for (int i = 0; i < 60; i++) {
		struct eg_helper helper = {0};
		struct eg_refresh_wait *wait;
		int waiting = 0;

		assert_int_equal(eg_refresh_ask(&helper, on_refreshed, &waiting, &wait), 0);
		eg_reload(&helper, -1);
		eg_reload(&helper, -1);
		for (int k = rand() % 12; k > 0; k--) {
			rest();
			(void)turn(&helper, 0);
		}
		eg_refresh_close(&helper);
		eg_reload_close(&helper);
		memset(fake.sources, 0, sizeof(fake.sources));
	}
	assert_int_equal(fake.begun, fake.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reload, set_up),
		cmocka_unit_test_setup(test_one_is_not_taken, set_up),
		cmocka_unit_test_setup(test_room_is_made_first, set_up),
		cmocka_unit_test_setup(test_steps_wait_for_refreshes, set_up),
		cmocka_unit_test_setup(test_swap_waits_for_a_refresh, set_up),
		cmocka_unit_test_setup(test_close_before_the_swap, set_up),
		cmocka_unit_test_setup(test_close_at_any_time, set_up),
	};

	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
