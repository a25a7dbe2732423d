// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A feed of networks. The first byte has the feed's settings, the rest is the file. */
#include "fuzz.h"

#include <errno.h>
#include <netinet/in.h>

#include "feed_networks.h"

enum { STRICT = 1, ALLOW = 2 };

const unsigned int eg_fuzz_mutations = 120000;

static int parse(const struct eg_config_feed *feed, const char *text, size_t n,
		 struct eg_networks *ret, struct eg_err *err)
{
	const struct eg_config_report report = {.file = "feed", .reterr = err};

	return eg_feed_networks_parse(&report, feed, text, n, ret);
}

static void check_error(const struct eg_err *err, const char *text, size_t n)
{
	must(err->text[0] && eg_fuzz_is_line(err->text, strlen(err->text)));
	must(err->line >= 1 && err->line <= eg_fuzz_lines(text, n));
}

static void check_list(const struct eg_networks *got, const char *text, size_t n)
{
	unsigned int line = 1;

	for (size_t i = 0; i < got->n; i++) {
		const struct eg_network *entry = &got->list[i];

		must(entry->line >= line);
		line = entry->line;
		must(entry->net.family == AF_INET || entry->net.family == AF_INET6);
	}
	must(line <= eg_fuzz_lines(text, n));
	for (size_t i = 0; i < got->n_bad && i < EG_FEED_BAD_SHOWN; i++) {
		must(got->bad[i].line && got->bad[i].line <= eg_fuzz_lines(text, n));
		must(eg_fuzz_is_line(got->bad[i].text, strlen(got->bad[i].text)));
	}
}

/* One network a line is a feed without a fault, of whatever sort. */
static void check_again(const struct eg_networks *got)
{
	const struct eg_config_feed feed = {.strict = true, .allow = true};
	struct eg_networks again = {0};
	struct eg_err err = {0};
	char *text = malloc(got->n * EG_CIDR_TEXT_SIZE + 1);
	size_t n = 0;

	must(text);
	for (size_t i = 0; i < got->n; i++)
		n += (size_t)sprintf(
			text + n, "%s\n",
			eg_cidr_format(&got->list[i].net, (char[EG_CIDR_TEXT_SIZE]){""}));
	must(parse(&feed, text, n, &again, &err) == 0);
	must(again.n == got->n && again.n_bad == 0);
	for (size_t i = 0; i < got->n; i++)
		must(memcmp(&again.list[i].net, &got->list[i].net, sizeof(struct eg_cidr)) == 0);
	eg_networks_done(&again);
	free(text);
}

/* A strict reader takes what another takes without a fault, and nothing else. */
static void check_other(const struct eg_config_feed *feed, const struct eg_networks *got,
			const char *text, size_t n)
{
	struct eg_config_feed other = *feed;
	struct eg_networks ret = {0};
	struct eg_err err = {0};
	int r;

	other.strict = !feed->strict;
	r = parse(&other, text, n, &ret, &err);
	must((r == 0) == (feed->strict || !got->n_bad));
	if (r == 0)
		must(ret.n == got->n && ret.n_bad == got->n_bad);
	eg_networks_done(&ret);
}

static void check_judge(const struct eg_config_feed *feed, size_t n, size_t n_last)
{
	struct eg_err err = {0};
	const struct eg_config_report report = {.file = "feed", .reterr = &err};
	int r = eg_feed_networks_judge(&report, feed, n, n_last);

	must((r == -ENODATA) == (n == 0));
	if (n)
		must((r == 0) == ((n_last > n ? n_last - n : 0) * 100 <= n_last * feed->shrink));
	must((r == 0) == !err.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct eg_config_feed feed = {.strict = size && (data[0] & STRICT),
					    .allow = size && (data[0] & ALLOW),
					    .shrink = size ? data[0] >> 2 : 50};
	size_t n = size ? size - 1 : 0;
	char *text = malloc(n ? n : 1);
	struct eg_networks got = {0};
	struct eg_err err = {0};
	int r;

	must(text);
	if (n)
		memcpy(text, data + 1, n);
	r = parse(&feed, text, n, &got, &err);
	must(r == 0 || r == -EINVAL);
	if (r < 0) {
		must(!got.list && !got.n);
		check_error(&err, text, n);
	} else {
		must(!feed.strict || !got.n_bad);
		check_list(&got, text, n);
		check_again(&got);
		check_other(&feed, &got, text, n);
		check_judge(&feed, got.n, n);
		eg_networks_done(&got);
	}
	free(text);
	return 0;
}
