// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The daemon's part of the two ring buffers: each is read at its pace (pace.h). */
#include "helper.h"

#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "fault.h"
#include "log.h"
#include "util.h"

static int read_events(struct eg_helper *helper)
{
	return eg_accounts_read(helper, EG_ACCOUNTS_STEP);
}

static const struct reader {
	int (*read)(struct eg_helper *helper); /* some of it. 0 or a negative errno */
	const char *fails, *then;
} readers[EG_RINGS] = {
	[EG_RING_EVENTS] = {read_events, "cannot read events",
			    "refusals go on, their lines are missing"},
	[EG_RING_STORY] = {eg_story_read, "cannot read what is recorded", "lines are missing"},
};

static int64_t now(void)
{
	return eg_clock_ns(CLOCK_MONOTONIC);
}

static void on_wake(struct eg_helper *helper, struct eg_source *source, uint32_t events)
{
	(void)events;
	for (int i = 0; i < EG_RINGS; i++)
		if (source == &helper->rings[i].source)
			eg_pace_wake(&helper->rings[i].pace, now());
}

/* EPOLLET: what is there and has woken nobody is not told of. */
int eg_rings_open(struct eg_helper *helper)
{
	for (int i = 0; i < EG_RINGS; i++) {
		struct eg_ring_of *ring = &helper->rings[i];
		int r = i == EG_RING_EVENTS ? eg_fault(start_ring) : eg_fault(start_story);

		*ring = (struct eg_ring_of){
			.source = {.fd = eg_bpf_ring_fd(helper->bpf, i), .handle = on_wake}};
		if (!r)
			r = eg_loop_add(helper, &ring->source, EPOLLIN | EPOLLET);
		if (r < 0)
			return r;
	}
	return 0;
}

int eg_rings_wait_ms(const struct eg_helper *helper)
{
	int events = eg_pace_wait_ms(&helper->rings[EG_RING_EVENTS].pace, now());
	int story = eg_pace_wait_ms(&helper->rings[EG_RING_STORY].pace, now());

	if (events < 0 || story < 0)
		return events < 0 ? story : events;
	return events < story ? events : story;
}

static void read_one(struct eg_helper *helper, enum eg_ring_name name)
{
	struct eg_pace *pace = &helper->rings[name].pace;
	int r = readers[name].read(helper);
	enum eg_ring_left left;
	uint64_t so_far;

	if (r < 0) {
		eg_log(LOG_ERR, "%s: %s; %s", readers[name].fails, strerror(-r),
		       readers[name].then);
		eg_pace_fail(pace, now());
		return;
	}
	left = eg_bpf_ring_left(helper->bpf, name, &so_far);
	if (!eg_pace_look(pace, left, so_far, now()))
		return;
	eg_bpf_ring_wake(helper->bpf, name);
	eg_pace_sleep(pace, eg_bpf_ring_left(helper->bpf, name, &so_far), now());
}

void eg_rings_read(struct eg_helper *helper)
{
	for (int i = 0; i < EG_RINGS; i++)
		if (eg_pace_is_due(&helper->rings[i].pace, now()))
			read_one(helper, i);
}

/* Besides, should a wake-up ever get lost, lines are late and no more. */
void eg_rings_tick(struct eg_helper *helper)
{
	for (int i = 0; i < EG_RINGS; i++) {
		struct eg_ring_of *ring = &helper->rings[i];
		uint64_t so_far;

		if (!ring->pace.asleep)
			continue;
		if (eg_bpf_ring_left(helper->bpf, i, &so_far) != EG_RING_EMPTY)
			eg_pace_wake(&ring->pace, now());
		else if (ring->ticked == so_far)
			eg_bpf_ring_rest(helper->bpf, i);
		ring->ticked = so_far;
	}
}
