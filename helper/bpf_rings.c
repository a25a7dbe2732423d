// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The two ring buffers: refusals and other events, and what is recorded. */
#include "bpf_maps.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fault.h"
#include "util.h"

static int map_of(enum eg_ring_name ring)
{
	return ring == EG_RING_EVENTS ? EG_MAP_EVENTS : EG_MAP_STORY;
}

static size_t wakes_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}
_Static_assert(EG_RINGS * sizeof(struct eg_wake) <= 4096, "in one page");

int eg_bpf_rings_open(struct eg_bpf *bpf, struct eg_err *reterr)
{
	/* What is mapped counts as ours: together they keep the helper below 16 MiB. */
	static const struct {
		size_t size, window_max;
	} sizes[EG_RINGS] = {[EG_RING_EVENTS] = {EG_EVENTS_SIZE, EG_EVENTS_SIZE},
			     [EG_RING_STORY] = {EG_STORY_SIZE, EG_STORY_SIZE / 4}};
	void *wakes;
	int r = 0;

	for (int i = 0; !r && i < EG_RINGS; i++) {
		r = i == EG_RING_STORY ? eg_fault(start_rings) : 0;
		if (!r)
			r = eg_ring_open(&bpf->rings[i], bpf->maps[map_of(i)], sizes[i].size,
					 sizes[i].window_max);
	}
	if (r < 0)
		return eg_err_fail(reterr, r, "cannot map the ring buffers: %s", strerror(-r));
	wakes = eg_fault(start_wakes) ? MAP_FAILED
				      : mmap(NULL, wakes_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
					     bpf->maps[EG_MAP_WAKES], 0);
	if (wakes == MAP_FAILED)
		return eg_err_fail(reterr, -errno, "cannot map eg_wakes: %s", strerror(errno));
	bpf->wakes = wakes;
	return 0;
}

void eg_bpf_rings_close(struct eg_bpf *bpf)
{
	for (int i = 0; i < EG_RINGS; i++)
		eg_ring_close(&bpf->rings[i]);
	if (bpf->wakes)
		(void)munmap(bpf->wakes, wakes_size());
	bpf->wakes = NULL;
}

/* ---- when they are read ---- */

int eg_bpf_ring_fd(struct eg_bpf *bpf, enum eg_ring_name ring)
{
	return bpf->maps[map_of(ring)];
}

enum eg_ring_left eg_bpf_ring_left(struct eg_bpf *bpf, enum eg_ring_name ring, uint64_t *ret_read)
{
	uint64_t written;

	eg_ring_positions(&bpf->rings[ring], &written, ret_read);
	return eg_ring_left(&bpf->rings[ring]);
}

void eg_bpf_ring_wake(struct eg_bpf *bpf, enum eg_ring_name ring)
{
	__atomic_store_n(&bpf->wakes[ring].left, 0, __ATOMIC_SEQ_CST);
	/* What the caller then sees of the ring is not older than that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void eg_bpf_ring_rest(struct eg_bpf *bpf, enum eg_ring_name ring)
{
	eg_ring_rest(&bpf->rings[ring]);
}

/* ---- events ---- */

static bool on_event(void *record, size_t size, void *arg)
{
	struct eg_bpf *bpf = arg;

	if (size >= sizeof(struct eg_event) && bpf->handle)
		bpf->handle(record, bpf->handle_arg);
	return !bpf->stop[EG_RING_EVENTS];
}

void eg_bpf_events_set(struct eg_bpf *bpf, eg_bpf_event_fn handle, void *arg)
{
	bpf->handle = handle;
	bpf->handle_arg = arg;
}

void eg_bpf_events_positions(struct eg_bpf *bpf, uint64_t *ret_produced, uint64_t *ret_consumed)
{
	eg_ring_positions(&bpf->rings[EG_RING_EVENTS], ret_produced, ret_consumed);
}

int eg_bpf_events_read(struct eg_bpf *bpf, unsigned int max)
{
	bpf->stop[EG_RING_EVENTS] = false;
	return eg_ring_read(&bpf->rings[EG_RING_EVENTS], max, on_event, bpf);
}

void eg_bpf_events_stop(struct eg_bpf *bpf)
{
	bpf->stop[EG_RING_EVENTS] = true;
}

/* ---- what is recorded ---- */

static bool on_story(void *record, size_t size, void *arg)
{
	struct eg_bpf *bpf = arg;

	if (bpf->tell)
		bpf->tell(record, size, bpf->tell_arg);
	return !bpf->stop[EG_RING_STORY];
}

void eg_bpf_story_set(struct eg_bpf *bpf, eg_bpf_told_fn tell, void *arg)
{
	bpf->tell = tell;
	bpf->tell_arg = arg;
}

int eg_bpf_story_read(struct eg_bpf *bpf, unsigned int max)
{
	int r;

	bpf->stop[EG_RING_STORY] = false;
	r = eg_ring_read(&bpf->rings[EG_RING_STORY], max, on_story, bpf);
	if (r < 0)
		return r;
	/* The ring, not what was read, says whether it is empty: a record that is just being
	 * written stops the reader. */
	return eg_ring_left(&bpf->rings[EG_RING_STORY]) != EG_RING_EMPTY;
}

void eg_bpf_story_stop(struct eg_bpf *bpf)
{
	bpf->stop[EG_RING_STORY] = true;
}
