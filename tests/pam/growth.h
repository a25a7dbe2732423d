/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a test's memory grows: samples of the heap in use and of what is resident, and how much
 * the last differs from the second. At the first one libraries may still be making what they make
 * once.
 */
#ifndef EG_TESTS_GROWTH_H
#define EG_TESTS_GROWTH_H

#include "scratch.h"

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* The sanitizer's, where it is linked in: its malloc() knows nothing of mallinfo2(). */
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes(void);

enum { SAMPLES_MAX = 4096 };

static inline bool growth_sanitized(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL;
}

struct sample {
	int opens;
	int64_t heap, rss;
};

static struct sample samples[SAMPLES_MAX];
static int n_samples;

static inline int64_t heap_bytes(void)
{
	if (growth_sanitized())
		return (int64_t)__sanitizer_get_current_allocated_bytes();
	return (int64_t)mallinfo2().uordblks;
}

static inline int64_t rss_bytes(void)
{
	char text[128];
	long pages = 0;

	assert_int_equal(read_text("/proc/self/statm", text, sizeof(text)), 0);
	assert_int_equal(sscanf(text, "%*d %ld", &pages), 1);
	return pages * sysconf(_SC_PAGESIZE);
}

static inline void take_sample(int opens)
{
	assert_true(n_samples < SAMPLES_MAX);
	samples[n_samples++] =
		(struct sample){.opens = opens, .heap = heap_bytes(), .rss = rss_bytes()};
}

/* Bytes an open, by least squares over all samples but the first: there libraries warm up. */
static inline double slope(size_t offset)
{
	double n = 0, x = 0, y = 0, xx = 0, xy = 0;

	for (int i = 1; i < n_samples; i++) {
		double xi = samples[i].opens;
		double yi = (double)*(const int64_t *)((const char *)&samples[i] + offset);

		n++;
		x += xi;
		y += yi;
		xx += xi * xi;
		xy += xi * yi;
	}
	return n < 2 ? 0 : (n * xy - x * y) / (n * xx - x * x);
}

static inline int64_t growth(size_t offset)
{
	const char *first = (const char *)&samples[1];
	const char *last = (const char *)&samples[n_samples - 1];

	return *(const int64_t *)(last + offset) - *(const int64_t *)(first + offset);
}

#define HEAP offsetof(struct sample, heap)
#define RSS  offsetof(struct sample, rss)

#endif
