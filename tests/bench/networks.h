/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The networks of the benchmarks and addresses to go with them, the same in every run: number i of
 * 128.0.0.0/2, at most a million, none in another, of /24 to /32. Bit EG_BENCH_FREE is clear in
 * each of them and set in what is in none.
 */
#ifndef EG_BENCH_NETWORKS_H
#define EG_BENCH_NETWORKS_H

#include <stdint.h>

enum {
	EG_BENCH_NETWORKS_MAX = 1 << 20,
	EG_BENCH_FREE = 0x1000,
};

/* An odd factor: each number once, in no order. */
static inline uint32_t eg_bench_mixed(uint32_t i)
{
	return i * 2654435761U;
}

/* Number i, in host order; *ret_length: 24 to 32. */
static inline uint32_t eg_bench_network(uint32_t i, unsigned int *ret_length)
{
	uint32_t place = (eg_bench_mixed(i) & 0x1fffff), low = eg_bench_mixed(i + 77) >> 24;
	uint32_t high = place >> 4, third = place & 0xf;

	*ret_length = 24 + i % 9;
	low &= 0xffU << (32 - *ret_length);
	return 128U << 24 | high << 13 | third << 8 | low;
}

/* An address in number i, and one that is in no network. */
static inline uint32_t eg_bench_hit(uint32_t i)
{
	unsigned int length;
	uint32_t network = eg_bench_network(i, &length);

	return length == 32 ? network
			    : network | (eg_bench_mixed(i + 5) >> 8 & (0xffU >> (length - 24)));
}

static inline uint32_t eg_bench_miss(uint32_t i)
{
	return 128U << 24 | (eg_bench_mixed(i + 3) >> 2 & 0x3fffffff) | EG_BENCH_FREE;
}

#endif
