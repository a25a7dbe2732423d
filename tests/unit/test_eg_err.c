// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Errors as text: what is cut when there is more than fits, and that it stays one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "eg_err.h"

static void test_append(void **state)
{
	char at[EG_PATH_TEXT_SIZE];
	struct eg_err err;

	(void)state;
	(void)eg_err_fail_at(&err, -1, 3, "why");
	eg_err_append(&err, " (%s at %d)", "here", 7);
	assert_string_equal(err.text, "why (here at 7)");
	assert_int_equal(err.line, 3);
	memset(err.text, 'x', sizeof(err.text) - 1); /* full: what comes last is whole */
	memset(at, 'y', sizeof(at) - 1);
	at[sizeof(at) - 1] = '\0';
	eg_err_append(&err, " (%s at %d)", at, 7);
	assert_int_equal(strlen(err.text), EG_ERR_TEXT_SIZE - 1);
	assert_int_equal(strspn(err.text, "x"), EG_ERR_TEXT_SIZE - 1 - (255 + strlen(" ( at 7)")));
	assert_string_equal(err.text + strlen(err.text) - strlen("y at 7)"), "y at 7)");
	eg_err_append(&err, "%s%s%s", at, at, at);
	assert_int_equal(strlen(err.text), EG_ERR_TEXT_SIZE - 1);
}

static void test_format(void **state)
{
	struct eg_err err = {.file = "a\nb", .text = "c\td\x7f"};
	char buf[64];

	(void)state;
	assert_string_equal(eg_err_format(&err, buf, sizeof(buf)), "a?b: c?d?");
	err.line = 7;
	assert_string_equal(eg_err_format(&err, buf, sizeof(buf)), "a?b:7: c?d?");
	assert_string_equal(eg_err_format(&err, buf, 6), "a?b:7");
	err.file[0] = '\0';
	assert_string_equal(eg_err_format(&err, buf, sizeof(buf)), "c?d?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("eg_err", tests, NULL, NULL);
}
