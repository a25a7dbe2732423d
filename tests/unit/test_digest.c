// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Digests: their text in every form that feeds have, and sets of them against a naive one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest.h"
#include "util.h"

#define LOW  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HIGH "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

/* The digest of nothing. */
static const uint8_t nothing[EG_HASH_SIZE] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

static void test_parse(void **state)
{
	static const char *const wrong[] = {
		"",
		"e3",
		LOW "0",
		" " LOW,
		LOW " ",
		"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4"
		"95991b7852b855",
		"0xb0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};
	struct eg_hash hash = {0}, before = {.sha256 = {1}};

	(void)state;
	assert_int_equal(eg_digest_parse(LOW, strlen(LOW), &hash), 0);
	assert_memory_equal(hash.sha256, nothing, sizeof(nothing));
	hash = (struct eg_hash){0};
	assert_int_equal(eg_digest_parse(HIGH, strlen(HIGH), &hash), 0);
	assert_memory_equal(hash.sha256, nothing, sizeof(nothing));
	for (size_t i = 0; i < EG_ARRAY_SIZE(wrong); i++) {
		hash = before;
		assert_int_equal(eg_digest_parse(wrong[i], strlen(wrong[i]), &hash), -EINVAL);
		assert_memory_equal(&hash, &before, sizeof(hash));
	}
}

/* Each byte of a digest, replaced by each other byte. */
static void test_parse_mutated(void **state)
{
	struct eg_hash hash;

	(void)state;
	for (size_t at = 0; at < EG_DIGEST_TEXT; at++) {
		for (int c = 0; c < 256; c++) {
			char text[EG_DIGEST_TEXT + 1] = LOW;
			bool hex = c && strchr("0123456789abcdefABCDEF", c);

			text[at] = (char)c;
			assert_int_equal(eg_digest_parse(text, EG_DIGEST_TEXT, &hash),
					 hex ? 0 : -EINVAL);
		}
	}
}

static void test_parse_line(void **state)
{
	static const struct {
		const char *line;
		int result;
	} cases[] = {
		{"", 0},
		{"   \t", 0},
		{"\r", 0},
		{"# a comment", 0},
		{"  # " LOW, 0},
		{"#", 0},
		{LOW, 1},
		{HIGH, 1},
		{LOW "\r", 1},
		{"  " LOW "\t ", 1},
		{LOW "  name", 1},
		{LOW " *name with blanks\r", 1},
		{LOW "\tname", 1},
		{"\\" LOW "  a\\nname", 1},
		{LOW ",2026-01-01,\"x, y\"", 1},
		{LOW ";x", 1},
		{LOW ",", 1},
		{LOW " # why", 1},
		{"\"" LOW "\"", 1},
		{"\"" LOW "\",\"exe\"", 1},
		{"sha256,name", -EINVAL},
		{LOW "0", -EINVAL},
		{LOW "x", -EINVAL},
		{LOW ":x", -EINVAL},
		{"\"" LOW, -EINVAL},
		{"\"" LOW "\"x", -EINVAL},
		{"\"" LOW "x\"", -EINVAL},
		{"\"", -EINVAL},
		{"\\", -EINVAL},
		{"name  " LOW, -EINVAL},
		{"SHA256 (name) = " LOW, -EINVAL},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", -EINVAL},
		{"d41d8cd98f00b204e9800998ecf8427e  name", -EINVAL},
		{"// " LOW, -EINVAL},
		{"\x00" LOW, 0}, /* ends at once, as a C string; feed.c refuses the byte */
		{"\xef\xbb\xbf" LOW, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_hash hash = {0};
		const char *why = NULL;
		int r = eg_digest_parse_line(cases[i].line, strlen(cases[i].line), &hash, &why);

		if (r != cases[i].result)
			fail_msg("line %zu: %d", i, r);
		if (r > 0)
			assert_memory_equal(hash.sha256, nothing, sizeof(nothing));
		assert_true(r >= 0 || (why && *why));
	}
}

static void test_parse_line_other_kind(void **state)
{
	struct eg_hash hash;
	const char *why = NULL;
	const char *sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

	(void)state;
	assert_int_equal(eg_digest_parse_line(sha1, strlen(sha1), &hash, &why), -EINVAL);
	assert_non_null(strstr(why, "another kind"));
}

/* A digest by its number; step: how many zero bytes stand in front, as no real digest has. */
static struct eg_hash hash_of(uint32_t number, size_t step)
{
	struct eg_hash hash = {0};

	memcpy(hash.sha256 + step, &number, sizeof(number));
	return hash;
}

static void test_add(void **state)
{
	enum { N = 5000 };
	static const size_t steps[] = {0, 7, 8, 21, 28};

	(void)state;
	for (size_t s = 0; s < EG_ARRAY_SIZE(steps); s++) {
		struct eg_digests digests = {0};
		struct eg_hash hash;

		for (uint32_t i = 0; i < N; i++) {
			hash = hash_of(i, steps[s]);
			assert_int_equal(eg_digests_add(&digests, &hash, i + 1), 1);
		}
		for (uint32_t i = 0; i < N; i++) {
			hash = hash_of(i, steps[s]);
			assert_int_equal(eg_digests_add(&digests, &hash, 7), 0);
		}
		assert_int_equal(digests.n, N);
		for (uint32_t i = 0; i < N; i++) {
			hash = hash_of(i, steps[s]);
			assert_memory_equal(&digests.list[i].hash, &hash, sizeof(hash));
			assert_int_equal(digests.list[i].line, i + 1);
		}
		eg_digests_done(&digests);
		assert_int_equal(digests.n, 0);
	}
}

/* Against a bitmap: numbers that come again and again. */
static void test_add_random(void **state)
{
	enum { N = 20000, RANGE = 3000 };
	static bool there[RANGE];
	struct eg_digests digests = {0};
	size_t n = 0;

	(void)state;
	srand(1);
	for (size_t i = 0; i < N; i++) {
		uint32_t number = (uint32_t)rand() % RANGE;
		struct eg_hash hash = hash_of(number, 13);

		assert_int_equal(eg_digests_add(&digests, &hash, 1), !there[number]);
		n += !there[number];
		there[number] = true;
	}
	assert_int_equal(digests.n, n);
	eg_digests_done(&digests);
}

static void test_add_too_many(void **state)
{
	struct eg_digests digests = {0};
	struct eg_hash hash;

	(void)state;
	for (uint32_t i = 0; i < EG_HASHES_MAX; i++) {
		hash = hash_of(i, 4);
		if (eg_digests_add(&digests, &hash, 1) != 1)
			fail_msg("%u", i);
	}
	hash = hash_of(5, 4);
	assert_int_equal(eg_digests_add(&digests, &hash, 1), 0); /* one that is there */
	hash = hash_of(EG_HASHES_MAX, 4);
	assert_int_equal(eg_digests_add(&digests, &hash, 1), -E2BIG);
	assert_int_equal(digests.n, EG_HASHES_MAX);
	eg_digests_done(&digests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	     cmocka_unit_test(test_parse_mutated),
		cmocka_unit_test(test_parse_line),   cmocka_unit_test(test_parse_line_other_kind),
		cmocka_unit_test(test_add),	     cmocka_unit_test(test_add_random),
		cmocka_unit_test(test_add_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
