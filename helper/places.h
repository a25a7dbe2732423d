/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files and directories that rules are about, and those of the built-in list, into the kernel:
 * which files those are on this host. Asks the disk, so it blocks as long as that does. Never logs.
 */
#ifndef EG_PLACES_H
#define EG_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf.h"

/* What is to be known about a path. */
struct eg_place_want {
	const char *path;	/* absolute; borrowed */
	uint32_t about, denied; /* 1 << enum eg_ask; denied is part of about */
	unsigned int line;	/* of the configuration; 0 = it is not from there */
};

struct eg_places;

enum { EG_PLACE_BUILTIN = 0 /* the policy that the built-in list is */ };

/* Takes up the numbers that places were given earlier. 0 and *ret (eg_places_close), or a negative
 * errno. bpf: borrowed, and must outlive it. */
int eg_places_open(struct eg_bpf *bpf, struct eg_places **ret);
void eg_places_close(struct eg_places *places);

/* A path that leads through links, and where to. */
struct eg_place_link {
	char *path, *real; /* owned */
};

/*
 * What a set of policies depends on and the kernel side does not see change by itself: where links
 * lead, and what is mounted below places. Zeroed = nothing was looked up. For one thread at a time.
 */
struct eg_place_watch {
	struct eg_place_link *links; /* owned */
	size_t n_links;
	uint32_t seen_links; /* eg_state.links before the first was looked up */
	char *mounts;	     /* owned: mount points at that time, each with its NUL */
	size_t n_mounts;     /* bytes */
	uint64_t all;	     /* digest of all mounts */
	uint64_t counted;    /* of those below places */
	bool settled;	     /* it has been gone through */
	int64_t retry_ms;    /* CLOCK_MONOTONIC: not all could be looked up; 0 = all was */
	uint64_t turn;	     /* of eg_places_protect, 0 = none */
};

/*
 * Looks n paths up, and has the kernel side know them: each by its name in its directory, whether
 * it is there or not, and by what is there now under whatever name; where links lead from it,
 * likewise. What was mounted below one of them as the watch began is as if it was named itself.
 * Nothing is refused or allowed by this, before the rules are put in force.
 * watch: begun; gets the links. Any thread: one waits for another.
 * Returns 0, *ret_rules (owned by the caller) and *ret_n, sorted by place; -EOVERFLOW when the maps
 * are full; -EINVAL (a path that is not absolute, or has "..") and -ENAMETOOLONG with *ret_bad, the
 * path; or another negative errno.
 */
int eg_places_resolve(struct eg_places *places, struct eg_place_watch *watch,
		      const struct eg_place_want *wants, size_t n,
		      struct eg_policy_place **ret_rules, size_t *ret_n, const char **ret_bad);

/*
 * Puts the protected places in force: the built-in list and more (n absolute paths, borrowed). Any
 * thread: one waits for another.
 * Returns 0 or a negative errno, as above: those in force before stay.
 */
int eg_places_protect(struct eg_places *places, struct eg_place_watch *watch,
		      const char *const *more, size_t n);

/* Is what is protected what was last looked up with this watch? Any thread. */
bool eg_places_protected_last(struct eg_places *places, const struct eg_place_watch *watch);

/*
 * From the first eg_places_resolve until the rules it gave are in maps: nothing is swept meanwhile,
 * by whatever thread, since what only these rules refer to would go.
 */
void eg_places_hold(struct eg_places *places);
void eg_places_release(struct eg_places *places);

/* Has the kernel side forget what no policy refers to any more, unless somebody holds it: then a
 * later sweep does. 0 or a negative errno. */
int eg_places_sweep(struct eg_places *places);

/* ---- place_watch.c ---- */

/* All is going to be looked up: what changes from here on is news. What it watched before is
 * forgotten. 0 or a negative errno. */
int eg_place_watch_begin(struct eg_places *places, struct eg_place_watch *watch);

/*
 * It has been gone through; without this the watch stays stale. all: all could be looked up. If
 * not, it is stale again after a second, and until then with changes only: what failed for want of
 * room or memory would fail each login's look, at the price of a whole one.
 */
void eg_place_watch_settle(struct eg_places *places, struct eg_place_watch *watch, bool all);

/* Has something changed since it began, or is a look due that failed? Some system calls for each
 * link; waits for other threads only when something was mounted. */
bool eg_place_watch_is_stale(struct eg_places *places, struct eg_place_watch *watch);

/* Releases what it owns and zeroes it; fine on a zeroed one. */
void eg_place_watch_done(struct eg_place_watch *watch);

/*
 * What a profile wants to be known: the lists of it that are about files and trees. Pure.
 * Returns 0, *ret (owned by the caller; paths borrowed from the profile) and *ret_n, or -ENOMEM.
 */
int eg_places_wanted(const struct eg_config_profile *profile, struct eg_place_want **ret,
		     size_t *ret_n);

/* Puts the built-in names of sockets in force. 0 or a negative errno. */
int eg_places_put_sockets(struct eg_bpf *bpf);

#endif
