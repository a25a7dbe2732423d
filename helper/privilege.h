/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the helper may do once it has started (capabilities(7)). */
#ifndef EG_PRIVILEGE_H
#define EG_PRIVILEGE_H

#include <stddef.h>

/*
 * Gives up for good, in this process and whatever it executes, each capability that only the start
 * needed, and the way back to them. For a process with one thread: capset(2) is of the caller
 * alone, and threads made later have what he has.
 * ret_missing: size bytes, the names of those that are needed on and that this process has not,
 * with a blank before each; empty = none.
 * Returns 0; -EBUSY when there are other threads; or the negative errno of capset(2) or prctl(2),
 * and what was not given up yet is still there.
 */
int eg_privilege_drop(char *ret_missing, size_t size);

#endif
