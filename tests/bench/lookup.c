// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a look-up costs in a flat table and in a trie, and what it costs to make them. Native: the
 * kernel of this machine. Nanoseconds hold on this machine only; ratios travel.
 *
 * A round is the loop alone, trie, table, trie, the loop; the loop is subtracted. It counts if its
 * two tries differ by at most 3 %. Of those that count, the ones with the fastest loop are taken
 * and the medians shown: another thread on the same core slows down who computes more than who
 * waits for memory. The loop is shown, too: where it differs, lines do not compare.
 * After a flush a round has "line" as well, what the best of structures would take: one line.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "structures.h"
#include "unit/flat_made.h"
#include "util.h"

enum {
	POLICY = 1,
	ROUNDS = 9,	   /* that are taken */
	ROUNDS_MIN = 36,   /* that count, to take them from */
	ROUNDS_MAX = 1000, /* in all */
	SECONDS_MAX = 15,  /* for them */
	ASKED = 1 << 14, /* look-ups in a run: other ones in each, so that caches hold no answers */
	WARMED = 1 << 16, /* with those before it: caches are as for who asks nothing else */
	COLD_ASKED = 64,
	FLUSH = 1 << 21, /* bytes that are read to have nothing else left in L2; a large page */
	LINE = 64,	 /* bytes of a cache line */
	DIFFER_PERCENT = 3,
	CHANGES = 2000, /* of one rule */
};

/* ---- what is asked */

/* Prefixes as lists have them, of 20 to 32 bits (IPv6: 32 to 48), anywhere (IPv6: in 2000::/3). */
static void make_uniform(struct made *made, size_t n, bool v6)
{
	made_begin(made, n, v6);
	made->seed = n;
	while (made->n < n) {
		int length = (int)(v6 ? 32 + made_bits(&made->seed) % 17
				      : 20 + made_bits(&made->seed) % 13);
		u128 first = (u128)made_bits(&made->seed) << 64;

		if (v6)
			first = first >> 3 | (u128)1 << 125;
		made_add(made, made_cut(first, length), length, MADE_DENY);
	}
	made_end(made);
}

/* Every other address of a /16, the most a bucket of a plain index can hold. */
static void make_alternating(struct made *made)
{
	made_begin(made, 32768, false);
	for (unsigned int i = 0; i < 65536; i += 2)
		made_add(made, ((u128)0x0a010000 + i) << 96, 32, MADE_DENY);
	made_end(made);
}

/* Addresses in networks of the policy, each as likely; or from everywhere. */
static void ask(struct structures *s, const struct made *made, bool hits)
{
	size_t seed = made->seed + hits;

	for (size_t i = 0; i < LOOKUP_ASKED; i++) {
		u128 at = (u128)made_bits(&seed) << 64 | made_bits(&seed);

		if (hits) {
			size_t which = made_bits(&seed) % made->n;

			at = made_first(made, which) |
			     (at & (made_last(made, which) ^ made_first(made, which)));
		} else if (made->v6) {
			at = at >> 3 | (u128)1 << 125;
		}
		if (!made->v6)
			at = at >> 96 << 96;
		s->asked[i] = (struct lookup_address){(uint64_t)(at >> 64), (uint64_t)at};
	}
}

/* ---- rounds */

static int by_size(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return (a > b) - (a < b);
}

static double median(double *list, size_t n)
{
	qsort(list, n, sizeof(*list), by_size);
	return n ? list[n / 2] : 0;
}

struct figure {
	double loop, trie, flat, line; /* ns a look-up; line: 0 = not asked */
	size_t good, rejected;
};

/* Leaves nothing else in L2. By one large page, so that the processor still knows where others
 * are. */
