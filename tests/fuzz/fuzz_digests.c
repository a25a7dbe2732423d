// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A feed of digests: any file. Its first line is the list in the configuration as well. */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed.h"

enum { FEED_LINE = 7, TEXT_LINE = 5, CLOSELY = 8 /* so many of a list */ };

const unsigned int eg_fuzz_mutations = 30000;

/* Reads the file, and before it the one digest in the configuration, NULL = none. */
static int parse(const char *text, size_t n, char *digest, struct eg_digests *ret,
		 struct eg_err *err)
{
	struct eg_config_text own = {.text = digest, .line = TEXT_LINE}, of = {.line = FEED_LINE};
	struct eg_config_profile profile = {
		.exec_deny_sha256 = {.list = &own, .n = digest ? 1 : 0, .set = digest != NULL},
		.exec_deny_sha256_files = {.list = &of, .n = 1, .set = true},
	};
	int fd = memfd_create("fuzz", MFD_CLOEXEC), r;
	char path[64];

	must(fd >= 0 && fchmod(fd, 0600) == 0);
	must(write(fd, text, n) == (ssize_t)n);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	of.text = path;
	r = eg_feed_digests("fuzz.conf", &profile, geteuid(), ret, err);
	must(close(fd) == 0);
	return r;
}

static void format(const struct eg_hash *hash, char text[EG_DIGEST_TEXT + 1])
{
	for (size_t i = 0; i < EG_HASH_SIZE; i++)
		(void)sprintf(text + 2 * i, "%02x", hash->sha256[i]);
}

/* Where the digits stand in the file, of either case. */
static bool stands_in(const char *text, size_t n, const char *digits)
{
	for (size_t at = 0; at + EG_DIGEST_TEXT <= n; at++)
		if (strncasecmp(text + at, digits, EG_DIGEST_TEXT) == 0)
			return true;
	return false;
}

/* None twice, each of them in the file, and all of them by themselves the same once more. */
static void check_set(const struct eg_digests *got, const char *text, size_t n)
{
	char *lines = malloc(got->n * (EG_DIGEST_TEXT + 1) + 1);
	struct eg_digests again = {0};
	struct eg_err err = {0};

	must(lines);
	for (size_t i = 0; i < got->n; i++) {
		char *digits = lines + i * (EG_DIGEST_TEXT + 1);

		format(&got->list[i].hash, digits);
		if (i < CLOSELY)
			must(stands_in(text, n, digits));
		digits[EG_DIGEST_TEXT] = '\n';
		must(got->list[i].line == FEED_LINE);
		for (size_t j = 0; j < i && i < CLOSELY; j++)
			must(memcmp(&got->list[i].hash, &got->list[j].hash, EG_HASH_SIZE) != 0);
	}
	must(parse(lines, got->n * (EG_DIGEST_TEXT + 1), NULL, &again, &err) == 0);
	must(again.n == got->n);
	if (got->n)
		must(memcmp(again.list, got->list, got->n * sizeof(*got->list)) == 0);
	eg_digests_done(&again);
	free(lines);
}

/* One of them stands in the configuration, too: it is there once, with the line of that. */
static void check_own(const struct eg_digests *got, const char *text, size_t n)
{
	char digits[EG_DIGEST_TEXT + 1] = "";
	struct eg_digests again = {0};
	struct eg_err err = {0};

	if (!got->n)
		return;
	format(&got->list[got->n - 1].hash, digits);
	must(parse(text, n, digits, &again, &err) == 0);
	must(again.n == got->n && again.list[0].line == TEXT_LINE);
	eg_digests_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = eg_fuzz_text(data, size);
	struct eg_digests got = {0};
	struct eg_err err = {0};
	int r = parse(text, size, NULL, &got, &err);

	must(r == 0 || r == -EINVAL);
	if (r == 0) {
		check_set(&got, text, size);
		check_own(&got, text, size);
		eg_digests_done(&got);
	} else {
		must(!got.list && !got.n);
		must(eg_fuzz_is_line(err.text, strlen(err.text)));
		must(err.line && err.line <= eg_fuzz_lines(text, size));
	}
	free(text);
	return 0;
}
