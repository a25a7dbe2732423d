/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sessions that were opened under another ABI version, by a helper that ours was upgraded or
 * downgraded from. That version's programs go on guarding them, by the policy they had; we see to
 * it that nothing of that is missing and that nobody slips from there into ours, and drop that
 * version's set of pins when the last of them has ended. What is relied on is in abi.h.
 */
#ifndef EG_VERSIONS_H
#define EG_VERSIONS_H

#include "helper.h"

/* At start, with our own sessions taken over. What it finds is said in the log. */
void eg_versions_start(struct eg_helper *helper);

/* Once a second: drops a version that nobody is under any more. Now and then it walks over the
 * host's tasks, when there is another version. */
void eg_versions_tick(struct eg_helper *helper);

/* Gives up what is open; what is pinned goes on guarding. */
void eg_versions_close(struct eg_helper *helper);

/* Does any of them bind this cgroup, not one above it; has the process a label of one? 1, 0, or a
 * negative errno: not knowing must be taken for yes. */
int eg_versions_bind(struct eg_helper *helper, uint64_t cgroup);
int eg_versions_label(struct eg_helper *helper, int pidfd);

/* The labelled tasks of all of them. *ret: array of *ret_n, owned by the caller; the numbers of
 * sessions are theirs. 0 or a negative errno. */
int eg_versions_members(struct eg_helper *helper, struct eg_member **ret, size_t *ret_n);

/* Fills in versions and n_versions. */
void eg_versions_status(const struct eg_helper *helper, struct eg_msg_is_status *ret);

#endif