static void flush(void)
{
	static volatile char *page;
	unsigned int sum = 0;

	if (!page) {
		char *room = mmap(NULL, 2 * FLUSH, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (room == MAP_FAILED)
			err(1, "mmap");
		room += -(uintptr_t)room % FLUSH;
		if (madvise(room, FLUSH, MADV_HUGEPAGE) < 0)
			err(1, "large pages");
		memset(room, 1, FLUSH);
		page = room;
	}
	for (size_t i = 0; i < FLUSH; i += LINE)
		sum += (unsigned char)page[i];
	(void)sum;
}

/* One look-up at a time, each after a flush. */
static double run_cold(struct structures *s, const char *name, uint32_t first)
{
	struct lookup_run done;
	uint64_t ns = 0;

	for (uint32_t i = 0; i < COLD_ASKED; i++) {
		flush();
		(void)structures_run(s, name, POLICY, first + i, 1, &done);
		ns += done.ns;
	}
	return (double)ns / COLD_ASKED;
}

/* ns a look-up of one program. */
static double run(struct structures *s, const char *what, bool v6, bool cold)
{
	static uint32_t turn;
	uint32_t n = cold ? COLD_ASKED : ASKED, first = turn++ * n % (LOOKUP_ASKED - WARMED);
	struct lookup_run done;
	char name[32];
	int64_t ns;

	(void)snprintf(name, sizeof(name), "%s%d%s", what, v6 ? 6 : 4, cold ? "_cold" : "");
	if (cold)
		return run_cold(s, name, first);
	if (strcmp(what, "none") != 0)
		(void)structures_run(s, name, POLICY, first + n, WARMED - n, &done);
	ns = structures_run(s, name, POLICY, first, n, &done);
	return (double)ns / n;
}

struct round {
	double loop, tries[2], flat, line;
};

static struct round run_round(struct structures *s, bool v6, bool cold)
{
	struct round round = {0};
	double again;

	round.loop = run(s, "none", v6, cold);
	round.tries[0] = run(s, "trie", v6, cold);
	round.flat = run(s, "flat", v6, cold);
	if (cold && !v6)
		round.line = run(s, "line", v6, cold);
	round.tries[1] = run(s, "trie", v6, cold);
	again = run(s, "none", v6, cold);
	round.loop = (round.loop + again) / 2;
	round.flat -= round.loop;
	round.line -= round.line > 0 ? round.loop : 0;
	for (int i = 0; i < 2; i++)
		round.tries[i] -= round.loop;
	return round;
}

static bool is_good(const struct round *round)
{
	double differ = round->tries[1] - round->tries[0];

	return round->flat > 0 && round->tries[0] > 0 &&
	       100 * (differ < 0 ? -differ : differ) <= DIFFER_PERCENT * round->tries[0];
}

static int by_loop(const void *va, const void *vb)
{
	const struct round *a = va, *b = vb;

	return by_size(&a->loop, &b->loop);
}

static struct figure measure(struct structures *s, bool v6, bool cold)
{
	static struct round rounds[ROUNDS_MAX];
	double loop[ROUNDS] = {0}, trie[ROUNDS] = {0}, flat[ROUNDS] = {0}, line[ROUNDS] = {0};
	int64_t end = eg_clock_ns(CLOCK_MONOTONIC) + SECONDS_MAX * 1000000000LL;
	struct figure figure = {0};
	size_t n = 0, all = 0, i;

	for (; n < ROUNDS_MIN && all < ROUNDS_MAX && eg_clock_ns(CLOCK_MONOTONIC) < end; all++) {
		rounds[n] = run_round(s, v6, cold);
		n += is_good(&rounds[n]);
	}
	qsort(rounds, n, sizeof(*rounds), by_loop);
	figure.rejected = all - n;
	figure.good = n < ROUNDS ? n : ROUNDS;
	for (i = 0; i < figure.good; i++) {
		loop[i] = rounds[i].loop;
		trie[i] = (rounds[i].tries[0] + rounds[i].tries[1]) / 2;
		flat[i] = rounds[i].flat;
		line[i] = rounds[i].line;
	}
	figure.loop = median(loop, i);
	figure.trie = median(trie, i);
	figure.flat = median(flat, i);
	figure.line = median(line, i);
	return figure;
}

static void show(const char *what, const struct made *made, size_t n, struct figure figure,
		 double goal)
{
	printf("%s IPv%d %zu trie %.1f flat %.1f ratio %.1f", what, made->v6 ? 6 : 4, n,
	       figure.trie, figure.flat, figure.flat > 0 ? figure.trie / figure.flat : 0);
	if (goal > 0)
		printf(" goal %.0f", goal);
	if (figure.line > 0)
		printf(" line %.1f at-best %.1f", figure.line, figure.trie / figure.line);
	printf(" loop %.1f rounds %zu rejected %zu\n", figure.loop, figure.good, figure.rejected);
	(void)fflush(stdout);
}

/* ---- sizes */

static struct structures_entries entries_of(const struct made *made)
{
	return (struct structures_entries){made->entries4, made->entries6, made->n};
}

static void put_both(struct structures *s, uint32_t policy, const struct made *made)
{
	struct structures_entries entries = entries_of(made);

	(void)close(structures_trie(s, policy, &entries));
	(void)close(structures_table(s, policy, &entries, NULL, NULL));
}

/* A policy of the same size that is looked up before the clock runs. */
static void put_other(struct structures *s, size_t n, bool v6)
{
	struct made made;

	make_uniform(&made, n, v6);
	put_both(s, LOOKUP_OTHER, &made);
	made_done(&made);
}

static void measure_size(struct structures *s, size_t n, bool v6, double goal, double cold_goal)
{
	struct made made;

	make_uniform(&made, n, v6);
	put_both(s, POLICY, &made);
	ask(s, &made, true);
	show("lookup", &made, n, measure(s, v6, false), goal);
	put_other(s, n, v6);
	show("cold", &made, n, measure(s, v6, true), cold_goal);
	ask(s, &made, false);
	show("miss", &made, n, measure(s, v6, false), 0);
	structures_drop(s, POLICY, v6);
	structures_drop(s, LOOKUP_OTHER, v6);
	made_done(&made);
}

static void measure_worst(struct structures *s)
{
	struct made made;

	make_alternating(&made);
	put_both(s, POLICY, &made);
	ask(s, &made, true);
	show("alternating", &made, made.n, measure(s, false, false), 0);
	structures_drop(s, POLICY, false);
	made_done(&made);
}

/* From which size on is a table better? */
static void measure_small(struct structures *s)
{
	static const size_t sizes[] = {1, 2, 4, 8, 16, 32, 64};

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < EG_ARRAY_SIZE(sizes); i++) {
			struct made made;

			make_uniform(&made, sizes[i], v6);
			put_both(s, POLICY, &made);
			ask(s, &made, true);
			show("small", &made, sizes[i], measure(s, v6, false), 0);
			structures_drop(s, POLICY, v6);
			made_done(&made);
		}
}

