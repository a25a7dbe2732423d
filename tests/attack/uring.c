// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Just enough of io_uring, without a library: one request at a time, on rings of one's own and
 * of others. */
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "try.h"

enum { HEAD, TAIL, MASK, ARRAY, FLAGS, CQ_HEAD, CQ_TAIL, CQES };

static uint32_t *at(const struct ring *ring, int what)
{
	return (uint32_t *)((char *)ring->map + ring->off[what]);
}

int ring_map(struct ring *ring)
{
	size_t size = RING_ENTRIES * sizeof(struct io_uring_sqe);

	ring->map = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			 IORING_OFF_SQ_RING);
	ring->sqes =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->map == MAP_FAILED || (void *)ring->sqes == MAP_FAILED ? errno : 0;
}

int ring_make(struct ring *ret, int flags)
{
	struct io_uring_params p = {0};

	if (flags & RING_POLLED) {
		p.flags = IORING_SETUP_SQPOLL;
		p.sq_thread_idle = 10000;
	}
	ret->fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &p);
	if (ret->fd < 0)
		return errno;
	ret->polled = flags & RING_POLLED;
	memcpy(ret->off,
	       (uint32_t[]){p.sq_off.head, p.sq_off.tail, p.sq_off.ring_mask, p.sq_off.array,
			    p.sq_off.flags, p.cq_off.head, p.cq_off.tail, p.cq_off.cqes},
	       sizeof(ret->off));
	return ring_map(ret);
}

/* Takes the oldest result off the ring, if there is one. */
static bool take(struct ring *ring, int *ret)
{
	uint32_t head = *at(ring, CQ_HEAD);
	struct io_uring_cqe *cqes = (void *)at(ring, CQES);
	bool more;

	if (head == __atomic_load_n(at(ring, CQ_TAIL), __ATOMIC_ACQUIRE))
		return false;
	/* Twice as many results as requests fit: the kernel's default. */
	*ret = cqes[head & (2 * RING_ENTRIES - 1)].res;
	/* Sending without copying gives a second one, when the buffer is free again. */
	more = !(cqes[head & (2 * RING_ENTRIES - 1)].flags & IORING_CQE_F_NOTIF);
	__atomic_store_n(at(ring, CQ_HEAD), head + 1, __ATOMIC_RELEASE);
	return more;
}

int ring_do(struct ring *ring, const struct io_uring_sqe *sqe)
{
	uint32_t tail = *at(ring, TAIL), slot = tail & *at(ring, MASK);
	int64_t end = now_ms() + limit_ms(), left;
	int result;

	ring->sqes[slot] = *sqe;
	at(ring, ARRAY)[slot] = slot;
	__atomic_store_n(at(ring, TAIL), tail + 1, __ATOMIC_SEQ_CST);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 0, ring->polled ? IORING_ENTER_SQ_WAKEUP : 0,
		    NULL, 0) < 0)
		return -errno;
	while ((left = end - now_ms()) > 0) {
		struct pollfd p = {.fd = ring->fd, .events = POLLIN};

		if (take(ring, &result))
			return result;
		(void)poll(&p, 1, (int)left);
	}
	return -ETIME;
}

int ring_register(struct ring *ring, int fd)
{
	return outcome(syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &fd, 1));
}

bool ring_knows(struct ring *ring, int opcode)
{
	enum { OPS = 256 };
	struct io_uring_probe *probe = calloc(1, sizeof(*probe) + OPS * sizeof(probe->ops[0]));
	bool knows =
		probe &&
		syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, probe, OPS) == 0 &&
		opcode <= probe->last_op && (probe->ops[opcode].flags & IO_URING_OP_SUPPORTED);

	free(probe);
	return knows;
}
