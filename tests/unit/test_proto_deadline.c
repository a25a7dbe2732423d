// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages over real socketpairs: what a deadline holds for, with a slow peer and under signals. */
#include "wire_helpers.h"

static void test_deadline_past_tries_once(void **state)
{
	static const int64_t past[] = {0, -1, INT64_MIN, 1};
	struct wire *w = *state;
	union any m, got;
	size_t n = fill(0, &m);

	for (size_t i = 0; i < EG_ARRAY_SIZE(past); i++) {
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, past[i]),
				 -ETIMEDOUT);
		assert_int_equal(eg_proto_send(w->fd[0], &m, NULL, past[i]), 0);
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, past[i]), n);
	}
}

static void test_deadline_far_future(void **state)
{
	struct wire *w = *state;
	union any m, got;
	size_t n = fill(0, &m);

	assert_int_equal(eg_proto_send(w->fd[0], &m, NULL, INT64_MAX), 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, INT64_MAX), n);
}

static void test_deadline_holds_on_recv(void **state)
{
	struct wire *w = *state;
	int64_t start = eg_proto_now_ms(), took;
	union any got;

	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, start + 100), -ETIMEDOUT);
	took = eg_proto_now_ms() - start;
	assert_true(took >= 100);
	assert_true(took < 5000); /* far above: a busy machine is no failure */
}

static void test_deadline_holds_on_send(void **state)
{
	struct wire *w = *state;
	int64_t start = eg_proto_now_ms();
	union any m;
	int r = 0, sent = 0;

	(void)fill(1, &m);
	for (; sent < 10000 && r == 0; sent++) /* nobody reads: the queue fills */
		r = eg_proto_send(w->fd[0], &m, NULL, start + 200);
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(eg_proto_now_ms() - start >= 200);
}

static void *send_slowly(void *arg)
{
	struct wire *w = arg;
	union any m;

	(void)fill(0, &m);
	for (int i = 0; i < 3; i++) {
		(void)poll(NULL, 0, 50);
		(void)eg_proto_send(w->fd[0], &m, NULL, soon(1000));
	}
	return NULL;
}

static void test_deadline_of_a_slow_sender(void **state)
{
	struct wire *w = *state;
	pthread_t thread;
	union any got;

	assert_int_equal(pthread_create(&thread, NULL, send_slowly, w), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, soon(10000)),
				 sizeof(struct eg_msg));
	pthread_join(thread, NULL);
}

static void ignore(int sig)
{
	(void)sig;
}

struct pest {
	pthread_t target;
	volatile bool stop;
};

static void *pester(void *arg)
{
	struct pest *p = arg;

	while (!p->stop) {
		pthread_kill(p->target, SIGUSR1);
		(void)poll(NULL, 0, 1);
	}
	return NULL;
}

/* Signals neither end the wait early nor extend it. */
static void test_deadline_under_signals(void **state)
{
	struct sigaction sa = {.sa_handler = ignore}; /* no SA_RESTART */
	struct pest pest = {.target = pthread_self()};
	int64_t start = eg_proto_now_ms(), took;
	struct wire *w = *state;
	pthread_t thread;
	union any got;

	sigaction(SIGUSR1, &sa, NULL);
	assert_int_equal(pthread_create(&thread, NULL, pester, &pest), 0);
	assert_int_equal(eg_proto_recv(w->fd[1], &got, sizeof(got), NULL, start + 300), -ETIMEDOUT);
	took = eg_proto_now_ms() - start;
	pest.stop = true;
	pthread_join(thread, NULL);
	assert_true(took >= 300 && took < 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE(test_deadline_past_tries_once),  WIRE(test_deadline_far_future),
		WIRE(test_deadline_holds_on_recv),    WIRE(test_deadline_holds_on_send),
		WIRE(test_deadline_of_a_slow_sender), WIRE(test_deadline_under_signals),
	};

	return cmocka_run_group_tests_name("proto_deadline", tests, NULL, NULL);
}
