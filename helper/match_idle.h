/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entries of match that decide for nobody: what check warns of. Pure: memory only.
 */
#ifndef EG_MATCH_IDLE_H
#define EG_MATCH_IDLE_H

#include <stddef.h>

#include "config.h"

/* What a session can be without. */
enum { EG_MATCH_RHOST = 1U << 0, EG_MATCH_KEY = 1U << 1 };

/* What no session of the PAM service has, EG_MATCH_*; 0 for a service that is not known to be
 * without any. NULL: none is known. */
unsigned int eg_match_lacks(const char *service);

/* Does the entry name what sessions of all its services are without? Returns what the first of them
 * lacks of that, EG_MATCH_*; 0 when there can be a session for which it holds. */
unsigned int eg_match_impossible(const struct eg_config_match *match);

/* Comparisons of names and networks that all entries of a file may take: seconds. */
enum { EG_MATCH_WORK_MAX = 1 << 28 };

/*
 * Do entries before config->matches[index] hold for all for whom it does? *ret: the first of them.
 * work: how many comparisons are left, EG_MATCH_WORK_MAX for the first entry of a file; what this
 * takes is subtracted.
 * Returns 0 when they do not, or when there is too much to try; 1 when that one does
 * alone, 2 when several do together; -ENOMEM.
 */
int eg_match_covered(const struct eg_config *config, size_t index, size_t *work,
		     const struct eg_config_match **ret);

#endif
