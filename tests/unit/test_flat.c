// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Flat tables, looked up as the kernel does (flat_find.h), against a walk through all networks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "flat.h"
#include "flat_find.h"

#include "flat_made.h"
#include "skip.h"

enum { ASKED = 400, ROUNDS = 300 };

static struct eg_flat_plan plan_of(const struct made *made)
{
	struct eg_flat_plan plan = {0};
	int err = made->v6 ? eg_flat_plan6(made->entries6, made->n, &plan)
			   : eg_flat_plan4(made->entries4, made->n, &plan);

	assert_int_equal(err, 0);
	assert_in_range(plan.flat.class, 1, EG_FLAT_LAST);
	assert_true(plan.used <= eg_flat_size(plan.flat.class));
	return plan;
}

static uint8_t *table_of(const struct eg_flat_plan *plan)
{
	uint8_t *table = calloc(1, eg_flat_size(plan->flat.class));

	assert_non_null(table);
	eg_flat_write(plan, table);
	return table;
}

static struct answer find(const struct made *made, const struct eg_flat_plan *plan,
			  const uint8_t *table, u128 at)
{
	struct eg_flat_address address = {(uint64_t)(at >> 64), (uint64_t)at};
	struct eg_flat_list list = {0};
	size_t size = eg_flat_size(plan->flat.class);
	int answer = made->v6 ? eg_flat_find(&plan->flat, table, size, &address, 1, &list)
			      : eg_flat_find(&plan->flat, table, size, &address, 0, &list);

	return (struct answer){.what = answer, .list = list.list, .n = list.n};
}

static void expect(const struct made *made, const struct eg_flat_plan *plan, const uint8_t *table,
		   u128 at)
{
	struct answer want = made_answer(made, at), got = find(made, plan, table, at);

	if (memcmp(&want, &got, sizeof(want)) != 0)
		fail_msg("v%d %016llx:%016llx: %d list %u/%u, not %d list %u/%u", made->v6 ? 6 : 4,
			 (unsigned long long)(at >> 64), (unsigned long long)at, got.what, got.list,
			 got.n, want.what, want.list, want.n);
}

/* All ends of all networks and what is beside them, and addresses from everywhere. */
static void expect_all(const struct made *made, size_t step)
{
	struct eg_flat_plan plan = plan_of(made);
	uint8_t *table = table_of(&plan);
	u128 one = made->v6 ? 1 : (u128)1 << 96;

	for (size_t i = 0; i < made->n; i += step) {
		u128 first = made_first(made, i), last = made_last(made, i);

		expect(made, &plan, table, first);
		expect(made, &plan, table, first - one);
		expect(made, &plan, table, last & ~(one - 1));
		expect(made, &plan, table, last + 1);
	}
	for (size_t i = 0; i < ASKED; i++)
		expect(made, &plan, table, made_address(made, i));
	expect(made, &plan, table, 0);
	expect(made, &plan, table, ~(u128)0 & ~(one - 1));
	free(table);
	eg_flat_plan_done(&plan);
}

static void test_random(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 10, 64, 65, 100, 700};
	struct made made;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		made_random(&made, round, sizes[round % 9], round & 1,
			    (int)(round / 2 % MADE_KINDS), (int)(round / 3 % MADE_SHAPES));
		expect_all(&made, 1);
		made_done(&made);
	}
}

static void test_extremes(void **state)
{
	struct made made;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		int longest = v6 ? 128 : 32;
		u128 last = v6 ? ~(u128)0 : (u128)UINT32_MAX << 96;

		made_begin(&made, 4, v6);
		made_add(&made, 0, 0, MADE_DENY);
		made_add(&made, 0, longest, MADE_ALLOW);
		made_add(&made, last, longest, MADE_ALLOW);
		made_end(&made);
		expect_all(&made, 1);
		made_done(&made);
		made_begin(&made, 4, v6);
		made_add(&made, 0, longest, MADE_DENY);
		made_add(&made, last, longest, MADE_DENY);
		made_end(&made);
		expect_all(&made, 1);
		made_done(&made);
	}
}

/* 32,768 of one address each, every other one, in one /16 (IPv6: in one /112). */
static void test_alternating(void **state)
{
	struct made made;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		u128 net = v6 ? (u128)0x20010db800000000 << 64 : (u128)0x0a010000 << 96;

		made_begin(&made, 32770, v6);
		for (unsigned int i = 0; i < 65536; i += 2)
			made_add(&made, net + ((u128)i << (v6 ? 0 : 96)), v6 ? 128 : 32, MADE_DENY);
		made_add(&made, (u128)0xc0 << 120, 8, MADE_DENY);
		made_end(&made);
		expect_all(&made, 997);
		made_done(&made);
	}
}

