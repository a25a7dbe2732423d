// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Text of others in JSON: valid whatever the bytes are, unambiguous, and harmless to a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl_json.h"
#include "util.h"

/* What is printed of an array with this text in it. */
static void printed(const char *bytes, size_t n, char *out, size_t size)
{
	int was = dup(1);
	FILE *file = tmpfile();
	struct json_object *array = eg_ctl_json_array();

	assert_non_null(file);
	(void)fflush(stdout);
	assert_true(dup2(fileno(file), 1) >= 0);
	eg_ctl_json_append(array, eg_ctl_json_text(bytes, n));
	eg_ctl_json_print(array);
	(void)fflush(stdout);
	assert_true(dup2(was, 1) >= 0);
	(void)close(was);
	rewind(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

static const struct {
	const char *bytes, *out;
} texts[] = {
	{"plain", "[\"plain\"]\n"},
	{"", "[\"\"]\n"},
	{"a\"b/c", "[\"a\\\"b/c\"]\n"},
	{"a\nb\x1b[2J", "[\"a\\nb\\u001b[2J\"]\n"},
	{"\x7f", "[\"\\u007f\"]\n"},
	{"\xc2\x9b", "[\"\\u009b\"]\n"},     /* CSI, in one character */
	{"\xe2\x80\xae", "[\"\\u202e\"]\n"}, /* what follows runs backwards */
	{"\xf0\x9f\x98\x80", "[\"\\ud83d\\ude00\"]\n"},
	{"\\", "[\"\\\\x5c\"]\n"},
	{"\\xff", "[\"\\\\x5cxff\"]\n"},
	{"\xff", "[\"\\\\xff\"]\n"},
	{"\xc0\x80", "[\"\\\\xc0\\\\x80\"]\n"},			      /* longer than need be */
	{"\xed\xa0\x80", "[\"\\\\xed\\\\xa0\\\\x80\"]\n"},	      /* half of a pair */
	{"\xf4\x90\x80\x80", "[\"\\\\xf4\\\\x90\\\\x80\\\\x80\"]\n"}, /* beyond the last */
	{"\xe2\x82", "[\"\\\\xe2\\\\x82\"]\n"},			      /* cut */
	{"\xe2\x82x", "[\"\\\\xe2\\\\x82x\"]\n"},
	{"\x80", "[\"\\\\x80\"]\n"},
};

static void test_texts(void **state)
{
	char out[256];

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(texts); i++) {
		printed(texts[i].bytes, strlen(texts[i].bytes), out, sizeof(out));
		assert_string_equal(out, texts[i].out);
	}
}

/* Every two bytes give something that can be read again, in printable ASCII. */
static void test_all_pairs(void **state)
{
	char out[256];

	(void)state;
	for (unsigned int i = 0; i < 65536; i += 7) {
		const char bytes[2] = {(char)(i >> 8), (char)i};
		struct json_object *parsed;

		printed(bytes, 2, out, sizeof(out));
		for (const char *at = out; *at && *at != '\n'; at++)
			assert_in_range(*at, 0x20, 0x7e);
		parsed = json_tokener_parse(out);
		assert_non_null(parsed);
		json_object_put(parsed);
	}
}

static void test_members(void **state)
{
	struct json_object *json = eg_ctl_json_object(), *member;

	(void)state;
	eg_ctl_json_add_text(json, "empty", "");
	eg_ctl_json_add_text(json, "none", NULL);
	eg_ctl_json_add_time(json, "never", 0);
	assert_int_equal(json_object_object_length(json), 0);
	eg_ctl_json_add_time(json, "time", 1795000000);
	assert_true(json_object_object_get_ex(json, "time", &member));
	assert_string_equal(json_object_get_string(member), "2026-11-18T11:06:40Z");
	eg_ctl_json_add_number(json, "big", UINT64_MAX);
	assert_true(json_object_object_get_ex(json, "big", &member));
	assert_true(json_object_get_int64(member) == INT64_MAX);
	json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
