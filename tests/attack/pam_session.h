/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a session of pam_login does, and what all of them count. */
#ifndef EG_PAM_SESSION_H
#define EG_PAM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

enum { TROUBLE = 2, NO_CHILD = 127, WORDS = 6 };

/* Of all processes, in memory that they share. */
struct counters {
	unsigned int opened, refused, tries, unguarded, tight, lost, slowest_ms, early, late;
	uint64_t open_ns, close_ns; /* in all, as the clock goes */
	uint64_t cpu_ns;	    /* of the callers, opening and closing */
};

void count(unsigned int *counter);
unsigned int now_ms(void);
uint64_t now_ns(int clock);

/* Has the other end been closed within ms? */
bool has_ended(int fd, int ms);

/* Tries, and tries again, as the words say: where the counters are, what ends it or -1, the pause and
 * how long in ms, what is denied, what is allowed. Returns 0. */
int session(char **word);

#endif