/* Networks in networks, one of each length, denied and allowed in turn. */
static void test_nested(void **state)
{
	struct made made;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		made_begin(&made, 129, v6);
		for (int length = 0; length <= (v6 ? 128 : 32); length++)
			made_add(&made, made_cut((u128)0x5a5a5a5a5a5a5a5a << 64, length), length,
				 length & 1 ? MADE_ALLOW : MADE_DENY);
		made_end(&made);
		expect_all(&made, 1);
		made_done(&made);
	}
}

/* As many boundaries beyond the window as there may be, and some more: then there is none. */
static void test_beyond_the_window(void **state)
{
	enum { INSIDE = 20000, BEYOND = 512 };
	struct eg_flat_plan plan;
	struct made made;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned int more = 0; more < 2; more++) {
			made_begin(&made, INSIDE + BEYOND + more, v6);
			for (u128 i = 0; i < INSIDE; i++)
				made_add(&made, ((u128)0x24 << 120) + (i << 98), 31, MADE_DENY);
			for (u128 i = 0; i < BEYOND + more; i++)
				made_add(&made, ((u128)0xc1 << 120) + (i << 105), 24, MADE_DENY);
			made_end(&made);
			plan = plan_of(&made);
			assert_int_equal(plan.flat.n_outside, more ? 0 : 2 * BEYOND);
			eg_flat_plan_done(&plan);
			expect_all(&made, 97);
			made_done(&made);
		}
}

static void test_plain_policies_have_no_kinds(void **state)
{
	struct eg_flat_plan plan;
	struct made made;

	(void)state;
	made_begin(&made, 8, false);
	made_add(&made, (u128)10 << 120, 8, MADE_DENY);
	made_add(&made, (u128)11 << 120, 8, MADE_DENY);
	made_end(&made);
	plan = plan_of(&made);
	assert_int_equal(plan.flat.flags, 0);
	assert_int_equal(plan.flat.n_bounds, 2); /* they are one */
	assert_int_equal(plan.flat.class, 1);
	eg_flat_plan_done(&plan);
	made_done(&made);

	made_begin(&made, 8, false);
	made_add(&made, 0, 0, MADE_DEFAULT);
	made_add(&made, (u128)10 << 120, 8, MADE_ALLOW);
	made_end(&made);
	plan = plan_of(&made);
	assert_int_equal(plan.flat.flags, EG_FLAT_BY_DEFAULT);
	eg_flat_plan_done(&plan);
	made_done(&made);

	made_begin(&made, 8, false);
	made_add(&made, 0, 0, MADE_DEFAULT);
	made_add(&made, (u128)10 << 120, 8, MADE_DENY);
	made_end(&made);
	plan = plan_of(&made);
	assert_int_equal(plan.flat.flags, EG_FLAT_KINDS8);
	eg_flat_plan_done(&plan);
	made_done(&made);
}

/* Lists of their own for each network, as many as a table takes, and one more. */
static void test_lists_limit(void **state)
{
	struct eg_flat_plan plan = {0};
	struct made made;

	(void)state;
	for (unsigned int more = 0; more < 2; more++) {
		size_t n = EG_FLAT_KINDS_MAX - EG_FLAT_LIST + more;

		made_begin(&made, n, false);
		for (size_t i = 0; i < n; i++)
			made_add(&made, (u128)i << 104, 24, MADE_LIST + (int)i);
		made_end(&made);
		if (more) {
			assert_int_equal(eg_flat_plan4(made.entries4, n, &plan), -E2BIG);
		} else {
			plan = plan_of(&made);
			assert_int_equal(plan.flat.flags, EG_FLAT_KINDS16);
			eg_flat_plan_done(&plan);
			expect_all(&made, 3001);
		}
		made_done(&made);
	}
}

static void test_disorder(void **state)
{
	struct eg_flat_plan plan = {0};
	struct made made;

	(void)state;
	made_begin(&made, 2, false);
	made_add(&made, (u128)10 << 120, 8, MADE_DENY);
	made_add(&made, (u128)11 << 120, 8, MADE_DENY);
	made_end(&made);
	made.entries4[1].key.addr[0] = 9; /* not sorted */
	assert_int_equal(eg_flat_plan4(made.entries4, 2, &plan), -EINVAL);
	made.entries4[1].key.addr[0] = 10; /* twice */
	assert_int_equal(eg_flat_plan4(made.entries4, 2, &plan), -EINVAL);
	made.entries4[1].key.addr[0] = 11;
	made.entries4[1].key.addr[3] = 1; /* behind its length */
	assert_int_equal(eg_flat_plan4(made.entries4, 2, &plan), -EINVAL);
	made.entries4[1].key.addr[3] = 0;
	made.entries4[1].key.prefix_len = 33;
	assert_int_equal(eg_flat_plan4(made.entries4, 2, &plan), -EINVAL);
	made_done(&made);
}

