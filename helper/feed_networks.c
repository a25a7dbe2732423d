// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Feeds of networks: all lines of one, and whether to believe it. */
#include "feed_networks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "give_way.h"
#include "util.h"

_Static_assert(EG_FEED_NETWORKS_LINES <= 1 << EG_LINE_BITS, "a line has room in eg_rule.line");
_Static_assert((__u64)EG_LINE_FEEDS + ((__u64)EG_FEEDS_MAX << EG_LINE_BITS) < UINT32_MAX - 2,
	       "and so have all feeds, below what policy.c keeps for itself");
_Static_assert((__u64)EG_CONFIG_SIZE_MAX < EG_LINE_FEEDS, "and the configuration's lines");

enum { ROOM = 1024 /* to begin with */, PERCENT = 100 };

static const char mark[] = {'\xef', '\xbb', '\xbf'}; /* of UTF-8, as some editors begin a file */

static int add(const struct eg_config_report *report, const struct eg_cidr *nets, size_t n,
	       unsigned int line, struct eg_networks *to)
{
	if (to->n + n > EG_FEED_NETWORKS_MAX)
		return eg_config_fail(report, -E2BIG, line,
				      "more than %d entries; that is what one feed takes",
				      EG_FEED_NETWORKS_MAX);
	if (to->n + n > to->room) {
		size_t room = to->room ? 2 * to->room : ROOM;
		struct eg_network *list = reallocarray(to->list, room, sizeof(*list));

		if (!list)
			return eg_config_fail_memory(report);
		to->list = list;
		to->room = room;
	}
	for (size_t i = 0; i < n; i++)
		to->list[to->n++] = (struct eg_network){.net = nets[i], .line = line};
	return 0;
}

_Static_assert((size_t)ROOM >= EG_FEED_RANGE_MAX, "twice the room is enough for one line more");

/* A line that is none: of a strict feed the end, else passed over. */
static int add_bad(const struct eg_config_report *report, bool strict, const char *line, size_t n,
		   unsigned int number, const char *why, struct eg_networks *to)
{
	char quoted[EG_CONFIG_QUOTE_SIZE];

	while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	if (strict)
		return eg_config_fail(report, -EINVAL, number,
				      "%s %s; a strict file is refused for one bad line",
				      eg_config_quote(quoted, line, n), why);
	if (to->n_bad < EG_FEED_BAD_SHOWN) {
		struct eg_feed_bad *bad = &to->bad[to->n_bad];

		bad->line = number;
		(void)snprintf(bad->text, sizeof(bad->text), "%s %s",
			       eg_config_quote(quoted, line, n), why);
	}
	to->n_bad++;
	return 0;
}

/* A page where a list should be: few of its lines may look like networks, or all that it lists. */
static int check_page(const struct eg_config_report *report, const char *text, const char *end)
{
	unsigned int line = 1;

	for (; text < end && strchr(" \t\r\n", *text) && *text; text++)
		line += *text == '\n';
	if (text == end || *text != '<')
		return 0;
	return eg_config_fail(report, -EINVAL, line,
			      "is a page of HTML or XML, not a list: what servers send in place of "
			      "one that is gone or wants a login; look at what fetches the file");
}

static void networks_done(struct eg_networks *networks)
{
	eg_networks_done(networks);
}

int eg_feed_networks_parse(const struct eg_config_report *report, const struct eg_config_feed *feed,
			   const char *text, size_t n, struct eg_networks *ret)
{
	__attribute__((cleanup(networks_done))) struct eg_networks to = {0};
	const char *at = text, *end = text + n, *newline;
	struct eg_cidr nets[EG_FEED_RANGE_MAX];
	char why[EG_FEED_WHY_SIZE];
	unsigned int number = 0;
	int r;

	if (n >= sizeof(mark) && memcmp(at, mark, sizeof(mark)) == 0)
		at += sizeof(mark);
	r = check_page(report, at, end);
	for (; at < end && r == 0; at = newline + 1) {
		eg_way_give();
		newline = memchr(at, '\n', (size_t)(end - at));
		newline = newline ? newline : end;
		if (++number == EG_FEED_NETWORKS_LINES)
			return eg_config_fail(report, -E2BIG, number,
					      "more than %d lines; that is what one feed takes",
					      EG_FEED_NETWORKS_LINES - 1);
		r = eg_feed_line(at, (size_t)(newline - at), feed->allow, nets, why);
		if (r < 0)
			r = add_bad(report, feed->strict, at, (size_t)(newline - at), number, why,
				    &to);
		else if (r > 0)
			r = add(report, nets, (size_t)r, number, &to);
		if (newline == end)
			break;
	}
	if (r < 0)
		return r;
	*ret = to;
	to = (struct eg_networks){0};
	return 0;
}

int eg_feed_networks_judge(const struct eg_config_report *report, const struct eg_config_feed *feed,
			   size_t n, size_t n_last)
{
	if (n == 0)
		return eg_config_fail(report, -ENODATA, 0,
				      "lists no network; an empty feed is "
				      "refused");
	if (n * PERCENT >= n_last * (PERCENT - feed->shrink))
		return 0;
	return eg_config_fail(report, -ERANGE, 0,
			      "lists %zu networks, and the last good one %zu: it has shrunk by "
			      "more than %u percent. If that is right, set shrink = 100 for this "
			      "file until it is taken",
			      n, n_last, feed->shrink);
}

void eg_networks_done(struct eg_networks *networks)
{
	free(networks->list);
	*networks = (struct eg_networks){0};
}
