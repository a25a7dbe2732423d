// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The log summed up: slots of time, what is missing, as many names as there is room for; and counts
 * by name. */
#include <errno.h>

#include "audit.h"
#include "learn_helpers.h"
#include "util.h"

enum { HOUR_S = 3600 };

/* time_s: of the record. */
static void deny(struct eg_audit *audit, int64_t time_s, const char *dst, int count)
{
	static struct eg_record_line line;
	char text[1024], when[64];
	time_t t = (time_t)time_s;
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.000Z", &tm) > 0);
	(void)snprintf(text, sizeof(text),
		       "DENY connect" HEAD "proto=tcp dst=%s port=80 rule=default errno=EPERM "
		       "count=%d host=h time=%s mono=1.000",
		       dst, count, when);
	assert_int_equal(parse(text, &line), 0);
	assert_int_equal(eg_audit_take(audit, &line, 0), 0);
}

static void test_slots(void **state)
{
	static const struct {
		int64_t hours[3]; /* before NOW_S; events there, of 1, 2 and 4 */
		int64_t since_h;  /* 0 = not asked for */
		size_t n;
		int64_t length_h;
	} cases[] = {
		{{0, 0, 0}, 0, 1, 1},
		{{0, 1, 2}, 0, 3, 1},
		{{2, 0, 1}, 0, 3, 1},
		{{95, 0, 1}, 0, 96, 1},
		{{0, 96, 1}, 0, 49, 2},
		{{24, 0, 24 * 30}, 0, 61, 12},
		{{0, 1, 24 * 365}, 0, 53, 7 * 24},
		{{0, 1, 2}, 47, 48, 1},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_audit audit = {.now_ms = (int64_t)NOW_S * 1000};
		struct eg_audit_slot slots[EG_AUDIT_SLOTS_MAX];
		uint64_t sum = 0;
		size_t n;

		if (cases[i].since_h)
			audit.match.since_ms = ((int64_t)NOW_S - cases[i].since_h * HOUR_S) * 1000;
		for (int j = 0; j < 3; j++)
			deny(&audit, NOW_S - cases[i].hours[j] * HOUR_S, "1.2.3.4", 1 << j);
		n = eg_audit_slots(&audit, slots);
		for (size_t j = 0; j < n; j++) {
			sum += slots[j].refused;
			assert_int_equal(slots[j].end_s - slots[j].begin_s,
					 slots[0].end_s - slots[0].begin_s);
			assert_true(!j || slots[j].begin_s == slots[j - 1].end_s);
		}
		if (n > EG_AUDIT_SLOTS_MAX || sum != 7)
			fail_msg("%zu: %zu slots, %llu", i, n, (unsigned long long)sum);
		assert_int_equal(n, cases[i].n);
		assert_int_equal(slots[0].end_s - slots[0].begin_s, cases[i].length_h * HOUR_S);
		eg_audit_done(&audit);
	}
}

/* Each event in the slot of its hour, whatever order they come in. */
static void test_slots_order(void **state)
{
	struct eg_audit audit = {.now_ms = (int64_t)NOW_S * 1000};
	struct eg_audit_slot slots[EG_AUDIT_SLOTS_MAX];
	unsigned int seed = 3;
	uint64_t expected[48] = {0};

	(void)state;
	deny(&audit, NOW_S, "1.2.3.4", 1);
	deny(&audit, NOW_S + 47 * HOUR_S, "1.2.3.4", 1);
	expected[0] = expected[47] = 1;
	for (int i = 0; i < 500; i++) {
		int hour = rand_r(&seed) % 48, count = 1 + rand_r(&seed) % 9;

		deny(&audit, NOW_S + hour * HOUR_S + rand_r(&seed) % HOUR_S, "1.2.3.4", count);
		expected[hour] += (uint64_t)count;
	}
	assert_int_equal(eg_audit_slots(&audit, slots), 48);
	for (int i = 0; i < 48; i++)
		assert_int_equal(slots[i].refused, expected[i]);
	eg_audit_done(&audit);
}

/* A clock that was wrong makes no room for a century. */
static void test_slots_far(void **state)
{
	struct eg_audit audit = {.now_ms = (int64_t)NOW_S * 1000};

	(void)state;
	deny(&audit, NOW_S, "1.2.3.4", 1);
	deny(&audit, DAY_S, "1.2.3.4", 5);
	assert_int_equal(audit.refused, 6);
	assert_int_equal(audit.outside, 5);
	assert_int_equal(audit.n_hours, 1);
	eg_audit_done(&audit);
}