/* As many as a policy may have, none touching another: the most boundaries there can be. */
static void test_million(void **state)
{
	struct eg_flat_plan plan = {0};
	struct made made;
	uint8_t *table;

	(void)state;
	for (int v6 = 0; v6 < 3; v6++) {
		unsigned int shift = v6 == 0 ? 107 : v6 == 1 ? 80 : 1;
		u128 net = v6 ? (u128)0x2001 << 112 : 0;

		made_begin(&made, EG_PREFIXES_MAX, v6 != 0);
		for (u128 i = 0; i < EG_PREFIXES_MAX; i++)
			made_add(&made, net + (i << shift), 129 - (int)shift, MADE_DENY);
		made_end(&made);
		plan = plan_of(&made);
		if (!v6)
			assert_int_equal(eg_flat_size(plan.flat.class), 19 << 18);
		table = table_of(&plan);
		for (u128 i = 0; i < EG_PREFIXES_MAX; i++) {
			u128 at = net + (i << shift);

			assert_int_equal(find(&made, &plan, table, at).what, EG_FLAT_REFUSED);
			at += (u128)1 << (shift - 1);
			assert_int_equal(find(&made, &plan, table, at).what, EG_FLAT_PASS);
		}
		free(table);
		eg_flat_plan_done(&plan);
		made_done(&made);
	}
}

/* What RLIMIT_DATA counts, in bytes. */
static size_t data_now(void)
{
	size_t kilobytes = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmData: %zu", &kilobytes) == 1)
			break;
	(void)fclose(f);
	return kilobytes * 1024;
}

/* With ever more memory: it fails, and fails, until it does not. Nothing is left behind. */
static void test_short_of_memory(void **state)
{
	enum { N = 100000, STEP = 256 << 10, STEPS = 64 };
	struct eg_flat_plan plan = {0};
	size_t failed = 0, i;
	struct rlimit before;
	struct made made;
	int err = -ENOMEM;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip_because("the memory of a sanitizer cannot be limited");
#endif
	made_begin(&made, N, true);
	for (i = 0; i < N; i++)
		made_add(&made, (u128)i << 90, 40, MADE_LIST + (int)(i % 1000));
	made_end(&made);
	assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
	for (i = 0; i < STEPS && err == -ENOMEM; i++) {
		struct rlimit limit = {data_now() + i * STEP, before.rlim_max};

		assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
		err = eg_flat_plan6(made.entries6, made.n, &plan);
		assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
		failed += err == -ENOMEM;
		if (err < 0)
			assert_null(plan.runs.high);
	}
	assert_int_equal(err, 0);
	assert_in_range(failed, 3, STEPS); /* lists, halves of addresses, kinds */
	eg_flat_plan_done(&plan);
	made_done(&made);
}

/* Whatever shape and table say, a look-up reads nothing outside (sanitizers watch) and ends. */
static void test_broken_tables(void **state)
{
	struct eg_flat_plan plan;
	struct made made;
	uint8_t *table;

	(void)state;
	srand(9);
	for (int round = 0; round < 2000; round++) {
		struct eg_flat_plan broken;

		made_random(&made, (unsigned int)round, 100, round & 1, round % MADE_KINDS, 0);
		plan = plan_of(&made);
		table = table_of(&plan);
		broken = plan;
		for (int i = 0; i < 2; i++) {
			size_t at = 1 + (size_t)rand() % (sizeof(broken.flat) - 1);

			((uint8_t *)&broken.flat)[at] = (uint8_t)rand();
			table[(size_t)rand() % plan.used] = (uint8_t)rand();
		}
		/* x86 would not mind, the sanitizer does */
		broken.flat.kinds &= ~15U;
		broken.flat.lists &= ~15U;
		for (size_t i = 0; i < 20; i++)
			assert_in_range(find(&made, &broken, table, made_address(&made, i)).what, 0,
					EG_FLAT_MISSING);
		free(table);
		eg_flat_plan_done(&plan);
		made_done(&made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_alternating),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_beyond_the_window),
		cmocka_unit_test(test_plain_policies_have_no_kinds),
		cmocka_unit_test(test_lists_limit),
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_short_of_memory),
		cmocka_unit_test(test_broken_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
