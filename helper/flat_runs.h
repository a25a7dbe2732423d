/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Networks, some in others, to runs of addresses one behind the other about which the policy says
 * one thing. Pure: memory only.
 */
#ifndef EG_FLAT_RUNS_H
#define EG_FLAT_RUNS_H

#include "flat.h"

/*
 * Makes the runs of a policy's entries; neighbours say different things.
 * Returns 0 and *ret (eg_flat_runs_done); -E2BIG, -EINVAL and -ENOMEM as eg_flat_plan4.
 */
int eg_flat_runs4(const struct eg_policy_entry4 *entries, size_t n, struct eg_flat_runs *ret);
int eg_flat_runs6(const struct eg_policy_entry6 *entries, size_t n, struct eg_flat_runs *ret);

/* Releases what runs own and zeroes them. */
void eg_flat_runs_done(struct eg_flat_runs *runs);

#endif
