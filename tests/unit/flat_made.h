/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Networks made up for tests of flat tables, and what they say about an address, by walking through
 * all of them. Addresses are numbers of 128 bits, IPv4 in the first 32.
 */
#ifndef EG_TEST_FLAT_MADE_H
#define EG_TEST_FLAT_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

typedef unsigned __int128 u128;

/* What a network says; from MADE_LIST on, a list. */
enum { MADE_ALLOW, MADE_DENY, MADE_DEFAULT, MADE_LIST };

/* How many different things networks say, and how they lie. */
enum { MADE_KINDS = 6, MADE_SHAPES = 4 };

struct made_net {
	u128 first;
	int length, says;
};

struct made {
	bool v6;
	struct made_net *nets;
	size_t n, seed;
	struct eg_policy_entry4 *entries4; /* one of these, from made_end on */
	struct eg_policy_entry6 *entries6;
};

struct answer {
	int what; /* enum eg_flat_answer */
	uint32_t list, n;
};

static inline u128 made_cut(u128 address, int length)
{
	return length ? address >> (128 - length) << (128 - length) : 0;
}

static inline void made_begin(struct made *made, size_t most, bool v6)
{
	*made = (struct made){.v6 = v6, .nets = calloc(most + 1, sizeof(*made->nets))};
	if (!made->nets)
		abort();
}

static inline void made_add(struct made *made, u128 first, int length, int says)
{
	made->nets[made->n++] = (struct made_net){.first = first, .length = length, .says = says};
}

static inline int made_compare(const void *va, const void *vb)
{
	const struct made_net *a = va, *b = vb;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->length - b->length;
}

static inline struct eg_entry made_entry(const struct made_net *net)
{
	struct eg_entry entry = {.rule.prefix_len = (uint8_t)net->length};

	if (net->says >= MADE_LIST) {
		entry.list = (uint32_t)(net->says - MADE_LIST) * 3;
		entry.n = 2;
		return entry;
	}
	entry.rule.verdict = net->says == MADE_ALLOW ? EG_VERDICT_ALLOW : EG_VERDICT_DENY;
	entry.rule.line = net->says != MADE_DEFAULT;
	return entry;
}

/* Sorts them, leaves out what stands twice, and makes the entries. */
static inline void made_end(struct made *made)
{
	size_t n = 0;

	qsort(made->nets, made->n, sizeof(*made->nets), made_compare);
	for (size_t i = 0; i < made->n; i++)
		if (!n || made_compare(&made->nets[n - 1], &made->nets[i]) != 0)
			made->nets[n++] = made->nets[i];
	made->n = n;
	if (made->v6)
		made->entries6 = calloc(n + 1, sizeof(*made->entries6));
	else
		made->entries4 = calloc(n + 1, sizeof(*made->entries4));
	for (size_t i = 0; i < n; i++) {
		uint8_t *addr = made->v6 ? made->entries6[i].key.addr : made->entries4[i].key.addr;

		for (int byte = 0; byte < (made->v6 ? 16 : 4); byte++)
			addr[byte] = (uint8_t)(made->nets[i].first >> (120 - 8 * byte));
		if (made->v6)
			made->entries6[i] = (struct eg_policy_entry6){
				.key = made->entries6[i].key, .value = made_entry(&made->nets[i])};
		else
			made->entries4[i] = (struct eg_policy_entry4){
				.key = made->entries4[i].key, .value = made_entry(&made->nets[i])};
		*(made->v6 ? &made->entries6[i].key.prefix_len
			   : &made->entries4[i].key.prefix_len) = (uint32_t)made->nets[i].length;
	}
}

static inline u128 made_first(const struct made *made, size_t i)
{
	return made->nets[i].first;
}

static inline u128 made_last(const struct made *made, size_t i)
{
	int length = made->nets[i].length;

	return made->nets[i].first | (length < 128 ? ~(u128)0 >> length : 0);
}

/* The longest network around the address decides. */
static inline struct answer made_answer(const struct made *made, u128 address)
{
	const struct made_net *best = NULL;
	struct eg_entry entry;

	for (size_t i = 0; i < made->n; i++)
		if (made_cut(address, made->nets[i].length) == made->nets[i].first &&
		    (!best || made->nets[i].length > best->length))
			best = &made->nets[i];
	if (!best || best->says == MADE_ALLOW)
		return (struct answer){.what = 0};
	if (best->says < MADE_LIST)
		return (struct answer){.what = best->says == MADE_DENY ? 1 : 2};
	entry = made_entry(best);
	return (struct answer){.what = 3, .list = entry.list, .n = entry.n};
}

static inline uint64_t made_bits(size_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* shape 0: anywhere; 1: nearly all in 2000::/3 (10.0.0.0/8), 2: whole addresses in few networks,
 * 3: IPv6 of at most 64 bits, IPv4 of 24. */
static inline u128 made_number(const struct made *made, size_t *seed, int shape)
{
	u128 number = (u128)made_bits(seed) << 64 | made_bits(seed);

	if (shape == 1 && made_bits(seed) % 64) {
		if (made->v6)
			number = number >> 3 | (u128)1 << 125;
		else
			number = number >> 8 | (u128)10 << 120;
	}
	if (shape == 2)
		number = (made->v6 ? (u128)0x20010db800000000 << 64 : (u128)0xc0a80000 << 96) |
			 (number & ((u128)0x70f << (made->v6 ? 0 : 96)));
	return made->v6 ? number : number >> 96 << 96;
}

/* kinds: what they say is of so many things, 0 = allow and deny. */
static inline void made_random(struct made *made, size_t seed, size_t n, bool v6,
			       unsigned int kinds, int shape)
{
	int longest = v6 ? 128 : 32;

	made_begin(made, n, v6);
	made->seed = seed * 1000003 + 17;
	for (size_t i = 0; i < n; i++) {
		int length = (int)(made_bits(&made->seed) % ((unsigned int)longest + 1));
		u128 number = made_number(made, &made->seed, shape);

		if (shape == 3)
			length = length % (longest == 128 ? 65 : 25);
		if (shape == 2 && made_bits(&made->seed) % 8)
			length = longest;
		made_add(made, made_cut(number, length), length,
			 (int)(made_bits(&made->seed) % (kinds == 5 ? 400 : kinds + 2)));
	}
	made_end(made);
}

static inline u128 made_address(const struct made *made, size_t i)
{
	size_t seed = made->seed + i * 77;

	return made_number(made, &seed, (int)(i % MADE_SHAPES));
}

static inline void made_done(struct made *made)
{
	free(made->nets);
	free(made->entries4);
	free(made->entries6);
	*made = (struct made){0};
}

#endif
