/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Feeds of networks: the text of a file to the networks it lists, and whether to believe it. Pure:
 * memory only, never logs. feeds.c has the files.
 *
 * A line lists an address or a network in CIDR notation, a range "a.b.c.d-e.f.g.h", an address with
 * a port "a.b.c.d|port", or is a JSON object with a network named "cidr". What of it there is in
 * common lists is in ebpfguard.conf(5), FEEDS.
 */
#ifndef EG_FEED_NETWORKS_H
#define EG_FEED_NETWORKS_H

#include "cidr.h"
#include "config_scan.h"

enum {
	EG_FEED_NETWORKS_MAX = 1000000,	   /* entries of one feed */
	EG_FEED_NETWORKS_SIZE = 128 << 20, /* bytes of one: a million lines of JSON fit */
	EG_FEED_NETWORKS_LINE = 4096,	   /* bytes of one line */
	EG_FEED_NETWORKS_LINES = 1 << 24,  /* lines of one, less one: see EG_LINE_BITS */
	EG_FEED_RANGE_MAX = 254,	   /* networks that one range can make */
	EG_FEED_WHY_SIZE = 192,		   /* what is wrong about a line, NUL included */
	EG_FEED_BAD_SHOWN = 5,		   /* bad lines that are named; the others are counted */
};

/* An entry. A million of them are 24 MB. */
struct eg_network {
	struct eg_cidr net;
	uint32_t line; /* of the feed, from 1 */
};
_Static_assert(sizeof(struct eg_network) == 24, "entries are compact");

/* A line that was passed over. */
struct eg_feed_bad {
	unsigned int line;
	char text[EG_ERR_TEXT_SIZE];
};

/* What a feed says. Zeroed, it is empty. */
struct eg_networks {
	struct eg_network *list; /* owned; in the order of the file; may say the same twice */
	size_t n, room;
	size_t n_bad; /* lines passed over; the first of them: */
	struct eg_feed_bad bad[EG_FEED_BAD_SHOWN];
};

/*
 * Reads one line, n bytes without its newline. allow: it is of a feed that allows, where ports are
 * refused: more would be allowed than the line says.
 * Returns how many networks it lists, 0 for a blank line, a comment or JSON's metadata; -EINVAL
 * with `why`, text that goes on from the line. In feed_line.c.
 */
int eg_feed_line(const char *line, size_t n, bool allow, struct eg_cidr ret[EG_FEED_RANGE_MAX],
		 char why[EG_FEED_WHY_SIZE]);

/*
 * Reads a feed: n bytes of text, which may hold anything.
 * feed: its settings allow and strict count. report: names the file.
 * Returns 0 and *ret (eg_networks_done); -EINVAL for a page of HTML or XML, and for a bad line of a
 * strict feed; -E2BIG for more
 * entries or lines than there may be; -ENOMEM. Each with the report filled, *ret untouched.
 */
int eg_feed_networks_parse(const struct eg_config_report *report, const struct eg_config_feed *feed,
			   const char *text, size_t n, struct eg_networks *ret);

/*
 * May a feed of n entries take the place of its last good one, of n_last (0 = there is none)?
 * Returns 0; -ENODATA when it is empty, -ERANGE when it has lost more than feed->shrink percent,
 * with the report filled.
 */
int eg_feed_networks_judge(const struct eg_config_report *report, const struct eg_config_feed *feed,
			   size_t n, size_t n_last);

/* Releases what it owns and zeroes it; fine on a zeroed one. */
void eg_networks_done(struct eg_networks *networks);

#endif
