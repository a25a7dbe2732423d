/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of some groups is a user in, as NSS says? It may ask the network, or hang: a thread for
 * each question, and the loop goes on.
 */
#ifndef EG_LOOKUP_H
#define EG_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

enum { EG_LOOKUPS_MAX = 32 /* at a time: what hangs must not fill the helper with threads */ };

struct eg_helper;
struct eg_lookup;

/* Groups that a user is in, of those that were asked about. */
struct eg_groups {
	const char *const *names;
	size_t n;
	bool known; /* else nobody has asked */
};

/* error: 0 or a negative errno, with groups->known false then. groups: borrowed for the call. */
typedef void (*eg_lookup_fn)(struct eg_helper *helper, void *arg, int error,
			     const struct eg_groups *groups);

/*
 * Asks. names: n of groups, copied. done is called from the loop, once, unless it is forgotten.
 * Returns 0 and *ret; -EBUSY when EG_LOOKUPS_MAX have no answer yet; or another negative errno.
 */
int eg_lookup_start(struct eg_helper *helper, const char *user, const char *const *names, size_t n,
		    eg_lookup_fn done, void *arg, struct eg_lookup **ret);

/* Nobody wants to know any more. NULL is fine. */
void eg_lookup_forget(struct eg_lookup *lookup);

#endif
