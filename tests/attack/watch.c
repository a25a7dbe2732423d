// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asks again and again for what must not change while everything around it does. */
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "try.h"

enum { TARGETS_MAX = WORDS_MAX / 2, START_US = 200000 };

struct target {
	struct address address;
	const char *text;
	int expected;
};

/* connect() on a UDP socket of its own: judged, and nothing is sent. */
static int asked(struct target *target)
{
	int fd = socket(target->address.sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		err(TROUBLE, "socket");
	r = outcome(connect(fd, sockaddr_of(&target->address), target->address.len));
	(void)close(fd);
	return r;
}

static int expected(const char *word)
{
	if (!strcmp(word, "deny"))
		return EPERM;
	if (!strcmp(word, "allow"))
		return 0;
	errx(TROUBLE, "neither deny nor allow: %s", word);
}

/*
 * From when the file START is there until END is: every address has its verdict, each time. Prints
 * how often that was asked and how often the answer was another, with the first such.
 */
static int watch(char **arg)
{
	struct target targets[TARGETS_MAX];
	useconds_t pause = (useconds_t)atoi(arg[2]);
	uint64_t asks = 0, wrong = 0;
	size_t n = 0;
	char first[160] = "";

	for (char **word = arg + 3; word[0] && word[1]; word += 2, n++)
		targets[n] = (struct target){.address = parse(word[1], "9"),
					     .text = word[1],
					     .expected = expected(word[0])};
	while (access(arg[0], F_OK) < 0)
		(void)usleep(START_US);
	do {
		for (size_t i = 0; i < n; i++) {
			int r = asked(&targets[i]);
			char text[40];

			asks++;
			if (r == targets[i].expected)
				continue;
			if (!wrong++)
				(void)snprintf(first, sizeof(first), " %s:%s", targets[i].text,
					       outcome_text(r, text));
		}
		if (pause)
			(void)usleep(pause);
	} while (access(arg[1], F_OK) < 0);
	printf("%ju %ju%s\n", (uintmax_t)asks, (uintmax_t)wrong, first);
	exit(0);
}

const struct operation watch_ops[] = {
	{"watch", 5, watch, "START END PAUSE_US {deny|allow ADDRESS}..."},
	{0},
};
