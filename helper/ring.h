/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads a BPF ring buffer. libbpf maps a ring as a whole, twice over, and all of it counts as the
 * helper's memory; here a window of it is mapped, and moved along with what is read.
 *
 * How the kernel lays it out (kernel/bpf/ringbuf.c): a page with the reader's position, which he
 * writes; a page with the writers'; the data, twice, one behind the other, so that no record is in
 * two pieces. Positions are bytes since the ring was made. A record is a header of eight bytes,
 * whose first word is its length and two flags, and what it holds, in whole eight bytes.
 */
#ifndef EG_RING_H
#define EG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pace.h"

struct eg_ring {
	int fd;			       /* of the map; borrowed */
	size_t size;		       /* of the data, in bytes: a power of two and whole pages */
	size_t window_max;	       /* of the window, a power of two; size: all of it */
	unsigned long *read;	       /* the reader's position; NULL = not open */
	const unsigned long *written;  /* the writers' */
	const char *window;	       /* mapped data; NULL = none */
	size_t window_at, window_size; /* which, counted from the data's begin */
};

/* Called with a record, which is the ring's again when it returns. False: the last for now. */
typedef bool (*eg_ring_fn)(void *record, size_t size, void *arg);

/* fd: of a ring of so many bytes; to be kept open. The others as in struct eg_ring. Returns 0, or a
 * negative errno and nothing is open. close: also of one that is zeroed, or closed. */
int eg_ring_open(struct eg_ring *ring, int fd, size_t size, size_t window_max);
void eg_ring_close(struct eg_ring *ring);

/* Calls fn for each record there is, but for no more than max; one that is being written stops it,
 * too. Each is given back when fn has returned, and not before. 0 or the negative errno of
 * mapping. */
int eg_ring_read(struct eg_ring *ring, unsigned int max, eg_ring_fn fn, void *arg);

/* None has come for a while: what many records took of memory is given back. */
void eg_ring_rest(struct eg_ring *ring);

/* What there is to be read now, records being written included. A header that cannot be mapped
 * counts as EG_RING_MORE: reading it fails, and says so. */
enum eg_ring_left eg_ring_left(struct eg_ring *ring);

/* Positions, see above. */
void eg_ring_positions(const struct eg_ring *ring, uint64_t *ret_written, uint64_t *ret_read);

#endif
