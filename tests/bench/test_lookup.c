// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Policies in a trie and in a flat table, on the kernel of this machine: each look-up must say the
 * same. TAP; needs root.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "structures.h"
#include "unit/flat_made.h"

enum { POLICY = 7, ASKED = 1 << 17 };

static int n_tests, n_failed;

static void result(bool good, const char *what, size_t n, bool v6)
{
	printf("%s %d - %s, %zu networks, IPv%d\n", good ? "ok" : "not ok", ++n_tests, what, n,
	       v6 ? 6 : 4);
	n_failed += !good;
}

static struct lookup_address split(u128 address)
{
	return (struct lookup_address){(uint64_t)(address >> 64), (uint64_t)address};
}

/* Ends of networks and what is beside them, then addresses from everywhere. */
static uint32_t fill(struct structures *s, const struct made *made)
{
	u128 one = made->v6 ? 1 : (u128)1 << 96;
	size_t step = 4 * made->n / (ASKED / 2) + 1;
	uint32_t n = 0;

	for (size_t i = 0; i < made->n; i += step) {
		u128 last = made_last(made, i);

		s->asked[n++] = split(made_first(made, i));
		s->asked[n++] = split(made_first(made, i) - one);
		s->asked[n++] = split(last & ~(one - 1));
		s->asked[n++] = split(last + 1);
	}
	for (size_t i = 0; n < ASKED; i++)
		s->asked[n++] = split(made_address(made, i));
	return n;
}

static void compare(struct structures *s, const struct made *made, const char *what)
{
	const struct structures_entries entries = {made->entries4, made->entries6, made->n};
	struct lookup_run run = {0};
	struct eg_flat flat;
	int trie, table = structures_table(s, POLICY, &entries, &flat, NULL);

	if (table < 0) {
		printf("ok %d - %s, %zu networks # SKIP this kernel has no arrays of %zu bytes\n",
		       ++n_tests, what, made->n, eg_flat_size(flat.class));
		return;
	}
	trie = structures_trie(s, POLICY, &entries);
	(void)structures_run(s, made->v6 ? "compare6" : "compare4", POLICY, 0, fill(s, made), &run);
	result(run.differ == 0, what, made->n, made->v6);
	if (run.differ)
		printf("# %u differ, the last is %016llx:%016llx: trie %u, table %u\n", run.differ,
		       s->asked[run.which].high, s->asked[run.which].low, run.trie, run.flat);
	/* The next take their places. Not dropped before: the kernel would wait each time for
	 * programs that run. */
	(void)close(trie);
	(void)close(table);
}

static void compare_random(struct structures *s, bool v6)
{
	static const char *const shapes[] = {"anywhere", "in one network", "whole addresses",
					     "short ones"};
	static const size_t sizes[] = {0, 1, 100, 10000};

	for (int shape = 0; shape < MADE_SHAPES; shape++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			for (unsigned int kinds = 0; kinds < MADE_KINDS; kinds += i < 2 ? 3 : 2) {
				struct made made;

				made_random(&made, i * 7 + kinds, sizes[i], v6, kinds, shape);
				compare(s, &made, shapes[shape]);
				made_done(&made);
			}
}

static void compare_extremes(struct structures *s, bool v6)
{
	u128 last = v6 ? ~(u128)0 : (u128)UINT32_MAX << 96;
	int longest = v6 ? 128 : 32;
	struct made made;

	for (int says = MADE_DENY; says <= MADE_DEFAULT; says++) {
		made_begin(&made, 3, v6);
		made_add(&made, 0, 0, says);
		made_add(&made, 0, longest, MADE_ALLOW);
		made_add(&made, last, longest, MADE_ALLOW);
		made_end(&made);
		compare(s, &made, "all but both ends");
		made_done(&made);
		made_begin(&made, 2, v6);
		made_add(&made, 0, longest, says);
		made_add(&made, last, longest, says);
		made_end(&made);
		compare(s, &made, "both ends");
		made_done(&made);
	}
	made_begin(&made, 129, v6);
	for (int length = 0; length <= longest; length++)
		made_add(&made, made_cut((u128)0x5a5a5a5a5a5a5a5a << 64, length), length,
			 length & 1 ? MADE_ALLOW : MADE_DENY);
	made_end(&made);
	compare(s, &made, "one in the other");
	made_done(&made);
	made_begin(&made, 32768, v6);
	for (unsigned int i = 0; i < 65536; i += 2)
		made_add(&made, ((u128)0x0a010000 << 96) + ((u128)i << (v6 ? 0 : 96)), longest,
			 MADE_DENY);
	made_end(&made);
	compare(s, &made, "every other address");
	made_done(&made);
}

static void compare_million(struct structures *s, bool v6)
{
	struct made made;

	made_random(&made, 5, EG_PREFIXES_MAX, v6, v6 ? 1 : 0, v6 ? 3 : 0);
	compare(s, &made, "as many as may be");
	made_done(&made);
}

int main(void)
{
	struct structures s;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	structures_open(&s);
	for (int v6 = 0; v6 < 2; v6++) {
		compare_random(&s, v6);
		compare_extremes(&s, v6);
		compare_million(&s, v6);
	}
	structures_close(&s);
	printf("1..%d\n", n_tests);
	return n_failed != 0;
}
