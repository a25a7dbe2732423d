/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The last configuration that was in force, on the disk. */
#ifndef EG_LAST_GOOD_H
#define EG_LAST_GOOD_H

#include <stdbool.h>
#include <stddef.h>

/* Keeps the text of a good configuration for the next start, replaced in one step; on the disk
 * before the reload is answered, and before copies of feeds go that the one before named. Losing it
 * is not an error now, and logged: false. */
bool eg_last_good_keep(const char *state_dir, const char *text, size_t n);

#endif
