/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the targets share. A target is one function from bytes to nothing, which calls one parser
 * and says what must hold whatever the bytes are. libFuzzer calls it by the name that it wants; so
 * does mutate.c, which needs no libFuzzer.
 */
#ifndef EG_FUZZ_H
#define EG_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The target. data: size bytes, which may be anything. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input (common.c). */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* How many mutations mutate.c makes of a target's corpus: what takes about a second. */
extern const unsigned int eg_fuzz_mutations;

/* Ends the program, with a line that says what did not hold. (common.c) */
__attribute__((noreturn)) void eg_fuzz_failed(const char *file, int line, const char *what);

#define must(condition) ((condition) ? (void)0 : eg_fuzz_failed(__FILE__, __LINE__, #condition))

/* For headers of the unit tests, which expect cmocka. */
#define assert_true(condition) must(condition)
#define assert_non_null(p)     must((p) != NULL)
#define assert_int_equal(a, b) must((a) == (b))

/* A copy with a NUL behind it, in memory of exactly that size, so that ASan sees who reads on.
 * Owned by the caller. */
static inline char *eg_fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Is it one line for any terminal? n bytes. */
static inline bool eg_fuzz_is_line(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

static inline unsigned int eg_fuzz_lines(const char *text, size_t n)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

#endif