/* In a machine that counts instructions (tests/vm/run --icount) these are that, and one round
 * says it. */
static void measure_instructions(struct structures *s)
{
	static const size_t sizes[] = {100, 10000, 100000};

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < EG_ARRAY_SIZE(sizes); i++) {
			struct round round;
			struct made made;

			make_uniform(&made, sizes[i], v6);
			put_both(s, POLICY, &made);
			ask(s, &made, true);
			(void)run_round(s, v6, false);
			round = run_round(s, v6, false);
			printf("instructions IPv%d %zu trie %.1f flat %.1f loop %.1f\n", v6 ? 6 : 4,
			       sizes[i], round.tries[0], round.flat, round.loop);
			(void)fflush(stdout);
			structures_drop(s, POLICY, v6);
			made_done(&made);
		}
}

/* ---- making them */

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

/* One rule more and less, in microseconds each. */
static void measure_change(int trie, const struct made *made)
{
	int64_t start = eg_clock_ns(CLOCK_MONOTONIC);

	for (size_t i = 0; i < CHANGES; i++) {
		struct eg_policy_entry4 entry = made->entries4[i * (made->n / CHANGES)];

		if (bpf_map_delete_elem(trie, &entry.key) < 0 ||
		    bpf_map_update_elem(trie, &entry.key, &entry.value, 0) < 0)
			err(1, "change");
	}
	printf("change IPv4 %zu trie %.1f us\n", made->n,
	       (double)(eg_clock_ns(CLOCK_MONOTONIC) - start) / 1e3 / CHANGES / 2);
}

static void measure_making(struct structures *s, size_t n, bool v6, double goal)
{
	struct structures_times times, all[ROUNDS];
	struct structures_entries entries;
	double total[ROUNDS];
	int64_t start;
	struct made made;
	int trie, table = -1;

	make_uniform(&made, n, v6);
	entries = entries_of(&made);
	start = eg_clock_ns(CLOCK_MONOTONIC);
	trie = structures_trie(s, POLICY, &entries);
	start = eg_clock_ns(CLOCK_MONOTONIC) - start;
	/* Each replaces the one before, in its place. */
	for (size_t i = 0; i < ROUNDS; i++) {
		if (table >= 0)
			(void)close(table);
		table = structures_table(s, POLICY, &entries, NULL, &times);
		all[i] = times;
		total[i] = ms(times.plan + times.make + times.write + times.put);
	}
	printf("replace IPv%d %zu %.1f ms", v6 ? 6 : 4, n, median(total, ROUNDS));
	if (goal > 0)
		printf(" goal %.0f", goal);
	times = all[ROUNDS / 2];
	printf(" plan %.1f make %.1f write %.1f put %.1f trie %.1f\n", ms(times.plan),
	       ms(times.make), ms(times.write), ms(times.put), ms(start));
	printf("memory IPv%d %zu %.2f bytes a prefix", v6 ? 6 : 4, n,
	       (double)structures_memory(table) / (double)made.n);
	if (!v6 && goal > 0)
		printf(" goal 5");
	printf(" trie %.1f\n", (double)structures_memory(trie) / (double)made.n);
	if (!v6)
		measure_change(trie, &made);
	(void)close(table);
	(void)close(trie);
	structures_drop(s, POLICY, v6);
	made_done(&made);
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	struct structures s;

	structures_open(&s);
	if (!*only || strcmp(only, "lookup") == 0) {
		measure_size(&s, 100, false, 5, 7);
		measure_size(&s, 10000, false, 12, 7);
		measure_size(&s, 1000000, false, 25, 7);
		measure_size(&s, 100, true, 4, 0);
		measure_size(&s, 10000, true, 8, 0);
		measure_size(&s, 1000000, true, 15, 0);
		measure_worst(&s);
	}
	if (!*only || strcmp(only, "making") == 0) {
		measure_making(&s, 10000, false, 0);
		measure_making(&s, 100000, false, 0);
		measure_making(&s, 1000000, false, 250);
		measure_making(&s, 1000000, true, 0);
	}
	if (strcmp(only, "instructions") == 0)
		measure_instructions(&s);
	if (strcmp(only, "small") == 0)
		measure_small(&s);
	if (argc == 4 && strcmp(only, "size") == 0)
		measure_size(&s, strtoul(argv[3], NULL, 10), strcmp(argv[2], "IPv6") == 0, 0, 0);
	structures_close(&s);
	return 0;
}
