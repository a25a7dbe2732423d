// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel side remembers of cgroups: where a word is, and that none from before counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "quick.h"

static struct eg_quick *quick;

static int set_up(void **state)
{
	int fd = memfd_create("eg_quick", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*quick)), 0);
	assert_int_equal(eg_quick_map(fd, &quick), 0);
	(void)close(fd);
	quick->count = EG_QUICK_ONE;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	eg_quick_unmap(quick);
	return 0;
}

static uint32_t place_of(uint64_t id)
{
	return eg_quick_mix(id) & (EG_QUICK_CGROUPS - 1);
}

/* As the kernel side writes a word, and as it reads one: its slot, or -1. */
static void learn(uint64_t id, uint64_t slot)
{
	quick->cgroups[place_of(id)] =
		quick->count | (id >> EG_QUICK_CGROUP_BITS) << EG_QUICK_SLOT_BITS | slot;
}

static int slot_of(uint64_t id)
{
	uint64_t word = quick->cgroups[place_of(id)] ^ quick->count;

	if (word >> EG_QUICK_SLOT_BITS != id >> EG_QUICK_CGROUP_BITS)
		return -1;
	return (int)(word & ((1U << EG_QUICK_SLOT_BITS) - 1));
}

static void test_forget_counts_up(void **state)
{
	(void)state;
	learn(4711, 3);
	learn(1, 0);
	assert_int_equal(slot_of(4711), 3);
	assert_int_equal(slot_of(1), 0);
	eg_quick_forget(quick);
	assert_int_equal(quick->count, 2 * EG_QUICK_ONE);
	assert_int_equal(slot_of(4711), -1);
	assert_int_equal(slot_of(1), -1);
	learn(4711, 4);
	assert_int_equal(slot_of(4711), 4);
}

/* Zeros must not say of the first cgroups of a host that they are nobody's. */
static void test_no_word_is_no_answer(void **state)
{
	(void)state;
	for (uint64_t id = 0; id < 4 * EG_QUICK_CGROUPS; id++)
		assert_int_equal(slot_of(id), -1);
}

static void test_the_last_count_wipes(void **state)
{
	(void)state;
	learn(1, 7); /* under the count that comes again */
	quick->count = EG_QUICK_WIPING - EG_QUICK_ONE;
	learn(99, 5);
	assert_int_equal(slot_of(99), 5);
	eg_quick_forget(quick);
	assert_true(quick->count == EG_QUICK_ONE);
	for (size_t i = 0; i < EG_QUICK_CGROUPS; i++)
		assert_true(quick->cgroups[i] == 0);
	assert_int_equal(slot_of(1), -1);
}

static void test_one_before_the_last_does_not(void **state)
{
	(void)state;
	quick->count = EG_QUICK_WIPING - 2 * EG_QUICK_ONE;
	learn(99, 5);
	eg_quick_forget(quick);
	assert_true(quick->count == EG_QUICK_WIPING - EG_QUICK_ONE);
	assert_int_equal(slot_of(99), -1);
	assert_true(quick->cgroups[place_of(99)] != 0);
}

/* A helper that was killed while it wiped. */
static void test_wiping_is_finished(void **state)
{
	(void)state;
	learn(1, 7);
	quick->count = EG_QUICK_WIPING;
	assert_int_equal(slot_of(1), -1);
	eg_quick_forget(quick);
	assert_true(quick->count == EG_QUICK_ONE);
	assert_true(quick->cgroups[place_of(1)] == 0);
}

/* Each file of a cgroup takes an id, so those of cgroups are strides apart. */
static void test_places_are_spread(void **state)
{
	static const unsigned int strides[] = {1, 2, 7, 32, 57, 60, 64, 96, 128, 1024, 4096};
	unsigned char *seen = calloc(EG_QUICK_CGROUPS, 1);

	(void)state;
	assert_non_null(seen);
	for (size_t s = 0; s < sizeof(strides) / sizeof(*strides); s++) {
		unsigned int used = 0;

		memset(seen, 0, EG_QUICK_CGROUPS);
		for (uint64_t i = 0; i < EG_QUICK_CGROUPS / 4; i++) {
			uint32_t place = place_of(100000 + i * strides[s]);

			assert_true(place < EG_QUICK_CGROUPS);
			used += !seen[place];
			seen[place] = 1;
		}
		if (used < EG_QUICK_CGROUPS / 4 * 3 / 4)
			fail_msg("stride %u: %u places for %u cgroups", strides[s], used,
				 EG_QUICK_CGROUPS / 4);
	}
	free(seen);
}

/* Two ids with one place differ in what the word has of them. */
static void test_place_and_word_are_the_id(void **state)
{
	(void)state;
	for (uint64_t id = 5; id < 1ULL << 46; id = id * 3 + 1) {
		for (uint64_t other = id ^ 1ULL << EG_QUICK_CGROUP_BITS; other < 1ULL << 46;
		     other = other * 5 + 7) {
			if (other == id)
				continue;
			learn(id, 9);
			assert_int_equal(slot_of(id), 9);
			assert_int_equal(slot_of(other), -1);
			quick->cgroups[place_of(id)] = 0;
		}
	}
}

static void test_map_says_why_not(void **state)
{
	struct eg_quick *none = NULL;

	(void)state;
	assert_int_equal(eg_quick_map(-1, &none), -EBADF);
	assert_null(none);
	eg_quick_unmap(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forget_counts_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_word_is_no_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_last_count_wipes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_before_the_last_does_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_wiping_is_finished, set_up, tear_down),
		cmocka_unit_test(test_places_are_spread),
		cmocka_unit_test_setup_teardown(test_place_and_word_are_the_id, set_up, tear_down),
		cmocka_unit_test(test_map_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
