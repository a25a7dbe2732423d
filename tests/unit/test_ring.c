// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading a ring buffer through a window, from a file laid out as the kernel lays a ring out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

enum { SIZE = 1 << 20, RECORDS_MAX = 4096 };

/* The writers' side: the file, mapped as a whole. */
struct world {
	int fd;
	size_t page;
	char *map;
	unsigned long *read, *written;
	struct eg_ring ring;
	unsigned int next;    /* number of the next record to be written */
	unsigned int seen;    /* of the next to be read... */
	unsigned int stop_at; /* ...and the one behind which the handler stops */
	bool wrong;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->page = (size_t)sysconf(_SC_PAGESIZE);
	w->fd = memfd_create("ring", MFD_CLOEXEC);
	assert_true(w->fd >= 0);
	assert_int_equal(ftruncate(w->fd, (off_t)(2 * w->page + 2 * SIZE)), 0);
	w->map = mmap(NULL, 2 * w->page + 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	assert_ptr_not_equal(w->map, MAP_FAILED);
	w->read = (unsigned long *)(void *)w->map;
	w->written = (unsigned long *)(void *)(w->map + w->page);
	w->stop_at = RECORDS_MAX * 1000U;
	assert_int_equal(eg_ring_open(&w->ring, w->fd, SIZE, SIZE), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	eg_ring_close(&w->ring);
	eg_ring_close(&w->ring); /* closed is fine */
	(void)munmap(w->map, 2 * w->page + 2 * SIZE);
	(void)close(w->fd);
	free(w);
	return 0;
}

static void put_bytes(struct world *w, unsigned long at, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t where = (at + i) & (SIZE - 1);

		w->map[2 * w->page + where] = ((const char *)from)[i];
		w->map[2 * w->page + SIZE + where] = ((const char *)from)[i];
	}
}

/* Each record begins with its number and is filled with it. False: no room. */
static bool put(struct world *w, uint32_t n, uint32_t flags)
{
	static char text[SIZE];
	uint32_t header[2] = {n | flags, 0};
	size_t all = (n + BPF_RINGBUF_HDR_SZ + 7) & ~7UL;

	if (*w->written + all - *w->read > SIZE)
		return false;
	memset(text, (char)w->next, n);
	if (n >= sizeof(w->next))
		memcpy(text, &w->next, sizeof(w->next));
	put_bytes(w, *w->written, header, sizeof(header));
	put_bytes(w, *w->written + sizeof(header), text, n);
	*w->written += all;
	if (!flags)
		w->next++;
	return true;
}

static bool on_record(void *record, size_t size, void *arg)
{
	struct world *w = arg;
	const char *text = record;

	if (size >= sizeof(w->seen) && memcmp(text, &w->seen, sizeof(w->seen)) != 0)
		w->wrong = true;
	for (size_t i = sizeof(w->seen); i < size; i++)
		w->wrong = w->wrong || text[i] != (char)w->seen;
	return w->seen++ != w->stop_at;
}

static void read_all(struct world *w, unsigned int max)
{
	assert_int_equal(eg_ring_read(&w->ring, max, on_record, w), 0);
	assert_false(w->wrong);
}

static void test_empty(void **state)
{
	struct world *w = *state;
	uint64_t written = 1, read = 1;

	read_all(w, 10);
	assert_int_equal(w->seen, 0);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_EMPTY);
	eg_ring_positions(&w->ring, &written, &read);
	assert_int_equal(written, 0);
	assert_int_equal(read, 0);
}

static void test_max_and_stop(void **state)
{
	struct world *w = *state;
	uint64_t written, read;

	for (int i = 0; i < 10; i++)
		assert_true(put(w, 100, 0));
	read_all(w, 3);
	assert_int_equal(w->seen, 3);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_MORE);
	w->stop_at = 5;
	read_all(w, 100);
	assert_int_equal(w->seen, 6); /* the one it stops behind is read */
	eg_ring_positions(&w->ring, &written, &read);
	assert_int_equal(written, 10 * 112);
	assert_int_equal(read, 6 * 112);
	read_all(w, 100);
	assert_int_equal(w->seen, 10);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_EMPTY);
}

/* Over the ring's end many times, in every size: each is there once and whole. */
static void check_rounds(struct world *w)
{
	unsigned long end = *w->written + 20UL * SIZE;
	unsigned int seed = 7;

	while (*w->written < end) {
		seed = seed * 1103515245 + 12345;
		if (put(w, 4 + (seed >> 8) % 5000, 0))
			continue;
		read_all(w, 1 + (seed >> 8) % 400);
	}
	read_all(w, RECORDS_MAX);
	assert_int_equal(w->seen, w->next);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_EMPTY);
}

