/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refreshes beside the loop: whether what the rules are about has changed on the host, and what it
 * is now, is found out by a thread (eg_in_force_refresh). A login waits for that, and nothing else
 * does. One run at a time; who asks during one gets the next, since what was looked at before he
 * asked says nothing of now, and all who have asked meanwhile share it.
 */
#ifndef EG_REFRESH_H
#define EG_REFRESH_H

#include <stdbool.h>

struct eg_helper;
struct eg_refresh_wait;

/* Called from the loop, not from within eg_refresh_ask, once. It may ask anew. error: 0, also when
 * not all could be looked up: that is logged, and stays in force as it was; or the negative errno
 * for which there was no run. */
typedef void (*eg_refresh_fn)(struct eg_helper *helper, void *arg, int error);

/*
 * Asks to be called when a run that begins from here on has ended.
 * Returns 0 and *ret, valid until then; or a negative errno, and there will be no call.
 */
int eg_refresh_ask(struct eg_helper *helper, eg_refresh_fn fn, void *arg,
		   struct eg_refresh_wait **ret);

/* Nobody waits any more. NULL is fine. */
void eg_refresh_forget(struct eg_helper *helper, struct eg_refresh_wait *wait);

/* A run that nobody waits for; during one, that is enough. */
void eg_refresh_start(struct eg_helper *helper);

/* Is one going on? What it uses (eg_in_force_refresh) is to be left alone then. */
bool eg_refresh_goes_on(const struct eg_helper *helper);

/* At the end: waits for the run, and calls nobody. */
void eg_refresh_close(struct eg_helper *helper);

#endif
