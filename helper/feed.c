// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds on the disk. */
#include "feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_scan.h"
#include "util.h"

static void close_stream(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream); /* nothing was written */
}

static int fail_too_many(const struct eg_config_report *report, unsigned int line)
{
	return eg_config_fail(report, -E2BIG, line,
			      "more than %d different digests; that is what one policy takes",
			      EG_HASHES_MAX);
}

/* One line of a feed, n bytes, its newline included. number: of the line; of: line of the
 * configuration that names the feed. */
static int add_line(const struct eg_config_report *report, const char *line, size_t n,
		    unsigned int number, uint32_t of, struct eg_digests *to)
{
	const char *why = "";
	struct eg_hash hash;
	char quoted[EG_CONFIG_QUOTE_SIZE];
	int r;

	if (n && line[n - 1] == '\n')
		n--;
	if (memchr(line, 0, n))
		return eg_config_fail(report, -EINVAL, number,
				      "NUL byte; a feed is plain text, a digest a line");
	r = n > EG_FEED_LINE_MAX ? -EINVAL : eg_digest_parse_line(line, n, &hash, &why);
	if (n > EG_FEED_LINE_MAX)
		why = "is too long for a line of a feed";
	if (r < 0)
		return eg_config_fail(report, r, number, "%s %s", eg_config_quote(quoted, line, n),
				      why);
	if (r > 0)
		r = eg_digests_add(to, &hash, of);
	if (r == -E2BIG)
		return fail_too_many(report, number);
	return r < 0 ? eg_config_fail_memory(report) : 0;
}

static int read_feed(const struct eg_config_text *feed, unsigned int owner, struct eg_digests *to,
		     struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = feed->text, .reterr = reterr};
	__attribute__((cleanup(close_stream))) FILE *stream = NULL;
	eg_auto_close int fd = eg_config_open(&report, owner, EG_FEED_SIZE_MAX);
	eg_auto_free char *line = NULL;
	size_t size = 0, total = 0;
	unsigned int number = 0;
	ssize_t n;
	int r = fd < 0 ? fd : 0;

	if (r < 0)
		return r;
	stream = fdopen(fd, "r");
	if (!stream)
		return eg_config_fail_memory(&report);
	(void)eg_take_fd(&fd); /* the stream's now */
	errno = 0;
	while (!r && (n = getline(&line, &size, stream)) >= 0) {
		total += (size_t)n;
		if (total > EG_FEED_SIZE_MAX) /* it is growing */
			return eg_config_fail(&report, -EFBIG, 0, "larger than %d bytes",
					      EG_FEED_SIZE_MAX);
		r = add_line(&report, line, (size_t)n, ++number, feed->line, to);
		errno = 0;
	}
	if (!r && !feof(stream))
		return eg_config_fail(&report, errno ? -errno : -EIO, 0, "read: %s",
				      strerror(errno ? errno : EIO));
	return r;
}

/* Those that stand in the configuration itself. */
static int add_texts(const char *config, const struct eg_config_texts *texts, struct eg_digests *to,
		     struct eg_err *reterr)
{
	const struct eg_config_report report = {.file = config, .reterr = reterr};

	for (size_t i = 0; i < texts->n; i++) {
		const struct eg_config_text *text = &texts->list[i];
		struct eg_hash hash = {0};
		/* Its form was judged when it was read. */
		int r = eg_digest_parse(text->text, strlen(text->text), &hash);

		if (!r)
			r = eg_digests_add(to, &hash, text->line);
		if (r == -E2BIG)
			return fail_too_many(&report, text->line);
		if (r < 0)
			return eg_config_fail_memory(&report);
	}
	return 0;
}

int eg_feed_digests(const char *config, const struct eg_config_profile *profile, unsigned int owner,
		    struct eg_digests *ret, struct eg_err *reterr)
{
	__attribute__((cleanup(eg_digests_done))) struct eg_digests to = {0};
	const struct eg_config_texts *feeds = &profile->exec_deny_sha256_files;
	int r = add_texts(config, &profile->exec_deny_sha256, &to, reterr);

	for (size_t i = 0; i < feeds->n && !r; i++) {
		r = read_feed(&feeds->list[i], owner, &to, reterr);
		if (r < 0)
			eg_err_append(reterr, " (exec.deny_sha256_files at %s:%u)", config,
				      feeds->list[i].line);
	}
	if (r < 0)
		return r;
	*ret = to;
	to = (struct eg_digests){0};
	return 0;
}
