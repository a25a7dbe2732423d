// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds on the disk: what is read, what is refused with which file and line, limits, mutations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "feed.h"
#include "util.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define NO_DIGEST                                                                                  \
	" holds no SHA-256 digest: expected 64 hex digits, alone or before a blank or comma"

#define PLACE(line) " (exec.deny_sha256_files at c:" line ")"

static char dir[] = "/tmp/eg-feed-XXXXXX";
static char path_a[64], path_b[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path_a, sizeof(path_a), "%s/a", dir);
	(void)snprintf(path_b, sizeof(path_b), "%s/b", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path_a);
	(void)unlink(path_b);
	return rmdir(dir);
}

static void put(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(close(fd), 0);
}

/* Reads the digests of a profile with these texts and feeds. */
static int digests_of(const char *const *texts, const char *const *feeds, struct eg_digests *ret,
		      struct eg_err *reterr)
{
	struct eg_config_text of_texts[4], of_feeds[4];
	struct eg_config_profile profile = {.exec_deny_sha256.list = of_texts,
					    .exec_deny_sha256_files.list = of_feeds};
	size_t n = 0;

	for (; texts[n]; n++)
		of_texts[n] = (struct eg_config_text){.text = (char *)texts[n],
						      .line = 10 + (unsigned int)n};
	profile.exec_deny_sha256.n = n;
	for (n = 0; feeds[n]; n++)
		of_feeds[n] = (struct eg_config_text){.text = (char *)feeds[n],
						      .line = 20 + (unsigned int)n};
	profile.exec_deny_sha256_files.n = n;
	*reterr = (struct eg_err){0};
	return eg_feed_digests("c", &profile, geteuid(), ret, reterr);
}

static const char *const none[] = {NULL};

/* One feed of this text. */
static int feed_of(const char *bytes, size_t n, struct eg_digests *ret, struct eg_err *reterr)
{
	const char *const feeds[] = {path_a, NULL};

	put(path_a, bytes, n);
	return digests_of(none, feeds, ret, reterr);
}

static void test_digests(void **state)
{
	const char *const texts[] = {B, A, NULL}, *const feeds[] = {path_a, path_b, NULL};
	const struct {
		uint8_t byte;
		unsigned int line;
	} wanted[] = {{0xbb, 10}, {0xaa, 11}, {0xcc, 20}, {0x00, 21}};
	char zeros[EG_DIGEST_TEXT + 1] = "";
	struct eg_digests digests = {0};
	struct eg_err err;

	(void)state;
	memset(zeros, '0', EG_DIGEST_TEXT);
	put(path_a, "# one\r\n" C "  name\r\n\r\n" A "\r\n", strlen(C) + strlen(A) + 19);
	put(path_b, zeros, EG_DIGEST_TEXT); /* no newline at the end */
	assert_int_equal(digests_of(texts, feeds, &digests, &err), 0);
	assert_int_equal(digests.n, EG_ARRAY_SIZE(wanted));
	for (size_t i = 0; i < digests.n; i++) {
		assert_int_equal(digests.list[i].hash.sha256[0], wanted[i].byte);
		assert_int_equal(digests.list[i].hash.sha256[31], wanted[i].byte);
		assert_int_equal(digests.list[i].line, wanted[i].line);
	}
	eg_digests_done(&digests);
	assert_int_equal(digests_of(none, none, &digests, &err), 0);
	assert_int_equal(digests.n, 0);
	assert_int_equal(feed_of("", 0, &digests, &err), 0);
	assert_int_equal(digests.n, 0);
	eg_digests_done(&digests);
}

static void test_digests_wrong_line(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		unsigned int line;
		const char *message;
	} cases[] = {
		{"x\n", 2, 1, "\"x\"" NO_DIGEST},
		{A "\n" B "\nxyz", 133, 3, "\"xyz\"" NO_DIGEST},
		{"\n#\n" A "a\n", 68, 3, "\"" A "...\"" NO_DIGEST},
		{A "\n\0\n", 67, 2, "NUL byte; a feed is plain text, a digest a line"},
		{"\x7f"
		 "ELF\0",
		 5, 1, "NUL byte; a feed is plain text, a digest a line"},
		{"\x1b[31m\n", 6, 1, "\"\\x1B[31m\"" NO_DIGEST},
		{"\xff\n", 2, 1, "\"\\xFF\"" NO_DIGEST},
		{"d41d8cd98f00b204e9800998ecf8427e\n", 33, 1,
		 "\"d41d8cd98f00b204e9800998ecf8427e\" holds a digest of another kind: expected "
		 "SHA-256, 64 hex digits"},
	};

	(void)state;
	for (size_t i = 0; i < EG_ARRAY_SIZE(cases); i++) {
		struct eg_digests digests = {0};
		struct eg_err err;
		char message[EG_ERR_TEXT_SIZE];

		assert_int_equal(feed_of(cases[i].text, cases[i].n, &digests, &err), -EINVAL);
		assert_string_equal(err.file, path_a);
		assert_int_equal(err.line, cases[i].line);
		(void)snprintf(message, sizeof(message), "%s" PLACE("20"), cases[i].message);
		assert_string_equal(err.text, message);
		assert_null(digests.list);
	}
}