static void test_many_rounds(void **state)
{
	struct world *w = *state;

	check_rounds(w);
	for (size_t max = SIZE / 8; max < SIZE; max *= 2) {
		eg_ring_close(&w->ring);
		assert_int_equal(eg_ring_open(&w->ring, w->fd, SIZE, max), 0);
		check_rounds(w);
		assert_int_equal(w->ring.window_size, max);
	}
}

/* One that ends with the ring, one that goes over its end, and a header that is its last bytes. */
static void test_ends(void **state)
{
	struct world *w = *state;

	for (uint32_t rest = 8; rest <= 64; rest += 8) {
		*w->read = *w->written = 3UL * SIZE - rest;
		assert_true(put(w, 24, 0));
		assert_true(put(w, 5000, 0));
		read_all(w, 10);
		assert_int_equal(w->seen, w->next);
	}
}

static void test_busy_stops(void **state)
{
	struct world *w = *state;
	uint32_t header = 24;

	assert_true(put(w, 24, 0));
	assert_true(put(w, 24, BPF_RINGBUF_BUSY_BIT));
	w->next++;
	assert_true(put(w, 24, 0));
	read_all(w, 10);
	assert_int_equal(w->seen, 1);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_BUSY);
	put_bytes(w, 32, &header, sizeof(header));
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_MORE);
	read_all(w, 10);
	assert_int_equal(w->seen, 3);
}

static void test_discarded_is_passed_over(void **state)
{
	struct world *w = *state;

	assert_true(put(w, 24, 0));
	for (int i = 0; i < 5; i++)
		assert_true(put(w, 8, BPF_RINGBUF_DISCARD_BIT));
	assert_true(put(w, 24, 0));
	assert_true(put(w, 8, BPF_RINGBUF_DISCARD_BIT));
	read_all(w, 10);
	assert_int_equal(w->seen, 2);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_EMPTY);
}

/* None of ours is that long: it must not stop the others for ever. */
static void test_too_long_is_passed_over(void **state)
{
	struct world *w = *state;

	assert_true(put(w, 24, 0));
	assert_true(put(w, SIZE / 2, 0));
	w->next = 1;
	assert_true(put(w, 24, 0));
	read_all(w, 10);
	assert_int_equal(w->seen, 2);
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_EMPTY);
}

/* What is mapped is a window; it grows while there is much to read, and not after that. */
static void test_window_is_small(void **state)
{
	struct world *w = *state;
	size_t most = 0;

	for (int i = 0; i < 100; i++) {
		assert_true(put(w, 2376, 0));
		read_all(w, 7);
		eg_ring_rest(&w->ring);
		assert_true(!w->ring.window || w->ring.window_size <= SIZE / 8);
	}
	for (int i = 0; i < 6000; i++) {
		assert_true(put(w, 2376, 0));
		if (i % 7 == 0)
			read_all(w, 7);
		if (w->ring.window_size > most)
			most = w->ring.window_size;
	}
	assert_true(most > SIZE && most <= SIZE + SIZE / 8); /* all, and what goes over its end */
	read_all(w, 7);
	eg_ring_rest(&w->ring);
	assert_null(w->ring.window);
	assert_true(put(w, 24, 0));
	read_all(w, 1);
	assert_int_equal(w->seen, w->next);
	assert_true(w->ring.window_size <= SIZE / 8);
}

static void test_open_fails(void **state)
{
	struct eg_ring ring = {0};
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_true(eg_ring_open(&ring, fd, SIZE, SIZE) < 0);
	assert_null(ring.read);
	eg_ring_close(&ring);
	(void)close(fd);
}

/* A window that cannot be had is said, and passes nothing over. */
static void test_window_fails(void **state)
{
	struct world *w = *state;

	assert_true(put(w, 24, 0));
	w->ring.fd = -1;
	assert_int_equal(eg_ring_left(&w->ring), EG_RING_MORE);
	assert_int_equal(eg_ring_read(&w->ring, 10, on_record, w), -EBADF);
	assert_int_equal(w->seen, 0);
	w->ring.fd = w->fd;
	read_all(w, 10);
	assert_int_equal(w->seen, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_max_and_stop),
		TEST(test_many_rounds),
		TEST(test_ends),
		TEST(test_busy_stops),
		TEST(test_discarded_is_passed_over),
		TEST(test_too_long_is_passed_over),
		TEST(test_window_is_small),
		TEST(test_open_fails),
		TEST(test_window_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
