// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What tightening changes about a session: which guards get another slot, and what it cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "order.h"

/* Slots. */
enum { A = 2, B, C, D };

static struct eg_order order;
static struct eg_record record;

/* A session that has these slots, and no order. */
static void make(uint32_t profile, uint32_t origin)
{
	order = (struct eg_order){0};
	record = (struct eg_record){.profile = profile, .origin = origin, .profile_name = "old"};
}

static void expect(uint32_t from, uint32_t to, uint32_t profile, uint32_t origin)
{
	assert_int_equal(order.from, from);
	assert_int_equal(order.to, to);
	assert_int_equal(record.profile, profile);
	assert_int_equal(record.origin, origin);
}

static void test_plain(void **state)
{
	(void)state;
	make(A, 0);
	order.flags = EG_ORDER_QUARANTINE;
	assert_int_equal(eg_order_swap(&order, &record, A, A, B, "new"), 0);
	expect(A, B, B, 0);
	assert_string_equal(record.profile_name, "new");
	assert_int_equal(order.flags, EG_ORDER_QUARANTINE);
}

/* The guards go on naming the first slot, however often. */
static void test_again(void **state)
{
	(void)state;
	make(A, 0);
	assert_int_equal(eg_order_swap(&order, &record, A, A, B, "b"), 0);
	assert_int_equal(eg_order_swap(&order, &record, A, B, C, "c"), 0);
	expect(A, C, C, 0);
	assert_string_equal(record.profile_name, "c");
	assert_int_equal(eg_order_swap(&order, &record, A, C, A, "a"), 0);
	expect(A, A, A, 0);
}

/* Of a session opened from within one: what it has from there, and not its own. */
static void test_origin(void **state)
{
	(void)state;
	make(D, A);
	assert_int_equal(eg_order_swap(&order, &record, D, A, B, "b"), 0);
	expect(A, B, D, B);
	assert_string_equal(record.profile_name, "old");
	make(A, A);
	assert_int_equal(eg_order_swap(&order, &record, A, A, B, "b"), 0);
	expect(A, B, B, B);
}

static void expect_nothing(int error, uint32_t bound, uint32_t from)
{
	const struct eg_order order_before = order;
	const struct eg_record record_before = record;

	assert_int_equal(eg_order_swap(&order, &record, bound, from, C, "c"), error);
	assert_memory_equal(&order, &order_before, sizeof(order));
	assert_memory_equal(&record, &record_before, sizeof(record));
}

static void test_not_there(void **state)
{
	(void)state;
	make(A, D);
	expect_nothing(-ENOENT, A, B);
}

/* There is one order for a session. */
static void test_taken(void **state)
{
	(void)state;
	make(D, A);
	assert_int_equal(eg_order_swap(&order, &record, D, A, B, "b"), 0);
	expect_nothing(-EBUSY, D, D);
	/* Its own guard names B by itself, the other one does by the order. */
	make(B, A);
	assert_int_equal(eg_order_swap(&order, &record, B, A, B, "b"), 0);
	expect_nothing(-EBUSY, B, B);
}

/* Half a tightening: the order of before, or one that changes nothing, and the record of after. */
static void halve(uint32_t bound, uint32_t from, uint32_t to)
{
	struct eg_order before = order;

	assert_int_equal(eg_order_swap(&order, &record, bound, from, to, "new"), 0);
	if (!before.from)
		before.from = before.to = order.from;
	order = before;
}

static void test_mend(void **state)
{
	(void)state;
	make(A, 0);
	halve(A, A, B);
	assert_true(eg_order_mend(&order, &record, A));
	expect(A, B, B, 0);
	/* once more, and that time the order was there before */
	halve(A, B, C);
	assert_true(eg_order_mend(&order, &record, A));
	expect(A, C, C, 0);
	assert_false(eg_order_mend(&order, &record, A));
	/* a manager that does not run */
	halve(0, C, D);
	assert_true(eg_order_mend(&order, &record, 0));
	expect(A, D, D, 0);
}

/* What a session has from the one where it was opened, which only its labels name. */
static void test_mend_origin(void **state)
{
	(void)state;
	make(D, A);
	halve(D, A, B);
	assert_true(eg_order_mend(&order, &record, D));
	expect(A, B, D, B);
	halve(D, B, C);
	assert_true(eg_order_mend(&order, &record, D));
	expect(A, C, D, C);
	assert_false(eg_order_mend(&order, &record, D));
	assert_false(eg_order_mend(&order, &record, 0));
	expect(A, C, D, C);
}

/* Killed before the record was changed, or put back: no order. */
static void test_mend_nothing(void **state)
{
	(void)state;
	make(A, D);
	order = (struct eg_order){.from = A, .to = A, .flags = EG_ORDER_QUARANTINE};
	assert_true(eg_order_mend(&order, &record, A));
	expect(0, 0, A, D);
	assert_int_equal(order.flags, EG_ORDER_QUARANTINE);
	assert_false(eg_order_mend(&order, &record, A));
	assert_false(eg_order_mend(&order, &record, 0));
	expect(0, 0, A, D);
}

/* No order at all, but a record that is ahead of the guard. */
static void test_mend_without(void **state)
{
	(void)state;
	make(B, 0);
	assert_true(eg_order_mend(&order, &record, A));
	expect(A, B, B, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	     cmocka_unit_test(test_again),
		cmocka_unit_test(test_origin),	     cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_taken),	     cmocka_unit_test(test_mend),
		cmocka_unit_test(test_mend_origin),  cmocka_unit_test(test_mend_nothing),
		cmocka_unit_test(test_mend_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