static void test_digests_file(void **state)
{
	const char *const feeds[] = {path_a, NULL}, *const missing[] = {"/nonexistent/feed", NULL},
			  *const directory[] = {dir, NULL}, *const device[] = {"/dev/null", NULL};
	struct eg_digests digests = {0};
	struct eg_err err;

	(void)state;
	assert_int_equal(digests_of(none, missing, &digests, &err), -ENOENT);
	assert_string_equal(err.file, "/nonexistent/feed");
	assert_int_equal(err.line, 0);
	assert_int_equal(digests_of(none, directory, &digests, &err), -EINVAL);
	assert_int_equal(digests_of(none, device, &digests, &err), -EINVAL);
	put(path_a, A "\n", strlen(A) + 1);
	assert_int_equal(chmod(path_a, 0620), 0);
	assert_int_equal(digests_of(none, feeds, &digests, &err), -EPERM);
	assert_string_equal(err.file, path_a);
	assert_int_equal(chmod(path_a, 0602), 0);
	assert_int_equal(digests_of(none, feeds, &digests, &err), -EPERM);
	assert_int_equal(chmod(path_a, 0644), 0);
	assert_int_equal(digests_of(none, feeds, &digests, &err), 0);
	assert_int_equal(digests.n, 1);
	eg_digests_done(&digests);
	assert_int_equal(truncate(path_a, (off_t)EG_FEED_SIZE_MAX + 1), 0);
	assert_int_equal(digests_of(none, feeds, &digests, &err), -EFBIG);
	assert_int_equal(unlink(path_a), 0);
	assert_int_equal(mkfifo(path_a, 0600), 0); /* must not hold us up */
	assert_int_equal(digests_of(none, feeds, &digests, &err), -EINVAL);
	assert_int_equal(unlink(path_a), 0);
}

static void test_digests_long_line(void **state)
{
	char *text = malloc(EG_FEED_LINE_MAX + 2);
	struct eg_digests digests = {0};
	struct eg_err err;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', EG_FEED_LINE_MAX + 2);
	memcpy(text, A ",", strlen(A) + 1);
	assert_int_equal(feed_of(text, EG_FEED_LINE_MAX, &digests, &err), 0);
	assert_int_equal(digests.n, 1);
	eg_digests_done(&digests);
	assert_int_equal(feed_of(text, EG_FEED_LINE_MAX + 1, &digests, &err), -EINVAL);
	assert_non_null(strstr(err.text, " is too long for a line of a feed"));
	free(text);
}

static void write_many(const char *path, uint32_t from, uint32_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (uint32_t i = 0; i < n; i++)
		(void)fprintf(file, "%056x%08x\n", 0, from + i);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* As many as there may be, with all of them once more in a second feed, and one more. */
static void test_digests_most(void **state)
{
	const char *const both[] = {path_a, path_b, NULL};
	struct timespec before, after;
	struct eg_digests digests = {0};
	struct eg_err err;
	long ms;

	(void)state;
	write_many(path_a, 0, EG_HASHES_MAX);
	write_many(path_b, 0, EG_HASHES_MAX);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	assert_int_equal(digests_of(none, both, &digests, &err), 0);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	assert_int_equal(digests.n, EG_HASHES_MAX);
	eg_digests_done(&digests);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	print_message("two feeds of %d digests: %ld ms\n", EG_HASHES_MAX, ms);
	write_many(path_b, EG_HASHES_MAX - 2, 3);
	assert_int_equal(digests_of(none, both, &digests, &err), -E2BIG);
	assert_string_equal(err.file, path_b);
	assert_int_equal(err.line, 3);
	assert_string_equal(
		err.text,
		"more than 1048576 different digests; that is what one policy takes" PLACE("21"));
}

/* Every byte of a feed changed into some others, and every length: nothing but 0 and -EINVAL. */
static void test_digests_mutated(void **state)
{
	static const char valid[] = "# x\r\n" A "\n\"" B "\",y\n\n\\" C "  z\n";
	static const char bytes[] = "\0\n\r\"\\#,; gaA0\x7f\xff";
	struct eg_digests digests = {0};
	struct eg_err err;

	(void)state;
	assert_int_equal(feed_of(valid, sizeof(valid) - 1, &digests, &err), 0);
	assert_int_equal(digests.n, 3);
	eg_digests_done(&digests);
	for (size_t i = 0; i < sizeof(valid) - 1; i++) {
		char text[sizeof(valid)];
		int r;

		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			memcpy(text, valid, sizeof(valid));
			text[i] = bytes[k];
			r = feed_of(text, sizeof(valid) - 1, &digests, &err);
			assert_true(r == 0 || r == -EINVAL);
			assert_true(r == 0 || (err.line >= 1 && err.line <= 6 && err.text[0]));
			eg_digests_done(&digests);
		}
		r = feed_of(valid, i, &digests, &err);
		assert_true(r == 0 || r == -EINVAL);
		eg_digests_done(&digests);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),	     cmocka_unit_test(test_digests_wrong_line),
		cmocka_unit_test(test_digests_file), cmocka_unit_test(test_digests_long_line),
		cmocka_unit_test(test_digests_most), cmocka_unit_test(test_digests_mutated),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
