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

/*
 * Looks n paths up, and has the kernel side know them: each by its name in its directory, whether
 * it is there or not, and by what is there now under whatever name; where links lead from it,
 * likewise. What is mounted below one of them is as if it was named itself. Nothing is refused or
 * allowed by this, before the rules are put in force.
 * Returns 0, *ret_rules (owned by the caller) and *ret_n, sorted by place; -EOVERFLOW when the maps
 * are full; -EINVAL (a path that is not absolute, or has "..") and -ENAMETOOLONG with *ret_bad, the
 * path; or another negative errno.
 */
int eg_places_resolve(struct eg_places *places, const struct eg_place_want *wants, size_t n,
		      struct eg_policy_place **ret_rules, size_t *ret_n, const char **ret_bad);

/*
 * Puts the protected places in force: the built-in list and more (n absolute paths, borrowed).
 * Returns 0 or a negative errno, as above: those in force before stay.
 */
int eg_places_protect(struct eg_places *places, const char *const *more, size_t n);

/* Has the kernel side forget what no policy refers to any more. 0 or a negative errno. */
int eg_places_sweep(struct eg_places *places);

/*
 * Has something changed that the kernel side does not see by itself since all was resolved: where
 * links lead, or what is mounted below a place? Some system calls for each link and each mount.
 * begin: all is going to be resolved; settled: it has been.
 */
void eg_places_begin(struct eg_places *places);
void eg_places_settled(struct eg_places *places);
/* Something failed between the two: they are stale. */
void eg_places_disturbed(struct eg_places *places);
bool eg_places_are_stale(const struct eg_places *places);

/*
 * What a profile wants to be known: the lists of it that are about files and trees. Pure.
 * Returns 0, *ret (owned by the caller; paths borrowed from the profile) and *ret_n, or -ENOMEM.
 */
int eg_places_wanted(const struct eg_config_profile *profile, struct eg_place_want **ret,
		     size_t *ret_n);

/* Puts the built-in names of sockets in force. 0 or a negative errno. */
int eg_places_put_sockets(struct eg_bpf *bpf);

#endif