static void test_missing(void **state)
{
	static const char *const lines[] = {
		FRONT "SUPPRESSED session=7 user=alice count=57 connect=50 setuid=4" TAIL,
		FRONT "LOST session=7 user=alice count=3 connect=3" TAIL,
		FRONT "DENY connect session=7 user=al",
		"DENY connect session=7 user=al", /* without a time it may be one of these */
		"2026-11-19T10:00:00Z host ebpfguard-helper[1]: DENY connect session=7 user=al",
	};
	struct eg_audit audit = {.match = {.since_ms = (int64_t)(NOW_S - DAY_S) * 1000}};
	static struct eg_record_line line;
	uint64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(lines); i++) {
		int err = parse(lines[i], &line);

		assert_int_equal(eg_audit_take(&audit, &line, err), 0);
	}
	eg_audit_finish(&audit);
	assert_int_equal(audit.suppressed, 57);
	assert_int_equal(audit.lost, 3);
	assert_int_equal(audit.broken, 2);
	assert_int_equal(audit.refused, 0);
	/* the rows add up, what the operations leave over too */
	for (size_t i = 0; i < audit.tables[EG_AUDIT_MISSING].n; i++)
		sum += audit.tables[EG_AUDIT_MISSING].rows[i]->refused;
	assert_int_equal(sum, 60);
	assert_int_equal(audit.tables[EG_AUDIT_MISSING].n, 4);
	eg_audit_done(&audit);
}

/* ---- counts by name */

static void test_tally(void **state)
{
	struct eg_tally tally = {0};
	const char *cell;
	size_t n;

	(void)state;
	assert_int_equal(eg_tally_add(&tally, "b\tx", 1, 0, 20), 0);
	assert_int_equal(eg_tally_add(&tally, "a\ty\t", 0, 1, 30), 0);
	assert_int_equal(eg_tally_add(&tally, "c", 5, 0, 1), 0);
	assert_int_equal(eg_tally_add(&tally, "b\tx", 1, 1, 10), 0);
	assert_int_equal(eg_tally_add(&tally, "a\ty\t", 0, 2, 40), 0);
	eg_tally_sort(&tally);
	assert_int_equal(tally.n, 3);
	assert_string_equal(tally.rows[0]->key, "c");
	assert_string_equal(tally.rows[1]->key, "a\ty\t");
	assert_int_equal(tally.rows[1]->audited, 3);
	assert_true(tally.rows[1]->first_ms == 30 && tally.rows[1]->last_ms == 40);
	assert_int_equal(tally.rows[2]->refused, 2);
	assert_true(tally.rows[2]->first_ms == 10 && tally.rows[2]->last_ms == 20);
	cell = eg_tally_cell(tally.rows[1], 0, &n);
	assert_int_equal(n, 1);
	assert_memory_equal(cell, "a", 1);
	cell = eg_tally_cell(tally.rows[1], 1, &n);
	assert_int_equal(n, 1);
	assert_memory_equal(cell, "y", 1);
	for (size_t i = 2; i < 5; i++) {
		(void)eg_tally_cell(tally.rows[1], i, &n);
		assert_int_equal(n, 0);
	}
	eg_tally_done(&tally);
}

/* What a scanner does to a table: memory has an end, the sum has not, and who comes later and is
 * often refused is seen all the same. */
static void test_tally_most(void **state)
{
	struct eg_tally tally = {0};
	uint64_t sum;
	char key[32];

	(void)state;
	for (int i = 0; i < 3 * EG_TALLY_MAX + 100; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(eg_tally_add(&tally, key, 2, 1, i), 0);
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(eg_tally_add(&tally, "late", 2, 1, 0), 0);
	for (int i = 0; i < EG_TALLY_MAX; i++) {
		(void)snprintf(key, sizeof(key), "again%d", i);
		assert_int_equal(eg_tally_add(&tally, key, 2, 1, i), 0);
	}
	assert_true(tally.n <= EG_TALLY_MAX && tally.n >= EG_TALLY_MAX / 2);
	eg_tally_sort(&tally);
	assert_string_equal(tally.rows[0]->key, "late");
	assert_int_equal(tally.rows[0]->refused, 10);
	sum = tally.others;
	for (size_t i = 0; i < tally.n; i++)
		sum += tally.rows[i]->refused + tally.rows[i]->audited;
	assert_int_equal(sum, 3 * (4 * EG_TALLY_MAX + 100 + 5));
	eg_tally_done(&tally);
	eg_tally_sort(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),	  cmocka_unit_test(test_slots_order),
		cmocka_unit_test(test_slots_far), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_tally),	  cmocka_unit_test(test_tally_most),
	};

	live_in_utc();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
