// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * scripted_helper: the fake helper in a process of its own, for sshd. Says the path of its socket,
 * takes words from stdin ("grant", "refuse", "hang-up", "garbage"; answered by the same word), and
 * ends with stdin, saying what it saw.
 */
#include "fake_helper.h"
#include "util.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	enum script script;
} words[] = {
	{"grant", GRANT},
	{"refuse", REFUSE},
	{"hang-up", HANG_UP_OPEN},
	{"garbage", GARBAGE_OPEN},
};

static void follow(struct fake_helper *h, const char *word)
{
	for (size_t i = 0; i < EG_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		fake_script(h, words[i].script);
		printf("%s\n", word);
		return;
	}
	errx(2, "unknown word: %s", word);
}

int main(void)
{
	static struct fake_helper h;
	char word[32];

	if (fake_start(&h, GRANT) < 0)
		err(1, "cannot start");
	setlinebuf(stdout);
	printf("%s\n", h.path);
	while (scanf("%31s", word) == 1)
		follow(&h, word);
	fake_stop(&h);
	printf("opens=%d closes=%d bad=%d\n", h.n_open, h.n_close, h.n_bad_open);
	return 0;
}
