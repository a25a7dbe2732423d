// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads a BPF ring buffer through a window. */
#include "ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	/* Bytes. To move the window costs as much as some hundred records do: it grows until it has
	 * not been moved, for a while. */
	WINDOW_MIN = 1 << 17,
	/* A record of ours is much smaller; the window begins with the page it begins in. */
	RECORD_MAX = WINDOW_MIN / 2,
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void unmap_window(struct eg_ring *ring)
{
	if (ring->window)
		(void)munmap((void *)(uintptr_t)ring->window, ring->window_size);
	ring->window = NULL;
}

/* Moves the window so that size bytes of the data from `at` on are in it. */
static int look_at(struct eg_ring *ring, size_t at, size_t size)
{
	size_t page = page_size(), from = at & ~(page - 1);
	size_t want = ring->window ? 2 * ring->window_size : WINDOW_MIN;
	void *window;

	if (ring->window && at >= ring->window_at &&
	    at + size <= ring->window_at + ring->window_size)
		return 0;
	if (want >= ring->size && ring->window_max >= ring->size) {
		/* All of it, and what goes over its end: it is not moved any more. */
		from = 0;
		want = ring->size + RECORD_MAX;
	} else if (want > ring->window_max) {
		want = ring->window_max;
	}
	if (want > 2 * ring->size - from)
		want = 2 * ring->size - from;
	if (at + size > from + want)
		return -EMSGSIZE;
	unmap_window(ring);
	window = mmap(NULL, want, PROT_READ, MAP_SHARED, ring->fd, (off_t)(2 * page + from));
	if (window == MAP_FAILED)
		return -errno;
	ring->window = window;
	ring->window_at = from;
	ring->window_size = want;
	return 0;
}

/* The header of the record at a position: how long it is, with its flags, once it can be read. */
static int header_at(struct eg_ring *ring, unsigned long position, uint32_t *ret)
{
	size_t at = position & (ring->size - 1);
	int r = look_at(ring, at, BPF_RINGBUF_HDR_SZ);

	if (!r)
		*ret = __atomic_load_n(
			(const uint32_t *)(const void *)(ring->window + (at - ring->window_at)),
			__ATOMIC_ACQUIRE);
	return r;
}

int eg_ring_open(struct eg_ring *ring, int fd, size_t size, size_t window_max)
{
	size_t page = page_size();
	void *read = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *written;

	if (read == MAP_FAILED)
		return -errno;
	written = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (written == MAP_FAILED) {
		int r = -errno;

		(void)munmap(read, page);
		return r;
	}
	*ring = (struct eg_ring){
		.fd = fd, .size = size, .window_max = window_max, .read = read, .written = written};
	return 0;
}

void eg_ring_close(struct eg_ring *ring)
{
	if (!ring->read)
		return;
	unmap_window(ring);
	(void)munmap((void *)(uintptr_t)ring->written, page_size());
	(void)munmap(ring->read, page_size());
	*ring = (struct eg_ring){0};
}

void eg_ring_rest(struct eg_ring *ring)
{
	if (ring->window_size > WINDOW_MIN)
		unmap_window(ring);
}

int eg_ring_read(struct eg_ring *ring, unsigned int max, eg_ring_fn fn, void *arg)
{
	unsigned long at = *ring->read; /* nobody else writes it */
	bool go_on = true;

	while (max && go_on && at != __atomic_load_n(ring->written, __ATOMIC_ACQUIRE)) {
		size_t from = (at & (ring->size - 1)) + BPF_RINGBUF_HDR_SZ;
		uint32_t header = 0, n;
		int r = header_at(ring, at, &header);

		if (r < 0)
			return r;
		if (header & BPF_RINGBUF_BUSY_BIT)
			return 0;
		n = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		/* One that is taken back, or that none of our programs can have written. */
		if (!(header & BPF_RINGBUF_DISCARD_BIT) && n <= RECORD_MAX) {
			r = look_at(ring, from, n);
			if (r < 0)
				return r;
			go_on = fn((void *)(uintptr_t)(ring->window + (from - ring->window_at)), n,
				   arg);
			max--;
		}
		at += (n + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;
		__atomic_store_n(ring->read, at, __ATOMIC_RELEASE);
	}
	return 0;
}

enum eg_ring_left eg_ring_left(struct eg_ring *ring)
{
	uint32_t header = 0;

	if (*ring->read == __atomic_load_n(ring->written, __ATOMIC_ACQUIRE))
		return EG_RING_EMPTY;
	if (header_at(ring, *ring->read, &header) < 0)
		return EG_RING_MORE;
	return header & BPF_RINGBUF_BUSY_BIT ? EG_RING_BUSY : EG_RING_MORE;
}

void eg_ring_positions(const struct eg_ring *ring, uint64_t *ret_written, uint64_t *ret_read)
{
	/* In that order: what is read has been written. */
	*ret_read = __atomic_load_n(ring->read, __ATOMIC_ACQUIRE);
	*ret_written = __atomic_load_n(ring->written, __ATOMIC_ACQUIRE);
}
